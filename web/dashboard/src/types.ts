/* What the HTTP API answers, as far as the page reads it (docs/schema/api.openapi.yaml). */
import type { Authentication, Finding, Severity } from "../../shared/report";

export type Action = "accept" | "tag" | "quarantine" | "reject" | "tempfail";
export type Mode = "inbound" | "outbound" | "monitor" | "scan";

export interface Session {
  name: string;
  scopes: string[];
  version: string;
}

export interface MailFinding {
  id: string;
  severity: Severity;
  title: string | null;
  count: number;
  evidence: string;
}

export interface MailPolicy {
  p: string | null;
  sp: string | null;
  np: string | null;
  disposition: string | null;
  override: string | null;
  comment: string | null;
}

/* One mail in short: a row of a list, an event, the head of its page. */
export interface Mail {
  id: string;
  time: string | null;
  elapsed_us: number;
  mode: Mode;
  listener: string | null;
  queue_id: string | null;
  client: { ip: string | null; name: string | null };
  helo: string | null;
  tls: string | null;
  auth_user: string | null;
  mail_from: string | null; /* "": the null sender */
  rcpt_to: string[];
  rcpt_count: number;
  from: string | null;
  from_domain: string | null;
  subject: string | null;
  message_id: string | null;
  size: number;
  sha256: string | null;
  action: Action; /* of the policy */
  done: string | null; /* what the MTA was told */
  complete: boolean;
  reply: string | null;
  authentication: {
    spf: { result: string | null; domain: string | null; scope: string | null; aligned: boolean };
    dkim: {
      aligned: boolean;
      signatures: { domain: string | null; selector: string | null; result: string | null }[];
    };
    arc: string | null;
    dmarc: { result: string | null; domain: string | null; policy: MailPolicy | null };
  };
  findings: MailFinding[]; /* gravest first */
  signed_by: string[]; /* domain:selector */
}

export interface MailPage {
  messages: Mail[];
  next: string | null;
}

/* A Received field, topmost first. */
export interface Hop {
  from: string | null;
  rdns: string | null;
  ip: string | null;
  by: string | null;
  with: string | null;
  tls: boolean;
  tls_version: string | null;
  date: string | null;
}

/* What was inspected: a body, or a member of an archive. */
export interface Inspected {
  part: string;
  member: string | null;
  names: { name: string | null; from: string }[];
  type: string | null;
  detected: string | null;
  size: number;
  sha256: string | null;
  encrypted: boolean;
}

export interface Link {
  url: string | null;
  source: string;
  text: string | null;
  hidden: boolean;
}

/* What others know of the message: feeds, DNS lists, services. */
export interface Indicator {
  value: string | null;
  found: string | null;
  role: string;
  feed: string;
  label: string | null;
}
export interface Listing {
  list: string;
  asked: string | null;
  word: string;
  codes: string | null;
  reason: string | null;
}
export interface Answer {
  service: string;
  asked: string | null;
  word: string;
  label: string | null;
  detail: string | null;
}

export interface Report {
  authentication: Authentication;
  findings: Finding[];
  hops?: Hop[];
  edits?: Edit[];
  objects?: Inspected[];
  urls?: Link[];
  indicators?: Indicator[];
  listings?: Listing[];
  services?: Answer[];
  verdict: { action: Action; complete: boolean; reasons: string[] };
}

export interface Edit {
  kind: "remove" | "replace" | "prepend";
  name: string;
  value: string | null;
  occurrence: number | null;
}

export interface MailDetail {
  mail: Mail;
  report: Report | null; /* null: history keeps none of it */
}

export interface Counts extends Record<Action, number> {
  total: number;
  other: number;
  incomplete: number;
  bytes: number;
  elapsed_us_mean: number | null;
}

export interface Bucket extends Counts {
  time: string;
}

export interface Traffic {
  since: string;
  until: string;
  step_s: number;
  totals: Counts;
  buckets: Bucket[];
}

export interface Results {
  pass: number;
  fail: number;
  other: number;
  aligned: number | null;
  none: number | null; /* of DMARC: no policy */
}

export interface DomainStat {
  domain: string | null;
  total: number;
  spf: Results;
  dkim: Results;
  dmarc: Results;
  arc: Results;
}

export interface FindingStat {
  id: string;
  severity: Severity;
  title: string | null;
  mails: number;
}

export interface FindingKind {
  id: string;
  severity: Severity;
  title: string;
  remedy: string;
  reference: string | null;
}

export type Health = "ok" | "degraded" | "down" | "off" | "unknown";

export interface Status {
  version: string;
  now: string | null;
  started: string | null;
  uptime_s: number;
  generation: number;
  state: Health;
  problems: string[];
  roles: {
    role: string;
    number: number;
    pid: number;
    state: "running" | "starting" | "stopping" | "waiting";
    generation: number;
    started: string | null;
    restarts: number;
    last_exit: string | null;
  }[];
  listeners: {
    name: string;
    protocol: string;
    address: string;
    mode: string | null;
    connections: number;
  }[];
  queues: { name: string; depth: number; max: number | null; dropped: number }[];
  clamd: {
    state: Health;
    version: string | null;
    database: string | null;
    database_time: string | null;
    database_age_s: number | null;
    error: string | null;
  };
  intel: {
    state: Health;
    indicators: number;
    feeds: {
      name: string;
      state: Health;
      entries: number;
      updated: string | null;
      age_s: number | null;
      error: string | null;
    }[];
    error: string | null;
  };
  resolver: {
    state: Health;
    queries: number;
    cached: number;
    failed: number;
    timeouts: number;
    error: string | null;
  };
  history: {
    state: Health;
    mails: number;
    bytes: number;
    oldest: string | null;
    pending: number;
    dropped: number;
    error: string | null;
  };
  hooks: {
    name: string;
    state: Health;
    pending: number;
    delivered: number;
    failed: number;
    last_success: string | null;
    error: string | null;
  }[];
  signer: {
    state: Health;
    keys: { domain: string; selector: string; algorithm: string }[];
    error: string | null;
  };
  http: {
    requests: number;
    errors: number;
    refused: number;
    streams: number;
    overdue: number;
    scans_running: number;
    scans_waiting: number;
    scans_max: number;
  };
}

/* A part of the daemon changed its state. */
export interface StatusEvent {
  time: string;
  part: string;
  state: Health;
  detail: string;
}

export type MonitorState = "passed" | "failed" | "undecided" | "pending";

/* One test of a suite, run once. */
export interface MonitorRun {
  name: string;
  time: string | null;
  state: MonitorState;
  changed: boolean;
  before: MonitorState | null;
  elapsed_ms: number;
  detail: string | null;
}

export interface MonitorSuite {
  name: string;
  schedule: string | null;
  state: MonitorState;
  since: string | null;
  last_run: string | null;
  tests: number;
  failed: number;
  undecided: number;
  elapsed_ms: number | null;
  detail: string | null;
}

export interface MonitorDetail {
  suite: MonitorSuite;
  tests: MonitorRun[]; /* the last run of each */
  runs: MonitorRun[]; /* of all tests, newest first */
}

/* Of a test of a suite, or of an audit: then the states are grades. */
export interface MonitorChange {
  time: string;
  kind: "suite" | "audit";
  suite: string | null;
  name: string;
  before: string | null;
  state: string;
  detail: string | null;
}

export interface AuditFinding {
  id: string;
  severity: Severity;
  evidence?: string;
}

export interface Audit {
  domain: string;
  time: string | null;
  grade: string | null;
  score: number;
  changed: boolean;
  before: string | null;
  findings: AuditFinding[] | null;
}

export interface AuditDetail {
  domain: string;
  history: Audit[]; /* newest first */
}

export interface DmarcSums {
  messages: number;
  passed: number;
  dkim_aligned: number;
  spf_aligned: number;
  quarantined: number;
  rejected: number;
}

export interface DmarcDomain extends DmarcSums {
  domain: string;
  policy: string | null;
  reports: number;
  sources: number;
  first: string | null;
  last: string | null;
}

export interface DmarcSource extends DmarcSums {
  domain: string;
  ip: string | null;
  reports: number;
  dkim_passed: number;
  spf_passed: number;
  header_from: string | null;
  dkim_domain: string | null;
  spf_domain: string | null;
  reason: string | null;
  first: string | null;
  last: string | null;
}

export interface TlsPolicy {
  domain: string;
  org: string | null;
  policy_type: string | null;
  begin: string | null;
  end: string | null;
  successful: number;
  failed: number;
}

export interface TlsFailure {
  domain: string;
  org: string | null;
  result_type: string | null;
  sending_ip: string | null;
  receiving_mx: string | null;
  reason: string | null;
  sessions: number;
  end: string | null;
}

export interface TlsReports {
  policies: TlsPolicy[];
  failures: TlsFailure[];
  more: boolean;
}

export interface DmarcReports {
  domains: DmarcDomain[];
  sources: DmarcSource[];
  days: (DmarcSums & { day: string })[];
  more: boolean;
}
