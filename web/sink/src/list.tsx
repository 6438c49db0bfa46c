/* The list in the middle: messages, or attempts with the refused ones; search; what to do when there
 * is nothing. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Badges } from "../../shared/badges";
import { Empty } from "./empty";
import { bytes, count, when, whenExactly } from "../../shared/format";
import { InboxBar } from "./inboxes";
import { writeRoute } from "./route";
import { deleteAll, go, judge, judgeNot, loadList, loadMore, set, type State } from "./state";
import { Alien } from "../../shared/text";
import type { Attempt, Message, Summary } from "./types";

export function List({ s }: { s: State }) {
  const attempts = s.route.view === "attempts";
  const none = s.items.length === 0 && !s.loading && s.listError === null;
  return (
    <section class="list" aria-label={attempts ? "Attempts" : "Messages"}>
      <div class="list-head">
        <Search s={s} />
        <div class="list-tools">
          <Views s={s} />
          <span class="grow" />
          <span class="quiet" aria-live="off">
            {attempts ? count(s.total, "attempt") : count(s.total, "message")}
          </span>
          {!attempts && s.total > 0 && <DeleteAll s={s} />}
        </div>
        <InboxBar s={s} />
      </div>
      <div class="rows" id="list" tabIndex={-1} aria-busy={s.loading}>
        {s.listError !== null && <Failed text={s.listError} />}
        {none && <Empty s={s} />}
        <ul>
          {s.items.map((m) => (
            <li key={m.id}>
              <Row s={s} m={m} judged={s.judged.get(m.id)} />
            </li>
          ))}
        </ul>
        {s.next !== null && (
          <button type="button" class="more" onClick={() => void loadMore()} disabled={s.loading}>
            {s.loading ? "Loading…" : "Show more"}
          </button>
        )}
        {s.loading && s.items.length === 0 && <p class="quiet pad">Loading…</p>}
      </div>
    </section>
  );
}

function Failed({ text }: { text: string }) {
  return (
    <div class="pad" role="alert">
      <p class="error">{text}</p>
      <button type="button" onClick={() => void loadList()}>
        Try again
      </button>
    </div>
  );
}

const TYPING_MS = 250;

function Search({ s }: { s: State }) {
  const [text, setText] = useState(s.route.q);
  const timer = useRef(0);
  useEffect(() => setText(s.route.q), [s.route.q]);
  const look = (q: string) => {
    clearTimeout(timer.current);
    go({ q: q.trim() }, true);
  };
  const typed = (q: string) => {
    setText(q);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => look(q), TYPING_MS);
  };
  return (
    <form
      role="search"
      onSubmit={(e) => {
        e.preventDefault();
        look(text);
      }}
    >
      <input
        id="search"
        type="search"
        placeholder="Search, or from:ana has:attachment"
        aria-label="Search in messages"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(e) => typed(e.currentTarget.value)}
      />
      <button
        type="button"
        class="plain"
        aria-label="Search words"
        title="Search words"
        onClick={() => set({ dialog: { kind: "help" } })}
      >
        ?
      </button>
    </form>
  );
}

function Views({ s }: { s: State }) {
  const link = (view: "messages" | "attempts", name: string) => {
    const place = { view, id: null, tab: null };
    return (
      <a
        href={writeRoute({ ...s.route, ...place })}
        aria-current={s.route.view === view ? "true" : undefined}
        onClick={(e) => {
          e.preventDefault();
          go(place);
        }}
      >
        {name}
      </a>
    );
  };
  return (
    <div class="views" role="group" aria-label="What is listed">
      {link("messages", "Messages")}
      {link("attempts", "Attempts")}
    </div>
  );
}

function DeleteAll({ s }: { s: State }) {
  const where = s.route.q === "" ? "" : " that match the search";
  const ask = () =>
    set({
      dialog: {
        kind: "confirm",
        title: "Delete messages?",
        text: `${count(s.total, "message")}${where} will be gone${s.route.inbox === null ? ", from all inboxes" : ""}.`,
        action: `Delete ${count(s.total, "message")}`,
        run: deleteAll,
      },
    });
  return (
    <button type="button" class="plain danger" onClick={ask}>
      {s.route.q === "" ? "Delete all" : "Delete found"}
    </button>
  );
}

const isAttempt = (m: Summary | Attempt): m is Attempt => "outcome" in m;

function Row({ s, m, judged }: { s: State; m: Summary | Attempt; judged: Message | undefined }) {
  const row = useRef<HTMLAnchorElement>(null);
  const judges = s.info?.features.judges === true;
  const accepted = !isAttempt(m) || m.outcome === "accepted";
  useEffect(() => {
    if (!judges || !accepted || row.current === null) return undefined;
    const eye = new IntersectionObserver((seen) =>
      seen.some((e) => e.isIntersecting) ? judge(m.id) : judgeNot(m.id),
    );
    eye.observe(row.current);
    return () => {
      eye.disconnect();
      judgeNot(m.id);
    };
  }, [m.id, judges, accepted]);
  const place = { id: m.id, tab: s.route.tab };
  return (
    <a
      ref={row}
      class={m.seen || !accepted ? "row" : "row new"}
      data-id={m.id}
      href={writeRoute({ ...s.route, ...place })}
      aria-current={s.route.id === m.id ? "true" : undefined}
      onClick={(e) => {
        if (e.ctrlKey || e.metaKey || e.shiftKey) return;
        e.preventDefault();
        go(place);
      }}
    >
      <span class="row-from">
        {!m.seen && accepted && <span class="sr">Unread. </span>}
        <Alien text={m.from || m.mail_from || "(null sender)"} />
      </span>
      <time dateTime={m.received} title={whenExactly(m.received)}>
        {when(m.received)}
      </time>
      <span class="row-subject">
        {m.subject === "" ? (
          <span class="quiet">{accepted ? "(no subject)" : ""}</span>
        ) : (
          <Alien text={m.subject} />
        )}
      </span>
      <span class="row-to quiet">
        to <Alien text={m.rcpt_to.join(", ") || m.to || "nobody"} />
      </span>
      <span class="row-foot">
        {isAttempt(m) && <OutcomeOf a={m} />}
        {accepted && judged?.authentication != null && <Badges a={judged.authentication} />}
        {m.attachments > 0 && <span class="quiet">{count(m.attachments, "attachment")}</span>}
        {m.size > 0 && <span class="quiet">{bytes(m.size)}</span>}
      </span>
    </a>
  );
}

function OutcomeOf({ a }: { a: Attempt }) {
  const reply = [a.reply.code, a.reply.text].filter((x) => x !== null && x !== "").join(" ");
  return (
    <>
      <span class={`badge ${OUTCOME_CLASS[a.outcome]}`}>{a.outcome}</span>
      <span class="quiet">
        at {a.stage || "connect"}
        {reply !== "" && (
          <>
            : <Alien text={reply} />
          </>
        )}
      </span>
    </>
  );
}

export const OUTCOME_CLASS = {
  accepted: "good",
  deferred: "warn",
  refused: "bad",
  dropped: "bad",
};
