/* Builds the page into one HTML file, and beside it the Content-Security-Policy that fits exactly
 * this file: its one script and its one style sheet are allowed by their SHA-256, nothing else is. */
import { createHash } from "node:crypto";
import { defineConfig } from "vite";

const hash = (text) => `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;

function policy(script, style) {
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
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
      html.source = page;
      delete bundle[js.fileName];
      delete bundle[css.fileName];
      this.emitFile({ type: "asset", fileName: "csp.txt", source: policy(script, style) });
    },
  };
}

export default defineConfig({
  plugins: [oneFile()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: process.env.MP_PAGE_OUT ?? "../../src/capture/page",
    emptyOutDir: false,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
});
