/* The way of a message by its Received fields, oldest first, with the time each hop took. Only the
 * last one is written by somebody we trust. */
import { duration, when, whenExactly } from "../../shared/format";
import { Alien } from "../../shared/text";
import { Hollow } from "./pieces";
import type { Hop } from "./types";

const SLOW_S = 60;

export function Hops({ all, received }: { all: Hop[]; received: string | null }) {
  if (all.length === 0) return <Hollow>No Received field: it was handed straight to us.</Hollow>;
  const way = [...all].reverse();
  const times = [...way.map((h) => secondsOf(h.date)), secondsOf(received)];
  const first = times.find((t) => t !== null) ?? null;
  const last = times[times.length - 1] ?? null;
  return (
    <>
      <ol class="hops">
        {way.map((h, i) => (
          <OneHop key={i} h={h} took={between(times[i - 1], times[i])} />
        ))}
        {last !== null && (
          <li class="hop us">
            <div class="hop-who">
              <b>here</b> <Took s={between(times[way.length - 1], last)} />
            </div>
            <div class="quiet">{when(received!)}</div>
          </li>
        )}
      </ol>
      {first !== null && last !== null && last > first && (
        <p class="quiet">From the first to us: {duration(last - first)}. What stands below our own server can be forged.</p>
      )}
    </>
  );
}

function secondsOf(date: string | null): number | null {
  const at = date === null ? NaN : Date.parse(date);
  return isNaN(at) ? null : Math.round(at / 1000);
}

const between = (a: number | null | undefined, b: number | null | undefined): number | null =>
  a == null || b == null ? null : b - a;

function Took({ s }: { s: number | null }) {
  if (s === null) return null;
  if (s < 0) return <span class="badge warn">{duration(s)}: clocks differ</span>;
  return <span class={`badge ${s >= SLOW_S ? "warn" : "none"}`}>+{duration(s)}</span>;
}

function OneHop({ h, took }: { h: Hop; took: number | null }) {
  const client = [h.rdns, h.ip].filter((x) => x !== null && x !== "" && x !== h.from).join(" ");
  return (
    <li class={h.tls ? "hop tls" : "hop"}>
      <div class="hop-who">
        <Alien text={h.from ?? "somebody"} />
        <span class="quiet"> → </span>
        <Alien text={h.by ?? "somebody"} />
        {h.tls ? (
          <span class="badge good">{h.tls_version === null ? "TLS" : <Alien text={h.tls_version} />}</span>
        ) : (
          <span class="badge none">no TLS</span>
        )}
        <Took s={took} />
      </div>
      <div class="quiet">
        {h.date !== null && (
          <time dateTime={h.date} title={whenExactly(h.date)}>
            {when(h.date)}
          </time>
        )}
        {h.with !== null && (
          <>
            {" "}
            by <Alien text={h.with} />
          </>
        )}
        {client !== "" && (
          <>
            {" "}
            from <Alien text={client} />
          </>
        )}
      </div>
    </li>
  );
}
