// Announcements for screen readers: polite, and at most one in two seconds.

const APART = 2000;
let last = 0;
let waiting = 0;
let words = "";

const place = document.createElement("p"); // must exist before the first text, or it is not announced
place.className = "unseen";
place.id = "said";
place.setAttribute("role", "status");
document.body.append(place);

/** Announces a text soon. A later text replaces one that is still waiting. */
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
