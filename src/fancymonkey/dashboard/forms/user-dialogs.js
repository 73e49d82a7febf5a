// The dialogs of the Users page. Each stays open if its request was refused.

import { html, nothing } from "/admin/lib/lit.js";
import { openDialog } from "/admin/components/dialogs.js";
import { api } from "/admin/lib/session.js";

const ROLES = [
  ["staff", "Staff", "changes stock, releases holds"],
  ["viewer", "Viewer", "sees everything, changes nothing"],
  ["owner", "Owner", "everything: users, keys, refunds"],
];
const RIGHTS = [
  ["read", "Read", "sees everything"],
  ["stock", "Stock", "also changes stock"],
  ["admin", "Everything", "the same as an owner"],
];
const RULE = "At least 12 characters. Several words are easy to remember and hard to guess.";

/** A dialog with a form: `send(values)` sends it; an error is shown and the typed values stay. */
function form(title, fields, label, send) {
  let error = "";
  let busy = false;
  return openDialog(title, (answer, draw) => {
    const submit = async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      error = "";
      draw();
      try {
        const data = new FormData(event.target);
        answer(await send(Object.fromEntries(data), data));
      } catch (refused) {
        error = refused.message;
      }
      busy = false;
      draw();
    };
    return html`<form @submit=${submit}>
      ${fields}
      <p class="bad" role="alert">${error}</p>
      <div class="actions"><button type="button" class="quiet" @click=${() => answer(null)}>Cancel</button><button class="button" aria-busy=${String(busy)}>${label}</button></div>
    </form>`;
  });
}

const choice = (name, legend, options) => html`<fieldset class="choices"><legend>${legend}</legend>
  ${options.map(([id, words, about], place) => html`<label><input type="radio" name=${name} value=${id} ?checked=${place === 0} /><span>${words} <small class="quiet">${about}</small></span></label>`)}
</fieldset>`;

/** Checkboxes for the locations that a user or key is limited to; nothing in a shop with one location. */
const limits = (locations, chosen = []) =>
  locations.length > 1
    ? html`<fieldset class="choices"><legend>Only these locations</legend>
        ${locations.map(({ id, name }) => html`<label><input type="checkbox" name="locations" value=${id} ?checked=${chosen.includes(id)} /><span>${name}</span></label>`)}
        <small class="quiet">If none is selected: the whole shop. Otherwise: units, orders, holds and transfers there, and no settings.</small>
      </fieldset>`
    : nothing;

const secret = (name, words, auto, focus = false) =>
  html`<label class="field">${words}<input name=${name} type="password" autocomplete=${auto} required maxlength="1024" ?autofocus=${focus} /></label>`;

const limitsIn = (data) => (data.has("locations") ? { locations: data.getAll("locations") } : {});

/** Limits a user to locations. Returns true after the change. */
export const limitUser = (user, locations) =>
  form(
    `Locations of ${user.name}`,
    html`${limits(locations, user.locations)}<p class="quiet">Their sessions end.</p>`,
    "Save",
    (_, data) => api("/api/admin/users/limit", { body: { name: user.name, locations: data.getAll("locations") } }),
  );

/** Returns the name of the added user. */
export const addUser = (locations) =>
  form(
    "Add a user",
    html`<label class="field">Email or name<input name="name" required maxlength="100" autocomplete="off" autocapitalize="off" spellcheck="false" autofocus /></label>
      ${choice("role", "Role", ROLES)} ${limits(locations)} ${secret("password", "Initial password", "new-password")}
      <p class="quiet">${RULE} Send it to the user, but not by email. The user can change it here.</p>`,
    "Add",
    async ({ name, role, password }, data) => (await api("/api/admin/users/add", { body: { name, role, password, ...limitsIn(data) } })).user.name,
  );

export const resetPassword = (name) =>
  form(
    `New password for ${name}`,
    html`${secret("password", "New password", "new-password", true)}<p class="quiet">${RULE} Their sessions end.</p>`,
    "Set password",
    (values) => api("/api/admin/users/password", { body: { name, ...values } }),
  );

export const changePassword = () =>
  form(
    "Change your password",
    html`${secret("old", "Current password", "current-password", true)} ${secret("new", "New password", "new-password")}<p class="quiet">${RULE}</p>`,
    "Change password",
    (values) => api("/api/admin/password", { body: values }),
  );

/** Asks for the password or a code again, and sends the request with it. */
export const account = (title, text, label, path) =>
  form(
    title,
    html`<p>${text}</p>
      <label class="field">Your password, or a code from your app<input name="proof" type="password" autocomplete="current-password" required maxlength="1024" autofocus /></label>`,
    label,
    ({ proof }) => api(path, { body: /^\d{6}$|^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/i.test(proof.trim()) ? { code: proof.trim() } : { password: proof } }),
  );

/** Password, QR code, first code: returns the recovery codes, or null. */
export async function setUpFactor() {
  const begun = await form("Set up an authenticator app", secret("password", "Your password", "current-password", true), "Continue", (values) =>
    api("/api/admin/factor/begin", { body: values }),
  );
  if (!begun) return null;
  const done = await form(
    "Scan this with your app",
    html`<img class="qr" src=${begun.picture} alt="QR code for an authenticator app" width="220" height="220" />
      <p class="quiet">Or enter this key in the app: <code class="secret">${begun.secret.match(/.{1,4}/g).join(" ")}</code></p>
      <label class="field">Six-digit code from the app<input name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="10" autofocus /></label>`,
    "Switch on",
    (values) => api("/api/admin/factor/confirm", { body: values }),
  );
  return done ? done.recoveryCodes : null;
}

/** Shows a secret once; the dialog stays open until the user confirms that it is saved. */
function once(title, text, shown, copied) {
  let message = "";
  return openDialog(title, (answer, draw) => {
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(copied);
        message = "Copied.";
      } catch {
        message = "Copying failed. Select the text and copy it yourself.";
      }
      draw();
    };
    return html`<p>${text}</p>${shown}
      <p role="status">${message || nothing}</p>
      <div class="actions"><button type="button" class="quiet" @click=${copy}>Copy</button><button type="button" class="button" @click=${() => answer(true)}>I have saved it</button></div>`;
  });
}

export const showCodes = (codes) =>
  once(
    "Save your recovery codes",
    "Each code works once if you lose your phone. The codes are shown only now.",
    html`<ul class="codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul>`,
    codes.join("\n"),
  );

export const makeKey = (locations) =>
  form(
    "Create an API key",
    html`<label class="field">Purpose<input name="label" required maxlength="80" autocomplete="off" autofocus /></label>
      ${choice("right", "Rights", RIGHTS)} ${limits(locations)}
      <label class="field">Expires after<select name="days"><option value="90">90 days</option><option value="365">a year</option><option value="30">30 days</option><option value="">never</option></select></label>`,
    "Create",
    ({ label, right, days }, data) => api("/api/admin/keys/make", { body: { label, right, days: days ? Number(days) : null, ...limitsIn(data) } }),
  );

export const showKey = ({ key, secret: text }) =>
  once(`API key “${key.label}”`, "The key is shown only now. Anyone who has it can use its rights.", html`<p><code class="secret">${text}</code></p>`, text);
