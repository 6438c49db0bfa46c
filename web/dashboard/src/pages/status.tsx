/* The daemon itself: its processes, what it listens on, and what it needs. */
import type { ComponentChildren } from "preact";
import { bytes, count, duration } from "../../../shared/format";
import { Fact } from "../../../shared/fact";
import { Alien } from "../../../shared/text";
import { api } from "../api";
import { Await, HealthMark, Hollow, Moment, Panel } from "../pieces";
import { useApi, type State } from "../state";
import type { Health, Status } from "../types";

const EVERY_MS = 10000;

export function StatusPage({ s }: { s: State }) {
  const changes = s.news.filter((n) => n.kind === "status").length;
  const status = useApi(`status ${changes}`, api.status, EVERY_MS);
  return (
    <>
      <header class="page-head">
        <h1>Status</h1>
        {status.value !== null && <HealthMark state={status.value.state} />}
      </header>
      <Await of={status}>{(st) => <Whole st={st} />}</Await>
    </>
  );
}

function Whole({ st }: { st: Status }) {
  return (
    <>
      {st.problems.length > 0 && (
        <ul class="problems" aria-label="Problems">
          {st.problems.map((text) => (
            <li key={text}>
              <Alien text={text} />
            </li>
          ))}
        </ul>
      )}
      <Panel id="roles" title="Processes">
        <p class="quiet lead">
          mailproof {st.version}, up {duration(st.uptime_s)}, generation {st.generation} (it grows with each
          reload)
        </p>
        <Roles st={st} />
      </Panel>
      <div class="grid">
        <Clamd st={st} />
        <Intel st={st} />
        <Resolver st={st} />
        <History st={st} />
        <Hooks st={st} />
        <Signer st={st} />
        <Listeners st={st} />
        <Queues st={st} />
        <Http st={st} />
      </div>
    </>
  );
}

const ROLE_TONE: Record<string, string> = { running: "good", starting: "none", stopping: "none", waiting: "bad" };

function Roles({ st }: { st: Status }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Processes">
      <table class="table tight stack">
        <thead>
          <tr>
            <th scope="col">Role</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              Process
            </th>
            <th scope="col">Since</th>
            <th scope="col" class="number">
              Restarts
            </th>
            <th scope="col">Last end</th>
          </tr>
        </thead>
        <tbody>
          {st.roles.map((r) => (
            <tr key={`${r.role} ${r.number} ${r.pid}`}>
              <th scope="row">
                {r.role} {r.role === "worker" ? r.number : ""}
                {r.generation !== st.generation && <span class="quiet"> of generation {r.generation}</span>}
              </th>
              <td data-label="State">
                <span class={`mark-word ${ROLE_TONE[r.state] ?? "warn"}`}>
                  {r.state === "waiting" ? "ended, starts again soon" : r.state}
                </span>
              </td>
              <td class="number" data-label="Process">{r.pid}</td>
              <td data-label="Since">
                <Moment at={r.started} />
              </td>
              <td class="number" data-label="Restarts">{r.restarts}</td>
              <td data-label="Last end">
                <Alien text={r.last_exit || "—"} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Card({ id, title, state, error, children }: {
  id: string;
  title: string;
  state?: Health;
  error?: string | null;
  children: ComponentChildren;
}) {
  return (
    <Panel id={id} title={title} more={state === undefined ? null : <HealthMark state={state} />}>
      {error != null && error !== "" && (
        <p class="error">
          <Alien text={error} />
        </p>
      )}
      {children}
    </Panel>
  );
}

function Clamd({ st }: { st: Status }) {
  const c = st.clamd;
  return (
    <Card id="clamd" title="clamd" state={c.state} error={c.error}>
      {c.state === "off" ? (
        <Hollow>Not configured.</Hollow>
      ) : (
        <dl class="facts">
          <Fact name="Version">
            <Alien text={c.version ?? "not known"} />
          </Fact>
          <Fact name="Database">
            <Alien text={c.database ?? "not known"} />
          </Fact>
          <Fact name="Of">
            <Moment at={c.database_time} />
            {c.database_age_s !== null && <span class="quiet"> {duration(c.database_age_s)} old</span>}
          </Fact>
        </dl>
      )}
    </Card>
  );
}

function Intel({ st }: { st: Status }) {
  const x = st.intel;
  return (
    <Card id="intel" title="Threat intelligence" state={x.state} error={x.error}>
      {x.feeds.length === 0 && <Hollow>No feed is configured.</Hollow>}
      <ul class="parts">
        {x.feeds.map((f) => (
          <li key={f.name}>
            <span class="part-name">
              <Alien text={f.name} />
            </span>
            <HealthMark state={f.state} />
            <span class="part-detail quiet">
              {f.error ? <Alien text={f.error} /> : count(f.entries, "entry", "entries")}
              {f.age_s !== null && `, ${duration(f.age_s)} old`}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Resolver({ st }: { st: Status }) {
  const r = st.resolver;
  return (
    <Card id="resolver" title="Resolver" state={r.state} error={r.error}>
      {r.state === "off" && <Hollow>Not in use.</Hollow>}
      <dl class="facts">
        <Fact name="Queries">{r.queries.toLocaleString("en")}</Fact>
        <Fact name="From cache">
          {r.cached.toLocaleString("en")}
          {r.queries > 0 && <span class="quiet"> {Math.round((r.cached / r.queries) * 100)} %</span>}
        </Fact>
        <Fact name="Failed">{r.failed.toLocaleString("en")}</Fact>
        <Fact name="Timed out">{r.timeouts.toLocaleString("en")}</Fact>
      </dl>
    </Card>
  );
}

function History({ st }: { st: Status }) {
  const h = st.history;
  return (
    <Card id="history" title="History" state={h.state} error={h.error}>
      {h.state === "off" ? (
        <Hollow>Not configured.</Hollow>
      ) : (
        <dl class="facts">
          <Fact name="Messages">{h.mails.toLocaleString("en")}</Fact>
          <Fact name="Size">{bytes(h.bytes)}</Fact>
          <Fact name="Oldest">
            <Moment at={h.oldest} />
          </Fact>
          <Fact name="Not written yet">{h.pending.toLocaleString("en")}</Fact>
          <Fact name="Dropped">{h.dropped.toLocaleString("en")}</Fact>
        </dl>
      )}
    </Card>
  );
}

function Hooks({ st }: { st: Status }) {
  return (
    <Card id="hooks" title="Webhooks">
      {st.hooks.length === 0 && <Hollow>None is configured.</Hollow>}
      <ul class="parts">
        {st.hooks.map((h) => (
          <li key={h.name}>
            <span class="part-name">
              <Alien text={h.name} />
            </span>
            <HealthMark state={h.state} />
            <span class="part-detail quiet">
              {h.error ? (
                <Alien text={h.error} />
              ) : (
                `${h.delivered.toLocaleString("en")} delivered, ${h.pending} waiting, ${h.failed} failed`
              )}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Signer({ st }: { st: Status }) {
  return (
    <Card id="signer" title="Signer" state={st.signer.state} error={st.signer.error}>
      {st.signer.keys.length === 0 && <Hollow>No key is configured.</Hollow>}
      <ul class="keys-list">
        {st.signer.keys.map((k) => (
          <li key={`${k.domain} ${k.selector}`}>
            <Alien text={k.domain} />{" "}
            <span class="quiet">
              <Alien text={`${k.selector}, ${k.algorithm}`} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Listeners({ st }: { st: Status }) {
  return (
    <Card id="listeners" title="Listeners">
      <ul class="parts">
        {st.listeners.map((l) => (
          <li key={l.name}>
            <span class="part-name">
              <Alien text={l.name} />
            </span>
            <span class="quiet">
              {l.protocol}
              {l.mode ? `, ${l.mode}` : ""}
            </span>
            <span class="part-detail quiet">
              <Alien text={l.address} />, {count(l.connections, "connection")}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Queues({ st }: { st: Status }) {
  return (
    <Card id="queues" title="Work that waits">
      <ul class="parts">
        {st.queues.map((q) => (
          <li key={q.name}>
            <span class="part-name">
              <Alien text={q.name} />
            </span>
            <span>
              {q.depth.toLocaleString("en")}
              {q.max !== null && <span class="quiet"> of {q.max.toLocaleString("en")}</span>}
            </span>
            <span class="part-detail quiet">{q.dropped > 0 ? `${q.dropped.toLocaleString("en")} dropped` : ""}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Http({ st }: { st: Status }) {
  const h = st.http;
  return (
    <Card id="http" title="HTTP">
      <dl class="facts">
        <Fact name="Requests">{h.requests.toLocaleString("en")}</Fact>
        <Fact name="Errors">{h.errors.toLocaleString("en")}</Fact>
        <Fact name="Refused">{h.refused.toLocaleString("en")}</Fact>
        <Fact name="Too slow">{h.overdue.toLocaleString("en")}</Fact>
        <Fact name="Streams">{h.streams.toLocaleString("en")}</Fact>
        <Fact name="Scans">
          {h.scans_running} running, {h.scans_waiting} waiting, {h.scans_max} at most
        </Fact>
      </dl>
    </Card>
  );
}
