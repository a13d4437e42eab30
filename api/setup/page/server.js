// The server, and what opens it to this page: the set-up link until there is an admin, and then the
// admin's own sign-in. The token lives in this module's memory, and nowhere else.

/**
 * @typedef {{code: string, message: string, details?: {field: string, problem: string}[]}} Refused
 * @typedef {{ok: boolean, status: number, body: any}} Answer
 * @typedef {{role: string, display_name: string}} User
 * @typedef {{method?: string, headers?: Record<string, string>, body?: object}} Options
 */

const hash = location.hash.slice(1);

export const cameByLink = hash !== "";

// Whatever else stands there is asked about as an empty link: the answer tells why it opens nothing.
let token = hash.startsWith("setup_") ? hash : "setup_";
let isSignedIn = false;

/**
 * Ask by the link or as the admin, whose token is renewed when its time is over.
 * @param {string} path @param {Options} [options] @returns {Promise<Answer>}
 */
export async function ask(path, options) {
  const answer = await send(path, options);
  if (!isSignedIn || answer.body.error?.code !== "TOKEN_EXPIRED") return answer;
  const renewed = await goOn();
  return renewed.ok ? send(path, options) : renewed;
}

/**
 * Become the admin, by the link.
 * @param {Record<string, string>} person
 */
export async function becomeAdmin(person) {
  return signIn(await send("/auth/setup", { method: "POST", body: { ...person, token } }));
}

/** Go on with the sign-in of this browser, which its cookie remembers. */
export async function goOn() {
  return signIn(await send("/auth/refresh", { method: "POST" }));
}

/** @param {Answer} answer */
function signIn(answer) {
  if (answer.ok) {
    token = answer.body.access;
    isSignedIn = true;
  }
  return answer;
}

/** @param {string} path @param {Options} [options] @returns {Promise<Answer>} */
async function send(path, { method = "GET", headers = {}, body } = {}) {
  const answer = await fetch(path, {
    method,
    headers: { ...headers, Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  return { ok: answer.ok, status: answer.status, body: await answer.json() };
}
