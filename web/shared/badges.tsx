/* Results of SPF, DKIM and DMARC in the words of the RFCs; colour only repeats the word. */
import type { Authentication, Dkim, Severity } from "./report";

export function tone(result: string): string {
  if (result === "pass") return "good";
  if (result === "fail") return "bad";
  if (result === "none") return "none";
  return "warn";
}

/* The best that one signature got: DMARC needs one only. */
export function bestDkim(all: Dkim[]): string {
  const order = ["pass", "temperror", "policy", "neutral", "permerror", "fail"];
  return order.find((r) => all.some((d) => d.result === r)) ?? "none";
}

export function Badge({ name, result }: { name: string; result: string }) {
  return (
    <span class={`badge ${tone(result)}`}>
      {name} {result}
    </span>
  );
}

export function Badges({ a }: { a: Authentication }) {
  return (
    <>
      <Badge name="SPF" result={a.spf.result} />
      <Badge name="DKIM" result={bestDkim(a.dkim)} />
      <Badge name="DMARC" result={a.dmarc.result} />
    </>
  );
}

export const SEVERITY: Record<Severity, string> = {
  critical: "bad",
  high: "bad",
  medium: "warn",
  low: "none",
  info: "none",
};
