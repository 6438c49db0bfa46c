/* The keyboard. None of it while one types. */
import { address, PAGES } from "./route";
import { get, go, set } from "./state";

export const KEYS: [string, string][] = [
  ["1 … 6", "Overview, Live, Messages, Domains, Monitor, Status"],
  ["j  k", "next, previous row"],
  ["Enter", "open the row"],
  ["/", "search"],
  ["p", "pause the live stream, go on"],
  ["Esc", "back to the list"],
  ["?", "this help"],
];

function move(by: 1 | -1): void {
  const all = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = all.findIndex((row) => row === document.activeElement);
  const to = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  to?.focus();
  to?.scrollIntoView({ block: "nearest" });
}

export function onKey(e: KeyboardEvent): void {
  const target = e.target as HTMLElement;
  const s = get();
  if (e.ctrlKey || e.metaKey || e.altKey || s.help || !s.ready) return;
  if (target.closest("input, textarea, select") !== null) {
    if (e.key === "Escape") target.blur();
    return;
  }
  const page = PAGES[Number(e.key) - 1];
  if (e.key === "j") move(1);
  else if (e.key === "k") move(-1);
  else if (e.key === "/") document.getElementById("search")?.focus();
  else if (e.key === "p") document.getElementById("pause")?.click();
  else if (e.key === "?") set({ help: true });
  else if (e.key === "Escape") document.querySelector<HTMLElement>(".crumb")?.click();
  else if (page !== undefined) go(address(page));
  else return;
  e.preventDefault();
}
