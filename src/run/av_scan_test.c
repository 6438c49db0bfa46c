/* A message and its objects: what is sent to clamd, and what is told of the answers. */
#include "run/av_scan.h"

#include <stdlib.h>

#include "io/clamd_test_kit.h"
#include "tests/tap.h"

enum { OBJECTS = 4 };

struct want {
    enum finding_id id;
    const char *part; /* "": the message */
};

static const struct {
    const char *label, *message, *objects[OBJECTS]; /* "": has no bytes */
    size_t sent;
    bool complete;
    struct want want[4];
    size_t n_want;
} rows[] = {
    {"all clean", "=OK", {"", "=OK"}, 2, true, {{0}}, 0},
    {"no objects", "=OK", {NULL}, 1, true, {{0}}, 0},
    {"found in an object only",
     "=OK",
     {"=Own.Bad FOUND", "=OK"},
     3,
     true,
     {{FINDING_AV_FOUND, "1"}},
     1},
    {"found in the message only", "=Own.Bad FOUND", {"=OK"}, 2, true, {{FINDING_AV_FOUND, ""}}, 1},
    {"found in both: told of the object",
     "=Own.Bad FOUND",
     {"=OK", "=Own.Bad FOUND"},
     3,
     true,
     {{FINDING_AV_FOUND, "2"}},
     1},
    {"the same bytes at two places are sent once",
     "=OK",
     {"=Own.Bad FOUND", "=Own.Bad FOUND"},
     2,
     true,
     {{FINDING_AV_FOUND, "1"}, {FINDING_AV_FOUND, "2"}},
     2},
    {"twins with others between",
     "=OK",
     {"=Own.Other FOUND", "=Own.Bad FOUND", "=OK", "=Own.Bad FOUND"},
     4,
     true,
     {{FINDING_AV_FOUND, "1"}, {FINDING_AV_FOUND, "2"}, {FINDING_AV_FOUND, "4"}},
     3},
    {"what was only listed is not sent",
     "=OK",
     {"", "=Own.Bad FOUND"},
     2,
     true,
     {{FINDING_AV_FOUND, "2"}},
     1},
    {"two names",
     "=Own.Bad FOUND",
     {"=Own.Other FOUND"},
     2,
     true,
     {{FINDING_AV_FOUND, ""}, {FINDING_AV_FOUND, "1"}},
     2},
    {"encrypted is no malware",
     "=OK",
     {"=Heuristics.Encrypted.Zip FOUND"},
     2,
     true,
     {{FINDING_AV_ENCRYPTED, "1"}},
     1},
    {"an error in one", "=OK", {"=Can't scan ERROR"}, 2, false, {{FINDING_AV_ERROR, "1"}}, 1},
    {"the end in the middle", "=OK", {"~"}, 2, false, {{FINDING_AV_UNAVAILABLE, "1"}}, 1},
};

static size_t make_objects(size_t row, struct content_object *objects)
{
    static const char *const parts[OBJECTS] = {"1", "2", "3", "4"};
    size_t n = 0;
    for (; n < OBJECTS && rows[row].objects[n] != NULL; n++) {
        struct str bytes = str_from(rows[row].objects[n]);
        objects[n] = (struct content_object){.part = str_from(parts[n]),
                                             .bytes = bytes,
                                             .has_bytes = bytes.n > 0};
        if (!digest_once(DIGEST_SHA256, bytes, objects[n].sha256))
            abort();
    }
    return n;
}

static size_t count(struct str text, struct str word)
{
    size_t n = 0;
    for (size_t at; (at = str_search(text, word)) < text.n; n++)
        text = str_slice(text, at + word.n, text.n);
    return n;
}

static void check_findings(size_t row, const struct finding_list *list)
{
    tap_int(list->n, rows[row].n_want);
    for (size_t i = 0; i < list->n && i < rows[row].n_want; i++) {
        tap_int(list->items[i].id, rows[row].want[i].id);
        tap_str(list->items[i].where.part, str_from(rows[row].want[i].part));
    }
}

/* The client of a server that is started. */
static struct clamd *serve(struct fake_clamd *at, struct fake *fake)
{
    struct clamd *c = NULL;
    fake_serve(at, fake, NULL, NULL);
    const char *address = at->address;
    if (clamd_new(&(struct clamd_config){.addresses = &address, .n_addresses = 1}, &c, NULL) !=
        MP_OK)
        abort();
    return c;
}

static void test_rows(struct arena *arena)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake fake = {.version = NULL};
        struct fake_clamd at;
        struct content_object objects[OBJECTS];
        struct finding_list list = {.arena = NULL};
        struct mp_err err = {0};
        bool complete = !rows[i].complete;
        struct clamd *c = serve(&at, &fake);
        finding_list_init(&list, arena);
        size_t n = make_objects(i, objects);
        tap_case("av: %s", rows[i].label);
        tap_int(av_scan(c, str_from(rows[i].message), NULL, objects, n, 0, &list, &complete, &err),
                MP_OK);
        tap_int(complete, rows[i].complete);
        check_findings(i, &list);
        clamd_free(c);
        script_stop(at.server);
        if (rows[i].complete)
            tap_int(count(script_log(at.server, 0)->received, STR("zINSTREAM")), rows[i].sent);
        script_free(at.server);
    }
}

/* The verdict on a message whose hash is known is kept as that on its objects is. */
static void test_known(struct arena *arena)
{
    struct fake fake = {.version = NULL};
    struct fake_clamd at;
    struct content_object object = {.bytes = STR("=OK"), .has_bytes = true};
    struct finding_list list = {.arena = NULL};
    struct str raw = STR("=Own.Bad FOUND");
    unsigned char sha256[DIGEST_MAX_BYTES];
    bool complete;
    struct clamd *c = serve(&at, &fake);
    if (!digest_once(DIGEST_SHA256, raw, sha256) ||
        !digest_once(DIGEST_SHA256, object.bytes, object.sha256))
        abort();
    finding_list_init(&list, arena);
    tap_case("av: a message that is known is not sent again");
    for (size_t i = 0; i < 2; i++)
        tap_int(av_scan(c, raw, sha256, &object, 1, 0, &list, &complete, NULL), MP_OK);
    tap_int(list.n, 2);
    for (size_t i = 0; i < list.n; i++)
        tap_int(list.items[i].id, FINDING_AV_FOUND);
    clamd_free(c);
    script_stop(at.server);
    tap_int(count(script_log(at.server, 0)->received, STR("zINSTREAM")), 2);
    script_free(at.server);
}

int main(void)
{
    struct arena arena = {.budget_bytes = 0};
    arena_init(&arena, 1 << 20);
    test_rows(&arena);
    test_known(&arena);
    arena_clear(&arena);
    return tap_done();
}
