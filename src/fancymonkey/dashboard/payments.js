// What has to be decided about payments; what Stripe has told; whether the books balance.

import { html, nothing } from "/admin/dom.js";
import { ask as question } from "/admin/dialogs.js";
import { ago, number, plural, when } from "/admin/format.js";
import { Page, ask, asked } from "/admin/page.js";
import { api } from "/admin/session.js";
import { may } from "/admin/shell.js";
import { toast } from "/admin/toast.js";

const CONCERNS = {
  late_payment: ["Late payment", "The money came after the hold had ended. What was there is sold; the rest is backordered."],
  backorder: ["Backorder", "Paid, and not on the shelf. Goods that come in fill it by themselves."],
  second_payment: ["Paid twice", "A second payment of a hold that was paid already. Nothing was sold for it."],
  refunded: ["Refunded", "The money went back at Stripe. Say what came back to the shelf."],
  not_paid: ["No payment found", "The hold counts as paid, but Stripe knows of no payment."],
};
const PROGRESS = { open: ["warn", "Open"], due: ["warn", "Refund under way"], done: ["good", "Done"], dismissed: ["", "Put aside"] };
let editable = false;

async function load() {
  const [matters, events, runs] = await Promise.all([
    ask("/api/payments/matters", { limit: 200 }),
    ask("/api/payments/events", { limit: 100 }),
    ask("/api/payments/runs", { limit: 20 }),
  ]);
  return { matters: matters.matters, open: matters.open, events: events.events, runs: runs.runs };
}

async function settle(matter, body, done) {
  try {
    await api("/api/payments/matters/settle", { body: { matterId: matter.id, ...body } });
    toast(done);
  } catch (error) {
    toast(error.message, { error: true });
  }
  page.read({ quiet: true });
}

async function takeBack(matter) {
  const answer = await question(
    "What came back to the shelf?",
    (give) => html`<form @submit=${(event) => {
        event.preventDefault();
        const form = new FormData(event.target);
        give(matter.lines.map((line, place) => ({ productId: line.productId, size: line.size, quantity: Number(form.get(`line-${place}`)) })).filter((line) => line.quantity > 0));
      }}>
      ${matter.lines.map((line, place) => html`<label class="field">${line.productId} ${line.size}, of ${line.quantity}<input name="line-${place}" type="number" min="0" max=${line.quantity} step="1" .value=${String(line.quantity)} /></label>`)}
      <div class="actions"><button type="button" class="quiet" @click=${() => give(null)}>Cancel</button><button class="button">Take back</button></div>
    </form>`,
  );
  if (answer?.length) settle(matter, { returned: answer }, "Taken back to stock.");
}

async function refund(matter) {
  const sure = await question(
    "Give the money back?",
    (give) => html`<p>Stripe refunds the whole payment ${matter.payment}. This cannot be undone.</p>
      <div class="actions"><button type="button" class="quiet" @click=${() => give(null)}>Cancel</button><button type="button" class="button" @click=${() => give(true)}>Refund</button></div>`,
  );
  if (sure) settle(matter, { then: "refund" }, "The refund is under way.");
}

function actions(matter) {
  if (!editable || matter.progress !== "open") return nothing;
  const some = matter.lines.length > 0;
  return html`<div class="chips">
    ${matter.concern === "refunded" && some ? html`<button type="button" class="quiet" @click=${() => takeBack(matter)}>Take back …</button>` : nothing}
    ${["late_payment", "second_payment", "backorder"].includes(matter.concern) ? html`<button type="button" class="quiet" @click=${() => refund(matter)}>Refund …</button>` : nothing}
    <button type="button" class="quiet" @click=${() => settle(matter, { then: "done" }, "Marked as done.")}>Done</button>
    <button type="button" class="quiet" @click=${() => settle(matter, { then: "dismissed" }, "Put aside.")}>Put aside</button>
  </div>`;
}

function matterRow(matter) {
  const [name, words] = CONCERNS[matter.concern] ?? [matter.concern, ""];
  const [kind, state] = PROGRESS[matter.progress];
  return html`<tr>
    <td><b>${name}</b><br /><small class="quiet">${words}</small></td>
    <td>${matter.lines.map((line) => html`<div>${number(line.quantity)} × ${line.productId} ${line.size}</div>`)}</td>
    <td><time datetime=${matter.openedAt} title=${when(matter.openedAt)}>${ago(matter.openedAt)}</time></td>
    <td><span class="badge ${kind}">${state}</span></td>
    <td><small class="quiet">${matter.payment}</small>${matter.reservationId ? html`<br /><a href="/admin/holds.html?id=${encodeURIComponent(matter.reservationId)}">hold</a>` : nothing}</td>
    <td>${actions(matter)}</td>
  </tr>`;
}

async function compare() {
  try {
    const answer = await api("/api/payments/reconcile", { method: "POST", body: {} });
    toast(answer.message);
  } catch (error) {
    toast(error.message, { error: true });
  }
  page.read({ quiet: true });
}

function body(data) {
  const wanted = asked.get("event");
  return {
    state: data.open ? `${plural(data.open, "matter")} to decide.` : "Nothing waits for you.",
    actions: editable ? html`<button type="button" class="quiet" @click=${compare}>Compare with Stripe now</button>` : nothing,
    content: html`<section class="part" aria-labelledby="matters"><h2 id="matters">To decide</h2>
        ${data.matters.length
          ? html`<div class="plain" tabindex="0" role="region" aria-label="Matters"><table><thead><tr><th>What</th><th>Units</th><th>Since</th><th>State</th><th>Payment</th><th><span class="unseen">Decide</span></th></tr></thead><tbody>${data.matters.map(matterRow)}</tbody></table></div>`
          : html`<p>Late payments, backorders and refunds come here. There are none.</p>`}
      </section>
      <section class="part" aria-labelledby="events"><h2 id="events">What Stripe has told</h2>
        ${data.events.length
          ? html`<div class="plain" tabindex="0" role="region" aria-label="Events"><table><thead><tr><th>When</th><th>Event</th><th>Outcome</th><th>Id</th></tr></thead>
              <tbody>${data.events.map((event) => html`<tr aria-current=${event.id === wanted ? "true" : nothing}><td><time datetime=${event.receivedAt} title=${when(event.receivedAt)}>${ago(event.receivedAt)}</time></td><td>${event.type}</td><td>${event.outcome}</td><td><small class="quiet">${event.id}</small></td></tr>`)}</tbody></table></div>`
          : html`<p>No event has come yet.</p>`}
      </section>
      <section class="part" aria-labelledby="runs"><h2 id="runs">What runs by itself</h2>
        <div class="plain" tabindex="0" role="region" aria-label="Runs"><table><thead><tr><th>When</th><th>Job</th><th>Outcome</th><th class="number">Took</th></tr></thead>
          <tbody>${data.runs.map((run) => html`<tr><td><time datetime=${run.startedAt} title=${when(run.startedAt)}>${ago(run.startedAt)}</time></td><td>${run.job}</td><td>${run.outcome}</td><td class="number">${number(run.tookMs ?? run.took ?? 0)} ms</td></tr>`)}</tbody></table></div>
      </section>`,
  };
}

const page = new Page("Payments", load, body, { every: 15000 });
may("stock").then((can) => {
  editable = can;
  page.draw();
});
page.read();
