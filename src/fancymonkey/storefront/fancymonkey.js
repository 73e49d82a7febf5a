/**
 * Fancy Monkey, drop-in script, version 1. One module, no dependency.
 *
 * <script type="module" src="https://YOUR-SERVICE/v1/fancymonkey.js"></script>
 * <div data-fm-product="prod_hoodie_001">
 *   <button data-fm-buy="M">M</button> <span data-fm-stock="M"></span> <p data-fm-pickup></p>
 * </div>
 */

const meta = document.querySelector('meta[name="fancymonkey-api"]');
const home = new URL(import.meta.url);
const fallback = home.pathname.startsWith('/v1/') ? home.origin : location.origin;
/** The URL of the service: from the page's meta tag, else the origin of this script. */
export const api = (meta?.content || fallback).replace(/\/+$/, '');

const KEPT = `fancymonkey:${api}:`;
const POLL = 15000;
const bus = new EventTarget();

/** Products by id, each with its sizes. */
export const stock = new Map();
let revision = null;
let online = null;
let skew = 0;

const keep = (name, value) => {
  try {
    if (value === null) localStorage.removeItem(KEPT + name);
    else localStorage.setItem(KEPT + name, JSON.stringify(value));
  } catch { /* a private window: nothing is stored */ }
};
const stored = (name) => {
  try { return JSON.parse(localStorage.getItem(KEPT + name)); } catch { return null; }
};

/** Calls back on `change`, `online`, `offline`, `held`, `released`, `refused`. */
export const on = (name, callback) => bus.addEventListener(name, (event) => callback(event.detail));
const tell = (name, detail) => {
  bus.dispatchEvent(new CustomEvent(name, { detail }));
  document.dispatchEvent(new CustomEvent(`fancymonkey:${name}`, { detail }));
};

/** Whether `stock` is current; null before the first response. */
export const isOnline = () => online;
/** The service's time in ms, independent of this device's clock. */
export const now = () => Date.now() + skew;

/** The buyer's random session id, stored until the hold is paid or released. */
export const session = () => {
  let id = stored('session');
  if (!id) {
    id = 'web_' + [...crypto.getRandomValues(new Uint8Array(16))]
      .map((byte) => byte.toString(16).padStart(2, '0')).join('');
    keep('session', id);
  }
  return id;
};

/** The buyer's hold: {id, lines, expiresAt, seconds (in all), checkoutUrl?}, or null. */
export const held = () => {
  const hold = stored('hold');
  return hold && Date.parse(hold.expiresAt) > now() ? hold : null;
};

/**
 * Removes the hold and session after payment or release. With `id`, only a hold with this id.
 * With `replace`, the buyer's next hold releases this one if it is still held.
 */
export const forget = ({ id = null, replace = true } = {}) => {
  const hold = stored('hold');
  if (id && hold && hold.id !== id) return;
  if (hold && replace) keep('before', hold.id);
  keep('hold', null);
  keep('session', null);
  tell('released', null);
};
/** The buyer's earlier hold, which the next one replaces. */
const before = () => (stored('before') ? { replaces: stored('before') } : {});

async function call(path, options = {}) {
  let answer;
  try {
    answer = await fetch(api + path, options);
  } catch (error) {
    throw Object.assign(new Error('The shop cannot be reached.'), { code: 'offline', error });
  }
  const date = Date.parse(answer.headers.get('date') ?? '');
  if (date) skew = Math.abs(date - Date.now()) > 2000 ? date - Date.now() : 0;
  if (answer.status === 304) return null;
  const body = await answer.json().catch(() => null);
  if (!answer.ok) {
    const detail = body?.detail ?? 'The response is not valid.';
    throw Object.assign(new Error(detail), { code: body?.code, status: answer.status, body });
  }
  // The connection broke, or the page was left: nothing is known about the hold or the stock.
  if (body === null) throw Object.assign(new Error('The shop cannot be reached.'), { code: 'offline' });
  return body;
}

const post = (path, body, key) => call(path, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', ...(key ? { 'Idempotency-Key': key } : {}) },
  body: JSON.stringify(body),
});

async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    tell('refused', { code: error.code, message: error.message, lines: error.body?.lines ?? [] });
    throw error;
  }
}

const remember = (reservation, more = {}) => {
  const old = stored('hold');
  const seconds = old?.expiresAt === reservation.expiresAt ? old.seconds
    : (Date.parse(reservation.expiresAt) - now()) / 1000;
  keep('hold', { ...reservation, seconds, ...more });
  keep('before', null);
  tell('held', held());
  return reservation;
};

/** Holds lines: [{productId, size, quantity}]. Rejects with {code, message, body.lines}. */
export const reserve = (lines) => attempt(async () => {
  const body = await post('/api/inventory/reserve', { sessionId: session(), lines, ...before() });
  return remember({ ...body.reservation, lines });
});

/** Stores the present deadline of the hold; the shop's owner may have moved it. */
export const renew = (expiresAt) => {
  const hold = stored('hold');
  if (hold && hold.expiresAt !== expiresAt) remember({ ...hold, expiresAt });
};

let paying = null;
/** Holds the lines (or uses the hold) and returns the checkout URL. Concurrent calls are one. */
export const checkout = (lines) => {
  paying ??= attempt(async () => {
    const body = await post('/api/checkout', { sessionId: session(), ...(lines ? { lines } : {}), ...before() });
    remember(body.reservation, { checkoutUrl: body.checkoutUrl });
    return body;
  }).finally(() => { paying = null; });
  return paying;
};

/** Releases a hold, by any of its ids. */
export const release = async (id = held()?.id ?? stored('session')) => {
  if (!id) return null;
  const body = await post('/api/inventory/release', { sessionId: id });
  forget({ id: id.startsWith('res_') ? id : null });
  return body;
};

addEventListener('storage', (event) => { // another tab has held, paid or released
  if (event.key === `${KEPT}hold`) tell(held() ? 'held' : 'released', held());
});

/** Reads the status of a hold, by any of its ids. */
export const status = (id) => call(`/api/checkout/status?sessionId=${encodeURIComponent(id)}`);
/** Reads the stock at each location: sizes with `locations`, and the `locations`. */
export const byLocation = () => call('/api/inventory/get?locations=true');
/** Reads the settings of the shop: {demo, checkout, currency, pickup}. */
export const about = () => call('/api/shop');

/** in-stock, low, held (in other buyers' baskets), sold-out, or unknown. */
export const stateOf = (size) => {
  if (!size) return 'unknown';
  if (size.soldOut) return 'sold-out';
  if (size.available > 0) return size.isLowStock ? 'low' : 'in-stock';
  return size.backBy ? 'held' : 'sold-out';
};

export const clock = (time) => new Date(time)
  .toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

/** The state of a size in words, long or short; empty if there is plenty. */
export const words = (size, short = false) => {
  switch (stateOf(size)) {
    case 'low': return `Only ${size.available} left!`;
    case 'held': return short ? 'In baskets'
      : `In other baskets, may be back by ${clock(size.backBy)}`;
    case 'sold-out': return 'Sold out';
    case 'unknown': return short ? '' : 'Availability unknown';
    default: return '';
  }
};

export const sizeOf = (productId, name) =>
  stock.get(productId)?.sizes.find((size) => size.size === name);

/* Pick-up. */

const day = (date) => new Date(`${date}T00:00`)
  .toLocaleDateString([], { weekday: 'short', month: 'short', day: 'numeric' });

function pickupAt(product, { id, name }) {
  const sizes = new Map([[' today', []]]); // when -> names
  for (const size of product.sizes) {
    const there = size.locations.find((row) => row.location === id);
    // Only a shop with several locations has `pickup`.
    const { today, later, from } = there?.pickup ?? { today: there?.available ?? 0 };
    if (size.soldOut || !(today || (later && from))) continue;
    const when = today ? (there.pickup ? ' today' : '') : ` from ${day(from)}`;
    const left = today || later;
    const words = left <= size.lowStockThreshold ? `${size.size} (${left} left)` : size.size;
    sizes.set(when, [...sizes.get(when) ?? [], words]);
  }
  return [...sizes].filter(([, names]) => names.length)
    .map(([when, names]) => `Pick up in ${name}${when}: ${names.join(', ')}`);
}

/**
 * Where and when a product of `byLocation()` can be collected:
 * "Pick up in Berlin today: S, M (2 left). Pick up in Berlin from Thu, Dec 3: L".
 */
export const pickupWords = (product, locations) => locations.filter((row) => row.pickup)
  .flatMap((row) => pickupAt(product, row)).join('. ');

const PICKUP_PAUSE = 5000; // the least time (ms) between two readings
let pickup = new Map(); // product id -> text
let pickupReadAt = -Infinity;

/** Reads the stock at each location if an element of the page shows it. */
async function readPickup() {
  if (performance.now() - pickupReadAt < PICKUP_PAUSE || !document.querySelector('[data-fm-pickup]')) return;
  pickupReadAt = performance.now();
  try {
    const { inventory, locations } = await byLocation();
    pickup = new Map(inventory.map((product) => [product.productId, pickupWords(product, locations)]));
    paint();
  } catch { /* the events `offline` and `online` report the connection */ }
  setTimeout(() => document.hidden || readPickup(), PICKUP_PAUSE + 1);
}

/* The elements of the page. */

function show(element, size, text) {
  const state = stateOf(size);
  element.dataset.fmState = state;
  element.classList.toggle('sold-out', state === 'sold-out' || state === 'held');
  element.classList.toggle('stock-warning', state === 'low');
  if (text) {
    const label = words(size, element.dataset.fmWords === 'short');
    if (element.textContent !== label) element.textContent = label;
  } else if ('disabled' in element) {
    element.disabled = !online || !['low', 'in-stock'].includes(state);
  }
}

/** Shows the states on the elements with data-fm-… below `root`. */
export function paint(root = document) {
  for (const place of root.querySelectorAll('[data-fm-product]')) {
    const id = place.dataset.fmProduct;
    for (const element of place.querySelectorAll('[data-fm-size]')) {
      show(element, sizeOf(id, element.dataset.fmSize), false);
    }
    for (const element of place.querySelectorAll('[data-fm-buy]')) {
      show(element, sizeOf(id, element.dataset.fmBuy), false);
    }
    for (const element of place.querySelectorAll('[data-fm-stock]')) {
      show(element, sizeOf(id, element.dataset.fmStock), true);
    }
    for (const element of place.querySelectorAll('[data-fm-pickup]')) {
      const text = pickup.get(id) ?? '';
      if (element.textContent !== text) element.textContent = text;
    }
  }
  readPickup();
}

document.addEventListener('click', async (event) => {
  const button = event.target.closest?.('[data-fm-buy]');
  const productId = button?.closest('[data-fm-product]')?.dataset.fmProduct;
  if (!productId || button.disabled) return;
  button.disabled = true;
  try {
    const session = await checkout([{ productId, size: button.dataset.fmBuy, quantity: 1 }]);
    location.assign(session.checkoutUrl);
  } catch {
    paint(); // the event `fancymonkey:refused` has the reason
  }
});

/* Live updates. */

function take(message) {
  if (message.inventory) {
    stock.clear();
    for (const product of message.inventory) stock.set(product.productId, product);
  }
  for (const product of message.products ?? []) stock.set(product.productId, product);
  for (const id of message.removed ?? []) stock.delete(id);
  for (const change of message.changes ?? []) {
    const size = sizeOf(change.productId, change.size);
    if (size) Object.assign(size, change);
  }
  revision = message.revision ?? revision;
  keep('stock', { revision, inventory: [...stock.values()] });
  setOnline(true);
  paint();
  tell('change', { revision });
}

function setOnline(is) {
  if (online === is) return;
  online = is;
  paint();
  tell(is ? 'online' : 'offline', null);
}

let wait = 500;
let socket = null;
let timer = 0;
const later = (work) => {
  wait = Math.min(POLL, wait * 1.7);
  timer = setTimeout(work, wait * (0.7 + Math.random() * 0.6));
};

/** Polls now, instead of at the next interval. */
export async function retry() {
  wait = 500;
  await poll();
  if (online && socket?.readyState !== WebSocket.OPEN) {
    clearTimeout(timer);
    listen();
  }
}

async function poll() {
  try {
    take(await call('/api/inventory/get', { cache: 'no-cache' }));
  } catch {
    setOnline(false);
  }
}

function listen() {
  if (socket && socket.readyState < WebSocket.CLOSING) return;
  const since = revision === null ? '' : `?since=${revision}`;
  const url = `${api.replace(/^http/, 'ws')}/api/inventory/live${since}`;
  socket = new WebSocket(url);
  socket.onmessage = (event) => { wait = 500; take(JSON.parse(event.data)); };
  socket.onclose = async () => {
    await poll(); // also the fallback behind a proxy without WebSocket support
    later(listen);
  };
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && online !== null && socket?.readyState === WebSocket.CLOSED) retry();
});

/** Reads the stock and listens for changes. Runs once, when the module loads. */
async function start() {
  const old = stored('stock');
  for (const product of old?.inventory ?? []) stock.set(product.productId, product);
  if (stock.size) { paint(); tell('change', { revision: null }); }
  await poll();
  listen();
}

start();
