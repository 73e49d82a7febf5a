// The session of this browser: every request of the dashboard goes through `api`.
// It sends the CSRF token with changes, renews the access token when it has expired, and leads to
// the login page when the session has ended. A page can keep its unsaved changes: listen for
// "session-ended" on `window` and call `preventDefault()` to stay.

const LOGIN = "/admin/admin-login.html";
const SAFE = new Set(["GET", "HEAD"]);

/** An error response: `code` is stable, the message is for people. */
export class ApiError extends Error {
  constructor(status, problem, retryAfter) {
    super(problem.detail ?? "The server cannot be reached.");
    this.status = status;
    this.code = problem.code ?? "unreachable";
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

let known = null;
let asking = null;

/** The current user: `{user, session}`. Requested once, also for several callers at the same time. */
export async function whoAmI() {
  if (known) return known;
  asking ??= request("/api/admin/me", {})
    .then(remember)
    .finally(() => {
      asking = null;
    });
  known ??= await asking;
  return known;
}

/** Sends a request and returns the Response; `body` may be an object, which becomes JSON. */
export async function send(path, options = {}) {
  const method = options.method ?? (options.body === undefined ? "GET" : "POST");
  const headers = new Headers(options.headers);
  let body = options.body;
  if (body !== undefined && !(body instanceof Blob) && !(body instanceof FormData) && typeof body !== "string") {
    headers.set("Content-Type", "application/json");
    body = JSON.stringify(body);
  }
  if (!SAFE.has(method)) headers.set("X-CSRF-Token", (await whoAmI()).session.csrf);
  const once = () => fetch(path, { ...options, method, headers, body, credentials: "same-origin" });
  let response = await once();
  if (response.status === 401 && (await renew())) {
    if (!SAFE.has(method)) headers.set("X-CSRF-Token", known.session.csrf);
    response = await once();
  }
  if (response.status === 401) ended();
  return response;
}

/** Sends a request and returns the JSON of the response. Throws ApiError. */
export async function api(path, options = {}) {
  let response;
  try {
    response = await send(path, options);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(0, {}, null);
  }
  return read(response);
}

/** Ends the session in this browser and on the server. */
export async function logOut() {
  await fetch("/api/admin/logout", { method: "POST" });
  location.assign(LOGIN);
}

/** The page to open after login: a page of the dashboard, never of another site. */
export function nextPage(search) {
  const wanted = new URLSearchParams(search).get("next") ?? "";
  try {
    const url = new URL(wanted, location.origin);
    const ours = url.origin === location.origin && url.pathname.startsWith("/admin/");
    if (ours && url.pathname !== LOGIN) return url.pathname + url.search + url.hash;
  } catch {
    // not a valid address
  }
  return "/admin/";
}

// Two windows may renew at once: one renews, the other waits and uses the result.
let renewing = null;
async function renew() {
  renewing ??= withLock(async () => {
    const response = await fetch("/api/admin/refresh", { method: "POST" });
    if (!response.ok) return false;
    known = remember(await response.json());
    return true;
  }).finally(() => {
    renewing = null;
  });
  return renewing;
}

function withLock(work) {
  return navigator.locks ? navigator.locks.request("session", work) : work();
}

function remember(answer) {
  return { user: answer.user, session: answer.session, severalLocations: Boolean(answer.severalLocations) };
}

function ended() {
  known = null;
  if (!dispatchEvent(new Event("session-ended", { cancelable: true }))) return;
  const here = location.pathname + location.search + location.hash;
  location.assign(`${LOGIN}?expired=1&next=${encodeURIComponent(here)}`);
}

async function request(path, options) {
  let response = await fetch(path, options);
  if (response.status === 401 && (await renew())) return known;
  if (response.status === 401) ended();
  return read(response);
}

async function read(response) {
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, answer ?? {}, Number(response.headers.get("retry-after")) || null);
  if (answer === null) throw new ApiError(0, {}, null); // the connection broke within the answer
  return answer;
}
