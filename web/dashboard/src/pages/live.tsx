/* What is decided right now, as it comes. */
import { useState } from "preact/hooks";
import { count } from "../../../shared/format";
import { Alien } from "../../../shared/text";
import { Hollow, MailRow, Moment, MonitorMark, HealthMark } from "../pieces";
import { set, type News, type State } from "../state";
import type { Mail, MonitorState } from "../types";
import { ACTIONS, actionWord, doneOf } from "../words";

const SHOWN_MAX = 200;

export function LivePage({ s }: { s: State }) {
  const [frozen, setFrozen] = useState<readonly Mail[] | null>(null);
  const [text, setText] = useState("");
  const [action, setAction] = useState("");
  const come = frozen === null ? 0 : newer(s.events, frozen);
  const fits = (frozen ?? s.events).filter((m) => matches(m, text, action));
  const all = fits.slice(0, SHOWN_MAX);
  return (
    <>
      <header class="page-head">
        <h1>Live</h1>
        <button
          type="button"
          id="pause"
          aria-pressed={frozen !== null}
          onClick={() => setFrozen(frozen === null ? s.events : null)}
        >
          {frozen === null ? "Pause" : come === 0 ? "Go on" : `Go on (${come} new)`}
        </button>
      </header>
      <div class="filters" role="search">
        <input
          id="search"
          type="search"
          placeholder="Only with these words: an address, a subject, a finding"
          aria-label="Only messages with these words"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(e) => setText(e.currentTarget.value)}
        />
        <select aria-label="Only with this verdict" value={action} onChange={(e) => setAction(e.currentTarget.value)}>
          <option value="">Every verdict</option>
          {ACTIONS.map((a) => (
            <option key={a} value={a}>
              {actionWord(a)}
            </option>
          ))}
        </select>
      </div>
      {s.lost > 0 && (
        <p class="warning">
          More came than this page could take; some are missing here.{" "}
          <button type="button" onClick={() => set({ lost: 0 })}>
            Understood
          </button>
        </p>
      )}
      <NewsList news={s.news} />
      <p class="sr" role="status">
        {frozen === null ? "" : `Paused. ${count(come, "new message")}.`}
      </p>
      <section class="box" aria-label="Messages as they come">
        {all.length === 0 ? (
          <Hollow>
            {s.events.length === 0
              ? "Waiting for the next message. What came before this page was opened is under Messages."
              : "No message of the last ones fits."}
          </Hollow>
        ) : (
          <ul class="mails">
            {all.map((m) => (
              <li key={m.id}>
                <MailRow m={m} />
              </li>
            ))}
          </ul>
        )}
      </section>
      {all.length > 0 && (
        <p class="quiet">
          {count(fits.length, "message")} since this page was opened
          {fits.length > all.length && `, the last ${all.length} of them shown`}.
        </p>
      )}
    </>
  );
}

/* How many stand in front of what was the newest. */
function newer(events: readonly Mail[], frozen: readonly Mail[]): number {
  const at = events.findIndex((m) => m.id === frozen[0]?.id);
  return at < 0 ? events.length : at;
}

function matches(m: Mail, text: string, action: string): boolean {
  if (action !== "" && doneOf(m) !== action) return false;
  const words = text.toLowerCase().split(/\s+/).filter((w) => w !== "");
  if (words.length === 0) return true;
  const hay = [m.from, m.mail_from, m.subject, m.message_id, m.client.ip, m.client.name, m.from_domain, m.listener]
    .concat(m.rcpt_to, m.findings.map((f) => f.id))
    .join("\n")
    .toLowerCase();
  return words.every((w) => hay.includes(w));
}

/* Of an audit it is a grade. */
function StateOf({ n }: { n: News }) {
  if (n.kind === "status") return <HealthMark state={n.at.state} />;
  if (n.at.kind === "suite") return <MonitorMark state={n.at.state as MonitorState} />;
  return (
    <span>
      grade <Alien text={`${n.at.before ?? "?"} → ${n.at.state}`} />
    </span>
  );
}

function NewsList({ news }: { news: readonly News[] }) {
  if (news.length === 0) return null;
  return (
    <section class="box" aria-labelledby="news">
      <header class="box-head">
        <h2 id="news">Changes of state</h2>
      </header>
      <ul class="parts news">
        {news.slice(0, 5).map((n, i) => (
          <li key={`${n.at.time} ${i}`}>
            <span class="part-name">
              <Alien text={n.kind === "status" ? n.at.part : [n.at.suite, n.at.name].filter((x) => x !== null).join(": ")} />
            </span>
            <StateOf n={n} />
            <span class="part-detail quiet">
              <Moment at={n.at.time} /> <Alien text={n.at.detail ?? ""} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
