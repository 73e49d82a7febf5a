// The user's own account; for owners also users, API keys, sessions and the audit log.

import { html, nothing } from "/admin/lib/lit.js";
import { openDialog } from "/admin/components/dialogs.js";
import { ago, date, plural, when } from "/admin/lib/format.js";
import { Page, getJson, urlParams, main } from "/admin/lib/data-page.js";
import { account, addUser, limitUser, changePassword, resetPassword, setUpFactor, showCodes, showKey, makeKey } from "/admin/forms/user-dialogs.js";
import { api } from "/admin/lib/session.js";
import "/admin/lib/shell.js";
import { toast } from "/admin/components/toast.js";

const ROLES = { owner: "Owner", staff: "Staff", viewer: "Viewer" };
const MAY = { read: "Reads", stock: "Changes stock", admin: "Everything" };
const wanted = { actor: urlParams.get("actor") ?? "" };
let entries = [];
let locations = []; // the open ones
let next = null;

async function load() {
  const me = (await api("/api/admin/me")).user;
  const owner = me.right === "admin";
  const [sessions, users, keys, listed] = await Promise.all([
    api("/api/admin/sessions"),
    owner ? api("/api/admin/users") : { users: [] },
    owner ? api("/api/admin/keys") : { keys: [] },
    owner ? api("/api/admin/locations") : { locations: [] },
  ]);
  locations = listed.locations.filter(({ active }) => active);
  if (owner) await readActs();
  return { me, owner, sessions: sessions.sessions, users: users.users, keys: keys.keys };
}

async function readActs(before = null) {
  const answer = await getJson("/api/admin/audit-log", { limit: 50, actor: wanted.actor, before });
  entries = before ? [...entries, ...answer.entries] : answer.entries;
  next = answer.next;
}

/** Sends a change, reads the page again, and reports the result. */
async function change(path, body, done) {
  try {
    await api(path, { body });
  } catch (error) {
    toast(error.message, { error: true });
    await page.read({ quiet: true });
    return;
  }
  await page.read({ quiet: true });
  toast(done);
}

const sure = (title, text, label) =>
  openDialog(
    title,
    (answer) => html`<p>${text}</p>
      <div class="actions"><button type="button" class="quiet" autofocus @click=${() => answer(null)}>Cancel</button><button type="button" class="button" @click=${() => answer(true)}>${label}</button></div>`,
  );

const time = (value) => (value ? html`<time datetime=${value} title=${when(value)}>${ago(value)}</time>` : html`<span class="quiet">never</span>`);

// The user's own account.

function own({ me }) {
  const factor = me.secondFactor
    ? html`<p><span class="badge good">On</span> ${plural(me.recoveryCodesLeft, "recovery code")} left.</p>
        <div class="chips">
          <button type="button" class="quiet" @click=${newCodes}>New recovery codes …</button>
          <button type="button" class="quiet" @click=${switchOff}>Switch off …</button>
        </div>`
    : html`<p><span class="badge warn">Off</span> When it is on, a password alone is not enough to log in.</p>
        <div class="chips"><button type="button" class="quiet" @click=${switchOn}>Set up an authenticator app …</button></div>`;
  return html`<section class="part two" aria-label="Your account">
    <div>
      <h2>Your account</h2>
      <dl class="facts"><div><dt>Name</dt><dd>${me.name}</dd></div><div><dt>Role</dt><dd>${ROLES[me.role] ?? me.role}</dd></div></dl>
      <div class="chips"><button type="button" class="quiet" @click=${newPassword}>Change password …</button></div>
    </div>
    <div><h2>Two-factor authentication</h2>${factor}</div>
  </section>`;
}

async function newPassword() {
  if (await changePassword()) toast("Your password was changed. Your other sessions have ended.");
  page.read({ quiet: true });
}

async function switchOn() {
  const codes = await setUpFactor();
  if (codes) await showCodes(codes);
  page.read({ quiet: true });
}

async function newCodes() {
  const answer = await account("New recovery codes", "The old ones stop working.", "Create new codes", "/api/admin/factor/codes");
  if (answer) await showCodes(answer.recoveryCodes);
  page.read({ quiet: true });
}

async function switchOff() {
  const answer = await account("Switch off two-factor authentication?", "Your password alone will be enough to log in.", "Switch off", "/api/admin/factor/off");
  if (answer) toast("Two-factor authentication is off.");
  page.read({ quiet: true });
}

// Sessions.

function logins({ sessions, me, owner }) {
  const others = sessions.filter((session) => session.user === me.name && !session.current).length;
  const end = (session) => change("/api/admin/sessions/revoke", { sessionId: session.id }, "The session has ended.");
  return html`<section class="part">
    <div class="head"><h2 id="logins">${owner ? "All sessions" : "Your sessions"}</h2>
      ${others ? html`<button type="button" class="quiet" @click=${() => change("/api/admin/sessions/revoke", { others: true }, "Your other sessions have ended.")}>End my ${plural(others, "other session")}</button>` : nothing}
    </div>
    <div class="plain cards" tabindex="0" role="region" aria-labelledby="logins"><table>
      <thead><tr><th>User</th><th>Address</th><th>Browser</th><th>Since</th><th>Last active</th><th><span class="unseen">End</span></th></tr></thead>
      <tbody>${sessions.map(
        (session) => html`<tr>
          <td data-label="User"><b>${session.user}</b>${session.current ? html` <span class="badge good">this session</span>` : nothing}</td>
          <td data-label="Address">${session.address}</td><td data-label="Browser" title=${session.browser}>${agent(session.browser)}</td>
          <td data-label="Since">${time(session.startedAt)}</td><td data-label="Last active">${time(session.renewedAt)}</td>
          <td>${session.current ? nothing : html`<button type="button" class="quiet" aria-label="End the session of ${session.user} from ${session.address}" @click=${() => end(session)}>End</button>`}</td>
        </tr>`,
      )}</tbody></table></div>
  </section>`;
}

/** The name of a browser and its system, in two words. */
function agent(text) {
  const browser = /(Firefox|Edg|OPR|Chrome|Safari|curl)/.exec(text)?.[1] ?? "";
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(text)?.[1] ?? "";
  return [{ Edg: "Edge", OPR: "Opera" }[browser] ?? browser, { "Mac OS X": "Mac" }[system] ?? system].filter(Boolean).join(", ") || text.slice(0, 30) || "unknown";
}

/** The names of the locations of a user or key. */
const locationsOf = (account) => account.locations?.map((id) => locations.find((location) => location.id === id)?.name ?? id).join(", ") ?? "All";

// Users.

function accounts({ users, me }) {
  const role = (user, event) => {
    const chosen = event.target.value;
    event.target.value = user.role; // until it is changed
    change("/api/admin/users/role", { name: user.name, role: chosen }, `${user.name} now has the role ${ROLES[chosen].toLowerCase()}.`);
  };
  const remove = async (user) => {
    if (await sure(`Remove ${user.name}?`, "Their sessions end now, and their API keys stop working. Their actions stay in the history.", "Remove")) change("/api/admin/users/remove", { name: user.name }, `${user.name} was removed.`);
  };
  const lost = async (user) => {
    if (await sure(`Switch off two-factor authentication of ${user.name}?`, "Only for users who lost their app and recovery codes. Verify their identity first.", "Switch off")) change("/api/admin/users/reset-factor", { name: user.name }, `Two-factor authentication of ${user.name} is off.`);
  };
  const limit = async (user) => {
    const limited = await limitUser(user, locations);
    await page.read({ quiet: true });
    if (limited) toast(`The locations of ${user.name} were changed.`);
  };
  const forgotten = async (user) => {
    if (await resetPassword(user.name)) toast(`The password of ${user.name} was changed.`);
    page.read({ quiet: true });
  };
  return html`<section class="part">
    <h2 id="accounts">Users</h2>
    <div class="plain cards" tabindex="0" role="region" aria-labelledby="accounts"><table>
      <thead><tr><th>Name</th><th>Role</th>${locations.length > 1 ? html`<th>Locations</th>` : nothing}<th>Two-factor</th><th class="number">Sessions</th><th>Last active</th><th>Since</th><th><span class="unseen">Change</span></th></tr></thead>
      <tbody>${users.map(
        (user) => html`<tr>
          <td data-label="Name"><b>${user.name}</b>${user.name === me.name ? html` <span class="badge good">you</span>` : nothing}</td>
          <td data-label="Role"><select class="slim" aria-label="Role of ${user.name}" @change=${(event) => role(user, event)}>${Object.entries(ROLES).map(([id, words]) => html`<option value=${id} ?selected=${id === user.role} .selected=${id === user.role}>${words}</option>`)}</select></td>
          ${locations.length > 1 ? html`<td data-label="Locations">${user.role === "owner" ? "All" : html`<button type="button" class="link" aria-label="Locations of ${user.name}: ${locationsOf(user)}" @click=${() => limit(user)}>${locationsOf(user)}</button>`}</td>` : nothing}
          <td data-label="Two-factor">${user.secondFactor ? html`<span class="badge good">On</span>` : html`<span class="badge">Off</span>`}</td>
          <td data-label="Sessions" class="number">${user.sessions}</td><td data-label="Last active">${time(user.seenAt)}</td><td data-label="Since">${date(user.createdAt)}</td>
          <td>${user.name === me.name
            ? nothing
            : html`<div class="row-actions">
                <button type="button" class="quiet" aria-label="New password for ${user.name}" @click=${() => forgotten(user)}>New password …</button>
                ${user.secondFactor ? html`<button type="button" class="quiet" aria-label="Switch off two-factor authentication of ${user.name}" @click=${() => lost(user)}>Reset two-factor …</button>` : nothing}
                <button type="button" class="quiet" aria-label="Remove ${user.name}" @click=${() => remove(user)}>Remove …</button>
              </div>`}</td>
        </tr>`,
      )}</tbody></table></div>
  </section>`;
}

// API keys.

function keys({ keys }) {
  const revoke = async (key) => {
    if (await sure(`Revoke “${key.label}”?`, `Every program that uses the key ${key.begins}… stops working immediately. This cannot be undone.`, "Revoke")) change("/api/admin/keys/revoke", { keyId: key.id }, `“${key.label}” was revoked.`);
  };
  const make = async () => {
    const made = await makeKey(locations);
    if (made) await showKey(made);
    page.read({ quiet: true });
  };
  return html`<section class="part">
    <div class="head"><h2 id="keys-of">API keys</h2><button type="button" class="quiet" @click=${make}>Create a key …</button></div>
    ${keys.length
      ? html`<div class="plain cards" tabindex="0" role="region" aria-labelledby="keys-of"><table>
          <thead><tr><th>Label</th><th>Begins with</th><th>Rights</th><th>Created by</th><th>Last used</th><th>Expires</th><th><span class="unseen">Revoke</span></th></tr></thead>
          <tbody>${keys.map(
            (key) => html`<tr>
              <td data-label="Label"><b>${key.label}</b></td><td data-label="Begins with"><code>${key.begins}</code></td><td data-label="Rights">${MAY[key.right]}${key.locations ? html` <small class="block quiet">at ${locationsOf(key)}</small>` : nothing}</td>
              <td data-label="Created by">${key.madeBy}</td><td data-label="Last used">${time(key.usedAt)}</td>
              <td data-label="Expires">${key.ended ? html`<span class="badge out">expired</span>` : key.endsAt ? date(key.endsAt) : "never"}</td>
              <td><button type="button" class="quiet" aria-label="Revoke ${key.label}" @click=${() => revoke(key)}>Revoke …</button></td>
            </tr>`,
          )}</tbody></table></div>`
      : html`<p class="quiet">No API keys yet. Create a separate key for each program, so that you can revoke it alone.</p>`}
  </section>`;
}

// The audit log.

const badge = (status) => html`<span class="badge ${status < 300 ? "good" : status < 500 ? "warn" : "out"}">${status < 300 ? "done" : status < 500 ? "refused" : "failed"} ${status}</span>`;

function record() {
  const filter = async (actor) => {
    wanted.actor = actor;
    history.replaceState(null, "", actor ? `?actor=${encodeURIComponent(actor)}` : location.pathname);
    await again();
  };
  const again = async (before = null) => {
    try {
      await readActs(before);
    } catch (error) {
      toast(error.message, { error: true });
    }
    page.draw();
  };
  const query = wanted.actor ? `&actor=${encodeURIComponent(wanted.actor)}` : "";
  return html`<section class="part">
    <div class="head"><div><h2 id="record">Audit log</h2><p class="quiet">All changes and refused attempts, with user, time and address. Entries cannot be changed.</p></div>
      <a class="button-like" href="/api/admin/audit-log?format=csv${query}" download="audit-log.csv">Export CSV</a></div>
    ${wanted.actor ? html`<div class="chips"><button type="button" class="chip" aria-pressed="true" @click=${() => filter("")}>${wanted.actor} ×</button></div>` : nothing}
    ${entries.length
      ? html`<div class="plain cards" tabindex="0" role="region" aria-labelledby="record"><table>
          <thead><tr><th>Time</th><th>Actor</th><th>Request</th><th>Details</th><th>Result</th><th>Address</th></tr></thead>
          <tbody>${entries.map(
            (entry) => html`<tr>
              <td data-label="Time">${time(entry.at)}</td>
              <td data-label="Actor"><button type="button" class="link" aria-label="Show only entries of ${entry.actor}" @click=${() => filter(entry.actor)}>${entry.actor}</button></td>
              <td data-label="Request"><code>${entry.what}</code></td><td data-label="Details" class="wrap ${entry.about ? "" : "none"}">${entry.about}</td><td data-label="Result">${badge(entry.status)}</td><td data-label="Address">${entry.address}</td>
            </tr>`,
          )}</tbody></table></div>
        ${next ? html`<p><button type="button" class="quiet" @click=${() => again(next)}>More</button></p>` : nothing}`
      : html`<div class="empty"><p>No entries${wanted.actor ? ` of ${wanted.actor}` : ""} yet.</p></div>`}
  </section>`;
}

function body(data) {
  const add = async () => {
    const added = await addUser(locations);
    await page.read({ quiet: true });
    if (added) toast(`${added} can now log in.`);
  };
  const without = data.users.filter((user) => !user.secondFactor).length;
  return {
    state: data.owner
      ? `${plural(data.users.length, "user")}, ${without ? `${without} without two-factor authentication` : "all with two-factor authentication"}, ${plural(data.keys.filter((key) => !key.ended).length, "key")}.`
      : `Your role is ${ROLES[data.me.role]?.toLowerCase() ?? data.me.role}. Owners manage users.`,
    actions: data.owner ? html`<button type="button" class="button" @click=${add}>Add a user</button>` : nothing,
    content: html`${data.owner ? accounts(data) : nothing}${own(data)}${data.owner ? keys(data) : nothing}${logins(data)}${data.owner ? record() : nothing}`,
  };
}

main.replaceChildren(); // removes the text for browsers without JavaScript
const page = new Page("Users", load, body);
page.read();
