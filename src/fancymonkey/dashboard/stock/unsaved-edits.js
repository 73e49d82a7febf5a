// Typed numbers that are not sent yet. They are stored if the session ends.

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

  /** Returns and removes a draft. */
  take(sku, field) {
    const edit = this.get(sku, field);
    this.#all.delete(keyOf(sku, field));
    return edit;
  }

  [Symbol.iterator]() {
    return this.#all.values();
  }

  /** Stores all drafts and unsent changes for the next login of the same user. */
  keep(person, more) {
    const drafts = [...more, ...this];
    if (drafts.length) sessionStorage.setItem(KEPT, JSON.stringify({ person, drafts }));
  }

  /** Restores the stored drafts of this user and returns them. */
  restore(person) {
    const saved = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    sessionStorage.removeItem(KEPT);
    if (!saved || saved.person !== person) return [];
    for (const draft of saved.drafts) this.set(draft);
    return saved.drafts;
  }
}
