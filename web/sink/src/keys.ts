/* The keyboard: j k / Enter Delete ? and friends. None of them while one types. */
import { TABS } from "./route";
import { deleteMessage, get, go, set, setSeen } from "./state";

export const KEYS: [string, string][] = [
  ["j  k", "next, previous message"],
  ["Enter", "open the message"],
  ["Delete", "delete the message"],
  ["u", "mark as read or unread"],
  ["1 … 8", "tabs of the message"],
  ["/", "search"],
  ["Esc", "back to the list"],
  ["?", "this help"],
];

const rows = (): HTMLAnchorElement[] => [...document.querySelectorAll<HTMLAnchorElement>("a.row")];

/* The message with the focus, else the open one. */
function current(): string | null {
  const row = document.activeElement?.closest<HTMLElement>("a.row");
  return row?.dataset["id"] ?? get().route.id;
}

function move(by: 1 | -1): void {
  const all = rows();
  const at = all.findIndex((a) => a.dataset["id"] === current());
  const to = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  to?.focus();
  to?.scrollIntoView({ block: "nearest" });
  /* Who reads on a wide page goes on reading. */
  if (to !== undefined && get().route.id !== null) go({ id: to.dataset["id"] ?? null }, true);
}

function back(): void {
  const s = get();
  if (s.drawer) set({ drawer: false });
  else if (s.route.id !== null) {
    const id = s.route.id;
    go({ id: null, tab: null });
    requestAnimationFrame(() => rows().find((a) => a.dataset["id"] === id)?.focus());
  }
}

function toggleSeen(id: string): void {
  const s = get();
  const seen = s.items.find((m) => m.id === id)?.seen ?? s.opened?.doc?.seen;
  if (seen !== undefined) void setSeen(id, !seen);
}

export function onKey(e: KeyboardEvent): void {
  const target = e.target as HTMLElement;
  const s = get();
  if (e.ctrlKey || e.metaKey || e.altKey || s.dialog !== null || s.needsToken) return;
  if (target.closest("input, textarea, select") !== null) {
    if (e.key === "Escape") target.blur();
    return;
  }
  const id = current();
  const tab = TABS[Number(e.key) - 1];
  if (e.key === "j") move(1);
  else if (e.key === "k") move(-1);
  else if (e.key === "/") document.getElementById("search")?.focus();
  else if (e.key === "?") set({ dialog: { kind: "help" } });
  else if (e.key === "Escape") back();
  else if (e.key === "Delete" && id !== null) void deleteMessage(id);
  else if (e.key === "u" && id !== null) toggleSeen(id);
  else if (tab !== undefined && s.route.id !== null) go({ tab }, true);
  else return;
  e.preventDefault();
}
