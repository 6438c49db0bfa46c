/* What the checks of MTA-STS, TLS-RPT, DANE and BIMI share. */
#include "posture/tls_internal.h"

/* ---- records ---- */

bool posture_mentions(struct str text, const char *word)
{
    struct str w = str_from(word);
    for (size_t i = 0; i + w.n <= text.n; i++)
        if (str_ieq(str_slice(text, i, i + w.n), w))
            return true;
    return false;
}

bool posture_any_mentions(const struct dns_answer *txt, const char *word)
{
    for (size_t i = 0; i < txt->n; i++)
        if (posture_mentions(txt->records[i].data, word))
            return true;
    return false;
}

void posture_replace_txt(struct fix *x, const struct dns_answer *txt, const char *word,
                         struct str text)
{
    bool is_alias = !str_eq(txt->canonical, txt->name), is_there = false;
    if (is_alias)
        fix_edit_add(x, FIX_REMOVE_ALL, txt->name, DNS_CNAME, STR(""));
    for (size_t i = 0; i < txt->n && !is_alias; i++) {
        struct str data = txt->records[i].data;
        if (str_eq(data, text))
            is_there = true;
        else if (posture_mentions(data, word))
            fix_edit_add(x, FIX_REMOVE, txt->name, DNS_TXT, data);
    }
    if (!is_there)
        fix_edit_add(x, FIX_ADD, txt->name, DNS_TXT, text);
}

struct str posture_tls_rpt_text(struct posture_ctx *c)
{
    return arena_fmt(c->arena, "v=TLSRPTv1; rua=mailto:postmaster@" STR_FMT,
                     STR_ARG(c->out->domain));
}

void posture_fix_tls_rpt(struct posture_ctx *c, struct fix *x)
{
    const struct dns_answer *txt;
    struct tls_rpt_record r;
    if (posture_ask_below(c, "_smtp._tls", DNS_TXT, &txt, NULL) == MP_OK && !posture_failed(txt) &&
        tls_rpt_record_of(txt, &r) == TLS_RPT_ABSENT)
        posture_replace_txt(x, txt, "tlsrptv1", posture_tls_rpt_text(c));
}

/* ---- hosts ---- */

int posture_ask_hosts(struct posture_ctx *c, struct posture_hosts *out, struct mp_err *err)
{
    const struct posture *p = c->out;
    bool waiting = false;
    *out = (struct posture_hosts){0};
    for (size_t i = 0; i < p->n_mx && c->config->connect; i++) {
        if (p->mx[i].n_addresses == 0)
            continue;
        int st = fact_smtp(c->facts, p->mx[i].host, &out->facts[i], err);
        if (st < 0)
            return st;
        waiting |= st == MP_WAIT;
    }
    return waiting ? MP_WAIT : MP_OK;
}

enum posture_seen posture_seen_of(const struct smtp_fact *f)
{
    if (f == NULL || f->skipped)
        return SEEN_NOTHING;
    if (!f->answered || (f->starttls && !f->tls.established && f->temporary))
        return SEEN_FAILURE;
    return f->tls.established ? SEEN_TLS : SEEN_NO_TLS;
}

int posture_find_dane(struct posture_ctx *c, struct mp_err *err)
{
    struct posture *p = c->out;
    bool waiting = false;
    for (size_t i = 0; i < p->n_mx && !p->dane_ready; i++) {
        struct posture_mx *m = &p->mx[i];
        if (m->is_address)
            continue;
        int st =
            dane_find(c->dns, c->arena, m->host, c->config->smtp_port, p->mx_secure, &m->dane, err);
        if (st < 0)
            return st;
        waiting |= st == MP_WAIT;
    }
    p->dane_ready = !waiting;
    return waiting ? MP_WAIT : MP_OK;
}
