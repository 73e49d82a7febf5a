// Questions about webhooks, and the one look at a secret.

import { html } from "/admin/dom.js";
import { ask } from "/admin/dialogs.js";

const WORDS = {
  "stock.low": "A size is low",
  "stock.out": "A size is out",
  "stock.back": "A size is back",
  "stock.changed": "Every change of a number",
  "hold.created": "A hold began",
  "hold.changed": "A hold was changed",
  "hold.ended": "A hold ended",
  "order.captured": "An order was paid",
  "matter.opened": "A payment waits for you",
  "books.mended": "Reconciliation mended something",
  "job.failed": "A job failed",
  "store.trouble": "The store is in trouble",
  "secret.guessed": "A secret is being guessed",
  "webhook.off": "A webhook was switched off",
};
const USUAL = ["stock.low", "stock.out", "stock.back"];

/** Where to post, and what about; null where nobody wants to any more. */
export function askForWebhook(title, events, hook = null) {
  const chosen = new Set(hook?.events ?? USUAL);
  let wrong = "";
  return ask(
    title,
    (answer, draw) => html`<form
      @submit=${(event) => {
        event.preventDefault();
        const form = new FormData(event.target);
        const wanted = form.getAll("event");
        if (!wanted.length) {
          wrong = "Choose at least one thing to hear of.";
          draw();
          return;
        }
        answer({ url: form.get("url").trim(), description: form.get("description").trim(), events: wanted });
      }}
    >
      <label class="field">URL<input name="url" type="url" required maxlength="2000" placeholder="https://erp.example/stock" autocomplete="off" .value=${hook?.url ?? ""} autofocus /></label>
      <label class="field">What it is for<input name="description" maxlength="500" .value=${hook?.description ?? ""} /></label>
      <fieldset class="choices"><legend>What it hears of</legend>
        ${events.map((name) => html`<label><input type="checkbox" name="event" .value=${name} .checked=${chosen.has(name)} />${WORDS[name] ?? name}</label>`)}
      </fieldset>
      <p class="bad" role="alert">${wrong}</p>
      <div class="actions"><button type="button" class="quiet" @click=${() => answer(null)}>Cancel</button><button class="button">${hook ? "Save" : "Add"}</button></div>
    </form>`,
    { wide: true },
  );
}

/** Shows a secret, this once. */
export function showSecret(url, secret, more = "") {
  let copied = false;
  return ask(
    "The signing secret",
    (answer, draw) => html`<p>For <b class="url">${url}</b>. It is shown only now: keep it where the receiver finds it. ${more}</p>
      <p class="secret"><code>${secret}</code></p>
      <div class="actions">
        <button type="button" class="quiet" @click=${async () => {
          await navigator.clipboard?.writeText(secret);
          copied = true;
          draw();
        }}>${copied ? "Copied" : "Copy"}</button>
        <button type="button" class="button" @click=${() => answer(true)}>I have kept it</button>
      </div>`,
  );
}

/** Whether a webhook shall really go. */
export function askToRemove(hook) {
  return ask(
    "Remove the webhook?",
    (answer) => html`<p><b class="url">${hook.url}</b> gets nothing more, and what waits for it is dropped. Its secret is gone for good.</p>
      <div class="actions"><button type="button" class="quiet" @click=${() => answer(null)}>Cancel</button><button type="button" class="button" @click=${() => answer(true)}>Remove</button></div>`,
  );
}
