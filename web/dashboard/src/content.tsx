/* What a message carries, and what others know of it: attachments, links, feeds, lists, services. */
import { bytes, count } from "../../shared/format";
import { Alien, Copy } from "../../shared/text";
import { Panel } from "./pieces";
import type { Answer, Indicator, Inspected, Link, Listing, Report } from "./types";

const LINKS_OPEN = 8;

export function Content({ r }: { r: Report }) {
  const files = (r.objects ?? []).filter((o) => o.member !== null || o.names.some((n) => n.name));
  const links = r.urls ?? [];
  const known = (r.indicators ?? []).length + (r.listings ?? []).length + (r.services ?? []).length;
  return (
    <>
      {known > 0 && (
        <Panel id="known" title="Known to others">
          <ul class="entries">
            {(r.indicators ?? []).map((x, i) => (
              <Known key={`i${i}`} {...ofFeed(x)} />
            ))}
            {(r.listings ?? []).map((x, i) => (
              <Known key={`l${i}`} {...ofList(x)} />
            ))}
            {(r.services ?? []).map((x, i) => (
              <Known key={`s${i}`} {...ofService(x)} />
            ))}
          </ul>
        </Panel>
      )}
      {files.length > 0 && (
        <Panel id="files" title={`Files (${files.length})`}>
          <ul class="entries">
            {files.map((o, i) => (
              <File o={o} key={i} />
            ))}
          </ul>
        </Panel>
      )}
      {links.length > 0 && (
        <Panel id="links" title={`Links (${links.length})`}>
          <Links all={links.slice(0, LINKS_OPEN)} />
          {links.length > LINKS_OPEN && (
            <details>
              <summary>{count(links.length - LINKS_OPEN, "more link")}</summary>
              <Links all={links.slice(LINKS_OPEN)} />
            </details>
          )}
        </Panel>
      )}
    </>
  );
}

interface KnownProps {
  who: string;
  word: string;
  tone: string;
  about: string | null;
  notes: (string | null)[];
}

const ofFeed = (x: Indicator): KnownProps => ({
  who: x.feed,
  word: "known",
  tone: "bad",
  about: x.found ?? x.value,
  notes: [x.role, x.label],
});

const ofList = (x: Listing): KnownProps => ({
  who: x.list,
  word: x.word,
  tone: x.word === "allowed" ? "good" : "bad",
  about: x.asked,
  notes: [x.codes, x.reason],
});

const TONES: Record<string, string> = { malicious: "bad", suspicious: "warn", harmless: "good", "known-good": "good" };

const ofService = (x: Answer): KnownProps => ({
  who: x.service,
  word: x.word,
  tone: TONES[x.word] ?? "none",
  about: x.asked,
  notes: [x.label, x.detail],
});

function Known({ who, word, tone, about, notes }: KnownProps) {
  const more = notes.filter((n) => n !== null && n !== "").join(", ");
  return (
    <li>
      <span class={`badge ${tone}`}>{word}</span> <span class="who">
        <Alien text={who} />
      </span>{" "}
      {about !== null && <Alien text={about} />}
      {more !== "" && (
        <div class="quiet small">
          <Alien text={more} />
        </div>
      )}
    </li>
  );
}

function File({ o }: { o: Inspected }) {
  const names = [...new Set(o.names.map((n) => n.name).filter((n) => n !== null && n !== ""))] as string[];
  const facts = [
    o.part === "" ? null : `part ${o.part}`,
    o.type,
    o.detected !== null && o.detected !== o.type ? `its bytes say ${o.detected}` : null,
    bytes(o.size),
  ].filter((x) => x !== null);
  return (
    <li>
      <Alien text={o.member ?? names[0] ?? "(no name)"} />{" "}
      {o.encrypted && <span class="badge warn">encrypted</span>}{" "}
      {o.member === null && names.length > 1 && <span class="badge warn">{count(names.length, "name")}</span>}
      {o.member === null && names.length > 1 && (
        <div class="small">
          read otherwise as <Alien text={names.slice(1).join(", ")} />
        </div>
      )}
      <div class="quiet small">
        <Alien text={facts.join(" · ")} />
      </div>
      {o.sha256 !== null && (
        <div class="quiet small">
          <code>{o.sha256}</code> <Copy text={o.sha256} what="SHA-256" />
        </div>
      )}
    </li>
  );
}

/* Never to be clicked: text only. */
function Links({ all }: { all: Link[] }) {
  return (
    <ul class="entries">
      {all.map((l, i) => (
        <li key={i}>
          <code>
            <Alien text={l.url ?? ""} />
          </code>{" "}
          {l.hidden && <span class="badge warn">hidden</span>}
          <div class="quiet small">
            {l.source}
            {l.text !== null && l.text !== "" && l.text !== l.url && (
              <>
                , shown as “<Alien text={l.text} />”
              </>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
