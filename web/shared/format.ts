/* Numbers and times as people read them. */

export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = n / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dayAndYear = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

/* Today only the time, this year day and time, else the date. */
export function when(iso: string, now = new Date()): string {
  const at = new Date(iso);
  if (isNaN(+at)) return iso;
  if (at.toDateString() === now.toDateString()) return time.format(at);
  if (at.getFullYear() === now.getFullYear()) return `${day.format(at)}, ${time.format(at)}`;
  return dayAndYear.format(at);
}

export function whenExactly(iso: string): string {
  const at = new Date(iso);
  return isNaN(+at) ? iso : whole.format(at);
}

export function duration(seconds: number): string {
  const s = Math.abs(seconds);
  const sign = seconds < 0 ? "−" : "";
  if (s < 60) return `${sign}${Number.isInteger(s) ? s : s.toFixed(1)} s`;
  if (s < 3600) return `${sign}${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
  if (s < 86400) return `${sign}${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
  return `${sign}${Math.floor(s / 86400)} d ${Math.round((s % 86400) / 3600)} h`;
}

/* How long an inbox still lives. */
export function until(iso: string, now = Date.now()): string {
  const left = Math.round((Date.parse(iso) - now) / 1000);
  return left <= 0 ? "ended" : left < 60 ? "ends within a minute" : `ends in ${duration(left - (left % 60)).replace(" 0 s", "")}`;
}
