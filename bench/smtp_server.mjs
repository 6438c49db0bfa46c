/* npm's smtp-server as a sink: takes all mail and throws it away.
   usage: node smtp_server.mjs PORT, in a folder below which smtp-server is installed */
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const { SMTPServer } = require("smtp-server");

new SMTPServer({
  authOptional: true,
  disabledCommands: ["AUTH", "STARTTLS"],
  onData(stream, session, done) {
    stream.on("end", () => done(null, "Ok"));
    stream.resume();
  },
}).listen(Number(process.argv[2]), "127.0.0.1");
