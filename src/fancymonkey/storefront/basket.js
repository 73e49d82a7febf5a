/** The basket: chosen pieces and, after "Buy", the hold with its countdown. */

import * as fm from './fancymonkey.js';
import * as sets from './sets.js';
import { el, find, money, nameOf, remaining, say } from './page.js';

const KEY = 'fancymonkey:basket';
const RING = 2 * Math.PI * 20;
const SETTLE_PAUSE = 3000; // the least time (ms) between two readings of the status after changes
const ENDED = 'Your hold has ended, and the pieces are available to others. Your basket is saved.';
const dialog = find('basket');
let lines = read();
let shop = { checkout: true };
let busy = false;
let notice = '';
let shown = null; // the id of the hold that the page shows
let readings = 0; // of the status; only the latest counts
let settledAt = -Infinity;
let settleTimer = 0;
let unitsOfHold = '';

function read() {
  try {
    const saved = JSON.parse(localStorage.getItem(KEY)) ?? [];
    return saved.filter((line) => line.productId && line.size && line.quantity > 0);
  } catch { return []; }
}

function write() {
  try { localStorage.setItem(KEY, JSON.stringify(lines)); } catch { /* a private window */ }
  draw();
}

const same = (a, b) => a.productId === b.productId && a.size === b.size;
const left = (line) => {
  const size = fm.sizeOf(line.productId, line.size);
  return line.choices ? sets.setsOf(size, line.choices) : Math.max(0, size?.available ?? 0);
};
const total = (wanted) => wanted.reduce(
  (sum, line) => sum + line.quantity * (fm.stock.get(line.productId)?.price ?? 0), 0,
);
const pieces = (wanted) => wanted.reduce((sum, line) => sum + line.quantity, 0);
const inWords = (line) => `${nameOf(fm.stock, line.productId)}, ${line.size}`;

/** Adds one piece of a size, or a set with these parts, and shows the result. */
export function add(productId, size, choices = null) {
  if (fm.held()) {
    open();
    notice = 'Your pieces are held for checkout. Pay for them, or release them to change your basket.';
    draw();
    return;
  }
  if (!choices && sets.hasChoices(fm.sizeOf(productId, size))) {
    import('./choices.js').then((dialogOfParts) => dialogOfParts.choose(productId, size, (chosen) => add(productId, size, chosen)));
    return;
  }
  const wanted = { productId, size, quantity: 1, ...(choices ? { choices } : {}) };
  const line = lines.find((old) => same(old, wanted) && JSON.stringify(old.choices) === JSON.stringify(wanted.choices));
  // A basket has one set of a kind: other parts replace those that were chosen before.
  lines = lines.filter((old) => old === line || !same(old, wanted));
  if ((line?.quantity ?? 0) >= left(wanted)) {
    say(`No more pieces available: ${inWords(wanted)}.`);
    return;
  }
  if (line) line.quantity += 1;
  else lines.push(wanted);
  notice = '';
  write();
  say(`Added to your basket: ${inWords(wanted)}.`);
}

function change(line, by) {
  line.quantity += by;
  lines = lines.filter((old) => old.quantity > 0);
  write();
}

/** Shows the basket. */
export function open() {
  settle();
  draw();
  if (!dialog.open) dialog.showModal();
}

async function buy() {
  if (busy) return;
  busy = true;
  notice = '';
  draw();
  try {
    if (shop.checkout) {
      const session = await fm.checkout(lines);
      draw();
      location.assign(session.checkoutUrl);
      return; // stays busy: the page is on its way
    }
    await fm.reserve(lines);
    notice = 'Online payment is not available yet. Your pieces are held for you.';
  } catch (error) {
    notice = explain(error);
  }
  busy = false;
  draw();
}

/** Explains a refusal, and reduces the basket to the available quantities. */
function explain(error) {
  const short = error.body?.lines;
  if (error.code === 'offline') return 'We can’t reach the shop right now. Nothing was charged, and your basket is saved.';
  if (error.code === 'hold_limit' && short) return limited(short);
  if (!['insufficient_stock', 'sold_out'].includes(error.code) || !short) return error.message;
  const changes = [];
  for (const row of short) {
    const line = lines.find((old) => same(old, row));
    if (!line) continue;
    const there = Math.max(0, row.available ?? 0);
    const parts = (row.scarce ?? []).map((part) => inWords(part)).join(', ');
    const size = fm.sizeOf(row.productId, row.size);
    const back = size?.backBy ? ` Some are in other baskets and may be back by ${fm.clock(size.backBy)}.` : '';
    if (there < line.quantity) {
      changes.push(`${inWords(line)}: ${there ? `only ${there} left, so we updated the quantity` : parts ? `no longer available, because ${parts} is gone` : 'sold out'}.${back}`);
      line.quantity = there;
    }
  }
  lines = lines.filter((line) => line.quantity > 0);
  write();
  return `Someone was faster. ${changes.join(' ')}`;
}

/** Explains a limit under high demand, and reduces the basket to it. */
function limited(rows) {
  const changes = [];
  for (const row of rows) {
    const line = lines.find((old) => same(old, row));
    if (!line) continue;
    if (row.limit > 0) {
      line.quantity = row.limit;
      changes.push(`${inWords(line)}: limited to ${row.limit} right now, so we updated the quantity.`);
    } else {
      changes.push(`${inWords(line)}: the limit for your network is reached. Try again in a few minutes.`);
    }
  }
  write();
  return `This item is in high demand. ${changes.join(' ')}`;
}

async function giveBack() {
  if (busy) return;
  busy = true;
  draw();
  try {
    await fm.release();
    readings += 1;
    shown = null;
    notice = 'Released. Your basket is saved, but its pieces are no longer held.';
  } catch (error) {
    notice = error.code === 'offline' ? 'We can’t reach the shop right now. Try again in a moment.' : error.message;
    await settle();
  }
  busy = false;
  draw();
}

/** Reads the status of a hold that is or was shown: it may have been paid or ended elsewhere. */
export async function settle(id = fm.held()?.id) {
  if (!id) return;
  settledAt = performance.now();
  const number = ++readings;
  let status = null;
  try {
    status = await fm.status(id);
  } catch (error) {
    if (error.status !== 404) {
      if (number !== readings) return;
      if (!fm.held()) { notice = 'We can’t reach the shop right now to check your hold.'; draw(); }
      return;
    }
  }
  const hold = fm.held();
  // The buyer has released the hold or has another one by now.
  if (number !== readings || (hold && hold.id !== id)) return;
  const underWay = status?.paymentPending;
  if (status?.status === 'held' && !underWay) {
    fm.renew(status.reservation.expiresAt);
    return;
  }
  shown = null;
  if (hold) fm.forget({ replace: !underWay });
  if (underWay) { empty(); notice = 'Your payment is in progress. We keep your pieces until it arrives.'; }
  else if (status?.status === 'captured') { empty(); notice = 'Your order is paid. Thank you!'; }
  else if (status?.paid) { empty(); notice = 'Your payment arrived too late for these pieces. It is being refunded.'; }
  else notice = ENDED;
  draw();
}
/** Reads the status soon after the stock of a held piece changes: a payment is such a change. */
function settleAfterChange() {
  const hold = fm.held();
  const units = hold ? JSON.stringify(hold.lines.map((line) => fm.sizeOf(line.productId, line.size)?.stock)) : '';
  if (units === unitsOfHold) return;
  unitsOfHold = units;
  if (!hold?.checkoutUrl || settleTimer) return;
  const pause = Math.max(250, settledAt + SETTLE_PAUSE - performance.now());
  settleTimer = setTimeout(() => { settleTimer = 0; settle(); }, pause);
}

/** Empties the basket after the purchase. */
export function empty() { lines = []; write(); }

/** Takes the settings of the shop. */
export const know = (about) => { shop = about; draw(); };

/* Drawing. */

function ring(hold) {
  const NS = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(NS, 'svg');
  svg.setAttribute('viewBox', '0 0 48 48');
  svg.setAttribute('aria-hidden', 'true');
  for (const name of ['track', 'rest']) {
    const circle = document.createElementNS(NS, 'circle');
    for (const [key, value] of [['cx', 24], ['cy', 24], ['r', 20], ['class', name]]) {
      circle.setAttribute(key, value);
    }
    svg.append(circle);
  }
  svg.lastChild.setAttribute('stroke-dasharray', RING);
  return el('div', { class: 'hold' }, svg, el('div', {},
    el('p', { class: 'time', id: 'time', role: 'timer' }),
    el('p', { class: 'quiet' }, `Held for you until ${fm.clock(hold.expiresAt)}`)));
}

/** Explains the end of the hold that the page shows; it was paid, released, or too old. */
function ended() {
  const id = shown;
  shown = null;
  notice = '';
  draw();
  settle(id);
}

function tick() {
  const hold = fm.held();
  const time = find('time');
  if (!hold) {
    if (shown && !busy) ended();
    return;
  }
  const ms = Date.parse(hold.expiresAt) - fm.now();
  const text = remaining(ms);
  if (time && time.textContent !== text) {
    time.textContent = text;
    const ring = dialog.querySelector('.rest');
    ring.setAttribute('stroke-dashoffset', RING * (1 - Math.min(1, ms / 1000 / hold.seconds)));
  }
  const tray = `Held for you: ${text}`;
  if (find('tray-words').textContent !== tray) find('tray-words').textContent = tray;
}

function row(line, fixed) {
  const product = fm.stock.get(line.productId);
  const gone = !fixed && left(line) < line.quantity;
  const steps = fixed ? el('span', { class: 'quantity' }, `× ${line.quantity}`) : el('span', { class: 'steps' },
    el('button', { type: 'button', 'aria-label': `One less of ${inWords(line)}`, onclick: () => change(line, -1) }, '−'),
    el('span', { class: 'quantity' }, String(line.quantity)),
    el('button', { type: 'button', 'aria-label': `One more of ${inWords(line)}`, disabled: line.quantity >= left(line), onclick: () => change(line, 1) }, '+'));
  return el('li', {},
    el('span', { class: 'what' }, el('span', { class: 'called' }, nameOf(fm.stock, line.productId)), el('small', {}, `Size ${line.size}`),
      line.choices ? el('small', {}, sets.inWords(line.choices)) : null,
      gone && line.choices ? el('small', { class: 'stock-warning' }, left(line) ? `Only ${left(line)} left!` : `${sets.shortParts(line).join(', ') || 'A part'} is gone. Choose again.`) : null,
      gone && !line.choices ? el('small', { class: 'stock-warning' }, left(line) ? `Only ${left(line)} left!` : fm.words(fm.sizeOf(line.productId, line.size))) : null),
    steps,
    el('span', { class: 'price' }, product?.price ? money(product.price * line.quantity) : ''));
}

function held(hold) {
  const link = hold.checkoutUrl;
  return [
    ring(hold),
    el('ul', { class: 'lines' }, ...hold.lines.map((line) => row(line, true))),
    el('p', { class: 'total' }, 'Total', el('span', {}, money(total(hold.lines)))),
    link ? el('a', { class: 'button buy', href: link }, 'Continue to payment') : null,
    el('button', { class: 'plain', type: 'button', id: 'give-back', disabled: busy, onclick: giveBack }, 'Release'),
  ];
}

function wanted() {
  if (!lines.length) return [el('p', { class: 'empty' }, 'Your basket is empty. Tap a size to add a piece.')];
  const fits = lines.every((line) => left(line) >= line.quantity);
  const word = busy ? 'Holding your pieces…' : `Buy for ${money(total(lines))}`;
  return [
    el('ul', { class: 'lines' }, ...lines.map((line) => row(line, false))),
    el('p', { class: 'total' }, 'Total', el('span', {}, money(total(lines)))),
    el('button', { class: 'button buy', type: 'button', id: 'buy', disabled: busy || !fm.isOnline(), onclick: buy }, word),
    el('p', { class: 'quiet' }, fits ? 'We hold your pieces for you while you pay.' : 'Some pieces are no longer available. Tap to update your basket.'),
  ];
}

/** Draws the basket again; the focus stays in place. */
export function draw() {
  const hold = fm.held();
  if (hold) shown = hold.id;
  const mine = hold ? hold.lines : lines;
  const count = pieces(mine);
  find('count').textContent = count;
  find('tray').hidden = !count;
  find('basket-title').textContent = hold ? 'Held for you' : 'Your basket';
  if (!hold) find('tray-words').textContent = `${count} ${count === 1 ? 'piece' : 'pieces'}, ${money(total(lines))}: view basket`;
  const body = find('basket-body');
  const at = [...body.querySelectorAll('button, a')].indexOf(document.activeElement);
  body.replaceChildren(
    el('p', { class: 'message', role: 'status' }, notice), ...(hold ? held(hold) : wanted()).filter(Boolean),
  );
  if (at >= 0) {
    const places = [...body.querySelectorAll('button:enabled, a')];
    (places[at] ?? places.at(-1) ?? find('close-basket')).focus();
  }
  tick();
}

find('open-basket').addEventListener('click', open);
find('tray-open').addEventListener('click', open);
find('close-basket').addEventListener('click', () => dialog.close());
dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener('close', () => { notice = ''; });
fm.on('held', draw);
fm.on('released', draw);
fm.on('change', () => { draw(); settleAfterChange(); });
fm.on('online', draw);
fm.on('offline', draw);
addEventListener('storage', (event) => { // another tab has changed the basket
  if (event.key === KEY) { lines = read(); draw(); }
});
setInterval(tick, 250);
document.addEventListener('visibilitychange', () => { if (!document.hidden) settle(); });
addEventListener('pageshow', (event) => {
  if (event.persisted) { busy = false; settle(); draw(); } // back from the checkout
});
