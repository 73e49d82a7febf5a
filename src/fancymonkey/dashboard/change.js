// Changing stock: what was typed, sent with what was seen, shown at once, taken back where it is refused.

import { api } from "/admin/session.js";
import { number, signed, ungrouped } from "/admin/format.js";
import { toast } from "/admin/toast.js";

export const REASONS = ["Correction", "Count", "Received", "Return", "Damaged", "Loss", "Promotion"];
const MOST = 1_000_000_000;

/** What a number typed into a cell means: `{set}`, `{adjust}`, or `{error}`. */
export function parse(text, present) {
  const [, sign, digits] = /^([+-]?\s?)(.*)$/s.exec(text.trim().replace("−", "-"));
  const trimmed = sign + ungrouped(digits);
  const relative = /^[+-]\s?(\d{1,10})$/.exec(trimmed);
  if (relative) {
    const by = Number(relative[1]) * (trimmed[0] === "-" ? -1 : 1);
    if (present + by < 0) return { error: `${number(present)} on hand: only so many can be taken off.` };
    return { adjust: by };
  }
  if (!/^\d{1,10}$/.test(trimmed) || Number(trimmed) > MOST) {
    return { error: "A whole number, or +5 and -3." };
  }
  return { set: Number(trimmed) };
}

const acts = []; // one's own, the latest last: {act, after, close}, the last of which closes its message
let undoing = false;

/** Remembers an act for Ctrl+Z and offers to undo it. */
export function offerUndo(act, text, after = () => {}) {
  if (!act) {
    toast(text);
    return;
  }
  acts.push({ act, after, close: toast(text, { action: { label: "Undo", run: () => undo(act, after) } }) });
}

/** Undoes an act by entries that balance it; what is undone can be done again. */
export async function undo(act, after = () => {}, { partial = false } = {}) {
  if (undoing) return;
  undoing = true;
  try {
    const answer = await api("/api/admin/undo", { body: { act, partial } });
    acts.find((kept) => kept.act === act)?.close(); // its Undo leads nowhere any more
    toast(toldUndone(answer), { action: { label: "Redo", run: () => undo(answer.act, after) } });
    after(answer);
  } catch (error) {
    cannot(act, after, error);
  } finally {
    undoing = false;
    const at = acts.findIndex((kept) => kept.act === act);
    if (at >= 0) acts.splice(at, 1);
  }
}

function cannot(act, after, error) {
  const rest = error.problem?.rest ? { label: `Undo the other ${number(error.problem.rest)}`, run: () => undo(act, after, { partial: true }) } : null;
  toast(error.message, { error: true, action: rest });
}

function toldUndone(answer) {
  const [row, ...more] = answer.rows;
  if (!row || more.length) return answer.message;
  return `Undone. ${[row.name, row.size].filter(Boolean).join(" ")}: ${row.changes.map(({ field, from, to }) => `${FIELDS[field] ?? field} ${shown(from)} → ${shown(to)}`).join(", ")}.`;
}

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.shiftKey || event.altKey) return;
  // A field in which something was typed has an undo of its own; a number as it is has none to lose.
  const field = event.target.closest?.("input:not([type=checkbox]), textarea, select");
  const clean = field && (field.closest("fm-stock") ? !field.hasAttribute("data-unsent") : !field.value);
  const last = acts.at(-1);
  if ((field && !clean) || !last || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  undo(last.act, last.after);
});

/** A row of `update` for a SKU. */
const rowOf = (row, more) => ({ productId: row.productId, size: row.size, ...more });

/**
 * Sends one change. `wish` is `{stock}`, `{adjustStock}`, or another field with its value; `was` what was
 * seen; `key` makes a repetition one. Gives `{ok, act}`, `{stale}` with the row's failure, `{ended}` where
 * the session has, or `{failed}` with words.
 */
export async function send(row, wish, was, reason, key) {
  const update = rowOf(row, { ...wish, ...(was ? { was } : {}), ...(reason ? { reason } : {}) });
  try {
    const answer = await api("/api/inventory/update", { body: { updates: [update] }, headers: { "Idempotency-Key": key } });
    const [failed] = answer.results.details.failed;
    if (!failed) return { ok: answer.results.details.successful[0], act: answer.act };
    return failed.code === "stale" ? { stale: failed } : { failed: failed.reason };
  } catch (error) {
    if (error.status === 401) return { ended: true };
    return { failed: error.message };
  }
}

const FIELDS = { stock: "on hand", lowStockThreshold: "threshold", soldOut: "sold out", restockDate: "restock date", skuId: "SKU id", priceId: "Stripe price", archived: "off sale" };
const shown = (value) => (typeof value === "number" ? number(value) : value === true ? "yes" : value === false ? "no" : (value ?? "none"));

/** "HOODIE M: on hand 20 → 25". */
export function told(row, field, from, to) {
  const by = field === "stock" ? ` (${signed(to - from)})` : "";
  return `${row.name} ${row.size}: ${FIELDS[field]} ${shown(from)} → ${shown(to)}${by}.`;
}
