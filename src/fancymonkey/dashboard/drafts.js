// What was typed into numbers and is not sent yet. It outlives a session that ends meanwhile.

const KEPT = "fm-stock-drafts";
const keyOf = (sku, field) => `${sku} ${field}`;

export class Drafts {
  #all = new Map();

  get size() {
    return this.#all.size;
  }

  get(sku, field) {
    return this.#all.get(keyOf(sku, field));
  }

  set(draft) {
    this.#all.set(keyOf(draft.sku, draft.field), draft);
  }

  /** Gives it and forgets it. */
  take(sku, field) {
    const found = this.get(sku, field);
    this.#all.delete(keyOf(sku, field));
    return found;
  }

  [Symbol.iterator]() {
    return this.#all.values();
  }

  /** Puts everything by for the next login of the same person, with what was on its way. */
  keep(person, more) {
    const drafts = [...more, ...this];
    if (drafts.length) sessionStorage.setItem(KEPT, JSON.stringify({ person, drafts }));
  }

  /** Takes back what was put by; gives how many there are. */
  restore(person) {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    sessionStorage.removeItem(KEPT);
    if (!kept || kept.person !== person) return [];
    for (const draft of kept.drafts) this.set(draft);
    return kept.drafts;
  }
}
