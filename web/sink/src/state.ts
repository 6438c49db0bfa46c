/* Everything the page knows, and the actions that change it. */
import { hasToken, Problem, setToken } from "../../shared/http";
import { api } from "./api";
import { parseRoute, writeRoute, type Route } from "./route";
import type { Live, ServerEvent } from "../../shared/sse";
import type { Attempt, Inbox, Info, Message, Summary } from "./types";

export interface Opened {
  id: string;
  doc: Message | null;
  error: string | null;
}

export type Dialog =
  | { kind: "help" }
  | { kind: "create" }
  | { kind: "script"; inbox: string }
  | { kind: "release"; id: string; to: string[] }
  | { kind: "confirm"; title: string; text: string; action: string; run: () => Promise<void> };

export interface State {
  route: Route;
  info: Info | null;
  inboxes: Inbox[];
  items: (Summary | Attempt)[];
  total: number;
  unseen: number;
  next: string | null;
  loading: boolean;
  listError: string | null;
  opened: Opened | null;
  judged: ReadonlyMap<string, Message>; /* for the badges of the list */
  live: Live;
  needsToken: boolean;
  tokenRefused: boolean;
  fatal: string | null;
  dialog: Dialog | null;
  drawer: boolean;
  note: { text: string; error: boolean; id: number } | null;
  said: string; /* for screen readers */
}

let state: State = {
  route: parseRoute(location.hash),
  info: null,
  inboxes: [],
  items: [],
  total: 0,
  unseen: 0,
  next: null,
  loading: true,
  listError: null,
  opened: null,
  judged: new Map(),
  live: "connecting",
  needsToken: false,
  tokenRefused: false,
  fatal: null,
  dialog: null,
  drawer: false,
  note: null,
  said: "",
};
let changed: () => void = () => undefined;

export const get = (): State => state;
export const onChange = (f: () => void): void => void (changed = f);
export function set(patch: Partial<State>): void {
  state = { ...state, ...patch };
  changed();
}

export const COMMON = "default";
const LIST_MAX = 1000; /* rows that live updates may make of a page of 50 */
const BURST = 50; /* events at once, beyond which the list is read again */
const FLUSH_MS = 120;
const COUNTS_MS = 400;
const ATTEMPTS_MS = 3000;
const JUDGED_MAX = 300;
const JUDGES = 2;

/* ---- telling ---- */

let notes = 0;
export function tell(text: string, error = false): void {
  const id = ++notes;
  set({ note: { text, error, id } });
  if (!error)
    setTimeout(() => {
      if (state.note?.id === id) set({ note: null });
    }, 4000);
}

/* Runs an action; what goes wrong is shown. False: it went wrong. */
export async function attempt(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (e) {
    failed(e, (text) => tell(text, true));
    return false;
  }
}

function failed(e: unknown, show: (text: string) => void): void {
  if (e instanceof Problem && e.status === 401) {
    set({ needsToken: true, tokenRefused: hasToken() });
    stopEvents();
    return;
  }
  show(e instanceof Error ? e.message : String(e));
}

/* ---- start, login ---- */

let stopEvents: () => void = () => undefined;

export async function start(): Promise<void> {
  set({ fatal: null });
  try {
    set({ info: await api.info(), needsToken: false, tokenRefused: false });
  } catch (e) {
    failed(e, (fatal) => set({ fatal }));
    return;
  }
  stopEvents();
  stopEvents = api.events({ event: arrived, state: liveness });
  await Promise.all([loadInboxes(), loadList(), openRoute()]);
}

export async function login(token: string): Promise<void> {
  setToken(token);
  await start();
}

export function logout(): void {
  setToken("");
  stopEvents();
  set({ info: null, inboxes: [], items: [], opened: null, judged: new Map() });
  void start();
}

/* ---- places ---- */

export function go(patch: Partial<Route>, replace = false): void {
  const hash = writeRoute({ ...state.route, ...patch });
  if (hash === location.hash) return;
  if (replace) history.replaceState(null, "", hash);
  else history.pushState(null, "", hash);
  routeChanged();
}

export function routeChanged(): void {
  const before = state.route;
  const route = parseRoute(location.hash);
  set({ route, drawer: false });
  const elsewhere = route.inbox !== before.inbox || route.view !== before.view;
  if (elsewhere || route.q !== before.q) void loadList(elsewhere);
  if (route.id !== before.id) void openRoute();
}

/* ---- lists ---- */

async function loadInboxes(): Promise<void> {
  await attempt(async () => {
    const [info, listed] = await Promise.all([api.info(), api.inboxes()]);
    /* The common inbox is not in the list; the token of an inbox does not open it. */
    const common = info.you.scope === "admin" ? [await api.inbox(COMMON)] : [];
    set({ info, inboxes: [...common, ...listed.filter((box) => box.id !== COMMON)] });
  });
}

let asked = 0;

interface Page {
  items: (Summary | Attempt)[];
  total: number;
  unseen: number;
  next: string | null;
}

async function page(r: Route, cursor: string | null): Promise<Page> {
  if (r.view === "attempts") {
    const got = await api.attempts(r.inbox, { q: r.q, cursor });
    return { items: got.attempts, total: got.total, unseen: 0, next: got.next };
  }
  const got = await api.messages(r.inbox, { q: r.q, cursor });
  return { items: got.messages, total: got.total, unseen: got.unseen, next: got.next };
}

export async function loadList(clear = false): Promise<void> {
  const mine = ++asked;
  set(clear ? { loading: true, items: [], total: 0, next: null } : { loading: true });
  try {
    const got = await page(state.route, null);
    if (mine === asked) set({ ...got, loading: false, listError: null });
  } catch (e) {
    /* A search that is not finished yet leaves what is there. */
    const kept = e instanceof Problem && e.status === 400 ? {} : { items: [], total: 0, next: null };
    if (mine === asked) failed(e, (listError) => set({ ...kept, listError }));
    if (mine === asked) set({ loading: false });
  }
}

export async function loadMore(): Promise<void> {
  if (state.next === null || state.loading) return;
  const mine = ++asked;
  set({ loading: true });
  await attempt(async () => {
    const got = await page(state.route, state.next);
    if (mine !== asked) return;
    const known = new Set(state.items.map((m) => m.id));
    set({ ...got, items: [...state.items, ...got.items.filter((m) => !known.has(m.id))] });
  });
  if (mine === asked) set({ loading: false });
}

/* ---- one message ---- */

async function openRoute(): Promise<void> {
  const id = state.route.id;
  if (id === null) {
    set({ opened: null });
    return;
  }
  const known = state.judged.get(id) ?? null;
  set({ opened: { id, doc: known, error: null } });
  try {
    const doc = await api.message(id);
    if (state.route.id !== id) return;
    set({ opened: { id, doc, error: null } });
    keepJudged(doc);
    if (!doc.seen && doc.delivery.outcome === "accepted") await setSeen(id, true);
  } catch (e) {
    if (state.route.id === id)
      failed(e, (error) => set({ opened: { id, doc: null, error } }));
  }
}

export async function setSeen(id: string, seen: boolean): Promise<void> {
  await attempt(async () => {
    await api.setSeen(id, seen);
    const judged = new Map(state.judged);
    const known = judged.get(id);
    if (known !== undefined) judged.set(id, { ...known, seen });
    const opened = state.opened;
    set({
      items: state.items.map((m) => (m.id === id ? { ...m, seen } : m)),
      opened: opened?.doc?.id === id ? { ...opened, doc: { ...opened.doc, seen } } : opened,
      judged,
    });
    countSoon();
  });
}

/* ---- badges of the list: the messages that are on the screen, a few at a time ---- */

let queue: string[] = [];
let judging = 0;

export function judge(id: string): void {
  if (!state.info?.features.judges || state.judged.has(id) || queue.includes(id)) return;
  queue.push(id);
  void judgeNext();
}

export function judgeNot(id: string): void {
  queue = queue.filter((x) => x !== id);
}

async function judgeNext(): Promise<void> {
  if (judging >= JUDGES) return;
  const id = queue.shift();
  if (id === undefined) return;
  judging++;
  /* A message that is gone in the meantime just gets no badge. */
  await api.message(id).then(keepJudged, () => undefined);
  judging--;
  void judgeNext();
}

function keepJudged(doc: Message): void {
  const judged = new Map(state.judged);
  judged.delete(doc.id);
  judged.set(doc.id, doc);
  for (const old of judged.keys()) {
    if (judged.size <= JUDGED_MAX) break;
    judged.delete(old);
  }
  set({ judged });
}

/* ---- taking away ---- */

function forget(gone: (m: Summary) => boolean): void {
  const items = state.items.filter((m) => !gone(m));
  const lost = state.items.filter(gone);
  if (lost.length === 0) return;
  set({ items, total: Math.max(0, state.total - lost.length) });
  if (lost.some((m) => m.id === state.route.id)) go({ id: null, tab: null }, true);
}

/* The message at hand goes, its neighbour takes its place. */
export async function deleteMessage(id: string): Promise<void> {
  const at = state.items.findIndex((m) => m.id === id);
  const next = state.items[at + 1] ?? state.items[at - 1];
  const wasOpen = state.route.id === id;
  await attempt(async () => {
    await api.deleteMessage(id);
    if (wasOpen) go({ id: next?.id ?? null, tab: null }, true);
    forget((m) => m.id === id);
    tell("Message deleted.");
    countSoon();
  });
}

export async function deleteAll(): Promise<void> {
  const { inbox, q } = state.route;
  await attempt(async () => {
    const n = await api.deleteMessages(inbox, q);
    tell(n === 1 ? "1 message deleted." : `${n} messages deleted.`);
    go({ id: null, tab: null }, true);
    await Promise.all([loadList(), loadInboxes()]);
  });
}

export async function deleteInbox(id: string): Promise<void> {
  await attempt(async () => {
    await api.deleteInbox(id);
    tell("Inbox ended, with all its messages.");
    if (state.route.inbox === id) go({ inbox: null, id: null, tab: null, q: "" });
    await Promise.all([loadList(), loadInboxes()]);
  });
}

export const reloadInboxes = loadInboxes;

/* ---- what happens meanwhile ---- */

let fresh: Summary[] = [];
let flushing = false;
let counting = false;

function countSoon(): void {
  if (counting) return;
  counting = true;
  setTimeout(() => {
    counting = false;
    void loadInboxes();
  }, COUNTS_MS);
}

function liveness(live: Live): void {
  const again = live === "live" && state.live === "connecting" && state.info !== null;
  set({ live });
  /* What came while nobody listened is only in the list. */
  if (again) {
    void loadList();
    countSoon();
  }
}

function arrived(e: ServerEvent): void {
  const data = JSON.parse(e.data) as Summary & { id: string; inbox: string };
  if (e.type === "message") {
    fresh.push(data);
    if (!flushing) setTimeout(flush, FLUSH_MS);
    flushing = true;
  } else if (e.type === "deleted") {
    forget((m) => m.id === data.id);
  } else if (e.type === "cleared") {
    void loadList();
  } else if (e.type === "lost") {
    void loadList();
  }
  countSoon();
}

const inView = (m: Summary): boolean =>
  state.route.inbox === null || state.route.inbox === m.inbox;

function flush(): void {
  flushing = false;
  const come = fresh.filter(inView);
  fresh = [];
  const last = come[come.length - 1];
  if (last === undefined) return;
  set({
    said:
      come.length === 1
        ? `New message from ${last.from || last.mail_from}: ${last.subject || "no subject"}`
        : `${come.length} new messages`,
  });
  const known = new Set(state.items.map((m) => m.id));
  const added = come.filter((m) => !known.has(m.id)).reverse();
  const simple = state.route.view === "messages" && state.route.q === "";
  if (!simple || added.length > BURST || state.items.length + added.length > LIST_MAX) {
    void loadList();
    return;
  }
  set({ items: [...added, ...state.items], total: state.total + added.length });
}

/* Attempts that were refused are no events: the open view looks now and then. */
setInterval(() => {
  const there = state.route.view === "attempts" && !document.hidden && !state.needsToken;
  if (there && state.next === null && !state.loading && state.listError === null) void loadList();
}, ATTEMPTS_MS);
