// Filters of the table: views, search and chips; and the choice of columns.

import { html, nothing } from "/admin/lib/lit.js";
import { categoryChips } from "/admin/components/category-chips.js";
import { COLUMNS, keepColumns, movedColumn } from "/admin/stock/columns.js";
import { openDialog } from "/admin/components/dialogs.js";
import { STATUS } from "/admin/stock/stock-store.js";
import { VIEWS, isEmpty, keepView, ownViews, queryOf } from "/admin/stock/row-query.js";

const toggled = (list, value) => (list.includes(value) ? list.filter((entry) => entry !== value) : [...list, value]);
const chip = (words, on, click) => html`<button type="button" class="chip" aria-pressed=${on} @click=${click}>${words}</button>`;

/** The views as tabs. `page` has `view`, `change(more)`, `open(query)`, `draw()`. */
export function viewTabs(page) {
  const here = queryOf(page.view);
  const own = ownViews();
  const tab = ([name, query]) => html`<a href=${query ? `?${query}` : "/admin/"} aria-current=${query === here ? "true" : nothing} @click=${(event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    page.open(query);
  }}>${name}</a>`;
  const mine = own.find(([, query]) => query === here);
  const known = mine || VIEWS.some(([, query]) => query === here);
  return html`<nav class="views" aria-label="Views">
    ${[...VIEWS, ...own].map(tab)}
    ${known ? nothing : html`<button type="button" class="link" @click=${() => saveView(page, here)}>Save view</button>`}
    ${mine ? html`<button type="button" class="link" @click=${() => { keepView(mine[0], null); page.draw(); }}>Delete “${mine[0]}”</button>` : nothing}
    ${isEmpty(page.view) ? nothing : html`<button type="button" class="link clear" @click=${page.clear}>Clear all</button>`}
  </nav>`;
}

async function saveView(page, query) {
  const name = await openDialog(
    "Save this view",
    (answer) => html`<form @submit=${(event) => {
        event.preventDefault();
        answer(new FormData(event.target).get("name").trim());
      }}>
      <label class="field">Name<input name="name" required maxlength="40" autofocus /></label>
      <p class="quiet">Saves search, filters and order in this browser. To share the view, send the address of the page.</p>
      <div class="actions"><button type="button" class="quiet" @click=${() => answer(null)}>Cancel</button><button class="button">Save</button></div>
    </form>`,
  );
  if (!name) return;
  keepView(name, query);
  page.draw();
}

/** The filters as chips. */
export function chips(page, categories) {
  const { view } = page;
  const status = ([name, words]) => chip(words, view.status.includes(name), () => page.change({ status: toggled(view.status, name) }));
  const toggle = (name) => page.change({ category: toggled(page.view.category, name) });
  return html`<div class="chips" role="group" aria-label="Filters">
    ${Object.entries(STATUS).slice(0, 5).map(status)}
    ${chip("Reserved", view.reserved, () => page.change({ reserved: !view.reserved }))}
    ${categories.length > 1 ? html`<span class="bar" aria-hidden="true"></span>${categoryChips(categories, view.category, toggle, () => page.view.category)}` : nothing}
  </div>`;
}

/** The dialog for columns and their order. */
export function chooseColumns(page) {
  const set = (names, draw) => {
    page.change({ columns: keepColumns(names) }, { step: false });
    draw();
  };
  return openDialog("Columns", (answer, draw) => {
    const shown = page.view.columns;
    const hidden = Object.keys(COLUMNS).filter((name) => !shown.includes(name));
    const line = (name) => {
      const at = shown.indexOf(name);
      const move = (by, words) => html`<button type="button" class="icon" aria-label="${COLUMNS[name].words} ${words}" ?disabled=${at + by < 1 || at + by >= shown.length} @click=${() => set(movedColumn(shown, name, by), draw)}>${by < 0 ? "↑" : "↓"}</button>`;
      return html`<li><label class="check"><input type="checkbox" .checked=${at >= 0} ?disabled=${COLUMNS[name].fixed} @change=${() => set(toggled(shown, name), draw)} />${COLUMNS[name].words}</label>${at > 0 ? html`<span>${move(-1, "to the left")}${move(1, "to the right")}</span>` : nothing}</li>`;
    };
    return html`<ul class="lines">${[...shown, ...hidden].map(line)}</ul>
      <div class="actions"><button type="button" class="quiet" @click=${() => set(null, draw)}>Reset to default</button><button type="button" class="button" @click=${() => answer(null)}>Done</button></div>`;
  });
}

/** Sorting for screens without a head row. */
export function sorting(page) {
  const options = page.view.columns.flatMap((name) => [
    [name, `${COLUMNS[name].words} ↑`],
    [`-${name}`, `${COLUMNS[name].words} ↓`],
  ]);
  return html`<label class="narrow-only"><span class="unseen">Order</span><select @change=${(event) => page.change({ sort: event.target.value })}>
    <option value="" .selected=${page.view.sort === ""}>Your order</option>
    ${options.map(([sort, words]) => html`<option value=${sort} .selected=${page.view.sort === sort}>${words}</option>`)}
  </select></label>`;
}
