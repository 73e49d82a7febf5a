// The page of alerts: channels, recent alerts, webhooks, deliveries and jobs.

import { html, nothing } from "/admin/lib/lit.js";
import { ago, number, plural, when } from "/admin/lib/format.js";
import { Page, RUNS, getJson, main } from "/admin/lib/data-page.js";
import { api } from "/admin/lib/session.js";
import { may } from "/admin/lib/shell.js";
import { toast } from "/admin/components/toast.js";
import { askForWebhook, askToRemove, showSecret } from "/admin/forms/webhook-dialogs.js";

const LOOKS = { low: "low", out: "out", in: "in_stock", owed: "backordered" };
const STATES = { waiting: ["warn", "Waiting"], done: ["good", "Delivered"], failed: ["wrong", "Failed"], dropped: ["", "Dropped"] };
let allowed = true;
let trying = false;
let tested = null;

async function load() {
  allowed = await may("admin");
  if (!allowed) return {};
  const [alerts, hooks, log, jobs] = await Promise.all([
    getJson("/api/admin/alerts", { limit: 50 }),
    api("/api/admin/webhooks"),
    getJson("/api/admin/webhooks/deliveries", { limit: 50 }),
    getJson("/api/admin/jobs", { limit: 3 }),
  ]);
  return { alerts, hooks, deliveries: log.deliveries, jobs: jobs.jobs };
}

async function change(path, body, done) {
  try {
    const answer = await api(path, { body });
    await page.read({ quiet: true });
    if (done) toast(done);
    return answer;
  } catch (error) {
    toast(error.message, { error: true });
    return null;
  }
}

async function test() {
  trying = true;
  page.draw();
  tested = null;
  try {
    const answer = await api("/api/admin/alerts/test", { body: {} });
    tested = answer.channels;
    toast(answer.message, { error: !answer.success });
  } catch (error) {
    toast(error.message, { error: true });
  }
  trying = false;
  page.read({ quiet: true });
}

async function add(events) {
  const values = await askForWebhook("Add a webhook", events);
  if (!values) return;
  const answer = await change("/api/admin/webhooks", values);
  if (answer) await showSecret(answer.webhook.url, answer.secret);
}

async function edit(hook, events) {
  const values = await askForWebhook("Change the webhook", events, hook);
  if (values) change("/api/admin/webhooks/change", { id: hook.id, ...values }, "Saved.");
}

async function rotate(hook) {
  const answer = await change("/api/admin/webhooks/rotate", { id: hook.id });
  if (answer) await showSecret(hook.url, answer.secret, "For one day, each request is also signed with the old secret.");
}

async function remove(hook) {
  if (await askToRemove(hook)) change("/api/admin/webhooks/remove", { id: hook.id }, "The webhook was removed.");
}

async function ping(hook) {
  await change("/api/admin/webhooks/ping", { id: hook.id }, "A test event was queued. See the deliveries below.");
  setTimeout(() => page.read({ quiet: true }), 2500);
}

async function again(delivery) {
  await change("/api/admin/webhooks/redeliver", { delivery: delivery.id }, "The delivery was queued again.");
  setTimeout(() => page.read({ quiet: true }), 2500);
}

const time = (at) => html`<time datetime=${at} title=${when(at)}>${ago(at)}</time>`;
const badge = (look, words) => html`<span class="badge ${look}">${words}</span>`;

function channelRow(channel) {
  const result = tested?.find((entry) => entry.name === channel.name);
  const error = result ? result.error : channel.error;
  const state = error ? badge("wrong", "Failing") : result ? badge("good", "Test sent") : badge("good", "Ready");
  return html`<li class="entry">
    <div class="what"><b>${channel.name}</b>${error ? html`<p class="bad">${error}</p>` : nothing}
      ${channel.waiting ? html`<p class="quiet">${plural(channel.waiting, "alert")} waiting.</p>` : nothing}</div>
    ${state}
  </li>`;
}

function channels(alerts) {
  if (!alerts.channels.length) {
    return html`<p>No alert channels yet. Set <code>ALERT_URLS</code>, for example to
      <code>mailtos://user:password@smtp.example?to=owner@shop.example</code>, and restart the service.</p>`;
  }
  const quiet = alerts.quietHours ? `Quiet hours from ${alerts.quietHours.replace("-", " to ")}, ${alerts.timeZone}. ` : "";
  const digest = alerts.digestAt ? `The daily digest is sent at ${alerts.digestAt}.` : "The daily digest is off.";
  return html`<ul class="entries">${alerts.channels.map(channelRow)}</ul><p class="quiet">${quiet}${digest}</p>`;
}

function recent(alerts) {
  if (!alerts.recent.length) return html`<p>No alerts in the last 30 days.</p>`;
  return html`<ul class="entries">${alerts.recent.map(
    (alert) => html`<li class="entry">
      <div class="what"><b>${alert.title}</b>${alert.text.split("\n").filter(Boolean).slice(0, 4).map((line) => html`<p class="quiet">${line}</p>`)}</div>
      ${badge(LOOKS[alert.look] ?? "", alert.word)}<span class="quiet at">${time(alert.at)}</span>
    </li>`,
  )}</ul>`;
}

function hookRow(hook, events) {
  const state = !hook.active ? badge("wrong", "Off") : hook.failingSince ? badge("warn", "Failing") : badge("good", "On");
  const why = hook.offBecause ? `Switched off: ${hook.offBecause}` : hook.failingSince ? html`Failing since ${time(hook.failingSince)}.` : "";
  return html`<li class="entry">
    <div class="what"><b class="url">${hook.url}</b>
      <p class="quiet">${hook.description ? `${hook.description}. ` : ""}${hook.events.join(", ")}</p>
      ${why ? html`<p class="bad">${why}</p>` : nothing}
      <p class="quiet">Secret ${hook.secrets.map((secret) => (secret.until ? html`, and ${secret.ends} until ${when(secret.until)}` : secret.ends))}</p>
    </div>
    ${state}
    <div class="chips">
      <button type="button" class="quiet" @click=${() => ping(hook)}>Test</button>
      <button type="button" class="quiet" @click=${() => edit(hook, events)}>Change …</button>
      <button type="button" class="quiet" @click=${() => change("/api/admin/webhooks/change", { id: hook.id, active: !hook.active }, hook.active ? "Switched off." : "Switched on.")}>${hook.active ? "Switch off" : "Switch on"}</button>
      <button type="button" class="quiet" @click=${() => rotate(hook)}>New secret</button>
      <button type="button" class="quiet" @click=${() => remove(hook)}>Remove …</button>
    </div>
  </li>`;
}

function hooks(data) {
  const rows = data.hooks.webhooks;
  return html`${rows.length ? html`<ul class="entries">${rows.map((hook) => hookRow(hook, data.hooks.events))}</ul>` : html`<p>No webhooks yet. Add a URL that accepts JSON and choose its events.</p>`}
    <p><button type="button" class="quiet" @click=${() => add(data.hooks.events)}>Add a webhook …</button></p>`;
}

function deliveries(data) {
  if (!data.deliveries.length) return html`<p>No deliveries in the last 30 days.</p>`;
  const urls = new Map(data.hooks.webhooks.map((hook) => [hook.id, hook.url]));
  return html`<ul class="entries">${data.deliveries.map((delivery) => {
    const last = delivery.attempts.at(-1);
    const [look, words] = STATES[delivery.state];
    const next = !delivery.dueAt || !delivery.tries ? "" : new Date(delivery.dueAt) > Date.now() ? html`, next try ${time(delivery.dueAt)}` : ", next try soon";
    return html`<li class="entry">
      <div class="what"><b>${delivery.event.type}</b> <span class="quiet url">${urls.get(delivery.webhook) ?? "a removed webhook"}</span>
        <p class="quiet">${last ? html`${last.error ?? `Status ${last.status}.`} ${plural(delivery.tries, "try", "tries")}, ${number(last.tookMs)} ms${next}` : "Not tried yet"}</p></div>
      ${badge(look, words)}<span class="quiet at">${time(delivery.madeAt)}</span>
      ${delivery.state !== "waiting" && urls.has(delivery.webhook) ? html`<button type="button" class="link" @click=${() => again(delivery)}>Send again</button>` : nothing}
    </li>`;
  })}</ul>`;
}

function jobs(data) {
  const row = (job) => {
    const last = job.runs[0];
    return html`<li class="entry"><div class="what"><b>${job.job}</b><p class="quiet">${job.about}</p></div>
      ${job.running ? badge("warn", "Running") : last ? badge(...(RUNS[last.outcome] ?? ["", last.outcome])) : badge("", "Never ran")}<span class="quiet at">${last ? time(last.startedAt) : job.scheduled ? "" : "on request"}</span></li>`;
  };
  return html`<ul class="entries">${data.jobs.map(row)}</ul>`;
}

function state({ alerts, hooks: { webhooks } }) {
  if (!alerts.channels.length && !webhooks.length) return "No alerts are set up yet.";
  const failing = alerts.channels.filter((channel) => channel.error).length + webhooks.filter((hook) => hook.failingSince || !hook.active).length;
  const parts = [plural(alerts.channels.length, "channel"), plural(webhooks.length, "webhook")];
  return `${parts.join(", ")}; ${failing ? `${failing} not working` : "no problems"}. ${alerts.waiting ? `${number(alerts.waiting)} waiting to be sent.` : ""}`;
}

function body(data) {
  if (!allowed) return { content: html`<div class="empty"><p>Only owners can see alerts and webhooks.</p></div>` };
  const part = (id, title, content) => html`<section class="part" aria-labelledby=${id}><h2 id=${id}>${title}</h2>${content}</section>`;
  return {
    state: state(data),
    actions: data.alerts.channels.length ? html`<button type="button" class="button" ?disabled=${trying} @click=${test}>${trying ? "Sending …" : "Send a test"}</button>` : nothing,
    content: html`<div class="two">
        <div>${part("channels", "Alert channels", channels(data.alerts))}${part("recent", "Recent alerts", recent(data.alerts))}</div>
        <div>${part("webhooks", "Webhooks", hooks(data))}${part("deliveries", "Deliveries", deliveries(data))}${part("jobs", "Scheduled jobs", jobs(data))}</div>
      </div>`,
  };
}

main.replaceChildren();
const page = new Page("Alerts", load, body, { every: 10000 });
page.read();
