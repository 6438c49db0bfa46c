/* What the HTTP API answers, as far as the page reads it (openapi.json, message-1.schema.json). */
import type { Authentication, Finding } from "../../shared/report";

export interface Info {
  version: string;
  hostname: string;
  domain: string;
  listeners: Listener[];
  you: { scope: "admin" | "inbox"; inbox: string | null };
  features: { judges: boolean; release: boolean; auth: boolean };
  store: { messages: number; attempts: number; bytes: number; unseen: number };
}

export interface Listener {
  address: string;
  tls: "off" | "offered" | "required" | "implicit";
  protocol: "smtp" | "lmtp";
}

export interface Inbox {
  id: string;
  name: string;
  address: string;
  created: string;
  expires: string | null;
  max_messages: number | null;
  has_script: boolean;
  messages: number;
  unseen: number;
}

export interface NewInbox extends Inbox {
  token: string;
}

export interface InboxRequest {
  name?: string;
  id?: string;
  ttl?: string;
  max_messages?: number;
  script?: unknown;
}

export interface Summary {
  id: string;
  seq: number;
  inbox: string;
  received: string;
  mail_from: string;
  rcpt_to: string[];
  from: string;
  to: string;
  subject: string;
  snippet: string;
  attachments: number;
  size: number;
  seen: boolean;
  tls: string | null;
  client: string;
}

export type Outcome = "accepted" | "deferred" | "refused" | "dropped";

export interface Reply {
  code: number | null;
  text: string;
}

export interface Attempt extends Summary {
  outcome: Outcome;
  stage: string;
  reply: Reply;
  helo: string;
  protocol: string;
}

export interface MessageList {
  messages: Summary[];
  total: number;
  unseen: number;
  next: string | null;
}

export interface AttemptList {
  attempts: Attempt[];
  total: number;
  next: string | null;
}

export interface Address {
  name: string;
  address: string;
}

export interface Part {
  path: string;
  type: string;
  charset: string | null;
  disposition: string | null;
  filename: string | null;
  content_id: string | null;
  encoding: string;
  size: number;
  sha256: string | null;
  attachment: boolean;
  inline: boolean;
  children: number;
}

export interface Message {
  id: string;
  seq: number;
  inbox: string;
  received: string;
  seen: boolean;
  tag: string | null;
  envelope: {
    mail_from: string;
    rcpt_to: string[];
    mail_params: string | null;
    helo: string;
    client: { ip: string; port: number };
  };
  delivery: {
    listener: string;
    protocol: string;
    auth_user: string | null;
    tls: { version: string; cipher: string; sni: string | null } | null;
    outcome: Outcome;
    stage: string;
    reply: Reply;
    attempts: number;
  };
  message_id: string | null;
  date: string | null;
  subject: string | null;
  from: Address[];
  to: Address[];
  cc: Address[];
  reply_to: Address[];
  headers: { name: string; value: string; raw: string }[];
  text: string | null;
  html: string | null;
  cut: boolean;
  size: number;
  sha256: string;
  parts: Part[];
  attachments: Part[];
  links: string[];
  codes: string[];
  hops: Hops;
  dsn: Dsn | null;
  altered: Altered | null;
  authentication: Authentication | null;
  findings: Finding[];
  verdict: { action: string; complete: boolean; reasons: string[] } | null;
  not_judged: string | null;
}

export interface Hop {
  from: string | null;
  from_rdns: string | null;
  from_ip: string | null;
  by: string | null;
  with: string | null;
  for: string | null;
  tls: boolean;
  tls_version: string | null;
  tls_cipher: string | null;
  authenticated: boolean;
  internal: boolean;
  time_s: number | null; /* Unix time */
  delay_s: number | null; /* negative: clocks differ */
}

export interface Hops {
  count: number;
  total_s: number | null;
  slowest: number | null; /* index into items */
  plain: number; /* hops between hosts without TLS */
  skew_s: number | null;
  cut: boolean;
  items: Hop[];
}

export interface Dsn {
  reporting_mta: string | null;
  envelope_id: string | null;
  original_message_id: string | null;
  recipients: {
    final: string | null;
    original: string | null;
    action: string | null;
    status: string | null;
    diagnostic: string | null;
    remote_mta: string | null;
  }[];
}

export interface Altered {
  identical: boolean;
  body_intact: boolean;
  changes: { kind: string; name: string; detail: string }[];
  cut: boolean;
}
