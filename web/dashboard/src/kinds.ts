/* The catalogue of findings: what one means and what to do about it, where only its id is kept. */
import { useEffect, useState } from "preact/hooks";
import type { Finding, Severity } from "../../shared/report";
import { api } from "./api";
import type { FindingKind } from "./types";

export type Kinds = ReadonlyMap<string, FindingKind>;

/* Empty until it has come, and when it does not come. */
export function useCatalog(): Kinds {
  const [kinds, setKinds] = useState<Kinds>(new Map());
  useEffect(() => {
    api.catalog().then(setKinds, () => undefined);
  }, []);
  return kinds;
}

export function whole(
  id: string,
  severity: Severity,
  evidence: string,
  title: string | null,
  kind: FindingKind | undefined,
): Finding {
  return {
    id,
    severity,
    title: title ?? kind?.title ?? id,
    evidence,
    where: { part: null, offset: null, header: null },
    remedy: kind?.remedy ?? "",
    reference: kind?.reference ?? null,
  };
}
