/* What others know of a message, for people. */
#include "report/intel_hits.h"
#include "report/text_internal.h"

enum { VALUE_BYTES = 64 * 1024 };

void report_text_hit(struct flow *f, const struct intel_item *item, const struct intel_hit *h)
{
    const struct indicator *i = &h->indicator;
    struct arena arena = {.budget_bytes = 0};
    arena_init(&arena, VALUE_BYTES);
    flow_line(f, INDENT, INDENT_HANG);
    flow_put(f, FLOW_BOLD, h->feed.name);
    text_pair(f, "  ", indicator_text(&arena, i));
    text_pair(f, " is ", i->label);
    text_pair(f, ", id ", i->id);
    if (i->confidence != INDICATOR_NO_CONFIDENCE)
        text_counted(f, ", confidence ", i->confidence);
    flow_putz(f, FLOW_DIM, ", TLP ");
    flow_putz(f, FLOW_DIM, tlp_name(i->tlp));
    text_pair(f, ", ", h->feed.licence);
    flow_putz(f, FLOW_WARN, h->stale ? ", of an old copy" : "");
    text_pair(f, "; found as ", item->text);
    flow_end(f);
    arena_clear(&arena);
}

static void listing_line(struct flow *f, const struct dns_listing *l)
{
    flow_line(f, INDENT, INDENT_HANG);
    flow_put(f, FLOW_BOLD, l->list->name);
    text_pair(f, "  ", l->asked);
    flow_putz(f, FLOW_PLAIN, ": ");
    flow_put(f, FLOW_PLAIN, l->codes);
    text_pair(f, ": ", l->reason);
    flow_end(f);
}

static void word_line(struct flow *f, struct arena *scratch, const struct intel_ask *a)
{
    const struct service_word *w = &a->word;
    if (w->outcome == WORD_NOT_ASKED)
        return;
    flow_line(f, INDENT, INDENT_HANG);
    flow_putz(f, FLOW_BOLD, intel_service_title(w->service));
    text_pair(f, "  ", indicator_text(scratch, &a->what));
    flow_putz(f, FLOW_PLAIN, " ");
    flow_putz(f, word_is_missing(w) ? FLOW_WARN : FLOW_PLAIN, word_outcome_name(w->outcome));
    text_pair(f, ", ", str_from(w->label));
    flow_putz(f, FLOW_PLAIN, w->text[0] == '\0' ? "" : ": ");
    flow_put(f, FLOW_PLAIN, str_from(w->text));
    flow_putz(f, FLOW_DIM, w->cached ? " (said earlier)" : "");
    flow_end(f);
}

void text_intel(struct flow *f, struct arena *scratch, const struct intel_stage *s)
{
    if (s->hits.n + s->lists.n + s->n_asks > 0)
        text_heading(f, "What others know");
    for (size_t i = 0; i < s->hits.n; i++)
        report_text_hit(f, &s->items[s->hits.items[i].item], &s->hits.items[i]);
    for (size_t i = 0; i < s->lists.n; i++)
        listing_line(f, &s->lists.listings[i]);
    for (size_t i = 0; i < s->n_asks; i++)
        word_line(f, scratch, &s->asks[i]);
}
