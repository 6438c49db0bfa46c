/* The search in what passed. The address of the page holds it, place included. */
import { useState } from "preact/hooks";
import { api } from "../api";
import { useCatalog } from "../kinds";
import { Await, Hollow, MailRow } from "../pieces";
import { address, RANGES } from "../route";
import { go, useApi, type State } from "../state";
import type { MailPage } from "../types";
import { ACTIONS, actionWord } from "../words";

const FIELDS = [
  "since",
  "until",
  "q",
  "domain",
  "done",
  "finding",
  "severity",
  "address",
  "message_id",
  "ip",
  "mode",
  "action",
  "listener",
  "queue_id",
] as const;
const SELDOM = FIELDS.filter((f) => !["since", "q", "domain", "done", "finding"].includes(f));
type Search = Record<(typeof FIELDS)[number], string>;
const EVERYTHING = "0"; /* seconds since 1970: from the begin */

const searchOf = (query: Readonly<Record<string, string>>): Search =>
  Object.fromEntries(FIELDS.map((f) => [f, query[f] ?? ""])) as Search;

export function Messages({ s }: { s: State }) {
  const search = searchOf(s.route.query);
  const cursor = s.route.query["cursor"] ?? null;
  const asked = { ...search, since: search.since || "7d", cursor };
  const page = useApi(JSON.stringify(asked), () => api.messages(asked));
  return (
    <>
      <header class="page-head">
        <h1>Messages</h1>
      </header>
      <Form search={search} key={JSON.stringify(search)} />
      <Await of={page}>{(got) => <Found got={got} search={search} cursor={cursor} />}</Await>
    </>
  );
}

function Found({ got, search, cursor }: { got: MailPage; search: Search; cursor: string | null }) {
  return (
    <>
      <section class="box" aria-label="Messages found">
        {got.messages.length === 0 ? (
          <Hollow>
            {cursor === null ? "No message fits. A longer time or fewer conditions may find some." : "There are no more."}
          </Hollow>
        ) : (
          <ul class="mails">
            {got.messages.map((m) => (
              <li key={m.id}>
                <MailRow m={m} />
              </li>
            ))}
          </ul>
        )}
      </section>
      <nav class="pager" aria-label="Pages of the list">
        {cursor !== null && <a href={address("messages", null, search)}>Newest</a>}
        {got.next !== null && (
          <a rel="next" href={address("messages", null, { ...search, cursor: got.next })}>
            Older<span aria-hidden="true"> →</span>
          </a>
        )}
      </nav>
    </>
  );
}

type Options = [string, string][];
const MODES: Options = [
  ["inbound", "Inbound"],
  ["outbound", "Outbound"],
  ["monitor", "Only watched"],
  ["scan", "Scanned on request"],
];
const VERDICTS: Options = ACTIONS.map((a) => [a, actionWord(a)]);
const SEVERITIES: Options = [
  ["critical", "Critical"],
  ["high", "High or graver"],
  ["medium", "Medium or graver"],
  ["low", "Low or graver"],
  ["info", "Any finding"],
];

function Form({ search }: { search: Search }) {
  const [wish, setWish] = useState(search);
  const more = SELDOM.some((f) => search[f] !== "");
  const take = (field: keyof Search) => (e: Event) => {
    const next = { ...wish, [field]: (e.currentTarget as HTMLInputElement).value };
    setWish(next);
    if ((e.currentTarget as HTMLElement).tagName === "SELECT") look(next);
  };
  const look = (w: Search) =>
    go(address("messages", null, Object.fromEntries(Object.entries(w).map(([k, v]) => [k, v.trim()]))));
  const text = (field: keyof Search, label: string, placeholder: string, list?: string) => (
    <label class="field">
      <span>{label}</span>
      <input
        name={field}
        value={wish[field]}
        placeholder={placeholder}
        list={list}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        onInput={take(field)}
      />
    </label>
  );
  const choice = (field: keyof Search, label: string, none: [string, string], options: Options) => (
    <label class="field">
      <span>{label}</span>
      <select name={field} value={wish[field]} onChange={take(field)}>
        {[none, ...options].map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <form
      class="search"
      role="search"
      onSubmit={(e) => {
        e.preventDefault();
        look(wish);
      }}
    >
      <label class="field wide">
        <span>Words</span>
        <input
          id="search"
          name="q"
          type="search"
          value={wish.q}
          placeholder="in subject, addresses, Message-ID"
          autocomplete="off"
          spellcheck={false}
          onInput={take("q")}
        />
      </label>
      <Since value={wish.since} onChange={take("since")} />
      {choice("done", "Verdict", ["", "Every verdict"], VERDICTS)}
      {text("domain", "Author domain", "example.org")}
      {text("finding", "Finding", "auth.dmarc.fail or auth.*", "finding-ids")}
      <FindingIds />
      <div class="search-do">
        <button class="main">Search</button>
        <a href={address("messages")}>Clear</a>
      </div>
      <details class="more-fields" open={more}>
        <summary>More conditions</summary>
        <div class="search-more">
          {choice("severity", "Gravest finding", ["", "Any, or none"], SEVERITIES)}
          {text("address", "Address", "author, sender, recipient, login")}
          {text("message_id", "Message-ID", "with or without <>")}
          {text("ip", "Client address", "192.0.2.1")}
          {text("until", "Until", "2026-11-29T12:00:00Z or 2h")}
          {choice("mode", "Way", ["", "Every way"], MODES)}
          {choice("action", "The policy said", ["", "Anything"], VERDICTS)}
          {text("listener", "Listener", "mx")}
          {text("queue_id", "Queue id", "of the mail server")}
        </div>
      </details>
    </form>
  );
}

function Since({ value, onChange }: { value: string; onChange: (e: Event) => void }) {
  const known = ["", EVERYTHING, ...RANGES.map(([name]) => name)].includes(value);
  return (
    <label class="field">
      <span>Time</span>
      <select name="since" value={value === "7d" ? "" : value} onChange={onChange}>
        {RANGES.map(([name, title]) => (
          <option key={name} value={name === "7d" ? "" : name}>
            {title}
          </option>
        ))}
        <option value={EVERYTHING}>All that is kept</option>
        {!known && <option value={value}>since {value}</option>}
      </select>
    </label>
  );
}

/* Proposals while one types; without them one types alone. */
function FindingIds() {
  const ids = [...useCatalog().keys()];
  return (
    <datalist id="finding-ids">
      {ids.map((id) => (
        <option key={id} value={id} />
      ))}
    </datalist>
  );
}
