/* A browser on a string: one JSON command a line on standard input, one JSON answer a line on
 * standard output. page_test.py knows what to expect; this file knows how to click. */
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const WAIT_MS = Number(process.env.MP_WAIT_MS ?? 60000);
const browser = await chromium.launch({
  executablePath: process.env.MP_CHROMIUM,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    `--host-resolver-rules=${process.env.MP_HOSTS ?? ""}`,
  ],
});

let context, page, requests, complaints;

const here = (url) => {
  const origin = new URL(page.url()).origin;
  return [`${origin}/`, "data:", "blob:", "about:"].some((start) => url.startsWith(start));
};

/* Holds, or the time is over. */
async function until(condition) {
  const end = Date.now() + WAIT_MS;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error("it does not come to hold");
    await new Promise((next) => setTimeout(next, 50));
  }
}

const ops = {
  /* A new visitor: {width, height, dark, touch} */
  async visit({ url, width = 1440, height = 900, dark = false }) {
    await context?.close();
    context = await browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
      acceptDownloads: true,
    });
    context.setDefaultTimeout(WAIT_MS);
    page = await context.newPage();
    requests = [];
    complaints = [];
    context.on("request", (r) => requests.push(r));
    page.on("pageerror", (e) => complaints.push(String(e)));
    page.on("dialog", (d) => {
      complaints.push(`dialog: ${d.message()}`);
      void d.dismiss();
    });
    await page.goto(url);
  },
  goto: ({ url }) => page.goto(url).then(() => null),
  wait: ({ sel, state = "visible" }) => page.locator(sel).first().waitFor({ state }),
  /* Until the expression holds in the page, whose policy forbids to wait for it inside. */
  until: ({ js }) => until(() => page.evaluate(js)),
  click: ({ sel }) => page.locator(sel).first().click(),
  fill: ({ sel, text }) => page.locator(sel).first().fill(text),
  select: ({ sel, value }) => page.locator(sel).first().selectOption(value).then(() => null),
  press: ({ key }) => page.keyboard.press(key),
  texts: ({ sel }) => page.locator(sel).allInnerTexts(),
  value: ({ sel }) => page.locator(sel).first().inputValue(),
  js: ({ js }) => page.evaluate(js),
  /* In the frame of the preview. */
  frame: async ({ sel }) => {
    const frame = page.frameLocator("iframe").first();
    await frame.locator(sel).first().waitFor({ state: "attached" });
    return frame.locator(sel).first().innerText();
  },
  frameAttribute: ({ sel, name }) =>
    page.frameLocator("iframe").first().locator(sel).first().getAttribute(name),
  /* Loaded pictures of the preview have a size. */
  framePictures: () =>
    page.frameLocator("iframe").first().locator("img").evaluateAll((all) =>
      all.map((i) => [i.alt, i.complete ? i.naturalWidth : -1])),
  async download({ sel }) {
    const coming = page.waitForEvent("download");
    await page.locator(sel).first().click();
    const d = await coming;
    return { name: d.suggestedFilename(), path: await d.path() };
  },
  shot: ({ path }) => page.screenshot({ path }).then(() => null),
  /* What was to go elsewhere, each with what became of it: "csp" was stopped by a policy. */
  async elsewhere() {
    const gone = requests.filter((r) => !here(r.url()));
    await until(() => gone.every((r) => r.failure() !== null || r.existingResponse?.() != null));
    return gone.map((r) => [r.url(), r.failure()?.errorText ?? ""]);
  },
  complaints: () => complaints,
};

for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...args } = JSON.parse(line);
  let answer;
  try {
    answer = { ok: (await ops[op](args)) ?? null };
  } catch (e) {
    answer = { error: String(e).split("\n").slice(0, 4).join(" | ") };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
