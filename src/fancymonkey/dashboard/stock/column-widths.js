// The widths of number columns, so that no digit is cut off.

import { COLUMNS } from "/admin/stock/columns.js";
import { number } from "/admin/lib/format.js";

const SHORT = 5; // characters of a number that fit between the steppers of a phone
const NAME = 160; // px that a name has at least, however long the numbers are
const OTHERS = { status: 172 };
const OTHER = 92;
const ENDS = 80; // px of the first and the last column

export class Widths {
  #longest = new Map(); // column -> characters of its longest number

  /** Measures these rows; `reset` discards earlier measurements. */
  measure(rows, { reset = false } = {}) {
    if (reset) this.#longest.clear();
    for (const column of Object.keys(COLUMNS)) {
      if (!COLUMNS[column].number || column === "price") continue;
      let most = 0;
      for (const row of rows) if (row && Math.abs(row[column]) > Math.abs(most)) most = row[column];
      this.#longest.set(column, Math.max(this.#longest.get(column) ?? 0, number(most).length));
    }
  }

  /** Whether some numbers need a separate line on a phone. */
  get long() {
    return (this.#longest.get("stock") ?? 0) > SHORT;
  }

  /** The CSS width of a column; `typed` is the number of characters being typed into it. */
  of(column, typed) {
    const characters = Math.max(this.#longest.get(column) ?? 0, typed);
    return characters ? `max(var(--column-${column}), calc(${characters}ch + 38px))` : "";
  }

  /** The minimum width of all columns, so that the first one, the name, stays visible. */
  least(columns, typed) {
    const numbers = columns.filter((column) => this.#longest.has(column)).map((column) => this.of(column, typed(column)));
    const others = columns.slice(1).filter((column) => !this.#longest.has(column));
    const fixed = others.reduce((sum, column) => sum + (OTHERS[column] ?? OTHER), NAME + ENDS);
    return `max(920px, calc(${[`${fixed}px`, ...numbers.filter(Boolean)].join(" + ")}))`;
  }
}
