/* Stacked bars over time by uPlot. Every number is also in a table; the arrow keys walk along the
 * bars and a screen reader hears each. */
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";

export interface Series {
  key: string;
  name: string;
  tone: string; /* of style.css: --chart-TONE */
  values: number[];
}

interface Props {
  label: string;
  times: number[]; /* Unix time, begin of each bar */
  step: number;
  series: Series[]; /* bottom first */
  unit: string;
}

const HEIGHT = 220;
const number = (n: number): string => n.toLocaleString("en");

export function Chart(p: Props) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState<number | null>(null);
  const shown = p.series.filter((s) => !hidden.has(s.key));
  const toggle = (key: string) => {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    if (next.size < p.series.length) setHidden(next);
  };
  return (
    <div class="chart">
      <Legend p={p} at={at} hidden={hidden} toggle={toggle} />
      <Plot p={p} shown={shown} at={at} setAt={setAt} />
      <AsTable p={p} />
    </div>
  );
}

function Legend({ p, at, hidden, toggle }: {
  p: Props;
  at: number | null;
  hidden: ReadonlySet<string>;
  toggle: (key: string) => void;
}) {
  const value = (s: Series) => (at === null ? s.values.reduce((a, b) => a + b, 0) : (s.values[at] ?? 0));
  return (
    <div class="legend">
      {p.series.map((s) => (
        <button
          key={s.key}
          type="button"
          class="plain legend-item"
          aria-pressed={!hidden.has(s.key)}
          title={hidden.has(s.key) ? `Show ${s.name}` : `Hide ${s.name}`}
          onClick={() => toggle(s.key)}
        >
          <span class={`swatch ${s.tone}`} aria-hidden="true" />
          {s.name} <b>{number(value(s))}</b>
        </button>
      ))}
      <span class="quiet legend-at">{at === null ? "whole time" : moment(p, at)}</span>
    </div>
  );
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });
const dayAndClock = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

function moment(p: Props, i: number): string {
  const begin = new Date(p.times[i]! * 1000);
  if (p.step >= 86400) return day.format(begin);
  return `${dayAndClock.format(begin)}–${clock.format(new Date((p.times[i]! + p.step) * 1000))}`;
}

const told = (p: Props, i: number): string =>
  `${moment(p, i)}: ${p.series.map((s) => `${number(s.values[i] ?? 0)} ${s.name.toLowerCase()}`).join(", ")}`;

/* Sums from the bottom, as uPlot draws them: the highest first, so that the lower ones cover it. */
function stacked(shown: Series[], n: number): number[][] {
  const sum = new Array<number>(n).fill(0);
  return shown.map((s) => s.values.map((v, i) => (sum[i] = sum[i]! + v))).reverse();
}

function Plot({ p, shown, at, setAt }: {
  p: Props;
  shown: Series[];
  at: number | null;
  setAt: (i: number | null) => void;
}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [dark, setDark] = useState(isDark().matches);
  const n = p.times.length;

  useEffect(() => {
    const query = isDark();
    const follow = () => setDark(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  useEffect(() => {
    const into = place.current!;
    const u = new uPlot(
      options(p, shown, into.clientWidth, setAt),
      [p.times, ...stacked(shown, n)],
      into,
    );
    plot.current = u;
    const size = new ResizeObserver(() => u.setSize({ width: into.clientWidth, height: HEIGHT }));
    size.observe(into);
    return () => {
      size.disconnect();
      u.destroy();
    };
  }, [p.times, p.series, shown.map((s) => s.key).join(), dark]);

  const move = (i: number | null) => {
    setAt(i);
    const left = i === null ? -10 : plot.current!.valToPos(p.times[i]! + p.step / 2, "x");
    plot.current!.setCursor({ left, top: i === null ? -10 : 0 }, false);
  };
  const onKey = (e: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowLeft: (at ?? n) - 1,
      ArrowRight: (at ?? -1) + 1,
      Home: 0,
      End: n - 1,
    };
    const to = steps[e.key];
    if (to !== undefined && n > 0) move(Math.min(Math.max(to, 0), n - 1));
    else if (e.key === "Escape" && at !== null) move(null);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    <div
      class="plot"
      ref={place}
      tabIndex={0}
      role="slider"
      aria-label={`${p.label}. Arrow keys walk along the time.`}
      aria-valuemin={0}
      aria-valuemax={Math.max(n - 1, 0)}
      aria-valuenow={at ?? 0}
      aria-valuetext={at === null ? "whole time" : told(p, at)}
      onKeyDown={onKey}
      onBlur={() => at !== null && move(null)}
    />
  );
}

const isDark = (): MediaQueryList => matchMedia("(prefers-color-scheme: dark)");

function options(p: Props, shown: Series[], width: number, setAt: (i: number | null) => void): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const bars = uPlot.paths.bars!({ size: [0.86, 48], align: 1 });
  const axis = {
    stroke: colour("quiet"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    padding: [8, 18, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, dataIdx: (_, __, i, x) => bar(p, i, x) },
    scales: {
      x: { time: true, range: () => [p.times[0] ?? 0, (p.times[p.times.length - 1] ?? 0) + p.step] },
      y: { range: (_, __, most) => [0, Math.max(most * 1.05, 4)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 26, space: 60, values: (_, at, __, ___, step) => at.map((t) => tick(t, step)) },
      { ...axis, size: 48, incrs: COUNTS, values: (_, all) => all.map(short) },
    ],
    series: [
      {},
      ...[...shown].reverse().map((s) => ({
        label: s.name,
        fill: colour(`chart-${s.tone}`),
        width: 0,
        paths: bars,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [(u) => setAt(u.cursor.left! < 0 ? null : (u.cursor.idx ?? null))] },
  };
}

/* The hour; the day where one begins. */
function tick(t: number, step: number): string {
  const at = new Date(t * 1000);
  return step >= 86400 || (at.getHours() === 0 && at.getMinutes() === 0) ? date.format(at) : clock.format(at);
}

/* Messages are counted in whole numbers. */
const COUNTS = Array.from({ length: 9 }, (_, i) => [1, 2, 5].map((n) => n * 10 ** i)).flat();
const short = (n: number): string =>
  n >= 1e6 ? `${n / 1e6}M` : n >= 1e4 ? `${n / 1e3}k` : number(n);

/* The pointer is over the bar that begins before it, not over the nearest begin. */
function bar(p: Props, nearest: number, x: number): number {
  return nearest > 0 && p.times[nearest]! > x ? nearest - 1 : nearest;
}

function AsTable({ p }: { p: Props }) {
  const rows = p.times.map((_, i) => i).filter((i) => p.series.some((s) => (s.values[i] ?? 0) > 0));
  return (
    <details>
      <summary>As a table</summary>
      <div class="scroll tall" tabIndex={0} role="region" aria-label={`${p.label}, as a table`}>
        <table class="table tight">
          <thead>
            <tr>
              <th scope="col">Time</th>
              {p.series.map((s) => (
                <th scope="col" class="number" key={s.key}>
                  {s.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.reverse().map((i) => (
              <tr key={i}>
                <th scope="row">{moment(p, i)}</th>
                {p.series.map((s) => (
                  <td class="number" key={s.key}>
                    {number(s.values[i] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="quiet">Times without {p.unit} are left out.</p>
    </details>
  );
}
