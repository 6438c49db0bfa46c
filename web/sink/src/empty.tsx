/* Nothing here: how to send a first message. */
import { Copy } from "../../shared/text";
import { COMMON, type State } from "./state";
import type { Listener } from "./types";

export function Empty({ s }: { s: State }) {
  if (s.route.q !== "")
    return (
      <div class="pad empty">
        <h2>Nothing found</h2>
        <p class="quiet">No message matches the search.</p>
      </div>
    );
  if (s.route.view === "attempts")
    return (
      <div class="pad empty">
        <h2>No attempts yet</h2>
        <p class="quiet">
          Here stands every transaction, also those that were refused, deferred or broken off.
        </p>
      </div>
    );
  return (
    <div class="pad empty">
      <h2>No messages yet</h2>
      <p class="quiet">What is sent to this server appears here at once. Nothing leaves it.</p>
      <FirstMail s={s} />
    </div>
  );
}

function FirstMail({ s }: { s: State }) {
  const listener = s.info?.listeners.find((l) => l.protocol === "smtp") ?? s.info?.listeners[0];
  if (s.info === null || listener === undefined) return null;
  const box = s.inboxes.find((b) => b.id === s.route.inbox);
  const to = box === undefined || box.id === COMMON ? `anyone@${s.info.domain}` : box.address;
  const lines = [swaks(listener, to), curl(listener, to)];
  return (
    <>
      <p>Send a first one:</p>
      {lines.map((line) => (
        <div class="command" key={line}>
          <code>{line}</code>
          <Copy text={line} what="command" />
        </div>
      ))}
    </>
  );
}

function swaks(l: Listener, to: string): string {
  const tls = { off: "", offered: "", required: " -tls", implicit: " -tlsc" }[l.tls];
  const lmtp = l.protocol === "lmtp" ? " --protocol LMTP" : "";
  return `swaks --server ${l.address}${lmtp}${tls} --from me@example.test --to ${to}`;
}

function curl(l: Listener, to: string): string {
  const tls = { off: "", offered: "", required: " --ssl-reqd -k", implicit: " -k" }[l.tls];
  const scheme = l.tls === "implicit" ? "smtps" : "smtp";
  return `printf 'Subject: hello\\n\\nFirst.\\n' | curl${tls} ${scheme}://${l.address} --crlf --mail-from me@example.test --mail-rcpt ${to} -T -`;
}
