/* The HTTP API of the daemon, as docs/schema/api.openapi.yaml says. */
import { getJson, request, under } from "../../shared/http";
import { keepStream, type Live, type ServerEvent } from "../../shared/sse";
import type {
  Audit,
  AuditDetail,
  DmarcReports,
  DomainStat,
  FindingKind,
  FindingStat,
  MailDetail,
  MailPage,
  MonitorDetail,
  MonitorSuite,
  Session,
  Status,
  TlsReports,
  Traffic,
} from "./types";

type Query = Record<string, string | number | null>;

let kinds: Promise<Map<string, FindingKind>> | null = null;

/* Read once: it belongs to the program. */
function catalog(): Promise<Map<string, FindingKind>> {
  const reading =
    kinds ??
    getJson<{ findings: FindingKind[] }>(under("findings")).then(
      (got) => new Map(got.findings.map((f) => [f.id, f])),
    );
  kinds = reading;
  reading.catch(() => (kinds = null));
  return reading;
}

export const api = {
  session: () => getJson<Session>(under("session")),
  status: () => getJson<Status>(under("status")),
  catalog,

  messages: (query: Query) => getJson<MailPage>(under("messages"), { query }),
  message: (id: string) => getJson<MailDetail>(under("messages", id)),

  traffic: (query: Query) => getJson<Traffic>(under("stats", "traffic"), { query }),
  domains: async (query: Query) =>
    (await getJson<{ domains: DomainStat[] }>(under("stats", "domains"), { query })).domains,
  findings: async (query: Query) =>
    (await getJson<{ findings: FindingStat[] }>(under("stats", "findings"), { query })).findings,

  monitor: async () => (await getJson<{ suites: MonitorSuite[] }>(under("monitor"))).suites,
  suite: (name: string, query: Query) => getJson<MonitorDetail>(under("monitor", name), { query }),
  audits: async () => (await getJson<{ audits: Audit[] }>(under("audits"))).audits,
  audit: (domain: string) => getJson<AuditDetail>(under("audits", domain)),
  dmarc: (query: Query) => getJson<DmarcReports>(under("reports", "dmarc"), { query }),

  tls: (query: Query) => getJson<TlsReports>(under("reports", "tls"), { query }),

  events: (on: { event: (e: ServerEvent) => void; state: (s: Live) => void }) =>
    keepStream((signal) => request("GET", under("events"), { signal }), on),
};
