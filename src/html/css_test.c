/* Declarations and rules: what is written, and what it means for the text. */
#include "html/css.h"

#include "html/html_internal.h"
#include "tests/tap.h"

#define D HTML_UNSEEN_DISPLAY
#define V HTML_UNSEEN_VISIBILITY
#define O HTML_UNSEEN_OPACITY
#define F HTML_UNSEEN_FONT
#define C HTML_UNSEEN_CLIP
#define A HTML_UNSEEN_AWAY
#define B HTML_UNSEEN_BOX
#define K HTML_UNSEEN_COLOR

static const struct {
    const char *style;
    unsigned unseen;
} rows[] = {
    {"display:none", D},
    {"DISPLAY : None", D},
    {"display:none!important;display:block", D},
    {"display:none;display:block", 0},
    {"display:none;display:nonsense", D},
    {"dis\\70lay:no\\6e e", D},
    {"display:/**/none", D},
    {"dis/*;*/play:none", D},
    {"x:';display:none;'", 0},
    {"x:url(;display:none;)", 0},
    {"content:\"a\\\";\";display:none", D},
    {"visibility:hidden", V},
    {"visibility:collapse", V},
    {"visibility:visible", 0},
    {"opacity:0", O},
    {"opacity:.05", O},
    {"opacity:5%", O},
    {"opacity:0.06", 0},
    {"opacity:1e-3", O},
    {"filter:alpha(opacity=0)", O},
    {"filter:opacity(1%)", O},
    {"filter:blur(2px)", 0},
    {"font-size:0", F},
    {"font-size:1px", F},
    {"font-size:1.1px", 0},
    {"font-size:0.05em", F},
    {"font-size:5%", F},
    {"font-size:100%", 0},
    {"font-size:.1pt", F},
    {"font-size:xx-small", 0},
    {"font-size:inherit", 0},
    {"font:0/0 a", F},
    {"font:bold 1px/1px Arial", F},
    {"font:400 12px/0 Arial", 0},
    {"font-size:calc(12px - 12px)", F},
    {"font-size:calc(2 * (6px - 5.9px))", F},
    {"font-size:calc(1em - 16px)", F},
    {"font-size:calc(10px + 2px)", 0},
    {"font-size:clamp(0px, 0.1px, 1px)", F},
    {"font-size:clamp(12px, 0px, 20px)", 0},
    {"font-size:min(0px, 20px)", F},
    {"font-size:max(0px, 20px)", 0},
    {"font-size:calc(1px", 0},
    {"font-size:var(--x)", 0},
    {"text-indent:-9999px", A},
    {"text-indent:-500px", A},
    {"text-indent:-40px", 0},
    {"text-indent:-100em", A},
    {"position:absolute;left:-5000px", A},
    {"left:-5000px", 0},
    {"position:fixed;top:-100vh", A},
    {"margin-left:-10000px", A},
    {"margin-top:-20px", 0},
    {"position:absolute;clip:rect(0,0,0,0)", C},
    {"position:absolute;clip:rect(1px 1px 1px 1px)", C},
    {"clip:rect(0,0,0,0)", 0},
    {"position:absolute;clip:rect(0,100px,100px,0)", 0},
    {"position:absolute;clip:auto", 0},
    {"clip-path:inset(50%)", C},
    {"clip-path:inset(100%)", C},
    {"clip-path:inset(10px)", 0},
    {"clip-path:circle(0)", C},
    {"clip-path:circle(50%)", 0},
    {"clip-path:polygon(0 0, 0 0, 0 0)", C},
    {"clip-path:polygon(0 0, 100% 0, 0 100%)", 0},
    {"transform:scale(0)", C},
    {"transform:scale(1.2) rotate(0deg)", 0},
    {"transform:translateX(-2000px)", C},
    {"height:0;overflow:hidden", B},
    {"max-height:0px;overflow:hidden", B},
    {"width:1px;height:1px;overflow:hidden", B},
    {"height:0", 0},
    {"height:10px;overflow:hidden", 0},
    {"height:auto;overflow:hidden", 0},
    {"height:0%;overflow-y:hidden", B},
    {"color:#fff", K},
    {"color:#fefefe", K},
    {"color:#f5f5f5", K},
    {"color:#e0e0e0", 0},
    {"color:white;background:#000", 0},
    {"color:white;background:none", K},
    {"color:white;background:url(x)", 0},
    {"color:white;background:#333 url(x) no-repeat", 0},
    {"color:rgb(255,255,255)", K},
    {"color:rgb(100% 100% 100%)", K},
    {"color:rgba(0,0,0,0.01)", K},
    {"color:rgba(0,0,0,.5)", 0},
    {"color:hsl(0,0%,100%)", K},
    {"color:hsl(240,100%,50%)", 0},
    {"color:transparent", K},
    {"color:#00000000", K},
    {"background-color:black", K},
    {"background:rgba(0,0,0,0.5);color:white", 0},
    {"-webkit-text-fill-color:transparent", K},
    {"content-visibility:hidden", D},
    {"position:absolute;left:-9999px;display:none", A | D},
};

static void test_declarations(void)
{
    struct html_seen page = seen_of_page();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct css_style style = {0};
        tap_case("css: %s", rows[i].style);
        css_declarations_read(str_from(rows[i].style), &style);
        tap_int(seen_within(&page, &style, TAG_DIV).unseen, rows[i].unseen);
    }
}

/* What an element within may undo, and what not. */
static void test_inheritance(void)
{
    static const struct {
        const char *outer, *inner;
        unsigned unseen;
    } pairs[] = {
        {"display:none", "display:block", D},
        {"visibility:hidden", "visibility:visible", 0},
        {"visibility:hidden", "", V},
        {"opacity:.2", "opacity:.2", O},
        {"font-size:0", "font-size:12px", 0},
        {"font-size:0", "font-size:2em", F},
        {"font-size:1px", "font-size:1000%", 0},
        {"color:#fff", "background:#000", 0},
        {"background:#000;color:#fff", "background:#fff", K},
        {"background:#123456", "color:#123457", K},
    };
    struct html_seen page = seen_of_page();
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct css_style outer = {0}, inner = {0};
        tap_case("css: %s { %s }", pairs[i].outer, pairs[i].inner);
        css_declarations_read(str_from(pairs[i].outer), &outer);
        css_declarations_read(str_from(pairs[i].inner), &inner);
        struct html_seen s = seen_within(&page, &outer, TAG_DIV);
        tap_int(seen_within(&s, &inner, TAG_SPAN).unseen, pairs[i].unseen);
    }
}

static const struct {
    const char *label, *sheet;
    bool hidden; /* of <p class="a b" id="i"> */
} sheets[] = {
    {"tag", "p{display:none}", true},
    {"another tag", "div{display:none}", false},
    {"class", ".b { display : none }", true},
    {"class of another case", ".B{display:none}", false},
    {"id", "#i{display:none}", true},
    {"tag and class", "p.a{display:none}", true},
    {"another tag and class", "td.a{display:none}", false},
    {"both classes", ".a.b{display:none}", true},
    {"a class that it lacks", ".a.c{display:none}", false},
    {"any element", "*{display:none}", true},
    {"a list", "td, .x,\n.a{display:none}", true},
    {"in the body", "body .a{display:none}", true},
    {"within another element", "td .a{display:none}", false},
    {"a state", ".a:hover{display:none}", false},
    {"the later rule", ".a{display:none}.b{display:block}", false},
    {"the heavier rule", "#i{display:none}.b{display:block}", true},
    {"the important rule", ".a{display:none!important}#i{display:block}", true},
    {"screens", "@media screen{.a{display:none}}", true},
    {"small screens", "@media only screen and (max-width:600px){.a{display:none}}", false},
    {"paper", "@media print{.a{display:none}}", false},
    {"behind a skipped block", "@media print{.a{color:red}} .a{display:none}", true},
    {"behind an import", "@import url(x.css);.a{display:none}", true},
    {"behind a font", "@font-face{src:url(x)}.a{display:none}", true},
    {"in a comment", "/*.a{display:none}*/", false},
    {"behind comment marks", "<!-- .a{display:none} -->", true},
    {"not closed", ".a{display:none", true},
    {"a brace in a string", ".x{content:'}'}.a{display:none}", true},
    {"supported", "@supports (display:grid){.a{display:none}}", true},
};

static void test_sheets(void)
{
    struct arena arena;
    arena_init(&arena, 16u << 20);
    for (size_t i = 0; i < ARRAY_LEN(sheets); i++) {
        struct css_sheet sheet = {0};
        struct css_style style = {0};
        struct css_element e = {.tag = STR("P"), .id = STR("i"), .classes = STR(" a\tb ")};
        tap_case("sheet: %s", sheets[i].label);
        tap_ok(css_sheet_read(&arena, &sheet, str_from(sheets[i].sheet)));
        css_sheet_apply(&sheet, &e, &style);
        tap_int(css_has(&style, CSS_DISPLAY) && style.value[CSS_DISPLAY] == CSS_WORD_NONE,
                sheets[i].hidden);
        arena_reset(&arena);
    }
    struct css_sheet sheet = {0};
    tap_case("sheet: the table is full");
    for (unsigned i = 0; i < CSS_MAX_RULES + 1; i++)
        css_sheet_read(&arena, &sheet, arena_fmt(&arena, ".c%u{display:none}", i));
    tap_ok(sheet.full);
    tap_ok(sheet.n <= CSS_MAX_RULES);
    arena_clear(&arena);
}

static void test_addresses(void)
{
    static const struct {
        const char *css, *url;
    } urls[] = {
        {"a{background:url(http://a.example/x)}", "http://a.example/x"},
        {"URL( 'http://a.example/)' )", "http://a.example/)"},
        {"url(\"data:image/png;base64,AA==\")", "data:image/png;base64,AA=="},
        {"url(", ""},
        {"curl(x)", "x"},
        {"u rl(x)", NULL},
        {"@import 'http://b.example/';", "http://b.example/"},
    };
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct str rest = str_from(urls[i].css), url = STR_NONE, all = rest;
        tap_case("css: the address in %s", urls[i].css);
        bool any = css_url_next(&rest, &url) || css_import_next(&all, &url);
        tap_int(any, urls[i].url != NULL);
        tap_str(url, str_from(urls[i].url));
    }
}

int main(void)
{
    test_declarations();
    test_inheritance();
    test_sheets();
    test_addresses();
    return tap_done();
}
