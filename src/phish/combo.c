/* All together: a sender who is not proven or pretends, something that leads or carries somewhere,
 * and somebody who presses for it. Each alone may be honest; the evidence names all. */
#include "base/buf.h"
#include "phish/phish_internal.h"

enum combo_part { PART_SENDER, PART_CARRIER, PART_LURE, COMBO_PARTS };

enum {
    NAMES_PER_PART = 2,
    SIGNS_NEEDED = 2 /* different things that alone prove nothing */
};

static const struct {
    struct str prefix; /* of names of findings */
    enum combo_part part;
} prefixes[] = {
    {STR_INIT("sender."), PART_SENDER},  {STR_INIT("url."), PART_CARRIER},
    {STR_INIT("html."), PART_CARRIER},   {STR_INIT("svg."), PART_CARRIER},
    {STR_INIT("attach."), PART_CARRIER}, {STR_INIT("archive."), PART_CARRIER},
    {STR_INIT("office."), PART_CARRIER}, {STR_INIT("pdf."), PART_CARRIER},
    {STR_INIT("qr."), PART_CARRIER},     {STR_INIT("calendar."), PART_CARRIER},
    {STR_INIT("social."), PART_LURE},    {STR_INIT("intel."), PART_LURE},
    {STR_INIT("av.found"), PART_LURE},   {STR_INIT("yara.match"), PART_LURE},
};

/* Who sent it is not who it seems, or authentication failed. */
static const enum finding_id sender_ids[] = {
    FINDING_AUTH_DMARC_FAIL,
    FINDING_AUTH_SPF_FAIL,
    FINDING_AUTH_SPF_SOFTFAIL,
    FINDING_AUTH_DKIM_FAIL,
    FINDING_AUTH_FORGED_AUTHRES,
    FINDING_AUTH_MULTIPLE_FROM,
    FINDING_AUTH_NO_FROM,
    FINDING_AUTH_MULTIPLE_AUTHOR_DOMAINS,
    FINDING_AUTH_FROM_SYNTAX,
    FINDING_AUTH_ENCODED_ADDRESS,
    FINDING_AUTH_QUOTED_LOCAL_AT,
    FINDING_AUTH_DISPLAY_NAME_ADDRESS,
    FINDING_AUTH_INVISIBLE_CHARACTER,
    FINDING_AUTH_CONFUSABLE,
    FINDING_AUTH_CONTROL_IN_ENCODED_WORD,
};

static bool part_of(const struct finding *f, enum combo_part *out)
{
    struct str name = finding_kind(f->id)->name;
    if (f->severity == SEV_INFO)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(sender_ids); i++) {
        if (f->id == sender_ids[i]) {
            *out = PART_SENDER;
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (str_starts(name, prefixes[i].prefix)) {
            *out = prefixes[i].part;
            return true;
        }
    }
    return false;
}

struct combo {
    enum finding_id ids[COMBO_PARTS][NAMES_PER_PART]; /* different ones, the gravest first */
    enum severity worst[COMBO_PARTS][NAMES_PER_PART];
    size_t n[COMBO_PARTS];
};

/* Keeps the gravest few of a part. */
static void keep(struct combo *c, enum combo_part part, const struct finding *f)
{
    size_t at = 0, n = c->n[part];
    for (size_t i = 0; i < n; i++)
        if (c->ids[part][i] == f->id)
            return;
    while (at < n && c->worst[part][at] >= f->severity)
        at++;
    if (at == NAMES_PER_PART)
        return;
    n = n < NAMES_PER_PART ? n + 1 : n;
    for (size_t i = n - 1; i > at; i--) {
        c->ids[part][i] = c->ids[part][i - 1];
        c->worst[part][i] = c->worst[part][i - 1];
    }
    c->ids[part][at] = f->id;
    c->worst[part][at] = f->severity;
    c->n[part] = n;
}

/* Signs that mails of honest people have too, each for itself: those rules that say "combine". */
static const struct sign {
    enum finding_id id;
    bool usual; /* in mails to many */
} signs[] = {
    {FINDING_URL_SHORTENER, false},
    {FINDING_URL_FREE_HOST, false},
    {FINDING_URL_TLD, false},
    {FINDING_URL_IP, false},
    {FINDING_URL_PORT, false},
    {FINDING_URL_RECIPIENT, true},
    {FINDING_HTML_IMAGE_ONLY, true},
    {FINDING_HTML_HIDDEN_TEXT, true},
    {FINDING_HTML_ENTITY_OBFUSCATION, false},
    {FINDING_HTML_BASE, true},
    {FINDING_PDF_SINGLE_LINK, false},
    {FINDING_CALENDAR_AUTO, false},
    {FINDING_SENDER_SELF, false},
    {FINDING_SENDER_REPLY_TO_DOMAIN, true},
    {FINDING_SENDER_RECORDED_FAIL, false},
    {FINDING_SOCIAL_FAKE_REPLY, false},
    {FINDING_MESSAGE_RAW_UTF8_HEADER, false},
    {FINDING_MESSAGE_BAD_MESSAGE_ID, false},
    {FINDING_MESSAGE_ODD_MAILER, false},
    {FINDING_MESSAGE_LONG_LINE, false},
    {FINDING_SOCIAL_URGENT, false},
    {FINDING_SOCIAL_REWARD, true},
};

/* An advertisement without a way to leave its list, all of whose links lead to somebody else: its
 * sender has no site, or not one to be seen with. */
static bool leads_elsewhere(const struct phish *p)
{
    const struct phish_people *who = &p->people;
    const struct phish_leads *l = &p->leads;
    return l->web > 0 && !l->sender && l->pictures && !who->is_list && !who->is_answer &&
           !who->from.freemail && !who->from.own;
}

static void check_signs(struct phish *p)
{
    struct buf b;
    size_t n = 0;
    buf_init(&b, 2 * FINDING_EVIDENCE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        if (!finding_has(p->findings, signs[i].id) || (signs[i].usual && p->people.is_list))
            continue;
        buf_addz(&b, n++ == 0 ? "" : ", ");
        buf_add(&b, finding_kind(signs[i].id)->name);
    }
    if (n == 1 && leads_elsewhere(p)) {
        buf_addz(&b, ", no link to the sender's own site");
        n++;
    }
    if (n >= SIGNS_NEEDED)
        finding_add(p->findings, FINDING_PHISH_SIGNS, NOWHERE, STR_FMT, STR_ARG(buf_str(&b)));
    buf_clear(&b);
}

/* Where the sender is more than odd, and no link leads to him, the links themselves are doubtful.
 */
static bool only_elsewhere(const struct phish *p, const struct combo *c)
{
    const struct phish_leads *l = &p->leads;
    return c->n[PART_SENDER] > 0 && c->worst[PART_SENDER][0] >= SEV_MEDIUM && l->others &&
           !l->sender;
}

static void check_combo(struct phish *p)
{
    struct combo c = {.n = {0}};
    struct buf b;
    enum combo_part part;
    for (size_t i = 0; i < p->findings->n; i++)
        if (part_of(&p->findings->items[i], &part))
            keep(&c, part, &p->findings->items[i]);
    bool elsewhere = c.n[PART_CARRIER] == 0 && only_elsewhere(p, &c);
    for (size_t i = 0; i < COMBO_PARTS; i++)
        if (c.n[i] == 0 && !(i == PART_CARRIER && elsewhere))
            return;
    buf_init(&b, 2 * FINDING_EVIDENCE_MAX);
    for (size_t i = 0; i < COMBO_PARTS; i++) {
        buf_addz(&b, i == 0 ? "" : " + ");
        buf_addz(&b, c.n[i] == 0 ? "links only to others" : "");
        for (size_t k = 0; k < c.n[i]; k++) {
            buf_addz(&b, k == 0 ? "" : ", ");
            buf_add(&b, finding_kind(c.ids[i][k])->name);
        }
    }
    finding_add(p->findings, FINDING_PHISH_COMBO, NOWHERE, STR_FMT, STR_ARG(buf_str(&b)));
    buf_clear(&b);
}

int combo_check(struct phish *p, struct mp_err *err)
{
    (void)err;
    check_signs(p);
    check_combo(p);
    return MP_OK;
}
