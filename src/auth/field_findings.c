/* What the fields of a head say about the program that wrote it: those that are missing, and those
 * that no honest program writes so. Low or info: none of them decides anything alone. */
#include "auth/author.h"
#include "base/utf8.h"
#include "message/date.h"
#include "message/received.h"

enum {
    PAST_S = 14 * 24 * 60 * 60,   /* on its way for so long: a Date that was made up */
    HEAD_USUAL_BYTES = 64 * 1024, /* longer heads slow readers down or hide fields from them */
    MAILER_MAX_BYTES = 256
};

static struct finding_where where(const struct header *h)
{
    return (struct finding_where){
        .header = h->name, .offset = h->offset, .length = h->raw.n, .has_offset = true};
}

/* ---- dates ---- */

/* The topmost Received was written by the server that took the message in: the one that is trusted.
 */
static struct received arrival_of(const struct auth_ctx *ctx)
{
    const struct header *h = header_first(ctx->msg, STR("Received"));
    struct received r = {0};
    if (h != NULL)
        received_parse(h->value, &r);
    return r;
}

static void check_date(struct auth_ctx *ctx, const struct received *arrival)
{
    const struct header *h = header_first(ctx->msg, STR("Date"));
    struct mail_date date;
    if (h == NULL)
        finding_add(ctx->findings, FINDING_MESSAGE_NO_DATE, NOWHERE, "no Date field");
    else if (arrival->has_date && date_parse(h->value, &date) &&
             arrival->date.unix_s - date.unix_s > PAST_S)
        finding_add(ctx->findings, FINDING_MESSAGE_PAST_DATE, where(h), "%lld days before Received",
                    (long long)((arrival->date.unix_s - date.unix_s) / (24 * 60 * 60)));
}

/* ---- Message-ID ---- */

/* RFC 5322 3.6.4: "<x@y>" without white space; CFWS around it. Returns y, or p == NULL. */
static struct str message_id_host(struct str value)
{
    struct str id = str_trim(value);
    if (id.n < 2 || id.p[0] != '<' || id.p[id.n - 1] != '>')
        return STR_NONE;
    id = str_slice(id, 1, id.n - 1);
    size_t at = str_rfind(id, '@');
    for (size_t i = 0; i < id.n; i++)
        if (id.p[i] == '<' || id.p[i] == '>' || (unsigned char)id.p[i] <= ' ')
            return STR_NONE;
    return at == 0 || at + 1 >= id.n ? STR_NONE : str_slice(id, at + 1, id.n);
}

static void check_message_id(struct auth_ctx *ctx)
{
    const struct header *h = header_first(ctx->msg, STR("Message-ID"));
    if (h == NULL) {
        finding_add(ctx->findings, FINDING_MESSAGE_NO_MESSAGE_ID, NOWHERE, "no Message-ID field");
        return;
    }
    struct str host = message_id_host(h->value), text = str_trim(h->value);
    if (host.p == NULL)
        finding_add(ctx->findings, FINDING_MESSAGE_BAD_MESSAGE_ID, where(h), STR_FMT,
                    STR_ARG(text));
    else if (!str_has(host, '.') && !str_has(host, ':'))
        finding_add(ctx->findings, FINDING_MESSAGE_LOCAL_MESSAGE_ID, where(h), STR_FMT,
                    STR_ARG(text));
}

/* ---- octets ---- */

/* Octets that are not UTF-8 have a finding of their own (structure.c). */
static void check_utf8(struct auth_ctx *ctx, const struct received *arrival)
{
    const struct message *m = ctx->msg;
    if (str_is_ascii(m->head) || message_has(m, ANOMALY_HEAD_8BIT) ||
        str_istarts(arrival->with, STR("UTF8")))
        return;
    for (size_t i = 0; i < m->n_headers; i++) {
        const struct header *h = &m->headers[i];
        if (str_is_ascii(h->raw))
            continue;
        finding_add(ctx->findings, FINDING_MESSAGE_RAW_UTF8_HEADER, where(h), STR_FMT,
                    STR_ARG(str_trim(h->value)));
        return;
    }
}

static void check_size(struct auth_ctx *ctx)
{
    struct finding_where at = {.length = ctx->msg->head.n, .has_offset = true};
    if (ctx->msg->head.n > HEAD_USUAL_BYTES)
        finding_add(ctx->findings, FINDING_MESSAGE_LARGE_HEAD, at, "%zu octets of fields",
                    ctx->msg->head.n);
}

/* ---- programs and recipients ---- */

/* "iPhone Mail (20A362)": the number of the build begins with that of the system. */
static bool is_made_up_phone(struct str mailer)
{
    static const struct str phones[] = {STR_INIT("iPhone Mail ("), STR_INIT("iPad Mail (")};
    for (size_t i = 0; i < ARRAY_LEN(phones); i++) {
        size_t at = str_search(mailer, phones[i]) + phones[i].n;
        if (at <= mailer.n &&
            (at + 2 > mailer.n || !is_digit(mailer.p[at]) || !is_digit(mailer.p[at + 1])))
            return true;
    }
    return false;
}

/* Its last Windows lost its support in April 2014. */
static bool is_dead_program(struct auth_ctx *ctx, struct str mailer)
{
    static const int64_t end_s = 1396915200;
    struct mail_date date;
    if (str_search(mailer, STR("Outlook Express")) == mailer.n)
        return false;
    const struct header *h = header_first(ctx->msg, STR("Date"));
    return h == NULL || !date_parse(h->value, &date) || date.unix_s >= end_s;
}

static void check_mailer(struct auth_ctx *ctx)
{
    static const struct str names[] = {STR_INIT("X-Mailer"), STR_INIT("User-Agent")};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct header *h = header_first(ctx->msg, names[i]);
        struct str text = h == NULL ? STR_NONE : str_slice(str_trim(h->value), 0, MAILER_MAX_BYTES);
        if (h != NULL && (is_dead_program(ctx, text) || is_made_up_phone(text)))
            finding_add(ctx->findings, FINDING_MESSAGE_ODD_MAILER, where(h), STR_FMT,
                        STR_ARG(text));
    }
}

static void check_recipients(struct auth_ctx *ctx)
{
    const struct header *to = header_first(ctx->msg, STR("To"));
    struct address_list list;
    if (to == NULL) {
        finding_add(ctx->findings, FINDING_MESSAGE_HIDDEN_RECIPIENTS, NOWHERE, "no To field");
        return;
    }
    address_parse(ctx->arena, to->value, &list);
    if (list.status == ADDRESS_EMPTY)
        finding_add(ctx->findings, FINDING_MESSAGE_HIDDEN_RECIPIENTS, where(to), STR_FMT,
                    STR_ARG(str_trim(to->value)));
}

void field_findings(struct auth_ctx *ctx)
{
    if (ctx->msg == NULL || ctx->msg->n_headers == 0)
        return;
    struct received arrival = arrival_of(ctx);
    check_date(ctx, &arrival);
    check_message_id(ctx);
    check_utf8(ctx, &arrival);
    check_size(ctx);
    check_mailer(ctx);
    check_recipients(ctx);
}
