/* Suites with mistakes: each is told with its place, and with what would be right. */
#include "suite/suite_test_kit.h"

/* What stands before a test of one line, so that a row needs no more than the odd part. */
#define HEAD                                                                                       \
    "mailproof: 1\n"                                                                               \
    "allow: [good.test, 127.0.0.0/8]\n"                                                            \
    "hosts:\n"                                                                                     \
    "  mx: {url: \"smtp://mx.good.test\", xclient: allowed}\n"                                     \
    "  box: {maildir: /srv/mail}\n"                                                                \
    "sinks:\n"                                                                                     \
    "  out: {domains: [sink.test]}\n"                                                              \
    "tests:\n"
#define TEST(line) HEAD "  - " line "\n" /* line 9, column 5 */
#define SEND(more) TEST("{name: t, send: {via: mx, from: a@good.test, to: b@good.test" more "}}")
#define EXPECT(verb, what)                                                                         \
    HEAD "  - name: t\n    " verb "\n    expect: " what "\n" /* line 11, column 13 */
#define PROBE "probe: {mx-of: good.test}"
#define SENT  "send: {via: mx, from: a@good.test, to: b@good.test}"
#define ALIAS10(a, b)                                                                              \
    a ": &" a " [*" b ", *" b ", *" b ", *" b ", *" b ", *" b ", *" b ", *" b ", *" b ", *" b "]"  \
      "\n"

static const struct {
    const char *label, *text, *want; /* want: all that is told, a line each */
} rows[] = {
    /* ---- YAML ---- */
    {"an empty file", "", "s.yaml:1:1: the file is empty: a suite begins with 'mailproof: 1'"},
    {"comments only", "# nothing\n",
     "s.yaml:1:1: the file is empty: a suite begins with 'mailproof: 1'"},
    {"no mapping", "- a\n",
     "s.yaml:1:1: a suite is a mapping of keys that begins with "
     "'mailproof: 1'"},
    {"broken YAML", "mailproof: 1\nvars: {a: [1, 2}\n", "s.yaml:2:16: mismatched flow mapping end"},
    {"a tab", "mailproof: 1\nvars:\n\ta: 1\n", "s.yaml:3:1: *"},
    {"a key twice", "mailproof: 1\nname: a\nname: b\n",
     "s.yaml:3:1: key 'name' stands twice, first in line 2"},
    {"a key twice, deeper", TEST("{name: t, probe: {mx-of: a.test, mx-of: b.test}}"),
     "s.yaml:9:38: key 'mx-of' stands twice, first in line 9"},
    {"a tag", "mailproof: !!int 1\n", "s.yaml:1:*: tags are not used in a suite"},
    {"code", "mailproof: 1\nvars: {a: !!python/object/apply:os.system [id]}\n",
     "s.yaml:2:*: tags are not used in a suite"},
    {"a second document", "mailproof: 1\n---\nmailproof: 1\n",
     "s.yaml:2:1: a suite is one document: what follows '---' is not read"},
    {"an alias without anchor", "mailproof: 1\nvars: {a: *b}\n",
     "s.yaml:2:11: there is no anchor of this name above"},
    {"an alias inside of what it names", "mailproof: 1\nvars: &v {a: *v}\n",
     "s.yaml:2:14: an alias stands inside of what it names"},
    {"a key that is a list", "mailproof: 1\n? [a]\n: 1\n", "s.yaml:2:3: a key must be a text"},
    {"a billion laughs",
     "mailproof: 1\na: &a [x, x, x, x, x, x, x, x, x, x]\n" ALIAS10("b", "a") ALIAS10("c", "b")
         ALIAS10("d", "c") ALIAS10("e", "d") ALIAS10("f", "e") ALIAS10("g", "f") ALIAS10("h", "g"),
     "s.yaml:7:*: aliases make this more than 1000000 values"},
    {"too deep",
     "mailproof: 1\nvars: {a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]]]"
     "]]]]]]]]]]]]]]}\n",
     "s.yaml:2:41: more than 32 mappings and lists in one another"},
    {"no text", "mailproof: 1\nname: a\xff\n", "s.yaml:2:8: not UTF-8 text"},
    {"a control character", "mailproof: 1\nname: a\x01\n", "s.yaml:2:8: a control character"},

    /* ---- the document ---- */
    {"no version", "tests: [{name: t, probe: {mx-of: good.test}}]\n",
     "s.yaml:1:1: a suite needs 'mailproof'"},
    {"another version", "mailproof: 2\ntests: [{name: t, probe: {mx-of: good.test}}]\n",
     "s.yaml:1:12: a whole number up to 1 is wanted here, not '2'"},
    {"version 0", "mailproof: 0\ntests: [{name: t, probe: {mx-of: good.test}}]\n",
     "s.yaml:1:12: this mailproof reads version 1 of the format"},
    {"an unknown key", "mailproof: 1\ntest: []\n",
     "s.yaml:2:1: unknown key 'test', did you mean 'tests'?"},
    {"a key like none", "mailproof: 1\ncolour: red\ntests: [{name: t, probe: {mx-of: x.test}}]\n",
     "s.yaml:2:1: unknown key 'colour'"},
    {"no tests", "mailproof: 1\ntests: []\n",
     "s.yaml:2:8: a list of 1 to 1000 tests is wanted here"},
    {"no tests at all", "mailproof: 1\nname: a\n", "s.yaml:1:1: there are no tests"},
    {"a merge key of YAML 1.1", "mailproof: 1\nvars: {<<: {a: 1}}\n",
     "s.yaml:2:8: '<<': names have letters, digits, '_' and '-'"},
    {"a name without letters", "mailproof: 1\nhosts: {\"a b\": {url: smtp://x.test}}\n",
     "s.yaml:2:9: 'a b': names have letters, digits, '_' and '-'"},

    /* ---- allow, hosts, sinks ---- */
    {"allow: a wildcard", "mailproof: 1\nallow: [\"*.good.test\"]\n" PROBE "\n",
     "s.yaml:2:9: write the domain alone: it stands for all below it too\n"
     "s.yaml:3:1: unknown key 'probe'"},
    {"allow: no network", "mailproof: 1\nallow: [10.0.0.0/33, a@b.test]\n",
     "s.yaml:2:9: '10.0.0.0/33' is neither a domain nor a network\n"
     "s.yaml:2:22: 'a@b.test' is neither a domain nor a network"},
    {"host: a word that is none",
     "mailproof: 1\nhosts: {h: {url: smtp://x.test, xclient: allowd}}\n",
     "s.yaml:2:42: true or false is wanted here, not 'allowd'"},
    {"host: a literal password",
     "mailproof: 1\nhosts:\n  h:\n    url: imaps://x.test\n    auth: {user: u, password: "
     "hunter2}\n",
     "s.yaml:5:31: a secret does not stand in a suite: write ${env:NAME} or ${file:PATH} alone"},
    {"host: a secret with letters of its own",
     "mailproof: 1\nhosts:\n  h:\n    url: imaps://x.test\n"
     "    auth: {user: u, password: \"x${env:PW}\"}\n",
     "s.yaml:5:31: a secret does not stand in a suite: write ${env:NAME} or ${file:PATH} alone"},
    {"host: a password in the URL", "mailproof: 1\nhosts: {h: {url: \"smtp://u:p@x.test\"}}\n",
     "s.yaml:2:18: a URL has no user and no password here: write them into 'auth'"},
    {"host: not set",
     "mailproof: 1\nhosts: {h: {url: imaps://x.test, auth: {user: u, password: "
     "\"${env:NONE}\"}}}\n",
     "s.yaml:2:60: ${env:NONE} is not set in the environment"},
    {"host: no such file",
     "mailproof: 1\nhosts: {h: {url: imaps://x.test, auth: {user: u, password: \"${file:x}\"}}}\n",
     "s.yaml:2:60: x: there is no such file"},
    {"host: too short to be masked",
     "mailproof: 1\nhosts: {h: {url: imaps://x.test, auth: {user: u, password: \"${env:AB}\"}}}\n",
     "s.yaml:2:60: ${env:AB} has fewer than 4 characters: it could not be masked"},
    {"host: both",
     "mailproof: 1\nhosts: {h: {url: imaps://x.test, auth: {user: u, password: "
     "\"${env:PW}\", token: \"${env:PW}\"}}}\n",
     "s.yaml:2:40: a login has a password or a token, not both"},
    {"host: neither", "mailproof: 1\nhosts: {h: {url: imaps://x.test, auth: {user: u}}}\n",
     "s.yaml:2:40: a login needs a password or a token"},
    {"host: no login", "mailproof: 1\nhosts: {h: {url: imaps://x.test}}\n",
     "s.yaml:2:12: an IMAP mailbox needs a user"},
    {"host: no URL", "mailproof: 1\nhosts: {h: {folders: [INBOX]}}\n",
     "s.yaml:2:12: a host is one of 'url', 'maildir' and 'sink'"},
    {"host: another scheme", "mailproof: 1\nhosts: {h: {url: ftp://x.test}}\n", "s.yaml:2:12: *"},
    {"host: mechanism",
     "mailproof: 1\nhosts: {h: {url: smtp://x.test, auth: {user: u, password: \"${env:PW}\", mech: "
     "SCRAM-SHA256}}}\n",
     "s.yaml:2:78: unknown mechanism of SASL 'SCRAM-SHA256', did you mean 'SCRAM-SHA-256'?"},
    {"sink: a port that is none", "mailproof: 1\nsinks: {s: {listen: 127.0.0.1}}\n",
     "s.yaml:2:21: an address and a port is wanted here, such as 127.0.0.1:2525 (0: any free one), "
     "not '127.0.0.1'"},
    {"sink: open to the world", "mailproof: 1\nsinks: {s: {listen: \"0.0.0.0:25\"}}\n",
     "s.yaml:2:12: this sink listens beyond loopback: it needs 'auth-file', or 'open: true'"},
    {"sink: certificate without key", "mailproof: 1\nsinks: {s: {cert: s.yaml}}\n",
     "s.yaml:2:12: 'cert' and 'key' stand together"},
    {"sink: script",
     "mailproof: 1\nsinks: {s: {script: [{accept: true}, {rcpt: \"451 x\", tims: 1}]"
     "}}\n",
     "s.yaml:2:38: rule 2: unknown key 'tims', did you mean 'times'?"},
    {"sink and host of one name",
     "mailproof: 1\nhosts: {a: {url: smtp://x.test}}\nsinks: {a: {}}\n",
     "s.yaml:2:9: a sink is named 'a' too"},

    /* ---- references ---- */
    {"an unknown variable",
     "mailproof: 1\nvars: {domain: good.test}\ntests:\n"
     "  - {name: t, probe: {mx-of: \"${vars.domian}\"}}\n",
     "s.yaml:4:30: unknown variable 'domian', did you mean 'domain'?"},
    {"a variable below", "mailproof: 1\nvars: {a: \"${vars.b}\", b: x}\n",
     "s.yaml:2:11: there is no variable 'b' above this one"},
    {"no matrix", TEST("{name: t, probe: {mx-of: \"${matrix.x}\"}}"),
     "s.yaml:9:30: there is no matrix here"},
    {"another kind", TEST("{name: t, probe: {mx-of: \"${ENV:X}\"}}"),
     "s.yaml:9:30: unknown reference '${ENV:X}': there are ${vars.NAME}, ${matrix.NAME}, ${tag}, "
     "${env:NAME} and ${file:PATH}"},
    {"not closed", TEST("{name: t, probe: {mx-of: \"${vars.x\"}}"),
     "s.yaml:9:30: '${' without '}' (write '$${' for the two characters)"},
    {"the tag outside of a test", "mailproof: 1\nname: \"${tag}\"\n",
     "s.yaml:2:7: ${tag} is known in tests only"},
    {"a secret in a name", TEST("{name: \"t ${env:PW}\", probe: {mx-of: good.test}}"),
     "s.yaml:9:12: names are shown in every report: no ${env:...} and no ${file:...}"},
    {"a secret in a name of a matrix",
     TEST("{name: t, matrix: {a: [\"${env:PW}\"]}, probe: {mx-of: good.test}}"),
     "s.yaml:9:28: names are shown in every report: no ${env:...} and no ${file:...}"},
    {"a secret where it is shown",
     "mailproof: 1\nallow: good.test\nhosts:\n"
     "  h: {url: smtp://h.good.test, auth: {user: u, password: \"${env:PW}\"}}\ntests:\n"
     "  - {name: t, send: {via: h, from: a@good.test, to: b@good.test, subject: \"${env:PW}\"}}\n",
     "s.yaml:6:75: ${env:PW} is a secret (s.yaml:4), and would be shown here"},
    {"a secret that went through a variable",
     "mailproof: 1\nallow: good.test\nvars: {pw: \"${env:PW}\"}\nhosts:\n"
     "  h: {url: smtp://h.good.test, auth: {user: u, password: \"${vars.pw}\"}}\ntests:\n"
     "  - {name: t, send: {via: h, from: a@good.test, to: b@good.test, body: \"x ${vars.pw}\"}}\n",
     "s.yaml:7:72: ${env:PW} is a secret (s.yaml:5), and would be shown here"},

    /* ---- tests ---- */
    {"no name", TEST("{probe: {mx-of: good.test}}"),
     "s.yaml:9:5: a test needs 'name': what must hold, in one sentence"},
    {"no verb", TEST("{name: t}"),
     "s.yaml:9:5: the test does nothing: it needs probe, send, arrive, not-arrive, relay-test, "
     "smuggle, audit or scan"},
    {"an unknown verb", TEST("{name: t, prob: {mx-of: good.test}}"),
     "s.yaml:9:15: unknown key 'prob', did you mean 'probe'?\ns.yaml:9:5: the test does nothing: "
     "*"},
    {"two of one name", HEAD "  - {name: t, " PROBE "}\n  - {name: t, " PROBE "}\n",
     "s.yaml:10:5: two cases are named 't'"},
    {"several verbs, one expectation",
     HEAD "  - name: t\n    " PROBE "\n    " SENT "\n    expect: {tls: \">=1.2\"}\n",
     "s.yaml:12:13: the test has several verbs: write each 'expect' into its verb"},
    {"a list where one mapping is", TEST("{name: t, probe: [{mx-of: good.test}]}"),
     "s.yaml:9:22: 'probe' is one mapping: write further tests"},
    {"a verb that is a word", TEST("{name: t, probe: good.test}"),
     "s.yaml:9:22: a probe is wanted here: a mapping of keys"},
    {"cleanup", HEAD "  - {name: t, " PROBE ", cleanup: remove}\n",
     "s.yaml:9:51: unknown word 'remove': there are keep, delete"},
    {"retry without times", HEAD "  - {name: t, " PROBE ", retry: {every: 1s}}\n",
     "s.yaml:9:49: a rule for further attempts needs 'times'"},
    {"too often", HEAD "  - {name: t, " PROBE ", retry: {times: 21}}\n",
     "s.yaml:9:57: a whole number up to 20 is wanted here, not '21'"},
    {"nothing", HEAD "  - {name: t, " PROBE ", timeout: }\n",
     "s.yaml:9:*: a duration (30s) is wanted here, not nothing"},

    /* ---- matrix and table ---- */
    {"a matrix of no list", TEST("{name: t, matrix: {a: x}, probe: {mx-of: good.test}}"),
     "s.yaml:9:27: a list of values is wanted here"},
    {"an axis that is not there",
     TEST("{name: t, matrix: {domain: [a.test]}, probe: {mx-of: \"${matrix.domian}\"}}"),
     "s.yaml:9:58: unknown axis of the matrix 'domian', did you mean 'domain'?"},
    {"the same value twice",
     TEST("{name: t, matrix: {d: [a.test, a.test]}, probe: {mx-of: \"${matrix.d}\"}}"),
     "s.yaml:9:5: two cases are named 't [a.test]'"},
    {"a mistake of many cases is told once",
     TEST("{name: t, matrix: {a: [x, y, z]}, probe: {mx-of: good.test, hlo: x}}"),
     "s.yaml:9:65: unknown key 'hlo', did you mean 'helo'?"},
    {"too many cases",
     TEST("{name: t, matrix: {a: [1,2,3,4,5,6,7,8,9,0], b: [1,2,3,4,5,6,7,8,9,0], c: [1,2,3,4,5,6,7"
          ",8,9,0], d: [1,2,3,4,5,6,7,8,9,0]}, probe: {mx-of: good.test}}"),
     "s.yaml:9:5: a suite has at most 5000 cases"},
    {"a row of unknown keys", TEST("{name: t, table: [{tto: a@good.test}], " SENT "}"),
     "s.yaml:9:24: unknown key 'tto', did you mean 'to'?"},
    {"a row in a row", TEST("{name: t, table: [{table: []}], " SENT "}"),
     "s.yaml:9:24: a row has no matrix and no table"},
    {"a table of no list", TEST("{name: t, table: {to: a@good.test}, " SENT "}"),
     "s.yaml:9:22: a table is a list of 1 to 5000 rows"},

    /* ---- values ---- */
    {"a duration without a unit", TEST("{name: t, timeout: 30, probe: {mx-of: good.test}}"),
     "s.yaml:9:24: a duration with its unit, such as 500ms, 30s, 5m, 2h or 7d, is wanted here, not "
     "'30'"},
    {"a long duration", TEST("{name: t, timeout: 30d, probe: {mx-of: good.test}}"),
     "s.yaml:9:24: at most 7 days are possible here"},
    {"no is a text (YAML 1.2)", EXPECT(PROBE, "{fcrdns: no}"),
     "s.yaml:11:22: true or false is wanted here, not 'no'"},
    {"a version of TLS", EXPECT(PROBE, "{tls: \">=1.5\"}"),
     "s.yaml:11:19: a comparison with a version of TLS, such as \">=1.2\", or none is wanted here, "
     "not '>=1.5'"},
    {"a size", EXPECT(PROBE, "{size: \">=ten\"}"),
     "s.yaml:11:20: a comparison with a size, such as \">=10M\", is wanted here, not '>=ten'"},
    {"a comparison of durations", EXPECT(PROBE, "{time: \"<5\"}"),
     "s.yaml:11:20: a comparison with a duration, such as \"<5s\", is wanted here, not '<5'"},
    {"a grade", EXPECT("audit: {domain: good.test}", "{level: \">=E\"}"),
     "s.yaml:11:21: a comparison with a grade, such as \">=B\", is wanted here, not '>=E'"},
    {"a word", EXPECT(PROBE, "{dane: verifed}"),
     "s.yaml:11:20: unknown word 'verifed', did you mean 'verified'?"},
    {"a finding", EXPECT("audit: {domain: good.test}", "{forbid: [posture.smf.*]}"),
     "s.yaml:11:23: unknown finding 'posture.smf.*'*"},
    {"an address", SEND(", from-header: x, cc: y"), "s.yaml:9:83: unknown key 'cc'*"},
    {"no address", TEST("{name: t, send: {via: mx, from: a@good.test, to: \"b b@good.test\"}}"),
     "s.yaml:9:54: 'b b@good.test' is not an address"},
    {"a domain", TEST("{name: t, probe: {mx-of: \"-good-.test/x\"}}"),
     "s.yaml:9:30: '-good-.test/x' is not a domain name"},
    {"an IP address", SEND(", as: {addr: 192.0.2.256}"),
     "s.yaml:9:78: '192.0.2.256' is not an IP address"},
    {"a header field with a line end", SEND(", headers: {X-A: \"a\\r\\nBcc: c@good.test\"}"),
     "s.yaml:9:82: a text has no line breaks and control characters"},
    {"a header field's name", SEND(", headers: {\"X A\": a}"),
     "s.yaml:9:77: 'X A' is not the name of a header field"},
    {"an attachment", SEND(", attach: eicr"), "s.yaml:9:75: there is no attachment 'eicr'*"},
    {"a file", SEND(", attach: no/such.pdf"), "s.yaml:9:75: 'no/such.pdf' cannot be read"},
    {"a kind", SEND(", spoof: two-form"),
     "s.yaml:9:74: unknown kind of message 'two-form', did you mean 'two-from'?"},
    {"a sequence", TEST("{name: t, smuggle: {host: mx, to: a@good.test, sequences: [LF.FL]}}"),
     "s.yaml:9:64: unknown sequence 'LF.FL', did you mean 'LF.LF'?"},
    {"a profile", TEST("{name: t, audit: {domains: [good.test: praked]}}"),
     "s.yaml:9:44: unknown word 'praked', did you mean 'parked'?"},
    {"a stage", EXPECT(SENT, "{refused: {at: dtaa}}"),
     "s.yaml:11:28: unknown word 'dtaa', did you mean 'data'?"},
    {"a result", EXPECT(SENT, "{auth: {dkim: passed}}"),
     "s.yaml:11:27: unknown word 'passed', did you mean 'pass'?\n*"},

    /* ---- sending ---- */
    {"an unknown host", TEST("{name: t, send: {via: mx1, from: a@good.test, to: b@good.test}}"),
     "s.yaml:9:27: unknown host 'mx1', did you mean 'mx'?"},
    {"no host", TEST("{name: t, send: {from: a@good.test, to: b@good.test}}"),
     "s.yaml:9:21: 'via' is missing, here or in 'defaults'"},
    {"a mailbox as server", TEST("{name: t, send: {via: box, from: a@good.test, to: b@good.test}}"),
     "s.yaml:9:21: 'box' is a mailbox, and no server to send to"},
    {"a server as mailbox", TEST("{name: t, " SENT ", arrive: {in: mx}}"),
     "s.yaml:9:76: 'mx' is a server: messages arrive in a mailbox or a sink"},
    {"no recipient", TEST("{name: t, send: {via: mx, from: a@good.test}}"),
     "s.yaml:9:21: a message to send needs 'to'"},
    {"no sender", TEST("{name: t, send: {via: mx, to: a@good.test}}"),
     "s.yaml:9:21: 'send' needs 'from'"},
    {"a recipient outside",
     TEST("{name: t, send: {via: mx, from: a@good.test, to: [b@good.test, c@evil.test]}}"),
     "s.yaml:9:54: nothing may be sent to 'c@evil.test': its domain is neither in 'allow' nor a "
     "sink's"},
    {"a recipient that is sent further",
     TEST("{name: t, send: {via: mx, from: a@good.test, to: \"b%evil.test@good.test\"}}"),
     "s.yaml:9:54: nothing may be sent to 'b%evil.test@good.test': its domain is neither in "
     "'allow' nor a sink's"},
    {"a server outside",
     TEST("{name: t, send: {via: \"smtp://192.0.2.1\", from: a@good.test, to: b@good.test}}"),
     "s.yaml:9:21: nothing may be sent to 'smtp://192.0.2.1': it is not in 'allow'"},
    {"no list, a real recipient",
     "mailproof: 1\ntests:\n  - {name: t, send: {via: \"smtp://127.0.0.1:25\", from: a@x.test, to: "
     "b@mail.com}}\n",
     "s.yaml:3:70: nothing may be sent to 'b@mail.com': without 'allow' that is names of tests and "
     "domains of own sinks only"},
    {"no list, another server",
     "mailproof: 1\ntests:\n  - {name: t, send: {via: \"smtp://192.0.2.1\", from: a@x.test, to: "
     "b@x.test}}\n",
     "s.yaml:3:21: nothing may be sent to 'smtp://192.0.2.1': without 'allow' that is loopback and "
     "own sinks only"},
    {"XCLIENT that is not allowed",
     "mailproof: 1\nallow: good.test\nhosts: {mx: {url: smtp://mx.good.test}}\ntests:\n"
     "  - {name: t, send: {via: mx, from: a@good.test, to: a@good.test, as: {helo: x}}}\n",
     "s.yaml:5:71: host 'mx' does not say 'xclient: allowed'"},
    {"two messages in one", SEND(", spoof: two-from, kind: good"),
     "s.yaml:9:21: only one of 'message', 'spoof' and 'kind' makes the message"},
    {"a message that is whole", SEND(", message: s.yaml, body: x"),
     "s.yaml:9:90: 'message' is whole: 'body' has no use"},
    {"accepted and refused", EXPECT(SENT, "{accepted: true, refused: true}"),
     "s.yaml:11:39: only one of accepted, refused and deferred can be expected"},
    {"expected of nothing", EXPECT(SENT, "{flder: Junk}"),
     "s.yaml:11:14: unknown key 'flder', did you mean 'folder'?"},
    {"an arrival without a mailbox", EXPECT(SENT, "{folder: Junk}"),
     "s.yaml:11:13: something is expected of an arrival: the test needs 'arrive', or 'defaults' "
     "needs 'in'"},
    {"arrives and must not", EXPECT(SENT "\n    not-arrive: {in: box}", "{folder: Junk}"),
     "s.yaml:12:14: 'folder' is expected of an arrival, but the message must not arrive"},
    {"refused, and arrives", EXPECT(SENT "\n    arrive: {in: box}", "{refused: true}"),
     "s.yaml:11:13: what is to be refused cannot arrive: 'not-arrive' is what can be asked"},
    {"deferred, and arrives", EXPECT(SENT "\n    arrive: {in: box}", "{deferred: true}"),
     "s.yaml:11:13: what is to be deferred cannot arrive: 'not-arrive' is what can be asked"},
    {"whose field, for nothing", EXPECT(SENT, "{authserv-id: mx.good.test}\n    arrive: {in: box}"),
     "s.yaml:11:27: 'authserv-id' says whose field 'auth' is read from: 'auth' is missing"},
    {"an empty list expects nothing", EXPECT(PROBE, "{ehlo: []}"),
     "s.yaml:11:20: 'ehlo' is empty: nothing would be expected"},
    {"no findings are forbidden", EXPECT(PROBE, "{forbid: []}"),
     "s.yaml:11:22: 'forbid' is empty: nothing would be expected"},
    {"an empty mapping expects nothing", EXPECT(PROBE, "{cert: {}}"),
     "s.yaml:11:20: 'cert' is empty: nothing would be expected"},
    {"no days", EXPECT(PROBE, "{cert: {days-left: {}}}"),
     "s.yaml:11:32: 'days-left' is empty: nothing would be expected"},
    {"no header fields", EXPECT(SENT "\n    arrive: {in: box}", "{headers: {}}"),
     "s.yaml:12:23: 'headers' is empty: nothing would be expected"},
    {"which message?", TEST("{name: t, arrive: {in: box}}"),
     "s.yaml:9:23: without 'send' it must be said which message: 'to', 'from' or 'subject'"},
    {"not-arrive expects nothing", TEST("{name: t, " SENT ", not-arrive: {in: box, expect: {}}}"),
     "s.yaml:9:90: unknown key 'expect'*"},

    /* ---- other verbs ---- */
    {"a probe of two", TEST("{name: t, probe: {mx-of: good.test, url: \"smtp://x.test\"}}"),
     "s.yaml:9:22: a probe needs one of 'mx-of', 'url' and 'host'"},
    {"a login without host", TEST("{name: t, probe: {mx-of: good.test, login: true}}"),
     "s.yaml:9:22: to log in, a probe needs a 'host' with 'auth'"},
    {"a login without auth", TEST("{name: t, probe: {host: mx, login: true}}"),
     "s.yaml:9:22: host 'mx' has no 'auth'"},
    {"an audit of nothing", TEST("{name: t, audit: {profile: sending}}"),
     "s.yaml:9:22: an audit needs 'domain' or 'domains'"},
    {"a scan of nothing", TEST("{name: t, scan: {ip: 192.0.2.1}}"),
     "s.yaml:9:21: a scan needs 'file' or 'kind'"},
    {"a time", TEST("{name: t, scan: {kind: good, time: yesterday}}"),
     "s.yaml:9:40: a time such as 2026-11-23T10:00:00Z is wanted here, not 'yesterday'"},
    {"an unknown sink", TEST("{name: t, sink: {name: outt, script: [{accept: true}]}, " PROBE "}"),
     "s.yaml:9:28: unknown sink 'outt', did you mean 'out'?"},
    {"a script of no rules",
     TEST("{name: t, sink: {name: out, script: {accept: true}}, " PROBE "}"),
     "s.yaml:9:41: a list of rules is wanted here, such as [{rcpt: \"451 later\"}]"},
};

static const struct kit_value env[] = {{"PW", "secret-word"}, {"AB", "ab"}, {NULL, NULL}};

static void tell(struct buf *out, const struct suite_problems *p)
{
    for (size_t i = 0; i < p->n; i++)
        buf_addf(out, "%s%s:%u:%u: " STR_FMT, i == 0 ? "" : "\n", p->items[i].at.file,
                 p->items[i].at.line, p->items[i].at.column, STR_ARG(p->items[i].text));
}

static bool told_by(struct str line, struct str lines, bool line_is_glob)
{
    while (lines.p != NULL) {
        struct str other = str_cut(&lines, '\n');
        if (line_is_glob ? suite_glob(line, other) : suite_glob(other, line))
            return true;
    }
    return false;
}

/* Each wanted line (a glob) is there, and none that is not wanted; a line "*" wants anything. */
static bool all_told(struct str want, struct str got)
{
    for (struct str rest = want; rest.p != NULL;) {
        struct str line = str_cut(&rest, '\n');
        if (!str_eq(line, STR("*")) && !told_by(line, got, true))
            return false;
    }
    for (struct str rest = got; rest.p != NULL;)
        if (!told_by(str_cut(&rest, '\n'), want, false))
            return false;
    return true;
}

static void test_row(const char *label, const char *text, const char *want)
{
    const struct kit_value files[] = {{"s.yaml", text}, {"/srv/mail", ""}, {NULL, NULL}};
    struct kit_outside k = {files, env};
    struct suite_outside outside = {kit_env, kit_file, kit_readable, &k};
    struct suite_options o = {.outside = &outside};
    struct suite_problems problems;
    struct mp_err err = {0};
    struct suite s;
    struct buf got;
    buf_init(&got, 1 << 16);
    tap_case("mistake: %s", label);
    tap_int(suite_read("s.yaml", &o, &s, &problems, &err), MP_E_SYNTAX);
    tell(&got, &problems);
    tap_ok(problems.n_errors == problems.n);
    tap_ok(str_starts(str_from(err.text), STR("s.yaml:")));
    if (!tap_ok(all_told(str_from(want), buf_str(&got)))) {
        for (struct str rest = buf_str(&got); rest.p != NULL;) {
            struct str line = str_cut(&rest, '\n');
            tap_note("got: " STR_FMT, STR_ARG(line));
        }
    }
    buf_clear(&got);
    suite_clear(&s);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        test_row(rows[i].label, rows[i].text, rows[i].want);
    return tap_done();
}
