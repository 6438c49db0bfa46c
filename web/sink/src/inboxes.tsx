/* The inboxes at the side: all, the common one, disposable ones. */
import { count, until } from "../../shared/format";
import { writeRoute } from "./route";
import { COMMON, deleteInbox, go, set, type State } from "./state";
import { Alien, Copy } from "../../shared/text";
import type { Inbox } from "./types";

export function Inboxes({ s }: { s: State }) {
  const admin = s.info?.you.scope !== "inbox";
  return (
    <>
      <nav id="inboxes" class={s.drawer ? "side open" : "side"} aria-label="Inboxes">
        <ul>
          {admin && (
            <Entry
              s={s}
              id={null}
              name="All messages"
              messages={s.info?.store.messages ?? 0}
              unseen={s.info?.store.unseen ?? 0}
            />
          )}
          {s.inboxes.map((box) => (
            <Entry
              key={box.id}
              s={s}
              id={box.id}
              name={title(box)}
              hint={box.id === COMMON ? "" : hint(box)}
              messages={box.messages}
              unseen={box.unseen}
              scripted={box.has_script}
            />
          ))}
        </ul>
        {admin && (
          <button type="button" onClick={() => set({ dialog: { kind: "create" } })}>
            New inbox
          </button>
        )}
        <Server s={s} />
      </nav>
      {s.drawer && <div class="shade" onClick={() => set({ drawer: false })} />}
    </>
  );
}

export const title = (box: Inbox): string =>
  box.id === COMMON ? "Common inbox" : box.name || box.id;

const hint = (box: Inbox): string => (box.expires === null ? "stays" : until(box.expires));

interface EntryProps {
  s: State;
  id: string | null;
  name: string;
  hint?: string;
  messages: number;
  unseen: number;
  scripted?: boolean;
}

function Entry(p: EntryProps) {
  const here = p.s.route.inbox === p.id;
  const place = { inbox: p.id, id: null, tab: null, q: "", view: p.s.route.view };
  const open = (e: Event) => {
    e.preventDefault();
    go(place);
    set({ drawer: false });
  };
  return (
    <li>
      <a href={writeRoute(place)} class="box" aria-current={here ? "page" : undefined} onClick={open}>
        <span class="box-name">
          <Alien text={p.name} />
        </span>
        {p.unseen > 0 ? (
          <span class="unseen" title={`${count(p.unseen, "unread message")} of ${p.messages}`}>
            {p.unseen}
            <span class="sr"> unread</span>
          </span>
        ) : (
          <span class="quiet" title={count(p.messages, "message")}>
            {p.messages}
          </span>
        )}
        {(p.hint ?? "") !== "" && <span class="box-hint quiet">{p.hint}</span>}
        {p.scripted === true && <span class="box-script">scripted</span>}
      </a>
    </li>
  );
}

function Server({ s }: { s: State }) {
  if (s.info === null) return null;
  return (
    <dl class="server">
      {s.info.listeners.map((l) => (
        <div key={l.address}>
          <dt>{l.protocol.toUpperCase()}</dt>
          <dd>
            {l.address}
            <span class="quiet"> {TLS[l.tls]}</span>
          </dd>
        </div>
      ))}
      <div>
        <dt>Version</dt>
        <dd>{s.info.version}</dd>
      </div>
    </dl>
  );
}

const TLS = {
  off: "no TLS",
  offered: "STARTTLS",
  required: "STARTTLS required",
  implicit: "TLS",
};

/* What one can do with the inbox at hand; stands above its list. */
export function InboxBar({ s }: { s: State }) {
  const box = s.inboxes.find((b) => b.id === s.route.inbox);
  if (box === undefined) return null;
  const end = () =>
    set({
      dialog: {
        kind: "confirm",
        title: "End this inbox?",
        text: `${title(box)} and its ${count(box.messages, "message")} will be gone. Mail to ${box.address} will then go to the common inbox.`,
        action: "End inbox",
        run: () => deleteInbox(box.id),
      },
    });
  return (
    <div class="inbox-bar">
      {box.id !== COMMON && (
        <span class="address">
          <code>{box.address}</code> <Copy text={box.address} what="address" />
        </span>
      )}
      <button
        type="button"
        class="plain"
        onClick={() => set({ dialog: { kind: "script", inbox: box.id } })}
      >
        {box.has_script ? "Edit failures" : "Script failures"}
      </button>
      {box.id !== COMMON && (
        <button type="button" class="plain danger" onClick={end}>
          End inbox
        </button>
      )}
    </div>
  );
}
