/* SPF for a message: which identity is checked, and what the outcome means (RFC 7208 2, 4.3). */
#include "auth/spf.h"

#include "auth/spf_internal.h"
#include "base/idna.h"
#include "base/utf8.h"
#include "message/address.h"

const char *spf_result_name(enum spf_result r)
{
    static const char *const names[] = {
        [SPF_NONE] = "none",           [SPF_NEUTRAL] = "neutral",   [SPF_PASS] = "pass",
        [SPF_FAIL] = "fail",           [SPF_SOFTFAIL] = "softfail", [SPF_TEMPERROR] = "temperror",
        [SPF_PERMERROR] = "permerror",
    };
    return (size_t)r < ARRAY_LEN(names) ? names[r] : "?";
}

/* A local part that the strict grammar refuses and that is in use all the same: dots in odd places,
 * more than 64 octets, or spaces, when an MTA hands over a quoted one without its quotes. What
 * could hide another address inside is refused (auth.md C2, C5). */
static bool is_lenient_local(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if ((unsigned char)c < ' ' || c == 0x7f || str_has(STR("()<>[]:;@\\,\""), c))
            return false;
    }
    return utf8_valid(s);
}

enum path_kind { PATH_NULL, PATH_MAILBOX, PATH_BROKEN };

/* The reverse-path, strictly, then with the leniency above. A path without "@" is a domain. */
static enum path_kind parse_path(struct arena *arena, struct str path, struct str *local,
                                 struct str *domain)
{
    struct mailbox box;
    bool null_path;
    if (smtp_path_parse(arena, path, &box, &null_path)) {
        *local = box.local;
        *domain = box.domain;
        return null_path ? PATH_NULL : PATH_MAILBOX;
    }
    if (path.n >= 2 && path.p[0] == '<' && path.p[path.n - 1] == '>')
        path = str_slice(path, 1, path.n - 1);
    if (path.n == 0)
        return PATH_NULL;
    size_t at = str_rfind(path, '@');
    *local = at < path.n ? str_slice(path, 0, at) : STR("");
    *domain = at < path.n ? str_slice(path, at + 1, path.n) : path;
    return is_lenient_local(*local) ? PATH_MAILBOX : PATH_BROKEN;
}

static bool is_mapped(const struct ip *ip)
{
    static const unsigned char prefix[12] = {[10] = 0xff, [11] = 0xff};
    return ip->family == IP_V6 && memcmp(ip->octets, prefix, sizeof prefix) == 0;
}

/* An IPv4-mapped client is an IPv4 client (RFC 7208 5), however the caller parsed it. */
static struct ip plain_client(struct ip ip)
{
    struct ip v4 = {.family = IP_V4};
    if (!is_mapped(&ip))
        return ip;
    memcpy(v4.octets, ip.octets + 12, 4);
    return v4;
}

static int none(struct spf_run *run, struct str domain, const char *why)
{
    run->out->domain = domain;
    spf_because(run, SPF_NONE, "%s: '" STR_FMT "'", why, STR_ARG(str_slice(domain, 0, 100)));
    return MP_OK;
}

/* Initial processing (4.3) and the check. `local` may be empty. */
static int check(struct spf_run *run, const struct spf_request *req, struct str local,
                 struct str domain)
{
    struct auth_ctx *ctx = run->ctx;
    struct str name;
    if (req->client.family == IP_NONE) {
        run->out->domain = domain;
        run->out->reason = STR("no client address");
        return MP_OK;
    }
    if (!idna_to_ascii(ctx->arena, domain, &name) || !domain_is_ldh(name))
        return none(run, domain,
                    run->out->identity == SPF_HELO
                        ? "the HELO name is not a domain name"
                        : "the domain of MAIL FROM is not a domain name");
    if (domain_labels(name) < 2)
        return none(run, name, "a single label is not a domain that can send mail");
    if (local.n == 0)
        local = STR("postmaster");
    char *p = arena_new(ctx->arena, char, local.n + 1 + name.n);
    if (p == NULL)
        return mp_fail(run->err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    memcpy(p, local.p, local.n);
    p[local.n] = '@';
    memcpy(p + local.n + 1, name.p, name.n);
    run->local_is_ascii = str_is_ascii(local);
    run->env = (struct spf_env){.client = plain_client(req->client),
                                .sender = str_make(p, local.n + 1 + name.n),
                                .local = local,
                                .sender_domain = name,
                                .helo = req->helo,
                                .receiver = ctx->config->receiver,
                                .now_s = ctx->now_s};
    run->out->domain = name;
    run->out->sender = run->env.sender;
    return spf_evaluate(run);
}

static int finish(const struct spf_run *run, struct spf_outcome *out, int status)
{
    if (status == MP_OK)
        *out = *run->out;
    return status;
}

int spf_check_helo(struct auth_ctx *ctx, const struct spf_request *req, struct spf_outcome *out,
                   struct mp_err *err)
{
    struct spf_outcome mine = {.result = SPF_NONE, .identity = SPF_HELO};
    struct spf_run run = {.ctx = ctx, .out = &mine, .err = err};
    return finish(&run, out, check(&run, req, STR(""), req->helo));
}

int spf_check(struct auth_ctx *ctx, const struct spf_request *req, struct spf_outcome *out,
              struct mp_err *err)
{
    struct spf_outcome mine = {.result = SPF_NONE, .identity = SPF_MAILFROM};
    struct spf_run run = {.ctx = ctx, .out = &mine, .err = err};
    struct str local, domain;
    switch (parse_path(ctx->arena, req->mail_from, &local, &domain)) {
    case PATH_NULL: /* postmaster@HELO (2.4) */
        return spf_check_helo(ctx, req, out, err);
    case PATH_BROKEN: /* never HELO instead: it would vouch for a sender nobody named */
        return finish(&run, out, none(&run, req->mail_from, "MAIL FROM is not an address"));
    case PATH_MAILBOX:
        break;
    }
    return finish(&run, out, check(&run, req, local, domain));
}

/* ---- findings ---- */

static void result_finding(struct auth_ctx *ctx, const char *client, const struct spf_outcome *out)
{
    struct str domain = str_slice(out->domain, 0, 100);
    switch (out->result) {
    case SPF_FAIL:
        finding_add(ctx->findings, FINDING_AUTH_SPF_FAIL, NOWHERE,
                    "%s is refused by '" STR_FMT "' in the record of " STR_FMT, client,
                    STR_ARG(out->mechanism), STR_ARG(out->matched_in));
        break;
    case SPF_SOFTFAIL:
        finding_add(ctx->findings, FINDING_AUTH_SPF_SOFTFAIL, NOWHERE,
                    "%s meets '" STR_FMT "' in the record of " STR_FMT, client,
                    STR_ARG(out->mechanism), STR_ARG(out->matched_in));
        break;
    case SPF_PERMERROR:
    case SPF_TEMPERROR:
        finding_add(ctx->findings,
                    out->result == SPF_PERMERROR ? FINDING_AUTH_SPF_PERMERROR
                                                 : FINDING_AUTH_SPF_TEMPERROR,
                    NOWHERE, STR_FMT ": " STR_FMT, STR_ARG(domain), STR_ARG(out->reason));
        break;
    case SPF_NONE:
    case SPF_NEUTRAL:
    case SPF_PASS:
        break;
    }
}

void spf_findings(struct auth_ctx *ctx, const struct spf_request *req,
                  const struct spf_outcome *out)
{
    char client[IP_TEXT_MAX];
    struct ip ip = plain_client(req->client);
    ip_write(&ip, client);
    result_finding(ctx, client, out);
    if (out->plus_all)
        finding_add(ctx->findings, FINDING_AUTH_SPF_PLUS_ALL, NOWHERE,
                    "%s passes by '" STR_FMT "' in the record of " STR_FMT, client,
                    STR_ARG(out->mechanism), STR_ARG(out->matched_in));
    if (out->broad_prefix != 0)
        finding_add(ctx->findings, FINDING_AUTH_SPF_BROAD_RANGE, NOWHERE,
                    "%s passes by a /%u range: '" STR_FMT "' in the record of " STR_FMT, client,
                    out->broad_prefix, STR_ARG(out->mechanism), STR_ARG(out->matched_in));
    if (out->result == SPF_PASS && !out->plus_all && out->broad_prefix == 0 &&
        out->broad_term.n != 0) {
        struct finding *f = finding_add(ctx->findings, FINDING_AUTH_SPF_BROAD_RANGE, NOWHERE,
                                        "the record of " STR_FMT " also authorises '" STR_FMT "'",
                                        STR_ARG(out->broad_term_in), STR_ARG(out->broad_term));
        if (f != NULL)
            f->severity = SEV_LOW; /* this client passed by something narrower */
    }
    if (out->exp_control)
        finding_add(ctx->findings, FINDING_AUTH_EXP_CONTROL, NOWHERE,
                    "exp= of the record of " STR_FMT, STR_ARG(out->matched_in));
}
