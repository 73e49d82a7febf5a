// Who holds what, since when and until when; and giving it back.

import { html, nothing } from "/admin/dom.js";
import { askReason } from "/admin/dialogs.js";
import { ago, number, plural, until, when } from "/admin/format.js";
import { Page, address, ask, asked } from "/admin/page.js";
import { api } from "/admin/session.js";
import { may } from "/admin/shell.js";
import { toast } from "/admin/toast.js";

const shown = { sku: asked.get("sku") ?? "", id: asked.get("id") ?? "", status: asked.get("status") ?? "" };
const DAY = 86_400_000;
let selected = new Set();
let editable = false;
let more = [];

const WORDS = { held: "Held", captured: "Paid", released: "Given back", expired: "Ran out" };
const BADGE = { held: "warn", captured: "good", released: "", expired: "" };

async function load() {
  more = [];
  const since = shown.status && shown.status !== "held" ? new Date(Date.now() - 30 * DAY).toISOString() : "";
  return ask("/api/admin/holds", { ...shown, since, limit: 200 });
}

async function release(ids) {
  const reason = await askReason(`Give ${plural(ids.length, "hold")} back?`, "Correction");
  if (reason === null) return;
  try {
    const answer = await api("/api/admin/holds/release", { body: { ids, reason } });
    toast(`${plural(answer.released, "hold")} given back.`);
    selected = new Set();
  } catch (error) {
    toast(error.message, { error: true });
  }
  page.read({ quiet: true });
}

function pick(id, on) {
  selected = new Set(selected);
  if (on) selected.add(id);
  else selected.delete(id);
  page.draw();
}

function row(hold) {
  const live = hold.status === "held";
  const what = hold.lines.map((line) => `${line.quantity} × ${line.productId} ${line.size}`).join(", ");
  return html`<tr>
    <td>${live && editable ? html`<input type="checkbox" aria-label="Select the hold of ${what}" .checked=${selected.has(hold.id)} @change=${(event) => pick(hold.id, event.target.checked)} />` : nothing}</td>
    <td>${hold.lines.map((line) => html`<div><b class="number">${number(line.quantity)}</b> × <a href="/admin/history.html?sku=${encodeURIComponent(`${line.productId}/${line.size}`)}">${line.productId} ${line.size}</a></div>`)}</td>
    <td>${hold.by === "owner" ? "Owner" : "Buyer"}${hold.checkout ? html`<br /><small class="quiet">at the till</small>` : nothing}</td>
    <td><time datetime=${hold.createdAt} title=${when(hold.createdAt)}>${ago(hold.createdAt)}</time></td>
    <td>${live ? (hold.expiresAt ? html`<time class="rest" datetime=${hold.expiresAt} title=${when(hold.expiresAt)}>${until(hold.expiresAt)}</time>` : "until given back") : hold.endedAt ? html`<time datetime=${hold.endedAt} title=${when(hold.endedAt)}>${ago(hold.endedAt)}</time>` : nothing}</td>
    <td><span class="badge ${BADGE[hold.status]}">${WORDS[hold.status]}${hold.late ? ", late" : ""}</span></td>
    <td><small class="quiet" title=${hold.sessionId ?? ""}>${hold.id}</small></td>
    <td>${live && editable ? html`<button type="button" class="quiet" @click=${() => release([hold.id])}>Give back</button>` : nothing}</td>
  </tr>`;
}

function body(data) {
  const holds = [...data.holds, ...more];
  const filter = (values) => {
    Object.assign(shown, values);
    address(shown);
    page.read();
  };
  const next = more.next === undefined ? data.next : more.next;
  return {
    state: `${plural(data.total, "live hold")} of ${plural(data.units, "unit")}${shown.sku ? ` of ${shown.sku}` : ""}.`,
    actions: selected.size ? html`<button type="button" class="button" @click=${() => release([...selected])}>Give ${plural(selected.size, "hold")} back</button>` : nothing,
    content: html`<div class="chips" role="group" aria-label="Filters">
        ${Object.entries(WORDS).map(([status, words]) => html`<button type="button" class="chip" aria-pressed=${(shown.status || "held") === status} @click=${() => filter({ status: status === "held" ? "" : status })}>${words}</button>`)}
        ${shown.sku || shown.id ? html`<button type="button" class="chip" aria-pressed="true" @click=${() => filter({ sku: "", id: "" })}>${shown.sku || shown.id} ×</button>` : nothing}
      </div>
      ${holds.length
        ? html`<div class="plain" tabindex="0" role="region" aria-label="Holds"><table>
            <thead><tr><th><span class="unseen">Select</span></th><th>What</th><th>Who</th><th>Since</th><th>${(shown.status || "held") === "held" ? "Ends in" : "Ended"}</th><th>State</th><th>Id</th><th><span class="unseen">Give back</span></th></tr></thead>
            <tbody>${holds.map(row)}</tbody></table></div>
          ${next ? html`<p><button type="button" class="quiet" @click=${() => onward(next)}>More</button></p>` : nothing}`
        : html`<div class="empty"><p>${(shown.status || "held") === "held" ? "Nobody holds anything now." : "None in the last 30 days."}</p></div>`}`,
  };
}

async function onward(after) {
  const found = await ask("/api/admin/holds", { ...shown, limit: 200, after });
  more = Object.assign([...more, ...found.holds], { next: found.next });
  page.draw();
}

const page = new Page("Holds", load, body, { every: 5000 });
setInterval(() => {
  for (const time of document.querySelectorAll("time.rest")) time.textContent = until(time.dateTime);
}, 1000);
may("stock").then((can) => {
  editable = can;
  page.draw();
});
page.read();
