/** Shared by the shop pages: elements without markup, money, and short messages. */

/** An element with properties (`class`, `data-…` and `aria-…` as attributes) and children. */
export function el(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.includes('-')) made[name] = value;
    else made.setAttribute(name === 'class' ? 'class' : name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const find = (id) => document.getElementById(id);

let currency = 'usd';
/** Amounts are shown in this currency from now on. */
export const setCurrency = (code) => { currency = code; };

/** A price in the visitor's format. */
export const money = (amount) => new Intl.NumberFormat(undefined, {
  style: 'currency', currency, minimumFractionDigits: Number.isInteger(amount) ? 0 : undefined,
}).format(amount);

let hush = 0;
/** Shows a short message. */
export function say(text) {
  const toast = find('toast');
  clearTimeout(hush);
  toast.textContent = text;
  toast.classList.add('shown');
  hush = setTimeout(() => toast.classList.remove('shown'), 5000);
}

/** The name of a product, or its id if it is no longer known. */
export const nameOf = (stock, id) => stock.get(id)?.name ?? id;

/** mm:ss, or h:mm:ss. */
export function remaining(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  if (seconds >= 3600) parts.unshift(Math.floor(seconds / 3600));
  return parts.map((part, n) => (n ? String(part).padStart(2, '0') : part)).join(':');
}
