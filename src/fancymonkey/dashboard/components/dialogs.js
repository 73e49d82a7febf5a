// Native dialogs, which keep the focus and return it afterwards.

import { html, nothing, render } from "/admin/lib/lit.js";
import { ago, number } from "/admin/lib/format.js";
import { REASONS } from "/admin/stock/stock-update.js";

let asked = 0;

/** Shows a dialog until it is answered. `body(answer)` is its content; Esc answers null. */
export function openDialog(title, body, { wide = false } = {}) {
  return new Promise((done) => {
    const host = document.createElement("div");
    document.body.append(host);
    const id = `asked-${(asked += 1)}`;
    let answered = null;
    const answer = (value) => {
      answered = value;
      host.querySelector("dialog").close();
    };
    const draw = () =>
      render(
        html`<dialog class="box ${wide ? "wide" : ""}" aria-labelledby=${id} @close=${() => {
          host.remove();
          done(answered);
        }}>
          <h2 id=${id}>${title}</h2>
          ${body(answer, draw)}
        </dialog>`,
        host,
      );
    draw();
    host.querySelector("dialog").showModal();
  });
}

/** Asks for the reason of a reduction. Null after Cancel. */
export function askReason(title, preset = REASONS[0]) {
  let chosen = preset;
  let other = "";
  return openDialog(
    title,
    (answer, draw) => html`<form
      @submit=${(event) => {
        event.preventDefault();
        answer(chosen === "Other" ? other.trim() || "Other" : chosen);
      }}
    >
      <fieldset class="choices"><legend>Why?</legend>
        ${[...REASONS, "Other"].map(
          (reason) => html`<label><input type="radio" name="reason" .value=${reason} .checked=${reason === chosen} ?autofocus=${reason === chosen} @change=${() => { chosen = reason; draw(); }} />${reason}</label>`,
        )}
      </fieldset>
      ${chosen === "Other" ? html`<label class="field">What happened<input maxlength="200" .value=${other} @input=${(event) => (other = event.target.value)} /></label>` : nothing}
      <div class="actions"><button type="button" class="quiet" @click=${() => answer(null)}>Cancel</button><button class="button">Save</button></div>
    </form>`,
  );
}

/** Resolves a concurrent change: `keep`, `set` or `add`. */
export function askStale(row, typed, seen, stale) {
  const last = stale.lastChange;
  const by = last ? ` by ${last.actor || "another user"}, ${ago(last.at)}` : "";
  const isNumber = typeof typed === "number";
  const added = isNumber ? stale.present + typed - seen : 0;
  const show = (value) => (typeof value === "number" ? number(value) : value === true ? "sold out" : value === false ? "on sale" : (value ?? "none"));
  return openDialog(
    `${row.name} ${row.size} has changed`,
    (answer) => html`<p>Changed to <b>${show(stale.present)}</b>${by}${last?.reason ? html` (${last.reason})` : nothing}. You saw <b>${show(seen)}</b> and entered <b>${show(typed)}</b>.</p>
      <div class="actions">
        <button type="button" class="button" autofocus @click=${() => answer("keep")}>Keep ${show(stale.present)}</button>
        <button type="button" class="quiet" @click=${() => answer("set")}>Set ${show(typed)}</button>
        ${isNumber && typed !== seen && added >= 0 ? html`<button type="button" class="quiet" @click=${() => answer("add")}>${typed < seen ? "Remove" : "Add"} ${number(Math.abs(typed - seen))}: ${number(added)}</button>` : nothing}
      </div>`,
  );
}
