/* The MIME tree, each part to download. */
import { api } from "../api";
import { download } from "../download";
import { bytes } from "../../../shared/format";
import { Alien, Copy } from "../../../shared/text";
import type { Message, Part } from "../types";

export function Parts({ m }: { m: Message }) {
  if (m.parts.length === 0) return <p class="quiet pad">No parts.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Parts of the message">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Part</th>
            <th scope="col">Type</th>
            <th scope="col">Name</th>
            <th scope="col" class="number">
              Size
            </th>
            <th scope="col">SHA-256</th>
            <th scope="col">
              <span class="sr">Download</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {m.parts.map((p, i) => (
            <Row key={i} m={m} p={p} depth={depth(p.path)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const depth = (path: string): number => (path === "" ? 0 : Math.min(path.split(".").length, 8));

function Row({ m, p, depth }: { m: Message; p: Part; depth: number }) {
  const leaf = p.children === 0;
  const name = p.filename ?? `part-${p.path || "0"}.bin`;
  return (
    <tr>
      <th scope="row" style={{ paddingInlineStart: `${0.6 + depth * 0.9}rem` }}>
        {p.path || "message"}
      </th>
      <td class="whole">
        <Alien text={p.type} />
        <span class="quiet">
          {" "}
          <Alien text={[p.charset, p.encoding].filter(Boolean).join(", ")} />
        </span>
      </td>
      <td>
        {p.filename !== null && <Alien text={p.filename} />}{" "}
        {p.attachment && <span class="badge none">attachment</span>}
        {p.inline && <span class="badge none">inline</span>}
      </td>
      <td class="number">{leaf ? bytes(p.size) : ""}</td>
      <td>
        {p.sha256 !== null && (
          <>
            <code title={p.sha256}>{p.sha256.slice(0, 10)}…</code>{" "}
            <Copy text={p.sha256} what="SHA-256" />
          </>
        )}
      </td>
      <td>
        {leaf && (
          <button
            type="button"
            aria-label={`Download ${name}`}
            onClick={() => void download(name, () => api.part(m.id, p.path))}
          >
            Download
          </button>
        )}
      </td>
    </tr>
  );
}
