/* The HTML of a mail in a frame that can do nothing: no scripts, no origin, no loads, no links. */
import { useEffect, useState } from "preact/hooks";
import { hasToken } from "../../../shared/http";
import { api } from "../api";
import { Lines } from "../../../shared/text";
import type { Message } from "../types";

const WIDTHS = { Phone: 375, Tablet: 768, Desktop: null } as const;
type Width = keyof typeof WIDTHS;
let chosen: Width = "Desktop"; /* stays from message to message */

export function Preview({ m }: { m: Message }) {
  const [width, setWidth] = useState<Width>(chosen);
  const choose = (w: Width) => {
    chosen = w;
    setWidth(w);
  };
  if (m.html === null) {
    return m.text === null ? (
      <p class="quiet pad">Nothing to show: neither HTML nor text.</p>
    ) : (
      <Lines text={m.text} label="Text of the message" />
    );
  }
  const px = WIDTHS[width];
  return (
    <div class="preview">
      <div class="preview-bar">
        <div class="views" role="group" aria-label="Width of the preview">
          {(Object.keys(WIDTHS) as Width[]).map((w) => (
            <button type="button" key={w} aria-pressed={w === width} onClick={() => choose(w)}>
              {w}
            </button>
          ))}
        </div>
        <span class="quiet">Scripts, links and everything from elsewhere are off.</span>
      </div>
      <div class="stage">
        <Frame id={m.id} px={px} />
      </div>
    </div>
  );
}

/* A frame cannot send the token, so then its content is fetched and put in. */
function Frame({ id, px }: { id: string; px: number | null }) {
  const [doc, setDoc] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const fetched = hasToken();
  useEffect(() => {
    if (fetched) api.html(id).then(setDoc, (e: Error) => setError(e.message));
  }, [id, fetched]);
  if (error !== null) return <p class="error pad">{error}</p>;
  if (fetched && doc === null) return <p class="quiet pad">Loading…</p>;
  return (
    <iframe
      title="HTML of the message"
      sandbox=""
      referrerpolicy="no-referrer"
      style={px === null ? {} : { width: `${px}px` }}
      {...(fetched ? { srcdoc: doc ?? "" } : { src: api.htmlAddress(id) })}
    />
  );
}
