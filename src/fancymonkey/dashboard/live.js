// Tells when something in the shop has changed. Only a page that is seen listens.

import { api } from "/admin/session.js";

const AGAIN = 500; // the service ends a stream when its token has; that is soon mended
const SLOW = 3000;
const GRACE = 6000; // an interruption shorter than that is none for people

/** Events: `change`, at most one in `apart` ms; `connection`, after which `online` is another. */
export class Live extends EventTarget {
  online = null;

  #source = null;
  #revision = null;
  #apart;
  #told = 0;
  #waiting = 0;
  #lost = 0;
  #tries = 0;

  constructor(apart) {
    super();
    this.#apart = apart;
    document.addEventListener("visibilitychange", () => {
      if (this.#revision === null) return;
      if (document.hidden) this.#close();
      else this.#listen();
    });
    addEventListener("offline", () => this.#tell(false));
    addEventListener("online", () => this.#revision !== null && this.#listen());
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", (event) => event.persisted && this.#listen());
  }

  /** Listens for what comes after this revision. The first call begins it. */
  since(revision) {
    const first = this.#revision === null;
    this.#revision = Math.max(revision, this.#revision ?? 0);
    if (first && !document.hidden) this.#listen();
  }

  #close() {
    this.#source?.close();
    this.#source = null;
  }

  #listen() {
    this.#close();
    const source = new EventSource(`/api/admin/inventory/live?since=${this.#revision}`);
    this.#source = source;
    source.onopen = () => {
      clearTimeout(this.#lost);
      this.#lost = this.#tries = 0;
      this.#tell(true);
    };
    for (const kind of ["change", "snapshot"]) {
      source.addEventListener(kind, (event) => {
        const revision = Number(event.lastEventId) || 0;
        if (revision <= this.#revision) return; // what is shown has that already
        this.#revision = revision;
        this.#changed();
      });
    }
    source.onerror = () => {
      this.#lost ||= setTimeout(() => this.#tell(false), GRACE);
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#again(source), this.#tries++ ? SLOW : AGAIN);
    };
  }

  async #again(source) {
    if (source !== this.#source) return;
    try {
      await api("/api/admin/me"); // renews the session where that was the reason, or leads to the login
      this.#listen();
      this.#changed();
    } catch {
      setTimeout(() => this.#again(source), SLOW);
    }
  }

  #changed() {
    this.#waiting ||= setTimeout(
      () => {
        this.#waiting = 0;
        this.#told = Date.now();
        this.dispatchEvent(new Event("change"));
      },
      Math.max(50, this.#told + this.#apart - Date.now()),
    );
  }

  #tell(online) {
    if (this.online === online) return;
    this.online = online;
    this.dispatchEvent(new Event("connection"));
  }
}
