/* The place in the page, as the fragment of its address: #/PAGE/ID?WORDS. It is never sent to a
 * server; it holds the search, so that it can be kept and passed on. */

export const PAGES = ["overview", "live", "messages", "domains", "monitor", "status"] as const;
export type Page = (typeof PAGES)[number];

export interface Route {
  page: Page;
  id: string | null;
  query: Readonly<Record<string, string>>;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const [page = "", ...id] = path.split("/").slice(1).map(decode);
  return {
    page: PAGES.find((p) => p === page) ?? "overview",
    id: id.join("/") || null,
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

type Query = Record<string, string | null | undefined>;

export function address(page: Page, id: string | null = null, query: Query = {}): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) words.set(name, value);
  const path = [page, ...(id === null ? [] : [id])].map(encodeURIComponent).join("/");
  return `#/${path}${words.size > 0 ? `?${words}` : ""}`;
}

function decode(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

const SPANS: Record<string, number> = { "1h": 3600, "24h": 86400, "7d": 604800, "30d": 2592000 };
export const RANGES: [string, string][] = [
  ["1h", "Last hour"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
];

export const spanOf = (range: string | undefined): number => SPANS[range ?? ""] ?? SPANS["24h"]!;

/* The begin of a range, RFC 3339; null: none is given. */
export function sinceOf(range: string | undefined, now = Date.now()): string | null {
  const span = SPANS[range ?? ""];
  return span === undefined ? null : new Date(now - span * 1000).toISOString();
}
