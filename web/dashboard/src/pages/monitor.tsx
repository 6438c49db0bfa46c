/* What is checked by schedule: how it stands, since when, and how the last runs went. */
import { count, duration } from "../../../shared/format";
import { Alien } from "../../../shared/text";
import { api } from "../api";
import { Await, Crumbs, Hollow, Moment, MonitorMark, monitorTone, monitorWord, Panel } from "../pieces";
import { address } from "../route";
import { useApi, type State } from "../state";
import type { MonitorDetail, MonitorRun, MonitorSuite, RunCase } from "../types";

const EVERY_MS = 30000;

/* A change that the stream tells is read at once. */
const changesOf = (s: State): number => s.news.filter((n) => n.kind === "monitor").length;

export function Monitor({ s }: { s: State }) {
  const suites = useApi(`monitor ${changesOf(s)}`, api.monitor, EVERY_MS);
  return (
    <>
      <header class="page-head">
        <h1>Monitor</h1>
      </header>
      <Await of={suites}>{(all) => <Suites all={all} />}</Await>
    </>
  );
}

const RANK: Record<string, number> = { failed: 0, undecided: 1, pending: 2, passed: 3 };

function Suites({ all }: { all: MonitorSuite[] }) {
  if (all.length === 0)
    return (
      <section class="box">
        <Hollow>Nothing is checked by schedule. Suites and audits are named in the config, under monitor.</Hollow>
      </section>
    );
  const sorted = [...all].sort(
    (a, b) => (RANK[a.state] ?? 1) - (RANK[b.state] ?? 1) || a.name.localeCompare(b.name),
  );
  return (
    <ul class="cards">
      {sorted.map((x) => (
        <li key={x.name}>
          <a class={`suite ${monitorTone(x.state)}`} data-row href={address("monitor", x.name)}>
            <span class="suite-name">
              <Alien text={x.name} />
            </span>
            <MonitorMark state={x.state} />
            <span class="quiet">
              {x.kind}
              {x.schedule !== null && (
                <>
                  , <Alien text={/^\d/.test(x.schedule) && !x.schedule.includes(" ") ? `every ${x.schedule}` : x.schedule} />
                </>
              )}
              {x.running && ", running now"}
            </span>
            <Runs suite={x.name} />
            <span class="suite-detail">
              <Alien text={x.detail ?? (x.kind === "suite" ? tests(x) : "")} />
            </span>
            <span class="quiet suite-times">
              {x.since !== null && (
                <>
                  since <Moment at={x.since} /> ·{" "}
                </>
              )}
              last <Moment at={x.last_run} />
              {x.next_run !== null && (
                <>
                  {" "}
                  · next <Moment at={x.next_run} />
                </>
              )}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

const tests = (x: MonitorSuite | MonitorRun): string =>
  x.tests === 0
    ? ""
    : `${count(x.tests, "test")}${x.failed > 0 ? `, ${x.failed} failed` : ""}${x.undecided > 0 ? `, ${x.undecided} undecided` : ""}`;

const STRIP = 30;
const OPEN = 12;

/* The last runs as a strip, oldest first. */
function Runs({ suite }: { suite: string }) {
  const got = useApi(`runs ${suite}`, () => api.suite(suite), EVERY_MS);
  const runs = (got.value?.runs ?? []).slice(0, STRIP).reverse();
  return <Strip runs={runs} />;
}

function Strip({ runs }: { runs: MonitorRun[] }) {
  const bad = runs.filter((r) => r.state === "failed").length;
  if (runs.length === 0) return <span class="strip" />;
  return (
    <span class="strip" role="img" aria-label={`${count(runs.length, "last run")}: ${bad === 0 ? "none failed" : `${bad} failed`}`}>
      {runs.map((r, i) => (
        <span key={i} class={monitorTone(r.state)} title={`${r.time ?? ""} ${monitorWord(r.state)}`} />
      ))}
    </span>
  );
}

export function SuitePage({ name, s }: { name: string; s: State }) {
  const got = useApi(`suite ${name} ${changesOf(s)}`, () => api.suite(name), EVERY_MS);
  return (
    <>
      <Crumbs to={address("monitor")} name="Monitor" />
      <header class="page-head">
        <h1>
          <Alien text={name} />
        </h1>
        {got.value !== null && <MonitorMark state={got.value.suite.state} />}
      </header>
      <Await of={got}>{(d) => <Detail d={d} />}</Await>
    </>
  );
}

function Detail({ d }: { d: MonitorDetail }) {
  const changes = d.runs.filter((r, i) => d.runs[i + 1] !== undefined && d.runs[i + 1]!.state !== r.state);
  return (
    <>
      {d.suite.detail !== null && (
        <p class={`banner ${monitorTone(d.suite.state)}`}>
          <Alien text={d.suite.detail} />
        </p>
      )}
      {d.suite.kind === "audit" && (
        <p>
          What it found is under <a href={address("domains", d.suite.name)}>Domains</a>.
        </p>
      )}
      <LastRun d={d} />
      <div class="halves">
        <Panel id="changes" title="Changes of state">
          {changes.length === 0 ? (
            <Hollow>Always the same in the runs that are kept.</Hollow>
          ) : (
            <ol class="runs">
              {changes.map((r, i) => (
                <RunLine r={r} key={i} />
              ))}
            </ol>
          )}
        </Panel>
        <Panel id="runs" title="Last runs">
          {d.runs.length === 0 ? (
            <Hollow>It has not run yet.</Hollow>
          ) : (
            <>
              <Strip runs={d.runs.slice(0, STRIP).reverse()} />
              <ol class="runs">
                {d.runs.slice(0, OPEN).map((r, i) => (
                  <RunLine r={r} key={i} />
                ))}
              </ol>
              {d.runs.length > OPEN && (
                <details>
                  <summary>{d.runs.length - OPEN} older ones</summary>
                  <ol class="runs">
                    {d.runs.slice(OPEN).map((r, i) => (
                      <RunLine r={r} key={i} />
                    ))}
                  </ol>
                </details>
              )}
            </>
          )}
        </Panel>
      </div>
    </>
  );
}

/* What was not as expected in the last run. */
function LastRun({ d }: { d: MonitorDetail }) {
  const cases = d.report === null ? [] : Array.isArray(d.report) ? d.report : [d.report];
  const wrong = cases.filter((c) => c.result === "failed" || c.result === "undecided");
  if (wrong.length === 0) return null;
  return (
    <Panel id="last-run" title="Not as expected in the last run">
      {wrong.map((c, i) => (
        <Case c={c} key={i} />
      ))}
    </Panel>
  );
}

function Case({ c }: { c: RunCase }) {
  const checks = (c.checks ?? []).filter((x) => x.status === "fail" || x.status === "undecided");
  return (
    <article class="case">
      <h3>
        <Alien text={c.subject ?? ""} />
        <MonitorMark state={c.result === "failed" ? "failed" : "undecided"} />
      </h3>
      {c.headline !== undefined && (
        <p class="quiet">
          <Alien text={c.headline} />
        </p>
      )}
      {checks.map((x, i) => (
        <div class="check" key={i}>
          <code>
            <Alien text={`${x.group}: ${x.name}`} />
          </code>{" "}
          {x.expected != null && (
            <>
              wanted <code><Alien text={x.expected} /></code>{" "}
            </>
          )}
          {x.got != null && (
            <>
              got <code><Alien text={x.got} /></code>
            </>
          )}
          <div class="quiet">
            <Alien text={x.detail} />
          </div>
        </div>
      ))}
    </article>
  );
}

function RunLine({ r }: { r: MonitorRun }) {
  return (
    <li>
      <MonitorMark state={r.state} />
      <span>
        <Moment at={r.time} />
      </span>
      <span class="quiet">
        {[tests(r), r.elapsed_ms === null ? "" : duration(r.elapsed_ms / 1000)].filter((x) => x !== "").join(", ")}
      </span>
      {r.detail !== null && r.detail !== "" && (
        <span class="run-detail">
          <Alien text={r.detail} />
        </span>
      )}
    </li>
  );
}
