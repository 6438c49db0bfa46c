/* The generator: heads and bodies as mail has them, signed by our own signer. */
#include "bench/generate.h"

#include <stdio.h>
#include <stdlib.h>

#include "auth/dkim.h"
#include "base/base64.h"
#include "crypto/digest.h"

enum {
    N_RSA_2048 = 48,
    N_RSA_1024 = 8,
    N_ED25519 = 8,
    N_KEYS = N_RSA_2048 + N_RSA_1024 + N_ED25519,
    ARENA_BYTES = 64 * 1024 * 1024,
    MAIL_MAX_BYTES = 16 * 1024 * 1024,
    PLAIN_MAX_BYTES = 8 * 1024,  /* bodies up to this are text only */
    HTML_MAX_BYTES = 150 * 1024, /* up to this text and HTML; above: an attachment too */
    LINE_COLUMNS = 76,
};

const struct bench_size bench_large[] = {
    {298, 1500, 8000},    {400, 8000, 60000},     {200, 60000, 150000},
    {90, 150000, 400000}, {12, 1000000, 2000000}, {0, 0, 0},
};
const struct bench_size bench_small[] = {{700, 200, 1200}, {300, 1200, 3000}, {0, 0, 0}};

static const char *const words[] = {
    "the",      "order",  "has",    "been",     "shipped", "and",   "will",   "arrive", "on",
    "Tuesday",  "please", "find",   "attached", "our",     "offer", "for",    "your",   "review",
    "meeting",  "moved",  "to",     "room",     "seven",   "we",    "thank",  "you",    "invoice",
    "number",   "is",     "due",    "within",   "thirty",  "days",  "kindly", "reply",  "with",
    "comments", "before", "Friday", "morning",  "best",    "wishes"};

struct maker {
    uint64_t state;
    struct buf text;
    struct bench_set *set;
};

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench: %s\n", what);
        exit(2);
    }
}

static void must_do(int status, const struct mp_err *err)
{
    must(status == MP_OK, err->text);
}

/* SplitMix64. */
static uint64_t next(struct maker *m)
{
    uint64_t z = m->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static unsigned below(struct maker *m, unsigned n)
{
    return (unsigned)(next(m) % n);
}

static void add_words(struct maker *m, size_t columns)
{
    size_t start = m->text.n;
    while (m->text.n - start < columns) {
        buf_addz(&m->text, words[below(m, ARRAY_LEN(words))]);
        buf_addz(&m->text, below(m, 40) == 0 ? ".  " : " ");
    }
}

/* Trailing white space and double spaces are what relaxed canonicalization has to take away. */
static void add_text_line(struct maker *m)
{
    add_words(m, 50 + below(m, 18));
    if (below(m, 20) != 0)
        m->text.n--;
    buf_addz(&m->text, "\r\n");
}

/* A line of indented HTML as quoted-printable writes it, with soft line breaks. */
static void add_html_line(struct maker *m)
{
    static const char cell[] = "<td align=3D\"left\" style=3D\"padding:0 12px;color:#333333\">";
    struct buf line;
    buf_init(&line, MAIL_MAX_BYTES);
    size_t at = m->text.n;
    for (unsigned i = below(m, 5); i > 0; i--)
        buf_addz(&m->text, "  ");
    buf_addz(&m->text, cell);
    add_words(m, 20 + below(m, 100));
    buf_addz(&m->text, "</td>");
    buf_add(&line, str_slice(buf_str(&m->text), at, m->text.n));
    m->text.n = at;
    struct str rest = buf_str(&line);
    while (rest.n > LINE_COLUMNS) {
        buf_add(&m->text, str_slice(rest, 0, LINE_COLUMNS - 1));
        buf_addz(&m->text, "=\r\n");
        rest = str_slice(rest, LINE_COLUMNS - 1, rest.n);
    }
    buf_add(&m->text, rest);
    buf_addz(&m->text, "\r\n");
    buf_clear(&line);
}

static void add_base64_line(struct maker *m)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned i = 0; i < LINE_COLUMNS; i++)
        buf_addc(&m->text, digits[below(m, 64)]);
    buf_addz(&m->text, "\r\n");
}

static void add_lines(struct maker *m, size_t bytes, void (*add_line)(struct maker *))
{
    size_t end = m->text.n + bytes;
    while (m->text.n < end)
        add_line(m);
}

static void add_part(struct maker *m, const char *type, const char *encoding)
{
    buf_addf(&m->text, "\r\n--=_bench_part\r\nContent-Type: %s\r\n", type);
    buf_addf(&m->text, "Content-Transfer-Encoding: %s\r\n\r\n", encoding);
}

static void add_body(struct maker *m, size_t bytes)
{
    if (bytes <= PLAIN_MAX_BYTES) {
        buf_addz(&m->text, "Content-Type: text/plain; charset=utf-8\r\n\r\n");
        add_lines(m, bytes, add_text_line);
        return;
    }
    buf_addf(&m->text, "Content-Type: multipart/%s; boundary=\"=_bench_part\"\r\n\r\n",
             bytes <= HTML_MAX_BYTES ? "alternative" : "mixed");
    size_t html = bytes <= HTML_MAX_BYTES ? bytes - bytes / 8 : PLAIN_MAX_BYTES;
    add_part(m, "text/plain; charset=utf-8", "8bit");
    add_lines(m, bytes <= HTML_MAX_BYTES ? bytes / 8 : PLAIN_MAX_BYTES / 4, add_text_line);
    add_part(m, "text/html; charset=utf-8", "quoted-printable");
    add_lines(m, html, add_html_line);
    if (bytes > HTML_MAX_BYTES) {
        add_part(m, "application/pdf; name=\"offer.pdf\"", "base64");
        add_lines(m, bytes - PLAIN_MAX_BYTES - PLAIN_MAX_BYTES / 4, add_base64_line);
    }
    buf_addz(&m->text, "\r\n--=_bench_part--\r\n");
}

static void add_head(struct maker *m, size_t number, unsigned domain, const char *from_prefix)
{
    unsigned hops = 2 + below(m, 3);
    for (unsigned hop = 0; hop < hops; hop++)
        buf_addf(&m->text,
                 "Received: from mx%u.d%u.test (mx%u.d%u.test [192.0.2.%u])\r\n"
                 "\tby in%u.example.test (Postfix) with ESMTPS id %016llX\r\n"
                 "\tfor <reader@example.test>; Tue, 14 Nov 2023 22:1%u:20 +0000 (UTC)\r\n",
                 hop, domain, hop, domain, 1 + below(m, 250), hop, (unsigned long long)next(m),
                 below(m, 4));
    buf_addf(&m->text, "Date: Tue, 14 Nov 2023 22:13:%02u +0000\r\n", below(m, 60));
    buf_addf(&m->text, "From: \"Team %u\" <team@%sd%u.test>\r\n", domain, from_prefix, domain);
    buf_addz(&m->text, "To: Reader <reader@example.test>\r\nSubject: ");
    add_words(m, 30);
    buf_addf(&m->text, "\r\n about %zu\r\nMessage-ID: <%016llx.%zu@d%u.test>\r\n", number,
             (unsigned long long)next(m), number, domain);
    buf_addf(&m->text,
             "List-Unsubscribe: <mailto:leave-%zu@d%u.test>,\r\n <https://d%u.test/leave/%llx>\r\n",
             number, domain, domain, (unsigned long long)next(m));
    buf_addf(&m->text, "X-Mailer: bench\r\nX-Campaign-Id: %u-%zu\r\nMIME-Version: 1.0\r\n", domain,
             number);
}

static size_t body_bytes(struct maker *m, const struct bench_size *sizes)
{
    unsigned dice = below(m, 1000);
    while (dice >= sizes->share) {
        dice -= sizes->share;
        sizes++;
    }
    return sizes->from_bytes + below(m, sizes->to_bytes - sizes->from_bytes);
}

/* Domain d signs with key d % N_KEYS of a layout in which 90 % are RSA-2048. */
static size_t key_of(struct maker *m, unsigned domain)
{
    unsigned dice = below(m, 100);
    if (dice < 90)
        return domain % N_RSA_2048;
    return N_RSA_2048 + (dice < 95 ? domain % N_RSA_1024 : N_RSA_1024 + domain % N_ED25519);
}

static void sign(struct maker *m, struct arena *arena, struct bench_mail *mail, unsigned domain)
{
    struct dkim_signer signers[BENCH_MAX_SIGNATURES] = {{.signed_at_s = 0}};
    struct mp_err err = {0};
    unsigned canons = below(m, 100);
    mail->n_signatures = below(m, 7) == 0 ? 2 : 1;
    for (unsigned i = 0; i < mail->n_signatures; i++) {
        unsigned signer_domain = i == 0 ? domain : below(m, N_DOMAINS);
        size_t key = i == 0 ? key_of(m, domain) : signer_domain % N_RSA_2048;
        mail->signatures[i].key = key;
        signers[i] = (struct dkim_signer){
            .domain = arena_fmt(arena, "d%u.test", signer_domain),
            .selector = arena_fmt(arena, "s%zu", key),
            .key = private_key_signer(m->set->keys[key].key),
            .header_canon = canons < 95 ? CANON_RELAXED : CANON_SIMPLE,
            .body_canon = canons < 85 ? CANON_RELAXED : CANON_SIMPLE,
            .signed_at_s = BENCH_NOW_S - 600,
        };
        m->set->n_ed25519 += m->set->keys[key].type == KEY_ED25519;
    }
    struct message msg;
    struct dkim_signing *signing;
    struct buf fields;
    buf_init(&fields, MAIL_MAX_BYTES);
    must_do(message_parse(arena, buf_str(&m->text), &msg, &err), &err);
    must_do(dkim_signing_new(arena, &msg, signers, mail->n_signatures, &signing, &err), &err);
    dkim_signing_body(signing, msg.body);
    must_do(dkim_signing_finish(signing, &fields, &err), &err);
    char *raw = malloc(fields.n + m->text.n);
    must(raw != NULL && !m->text.failed, "out of memory");
    memcpy(raw, fields.p, fields.n);
    memcpy(raw + fields.n, m->text.p, m->text.n);
    mail->raw = str_make(raw, fields.n + m->text.n);
    buf_clear(&fields);
}

static void make_mail(struct maker *m, struct bench_mail *mail, size_t number,
                      const struct bench_size *sizes)
{
    struct arena arena;
    struct mp_err err = {0};
    unsigned domain = below(m, N_DOMAINS);
    buf_reset(&m->text);
    add_head(m, number, domain, below(m, 3) == 0 ? "news." : "");
    add_body(m, body_bytes(m, sizes));
    arena_init(&arena, ARENA_BYTES);
    sign(m, &arena, mail, domain);
    arena_clear(&arena);
    mail->helo = arena_fmt(&m->set->texts, "mx.d%u.test", domain);
    mail->mail_from = arena_fmt(&m->set->texts, "bounce@d%u.test", domain);
    must(mail->helo.p != NULL && mail->mail_from.p != NULL, "out of memory");
    must(ip_parse(STR("192.0.2.77"), &mail->client), "address");
    must(digest_once(DIGEST_SHA256, mail->raw, mail->hash), "SHA-256");
    struct str hash = str_make((const char *)mail->hash, sizeof mail->hash);
    for (unsigned i = 0; i < mail->n_signatures; i++) {
        struct bench_signature *s = &mail->signatures[i];
        buf_init(&s->octets, MAIL_MAX_BYTES);
        must_do(private_key_sign(m->set->keys[s->key].key, hash, &s->octets, &err), &err);
    }
    m->set->bytes += mail->raw.n;
    m->set->n_signatures += mail->n_signatures;
}

static void make_keys(struct bench_set *set)
{
    struct mp_err err = {0};
    set->n_keys = N_KEYS;
    set->keys = calloc(N_KEYS, sizeof *set->keys);
    must(set->keys != NULL, "out of memory");
    for (size_t i = 0; i < N_KEYS; i++) {
        struct bench_key *k = &set->keys[i];
        k->type = i < N_RSA_2048 + N_RSA_1024 ? KEY_RSA : KEY_ED25519;
        must_do(private_key_generate(k->type, i < N_RSA_2048 ? 2048 : 1024, &k->key, &err), &err);
        buf_init(&k->octets, MAIL_MAX_BYTES);
        must_do(private_key_public_octets(k->key, &k->octets, &err), &err);
    }
}

static void add_txt(struct bench_set *set, struct str name, struct str text)
{
    struct mp_err err = {0};
    must(name.p != NULL && set->n_names < ARRAY_LEN(set->names), "too many names");
    set->names[set->n_names++] = name;
    must_do(dns_zone_add_txt(set->zone, name, text, &err), &err);
}

/* Every domain publishes every key that it may sign with, an SPF record with one include that
 * does not match before the address that does, and a DMARC policy. */
static void make_zone(struct bench_set *set)
{
    struct arena *texts = &set->texts;
    struct buf p;
    buf_init(&p, MAIL_MAX_BYTES);
    set->zone = dns_zone_new();
    must(set->zone != NULL, "out of memory");
    add_txt(set, STR("_spf.esp.test"), STR("v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/32 -all"));
    for (unsigned d = 0; d < N_DOMAINS; d++) {
        add_txt(set, arena_fmt(texts, "d%u.test", d),
                STR("v=spf1 include:_spf.esp.test ip4:192.0.2.0/24 -all"));
        add_txt(set, arena_fmt(texts, "_dmarc.d%u.test", d),
                STR("v=DMARC1; p=reject; rua=mailto:dmarc@example.test"));
        const size_t keys[] = {d % N_RSA_2048, N_RSA_2048 + d % N_RSA_1024,
                               N_RSA_2048 + N_RSA_1024 + d % N_ED25519};
        for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
            const struct bench_key *k = &set->keys[keys[i]];
            buf_reset(&p);
            buf_addz(&p, k->type == KEY_RSA ? "v=DKIM1; k=rsa; p=" : "v=DKIM1; k=ed25519; p=");
            base64_encode(&p, buf_str(&k->octets));
            add_txt(set, arena_fmt(texts, "s%zu._domainkey.d%u.test", keys[i], d), buf_str(&p));
        }
    }
    buf_clear(&p);
}

static struct str zone_txt(const struct bench_set *set, struct str name)
{
    struct dns_answer *a = dns_zone_lookup(set->zone, name, DNS_TXT);
    struct str text = a != NULL && a->status == DNS_DATA ? a->records[0].data : STR_NONE;
    dns_answer_unref(a); /* the zone keeps its own reference */
    return text;
}

void bench_set_make(struct bench_set *set, const char *name, const struct bench_size *sizes,
                    size_t n, uint64_t seed)
{
    struct maker m = {.state = seed, .set = set};
    *set = (struct bench_set){.name = name, .n = n, .txt = zone_txt};
    arena_init(&set->texts, ARENA_BYTES);
    set->mails = calloc(n, sizeof *set->mails);
    must(set->mails != NULL, "out of memory");
    make_keys(set);
    make_zone(set);
    buf_init(&m.text, MAIL_MAX_BYTES);
    for (size_t i = 0; i < n; i++)
        make_mail(&m, &set->mails[i], i, sizes);
    buf_clear(&m.text);
}

void bench_set_clear(struct bench_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        struct bench_mail *mail = &set->mails[i];
        free((void *)(uintptr_t)mail->raw.p);
        for (unsigned s = 0; s < mail->n_signatures; s++)
            buf_clear(&mail->signatures[s].octets);
    }
    for (size_t i = 0; i < set->n_keys; i++) {
        private_key_free(set->keys[i].key);
        buf_clear(&set->keys[i].octets);
    }
    free(set->keys);
    free(set->mails);
    dns_zone_free(set->zone);
    arena_clear(&set->texts);
    *set = (struct bench_set){0};
}
