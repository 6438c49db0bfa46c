/* Files, texts and properties of winmail.dat; compressed RTF as the examples of [MS-OXRTFCP] have
 * it. */
#include "document/tnef.h"

#include "base/buf.h"
#include "content/archive_test_kit.h"
#include "document/document.h"

static void put_number(struct buf *b, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buf_addc(b, (char)(value >> (8 * i) & 0xff));
}

static void put_attribute(struct buf *b, unsigned level, uint32_t id, struct str data)
{
    put_number(b, level, 1);
    put_number(b, id, 4);
    put_number(b, (uint32_t)data.n, 4);
    buf_add(b, data);
    put_number(b, 0, 2);
}

static void put_property(struct buf *b, uint16_t id, uint16_t type, struct str value)
{
    put_number(b, type, 2);
    put_number(b, id, 2);
    put_number(b, 1, 4);
    put_number(b, (uint32_t)value.n, 4);
    buf_add(b, value);
    for (size_t n = value.n; n % 4 != 0; n++)
        buf_addc(b, '\0');
}

static void begin(struct buf *b)
{
    buf_init(b, 1 << 20);
    put_number(b, 0x223e9f78, 4);
    put_number(b, 1, 2);
}

/* Properties that are passed over: a number, one with a name, several texts. */
static void put_others(struct buf *b)
{
    put_number(b, 0x0003, 2);
    put_number(b, 0x3705, 2);
    put_number(b, 1, 4);
    put_number(b, 0x0003, 2);
    put_number(b, 0x8001, 2);
    buf_add(b, STR("0123456789abcdef"));
    put_number(b, 1, 4);
    put_number(b, 6, 4);
    buf_add(b, STR("n\0a\0m\0\0\0"));
    put_number(b, 7, 4);
    put_number(b, 0x101e, 2);
    put_number(b, 0x3a00, 2);
    put_number(b, 2, 4);
    for (unsigned i = 0; i < 2; i++) {
        put_number(b, 4, 4);
        buf_add(b, STR("one\0"));
    }
}

static void test_files(void)
{
    struct buf b, properties;
    struct kit_run r;
    begin(&b);
    put_attribute(&b, 1, TNEF_BODY, STR("See the file\0"));
    put_attribute(&b, 2, TNEF_ATTACHMENT, STR("0123456789abcd"));
    put_attribute(&b, 2, TNEF_ATTACHMENT_TITLE, STR("INVOIC~1.EXE\0"));
    put_attribute(&b, 2, TNEF_ATTACHMENT_DATA, STR("MZ first"));
    begin(&properties);
    buf_reset(&properties);
    put_number(&properties, 4, 4);
    put_others(&properties);
    put_property(&properties, MAPI_ATTACHMENT_LONG_NAME, MAPI_UTF16,
                 STR("i\0n\0v\0o\0i\0c\0e\0.\0e\0x\0e\0\0\0"));
    put_attribute(&b, 2, TNEF_ATTACHMENT_PROPERTIES, buf_str(&properties));
    put_attribute(&b, 2, TNEF_ATTACHMENT, STR("0123456789abcd"));
    put_attribute(&b, 2, TNEF_ATTACHMENT_TITLE, STR("b.txt\0"));
    put_attribute(&b, 2, TNEF_ATTACHMENT_DATA, STR("second"));
    kit_inspect(&r, STR("winmail.dat"), buf_str(&b), NULL, 0);
    tap_case("files in it are members, by their long names");
    tap_int(document_read(&r.content, 0, NULL), MP_OK);
    tap_str(kit_members(&r), STR("invoice.exe+ b.txt+"));
    tap_ok(kit_find(&r, FINDING_ARCHIVE_EXECUTABLE) != NULL);
    tap_case("the text of it is read");
    if (tap_int((long long)r.report.n_texts, 1))
        tap_str(r.report.texts[0].text, STR("See the file"));
    kit_clear(&r);
    for (size_t n = 0; n < b.n; n += 7) { /* cut anywhere */
        kit_inspect(&r, STR("winmail.dat"), str_slice(buf_str(&b), 0, n), NULL, 0);
        if (document_read(&r.content, 0, NULL) != MP_OK || r.report.n > 3)
            tap_ok(false);
        kit_clear(&r);
    }
    buf_clear(&properties);
    buf_clear(&b);
}

static void test_bodies(void)
{
    struct buf b, properties;
    struct kit_run r;
    begin(&b);
    begin(&properties);
    buf_reset(&properties);
    put_number(&properties, 2, 4);
    put_property(&properties, MAPI_BODY_HTML, MAPI_BINARY, STR("<html><body>hi</body></html>"));
    put_property(&properties, MAPI_BODY, MAPI_TEXT, STR("plain\0"));
    put_attribute(&b, 1, TNEF_MESSAGE_PROPERTIES, buf_str(&properties));
    kit_inspect(&r, STR("winmail.dat"), buf_str(&b), NULL, 0);
    tap_case("pages in it are members, text is read");
    tap_int(document_read(&r.content, 0, NULL), MP_OK);
    tap_int((long long)r.report.n, 2);
    tap_int(r.report.objects[1].kind, FILE_HTML);
    if (tap_int((long long)r.report.n_texts, 1))
        tap_str(r.report.texts[0].text, STR("plain"));
    kit_clear(&r);
    buf_clear(&properties);
    buf_clear(&b);
}

static const struct {
    const char *label;
    struct str packed, want;
} rtf[] = {
    {"the first example",
     STR_INIT("\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125"
              "\x42"
              "2\x0a\xf3 hel\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0"),
     STR_INIT("{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n")},
    {"one that repeats what it is writing",
     STR_INIT("\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4\x4b\x51\x41\0\x04 WXYZ\x0dn}\x01\x0e\xb0"),
     STR_INIT("{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}")},
    {"as it is", STR_INIT("\x10\0\0\0\x04\0\0\0MELA\0\0\0\0{\\rt"), STR_INIT("{\\rt")},
    {"another kind", STR_INIT("\x10\0\0\0\x04\0\0\0LZFv\0\0\0\0{\\rt"), STR_INIT("")},
    {"too short", STR_INIT("\x10\0\0\0LZFu"), STR_INIT("")},
    {"no more than was told",
     STR_INIT("\x1a\0\0\0\x04\0\0\0LZFu\xe2\xd4\x4b\x51\x41\0\x04 WXYZ\x0dn}\x01\x0e\xb0"),
     STR_INIT("{\\rt")},
};

int main(void)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(rtf); i++) {
        tap_case("RTF: %s", rtf[i].label);
        tap_str(tnef_rtf(&arena, rtf[i].packed), rtf[i].want);
    }
    arena_clear(&arena);
    test_files();
    test_bodies();
    return tap_done();
}
