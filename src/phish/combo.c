/* All together: a sender who is not proven or pretends, something that leads or carries somewhere,
 * and somebody who presses for it. Each alone may be honest; the evidence names all. */
#include "base/buf.h"
#include "phish/phish_internal.h"

enum combo_part { PART_SENDER, PART_CARRIER, PART_LURE, COMBO_PARTS };

enum { NAMES_PER_PART = 2 };

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

int combo_check(struct phish *p, struct mp_err *err)
{
    struct combo c = {.n = {0}};
    struct buf b;
    enum combo_part part;
    (void)err;
    for (size_t i = 0; i < p->findings->n; i++)
        if (part_of(&p->findings->items[i], &part))
            keep(&c, part, &p->findings->items[i]);
    for (size_t i = 0; i < COMBO_PARTS; i++)
        if (c.n[i] == 0)
            return MP_OK;
    buf_init(&b, 2 * FINDING_EVIDENCE_MAX);
    for (size_t i = 0; i < COMBO_PARTS; i++) {
        buf_addz(&b, i == 0 ? "" : " + ");
        for (size_t k = 0; k < c.n[i]; k++) {
            buf_addz(&b, k == 0 ? "" : ", ");
            buf_add(&b, finding_kind(c.ids[i][k])->name);
        }
    }
    finding_add(p->findings, FINDING_PHISH_COMBO, NOWHERE, STR_FMT, STR_ARG(buf_str(&b)));
    buf_clear(&b);
    return MP_OK;
}
