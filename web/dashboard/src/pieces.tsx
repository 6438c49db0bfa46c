/* Small pieces that several pages put together. */
import type { ComponentChildren } from "preact";
import { when, whenExactly } from "../../shared/format";
import { Alien } from "../../shared/text";
import { address } from "./route";
import type { Loaded } from "./state";
import type { Health, Mail, MonitorState, Results } from "./types";
import { actionTone, actionWord, doneOf } from "./words";

export function Panel({ title, more, children, id }: {
  title: string;
  more?: ComponentChildren;
  children: ComponentChildren;
  id: string;
}) {
  return (
    <section class="box" aria-labelledby={id}>
      <header class="box-head">
        <h2 id={id}>{title}</h2>
        {more}
      </header>
      {children}
    </section>
  );
}

/* What was read, or why not yet, or why not at all. */
export function Await<T>({ of, children }: { of: Loaded<T>; children: (value: T) => ComponentChildren }) {
  return (
    <div aria-busy={of.busy} class={of.busy && of.value !== null ? "await busy" : "await"}>
      {of.error !== null && (
        <p class="error trouble" role="alert">
          {of.error}{" "}
          <button type="button" onClick={of.again}>
            Try again
          </button>
        </p>
      )}
      {of.value !== null ? children(of.value) : of.error === null && <p class="quiet hollow">Loading…</p>}
    </div>
  );
}

export function Hollow({ children }: { children: ComponentChildren }) {
  return <p class="quiet hollow">{children}</p>;
}

export function Moment({ at }: { at: string | null }) {
  if (at === null) return <span class="quiet">never</span>;
  return (
    <time dateTime={at} title={whenExactly(at)}>
      {when(at)}
    </time>
  );
}

/* The decision: what the mail server was told; a mark when that is not the policy's word. */
export function Decision({ m }: { m: Mail }) {
  const done = doneOf(m);
  return (
    <span class="decision">
      <span class={`badge ${actionTone(done)}`}>{actionWord(done)}</span>
      {done !== m.action && <span class="badge none">policy: {m.action}</span>}
      {!m.complete && <span class="badge warn">undecided</span>}
    </span>
  );
}

const HEALTH: Record<string, [string, string]> = {
  ok: ["good", "Well"],
  degraded: ["warn", "Limited"],
  down: ["bad", "Down"],
  off: ["none", "Off"],
  unknown: ["none", "Not known"],
};

export function HealthMark({ state }: { state: Health }) {
  const [tone, word] = HEALTH[state] ?? ["warn", state];
  return <span class={`mark-word ${tone}`}>{word}</span>;
}

const MONITOR: Record<string, [string, string]> = {
  passed: ["good", "Passed"],
  failed: ["bad", "Failed"],
  undecided: ["warn", "Undecided"],
  pending: ["none", "Not run yet"],
};

export const monitorTone = (s: MonitorState): string => MONITOR[s]?.[0] ?? "warn";
export const monitorWord = (s: MonitorState): string => MONITOR[s]?.[1] ?? s;

export function MonitorMark({ state }: { state: MonitorState }) {
  return <span class={`mark-word ${monitorTone(state)}`}>{monitorWord(state)}</span>;
}

const percent = (n: number, of: number): string => {
  if (of === 0) return "—";
  const share = (n / of) * 100;
  if (share > 0 && share < 1) return "<1 %";
  if (share > 99 && share < 100) return ">99 %";
  return `${Math.round(share)} %`;
};

/* Shares of a whole as one bar; the numbers are its text. */
export function Shares({ parts, label }: { parts: [string, string, number][]; label?: string }) {
  const whole = parts.reduce((sum, [, , n]) => sum + n, 0);
  const told = parts
    .filter(([, , n]) => n > 0)
    .map(([name, , n]) => `${n.toLocaleString("en")} ${name}`)
    .join(", ");
  const [, , first] = parts[0]!;
  return (
    <span class="shares" title={told}>
      <span class="shares-word">{label ?? percent(first, whole)}</span>
      <span class="shares-bar" aria-hidden="true">
        {parts.map(([name, tone, n]) =>
          n > 0 ? <span key={name} class={tone} style={{ flexGrow: n }} /> : null,
        )}
      </span>
      <span class="sr">{told || "nothing"}</span>
    </span>
  );
}

export function ResultShares({ r }: { r: Results }) {
  return (
    <Shares
      parts={[
        ["pass", "good", r.pass],
        ["fail", "bad", r.fail],
        ["without a policy", "none", r.none ?? 0],
        ["other", "none", r.other],
      ]}
    />
  );
}

/* A row of mail, as list and stream show it. */
export function MailRow({ m }: { m: Mail }) {
  const finding = m.findings[0];
  return (
    <a class="mail" data-row href={address("messages", m.id)}>
      <span class="mail-when">
        <Moment at={m.time} />
      </span>
      <Decision m={m} />
      <span class="mail-from">
        <Alien text={m.from ?? m.mail_from ?? "(no author)"} />
      </span>
      <span class="mail-subject">
        {m.subject === null || m.subject === "" ? (
          <span class="quiet">(no subject)</span>
        ) : (
          <Alien text={m.subject} />
        )}
      </span>
      <span class="mail-to quiet">
        to <Alien text={m.rcpt_to[0] ?? "nobody"} />
        {m.rcpt_count > 1 && ` and ${m.rcpt_count - 1} more`}
      </span>
      <span class="mail-why quiet">
        {finding === undefined ? (
          ""
        ) : (
          <>
            {finding.title ?? finding.id}
            {m.findings.length > 1 && ` +${m.findings.length - 1}`}
          </>
        )}
      </span>
    </a>
  );
}

export function Crumbs({ to, name }: { to: string; name: string }) {
  return (
    <a class="crumb" href={to}>
      <span aria-hidden="true">← </span>
      {name}
    </a>
  );
}
