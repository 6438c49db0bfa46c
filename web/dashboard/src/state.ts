/* What the whole page knows: where it is, who may look, what happens right now. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { hasToken, Problem, setToken } from "../../shared/http";
import type { Live, ServerEvent } from "../../shared/sse";
import { api } from "./api";
import { parseRoute, type Route } from "./route";
import type { Mail, MonitorChange, Session, StatusEvent } from "./types";

export type News = { kind: "monitor"; at: MonitorChange } | { kind: "status"; at: StatusEvent };

export interface State {
  route: Route;
  ready: boolean; /* the server let us in */
  needsToken: boolean;
  refused: string | null; /* why the token does not do */
  fatal: string | null;
  live: Live;
  events: readonly Mail[]; /* newest first */
  lost: number; /* the stream had to leave out some */
  news: readonly News[]; /* what changed in the daemon since the page is open, newest first */
  session: Session | null;
  help: boolean;
}

let state: State = {
  route: parseRoute(location.hash),
  ready: false,
  needsToken: false,
  refused: null,
  fatal: null,
  live: "connecting",
  events: [],
  lost: 0,
  news: [],
  session: null,
  help: false,
};
let changed: () => void = () => undefined;

export const get = (): State => state;
export const onChange = (f: () => void): void => void (changed = f);
export function set(patch: Partial<State>): void {
  state = { ...state, ...patch };
  changed();
}

const MAY_READ = ["read", "admin"];
const EVENTS_MAX = 500;
const NEWS_MAX = 50;
const FLUSH_MS = 150;

/* ---- who may look ---- */

let stopEvents: () => void = () => undefined;

export async function start(): Promise<void> {
  set({ fatal: null });
  try {
    const session = await api.session();
    if (!session.scopes.some((scope) => MAY_READ.includes(scope))) {
      set({ needsToken: true, refused: `This token may ${session.scopes.join(", ")}, not read.` });
      return;
    }
    set({ ready: true, needsToken: false, refused: null, session });
  } catch (e) {
    if (!locked(e)) set({ fatal: e instanceof Error ? e.message : String(e) });
    return;
  }
  stopEvents();
  stopEvents = api.events({ event: arrived, state: (live) => set({ live }) });
}

/* Is it because of the token? Then the page asks for one. */
function locked(e: unknown): boolean {
  if (!(e instanceof Problem) || e.status !== 401) return false;
  stopEvents();
  set({ ready: false, needsToken: true, refused: hasToken() ? "This token opens nothing here." : null, events: [] });
  return true;
}

export function login(token: string): void {
  setToken(token);
  void start();
}

export function logout(): void {
  setToken("");
  stopEvents();
  set({ ready: false, events: [], lost: 0, news: [], session: null, live: "connecting" });
  void start();
}

/* ---- places ---- */

export function go(hash: string, replace = false): void {
  if (hash === location.hash) return;
  if (replace) history.replaceState(null, "", hash);
  else history.pushState(null, "", hash);
  routeChanged();
}

let shownHash = location.hash;

export function routeChanged(): void {
  if (location.hash === shownHash) return;
  shownHash = location.hash;
  set({ route: parseRoute(location.hash), help: false });
}

/* ---- what happens meanwhile ---- */

let fresh: Mail[] = [];
let flushing = false;

function arrived(e: ServerEvent): void {
  if (e.type === "lost") {
    set({ lost: state.lost + 1 });
    return;
  }
  const at = readEvent(e.data);
  if (at === null) return;
  if (e.type === "monitor") told({ kind: "monitor", at: at as MonitorChange });
  if (e.type === "status") told({ kind: "status", at: at as StatusEvent });
  if (e.type !== "mail") return;
  fresh.push(at as Mail);
  if (!flushing) setTimeout(flush, FLUSH_MS);
  flushing = true;
}

function told(one: News): void {
  set({ news: [one, ...state.news].slice(0, NEWS_MAX) });
}

function readEvent(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

function flush(): void {
  flushing = false;
  const known = new Set(state.events.map((m) => m.id));
  const come = fresh.filter((m) => !known.has(m.id)).reverse();
  fresh = [];
  if (come.length > 0) set({ events: [...come, ...state.events].slice(0, EVENTS_MAX) });
}

/* ---- what a view reads ---- */

export interface Loaded<T> {
  value: T | null;
  error: string | null;
  busy: boolean;
  again: () => void;
}

/* Reads when the key changes and, while somebody looks, every so often. What was there stays until
 * the new one has come. */
export function useApi<T>(key: string, load: () => Promise<T>, everyMs = 0): Loaded<T> {
  const [got, setGot] = useState<{ value: T | null; error: string | null; busy: boolean }>({
    value: null,
    error: null,
    busy: true,
  });
  const asked = useRef(0);
  const again = useCallback(() => {
    const mine = ++asked.current;
    setGot((g) => ({ ...g, busy: true }));
    load().then(
      (value) => mine === asked.current && setGot({ value, error: null, busy: false }),
      (e: unknown) => {
        if (mine !== asked.current || locked(e)) return;
        setGot((g) => ({ ...g, error: e instanceof Error ? e.message : String(e), busy: false }));
      },
    );
  }, [key]);
  useEffect(() => {
    again();
    const timer = everyMs > 0 ? setInterval(() => !document.hidden && again(), everyMs) : 0;
    return () => {
      clearInterval(timer);
      asked.current++;
    };
  }, [key, everyMs]);
  return { ...got, again };
}
