// How the shop stands: units and value, what sells, what was wanted in vain, what waits for the owner.

import { html } from "/admin/dom.js";
import { plot } from "/admin/plot.js";
import { ago, money, number, plural, setCurrency, when } from "/admin/format.js";
import { Page, ask } from "/admin/page.js";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

async function load() {
  const data = await ask("/api/admin/overview", { days: 30, zone });
  setCurrency(data.currency);
  return data;
}

const tile = (value, words, url) => html`<a class="tile" href=${url}><b>${value}</b><span>${words}</span></a>`;

function health(name, ok, words) {
  return html`<tr><th scope="row">${name}</th><td><span class="badge ${ok === null ? "" : ok ? "good" : "wrong"}">${ok === null ? "Off" : ok ? "Fine" : "Look here"}</span></td><td>${words}</td></tr>`;
}

const last = (time) => (time ? html`<time datetime=${time} title=${when(time)}>${ago(time)}</time>` : "never");

function body(data) {
  const { stock, holds, days, matters, health: state } = data;
  const sold = days.reduce((sum, day) => sum + day.sold, 0);
  const away = days.reduce((sum, day) => sum + day.turnedAway, 0);
  const reconciled = state.reconcile.outcome;
  return {
    state: matters.open + matters.due ? `${plural(matters.open + matters.due, "payment matter")} to act on.` : "Nothing waits for you.",
    content: html`<div class="tiles">
        ${tile(number(stock.units), "units on hand", "/admin/")} ${tile(money(stock.value), "at your prices", "/admin/")}
        ${tile(number(stock.low), "sizes low", "/admin/?status=low")} ${tile(number(stock.out), "sizes out", "/admin/?status=out&status=sold_out")}
        ${tile(number(holds.units), `units held in ${plural(holds.count, "basket")}`, "/admin/holds.html")}
        ${tile(number(stock.backordered), "units backordered", "/admin/?status=backordered")}
        ${tile(number(matters.open), "matters to decide", "/admin/payments.html")}
      </div>
      <div class="two">
        <section class="part">${plot("Sold", `${plural(sold, "unit")} sold in 30 days.`, days, "sold", "--accent")}</section>
        <section class="part">${plot("Turned away", away ? `${plural(away, "unit")} wanted in 30 days and not there.` : "Nobody was turned away in 30 days.", days, "turnedAway", "--out")}</section>
      </div>
      <section class="part" aria-labelledby="health"><h2 id="health">Health</h2>
        <div class="plain"><table><tbody>
          ${health("Store", state.store.ok, state.store.problems.length ? state.store.problems.join(" ") : "Everything is written and read.")}
          ${health("Stripe's events", state.webhook.configured ? state.webhook.lastOutcome !== "failed" : null, state.webhook.configured ? html`The last one came ${last(state.webhook.lastEvent)}.` : "No webhook secret is set.")}
          ${health("Comparison with Stripe", state.reconcile.configured ? reconciled !== "failed" : null, state.reconcile.configured ? html`The last one ${last(state.reconcile.at)}${reconciled ? `: ${reconciled}` : ""}.` : "Stripe is not set up.")}
          ${health("Backup", state.backup.at ? state.backup.outcome !== "failed" : null, html`The last one ${last(state.backup.at)}${state.backup.outcome ? `: ${state.backup.outcome}` : ""}.`)}
        </tbody></table></div>
      </section>
`,
  };
}

const page = new Page("Overview", load, body, { every: 30000 });
page.read();
