// Taking in a table: drop it, see what would change, apply it as one act, undo it as one.

import { html, nothing } from "/admin/dom.js";
import { offerUndo } from "/admin/change.js";
import { number, plural } from "/admin/format.js";
import { Page } from "/admin/page.js";
import { ApiError, send } from "/admin/session.js";
import { may } from "/admin/shell.js";

const WORDS = { read: "Reading", check: "Comparing", apply: "Changing" };
const COLUMNS = {
  stock: "on hand", lowStockThreshold: "threshold", soldOut: "sold out", restockDate: "restock date", priceId: "Stripe price", skuId: "SKU id",
};
let file = null;
let step = null; // {step, done, of}
let preview = null;
let problem = "";
let create = false;
let rows = "all";
let applied = null;
let editable = true;

/** Sends the file; what comes in lines on the way moves the bar. */
async function ask(mode) {
  const query = new URLSearchParams({ mode, rows, name: file.name });
  if (create) query.set("create", "true");
  const headers = { Accept: "application/x-ndjson", "Content-Type": file.type || "application/octet-stream" };
  if (mode === "apply") headers["Idempotency-Key"] = crypto.randomUUID();
  const response = await send(`/api/admin/import?${query}`, { method: "POST", body: file, headers });
  if (!response.headers.get("content-type")?.includes("ndjson")) {
    const answer = await response.json();
    if (!response.ok) throw new ApiError(response.status, answer, null);
    return answer;
  }
  let [text, last] = ["", null];
  const take = (line) => {
    last = JSON.parse(line);
    if (last.step) {
      step = last;
      page.draw();
    }
  };
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    text += value ?? "";
    const lines = text.split("\n");
    text = lines.pop();
    lines.filter(Boolean).forEach(take);
    if (done) break;
  }
  if (text.trim()) take(text);
  if (!last?.success) throw new ApiError(last?.status ?? 500, last ?? {}, null);
  return last;
}

async function look() {
  if (!file) return;
  [problem, preview, applied, step] = ["", null, null, { step: "read", done: 0, of: 1 }];
  page.draw();
  try {
    preview = await ask("preview");
  } catch (error) {
    problem = error.message;
    preview = error.problem?.counts ? error.problem : null;
  }
  step = null;
  page.draw();
}

async function apply() {
  [problem, step] = ["", { step: "read", done: 0, of: 1 }];
  page.draw();
  try {
    applied = await ask("apply");
    offerUndo(applied.act, `${file.name}: ${plural(applied.counts.applied, "row")} taken in.`, () => {
      applied = null;
      look();
    });
    preview = null;
  } catch (error) {
    problem = error.message;
  }
  step = null;
  page.draw();
}

function take(chosen) {
  if (!chosen) return;
  file = chosen;
  look();
}

const over = (event, on) => {
  event.preventDefault();
  event.currentTarget.classList.toggle("over", on);
};

function start() {
  return html`<div
      class="drop"
      @dragover=${(event) => over(event, true)}
      @dragleave=${(event) => over(event, false)}
      @drop=${(event) => { over(event, false); take(event.dataTransfer.files[0]); }}
    >
      <p>Drop a CSV or XLSX file here, or</p>
      <label class="button">Choose a file<input class="unseen" type="file" accept=".csv,.tsv,.txt,.xlsx" @change=${(event) => take(event.target.files[0])} /></label>
      <p class="quiet">Nothing is changed before you have seen what would be. <a href="/api/admin/export?format=csv" download>Export as CSV</a> or <a href="/api/admin/export?format=xlsx" download>XLSX</a>, edit, and bring it back: what was sold meanwhile stays sold.</p>
    </div>`;
}

function options() {
  const flip = (change) => () => { change(); look(); };
  return html`<div class="chips" role="group" aria-label="How">
    <button type="button" class="chip" aria-pressed=${rows === "good"} @click=${flip(() => { rows = rows === "all" ? "good" : "all"; })}>Leave out rows at fault</button>
    <button type="button" class="chip" aria-pressed=${create} @click=${flip(() => { create = !create; })}>Make what is not there</button>
  </div>`;
}

function seen() {
  const { counts, changes = [], faults = [] } = preview;
  const blocked = rows === "all" && counts.faults > 0;
  return html`<section class="part" aria-labelledby="seen">
    <h2 id="seen">${file.name}</h2>
    <div class="tiles">${[["changed", "would change"], ["new", "new"], ["unchanged", "stay as they are"], ["faults", "at fault"]].map(([key, words]) => html`<div class="tile"><b>${number(counts[key] ?? 0)}</b><span>${words}</span></div>`)}</div>
    ${options()}
    ${faults.length
      ? html`<h3 class="bad">Rows at fault</h3><div class="preview" tabindex="0" role="region" aria-label="Faults"><table><thead><tr><th class="number">Row</th><th>Column</th><th>Why</th></tr></thead>
          <tbody>${faults.map((fault) => html`<tr><td class="number">${number(fault.row)}</td><td>${fault.column ?? ""}</td><td>${fault.reason}</td></tr>`)}</tbody></table></div>`
      : nothing}
    ${changes.length
      ? html`<h3>What would change</h3><div class="preview" tabindex="0" role="region" aria-label="Changes"><table>
          <thead><tr><th class="number">Row</th><th>Size</th><th>What</th><th class="number">Exported</th><th class="number">In the file</th><th class="number">Now</th><th class="number">Then</th></tr></thead>
          <tbody>${changes.map((one) => html`<tr><td class="number">${number(one.row)}</td><td>${one.productId} ${one.size ?? ""}</td><td>${COLUMNS[one.column] ?? one.column}</td>${[one.exported, one.file, one.now].map((value) => html`<td class="number">${value ?? "–"}</td>`)}<td class="number"><b>${one.after ?? "–"}</b></td></tr>`)}</tbody></table></div>`
      : html`<p>Nothing would change.</p>`}
    <div class="actions">
      <button type="button" class="quiet" @click=${() => { [file, preview] = [null, null]; page.draw(); }}>Another file</button>
      <button type="button" class="button" ?disabled=${!editable || blocked || !(counts.changed + (counts.new ?? 0))} @click=${apply}>${blocked ? "Mend the faults first" : `Apply ${plural(counts.changed + (counts.new ?? 0), "row")}`}</button>
    </div>
  </section>`;
}

function body() {
  return {
    state: applied ? `${plural(applied.counts.applied, "row")} of ${file.name} taken in.` : "A table of stock, thresholds, prices: as one act, with one undo.",
    actions: nothing,
    content: html`${problem ? html`<p class="banner" role="alert">${problem}</p>` : nothing}
      ${step ? html`<section class="part"><p role="status">${WORDS[step.step] ?? ""} … ${number(step.done)} of ${number(step.of)}</p><progress max=${step.of || 1} value=${step.done} aria-label="Progress"></progress></section>` : preview ? seen() : start()}
      ${applied ? html`<p><a href="/admin/">Look at the stock</a></p>` : nothing}`,
  };
}

const page = new Page("Import", async () => ({}), body);
may("stock").then((can) => {
  editable = can;
  page.draw();
});
page.read();
