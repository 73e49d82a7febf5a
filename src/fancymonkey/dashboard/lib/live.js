// Reports changes in the shop. Only a visible page listens.

import { api } from "/admin/lib/session.js";

const AGAIN = 500; // the service ends a stream with its token; the next connection follows soon
const SLOW = 3000;
const GRACE = 6000; // a shorter interruption is not shown

/** Events: `change`, at most one per `apart` ms; `connection`, when `online` has changed. */
export class Live extends EventTarget {
  online = null;

  #source = null;
  #revision = null;
  #apart;
  #reported = 0;
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
    addEventListener("offline", () => {
      this.#report(false);
      if (this.#revision !== null) this.#listen(); // a stream that opens late must not report a connection
    });
    addEventListener("online", () => this.#revision !== null && this.#listen());
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", (event) => event.persisted && this.#listen());
  }

  /** Listens for changes after this revision. The first call starts it. */
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
      this.#report(true);
    };
    for (const kind of ["change", "snapshot"]) {
      source.addEventListener(kind, (event) => {
        const revision = Number(event.lastEventId) || 0;
        if (revision <= this.#revision) return; // already shown
        this.#revision = revision;
        this.#changed();
      });
    }
    source.onerror = () => {
      this.#lost ||= setTimeout(() => this.#report(false), GRACE);
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#again(source), this.#tries++ ? SLOW : AGAIN);
    };
  }

  async #again(source) {
    if (source !== this.#source) return;
    try {
      await api("/api/admin/me"); // renews an expired session, or leads to the login
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
        this.#reported = Date.now();
        this.dispatchEvent(new Event("change"));
      },
      Math.max(50, this.#reported + this.#apart - Date.now()),
    );
  }

  #report(online) {
    if (this.online === online) return;
    this.online = online;
    this.dispatchEvent(new Event("connection"));
  }
}
