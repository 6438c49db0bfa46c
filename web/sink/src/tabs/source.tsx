/* The exact bytes, as text. */
import { api } from "../api";
import { bytes } from "../../../shared/format";
import { useLoaded } from "../../../shared/loaded";
import { Copy, Lines } from "../../../shared/text";
import type { Message } from "../types";

const SHOWN_MAX = 512 * 1024;

export function Source({ m }: { m: Message }) {
  const { value, error } = useLoaded(
    async () => new TextDecoder().decode(await (await api.raw(m.id)).slice(0, SHOWN_MAX).arrayBuffer()),
    m.id,
  );
  if (error !== null) return <p class="error pad">{error}</p>;
  if (value === null) return <p class="quiet pad">Loading…</p>;
  return (
    <>
      <div class="preview-bar">
        <span class="quiet">
          {m.size > SHOWN_MAX
            ? `The first ${bytes(SHOWN_MAX)} of ${bytes(m.size)}; download has all.`
            : `${bytes(m.size)}, SHA-256 ${m.sha256.slice(0, 16)}…`}
        </span>
        <Copy text={value} what="source" />
      </div>
      <Lines text={value} label="Source of the message" wrap={false} />
    </>
  );
}
