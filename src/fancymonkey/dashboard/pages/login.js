// The login page: sends the form, and asks for a code if the account uses two-factor authentication.

import { nextPage } from "/admin/lib/session.js";

const form = document.getElementById("login");
const name = document.getElementById("name");
const password = document.getElementById("password");
const second = document.getElementById("second");
const code = document.getElementById("code");
const caps = document.getElementById("caps");
const show = document.getElementById("show");
const submit = document.getElementById("submit");
const note = document.getElementById("note");
const error = document.getElementById("error");
const urlParams = new URLSearchParams(location.search);
let waiting = 0;

if (urlParams.has("expired")) say(note, "Your session has expired. Log in to continue where you left off.");
else if (urlParams.has("next")) say(note, "Log in to continue where you left off.");

show.addEventListener("click", () => {
  const shown = password.type === "text";
  password.type = shown ? "password" : "text";
  show.textContent = shown ? "Show" : "Hide";
  show.setAttribute("aria-pressed", String(!shown));
});

for (const kind of ["keydown", "keyup"]) {
  password.addEventListener(kind, (event) => {
    caps.hidden = !event.getModifierState?.("CapsLock");
  });
}
password.addEventListener("blur", () => {
  caps.hidden = true;
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (submit.getAttribute("aria-busy") === "true" || waiting || !complete()) return;
  busy(true);
  try {
    await logIn();
  } catch {
    fail("The server cannot be reached. Try again.", submit);
  }
  busy(false);
});

function complete() {
  const fields = [
    [name, "Enter your email or name."],
    [password, "Enter your password."],
  ];
  if (!second.hidden) fields.push([code, "Enter the code from your authenticator app."]);
  for (const [field] of fields) field.removeAttribute("aria-invalid");
  for (const [field, text] of fields) {
    if (!field.value.trim()) {
      fail(text, field);
      return false;
    }
  }
  return true;
}

async function logIn() {
  const body = { name: name.value, password: password.value };
  if (!second.hidden) body.code = code.value.trim();
  const response = await fetch("/api/admin/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (response.ok) {
    location.replace(nextPage(location.search));
    return;
  }
  const problem = await response.json().catch(() => ({}));
  const wait = Number(response.headers.get("retry-after"));
  if (response.status === 429 && wait) holdOff(wait);
  else refused(problem);
}

function refused(problem) {
  if (problem.code === "code_needed" && second.hidden) {
    say(error, "");
    second.hidden = false;
    code.focus();
    return;
  }
  if (problem.code === "code_needed" || !second.hidden) code.value = "";
  fail(problem.detail ?? "Something went wrong. Try again.", second.hidden ? password : code);
}

/** Counts down until another attempt is allowed. Only the first sentence is announced. */
function holdOff(seconds) {
  waiting = seconds;
  fail(`Too many wrong attempts. Try again in ${duration(seconds)}.`, submit);
  submit.setAttribute("aria-disabled", "true");
  const timer = setInterval(() => {
    waiting -= 1;
    submit.textContent = waiting > 0 ? `Log in (in ${duration(waiting)})` : "Log in";
    if (waiting > 0) return;
    clearInterval(timer);
    submit.removeAttribute("aria-disabled");
    say(error, "");
    say(note, "You can try again now.");
  }, 1000);
}

function duration(seconds) {
  if (seconds < 120) return `${seconds} ${seconds === 1 ? "second" : "seconds"}`;
  return `${Math.ceil(seconds / 60)} minutes`;
}

function fail(text, field) {
  say(note, "");
  say(error, text);
  if (field !== submit) {
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", "error");
  }
  field.focus();
  if (field.select) field.select();
}

function say(place, text) {
  place.textContent = text;
  place.hidden = !text;
}

function busy(on) {
  submit.setAttribute("aria-busy", String(on));
  if (!waiting) submit.textContent = on ? "Logging in …" : "Log in";
}
