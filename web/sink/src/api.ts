/* The HTTP API of the capture server. */
import { getJson, request, under } from "../../shared/http";
import { keepStream, type Live, type ServerEvent } from "../../shared/sse";
import type {
  AttemptList,
  Inbox,
  InboxRequest,
  Info,
  Message,
  MessageList,
  NewInbox,
} from "./types";

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
