// The page of locations: the places that keep stock, and their purposes.

import { html, nothing } from "/admin/lib/lit.js";
import { plural } from "/admin/lib/format.js";
import { Page, main } from "/admin/lib/data-page.js";
import { api } from "/admin/lib/session.js";
import { toast } from "/admin/components/toast.js";
import { USES, askForLocation, askToClose, showOpenWork } from "/admin/forms/location-dialogs.js";

const PATH = "/api/admin/locations";
const RULES = {
  same_country: ["Same country", "Parcels that stay in the buyer's country come first."],
  fewest_parcels: ["Fewest parcels", "One parcel is better than two."],
  nearest: ["Nearest", "The shorter distance by air, if the address and the location are known."],
  priority: ["Priority", "The priority of the locations, 1 first."],
  most_stock: ["Most stock", "The location with more units left."],
};

async function load() {
  const [{ locations }, routing] = await Promise.all([api(PATH), api(`${PATH}/routing`)]);
  return { locations, routing };
}

/** Moves a rule up in the order. */
async function prefer(rules, rule) {
  const order = [...rules];
  const at = order.indexOf(rule);
  [order[at - 1], order[at]] = [order[at], order[at - 1]];
  try {
    await api(`${PATH}/routing`, { method: "PUT", body: { rules: order }, headers: { "Idempotency-Key": crypto.randomUUID() } });
  } catch (error) {
    toast(error.message, { error: true });
    await page.read({ quiet: true });
    return;
  }
  await page.read({ quiet: true });
  toast(`${RULES[rule][0]} now comes before ${RULES[order[at]][0].toLowerCase()}.`);
}

function routing({ rules, splitLines, maxParcels }, can) {
  const row = (rule, at) => html`<li class="entry">
    <div class="what"><b>${at + 1}. ${RULES[rule][0]}</b><p class="quiet">${RULES[rule][1]}</p></div>
    ${can && at ? html`<button type="button" class="quiet" aria-label="${RULES[rule][0]}: move up" @click=${() => prefer(rules, rule)}>↑</button>` : nothing}
  </li>`;
  const limits = [splitLines ? "A line may come from several locations." : "A line comes from one location.", maxParcels ? `At most ${plural(maxParcels, "parcel")} per order.` : ""];
  return html`<section class="part" aria-labelledby="routing"><h2 id="routing">Which location serves an order</h2>
    <ol class="entries">${rules.map(row)}</ol><p>Between two ways to serve an order, the first rule on which they differ decides. ${limits.join(" ")}</p></section>`;
}

async function change(path, options, done) {
  const headers = { "Idempotency-Key": crypto.randomUUID() };
  try {
    const answer = await api(path, { ...options, headers });
    await page.read({ quiet: true });
    toast(`${answer.location.name} ${done}.`);
    return answer;
  } catch (error) {
    if (error.code === "location_in_use" && error.problem.counts) await showOpenWork(error);
    else toast(error.message, { error: true });
    return null;
  }
}

async function add() {
  const body = await askForLocation("Add a location");
  if (body) change(PATH, { body }, "was added");
}

async function edit(location) {
  const body = await askForLocation(`Change ${location.name}`, location);
  if (body) change(PATH, { body: { ...body, id: location.id }, method: "PUT" }, "was changed");
}

async function close(location) {
  if (await askToClose(location)) change(`${PATH}/close`, { body: { id: location.id } }, "is closed");
}

const reopen = (location) => change(PATH, { body: { id: location.id, active: true }, method: "PUT" }, "was reopened");

function address(location) {
  const parts = [location.address.replaceAll("\n", ", "), location.country, location.postalCode].filter(Boolean);
  return parts.length ? html`<p class="quiet">${parts.join(" · ")}</p>` : nothing;
}

function entry(location, can) {
  const uses = USES.filter(([name]) => location[name]).map(([, words], at) => (at ? words[0].toLowerCase() + words.slice(1) : words));
  return html`<li class="entry">
    <div class="what"><b>${location.name}</b> <span class="quiet">${location.id}</span>
      ${address(location)}
      <p class="quiet">Priority ${location.priority}. ${uses.length ? `${uses.join(", ")}.` : "No use selected."}</p></div>
    <span class="badge ${location.active ? "good" : ""}">${location.active ? "Open" : "Closed"}</span>
    ${can ? html`<div class="chips">
      <button type="button" class="quiet" aria-label="Change ${location.name} …" @click=${() => edit(location)}>Change …</button>
      ${location.active
        ? location.id === "main" ? nothing : html`<button type="button" class="quiet" aria-label="Close ${location.name} …" @click=${() => close(location)}>Close …</button>`
        : html`<button type="button" class="quiet" aria-label="Reopen ${location.name}" @click=${() => reopen(location)}>Reopen</button>`}
    </div>` : nothing}
  </li>`;
}

function body({ locations, routing: rules }, page) {
  const can = page.can("admin");
  const open = locations.filter((location) => location.active);
  return {
    state: `${plural(open.length, "location")} open${open.length < locations.length ? `, ${locations.length - open.length} closed` : ""}.`,
    actions: can ? html`<button type="button" class="button" @click=${add}>Add a location …</button>` : nothing,
    content: html`<ul class="entries" aria-label="Locations">${locations.map((location) => entry(location, can))}</ul>
      ${open.length > 1 ? routing(rules, can) : html`<p>With a second location, stock is counted for each, and each order leaves from the one that suits the buyer best.</p>`}`,
  };
}

main.replaceChildren();
const page = new Page("Locations", load, body, { every: 30000 });
page.read();
