// The columns of the table, and the columns and order that this browser shows.

export const COLUMNS = {
  name: { words: "Product", fixed: true },
  category: { words: "Category" },
  price: { words: "Price", number: true },
  stock: { words: "On hand", number: true },
  reserved: { words: "Reserved", number: true },
  available: { words: "Available", number: true },
  backordered: { words: "Backordered", number: true },
  lowStockThreshold: { words: "Threshold", number: true },
  status: { words: "Status" },
  restockDate: { words: "Restock" },
  lastChanged: { words: "Changed" },
};
const FIRST = ["name", "stock", "reserved", "available", "lowStockThreshold", "status", "restockDate", "lastChanged"];
const KEPT = "fm-stock-columns";

/** The valid columns, with the product in front. */
export function sound(names) {
  const known = [...new Set(names)].filter((name) => COLUMNS[name] && !COLUMNS[name].fixed);
  return ["name", ...known];
}

/** The columns of this browser. */
export function keptColumns() {
  try {
    const saved = JSON.parse(localStorage.getItem(KEPT));
    return Array.isArray(saved) ? sound(saved) : FIRST;
  } catch {
    return FIRST; // a private window, or an unknown value
  }
}

/** Saves these columns; null: the default. */
export function keepColumns(names) {
  try {
    if (names) localStorage.setItem(KEPT, JSON.stringify(names));
    else localStorage.removeItem(KEPT);
  } catch {
    // a private window keeps nothing
  }
  return names ? sound(names) : FIRST;
}

/** The same columns with one moved `by` places to the right. */
export function movedColumn(names, name, by) {
  const order = names.filter((other) => other !== name);
  order.splice(Math.max(1, names.indexOf(name) + by), 0, name);
  return order;
}
