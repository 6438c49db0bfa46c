/* What stands in front of the page: help, questions, new inbox, script, release. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../../shared/http";
import { api } from "./api";
import { title } from "./inboxes";
import { KEYS } from "./keys";
import { useLoaded } from "../../shared/loaded";
import { get, go, reloadInboxes, set, tell, type State } from "./state";
import { Alien, Copy } from "../../shared/text";
import type { InboxRequest, NewInbox } from "./types";

const close = () => set({ dialog: null });

export function Dialogs({ s }: { s: State }) {
  const d = s.dialog;
  if (d === null) return null;
  if (d.kind === "help") return <Help />;
  if (d.kind === "create") return <Create />;
  if (d.kind === "script") return <Script inbox={d.inbox} key={d.inbox} />;
  if (d.kind === "release") return <Release id={d.id} to={d.to} />;
  const run = () => {
    close();
    void d.run();
  };
  return (
    <Box title={d.title}>
      <p>{d.text}</p>
      <div class="buttons">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="button" class="main danger" onClick={run}>
          {d.action}
        </button>
      </div>
    </Box>
  );
}

function Box({ title, children }: { title: string; children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    ref.current?.showModal();
    return () => before?.focus();
  }, []);
  return (
    <dialog ref={ref} onClose={close} aria-labelledby="dialog-title">
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

function useTrouble(): [string | null, (run: () => Promise<void>) => Promise<void>, boolean] {
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const attempt = async (run: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await run();
    } catch (e) {
      if (e instanceof Problem && e.status === 401) {
        set({ dialog: null, needsToken: true, tokenRefused: true });
        return;
      }
      setError(e instanceof Error ? e.message : String(e));
    }
    setBusy(false);
  };
  return [error, attempt, busy];
}

function Trouble({ text }: { text: string | null }) {
  return (
    <p class="error" role="alert" hidden={text === null}>
      {text}
    </p>
  );
}

const WORDS: [string, string][] = [
  ["word  \"two words\"", "in sender, recipients, subject, Message-ID or begin of the text"],
  ["from:ana  to:bob", "in the field or the envelope"],
  ["rcpt:bob@x.test", "exactly this recipient of the envelope"],
  ["subject:\"your code\"", "in the subject"],
  ["body:invoice", "anywhere in the text"],
  ["tag:mp-…  message-id:…", "by identity"],
  ["has:attachment", "with attachments"],
  ["is:unread  is:read", "not opened yet, or opened"],
  ["larger:10k  smaller:1m", "by size"],
  ["after:2026-11-01  after:2h", "by time of arrival, also before:"],
  ["-word  -from:ana", "not this; all conditions hold together"],
];

function Help() {
  const table = (rows: [string, string][], label: string) => (
    <table class="keys" aria-label={label}>
      <tbody>
        {rows.map(([key, text]) => (
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
  );
  return (
    <Box title="Help">
      <div class="columns">
        <section>
          <h3>Search</h3>
          {table(WORDS, "Search words")}
        </section>
        <section>
          <h3>Keys</h3>
          {table(KEYS, "Keys")}
          <h3>More</h3>
          <p>
            All of this is also an <a href="/openapi.json">HTTP API</a>, for tests and scripts.
          </p>
        </section>
      </div>
      <div class="buttons">
        <button type="button" class="main" onClick={close} autofocus>
          Close
        </button>
      </div>
    </Box>
  );
}

const LIVES: [string, string][] = [
  ["10m", "10 minutes"],
  ["1h", "1 hour"],
  ["24h", "1 day"],
  ["168h", "7 days"],
  ["never", "until it is ended"],
];

function Create() {
  const [made, setMade] = useState<NewInbox | null>(null);
  const [error, attempt, busy] = useTrouble();
  const [name, setName] = useState("");
  const [id, setId] = useState("");
  const [ttl, setTtl] = useState("1h");
  const [most, setMost] = useState("");
  const submit = (e: Event) => {
    e.preventDefault();
    void attempt(async () => {
      const wish: InboxRequest = { ttl };
      if (name.trim() !== "") wish.name = name.trim();
      if (id.trim() !== "") wish.id = id.trim();
      if (most !== "") wish.max_messages = Number(most);
      setMade(await api.createInbox(wish));
      await reloadInboxes();
    });
  };
  if (made !== null) return <Made box={made} />;
  return (
    <Box title="New inbox">
      <form onSubmit={submit}>
        <label for="box-name">Label</label>
        <input id="box-name" maxLength={200} value={name} onInput={(e) => setName(e.currentTarget.value)} />
        <label for="box-id">Name of its address</label>
        <input
          id="box-id"
          maxLength={64}
          pattern="[a-z0-9][a-z0-9._\-]*"
          title="Small letters, digits, dot, dash and underscore"
          placeholder="left empty: one that nobody guesses"
          autocomplete="off"
          spellcheck={false}
          value={id}
          onInput={(e) => setId(e.currentTarget.value)}
        />
        <div class="two">
          <div>
            <label for="box-ttl">Lives</label>
            <select id="box-ttl" value={ttl} onChange={(e) => setTtl(e.currentTarget.value)}>
              {LIVES.map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          </div>
          <div>
            <label for="box-max">Keeps at most</label>
            <input
              id="box-max"
              type="number"
              min="1"
              placeholder="all messages"
              value={most}
              onInput={(e) => setMost(e.currentTarget.value)}
            />
          </div>
        </div>
        <Trouble text={error} />
        <div class="buttons">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button class="main" disabled={busy}>
            Create
          </button>
        </div>
      </form>
    </Box>
  );
}

function Made({ box }: { box: NewInbox }) {
  const open = () => {
    close();
    go({ inbox: box.id, id: null, tab: null, q: "" });
  };
  return (
    <Box title="Inbox is ready">
      <dl class="made">
        <dt>Address</dt>
        <dd>
          <code>{box.address}</code> <Copy text={box.address} what="address" />
        </dd>
        <dt>Token</dt>
        <dd>
          <code>{box.token}</code> <Copy text={box.token} what="token" />
        </dd>
      </dl>
      <p>
        The token opens this inbox and nothing else. <strong>It is shown only now.</strong>
      </p>
      <div class="buttons">
        <button type="button" class="main" onClick={open}>
          Open inbox
        </button>
      </div>
    </Box>
  );
}

const EXAMPLES: [string, unknown][] = [
  ["Later, once", [{ rcpt: "451 4.7.1 later", times: 1 }]],
  ["Greylist", [{ at: "rcpt", greylist: "5s" }]],
  ["Refuse at the end", [{ end: "550 5.7.1 no" }]],
  ["Slow, then gone", [{ at: "data", delay: "3s" }, { at: "end", drop: true, times: 1 }]],
];

const pretty = (script: unknown): string =>
  Array.isArray(script) && script.length > 0
    ? `[\n${script.map((rule) => `  ${JSON.stringify(rule)}`).join(",\n")}\n]`
    : "[]";

function Script({ inbox }: { inbox: string }) {
  const loaded = useLoaded(() => api.script(inbox), inbox);
  const [text, setText] = useState<string | null>(null);
  const [error, attempt, busy] = useTrouble();
  const box = get().inboxes.find((b) => b.id === inbox);
  const value = text ?? (loaded.value === null ? "" : pretty(loaded.value));
  const save = (script: string) =>
    attempt(async () => {
      const rules: unknown = JSON.parse(script);
      if (Array.isArray(rules) && rules.length === 0) await api.deleteScript(inbox);
      else await api.putScript(inbox, rules);
      await reloadInboxes();
      close();
      tell("The script holds from the next command on.");
    });
  return (
    <Box title="Scripted failures">
      <p class="quiet">
        Rules of <Alien text={box === undefined ? inbox : title(box)} />, from top to bottom; the first
        that fits decides the answer.
      </p>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void save(value);
        }}
      >
        <label for="script" class="sr">
          Rules as JSON
        </label>
        <textarea
          id="script"
          rows={9}
          spellcheck={false}
          aria-invalid={error !== null}
          disabled={loaded.value === null}
          value={value}
          onInput={(e) => setText(e.currentTarget.value)}
        />
        <div class="examples" role="group" aria-label="Examples">
          {EXAMPLES.map(([name, script]) => (
            <button type="button" class="plain" key={name} onClick={() => setText(pretty(script))}>
              {name}
            </button>
          ))}
        </div>
        <Trouble text={error ?? loaded.error} />
        <div class="buttons">
          <button type="button" class="danger" disabled={busy} onClick={() => void save("[]")}>
            Remove
          </button>
          <span class="grow" />
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button class="main" disabled={busy || loaded.value === null}>
            Save
          </button>
        </div>
      </form>
    </Box>
  );
}

function Release({ id, to }: { id: string; to: string[] }) {
  const [text, setText] = useState(to.join(", "));
  const [error, attempt, busy] = useTrouble();
  const submit = (e: Event) => {
    e.preventDefault();
    void attempt(async () => {
      const wanted = text.split(/[\s,]+/).filter((x) => x !== "");
      const done = await api.release(id, wanted);
      const refused = done.refused.map((r) => `${r.to}: ${r.code} ${r.text}`);
      if (refused.length > 0) throw new Error(`${done.relay} took ${done.accepted.length}, not ${refused.join("; ")}`);
      close();
      tell(`${done.relay} took it for ${done.accepted.join(", ")}.`);
    });
  };
  return (
    <Box title="Release to real recipients">
      <form onSubmit={submit}>
        <label for="release-to">Recipients</label>
        <input id="release-to" required value={text} onInput={(e) => setText(e.currentTarget.value)} />
        <p class="quiet">
          The message leaves this server by the relay it was started with. Only recipients of its
          allow list are taken.
        </p>
        <Trouble text={error} />
        <div class="buttons">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button class="main" disabled={busy}>
            Release
          </button>
        </div>
      </form>
    </Box>
  );
}
