// A server of other people's making: npm's smtp-server, as mailproof's client meets it.
// node node_smtp.js ADDRESS PORT CHAIN [lmtp]   (NODE_PATH leads to smtp-server)
// CHAIN: file with key and certificates. User alice@good.test, password and token secret-alice.
// Prints "ready", and a JSON line for each message taken.
'use strict';
const fs = require('fs');
const { SMTPServer } = require('smtp-server');
const [address, port, chain, mode] = process.argv.slice(2);
const pem = fs.readFileSync(chain);

function login(auth, session, done) {
    const secret = auth.method === 'XOAUTH2' ? auth.accessToken : auth.password;
    if (auth.username === 'alice@good.test' && secret === 'secret-alice')
        return done(null, { user: auth.username });
    return done(new Error('wrong user or secret'));
}

function take(stream, session, done) {
    const pieces = [];
    stream.on('data', piece => pieces.push(piece));
    stream.on('end', () => {
        const message = { from: session.envelope.mailFrom.address, user: session.user || null,
            to: session.envelope.rcptTo.map(r => r.address), tls: Boolean(session.secure),
            bytes: Buffer.concat(pieces).toString('latin1') };
        process.stdout.write(JSON.stringify(message) + '\n');
        done(null, session.envelope.rcptTo.map(() => 'taken'));
    });
}

const server = new SMTPServer({ key: pem, cert: pem, lmtp: mode === 'lmtp', authOptional: true,
    authMethods: ['PLAIN', 'LOGIN', 'XOAUTH2'], name: 'node.good.test', onAuth: login, onData: take,
    onRcptTo: (to, session, done) => to.address.endsWith('@good.test') ? done()
        : done(Object.assign(new Error('no relaying'), { responseCode: 550 })) });
server.on('error', () => { });
server.listen(Number(port), address, () => process.stdout.write('ready\n'));
