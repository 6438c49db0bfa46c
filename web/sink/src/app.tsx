/* The frame of the page: bar, inboxes, list, message, dialogs. */
import { useEffect, useReducer } from "preact/hooks";
import { hasToken } from "../../shared/http";
import { Login } from "../../shared/login";
import { Mark } from "../../shared/mark";
import { Dialogs } from "./dialogs";
import { Inboxes } from "./inboxes";
import { onKey } from "./keys";
import { List } from "./list";
import { MessagePane } from "./message";
import { get, login, logout, onChange, routeChanged, set, start, type State } from "./state";

export function App() {
  const [, again] = useReducer((n: number, _: undefined) => n + 1, 0);
  useEffect(() => {
    onChange(() => again(undefined));
    addEventListener("popstate", routeChanged);
    addEventListener("keydown", onKey);
    void start();
  }, []);
  const s = get();
  useEffect(() => {
    const unseen = s.info?.store.unseen ?? 0;
    document.title = unseen > 0 ? `(${unseen}) mailproof sink` : "mailproof sink";
  }, [s.info?.store.unseen]);

  if (s.needsToken)
    return (
      <Login
        title="mailproof sink"
        help="That of the server, or of one inbox: then you see only this inbox. It is kept for this tab and forgotten when the tab is closed."
        refused={s.tokenRefused ? "This token opens nothing here." : null}
        login={(token) => void login(token)}
      />
    );
  if (s.fatal !== null) return <Fatal text={s.fatal} />;
  return (
    <div class={s.route.id === null ? "app" : "app reading"}>
      <a class="skip" href="#list" onClick={skip}>
        Skip to the messages
      </a>
      <Bar s={s} />
      <div class="panes">
        <Inboxes s={s} />
        <List s={s} />
        <MessagePane s={s} />
      </div>
      <div class="sr" role="status" aria-live="polite">
        {s.said}
      </div>
      <Note s={s} />
      <Dialogs s={s} />
    </div>
  );
}

/* The fragment is the place in the page, so a link cannot be used to jump. */
function skip(e: Event) {
  e.preventDefault();
  document.getElementById("list")?.focus();
}

const LIVE = { connecting: "Connecting…", live: "Live", down: "Not connected" };

function Bar({ s }: { s: State }) {
  return (
    <header class="bar">
      <button
        type="button"
        class="menu"
        aria-expanded={s.drawer}
        aria-controls="inboxes"
        onClick={() => set({ drawer: !s.drawer })}
      >
        Inboxes
      </button>
      <h1>
        <Mark />
        <span>mailproof</span> sink
      </h1>
      <span class="grow" />
      <span class={`live ${s.live}`} role="status" title="Is what you see up to date?">
        {LIVE[s.live]}
      </span>
      <button type="button" class="plain" onClick={() => set({ dialog: { kind: "help" } })}>
        Help
      </button>
      {hasToken() && (
        <button type="button" class="plain" onClick={logout}>
          Sign out
        </button>
      )}
    </header>
  );
}

function Note({ s }: { s: State }) {
  return (
    <div class="notes" role={s.note?.error === true ? "alert" : "status"}>
      {s.note !== null && (
        <p class={s.note.error ? "note error" : "note"}>
          {s.note.text}
          <button type="button" class="plain" aria-label="Close" onClick={() => set({ note: null })}>
            ×
          </button>
        </p>
      )}
    </div>
  );
}

function Fatal({ text }: { text: string }) {
  return (
    <main class="middle">
      <h1>No answer</h1>
      <p role="alert">{text}</p>
      <button type="button" class="main" onClick={() => void start()}>
        Try again
      </button>
    </main>
  );
}
