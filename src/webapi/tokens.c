/* Who may, and how often: tokens by their hashes, a rate for each, failed logins by address. */
#include "webapi/webapi_internal.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/siphash.h"

enum {
    WAYS = 8, /* places that an address may have among those that are remembered */
    SETS = WEBAPI_MAX_CLIENTS / WAYS,
    GOOD_BYTES = (WEBAPI_MAX_TOKENS + 7) / 8
};

/* Where requests come from: an IPv4 address, or the /64 of an IPv6 one. */
struct client {
    unsigned char key[9];
    unsigned char good[GOOD_BYTES]; /* a bit each token that was right from here */
    int64_t failed_until_us, seen_us;
};

/* The times are those of a virtual schedule (GCRA): each event moves its end, and is refused when
 * the end lies too far ahead. */
struct gate {
    const struct webapi_token *tokens;
    size_t n_tokens;
    int64_t interval_us, burst_us; /* of requests of a token; 0: no limit */
    int64_t used_until_us[WEBAPI_MAX_TOKENS];
    struct siphash_key secret;
    struct client clients[WEBAPI_MAX_CLIENTS];
};

bool webapi_token_hash(struct str text, unsigned char out[DIGEST_MAX_BYTES])
{
    static const struct str prefix = STR_INIT("sha256:");
    text = str_trim(text);
    if (str_istarts(text, prefix))
        text = str_slice(text, prefix.n, text.n);
    if (text.n != (size_t)2 * DIGEST_MAX_BYTES)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (hex_value(text.p[i]) < 0)
            return false;
    return hex_undo(text, (char *)out) == DIGEST_MAX_BYTES;
}

int webapi_token_of(struct str text, unsigned char out[DIGEST_MAX_BYTES], struct mp_err *err)
{
    struct str token = str_trim(text);
    for (size_t i = 0; i < token.n; i++)
        if (token.p[i] <= ' ' || token.p[i] > '~')
            return mp_fail(err, MP_E_SYNTAX, 0,
                           "a token is one line of printable ASCII without spaces");
    if (token.n < WEBAPI_TOKEN_MIN_BYTES || token.n > WEBAPI_TOKEN_MAX_BYTES)
        return mp_fail(err, MP_E_SYNTAX, 0, "a token has %d to %d bytes", WEBAPI_TOKEN_MIN_BYTES,
                       WEBAPI_TOKEN_MAX_BYTES);
    if (!digest_once(DIGEST_SHA256, token, out))
        return mp_fail(err, MP_E_CRYPTO, 0, "the token cannot be hashed");
    return MP_OK;
}

struct gate *webapi_gate_new(const struct webapi_config *c)
{
    struct gate *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    if (getrandom(&g->secret, sizeof g->secret, 0) != (ssize_t)sizeof g->secret) {
        free(g);
        return NULL;
    }
    g->tokens = c->tokens;
    g->n_tokens = c->n_tokens;
    if (c->rate_per_min != 0) {
        g->interval_us = 60 * 1000000LL / c->rate_per_min;
        g->burst_us = WEBAPI_RATE_BURST_S * 1000000LL;
    }
    return g;
}

void webapi_gate_free(struct gate *g)
{
    free(g);
}

/* All are compared, each in constant time, so that how long it takes tells nothing. */
static const struct webapi_token *find_token(const struct gate *g, struct str token)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    const struct webapi_token *found = NULL;
    if (token.n > WEBAPI_TOKEN_MAX_BYTES || !digest_once(DIGEST_SHA256, token, hash))
        return NULL;
    for (size_t i = 0; i < g->n_tokens; i++)
        if (digest_equal(str_make((const char *)hash, sizeof hash),
                         str_make((const char *)g->tokens[i].sha256, sizeof hash)))
            found = &g->tokens[i];
    return found;
}

/* Its entry; a new one takes the place of who was quiet longest in its set. */
static struct client *find_client(struct gate *g, const struct ip *ip, int64_t now_us)
{
    unsigned char key[sizeof g->clients->key] = {(unsigned char)ip->family};
    memcpy(key + 1, ip->octets, ip->family == IP_V6 ? 8 : 4);
    uint64_t hash = siphash(&g->secret, str_make((const char *)key, sizeof key), 0);
    struct client *set = &g->clients[hash % SETS * WAYS], *oldest = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].seen_us != 0 && memcmp(set[i].key, key, sizeof key) == 0) {
            set[i].seen_us = now_us;
            return &set[i];
        }
        if (set[i].seen_us < oldest->seen_us)
            oldest = &set[i];
    }
    *oldest = (struct client){.seen_us = now_us};
    memcpy(oldest->key, key, sizeof key);
    return oldest;
}

/* Is the end of the schedule further ahead than `burst_us`? How long until it is not. */
static int64_t ahead_us(int64_t until_us, int64_t burst_us, int64_t now_us)
{
    int64_t ahead = until_us - now_us - burst_us;
    return ahead > 0 ? ahead : 0;
}

static void advance(int64_t *until_us, int64_t interval_us, int64_t now_us)
{
    *until_us = (*until_us > now_us ? *until_us : now_us) + interval_us;
}

static struct gate_pass later(int64_t us, const char *why)
{
    return (struct gate_pass){GATE_LATER, NULL, (unsigned)((us + 999999) / 1000000), why};
}

struct gate_pass webapi_gate_ask(struct gate *g, struct str token, const struct ip *client,
                                 int64_t now_us)
{
    static const int64_t refill_us = WEBAPI_LOGIN_REFILL_S * 1000000LL;
    const struct webapi_token *found = find_token(g, token);
    struct client *from = find_client(g, client, now_us);
    size_t at = found == NULL ? 0 : (size_t)(found - g->tokens);
    bool was_good = found != NULL && (from->good[at / 8] >> at % 8 & 1) != 0;
    int64_t blocked_us =
        ahead_us(from->failed_until_us, (WEBAPI_LOGINS_FAILED_MAX - 1) * refill_us, now_us);
    if (blocked_us != 0 && !was_good)
        return later(blocked_us, "too many wrong tokens came from this address");
    if (found == NULL) {
        advance(&from->failed_until_us, refill_us, now_us);
        return (struct gate_pass){.answer = GATE_WRONG};
    }
    from->good[at / 8] |= (unsigned char)(1U << at % 8);
    if (g->interval_us != 0) {
        int64_t wait_us = ahead_us(g->used_until_us[at], g->burst_us, now_us);
        if (wait_us != 0)
            return later(wait_us, "too many requests with this token");
        advance(&g->used_until_us[at], g->interval_us, now_us);
    }
    return (struct gate_pass){.answer = GATE_OPEN, .token = found};
}

unsigned webapi_token_scopes(const struct webapi_token *t)
{
    unsigned scopes = t->scopes | WEBAPI_ANY;
    if ((scopes & WEBAPI_ADMIN) != 0)
        scopes |= WEBAPI_SCAN | WEBAPI_READ | WEBAPI_METRICS;
    return scopes | ((scopes & WEBAPI_SCAN) != 0 ? WEBAPI_CHECK : 0);
}

/* What is open to whoever brings no token. */
static unsigned open_scopes(const struct webapi *w, struct httpd_request *q)
{
    const struct webapi_config *c = &w->c;
    unsigned needs = httpd_needs(q);
    struct ip client = httpd_client(q);
    if (needs == WEBAPI_METRICS && c->open_metrics)
        return WEBAPI_METRICS;
    for (size_t i = 0; needs == WEBAPI_CHECK && i < c->n_rspamd_open; i++)
        if (ip_in_prefix(&client, &c->rspamd_open[i].ip, c->rspamd_open[i].bits))
            return WEBAPI_CHECK;
    return 0;
}

unsigned webapi_authorize(void *ctx, struct str token, struct httpd_request *q)
{
    struct webapi *w = ctx;
    char seconds[24];
    if (w->c.n_tokens == 0)
        return ~0U;
    if (httpd_needs(q) == 0)
        return 0;
    if (token.n == 0 && httpd_needs(q) == WEBAPI_CHECK)
        token = httpd_header(q, "Password"); /* as clients of rspamd send it */
    unsigned open = open_scopes(w, q);
    if (token.n == 0 || open != 0)
        return open;
    struct ip client = httpd_client(q);
    struct gate_pass pass = webapi_gate_ask(w->gate, token, &client, clock_mono_us());
    if (pass.answer == GATE_LATER) {
        httpd_problem(q, 429, "%s", pass.why);
        int n = snprintf(seconds, sizeof seconds, "%u", pass.after_s);
        httpd_reply_header(q, "Retry-After", str_make(seconds, (size_t)n));
        return 0;
    }
    if (pass.answer == GATE_WRONG)
        return 0;
    httpd_set_who(q, pass.token->name);
    return webapi_token_scopes(pass.token);
}
