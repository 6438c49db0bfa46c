/* Ways to hide a payload from some readers: by the classes of "Inbox Invasion" (CCS 2024) and
 * mime-is-broken, written anew. */
#ifndef MP_MIME_VIEW_SAMPLES_H
#define MP_MIME_VIEW_SAMPLES_H

#include "base/str.h"

/* What most of them are made of. */
#define MIXED      "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
#define PART       "--b\r\n"
#define EXE        "Content-Type: application/x; name=a.exe\r\n"
#define EVIL       "RVZJTCBQQVlMT0FE\r\n" /* "EVIL PAYLOAD" */
#define ATTACHMENT EXE "Content-Transfer-Encoding: base64\r\n\r\n" EVIL
#define END        "--b--\r\n"

/* "EVIL PAYLOAD" stands in each. */
static const struct {
    const char *label;
    struct str raw;
    const char *views; /* of whom: S strict, F first, L last, N lenient */
    bool differ;       /* mime.view-diff is raised */
} hidden_rows[] = {
    {"fields: encoding twice, base64 first",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: base64\r\n"
                             "Content-Transfer-Encoding: 7bit\r\n\r\n" EVIL END),
     "SFN", true},
    {"fields: encoding twice, base64 last",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: 7bit\r\n"
                             "Content-Transfer-Encoding: base64\r\n\r\n" EVIL END),
     "LN", true},
    {"fields: encoding amid others, over what looks like delimiters",
     STR_INIT("Content-Type: multipart/mixed; boundary=_\r\n\r\n--_\r\n" EXE
              "Content-Transfer-Encoding: base63\r\nContent-Transfer-Encoding: base64\r\n"
              "Content-Transfer-Encoding: base63\r\n\r\nRVZJ\r\n--_!\r\nTCBQ\r\n--_!\r\n"
              "QVlM\r\n--_!\r\nT0FE\r\n--_--\r\n"),
     "N", true},
    {"fields: a list of encodings",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: base64, 7bit\r\n\r\n" EVIL END), "FN",
     true},
    {"fields: a list that ends with it",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: 7bit base64\r\n\r\n" EVIL END), "LN",
     true},
    {"fields: encoding in a comment with text",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: bas(x)e64\r\n\r\n" EVIL END), "N", true},
    {"fields: encoding as encoded word",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: =?utf-8?B?YmFzZTY0?=\r\n\r\n" EVIL END),
     "N", true},
    {"fields: encoding quoted",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: \"base64\"\r\n\r\n" EVIL END), "N", true},
    {"fields: type twice",
     STR_INIT("Content-Type: multipart/mixed; boundary=b\r\n"
              "Content-Type: text/plain\r\n\r\n" PART ATTACHMENT END),
     "SFN", true},
    {"fields: type twice, the other way",
     STR_INIT("Content-Type: text/plain\r\n" MIXED PART ATTACHMENT END), "LN", true},
    {"fields: boundary twice, good first",
     STR_INIT("Content-Type: multipart/mixed; boundary=b; boundary=c\r\n\r\n" PART ATTACHMENT END),
     "SFN", true},
    {"fields: boundary twice, good last",
     STR_INIT("Content-Type: multipart/mixed; boundary=c; boundary=b\r\n\r\n" PART ATTACHMENT END),
     "LN", true},
    {"fields: plain and extended boundary",
     STR_INIT("Content-Type: multipart/mixed; boundary=c; boundary*=us-ascii''b\r\n\r\n" PART
                  ATTACHMENT END),
     "LN", true},
    {"fields: boundary in pieces",
     STR_INIT("Content-Type: multipart/mixed; boundary*1=y; boundary*0=x\r\n\r\n"
              "--xy\r\n" ATTACHMENT "--xy--\r\n"),
     "all", false},
    {"fields: boundary in a comment",
     STR_INIT("Content-Type: multipart/mixed; (x) boundary=b(y)\r\n\r\n" PART ATTACHMENT END), "N",
     true},
    {"fields: half a quote",
     STR_INIT("Content-Type: multipart/mixed; boundary=\"b\r\n\r\n" PART ATTACHMENT END), "all",
     false},
    {"fields: escape in the boundary",
     STR_INIT("Content-Type: multipart/mixed; boundary=x\\b\r\n\r\n--xb\r\n" ATTACHMENT
              "--xb--\r\n"),
     "N", true},
    {"fields: semicolon is missing",
     STR_INIT("Content-Type: multipart/mixed boundary=b\r\n\r\n" PART ATTACHMENT END), "N", true},
    {"fields: wrong name of the parameter",
     STR_INIT("Content-Type: multipart/mixed; bondary=b\r\n\r\n" PART ATTACHMENT END), "N", true},
    {"fields: white space around the equals sign",
     STR_INIT("Content-Type: multipart/mixed; boundary = b\r\n\r\n" PART ATTACHMENT END), "all",
     false},
    {"fields: boundary as encoded word",
     STR_INIT(
         "Content-Type: multipart/mixed; boundary=\"=?utf-8?Q?b?=\"\r\n\r\n" PART ATTACHMENT END),
     "N", true},
    {"fields: multipart misspelt",
     STR_INIT("Content-Type: multiparts/mixed; boundary=b\r\n\r\n" PART ATTACHMENT END), "N", true},
    {"fields: no boundary at all",
     STR_INIT("Content-Type: multipart/mixed\r\n\r\n" PART ATTACHMENT END), "N", true},
    {"heads: space before the colon",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding : base64\r\n\r\n" EVIL END), "all", false},
    {"heads: space before the name",
     STR_INIT(MIXED PART EXE " Content-Transfer-Encoding: base64\r\n\r\n" EVIL END), "N", true},
    {"heads: two colons",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding:: base64\r\n\r\n" EVIL END), "LN", true},
    {"heads: bare CR before the field",
     STR_INIT(MIXED PART EXE "X: y\rContent-Transfer-Encoding: base64\r\n\r\n" EVIL END), "N",
     true},
    {"heads: bare LF before the field",
     STR_INIT(MIXED PART EXE "X: y\nContent-Transfer-Encoding: base64\r\n\r\n" EVIL END), "FLN",
     true},
    {"heads: bare CR within the field",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding:\rbase64\r\n\r\n" EVIL END), "all", true},
    {"heads: a line that is no field",
     STR_INIT(MIXED PART EXE "junk\r\nContent-Transfer-Encoding: base64\r\n\r\n" EVIL END), "SFN",
     true},
    {"heads: field behind the empty line",
     STR_INIT(MIXED PART EXE "\r\nContent-Transfer-Encoding: base64\r\n\r\n" EVIL END), "N", true},
    {"heads: empty line first", STR_INIT(MIXED PART "\r\n" ATTACHMENT END), "N", true},
    {"heads: no empty line",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: base64\r\n" EVIL END), "LN", true},
    {"heads: empty line of white space",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: base64\r\n \r\n" EVIL END), "LN", true},
    {"heads: a look-alike of the name",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encodings: base64\r\n\r\n" EVIL END), "N", true},
    {"heads: the first field is folded", STR_INIT(MIXED PART " x\r\n" ATTACHMENT END), "all",
     false},
    {"structure: text behind the delimiter", STR_INIT(MIXED "--bx\r\n" ATTACHMENT END), "FN", true},
    {"structure: white space before the delimiter", STR_INIT(MIXED " --b\r\n" ATTACHMENT END), "N",
     true},
    {"structure: delimiter behind a bare CR", STR_INIT(MIXED "x\r--b\r\n" ATTACHMENT END), "N",
     true},
    {"structure: over what looks like delimiters, below an odd head",
     STR_INIT("Content-Type: multipart/mixed; boundary=_\r\n\r\n--_\r\n" EXE "\"\r\n"
              "Content-Transfer-Encoding: base64\n\nRVZJ\n--_!\nTCBQ\n--_!\nQVlM\n--_!\n"
              "T0FE\r\n--_--\r\n"),
     "N", true},
    {"structure: lines that are no fields and almost delimiters in the head",
     STR_INIT("Content-Type: multipart/mixed; boundary=_\r\n\r\n--_\r\n" EXE
              "Content-Transfer-Encoding: base64\nXYZ\n--_AB!\nCD\n \nEF\n\nRVZ\nJTC\n--_!\nBQQ\n\n"
              "--_!\n\nVlMT0FE\r\n--_--\r\n"),
     "N", true},
    {"heads: lines behind a bare CR, below a type with half a quote",
     STR_INIT("Content-Type: multipart/m\"ixed; boundary=_\r\n\r\n--_\r\n" EXE
              "Content-Transfer-Encoding: base64\r\n\r!x\r\n\r!y\r\nX: zzz\r\n\r\nRVZJTCBQ!\r\n\r\n"
              "QVlMT0FE!\r\n--_--\r\n"),
     "N", true},
    {"heads: lines behind a bare CR, below a boundary with a NUL",
     STR_INIT("Content-Type: multipart/mixed; boundary=_\0.\r\n\r\n--_\r\n" EXE
              "Content-Transfer-Encoding: base64\r\n\r!x\r\n\r!y\r\nX: zzz\r\n\r\nRVZJTCBQ!\r\n\r\n"
              "QVlMT0FE!\r\n--_--\r\n"),
     "N", true},
    {"structure: over lines of dashes that no field declares",
     STR_INIT("Content-Type: text/plain\r\nContent-Type: message/rfc822\r\n\r\nxyz\r\n--_\r\n" EXE
              "Content-Transfer-Encoding: base64\r\n\r\nRVZJ\r\n--_\r\nTCBQ\r\n--_\r\nQVlM\r\n"
              "--_\r\nT0FE\r\n"),
     "N", true},
    {"structure: over delimiters of what is no multipart, in a message by the last type",
     STR_INIT("Content-Type: text/plain\r\nContent-Type: message/rfc822\r\n\r\nxyz\r\n"
              "Content-Type: application/x; boundary=_\r\n"
              "Content-Transfer-Encoding: base64\r\n\r\nRVZJ\r\n--_\r\nTCBQ\r\n--_\r\nQVlM\r\n"
              "--_\r\nT0FE\r\n"),
     "N", true},
    {"structure: over delimiters that have other dashes than the field",
     STR_INIT("Content-Type: multipart/mixed; boundary=-_\r\n\r\n---_\r\n\r\n" EXE
              "Content-Transfer-Encoding: base64\r\n\r\nRVZJTCBQ\r\n--_\r\nQVlMT0FE\r\n"
              "---_--\r\n"),
     "N", true},
    {"structure: over delimiters of one of two boundaries of a field",
     STR_INIT("Content-Type: multipart/mixed; boundary=_; boundary=c\r\n\r\n--c\r\n\r\n" EXE
              "Content-Transfer-Encoding: base64\r\n\r\nRVZJTCBQ\r\n--_\r\nQVlMT0FE\r\n"
              "--c--\r\n"),
     "N", true},
    {"structure: over a delimiter that only a bare CR ends",
     STR_INIT("Content-Type: multipart/mixed; boundary=_\r\n\r\n--_\r\n\r\n" EXE
              "Content-Transfer-Encoding: base64\r\n\r\nRVZJTCBQ\r\n--_\r!\r\nQVlMT0FE\r\n"
              "--_--\r\n"),
     "N", true},
    {"structure: CR amid the white space behind a boundary",
     STR_INIT(MIXED "--b\r \r\n" ATTACHMENT END), "FLN", true},
    {"structure: delimiter behind text", STR_INIT(MIXED "x--b\r\n" ATTACHMENT END), "N", true},
    {"structure: behind the last delimiter", STR_INIT(MIXED PART "\r\nx\r\n" END PART ATTACHMENT),
     "N", true},
    {"structure: in the preamble", STR_INIT(MIXED ATTACHMENT PART "\r\nx\r\n" END), "N", true},
    {"structure: in the epilogue", STR_INIT(MIXED PART "\r\nx\r\n" END ATTACHMENT), "N", true},
    {"structure: an inner multipart with the outer boundary",
     STR_INIT(MIXED PART MIXED PART ATTACHMENT END), "all", false},
    {"structure: an inner boundary that extends the outer one",
     STR_INIT(MIXED PART "Content-Type: multipart/mixed; boundary=bx\r\n\r\n--bx\r\n" ATTACHMENT
                         "--bx--\r\n" END),
     "all", false},
    {"structure: an inner boundary within the inner head",
     STR_INIT(MIXED PART "Content-Type: multipart/mixed; boundary=c\r\n" PART
                         "\r\n--c\r\n" ATTACHMENT "--c--\r\n" END),
     "N", true},
    {"structure: a message in base64",
     STR_INIT(MIXED PART
              "Content-Type: message/rfc822\r\n"
              "Content-Transfer-Encoding: base64\r\n\r\n"
              "Q29udGVudC1UcmFuc2Zlci1FbmNvZGluZzogYmFzZTY0DQoNClJWWkpUQ0JRUVZsTVQwRkU=\r\n" END),
     "FN", true},
    {"structure: a multipart in base64",
     STR_INIT("Content-Type: multipart/mixed; boundary=b\r\n"
              "Content-Transfer-Encoding: base64\r\n\r\n"
              "LS1iDQpDb250ZW50LVRyYW5zZmVyLUVuY29kaW5nOiBiYXNlNjQNCg0KUlZaSlRDQlFRVmxNVDBGRQ0KLS1i"
              "LS0="),
     "N", true},
    {"decoders: padding amid base64",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: base64\r\n\r\nRVZJTA==\r\n"
                             "IFBBWUxPQUQ=\r\n" END),
     "FN", true},
    {"decoders: a line of padding first",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: base64\r\n\r\n====\r\n" EVIL END), "FN",
     true},
    {"decoders: padding that is skipped",
     STR_INIT(MIXED PART EXE
              "Content-Transfer-Encoding: base64\r\n\r\nRV=ZJ=TCBQ=QVlMT0FE\r\n" END),
     "N", true},
    {"decoders: junk amid base64",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: base64\r\n\r\n"
                             "R.V.Z.J.T.C.B.Q.Q.V.l.M.T.0.F.E\r\n" END),
     "all", false},
    {"decoders: junk before base64",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: base64\r\n\r\nX\r\n\r\n" EVIL END), "N",
     false},
    {"decoders: junk before base64 in paragraphs",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: base64\r\n\r\nX\r\n\r\nRVZJTCBQ\r\n\r\n"
                             "QVlM\r\n\r\nT0FE\r\n" END),
     "N", false},
    {"decoders: short lines of base64",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: base64\r\n\r\nRVZJT\r\nCBQQV\r\n"
                             "lMT0F\r\nE\r\n" END),
     "all", false},
    {"decoders: lower-case digits",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                             "EVI=4c=20PAYLOAD\r\n" END),
     "all", false},
    {"decoders: a soft break with white space",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: quoted-printable\r\n\r\nEVIL= \r\n"
                             " PAYLOAD\r\n" END),
     "all", true},
    {"decoders: a sign that is dropped",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                             "EVIL==20PAYLOAD\r\n" END),
     "N", true},
    {"decoders: a single digit",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                             "EVIL=ZZ=20PAYLOAD\r\n" END),
     "N", true},
    {"decoders: uuencode by its label",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n"
                             ",159)3\"!005E,3T%$\r\n`\r\nend\r\n" END),
     "FN", true},
    {"decoders: uuencode, a line shorter than it says",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\n"
                             ",159)3\"!0\n&05E,3T%$\n`\nend\r\n" END),
     "N", true},
    {"decoders: uuencode in a text",
     STR_INIT("\r\nhello\r\nbegin 644 a.exe\r\n,159)3\"!005E,3T%$\r\n`\r\n"
              "end\r\n"),
     "N", false},
    {"decoders: gzip within base64",
     STR_INIT(MIXED PART EXE "Content-Transfer-Encoding: x-gzip64\r\n\r\n"
                             "H4sIAAAAAAACA3MN8/RRCHCM9PF3dAEAtuRkAAwAAAA=\r\n" END),
     "N", true},
    {"decoders: yEnc in a text",
     STR_INIT("\r\n=ybegin line=128 size=12 name=a.exe\r\no\200svJzk\203vykn\r\n"
              "=yend size=12\r\n"),
     "N", false},
    {"decoders: BinHex in a text",
     STR_INIT("\r\n(This file must be converted with BinHex 4.0)\r\n"
              ":\"@%ZCAKP!&4&@&3r2cmr!!!!!!!-!!!!!!!!49C*6#\"339P-6d&%!!!!!!:\r\n"),
     "N", false},
};

#endif
