// Ctrl+K: jump to a page or a size by typing a few letters.

import { html, nothing, render } from "/admin/lib/lit.js";
import { number } from "/admin/lib/format.js";
import { api } from "/admin/lib/session.js";

const SHOWN = 12;
const WORDS = { in_stock: "in stock", low: "low", out: "out", sold_out: "sold out by owner", backordered: "backordered", archived: "archived" };

let host = null;
let pages = [];
let sizes = null;
let failed = "";
let typed = "";
let at = 0;

/** Opens the palette. `known` are the pages, with `name` and `url`. */
export function open(known) {
  if (host?.querySelector("dialog")?.open) return;
  pages = known;
  [typed, at] = ["", 0];
  if (!host) {
    host = document.createElement("div");
    document.body.append(host);
  }
  draw();
  host.querySelector("dialog").showModal();
  host.querySelector("input").value = "";
  read();
}

async function read() {
  try {
    const { rows } = await api("/api/admin/inventory");
    failed = "";
    sizes = rows.map((row) => ({
      name: `${row.name} ${row.size}`,
      url: `/admin/?q=${encodeURIComponent(row.sku)}`,
      why: `/admin/history.html?sku=${encodeURIComponent(row.sku)}`,
      state: `${number(row.available)} available`,
      word: WORDS[row.status],
      text: [row.name, row.size, row.sku, row.skuId, row.priceId, row.category].join("\n").toLowerCase(),
    }));
  } catch (error) {
    failed = error.message;
  }
  draw();
}

function matches() {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (text) => words.every((word) => text.includes(word));
  const places = pages.filter((page) => has(page.name.toLowerCase()));
  const rows = words.length ? (sizes ?? []).filter((size) => has(size.text)) : [];
  return [...places, ...rows].slice(0, SHOWN);
}

function go(row, event) {
  if (!row) return;
  location.assign((event.ctrlKey || event.metaKey) && row.why ? row.why : row.url);
}

function key(event, rows) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    at = (at + step + rows.length) % Math.max(1, rows.length);
    draw();
    host.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  } else if (event.key === "Enter") {
    event.preventDefault();
    go(rows[at], event);
  }
}

function draw() {
  const rows = matches();
  at = Math.min(at, Math.max(0, rows.length - 1));
  render(
    html`<dialog class="palette" aria-label="Jump to" @click=${(event) => event.target.matches("dialog") && event.target.close()}>
      <input type="text" role="combobox" aria-label="Page, product, size or SKU" aria-expanded="true" aria-controls="jumps" aria-autocomplete="list"
        aria-activedescendant=${rows.length ? `jump-${at}` : nothing} placeholder="Page, product, size or SKU" autocomplete="off" spellcheck="false" autofocus
        @input=${(event) => { typed = event.target.value; at = 0; draw(); }}
        @keydown=${(event) => key(event, rows)} />
      <ul id="jumps" role="listbox" aria-label="Found">
        ${rows.map((row, place) => html`<li id="jump-${place}" role="option" aria-selected=${place === at} @click=${(event) => go(row, event)}
            @pointermove=${() => { if (at !== place) { at = place; draw(); } }}><span>${row.name}</span><small>${row.word ? `${row.state}, ${row.word}` : "page"}</small></li>`)}
      </ul>
      <p class="result" role="status">${rows.length ? nothing : failed || (sizes ? "No pages or sizes match." : "Loading …")}</p>
      <p class="hint-line"><kbd>↑</kbd> <kbd>↓</kbd> choose, <kbd>Enter</kbd> go, <kbd>Ctrl</kbd>+<kbd>Enter</kbd> explain</p>
    </dialog>`,
    host,
  );
}
