/* One message: what was decided and why, with everything that led to it. */
import { bytes, whenExactly } from "../../../shared/format";
import { Fact } from "../../../shared/fact";
import { OneFinding } from "../../../shared/finding";
import type { Finding } from "../../../shared/report";
import { SEVERITY } from "../../../shared/badges";
import { Alien, Copy } from "../../../shared/text";
import { api } from "../api";
import { AuthTree, treeOfMail, treeOfReport } from "../auth_tree";
import { Content } from "../content";
import { Hops } from "../hops";
import { useCatalog, whole, type Kinds } from "../kinds";
import { Await, Crumbs, Decision, Hollow, Panel } from "../pieces";
import { address } from "../route";
import { useApi, type State } from "../state";
import type { Edit, Mail, MailDetail, Report } from "../types";
import { actionTone, byGravity, explain } from "../words";

let lastSearch = address("messages");

/* Where "back" leads: the search or the stream that one came from. */
export function rememberSearch(s: State): void {
  if (s.route.id === null && (s.route.page === "messages" || s.route.page === "live"))
    lastSearch = address(s.route.page, null, s.route.query);
}

export function MessagePage({ id }: { id: string }) {
  const got = useApi(`message ${id}`, () => api.message(id));
  const kinds = useCatalog();
  return (
    <>
      <Crumbs to={lastSearch} name={lastSearch.startsWith("#/live") ? "Live" : "Messages"} />
      <Await of={got}>{(d) => <Whole d={{ ...d, report: whatIsWhole(d.report) }} kinds={kinds} />}</Await>
    </>
  );
}

/* A report that cannot be read is as good as none. */
function whatIsWhole(r: Partial<Report> | null): Report | null {
  const readable = r?.authentication?.dmarc !== undefined && r.verdict !== undefined && Array.isArray(r.findings);
  return readable ? (r as Report) : null;
}

function Whole({ d, kinds }: { d: MailDetail; kinds: Kinds }) {
  const m = d.mail;
  const known = new Map(m.findings.map((f) => [f.id, f.title]));
  const title = (id: string) =>
    d.report?.findings.find((f) => f.id === id)?.title ?? known.get(id) ?? kinds.get(id)?.title ?? id;
  const findings = [...(d.report?.findings ?? m.findings.map((f) => whole(f.id, f.severity, f.evidence, f.title, kinds.get(f.id))))].sort(byGravity);
  return (
    <article>
      <header class="message-head">
        <h1>
          {m.subject === null || m.subject === "" ? <span class="quiet">(no subject)</span> : <Alien text={m.subject} />}
        </h1>
        <p class="message-line">
          <Alien text={m.from ?? m.mail_from ?? "(no author)"} />
          <span class="quiet"> to </span>
          <Alien text={m.rcpt_to[0] ?? "nobody"} />
          {m.rcpt_count > 1 && <span class="quiet"> and {m.rcpt_count - 1} more</span>}
          {m.time !== null && (
            <time class="quiet" dateTime={m.time}>
              {" "}
              · {whenExactly(m.time)}
            </time>
          )}
        </p>
      </header>
      <section class={`why ${m.complete ? actionTone(m.action) : "warn"}`} aria-label="Verdict">
        <Decision m={m} />
        {explain(d, title).map((sentence, i) => (
          <p key={i}>
            <Alien text={sentence} />
          </p>
        ))}
      </section>
      <div class="message-columns">
        <div>
          <Findings all={findings} kept={d.report !== null} />
          {d.report !== null && <Content r={d.report} />}
          <Panel id="edits" title="Changes to the header">
            <Edits all={d.report?.edits ?? null} />
          </Panel>
          <Panel id="facts" title="Facts">
            <Facts m={m} />
          </Panel>
        </div>
        <div>
          <Panel id="auth" title="Authentication">
            <AuthTree tree={d.report === null ? treeOfMail(m) : treeOfReport(d.report.authentication)} />
            {d.report?.authentication.authentication_results != null && (
              <Results text={d.report.authentication.authentication_results} />
            )}
          </Panel>
          <Panel id="way" title="Way here">
            {d.report === null ? (
              <Hollow>The report of this message is not kept, and with it the hops.</Hollow>
            ) : (
              <Hops all={d.report.hops ?? []} received={m.time} />
            )}
          </Panel>
        </div>
      </div>
    </article>
  );
}

const FOLD = 6; /* grave ones are always open; of the light ones so many */

function Findings({ all, kept }: { all: Finding[]; kept: boolean }) {
  const grave = all.filter((f) => SEVERITY[f.severity] !== "none");
  const light = all.filter((f) => SEVERITY[f.severity] === "none");
  const shown = grave.length === 0 && light.length <= FOLD ? light : grave;
  const rest = shown === light ? [] : light;
  return (
    <Panel id="findings" title={all.length === 0 ? "No findings" : `Findings (${all.length})`}>
      {all.length === 0 && <Hollow>Nothing was found.</Hollow>}
      <div class="findings">
        {shown.map((f, i) => (
          <OneFinding key={i} f={f} level={3} />
        ))}
      </div>
      {rest.length > 0 && (
        <details>
          <summary>
            {rest.length} of little weight (low, info)
          </summary>
          <div class="findings">
            {rest.map((f, i) => (
              <OneFinding key={i} f={f} level={3} />
            ))}
          </div>
        </details>
      )}
      {!kept && all.length > 0 && (
        <p class="quiet">The report is not kept: places are missing, and of each kind the first is told.</p>
      )}
    </Panel>
  );
}

function Results({ text }: { text: string }) {
  return (
    <details>
      <summary>Authentication-Results</summary>
      <div class="command">
        <code>
          <Alien text={text} />
        </code>
        <Copy text={text} what="Authentication-Results" />
      </div>
    </details>
  );
}

const EDITS: Record<Edit["kind"], string> = { remove: "removed", replace: "replaced", prepend: "added" };

/* On one line, as RFC 5322 2.2.3 reads it. */
const unfolded = (value: string): string => value.replace(/\r?\n(?=[ \t])/g, "").trim();

function Edits({ all }: { all: Edit[] | null }) {
  if (all === null) return <Hollow>What was changed is not kept.</Hollow>;
  if (all.length === 0) return <Hollow>Nothing was changed.</Hollow>;
  return (
    <ul class="edits">
      {all.map((e, i) => (
        <li key={i}>
          <span class={`badge ${e.kind === "remove" ? "warn" : "none"}`}>{EDITS[e.kind] ?? e.kind}</span>
          <code class="edit">
            <Alien text={e.name} />
            {e.value !== null && (
              <>
                : <Alien text={unfolded(e.value)} />
              </>
            )}
          </code>
          {e.kind !== "prepend" && e.occurrence !== null && e.occurrence > 1 && (
            <span class="quiet">number {e.occurrence} from the top</span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Facts({ m }: { m: Mail }) {
  const client = [m.client.name, m.client.ip].filter((x) => x !== null && x !== "").join(" ");
  return (
    <dl class="facts">
      <Fact name="Envelope from">
        {m.mail_from === null ? <None /> : m.mail_from === "" ? <span class="quiet">null sender</span> : <Alien text={m.mail_from} />}
      </Fact>
      <Fact name="Envelope to">
        <Alien text={m.rcpt_to.join(", ")} />
        {m.rcpt_count > m.rcpt_to.length && <span class="quiet"> and {m.rcpt_count - m.rcpt_to.length} more</span>}
      </Fact>
      <Fact name="Client">
        {client === "" ? <None /> : <Alien text={client} />}
        {m.helo !== null && (
          <span class="quiet">
            {" "}
            as <Alien text={m.helo} />
          </span>
        )}
      </Fact>
      <Fact name="Encryption">
        {m.tls === null || m.tls === "" ? <span class="quiet">none</span> : <Alien text={m.tls} />}
      </Fact>
      {m.auth_user !== null && m.auth_user !== "" && (
        <Fact name="Login">
          <Alien text={m.auth_user} />
        </Fact>
      )}
      <Fact name="Came in by">
        {m.mode}
        {m.listener !== null && (
          <>
            , listener <Alien text={m.listener} />
          </>
        )}
      </Fact>
      {m.reply !== null && m.reply !== "" && (
        <Fact name="Our reply">
          <code>
            <Alien text={m.reply} />
          </code>
        </Fact>
      )}
      <Fact name="Size">
        {bytes(m.size)} <span class="quiet">judged in {(m.elapsed_us / 1000).toFixed(1)} ms</span>
      </Fact>
      <Id name="Message-ID" text={m.message_id} />
      <Id name="Queue id" text={m.queue_id} />
      <Id name="Scan id" text={m.id} />
      <Id name="SHA-256" text={m.sha256} />
    </dl>
  );
}

const None = () => <span class="quiet">not known</span>;

function Id({ name, text }: { name: string; text: string | null }) {
  if (text === null || text === "") return null;
  return (
    <Fact name={name}>
      <code>
        <Alien text={text} />
      </code>{" "}
      <Copy text={text} what={name} />
    </Fact>
  );
}
