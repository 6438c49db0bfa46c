/* What is checked by schedule: how each suite stands, since when, and how the last runs went. */
import { count, duration } from "../../../shared/format";
import { Alien } from "../../../shared/text";
import { api } from "../api";
import { Await, Crumbs, Hollow, Moment, MonitorMark, monitorTone, monitorWord, Panel } from "../pieces";
import { address } from "../route";
import { useApi, type State } from "../state";
import type { MonitorDetail, MonitorRun, MonitorState, MonitorSuite } from "../types";

const EVERY_MS = 30000;
const RUNS_READ = 500;
const CHANGES_READ = 50;

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
const worstFirst = (a: { state: string; name: string }, b: { state: string; name: string }): number =>
  (RANK[a.state] ?? 1) - (RANK[b.state] ?? 1) || a.name.localeCompare(b.name);

function Suites({ all }: { all: MonitorSuite[] }) {
  if (all.length === 0)
    return (
      <section class="box">
        <Hollow>Nothing is checked by schedule. Suites are named in the config, under monitor.</Hollow>
      </section>
    );
  return (
    <ul class="cards">
      {[...all].sort(worstFirst).map((x) => (
        <li key={x.name}>
          <a class={`suite ${monitorTone(x.state)}`} data-row href={address("monitor", x.name)}>
            <span class="suite-name">
              <Alien text={x.name} />
            </span>
            <MonitorMark state={x.state} />
            <span class="quiet">
              <Alien text={when(x)} />
            </span>
            <Tests x={x} />
            <span class="suite-detail">
              {x.detail !== null && x.detail !== "" ? <Alien text={x.detail} /> : tests(x)}
            </span>
            <span class="quiet suite-times">
              {x.since !== null && (
                <>
                  changed <Moment at={x.since} /> ·{" "}
                </>
              )}
              last run <Moment at={x.last_run} />
              {x.elapsed_ms !== null && `, ${duration(x.elapsed_ms / 1000)}`}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

const when = (x: MonitorSuite): string =>
  x.schedule === null ? "not scheduled any more" : /^\d+\w$/.test(x.schedule) ? `every ${x.schedule}` : x.schedule;

const tests = (x: MonitorSuite): string =>
  x.tests === 0
    ? ""
    : `${count(x.tests, "test")}${x.failed > 0 ? `, ${x.failed} failed` : ""}${x.undecided > 0 ? `, ${x.undecided} undecided` : ""}`;

const STRIP = 40;

/* The tests of a suite, a mark for each. */
function Tests({ x }: { x: MonitorSuite }) {
  const marks = (n: number, state: MonitorState) => Array.from({ length: n }, () => ({ state }));
  const passed = Math.max(x.tests - x.failed - x.undecided, 0);
  const all = [...marks(x.failed, "failed"), ...marks(x.undecided, "undecided"), ...marks(passed, "passed")];
  return <Strip of={all} what="test" />;
}

/* Marks of states; its text counts them. */
function Strip({ of, what }: { of: { state: MonitorState; time?: string | null }[]; what: string }) {
  if (of.length === 0) return <span class="strip" />;
  const n = (state: string) => of.filter((r) => r.state === state).length;
  const bad = [
    n("failed") > 0 ? `${n("failed")} failed` : null,
    n("undecided") > 0 ? `${n("undecided")} undecided` : null,
  ].filter((x) => x !== null);
  return (
    <span
      class="strip"
      role="img"
      aria-label={`${count(of.length, what)}: ${bad.length === 0 ? "all passed" : bad.join(", ")}`}
    >
      {of.slice(0, STRIP).map((r, i) => (
        <span key={i} class={monitorTone(r.state)} title={`${r.time ?? ""} ${monitorWord(r.state)}`.trim()} />
      ))}
    </span>
  );
}

export function SuitePage({ name, s }: { name: string; s: State }) {
  const again = changesOf(s);
  const got = useApi(`suite ${name} ${again}`, () => api.suite(name, { limit: RUNS_READ }), EVERY_MS);
  const changes = useApi(
    `changes ${name} ${again}`,
    () => api.suite(name, { changes: 1, limit: CHANGES_READ }),
    EVERY_MS,
  );
  return (
    <>
      <Crumbs to={address("monitor")} name="Monitor" />
      <header class="page-head">
        <h1>
          <Alien text={name} />
        </h1>
        {got.value !== null && <MonitorMark state={got.value.suite.state} />}
      </header>
      <Await of={got}>{(d) => <AllTests d={d} />}</Await>
      <Panel id="changes" title="Changes of state">
        <Await of={changes}>{(d) => <Changes all={d.runs} />}</Await>
      </Panel>
    </>
  );
}

function AllTests({ d }: { d: MonitorDetail }) {
  return (
    <Panel id="tests" title={d.suite.tests > 0 ? `Tests (${d.suite.tests})` : "Tests"} more={<span class="quiet"><Alien text={when(d.suite)} /></span>}>
      {d.tests.length === 0 && <Hollow>It has not run yet.</Hollow>}
      <ul class="runs tests">
        {[...d.tests].sort(worstFirst).map((t) => (
          <li key={t.name}>
            <MonitorMark state={t.state} />
            <span class="test-name">
              <Alien text={t.name} />
            </span>
            <span class="quiet">
              <Moment at={t.time} />, {duration(t.elapsed_ms / 1000)}
            </span>
            <Strip of={d.runs.filter((r) => r.name === t.name).slice(0, STRIP).reverse()} what="run" />
            {t.detail !== null && t.detail !== "" && (
              <span class="run-detail">
                <Alien text={t.detail} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Changes({ all }: { all: MonitorRun[] }) {
  const changes = all.filter((r) => r.before !== null);
  if (changes.length === 0) return <Hollow>Always the same in the runs that are kept.</Hollow>;
  return (
    <ol class="runs">
      {changes.map((r, i) => (
        <li key={i}>
          <MonitorMark state={r.state} />
          <span class="test-name">
            <Alien text={r.name} />
          </span>
          <span class="quiet">
            <Moment at={r.time} />, before: {monitorWord(r.before!).toLowerCase()}
          </span>
          {r.detail !== null && r.detail !== "" && (
            <span class="run-detail">
              <Alien text={r.detail} />
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}
