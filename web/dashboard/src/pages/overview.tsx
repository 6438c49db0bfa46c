/* What passed lately, what became of it, why; and is everything well? */
import { bytes, count, duration } from "../../../shared/format";
import { SEVERITY } from "../../../shared/badges";
import { Alien } from "../../../shared/text";
import { api } from "../api";
import { Chart, type Series } from "../chart";
import { Await, HealthMark, Hollow, Panel, ResultShares } from "../pieces";
import { address, RANGES } from "../route";
import { go, useApi, type State } from "../state";
import type { DomainStat, FindingStat, Health, MonitorSuite, Status, Traffic } from "../types";
import { ACTIONS, actionTone, actionWord } from "../words";

const EVERY_MS = 30000;

export function Overview({ s }: { s: State }) {
  const range = RANGES.find(([name]) => name === s.route.query["range"])?.[0] ?? "24h";
  const traffic = useApi(`traffic ${range}`, () => api.traffic({ since: range }), EVERY_MS);
  const findings = useApi(`findings ${range}`, () => api.findings({ since: range, limit: 8 }), EVERY_MS);
  const domains = useApi(`domains ${range}`, () => api.domains({ since: range, limit: 12 }), EVERY_MS);
  return (
    <>
      <header class="page-head">
        <h1>Overview</h1>
        <Ranges range={range} />
      </header>
      <Await of={traffic}>
        {(t) => (
          <>
            <Totals t={t} range={range} />
            <Panel id="traffic" title="Messages and verdicts">
              <Traffics t={t} />
            </Panel>
          </>
        )}
      </Await>
      <div class="halves">
        <Panel id="findings" title="Top findings">
          <Await of={findings}>{(all) => <Findings all={all} range={range} />}</Await>
        </Panel>
        <HealthPanel />
      </div>
      <Panel id="by-domain" title="Authentication by author domain">
        <Await of={domains}>{(all) => <ByDomain all={all} range={range} />}</Await>
      </Panel>
    </>
  );
}

function Ranges({ range }: { range: string }) {
  return (
    <div class="views" role="group" aria-label="Time shown">
      {RANGES.map(([name, title]) => (
        <a
          key={name}
          href={address("overview", null, { range: name })}
          aria-current={name === range ? "true" : undefined}
          aria-label={title}
          onClick={(e) => {
            e.preventDefault();
            go(address("overview", null, { range: name }), true);
          }}
        >
          {name}
        </a>
      ))}
    </div>
  );
}

const ms = (us: number): string => `${(us / 1000).toFixed(us < 9950 ? 1 : 0)} ms`;

function Totals({ t, range }: { t: Traffic; range: string }) {
  const all = t.totals;
  const to = (done?: string) => address("messages", null, { since: range, done });
  const one = (name: string, n: number, href: string | null, tone: string, hint: string) => (
    <li class={`total ${n > 0 ? tone : ""}`}>
      <span class="total-name">{href === null ? name : <a href={href}>{name}</a>}</span>
      <span class="total-number">{n.toLocaleString("en")}</span>
      <span class="quiet">{hint}</span>
    </li>
  );
  const share = (n: number) =>
    all.total === 0 ? "of none" : `${((n / all.total) * 100).toFixed(n === 0 ? 0 : 1)} % of all`;
  const speed =
    all.elapsed_us_mean === null ? bytes(all.bytes) : `${ms(all.elapsed_us_mean)} each, ${bytes(all.bytes)}`;
  return (
    <ul class="totals" aria-label="Totals">
      {one("Messages", all.total, to(), "", speed)}
      {one("Accepted", all.accept, to("accept"), "", share(all.accept))}
      {one("Tagged", all.tag, to("tag"), "", share(all.tag))}
      {one("Quarantined", all.quarantine, to("quarantine"), "warn", share(all.quarantine))}
      {one("Rejected", all.reject, to("reject"), "bad", share(all.reject))}
      {one("Deferred", all.tempfail, to("tempfail"), "warn", share(all.tempfail))}
      {one("Undecided", all.incomplete, null, "warn", "never a pass")}
    </ul>
  );
}

function Traffics({ t }: { t: Traffic }) {
  if (t.totals.total === 0) return <Hollow>No message passed in this time.</Hollow>;
  const series: Series[] = ACTIONS.map((action) => ({
    key: action,
    name: actionWord(action),
    tone: actionTone(action),
    values: t.buckets.map((b) => b[action]),
  }));
  if (t.totals.other > 0)
    series.push({ key: "other", name: "Other", tone: "none", values: t.buckets.map((b) => b.other) });
  return (
    <Chart
      label="Messages over time by verdict"
      times={t.buckets.map((b) => Date.parse(b.time) / 1000)}
      step={t.step_s}
      series={series}
      unit="messages"
    />
  );
}

function Findings({ all, range }: { all: FindingStat[]; range: string }) {
  if (all.length === 0) return <Hollow>Nothing was found.</Hollow>;
  const most = Math.max(...all.map((f) => f.mails), 1);
  return (
    <ol class="tops">
      {all.map((f) => (
        <li key={f.id}>
          <a href={address("messages", null, { since: range, finding: f.id })} class="top">
            <span class={`badge ${SEVERITY[f.severity]}`}>{f.severity}</span>
            <span class="top-title">{f.title ?? f.id}</span>
            <span class="top-count">
              {f.mails.toLocaleString("en")}
              <span class="sr"> messages</span>
            </span>
            <span class="top-id quiet">
              <code>{f.id}</code>
            </span>
            <span class="meter" aria-hidden="true">
              <span style={{ width: `${(f.mails / most) * 100}%` }} />
            </span>
          </a>
        </li>
      ))}
    </ol>
  );
}

function HealthPanel() {
  const status = useApi("status", api.status, EVERY_MS);
  const monitor = useApi("monitor", () => api.monitor().catch(() => null), EVERY_MS);
  return (
    <Panel id="health" title="Health" more={<a href={address("status")}>Details</a>}>
      <Await of={status}>
        {(st) => (
          <>
            {st.problems.length > 0 && (
              <ul class="problems">
                {st.problems.map((text) => (
                  <li key={text}>
                    <Alien text={text} />
                  </li>
                ))}
              </ul>
            )}
            <ul class="parts">
              {partsOf(st, monitor.value).map((p) => (
                <li key={p.name}>
                  <span class="part-name">{p.href === undefined ? p.name : <a href={p.href}>{p.name}</a>}</span>
                  <HealthMark state={p.state} />
                  <span class="part-detail quiet">
                    <Alien text={p.detail} />
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Await>
    </Panel>
  );
}

interface Part {
  name: string;
  state: Health;
  detail: string;
  href?: string;
}

/* What is wrong, else how much there is. */
const detailOf = (part: { state: Health; error: string | null }, facts: () => string): string =>
  part.error || (part.state === "off" || part.state === "unknown" ? "" : facts());

const worst = (all: Health[]): Health =>
  (["down", "degraded", "unknown", "ok"] as const).find((h) => all.includes(h)) ?? "off";

function partsOf(st: Status, suites: MonitorSuite[] | null): Part[] {
  const workers = st.roles.filter((r) => r.role === "worker");
  const running = workers.filter((r) => r.state === "running").length;
  const restarts = st.roles.reduce((sum, r) => sum + r.restarts, 0);
  const old = st.clamd.database_age_s;
  const pending = st.hooks.reduce((sum, h) => sum + h.pending, 0);
  const parts: Part[] = [
    {
      name: "Workers",
      state: running === 0 ? "down" : running < workers.length ? "degraded" : "ok",
      detail: `${running} of ${workers.length} running${restarts > 0 ? `, ${count(restarts, "restart")}` : ""}`,
    },
    {
      name: "clamd",
      state: st.clamd.state,
      detail: detailOf(st.clamd, () => (old === null ? (st.clamd.version ?? "") : `database is ${duration(old)} old`)),
    },
    {
      name: "Intel feeds",
      state: worst([st.intel.state, ...st.intel.feeds.map((f) => f.state)]),
      detail: detailOf(st.intel, () => `${count(st.intel.indicators, "indicator")} of ${count(st.intel.feeds.length, "feed")}`),
    },
    {
      name: "Resolver",
      state: st.resolver.state,
      detail: detailOf(st.resolver, () => `${count(st.resolver.queries, "query", "queries")}, ${st.resolver.timeouts} timed out`),
    },
    {
      name: "History",
      state: st.history.state,
      detail: detailOf(st.history, () => `${count(st.history.mails, "message")}, ${bytes(st.history.bytes)}`),
    },
    {
      name: "Webhooks",
      state: st.hooks.length === 0 ? "off" : worst(st.hooks.map((h) => h.state)),
      detail: st.hooks.find((h) => h.error)?.error ?? (st.hooks.length === 0 ? "" : `${pending} waiting`),
    },
    {
      name: "Signer",
      state: st.signer.state,
      detail: detailOf(st.signer, () => count(st.signer.keys.length, "key")),
    },
  ];
  if (suites !== null && suites.length > 0) {
    const bad = suites.filter((x) => x.state === "failed" || x.state === "undecided");
    parts.push({
      name: "Monitor",
      state: suites.some((x) => x.state === "failed") ? "down" : bad.length > 0 ? "degraded" : "ok",
      detail: bad.length === 0 ? `${count(suites.length, "check")} pass` : bad.map((x) => x.name).join(", "),
      href: address("monitor"),
    });
  }
  return parts;
}

function ByDomain({ all, range }: { all: DomainStat[]; range: string }) {
  if (all.length === 0) return <Hollow>No message passed in this time.</Hollow>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Authentication by author domain">
      <table class="table tight stack">
        <thead>
          <tr>
            <th scope="col">Author domain</th>
            <th scope="col" class="number">
              Messages
            </th>
            <th scope="col">SPF pass</th>
            <th scope="col">DKIM pass</th>
            <th scope="col">DMARC pass</th>
          </tr>
        </thead>
        <tbody>
          {all.map((d) => (
            <tr key={d.domain ?? ""}>
              <th scope="row">
                {d.domain === null ? (
                  <span class="quiet">no readable author</span>
                ) : (
                  <a href={address("messages", null, { since: range, domain: d.domain })}>
                    <Alien text={d.domain} />
                  </a>
                )}
              </th>
              <td class="number" data-label="Messages">{d.total.toLocaleString("en")}</td>
              <td data-label="SPF pass">
                <ResultShares r={d.spf} />
              </td>
              <td data-label="DKIM pass">
                <ResultShares r={d.dkim} />
              </td>
              <td data-label="DMARC pass">
                <ResultShares r={d.dmarc} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
