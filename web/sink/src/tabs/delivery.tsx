/* How it came here: envelope, TLS, reply, the conversation, and the way before by Received fields. */
import { Fact } from "../../../shared/fact";
import { api } from "../api";
import { duration, when, whenExactly } from "../../../shared/format";
import { OUTCOME_CLASS } from "../list";
import { useLoaded } from "../../../shared/loaded";
import { Alien, Copy } from "../../../shared/text";
import type { Dsn, Hop, Hops, Message } from "../types";

export function Delivery({ m }: { m: Message }) {
  const e = m.envelope;
  const d = m.delivery;
  const reply = [d.reply.code, d.reply.text].filter((x) => x !== null && x !== "").join(" ");
  return (
    <>
      <section class="block">
        <h3>Session</h3>
        <dl class="facts">
          <Fact name="Outcome">
            <span class={`badge ${OUTCOME_CLASS[d.outcome]}`}>{d.outcome}</span> at {d.stage || "connect"}
            {d.attempts > 1 && <span class="quiet"> · attempt {d.attempts}</span>}
          </Fact>
          <Fact name="Our reply">{reply === "" ? "none was sent" : <Alien text={reply} />}</Fact>
          <Fact name="Envelope from">
            {e.mail_from === "" ? <span class="quiet">null sender</span> : <Alien text={e.mail_from} />}
            {e.mail_params !== null && e.mail_params !== "" && (
              <span class="quiet">
                {" "}
                <Alien text={e.mail_params} />
              </span>
            )}
          </Fact>
          <Fact name="Envelope to">
            <Alien text={e.rcpt_to.join(", ")} />
          </Fact>
          <Fact name="Client">
            {e.client.ip} port {e.client.port}
            <span class="quiet">
              {" "}
              as <Alien text={e.helo} />
            </span>
          </Fact>
          <Fact name="Listener">
            {d.listener} by {d.protocol}
          </Fact>
          <Fact name="Login">
            {d.auth_user === null ? <span class="quiet">none</span> : <Alien text={d.auth_user} />}
          </Fact>
          <Fact name="TLS">
            {d.tls === null ? (
              <span class="badge warn">not encrypted</span>
            ) : (
              <>
                {d.tls.version}, {d.tls.cipher}
                {d.tls.sni !== null && (
                  <span class="quiet">
                    {" "}
                    SNI <Alien text={d.tls.sni} />
                  </span>
                )}
              </>
            )}
          </Fact>
          {m.tag !== null && (
            <Fact name="Tag">
              <code>
                <Alien text={m.tag} />
              </code>{" "}
              <Copy text={m.tag} what="tag" />
            </Fact>
          )}
        </dl>
      </section>
      <Way hops={m.hops} />
      {m.dsn !== null && <Report dsn={m.dsn} />}
      <Transcript id={m.id} />
    </>
  );
}

function Way({ hops }: { hops: Hops }) {
  const longest = Math.max(...hops.items.map((h) => h.delay_s ?? 0), 1);
  return (
    <section class="block">
      <h3>Way by Received fields</h3>
      {hops.items.length === 0 && <p class="quiet">No Received field: it was sent straight to us.</p>}
      {hops.items.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Hops">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">From</th>
                <th scope="col">By</th>
                <th scope="col">With</th>
                <th scope="col">Time</th>
                <th scope="col">Delay</th>
              </tr>
            </thead>
            <tbody>
              {hops.items.map((h, i) => (
                <HopRow key={i} h={h} longest={longest} slowest={i === hops.slowest} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {hops.total_s !== null && <p class="quiet">From first to last: {duration(hops.total_s)}.</p>}
      {hops.skew_s !== null && (
        <p class="warning">
          A hop is {duration(hops.skew_s)} earlier than the one before it: clocks differ.
        </p>
      )}
      {hops.cut && <p class="warning">More hops than are shown.</p>}
    </section>
  );
}

const iso = (unix: number): string => {
  const at = new Date(unix * 1000);
  return isNaN(+at) ? String(unix) : at.toISOString();
};

function HopRow({ h, longest, slowest }: { h: Hop; longest: number; slowest: boolean }) {
  const client = [h.from_rdns, h.from_ip].filter((x) => x !== null).join(" ");
  const tls = [h.tls_version, h.tls_cipher].filter((x) => x !== null).join(", ");
  return (
    <tr>
      <td>
        <Alien text={h.from ?? "—"} />
        {client !== "" && (
          <div class="quiet">
            <Alien text={client} />
          </div>
        )}
      </td>
      <td>
        <Alien text={h.by ?? "—"} />
        {h.for !== null && (
          <div class="quiet">
            for <Alien text={h.for} />
          </div>
        )}
      </td>
      <td>
        <Alien text={h.with ?? "—"} />{" "}
        {h.tls && (
          <span class="badge good" title={tls}>
            TLS
          </span>
        )}
        {!h.tls && !h.internal && <span class="badge warn">no TLS</span>}
        {h.internal && <span class="badge none">same host</span>}
        {h.authenticated && <span class="badge none">logged in</span>}
      </td>
      <td>{h.time_s === null ? "—" : <time dateTime={iso(h.time_s)} title={whenExactly(iso(h.time_s))}>{when(iso(h.time_s))}</time>}</td>
      <td>
        {h.delay_s === null ? (
          "—"
        ) : (
          <>
            {duration(h.delay_s)}
            {slowest && h.delay_s > 0 && <span class="quiet"> slowest</span>}
            <span class="meter" aria-hidden="true">
              <span style={{ width: `${(Math.max(h.delay_s, 0) / longest) * 100}%` }} />
            </span>
          </>
        )}
      </td>
    </tr>
  );
}

function Report({ dsn }: { dsn: Dsn }) {
  return (
    <section class="block">
      <h3>Delivery report</h3>
      <dl class="facts">
        <Fact name="Reported by">
          <Alien text={dsn.reporting_mta ?? "—"} />
        </Fact>
        {dsn.original_message_id !== null && (
          <Fact name="Message-ID">
            <Alien text={dsn.original_message_id} />
          </Fact>
        )}
        {dsn.recipients.map((r, i) => (
          <Fact name="Recipient" key={i}>
            <Alien text={r.final ?? r.original ?? "—"} />:{" "}
            <Alien text={[r.action, r.status].filter((x) => x !== null).join(" ")} />
            <div class="quiet">
              <Alien text={[r.diagnostic, r.remote_mta].filter((x) => x !== null).join(", by ")} />
            </div>
          </Fact>
        ))}
      </dl>
    </section>
  );
}

function Transcript({ id }: { id: string }) {
  const { value, error } = useLoaded(() => api.transcript(id), id);
  return (
    <section class="block">
      <h3>
        Conversation {value !== null && value !== "" && <Copy text={value} what="conversation" />}
      </h3>
      {error !== null && <p class="error">{error}</p>}
      {value === "" && <p class="quiet">Nothing was recorded.</p>}
      {value !== null && value !== "" && (
        <pre class="lines transcript" tabIndex={0} aria-label="SMTP conversation" dir="ltr">
          {value.replace(/\r\n/g, "\n").split("\n").map((line, i) => (
            <span key={i} class={side(line)}>
              <Alien text={line} />
              {"\n"}
            </span>
          ))}
        </pre>
      )}
    </section>
  );
}

/* Who said it, by the marks that swaks uses. */
function side(line: string): string {
  if (/^\s*<[-~*]/.test(line)) return "said-by-server";
  if (/^\s*[-~*]+>/.test(line)) return "said-by-client";
  return "quiet";
}
