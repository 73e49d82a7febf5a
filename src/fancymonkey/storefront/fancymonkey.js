/**
 * Fancy Monkey, drop-in script, version 1. One module, no dependency.
 *
 * <script type="module" src="https://YOUR-SERVICE/v1/fancymonkey.js"></script>
 * <div data-fm-product="prod_hoodie_001">
 *   <button data-fm-buy="M">M</button> <span data-fm-stock="M"></span>
 * </div>
 */

const meta = document.querySelector('meta[name="fancymonkey-api"]');
const home = new URL(import.meta.url);
const fallback = home.pathname.startsWith('/v1/') ? home.origin : location.origin;
/** Where the service is: the page's meta tag, else where this script came from. */
export const api = (meta?.content || fallback).replace(/\/+$/, '');

const KEPT = `fancymonkey:${api}:`;
const POLL = 15000;
const bus = new EventTarget();

/** Products by id, each with its sizes, as the service shows them. */
export const stock = new Map();
let revision = null;
let online = null;
let skew = 0;

const keep = (name, value) => {
  try {
    if (value === null) localStorage.removeItem(KEPT + name);
    else localStorage.setItem(KEPT + name, JSON.stringify(value));
  } catch { /* a private window: nothing is kept */ }
};
const kept = (name) => {
  try { return JSON.parse(localStorage.getItem(KEPT + name)); } catch { return null; }
};

/** Calls back on `change`, `online`, `offline`, `held`, `released`, `refused`. */
export const on = (name, callback) => bus.addEventListener(name, (event) => callback(event.detail));
const tell = (name, detail) => {
  bus.dispatchEvent(new CustomEvent(name, { detail }));
  document.dispatchEvent(new CustomEvent(`fancymonkey:${name}`, { detail }));
};

/** Whether what `stock` says is of now; null before anything was heard. */
export const isOnline = () => online;
/** The service's time in ms, whatever this device's clock says. */
export const now = () => Date.now() + skew;

/** The buyer's session: nobody can guess it, and it lives until the basket is paid or given up. */
export const session = () => {
  let id = kept('session');
  if (!id) {
    id = 'web_' + [...crypto.getRandomValues(new Uint8Array(16))]
      .map((byte) => byte.toString(16).padStart(2, '0')).join('');
    keep('session', id);
  }
  return id;
};

/** What the buyer holds: {id, lines, expiresAt, seconds (in all), checkoutUrl?}, or null. */
export const held = () => {
  const hold = kept('hold');
  return hold && Date.parse(hold.expiresAt) > now() ? hold : null;
};

/** The buyer starts anew: the hold was paid or given back. */
export const forget = () => {
  const hold = kept('hold');
  if (hold) keep('before', hold.id);
  keep('hold', null);
  keep('session', null);
  tell('released', null);
};
/** The buyer's hold from before, so that it is not in the way of the next one. */
const before = () => (kept('before') ? { replaces: kept('before') } : {});

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
  const body = await answer.json().catch(() => ({ detail: 'No answer that makes sense.' }));
  if (!answer.ok) {
    throw Object.assign(new Error(body.detail), { code: body.code, status: answer.status, body });
  }
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
  const old = kept('hold');
  const seconds = old?.expiresAt === reservation.expiresAt ? old.seconds
    : (Date.parse(reservation.expiresAt) - now()) / 1000;
  keep('hold', { ...reservation, seconds, ...more });
  keep('before', null);
  tell('held', held());
  return reservation;
};

/** Puts lines aside: [{productId, size, quantity}]. Rejects with {code, message, body.lines}. */
export const reserve = (lines) => attempt(async () => {
  const body = await post('/api/inventory/reserve', { sessionId: session(), lines, ...before() });
  return remember({ ...body.reservation, lines });
});

let paying = null;
/** Holds the lines (or what is held) and gives the address to pay at. Twice at once is once. */
export const checkout = (lines) => {
  paying ??= attempt(async () => {
    const body = await post('/api/checkout', { sessionId: session(), ...(lines ? { lines } : {}), ...before() });
    remember(body.reservation, { checkoutUrl: body.checkoutUrl });
    return body;
  }).finally(() => { paying = null; });
  return paying;
};

/** Gives back what is held, by any of its ids. */
export const release = async (id = held()?.id ?? kept('session')) => {
  if (!id) return null;
  const body = await post('/api/inventory/release', { sessionId: id });
  forget();
  return body;
};

/** How a hold stands, by any of its ids. */
export const status = (id) => call(`/api/checkout/status?sessionId=${encodeURIComponent(id)}`);
/** What the shop says of itself: {demo, checkout, currency}. */
export const about = () => call('/api/shop');

/** in-stock, low, held (others have it in their baskets), sold-out, or unknown. */
export const stateOf = (size) => {
  if (!size) return 'unknown';
  if (size.soldOut) return 'sold-out';
  if (size.available > 0) return size.isLowStock ? 'low' : 'in-stock';
  return size.backBy ? 'held' : 'sold-out';
};

export const clock = (time) => new Date(time)
  .toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

/** What a size's state is in words, or in two or three of them; nothing where there is plenty. */
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

/* What is on the page. */

function show(element, size, text) {
  const state = stateOf(size);
  element.dataset.fmState = state;
  element.classList.toggle('sold-out', state === 'sold-out' || state === 'held');
  element.classList.toggle('stock-warning', state === 'low');
  if (text) {
    const said = words(size, element.dataset.fmWords === 'short');
    if (element.textContent !== said) element.textContent = said;
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
  }
}

document.addEventListener('click', async (event) => {
  const button = event.target.closest?.('[data-fm-buy]');
  const productId = button?.closest('[data-fm-product]')?.dataset.fmProduct;
  if (!productId || button.disabled) return;
  button.disabled = true;
  try {
    const found = await checkout([{ productId, size: button.dataset.fmBuy, quantity: 1 }]);
    location.assign(found.checkoutUrl);
  } catch {
    paint(); // `fancymonkey:refused` has told why
  }
});

/* What is new. */

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
  told(true);
  paint();
  tell('change', { revision });
}

function told(is) {
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

/** Asks now, instead of when it is time again. */
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
    told(false);
  }
}

function listen() {
  if (socket && socket.readyState < WebSocket.CLOSING) return;
  const since = revision === null ? '' : `?since=${revision}`;
  const url = `${api.replace(/^http/, 'ws')}/api/inventory/live${since}`;
  socket = new WebSocket(url);
  socket.onmessage = (event) => { wait = 500; take(JSON.parse(event.data)); };
  socket.onclose = async () => {
    await poll(); // also the way of a proxy that lets no WebSocket through
    later(listen);
  };
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && online !== null && socket?.readyState === WebSocket.CLOSED) retry();
});

/** Reads the stock and follows it. Called once by itself. */
async function start() {
  const old = kept('stock');
  for (const product of old?.inventory ?? []) stock.set(product.productId, product);
  if (stock.size) { paint(); tell('change', { revision: null }); }
  await poll();
  listen();
}

start();
