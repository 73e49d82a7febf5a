// The login page: sends the form, asks for a code where the account has a second factor.

import { nextPage } from "/admin/session.js";

const form = document.getElementById("login");
const name = document.getElementById("name");
const password = document.getElementById("password");
const second = document.getElementById("second");
const code = document.getElementById("code");
const show = document.getElementById("show");
const submit = document.getElementById("submit");
const note = document.getElementById("note");
const error = document.getElementById("error");

if (new URLSearchParams(location.search).has("next")) say(note, "Log in to go on where you were.");

show.addEventListener("click", () => {
  const shown = password.type === "text";
  password.type = shown ? "password" : "text";
  show.textContent = shown ? "Show" : "Hide";
  show.setAttribute("aria-pressed", String(!shown));
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (submit.getAttribute("aria-busy") === "true" || !complete()) return;
  busy(true);
  try {
    await logIn();
  } catch {
    fail("The server cannot be reached. Nothing is lost: try again.", submit);
  }
  busy(false);
});

function complete() {
  for (const [field, text] of [
    [name, "Type your email or name."],
    [password, "Type your password."],
  ]) {
    const missing = !field.value;
    field.setAttribute("aria-invalid", String(missing));
    if (missing) {
      fail(text, field);
      return false;
    }
  }
  return true;
}

async function logIn() {
  const body = { name: name.value, password: password.value };
  if (!second.hidden && code.value.trim()) body.code = code.value.trim();
  const response = await fetch("/api/admin/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (response.ok) {
    location.replace(nextPage(location.search));
    return;
  }
  refused(await response.json().catch(() => ({})));
}

function refused(problem) {
  if (problem.code === "code_needed") {
    say(error, "");
    second.hidden = false;
    code.focus();
    return;
  }
  fail(problem.detail ?? "Something went wrong. Try again.", second.hidden ? password : code);
}

function fail(text, field) {
  say(error, text);
  field.focus();
  if (field.select) field.select();
}

function say(place, text) {
  place.textContent = text;
  place.hidden = !text;
}

function busy(on) {
  submit.setAttribute("aria-busy", String(on));
  submit.textContent = on ? "Logging in …" : "Log in";
}
