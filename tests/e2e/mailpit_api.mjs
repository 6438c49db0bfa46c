/* The read and delete calls of npm's mailpit-api against the server named by its argument: TAP.
   usage: node mailpit_api.mjs URL TOKEN, in a folder below which mailpit-api is installed */
import { createRequire } from "node:module";
import assert from "node:assert/strict";

const require = createRequire(`${process.cwd()}/`);
const { MailpitClient } = require("mailpit-api");
const [url, token] = process.argv.slice(2);
const mailpit = new MailpitClient(url, { auth: { username: "any", password: token } });
let count = 0;
let failed = 0;

async function row(label, check) {
  count++;
  try {
    await check();
    console.log(`ok ${count} - ${label}`);
  } catch (e) {
    failed++;
    console.log(`not ok ${count} - ${label}\n# ${String(e.message).replaceAll("\n", "\n# ")}`);
  }
}

let id;
await row("getInfo", async () => {
  const info = await mailpit.getInfo();
  assert.equal(info.Messages, 3);
  assert.equal(info.Unread, 3);
  assert.equal(typeof info.RuntimeStats.Uptime, "number");
});
await row("getConfiguration", async () => {
  assert.equal((await mailpit.getConfiguration()).MessageRelay.Enabled, false);
});
await row("listMessages", async () => {
  const list = await mailpit.listMessages();
  assert.equal(list.total, 3);
  assert.equal(list.messages.length, 3);
  const first = list.messages[0];
  assert.deepEqual(first.From, { Name: "Café", Address: "bob@good.test" });
  assert.deepEqual(first.To, [{ Name: "", Address: "alice@sink.test" }]);
  assert.deepEqual(first.Cc, [{ Name: "Carol, C.", Address: "carol@other.test" }]);
  assert.equal(first.Subject, "Mail three");
  assert.equal(first.Attachments, 1);
  assert.equal(first.Read, false);
  assert.ok(!Number.isNaN(Date.parse(first.Created)));
  assert.deepEqual(list.tags, ["mp-three", "mp-two", "mp-one"]);
  id = first.ID;
});
await row("listMessages, a page", async () => {
  const page = await mailpit.listMessages(1, 1);
  assert.equal(page.start, 1);
  assert.deepEqual(page.messages.map((m) => m.Subject), ["Mail two"]);
});
await row("searchMessages", async () => {
  const found = await mailpit.searchMessages({ query: "subject:three from:bob@good.test", tz: "UTC" });
  assert.equal(found.messages_count, 1);
  assert.equal(found.total, 3);
  assert.equal(found.messages[0].ID, id);
  assert.equal((await mailpit.searchMessages({ query: "is:read" })).messages_count, 0);
  assert.equal((await mailpit.searchMessages({ query: "has:attachment" })).messages_count, 3);
});
await row("waitForMessage, waitForMessages", async () => {
  assert.equal((await mailpit.waitForMessage({ query: "subject:three" })).ID, id);
  assert.equal((await mailpit.waitForMessages({ count: 3, exact: true })).messages_count, 3);
});
await row("getMessageSummary, of an id and the latest", async () => {
  const m = await mailpit.getMessageSummary(id);
  assert.equal(m.Subject, "Mail three");
  assert.equal(m.ReturnPath, "bob@good.test");
  assert.match(m.HTML, /<b>481516<\/b>/);
  assert.equal(m.Attachments[0].FileName, "a.pdf");
  assert.equal(m.Attachments[0].ContentType, "application/pdf");
  assert.equal(m.Attachments[0].Size, 4);
  assert.deepEqual(m.Tags, ["mp-three"]);
  assert.deepEqual(m.Inline, []);
  assert.equal((await mailpit.getMessageSummary()).ID, id);
});
await row("reading marked it as read", async () => {
  assert.equal((await mailpit.searchMessages({ query: "is:read" })).messages_count, 1);
});
await row("getMessageHeaders", async () => {
  const headers = await mailpit.getMessageHeaders(id);
  assert.deepEqual(headers.Subject, ["Mail three"]);
});
await row("getMessageAttachment", async () => {
  const m = await mailpit.getMessageSummary(id);
  const blob = await mailpit.getMessageAttachment(id, m.Attachments[0].PartID);
  assert.equal(blob.type, "application/pdf");
  assert.equal(await blob.text(), "%PDF");
});
await row("getMessageSource", async () => {
  assert.match(await mailpit.getMessageSource("latest"), /^X-Mailproof-Tag: mp-three\r$/m);
});
await row("renderMessageHTML, renderMessageText", async () => {
  const html = await mailpit.renderMessageHTML(id);
  assert.match(html, /<b>481516<\/b>/);
  assert.doesNotMatch(html, /<script/i);
  assert.match(await mailpit.renderMessageText(id), /plain 481516/);
});
await row("getTags", async () => {
  assert.deepEqual(await mailpit.getTags(), ["mp-three", "mp-two", "mp-one"]);
});
await row("setReadStatus", async () => {
  await mailpit.setReadStatus({ Read: true });
  assert.equal((await mailpit.listMessages()).unread, 0);
  await mailpit.setReadStatus({ IDs: [id], Read: false });
  await mailpit.setReadStatus({ Search: "subject:two", Read: false });
  assert.equal((await mailpit.listMessages()).unread, 2);
});
await row("what is not served is an error of the client, not a wrong answer", async () => {
  await assert.rejects(mailpit.getAttachmentThumbnail(id, "2"), /404/);
  await assert.rejects(mailpit.getMessageSummary("none"), /404/);
  const stranger = new MailpitClient(url, { auth: { username: "any", password: "wrong" } });
  await assert.rejects(stranger.listMessages(), /401/);
});
await row("deleteMessagesBySearch, deleteMessages", async () => {
  await mailpit.deleteMessagesBySearch({ query: "subject:two" });
  assert.equal((await mailpit.listMessages()).total, 2);
  await mailpit.deleteMessages({ IDs: [id] });
  assert.equal((await mailpit.waitForMessages({ count: 1, exact: true })).messages_count, 1);
  await mailpit.deleteMessages();
  assert.equal((await mailpit.waitForMessages({ count: 0 })).messages_count, 0);
});
console.log(`1..${count}`);
process.exit(failed === 0 ? 0 : 1);
