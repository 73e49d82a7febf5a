// The one place that names the vendored library.

export { LitElement, html, nothing, noChange, svg, repeat, live, ref, createRef, render } from "/admin/vendor/lit-3.3.3.min.js";
