/* Near misses by deletion: two labels one edit apart have a common form with a letter less, or one
 * is such a form of the other. All forms of the known labels lie in a hash table. */
#include "url/lookalike.h"

#include "base/idna.h"
#include "base/psl.h"
#include "url/lookalike_internal.h"
#include "url/skeleton.h"

enum { LABEL_FORMS_MAX = DOMAIN_LABEL_MAX_OCTETS + 1 };

/* Why a form stands in the table. */
enum form { FORM_FREE, FORM_DOMAIN, FORM_LABEL, FORM_LOOK, FORM_EDIT };

struct slot {
    uint32_t hash; /* the upper half; the lower one chose the place */
    uint32_t form : 3;
    uint32_t known : 29;
};

struct known {
    struct str domain, label, look; /* look: the skeleton of the label */
    size_t index;
};

struct lookalikes {
    struct slot *slots;
    size_t mask;
    struct known *known;
    size_t n;
};

const char *lookalike_text(enum lookalike_kind kind)
{
    static const char *const texts[] = {
        [LOOKALIKE_NONE] = "nothing",
        [LOOKALIKE_SAME] = "the domain itself",
        [LOOKALIKE_GLYPH] = "letters that look the same",
        [LOOKALIKE_SWAP] = "two letters exchanged",
        [LOOKALIKE_REPETITION] = "a letter doubled or not",
        [LOOKALIKE_OMISSION] = "a letter missing",
        [LOOKALIKE_ADDITION] = "a letter more",
        [LOOKALIKE_HYPHEN] = "a hyphen more or less",
        [LOOKALIKE_VOWEL] = "another vowel",
        [LOOKALIKE_REPLACEMENT] = "another letter",
        [LOOKALIKE_SUFFIX] = "another ending",
        [LOOKALIKE_WORD] = "words beside the name",
    };
    return texts[kind];
}

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "domains that look alike need more memory than allowed");
}

/* ---- hashes of a text with one letter left out, each in constant time ---- */

static const uint64_t MULTIPLIER = 0x9e3779b97f4a7c15u;

static uint64_t step(uint64_t hash, char c)
{
    return hash * MULTIPLIER + (unsigned char)c + 1;
}

static uint64_t finish(uint64_t hash, enum form form)
{
    hash ^= (uint64_t)form << 60;
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}

static uint64_t hash_of(struct str s, enum form form)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < s.n; i++)
        hash = step(hash, s.p[i]);
    return finish(hash, form);
}

/* The text itself, then without each of its letters. Returns how many; 0: too long. */
static size_t edit_forms(struct str s, uint64_t out[LABEL_FORMS_MAX])
{
    uint64_t before[LABEL_FORMS_MAX] = {0}, behind = 0, power = 1;
    if (s.n >= LABEL_FORMS_MAX)
        return 0;
    for (size_t i = 0; i < s.n; i++)
        before[i + 1] = step(before[i], s.p[i]);
    out[0] = finish(before[s.n], FORM_EDIT);
    for (size_t i = s.n; i-- > 0;) {
        out[i + 1] = finish(before[i] * power + behind, FORM_EDIT);
        behind += power * ((unsigned char)s.p[i] + 1u);
        power *= MULTIPLIER;
    }
    return s.n + 1;
}

/* ---- the table ---- */

static void put(struct lookalikes *set, uint64_t hash, enum form form, size_t known)
{
    size_t at = (size_t)hash & set->mask;
    while (set->slots[at].form != FORM_FREE)
        at = (at + 1) & set->mask;
    set->slots[at] = (struct slot){.hash = (uint32_t)(hash >> 32),
                                   .form = (unsigned)form & 7u,
                                   .known = (uint32_t)known & 0x1fffffffu};
}

/* Visit the known labels behind a hash; *at begins as the hash. NULL: no more. */
static const struct known *next(const struct lookalikes *set, uint64_t hash, enum form form,
                                size_t *at)
{
    for (;; *at += 1) {
        const struct slot *s = &set->slots[*at & set->mask];
        if (s->form == FORM_FREE)
            return NULL;
        if (s->hash == (uint32_t)(hash >> 32) && s->form == (unsigned)form) {
            *at += 1;
            return &set->known[s->known];
        }
    }
}

static const struct known *look_up(const struct lookalikes *set, struct str text, enum form form)
{
    uint64_t hash = hash_of(text, form);
    size_t at = (size_t)hash;
    for (const struct known *k; (k = next(set, hash, form, &at)) != NULL;) {
        struct str is = form == FORM_DOMAIN ? k->domain : form == FORM_LABEL ? k->label : k->look;
        if (str_eq(is, text))
            return k;
    }
    return NULL;
}

static size_t forms_of(const struct known *k)
{
    bool edits = k->label.n >= LOOKALIKE_MIN_LABEL;
    return 3 + (edits ? k->label.n + 1 : 0);
}

static void index_known(struct lookalikes *set, size_t i)
{
    const struct known *k = &set->known[i];
    uint64_t forms[LABEL_FORMS_MAX];
    put(set, hash_of(k->domain, FORM_DOMAIN), FORM_DOMAIN, i);
    if (look_up(set, k->label, FORM_LABEL) != NULL)
        return; /* the same label below another suffix is as good */
    put(set, hash_of(k->label, FORM_LABEL), FORM_LABEL, i);
    put(set, hash_of(k->look, FORM_LOOK), FORM_LOOK, i);
    size_t n = k->label.n >= LOOKALIKE_MIN_LABEL ? edit_forms(k->label, forms) : 0;
    for (size_t f = 0; f < n; f++)
        put(set, forms[f], FORM_EDIT, i);
}

/* The first label as people read it. */
static struct str label_of(struct arena *arena, struct str domain)
{
    struct str label = str_cut(&domain, '.');
    return str_istarts(label, STR("xn--")) ? idna_to_unicode(arena, label) : label;
}

static int read_domain(struct arena *arena, struct str domain, size_t index, struct known *k,
                       struct mp_err *err)
{
    k->index = index;
    k->domain = psl_registrable(arena, domain);
    k->label = label_of(arena, k->domain);
    k->look = skeleton(arena, k->label, SKELETON_DIGITS);
    return k->look.p == NULL ? no_memory(err) : MP_OK;
}

int lookalikes_new(struct arena *arena, const struct str *domains, size_t n,
                   struct lookalikes **out, struct mp_err *err)
{
    struct lookalikes *set = arena_new(arena, struct lookalikes, 1);
    size_t slots = 0, size = 16;
    n = n < LOOKALIKE_MAX_DOMAINS ? n : LOOKALIKE_MAX_DOMAINS;
    if (set == NULL || (set->known = arena_new(arena, struct known, n + 1)) == NULL)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        struct known *k = &set->known[set->n];
        int st = read_domain(arena, domains[i], i, k, err);
        if (st != MP_OK)
            return st;
        if (k->label.n == 0)
            continue;
        slots += forms_of(k);
        set->n++;
    }
    while (size < 2 * slots)
        size *= 2;
    set->mask = size - 1;
    set->slots = arena_new(arena, struct slot, size);
    if (set->slots == NULL)
        return no_memory(err);
    for (size_t i = 0; i < set->n; i++)
        index_known(set, i);
    *out = set;
    return MP_OK;
}

/* ---- questions ---- */

static struct lookalike answer(enum lookalike_kind kind, const struct known *k)
{
    return (struct lookalike){.kind = kind, .domain = k->index};
}

static bool near(const struct lookalikes *set, struct str label, struct lookalike *out)
{
    uint64_t forms[LABEL_FORMS_MAX];
    size_t n = label.n + 1 >= LOOKALIKE_MIN_LABEL ? edit_forms(label, forms) : 0;
    for (size_t f = 0; f < n; f++) {
        size_t at = (size_t)forms[f];
        for (const struct known *k; (k = next(set, forms[f], FORM_EDIT, &at)) != NULL;) {
            enum lookalike_kind kind = lookalike_edit(k->label, label);
            if (kind != LOOKALIKE_NONE) {
                *out = answer(kind, k);
                return true;
            }
        }
    }
    return false;
}

/* A known label that stands alone between hyphens, beside other words. */
static bool word(const struct lookalikes *set, struct str label, struct lookalike *out)
{
    struct str rest = label;
    for (size_t i = 0; rest.p != NULL && i < LOOKALIKE_MAX_WORDS; i++) {
        struct str part = str_cut(&rest, '-');
        const struct known *k = part.n < LOOKALIKE_MIN_EDIT || part.n == label.n
                                    ? NULL
                                    : look_up(set, part, FORM_LABEL);
        if (k != NULL) {
            *out = answer(LOOKALIKE_WORD, k);
            return true;
        }
    }
    return false;
}

bool lookalike_is_known(const struct lookalikes *set, struct str site, size_t *domain)
{
    const struct known *k = look_up(set, site, FORM_DOMAIN);
    if (k != NULL)
        *domain = k->index;
    return k != NULL;
}

int lookalike_find(struct arena *arena, const struct lookalikes *set, struct str site,
                   struct lookalike *out, struct mp_err *err)
{
    struct lookalike found = {.kind = LOOKALIKE_NONE};
    const struct known *k = look_up(set, site, FORM_DOMAIN);
    if (k != NULL) {
        *out = answer(LOOKALIKE_SAME, k);
        return MP_OK;
    }
    struct str label = label_of(arena, site), look = skeleton(arena, label, SKELETON_DIGITS);
    if (look.p == NULL)
        return no_memory(err);
    if ((k = look_up(set, label, FORM_LABEL)) != NULL)
        found = answer(LOOKALIKE_SUFFIX, k);
    else if ((k = look_up(set, look, FORM_LOOK)) != NULL && look.n >= LOOKALIKE_MIN_LABEL)
        found = answer(LOOKALIKE_GLYPH, k);
    else if (!near(set, label, &found))
        word(set, label, &found);
    *out = found;
    return MP_OK;
}
