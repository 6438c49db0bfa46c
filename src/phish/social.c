/* What a mail presses for: words of lures together with what must stand beside them. A word alone
 * says nothing. */
#include "base/fold.h"
#include "phish/money.h"
#include "phish/phish_internal.h"

enum {
    CREDENTIAL_DISTANCE = 50,
    BANK_DISTANCE = 60,
    GIFT_CARD_DISTANCE = 120,
    BANNER_BYTES = 200, /* folded: the first lines that are seen */
    CALLBACK_GROUPS = 2,
    PROMISES_MANY = 3, /* and none of the links leads to who makes them */
    URGENT_WORDS = 60,
    SHOWN = 120
};

struct social {
    struct phish *p;
    const struct phish_text *text;
    const struct phish_people *who;
};

static struct finding *tell(struct social *s, enum finding_id id, const char *what,
                            struct str shown)
{
    return finding_add(s->p->findings, id, NOWHERE, "%s\"" STR_FMT "\"", what,
                       STR_ARG(str_slice(str_trim_wsp(shown), 0, SHOWN)));
}

/* A person writes, not a house to many: no list, no link to the sender's own site. */
static bool is_personal(struct social *s)
{
    return !s->who->is_list && !s->p->leads.sender;
}

/* ---- a bill and a number to call ---- */

static bool find_in_parts(const struct phish_text *t, bool (*find)(struct str, struct str *),
                          struct str *out)
{
    for (size_t i = 0; i < TEXT_ORIGINS; i++)
        if (find(t->parts[i], out))
            return true;
    return false;
}

static void check_callback(struct social *s)
{
    static const enum word_group groups[] = {WORD_INVOICE,      WORD_ORDER,   WORD_RENEWAL,
                                             WORD_SUBSCRIPTION, WORD_CHARGE,  WORD_REFUND,
                                             WORD_CANCEL,       WORD_SUPPORT, WORD_ANTIVIRUS};
    struct str phone, amount, words[CALLBACK_GROUPS];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(groups) && n < CALLBACK_GROUPS; i++) {
        const struct text_hit *hit = text_first(s->text, groups[i]);
        if (hit != NULL)
            words[n++] = hit->entry->key;
    }
    if (n < CALLBACK_GROUPS || s->who->from.own || s->who->is_list)
        return;
    if (!find_in_parts(s->text, money_find_phone, &phone) ||
        !find_in_parts(s->text, money_find_amount, &amount) || s->p->leads.sender)
        return;
    finding_add(s->p->findings, FINDING_SOCIAL_CALLBACK, NOWHERE,
                "\"" STR_FMT "\" and \"" STR_FMT "\", " STR_FMT ", to call: " STR_FMT,
                STR_ARG(words[0]), STR_ARG(words[1]), STR_ARG(str_slice(amount, 0, 30)),
                STR_ARG(str_slice(phone, 0, 40)));
}

/* ---- money ---- */

static void check_gift_card(struct social *s)
{
    struct str shown;
    if (!s->who->from.own && text_has(s->text, WORD_GIFT_CARD) &&
        text_near(s->text, WORD_GIFT_CARD, WORD_REQUEST, GIFT_CARD_DISTANCE, &shown) &&
        is_personal(s))
        tell(s, FINDING_SOCIAL_GIFT_CARD, "", shown);
}

static void check_bank_change(struct social *s)
{
    const struct phish_people *who = s->who;
    bool elsewhere = who->reply.address.n > 0 && !str_eq(who->reply.site, who->from.site);
    struct str shown;
    if ((!who->from.own || elsewhere) && text_has(s->text, WORD_BANK) &&
        text_near(s->text, WORD_CHANGE, WORD_BANK, BANK_DISTANCE, &shown) && is_personal(s) &&
        s->p->leads.web == 0)
        tell(s, FINDING_SOCIAL_BANK_CHANGE, "", shown);
}

static void check_urgent(struct social *s)
{
    const struct text_hit *hit = text_first(s->text, WORD_AVAILABLE);
    if (hit != NULL && s->who->from.freemail && s->text->words < URGENT_WORDS &&
        s->p->leads.web == 0)
        tell(s, FINDING_SOCIAL_URGENT, "", hit->entry->key);
}

/* ---- an account ---- */

static void check_credential(struct social *s)
{
    struct str shown;
    if (s->who->from.own || !text_has(s->text, WORD_CREDENTIAL) ||
        !text_near(s->text, WORD_CREDENTIAL, WORD_EXPIRY, CREDENTIAL_DISTANCE, &shown) ||
        !s->p->leads.others)
        return;
    finding_add(s->p->findings, FINDING_SOCIAL_CREDENTIAL, NOWHERE,
                "\"" STR_FMT "\", with a link to " STR_FMT,
                STR_ARG(str_slice(str_trim_wsp(shown), 0, SHOWN)),
                STR_ARG(str_slice(s->p->leads.other, 0, 60)));
}

/* ---- threats ---- */

/* Two phrases that are not one within the other. */
static bool two_of(const struct phish_text *t, enum word_group group, const struct text_hit *out[2])
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_hits && n < 2; i++) {
        const struct text_hit *hit = &t->hits[i];
        if (!hit_is(hit, group))
            continue;
        if (n == 0 || (hit->at >= out[0]->at + out[0]->n &&
                       !str_eq(out[0]->entry->folded, hit->entry->folded)))
            out[n++] = hit;
    }
    return n == 2;
}

static void check_extortion(struct social *s)
{
    const struct text_hit *two[2];
    struct str coin;
    if (!text_has(s->text, WORD_EXTORTION) || !two_of(s->text, WORD_EXTORTION, two) ||
        !find_in_parts(s->text, money_find_coin, &coin))
        return;
    finding_add(s->p->findings, FINDING_SOCIAL_EXTORTION, NOWHERE,
                "\"" STR_FMT "\" and \"" STR_FMT "\", to pay to " STR_FMT,
                STR_ARG(two[0]->entry->key), STR_ARG(two[1]->entry->key), STR_ARG(coin));
}

/* ---- something for nothing ---- */

/* How many different phrases of the group there are, up to `max`. */
static size_t count_phrases(const struct phish_text *t, enum word_group group, size_t max)
{
    const struct text_hit *seen[PROMISES_MANY];
    size_t n = 0;
    for (size_t i = 0; i < t->n_hits && n < max; i++) {
        const struct text_hit *hit = &t->hits[i];
        bool again = !hit_is(hit, group);
        for (size_t k = 0; k < n && !again; k++)
            again = str_eq(seen[k]->entry->folded, hit->entry->folded) ||
                    hit->at < seen[k]->at + seen[k]->n;
        if (!again)
            seen[n++] = hit;
    }
    return n;
}

static void check_reward(struct social *s)
{
    const struct text_hit *hit = text_first(s->text, WORD_REWARD);
    if (hit == NULL || s->who->from.own || s->p->leads.web == 0)
        return;
    struct finding *f =
        finding_add(s->p->findings, FINDING_SOCIAL_REWARD, NOWHERE,
                    "\"" STR_FMT "\", with a link to " STR_FMT, STR_ARG(hit->entry->key),
                    STR_ARG(str_slice(s->p->leads.other, 0, 60)));
    if (!s->p->leads.sender && !s->who->is_answer &&
        count_phrases(s->text, WORD_REWARD, PROMISES_MANY) == PROMISES_MANY)
        finding_raise(f, SEV_MEDIUM);
}

static void check_advance_fee(struct social *s)
{
    const struct text_hit *two[2];
    if (s->who->from.own || s->who->is_list || !text_has(s->text, WORD_ADVANCE_FEE) ||
        !two_of(s->text, WORD_ADVANCE_FEE, two) || s->p->leads.sender)
        return;
    finding_add(s->p->findings, FINDING_SOCIAL_ADVANCE_FEE, NOWHERE,
                "\"" STR_FMT "\" and \"" STR_FMT "\"", STR_ARG(two[0]->entry->key),
                STR_ARG(two[1]->entry->key));
}

/* ---- what is not what it seems ---- */

/* "Re:", "AW: [2]", "Fwd :" in front of a colon. */
static bool is_reply_prefix(struct social *s, struct str subject)
{
    enum { PREFIX_MAX = 20 };
    size_t colon = str_find(subject, ':');
    char out[FOLD_BYTES(PREFIX_MAX)];
    if (colon == subject.n || colon > PREFIX_MAX)
        return false;
    struct str prefix = fold_text(str_slice(subject, 0, colon), out), word;
    prefix = str_trim_wsp(prefix);
    word = str_cut(&prefix, ' ');
    for (size_t i = 0; i < s->text->n_hits && s->text->hits[i].at <= 1; i++) {
        const struct text_hit *hit = &s->text->hits[i];
        if (hit_is(hit, WORD_REPLY_PREFIX) && str_eq(hit->entry->folded, word))
            return true;
    }
    return false;
}

static void check_fake_reply(struct social *s)
{
    struct str subject = str_trim(s->who->subject);
    if (!s->who->is_answer && !s->who->is_list && is_reply_prefix(s, subject))
        finding_add(s->p->findings, FINDING_SOCIAL_FAKE_REPLY, phish_where(s->p, STR("Subject")),
                    STR_FMT ": no References, no In-Reply-To",
                    STR_ARG(str_slice(subject, 0, SHOWN)));
}

static void check_fake_banner(struct social *s)
{
    if (!text_has(s->text, WORD_SAFE_BANNER) || s->who->from.own)
        return;
    for (size_t i = 0; i < s->text->n_hits; i++) {
        const struct text_hit *hit = &s->text->hits[i];
        if (!hit_is(hit, WORD_SAFE_BANNER) || hit->at < s->text->subject_end)
            continue;
        if (hit->at - s->text->subject_end < BANNER_BYTES)
            tell(s, FINDING_SOCIAL_FAKE_BANNER, "the text begins with ", hit->entry->key);
        return; /* the first one behind the subject decides */
    }
}

int social_check(struct phish *p, struct mp_err *err)
{
    struct social s = {.p = p, .text = &p->text, .who = &p->people};
    (void)err;
    check_callback(&s);
    check_gift_card(&s);
    check_bank_change(&s);
    check_urgent(&s);
    check_credential(&s);
    check_extortion(&s);
    check_reward(&s);
    check_advance_fee(&s);
    check_fake_reply(&s);
    check_fake_banner(&s);
    social_thread_check(p);
    return MP_OK;
}
