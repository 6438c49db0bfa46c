/* The decision in words, and why: one place for all pages. */
import type { Severity } from "../../shared/report";
import type { Action, Mail, MailDetail } from "./types";

export const ACTIONS: readonly Action[] = ["accept", "tag", "quarantine", "reject", "tempfail"];

const WORD: Record<string, string> = {
  accept: "Accepted",
  tag: "Tagged",
  quarantine: "Quarantined",
  reject: "Rejected",
  tempfail: "Deferred",
};
const TONE: Record<string, string> = {
  accept: "good",
  tag: "note",
  quarantine: "warn",
  reject: "bad",
  tempfail: "defer",
};

export const actionWord = (action: string): string => WORD[action] ?? action;
export const actionTone = (action: string): string => TONE[action] ?? "none";

const RANK: Record<Severity, number> = { critical: 0, high: 1, medium: 2, low: 3, info: 4 };

export const byGravity = (a: { severity: Severity }, b: { severity: Severity }): number =>
  (RANK[a.severity] ?? 9) - (RANK[b.severity] ?? 9);

/* What the mail server was told. */
export const doneOf = (m: Mail): string => m.done ?? m.action;

function decided(m: Mail): string {
  const done = doneOf(m);
  if (done === "tag") return "Accepted with a mark";
  const reply = m.reply !== null && m.reply !== "" ? ` with “${m.reply}”` : "";
  return `${actionWord(done)}${reply}`;
}

type Titles = (id: string) => string;

/* The findings that led to the action; without the report, the gravest ones stand in. */
function reasonsOf(d: MailDetail): string[] {
  if (d.report !== null) return d.report.verdict.reasons;
  return d.mail.action === "accept" ? [] : d.mail.findings.map((f) => f.id);
}

function because(d: MailDetail, title: Titles): string {
  const [first, ...rest] = reasonsOf(d);
  if (first === undefined)
    return d.mail.findings.length === 0
      ? "nothing was found against it"
      : "no finding is grave enough to act on";
  const more = rest.length === 1 ? ", and one more reason" : `, and ${rest.length} more reasons`;
  return `${lower(title(first))}${rest.length === 0 ? "" : more}`;
}

const lower = (text: string): string =>
  text.replace(/\.$/, "").replace(/^[A-Z](?=[a-z ])/, (c) => c.toLowerCase());

const ASKS: Record<string, string> = {
  none: "do nothing about it",
  quarantine: "quarantine it",
  reject: "reject it",
};

const overridden = (m: Mail): boolean => (m.authentication.dmarc.policy?.override ?? "") !== "";

/* Is the author proven? By what? */
function proof(m: Mail): string {
  const { spf, dkim, dmarc } = m.authentication;
  const author = m.from_domain ?? "its author";
  const by = [dkim.aligned ? "DKIM" : null, spf.aligned ? "SPF" : null].filter((x) => x !== null);
  const proofs = by.join(" and ");
  if (dmarc.result === "pass")
    return `It is proven to come from ${author}${by.length > 0 ? `, by ${proofs}` : ""}.`;
  if (dmarc.result === "fail") {
    const wish = (overridden(m) ? null : dmarc.policy?.disposition) ?? dmarc.policy?.p ?? null;
    const asks = wish === null ? "" : `, whose policy asks receivers to ${ASKS[wish] ?? wish}`;
    return `Nothing proves that it comes from ${author}${asks}.`;
  }
  if (dmarc.result === "none" || dmarc.result === null)
    return by.length > 0
      ? `${author} publishes no DMARC policy; ${proofs} ${by.length > 1 ? "speak" : "speaks"} for it.`
      : `${author} publishes no DMARC policy, and nothing proves the author.`;
  return `Whether it comes from ${author} could not be decided.`;
}

/* The whole explanation: some sentences, all of them text. */
export function explain(d: MailDetail, title: Titles): string[] {
  const m = d.mail;
  const same = doneOf(m) === m.action;
  const out = [`${same ? decided(m) : `The policy says ${m.action}`}: ${because(d, title)}.`];
  if (!same) {
    const why = m.mode === "monitor" ? ", for this listener only watches" : "";
    out.push(`The mail server was told ${doneOf(m)}${why}.`);
  }
  if (m.signed_by.length > 0) out.push(`We signed it for ${m.signed_by.join(", ")}.`);
  if (m.mode !== "outbound") out.push(proof(m));
  const policy = m.authentication.dmarc.policy;
  if (policy !== null && overridden(m)) {
    const more = policy.comment === null || policy.comment === "" ? "" : ` (${policy.comment})`;
    out.push(`That was overridden: ${policy.override}${more}.`);
  }
  if (!m.complete) out.push("Not everything could be decided, so this is not a pass.");
  return out;
}
