// The dialogs of locations: their fields, closing one, and the work that is still open there.

import { html, nothing } from "/admin/lib/lit.js";
import { plural } from "/admin/lib/format.js";
import { openDialog } from "/admin/components/dialogs.js";

/** The purposes of a location: field and words. */
export const USES = [
  ["sellsOnline", "Sells online"],
  ["pickup", "Pick-up by buyers"],
  ["acceptsReturns", "Accepts returns"],
  ["receivesPurchases", "Receives purchases"],
];
const SHOWN = 20;

/** Asks for the fields of a location; null after Cancel. */
export function askForLocation(title, location = null) {
  const values = location ?? { sellsOnline: true, acceptsReturns: true, receivesPurchases: true };
  const text = (name, label, more = {}) => html`<label class="field">${label}<input name=${name} autocomplete="off" maxlength=${more.most ?? 64} placeholder=${more.example ?? ""} pattern=${more.pattern ?? nothing} inputmode=${more.mode ?? nothing} ?required=${more.required} .value=${String(values[name] ?? "")} /></label>`;
  return openDialog(
    title,
    (answer) => html`<form
      @submit=${(event) => {
        event.preventDefault();
        answer(bodyOf(new FormData(event.target), location));
      }}
    >
      ${text("name", "Name", { required: true, most: 200, example: "Studio Berlin" })}
      ${location ? nothing : text("id", "Id (never changes)", { required: true, most: 40, example: "berlin", pattern: "[a-z0-9]([a-z0-9_\\-]*[a-z0-9])?" })}
      <label class="field">Address<textarea name="address" rows="3" maxlength="500" .value=${values.address ?? ""}></textarea></label>
      ${text("country", "Country (two letters)", { most: 2, example: "DE", pattern: "[A-Za-z]{2}" })}
      ${text("postalCode", "Postal code", { example: "10119" })}
      ${text("latitude", "Latitude", { example: "52.53", mode: "decimal", pattern: "-?\\d{1,2}([.,]\\d+)?" })}
      ${text("longitude", "Longitude", { example: "13.40", mode: "decimal", pattern: "-?\\d{1,3}([.,]\\d+)?" })}
      ${text("timeZone", "Time zone", { example: "Europe/Berlin" })}
      <label class="field">Priority (1 comes first)<input name="priority" type="number" min="1" max="10000" .value=${String(values.priority ?? "")} /></label>
      <label class="field">Pick-up of units from other locations after (days)<input name="pickupLeadDays" type="number" min="0" max="365" placeholder="not promised" .value=${String(values.pickupLeadDays ?? "")} /></label>
      <fieldset class="choices"><legend>Used for</legend>
        ${USES.map(([name, words]) => html`<label><input type="checkbox" name=${name} .checked=${Boolean(values[name])} />${words}</label>`)}
      </fieldset>
      <div class="actions"><button type="button" class="quiet" @click=${() => answer(null)}>Cancel</button><button class="button">${location ? "Save" : "Add"}</button></div>
    </form>`,
    { wide: true },
  );
}

/** The body of a request; a change has only the fields that differ from `location`. */
function bodyOf(form, location) {
  const degrees = (text) => (text.trim() ? Number(text.replace(",", ".")) : null);
  const body = { name: form.get("name").trim() };
  for (const name of ["address", "country", "postalCode", "timeZone"]) body[name] = form.get(name).trim();
  for (const name of ["latitude", "longitude"]) body[name] = degrees(form.get(name));
  if (form.get("priority")) body.priority = Number(form.get("priority"));
  body.pickupLeadDays = form.get("pickupLeadDays") ? Number(form.get("pickupLeadDays")) : null;
  for (const [name] of USES) body[name] = form.has(name);
  if (!location) return { ...body, id: form.get("id").trim() };
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => value !== location[name]));
}

/** Asks for confirmation before a location is closed. */
export function askToClose(location) {
  return openDialog(
    `Close ${location.name}?`,
    (answer) => html`<p>It keeps its history and takes no units any more. You can reopen it.</p>
      <div class="actions"><button type="button" class="quiet" @click=${() => answer(null)}>Cancel</button><button type="button" class="button" @click=${() => answer(true)}>Close</button></div>`,
  );
}

/** Shows why a location cannot be closed: levels with units, transfers, orders. */
export function showOpenWork({ message, problem }) {
  const stock = (problem.stock ?? []).slice(0, SHOWN);
  const named = (rows, words) => (rows?.length ? html`<p>${words}: ${rows.map((row) => `#${row.number ?? row}`).join(", ")}.</p>` : nothing);
  const state = (account) => (account.includes(":") ? `, ${account.split(":")[1].replace("_", " ")}` : "");
  return openDialog(
    "It is not empty",
    (answer) => html`<p>${message}</p>
      ${named(problem.transfers, "Open transfers")}${named(problem.orders, "Orders to ship")}
      <ul class="lines">${stock.map((row) => html`<li><span>${row.productId} ${row.size}${state(row.account)}</span><b>${row.onHand}</b></li>`)}</ul>
      ${problem.counts.stock > stock.length ? html`<p class="quiet">And ${plural(problem.counts.stock - stock.length, "more level")}.</p>` : nothing}
      <div class="actions"><button type="button" class="button" autofocus @click=${() => answer(null)}>OK</button></div>`,
  );
}
