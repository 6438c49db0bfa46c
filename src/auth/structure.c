/* The warnings that line ends, field names and counts of fields give, whoever sent the message. */
#include "auth/author.h"
#include "message/date.h"
#include "message/encoded_word.h"

enum { DATE_TOLERANCE_S = 24 * 60 * 60 };

/* Where fields begin and end is for readers to guess when such a line stands among them. */
static const struct {
    enum anomaly anomaly;
    enum finding_id finding;
    enum severity at_least;
} findings_of[] = {
    {ANOMALY_BARE_LF_HEADER, FINDING_MESSAGE_BARE_LF_HEADER},
    {ANOMALY_BARE_CR_HEADER, FINDING_MESSAGE_BARE_CR_HEADER},
    {ANOMALY_BARE_LF_BODY, FINDING_MESSAGE_BARE_LF_BODY},
    {ANOMALY_BARE_CR_BODY, FINDING_MESSAGE_BARE_CR_BODY},
    {ANOMALY_NUL_HEADER, FINDING_MESSAGE_NUL_IN_HEADER},
    {ANOMALY_NUL_BODY, FINDING_MESSAGE_NUL_IN_BODY},
    {ANOMALY_CONTROL_HEADER, FINDING_MESSAGE_CONTROL_IN_HEADER},
    {ANOMALY_SMUGGLING, FINDING_MESSAGE_SMUGGLING},
    {ANOMALY_NO_COLON, FINDING_MESSAGE_MALFORMED_HEADER, SEV_HIGH},
    {ANOMALY_FIRST_LINE_FOLDED, FINDING_MESSAGE_MALFORMED_HEADER, SEV_HIGH},
    {ANOMALY_NAME_FOLDED, FINDING_MESSAGE_MALFORMED_HEADER, SEV_HIGH},
    {ANOMALY_BAD_NAME, FINDING_MESSAGE_MALFORMED_HEADER, SEV_HIGH},
    {ANOMALY_BLANK_FOLD, FINDING_MESSAGE_MALFORMED_HEADER},
    {ANOMALY_HEAD_8BIT, FINDING_MESSAGE_NON_UTF8_HEADER},
    {ANOMALY_HIDDEN_FIELD, FINDING_MESSAGE_HIDDEN_FIELD},
    {ANOMALY_LF_ONLY, FINDING_MESSAGE_LF_ONLY},
    {ANOMALY_LONG_LINE, FINDING_MESSAGE_LONG_LINE},
    {ANOMALY_TOO_MANY_FIELDS, FINDING_LIMIT_HEADER},
    {ANOMALY_HEAD_TOO_LONG, FINDING_LIMIT_HEADER},
};

/* RFC 5322 3.6 and RFC 2045 3: at most one of each. From has findings of its own. High where
 * readers would show or take apart a different message. */
static const struct {
    struct str name;
    enum severity severity;
} singles[] = {
    {STR_INIT("Date"), SEV_HIGH},
    {STR_INIT("Sender"), SEV_HIGH},
    {STR_INIT("Reply-To"), SEV_HIGH},
    {STR_INIT("To"), SEV_HIGH},
    {STR_INIT("Cc"), SEV_HIGH},
    {STR_INIT("Bcc"), SEV_MEDIUM},
    {STR_INIT("Message-ID"), SEV_HIGH},
    {STR_INIT("In-Reply-To"), SEV_MEDIUM},
    {STR_INIT("References"), SEV_MEDIUM},
    {STR_INIT("Subject"), SEV_HIGH},
    {STR_INIT("MIME-Version"), SEV_HIGH},
    {STR_INIT("Content-Type"), SEV_HIGH},
    {STR_INIT("Content-Transfer-Encoding"), SEV_HIGH},
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
        struct finding *f =
            finding_add(ctx->findings, findings_of[i].finding, at,
                        "%s, %zu time%s, first at octet %zu", anomaly_name(a),
                        m->anomalies[a].count, m->anomalies[a].count == 1 ? "" : "s", at.offset);
        finding_raise(f, findings_of[i].at_least);
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
        struct str name = singles[i].name;
        size_t n = header_count(ctx->msg, name);
        if (n <= 1)
            continue;
        struct finding *f = finding_add(ctx->findings, FINDING_MESSAGE_DUPLICATE_FIELD,
                                        where(header_first(ctx->msg, name)), "%zu fields " STR_FMT,
                                        n, STR_ARG(name));
        finding_raise(f, singles[i].severity);
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
