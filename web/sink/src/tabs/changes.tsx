/* What was altered on the way, against the bytes that were sent. */
import { count } from "../../../shared/format";
import { Alien } from "../../../shared/text";
import type { Message } from "../types";

export function Changes({ m }: { m: Message }) {
  const a = m.altered;
  if (a === null)
    return <p class="quiet pad">Nothing to compare with: no original was put for its tag.</p>;
  return (
    <>
      <p class={`banner ${a.identical || a.body_intact ? "good" : "bad"}`}>
        <strong>{a.identical ? "identical" : a.body_intact ? "content intact" : "content changed"}</strong>{" "}
        {a.identical
          ? "Byte for byte what was sent."
          : a.body_intact
            ? "Fields or encoding differ; what the parts hold is the same."
            : "What the parts hold is not what was sent."}
      </p>
      {a.changes.length > 0 && (
        <section class="block">
          <h3>{count(a.changes.length, "change")}</h3>
          <div class="scroll" tabIndex={0} role="region" aria-label="Changes">
            <table class="table">
              <thead>
                <tr>
                  <th scope="col">What</th>
                  <th scope="col">Field or part</th>
                  <th scope="col">Details</th>
                </tr>
              </thead>
              <tbody>
                {a.changes.map((c, i) => (
                  <tr key={i}>
                    <th scope="row">{c.kind.replace(/-/g, " ")}</th>
                    <td>
                      <Alien text={c.name} />
                    </td>
                    <td>
                      <Alien text={c.detail} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
      {a.cut && <p class="warning">More changes than are shown.</p>}
    </>
  );
}
