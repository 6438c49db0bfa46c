/* Requests to the HTTP API that served the page, and to nothing else. */

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

export interface Options {
  query?: Record<string, string | number | null>;
  json?: unknown;
  signal?: AbortSignal;
}

export async function request(method: string, path: string, o: Options = {}): Promise<Response> {
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

export const getJson = async <T>(path: string, o?: Options): Promise<T> =>
  (await request("GET", path, o)).json() as Promise<T>;

export const under = (...words: string[]): string => `/v1/${words.map(encodeURIComponent).join("/")}`;
