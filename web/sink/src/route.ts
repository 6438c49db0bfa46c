/* The place in the page, as the fragment of its address: #/INBOX/messages/ID/TAB?q=WORDS
 * INBOX "-": all of them (no inbox can have that name). */

export const TABS = [
  "preview",
  "text",
  "headers",
  "source",
  "parts",
  "delivery",
  "verdict",
  "changes",
] as const;
export type Tab = (typeof TABS)[number];
export type View = "messages" | "attempts";

export interface Route {
  inbox: string | null; /* null: all */
  view: View;
  id: string | null;
  tab: Tab | null; /* null: what fits the message */
  q: string;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const words = path.split("/").slice(1).map(decode);
  const [inbox = "-", view = "messages", id = "", tab = ""] = words;
  return {
    inbox: inbox === "-" || inbox === "" ? null : inbox,
    view: view === "attempts" ? "attempts" : "messages",
    id: id === "" ? null : id,
    tab: TABS.find((t) => t === tab) ?? null,
    q: new URLSearchParams(query).get("q") ?? "",
  };
}

export function writeRoute(r: Route): string {
  const words = [r.inbox ?? "-", r.view];
  if (r.id !== null) words.push(r.id);
  if (r.id !== null && r.tab !== null) words.push(r.tab);
  const q = r.q === "" ? "" : `?${new URLSearchParams({ q: r.q })}`;
  return `#/${words.map(encodeURIComponent).join("/")}${q}`;
}

function decode(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}
