/* The tokenizer: pages and the tokens that the standard makes of them. */
#include "html/token.h"

#include "base/buf.h"
#include "tests/tap.h"

/* Tokens as a line: "<a href=x>" start, "</a>" end, "'text'", "\"raw\"", "!comment", "?other". */
static void write_token(struct buf *b, const struct html_token *t)
{
    switch (t->kind) {
    case TOKEN_TEXT:
    case TOKEN_RAW:
        buf_addf(b, t->kind == TOKEN_TEXT ? "'" STR_FMT "'" : "\"" STR_FMT "\"", STR_ARG(t->text));
        break;
    case TOKEN_START:
    case TOKEN_CLOSE:
        buf_addf(b, t->kind == TOKEN_START ? "<" STR_FMT : "</" STR_FMT, STR_ARG(t->text));
        for (unsigned i = 0; i < t->n; i++)
            buf_addf(b, " " STR_FMT "=" STR_FMT, STR_ARG(t->attributes[i].name),
                     STR_ARG(t->attributes[i].value));
        buf_addf(b, t->self_closing ? "/>" : ">");
        break;
    case TOKEN_COMMENT:
        buf_addf(b, "!" STR_FMT "!", STR_ARG(t->text));
        break;
    default:
        buf_addf(b, "?" STR_FMT "?", STR_ARG(t->text));
        break;
    }
}

static void write_tokens(struct buf *b, struct str page, bool xml)
{
    struct html_tokenizer t;
    struct html_token token;
    buf_reset(b);
    html_tokenizer_init(&t, page, xml);
    for (;;) {
        html_token_next(&t, &token);
        if (token.kind == TOKEN_END)
            return;
        write_token(b, &token);
    }
}

static const struct {
    const char *label, *page, *want;
    bool xml;
} rows[] = {
    {"text and tags", "a<b>c</b>d", "'a'<b>'c'</b>'d'", false},
    {"attributes in all quotes", "<a href=x title='y z' alt=\"w\" hidden>",
     "<a href=x title=y z alt=w hidden=>", false},
    {"the first of a name counts", "<a href=1 HREF=2>", "<a href=1>", false},
    {"unknown attributes are passed over, handlers are not", "<a foo=1 onclick=x data-y=2>",
     "<a onclick=x>", false},
    {"blanks around the equals sign", "<a href \n=\t x>", "<a href=x>", false},
    {"a slash between attributes", "<a/href=x/>", "<a href=x/>", false},
    {"an equals sign begins a name", "<a =href=1 href=2>", "<a href=2>", false},
    {"a quote without blank behind it", "<a href='1'title='2'>", "<a href=1 title=2>", false},
    {"a > in quotes is no end", "<a href='>'>x", "<a href=>>'x'", false},
    {"the page ends in a tag", "a<a href=x", "'a'", false},
    {"the page ends in a value", "a<a href='x>y", "'a'", false},
    {"a < that begins nothing", "1 < 2 <3 a<", "'1 < 2 <3 a<'", false},
    {"</ at the end", "a</", "'a</'", false},
    {"</ and no letter is a comment", "a</ b>c", "'a'?/ b?'c'", false},
    {"comment", "<!-- a -- b --->c", "! a -- b -!'c'", false},
    {"comment that ends at once", "<!-->a<!--->b", "!!'a'!!'b'", false},
    {"comment that ends in --!>", "<!--a--!>b", "!a!'b'", false},
    {"comment without an end", "<!--a->b", "!a->b!", false},
    {"<!-- with one dash before >", "<!--a->b-->c", "!a->b!'c'", false},
    {"document type", "<!DOCTYPE html>a", "?!DOCTYPE html?'a'", false},
    {"processing instruction", "<?php a>b?>c", "??php a?'b?>c'", false},
    {"... of XML", "<?php a>b?>c", "?php a>b?'c'", true},
    {"document type of XML with declarations", "<!DOCTYPE s [<!ENTITY a 'b>'>]>c",
     "?!DOCTYPE s [<!ENTITY a 'b>'>?'c'", true},
    {"CDATA of HTML is a comment", "<![CDATA[a>b]]>c", "?![CDATA[a?'b]]>c'", false},
    {"CDATA of XML", "<![CDATA[a>b]]>c", "\"a>b\"'c'", true},
    {"title has references and no tags", "<title>a<b>&amp;</titles></title >c",
     "<title>'a<b>&amp;</titles>'</title>'c'", false},
    {"style has neither", "<style>a<b>&amp;</STYLE>c", "<style>\"a<b>&amp;\"</STYLE>'c'", false},
    {"script", "<script>if (a</b/) '</script'</script>c",
     "<script>\"if (a</b/) '</script'\"</script>'c'", false},
    {"script within a comment within a script", "<script><!--<script></script>a--></script>c",
     "<script>\"<!--<script></script>a-->\"</script>'c'", false},
    {"a comment in a script ends with it", "<script><!--</script>c", "<script>\"<!--\"</script>'c'",
     false},
    {"a comment in a script that ends at once", "<script><!--><script></script>c",
     "<script>\"<!--><script>\"</script>'c'", false},
    {"script without an end", "<script>a</scrip>b", "<script>\"a</scrip>b\"", false},
    {"script of XML is no raw text", "<script>a<b/></script>", "<script>'a'<b/></script>", true},
    {"nothing is markup behind plaintext", "<plaintext>a<b></plaintext>",
     "<plaintext>\"a<b></plaintext>\"", false},
    {"names may hold anything", "<a\"b'c<d href=x>e", "<a\"b'c<d href=x>'e'", false},
    {"any prefix of href in SVG", "<image x:href=1>", "<image x:href=1>", true},
};

static void test_limits(void)
{
    static struct html_tokenizer t;
    static struct html_token token;
    struct buf b;
    buf_init(&b, 1u << 20);
    buf_addz(&b, "<a");
    for (unsigned i = 0; i < HTML_MAX_ATTRIBUTES; i++)
        buf_addf(&b, " a%u=x", i);
    buf_addz(&b, " href=late>b");
    html_tokenizer_init(&t, buf_str(&b), false);
    html_token_next(&t, &token);
    tap_case("attributes beyond the limit are passed over and told of");
    tap_int(token.kind, TOKEN_START);
    tap_ok(html_token_value(&token, ATTR_HREF).p == NULL);
    tap_ok(t.too_many_attributes);
    html_token_next(&t, &token);
    tap_str(token.text, STR("b"));
    buf_clear(&b);
}

int main(void)
{
    struct buf b;
    buf_init(&b, 1u << 16);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("token: %s", rows[i].label);
        write_tokens(&b, str_from(rows[i].page), rows[i].xml);
        tap_str(buf_str(&b), str_from(rows[i].want));
    }
    /* A page that is cut anywhere gives tokens that lie within it, and an end. */
    tap_case("token: every cut of every row");
    bool within = true;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t n = 0; n <= strlen(rows[i].page); n++) {
            write_tokens(&b, str_make(rows[i].page, n), rows[i].xml);
            within = within && !b.failed;
        }
    tap_ok(within);
    test_limits();
    buf_clear(&b);
    return tap_done();
}
