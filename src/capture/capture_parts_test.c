/* What needs no server: harmless HTML, file names, whom a release may reach, and the document of
 * the API against the table of routes. */
#include <jansson.h>
#include <strings.h>

#include "tests/tap.h"

#include "capture/capture_internal.h"
#include "capture/openapi.h"

static struct str resolve(void *ctx, struct str id)
{
    (void)ctx;
    return str_eq(id, STR("logo@good.test")) ? STR("data:image/png;base64,AA==") : STR_NONE;
}

static void test_preview(void)
{
    static const struct {
        const char *label, *html, *want; /* behind our own head */
    } rows[] = {
        {"plain", "<p>Hi</p>", "<p>Hi</p>"},
        {"script", "<script>x</script>", "<x-script>x</x-script>"},
        {"case", "<ScRiPt>", "<x-ScRiPt>"},
        {"refresh", "<meta http-equiv=refresh content=0>", "<x-meta http-equiv=refresh content=0>"},
        {"link, base, frames", "<link><base><iframe><frame><frameset><object><embed>",
         "<x-link><x-base><x-iframe><x-frame><x-frameset><x-object><x-embed>"},
        {"names that only begin so", "<linked><metadata><form-x><formula>",
         "<linked><metadata><form-x><formula>"},
        {"closed by a slash", "<script/src=x>", "<x-script/src=x>"},
        {"at the end", "<script", "<x-script"},
        {"split by a comment", "<!--><script>-->", "<!--><x-script>-->"},
        {"twice", "<<script>", "<<x-script>"},
        {"in an attribute", "<p title='<script>'>", "<p title='<x-script>'>"},
        {"an image of its own", "<img src=\"cid:logo@good.test\">",
         "<img src=\"data:image/png;base64,AA==\">"},
        {"the same in a style", "url(CID:logo@good.test)", "url(data:image/png;base64,AA==)"},
        {"an image that is not there", "<img src=cid:none>", "<img src=cid:none>"},
        {"text that looks like it", "acid:logo@good.test", "acid:logo@good.test"},
        {"the end behind cid:", "<img src='cid:", "<img src='cid:"},
        {"lone brackets", "1 < 2 </ <", "1 < 2 </ <"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        buf_init(&out, 1 << 16);
        tap_case("preview: %s", rows[i].label);
        preview_clean(str_from(rows[i].html), resolve, NULL, &out);
        size_t head = str_find(buf_str(&out), '\n') + 1;
        tap_ok(str_starts(buf_str(&out), STR("<!doctype html>")));
        tap_str(str_slice(buf_str(&out), head, out.n), str_from(rows[i].want));
        buf_clear(&out);
    }
    tap_case("preview: its policy lets nothing be loaded or run");
    struct str policy = str_from(preview_policy);
    tap_ok(str_starts(policy, STR("default-src 'none'; img-src data:;")));
    tap_ok(str_search(policy, STR("sandbox")) < policy.n);
    tap_ok(str_search(policy, STR("allow-scripts")) == policy.n);
    tap_ok(str_search(policy, STR("allow-same-origin")) == policy.n);
}

static void test_disposition(void)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        {"", "attachment"},
        {"a.pdf", "attachment; filename=\"a.pdf\""},
        {"a b.pdf", "attachment; filename=\"a b.pdf\""},
        {"../../etc/passwd", "attachment; filename=\"passwd\""},
        {"C:\\x\\y.txt", "attachment; filename=\"y.txt\""},
        {"a\"b\r\nX: y",
         "attachment; filename=\"a_b__X_ y\"; filename*=UTF-8''a%22b%0D%0AX%3A%20y"},
        {"\xe2\x82\xac.pdf", "attachment; filename=\"___.pdf\"; filename*=UTF-8''%E2%82%AC.pdf"},
        {"\xff.pdf", "attachment; filename=\"_.pdf\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = {0};
        arena_init(&a, 1 << 16);
        tap_case("file name: row %zu", i + 1);
        tap_str(disposition_value(&a, "attachment", str_from(rows[i].name)),
                str_from(rows[i].want));
        arena_clear(&a);
    }
}

static void test_release_allowed(void)
{
    static const struct str allow[] = {STR_INIT("good.test"), STR_INIT(".below.test"),
                                       STR_INIT("one@other.test"), STR_INIT("")};
    static const struct {
        const char *address;
        bool ok;
    } rows[] = {
        {"a@good.test", true},
        {"a@GOOD.test", true},
        {"a@sub.good.test", false},
        {"a@x.below.test", true},
        {"a@below.test", false},
        {"a@.below.test", false},
        {"one@other.test", true},
        {"two@other.test", false},
        {"a@evil.test", false},
        {"good.test", false},
        {"@good.test", false},
        {"a@", false},
        {"", false},
        {"a@evilgood.test", false},
        {"a@good.test@evil.test", false},
        {"a@good.test.evil.test", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("release: '%s'", rows[i].address);
        tap_int(release_allowed(allow, ARRAY_LEN(allow), str_from(rows[i].address)), rows[i].ok);
    }
}

static void test_addresses(void)
{
    struct arena a = {0};
    struct address_item *items;
    arena_init(&a, 1 << 16);
    tap_case("addresses: names as people read them");
    size_t n = addresses_of(&a,
                            STR("\"B, \\\"X\\\"\" <b@good.test>, =?utf-8?q?Caf=C3=A9?= "
                                "<c@good.test>, \"a b\"@good.test"),
                            &items);
    tap_int(n, 3);
    tap_str(items[0].name, STR("B, \"X\""));
    tap_str(items[0].address, STR("b@good.test"));
    tap_str(items[1].name, STR("Caf\xc3\xa9"));
    tap_str(items[2].address, STR("\"a b\"@good.test"));
    arena_clear(&a);
}

/* ---- the document ---- */

static bool has_route(const char *method, const char *path)
{
    for (size_t i = 0; i < capture_n_routes; i++)
        if (strcasecmp(capture_routes[i].method, method) == 0 &&
            strcmp(capture_routes[i].path, path) == 0)
            return true;
    return false;
}

/* Each {name} of the path is a declared parameter. */
static bool params_are_told(const json_t *doc, const json_t *operation, struct str path)
{
    for (;;) {
        str_cut(&path, '{');
        if (path.p == NULL)
            return true;
        struct str name = str_cut(&path, '}');
        const json_t *list = json_object_get(operation, "parameters");
        bool told = false;
        for (size_t i = 0; i < json_array_size(list); i++) {
            const json_t *p = json_array_get(list, i);
            const char *ref = json_string_value(json_object_get(p, "$ref"));
            if (ref != NULL)
                p = json_object_get(json_object_get(json_object_get(doc, "components"),
                                                    "parameters"),
                                    ref + strlen("#/components/parameters/"));
            told |= str_eq(str_from(json_string_value(json_object_get(p, "name"))), name) &&
                    strcmp(json_string_value(json_object_get(p, "in")), "path") == 0;
        }
        if (!told)
            return false;
    }
}

static void test_document(void)
{
    struct str text = capture_openapi();
    json_error_t e;
    json_t *doc = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &e), *item, *operation;
    json_t *paths = json_object_get(doc, "paths");
    const char *path, *method;
    size_t n = 0;
    tap_case("document: OpenAPI 3.1");
    tap_str(str_from(json_string_value(json_object_get(doc, "openapi"))), STR("3.1.0"));
    for (size_t i = 0; i < capture_n_routes; i++) {
        const struct httpd_route *r = &capture_routes[i];
        char key[16];
        tap_case("document: %s %s is in it", r->method, r->path);
        for (size_t k = 0; k <= strlen(r->method); k++)
            key[k] = to_lower(r->method[k]);
        operation = json_object_get(json_object_get(paths, r->path), key);
        tap_ok(json_is_object(operation));
        tap_ok(params_are_told(doc, operation, str_from(r->path)));
        tap_int(json_object_get(operation, "requestBody") != NULL, r->max_body_bytes != 0);
        tap_int(json_object_get(operation, "security") == NULL, r->scope != SCOPE_OPEN);
        tap_int(json_object_get(json_object_get(operation, "responses"), "401") != NULL,
                r->scope != SCOPE_OPEN);
    }
    tap_case("document: nothing else is in it");
    json_object_foreach(paths, path, item) json_object_foreach(item, method, operation)
    {
        n++;
        if (!tap_ok(has_route(method, path)))
            tap_note("%s %s", method, path);
    }
    tap_int(n, capture_n_routes);
    tap_case("document: the schemas of docs/schema are in it");
    json_t *schemas = json_object_get(json_object_get(doc, "components"), "schemas");
    tap_ok(json_object_get(schemas, "mailproof-message-1") != NULL);
    tap_ok(json_object_get(schemas, "mailproof-report-1") != NULL);
    json_decref(doc);
}

int main(void)
{
    test_preview();
    test_disposition();
    test_release_allowed();
    test_addresses();
    test_document();
    return tap_done();
}
