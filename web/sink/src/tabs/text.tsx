/* The plain text, and what a test clicks on or types: links and codes. */
import { Alien, Copy, Lines } from "../../../shared/text";
import type { Message } from "../types";

export function TextTab({ m }: { m: Message }) {
  return (
    <>
      {m.codes.length > 0 && (
        <section class="block">
          <h3>Codes</h3>
          <ul class="codes">
            {m.codes.map((code) => (
              <li key={code}>
                <code>
                  <Alien text={code} />
                </code>{" "}
                <Copy text={code} what="code" />
              </li>
            ))}
          </ul>
        </section>
      )}
      {m.text === null || m.text === "" ? (
        <p class="quiet pad">No text.</p>
      ) : (
        <Lines text={m.text} label="Text of the message" />
      )}
      {m.links.length > 0 && (
        <section class="block">
          <h3>Links</h3>
          <ul class="links">
            {m.links.map((link) => (
              <li key={link}>
                <Copy text={link} what="link" />
                <Target url={link} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/* A link of a stranger: opened only by a click, without telling where from. */
function Target({ url }: { url: string }) {
  if (!/^https?:\/\//i.test(url)) return <Alien text={url} />;
  return (
    <a href={url} target="_blank" rel="noopener noreferrer nofollow">
      <Alien text={url} />
    </a>
  );
}
