// Stock updates: sent with the seen value, shown at once, reverted if refused.

import { api } from "/admin/lib/session.js";
import { number, signed, ungrouped } from "/admin/lib/format.js";
import { toast } from "/admin/components/toast.js";

export const REASONS = ["Correction", "Count", "Received", "Return", "Damaged", "Loss", "Promotion"];
const MOST = 1_000_000_000;

/** Parses the text of a cell: `{set}`, `{adjust}`, or `{error}`. */
export function parse(text, present) {
  const [, sign, digits] = /^([+-]?\s?)(.*)$/s.exec(text.trim().replace("−", "-"));
  const trimmed = sign + ungrouped(digits);
  const relative = /^[+-]\s?(\d{1,10})$/.exec(trimmed);
  if (relative) {
    const by = Number(relative[1]) * (trimmed[0] === "-" ? -1 : 1);
    if (present + by < 0) return { error: `Only ${number(present)} on hand.` };
    return { adjust: by };
  }
  if (!/^\d{1,10}$/.test(trimmed) || Number(trimmed) > MOST) {
    return { error: "Enter a whole number, or a change such as +5 or -3." };
  }
  return { set: Number(trimmed) };
}

const changes = []; // the user's own changes, the latest last: {changeId, after, close}; close() closes its message
let undoing = false;
const pending = new Set(); // changes that were sent and are not answered yet

/** Remembers a sent change until its answer is there, so that Ctrl+Z undoes it and not the one before. */
export function track(change) {
  const forget = () => pending.delete(change);
  pending.add(change);
  change.then(forget, forget);
  return change;
}

/** Keeps a change for Ctrl+Z and offers to undo it. */
export function offerUndo(changeId, text, after = () => {}) {
  if (!changeId) {
    toast(text);
    return;
  }
  changes.push({ changeId, after, close: toast(text, { action: { label: "Undo", run: () => undo(changeId, after) } }) });
}

/** Undoes a change with balancing entries; the undo can be undone. */
export async function undo(changeId, after = () => {}, { partial = false } = {}) {
  if (undoing) return;
  undoing = true;
  try {
    const answer = await api("/api/admin/undo", { body: { changeId, partial } });
    changes.find((change) => change.changeId === changeId)?.close(); // its Undo no longer works
    toast(toldUndone(answer), { action: { label: "Redo", run: () => undo(answer.changeId, after) } });
    after(answer);
  } catch (error) {
    cannot(changeId, after, error);
  } finally {
    undoing = false;
    const at = changes.findIndex((change) => change.changeId === changeId);
    if (at >= 0) changes.splice(at, 1);
  }
}

function cannot(changeId, after, error) {
  const action = error.problem?.rest ? { label: `Undo the other ${number(error.problem.rest)}`, run: () => undo(changeId, after, { partial: true }) } : null;
  toast(error.message, { error: true, action });
}

function toldUndone(answer) {
  const [row, ...more] = answer.rows;
  if (!row || more.length) return answer.message;
  return `Undone. ${[row.name, row.size].filter(Boolean).join(" ")}: ${row.changes.map(({ field, from, to }) => `${FIELDS[field] ?? field} ${shown(from)} → ${shown(to)}`).join(", ")}.`;
}

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.shiftKey || event.altKey) return;
  // A field with typed text has its own undo; an unchanged number has none.
  const field = event.target.closest?.("input:not([type=checkbox]), textarea, select");
  const clean = field && (field.closest("fm-stock") ? !field.hasAttribute("data-unsent") : !field.value);
  const waiting = pending.size > 0;
  if ((field && !clean) || !(changes.length || waiting) || (document.querySelector("dialog[open]") && !waiting)) return;
  event.preventDefault();
  track((lastUndo = undoLast(lastUndo, [...pending])));
});

let lastUndo = Promise.resolve();

/** Undoes the user's latest change, once everything that was sent before is answered. */
async function undoLast(before, sent) {
  await Promise.allSettled([before, ...sent]);
  const last = changes.at(-1);
  if (last) await undo(last.changeId, last.after);
}

/** The row of `update` for a SKU. */
const rowOf = (row, more) => ({ productId: row.productId, size: row.size, ...more });

/** Sends one change. `values` is `{stock}`, `{adjustStock}`, or another field with its value; `was` is the
 * seen value; `location` is where it applies; `key` makes repetitions safe. Returns `{ok, changeId}`, `{stale}` with the failed row, `{ended}` if
 * the session has ended, or `{failed}` with a text.
 */
export async function send(row, values, was, reason, key, location) {
  const update = rowOf(row, { ...values, ...(was ? { was } : {}), ...(reason ? { reason } : {}), ...(location ? { location } : {}) });
  try {
    const answer = await api("/api/inventory/update", { body: { updates: [update] }, headers: { "Idempotency-Key": key } });
    const [failed] = answer.results.details.failed;
    if (!failed) return { ok: answer.results.details.successful[0], changeId: answer.changeId };
    return failed.code === "stale" ? { stale: failed } : { failed: failed.reason };
  } catch (error) {
    if (error.status === 401) return { ended: true };
    return { failed: error.message };
  }
}

const FIELDS = { stock: "on hand", lowStockThreshold: "threshold", soldOut: "sold out", restockDate: "restock date", skuId: "SKU id", priceId: "Stripe price", archived: "off sale" };
const shown = (value) => (typeof value === "number" ? number(value) : value === true ? "yes" : value === false ? "no" : (value ?? "none"));

/** "HOODIE M: on hand 20 → 25". */
export function describe(row, field, from, to) {
  const by = field === "stock" ? ` (${signed(to - from)})` : "";
  return `${row.name} ${row.size}: ${FIELDS[field]} ${shown(from)} → ${shown(to)}${by}.`;
}
