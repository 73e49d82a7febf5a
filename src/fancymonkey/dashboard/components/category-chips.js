// Chips for categories: the first few, and the others in a list that can be searched.

import { html, nothing } from "/admin/lib/lit.js";
import { openDialog } from "/admin/components/dialogs.js";
import { number } from "/admin/lib/format.js";

const FIRST = 6;
const SPARE = 2; // up to this many more are shown directly: "More" would take the same space

const byName = (a, b) => a.localeCompare(b, undefined, { numeric: true, sensitivity: "base" });

/** The names sorted, each once, without empty ones. */
export const sorted = (names) => [...new Set(names)].filter(Boolean).sort(byName);

/** The chips for `names`; those in `chosen` are pressed and always visible. `toggle(name)` runs at a
 * press, `chosenNow()` returns the current choice for the list.
 */
export function categoryChips(names, chosen, toggle, chosenNow) {
  const few = names.length <= FIRST + SPARE;
  const shown = few ? names : names.filter((name, place) => place < FIRST || chosen.includes(name));
  const hidden = names.length - shown.length;
  return html`${shown.map((name) => html`<button type="button" class="chip cut" title=${name} aria-pressed=${chosen.includes(name)} @click=${() => toggle(name)}>${name}</button>`)}
    ${hidden ? html`<button type="button" class="chip" aria-haspopup="dialog" @click=${() => choose(names, toggle, chosenNow)}>More … <span class="count">${number(hidden)}</span></button>` : nothing}`;
}

function choose(names, toggle, chosenNow) {
  let typed = "";
  return openDialog("Categories", (answer, draw) => {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = names.filter((name) => words.every((word) => name.toLowerCase().includes(word)));
    const line = (name) => html`<li><label class="check"><input type="checkbox" .checked=${chosenNow().includes(name)} @change=${() => { toggle(name); draw(); }} /><span>${name}</span></label></li>`;
    return html`<input type="search" aria-label="Search categories" placeholder="Search" autocomplete="off" autofocus .value=${typed} @input=${(event) => { typed = event.target.value; draw(); }} />
      <ul class="lines found-lines">${matches.length ? matches.map(line) : html`<li class="quiet">No categories match.</li>`}</ul>
      <div class="actions"><button type="button" class="button" @click=${() => answer(null)}>Done</button></div>`;
  });
}
