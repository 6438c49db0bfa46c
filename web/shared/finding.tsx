/* One finding: what it means, what was seen and where, what to do about it. */
import { SEVERITY } from "./badges";
import type { Finding } from "./report";
import { Alien } from "./text";

export function OneFinding({ f, level = 4 }: { f: Finding; level?: 3 | 4 }) {
  const Heading = `h${level}` as const;
  const where = [
    f.where.header === null ? null : `field ${f.where.header}`,
    f.where.part === null || f.where.part === "" ? null : `part ${f.where.part}`,
    f.where.member == null ? null : `“${f.where.member}” in it`,
    f.where.offset === null ? null : `byte ${f.where.offset}`,
  ].filter((w) => w !== null);
  return (
    <article class="finding">
      <Heading>
        <span class={`badge ${SEVERITY[f.severity]}`}>{f.severity}</span> {f.title}
      </Heading>
      {f.evidence !== "" && (
        <p class="evidence">
          <Alien text={f.evidence} />
        </p>
      )}
      <p>{f.remedy}</p>
      <p class="quiet">
        <code>{f.id}</code>
        {f.reference !== null && ` · ${f.reference}`}
        {where.length > 0 && (
          <>
            {" · "}
            <Alien text={where.join(", ")} />
          </>
        )}
      </p>
    </article>
  );
}
