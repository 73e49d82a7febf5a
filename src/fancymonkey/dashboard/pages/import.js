// The import page: drop a file, preview the changes, apply them at once, undo them at once.

import { html, nothing } from "/admin/lib/lit.js";
import { offerUndo, undo } from "/admin/stock/stock-update.js";
import { number, plural, wordFor } from "/admin/lib/format.js";
import { Page, main } from "/admin/lib/data-page.js";
import { ApiError, api, send, whoAmI } from "/admin/lib/session.js";
import { may } from "/admin/lib/shell.js";

const MOST = 16 * 1024 * 1024;
const STEPS = { read: "Reading the file", check: "Comparing the file with the shop", apply: "Applying the changes" };
const COLUMNS = {
  productId: "product", size: "size", name: "name", category: "category", price: "price", stock: "on hand", lowStockThreshold: "threshold",
  soldOut: "sold out", restockDate: "restock date", priceId: "Stripe price", skuId: "SKU id", image: "picture", location: "location", bundle: "bundle",
};
const UNREAD = ["reserved", "available", "status", "backordered", "short", "lastChanged"];
let file = null;
let step = null; // {step, done, of}
let preview = null;
let problem = "";
let create = false;
let leaveOut = false;
let applied = null;
let key = "";
let sheet = ""; // the chosen sheet, if there are several
let sheets = []; // to choose from
let editable = true;
let owner = true;
let several = false; // whether more than one location is open
let own = null; // the locations that the user is limited to

/** Sends the file; the streamed lines move the progress bar. */
async function sendFile(mode) {
  const query = new URLSearchParams({ mode, rows: leaveOut ? "good" : "all", name: file.name });
  if (create) query.set("create", "true");
  if (sheet) query.set("sheet", sheet);
  const headers = { Accept: "application/x-ndjson", "Content-Type": file.type || "application/octet-stream" };
  if (mode === "apply") headers["Idempotency-Key"] = key;
  let response;
  try {
    response = await send(`/api/admin/import?${query}`, { method: "POST", body: file, headers });
  } catch {
    throw new ApiError(0, { detail: "The file could not be sent. It may be open in another program or have changed. Choose it again." }, null);
  }
  if (!response.headers.get("content-type")?.includes("ndjson")) {
    const answer = await response.json().catch(() => null);
    if (!response.ok || answer === null) throw new ApiError(response.ok ? 0 : response.status, answer ?? {}, null);
    return answer;
  }
  const last = await lines(response, (line) => {
    step = line;
    page.draw();
  });
  if (!last?.success) throw new ApiError(last?.status ?? 0, last ?? { detail: "The connection was lost. Preview the file again to see the remaining changes." }, null);
  return last;
}

/** Reads a response line by line; returns the last line. */
async function lines(response, tell) {
  let [text, last] = ["", null];
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    let part = { done: true };
    try {
      part = await reader.read();
    } catch {
      return null; // the connection was lost
    }
    text += part.value ?? "";
    const whole = text.split("\n");
    text = whole.pop();
    for (const line of whole.filter(Boolean)) {
      last = JSON.parse(line);
      if (last.step) tell(last);
    }
    if (part.done) return last?.step ? null : last;
  }
}

async function look() {
  if (!file) return;
  if (file.size > MOST) {
    [problem, file] = [`${file.name} is larger than 16 MiB. Split it.`, null];
    page.draw();
    return;
  }
  [problem, preview, applied, step, key] = ["", null, null, { step: "read", done: 0, of: 1 }, crypto.randomUUID()];
  sheets = [];
  page.draw();
  try {
    preview = await sendFile("preview");
  } catch (error) {
    problem = `${error.message} Nothing was changed.`;
    sheets = error.problem?.sheets ?? [];
    if (error.code !== "overloaded" && !sheets.length) file = null;
  }
  step = null;
  page.draw();
  document.getElementById("seen")?.focus();
}

async function apply() {
  [problem, step] = ["", { step: "read", done: 0, of: 1 }];
  page.draw();
  try {
    applied = await sendFile("apply");
    preview = null;
    offerUndo(applied.changeId, `${file.name}: ${plural(applied.counts.applied, "row")} imported.`, taken);
  } catch (error) {
    problem = error.message;
    if (error.problem?.counts) preview = { ...preview, counts: error.problem.counts, faults: error.problem.faults, notices: error.problem.notices ?? [] };
  }
  step = null;
  page.draw();
}

/** After an undo, the same file can be previewed again. */
function taken() {
  applied = null;
  look();
}

function take(chosen) {
  if (!chosen || step) return;
  [file, sheet] = [chosen, ""];
  look();
}

const over = (event, on) => {
  event.preventDefault();
  document.querySelector(".drop")?.classList.toggle("over", on);
};
addEventListener("dragover", (event) => over(event, true));
addEventListener("dragleave", (event) => event.relatedTarget ?? over(event, false));
addEventListener("drop", (event) => {
  over(event, false);
  take(event.dataTransfer.files[0]);
});
addEventListener("beforeunload", (event) => step?.step === "apply" && event.preventDefault());

const url = (more) => `/api/admin/export?${new URLSearchParams(more)}`;

function start() {
  return html`<div class="drop">
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4v11M7 10l5 5 5-5M4 20h16" /></svg>
      <p><b>Drop a CSV or XLSX file here</b></p>
      <label class="button">Choose a file<input class="unseen" type="file" accept=".csv,.tsv,.txt,.xlsx" @change=${(event) => { take(event.target.files[0]); event.target.value = ""; }} /></label>
      <p class="quiet">Nothing changes until you have seen a preview.</p>
    </div>
    <div class="two ways">
      <section><h2>Change existing products</h2>
        <p class="quiet">Export the stock, edit the file, and import it here. Only cells that you changed are imported, so sales since the export are kept.</p>
        ${several || own ? html`<p><a class="quiet button-like" href=${url({ format: "xlsx", locations: "true" })} download>XLSX by location</a> <a class="quiet button-like" href=${url({ format: "csv", locations: "true" })} download>CSV by location</a></p>` : nothing}
        ${own ? nothing : html`<p><a class="quiet button-like" href=${url({ format: "xlsx" })} download>Export XLSX</a> <a class="quiet button-like" href=${url({ format: "csv" })} download>Export CSV</a></p>`}
        ${own ? html`<p class="quiet">The file has a row for each size at ${own.join(", ")}. You may change the stock there; rows of other locations are refused.</p>` : several ? html`<p class="quiet">By location there is a row for each size and location. Otherwise the numbers are totals, and Main takes the difference of an edited total.</p>` : nothing}
        <p class="quiet">The inventory CSV of Shopify can be imported without changes.</p></section>
      ${own ? nothing : html`<section><h2>Add new products</h2>
        <p class="quiet">Fill in an empty template, one row per size. Product, size, name and stock are enough.</p>
        <p><a class="quiet button-like" href=${url({ format: "xlsx", template: "true" })} download>XLSX template</a> <a class="quiet button-like" href=${url({ format: "csv", template: "true" })} download>CSV template</a></p></section>`}
    </div>`;
}

const show = (value) => (value === null || value === undefined || value === "" ? html`<span class="quiet">–</span>` : value);
const many = (count, list) => (list.length < count ? html`<p class="quiet">The first ${number(list.length)} of ${number(count)}.</p>` : nothing);

function faults(list, count) {
  if (!list.length) return nothing;
  return html`<section class="part"><h3 class="bad">${plural(count, "row")} with errors</h3>
    <div class="preview" tabindex="0" role="region" aria-label="Rows with errors"><table>
      <thead><tr><th class="number">Row</th><th>Column</th><th>Why</th></tr></thead>
      <tbody>${list.map((fault) => html`<tr><td class="number">${number(fault.row)}</td><td>${show(COLUMNS[fault.column] ?? fault.column)}</td><td class="why">${fault.reason}</td></tr>`)}</tbody>
    </table></div>${many(count, list)}</section>`;
}

function changes(list) {
  if (!list.length) return html`<p class="part">No changes.</p>`;
  const marked = list.some((edit) => edit.exported !== null);
  return html`<section class="part"><h3>Changes</h3>
    <div class="preview" tabindex="0" role="region" aria-label="Changes"><table>
      <thead><tr><th class="number">Row</th><th>Product and size</th><th>Field</th>${marked ? html`<th class="number">Exported</th><th class="number">In the file</th>` : nothing}<th class="number">Now</th><th class="number">New</th></tr></thead>
      <tbody>${list.map((edit) => html`<tr>
        <td class="number">${number(edit.row)}</td><td>${edit.productId} <b>${edit.size}</b>${edit.location ? html` · ${edit.location}` : nothing}</td>
        <td>${edit.new ? html`<span class="badge new">New ${edit.new}</span>` : (COLUMNS[edit.column] ?? edit.column)}</td>
        ${marked ? html`<td class="number">${show(edit.exported)}</td><td class="number">${show(edit.file)}</td>` : nothing}
        <td class="number">${show(edit.now)}</td><td class="number"><b>${show(edit.after)}</b></td></tr>`)}</tbody>
    </table></div>${list.length === 1000 ? html`<p class="quiet">The first 1,000.</p>` : nothing}</section>`;
}

function notices(list) {
  if (!list?.length) return nothing;
  return html`<section class="part" aria-labelledby="kept"><h3 id="kept">Not imported</h3>
    <ul class="notices">${list.map((notice) => html`<li>${notice.reason.replaceAll("`", "")}</li>`)}</ul></section>`;
}

/** The sheet that was read, with the others to choose. */
function sheetsOf(names, read) {
  if (!names?.length) return nothing;
  if (names.length === 1) return html`<p class="quiet part">Sheet: ${names[0]}.</p>`;
  return html`<div class="part"><p class="quiet" id="sheets">${read === null ? "Choose the sheet to read:" : `Sheet read: ${read}. Other sheets:`}</p>
    <div class="chips" role="group" aria-labelledby="sheets">${names.map((name) => html`<button type="button" class="chip" aria-pressed=${name === read} @click=${() => { sheet = name; look(); }}>${name}</button>`)}</div></div>`;
}

function columns(list) {
  if (list.includes("handle")) return html`<p class="quiet part">An inventory file of Shopify: the stock of each location is read. A row whose “On hand (current)” is no longer the stock here is an error.</p>`;
  const read = list.filter((name) => COLUMNS[name] && name !== "productId" && name !== "size").map((name) => COLUMNS[name]);
  const left = list.filter((name) => UNREAD.includes(name));
  const sure = list.includes("exported") ? " The file has its export values, so sales since then are kept." : " The file has no export values, so every difference from the current value is a change.";
  return html`<p class="quiet part">Columns read: ${read.join(", ") || "none that can be changed"}.${left.length ? ` Not imported: ${left.join(", ")}.` : ""}${sure}</p>`;
}

function seen() {
  const { counts } = preview;
  const count = counts.changed + counts.new;
  const blocked = !leaveOut && counts.faults > 0;
  const label = blocked ? "Correct the errors, or skip these rows" : count ? `Apply ${plural(count, "row")}` : "No changes to apply";
  const tiles = [["changed", "changed"], ["new", "new"], ["unchanged", "unchanged"], ["faults", "with errors"]];
  return html`<section aria-labelledby="seen">
    <h2 id="seen" tabindex="-1">${file.name}</h2>
    ${sheetsOf(preview.sheets, preview.sheet)} ${columns(preview.columns)}
    <div class="tiles">${tiles.map(([name, words]) => html`<div class="tile ${name === "faults" && counts.faults ? "bad" : ""}"><b>${number(counts[name])}</b><span>${words}</span></div>`)}</div>
    <div class="chips" role="group" aria-label="Options">
      ${counts.faults ? html`<button type="button" class="chip" aria-pressed=${leaveOut} @click=${() => { leaveOut = !leaveOut; page.draw(); }}>Skip rows with errors</button>` : nothing}
      ${owner ? html`<button type="button" class="chip" aria-pressed=${create} @click=${() => { create = !create; look(); }}>Add new products and sizes</button>` : nothing}
    </div>
    ${faults(preview.faults, counts.faults)} ${notices(preview.notices)} ${changes(preview.changes)}
    <div class="actions standing">
      <button type="button" class="quiet" @click=${() => { [file, preview, problem] = [null, null, ""]; page.draw(); }}>Another file</button>
      <button type="button" class="quiet" @click=${look}>Preview again</button>
      <button type="button" class="button" ?disabled=${!editable || blocked || !count} @click=${apply}>${editable ? label : "You can only view"}</button>
    </div>
  </section>`;
}

function finished() {
  const { counts, faults: left } = applied;
  return html`<section class="finished" role="status">
      <p class="large"><b>${number(counts.applied)}</b> ${wordFor(counts.applied, "row was", "rows were")} imported, ${number(counts.unchanged)} unchanged${counts.faults ? `, ${number(counts.faults)} skipped` : ""}.</p>
      <p>${applied.changeId ? html`<button type="button" class="quiet" @click=${() => undo(applied.changeId, taken)}>Undo the import</button> ` : nothing}<button type="button" class="quiet" @click=${() => { [file, applied] = [null, null]; page.draw(); }}>Another file</button> <a class="quiet button-like" href="/admin/">View the stock</a></p>
    </section>
    ${faults(left, counts.faults)} ${notices(applied.notices)}`;
}

function bar() {
  const known = step.of > 1;
  return html`<section class="running"><p role="status">${STEPS[step.step]} …</p>
    <progress max=${known ? step.of : nothing} value=${known ? step.done : nothing} aria-label=${STEPS[step.step]}></progress>
    <p class="quiet" aria-hidden="true">${known ? `${number(step.done)} of ${number(step.of)}` : " "}</p></section>`;
}

function body() {
  const content = step ? bar() : preview ? seen() : applied ? finished() : start();
  return {
    state: "Import stock, thresholds and prices from a file. One undo reverts the whole import.",
    actions: nothing,
    content: html`${problem ? html`<p class="banner out" role="alert">${problem}</p>` : nothing}${sheets.length && !step ? sheetsOf(sheets, null) : nothing}${content}`,
  };
}

main.replaceChildren();
const page = new Page("Import", async () => ({}), body);
const open = api("/api/admin/locations").then(({ locations }) => locations.filter(({ active }) => active).length, () => 1);
Promise.all([may("stock"), may("admin"), open, whoAmI()]).then(([can, all, count, { user }]) => {
  [editable, owner, several, own] = [can, all, count > 1, user?.locations ?? null];
  page.draw();
});
page.read();
