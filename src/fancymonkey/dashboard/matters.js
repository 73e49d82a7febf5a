// What has to be decided about payments, and what can be done about each.

import { html, nothing } from "/admin/dom.js";
import { ask as question } from "/admin/dialogs.js";
import { number, paidMoney, plural, when } from "/admin/format.js";
import { listing, sizeOf, toHistory } from "/admin/listing.js";
import { moment } from "/admin/page.js";
import { api } from "/admin/session.js";
import { toast } from "/admin/toast.js";

export const CONCERNS = {
  late_payment: ["Late payment", (some) => (some ? "The money came after the hold had ended. What was there is sold; these units are owed." : "The money came after the hold had ended. No units are owed.")],
  backorder: ["Backorder", () => "Paid, and not on the shelf. Goods that come in fill it by themselves."],
  second_payment: ["Paid twice", () => "A hold that was paid already is paid again. Nothing was sold for it."],
  refunded: ["Refunded", (some) => (some ? "The money went back at Stripe. Say what comes back to the shelf." : "The money went back at Stripe.")],
  refund_failed: ["Refund failed", () => "The money that was given back has not reached the buyer. Give it another way, or try again."],
  amount_differs: ["Amount differs", () => "The money is not what was held would cost. The units are sold; look at the payment at Stripe, and refund or ship what is missing."],
  payment_reused: ["One payment, two holds", () => "One payment has bought two holds. Look which of them the buyer is to get."],
  foreign_payment: ["Foreign payment", () => "A payment of another Stripe account, or of the other mode, names a hold of this shop. Nothing was sold for it."],
  disputed: ["Disputed", () => "The buyer's bank disputes the payment. No stock has moved: stop the parcel, or take the units back under Stock once they are here."],
  not_paid: ["No payment found", () => "The hold counts as paid, and Stripe knows of no payment."],
};
const FACTS = ["amount_differs", "payment_reused", "foreign_payment", "disputed"]; // their note has the facts
const PROGRESS = { due: ["backordered", "Refund under way"], done: ["good", "Done"], dismissed: ["", "Put aside"] };

async function settle(matter, body, done, after) {
  try {
    await api("/api/payments/matters/settle", { body: { matterId: matter.id, ...body } });
    toast(done);
  } catch (error) {
    toast(`It was not settled. ${error.message}`, { error: true, action: { label: "Retry", run: () => settle(matter, body, done, after) } });
  }
  after();
}

const note = html`<label class="field">Note, for yourselves<input name="note" maxlength="500" /></label>`;
const buttons = (give, words, kind = "") => html`<div class="actions"><button type="button" class="quiet" @click=${() => give(null)}>Cancel</button><button class="button ${kind}">${words}</button></div>`;

/** Asks once more, with room for a note, and settles it. */
async function decide(matter, title, words, label, then, done, after, kind = "") {
  const told = await question(
    title,
    (give) => html`<form @submit=${(event) => { event.preventDefault(); give(new FormData(event.target).get("note").trim()); }}>
      <p>${words}</p>${note}${buttons(give, label, kind)}
    </form>`,
  );
  if (told !== null) await settle(matter, { then, note: told }, done, after);
}

async function takeBack(matter, after) {
  const answer = await question(
    "What comes back to the shelf?",
    (give) => html`<form @submit=${(event) => {
        event.preventDefault();
        const form = new FormData(event.target);
        const lines = matter.lines.map((line, place) => ({ productId: line.productId, size: line.size, quantity: Number(form.get(`line-${place}`)) }));
        give({ returned: lines.filter((line) => line.quantity > 0), note: form.get("note").trim(), rest: form.has("rest") });
      }}>
      ${matter.lines.map((line, place) => html`<label class="field">${sizeOf(line)}, of ${number(line.quantity)}<input name="line-${place}" type="number" inputmode="numeric" min="0" max=${line.quantity} step="1" required .value=${String(line.quantity)} /></label>`)}
      <label class="check"><input type="checkbox" name="rest" checked /> With that it is settled</label>
      ${note}${buttons(give, "Take back")}
    </form>`,
  );
  if (!answer) return;
  const units = answer.returned.reduce((sum, line) => sum + line.quantity, 0);
  const body = { returned: answer.returned, note: answer.note, ...(answer.rest ? { then: "done" } : {}) };
  if (units || answer.rest) await settle(matter, body, units ? `${plural(units, "unit")} back in stock.` : "Settled; nothing came back.", after);
}

/** What of a payment can still go back, as money; empty where Stripe did not say. */
const leftOf = (paid) => (paid ? paidMoney(Math.max(0, Math.round((paid.amount - paid.refunded) * 1000) / 1000), paid.currency) : "");

function aboutRefund(matter) {
  const { paid, lines } = matter;
  const units = lines.map((line) => `${number(line.quantity)} × ${sizeOf(line)}`).join(", ");
  const about = units ? html`<br />It is about ${units}.` : nothing;
  if (!paid) return html`Stripe gives back all that is left of the payment ${matter.payment}. How much that is and who paid it, Stripe did not say just now.${about}<br />This cannot be undone.`;
  const whole = paid.refunded ? html`all that is left of ${paidMoney(paid.amount, paid.currency)}` : "the whole payment";
  return html`Stripe gives <b>${leftOf(paid)}</b> back to <b>${paid.buyer ?? "the buyer"}</b>: ${whole}, paid on ${when(paid.at)}.${about}<br />This cannot be undone.`;
}

/** How much was paid, by whom and when. */
const money = ({ paid }) => (paid ? html`<b class="number">${paidMoney(paid.amount, paid.currency)}</b>${paid.refunded ? html`<small class="block">${paidMoney(paid.refunded, paid.currency)} refunded</small>` : nothing}
  ${paid.buyer ? html`<small class="block buyer">${paid.buyer}</small>` : nothing}<small class="quiet block">${when(paid.at)}</small>` : html`<span class="quiet">–</span>`);

const act = (words, what, run) => html`<button type="button" class="quiet small" aria-label="${words.replace(" …", "")}: ${what}" @click=${run}>${words}</button>`;

function actions(matter, can, after) {
  if (!can.stock || matter.progress !== "open") return nothing;
  const some = matter.lines.length > 0;
  const what = `${CONCERNS[matter.concern]?.[0] ?? matter.concern} ${matter.payment ?? ""}`;
  const refund = () => decide(matter, "Give the money back?", aboutRefund(matter), `Refund ${leftOf(matter.paid)}`.trim(), "refund", "The refund is under way.", after, "danger");
  const keep = () => decide(matter, "Keep it as a backorder?", "The buyer waits. The next goods that come in are theirs, without anybody doing anything.", "Keep as backorder", "done", "Kept as a backorder.", after);
  const done = () => decide(matter, "Is it settled?", "It leaves the list of what has to be decided.", "Mark as done", "done", "Marked as done.", after);
  const aside = () => decide(matter, "Put it aside?", "It leaves the list. Nothing else happens.", "Put aside", "dismissed", "Put aside.", after);
  const owes = ["late_payment", "backorder"].includes(matter.concern) && some;
  return html`<div class="row-actions">
    ${matter.concern === "refunded" && some ? act("Take back …", what, () => takeBack(matter, after)) : nothing}
    ${owes ? act("Keep as backorder …", what, keep) : nothing}
    ${can.admin && ["late_payment", "second_payment", "backorder", "refund_failed", "amount_differs", "payment_reused"].includes(matter.concern) ? act("Refund …", what, refund) : nothing}
    ${owes ? nothing : act("Done …", what, done)}
    ${act("Put aside …", what, aside)}
  </div>`;
}

const payment = (matter) => html`<small class="quiet id" title=${matter.payment ?? ""}>${matter.payment}</small>
  ${matter.reservationId ? html`<span class="links"><a href="/admin/holds.html?id=${encodeURIComponent(matter.reservationId)}">hold</a></span>` : nothing}`;

/** The list. `can` are rights; `after` runs when one was settled. */
export function matterList(label, rows, can, after, current) {
  const state = (matter) => {
    const [kind, words] = PROGRESS[matter.progress] ?? ["", matter.progress];
    return matter.progress === "open" ? nothing : html` <span class="badge ${kind}">${words}</span>`;
  };
  const columns = [
    ["What", (matter) => html`<b>${CONCERNS[matter.concern]?.[0] ?? matter.concern}</b>${state(matter)}<small class="quiet block">${CONCERNS[matter.concern]?.[1](matter.lines.length > 0)}</small>${FACTS.includes(matter.concern) && matter.note ? html`<small class="block">${matter.note}</small>` : nothing}${!FACTS.includes(matter.concern) && matter.note && matter.progress !== "open" ? html`<small class="block">“${matter.note}”</small>` : nothing}`, "title"],
    ["Units", (matter) => (matter.lines.length ? matter.lines.map((line) => html`<div><b class="number">${number(line.quantity)}</b> × ${toHistory(line)}</div>`) : html`<span class="quiet">–</span>`)],
    ["Paid", money],
    ["Since", (matter) => moment(matter.openedAt)],
    ["Payment", payment],
  ];
  if (can.stock && rows.some((matter) => matter.progress === "open")) columns.push(["Decide", (matter) => actions(matter, can, after), "act"]);
  return listing(label, columns, rows, { key: (matter) => matter.id, current });
}
