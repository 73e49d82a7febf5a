// Numbers, money and times in the viewer's format.

const whole = new Intl.NumberFormat();
export const number = (value) => whole.format(value);
export const signed = (value) => (value > 0 ? `+${number(value)}` : number(value).replace("-", "−"));

const group = whole.formatToParts(1_000_000).find((part) => part.type === "group")?.value ?? ",";
const grouped = new RegExp(`^\\d{1,3}(?:[${/[.,]/.test(group) ? `\\${group}` : group}\\s]\\d{3})+$`);
/** A number as it is typed: without the separators of shown numbers. */
export const ungrouped = (text) => (grouped.test(text) ? text.replace(/\D/g, "") : text);

let currency = "usd";
export const setCurrency = (code) => {
  currency = code;
};
export const money = (amount) =>
  new Intl.NumberFormat(undefined, { style: "currency", currency, maximumFractionDigits: Number.isInteger(amount) ? 0 : 2 }).format(amount);

/** A paid amount in its currency, with all decimals. */
export const paidMoney = (amount, code) => {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency: code }).format(amount);
  } catch {
    return `${amount} ${code}`.trim(); // a code that the browser does not know
  }
};

const near = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const STEPS = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 30],
  ["month", 12],
  ["year", Infinity],
];

/** A time relative to now. */
export function ago(time, now = Date.now()) {
  let value = (new Date(time) - now) / 1000;
  if (Math.abs(value) < 5) return "just now";
  for (const [unit, size] of STEPS) {
    if (Math.abs(value) < size) return near.format(Math.round(value), unit);
    value /= size;
  }
  return "";
}

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const hour = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
export const when = (time) => moment.format(new Date(time));
/** A day; other text from products.json is shown unchanged. */
export const date = (time) => (Number.isNaN(Date.parse(time)) ? (time ?? "") : day.format(new Date(time)));
export const clock = (time) => hour.format(new Date(time));

/** The remaining time as mm:ss. */
export function until(time, now = Date.now()) {
  const seconds = Math.max(0, Math.round((new Date(time) - now) / 1000));
  const shownSeconds = String(seconds % 60).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}:${shownSeconds}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${shownSeconds}`;
}

export const plural = (count, singular, many) => `${number(count)} ${wordFor(count, singular, many)}`;

/** The word for a count, without the count. */
export const wordFor = (count, singular, many = `${singular}s`) => (count === 1 ? singular : many);
