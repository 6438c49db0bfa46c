/* Requests to the HTTP API that served this page, and to nothing else. */
import { keepStream, type Live, type ServerEvent } from "./sse";
import type {
  AttemptList,
  Inbox,
  InboxRequest,
  Info,
  Message,
  MessageList,
  NewInbox,
} from "./types";

const TOKEN_KEY = "mailproof-token";
let token = sessionStorage.getItem(TOKEN_KEY) ?? "";

export const hasToken = (): boolean => token !== "";

/* Kept for this tab only, until it is closed. */
export function setToken(value: string): void {
  token = value;
  if (value === "") sessionStorage.removeItem(TOKEN_KEY);
  else sessionStorage.setItem(TOKEN_KEY, value);
}

/* An answer that is not 2xx (RFC 9457), or none at all (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function problem(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  const told = body as { detail?: unknown; title?: unknown } | null;
  const text = [told?.detail, told?.title].find((t) => typeof t === "string" && t !== "");
  return new Problem(response.status, String(text ?? `The server answered ${response.status}.`));
}

interface Options {
  query?: Record<string, string | number | null>;
  json?: unknown;
  signal?: AbortSignal;
}

async function request(method: string, path: string, o: Options = {}): Promise<Response> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(o.query ?? {}))
    if (value !== null && value !== "") query.set(name, String(value));
  const headers = new Headers();
  if (token !== "") headers.set("Authorization", `Bearer ${token}`);
  if (o.json !== undefined) headers.set("Content-Type", "application/json");
  const init: RequestInit = { method, headers, cache: "no-store", credentials: "omit" };
  if (o.json !== undefined) init.body = JSON.stringify(o.json);
  if (o.signal !== undefined) init.signal = o.signal;
  let response: Response;
  try {
    response = await fetch(query.size > 0 ? `${path}?${query}` : path, init);
  } catch (e) {
    if (o.signal?.aborted) throw e;
    throw new Problem(0, "The server does not answer. Is it still running?");
  }
  if (!response.ok) throw await problem(response);
  return response;
}

const getJson = async <T>(path: string, o?: Options): Promise<T> =>
  (await request("GET", path, o)).json() as Promise<T>;

const under = (...words: string[]): string => `/v1/${words.map(encodeURIComponent).join("/")}`;

/* The collection of one inbox, or of all. */
const scope = (inbox: string | null, what: string): string =>
  inbox === null ? under(what) : under("inboxes", inbox, what);

interface Page {
  q: string;
  cursor: string | null;
}

export const api = {
  info: () => getJson<Info>("/v1/info"),

  inboxes: async () => (await getJson<{ inboxes: Inbox[] }>("/v1/inboxes")).inboxes,
  inbox: (id: string) => getJson<Inbox>(under("inboxes", id)),
  createInbox: async (wish: InboxRequest) =>
    (await request("POST", "/v1/inboxes", { json: wish })).json() as Promise<NewInbox>,
  deleteInbox: (id: string) => request("DELETE", under("inboxes", id)),
  script: (id: string) => getJson<unknown[]>(under("inboxes", id, "script")),
  putScript: (id: string, script: unknown) =>
    request("PUT", under("inboxes", id, "script"), { json: script }),
  deleteScript: (id: string) => request("DELETE", under("inboxes", id, "script")),

  messages: (inbox: string | null, page: Page) =>
    getJson<MessageList>(scope(inbox, "messages"), { query: { ...page } }),
  attempts: (inbox: string | null, page: Page) =>
    getJson<AttemptList>(scope(inbox, "attempts"), { query: { ...page } }),
  deleteMessages: async (inbox: string | null, q: string) => {
    const done = await request("DELETE", scope(inbox, "messages"), { query: { q } });
    return ((await done.json()) as { deleted: number }).deleted;
  },

  message: (id: string) => getJson<Message>(under("messages", id)),
  deleteMessage: (id: string) => request("DELETE", under("messages", id)),
  setSeen: (id: string, seen: boolean) =>
    request("PUT", under("messages", id, "seen"), { json: { seen } }),
  transcript: async (id: string) => (await request("GET", under("messages", id, "transcript"))).text(),
  raw: async (id: string) => (await request("GET", under("messages", id, "raw"))).blob(),
  part: async (id: string, path: string) =>
    (await request("GET", under("messages", id, "parts", path))).blob(),
  html: async (id: string) => (await request("GET", under("messages", id, "html"))).text(),
  htmlAddress: (id: string) => under("messages", id, "html"),
  release: async (id: string, to: string[]) =>
    (await request("POST", under("messages", id, "release"), { json: { to } })).json() as Promise<{
      relay: string;
      accepted: string[];
      refused: { to: string; code: number; text: string }[];
    }>,

  events: (on: { event: (e: ServerEvent) => void; state: (s: Live) => void }) =>
    keepStream((signal) => request("GET", "/v1/events", { signal }), on),
};
