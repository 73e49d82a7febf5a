// The overview: units and value, sales, turned-away demand, and open issues.

import { html, nothing } from "/admin/lib/lit.js";
import { money, number, plural, setCurrency, wordFor } from "/admin/lib/format.js";
import { listing, sizeOf } from "/admin/components/responsive-table.js";
import { Page, getJson, filters, moment, ranAt } from "/admin/lib/data-page.js";
import { whoAmI } from "/admin/lib/session.js";
import { plot, short } from "/admin/components/line-chart.js";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const SPANS = ["7", "30", "90", "365"];
const FIRST = 5;
const ROUNDED = 10_000; // above this, cents are left out

const view = filters(["days"], () => page.read({ quiet: true }));
const days = () => (SPANS.includes(view.values.days) ? view.values.days : "30");

/** The payment issues; none for a user limited to locations, because payments belong to the shop. */
async function issuesSeen() {
  if ((await whoAmI()).user?.locations) return [];
  return (await getJson("/api/payments/issues", { limit: 50 })).issues;
}

async function load() {
  const [data, issues] = await Promise.all([
    getJson("/api/admin/overview", { days: days(), zone }).catch((error) => {
      if (error.status !== 422) throw error; // a time zone that the service does not support
      return getJson("/api/admin/overview", { days: days() });
    }),
    issuesSeen(),
  ]);
  setCurrency(data.currency);
  return { ...data, waiting: issues.filter((issue) => issue.closedAt === null) };
}

/** A long number is set smaller, and breaks only behind its separators. */
const tile = (value, words, url, kind = "") => {
  const size = value.length > 14 ? "smallest" : value.length > 9 ? "smaller" : value.length > 7 ? "small" : "";
  const groups = value.split(/(?<=\d\D)(?=\d{3})/).map((digits) => html`${digits}<wbr />`);
  return html`<a class="tile ${kind}" href=${url}><b class=${size}>${groups}</b><span>${words}</span></a>`;
};

function tiles({ stock, holds }) {
  return html`<div class="tiles">
    ${tile(number(stock.units), `units on hand in ${plural(stock.sizes, "size")}`, "/admin/")}
    ${tile(money(stock.value >= ROUNDED ? Math.round(stock.value) : stock.value), "at your prices", "/admin/?sort=-price")}
    ${tile(number(stock.low), `${wordFor(stock.low, "size")} low`, "/admin/?status=low", stock.low ? "low" : "")}
    ${tile(number(stock.out), `${wordFor(stock.out, "size")} out or sold out`, "/admin/?status=out&status=sold_out", stock.out ? "out" : "")}
    ${tile(number(holds.units), `${wordFor(holds.units, "unit")} held in ${plural(holds.count, "basket")}`, "/admin/holds.html")}
    ${tile(number(stock.backordered), `${wordFor(stock.backordered, "unit")} backordered`, "/admin/?status=backordered", stock.backordered ? "backordered" : "")}
  </div>`;
}

function toDo(data) {
  const row = (issue) => html`<li><a href="/admin/payments.html?payment=${encodeURIComponent(issue.payment ?? "")}">${issue.title}</a>
    <span>${issue.lines.map((line) => `${number(line.quantity)} × ${sizeOf(line)}`).join(", ") || "no units"}</span>${moment(issue.openedAt)}</li>`;
  const more = data.issues.open + data.issues.due - Math.min(FIRST, data.waiting.length);
  return html`<section class="part" aria-labelledby="todo"><h2 id="todo">To decide</h2>
    ${data.waiting.length
      ? html`<ul class="todo">${data.waiting.slice(0, FIRST).map(row)}</ul>${more > 0 ? html`<p class="after"><a href="/admin/payments.html">${plural(more, "more", "more")}</a></p>` : nothing}`
      : html`<p class="calm">No backorders, late payments or refunds to decide.</p>`}
  </section>`;
}

/** The stock of each location; in a shop with one, the way to a second. */
function byLocation(data, owner) {
  if (!data.locations) return owner ? html`<p class="after"><a href="/admin/locations.html">Add a location</a></p>` : nothing;
  const rows = [
    ["Location", (row) => html`<a href="/admin/?location=${encodeURIComponent(row.location)}"><b>${row.name}</b></a>`, "title"],
    ["On hand", (row) => number(row.units), "number"],
    ["Reserved", (row) => number(row.reserved), "number"],
    ["Available", (row) => number(row.available), "number"],
    ["Low", (row) => number(row.low), "number"],
    ["Out", (row) => number(row.out), "number"],
    ["At your prices", (row) => money(row.value), "number"],
  ];
  return html`<section class="part" aria-labelledby="locations"><h2 id="locations">By location</h2>${listing("By location", rows, data.locations, { key: (row) => row.location })}</section>`;
}

/* The sizes that sell, and the demand without stock. */

const best = (rows, field) => rows.reduce((top, row) => (row[field] > top[field] ? row : top), rows[0]);

function conclusion(rows, field, none, verb) {
  const sum = rows.reduce((total, row) => total + row[field], 0);
  if (!sum) return none;
  const top = best(rows, field);
  const each = sum / rows.length;
  const mean = each >= 10 ? number(Math.round(each)) : number(Math.round(each * 10) / 10);
  return `${plural(sum, "unit")} ${verb}, ${mean} a day. Most on ${short(top.day)}: ${number(top[field])}.`;
}

function sales(data) {
  const span = days();
  const words = `in the last ${span} days`;
  return html`<section class="part" aria-labelledby="sales">
    <div class="with-action"><h2 id="sales">Sales and demand</h2>
      <div class="chips" role="group" aria-label="How many days">${SPANS.map((count) => html`<button type="button" class="chip" aria-pressed=${count === span} @click=${() => view.set({ days: count === "30" ? "" : count }, false)}>${count} days</button>`)}</div></div>
    <div class="two">
      ${plot("Sold per day", conclusion(data.days, "sold", `Nothing was sold ${words}.`, "sold"), data.days, "sold", "--accent")}
      ${data.issues ? plot("Turned away per day", conclusion(data.days, "turnedAway", `No buyers were turned away ${words}.`, "turned away"), data.days, "turnedAway", "--out") : nothing}
    </div>
  </section>`;
}

/* Health. */

const light = (state) => html`<span class="badge ${{ fine: "good", look: "wrong", off: "" }[state]}">${{ fine: "Fine", look: "Check this", off: "Off" }[state]}</span>`;
const outcomes = { balanced: "no differences", corrected: "missed events were corrected", open: html`there are issues to <a href="/admin/payments.html">decide</a>`, failed: "it failed" };

function health({ health: { store, catalogue, settings, webhook, reconcile, backup, proxy, servers } }) {
  const failed = (outcome) => outcome === "failed" || outcome === "open";
  const rows = [
    ["Store", store.ok ? "fine" : "look", store.ok ? "The store can be read and written." : store.problems.join(" ")],
    ["Catalogue", catalogue.ok ? "fine" : "look", catalogue.ok ? "Every product has its own price id, and every size its own SKU id." : catalogue.problems.join(" ")],
    [
      "Stripe events",
      webhook.configured ? "fine" : "off",
      webhook.configured ? (webhook.lastEvent ? html`Last event ${moment(webhook.lastEvent)}.` : "No events yet.") : "No webhook secret is set, so paid orders are not received. Set STRIPE_WEBHOOK_SECRET.",
    ],
    [
      "Comparison with Stripe",
      reconcile.configured ? (failed(reconcile.outcome) ? "look" : reconcile.at ? "fine" : "off") : "off",
      reconcile.configured ? (reconcile.at ? html`${ranAt(reconcile.at, reconcile.outcome)}: ${outcomes[reconcile.outcome] ?? reconcile.outcome}.` : html`No comparison yet. <a href="/admin/payments.html#runs">Compare now</a>`) : "Stripe is not configured. Set STRIPE_SECRET_KEY.",
    ],
    [
      "Backup",
      backup.at ? (failed(backup.outcome) ? "look" : "fine") : "look",
      backup.at ? html`${moment(backup.at)}: ${backup.outcome}.` : "There is no backup yet. Set up a nightly backup to another disk or machine.",
    ],
  ];
  if (!settings.ok) rows.push(["Settings", "look", settings.problems.join(" ")]);
  if (servers.role === "follows") {
    rows.push(["Servers", "fine", html`Another server decides, since ${moment(servers.since)}. This one has sent it ${plural(servers.forwarded, "command")} and is ${number(servers.behindMs)} ms behind.`]);
  } else if (servers.followers) {
    rows.push(["Servers", "fine", html`This server decides for ${plural(servers.followers, "other")}, since ${moment(servers.since)}.`]);
  }
  if (!proxy.ok) {
    rows.push(["Proxy", "look", `${plural(proxy.requests, "request")} came through a proxy that TRUSTED_PROXIES does not name: the audit log and the limits on requests count all visitors as one. Set TRUSTED_PROXIES to its address.`]);
  }
  return html`<section class="part" aria-labelledby="health"><h2 id="health">Health</h2>
    <dl class="health">${rows.map(([name, state, words]) => html`<div><dt>${name}</dt><dd>${light(state)}</dd><dd>${words}</dd></div>`)}</dl>
  </section>`;
}

function sentence({ stock, holds, issues }) {
  const parts = [];
  if (stock.low) parts.push(`${number(stock.low)} low`);
  if (stock.out) parts.push(`${number(stock.out)} out or sold out`);
  if (holds.units) parts.push(`${number(holds.units)} held now`);
  const open = issues ? issues.open + issues.due : 0;
  const stands = parts.length ? `${parts.join(", ")}. ` : "Everything is in stock. ";
  if (!issues) return stands.trim();
  return `${stands}${open ? `${plural(open, "payment")} to decide.` : "No open issues."}`;
}

function body(data, page_) {
  if (!data.stock.sizes) {
    return { state: "There are no products yet.", content: html`<div class="empty"><p>Once there are products, this page shows how they sell.</p><a class="button" href="/admin/import.html">Import a file</a></div>` };
  }
  return { state: sentence(data), content: html`${tiles(data)} ${data.issues ? toDo(data) : nothing} ${byLocation(data, page_.can("admin"))} ${sales(data)} ${data.health ? health(data) : nothing}` };
}

const page = new Page("Overview", load, body, { live: 3000, every: 30_000 });
page.read();
