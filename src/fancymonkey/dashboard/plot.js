// A number a day as a thin line, with its conclusion in words and its numbers as a table.

import uPlot from "/admin/vendor/uplot-1.6.32.min.js";
import { LitElement, html } from "/admin/dom.js";
import { number } from "/admin/format.js";

const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", timeZone: "UTC" });
const name = (day) => DAY.format(new Date(`${day}T00:00:00Z`));

class Plot extends LitElement {
  static properties = { days: { attribute: false }, field: {}, colour: {} };

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.sized = new ResizeObserver(() => this.fit());
    this.sized.observe(this);
    this.again = () => this.redraw();
    addEventListener("scheme", this.again);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.again);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.sized.disconnect();
    removeEventListener("scheme", this.again);
  }

  render() {
    return html`<div class="plot" role="img" aria-label="A line over ${this.days.length} days; the table below has its numbers"></div>`;
  }

  updated() {
    this.redraw();
  }

  fit() {
    this.chart?.setSize({ width: this.clientWidth, height: 240 });
  }

  redraw() {
    const place = this.querySelector(".plot");
    if (!place || !this.clientWidth) return;
    this.chart?.destroy();
    const colour = (token) => resolved(this, token);
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const values = this.days.map((day) => day[this.field]);
    this.chart = new uPlot(
      {
        width: this.clientWidth,
        height: 240,
        legend: { show: false },
        cursor: { y: false },
        scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, Math.max(5, high * 1.1)] } },
        axes: [
          { ...axis, values: (_plot, ticks) => ticks.map((tick) => (Number.isInteger(tick) && this.days[tick] ? name(this.days[tick].day) : "")) },
          { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000, 100000] },
        ],
        series: [{}, { stroke: colour(this.colour), width: 2, points: { show: false } }],
      },
      [this.days.map((_day, place_) => place_), values],
      place,
    );
  }
}

/** A token's colour as the canvas understands it. */
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
    <h2>${title}</h2>
    <figcaption>${words}</figcaption>
    <fm-plot .days=${days} field=${field} colour=${colour}></fm-plot>
    <details><summary>Show as a table</summary>
      <div class="preview" tabindex="0" role="region" aria-label="${title} by day"><table><thead><tr><th>Day</th><th class="number">${title}</th></tr></thead>
        <tbody>${days.map((day) => html`<tr><td>${name(day.day)}</td><td class="number">${number(day[field])}</td></tr>`)}</tbody></table></div>
    </details>
  </figure>`;
