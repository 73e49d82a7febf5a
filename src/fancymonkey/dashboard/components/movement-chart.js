// The explanation of a stock number: a sentence, and the movements between two numbers as a chart.

import { html, nothing, svg } from "/admin/lib/lit.js";
import { number, plural, signed, when } from "/admin/lib/format.js";

/** The display names of the kinds of ledger entries. */
export const KINDS = {
  added: "Added",
  received: "Received",
  reserved: "Reserved",
  extended: "Hold extended",
  released: "Released",
  expired: "Hold expired",
  captured: "Sold",
  sold: "Sold later",
  allocated: "Paid, to be shipped",
  shipped: "Shipped",
  returned: "Returned",
  adjusted: "Adjusted",
  counted: "Counted",
  moved: "Moved",
  transferred_out: "Transferred out",
  transferred_in: "Transferred in",
  assembled: "Assembled",
  edited: "Edited",
  location_edited: "Location changed",
  removed: "Off sale",
};

const name = (kind) => KINDS[kind] ?? kind;

/** The bars: `{words, from, to, label, note, kind}`. */
function bars(why) {
  const { opening, closing } = why;
  const steps = why.steps.filter((step) => step.change.stock);
  const less = [["reserved", "Reserved"], ["allocated", "Allocated"]].filter(([field]) => closing[field]);
  const rows = [];
  if (why.from || opening.stock) rows.push({ words: why.from ? "On hand then" : "At first", from: 0, to: opening.stock, label: number(opening.stock), note: why.from ? when(why.from) : "", kind: "sum" });
  rows.push(
    ...steps.map((step) => ({
      words: name(step.kind),
      from: step.stock - step.change.stock,
      to: step.stock,
      label: signed(step.change.stock),
      note: plural(step.entries, "entry", "entries"),
      kind: step.change.stock > 0 ? "more" : "less",
    })),
    { words: "On hand", from: 0, to: closing.stock, label: number(closing.stock), note: why.asOf ? when(why.asOf) : "now", kind: "sum" },
  );
  let remaining = closing.stock;
  for (const [field, words] of less) {
    rows.push({ words, from: remaining, to: remaining - closing[field], label: signed(-closing[field]), note: "in active holds", kind: "held" });
    remaining -= closing[field];
  }
  if (less.length) rows.push({ words: "Available", from: Math.min(0, closing.available), to: closing.available, label: number(closing.available), note: "", kind: "sum" });
  return rows;
}

function chart(rows) {
  const marks = rows.flatMap((row) => [row.from, row.to]);
  const [low, high] = [Math.min(0, ...marks), Math.max(1, ...marks)];
  const x = (value) => ((value - low) / (high - low)) * 100;
  const bar = (row, next) => {
    const [left, right] = [x(Math.min(row.from, row.to)), x(Math.max(row.from, row.to))];
    return html`<svg class="bar ${row.kind}" viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true">
      ${low < 0 ? svg`<line class="zero" x1=${x(0)} x2=${x(0)} y1="0" y2="32" />` : nothing}
      <rect x=${Math.min(left, 99.5)} y="7" width=${Math.max(0.5, right - left)} height="18" />
      ${next ? svg`<line class="link" x1=${x(row.to)} x2=${x(row.to)} y1="25" y2="32" />` : nothing}
    </svg>`;
  };
  return html`<ol class="waterfall" aria-label="Steps" .style=${`--label: ${Math.max(...rows.map((row) => String(row.label).length))}ch`}>${rows.map(
    (row, place) => html`<li class=${row.kind}><span class="what">${row.words}${row.note ? html`<small>${row.note}</small>` : nothing}</span>${bar(row, rows[place + 1])}<b class="number">${row.label}</b></li>`,
  )}</ol>`;
}

const table = (rows) => html`<details class="as-table"><summary>Show as a table</summary>
  <table><thead><tr><th>Step</th><th class="number">Change</th><th class="number">Then</th><th>From</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr><td>${row.words}</td><td class="number">${row.kind === "sum" ? "" : row.label}</td><td class="number">${number(row.to)}</td><td>${row.note}</td></tr>`)}</tbody></table>
</details>`;

/** The sentence of the service, with the time in the viewer's format. */
function sentence(why) {
  const moved = why.steps.filter((step) => step.change.stock);
  const parts = moved.map((step) => `${number(Math.abs(step.change.stock))} ${{ captured: "sold", sold: "sold later", returned: "returned", removed: "taken off" }[step.kind] ?? step.kind}${step.change.stock < 0 && !["captured", "sold", "removed"].includes(step.kind) ? " away" : ""}`);
  const way = parts.length ? ` ${why.from ? `From ${number(why.opening.stock)}` : "In all"}: ${parts.join(", ")}.` : "";
  return `${why.asOf ? why.sentence.replace(why.asOf, when(why.asOf)) : why.sentence}${way}`;
}

/** The complete explanation. */
export function explained(why) {
  const rows = bars(why);
  const n = number(why.closing.available);
  return html`<section class="part" aria-labelledby="why">
    <h2 id="why">${why.asOf ? `Why was it ${n}?` : `Why is it ${n}?`}</h2>
    <p class="because">${sentence(why)}</p>
    ${why.problem ? html`<p class="banner" role="alert">The ledger does not add up: ${why.problem}</p>` : nothing}
    <figure>${chart(rows)}${table(rows)}</figure>
  </section>`;
}
