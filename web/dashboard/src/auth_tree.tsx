/* What proves the author, as a tree: DMARC on top, below it what it stands on. */
import { tone } from "../../shared/badges";
import type { Authentication, Dkim } from "../../shared/report";
import { Alien } from "../../shared/text";
import type { Mail } from "./types";

interface Node {
  name: string;
  result: string;
  about: string | null; /* the domain it is about */
  aligned: boolean | null; /* null: it makes no sense to ask */
  notes: (string | null | undefined)[];
  children: Node[];
}

const given = (notes: Node["notes"]): string[] =>
  notes.filter((n): n is string => typeof n === "string" && n !== "");

export function treeOfReport(a: Authentication): Node {
  const d = a.dmarc;
  return {
    name: "DMARC",
    result: d.result,
    about: d.author_domain,
    aligned: null,
    notes: [
      d.policy === null ? "no policy is published" : `policy ${d.applies ?? "p"}=${d.policy}`,
      d.policy_domain !== null && d.policy_domain !== d.author_domain ? `published at ${d.policy_domain}` : null,
      d.disposition === null ? null : d.disposition === "none" ? "nothing is asked for" : `asks for ${d.disposition}`,
      d.testing ? "in testing (t=y)" : null,
      d.override == null ? null : `not applied: ${d.override}`,
      d.reason,
    ],
    children: [
      {
        name: "SPF",
        result: a.spf.result,
        about: a.spf.domain,
        aligned: a.spf.result === "pass" ? d.spf_aligned : null,
        notes: [
          a.spf.identity === "helo" ? "of HELO, for the sender is null" : null,
          a.spf.mechanism === null ? null : `by ${a.spf.mechanism}`,
          a.spf.lookups > 0 ? `${a.spf.lookups} of 10 lookups` : null,
          a.spf.reason,
        ],
        children: [],
      },
      ...(a.dkim.length === 0 ? [nothing("DKIM", "no signature")] : a.dkim.map(signature)),
      chain(a.arc),
    ],
  };
}

const nothing = (name: string, note: string): Node => ({
  name,
  result: "none",
  about: null,
  aligned: null,
  notes: [note],
  children: [],
});

function signature(d: Dkim): Node {
  return {
    name: "DKIM",
    result: d.result,
    about: d.domain,
    aligned: d.result === "pass" ? d.aligned : null,
    notes: [
      d.selector === null ? null : `selector ${d.selector}`,
      [d.algorithm, d.key_bits === null ? null : `${d.key_bits} bits`].filter((x) => x !== null).join(", "),
      d.body_hash === "mismatch" ? "the body was changed" : null,
      d.signature === "mismatch" ? "signed fields were changed" : null,
      d.reason,
    ],
    children: [],
  };
}

function chain(arc: Authentication["arc"]): Node {
  if (arc.instances === 0 && arc.result === "none") return nothing("ARC", "no chain");
  return {
    name: "ARC",
    result: arc.result,
    about: null,
    aligned: null,
    notes: [
      arc.trusted ? "its sealers are trusted" : arc.untrusted_sealer == null ? null : `${arc.untrusted_sealer} is not trusted`,
      arc.reason,
    ],
    children: arc.sealers.map((domain, i) => ({
      name: `Seal ${i + 1}`,
      result: "",
      about: domain,
      aligned: null,
      notes: [],
      children: [],
    })),
  };
}

/* Without the report: what the history keeps. */
export function treeOfMail(m: Mail): Node {
  const { spf, dkim, arc, dmarc } = m.authentication;
  const p = dmarc.policy;
  return {
    name: "DMARC",
    result: dmarc.result ?? "none",
    about: dmarc.domain ?? m.from_domain,
    aligned: null,
    notes: [p?.p == null ? null : `policy p=${p.p}`, p?.disposition == null ? null : `asks for ${p.disposition}`],
    children: [
      {
        name: "SPF",
        result: spf.result ?? "none",
        about: spf.domain,
        aligned: spf.result === "pass" ? spf.aligned : null,
        notes: [spf.scope === "helo" ? "of HELO" : null],
        children: [],
      },
      ...(dkim.signatures.length === 0
        ? [nothing("DKIM", "no signature")]
        : dkim.signatures.map((s) => ({
            name: "DKIM",
            result: s.result ?? "none",
            about: s.domain,
            aligned: null,
            notes: [s.selector === null ? null : `selector ${s.selector}`],
            children: [],
          }))),
      { name: "ARC", result: arc ?? "none", about: null, aligned: null, notes: [], children: [] },
    ],
  };
}

export function AuthTree({ tree }: { tree: Node }) {
  return (
    <ul class="tree">
      <Branch n={tree} />
    </ul>
  );
}

function Branch({ n }: { n: Node }) {
  const notes = given(n.notes);
  return (
    <li>
      <div class="node">
        <span class="node-name">{n.name}</span>
        {n.result !== "" && <span class={`badge ${tone(n.result)}`}>{n.result}</span>}
        {n.about !== null && (
          <span class="node-about">
            <Alien text={n.about} />
          </span>
        )}
        {n.aligned !== null && (
          <span class={`badge ${n.aligned ? "good" : "none"}`}>{n.aligned ? "aligned" : "not aligned"}</span>
        )}
        {notes.length > 0 && (
          <span class="node-notes quiet">
            {notes.map((text, i) => (
              <span key={i}>
                <Alien text={text} />
              </span>
            ))}
          </span>
        )}
      </div>
      {n.children.length > 0 && (
        <ul>
          {n.children.map((child, i) => (
            <Branch n={child} key={i} />
          ))}
        </ul>
      )}
    </li>
  );
}
