/* Rows for dates, and writing them back. */
#include "message/date.h"

#include "tests/tap.h"

static const struct {
    const char *text;
    int64_t unix_s;
    int zone;
    bool unknown, obsolete;
} good[] = {
    {"Mon, 13 Nov 2023 10:00:00 +0000", 1699869600, 0, false, false},
    {" 13 Nov 2023 10:00:00 +0000 ", 1699869600, 0, false, false},
    {"Mon, 13 Nov 2023 12:00 +0200", 1699869600, 120, false, false},
    {"Mon, 13 Nov 2023 04:30:00 -0530", 1699869600, -330, false, false},
    {"Fri, 13 Nov 2023 10:00:00 +0000", 1699869600, 0, false, false},
    {"Mon, 13 Nov 2023 10:00:00 -0000", 1699869600, 0, true, false},
    {"Mon, 13 Nov 2023 10:00:00 +0000 (UTC)", 1699869600, 0, false, true},
    {"Mon, 13 Nov 2023\r\n\t10:00:00 GMT", 1699869600, 0, false, true},
    {"Mon, 13 Nov 23 05:00:00 EST", 1699869600, -300, false, true},
    {"13 nov 2023 10:00:00 z", 1699869600, 0, false, true},
    {"13 Nov 2023 10:00:00 A", 1699869600, 0, true, true},
    {"13 Nov 2023 10:00:00 CEST", 1699869600, 0, true, true},
    {"(a(b)) Mon (c) , 13(d)Nov 2023 10 : 00 : 00 +0000", 1699869600, 0, false, true},
    {"13 Nov 2023 9:00:00 -0100", 1699869600, -60, false, true},
    {"1 Jan 1970 00:00:00 +0000", 0, 0, false, false},
    {"1 Jan 70 00:00:00 +0000", 0, 0, false, true},
    {"1 Jan 100 00:00:00 +0000", 946684800, 0, false, true},
    {"29 Feb 2024 00:00:00 +0000", 1709164800, 0, false, false},
    {"31 Dec 2016 23:59:60 +0000", 1483228799, 0, false, false},
    {"31 Dec 9999 23:59:59 +0000", 253402300799, 0, false, false},
    {"1 Jan 1900 00:00:00 +0000", -2208988800, 0, false, false},
};

static const char *const bad[] = {
    "",
    "today",
    "Mon 13 Nov 2023 10:00:00 +0000",
    "Mun, 13 Nov 2023 10:00:00 +0000",
    "Monday, 13 Nov 2023 10:00:00 +0000",
    "0 Nov 2023 10:00:00 +0000",
    "31 Nov 2023 10:00:00 +0000",
    "29 Feb 2023 10:00:00 +0000",
    "29 Feb 1900 10:00:00 +0000",
    "013 Nov 2023 10:00:00 +0000",
    "13 November 2023 10:00:00 +0000",
    "13 11 2023 10:00:00 +0000",
    "13 Nov 1899 10:00:00 +0000",
    "13 Nov 12023 10:00:00 +0000",
    "13 Nov 2 10:00:00 +0000",
    "13 Nov 2023 24:00:00 +0000",
    "13 Nov 2023 10:60:00 +0000",
    "13 Nov 2023 10:00:61 +0000",
    "13 Nov 2023 10:0:00 +0000",
    "13 Nov 2023 10:00:00",
    "13 Nov 2023 10:00:00 +000",
    "13 Nov 2023 10:00:00 +00000",
    "13 Nov 2023 10:00:00 +0060",
    "13 Nov 2023 10:00:00 +2400",
    "13 Nov 2023 10:00:00 + 0000",
    "13 Nov 2023 10:00:00 +0000 x",
    "13 Nov 2023 10:00:00 +0000 (open",
    "2023-11-13T10:00:00Z",
    "Nov 13 10:00:00 2023",
    "13 Nov 2023 10:00:00 ABCDEFGH",
    "99999999999999999999 Nov 2023 10:00:00 +0000",
};

static const struct {
    int64_t unix_s;
    const char *want;
} written[] = {
    {1795460419, "Mon, 23 Nov 2026 19:00:19 +0000"},
    {0, "Thu, 1 Jan 1970 00:00:00 +0000"},
    {-1, "Wed, 31 Dec 1969 23:59:59 +0000"},
    {1709164800, "Thu, 29 Feb 2024 00:00:00 +0000"},
    {INT64_MAX, "Fri, 31 Dec 9999 23:59:59 +0000"},
    {INT64_MIN, "Mon, 1 Jan 0001 00:00:00 +0000"},
};

int main(void)
{
    struct mail_date d = {0};
    char text[DATE_TEXT_MAX];
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        tap_case("date: %s", good[i].text);
        tap_ok(date_parse(str_from(good[i].text), &d));
        tap_int(d.unix_s, good[i].unix_s);
        tap_int(d.zone_minutes, good[i].zone);
        tap_int(d.zone_unknown, good[i].unknown);
        tap_int(d.obsolete, good[i].obsolete);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        tap_case("no date: %s", bad[i]);
        tap_ok(!date_parse(str_from(bad[i]), &d));
    }
    tap_case("no date: NUL inside");
    tap_ok(!date_parse(STR("13 Nov 2023\0 10:00:00 +0000"), &d));
    for (size_t i = 0; i < ARRAY_LEN(written); i++) {
        tap_case("written: %s", written[i].want);
        tap_int(date_write(written[i].unix_s, text), strlen(written[i].want));
        tap_cstr(text, written[i].want);
    }
    unsigned same = 0, rounds = 0;
    for (int64_t t = -2208988800; t < 253402300000; t += 86400 * 37 + 12347, rounds++) {
        size_t n = date_write(t, text);
        same += date_parse(str_make(text, n), &d) && d.unix_s == t && !d.obsolete;
    }
    tap_case("written dates are read as the same second");
    tap_int(same, rounds);
    return tap_done();
}
