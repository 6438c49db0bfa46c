/* Where the views differ: mime.view-diff.
 *
 * Compared are the sets of payloads that STRICT, FIRST and LAST give, and what of LENIENT's a label
 * supports. A payload counts when
 *   - somebody declared it: it is a body of the structure, not text that was only carved out
 *     (uuencode in a text, a base64 block that nobody labels: mime.legacy-encoding tells of these);
 *   - it is not blank;
 *   - and for LENIENT alone: it was decoded from an encoding, or has a name, which makes it an
 *     attachment; other text cut in another place (a line of dashes in it, an epilogue) is no
 *     smuggling; nor is what others see, cut short: text without a name, or by the last octets of
 *     base64 whose padding is missing.
 * Two payloads are the same when their bytes are, white space and line ends left out: readers
 * differ in these everywhere. What LENIENT does not see proves nothing, since it looks for more,
 * not for the same. A payload that some of STRICT, FIRST and LAST see and another of them does not,
 * in any place, or that LENIENT alone sees, is a difference. */
#include <stdlib.h>

#include "base/hex.h"
#include "base/vec.h"
#include "mime/view_internal.h"

enum { NARROW = 1u << VIEW_STRICT | 1u << VIEW_FIRST | 1u << VIEW_LAST };

struct compared {
    const struct slot *slot;
    unsigned char key[DIGEST_MAX_BYTES]; /* of the bytes without white space */
};

static bool is_blank_byte(char c)
{
    return (unsigned char)c <= ' ';
}

static bool counts(const struct slot *s)
{
    size_t i = 0;
    while (i < s->p.bytes.n && is_blank_byte(s->p.bytes.p[i]))
        i++;
    if (i == s->p.bytes.n || !s->structural)
        return false;
    return (s->p.views & NARROW) != 0 || s->decoded || s->names.n != 0;
}

static bool key_of(const struct slot *s, unsigned char key[DIGEST_MAX_BYTES])
{
    char block[4096];
    size_t n = 0;
    struct digest d;
    if (!digest_start(&d, DIGEST_SHA256))
        return false;
    for (struct str rest = s->p.bytes; rest.n > 0;) {
        size_t taken = rest.n < VEC_BYTES ? 1 : VEC_BYTES;
        vec v = {0};
        if (taken == VEC_BYTES)
            v = vec_load(rest.p);
        if (taken == VEC_BYTES && !vec_any((vec)(v <= ' '))) {
            memcpy(block + n, &v, sizeof v);
            n += VEC_BYTES;
        } else {
            for (size_t i = 0; i < taken; i++) {
                block[n] = rest.p[i];
                n += !is_blank_byte(rest.p[i]);
            }
        }
        rest = str_slice(rest, taken, rest.n);
        if (sizeof block - n < VEC_BYTES) {
            digest_update(&d, str_make(block, n));
            n = 0;
        }
    }
    digest_update(&d, str_make(block, n));
    return digest_final(&d, key);
}

static int by_key(const void *a, const void *b)
{
    return memcmp(((const struct compared *)a)->key, ((const struct compared *)b)->key,
                  DIGEST_MAX_BYTES);
}

/* The first payload that another view has and that this one misses at the same place. */
static const struct slot *instead(const struct compared *list, size_t n, const struct slot *s,
                                  unsigned misses)
{
    for (size_t i = 0; i < n; i++) {
        const struct slot *other = list[i].slot;
        if (other != s && (other->p.views & misses) != 0 &&
            other->p.offset < s->p.offset + s->p.length + 1 &&
            s->p.offset < other->p.offset + other->p.length + 1)
            return other;
    }
    return NULL;
}

enum { TAIL_MAX = 2 /* octets of an unfinished quad of base64 */ };

/* LENIENT alone has it, and it is the beginning of what the others have there. */
static bool is_cut_short(const struct compared *list, size_t n, const struct slot *s)
{
    const struct slot *other = instead(list, n, s, NARROW);
    if (other == NULL || !str_starts(other->p.bytes, s->p.bytes))
        return false;
    bool text = str_eq(s->p.type, STR("text")) && s->names.n == 0;
    return text || other->p.bytes.n - s->p.bytes.n <= TAIL_MAX;
}

static struct str views_named(struct arena *arena, unsigned views)
{
    struct str out = STR("");
    for (unsigned v = 0; v < VIEW_COUNT; v++)
        if (views & 1u << v)
            out = arena_fmt(arena, STR_FMT "%s%s", STR_ARG(out), out.n == 0 ? "" : ",",
                            mime_view_name((enum mime_view)v));
    return out;
}

static struct str hash_text(struct arena *arena, const struct slot *s)
{
    return s == NULL ? STR("nothing")
                     : hex_encode(arena, str_make((const char *)s->p.sha256, DIGEST_MAX_BYTES));
}

/* STRICT against all that take a bare LF for a line end. In a message that mixes both ends, as
 * programs store mail, that says nothing about its sender; message.bare-lf-* tells of them, and
 * what either of them sees is inspected. */
static bool is_of_line_ends(unsigned seen)
{
    unsigned narrow = seen & NARROW;
    return narrow == 1u << VIEW_STRICT || narrow == (1u << VIEW_FIRST | 1u << VIEW_LAST);
}

static void tell(struct taker *t, const struct compared *list, size_t n, const struct slot *s,
                 unsigned seen)
{
    unsigned misses = NARROW & ~seen;
    const struct slot *other = instead(list, n, s, misses);
    struct finding_where where = {
        .part = s->p.path, .offset = s->p.offset, .length = s->p.length, .has_offset = true};
    struct finding *f =
        finding_add(t->findings, FINDING_MIME_VIEW_DIFF, where,
                    STR_FMT ": " STR_FMT "; " STR_FMT ": " STR_FMT,
                    STR_ARG(views_named(t->arena, seen)), STR_ARG(hash_text(t->arena, s)),
                    STR_ARG(views_named(t->arena, misses)), STR_ARG(hash_text(t->arena, other)));
    if (f != NULL && t->mixed_ends && is_of_line_ends(seen))
        f->severity = SEV_LOW;
}

/* All that differ, of one kind: those of line ends, or the others. How many. */
static size_t tell_all(struct taker *t, const struct compared *list, size_t n, bool line_ends)
{
    size_t told = 0;
    for (size_t i = 0, next; i < n; i = next) {
        unsigned seen = 0;
        for (next = i; next < n && by_key(&list[i], &list[next]) == 0; next++)
            seen |= list[next].slot->p.views;
        if ((seen & NARROW) == NARROW || (t->mixed_ends && is_of_line_ends(seen)) != line_ends ||
            ((seen & NARROW) == 0 && is_cut_short(list, n, list[i].slot)))
            continue;
        if (told++ < FINDINGS_PER_KIND_MAX) /* each looks through the list once */
            tell(t, list, n, list[i].slot, seen);
    }
    return told;
}

bool views_compare(struct taker *t)
{
    if (!t->doubt)
        return false;
    struct compared *list = arena_new(t->arena, struct compared, t->n);
    size_t n = 0;
    for (size_t i = 0; list != NULL && i < t->n; i++) {
        if (!counts(&t->slots[i]))
            continue;
        list[n].slot = &t->slots[i];
        if (key_of(&t->slots[i], list[n].key))
            n++;
    }
    t->no_memory |= list == NULL;
    if (n != 0)
        qsort(list, n, sizeof *list, by_key);
    size_t grave = tell_all(t, list, n, false); /* first, so that the others push none out */
    return grave + tell_all(t, list, n, true) != 0;
}
