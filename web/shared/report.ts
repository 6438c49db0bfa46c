/* What every page reads of the result document (docs/schema/report-1.schema.json). */

export interface Spf {
  result: string;
  domain: string | null;
  identity: string | null;
  mechanism: string | null;
  lookups: number;
  reason: string | null;
}

export interface Dkim {
  result: string;
  domain: string | null;
  selector: string | null;
  algorithm: string | null;
  key_bits: number | null;
  aligned: boolean;
  body_hash: string;
  signature: string;
  reason: string | null;
}

export interface Authentication {
  spf: Spf;
  helo: Spf;
  dkim: Dkim[];
  arc: {
    result: string;
    instances: number;
    sealers: string[]; /* instance 1 first */
    trusted: boolean;
    untrusted_sealer: string | null;
    reason: string | null;
  };
  dmarc: {
    result: string;
    author_domain: string | null;
    policy_domain: string | null;
    policy: string | null;
    applies: "p" | "sp" | "np" | null;
    testing: boolean;
    override: string | null;
    disposition: string | null;
    spf_aligned: boolean;
    dkim_aligned: boolean;
    reason: string | null;
  };
  authentication_results: string | null;
}

export type Severity = "critical" | "high" | "medium" | "low" | "info";

export interface Finding {
  id: string;
  severity: Severity;
  title: string;
  evidence: string;
  where: { part: string | null; member?: string | null; offset: number | null; header: string | null };
  remedy: string;
  reference: string | null;
}
