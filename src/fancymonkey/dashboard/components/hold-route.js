// The reasons for the locations of a hold, and the parcels and kilometres of the other options.

import { html, nothing } from "/admin/lib/lit.js";
import { number, plural } from "/admin/lib/format.js";

const cost = (way) => `${way.locations.join(" and ")}: ${plural(way.parcels, "parcel")}, ${way.km === null ? "distance not known" : `${number(way.km)} km`}`;

/** The reasons behind a button that opens them; nothing without a route. */
export function whyHere(route) {
  if (!route) return nothing;
  return html`<details class="why-here"><summary>Why ${route.chosen.locations.join(" and ")}</summary>
    ${route.because.map((reason) => html`<p>${reason}</p>`)}
    <ul><li><b>Chosen</b> ${cost(route.chosen)}</li>${route.alternatives.map((way) => html`<li>Instead ${cost(way)}</li>`)}</ul>
  </details>`;
}
