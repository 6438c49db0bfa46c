/* Conversations that are quoted but never took place: heads of mails of our own people in the text
 * of a stranger's mail that answers nothing. */
#include "base/fold.h"
#include "base/idna.h"
#include "phish/phish_internal.h"

enum {
    LABEL_MAX = 24,   /* bytes of "Gesendet" and its like */
    BLOCK_LINES = 10, /* among which the labels stand */
    LABELS_NEEDED = 3,
    LINES_MAX = 4000
};

enum label { LABEL_FROM, LABEL_TO, LABEL_SENT, LABEL_SUBJECT, LABELS };

static const enum word_group label_groups[LABELS] = {
    [LABEL_FROM] = WORD_LABEL_FROM,
    [LABEL_TO] = WORD_LABEL_TO,
    [LABEL_SENT] = WORD_LABEL_SENT,
    [LABEL_SUBJECT] = WORD_LABEL_SUBJECT,
};

struct label_match {
    uint32_t groups;
    size_t n; /* of the folded text between the labels' blanks */
};

static void note_label(void *ctx, const struct content_entry *e, size_t at, size_t n)
{
    struct label_match *m = ctx;
    if (at == 1 && n == m->n)
        m->groups |= e->groups;
}

/* Bits of enum label that "From", "*Von" or "> To" may be in some language. */
static unsigned labels_of(const struct content_lists *lists, struct str line)
{
    char out[FOLD_BYTES(LABEL_MAX)];
    size_t colon = str_find(line, ':');
    unsigned labels = 0;
    if (colon == line.n || colon > LABEL_MAX)
        return 0;
    struct str folded = fold_text(str_slice(line, 0, colon), out);
    struct label_match m = {.n = folded.n < 2 ? 0 : folded.n - 2};
    content_lists_match(lists, LIST_WORDS, folded, note_label, &m);
    for (unsigned i = 0; i < LABELS; i++)
        labels |= (m.groups >> label_groups[i] & 1) << i;
    return labels;
}

/* The domain of the first address in `line`, lower case; empty without one. */
static struct str domain_in(struct arena *arena, struct str line)
{
    size_t at = str_find(line, '@'), end = at + 1;
    while (end < line.n && (is_alnum(line.p[end]) || line.p[end] == '-' || line.p[end] == '.'))
        end++;
    struct str domain = at == line.n ? STR("") : str_slice(line, at + 1, end), out;
    return idna_to_ascii(arena, domain, &out) ? out : STR("");
}

/* A head of quoted mail, as far as it was seen. */
struct block {
    unsigned labels, lines;
    struct str from; /* its line */
};

static bool is_whole(const struct block *b)
{
    unsigned n = 0;
    for (unsigned i = 0; i < LABELS; i++)
        n += b->labels >> i & 1;
    return n >= LABELS_NEEDED && (b->labels & 1u << LABEL_FROM) != 0;
}

static bool check_part(struct phish *p, struct str part)
{
    struct block b = {.labels = 0};
    for (size_t n = 0; part.p != NULL && n < LINES_MAX; n++) {
        struct str line = str_trim(str_cut(&part, '\n'));
        unsigned labels = line.n == 0 ? 0 : labels_of(p->in->lists, line);
        if ((labels & 1u << LABEL_FROM) != 0 && (b.labels & labels) != 0)
            b = (struct block){.labels = 0};
        if (labels != 0) {
            b.from = (labels & 1u << LABEL_FROM) != 0 && b.from.p == NULL ? line : b.from;
            b.labels |= labels;
        }
        if (b.labels != 0 && ++b.lines > BLOCK_LINES)
            b = (struct block){.labels = 0};
        if (!is_whole(&b))
            continue;
        struct str domain = domain_in(p->arena, b.from);
        if (domain.n > 0 && phish_is_own(&p->people, p->in->lists, domain)) {
            finding_add(p->findings, FINDING_SOCIAL_FAKE_THREAD, NOWHERE,
                        "quotes \"" STR_FMT "\", but answers no mail",
                        STR_ARG(str_slice(b.from, 0, 120)));
            return true;
        }
        b = (struct block){.labels = 0};
    }
    return false;
}

void social_thread_check(struct phish *p)
{
    const struct phish_people *who = &p->people;
    bool labels = text_has(&p->text, WORD_LABEL_FROM) && text_has(&p->text, WORD_LABEL_SUBJECT);
    if (who->is_answer || who->is_list || who->from.own || who->from.address.n == 0 || !labels)
        return;
    for (size_t i = 0; i < TEXT_ORIGINS; i++)
        if (check_part(p, p->text.parts[i]))
            return;
}
