/* Builds the page that PAGE names (sink, dashboard) into one HTML file, and beside it the Content-Security-Policy that fits exactly
 * this file: its one script and its one style sheet are allowed by their SHA-256, nothing else is. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

/* Where each goes, and what only it needs or can do without: the dashboard never writes HTML. */
const pages = {
  sink: { place: "src/capture/page", policy: ["img-src 'self' data: blob:", "frame-src 'self'"] },
  dashboard: { place: "src/webapi/page", policy: ["img-src data:", "require-trusted-types-for 'script'", "trusted-types 'none'"] },
};
const name = process.env.PAGE;
if (!Object.hasOwn(pages, name)) throw new Error(`PAGE is not one of ${Object.keys(pages)}`);

const hash = (text) => `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;

function policy(script, style) {
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "connect-src 'self'",
    ...pages[name].policy,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/* The licences of what is inside go with it. */
function licences(modules) {
  const names = ["preact", "uplot"].filter((n) => modules.some((m) => m.includes(`/node_modules/${n}/`)));
  const texts = names.map((n) => {
    const text = readFileSync(new URL(`node_modules/${n}/LICENSE`, import.meta.url), "utf8");
    return `${n}\n\n${text.replace(/\r/g, "").trim()}\n`;
  });
  if (texts.some((t) => t.includes("--"))) throw new Error("a licence would end its comment");
  return `<!--\nThis page holds:\n\n${texts.join("\n")}-->\n`;
}

function oneFile() {
  return {
    name: "one-file",
    enforce: "post",
    generateBundle(_, bundle) {
      const files = Object.values(bundle);
      const only = (what, suffix) => {
        const found = files.filter((f) => f.fileName.endsWith(suffix));
        if (found.length !== 1) this.error(`${found.length} ${what} instead of one`);
        return found[0];
      };
      const html = only("pages", ".html");
      const js = only("scripts", ".js");
      const css = only("style sheets", ".css");
      const script = js.code.trim();
      const style = String(css.source).trim();
      if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style))
        this.error("the code holds a tag that would end its own element");
      let page = String(html.source);
      const put = (pattern, element) => {
        if (!pattern.test(page)) this.error(`the page has no ${pattern}`);
        page = page.replace(pattern, () => element);
      };
      put(/<link rel="stylesheet"[^>]*>/, `<style>${style}</style>`);
      /* Behind the body: an inline script is not deferred, a module is. */
      put(/<script type="module"[^>]*><\/script>/, `<script type="module">${script}</script>`);
      html.source = page.replace("</body>", () => `${licences(js.moduleIds)}</body>`);
      delete bundle[js.fileName];
      delete bundle[css.fileName];
      this.emitFile({ type: "asset", fileName: "csp.txt", source: policy(script, style) });
    },
  };
}

export default defineConfig({
  root: name,
  plugins: [oneFile()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: process.env.MP_PAGE_OUT ?? `../../${pages[name].place}`,
    emptyOutDir: false,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
});
