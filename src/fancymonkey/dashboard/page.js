// What pages that list something have in common: reading, saying why not, times that keep up.

import { html, render } from "/admin/dom.js";
import { api } from "/admin/session.js";

export const main = document.getElementById("main");
export const asked = new URLSearchParams(location.search);

/** A page: `load()` fetches its `data`, `body(data)` draws it; errors are shown with a way out. */
export class Page {
  data = null;
  error = null;
  busy = false;

  constructor(title, load, body, { every = 0 } = {}) {
    this.title = title;
    this.load = load;
    this.body = body;
    if (every) setInterval(() => document.hidden || this.read({ quiet: true }), every);
  }

  /** Reads anew. `quiet`: a failure leaves what is shown. */
  async read({ quiet = false } = {}) {
    this.busy = true;
    if (!quiet) this.draw();
    try {
      this.data = await this.load();
      this.error = null;
    } catch (error) {
      if (!quiet || !this.data) this.error = error;
    }
    this.busy = false;
    this.draw();
  }

  draw() {
    const { state = "", actions = "", content } = this.data ? this.body(this.data, this) : {};
    render(
      html`<header class="head"><div><h1>${this.title}</h1><p class="state" role="status">${state}</p></div><div class="head-actions">${actions}</div></header>
        ${this.error
          ? html`<div class="empty" role="alert"><p>This could not be read. ${this.error.message}</p><button type="button" class="button" @click=${() => this.read()}>Try again</button></div>`
          : (content ?? html`<div class="waiting" aria-busy="true"><span class="unseen">Reading …</span></div>`)}`,
      main,
    );
  }
}

/** Puts values into the address bar, without what is empty. */
export function address(values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value) query.set(name, value);
  const text = query.toString();
  history.replaceState(null, "", text ? `?${text}` : location.pathname);
  return text;
}

/** Asks with the values as a query. */
export const ask = (path, values) => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== "" && value !== null && value !== undefined) query.set(name, value);
  }
  const text = query.toString();
  return api(text ? `${path}?${text}` : path);
};
