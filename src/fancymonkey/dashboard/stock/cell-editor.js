// Edits of cells: sent with the seen value, shown at once, reverted if refused.

import { askReason, askStale } from "/admin/components/dialogs.js";
import { describe, offerUndo, parse, send, track } from "/admin/stock/stock-update.js";
import { number, signed } from "/admin/lib/format.js";
import { toast } from "/admin/components/toast.js";

const STEPS = 600; // three taps are one change by three

export class Editing {
  reason = ""; // for all further changes; if empty, a reason is asked for when stock is reduced

  #stock;
  #table;
  #turns = new Map(); // sku -> the previous change, so that changes arrive in order
  #sent = new Set();
  #steps = new Map(); // sku -> {by, back, timer}

  /** `table()` returns the table while there is one. */
  constructor(stock, table) {
    this.#stock = stock;
    this.#table = table;
  }

  /** Whether a change is being sent or about to be sent. */
  get busy() {
    return this.#sent.size + this.#steps.size > 0;
  }

  /** The changes being sent, as drafts. */
  get unsent() {
    const sent = [...this.#sent].map(({ sku, field, text, seen }) => ({ sku, field, text, seen }));
    const steps = [...this.#steps].map(([sku, { by }]) => ({ sku, field: "stock", text: signed(by), seen: this.#stock.rows.get(sku).stock }));
    return [...sent, ...steps].filter(({ text }) => text !== undefined);
  }

  /** Takes a typed number, or shows the error and keeps the text. */
  async edit(event) {
    const { sku, field, text, seen, move } = event.detail;
    const row = this.#stock.row(sku);
    const values = field === "stock" ? parse(text, row.stock) : threshold(text);
    const fault = values.error ?? (this.#stock.online === false ? "Not saved: the connection is lost. Your change is kept." : null);
    if (fault) {
      event.preventDefault();
      this.#table().refuse(sku, field, fault);
      return;
    }
    const value = values.set ?? row.stock + values.adjust;
    const change = { sku, field, value, adjust: values.adjust, seen, text, reason: this.reason };
    if (field === "stock" && value < seen && !change.reason) {
      change.reason = await askReason(`${row.name} ${row.size}: ${number(seen)} → ${number(value)}`);
      if (change.reason === null) return;
      if (move) this.#table()?.go(sku, field, move);
    }
    await this.save(change);
  }

  /** Changes by one; several taps become one change. */
  step(sku, by) {
    const row = this.#stock.row(sku);
    if (this.#stock.online === false || row.stock + by < 0) return;
    const before = this.#steps.get(sku);
    before?.back();
    clearTimeout(before?.timer);
    const sum = (before?.by ?? 0) + by;
    if (!sum) {
      this.#steps.delete(sku);
      return;
    }
    const base = this.#stock.row(sku).stock;
    const back = this.#stock.expect(sku, { stock: base + sum });
    const timer = setTimeout(() => {
      this.#steps.delete(sku);
      back();
      const reason = this.reason || (sum < 0 ? "Correction" : "");
      this.save({ sku, field: "stock", value: base + sum, adjust: sum, seen: base, text: signed(sum), reason });
    }, STEPS);
    this.#steps.set(sku, { by: sum, back, timer });
  }

  /** Sends a change `{sku, field, value, adjust, seen, text, reason}`. */
  async save(change) {
    const { sku, field, value, adjust, seen, reason } = change;
    const from = this.#stock.row(sku)[field];
    change.key ??= crypto.randomUUID();
    const back = this.#stock.expect(sku, { [field]: value });
    this.#table()?.show(sku, field);
    this.#sent.add(change);
    let heard = 0;
    const values = adjust === undefined ? { [field]: value } : { adjustStock: adjust };
    const was = adjust === undefined ? { [field]: seen } : null;
    const turn = (this.#turns.get(sku) ?? Promise.resolve()).then(() => {
      heard = this.#stock.heard(sku);
      return send(this.#stock.rows.get(sku), values, was, reason, change.key, this.#stock.location);
    });
    this.#turns.set(sku, turn);
    const answer = await track(turn);
    if (this.#turns.get(sku) === turn) this.#turns.delete(sku);
    if (answer.ended) return; // the page keeps it until the next login
    this.#sent.delete(change);
    if (answer.ok) this.#stock.confirm(sku, confirmed(answer.ok, field, value), heard);
    back();
    this.#table()?.show(sku, field);
    if (answer.ok) offerUndo(answer.changeId, describe(this.#stock.rows.get(sku), field, from, this.#stock.rows.get(sku)?.[field] ?? value));
    else if (answer.stale) await this.#settle(change, answer.stale);
    else this.#refused(change, answer.failed);
  }

  #refused(change, words) {
    const { sku, field } = change;
    const row = this.#stock.rows.get(sku);
    toast(`${row.name} ${row.size} was not changed. ${words}`, { error: true, action: { label: "Retry", run: () => this.save(change) } });
    this.#back(sku, field);
  }

  async #settle(change, stale) {
    const { sku, field, value, seen, adjust, reason } = change;
    const values = await askStale(this.#stock.rows.get(sku), value, seen, stale);
    const again = { sku, field, seen: stale.present, reason };
    if (values === "set" && field === "stock" && value < stale.present && !reason) {
      const { name, size } = this.#stock.rows.get(sku);
      again.reason = await askReason(`${name} ${size}: ${number(stale.present)} → ${number(value)}`);
      if (again.reason === null) return this.#back(sku, field);
    }
    if (values === "set") await this.save({ ...again, value, text: String(value) });
    else if (values === "add") await this.save({ ...again, value: stale.present + value - seen, adjust: adjust ?? value - seen, text: signed(value - seen) });
    else this.#back(sku, field);
  }

  /** Returns the cursor to a refused cell, but never away from unsaved text. */
  #back(sku, field) {
    const table = this.#table();
    const busy = document.activeElement?.matches?.("[data-unsent], dialog *");
    if (table && !busy) table.go(sku, field);
  }
}

function threshold(text) {
  const values = parse(text, 0);
  return "set" in values ? values : { error: "Enter a whole number from 0." };
}

function confirmed(row, field, value) {
  const { stock, reserved, available, backordered, short, lowStockThreshold, soldOut } = row;
  const values = { stock, reserved, available, backordered, short, lowStockThreshold, soldOut, ...(row.locations ? { locations: row.locations } : {}) };
  return field === "restockDate" ? { ...values, restockDate: value } : values;
}
