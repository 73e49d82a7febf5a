// What is told to somebody who cannot see it change: politely, and at most once in two seconds.

const APART = 2000;
let last = 0;
let waiting = 0;
let words = "";

const place = document.createElement("p"); // there before it says something, or it is not heard
place.className = "unseen";
place.id = "said";
place.setAttribute("role", "status");
document.body.append(place);

/** Says it soon. What comes before it was said takes its place: the latest is what counts. */
export function say(text) {
  if (!text || text === words) return;
  words = text;
  if (waiting) return;
  waiting = setTimeout(tell, Math.max(50, last + APART - Date.now()));
}

function tell() {
  waiting = 0;
  last = Date.now();
  place.textContent = words;
}
