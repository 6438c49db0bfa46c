/* Rows for encoded bodies: each rule with what it finds and a near miss. */
#include "mime/lint_test_kit.h"

#define B64   "Content-Transfer-Encoding: base64\r\n\r\n"
#define QP    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
#define TEN64 "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5"

static const struct lint_row rows[] = {
    HIT("a foreign octet", B64 TEN64 "\r\nQUJ-DREV\r\n", FINDING_MIME_BASE64_ANOMALY, "", "-DREV",
        "junk"),
    HIT("a blank", B64 "QUJD REVG\r\n", FINDING_MIME_BASE64_ANOMALY, "", " REVG", "junk"),
    HIT("a high octet in a long line", B64 TEN64 "\xff" TEN64 "\r\n", FINDING_MIME_BASE64_ANOMALY,
        "", "\xff", "junk"),
    HIT("a bare CR", B64 "QUJD\r\r\nREVG\r\n", FINDING_MIME_BASE64_ANOMALY, "", "\r\r", "junk"),
    HIT("padding within a group", B64 "QU=JDREVG\r\n", FINDING_MIME_BASE64_ANOMALY, "", "JDREVG",
        "early-pad"),
    HIT("three pads", B64 "Q===\r\nQUJD\r\n", FINDING_MIME_BASE64_ANOMALY, "", "QUJD", "early-pad"),
    HIT("two runs", B64 "QUI=\r\nQUJD\r\n", FINDING_MIME_BASE64_ANOMALY, "", "QUJD", "trail"),
    HIT("a group of three", B64 "QUJDREV\r\n", FINDING_MIME_BASE64_ANOMALY, "", "V\r\n", "len"),
    HIT("too few pads", MIXED PART B64 "QUJDRE=" END, FINDING_MIME_BASE64_ANOMALY, "1", "=\r\n",
        "len"),
    MISS("whole groups", B64 TEN64 "\r\nQUI=\r\n\r\n", FINDING_MIME_BASE64_ANOMALY),
    MISS("nothing", MIXED PART B64 END, FINDING_MIME_BASE64_ANOMALY),
    MISS("not base64", "Content-Transfer-Encoding: 7bit\r\n\r\nQUJ-\r\n",
         FINDING_MIME_BASE64_ANOMALY),
    HIT("77 octets", B64 TEN64 "QUJDREVGR\r\n", FINDING_MIME_BASE64_LINES, "", "QUJDREVG",
        "77 octets"),
    HIT("a line of six", B64 "QUJD\r\nQUJDRE\r\nVG\r\n", FINDING_MIME_BASE64_LINES, "", "QUJDRE\r",
        "6 octets"),
    HIT("an empty line", B64 "QUJD\r\n\r\nQUJD\r\n", FINDING_MIME_BASE64_LINES, "", "\r\nQUJD",
        "0 octets"),
    MISS("76 octets, and an odd last line", B64 TEN64 "QUJDREVG\r\nQUI\r\n\r\n",
         FINDING_MIME_BASE64_LINES),
    HIT("one digit", QP "a=4\r\n", FINDING_MIME_QP_ANOMALY, "", "=4", "two digits"),
    HIT("no digit", QP "a==3D\r\n", FINDING_MIME_QP_ANOMALY, "", "==3D", ""),
    HIT("text behind a soft line end", QP "a= b\r\n", FINDING_MIME_QP_ANOMALY, "", "= b", ""),
    HIT("CR CR LF", QP "a=\r\r\nb\r\n", FINDING_MIME_QP_ANOMALY, "", "=\r\r", ""),
    HIT("a high octet behind many", QP TEN64 "\r\n" TEN64 "\xe9\r\n", FINDING_MIME_QP_ANOMALY, "",
        "\xe9", "must be escaped"),
    HIT("a control", QP TEN64 "\x12\r\n", FINDING_MIME_QP_ANOMALY, "", "\x12", "must be escaped"),
    MISS("escapes and soft line ends",
         QP "=41=C3=A9=\r\n= \t\r\nx=3D=3d\r\n=", FINDING_MIME_QP_ANOMALY),
    MISS("the end of a part", MIXED PART QP "x=" END, FINDING_MIME_QP_ANOMALY),
    MISS("not quoted-printable", "Content-Type: text/plain\r\n\r\n==\r\n", FINDING_MIME_QP_ANOMALY),
    RAISED("lower case", QP "a=3d\r\n", FINDING_MIME_QP_STYLE, "", "=3d", "lower case", SEV_LOW),
    RAISED("white space", QP "a= \r\nb\r\n", FINDING_MIME_QP_STYLE, "", "= \r\n", "soft line end",
           SEV_LOW),
    HIT("white space at the end", QP "a=\r\nb \t\r\nc\r\n", FINDING_MIME_QP_STYLE, "", " \t\r\nc",
        "end of a line"),
    HIT("77 octets", QP TEN64 "123456789\r\n", FINDING_MIME_QP_STYLE, "", "QUJD", "76 octets"),
    MISS("76 octets, upper case, a tab", QP TEN64 "123\t5=3D\r\n", FINDING_MIME_QP_STYLE),
    HIT("uuencode", "Subject: x\r\n\r\nhello\r\nbegin 644 a.exe\r\n#0V%T\r\n`\r\nend\r\n",
        FINDING_MIME_LEGACY_ENCODING, "", "begin 644", "uuencode"),
    HIT("yEnc in a part", MIXED PART "\r\nx\r\n=ybegin line=128 size=1 name=a\r\nk\r\n=yend" END,
        FINDING_MIME_LEGACY_ENCODING, "1", "=ybegin", "yEnc"),
    HIT("BinHex at the start",
        "Subject: x\r\n\r\n(This file must be converted with BinHex 4.0)\r\n",
        FINDING_MIME_LEGACY_ENCODING, "", "(This", "BinHex"),
    HIT("behind many lines",
        "Subject: x\r\n\r\n" TEN64 "\r\n" TEN64 "\r\n" TEN64 "\r\nbegin 755 a\r\n" TEN64 "\r\n",
        FINDING_MIME_LEGACY_ENCODING, "", "begin 755", ""),
    MISS("words",
         "Subject: x\r\n\r\nbegin 688 a\r\nbegin 64 b\r\n begin 644 c\r\nbegins 644 d\r\n"
         "=ybeginning\r\n(This file must be\r\n",
         FINDING_MIME_LEGACY_ENCODING),
};

int main(void)
{
    return lint_check_rows(rows, ARRAY_LEN(rows));
}
