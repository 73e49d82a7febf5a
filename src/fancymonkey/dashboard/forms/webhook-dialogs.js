// The dialogs of webhooks, and the one display of a secret.

import { html } from "/admin/lib/lit.js";
import { openDialog } from "/admin/components/dialogs.js";

const WORDS = {
  "stock.low": "A size is low",
  "stock.out": "A size is out of stock",
  "stock.restocked": "A size is back in stock",
  "stock.changed": "Every change of stock",
  "hold.created": "A hold was created",
  "hold.changed": "A hold was changed",
  "hold.ended": "A hold ended",
  "order.captured": "An order was paid",
  "order.shipped": "Units of an order were shipped",
  "order.returned": "Units of an order came back",
  "payment_issue.opened": "A payment needs a decision",
  "reconciliation.corrected": "Reconciliation corrected missed events",
  "job.failed": "A job failed",
  "store.unhealthy": "The store has a problem",
  "transfer.overdue": "A transfer is overdue",
  "webhook.off": "A webhook was switched off",
  "secret.guessed": "Repeated wrong attempts at a secret",
};
const USUAL = ["stock.low", "stock.out", "stock.restocked"];

/** Returns the URL and the event types; null after Cancel. */
export function askForWebhook(title, events, hook = null) {
  const chosen = new Set(hook?.events ?? USUAL);
  let wrong = "";
  return openDialog(
    title,
    (answer, draw) => html`<form
      @submit=${(event) => {
        event.preventDefault();
        const form = new FormData(event.target);
        const wanted = form.getAll("event");
        if (!wanted.length) {
          wrong = "Choose at least one event.";
          draw();
          return;
        }
        answer({ url: form.get("url").trim(), description: form.get("description").trim(), events: wanted });
      }}
    >
      <label class="field">URL<input name="url" type="url" required maxlength="2000" placeholder="https://erp.example/stock" autocomplete="off" .value=${hook?.url ?? ""} autofocus /></label>
      <label class="field">Description<input name="description" maxlength="500" .value=${hook?.description ?? ""} /></label>
      <fieldset class="choices"><legend>Events</legend>
        ${events.map((name) => html`<label><input type="checkbox" name="event" .value=${name} .checked=${chosen.has(name)} />${WORDS[name] ?? name}</label>`)}
      </fieldset>
      <p class="bad" role="alert">${wrong}</p>
      <div class="actions"><button type="button" class="quiet" @click=${() => answer(null)}>Cancel</button><button class="button">${hook ? "Save" : "Add"}</button></div>
    </form>`,
    { wide: true },
  );
}

/** Shows a secret once. */
export function showSecret(url, secret, more = "") {
  let copied = false;
  return openDialog(
    "The signing secret",
    (answer, draw) => html`<p>For <b class="url">${url}</b>. The secret is shown only now. Save it in the receiving system. ${more}</p>
      <p class="secret"><code>${secret}</code></p>
      <div class="actions">
        <button type="button" class="quiet" @click=${async () => {
          await navigator.clipboard?.writeText(secret);
          copied = true;
          draw();
        }}>${copied ? "Copied" : "Copy"}</button>
        <button type="button" class="button" @click=${() => answer(true)}>I have saved it</button>
      </div>`,
  );
}

/** Asks for confirmation before a webhook is removed. */
export function askToRemove(hook) {
  return openDialog(
    "Remove the webhook?",
    (answer) => html`<p><b class="url">${hook.url}</b> gets no more events, and waiting deliveries are dropped. Its secret is deleted.</p>
      <div class="actions"><button type="button" class="quiet" @click=${() => answer(null)}>Cancel</button><button type="button" class="button" @click=${() => answer(true)}>Remove</button></div>`,
  );
}
