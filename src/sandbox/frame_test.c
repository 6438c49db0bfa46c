/* Frames: what is written is read as it was; what an attacker would write is refused. */
#include <stdlib.h>

#include "content/found.h"
#include "sandbox/frame_internal.h"
#include "sandbox/frame_test_kit.h"
#include "tests/tap.h"

enum { MEMORY_BYTES = 64 << 20, ROUNDS = 300 };

/* ---- a generator of reports ---- */

static uint64_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static struct str random_text(struct arena *a, uint64_t *seed, size_t max, bool raw)
{
    size_t n = random_next(seed) % (max + 1);
    char *p = arena_new(a, char, n + 1);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(raw ? random_next(seed) : 0x20 + random_next(seed) % 0x5f);
    return str_make(p, n);
}

static void add_random_member(struct kit *k, uint64_t *seed)
{
    struct arena *a = &k->arena;
    size_t i = k->report.n++, parent = random_next(seed) % i;
    struct mime_name *names = arena_new(a, struct mime_name, 2);
    for (size_t n = 0; n < 2; n++)
        names[n] = (struct mime_name){(enum mime_name_form)(random_next(seed) % NAME_FORM_COUNT),
                                      random_text(a, seed, 40, true), random_next(seed) % 1000};
    bool has_bytes = random_next(seed) % 3 != 0;
    k->objects[i] = (struct content_object){
        .part = k->objects[0].part,
        .member = random_text(a, seed, 60, false),
        .parent = (int32_t)parent,
        .depth = k->objects[parent].depth + 1,
        .has_bytes = has_bytes,
        .bytes = has_bytes ? random_text(a, seed, 3000, true) : STR_NONE,
        .cut = random_next(seed) % 2,
        .size_bytes = random_next(seed) << 20,
        .names = names,
        .n_names = random_next(seed) % 3,
        .kind = (enum file_type)(random_next(seed) % FILE_TYPE_COUNT),
        .encrypted = random_next(seed) % 2,
        .offset = KIT_OFFSET + random_next(seed) % 100,
        .length = random_next(seed) % 4000,
    };
    if (has_bytes)
        digest_once(DIGEST_SHA256, k->objects[i].bytes, k->objects[i].sha256);
}

static void make_random(struct kit *k, uint64_t seed)
{
    static const enum finding_id ids[] = {FINDING_LIMIT_MEMORY, FINDING_LIMIT_SIZE,
                                          FINDING_LIMIT_MIME};
    kit_init(k, STR("PK\3\4"), MEMORY_BYTES);
    for (size_t n = random_next(&seed) % (KIT_ROOM - 1); n > 0; n--)
        add_random_member(k, &seed);
    for (size_t n = random_next(&seed) % 30; n > 0; n--) {
        struct finding_where where = {.part = k->objects[0].part,
                                      .member = random_text(&k->arena, &seed, 60, false),
                                      .has_offset = true,
                                      .offset = KIT_OFFSET + random_next(&seed) % 1000,
                                      .length = random_next(&seed) % 4000};
        struct str said = random_text(&k->arena, &seed, 400, true);
        finding_raise(finding_add(&k->report.findings, ids[random_next(&seed) % ARRAY_LEN(ids)],
                                  where, STR_FMT, STR_ARG(said)),
                      (enum severity)(random_next(&seed) % (SEV_CRITICAL + 1)));
    }
    for (size_t n = random_next(&seed) % 5; n > 0; n--) {
        struct content_link link = {.object = (uint32_t)(random_next(&seed) % k->report.n),
                                    .source = (enum link_source)(n % LINK_SOURCE_COUNT),
                                    .url = random_text(&k->arena, &seed, 90, true),
                                    .text = random_text(&k->arena, &seed, 50, false),
                                    .hidden = random_next(&seed) % 2};
        struct content_text text = {.object = (uint32_t)(random_next(&seed) % k->report.n),
                                    .kind = (enum text_kind)(n % TEXT_KIND_COUNT),
                                    .name = random_text(&k->arena, &seed, 9, true),
                                    .text = random_text(&k->arena, &seed, 900, false)};
        tap_int(content_add_link(&k->content, &link, NULL), MP_OK);
        tap_int(content_add_text(&k->content, &text, NULL), MP_OK);
    }
    k->objects[0].encrypted = random_next(&seed) % 2;
    k->report.complete = random_next(&seed) % 2;
    for (size_t i = 1; i < k->report.n; i++)
        k->budget.bytes_left -= k->objects[i].bytes.n;
    k->budget.objects_left -= (unsigned)k->report.n - 1;
}

/* The frame, and the members' bytes behind it as a worker would put them. */
static void written(struct kit *k, int status, struct buf *frame, struct buf *bytes)
{
    buf_init(frame, FRAME_MAX_BYTES);
    buf_init(bytes, MEMORY_BYTES);
    const uint32_t *same;
    tap_int(frame_report_plan(&k->content, &same, NULL), MP_OK);
    tap_int(frame_report_write(frame, &k->content, same, status, STR("why"), NULL), MP_OK);
    for (size_t i = 1; i < k->report.n; i++)
        buf_add(bytes, frame_report_own(&k->content, same, i));
    tap_int(bytes->n, frame_report_bytes(&k->content, same));
}

/* ---- what is read is what was written ---- */

static void same_object(const struct content_object *a, const struct content_object *b)
{
    tap_str(a->part, b->part);
    tap_str(a->member, b->member);
    tap_int(a->parent, b->parent);
    tap_int(a->depth, b->depth);
    tap_int(a->message_depth, b->message_depth);
    tap_str(a->bytes, b->bytes);
    tap_ok(a->has_bytes == b->has_bytes && a->cut == b->cut && a->encrypted == b->encrypted);
    tap_ok(memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0);
    tap_ok(a->size_bytes == b->size_bytes && a->kind == b->kind);
    tap_ok(a->offset == b->offset && a->length == b->length);
    tap_int(a->n_names, b->n_names);
    for (size_t i = 0; i < a->n_names && i < b->n_names; i++) {
        tap_str(a->names[i].text, b->names[i].text);
        tap_ok(a->names[i].form == b->names[i].form && a->names[i].offset == b->names[i].offset);
    }
}

static void same_found(const struct content_report *a, const struct content_report *b)
{
    tap_int(a->n_links, b->n_links);
    for (size_t i = 0; i < a->n_links && i < b->n_links; i++) {
        const struct content_link *x = &a->links[i], *y = &b->links[i];
        tap_ok(x->object == y->object && x->source == y->source && x->hidden == y->hidden);
        tap_str(x->url, y->url);
        tap_str(x->text, y->text);
    }
    tap_int(a->n_texts, b->n_texts);
    for (size_t i = 0; i < a->n_texts && i < b->n_texts; i++) {
        tap_ok(a->texts[i].object == b->texts[i].object && a->texts[i].kind == b->texts[i].kind);
        tap_str(a->texts[i].name, b->texts[i].name);
        tap_str(a->texts[i].text, b->texts[i].text);
    }
}

static void same_report(const struct kit *a, const struct kit *b)
{
    tap_int(a->report.n, b->report.n);
    for (size_t i = 0; i < a->report.n && i < b->report.n; i++)
        same_object(&a->report.objects[i], &b->report.objects[i]);
    const struct finding_list *x = &a->report.findings, *y = &b->report.findings;
    tap_int(x->n, y->n);
    tap_int(x->dropped, y->dropped);
    for (size_t i = 0; i < x->n && i < y->n; i++) {
        tap_int(x->items[i].id, y->items[i].id);
        tap_int(x->items[i].severity, y->items[i].severity);
        tap_str(x->items[i].evidence, y->items[i].evidence);
        tap_str(x->items[i].where.member, y->items[i].where.member);
        tap_str(x->items[i].where.part, y->items[i].where.part);
        tap_int(x->items[i].where.offset, y->items[i].where.offset);
        tap_int(x->items[i].where.length, y->items[i].where.length);
    }
    same_found(&a->report, &b->report);
    tap_int(a->report.complete, b->report.complete);
    tap_int(a->budget.objects_left <= b->budget.objects_left, true);
    tap_int(a->budget.bytes_left, b->budget.bytes_left);
}

static void test_round_trip(void)
{
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct kit *there = malloc(sizeof *there), *here = malloc(sizeof *here);
        struct buf frame, bytes;
        struct frame_answer answer = {0};
        struct mp_err err = {0};
        tap_case("report %llu is read as it was written", (unsigned long long)seed);
        make_random(there, seed * 7919);
        written(there, MP_OK, &frame, &bytes);
        kit_init(here, STR("PK\3\4"), MEMORY_BYTES);
        struct content_budget sent = here->budget;
        tap_int(frame_report_read(buf_str(&frame), buf_str(&bytes), &sent, &here->content, 0,
                                  &answer, &err),
                MP_OK);
        tap_cstr(err.text, "");
        same_report(here, there);
        tap_int(answer.n_objects, there->report.n - 1);
        tap_str(answer.reason, STR("why"));
        buf_clear(&frame);
        buf_clear(&bytes);
        arena_clear(&there->arena);
        arena_clear(&here->arena);
        free(there);
        free(here);
    }
}

static void test_request(void)
{
    static const struct str passwords[] = {STR_INIT("infected"), STR_INIT("a\0b")};
    static const struct mime_name names[] = {{NAME_DISPOSITION, STR_INIT("a.zip"), 7},
                                             {NAME_TYPE_2047, STR_INIT("\xff.zip"), 9}};
    struct kit k;
    struct buf frame;
    struct frame_request got;
    tap_case("a request is read as it was written");
    kit_init(&k, STR("PK\3\4bytes"), MEMORY_BYTES);
    k.content.passwords = passwords;
    k.content.n_passwords = ARRAY_LEN(passwords);
    k.objects[0].names = names;
    k.objects[0].n_names = ARRAY_LEN(names);
    k.budget.bytes_left = 12345678901u;
    digest_once(DIGEST_SHA256, k.objects[0].bytes, k.objects[0].sha256);
    buf_init(&frame, FRAME_MAX_BYTES);
    tap_int(frame_request_write(&frame, &k.content, 0, NULL), MP_OK);
    tap_int(frame_request_read(&k.arena, buf_str(&frame), k.objects[0].bytes, &got, NULL), MP_OK);
    same_object(&got.report.objects[0], &k.objects[0]);
    tap_str(got.report.objects[0].subtype, STR("zip"));
    tap_ok(memcmp(&got.limits, &k.limits, sizeof got.limits) == 0);
    tap_ok(got.budget.bytes_left == k.budget.bytes_left);
    tap_int(got.content.n_passwords, 2);
    tap_str(got.content.passwords[1], passwords[1]);
    tap_ok(got.content.limits == &got.limits && got.content.budget == &got.budget &&
           got.content.report == &got.report);

    tap_case("a picture goes with the one before it");
    k.objects[0].before = STR("GIF");
    buf_reset(&frame);
    tap_int(frame_request_write(&frame, &k.content, 0, NULL), MP_OK);
    tap_int(frame_request_read(&k.arena, buf_str(&frame), STR("PK\3\4bytesGIF"), &got, NULL),
            MP_OK);
    tap_str(got.report.objects[0].bytes, STR("PK\3\4bytes"));
    tap_str(got.report.objects[0].before, STR("GIF"));

    tap_case("a request with another number of bytes is refused");
    tap_int(frame_request_read(&k.arena, buf_str(&frame), STR("PK\3\4bytesGI"), &got, NULL),
            MP_E_SYNTAX);
    tap_int(frame_request_read(&k.arena, buf_str(&frame), STR("PK"), &got, NULL), MP_E_SYNTAX);

    tap_case("a request that is too long is not written");
    char *long_word = arena_new(&k.arena, char, FRAME_MAX_WORD_BYTES + 1);
    k.objects[0].type = str_make(long_word, FRAME_MAX_WORD_BYTES + 1);
    buf_reset(&frame);
    tap_int(frame_request_write(&frame, &k.content, 0, NULL), MP_E_LIMIT);
    buf_clear(&frame);
    arena_clear(&k.arena);
}

/* ---- what an attacker would write ---- */

/* One lie: it changes the worker's report before it is written. */
static void lie_parent_later(struct kit *k)
{
    k->objects[1].parent = 2;
}
static void lie_parent_self(struct kit *k)
{
    k->objects[2].parent = 2;
}
static void lie_parent_none(struct kit *k)
{
    k->objects[1].parent = -1;
}
static void lie_depth(struct kit *k)
{
    k->objects[2].depth = 7;
}
static void lie_group(struct kit *k)
{
    k->report.findings.items[0].id = FINDING_AUTH_SPF_FAIL;
}
static void lie_id(struct kit *k)
{
    k->report.findings.items[0].id = FINDING_COUNT;
}
static void lie_severity(struct kit *k)
{
    k->report.findings.items[0].severity = SEV_CRITICAL + 1;
}
static void lie_evidence(struct kit *k)
{
    k->report.findings.items[0].evidence = str_make(arena_new(&k->arena, char, 4000), 4000);
}
static void lie_place(struct kit *k)
{
    k->report.findings.items[0].where.offset = KIT_OFFSET - 1;
}
static void lie_place_length(struct kit *k)
{
    k->report.findings.items[0].where.length = SIZE_MAX;
}
static void lie_object_place(struct kit *k)
{
    k->objects[1].offset = KIT_OFFSET + KIT_LENGTH + 1;
}
static void lie_kind(struct kit *k)
{
    k->objects[1].kind = FILE_TYPE_COUNT;
}
static void lie_budget(struct kit *k)
{
    k->budget.bytes_left = UINT64_MAX;
}
static void lie_names(struct kit *k)
{
    k->objects[1].names = arena_new(&k->arena, struct mime_name, FRAME_MAX_NAMES + 1);
    k->objects[1].n_names = FRAME_MAX_NAMES + 1;
}
static void lie_path(struct kit *k)
{
    size_t n = FRAME_MAX_PATH_BYTES + 1;
    k->objects[1].member = str_make(arena_new(&k->arena, char, n), n);
}
static void one_link(struct kit *k, struct content_link link)
{
    k->report.links = arena_new(&k->arena, struct content_link, 1);
    k->report.links[0] = link;
    k->report.n_links = 1;
}
static void one_text(struct kit *k, struct content_text text)
{
    k->report.texts = arena_new(&k->arena, struct content_text, 1);
    k->report.texts[0] = text;
    k->report.n_texts = 1;
}
static struct str many(struct kit *k, size_t n)
{
    return str_make(arena_new(&k->arena, char, n), n);
}
static void lie_link_object(struct kit *k)
{
    one_link(k, (struct content_link){.object = 3, .url = STR("http://a.example/")});
}
static void lie_link_source(struct kit *k)
{
    one_link(k,
             (struct content_link){.source = LINK_SOURCE_COUNT, .url = STR("http://a.example/")});
}
static void lie_link_long(struct kit *k)
{
    one_link(k, (struct content_link){.url = many(k, CONTENT_MAX_LINK_BYTES + 1)});
}
static void lie_text_object(struct kit *k)
{
    one_text(k, (struct content_text){.object = 3, .text = STR("x")});
}
static void lie_text_kind(struct kit *k)
{
    one_text(k, (struct content_text){.kind = TEXT_KIND_COUNT, .text = STR("x")});
}
static void lie_text_long(struct kit *k)
{
    one_text(k, (struct content_text){.text = many(k, CONTENT_MAX_MACRO_BYTES + 1)});
}
static void lie_pictures(struct kit *k)
{
    k->budget.pictures_left++;
}
static void lie_nothing(struct kit *k)
{
    k->report.n = 0;
}
static void tell_the_truth(struct kit *k)
{
    (void)k;
}

/* A change of the bytes: `at` counts from the end when negative. */
struct damage {
    int at;
    char to;
};

static const struct {
    const char *label;
    void (*lie)(struct kit *);
    int want;
    const char *why; /* in the error */
    struct damage damage;
    int more_bytes; /* behind the frame than it tells */
    uint32_t same[KIT_ROOM];
} lies[] = {
    {"nothing is wrong", tell_the_truth, MP_OK, "", {0}, 0},
    {"a member before its archive", lie_parent_later, MP_E_SYNTAX, "before its archive", {0}, 0},
    {"a member within itself", lie_parent_self, MP_E_SYNTAX, "before its archive", {0}, 0},
    {"a member without an archive", lie_parent_none, MP_E_SYNTAX, "before its archive", {0}, 0},
    {"a depth that is not that of its place", lie_depth, MP_E_SYNTAX, "depth", {0}, 0},
    {"a finding about authentication", lie_group, MP_E_SYNTAX, "not a worker's", {0}, 0},
    {"a finding that does not exist", lie_id, MP_E_SYNTAX, "finding: id", {0}, 0},
    {"a severity that does not exist", lie_severity, MP_E_SYNTAX, "severity", {0}, 0},
    {"evidence that is too long", lie_evidence, MP_E_SYNTAX, "evidence", {0}, 0},
    {"a finding before its part", lie_place, MP_E_SYNTAX, "outside", {0}, 0},
    {"a finding that goes round the address space",
     lie_place_length,
     MP_E_SYNTAX,
     "outside",
     {0},
     0},
    {"a member behind its part", lie_object_place, MP_E_SYNTAX, "outside", {0}, 0},
    {"a kind that does not exist", lie_kind, MP_E_SYNTAX, "kind", {0}, 0},
    {"a budget that grows", lie_budget, MP_E_SYNTAX, "grown", {0}, 0},
    {"too many names", lie_names, MP_E_SYNTAX, "names", {0}, 0},
    {"a path that is too long", lie_path, MP_E_SYNTAX, "member", {0}, 0},
    {"no object at all", lie_nothing, MP_E_SYNTAX, "no object", {0}, 0},
    {"another magic", tell_the_truth, MP_E_SYNTAX, "another type", {1, 'x'}, 0},
    {"another length", tell_the_truth, MP_E_SYNTAX, "length", {6, 1}, 0},
    {"a status above zero", tell_the_truth, MP_E_SYNTAX, "status", {11, (char)0x80}, 0},
    {"a bool of 2", tell_the_truth, MP_E_SYNTAX, "starved", {-9, 2}, 0},
    {"a link of an object that is not there", lie_link_object, MP_E_SYNTAX, "link: object", {0}, 0},
    {"a source that does not exist", lie_link_source, MP_E_SYNTAX, "link: source", {0}, 0},
    {"a link that is too long", lie_link_long, MP_E_SYNTAX, "link: url", {0}, 0},
    {"a text of an object that is not there", lie_text_object, MP_E_SYNTAX, "text: object", {0}, 0},
    {"a text of a kind that does not exist", lie_text_kind, MP_E_SYNTAX, "text: kind", {0}, 0},
    {"a text that is too long", lie_text_long, MP_E_SYNTAX, "text: text", {0}, 0},
    {"pictures that grow", lie_pictures, MP_E_SYNTAX, "grown", {0}, 0},
    {"bytes of no member", tell_the_truth, MP_E_SYNTAX, "belong to no member", {0}, 1},
    {"fewer bytes than told", tell_the_truth, MP_E_SYNTAX, "longer than the bytes", {0}, -1},
    {"the bytes of a member of another length",
     tell_the_truth,
     MP_E_SYNTAX,
     "not like it",
     {0},
     0,
     {0, 0, 1}},
    {"its own bytes as those of another",
     tell_the_truth,
     MP_E_SYNTAX,
     "same bytes",
     {0},
     0,
     {0, 1}},
    {"the bytes of a later member", tell_the_truth, MP_E_SYNTAX, "same bytes", {0}, 0, {0, 2}},
};

static void make_small(struct kit *k)
{
    uint64_t seed = 42;
    kit_init(k, STR("PK"), MEMORY_BYTES);
    add_random_member(k, &seed);
    add_random_member(k, &seed);
    k->objects[2].has_bytes = true;
    k->objects[2].bytes = STR("the bytes");
    finding_add(&k->report.findings, FINDING_LIMIT_SIZE,
                (struct finding_where){.has_offset = true, .offset = KIT_OFFSET}, "seen");
}

static void test_lies(void)
{
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        struct kit there, here;
        struct buf frame, bytes;
        struct frame_answer answer;
        struct mp_err err = {0};
        tap_case("lies: %s", lies[i].label);
        make_small(&there);
        written(&there, MP_OK, &frame, &bytes);
        buf_reset(&frame);
        lies[i].lie(&there);
        tap_int(frame_report_write(&frame, &there.content, lies[i].same, MP_OK, STR(""), NULL),
                MP_OK);
        if (lies[i].damage.at != 0)
            frame.p[(size_t)lies[i].damage.at + (lies[i].damage.at < 0 ? frame.n : 0)] =
                lies[i].damage.to;
        if (lies[i].more_bytes > 0)
            buf_addc(&bytes, 'x');
        bytes.n -= lies[i].more_bytes < 0;
        kit_init(&here, STR("PK"), MEMORY_BYTES);
        struct content_budget sent = here.budget;
        tap_int(frame_report_read(buf_str(&frame), buf_str(&bytes), &sent, &here.content, 0,
                                  &answer, &err),
                lies[i].want);
        if (!tap_ok(strstr(err.text, lies[i].why) != NULL))
            tap_note("%s", err.text);
        tap_int(here.report.n, lies[i].want == MP_OK ? 3 : 1);
        tap_int(here.report.findings.n, lies[i].want == MP_OK ? 1 : 0);
        tap_ok(here.report.complete);
        buf_clear(&frame);
        buf_clear(&bytes);
        arena_clear(&there.arena);
        arena_clear(&here.arena);
    }
}

/* Every prefix is refused, whatever was cut. */
static void test_cut(void)
{
    struct kit there, here;
    struct buf frame, bytes;
    struct frame_answer answer;
    size_t wrong = 0;
    tap_case("no beginning of an answer is an answer");
    make_small(&there);
    written(&there, MP_OK, &frame, &bytes);
    kit_init(&here, STR("PK"), MEMORY_BYTES);
    struct content_budget sent = here.budget;
    for (size_t n = 0; n < frame.n; n++) {
        struct str cut = str_make(frame.p, n);
        wrong += frame_report_read(cut, buf_str(&bytes), &sent, &here.content, 0, &answer, NULL) !=
                 MP_E_SYNTAX;
        if (n >= FRAME_HEAD_BYTES) { /* with the length that it has */
            struct buf told;
            buf_init(&told, FRAME_MAX_BYTES);
            buf_add(&told, cut);
            wrong += frame_end(&told, NULL) != MP_OK;
            wrong += frame_report_read(buf_str(&told), buf_str(&bytes), &sent, &here.content, 0,
                                       &answer, NULL) != MP_E_SYNTAX;
            buf_clear(&told);
        }
    }
    tap_int(wrong, 0);
    tap_int(here.report.n, 1);
    buf_clear(&frame);
    buf_clear(&bytes);
    arena_clear(&there.arena);
    arena_clear(&here.arena);
}

static void test_text(void)
{
    struct kit there, here;
    struct buf frame, bytes;
    struct frame_answer answer;
    tap_case("text is made printable again");
    make_small(&there);
    there.report.findings.items[0].evidence = STR("\x1b[2Jgone\xff");
    there.objects[1].member = STR("a\nb\xe2\x80\xae"
                                  "gpj.exe");
    written(&there, MP_E_NOMEM, &frame, &bytes);
    kit_init(&here, STR("PK"), MEMORY_BYTES);
    struct content_budget sent = here.budget;
    tap_int(frame_report_read(buf_str(&frame), buf_str(&bytes), &sent, &here.content, 0, &answer,
                              NULL),
            MP_OK);
    tap_str(here.report.findings.items[0].evidence, STR("\\x1b[2Jgone\xef\xbf\xbd"));
    tap_str(here.report.objects[1].member, STR("a\\x0ab\\u{202e}gpj.exe"));
    tap_case("a status other than OK makes the report incomplete");
    tap_int(answer.status, MP_E_NOMEM);
    tap_ok(!here.report.complete);
    buf_clear(&frame);
    buf_clear(&bytes);
    arena_clear(&there.arena);
    arena_clear(&here.arena);
}

/* Objects and findings that say as little as they can. */
static void test_smallest(void)
{
    struct kit there, here;
    struct buf frame, bytes;
    struct frame_answer answer;
    tap_case("a report of the smallest objects");
    kit_init(&there, STR("PK"), MEMORY_BYTES);
    for (there.report.n = 1; there.report.n < KIT_ROOM; there.report.n++)
        there.objects[there.report.n] = (struct content_object){.depth = 1};
    for (int i = 0; i < FINDINGS_PER_KIND_MAX; i++)
        finding_add(&there.report.findings, FINDING_LIMIT_SIZE, NOWHERE, "%s", "");
    written(&there, MP_OK, &frame, &bytes);
    kit_init(&here, STR("PK"), MEMORY_BYTES);
    struct content_budget sent = here.budget;
    tap_int(frame_report_read(buf_str(&frame), STR_NONE, &sent, &here.content, 0, &answer, NULL),
            MP_OK);
    tap_int(here.report.n, KIT_ROOM);
    tap_int(here.report.findings.n, FINDINGS_PER_KIND_MAX);
    tap_int(here.budget.bytes_left, sent.bytes_left);
    buf_clear(&frame);
    buf_clear(&bytes);
    arena_clear(&there.arena);
    arena_clear(&here.arena);
}

/* Twin names of one piece of an archive: the bytes cross once. */
static void test_shared(void)
{
    struct kit there, here;
    struct buf frame, bytes;
    struct frame_answer answer;
    static const struct str pieces[] = {STR_INIT("first"), STR_INIT("second!")};
    tap_case("members that share their bytes are sent with one copy");
    kit_init(&there, STR("PK"), MEMORY_BYTES);
    for (there.report.n = 1; there.report.n < 9; there.report.n++)
        there.objects[there.report.n] = (struct content_object){
            .depth = 1, .has_bytes = true, .bytes = pieces[there.report.n % 2]};
    there.objects[9] = (struct content_object){.depth = 1, .has_bytes = true};
    there.report.n = 10;
    written(&there, MP_OK, &frame, &bytes);
    tap_str(buf_str(&bytes), STR("second!first"));
    kit_init(&here, STR("PK"), MEMORY_BYTES);
    struct content_budget sent = here.budget;
    tap_int(frame_report_read(buf_str(&frame), buf_str(&bytes), &sent, &here.content, 0, &answer,
                              NULL),
            MP_OK);
    tap_int(here.report.n, 10);
    for (size_t i = 1; i < 10; i++) {
        unsigned char want[DIGEST_MAX_BYTES];
        tap_str(here.objects[i].bytes, i == 9 ? STR_NONE : pieces[i % 2]);
        digest_once(DIGEST_SHA256, here.objects[i].bytes, want);
        tap_ok(memcmp(here.objects[i].sha256, want, sizeof want) == 0);
    }
    buf_clear(&frame);
    buf_clear(&bytes);
    arena_clear(&there.arena);
    arena_clear(&here.arena);
}

/* A second object of a message that has one: indices move, the budget goes down by both. */
static void test_second(void)
{
    struct kit there, here;
    struct buf frame, bytes;
    struct frame_answer answer;
    tap_case("members of the second payload point to it");
    make_small(&there);
    there.objects[2].parent = 1;
    there.objects[2].depth = 2;
    written(&there, MP_OK, &frame, &bytes);
    kit_init(&here, STR("PK"), MEMORY_BYTES);
    here.objects[1] = here.objects[0];
    here.objects[1].part = STR("3");
    here.objects[1].message_depth = 2;
    here.objects[2] = here.objects[0];
    here.report.n = 3;
    struct content_budget sent = here.budget;
    tap_int(frame_report_read(buf_str(&frame), buf_str(&bytes), &sent, &here.content, 1, &answer,
                              NULL),
            MP_OK);
    tap_int(here.report.n, 5);
    tap_int(here.report.objects[3].parent, 1);
    tap_int(here.report.objects[4].parent, 3);
    tap_str(here.report.objects[4].part, STR("3"));
    tap_int(here.report.objects[4].message_depth, 2);
    tap_str(here.report.findings.items[0].where.part, STR("3"));
    tap_case("a worker that says it spent nothing pays for what came");
    tap_int(sent.bytes_left - here.budget.bytes_left, bytes.n);
    tap_ok(here.budget.objects_left < sent.objects_left);
    tap_case("without memory nothing is let in");
    struct arena tight;
    arena_init(&tight, 100);
    here.content.arena = &tight;
    tap_int(frame_report_read(buf_str(&frame), buf_str(&bytes), &sent, &here.content, 1, &answer,
                              NULL),
            MP_E_NOMEM);
    tap_int(here.report.n, 5);
    arena_clear(&tight);
    buf_clear(&frame);
    buf_clear(&bytes);
    arena_clear(&there.arena);
    arena_clear(&here.arena);
}

/* Whoever adds a field to an object sends it too, or a worker's answer would lack it; all but
 * `inspected`, which the parent sets when the answer is there, and `before`, which goes with
 * requests alone. */
static void test_fields(void)
{
    tap_case("frame_put_object and frame_get_object know every field of an object");
    if (sizeof(void *) == 8)
        tap_int(sizeof(struct content_object), 256);
    else
        tap_skip("counted for 64 bits");
}

int main(void)
{
    test_fields();
    test_round_trip();
    test_request();
    test_lies();
    test_cut();
    test_text();
    test_smallest();
    test_shared();
    test_second();
    return tap_done();
}
