// Payment issues: the list, and the ways to resolve each.

import { html, nothing } from "/admin/lib/lit.js";
import { openDialog } from "/admin/components/dialogs.js";
import { number, paidMoney, plural, when } from "/admin/lib/format.js";
import { listing, sizeOf, toHistory } from "/admin/components/responsive-table.js";
import { moment } from "/admin/lib/data-page.js";
import { api } from "/admin/lib/session.js";
import { toast } from "/admin/components/toast.js";

// The facts of each issue: first with units to decide about, then without them if the text differs.
const CONCERNS = {
  late_payment: ["The payment arrived after the hold had ended. Available units were sold; these units are owed.", "The payment arrived after the hold had ended. No units are owed."],
  backorder: ["Paid, but not in stock. Incoming goods fill it automatically."],
  second_payment: ["A hold was paid a second time. Nothing was sold for the second payment."],
  refunded: ["Refunded at Stripe. Choose the units to return to stock.", "Refunded at Stripe."],
  refund_failed: ["The refund has not reached the buyer. Refund in another way, or try again."],
  amount_differs: ["The paid amount differs from the price of the held units. The units are sold. Check the payment at Stripe, and refund the difference or ship the missing units."],
  payment_reused: ["One payment has bought two holds. Check which of them the buyer should get."],
  foreign_payment: ["A payment of another Stripe account, or of the other mode, names a hold of this shop. Nothing was sold for it."],
  disputed: ["The buyer's bank disputes the payment. No stock has moved. Stop the parcel, or add the units on the Stock page once they are back."],
  not_paid: ["The hold is marked as paid, but Stripe has no payment for it."],
};
const about = ({ concern, lines }) => CONCERNS[concern]?.[lines.length ? 0 : 1] ?? CONCERNS[concern]?.[0];
const FACTS = ["amount_differs", "payment_reused", "foreign_payment", "disputed"]; // their note has the details
const PROGRESS = { due: ["backordered", "Refund in progress"], done: ["good", "Done"], dismissed: ["", "Dismissed"] };

async function settle(issue, body, done, after) {
  try {
    await api("/api/payments/issues/settle", { body: { issueId: issue.id, ...body } });
  } catch (error) {
    toast(`The issue was not resolved. ${error.message}`, { error: true, action: { label: "Retry", run: () => settle(issue, body, done, after) } });
    await after();
    return;
  }
  await after();
  toast(done);
}

const note = html`<label class="field">Internal note<input name="note" maxlength="500" /></label>`;
const buttons = (give, words, kind = "") => html`<div class="actions"><button type="button" class="quiet" @click=${() => give(null)}>Cancel</button><button class="button ${kind}">${words}</button></div>`;

/** Asks for confirmation and a note, and resolves the issue. */
async function decide(issue, title, words, label, then, done, after, kind = "") {
  const noted = await openDialog(
    title,
    (give) => html`<form @submit=${(event) => { event.preventDefault(); give(new FormData(event.target).get("note").trim()); }}>
      <p>${words}</p>${note}${buttons(give, label, kind)}
    </form>`,
  );
  if (noted !== null) await settle(issue, { then, note: noted }, done, after);
}

async function takeBack(issue, after) {
  const answer = await openDialog(
    "Return units to stock",
    (give) => html`<form @submit=${(event) => {
        event.preventDefault();
        const form = new FormData(event.target);
        const lines = issue.lines.map((line, place) => ({ productId: line.productId, size: line.size, quantity: Number(form.get(`line-${place}`)) }));
        give({ returned: lines.filter((line) => line.quantity > 0), note: form.get("note").trim(), rest: form.has("rest") });
      }}>
      ${issue.lines.map((line, place) => html`<label class="field">${sizeOf(line)}, of ${number(line.quantity)}<input name="line-${place}" type="number" inputmode="numeric" min="0" max=${line.quantity} step="1" required .value=${String(line.quantity)} /></label>`)}
      <label class="check"><input type="checkbox" name="rest" checked /> Mark the issue as done</label>
      ${note}${buttons(give, "Return to stock")}
    </form>`,
  );
  if (!answer) return;
  const units = answer.returned.reduce((sum, line) => sum + line.quantity, 0);
  const body = { returned: answer.returned, note: answer.note, ...(answer.rest ? { then: "done" } : {}) };
  if (units || answer.rest) await settle(issue, body, units ? `${plural(units, "unit")} returned to stock.` : "Marked as done; no units were returned.", after);
}

/** The refundable rest of a payment, as money; empty if Stripe did not report it. */
const leftOf = (paid) => (paid ? paidMoney(Math.max(0, Math.round((paid.amount - paid.refunded) * 1000) / 1000), paid.currency) : "");

function aboutRefund(issue) {
  const { paid, lines } = issue;
  const units = lines.map((line) => `${number(line.quantity)} × ${sizeOf(line)}`).join(", ");
  const about = units ? html`<br />Units: ${units}.` : nothing;
  if (!paid) return html`Stripe refunds the full remaining amount of payment ${issue.payment}. Stripe did not report the amount and the buyer just now.${about}<br />This cannot be undone.`;
  const whole = paid.refunded ? html`the remaining amount of ${paidMoney(paid.amount, paid.currency)}` : "the whole payment";
  return html`Stripe refunds <b>${leftOf(paid)}</b> to <b>${paid.buyer ?? "the buyer"}</b>: ${whole}, paid on ${when(paid.at)}.${about}<br />This cannot be undone.`;
}

/** The paid amount, the buyer and the time. */
const money = ({ paid }) => (paid ? html`<b class="number">${paidMoney(paid.amount, paid.currency)}</b>${paid.refunded ? html`<small class="block">${paidMoney(paid.refunded, paid.currency)} refunded</small>` : nothing}
  ${paid.buyer ? html`<small class="block buyer">${paid.buyer}</small>` : nothing}<small class="quiet block">${when(paid.at)}</small>` : html`<span class="quiet">–</span>`);

const act = (words, what, run) => html`<button type="button" class="quiet small" aria-label="${words.replace(" …", "")}: ${what}" @click=${run}>${words}</button>`;

function actions(issue, can, after) {
  if (!can.stock || issue.progress !== "open") return nothing;
  const some = issue.lines.length > 0;
  const what = `${issue.title} ${issue.payment ?? ""}`;
  const refund = () => decide(issue, "Refund this payment?", aboutRefund(issue), `Refund ${leftOf(issue.paid)}`.trim(), "refund", "The refund is in progress.", after, "danger");
  const keep = () => decide(issue, "Keep it as a backorder?", "The buyer waits for the units. The next incoming goods fill the backorder automatically.", "Keep as backorder", "done", "Kept as a backorder.", after);
  const done = () => decide(issue, "Mark as done?", "The issue is removed from the list.", "Mark as done", "done", "Marked as done.", after);
  const aside = () => decide(issue, "Dismiss this issue?", "The issue is removed from the list. Nothing else changes.", "Dismiss", "dismissed", "Dismissed.", after);
  const owes = ["late_payment", "backorder"].includes(issue.concern) && some;
  return html`<div class="row-actions">
    ${issue.concern === "refunded" && some ? act("Return to stock …", what, () => takeBack(issue, after)) : nothing}
    ${owes ? act("Keep as backorder …", what, keep) : nothing}
    ${can.admin && ["late_payment", "second_payment", "backorder", "refund_failed", "amount_differs", "payment_reused"].includes(issue.concern) ? act("Refund …", what, refund) : nothing}
    ${owes ? nothing : act("Done …", what, done)}
    ${act("Dismiss …", what, aside)}
  </div>`;
}

const payment = (issue) => html`<small class="quiet id" title=${issue.payment ?? ""}>${issue.payment}</small>
  ${issue.reservationId ? html`<span class="links"><a href="/admin/holds.html?id=${encodeURIComponent(issue.reservationId)}">hold</a></span>` : nothing}`;

/** The list of issues. `can` are rights; `after` runs when an issue was resolved. */
export function issueList(label, rows, can, after, current) {
  const state = (issue) => {
    const [kind, words] = PROGRESS[issue.progress] ?? ["", issue.progress];
    return issue.progress === "open" ? nothing : html` <span class="badge ${kind}">${words}</span>`;
  };
  const columns = [
    ["Issue", (issue) => html`<b>${issue.title}</b>${state(issue)}<small class="quiet block">${about(issue)}</small>${FACTS.includes(issue.concern) && issue.note ? html`<small class="block">${issue.note}</small>` : nothing}${!FACTS.includes(issue.concern) && issue.note && issue.progress !== "open" ? html`<small class="block">“${issue.note}”</small>` : nothing}`, "title"],
    ["Units", (issue) => (issue.lines.length ? issue.lines.map((line) => html`<div><b class="number">${number(line.quantity)}</b> × ${toHistory(line)}</div>`) : html`<span class="quiet">–</span>`)],
    ["Paid", money],
    ["Since", (issue) => moment(issue.openedAt)],
    ["Payment", payment],
  ];
  if (can.stock && rows.some((issue) => issue.progress === "open")) columns.push(["Decide", (issue) => actions(issue, can, after), "act"]);
  return listing(label, columns, rows, { key: (issue) => issue.id, current });
}
