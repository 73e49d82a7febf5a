// Why a number is what it is: the ledger of a SKU or of everything, a waterfall between two times.

import { html, nothing, svg } from "/admin/dom.js";
import { ago, number, signed, when } from "/admin/format.js";
import { Page, address, ask, asked } from "/admin/page.js";

const NAMES = ["sku", "from", "to", "kind", "actor", "cause"];
const shown = Object.fromEntries(NAMES.map((name) => [name, asked.get(name) ?? ""]));
const KINDS = ["added", "received", "reserved", "released", "expired", "captured", "sold", "returned", "adjusted", "counted", "edited", "removed"];
const FIELDS = { stock: "on hand", reserved: "reserved", allocated: "allocated", incoming: "incoming", backordered: "backordered", short: "short" };
let more = [];

async function load() {
  more = [];
  const entries = ask("/api/admin/history", { ...shown, limit: 100 });
  const isSize = shown.sku.includes("/") && !shown.kind && !shown.actor && !shown.cause;
  const why = isSize ? ask("/api/admin/explain", { sku: shown.sku, from: shown.from, asOf: shown.to }) : null;
  return { ...(await entries), why: await why };
}

function look(values) {
  Object.assign(shown, values);
  address(shown);
  page.read();
}

function waterfall(why) {
  const steps = why.steps.filter((step) => step.change.stock);
  const marks = [why.opening.stock, ...steps.map((step) => step.stock), why.closing.stock];
  const [low, high] = [Math.min(0, ...marks), Math.max(1, ...marks)];
  const x = (value) => ((value - low) / (high - low)) * 100;
  const bar = (from, to, colour) => svg`<rect x=${x(Math.min(from, to))} y="4" width=${Math.max(0.4, Math.abs(x(to) - x(from)))} height="12" rx="0.6" fill=${colour} />`;
  const line = (words, from, to, colour, told) => html`<div><span>${words}</span><svg viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">${bar(from, to, colour)}</svg><b class="number">${told}</b></div>`;
  return html`<div class="waterfall" role="img" aria-label="From ${why.opening.stock} to ${why.closing.stock} on hand">
    ${line(why.from ? `On ${when(why.from)}` : "In the beginning", low, why.opening.stock, "var(--muted)", number(why.opening.stock))}
    ${steps.map((step) => line(step.kind, step.stock - step.change.stock, step.stock, step.change.stock > 0 ? "var(--accent)" : "var(--out)", signed(step.change.stock)))}
    ${line(why.asOf ? `On ${when(why.asOf)}` : "Now", low, why.closing.stock, "var(--muted)", number(why.closing.stock))}
  </div>`;
}

function explained(why) {
  return html`<section class="part" aria-labelledby="why">
    <h2 id="why">Why is it ${number(why.closing.available)}?</h2>
    <p>${why.sentence}</p>
    ${why.problem ? html`<p class="bad" role="alert">${why.problem}</p>` : nothing}
    ${waterfall(why)}
  </section>`;
}

const links = {
  act: (id) => html`<button type="button" class="link" title=${id} @click=${() => look({ cause: id, sku: "" })}>the whole act</button>`,
  hold: (id) => html`<a href="/admin/holds.html?id=${encodeURIComponent(id)}" title=${id}>hold</a>`,
  event: (id) => html`<a href="/admin/payments.html?event=${encodeURIComponent(id)}" title=${id}>event</a>`,
  payment: (id) => html`<button type="button" class="link" title=${id} @click=${() => look({ cause: id, sku: "" })}>payment</button>`,
};

function row(entry) {
  const moves = Object.entries(entry.change).map(([field, by]) => html`<div class="number">${signed(by)} ${FIELDS[field]}</div>`);
  return html`<tr>
    <td class="number">${number(entry.revision)}</td>
    <td><time datetime=${entry.at} title=${when(entry.at)}>${ago(entry.at)}</time></td>
    <td>${entry.kind}</td>
    ${shown.sku.includes("/") ? nothing : html`<td><button type="button" class="link" @click=${() => look({ sku: entry.sku })}>${entry.productId} ${entry.size ?? ""}</button></td>`}
    <td>${moves.length ? moves : html`<span class="quiet">–</span>`}</td>
    <td class="number">${entry.size === null ? "" : number(entry.stock)}</td>
    <td class="number">${entry.size === null ? "" : number(entry.available)}</td>
    <td>${entry.actor || "–"}</td>
    <td>${entry.reason}</td>
    <td>${entry.links.map((link) => links[link.to]?.(link.id) ?? nothing)}</td>
  </tr>`;
}

function form() {
  const change = (event) => look({ [event.target.name]: event.target.value.trim() });
  return html`<form class="columns" @submit=${(event) => event.preventDefault()}>
    <label class="field">SKU or product<input name="sku" type="search" placeholder="prod_hoodie_001/M" .value=${shown.sku} @change=${change} /></label>
    <label class="field">From<input name="from" type="date" .value=${shown.from.slice(0, 10)} @change=${change} /></label>
    <label class="field">Before<input name="to" type="date" .value=${shown.to.slice(0, 10)} @change=${change} /></label>
    <label class="field">What<select name="kind" @change=${change}><option value="">everything</option>${KINDS.map((kind) => html`<option ?selected=${kind === shown.kind}>${kind}</option>`)}</select></label>
    <label class="field">Who<input name="actor" .value=${shown.actor} @change=${change} /></label>
    ${shown.cause ? html`<button type="button" class="chip" @click=${() => look({ cause: "" })}>${shown.cause} ×</button>` : nothing}
  </form>`;
}

function body(data) {
  const entries = [...data.entries, ...more];
  const next = more.next === undefined ? data.next : more.next;
  const query = new URLSearchParams(Object.entries(shown).filter(([, value]) => value));
  query.set("format", "csv");
  return {
    state: shown.sku ? `Every entry of ${shown.sku}, the latest first.` : "Every entry of the ledger, the latest first.",
    actions: html`<a class="quiet button-like" href="/api/admin/history?${query}" download>CSV</a>`,
    content: html`${form()} ${data.why ? explained(data.why) : nothing}
      ${entries.length
        ? html`<div class="plain" tabindex="0" role="region" aria-label="Entries"><table>
            <thead><tr><th class="number">No.</th><th>When</th><th>What</th>${shown.sku.includes("/") ? nothing : html`<th>Size</th>`}<th>Change</th><th class="number">On hand</th><th class="number">Available</th><th>Who</th><th>Reason</th><th>More</th></tr></thead>
            <tbody>${entries.map(row)}</tbody></table></div>
          ${next ? html`<p><button type="button" class="quiet" @click=${() => onward(next)}>Older</button></p>` : nothing}`
        : html`<div class="empty"><p>Nothing of this kind has happened.</p></div>`}`,
  };
}

async function onward(before) {
  const found = await ask("/api/admin/history", { ...shown, limit: 100, before });
  more = Object.assign([...more, ...found.entries], { next: found.next });
  page.draw();
}

const page = new Page("History", load, body);
page.read();
