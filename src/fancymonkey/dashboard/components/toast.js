// Short messages at the bottom left. They stay while the user hovers over or focuses them.

import { html, render } from "/admin/lib/lit.js";

const SHOWN = 12000;
let host = null;
let shown = [];
let next = 0;

function place() {
  if (!host) {
    host = document.createElement("div");
    host.className = "toasts";
    document.body.append(host);
  }
  return host;
}

/**
 * Shows a message. `action` is `{label, run}`; an `error` is announced at once to
 * screen readers, and stays until it is closed.
 */
export function toast(text, { action = null, error = false } = {}) {
  const entry = { id: (next += 1), text, action, error, left: error ? Infinity : SHOWN, paused: false };
  shown = [...shown.slice(-2), entry];
  draw();
  return () => drop(entry);
}

function drop(entry) {
  shown = shown.filter((other) => other !== entry);
  draw();
}

async function act(entry) {
  drop(entry);
  await entry.action.run();
}

function draw() {
  render(
    shown.map(
      (entry) => html`<div
        class="toast ${entry.error ? "bad" : ""}"
        role=${entry.error ? "alert" : "status"}
        @pointerenter=${() => (entry.paused = true)}
        @pointerleave=${() => (entry.paused = false)}
        @focusin=${() => (entry.paused = true)}
        @focusout=${() => (entry.paused = false)}
      >
        <span>${entry.text}</span>
        ${entry.action ? html`<button type="button" class="link" @click=${() => act(entry)}>${entry.action.label}</button>` : ""}
        <button type="button" class="icon" aria-label="Close the message" @click=${() => drop(entry)}>×</button>
      </div>`,
    ),
    place(),
  );
}

setInterval(() => {
  for (const entry of shown) {
    if (!entry.paused && !document.hidden) entry.left -= 500;
    if (entry.left <= 0) drop(entry);
  }
}, 500);
