// The page of payments: payment issues, Stripe events, and reconciliation.

import { html, nothing } from "/admin/lib/lit.js";
import { number, plural } from "/admin/lib/format.js";
import { listing } from "/admin/components/responsive-table.js";
import { issueList } from "/admin/components/payment-issues.js";
import { Page, RUNS, getJson, filters, moment, ranAt } from "/admin/lib/data-page.js";
import { api } from "/admin/lib/session.js";
import { toast } from "/admin/components/toast.js";

const EVENTS = 100;
const OUTCOMES = {
  done: ["good", "Done"],
  returned: ["good", "Returned"],
  "no change": ["", "No change"],
  ignored: ["", "Not needed"],
  "refund noted": ["", "Refund noted"],
  "return proposed": ["warn", "Returns to decide"],
  "refund due": ["warn", "Refund due"],
  "refund failed": ["warn", "Refund failed"],
  "second payment": ["warn", "Paid twice"],
  "in doubt": ["warn", "In doubt"],
  disputed: ["warn", "Disputed"],
  "not ours": ["warn", "Other account or mode"],
  unknown_session: ["", "Unknown session"],
  payment_pending: ["", "Payment in progress"],
};
const UNMOVED = ["no change", "ignored", "refund noted", "refund failed", "return proposed", "disputed", "not ours", "unknown_session", "payment_pending"];
let comparing = false;
let shownEvents = EVENTS;

const view = filters(["event", "payment"], () => page.read());

async function load() {
  const [issues, events, runs] = await Promise.all([
    getJson("/api/payments/issues", { limit: 500 }),
    getJson("/api/payments/events", { limit: view.values.event ? 1000 : shownEvents }),
    getJson("/api/payments/runs", { job: "reconcile", limit: 30 }),
  ]);
  return { ...issues, events: events.events, runs: runs.runs };
}

async function compare() {
  comparing = true;
  page.draw();
  let done = "";
  try {
    done = (await api("/api/payments/reconcile", { method: "POST" })).message;
  } catch (error) {
    toast(`The comparison failed. ${error.message}`, { error: true, action: { label: "Retry", run: compare } });
  }
  comparing = false;
  await page.read({ quiet: true });
  if (done) toast(done);
}

const badge = (names, word) => {
  const [kind, words] = names[word] ?? ["", String(word).replaceAll("_", " ")];
  return html`<span class="badge ${kind}">${words}</span>`;
};

/* Drawing. */

function issues(data, can) {
  const { payment } = view.values;
  const again = () => page.read({ quiet: true });
  const meant = data.issues.filter((issue) => !payment || issue.payment === payment);
  const waiting = meant.filter((issue) => issue.closedAt === null);
  const settled = meant.filter((issue) => issue.closedAt !== null);
  return html`<section class="part" aria-labelledby="issues"><h2 id="issues">To decide</h2>
    ${payment ? html`<div class="chips"><button type="button" class="chip long" aria-pressed="true" aria-label="Show all, not only ${payment}" @click=${() => view.set({ payment: "" })}>${payment} ×</button></div>` : nothing}
    ${waiting.length ? issueList("To decide", waiting, can, again) : html`<p class="calm">No issues to decide${payment ? " for this payment" : ""}. Late payments, backorders and refunds appear here automatically.</p>`}
    ${settled.length ? html`<details class="settled" ?open=${Boolean(payment)}><summary>${plural(settled.length, "resolved issue")}</summary>${issueList("Resolved", settled, can, again)}</details>` : nothing}
  </section>`;
}

function events(data) {
  const { event: wanted } = view.values;
  const rows = wanted ? data.events.filter((event) => event.id === wanted) : data.events;
  const columns = [
    ["Event", (event) => html`<b>${event.type}</b>`, "title"],
    ["Time", (event) => moment(event.receivedAt)],
    ["Outcome", (event) => badge(OUTCOMES, event.outcome)],
    ["About", (event) => html`<small class="quiet id" title=${event.objectId ?? ""}>${event.objectId}</small>`],
    ["Moved", (event) => (!UNMOVED.includes(event.outcome) ? html`<a href="/admin/history.html?cause=${encodeURIComponent(event.id)}" title=${event.id}>entries</a>` : html`<span class="quiet">–</span>`)],
  ];
  return html`<section class="part" aria-labelledby="events"><h2 id="events">Stripe events</h2>
    ${wanted ? html`<div class="chips"><button type="button" class="chip long" aria-pressed="true" aria-label="Show all, not only ${wanted}" @click=${() => view.set({ event: "" })}>${wanted} ×</button></div>` : nothing}
    ${rows.length
      ? html`${listing("Events", columns, rows, { key: (event) => event.id, current: (event) => event.id === wanted })}
        ${!wanted && data.events.length === shownEvents && shownEvents < 1000 ? html`<p class="after"><button type="button" class="quiet" @click=${() => { shownEvents = 1000; page.read({ quiet: true }); }}>Show more</button></p>` : nothing}`
      : html`<p class="calm">${wanted ? "This event is not among the latest 1,000." : "No events yet. Stripe sends an event for each payment."}</p>`}
  </section>`;
}

function report(run) {
  const result = run.report ?? {};
  const lists = [["corrected", "corrected"], ["open", "to check"]].flatMap(([name, words]) => (Array.isArray(result[name]) ? result[name].map((text) => `${words}: ${text}`) : []));
  if (result.error) lists.push(result.error);
  const seen = result.sessions === undefined ? "" : `${plural(result.sessions, "session")}, ${plural(result.events ?? 0, "event")} compared`;
  if (!lists.length) return seen || html`<span class="quiet">–</span>`;
  return html`${seen}<details><summary>${plural(lists.length, "line")}</summary><ul class="listed">${lists.map((text) => html`<li>${text}</li>`)}</ul></details>`;
}

function runs(data, can) {
  const columns = [
    ["Time", (run) => html`<b>${ranAt(run.startedAt, run.outcome)}</b>`, "title"],
    ["Outcome", (run) => badge(RUNS, run.outcome)],
    ["Report", report],
    ["Took", (run) => `${number(run.tookMs)} ms`, "number"],
  ];
  return html`<section class="part" aria-labelledby="runs"><div class="with-action"><h2 id="runs">Reconciliation</h2>
      ${can.stock ? html`<button type="button" class="quiet" aria-disabled=${comparing} aria-busy=${comparing} @click=${() => comparing || compare()}>${comparing ? "Comparing …" : "Compare with Stripe now"}</button>` : nothing}</div>
    ${data.runs.length ? listing("Runs", columns, data.runs, { key: (run) => `${run.job} ${run.startedAt}` }) : html`<p class="calm">No comparison has run yet.</p>`}
  </section>`;
}

function body(data, page_) {
  const can = { stock: page_.can("stock"), admin: page_.can("admin") };
  return {
    state: data.open ? `${plural(data.open, "issue")} to decide or in progress.` : "No open issues.",
    content: html`${issues(data, can)} ${events(data)} ${runs(data, can)}`,
  };
}

const page = new Page("Payments", load, body, { live: 2000, every: 15_000 });
page.read();
