/** The drop page: products from the service, and adding them to the basket. */

import * as fm from './fancymonkey.js';
import * as basket from './basket.js';
import { drawing } from './product-art.js';
import { el, find, money, setCurrency } from './page.js';

const grid = find('grid');
const cards = new Map();
let chosen = '';

function sizeButton(product, size) {
  return el('button', {
    type: 'button', class: 'size', 'data-fm-size': size.size, disabled: true,
    onclick: () => basket.add(product.productId, size.size),
  }, el('span', {}, size.size), el('small', { 'data-fm-stock': size.size, 'data-fm-words': 'short' }));
}

/** The content of a card; the card is drawn again only when this changes. */
const makeOf = (product) => JSON.stringify([
  product.name, product.category, product.price, product.image, product.sizes.map((size) => size.size),
]);

/** The owner's picture, or a drawing if there is none or it cannot be loaded. */
function picture(product) {
  const drawn = () => drawing(product.name ?? product.productId, product.category ?? '');
  if (!product.image) return drawn();
  const image = el('img', {
    src: product.image, alt: '', loading: 'lazy', decoding: 'async', referrerpolicy: 'no-referrer',
    onerror: () => image.replaceWith(drawn()),
  });
  return image;
}

function card(product) {
  return el('li', { class: 'card', 'data-fm-product': product.productId },
    el('div', { class: 'picture' }, picture(product)),
    el('div', { class: 'label' },
      el('h3', {}, product.name ?? product.productId),
      el('p', { class: 'price' }, product.price === null ? '' : money(product.price))),
    el('div', { class: 'sizes', role: 'group', 'aria-label': `Sizes of ${product.name ?? product.productId}` },
      ...product.sizes.map((size) => sizeButton(product, size))),
    el('p', { class: 'news' }), el('p', { class: 'pickup' }));
}

/** A line below the sizes, for text that does not fit on a button. */
function news(product) {
  const held = product.sizes.filter((size) => fm.stateOf(size) === 'held');
  if (held.length) {
    return `${held.map((size) => size.size).join(', ')}: ${fm.words(held[0]).replace('In', 'in')}`;
  }
  const gone = product.sizes.every((size) => fm.stateOf(size) === 'sold-out');
  return gone && product.restockDate ? `Back around ${product.restockDate}` : '';
}

let hasPickup = false; // whether buyers may collect somewhere

function label(product, button) {
  const size = product.sizes.find((row) => row.size === button.dataset.fmSize);
  const state = fm.words(size);
  const text = `${button.dataset.fmSize}${state ? `, ${state}` : ''}, add to basket`;
  if (button.getAttribute('aria-label') !== text) button.setAttribute('aria-label', text);
}

function drawGrid() {
  const products = [...fm.stock.values()];
  if (!products.length && fm.isOnline() !== true) return;
  if (grid.ariaBusy === 'true') grid.replaceChildren();
  grid.ariaBusy = 'false';
  for (const [id, old] of cards) {
    if (!fm.stock.has(id)) { old.element.remove(); cards.delete(id); }
  }
  let before = null;
  for (const product of products) {
    const make = makeOf(product);
    let known = cards.get(product.productId);
    if (known?.make !== make) {
      const element = card(product);
      known?.element.replaceWith(element);
      known = { make, element };
      cards.set(product.productId, known);
    }
    if (!known.element.isConnected) (before ? before.after(known.element) : grid.prepend(known.element));
    before = known.element;
    known.element.hidden = Boolean(chosen) && product.category !== chosen;
    for (const button of known.element.querySelectorAll('.size')) label(product, button);
    const line = known.element.querySelector('.news');
    const text = news(product);
    if (line.textContent !== text) line.textContent = text;
    known.element.querySelector('.pickup').toggleAttribute('data-fm-pickup', hasPickup);
  }
  if (!products.length) grid.replaceChildren(el('li', { class: 'empty' }, 'The next drop is coming soon. Check back later.'));
  fm.paint(grid);
}

const FEW = 6; // categories that are always visible
let wide = false; // whether the others are visible too
let sought = '';

const byName = (a, b) => a.localeCompare(b, undefined, { numeric: true, sensitivity: 'base' });

function filterChip(category, words = category) {
  return el('button', {
    type: 'button', class: 'chip', title: words, 'aria-pressed': String(category === chosen),
    onclick: () => { chosen = category; drawFilters(true); drawGrid(); },
  }, words);
}

function moreFilters(found) {
  const box = el('div', { class: 'more-filters', id: 'more-filters' });
  const list = el('div', { class: 'filters', role: 'group', 'aria-label': 'More categories' });
  const fill = () => {
    const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
    const meant = found.filter((name) => words.every((word) => name.toLowerCase().includes(word)));
    list.replaceChildren(...meant.map((name) => filterChip(name)));
    if (!meant.length) list.append(el('p', { class: 'quiet' }, 'No categories match.'));
  };
  const search = el('input', {
    type: 'search', 'aria-label': 'Search categories', placeholder: 'Search categories',
    oninput: (event) => { sought = event.target.value; fill(); },
  });
  search.value = sought;
  fill();
  box.append(search, list);
  return box;
}

function drawFilters(force = false) {
  const categories = [...new Set([...fm.stock.values()].map((product) => product.category))]
    .filter(Boolean).sort(byName);
  const place = find('filters');
  const made = JSON.stringify(categories);
  if (!force && place.dataset.made === made) return;
  place.dataset.made = made;
  if (chosen && !categories.includes(chosen)) chosen = ''; // it has no more products
  const few = categories.length <= FEW + 2;
  const shown = few ? categories : categories.filter((name, at) => at < FEW || name === chosen);
  const focused = place.contains(document.activeElement) ? document.activeElement.title : null;
  place.replaceChildren(filterChip('', 'Everything'), ...shown.map((name) => filterChip(name)));
  if (!few) {
    place.append(el('button', {
      type: 'button', class: 'chip', id: 'more', title: 'More categories',
      'aria-expanded': String(wide), 'aria-controls': 'more-filters',
      onclick: () => { wide = !wide; sought = ''; drawFilters(true); },
    }, wide ? 'Fewer' : `More … ${(categories.length - shown.length).toLocaleString()}`));
    if (wide) place.append(moreFilters(categories));
  }
  if (focused) [...place.querySelectorAll('.chip')].find((chip) => chip.title === focused)?.focus();
}

function drawLeft() {
  const left = [...fm.stock.values()].flatMap((product) => product.sizes)
    .filter((size) => !size.bundle && !size.soldOut) // units of a bundle are units of its parts
    .reduce((sum, size) => sum + Math.max(0, size.available), 0);
  const text = fm.isOnline() ? `${left.toLocaleString()} pieces left` : '';
  if (find('left').textContent !== text) find('left').textContent = text;
}

function draw() {
  drawFilters();
  drawGrid();
  drawLeft();
}

function connection() {
  find('offline').hidden = fm.isOnline() !== false;
  document.body.classList.toggle('offline', fm.isOnline() === false);
  draw();
}

async function introduce() {
  try {
    const about = await fm.about();
    setCurrency(about.currency);
    find('demo').hidden = !about.demo;
    basket.know(about);
    hasPickup = Boolean(about.pickup?.length);
    cards.forEach((known) => { known.make = ''; });
    draw();
  } catch { /* the notice already reports that the shop cannot be reached */ }
}

fm.on('change', draw);
fm.on('online', () => { connection(); introduce(); basket.settle(); });
fm.on('offline', connection);
find('retry').addEventListener('click', () => fm.retry());
find('hero-picture').append(drawing('Midnight Emerald Hoodie', 'hoodies'));
if (fm.stock.size) draw();
if (fm.isOnline() !== null) connection();
if (fm.isOnline()) introduce();
basket.draw();
if (location.hash === '#basket') basket.open();
