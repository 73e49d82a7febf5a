// The base of data pages: loading, live updates, errors.

import { html, nothing, render } from "/admin/lib/lit.js";
import { ago, clock, when } from "/admin/lib/format.js";
import { Live } from "/admin/lib/live.js";
import { say } from "/admin/lib/announce.js";
import { api } from "/admin/lib/session.js";
import { may } from "/admin/lib/shell.js";

export const main = document.getElementById("main");
export const urlParams = new URLSearchParams(location.search);
const RIGHTS = ["read", "stock", "admin"];
const MINUTE = 60_000;

/** A relative time, with the full time as a tooltip. */
export const moment = (time) =>
  time ? html`<time datetime=${time} title=${when(time)}>${ago(time)}</time>` : html`<span class="quiet">never</span>`;

/** The outcomes of jobs. */
export const RUNS = { balanced: ["good", "No differences"], corrected: ["warn", "Corrected"], open: ["wrong", "To decide"], failed: ["wrong", "Failed"], done: ["good", "Done"], nothing: ["", "Nothing to do"] };

const HOUR = 3_600_000;

/** The time of a run. Runs without findings are recorded once an hour, with its beginning as time. */
export const ranAt = (time, outcome) =>
  ["balanced", "nothing"].includes(outcome) && Date.now() - new Date(time) < HOUR ? html`<time datetime=${time} title=${when(time)}>within this hour</time>` : moment(time);

const bones = (count) => html`<div class="bones" aria-busy="true"><span class="unseen">Loading …</span>${Array.from({ length: count }, () => html`<i></i>`)}</div>`;

/**
 * A page: `load()` fetches its `data`, `body(data, page)` draws it as `{state, actions, content}`.
 * `live`: loads again after changes in the shop, at most once per this many ms; `every`: also without changes.
 */
export class Page {
  data = null;
  error = null;
  busy = false;
  read_ = 0; // when the shown data was loaded
  #turn = 0;
  #reading = null;
  #rights = null;

  constructor(title, load, body, { every = 0, live = 0, waiting = bones(8) } = {}) {
    Object.assign(this, { title, load, body, waiting });
    if (every) setInterval(() => document.hidden || this.read({ quiet: true }), every);
    setInterval(() => document.hidden || this.draw(), MINUTE / 2); // updates relative times
    if (!live) return;
    this.live = new Live(live);
    this.live.addEventListener("change", () => this.changed());
    this.live.addEventListener("connection", () => {
      if (this.live.online && this.error) this.read({ quiet: true });
      else this.draw();
    });
  }

  /** Something in the shop has changed. */
  changed() {
    this.read({ quiet: true });
  }

  /** Whether the user has this right. Known once there is data. */
  can(right) {
    return this.#rights?.[right] ?? false;
  }

  /** Loads again. `quiet`: keeps the shown data until then. Of two loads, the later one counts. */
  read(options) {
    this.#reading = this.#read(options);
    return this.#reading;
  }

  async #read({ quiet = false } = {}) {
    const turn = (this.#turn += 1);
    this.busy = true;
    if (!this.data) this.error = null;
    if (!quiet) this.draw();
    try {
      const [data] = await Promise.all([this.load(), this.#known()]);
      if (turn !== this.#turn) return this.#reading; // a later load draws
      this.data = data;
      this.error = null;
      this.read_ = Date.now();
      if (data.revision !== undefined) this.live?.since(data.revision);
    } catch (error) {
      if (turn !== this.#turn) return this.#reading; // a later load draws
      this.error = error;
      if (!error.status && !("code" in error)) console.error(error);
    }
    this.busy = false;
    this.draw();
  }

  async #known() {
    if (this.#rights) return;
    const may_ = await Promise.all(RIGHTS.map(may));
    this.#rights = Object.fromEntries(RIGHTS.map((right, place) => [right, may_[place]]));
  }

  draw() {
    if (!main.hasAttribute("data-drawn")) {
      main.replaceChildren();
      main.setAttribute("data-drawn", "");
    }
    const { state = "", actions = nothing, content } = this.data ? this.#view() : {};
    const spoken = typeof state === "string" ? state : "";
    render(
      html`<header class="head"><div><h1>${this.title}</h1><p class="state">${this.data ? state : " "}</p></div><div class="head-actions">${actions}</div></header>
        ${this.#trouble()}
        ${this.data ? html`<div class="body" aria-busy=${this.busy && !this.error}>${content}</div>` : this.error ? nothing : this.waiting}`,
      main,
    );
    if (this.data) main.setAttribute("data-ready", "");
    if (this.data && !this.busy) say(spoken);
  }

  /** The content. An error in drawing is shown too, and the rail stays. */
  #view() {
    try {
      return this.body(this.data, this);
    } catch (error) {
      console.error(error);
      return { content: html`<div class="empty" role="alert"><p>This page cannot be shown because of an error. The shop is not affected.</p><a class="button" href=${location.href}>Reload the page</a></div>` };
    }
  }

  #trouble() {
    const again = html`<button type="button" class="button" @click=${() => this.read()}>Retry</button>`;
    if (this.error && !this.data) {
      return html`<div class="empty" role="alert"><p>The page could not be loaded. ${this.error.message}</p><p>No data was lost or changed.</p>${again}</div>`;
    }
    if (this.error || this.live?.online === false) {
      const why = this.error && this.error.status ? this.error.message : "Connection lost.";
      return html`<div class="banner" role="alert"><span>${why} Showing data from ${clock(this.read_)}.</span>${again}</div>`;
    }
    return nothing;
  }
}

const queryOf = (values) => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== "" && value !== null && value !== undefined) query.set(name, value);
  }
  return query.toString();
};

/** Writes the non-empty values to the address bar; `step`: as a new history entry. */
export function address(values, { step = false } = {}) {
  const query = queryOf(values);
  const url = query ? `?${query}` : location.pathname;
  if (step) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
  return query;
}

/** Sends a GET request with the values as the query. */
export const getJson = (path, values) => {
  const query = queryOf(values);
  return api(query ? `${path}?${query}` : path);
};

/** Filters kept in the address bar: `values`, and `set(some)`, which runs `then()` and returns its answer. */
export function filters(names, then) {
  const from = () => {
    const query = new URLSearchParams(location.search);
    return Object.fromEntries(names.map((name) => [name, query.get(name) ?? ""]));
  };
  const values = from();
  addEventListener("popstate", () => {
    Object.assign(values, from());
    then();
  });
  return {
    values,
    set(some, step = true) {
      Object.assign(values, some);
      address(values, { step });
      return then();
    },
  };
}
