// The popover with the holds of a size; the number itself links to the full list.

import { html, nothing, render } from "/admin/lib/lit.js";
import { number, plural, until } from "/admin/lib/format.js";
import { api } from "/admin/lib/session.js";

const WAIT = 250;
const LISTED = 6;
let host = null;
let waiting = 0;
let about = null;

/** Shows the holds of a row beside a link, after a moment; null hides them. */
export function peek(link, row) {
  clearTimeout(waiting);
  about = link;
  if (!link) {
    host?.remove();
    host = null;
    return;
  }
  waiting = setTimeout(() => show(link, row), WAIT);
}

async function show(link, row) {
  let answer;
  try {
    answer = await api(`/api/admin/holds?sku=${encodeURIComponent(row.sku)}&limit=${LISTED}`);
  } catch {
    return; // the number still links to the holds
  }
  if (about !== link || !link.isConnected) return;
  host ??= document.body.appendChild(Object.assign(document.createElement("div"), { className: "peek" }));
  host.setAttribute("role", "tooltip");
  const held = (hold) => hold.lines.filter((line) => `${line.productId}/${line.size}` === row.sku).reduce((sum, line) => sum + line.quantity, 0);
  render(
    html`<p>${plural(answer.total, "hold")} of ${plural(answer.units, "unit")}</p>
      <ul>${answer.holds.map((hold) => html`<li><b class="number">${number(held(hold))}</b> ${hold.by === "owner" ? "by the owner" : hold.checkout ? "at the checkout" : "in a basket"}<span>${hold.expiresAt ? `${until(hold.expiresAt)} left` : "no expiry"}</span></li>`)}</ul>
      ${answer.total > LISTED ? html`<p>and ${number(answer.total - LISTED)} more</p>` : nothing}`,
    host,
  );
  const box = link.getBoundingClientRect();
  const top = box.bottom + host.offsetHeight + 8 > innerHeight ? box.top - host.offsetHeight - 4 : box.bottom + 4;
  host.style.top = `${Math.max(4, top)}px`;
  host.style.left = `${Math.max(4, Math.min(box.right - host.offsetWidth, innerWidth - host.offsetWidth - 4))}px`;
}

addEventListener("scroll", () => peek(null), { capture: true, passive: true });
document.addEventListener("keydown", (event) => event.key === "Escape" && peek(null));
