/* The warnings that line ends, field names and counts of fields give, whoever sent the message. */
#include "auth/author.h"
#include "message/date.h"
#include "message/encoded_word.h"

enum { DATE_TOLERANCE_S = 24 * 60 * 60 };

static const struct {
    enum anomaly anomaly;
    enum finding_id finding;
} findings_of[] = {
    {ANOMALY_BARE_LF_HEADER, FINDING_MESSAGE_BARE_LF_HEADER},
    {ANOMALY_BARE_CR_HEADER, FINDING_MESSAGE_BARE_CR_HEADER},
    {ANOMALY_BARE_LF_BODY, FINDING_MESSAGE_BARE_LF_BODY},
    {ANOMALY_BARE_CR_BODY, FINDING_MESSAGE_BARE_CR_BODY},
    {ANOMALY_NUL_HEADER, FINDING_MESSAGE_NUL_IN_HEADER},
    {ANOMALY_NUL_BODY, FINDING_MESSAGE_NUL_IN_BODY},
    {ANOMALY_CONTROL_HEADER, FINDING_MESSAGE_CONTROL_IN_HEADER},
    {ANOMALY_SMUGGLING, FINDING_MESSAGE_SMUGGLING},
    {ANOMALY_NO_COLON, FINDING_MESSAGE_MALFORMED_HEADER},
    {ANOMALY_FIRST_LINE_FOLDED, FINDING_MESSAGE_MALFORMED_HEADER},
    {ANOMALY_NAME_FOLDED, FINDING_MESSAGE_MALFORMED_HEADER},
    {ANOMALY_BAD_NAME, FINDING_MESSAGE_MALFORMED_HEADER},
    {ANOMALY_BLANK_FOLD, FINDING_MESSAGE_MALFORMED_HEADER},
    {ANOMALY_HEAD_8BIT, FINDING_MESSAGE_NON_UTF8_HEADER},
    {ANOMALY_HIDDEN_FIELD, FINDING_MESSAGE_HIDDEN_FIELD},
    {ANOMALY_LF_ONLY, FINDING_MESSAGE_LF_ONLY},
    {ANOMALY_LONG_LINE, FINDING_MESSAGE_LONG_LINE},
    {ANOMALY_TOO_MANY_FIELDS, FINDING_LIMIT_HEADER},
    {ANOMALY_HEAD_TOO_LONG, FINDING_LIMIT_HEADER},
};

/* RFC 5322 3.6 and RFC 2045 3: at most one of each. From has findings of its own. */
static const struct str singles[] = {
    STR_INIT("Date"),
    STR_INIT("Sender"),
    STR_INIT("Reply-To"),
    STR_INIT("To"),
    STR_INIT("Cc"),
    STR_INIT("Bcc"),
    STR_INIT("Message-ID"),
    STR_INIT("In-Reply-To"),
    STR_INIT("References"),
    STR_INIT("Subject"),
    STR_INIT("MIME-Version"),
    STR_INIT("Content-Type"),
    STR_INIT("Content-Transfer-Encoding"),
};

static struct finding_where where(const struct header *h)
{
    return (struct finding_where){
        .header = h->name, .offset = h->offset, .length = h->raw.n, .has_offset = true};
}

static void check_anomalies(struct auth_ctx *ctx)
{
    const struct message *m = ctx->msg;
    for (size_t i = 0; i < ARRAY_LEN(findings_of); i++) {
        enum anomaly a = findings_of[i].anomaly;
        if (!message_has(m, a))
            continue;
        struct finding_where at = {.offset = m->anomalies[a].first_offset, .has_offset = true};
        finding_add(ctx->findings, findings_of[i].finding, at, "%s, %zu time%s, first at octet %zu",
                    anomaly_name(a), m->anomalies[a].count, m->anomalies[a].count == 1 ? "" : "s",
                    at.offset);
    }
    if (m->n_headers != 0)
        return;
    if (m->has_body_separator && m->body.n != 0)
        finding_add(ctx->findings, FINDING_MESSAGE_NO_HEADER, NOWHERE,
                    "the message begins with an empty line");
    else
        finding_add(ctx->findings, FINDING_MESSAGE_NOT_MAIL, NOWHERE,
                    "%zu octets without a header field", m->raw.n);
}

static void check_duplicates(struct auth_ctx *ctx)
{
    for (size_t i = 0; i < ARRAY_LEN(singles); i++) {
        size_t n = header_count(ctx->msg, singles[i]);
        if (n > 1)
            finding_add(ctx->findings, FINDING_MESSAGE_DUPLICATE_FIELD,
                        where(header_first(ctx->msg, singles[i])), "%zu fields " STR_FMT, n,
                        STR_ARG(singles[i]));
    }
}

static void check_date(struct auth_ctx *ctx)
{
    const struct header *h = header_first(ctx->msg, STR("Date"));
    struct mail_date date;
    if (h == NULL)
        return;
    struct str text = str_trim(h->value);
    if (!date_parse(h->value, &date))
        finding_add(ctx->findings, FINDING_MESSAGE_BAD_DATE, where(h), STR_FMT, STR_ARG(text));
    else if (date.unix_s > ctx->now_s && date.unix_s - ctx->now_s > DATE_TOLERANCE_S)
        finding_add(ctx->findings, FINDING_MESSAGE_FUTURE_DATE, where(h), STR_FMT, STR_ARG(text));
}

/* Fields that programs decode and pass on in replies, logs and other headers. */
static void check_encoded_words(struct auth_ctx *ctx)
{
    static const struct str decoded[] = {STR_INIT("Subject"), STR_INIT("Sender"),
                                         STR_INIT("Reply-To"), STR_INIT("To"), STR_INIT("Cc")};
    for (size_t i = 0; i < ARRAY_LEN(decoded); i++) {
        const struct header *h = header_first(ctx->msg, decoded[i]);
        struct encoded_word_info info = {0};
        if (h == NULL || !has_encoded_word(h->value))
            continue;
        struct str text = encoded_word_decode(ctx->arena, h->value, &info);
        if (info.control_inside)
            finding_add(ctx->findings, FINDING_AUTH_CONTROL_IN_ENCODED_WORD, where(h), STR_FMT,
                        STR_ARG(text));
    }
}

void structure_findings(struct auth_ctx *ctx)
{
    if (ctx->msg == NULL)
        return;
    check_anomalies(ctx);
    check_duplicates(ctx);
    check_date(ctx);
    check_encoded_words(ctx);
}
