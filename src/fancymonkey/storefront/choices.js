/** The dialog for the parts of a set, loaded when it is opened: options with their stock. */

import * as fm from './fancymonkey.js';
import { el, find, nameOf } from './page.js';
import { called, hasChoices, key } from './sets.js';

const dialog = el('dialog', { class: 'basket', id: 'choices', 'aria-labelledby': 'choices-title' });
document.body.append(dialog);
let open = null; // {productId, size, chosen: Map of option to quantity, done}

/** The units of an option that can be chosen: without the fixed parts of one set. */
function leftOf(bundle, option) {
  const fixed = (bundle.components ?? []).filter((part) => key(part) === key(option))
    .reduce((sum, part) => sum + part.quantity, 0);
  return Math.max(0, (fm.sizeOf(option.productId, option.size)?.available ?? 0) - fixed);
}

const count = (group) => group.options.reduce((sum, option) => sum + (open.chosen.get(`${group.name}\n${key(option)}`) ?? 0), 0);
const chosenOf = (option) => [...open.chosen].filter(([name]) => name.endsWith(`\n${key(option)}`)).reduce((sum, [, units]) => sum + units, 0);

function step(group, option, by) {
  const name = `${group.name}\n${key(option)}`;
  open.chosen.set(name, (open.chosen.get(name) ?? 0) + by);
  draw();
}

/** The reason why no further unit of an option can be chosen, or an empty text. */
function obstacle(bundle, group, option) {
  const mine = open.chosen.get(`${group.name}\n${key(option)}`) ?? 0;
  if (count(group) >= group.choose) return 'full';
  if (mine >= option.max) return `At most ${option.max} of it`;
  if (chosenOf(option) >= leftOf(bundle, option)) {
    return leftOf(bundle, option) ? `Only ${leftOf(bundle, option)} left` : fm.words(fm.sizeOf(option.productId, option.size)) || 'Sold out';
  }
  return '';
}

function optionRow(bundle, group, option) {
  const mine = open.chosen.get(`${group.name}\n${key(option)}`) ?? 0;
  const why = obstacle(bundle, group, option);
  return el('li', { class: mine || !why || why === 'full' ? '' : 'gone' },
    el('span', { class: 'what' }, el('span', { class: 'called' }, nameOf(fm.stock, option.productId)), el('small', {}, `Size ${option.size}`),
      why && why !== 'full' ? el('small', { class: 'stock-warning' }, why) : null),
    el('span', { class: 'steps' },
      el('button', { type: 'button', 'aria-label': `One less of ${called(option)}`, disabled: !mine, onclick: () => step(group, option, -1) }, '−'),
      el('span', { class: 'quantity' }, String(mine)),
      el('button', { type: 'button', 'aria-label': `One more of ${called(option)}`, disabled: Boolean(why), onclick: () => step(group, option, 1) }, '+')));
}

function result(bundle) {
  const units = new Map();
  for (const group of bundle.groups) {
    for (const option of group.options) {
      const mine = open.chosen.get(`${group.name}\n${key(option)}`) ?? 0;
      if (!mine) continue;
      const before = units.get(key(option))?.quantity ?? 0;
      units.set(key(option), { productId: option.productId, size: option.size, quantity: before + mine });
    }
  }
  return [...units.values()];
}

/** Removes chosen units that are sold by now; returns a text about them. */
function takeBack(bundle) {
  const gone = [];
  for (const group of bundle.groups) {
    for (const option of group.options) {
      const name = `${group.name}\n${key(option)}`;
      while ((open.chosen.get(name) ?? 0) && chosenOf(option) > leftOf(bundle, option)) {
        open.chosen.set(name, open.chosen.get(name) - 1);
        if (!gone.includes(called(option))) gone.push(called(option));
      }
    }
  }
  return gone;
}

function draw() {
  if (!open) return;
  const size = fm.sizeOf(open.productId, open.size);
  if (!hasChoices(size)) { dialog.close(); return; }
  const gone = takeBack(size.bundle);
  if (gone.length) open.notice = `Someone was faster: ${gone.join(', ')}. Choose again.`;
  const missing = size.bundle.groups.map((group) => [group, group.choose - count(group)]).filter(([, units]) => units);
  const at = [...dialog.querySelectorAll('button')].indexOf(document.activeElement);
  dialog.replaceChildren(
    el('div', { class: 'basket-head' },
      el('h2', { id: 'choices-title' }, nameOf(fm.stock, open.productId)),
      el('button', { class: 'close', type: 'button', 'aria-label': 'Close the choices', onclick: () => dialog.close() }, '×')),
    el('p', { class: 'message', role: 'status' }, [open.notice, size.available ? '' : 'This set is sold out right now.'].join(' ').trim()),
    ...size.bundle.groups.flatMap((group) => [
      el('h3', {}, `Choose ${group.choose} of ${group.name}`),
      el('p', { class: 'quiet' }, `${count(group)} of ${group.choose} chosen`),
      el('ul', { class: 'lines' }, ...group.options.map((option) => optionRow(size.bundle, group, option))),
    ]),
    el('button', {
      class: 'button buy', type: 'button', id: 'choose', disabled: Boolean(missing.length) || !size.available,
      onclick: () => { const { done } = open; const chosen = result(size.bundle); dialog.close(); done(chosen); },
    }, missing.length ? `Choose ${missing.reduce((sum, [, units]) => sum + units, 0)} more` : 'Add to basket'),
  );
  if (at >= 0) {
    const places = [...dialog.querySelectorAll('button')];
    (places[at] && !places[at].disabled ? places[at] : find('choose').disabled ? dialog.querySelector('.close') : find('choose')).focus();
  }
}

/** Asks for the parts of a set, and calls back with them: [{productId, size, quantity}]. */
export function choose(productId, size, done) {
  open = { productId, size, done, chosen: new Map(), notice: '' };
  draw();
  dialog.showModal();
}

dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener('close', () => { open = null; });
fm.on('change', draw);
