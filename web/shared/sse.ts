/* Server-sent events over fetch: EventSource cannot send a bearer token. */

export interface ServerEvent {
  type: string;
  data: string;
}

/* Feeds a parser with text as it comes; whole events go to `emit`. */
export function eventParser(emit: (event: ServerEvent) => void): (chunk: string) => void {
  let rest = "";
  let type = "";
  let data: string[] = [];
  const line = (text: string) => {
    if (text === "") {
      if (data.length > 0) emit({ type: type || "message", data: data.join("\n") });
      type = "";
      data = [];
      return;
    }
    const colon = text.indexOf(":");
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "event") type = value;
    if (field === "data") data.push(value);
  };
  return (chunk) => {
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    lines.forEach(line);
  };
}

export type Live = "connecting" | "live" | "down";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15000;
const SILENCE_MS = 50000; /* the server says something every 15 s, if only a comment */

/* Keeps a stream open until the returned function is called. `on.state` tells how it is; after
 * every "live" the listener has to look at everything again: events may have been missed. */
export function keepStream(
  open: (signal: AbortSignal) => Promise<Response>,
  on: { event: (e: ServerEvent) => void; state: (s: Live) => void },
): () => void {
  const stop = new AbortController();
  let pause = FIRST_PAUSE_MS;
  const once = async () => {
    /* A wire that is gone without a word (a laptop that slept) would be read forever. */
    const silence = new AbortController();
    const heard = timer(SILENCE_MS, () => silence.abort());
    try {
      await read(AbortSignal.any([stop.signal, silence.signal]), heard.again);
    } finally {
      heard.end();
    }
  };
  const read = async (signal: AbortSignal, heard: () => void) => {
    const response = await open(signal);
    if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
    pause = FIRST_PAUSE_MS;
    on.state("live");
    const feed = eventParser(on.event);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      heard();
      feed(part.value);
    }
  };
  const loop = async () => {
    while (!stop.signal.aborted) {
      await once().catch(() => undefined);
      if (stop.signal.aborted) return;
      on.state("down");
      await wait(pause, stop.signal);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      if (!stop.signal.aborted) on.state("connecting");
    }
  };
  on.state("connecting");
  void loop();
  return () => stop.abort();
}

function timer(ms: number, run: () => void): { again: () => void; end: () => void } {
  let id = setTimeout(run, ms);
  return {
    again: () => {
      clearTimeout(id);
      id = setTimeout(run, ms);
    },
    end: () => clearTimeout(id),
  };
}

/* A pause that ends early when the network or the tab comes back. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      document.removeEventListener("visibilitychange", end);
      done();
    };
    const timer = setTimeout(end, ms);
    addEventListener("online", end);
    document.addEventListener("visibilitychange", end);
    signal.addEventListener("abort", end);
  });
}
