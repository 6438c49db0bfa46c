/* All header fields in order: decoded, or as they stand. */
import { useState } from "preact/hooks";
import { Alien, Copy, visible } from "../../../shared/text";
import type { Message } from "../types";

export function Headers({ m }: { m: Message }) {
  const [raw, setRaw] = useState(false);
  if (m.headers.length === 0) return <p class="quiet pad">No header fields.</p>;
  return (
    <>
      <div class="preview-bar">
        <div class="views" role="group" aria-label="How fields are shown">
          <button type="button" aria-pressed={!raw} onClick={() => setRaw(false)}>
            Decoded
          </button>
          <button type="button" aria-pressed={raw} onClick={() => setRaw(true)}>
            As they stand
          </button>
        </div>
        <Copy text={m.headers.map((h) => whole(h)).join("\n")} what="all header fields" />
      </div>
      <table class="fields-table">
        <thead class="sr">
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {m.headers.map((h, i) => (
            <tr key={i}>
              <th scope="row">
                <Alien text={h.name} />
              </th>
              <td class={raw ? "raw" : ""}>
                {raw ? visible(unnamed(h).replace(/\r\n/g, "\n")) : <Alien text={h.value} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

interface Field {
  name: string;
  raw: string;
}

/* `raw` with its name in front, or without, whichever way it came. */
const named = (h: Field): boolean => h.raw.toLowerCase().startsWith(`${h.name.toLowerCase()}:`);
const whole = (h: Field): string => (named(h) ? h.raw : `${h.name}: ${h.raw.trimStart()}`);
const unnamed = (h: Field): string =>
  (named(h) ? h.raw.slice(h.name.length + 1) : h.raw).replace(/^ /, "");
