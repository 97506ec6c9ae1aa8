// Talking to the service: paths beside this page, the token where the reader gave one, and lines as they come.

const KEPT = "energy-advisor-token";
const fromLink = new URLSearchParams(location.hash.slice(1)).get("token");
if (fromLink) {
  localStorage.setItem(KEPT, fromLink);
  history.replaceState(null, "", location.pathname);
}

export const keepToken = (token) => localStorage.setItem(KEPT, token);

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function send(path, { body, signal, method } = {}) {
  const headers = { "Accept-Language": document.documentElement.lang };
  const token = localStorage.getItem(KEPT);
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
    cache: "no-store",
  });
  if (answer.status === 401 && token) localStorage.removeItem(KEPT);
  if (!answer.ok) throw await refusalOf(answer);
  return answer;
}

async function refusalOf(answer) {
  try {
    const body = await answer.json();
    return new Refused(answer.status, body.error ?? body.problems?.join("; ") ?? answer.statusText);
  } catch {
    return new Refused(answer.status, answer.statusText || `status ${answer.status}`);
  }
}

export const get = async (path) => (await send(path)).json();
export const post = async (path, body = {}) => (await send(path, { body })).json();

// One JSON object a line, given to `take` as they arrive.
export async function lines(path, take, options = {}) {
  const answer = await send(path, options);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) if (part.trim()) take(JSON.parse(part));
  }
}
