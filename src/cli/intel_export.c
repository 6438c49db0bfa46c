/* `mailproof intel export`: the entries of the store, as far as they may be passed on. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "cli/intel_command.h"
#include "report/intel_hits.h"

enum {
    CHUNK_BYTES = 256 * 1024, /* written at once */
    LINE_BYTES = 64 * 1024,   /* of one entry */
    VALUE_BYTES = 64 * 1024
};

/* What nobody marked is not for others without asking: it counts as amber. */
static bool may_be_passed_on(const struct intel_command *c, const struct indicator *i)
{
    return (i->tlp == TLP_UNKNOWN ? TLP_AMBER : i->tlp) <= c->tlp;
}

static bool is_wanted(const struct intel_command *c, const struct indicator *i,
                      const struct snapshot_feed *feed)
{
    if (c->kind != INDICATOR_KIND_COUNT && i->kind != c->kind)
        return false;
    if (i->valid_until_s != 0 && i->valid_until_s < c->common.now_s)
        return false; /* since the store was built */
    for (size_t k = 0; k < c->n_feeds; k++)
        if (str_eq(c->feeds[k], feed->name))
            return true;
    return c->n_feeds == 0;
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return false;
    return true;
}

/* RFC 4180: always in quotes, which double themselves. A cell that a spreadsheet would take for a
 * formula gets an apostrophe before it; what a terminal would obey, and what would begin a line of
 * its own in a build log, becomes visible. */
static void add_cell(struct buf *b, struct str text)
{
    struct buf shown;
    buf_init(&shown, LINE_BYTES);
    if (!is_plain(text)) {
        utf8_add_printable(&shown, text, LINE_BYTES / 2);
        text = buf_str(&shown);
    }
    buf_addc(b, '"');
    if (text.n > 0 && str_has(STR("=+-@"), text.p[0]))
        buf_addc(b, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            buf_addc(b, '"');
        buf_addc(b, text.p[i]);
    }
    buf_addc(b, '"');
    b->failed |= shown.failed;
    buf_clear(&shown);
}

static void add_csv(struct buf *b, struct str value, const struct indicator *i,
                    const struct snapshot_feed *feed)
{
    add_cell(b, str_from(indicator_kind_name(i->kind)));
    const struct str cells[] = {
        value, feed->name, i->id, i->label, str_from(tlp_name(i->tlp)), feed->licence};
    for (size_t k = 0; k < ARRAY_LEN(cells); k++) {
        buf_addc(b, ',');
        add_cell(b, cells[k]);
    }
    buf_addf(b, ",%lld,%lld,%lld,", (long long)i->first_seen_s, (long long)i->last_seen_s,
             (long long)i->valid_until_s);
    if (i->confidence != INDICATOR_NO_CONFIDENCE)
        buf_addf(b, "%u", i->confidence);
    buf_addc(b, '\n');
}

static void add_json(struct buf *b, struct str value, const struct indicator *i,
                     const struct snapshot_feed *feed)
{
    struct json j;
    json_init(&j, b, 0);
    json_object_begin(&j);
    json_kword(&j, "kind", indicator_kind_name(i->kind));
    json_ktext(&j, "value", value);
    report_json_entry(&j, i, feed);
    json_object_end(&j);
    buf_addc(b, '\n');
}

static bool flush(struct buf *b, FILE *out)
{
    bool ok = !b->failed && fwrite(b->p == NULL ? "" : b->p, 1, b->n, out) == b->n;
    buf_reset(b);
    return ok;
}

/* *held: so many were asked for and may not be passed on. */
static bool write_entries(struct intel_command *c, const struct snapshot *s, FILE *out,
                          uint64_t *held)
{
    struct arena arena = {.budget_bytes = 0};
    struct buf b;
    struct indicator i;
    struct snapshot_feed feed;
    uint64_t cursor = 0;
    bool ok = true;
    arena_init(&arena, VALUE_BYTES);
    buf_init(&b, CHUNK_BYTES + LINE_BYTES);
    if (c->export_format == EXPORT_CSV)
        buf_addz(&b, "kind,value,feed,id,label,tlp,licence,first_seen,last_seen,valid_until,"
                     "confidence\n");
    while (ok && snapshot_next(s, &cursor, &i)) {
        if (!snapshot_feed_at(s, i.feed, &feed) || !is_wanted(c, &i, &feed))
            continue;
        if (!may_be_passed_on(c, &i)) {
            ++*held;
            continue;
        }
        arena_reset(&arena);
        struct str value = indicator_text(&arena, &i);
        if (c->export_format == EXPORT_CSV) {
            add_csv(&b, value, &i, &feed);
        } else if (c->export_format == EXPORT_JSONL) {
            add_json(&b, value, &i, &feed);
        } else {
            buf_add(&b, value);
            buf_addc(&b, '\n');
        }
        if (b.failed || b.n >= CHUNK_BYTES)
            ok = flush(&b, out);
    }
    ok = ok && flush(&b, out);
    buf_clear(&b);
    arena_clear(&arena);
    return ok;
}

/* A name that is mistyped exports nothing: an error, no empty file. */
static int check_names(const struct intel_command *c, const struct snapshot *s)
{
    struct snapshot_feed feed;
    for (size_t k = 0; k < c->n_feeds; k++) {
        bool found = false;
        for (size_t i = 0; !found && snapshot_feed_at(s, i, &feed); i++)
            found = str_eq(feed.name, c->feeds[k]);
        if (!found)
            return usage_error("intel", "export --feed %s: there is no such feed in the store",
                               c->feeds[k].p);
    }
    return EXIT_PASSED;
}

int intel_export_command(struct intel_command *c)
{
    const char *path = c->common.output;
    uint64_t held = 0;
    int code = intel_command_open(c, false);
    if (code != EXIT_PASSED)
        return code;
    if (c->source.hold == NULL)
        return usage_error("intel", "export: there is no store yet; `mailproof intel update`");
    code = check_names(c, vault_snapshot(c->source.hold));
    if (code != EXIT_PASSED)
        return code;
    FILE *out = path == NULL ? stdout : fopen(path, "we");
    if (out == NULL)
        return usage_error("intel", "%s: %s", path, strerror(errno));
    bool ok = write_entries(c, vault_snapshot(c->source.hold), out, &held);
    if (held > 0)
        fprintf(stderr,
                "mailproof intel: export: left out: %llu above TLP %s, or without one; --tlp LEVEL "
                "says up to which\n",
                (unsigned long long)held, tlp_name(c->tlp));
    ok = (path == NULL ? fflush(out) : fclose(out)) == 0 && ok;
    return ok ? EXIT_PASSED
              : usage_error("intel", "%s: not all could be written",
                            path == NULL ? "standard output" : path);
}
