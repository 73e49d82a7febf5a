// The page of holds: live and ended ones, and their release.

import { html, live, nothing } from "/admin/lib/lit.js";
import { openDialog } from "/admin/components/dialogs.js";
import { clock, number, plural, until, when } from "/admin/lib/format.js";
import { listing, sizeOf, toHistory } from "/admin/components/responsive-table.js";
import { Page, getJson, filters, main, moment } from "/admin/lib/data-page.js";
import { whyHere } from "/admin/components/hold-route.js";
import { api } from "/admin/lib/session.js";
import { locationsToChoose } from "/admin/lib/shell.js";
import { toast } from "/admin/components/toast.js";

const WORDS = { held: "Held", captured: "Paid", released: "Released", expired: "Expired" };
const BADGE = { held: "warn", captured: "good", released: "", expired: "" };
const SPANS = { 1: "last 24 hours", 7: "last 7 days", 30: "last 30 days" };
const DAY = 86_400_000;
const PAGE = 200;
const [PORTION, PORTIONS, SHOWN] = [1000, 20, 500];
let selected = new Set();
let locations = [];
let shown = PAGE; // live holds asked for

const view = filters(["status", "q", "sku", "location", "id", "days"], () => {
  shown = PAGE;
  selected = new Set();
  page.read();
});
const isLive = () => !view.values.status && !view.values.id;

async function load() {
  const { q, sku, location, id, status, days } = view.values;
  locations = await locationsToChoose();
  if (isLive()) {
    const answer = await getJson("/api/admin/holds", { q, sku, location, limit: Math.min(shown, PORTION) });
    selected = new Set([...selected].filter((id_) => answer.holds.some((hold) => hold.id === id_ && hold.status === "held")));
    return answer;
  }
  if (id) return getJson("/api/admin/holds", { id });
  return ended({ q, sku, location, status, since: new Date(Date.now() - (Number(days) || 1) * DAY).toISOString() });
}

/** Ended holds, the latest first: the service returns the oldest first. */
async function ended(question_) {
  let [holds, after, answer] = [[], "", null];
  for (let portion = 0; portion < PORTIONS && (answer === null || after); portion += 1) {
    answer = await getJson("/api/admin/holds", { ...question_, limit: PORTION, after });
    holds = [...holds, ...answer.holds].slice(-SHOWN);
    after = answer.next;
  }
  const last = (hold) => hold.endedAt ?? hold.createdAt;
  holds.sort((a, b) => (last(a) < last(b) ? 1 : -1));
  return { ...answer, holds, next: null, cut: holds.length === SHOWN };
}

/* Release. */

const unitsOf = (hold) => hold.lines.map((line) => `${number(line.quantity)} × ${sizeOf(line)}`).join(", ");

/** Searches once, although a browser may report Enter twice: as a key and as a change. */
function search(event) {
  const q = event.target.value.trim();
  if (q !== view.values.q) view.set({ q, id: "" });
}

async function release(holds) {
  const paying = holds.some((hold) => hold.checkout);
  const pending = holds.filter((hold) => hold.paymentPending).length;
  const reason = await openDialog(
    `Release ${plural(holds.length, "hold")}?`,
    (give) => html`<form @submit=${(event) => { event.preventDefault(); give(new FormData(event.target).get("reason").trim()); }}>
      <ul class="listed">${holds.slice(0, 10).map((hold) => html`<li>${unitsOf(hold)}</li>`)}${holds.length > 10 ? html`<li class="quiet">and ${number(holds.length - 10)} more</li>` : nothing}</ul>
      <p>Other buyers can buy the units immediately. This cannot be undone.
        ${paying ? "The checkout is closed as well. If the buyer pays at this moment, it becomes a late payment." : ""}</p>
      ${pending ? html`<p class="bad" role="alert"><b>A payment is in progress for ${plural(pending, "hold")}.</b> If it succeeds, it becomes a late payment, which you have to fulfil or refund.</p>` : nothing}
      <label class="field">Reason, shown in the history<input name="reason" maxlength="200" placeholder="ended by the owner" /></label>
      <div class="actions"><button type="button" class="quiet" @click=${() => give(null)}>Cancel</button><button class="button">Release</button></div>
    </form>`,
  );
  if (reason === null) return;
  let done = "";
  try {
    const answer = await api("/api/admin/holds/release", { body: { ids: holds.map((hold) => hold.id), reason } });
    const late = holds.length - answer.released;
    done = `${plural(answer.released, "hold")} released.${late ? ` ${plural(late, "hold")} had already ended.` : ""}`;
    selected = new Set();
  } catch (error) {
    toast(`Nothing was released. ${error.message}`, { error: true, action: { label: "Retry", run: () => release(holds) } });
  }
  await page.read({ quiet: true });
  if (done) toast(done);
  if (document.activeElement === document.body) main.querySelector("input[type=search]")?.focus();
}

/* Drawing. */

function pick(ids, on) {
  selected = new Set(selected);
  for (const id of ids) if (on) selected.add(id); else selected.delete(id);
  page.draw();
}

const countdown = (hold) => html`<time class="rest" role="timer" datetime=${hold.expiresAt} title=${when(hold.expiresAt)} .textContent=${until(hold.expiresAt)}></time><small class="quiet"> at ${clock(hold.expiresAt)}</small>`;

function end(hold) {
  if (hold.status !== "held") return hold.endedAt ? moment(hold.endedAt) : moment(hold.expiresAt);
  return hold.expiresAt ? countdown(hold) : html`<span class="quiet">until released</span>`;
}

function who(hold) {
  if (hold.by === "owner") return "Held by the shop";
  return html`Buyer${hold.paymentPending ? html` <span class="badge backordered">payment in progress</span>` : hold.checkout && hold.status === "held" ? html` <span class="badge backordered">paying</span>` : nothing} <small class="quiet id" title=${hold.sessionId ?? hold.id}>${hold.sessionId ?? hold.id}</small>`;
}

const back = (hold) => (hold.status === "held" ? html`<button type="button" class="quiet small" aria-label="Release ${unitsOf(hold)}" @click=${() => release([hold])}>Release</button>` : nothing);

const locationsOf = (hold) => (hold.allocations ? html`<small class="block quiet">at ${[...new Set(hold.allocations.map((units) => units.location))].join(" and ")}</small>` : nothing);

function columns(editable) {
  const units = ["Units", (hold) => html`${hold.lines.map((line) => html`<div><b class="number">${number(line.quantity)}</b> × ${toHistory(line)}${line.parts ? html` <small class="block quiet">${line.parts.map((part) => `${number(part.quantity)} × ${part.name ?? part.productId} ${part.size}`).join(", ")}</small>` : nothing}</div>`)}${locationsOf(hold)}${whyHere(hold.route)}`, "title"];
  const state = (hold) => html`<span class="badge ${BADGE[hold.status]}">${WORDS[hold.status]}${hold.late ? ", late" : ""}</span>`;
  const rows = [units, ["Held by", who], ["Since", (hold) => moment(hold.createdAt)], [isLive() ? "Ends in" : "Ended", end]];
  if (!isLive()) return [...rows, ["State", state], ...(editable && view.values.id ? [["Release", back, "act"]] : [])];
  if (!editable) return rows;
  const box = (hold) => html`<input type="checkbox" aria-label="Select the hold of ${unitsOf(hold)}" ?disabled=${hold.status !== "held"} .checked=${live(selected.has(hold.id))} @change=${(event) => pick([hold.id], event.target.checked)} />`;
  return [["Select", box, "act pick"], ...rows, ["Release", back, "act"]];
}

function tools() {
  const { status, q, sku, location, id, days } = view.values;
  const chip = (words, on, values) => html`<button type="button" class="chip" aria-pressed=${on} @click=${() => view.set(values)}>${words}</button>`;
  return html`<div class="tools">
      <input type="search" aria-label="Search product, size or an id" placeholder="Product, size or an id   /" .value=${q} @change=${search} @keydown=${(event) => event.key === "Enter" && search(event)} />
    </div>
    <div class="chips" role="group" aria-label="Filters">
      ${Object.entries(WORDS).map(([name, words]) => chip(words, !id && (status || "held") === name, { status: name === "held" ? "" : name, id: "", days: name === "held" ? "" : days }))}
      ${status ? html`<span class="bar" aria-hidden="true"></span>${Object.entries(SPANS).map(([span, words]) => chip(words, (days || "1") === span, { days: span }))}` : nothing}
      ${locations.length > 1 ? html`<span class="bar" aria-hidden="true"></span>${[{ id: "", name: "All locations" }, ...locations].map((choice) => chip(choice.name, (location || "") === choice.id, { location: choice.id, id: "" }))}` : nothing}
      ${sku ? html`<button type="button" class="chip" aria-pressed="true" aria-label="Show all sizes, not only ${sku}" @click=${() => view.set({ sku: "" })}>${sku} ×</button>` : nothing}
      ${id ? html`<button type="button" class="chip long" aria-pressed="true" aria-label="Show all holds, not only ${id}" @click=${() => view.set({ id: "" })}>${id} ×</button>` : nothing}
    </div>`;
}

function nothingHere() {
  const { status, q, sku, location, id } = view.values;
  if (q || sku || location || id) return html`<div class="empty"><p>No ${status ? "" : "active "}holds match.</p><button type="button" class="button" @click=${() => view.set({ q: "", sku: "", location: "", id: "" })}>Clear filters</button></div>`;
  if (status) return html`<div class="empty"><p>No holds in the ${SPANS[view.values.days || "1"]}.</p></div>`;
  return html`<div class="empty"><p>No active holds. A hold appears here within a second when a buyer goes to the checkout.</p><a class="button-like" href="/" target="_blank" rel="noopener">Open the shop</a></div>`;
}

function selection(data) {
  if (!selected.size) return nothing;
  const chosen = data.holds.filter((hold) => selected.has(hold.id));
  const free = data.holds.filter((hold) => hold.status === "held");
  return html`<div class="selection" role="region" aria-label="Selected">
    <b>${plural(chosen.length, "hold")} selected</b>
    ${chosen.length < free.length ? html`<button type="button" class="chip" @click=${() => pick(free.map((hold) => hold.id), true)}>Select all ${number(free.length)}</button>` : nothing}
    <button type="button" class="chip" @click=${() => release(chosen)}>Release …</button>
    <button type="button" class="link" @click=${() => pick([...selected], false)}>Clear</button>
  </div>`;
}

function body(data, page_) {
  const state = isLive() ? `${plural(data.total, "active hold")} of ${plural(data.units, "unit")}.` : `${data.cut ? "The latest " : ""}${plural(data.holds.length, "hold")}, the most recently ended first.`;
  const editable = page_.can("stock");
  return {
    state,
    content: html`${tools()}
      ${data.holds.length ? listing("Holds", columns(editable), data.holds, { key: (hold) => hold.id }) : nothingHere()}
      ${isLive() && data.next && shown < PORTION ? html`<p><button type="button" class="quiet" @click=${() => { shown = PORTION; page.read({ quiet: true }); }}>Show more</button></p>` : nothing}
      ${selection(data)}`,
  };
}

const page = new Page("Holds", load, body, { live: 300, every: 30_000 });

// The countdowns run; when one reaches zero, the service returns the new status of the hold.
setInterval(() => {
  let over = false;
  for (const time of document.querySelectorAll("time.rest")) {
    time.textContent = until(time.dateTime);
    const left = new Date(time.dateTime) - Date.now();
    time.classList.toggle("soon", left < 120_000);
    over ||= left < -500 && left > -30_000;
  }
  if (over && !page.busy) page.read({ quiet: true });
}, 1000);
page.read();
