// The history page: the ledger of a size, a product or the whole shop.

import { html, live, nothing } from "/admin/lib/lit.js";
import { date, number, plural, signed, when } from "/admin/lib/format.js";
import { readNames, sizeCalled, suggestions } from "/admin/components/size-names.js";
import { inShort, listing, sizeOf, skuOf } from "/admin/components/responsive-table.js";
import { Page, getJson, filters, moment } from "/admin/lib/data-page.js";
import { whyHere } from "/admin/components/hold-route.js";
import { locationsToChoose } from "/admin/lib/shell.js";
import { KINDS, explained } from "/admin/components/movement-chart.js";

const FIELDS = { stock: "on hand", reserved: "reserved", allocated: "allocated", incoming: "incoming", backordered: "backordered", short: "short" };
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const LIMIT = 100;
const LARGE = 10_000; // from here on a number may stand above its word
let older = [];
let locations = []; // to choose from; empty in a shop with one
let typing = ""; // the typed text for suggestions
let fresh = false; // whether there are new entries that are not shown yet
const actors = new Set();

const view = filters(["sku", "q", "from", "to", "kind", "actor", "cause", "location"], () => page.read());
const isSize = () => view.values.sku.includes("/");

/** A day of the viewer as a time: its first moment, or the first moment after it. */
function moment_(day, after = 0) {
  if (!DATE.test(day)) return day;
  const [year, month, date_] = day.split("-").map(Number);
  return new Date(year, month - 1, date_ + after).toISOString();
}

/** The query, with the viewer's days as times. `to` is the last day included. */
const question = () => ({ ...view.values, from: moment_(view.values.from), to: moment_(view.values.to, 1) });

async function load() {
  older = [];
  fresh = false;
  const asked = question();
  const { kind, actor, cause, q, location } = view.values;
  locations = await locationsToChoose();
  const why = isSize() && !q && !kind && !actor && !cause ? getJson("/api/admin/explain", { sku: asked.sku, from: asked.from, asOf: asked.to, location }) : null;
  const [entries, story] = await Promise.all([getJson("/api/admin/history", { ...asked, limit: LIMIT }), why && why.catch(unknown)]);
  for (const entry of entries.entries) if (entry.actor) actors.add(entry.actor);
  return { ...entries, why: story };
}

function unknown(error) {
  if (error.status === 404) return null;
  throw error;
}

async function onward(before) {
  const answer = await getJson("/api/admin/history", { ...question(), limit: LIMIT, before });
  older = Object.assign([...older, ...answer.entries], { next: answer.next });
  page.draw();
}

/* Drawing. */

const show = (values) => view.set({ ...Object.fromEntries(Object.keys(view.values).map((name) => [name, ""])), ...values });
const button = (words, title, run, kind = "") => html`<button type="button" class="link tight ${kind}" title=${title} @click=${run}>${words}</button>`;

const LINKS = {
  change: (id) => button("whole change", id, () => show({ cause: id })),
  payment: (id) => html`<a href="/admin/payments.html?payment=${encodeURIComponent(id)}" title=${id}>payment</a>`,
  event: (id) => html`<a href="/admin/payments.html?event=${encodeURIComponent(id)}" title=${id}>event</a>`,
  hold: (id) => html`<a href="/admin/holds.html?id=${encodeURIComponent(id)}" title=${id}>hold</a>`,
};

function change(entry) {
  const moves = Object.entries(entry.change);
  if (!moves.length) return html`<span class="quiet">–</span>`;
  return moves.map(([field, by]) => html`<div class="move ${Math.abs(by) < LARGE ? "" : "large"}"><b class="number">${signed(by)}</b> ${FIELDS[field]}</div>`);
}

function columns() {
  const after = (name) => (entry) => (entry.size === null ? "" : number(entry[name]));
  return [
    ["Movement", (entry) => html`<b>${KINDS[entry.kind] ?? entry.kind}</b> <small class="quiet">No. ${number(entry.revision)}</small>`, "title"],
    ["Time", (entry) => moment(entry.at)],
    ...(isSize() ? [] : [["Size", (entry) => button(inShort(entry), `${sizeOf(entry)}, ${skuOf(entry)}`, () => show({ sku: skuOf(entry), from: view.values.from, to: view.values.to }), "called")]]),
    ["Change", change],
    ["On hand", after("stock"), "number"],
    ["Reserved", after("reserved"), "number"],
    ["Available", after("available"), "number"],
    ["Actor and reason", (entry) => html`${entry.actor ? button(entry.actor, `Show only entries of ${entry.actor}`, () => view.set({ actor: entry.actor })) : html`<span class="quiet">–</span>`}${entry.reason ? html`<small class="block why">${entry.reason}</small>` : nothing}${entry.location && entry.sku ? html`<small class="block quiet">at ${entry.location.replace(":", ", ")}</small>` : nothing}${whyHere(entry.route)}`],
    ["Part of", (entry) => html`${(entry.partOf ?? []).map((bundle) => html`<div>${number(bundle.quantity)} × ${bundle.name ?? bundle.productId} ${bundle.size}</div>`)}${(entry.links.length ? html`<span class="links">${entry.links.map((link) => LINKS[link.to]?.(link.id) ?? nothing)}</span>` : entry.partOf ? nothing : html`<span class="quiet">–</span>`)}`],
  ];
}

function form() {
  const { sku, q, from, to, kind, actor, cause, location } = view.values;
  const find = async (event) => {
    const typed = event.target.value.trim();
    await readNames();
    const size = sizeCalled(typed);
    view.set(size ? { sku: size, q: "" } : { sku: "", q: typed });
  };
  const suggest = (event) => {
    typing = event.target.value;
    readNames().then(() => page.draw());
  };
  const put = (event) => view.set({ [event.target.name]: event.target.value.trim() });
  const day = (text) => (DATE.test(text) ? text : text ? localDay(text) : "");
  return html`<form class="columns" @submit=${(event) => event.preventDefault()}>
      <label class="field grow">Product or size<input name="sku" type="search" list="sizes" placeholder="Name, size, category or id   /" autocomplete="off" spellcheck="false" .value=${q || sku} @focus=${readNames} @input=${suggest} @change=${find} /></label>
      <datalist id="sizes">${suggestions(typing).map((size) => html`<option value=${size.name}></option>`)}</datalist>
      <label class="field">From<input name="from" type="date" .value=${live(day(from))} @change=${put} /></label>
      <label class="field">Up to<input name="to" type="date" .value=${live(day(to))} @change=${put} /></label>
      <label class="field">Kind<select name="kind" .value=${live(kind)} @change=${put}><option value="">Everything</option>${Object.entries(KINDS).map(([name, words]) => html`<option value=${name} ?selected=${name === kind}>${words}</option>`)}</select></label>
      ${locations.length > 1 ? html`<label class="field">Location<select name="location" .value=${live(location)} @change=${put}><option value="">All locations</option>${locations.map(({ id, name }) => html`<option value=${id} ?selected=${id === location}>${name}</option>`)}</select></label>` : nothing}
      <label class="field">Actor<input name="actor" list="actors" autocomplete="off" .value=${actor} @change=${put} /></label>
      <datalist id="actors">${[...actors].map((name) => html`<option value=${name}></option>`)}</datalist>
    </form>
    ${Object.values(view.values).some(Boolean) ? html`<div class="chips">
      ${cause ? html`<button type="button" class="chip long" aria-pressed="true" aria-label="Show everything, not only ${cause}" @click=${() => view.set({ cause: "" })}>Part of ${cause} ×</button>` : nothing}
      <button type="button" class="link tight" @click=${() => show({})}>Clear all</button>
    </div>` : nothing}`;
}

function localDay(time) {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return "";
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

function sentence(entries) {
  const { sku, q, cause, from, to } = view.values;
  const named = entries.find((entry) => skuOf(entry) === sku);
  const what = cause ? "One change, event or payment" : q ? `Products matching “${q}”` : sku ? (named ? sizeOf(named) : sku) : "The whole shop";
  const shown = (day) => (DATE.test(day) ? date(day) : when(day));
  const span = from && to ? ` from ${shown(from)} to ${shown(to)}` : from ? ` since ${shown(from)}` : to ? ` up to ${shown(to)}` : "";
  return `${what}${span}, the latest entry first.`;
}

function body(data) {
  const entries = [...data.entries, ...older];
  const next = older.next === undefined ? data.next : older.next;
  const query = new URLSearchParams(Object.entries(question()).filter(([, value]) => value));
  query.set("format", "csv");
  return {
    state: sentence(entries),
    actions: html`${fresh ? html`<button type="button" class="button" @click=${() => page.read({ quiet: true })}>Show new entries</button>` : nothing}<a class="button-like" href="/api/admin/history?${query}" download>Export CSV</a>`,
    content: html`${form()} ${data.why ? explained(data.why) : nothing}
      ${entries.length
        ? html`${isSize() ? html`<h2 class="over">Entries</h2>` : nothing}
          ${listing("Entries", columns(), entries, { key: (entry) => entry.revision })}
          <p class="after">${next ? html`<button type="button" class="quiet" @click=${() => onward(next)}>Older entries</button>` : html`<span class="quiet">All ${plural(entries.length, "entry", "entries")} shown.</span>`}</p>`
        : html`<div class="empty"><p>${data.meant === 0 ? `No products or sizes match “${view.values.q}”.` : "No entries match."}</p><button type="button" class="button" @click=${() => show({})}>Show everything</button></div>`}`,
  };
}

class History extends Page {
  /** New rows would move the text being read, so a button offers them. */
  changed() {
    if (this.data && view.values.to === "" && !fresh) {
      fresh = true;
      this.draw();
    }
  }
}

const page = new History("History", load, body, { live: 2000 });
page.read();
