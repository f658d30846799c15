// What every view uses: calls to /api/v1, words for numbers, and what is told to people.
import { reactive } from "vue";

export const session = reactive({ path: location.pathname, project: null, running: 0 });

export class Trouble extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export async function call(path, { method, body, raw, signal } = {}) {
  const sent = { method: method || (body === undefined ? "GET" : "POST"), signal };
  if (raw !== undefined) sent.body = raw;
  else if (body !== undefined) {
    sent.body = JSON.stringify(body);
    sent.headers = { "content-type": "application/json" };
  }
  let answer;
  try {
    answer = await fetch("/api/v1" + path, sent);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble(0, "away", "The studio does not answer. Is it still running?");
  }
  return read(answer);
}

async function read(answer) {
  const text = await answer.text();
  let told = null;
  try {
    told = text ? JSON.parse(text) : null;
  } catch {
    told = null;
  }
  if (answer.ok) return told;
  if (answer.status === 401) {
    throw new Trouble(401, "session", "The studio was started anew. Open the address that it printed.");
  }
  const said = told && (told.message || (Array.isArray(told.detail) && told.detail.map(detail).join("; ")));
  throw new Trouble(answer.status, (told && told.code) || "", said || `The studio answered ${answer.status}.`);
}

function detail(each) {
  return `${each.loc.slice(1).join(".")}: ${each.msg}`;
}

export function tell(words, kind = "info") {
  const colour = { info: "dark", good: "green-9", bad: "red-9" }[kind];
  Quasar.Notify.create({
    message: String(words), html: false, color: colour, textColor: "white", multiLine: true,
    timeout: kind === "bad" ? 8000 : 3000, position: "bottom-right",
    actions: [{ icon: "close", color: "white", "aria-label": "Close" }],
  });
}

export function fail(error) {
  if (error.name !== "AbortError") tell(error.message, "bad");
}

export function go(path) {
  if (path === location.pathname + location.search) return;
  history.pushState(null, "", path);
  session.path = location.pathname;
}

export function bytes(n) {
  if (n < 1024) return `${n} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let at = -1;
  do {
    n /= 1024;
    at += 1;
  } while (n >= 1024 && at < units.length - 1);
  return `${n < 10 ? n.toFixed(1) : Math.round(n)} ${units[at]}`;
}

export function counted(n, one, many) {
  return `${n} ${n === 1 ? one : many || one + "s"}`;
}

export function when(seconds) {
  return seconds ? new Date(seconds * 1000).toLocaleString() : "";
}

export function lasted(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

// Words of a path below the allowed folders; never put into an address unencoded.
export const part = encodeURIComponent;
