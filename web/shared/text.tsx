/* Text of strangers: always text, never markup. What one cannot see, or what turns the direction of
 * others, is shown by its number. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

/* Controls but TAB and LF, bidirectional controls, zero-width characters, tags; ZWJ and ZWNJ only
 * where no script needs them. */
const HIDDEN =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]|(?<=[\p{Script=Latin}\p{Nd}\s])[\u200c\u200d]/gu;

const NAMES: Record<string, string> = {
  "200B": "zero width space",
  "200E": "left-to-right mark",
  "200F": "right-to-left mark",
  "202A": "left-to-right embedding",
  "202B": "right-to-left embedding",
  "202C": "pop directional formatting",
  "202D": "left-to-right override",
  "202E": "right-to-left override",
  "2066": "left-to-right isolate",
  "2067": "right-to-left isolate",
  "2068": "first strong isolate",
  "2069": "pop directional isolate",
  FEFF: "byte order mark",
  AD: "soft hyphen",
};

export function visible(text: string): ComponentChildren[] {
  const out: ComponentChildren[] = [];
  let at = 0;
  for (const hit of text.matchAll(HIDDEN)) {
    const hex = hit[0].codePointAt(0)!.toString(16).toUpperCase();
    const code = `U+${hex.padStart(4, "0")}`;
    out.push(text.slice(at, hit.index));
    out.push(
      <span class="hidden-char" title={`${code} ${NAMES[hex] ?? "invisible character"}`}>
        {code}
      </span>,
    );
    at = hit.index + hit[0].length;
  }
  out.push(text.slice(at));
  return out;
}

/* In a line; isolated, so that its direction ends where it ends. */
export function Alien({ text }: { text: string }) {
  return <bdi>{visible(text)}</bdi>;
}

/* A block of lines. */
export function Lines({ text, label, wrap = true }: { text: string; label: string; wrap?: boolean }) {
  return (
    <pre class={wrap ? "lines wrap" : "lines"} tabIndex={0} aria-label={label} dir="auto">
      {visible(text.replace(/\r\n/g, "\n"))}
    </pre>
  );
}

export async function copyText(text: string): Promise<void> {
  if (isSecureContext && navigator.clipboard !== undefined) {
    await navigator.clipboard.writeText(text);
    return;
  }
  /* Plain HTTP from another machine: no clipboard but by a selection. */
  const area = document.createElement("textarea");
  area.value = text;
  const dialog = document.querySelector("dialog[open]") ?? document.body;
  dialog.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  const copy = () =>
    void copyText(text).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    });
  return (
    <button type="button" class="copy" onClick={copy} aria-label={`Copy ${what}`} title={`Copy ${what}`}>
      {done ? "Copied" : "Copy"}
    </button>
  );
}
