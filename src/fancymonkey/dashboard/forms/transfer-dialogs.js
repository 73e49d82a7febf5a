// The dialogs of transfers: plan one, send it, close it, cancel it.

import { html, nothing } from "/admin/lib/lit.js";
import { openDialog } from "/admin/components/dialogs.js";
import { number } from "/admin/lib/format.js";
import { sizeOf, skuOf } from "/admin/components/responsive-table.js";
import { api } from "/admin/lib/session.js";

const SHOWN = 8;
const buttons = (give, words) => html`<div class="actions"><button type="button" class="quiet" @click=${() => give(null)}>Cancel</button><button class="button">${words}</button></div>`;
const values = (event) => {
  event.preventDefault();
  return Object.fromEntries(new FormData(event.target));
};

/** The body of a new transfer, or null. */
export function askForTransfer(locations, sources) {
  let [matches, lines, fault] = [[], [], ""];
  let turn = 0;
  async function search(text, from, draw) {
    const asked = (turn += 1);
    const limited = sources.length < locations.length; // such a user names the location
    const query = new URLSearchParams({ q: text, ...(limited ? { location: from } : {}) });
    const rows = text.trim() ? (await api(`/api/admin/inventory?${query}`)).rows.slice(0, SHOWN) : [];
    if (asked !== turn) return; // a later search draws
    matches = rows;
    draw();
  }
  const select = (name, words, choices, chosen) => html`<label class="field">${words}<select name=${name}>${choices.map((location) => html`<option value=${location.id} ?selected=${location.id === chosen}>${location.name}</option>`)}</select></label>`;
  return openDialog("New transfer", (give, draw) => {
    const add = (row) => {
      if (!lines.some((line) => skuOf(line) === skuOf(row))) lines = [...lines, { productId: row.productId, size: row.size, name: row.name, quantity: 1 }];
      matches = [];
      draw();
    };
    const finish = (event) => {
      const { from, to, expectedAt } = values(event);
      fault = from === to ? "Choose two different locations." : !lines.length ? "Add at least one size." : "";
      if (fault) draw();
      else give({ from, to, expectedAt: expectedAt || null, lines: lines.map(({ productId, size, quantity }) => ({ productId, size, quantity })) });
    };
    return html`<form @submit=${finish}>
      ${select("from", "From", sources, sources[0]?.id)}${select("to", "To", locations, locations.find(({ id }) => id !== sources[0]?.id)?.id)}
      <label class="field">Size to add<input type="search" name="q" autocomplete="off" placeholder="Product, size or an id" @input=${(event) => search(event.target.value, event.target.form.elements.from.value, draw)} @keydown=${(event) => event.key === "Enter" && event.preventDefault()} /></label>
      ${matches.length ? html`<div class="results" role="group" aria-label="Found sizes">${matches.map((row) => html`<button type="button" class="quiet" @click=${() => add(row)}>${sizeOf(row)}: ${number(row.available)} available</button>`)}</div>` : nothing}
      <ul class="picked">${lines.map((line) => html`<li><span>${sizeOf(line)}</span>
        <input type="number" inputmode="numeric" min="1" max="1000000000" required aria-label="Units of ${sizeOf(line)}" .value=${String(line.quantity)} @input=${(event) => (line.quantity = Number(event.target.value))} />
        <button type="button" class="quiet" aria-label="Remove ${sizeOf(line)}" @click=${() => { lines = lines.filter((other) => other !== line); draw(); }}>×</button></li>`)}</ul>
      <label class="field">Expected on<input type="date" name="expectedAt" /></label>
      ${fault ? html`<p class="bad" role="alert">${fault}</p>` : nothing}
      ${buttons(give, "Save draft")}
    </form>`;
  });
}

/** The tracking number and the expected day of a transfer to send, or null. */
export function askToSend(transfer) {
  return openDialog(`Send transfer ${transfer.number}?`, (give) => html`<form @submit=${(event) => give(values(event))}>
    <p>The units leave ${transfer.fromName} and are in transit until ${transfer.toName} receives them.</p>
    <label class="field">Tracking number<input name="trackingNumber" maxlength="200" .value=${transfer.trackingNumber} /></label>
    ${buttons(give, "Send")}
  </form>`);
}

const OUTCOMES = { lost: "Lost", came_back: "Back at the source", found: "Found at the destination" };

/** The outcome of missing units and the reason, or null. `outcomes` are the options. */
export function askWhereabouts(title, text, outcomes) {
  let chosen = outcomes[0];
  return openDialog(title, (give, draw) => html`<form @submit=${(event) => give({ outcome: chosen, reason: values(event).reason.trim() })}>
    <p>${text}</p>
    <fieldset class="choices"><legend>Where are the units?</legend>
      ${outcomes.map((outcome) => html`<label><input type="radio" name="outcome" .checked=${outcome === chosen} @change=${() => { chosen = outcome; draw(); }} />${OUTCOMES[outcome]}</label>`)}
    </fieldset>
    <label class="field">Reason<input name="reason" maxlength="500" ?required=${chosen === "lost"} /></label>
    ${buttons(give, "Save")}
  </form>`);
}

/** The reason why more units arrived than were sent, or null. */
export function askWhyMore(text) {
  return openDialog("More units than were sent", (give) => html`<form @submit=${(event) => give(values(event).reason.trim())}>
    <p>${text}</p>
    <label class="field">Reason<input name="reason" maxlength="500" required autofocus /></label>
    ${buttons(give, "Receive")}
  </form>`);
}

/** Asks for confirmation; true if the user confirms. */
export function confirm(title, text, words) {
  return openDialog(title, (give) => html`<form @submit=${(event) => { event.preventDefault(); give(true); }}><p>${text}</p>${buttons(give, words)}</form>`);
}
