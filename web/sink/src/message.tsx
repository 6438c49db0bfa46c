/* The message at hand: head, actions, tabs. */
import type { JSX } from "preact";
import { api } from "./api";
import { Badges } from "../../shared/badges";
import { download } from "./download";
import { bytes, whenExactly } from "../../shared/format";
import { TABS, type Tab } from "./route";
import { deleteMessage, go, set, setSeen, type State } from "./state";
import { Changes } from "./tabs/changes";
import { Delivery } from "./tabs/delivery";
import { Headers } from "./tabs/headers";
import { Parts } from "./tabs/parts";
import { Preview } from "./tabs/preview";
import { Source } from "./tabs/source";
import { TextTab } from "./tabs/text";
import { Verdict } from "./tabs/verdict";
import { Alien } from "../../shared/text";
import type { Address, Message } from "./types";

const NAMES: Record<Tab, string> = {
  preview: "Preview",
  text: "Text",
  headers: "Headers",
  source: "Source",
  parts: "Parts",
  delivery: "Delivery",
  verdict: "Verdict",
  changes: "Changes",
};

const PANELS: Record<Tab, (p: { m: Message }) => JSX.Element> = {
  preview: Preview,
  text: TextTab,
  headers: Headers,
  source: Source,
  parts: Parts,
  delivery: Delivery,
  verdict: Verdict,
  changes: Changes,
};

export function MessagePane({ s }: { s: State }) {
  const opened = s.opened;
  const back = () => go({ id: null, tab: null });
  return (
    <main class="message" aria-label="Message">
      {opened === null ? (
        <p class="quiet nothing">
          Select a message. <kbd>j</kbd> and <kbd>k</kbd> move, <kbd>?</kbd> tells more.
        </p>
      ) : (
        <>
          <button type="button" class="plain back" onClick={back}>
            ← Back
          </button>
          {opened.error !== null && (
            <p class="error pad" role="alert">
              {opened.error}
            </p>
          )}
          {opened.doc === null && opened.error === null && <p class="quiet pad">Loading…</p>}
          {opened.doc !== null && <Whole s={s} m={opened.doc} key={opened.id} />}
        </>
      )}
    </main>
  );
}

const isAccepted = (m: Message): boolean => m.delivery.outcome === "accepted";

/* What was ended before its content came has only a delivery to look at. */
function tabsOf(m: Message): Tab[] {
  if (m.size === 0 && !isAccepted(m)) return ["delivery"];
  return TABS.filter((t) => t !== "changes" || m.altered !== null);
}

function Whole({ s, m }: { s: State; m: Message }) {
  const shown = tabsOf(m);
  const tab = shown.find((t) => t === s.route.tab) ?? (isAccepted(m) ? "preview" : "delivery");
  const Panel = PANELS[tab];
  return (
    <article>
      <Head s={s} m={m} />
      <Tabs m={m} tab={tab} shown={shown} />
      <div class="panel" role="tabpanel" id="panel" aria-labelledby={`tab-${tab}`} key={tab}>
        <Panel m={m} />
      </div>
    </article>
  );
}

function Head({ s, m }: { s: State; m: Message }) {
  return (
    <header class="head">
      <h2>
        {m.subject === null || m.subject === "" ? (
          <span class="quiet">{m.size > 0 ? "(no subject)" : "No message came"}</span>
        ) : (
          <Alien text={m.subject} />
        )}
      </h2>
      <dl class="fields">
        <People name="From" all={m.from} />
        <People name="To" all={m.to} />
        <People name="Cc" all={m.cc} />
        <People name="Reply-To" all={m.reply_to} />
        <div>
          <dt>Received</dt>
          <dd>
            <time dateTime={m.received}>{whenExactly(m.received)}</time>
            <span class="quiet"> · {bytes(m.size)}</span>
          </dd>
        </div>
      </dl>
      {isAccepted(m) && m.authentication !== null && (
        <p class="row-foot">
          <Badges a={m.authentication} />
        </p>
      )}
      {m.cut && (
        <p class="warning">
          This message is larger than what is shown. All of it is in the source, to download.
        </p>
      )}
      <Actions s={s} m={m} />
    </header>
  );
}

function People({ name, all }: { name: string; all: Address[] }) {
  if (all.length === 0) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {all.map((a, i) => (
          <span class="person" key={i}>
            {a.name !== "" && <Alien text={a.name} />}{" "}
            <span class={a.name === "" ? "" : "quiet"}>
              <Alien text={a.address} />
            </span>
          </span>
        ))}
      </dd>
    </div>
  );
}

function Actions({ s, m }: { s: State; m: Message }) {
  const release = () =>
    set({ dialog: { kind: "release", id: m.id, to: m.envelope.rcpt_to } });
  const accepted = isAccepted(m);
  return (
    <div class="actions">
      {accepted && (
        <button type="button" onClick={() => void setSeen(m.id, !m.seen)}>
          Mark as {m.seen ? "unread" : "read"}
        </button>
      )}
      {m.size > 0 && (
        <button type="button" onClick={() => void download(`${m.id}.eml`, () => api.raw(m.id))}>
          Download
        </button>
      )}
      {accepted && s.info?.features.release === true && (
        <button type="button" onClick={release}>
          Release…
        </button>
      )}
      <button type="button" class="danger" onClick={() => void deleteMessage(m.id)}>
        Delete
      </button>
    </div>
  );
}

/* What stands behind a tab's name: how much there is to see. */
function mark(tab: Tab, m: Message): string {
  if (tab === "parts" && m.attachments.length > 0) return String(m.attachments.length);
  if (tab === "verdict" && m.findings.length > 0) return String(m.findings.length);
  return "";
}

function Tabs({ m, tab, shown }: { m: Message; tab: Tab; shown: Tab[] }) {
  const onKey = (e: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    const at = shown.indexOf(tab);
    const to = e.key === "Home" ? shown[0] : e.key === "End" ? shown[shown.length - 1]
      : by !== undefined ? shown[(at + by + shown.length) % shown.length] : undefined;
    if (to === undefined) return;
    e.preventDefault();
    go({ tab: to }, true);
    document.getElementById(`tab-${to}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Parts of the view" onKeyDown={onKey}>
      {shown.map((t) => (
        <button
          type="button"
          role="tab"
          key={t}
          id={`tab-${t}`}
          aria-selected={t === tab}
          aria-controls="panel"
          tabIndex={t === tab ? 0 : -1}
          onClick={() => go({ tab: t }, true)}
        >
          {NAMES[t]}
          {mark(t, m) !== "" && <span class="mark-count">{mark(t, m)}</span>}
        </button>
      ))}
    </div>
  );
}
