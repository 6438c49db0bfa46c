/* The store: what was put comes back, lists and searches, deleting, inboxes, events. Each row runs
 * in a directory and in memory. */
#include "store/store.h"

#include "base/clock.h"
#include "store/store_internal.h"
#include "store/store_test_kit.h"

enum { ARENA_BYTES = 64 << 20, NOW_MS_STEP = 1000 };
static const int64_t base_ms = 1790000000000;

static struct arena arena;

/* ---- one delivery, all of it ---- */

static const struct str two_rcpts[] = {STR_INIT("a@x.test"), STR_INIT("\"b:3,\"@y.test")};

static const struct store_delivery full = {
    .inbox = STR_INIT("t-1"),
    .outcome = STORE_ACCEPTED,
    .received_ms = 1790000000123,
    .mail_from = STR_INIT("s@x.test"),
    .rcpts = two_rcpts,
    .n_rcpts = 2,
    .helo = STR_INIT("h\xff.test"),
    .client_ip = STR_INIT("127.0.0.1"),
    .listener = STR_INIT("127.0.0.1:25"),
    .client_port = 65535,
    .protocol = STR_INIT("ESMTPSA"),
    .auth_user = STR_INIT("u"),
    .tls_version = STR_INIT("TLSv1.3"),
    .tls_cipher = STR_INIT("TLS_AES"),
    .tls_sni = STR_INIT("sni.test"),
    .mail_params = STR_INIT("SIZE=1"),
    .stage = STR_INIT("end"),
    .reply_code = 250,
    .reply_text = STR_INIT("2.0.0 Ok"),
    .transcript = STR_INIT("-> EHLO\0h\r\n<- 250 hi\r\n"),
    .raw = STR_INIT("Message-ID: <m1@x.test>\r\nSubject: =?utf-8?q?caf=C3=A9?= one\r\n"
                    "From: A <a@x.test>\r\nTo: b@y.test\r\nX-Mailproof-Tag: tag-7\r\n"
                    "\r\nHello\0 there,\r\n second\tline\r\n")};

static void same_envelope(const struct store_delivery *d)
{
    tap_str(d->inbox, full.inbox);
    tap_int(d->outcome, full.outcome);
    tap_int(d->received_ms, full.received_ms);
    tap_str(d->mail_from, full.mail_from);
    if (tap_int(d->n_rcpts, 2)) {
        tap_str(d->rcpts[0], two_rcpts[0]);
        tap_str(d->rcpts[1], two_rcpts[1]);
    }
    tap_str(d->helo, full.helo);
    tap_str(d->client_ip, full.client_ip);
    tap_str(d->listener, full.listener);
    tap_int(d->client_port, full.client_port);
    tap_str(d->protocol, full.protocol);
    tap_str(d->auth_user, full.auth_user);
    tap_str(d->tls_version, full.tls_version);
    tap_str(d->tls_cipher, full.tls_cipher);
    tap_str(d->tls_sni, full.tls_sni);
    tap_str(d->mail_params, full.mail_params);
    tap_str(d->stage, full.stage);
    tap_int(d->reply_code, full.reply_code);
    tap_str(d->reply_text, full.reply_text);
}

static void same_summary(const struct store_delivery *d)
{
    tap_str(d->message_id, STR("<m1@x.test>"));
    tap_str(d->subject, STR("caf\xc3\xa9 one"));
    tap_str(d->from, STR("A <a@x.test>"));
    tap_str(d->to, STR("b@y.test"));
    tap_str(d->tag, STR("tag-7"));
    tap_str(d->snippet, STR("Hello there, second line"));
    tap_int(d->size_bytes, full.raw.n);
    tap_int(d->n_attachments, 0);
    tap_ok(!d->seen);
}

static void test_round_trip(struct store *s)
{
    struct kit_done done;
    struct store_delivery *d = NULL;
    struct buf raw;
    bool found;
    buf_init(&raw, 1 << 20);
    tap_int(kit_put(s, &full, &done), MP_OK);
    tap_int(store_get(s, str_from(done.id), &arena, &d, NULL), MP_OK);
    if (!tap_ok(d != NULL))
        return;
    tap_cstr(d->id, done.id);
    tap_int(d->seq, done.seq);
    same_envelope(d);
    same_summary(d);
    tap_str(d->transcript, full.transcript);
    tap_ok(d->raw.n == 0);
    tap_int(store_raw(s, str_from(done.id), &raw, &found, NULL), MP_OK);
    tap_ok(found);
    tap_str(buf_str(&raw), full.raw);
    buf_clear(&raw);
}

static void test_none(struct store *s)
{
    static const struct str ids[] = {STR_INIT(""), STR_INIT("x"),

                                     STR_INIT("AAAAAAABAAAAAAAAAAAAAA"),
                                     STR_INIT("/../../../../etc/passw"),
                                     STR_INIT("////////////////////////")};
    struct store_delivery *d;
    struct buf raw;
    bool found;
    buf_init(&raw, 1 << 20);
    kit_put(s, &full, NULL);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        tap_int(store_get(s, ids[i], &arena, &d, NULL), MP_OK);
        tap_ok(d == NULL);
        tap_int(store_raw(s, ids[i], &raw, &found, NULL), MP_OK);
        tap_ok(!found && raw.n == 0);
    }
    tap_int(store_delete(s, ids, ARRAY_LEN(ids), NULL, NULL), MP_OK);
    tap_int(store_mark_seen(s, ids, ARRAY_LEN(ids), true, NULL), MP_OK);
}

static const struct {
    const char *label;
    size_t n;
} sizes[] = {{"empty", 0},
             {"one octet", 1},
             {"the longest in the database", STORE_INLINE_MAX_BYTES},
             {"the shortest file", STORE_INLINE_MAX_BYTES + 1},
             {"5 MiB", 5 << 20}};

static void test_sizes(struct store *s)
{
    struct buf raw;
    struct kit_done done;
    bool found;
    buf_init(&raw, 8 << 20);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char *bytes = malloc(sizes[i].n + 1);
        if (bytes == NULL)
            abort();
        for (size_t k = 0; k < sizes[i].n; k++)
            bytes[k] = (char)(k * 7 + (k >> 8));
        struct store_delivery d = {.raw = {bytes, sizes[i].n}};
        tap_note("%s", sizes[i].label);
        tap_int(kit_put(s, &d, &done), MP_OK);
        buf_reset(&raw);
        tap_int(store_raw(s, str_from(done.id), &raw, &found, NULL), MP_OK);
        tap_ok(found && str_eq(buf_str(&raw), d.raw));
        free(bytes);
    }
    struct store_stats stats;
    store_stats(s, &stats, NULL);
    tap_int(stats.messages, ARRAY_LEN(sizes));
    buf_clear(&raw);
    buf_init(&raw, 100);
    tap_int(store_raw(s, str_from(done.id), &raw, &found, NULL), MP_E_LIMIT);
    buf_clear(&raw);
}

static void test_recipients(struct store *s)
{
    struct str *many = calloc(STORE_MAX_RCPTS + 1, sizeof *many);
    struct store_delivery d = {.rcpts = many, .n_rcpts = STORE_MAX_RCPTS}, *got;
    struct kit_done done;
    struct mp_err err;
    if (many == NULL)
        abort();
    for (size_t i = 0; i <= STORE_MAX_RCPTS; i++)
        many[i] = STR("someone@example.test");
    tap_int(kit_put(s, &d, &done), MP_OK);
    tap_int(store_get(s, str_from(done.id), &arena, &got, NULL), MP_OK);
    tap_ok(got != NULL && got->n_rcpts == STORE_MAX_RCPTS);
    d.n_rcpts++;
    tap_int(store_put(s, &d, kit_on_done, NULL, &err), MP_E_LIMIT);
    free(many);
}

/* ---- lists ---- */

static const char *const mails[] = {
    "From: Ann <ann@a.test>\r\nTo: bob@b.test\r\nSubject: Invoice 100%\r\n\r\nplease pay\r\n",
    "From: Bob <bob@b.test>\r\nTo: ann@a.test\r\nSubject: Re: Invoice\r\n"
    "Message-ID: <m2@b.test>\r\n\r\npaid_in_full\r\n",
    "From: \xc3\x84rger <c@c.test>\r\nTo: d@d.test\r\nSubject: M\xc3\x9cLL\r\nX-Mailproof-Tag: Tag7"
    "\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\nS=C4CKE und mehr\r\n",
    "From: e@e.test\r\nTo: f@f.test\r\nSubject: two words apart here\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
    "<p>see <b>page</b></p>\r\n--b\r\nContent-Type: application/pdf; name=x.pdf\r\n"
    "Content-Disposition: attachment; filename=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "AAAA\r\n--b--\r\n"};

static const struct str rcpt_rows[] = {STR_INIT("bob@b.test"), STR_INIT("ann@a.test"),
                                       STR_INIT("d@d.test"), STR_INIT("Hidden@f.test")};

static void fill(struct store *s, char ids[][STORE_ID_BYTES])
{
    for (size_t i = 0; i < ARRAY_LEN(mails); i++) {
        struct kit_done done;
        struct store_delivery d = {.received_ms = base_ms + (int64_t)i * NOW_MS_STEP,
                                   .rcpts = &rcpt_rows[i],
                                   .n_rcpts = 1,
                                   .inbox = i == 3 ? STR("t-2") : STR_NONE,
                                   .raw = str_from(mails[i])};
        tap_int(kit_put(s, &d, &done), MP_OK);
        memcpy(ids[i], done.id, STORE_ID_BYTES);
    }
    struct store_delivery refused = {
        .outcome = STORE_REFUSED, .rcpts = rcpt_rows, .n_rcpts = 1, .received_ms = base_ms};
    tap_int(kit_put(s, &refused, NULL), MP_OK);
}

/* `want`: digits of the mails found, newest first; "a" is the attempt. */
static const struct {
    const char *label, *search, *want;
    struct store_query query;
} searches[] = {
    {.label = "everything", .search = "", .want = "3210"},
    {"attempts too", "", "a3210", {.attempts = true}},
    {"oldest first", "", "0123", {.oldest_first = true}},
    {"a page", "", "21", {.skip = 1, .limit = 2}},
    {"behind the end", "", "", {.skip = 9}},
    {"the common inbox", "", "210", {.in_inbox = true}},
    {"one inbox", "", "3", {.in_inbox = true, .inbox = STR_INIT("t-2")}},
    {"no such inbox", "", "", {.in_inbox = true, .inbox = STR_INIT("t-3")}},
    {"newer than", "", "32", {.after_seq = 2}},
    {"older than", "", "10", {.before_seq = 3}},
    {.label = "a word", .search = "invoice", .want = "10"},
    {.label = "words all hold", .search = "invoice re:", .want = "!"},
    {.label = "two words", .search = "invoice paid_in", .want = "1"},
    {.label = "words apart", .search = "two apart", .want = "3"},
    {.label = "no phrase", .search = "\"two apart\"", .want = ""},
    {.label = "phrase", .search = "\"words apart\"", .want = "3"},
    {.label = "percent is no wildcard", .search = "100%", .want = "0"},
    {.label = "percent alone", .search = "%", .want = "0"},
    {.label = "underscore is no wildcard", .search = "d_i", .want = "1"},
    {.label = "from", .search = "from:ann", .want = "0"},
    {.label = "to", .search = "to:ANN@", .want = "1"},
    {.label = "to: recipient that no field names", .search = "to:hidden", .want = "3"},
    {.label = "rcpt, without case", .search = "rcpt:hidden@F.test", .want = "3"},
    {.label = "rcpt is exact", .search = "rcpt:hidden", .want = ""},
    {.label = "umlaut without case", .search = "subject:m\xc3\xbcll", .want = "2"},
    {.label = "from, umlaut", .search = "from:\xc3\xa4RGER", .want = "2"},
    {.label = "message id", .search = "message-id:m2@", .want = "1"},
    {.label = "tag", .search = "tag:tag7", .want = "2"},
    {.label = "tag is exact", .search = "tag:tag", .want = ""},
    {.label = "tag in the subject", .search = "tag:invoice", .want = "10"},
    {.label = "body, charset undone",
     .search = "body:\"s\xc3\xa4"
               "cke und\"",
     .want = "2"},
    {.label = "body, tags of HTML undone", .search = "body:page -body:<b>", .want = "3"},
    {.label = "attachment", .search = "has:attachment", .want = "3"},
    {.label = "no attachment", .search = "-has:attachment", .want = "210"},
    {.label = "read", .search = "is:read", .want = "1"},
    {.label = "unread", .search = "is:unread", .want = "320"},
    {.label = "negated", .search = "!invoice", .want = "32"},
    {.label = "larger", .search = "larger:200", .want = "3"},
    {.label = "smaller", .search = "smaller:100", .want = "0"},
    {.label = "before", .search = "before:2026-09-21T14:13:21", .want = "0"},
    {.label = "after", .search = "after:2026-09-21T14:13:21", .want = "321"},
};

static void search_row(struct store *s, size_t i, char ids[][STORE_ID_BYTES])
{
    struct store_query q = searches[i].query;
    struct store_term *terms = NULL;
    struct store_page page = {0};
    char got[16];
    size_t n = 0;
    int st =
        store_search_parse(&arena, str_from(searches[i].search), base_ms, &terms, &q.n_terms, NULL);
    if (strcmp(searches[i].want, "!") == 0) {
        tap_int(st, MP_E_SYNTAX);
        return;
    }
    tap_int(st, MP_OK);
    q.terms = terms;
    tap_int(store_list(s, &q, &arena, &page, NULL), MP_OK);
    for (size_t k = 0; k < page.n && n < sizeof got; k++) {
        char c = 'a';
        for (size_t m = 0; m < ARRAY_LEN(mails); m++)
            if (strcmp(ids[m], page.items[k].id) == 0)
                c = (char)('0' + m);
        got[n++] = c;
    }
    tap_str(str_make(got, n), str_from(searches[i].want));
    tap_int(page.total, q.skip != 0 ? 4 : n);
}

static void test_searches(struct store *s)
{
    char ids[ARRAY_LEN(mails)][STORE_ID_BYTES];
    fill(s, ids);
    struct str second = str_from(ids[1]);
    tap_int(store_mark_seen(s, &second, 1, true, NULL), MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(searches); i++) {
        tap_case("search in %s: %s", kit_dir[0] == '\0' ? "memory" : "a directory",
                 searches[i].label);
        search_row(s, i, ids);
    }
}

static void test_totals(struct store *s)
{
    char ids[ARRAY_LEN(mails)][STORE_ID_BYTES];
    struct store_stats stats;
    struct store_page page;
    uint64_t deleted = 0;
    fill(s, ids);
    store_stats(s, &stats, NULL);
    tap_int(stats.messages, 4);
    tap_int(stats.attempts, 1);
    tap_int(stats.unseen, 4);
    tap_int(stats.last_seq, 5);
    tap_int(stats.queued_bytes, 0);
    const struct str three[] = {str_from(ids[0]), str_from(ids[0]), str_from(ids[2])};
    tap_int(store_mark_seen(s, three, 3, true, NULL), MP_OK);
    store_stats(s, &stats, NULL);
    tap_int(stats.unseen, 2);
    tap_int(store_delete(s, three, 3, &deleted, NULL), MP_OK);
    tap_int(deleted, 2);
    tap_int(store_list(s, &(struct store_query){.attempts = true}, &arena, &page, NULL), MP_OK);
    tap_int(page.total, 3);
    tap_int(page.unseen, 2);
    const struct store_query rest = {.attempts = true};
    tap_int(store_delete_matching(s, &rest, &deleted, NULL), MP_OK);
    tap_int(deleted, 3);
    store_stats(s, &stats, NULL);
    tap_int(stats.messages + stats.attempts + stats.unseen + stats.bytes, 0);
    struct kit_done done;
    kit_put(s, &full, &done);
    tap_int(done.seq, 6); /* never one that was used */
}

/* ---- inboxes and originals ---- */

static void test_inboxes(struct store *s)
{
    const struct store_inbox one = {.id = STR_INIT("t-1"),
                                    .name = STR_INIT("n"),
                                    .token_hash = STR_INIT("00ff"),
                                    .created_ms = 5,
                                    .expires_ms = INT64_MAX,
                                    .max_messages = 7,
                                    .script = STR_INIT("[]")};
    struct store_inbox other = {.id = STR("t-0"), .created_ms = 6}, *list = NULL;
    struct store_stats stats;
    size_t n = 0;
    tap_int(store_inbox_put(s, &one, NULL), MP_OK);
    tap_int(store_inbox_put(s, &other, NULL), MP_OK);
    other.name = STR("again");
    tap_int(store_inbox_put(s, &other, NULL), MP_OK);
    tap_int(store_inboxes(s, &arena, &list, &n, NULL), MP_OK);
    if (tap_int(n, 2)) {
        tap_str(list[0].id, one.id);
        tap_str(list[0].name, one.name);
        tap_str(list[0].token_hash, one.token_hash);
        tap_int(list[0].created_ms, 5);
        tap_int(list[0].expires_ms, INT64_MAX);
        tap_int(list[0].max_messages, 7);
        tap_str(list[0].script, one.script);
        tap_str(list[1].name, STR("again"));
    }
    kit_put(s, &full, NULL);
    kit_put(s, &(struct store_delivery){.raw = STR("x")}, NULL);
    tap_int(store_inbox_delete(s, STR("t-1"), NULL), MP_OK);
    store_stats(s, &stats, NULL);
    tap_int(stats.inboxes, 1);
    tap_int(stats.messages, 1);
    tap_int(store_inbox_delete(s, STR("t-1"), NULL), MP_OK);
    tap_int(store_inbox_delete(s, STR_NONE, NULL), MP_E_USAGE);
    tap_int(store_inbox_put(s, &(struct store_inbox){.name = STR("x")}, NULL), MP_E_USAGE);
    store_stats(s, &stats, NULL);
    tap_int(stats.inboxes, 1);
}

static void test_sent(struct store *s)
{
    static const struct {
        const char *tag;
        int64_t expires_ms;
        bool found;
    } rows[] = {
        {"none", -1, false}, {"kept", 0, true}, {"later", INT64_MAX, true}, {"over", 1, false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        bool found = true;
        buf_init(&out, 1000);
        if (rows[i].expires_ms >= 0) {
            tap_int(store_sent_put(s, str_from(rows[i].tag), STR("old"), 0, NULL), MP_OK);
            tap_int(store_sent_put(s, str_from(rows[i].tag), STR("a\0b"), rows[i].expires_ms, NULL),
                    MP_OK);
        }
        tap_int(store_sent_get(s, str_from(rows[i].tag), &out, &found, NULL), MP_OK);
        tap_int(found, rows[i].found);
        tap_str(buf_str(&out), rows[i].found ? STR("a\0b") : STR_NONE);
        buf_clear(&out);
    }
}

/* ---- events ---- */

struct log {
    struct buf text;
};

static void on_event(void *ctx, const struct store_event *e)
{
    struct log *l = ctx;
    if (e->kind == STORE_EVENT_ADDED)
        buf_addf(&l->text, "+%lld%s" STR_FMT " ", (long long)e->delivery->seq,
                 e->delivery->raw.n + e->delivery->transcript.n == 0 ? "" : "raw",
                 STR_ARG(e->delivery->subject));
    else if (e->kind == STORE_EVENT_DELETED)
        buf_addf(&l->text, "-%zu:" STR_FMT " ", e->id.n, STR_ARG(e->inbox));
    else
        buf_addf(&l->text, "x" STR_FMT " ", STR_ARG(e->inbox));
}

static void test_events(struct store *s)
{
    struct log l;
    struct store_watch *w = NULL;
    struct kit_done done = KIT_DONE;
    buf_init(&l.text, 1 << 20);
    tap_int(store_watch(s, on_event, &l, &w, NULL), MP_OK);
    struct store_delivery d = {.raw = STR("Subject: one\r\n\r\n"), .transcript = STR("t")};
    for (int i = 0; i < 3; i++) {
        d.inbox = i == 1 ? STR("t-9") : STR_NONE;
        tap_int(store_put(s, &d, kit_on_done, &done, NULL), MP_OK);
    }
    kit_wait(&done, 3);
    const struct str last = str_from(done.id);
    tap_int(store_delete(s, &last, 1, NULL, NULL), MP_OK);
    const struct store_query whole = {.in_inbox = true, .inbox = STR("t-9"), .attempts = true};
    tap_int(store_delete_matching(s, &whole, NULL, NULL), MP_OK);
    store_unwatch(s, w);
    kit_put(s, &d, NULL);
    tap_str(buf_str(&l.text), STR("+1one +2one +3one -22: xt-9 "));
    buf_clear(&l.text);
}

static void test_close_commits(const char *dir)
{
    const struct store_config c = {.dir = dir};
    struct store *s = kit_open(&c);
    struct kit_done done = KIT_DONE;
    struct store_page page;
    for (int i = 0; i < 1000; i++)
        tap_int(store_put(s, &full, kit_on_done, &done, NULL), MP_OK);
    store_close(s);
    tap_int(done.calls, 1000);
    tap_int(done.failed, 0);
    s = kit_open(&c);
    tap_int(store_list(s, &(struct store_query){.limit = 1}, &arena, &page, NULL), MP_OK);
    tap_int(page.total, 1000);
    store_close(s);
}

static const struct kit_row rows[] = {{"all of a delivery comes back", test_round_trip},
                                      {"no such delivery", test_none},
                                      {"sizes", test_sizes},
                                      {"recipients", test_recipients},
                                      {"totals", test_totals},
                                      {"inboxes", test_inboxes},
                                      {"originals", test_sent},
                                      {"events", test_events},
                                      {"searches", test_searches}};

int main(void)
{
    arena_init(&arena, ARENA_BYTES);
    kit_both(rows, ARRAY_LEN(rows), &arena);
    tap_case("closing commits what waits");
    test_close_commits(kit_make_dir());
    kit_remove_dir();
    store_close(NULL);
    arena_clear(&arena);
    return tap_done();
}
