/* What others know of a message, in the result document. */
#include "report/intel_hits.h"
#include "report/report_internal.h"

enum { VALUE_BYTES = 64 * 1024 };

void report_json_entry(struct json *j, const struct indicator *i, const struct snapshot_feed *feed)
{
    json_ktext(j, "feed", feed->name);
    json_kopt(j, "id", i->id);
    json_kopt(j, "label", i->label);
    json_ktime_ms(j, "first_seen", i->first_seen_s * 1000);
    json_ktime_ms(j, "last_seen", i->last_seen_s * 1000);
    json_ktime_ms(j, "valid_until", i->valid_until_s * 1000);
    json_key(j, "confidence");
    if (i->confidence == INDICATOR_NO_CONFIDENCE)
        json_write_null(j);
    else
        json_uint(j, i->confidence);
    json_kword(j, "tlp", tlp_name(i->tlp));
    json_kopt(j, "licence", feed->licence);
}

void report_json_hit(struct json *j, const struct intel_item *item, const struct intel_hit *h)
{
    const struct indicator *i = &h->indicator;
    struct arena arena = {.budget_bytes = 0};
    arena_init(&arena, VALUE_BYTES);
    json_object_begin(j);
    json_ktext(j, "value", indicator_text(&arena, i));
    json_kword(j, "kind", indicator_kind_name(i->kind));
    json_kword(j, "match", key_match_name(h->match));
    json_ktext(j, "found", item->text);
    json_kword(j, "role", item->role);
    json_ktext(j, "part", item->where.part);
    json_ktext(j, "member", item->where.member);
    report_json_entry(j, i, &h->feed);
    json_kbool(j, "stale", h->stale);
    json_object_end(j);
    arena_clear(&arena);
}

static void write_listing(struct json *j, const struct dns_listing *l)
{
    json_object_begin(j);
    json_ktext(j, "list", l->list->name);
    json_ktext(j, "asked", l->asked);
    json_kword(j, "word", l->kind == CODE_ALLOWED ? "allowed" : "listed");
    json_ktext(j, "codes", l->codes);
    json_kopt(j, "reason", l->reason);
    json_object_end(j);
}

/* A service that has no words for something was not asked. */
static void write_word(struct json *j, struct arena *arena, const struct intel_ask *a)
{
    const struct service_word *w = &a->word;
    if (w->outcome == WORD_NOT_ASKED)
        return;
    json_object_begin(j);
    json_kword(j, "service", intel_service_name(w->service));
    json_ktext(j, "asked", indicator_text(arena, &a->what));
    json_kword(j, "word", word_outcome_name(w->outcome));
    json_kopt(j, "label", str_from(w->label));
    json_kopt(j, "detail", str_from(w->text));
    json_kbool(j, "cached", w->cached);
    json_object_end(j);
}

void report_json_intel(struct json *j, struct arena *arena, const struct intel_stage *s)
{
    json_key(j, "indicators");
    json_array_begin(j);
    for (size_t i = 0; i < s->hits.n; i++)
        report_json_hit(j, &s->items[s->hits.items[i].item], &s->hits.items[i]);
    json_array_end(j);
    json_key(j, "listings");
    json_array_begin(j);
    for (size_t i = 0; i < s->lists.n; i++)
        write_listing(j, &s->lists.listings[i]);
    json_array_end(j);
    json_key(j, "services");
    json_array_begin(j);
    for (size_t i = 0; i < s->n_asks; i++)
        write_word(j, arena, &s->asks[i]);
    json_array_end(j);
}
