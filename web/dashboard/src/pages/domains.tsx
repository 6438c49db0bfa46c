/* Our domains: how their DNS was graded over time, and what other receivers report about mail in
 * their name. */
import { count } from "../../../shared/format";
import { SEVERITY } from "../../../shared/badges";
import type { Severity } from "../../../shared/report";
import { OneFinding } from "../../../shared/finding";
import { Alien } from "../../../shared/text";
import { api } from "../api";
import { Chart, type Series } from "../chart";
import { Await, Crumbs, Hollow, Moment, Panel, Shares } from "../pieces";
import { address } from "../route";
import { useCatalog, whole } from "../kinds";
import { useApi, type Loaded } from "../state";
import type { Audit, AuditDetail, DmarcDomain, DmarcReports, DmarcSource, DmarcSums, TlsReports } from "../types";
import { byGravity } from "../words";

const SINCE = "30d";

export function Domains() {
  const audits = useApi("audits", api.audits);
  const dmarc = useApi("dmarc", () => api.dmarc({ since: SINCE }));
  return (
    <>
      <header class="page-head">
        <h1>Domains</h1>
      </header>
      <Panel id="audits" title="Audits">
        <Await of={audits}>{(all) => <Audits all={all} />}</Await>
      </Panel>
      <Panel id="reported" title="Reported by other receivers, last 30 days">
        <Await of={dmarc}>{(got) => <Reported all={got.domains} />}</Await>
      </Panel>
    </>
  );
}

export function Grade({ a }: { a: Audit }) {
  const tone = a.grade === null ? "warn" : /^A/.test(a.grade) ? "good" : /^[BC]/.test(a.grade) ? "warn" : "bad";
  return (
    <span class={`grade ${tone}`}>
      <span class="sr">Grade </span>
      {a.grade ?? "?"}
    </span>
  );
}

const ORDER: Severity[] = ["critical", "high", "medium", "low"];

function Weights({ a }: { a: Audit }) {
  if (a.findings === null) return <span class="weights quiet">its findings are not kept</span>;
  const of = (s: Severity) => a.findings!.filter((f) => f.severity === s).length;
  const there = ORDER.filter((s) => of(s) > 0);
  return (
    <span class="weights">
      {there.length === 0 && <span class="quiet">nothing to mend</span>}
      {there.map((s) => (
        <span key={s} class={`badge ${SEVERITY[s]}`}>
          {of(s)} {s}
        </span>
      ))}
    </span>
  );
}

function Audits({ all }: { all: Audit[] }) {
  if (all.length === 0) return <Hollow>No domain is audited yet. The monitor does it by its schedule.</Hollow>;
  return (
    <ul class="cards">
      {all.map((a) => (
        <li key={a.domain}>
          <a class="audit" data-row href={address("domains", a.domain)}>
            <Grade a={a} />
            <span class="audit-domain">
              <Alien text={a.domain} />
            </span>
            <span class="quiet">
              <Moment at={a.time} />
            </span>
            <Weights a={a} />
          </a>
        </li>
      ))}
    </ul>
  );
}

const sums = (d: DmarcSums): [string, string, number][] => [
  ["passed", "good", d.passed],
  ["failed", "bad", d.messages - d.passed],
];
const aligned = (n: number, of: number): [string, string, number][] => [
  ["aligned", "good", n],
  ["not aligned", "none", of - n],
];

function Reported({ all }: { all: DmarcDomain[] }) {
  if (all.length === 0) return <Hollow>No aggregate report was read in this time.</Hollow>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="DMARC aggregate reports by domain">
      <table class="table tight stack">
        <thead>
          <tr>
            <th scope="col">Domain</th>
            <th scope="col">Policy</th>
            <th scope="col" class="number">
              Messages
            </th>
            <th scope="col">DMARC pass</th>
            <th scope="col" class="number">
              Sources
            </th>
            <th scope="col" class="number">
              Reports
            </th>
          </tr>
        </thead>
        <tbody>
          {all.map((d) => (
            <tr key={d.domain}>
              <th scope="row">
                <a href={address("domains", d.domain)}>
                  <Alien text={d.domain} />
                </a>
              </th>
              <td data-label="Policy">
                <Alien text={d.policy ?? "—"} />
              </td>
              <td class="number" data-label="Messages">{d.messages.toLocaleString("en")}</td>
              <td data-label="DMARC pass">
                <Shares parts={sums(d)} />
              </td>
              <td class="number" data-label="Sources">{d.sources}</td>
              <td class="number" data-label="Reports">{d.reports}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function DomainPage({ domain }: { domain: string }) {
  const audit = useApi(`audit ${domain}`, () => api.audit(domain));
  const tls = useApi(`tls ${domain}`, () => api.tls({ since: SINCE, domain }));
  const dmarc = useApi(`dmarc ${domain}`, () => api.dmarc({ since: SINCE, domain }));
  return (
    <>
      <Crumbs to={address("domains")} name="Domains" />
      <header class="page-head">
        <h1>
          <Alien text={domain} />
        </h1>
        {audit.value?.history[0] !== undefined && <Grade a={audit.value.history[0]} />}
      </header>
      <Panel id="reported" title="Mail in its name, as other receivers report it (30 days)">
        <Await of={dmarc}>{(got) => <Aggregate got={got} />}</Await>
      </Panel>
      <Panel id="tls" title="TLS of senders to it, as they report it (30 days)">
        <Await of={tls}>{(got) => <TlsOf got={got} />}</Await>
      </Panel>
      <AuditPanels audit={audit} />
    </>
  );
}

function AuditPanels({ audit }: { audit: Loaded<AuditDetail> }) {
  return (
    <>
      <Panel id="history" title="Audit history">
        <Await of={audit}>{(d) => <History all={d.history} />}</Await>
      </Panel>
      {audit.value !== null && (
        <Panel id="last" title="Findings of the last audit">
          <LastAudit d={audit.value} />
        </Panel>
      )}
    </>
  );
}

function History({ all }: { all: Audit[] }) {
  if (all.length === 0) return <Hollow>This domain was not audited yet.</Hollow>;
  return (
    <ol class="history">
      {all.map((a, i) => (
        <li key={i}>
          <Grade a={a} />
          <span>
            <Moment at={a.time} />
          </span>
          <Weights a={a} />
          <Difference now={a} before={all[i + 1]} />
        </li>
      ))}
    </ol>
  );
}

/* What an audit found that the one before had not, and the other way round. */
function Difference({ now, before }: { now: Audit; before: Audit | undefined }) {
  if (before === undefined) return <span class="quiet">the first that is kept</span>;
  const ids = (a: Audit) => new Set((a.findings ?? []).map((f) => f.id));
  const [there, then] = [ids(now), ids(before)];
  const added = [...there].filter((id) => !then.has(id));
  const gone = [...then].filter((id) => !there.has(id));
  if (now.findings === null || before.findings === null) return <span />;
  if (added.length + gone.length === 0) return <span class="quiet">no change</span>;
  return (
    <span class="changes">
      {added.map((id) => (
        <span key={id} class="change new">
          <span class="sr">new: </span>
          <span aria-hidden="true">+ </span>
          <code>
            <Alien text={id} />
          </code>
        </span>
      ))}
      {gone.map((id) => (
        <span key={id} class="change gone">
          <span class="sr">gone: </span>
          <span aria-hidden="true">− </span>
          <code>
            <Alien text={id} />
          </code>
        </span>
      ))}
    </span>
  );
}

function LastAudit({ d }: { d: AuditDetail }) {
  const kinds = useCatalog();
  const last = d.history[0]?.findings ?? null;
  if (last === null) return <Hollow>Its findings are not kept.</Hollow>;
  if (last.length === 0) return <Hollow>Nothing to mend.</Hollow>;
  return (
    <div class="findings">
      {[...last].sort(byGravity).map((f, i) => (
        <OneFinding key={i} level={3} f={whole(f.id, f.severity, f.evidence ?? "", null, kinds.get(f.id))} />
      ))}
    </div>
  );
}

function Aggregate({ got }: { got: DmarcReports }) {
  if (got.sources.length === 0 && got.days.length === 0)
    return <Hollow>No aggregate report about this domain was read in this time.</Hollow>;
  const series: Series[] = [
    { key: "passed", name: "Passed DMARC", tone: "good", values: got.days.map((d) => d.passed) },
    { key: "failed", name: "Failed", tone: "bad", values: got.days.map((d) => d.messages - d.passed) },
  ];
  return (
    <>
      {got.days.length > 0 && (
        <Chart
          label="Messages reported by day"
          times={got.days.map((d) => Date.parse(d.day) / 1000)}
          step={86400}
          series={series}
          unit="messages"
        />
      )}
      <Sources all={got.sources} />
      {got.more && <p class="quiet">There are more sources; these sent most.</p>}
    </>
  );
}

function Sources({ all }: { all: DmarcSource[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Sources">
      <table class="table tight stack">
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col" class="number">
              Messages
            </th>
            <th scope="col">DMARC</th>
            <th scope="col">SPF</th>
            <th scope="col">DKIM</th>
            <th scope="col">What receivers did</th>
          </tr>
        </thead>
        <tbody>
          {all.map((x, i) => (
            <tr key={i}>
              <th scope="row">
                <Alien text={x.ip ?? "—"} />
                <div class="quiet">
                  <Alien text={x.header_from ?? x.domain} />, {count(x.reports, "report")}
                </div>
              </th>
              <td class="number" data-label="Messages">{x.messages.toLocaleString("en")}</td>
              <td data-label="DMARC">
                <Shares parts={sums(x)} />
              </td>
              <td data-label="SPF">
                <Shares parts={aligned(x.spf_aligned, x.messages)} />
                <SmallDomain domain={x.spf_domain} />
              </td>
              <td data-label="DKIM">
                <Shares parts={aligned(x.dkim_aligned, x.messages)} />
                <SmallDomain domain={x.dkim_domain} />
              </td>
              <td data-label="Receivers">
                <Taken x={x} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const SmallDomain = ({ domain }: { domain: string | null }) =>
  domain === null ? null : (
    <div class="quiet small">
      <Alien text={domain} />
    </div>
  );

function Taken({ x }: { x: DmarcSource }) {
  const words = [
    x.rejected > 0 ? `${x.rejected.toLocaleString("en")} rejected` : null,
    x.quarantined > 0 ? `${x.quarantined.toLocaleString("en")} quarantined` : null,
  ].filter((w) => w !== null);
  return (
    <>
      {words.length === 0 ? <span class="quiet">delivered</span> : words.join(", ")}
      {x.reason !== null && x.reason !== "" && (
        <div class="quiet small">
          <Alien text={x.reason} />
        </div>
      )}
    </>
  );
}

function TlsOf({ got }: { got: TlsReports }) {
  const sum = (of: "successful" | "failed") => got.policies.reduce((n, p) => n + p[of], 0);
  if (got.policies.length === 0) return <Hollow>No TLS report about this domain was read in this time.</Hollow>;
  return (
    <>
      <p>
        {count(sum("successful"), "session")} with TLS as the policy wants, {sum("failed").toLocaleString("en")} failed, by{" "}
        {count(new Set(got.policies.map((p) => p.org)).size, "sender")}.
      </p>
      <ul class="entries">
        {got.failures.map((f, i) => (
          <li key={i}>
            <span class="badge bad">
              <Alien text={f.result_type ?? "failure"} />
            </span>{" "}
            {count(f.sessions, "session")} to <Alien text={f.receiving_mx ?? f.domain} />
            <div class="quiet small">
              <Alien text={[f.org, f.sending_ip, f.reason].filter((x) => x !== null && x !== "").join(" · ")} />,{" "}
              <Moment at={f.end} />
            </div>
          </li>
        ))}
      </ul>
      {got.more && <p class="quiet">There are more; these failed most.</p>}
    </>
  );
}
