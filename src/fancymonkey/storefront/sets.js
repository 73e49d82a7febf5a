/** Sets whose parts a buyer chooses: the available number, and the parts in words. */

import * as fm from './fancymonkey.js';
import { nameOf } from './page.js';

export const key = (option) => `${option.productId}/${option.size}`;
export const called = (option) => `${nameOf(fm.stock, option.productId)}, ${option.size}`;

/** Whether a size is a set whose parts the buyer chooses. */
export const hasChoices = (size) => Boolean(size?.bundle?.groups?.length);

/** The number of sets with these choices that could be sold now. */
export function setsOf(size, choices) {
  if (!size?.bundle) return 0;
  const units = new Map();
  for (const part of [...(size.bundle.components ?? []), ...(choices ?? [])]) {
    units.set(key(part), { part, each: (units.get(key(part))?.each ?? 0) + part.quantity });
  }
  const counts = [...units.values()].map(({ part, each }) => {
    const there = fm.sizeOf(part.productId, part.size)?.available;
    return there === undefined ? size.available : Math.floor(there / each);
  });
  return Math.max(0, Math.min(size.available, ...counts));
}

/** The chosen parts that are too few for this number of sets, in words. */
export const shortParts = (line) => (line.choices ?? [])
  .filter((choice) => (fm.sizeOf(choice.productId, choice.size)?.available ?? 0) < choice.quantity * line.quantity)
  .map(called);

/** The choices of a line in words. */
export const inWords = (choices) => choices
  .map((choice) => `${choice.quantity > 1 ? `${choice.quantity} × ` : ''}${called(choice)}`).join(' + ');
