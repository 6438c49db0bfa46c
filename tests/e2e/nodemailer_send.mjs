/* Sends mail with npm's nodemailer: jobs as JSON on standard input, what became of them on standard
   output. usage: node nodemailer_send.mjs, in a folder below which nodemailer is installed.
   A job is {transport, mail}; `mail.raw` may be base64, as raw64. */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.cwd()}/`);
const nodemailer = require("nodemailer");
const results = [];

for (const { transport, mail } of JSON.parse(readFileSync(0, "utf8"))) {
  const sender = nodemailer.createTransport(transport);
  if (mail.raw64 !== undefined) mail.raw = Buffer.from(mail.raw64, "base64");
  try {
    const { response, accepted, rejected } = await sender.sendMail(mail);
    results.push({ response, accepted, rejected });
  } catch (e) {
    results.push({ error: String(e.message), code: e.responseCode ?? e.code });
  }
  sender.close();
}
console.log(JSON.stringify(results));
