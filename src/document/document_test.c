/* Rows for the table of readers and the text reader. */
#include "document/document.h"

#include "content/archive_test_kit.h"
#include "document/readers.h"

static const struct text_row {
    const char *label, *type, *charset;
    struct str bytes;
    struct str want; /* of the one text */
    bool body;
    const char *links;
} text_rows[] = {
    {"US-ASCII", "text", "us-ascii", STR_INIT("Hello\r\n"), STR_INIT("Hello\r\n"), true},
    {"Latin-1 becomes UTF-8", "text", "iso-8859-1",
     STR_INIT("Gr\xfc\xdf"
              "e"),
     STR_INIT("Gr\xc3\xbc\xc3\x9f"
              "e"),
     true},
    {"an unknown charset stays as it is", "text", "x-none", STR_INIT("plain"), STR_INIT("plain"),
     true},
    {"links are found", "text", "utf-8", STR_INIT("See https://a.example/x, or www.b.example."),
     STR_INIT("See https://a.example/x, or www.b.example."), true,
     "https://a.example/x www.b.example"},
    {"a word with dots is no link", "text", "utf-8", STR_INIT("mail.example and e.g."),
     STR_INIT("mail.example and e.g."), true},
    {"nothing is no text", "text", "utf-8", STR_INIT(""), STR_INIT(""), true},
    {"a program is no text", "application", "", STR_INIT("MZ\x90\0\x03"), STR_INIT(""), false},
};

static void test_text(const struct text_row *row)
{
    struct kit_run r;
    kit_inspect(&r, STR(""), row->bytes, NULL, 0);
    struct content_object *o = &r.report.objects[0];
    o->n_names = 0;
    o->type = str_from(row->type);
    o->charset = str_from(row->charset);
    tap_case("text: %s", row->label);
    tap_int(document_read(&r.content, 0, NULL), MP_OK);
    tap_int(r.report.n_texts, row->want.n > 0);
    if (r.report.n_texts == 1)
        tap_str(r.report.texts[0].text, row->want);
    struct str links = STR("");
    for (size_t i = 0; i < r.report.n_links; i++) {
        struct str blank = i > 0 ? STR(" ") : STR("");
        links = arena_join(&r.arena, (struct str[]){links, blank, r.report.links[i].url}, 3);
        tap_int(r.report.links[i].source, LINK_TEXT);
    }
    tap_str(links, str_from(row->links == NULL ? "" : row->links));
    tap_int(object_is_body(o), row->body);
    kit_clear(&r);
}

static void test_written_links(void)
{
    static const char text[] = "See http://a.example/x, or www.b.example. Not c.example.";
    struct kit_run r;
    kit_inspect(&r, STR(""), str_from(text), NULL, 0);
    r.report.objects[0].n_names = 0;
    r.report.objects[0].type = STR("text");
    r.report.objects[0].charset = STR("utf-8");
    tap_case("text: links that are written out");
    tap_int(document_read(&r.content, 0, NULL), MP_OK);
    tap_int(r.report.n_links, 2);
    if (r.report.n_links == 2) {
        tap_str(r.report.links[0].url, STR("http://a.example/x"));
        tap_str(r.report.links[1].url, STR("www.b.example"));
        tap_int(r.report.links[1].source, LINK_TEXT);
        tap_ok(!r.report.links[0].hidden);
    }
    kit_clear(&r);
}

/* TSCII says twelve bytes with one: no text may cost the message its inspection. */
static void test_growth(void)
{
    static const char link[] = " http://a.example/x";
    static const size_t sizes[] = {10, 200000};
    struct kit_run r;
    struct buf b;
    buf_init(&b, CONTENT_MAX_TEXT_BYTES);
    for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
        buf_reset(&b);
        for (size_t i = 0; i < sizes[k]; i++)
            buf_addc(&b, '\x82');
        buf_addz(&b, link);
        kit_inspect(&r, STR(""), buf_str(&b), NULL, 0);
        r.report.objects[0].type = STR("text");
        r.report.objects[0].charset = STR("tscii");
        tap_case("text: a charset that makes %zu bytes many more", sizes[k]);
        tap_int(document_read(&r.content, 0, NULL), MP_OK);
        if (tap_int(r.report.n_links, 1))
            tap_str(r.report.links[0].url, STR("http://a.example/x"));
        kit_clear(&r);
    }
    buf_clear(&b);
}

int main(void)
{
    test_written_links();
    test_growth();
    for (size_t i = 0; i < ARRAY_LEN(text_rows); i++)
        test_text(&text_rows[i]);
    return tap_done();
}
