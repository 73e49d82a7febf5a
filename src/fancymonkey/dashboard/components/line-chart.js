// A line chart of daily numbers, with a conclusion in words and a table.

import uPlot from "/admin/vendor/uplot-1.6.32.min.js";
import { LitElement, html } from "/admin/lib/lit.js";
import { date, number, plural } from "/admin/lib/format.js";

const HEIGHT = 200;
const SHORT = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", timeZone: "UTC" });
export const short = (day) => SHORT.format(new Date(`${day}T00:00:00Z`));
const STEPS = [1, 2, 5].flatMap((step) => Array.from({ length: 9 }, (_zero, power) => step * 10 ** power)).sort((a, b) => a - b);

class Plot extends LitElement {
  static properties = { days: { attribute: false }, field: {}, colour: {}, label: {} };

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.sized = new ResizeObserver(() => this.#fit());
    this.sized.observe(this);
    this.again = () => this.#build();
    this.system = matchMedia("(prefers-color-scheme: dark)");
    addEventListener("scheme", this.again);
    this.system.addEventListener("change", this.again);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.sized.disconnect();
    removeEventListener("scheme", this.again);
    this.system.removeEventListener("change", this.again);
    this.chart?.destroy();
  }

  render() {
    return html`<div class="plot" role="img" aria-label="${this.label}: a line over ${plural(this.days.length, "day")}. The table below has its numbers."></div><output class="pointed" aria-hidden="true"></output>`;
  }

  updated(changed) {
    // Unchanged numbers are not drawn again.
    const key = `${this.field} ${this.days.map((day) => `${day.day}=${day[this.field]}`).join()}`;
    if (!changed.size || (key === this.key && this.chart)) return;
    this.key = key;
    this.#build();
  }

  #fit() {
    if (!this.chart) this.#build();
    else if (this.chart.width !== this.clientWidth) this.chart.setSize({ width: this.clientWidth, height: HEIGHT });
  }

  #build() {
    const place = this.querySelector(".plot");
    if (!place || !this.clientWidth) return;
    this.chart?.destroy();
    this.chart = new uPlot(this.#options(), [this.days.map((_day, at) => at), this.days.map((day) => day[this.field])], place);
  }

  #options() {
    const style = getComputedStyle(this);
    const colour = (token) => resolved(this, token);
    const axis = { stroke: colour("--muted"), font: `12px ${style.fontFamily}`, ticks: { show: false } };
    const line = colour(this.colour);
    return {
      width: this.clientWidth,
      height: HEIGHT,
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 8, fill: line, stroke: line } },
      scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, Math.max(4, Math.ceil(high * 1.1))] } },
      axes: [
        { ...axis, grid: { show: false }, size: 28, space: 64, incrs: [1, 2, 5, 7, 14, 30, 60, 90], values: (_plot, at) => at.map((index) => (this.days[index] ? short(this.days[index].day) : "")) },
        { ...axis, grid: { stroke: colour("--line"), width: 1 }, size: 44, space: 36, incrs: STEPS, values: (_plot, at) => at.map((value) => number(value)) },
      ],
      series: [{}, { stroke: line, width: 1.75, fill: line.replace(/^rgb\((.*)\)$/, "rgba($1, 0.1)"), points: { show: this.days.length < 14, size: 5, fill: line } }],
      hooks: { setCursor: [(chart) => this.#point(chart.cursor.idx)] },
    };
  }

  #point(at) {
    const day = at === null || at === undefined ? null : this.days[at];
    this.querySelector(".pointed").textContent = day ? `${short(day.day)}: ${number(day[this.field])}` : "";
  }
}

/** The colour of a token as a canvas colour. */
function resolved(host, token) {
  const probe = document.createElement("i");
  probe.style.color = `var(${token})`;
  host.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

customElements.define("fm-plot", Plot);

/** A figure: title, conclusion, line, table. */
export const plot = (title, words, days, field, colour) =>
  html`<figure>
    <h3>${title}</h3>
    <figcaption>${words}</figcaption>
    <fm-plot .days=${days} field=${field} colour=${colour} label=${title}></fm-plot>
    <details class="as-table"><summary>Show as a table</summary>
      <div class="preview" tabindex="0" role="region" aria-label="${title}, as a table"><table><thead><tr><th>Day</th><th class="number">${title}</th></tr></thead>
        <tbody>${[...days].reverse().map((day) => html`<tr><td>${date(day.day)}</td><td class="number">${number(day[field])}</td></tr>`)}</tbody></table></div>
    </details>
  </figure>`;
