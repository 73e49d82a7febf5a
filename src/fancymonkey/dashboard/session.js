// The session of this browser: every request of the dashboard goes through `api`.
// It sends the CSRF token with changes, renews the session when its minutes are over, and leads to
// the login page when the session has ended. What was typed is the page's to keep: listen for
// "session-ended" on `window` and call `preventDefault()` to stay.

const LOGIN = "/admin/admin-login.html";
const SAFE = new Set(["GET", "HEAD"]);

/** An answer that is no success: `code` is stable, the message is for people. */
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

/** Who is logged in: `{user, session}`. Asked for once. */
export async function whoAmI() {
  known ??= remember(await request("/api/admin/me", {}));
  return known;
}

/** Sends a request and gives the Response; `body` may be an object, which becomes JSON. */
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

/** Sends a request and gives what the answer's JSON says. Throws ApiError. */
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

/** Ends the session, here and on the server. */
export async function logOut() {
  await fetch("/api/admin/logout", { method: "POST" });
  location.assign(LOGIN);
}

/** Where the login page shall lead to: a page of the dashboard, never another site's. */
export function nextPage(search) {
  const wanted = new URLSearchParams(search).get("next") ?? "";
  try {
    const url = new URL(wanted, location.origin);
    const ours = url.origin === location.origin && url.pathname.startsWith("/admin/");
    if (ours && url.pathname !== LOGIN) return url.pathname + url.search + url.hash;
  } catch {
    // no address at all
  }
  return "/admin/";
}

// Two windows would renew at once; one does, the other waits and finds it done.
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
  return { user: answer.user, session: answer.session };
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
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new ApiError(response.status, answer, Number(response.headers.get("retry-after")) || null);
}
