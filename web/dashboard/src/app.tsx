/* The frame of the page: bar, places, the page at hand, help. */
import { Component, type ComponentChildren } from "preact";
import { useEffect, useReducer, useRef } from "preact/hooks";
import { hasToken } from "../../shared/http";
import { Login } from "../../shared/login";
import { Mark } from "../../shared/mark";
import { Alien } from "../../shared/text";
import { KEYS, onKey } from "./keys";
import { DomainPage, Domains } from "./pages/domains";
import { LivePage } from "./pages/live";
import { MessagePage, rememberSearch } from "./pages/message";
import { Messages } from "./pages/messages";
import { Monitor, SuitePage } from "./pages/monitor";
import { Overview } from "./pages/overview";
import { StatusPage } from "./pages/status";
import { address, PAGES, type Page } from "./route";
import { get, login, logout, onChange, routeChanged, set, start, type State } from "./state";

const NAMES: Record<Page, string> = {
  overview: "Overview",
  live: "Live",
  messages: "Messages",
  domains: "Domains",
  monitor: "Monitor",
  status: "Status",
};

export function App() {
  const [, again] = useReducer((n: number, _: undefined) => n + 1, 0);
  useEffect(() => {
    onChange(() => again(undefined));
    addEventListener("popstate", routeChanged);
    addEventListener("hashchange", routeChanged);
    addEventListener("keydown", onKey);
    void start();
  }, []);
  const s = get();
  rememberSearch(s);
  useEffect(() => {
    const { page, id } = s.route;
    document.title = `${page !== "messages" && id !== null ? `${id} · ` : ""}${NAMES[page]} · mailproof`;
  }, [s.route]);

  if (s.needsToken)
    return (
      <Login
        title="mailproof"
        help="One with the scope read or admin, as it stands in the config. It is kept for this tab and forgotten when the tab is closed."
        refused={s.refused}
        login={login}
      />
    );
  if (s.fatal !== null) return <Fatal text={s.fatal} />;
  if (!s.ready) return <main class="middle quiet">Loading…</main>;
  return (
    <div class="app">
      <a class="skip" href="#main" onClick={skip}>
        Skip to the page
      </a>
      <Bar s={s} />
      <Places s={s} />
      <Main s={s} />
      {s.help && <Help />}
    </div>
  );
}

/* The fragment is the place in the page, so a link cannot be used to jump. */
function skip(e: Event) {
  e.preventDefault();
  document.getElementById("main")?.focus();
}

const LIVE = { connecting: "Connecting…", live: "Live", down: "Not connected" };

function Bar({ s }: { s: State }) {
  return (
    <header class="bar">
      <a class="brand" href={address("overview")}>
        <Mark />
        <span>mailproof</span>
      </a>
      <span class="grow" />
      <span class={`live ${s.live}`} role="status" title="Is what you see up to date?">
        {LIVE[s.live]}
      </span>
      <button type="button" class="plain" onClick={() => set({ help: true })}>
        Help
      </button>
      {hasToken() && (
        <button type="button" class="plain" onClick={logout} title={`Signed in as ${s.session?.name ?? ""}`}>
          Sign out
        </button>
      )}
    </header>
  );
}

function Places({ s }: { s: State }) {
  return (
    <nav class="places" aria-label="Pages">
      <ul>
        {PAGES.map((page) => (
          <li key={page}>
            <a href={address(page)} aria-current={s.route.page === page ? "page" : undefined}>
              {NAMES[page]}
            </a>
          </li>
        ))}
      </ul>
      <p class="quiet version">
        {s.session !== null && (
          <>
            <Alien text={s.session.name} />
            <br />
            {s.session.version}
          </>
        )}
      </p>
    </nav>
  );
}

/* Going to another place puts the focus there, so that it is read and Tab goes on from there. */
function Main({ s }: { s: State }) {
  const main = useRef<HTMLElement>(null);
  const place = `${s.route.page}/${s.route.id ?? ""}`;
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    main.current?.focus();
    scrollTo(0, 0);
  }, [place]);
  return (
    <main id="main" ref={main} tabIndex={-1} aria-label={NAMES[s.route.page]}>
      <Guard key={place}>
        <At s={s} />
      </Guard>
    </main>
  );
}

/* An answer of another shape than promised breaks one page, not all of them. */
class Guard extends Component<{ children: ComponentChildren }, { broken: string | null }> {
  override state = { broken: null as string | null };
  override componentDidCatch(e: unknown) {
    this.setState({ broken: e instanceof Error ? e.message : String(e) });
  }
  override render() {
    if (this.state.broken === null) return this.props.children;
    return (
      <section class="box">
        <h1>This page cannot be shown</h1>
        <p class="error" role="alert">
          The server answered something that this page does not understand: <Alien text={this.state.broken} />
        </p>
        <button type="button" onClick={() => this.setState({ broken: null })}>
          Try again
        </button>
      </section>
    );
  }
}

function At({ s }: { s: State }) {
  const { page, id } = s.route;
  if (page === "live") return <LivePage s={s} />;
  if (page === "messages") return id === null ? <Messages s={s} /> : <MessagePage id={id} />;
  if (page === "domains") return id === null ? <Domains /> : <DomainPage domain={id} />;
  if (page === "monitor") return id === null ? <Monitor s={s} /> : <SuitePage name={id} s={s} />;
  if (page === "status") return <StatusPage s={s} />;
  return <Overview s={s} />;
}

function Help() {
  const ref = useRef<HTMLDialogElement>(null);
  const close = () => set({ help: false });
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    ref.current?.showModal();
    return () => before?.focus();
  }, []);
  return (
    <dialog ref={ref} onClose={close} aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <table class="keys">
        <tbody>
          {KEYS.map(([key, text]) => (
            <tr key={key}>
              <th scope="row">
                {key.split("  ").map((k) => (
                  <kbd key={k}>{k}</kbd>
                ))}
              </th>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        The address of the page holds the search and can be passed on; it never holds the token. All of this is also an{" "}
        <a href="/openapi.json">HTTP API</a>.
      </p>
      <div class="buttons">
        <button type="button" class="main" onClick={close} autofocus>
          Close
        </button>
      </div>
    </dialog>
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
