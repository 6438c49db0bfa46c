/* What the checks of `mailproof scan` say about it. */
import { Badge, tone } from "../../../shared/badges";
import { OneFinding } from "../../../shared/finding";
import { count } from "../../../shared/format";
import { Alien, Copy } from "../../../shared/text";
import type { Authentication } from "../../../shared/report";
import type { Message } from "../types";

const ACTIONS: Record<string, [string, string]> = {
  accept: ["good", "A receiver that follows the policy would accept it."],
  tag: ["warn", "It would be delivered, marked."],
  quarantine: ["warn", "It would go to quarantine."],
  reject: ["bad", "It would be refused."],
  tempfail: ["warn", "It would be deferred: not everything could be decided."],
};

export function Verdict({ m }: { m: Message }) {
  const action = m.verdict === null ? undefined : ACTIONS[m.verdict.action];
  return (
    <>
      {m.verdict !== null && (
        <p class={`banner ${m.verdict.complete ? (action?.[0] ?? "warn") : "warn"}`}>
          <strong>{m.verdict.action}</strong> {action?.[1]}
          {!m.verdict.complete && " Something could not be decided, so this is not a pass."}
        </p>
      )}
      {m.authentication === null ? (
        <p class="warning">
          Not judged: <Alien text={m.not_judged ?? "no reason is given"} />
        </p>
      ) : (
        <Results a={m.authentication} />
      )}
      <section class="block">
        <h3>{m.findings.length === 0 ? "No findings" : count(m.findings.length, "finding")}</h3>
        {m.findings.map((f, i) => (
          <OneFinding key={i} f={f} />
        ))}
      </section>
    </>
  );
}

function Results({ a }: { a: Authentication }) {
  return (
    <section class="block">
      <h3>Authentication</h3>
      <div class="scroll" tabIndex={0} role="region" aria-label="Results of authentication">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Check</th>
              <th scope="col">Domain</th>
              <th scope="col">Aligned</th>
              <th scope="col">Details</th>
            </tr>
          </thead>
          <tbody>
            <Line
              name="SPF"
              result={a.spf.result}
              domain={a.spf.domain}
              aligned={a.dmarc.spf_aligned}
              details={[a.spf.mechanism, a.spf.reason]}
            />
            {a.dkim.length === 0 && <Line name="DKIM" result="none" details={["no signature"]} />}
            {a.dkim.map((d, i) => (
              <Line
                key={i}
                name="DKIM"
                result={d.result}
                domain={d.domain}
                aligned={d.aligned}
                details={[
                  d.selector === null ? null : `selector ${d.selector}`,
                  d.algorithm,
                  d.key_bits === null ? null : `${d.key_bits} bits`,
                  d.body_hash === "mismatch" ? "body was changed" : null,
                  d.signature === "mismatch" ? "signed fields were changed" : null,
                  d.reason,
                ]}
              />
            ))}
            <Line
              name="DMARC"
              result={a.dmarc.result}
              domain={a.dmarc.author_domain}
              details={[
                a.dmarc.policy === null ? null : `policy ${a.dmarc.policy}`,
                a.dmarc.disposition === null ? null : `asks for ${a.dmarc.disposition}`,
                a.dmarc.reason,
              ]}
            />
            <Line
              name="ARC"
              result={a.arc.result}
              domain={a.arc.sealers.join(", ") || null}
              details={[a.arc.reason]}
            />
          </tbody>
        </table>
      </div>
      {a.authentication_results !== null && (
        <details>
          <summary>Authentication-Results</summary>
          <div class="command">
            <code>
              <Alien text={a.authentication_results} />
            </code>
            <Copy text={a.authentication_results} what="Authentication-Results" />
          </div>
        </details>
      )}
    </section>
  );
}

interface LineProps {
  name: string;
  result: string;
  domain?: string | null;
  aligned?: boolean;
  details: (string | null)[];
}

function Line({ name, result, domain, aligned, details }: LineProps) {
  return (
    <tr class={tone(result)}>
      <th scope="row">
        <Badge name={name} result={result} />
      </th>
      <td class="whole">
        <Alien text={domain ?? "—"} />
      </td>
      <td>{aligned === undefined || result !== "pass" ? "—" : aligned ? "yes" : "no"}</td>
      <td>
        <Alien text={details.filter((d) => d !== null && d !== "").join("; ")} />
      </td>
    </tr>
  );
}
