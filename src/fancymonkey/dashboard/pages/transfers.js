// The page of transfers: the list, and one transfer with its steps.

import { html, nothing } from "/admin/lib/lit.js";
import { ReceiveForm } from "/admin/forms/receive-form.js";
import { askForTransfer, askToSend, askWhereabouts, confirm } from "/admin/forms/transfer-dialogs.js";
import { date, money, number, plural, setCurrency, wordFor } from "/admin/lib/format.js";
import { Page, getJson, filters, main, moment } from "/admin/lib/data-page.js";
import { sizeOf } from "/admin/components/responsive-table.js";
import { api, whoAmI } from "/admin/lib/session.js";
import { toast } from "/admin/components/toast.js";

const API = "/api/admin/transfers";
const WORDS = { draft: "Draft", in_transit: "In transit", partly_received: "Partly received", received: "Received", closed_short: "Closed short", cancelled: "Cancelled" };
const BADGE = { draft: "", in_transit: "warn", partly_received: "warn", received: "good", closed_short: "wrong", cancelled: "" };
const FILTERS = { open: "Open", overdue: "Overdue", all: "All" };

let own = null; // the locations that the user is limited to; null: all
const isOwn = (id) => !own || own.includes(id);

const view = filters(["status", "id"], () => page.read());

async function load() {
  const { status, id } = view.values;
  const answer = await getJson(API, id ? { id } : { status: status || "open" });
  own = (await whoAmI()).user.locations ?? null;
  setCurrency(answer.currency);
  return answer;
}

/* Steps. */

/** Sends a step with a key of its own, so that a repetition has one effect. Returns its answer. */
async function step(path, body, words) {
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
  const repeat = async () => {
    try {
      const answer = await api(API + path, { body, headers: { "Idempotency-Key": key } });
      await (path ? page.read({ quiet: true }) : view.set({ id: answer.transfer.id }));
      toast(words(answer.transfer));
      return answer;
    } catch (error) {
      const unknown = !error.status;
      toast(error.message, { error: true, ...(unknown ? { action: { label: "Retry", run: repeat } } : {}) });
      if (!unknown) await page.read({ quiet: true });
      return null;
    }
  };
  return repeat();
}

const named = (transfer) => `Transfer ${number(transfer.number)}`;

async function add(locations) {
  const body = await askForTransfer(locations, locations.filter(({ id }) => isOwn(id)));
  if (body) await step("", body, (transfer) => `${named(transfer)} is saved as a draft.`);
}

async function send(transfer) {
  const body = await askToSend(transfer);
  if (body) await step("/send", { id: transfer.id, version: transfer.version, ...body }, (sent) => `${named(sent)} is on its way.`);
}

async function close(transfer) {
  const body = await askWhereabouts(`Close ${named(transfer).toLowerCase()}`, `${plural(transfer.inTransit, "unit")} did not arrive.`, isOwn(transfer.from) ? ["lost", "came_back", "found"] : ["lost", "found"]);
  if (body) await step("/close", { id: transfer.id, version: transfer.version, ...body }, (closed) => `${named(closed)}: ${WORDS[closed.status].toLowerCase()}.`);
}

async function cancel(transfer) {
  const head = { id: transfer.id, version: transfer.version };
  const done = () => `${named(transfer)} is cancelled.`;
  if (transfer.status === "draft") {
    const sure = await confirm(`Cancel ${named(transfer).toLowerCase()}?`, "No unit has moved yet.", "Cancel the transfer");
    if (sure) await step("/cancel", head, done);
    return;
  }
  const body = await askWhereabouts(`Cancel ${named(transfer).toLowerCase()}`, `${plural(transfer.inTransit, "unit")} ${wordFor(transfer.inTransit, "is", "are")} on the way.`, ["came_back", "lost"]);
  if (body) await step("/cancel", { ...head, ...body }, done);
}

async function undo(transfer, receipt) {
  const sure = await confirm("Undo this receipt?", "Its units are in transit again.", "Undo the receipt");
  if (sure) await step("/undo-receipt", { id: transfer.id, version: transfer.version, receipt }, () => "The receipt is undone.");
}

const form = new ReceiveForm(() => page.draw(), (path, body) => step(path, body, (transfer) => `Received. ${named(transfer)}: ${WORDS[transfer.status].toLowerCase()}.`));

/* Drawing. */

const badge = (transfer) => html`<span class="badge ${BADGE[transfer.status]}">${WORDS[transfer.status]}</span>`;
const planned = (transfer) => transfer.lines.reduce((sum, line) => sum + (line.sent || line.quantity), 0);
const late = (transfer) => (transfer.overdueDays ? html`<b class="bad">${plural(transfer.overdueDays, "day")} overdue, ${money(transfer.value)}</b>` : nothing);
const expected = (transfer) => (transfer.expectedAt ? `Expected ${date(transfer.expectedAt)}.` : "");

function card(transfer) {
  const open = (event) => {
    event.preventDefault();
    view.set({ id: transfer.id });
  };
  return html`<a class="transfer" href="?id=${transfer.id}" @click=${open}>
    <b>${number(transfer.number)}: ${transfer.fromName} → ${transfer.toName}</b>${badge(transfer)}
    <p>${plural(planned(transfer), "unit")} of ${plural(transfer.lines.length, "size")}${transfer.inTransit ? `, ${number(transfer.inTransit)} on the way` : ""}. ${expected(transfer)} ${late(transfer)}</p>
  </a>`;
}

function list(data) {
  const chosen = view.values.status || "open";
  const chip = ([status, words]) => html`<button type="button" class="chip" aria-pressed=${chosen === status} @click=${() => view.set({ status: status === "open" ? "" : status })}>${words}${status === "overdue" && data.overdue.transfers ? ` ${number(data.overdue.transfers)}` : ""}</button>`;
  return html`<div class="chips" role="group" aria-label="Filters">${Object.entries(FILTERS).map(chip)}</div>
    ${data.transfers.length ? html`<div class="transfers">${data.transfers.map(card)}</div>` : html`<div class="empty"><p>${chosen === "open" ? "No open transfers." : "No transfers match."}</p></div>`}`;
}

function ends(transfer) {
  const row = (words, value) => (value ? html`<div><dt>${words}</dt><dd>${value}</dd></div>` : nothing);
  return html`<dl class="ends">
    ${row("From", html`${transfer.fromName}${transfer.fromAddress ? html`<br /><small class="quiet">${transfer.fromAddress}</small>` : nothing}`)}
    ${row("To", html`${transfer.toName}${transfer.toAddress ? html`<br /><small class="quiet">${transfer.toAddress}</small>` : nothing}`)}
    ${row("Expected", transfer.expectedAt && html`${date(transfer.expectedAt)} ${late(transfer)}`)}
    ${row("Tracking number", transfer.trackingNumber)}
    ${row("Sent", transfer.sentAt && moment(transfer.sentAt))}
    ${row("Planned by", transfer.createdBy)}
    ${row("Note", transfer.note)}
  </dl>`;
}

function lineOf(line) {
  const parts = [["sent", line.sent], ["accepted", line.accepted], ["rejected", line.rejected], ["on the way", line.inTransit], ["back at the source", line.cameBack], ["lost", line.lost], ["found", line.found]];
  const words = parts.filter(([, units]) => units).map(([name, units]) => `${number(units)} ${name}`);
  return html`<li><b>${sizeOf(line)}</b><p>${[`${number(line.quantity)} planned`, ...words].join(", ")}</p></li>`;
}

function receipts(transfer, editable) {
  if (!transfer.receipts.length) return nothing;
  const numbers = [...new Set(transfer.receipts.map((receipt) => receipt.number))].reverse();
  return html`<section class="part" aria-labelledby="receipts"><h2 id="receipts">Receipts</h2><ul class="sizes">${numbers.map((at) => {
    const rows = transfer.receipts.filter((receipt) => receipt.number === at);
    const [first] = rows;
    const words = (row) => `${sizeOf(row)}: ${number(row.accepted)} accepted${row.rejected ? `, ${number(row.rejected)} rejected` : ""}${row.found ? `, ${number(row.found)} of them found` : ""}`;
    return html`<li><b>${first.actor || "A user"}</b> <small class="quiet">${moment(first.at)}</small>${rows.map((row) => html`<p>${words(row)}</p>`)}
      ${first.undone ? html`<p><span class="badge">Undone</span></p>` : editable && transfer.status !== "cancelled" ? html`<p><button type="button" class="quiet" @click=${() => undo(transfer, at)}>Undo receipt …</button></p>` : nothing}</li>`;
  })}</ul></section>`;
}

function detail(transfer, editable) {
  const onTheWay = ["in_transit", "partly_received"].includes(transfer.status);
  const [sends, receives] = [transfer.from, transfer.to].map((end) => editable && isOwn(end));
  const button = (words, run, look = "quiet") => html`<button type="button" class=${look} @click=${() => run(transfer)}>${words}</button>`;
  const steps = !editable ? nothing : html`<div class="steps">
    ${sends && transfer.status === "draft" ? button("Send …", send, "button") : nothing}
    ${receives && onTheWay ? button("Close …", close) : nothing}
    ${sends && ["draft", "in_transit"].includes(transfer.status) ? button("Cancel the transfer …", cancel) : nothing}
  </div>`;
  return html`${ends(transfer)}
    ${onTheWay && receives ? form.draw(transfer) : html`<ul class="sizes">${transfer.lines.map(lineOf)}</ul>`}
    ${steps}${receipts(transfer, receives)}`;
}

function body(data, page_) {
  const editable = page_.can("stock");
  if (view.values.id) {
    const [transfer] = data.transfers;
    const back = html`<button type="button" class="quiet" @click=${() => view.set({ id: "" })}>All transfers</button>`;
    if (!transfer) return { state: "This transfer does not exist.", actions: back, content: nothing };
    return { state: `${named(transfer)}: ${WORDS[transfer.status].toLowerCase()}.`, actions: back, content: detail(transfer, editable) };
  }
  const { transfers, days, units, value } = data.overdue;
  const overdue = transfers ? `${plural(transfers, "transfer")} overdue for up to ${plural(days, "day")}: ${plural(units, "unit")}, ${money(value)}.` : "No transfer is overdue.";
  const several = data.locations.length > 1;
  return {
    state: overdue,
    actions: editable && several ? html`<button type="button" class="button" @click=${() => add(data.locations)}>New transfer …</button>` : nothing,
    content: several || data.transfers.length ? list(data) : html`<div class="empty"><p>A transfer moves units between two locations. This shop has one location.</p></div>`,
  };
}

main.replaceChildren();
const page = new Page("Transfers", load, body, { live: 300, every: 30_000 });
page.read();
