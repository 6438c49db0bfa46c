/* Rows for the rules of calendars: each with a case that is nearly one. */
#include "document/document.h"

#include "content/archive_test_kit.h"

#define HEAD    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
#define REQUEST HEAD "METHOD:REQUEST\r\n"
#define EVENT   "BEGIN:VEVENT\r\nUID:1@cal.test\r\nDTSTAMP:20260101T000000Z\r\n"
#define TWO     "ATTENDEE:mailto:b@good.test\r\nATTENDEE:mailto:c@good.test\r\n"
#define END     "END:VEVENT\r\nEND:VCALENDAR\r\n"
#define ZW4     "\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b"
#define TAG     "\xf3\xa0\x81\x81"

enum { ANY = -1 };

static const struct row {
    const char *label, *method, *text; /* method: of Content-Type; "-": it is an attached file */
    enum finding_id id;
    int severity; /* ANY with `count` 0 */
    const char *evidence;
} rows[] = {
    {"the same method", "REQUEST", REQUEST EVENT TWO END, FINDING_CALENDAR_METHOD, ANY, ""},
    {"the same in other letters", "request", REQUEST EVENT TWO END, FINDING_CALENDAR_METHOD, ANY,
     ""},
    {"another method", "REQUEST", HEAD "METHOD:CANCEL\r\n" EVENT TWO END, FINDING_CALENDAR_METHOD,
     SEV_MEDIUM, "Content-Type says method=REQUEST, the calendar METHOD:CANCEL"},
    {"no method in the type", "", REQUEST EVENT TWO END, FINDING_CALENDAR_METHOD, SEV_MEDIUM,
     "Content-Type says no method, the calendar METHOD:REQUEST"},
    {"no method in the calendar", "REQUEST", HEAD EVENT TWO END, FINDING_CALENDAR_METHOD,
     SEV_MEDIUM, "Content-Type says method=REQUEST, the calendar none"},
    {"a file says no method", "-", REQUEST EVENT TWO END, FINDING_CALENDAR_METHOD, ANY, ""},

    {"with UID and DTSTAMP", "REQUEST", REQUEST EVENT TWO END, FINDING_CALENDAR_UID, ANY, ""},
    {"without UID", "REQUEST", REQUEST "BEGIN:VEVENT\r\nDTSTAMP:1\r\n" TWO END,
     FINDING_CALENDAR_UID, SEV_LOW, "no UID in VEVENT"},
    {"without DTSTAMP", "REQUEST", REQUEST "BEGIN:VTODO\r\nUID:1\r\nEND:VTODO\r\n",
     FINDING_CALENDAR_UID, SEV_LOW, "no DTSTAMP in VTODO"},
    {"a time zone needs none", "REQUEST",
     REQUEST "BEGIN:VTIMEZONE\r\nEND:VTIMEZONE\r\n" EVENT TWO END, FINDING_CALENDAR_UID, ANY, ""},
    {"the UID of an alarm is not the event's", "REQUEST",
     REQUEST "BEGIN:VEVENT\r\nDTSTAMP:1\r\nBEGIN:VALARM\r\nUID:1\r\nEND:VALARM\r\n" TWO END,
     FINDING_CALENDAR_UID, SEV_LOW, "no UID in VEVENT"},
    {"UID of an example", "REQUEST",
     REQUEST "BEGIN:VEVENT\r\nDTSTAMP:1\r\nUID:x@example.com\r\n" TWO END, FINDING_CALENDAR_UID,
     SEV_LOW, "UID is of an example: x@example.com"},
    {"UID is the recipient", "REQUEST",
     REQUEST "BEGIN:VEVENT\r\nDTSTAMP:1\r\nUID:B@good.test\r\n" TWO END, FINDING_CALENDAR_UID,
     SEV_LOW, "UID is the address of an attendee: B@good.test"},
    {"UID is like the recipient", "REQUEST",
     REQUEST "BEGIN:VEVENT\r\nDTSTAMP:1\r\nUID:20260101-b@good.test\r\n" TWO END,
     FINDING_CALENDAR_UID, ANY, ""},

    {"a file by its URL", "REQUEST",
     REQUEST EVENT TWO "ATTACH:https://drive.good.test/a.pdf?x=a.html\r\n" END,
     FINDING_CALENDAR_ATTACH, ANY, ""},
    {"a program by its URL", "REQUEST", REQUEST EVENT TWO "ATTACH:https://bad.test/a.exe?x\r\n" END,
     FINDING_CALENDAR_ATTACH, SEV_MEDIUM, "ATTACH https://bad.test/a.exe?x"},
    {"a page by its URL", "REQUEST", REQUEST EVENT TWO "ATTACH:https://evil.test/a.html\r\n" END,
     FINDING_CALENDAR_ATTACH, SEV_HIGH, "ATTACH https://evil.test/a.html"},
    {"a part of the mail", "REQUEST", REQUEST EVENT TWO "ATTACH:CID:1@a.test\r\n" END,
     FINDING_CALENDAR_ATTACH, SEV_MEDIUM, "ATTACH CID:1@a.test"},
    {"a page in the calendar", "REQUEST",
     REQUEST EVENT TWO "ATTACH;FMTTYPE=text/html;ENCODING=BASE64;VALUE=BINARY;FILENAME=a.html:"
                       "PGh0bWw+PC9odG1sPg==\r\n" END,
     FINDING_CALENDAR_ATTACH, SEV_HIGH, "ATTACH carries a file of type text/html named a.html "},
    {"a text in the calendar", "REQUEST",
     REQUEST EVENT TWO "ATTACH;ENCODING=BASE64;VALUE=BINARY:aGVsbG8=\r\n" END,
     FINDING_CALENDAR_ATTACH, SEV_MEDIUM, "ATTACH carries a file "},
    {"a page as data", "REQUEST", REQUEST EVENT TWO "ATTACH:data:text/html;base64,PGI+\r\n" END,
     FINDING_CALENDAR_ATTACH, SEV_HIGH, "ATTACH carries a file data:text/html;base64,PGI+"},

    {"eight that show nothing", "REQUEST", REQUEST EVENT TWO "SUMMARY:a" ZW4 ZW4 "b\r\n" END,
     FINDING_CALENDAR_INVISIBLE, SEV_HIGH, "SUMMARY: a\\u{200b}"},
    {"tags that show nothing", "REQUEST",
     REQUEST EVENT TWO "X-NOTE:a" TAG TAG TAG TAG TAG TAG TAG TAG "\r\n" END,
     FINDING_CALENDAR_INVISIBLE, SEV_HIGH, "X-NOTE: a\\u{e0041}"},
    {"the flag of England", "REQUEST",
     REQUEST EVENT TWO "SUMMARY:\xf0\x9f\x8f\xb4" TAG TAG TAG TAG TAG TAG "!\r\n" END,
     FINDING_CALENDAR_INVISIBLE, ANY, ""},

    {"a link for one", "REQUEST",
     REQUEST EVENT "ATTENDEE:mailto:b@good.test\r\nDESCRIPTION:See https://a.test/x\\, now\r\n" END,
     FINDING_CALENDAR_AUTO, SEV_LOW, "METHOD:REQUEST for one person, with https://a.test/x"},
    {"a link for two", "REQUEST", REQUEST EVENT TWO "LOCATION:https://a.test/x\r\n" END,
     FINDING_CALENDAR_AUTO, ANY, ""},
    {"no link", "REQUEST",
     REQUEST EVENT "ATTENDEE:mailto:b@good.test\r\nDESCRIPTION:See you\r\n" END,
     FINDING_CALENDAR_AUTO, ANY, ""},
    {"a link that is published", "PUBLISH",
     HEAD "METHOD:PUBLISH\r\n" EVENT "DESCRIPTION:https://a.test/x\r\n" END, FINDING_CALENDAR_AUTO,
     ANY, ""},
};

static void read_calendar(struct kit_run *r, const char *method, const char *text)
{
    bool file = strcmp(method, "-") == 0;
    kit_inspect(r, STR("invite.ics"), str_from(text), NULL, 0);
    struct content_object *o = &r->report.objects[0];
    o->type = STR("text");
    o->subtype = STR("calendar");
    o->disposition = file ? STR("attachment") : STR("");
    o->method = file ? STR("") : str_from(method);
    r->status = document_read(&r->content, 0, NULL);
}

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct kit_run r;
        read_calendar(&r, row->method, row->text);
        tap_case("calendar: %s", row->label);
        tap_int(r.status, MP_OK);
        const struct finding *f = kit_find(&r, row->id);
        if (row->severity == ANY)
            tap_ok(f == NULL);
        else if (tap_ok(f != NULL))
            tap_ok((int)f->severity == row->severity &&
                   str_starts(f->evidence, str_from(row->evidence)));
        if (f != NULL && row->severity != ANY && !str_starts(f->evidence, str_from(row->evidence)))
            tap_note(STR_FMT, STR_ARG(f->evidence));
        kit_clear(&r);
    }
}

/* What room phish sees of it. */
static void test_found(void)
{
    static const char text[] =
        REQUEST EVENT TWO "ORGANIZER;CN=\"The Boss\":MAILTO:boss@a.test\r\n"
                          "SUMMARY:Pay\\, now\r\n"
                          "DESCRIPTION:See https://b.test/1 and https://b.test/1\r\n"
                          "URL:https://c.test/2\r\n"
                          "ATTACH;VALUE=BINARY;ENCODING=BASE64;FILENAME=a.exe:TVqQAAMAAAA=\r\n" END;
    static const char *const want[] = {"mailto:boss@a.test", "https://b.test/1",
                                       "https://c.test/2"};
    struct kit_run r;
    read_calendar(&r, "REQUEST", text);
    tap_case("links: the organizer first, each once");
    if (tap_int((long long)r.report.n_links, ARRAY_LEN(want)))
        for (size_t i = 0; i < ARRAY_LEN(want); i++) {
            tap_str(r.report.links[i].url, str_from(want[i]));
            tap_int(r.report.links[i].source, LINK_CALENDAR);
        }
    tap_str(r.report.links[0].text, STR("The Boss"));
    tap_case("words that a person reads");
    if (tap_int((long long)r.report.n_texts, 1))
        tap_str(r.report.texts[0].text,
                STR("Pay, now\nSee https://b.test/1 and https://b.test/1\n"));
    tap_case("a file in it is looked at as any other");
    tap_str(kit_members(&r), STR("a.exe+"));
    tap_ok(kit_find(&r, FINDING_ATTACH_EXTENSION_DANGEROUS) != NULL ||
           kit_find(&r, FINDING_ARCHIVE_EXECUTABLE) != NULL);
    kit_clear(&r);
}

static void test_hostile(void)
{
    enum { DEEP = 100000 };
    struct buf b;
    struct kit_run r;
    buf_init(&b, 8u << 20);
    buf_addz(&b, HEAD);
    for (size_t i = 0; i < DEEP; i++)
        buf_addz(&b, "BEGIN:VEVENT\nURL:http://a.test/\n");
    tap_case("events within events end");
    kit_inspect(&r, STR("a.ics"), buf_str(&b), NULL, 0);
    tap_int(document_read(&r.content, 0, NULL), MP_OK);
    tap_int((long long)r.report.n_links, 1);
    kit_clear(&r);
    buf_clear(&b);
}

int main(void)
{
    test_rows();
    test_found();
    test_hostile();
    return tap_done();
}
