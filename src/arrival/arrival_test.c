/* Waiting in a Maildir, a store, and on scripted servers of IMAP, POP3 and the sink's API. */
#include "arrival/arrival.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arrival/mailbox_internal.h"
#include "arrival/store_test_kit.h"
#include "base/clock.h"
#include "message/limits.h"
#include "tests/script_server.h"
#include "tests/tap.h"

#define TAG         "mp-abc"
#define MAIL(extra) extra "X-Mailproof-Tag: " TAG "\r\nSubject: x\r\n\r\nhello\r\n"
#define OTHER       "Subject: other\r\n\r\nno\r\n"

enum { LONG_MS = 20000 };

static struct arena arena;
static struct arrival last; /* what the copies point into lives until the next request */

static struct arrival_request request(unsigned within_ms)
{
    arrival_clear(&last);
    arena_clear(&arena);
    arena_init(&arena, 512u << 20);
    return (struct arrival_request){.match = {.tag = STR(TAG)}, .within_ms = within_ms};
}

/* Opens, waits, closes; *x is what arrived, until the next one. */
static int wait_in(const struct mailbox_config *c, const struct arrival_request *r,
                   struct arrival *x, struct mp_err *err)
{
    struct mailbox_reader *m = NULL;
    arrival_clear(&last);
    last = (struct arrival){0};
    int st = mailbox_open(c, 0, &m, err);
    if (st == MP_OK)
        st = arrival_wait(m, r, &arena, &last, err);
    mailbox_close(m);
    *x = last;
    return st;
}

/* ---- Maildir ---- */

static char folder[64];

static void make_maildir(void)
{
    static const char *const subs[] = {"tmp", "new", "cur", ".Junk", ".Junk/new", ".Junk/cur"};
    char path[200];
    snprintf(folder, sizeof folder, "/tmp/mp-maildir-XXXXXX");
    if (mkdtemp(folder) == NULL)
        abort();
    for (size_t i = 0; i < ARRAY_LEN(subs); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, subs[i]);
        if (mkdir(path, 0700) != 0)
            abort();
    }
}

/* As a delivery agent does it: written in tmp/, then renamed. */
static void deliver_file(const char *to, const char *text)
{
    char from[200], path[200];
    snprintf(from, sizeof from, "%s/tmp/x", folder);
    snprintf(path, sizeof path, "%s/%s", folder, to);
    FILE *f = fopen(from, "w");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 || rename(from, path) != 0)
        abort();
}

static void remove_maildir(void)
{
    char command[200];
    static const char *const files[] = {"new/1", "new/2", "cur/1:2,S", "cur/3:2,", ".Junk/new/9"};
    static const char *const subs[] = {".Junk/new", ".Junk/cur", ".Junk", "tmp", "new", "cur", ""};
    for (size_t i = 0; i < ARRAY_LEN(files) + ARRAY_LEN(subs); i++) {
        bool is_file = i < ARRAY_LEN(files);
        snprintf(command, sizeof command, "%s/%s", folder,
                 is_file ? files[i] : subs[i - ARRAY_LEN(files)]);
        if (is_file)
            unlink(command);
        else
            rmdir(command);
    }
}

static void *deliver_soon(void *ctx)
{
    (void)ctx;
    deliver_file("new/2", MAIL("Received: by mx.test; Mon, 23 Nov 2026 10:00:00 +0000\r\n"));
    return NULL;
}

static void test_maildir(void)
{
    struct arrival x;
    struct mp_err err = {0};
    pthread_t thread;
    const struct str both[] = {STR("INBOX"), STR("Junk"), STR("Nowhere")};
    make_maildir();
    struct mailbox_config c = {.folders = both, .n_folders = 3};
    deliver_file("new/1", OTHER);
    tap_case("maildir: what is not there does not arrive");
    struct arrival_request r = request(0);
    c.url = arena_fmt(&arena, "maildir:%s", folder);
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_ok(!x.arrived && !x.undecided);
    tap_str(x.missing, STR("Nowhere"));

    tap_case("maildir: where no folder is there nothing was looked at");
    c.folders = &both[2];
    c.n_folders = 1;
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_ok(!x.arrived && x.undecided);
    c.folders = both;
    c.n_folders = 3;

    tap_case("maildir: what comes while we wait");
    r = request(LONG_MS);
    c.url = arena_fmt(&arena, "maildir:%s", folder);
    pthread_create(&thread, NULL, deliver_soon, NULL);
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    pthread_join(thread, NULL);
    tap_ok(x.arrived && x.n_copies == 1);
    tap_str(x.copies[0].folder, STR("INBOX"));
    tap_str(x.copies[0].id, STR("2"));
    tap_int(x.hops.n, 1);

    tap_case("maildir: lines end as in mail");
    r = request(LONG_MS);
    r.match.subject = STR("unix");
    c.url = arena_fmt(&arena, "maildir:%s", folder);
    deliver_file("cur/3:2,", "X-Mailproof-Tag: " TAG "\nSubject: unix\n\na\n\nb");
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_int(x.n_copies, 1);
    if (x.n_copies > 0)
        tap_str(x.copies[0].raw,
                STR("X-Mailproof-Tag: " TAG "\r\nSubject: unix\r\n\r\na\r\n\r\nb"));

    tap_case("maildir: a copy in cur/ and one in a folder");
    deliver_file("cur/3:2,", MAIL(""));
    deliver_file(".Junk/new/9", MAIL(""));
    r = request(LONG_MS);
    c.url = arena_fmt(&arena, "maildir://%s", folder);
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_int(x.n_copies, 3);

    tap_case("maildir: copies of an earlier run do not count, where that is asked");
    r = request(0);
    r.since_ms = clock_wall_ms();
    c.url = arena_fmt(&arena, "maildir:%s", folder);
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_int(x.n_copies, 3);
    r.since_ms += 2 * (int64_t)ARRIVAL_CLOCK_MS;
    c.url = arena_fmt(&arena, "maildir:%s", folder);
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_ok(!x.arrived && !x.undecided);
    r.since_ms = 0;

    tap_case("maildir: deleted, also when its flags have changed meanwhile");
    struct mailbox_reader *m = NULL;
    struct mailbox_hit hit = {.folder = STR("INBOX"), .id = STR("3")};
    tap_int(mailbox_open(&c, 0, &m, &err), MP_OK);
    tap_int(mailbox_delete(m, &hit, 0, &err), MP_OK);
    tap_int(mailbox_delete(m, &hit, 0, &err), MP_OK);
    mailbox_close(m);
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_int(x.n_copies, 2);
    remove_maildir();

    tap_case("maildir: one that is not there is undecided");
    r = request(0);
    c.url = arena_fmt(&arena, "maildir:%s", folder);
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_ok(!x.arrived && x.undecided && x.reason.n > 0);
}

/* ---- a store in this process ---- */

static void put(struct store *s, enum store_outcome outcome, const char *raw)
{
    kit_put(s, outcome, str_from(raw));
}

static void *put_soon(void *ctx)
{
    put(ctx, STORE_ACCEPTED, MAIL(""));
    return NULL;
}

static void test_store(void)
{
    struct arrival x;
    struct mp_err err = {0};
    pthread_t thread;
    tap_case("store: what comes while we wait, with its envelope and attempts");
    struct store *s = kit_store();
    put(s, STORE_DEFERRED, "");
    put(s, STORE_ACCEPTED, OTHER);
    struct mailbox_config c = {.store = s};
    struct arrival_request r = request(LONG_MS);
    r.sent = STR(MAIL(""));
    r.sent_ms = clock_wall_ms();
    pthread_create(&thread, NULL, put_soon, s);
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    pthread_join(thread, NULL);
    tap_ok(x.arrived && x.copies[0].has_delivery);
    tap_str(x.copies[0].delivery.mail_from, STR("a@good.test"));
    tap_int(x.copies[0].attempts, 3);
    tap_ok(x.compared && x.altered.identical);
    tap_ok(x.took_ms >= 0 && x.took_ms < LONG_MS);

    tap_case("store: copies that come while it settles");
    put(s, STORE_ACCEPTED, MAIL("Received: by x\r\n"));
    r = request(LONG_MS);
    r.settle_ms = 1;
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_int(x.n_copies, 2);
    tap_case("store: waits until there are enough");
    r = request(0);
    r.min_copies = 3;
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_ok(x.arrived && !x.undecided && x.n_copies == 2);
    pthread_create(&thread, NULL, put_soon, s);
    r = request(LONG_MS);
    r.min_copies = 3;
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    pthread_join(thread, NULL);
    tap_int(x.n_copies, 3);
    tap_case("store: a message that hides its fields is found, each once");
    put(s, STORE_ACCEPTED, "\r\n" MAIL(""));
    r = request(0);
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_int(x.n_copies, 4);
    tap_case("store: by sender, recipient, subject and id");
    r = request(0);
    r.match = (struct mailbox_match){.to = STR("B@far.test"),
                                     .from = STR("good.test"),
                                     .subject = STR("OTHER")};
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_int(x.n_copies, 1);
    r.match.to = STR("c@far.test");
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_int(x.n_copies, 0);
    store_close(s);
}

/* ---- scripted servers ---- */

struct imap_stub {
    const char *login, *select, *search, *message; /* NULL: as usual */
    const char *list;                              /* the answer to LIST */
};

static bool say(struct script_peer *p, const char *tag, const char *rest)
{
    char text[4096];
    int n = snprintf(text, sizeof text, "%s %s\r\n", tag, rest);
    return script_say(p, str_make(text, (size_t)n));
}

/* A server of one message, UID 7. */
static bool play_imap(struct script_peer *p, void *ctx)
{
    const struct imap_stub *stub = ctx;
    struct str line;
    const char *mail = stub->message != NULL ? stub->message : MAIL("");
    while (script_line(p, &line)) {
        char tag[16];
        struct str rest = line;
        struct str word = str_cut(&rest, ' ');
        snprintf(tag, sizeof tag, "%.*s", STR_ARG(word));
        const char *answer = "OK done";
        if (str_istarts(rest, STR("CAPABILITY"))) {
            script_say(p, STR("* CAPABILITY IMAP4rev1\r\n"));
        } else if (str_istarts(rest, STR("LOGIN")) && stub->login != NULL) {
            answer = stub->login;
        } else if (str_istarts(rest, STR("LIST")) && stub->list != NULL) {
            script_say(p, str_from(stub->list));
        } else if (str_istarts(rest, STR("SELECT \"Junk\"")) ||
                   str_istarts(rest, STR("SELECT Junk"))) {
            answer = "NO [NONEXISTENT] no";
        } else if (str_istarts(rest, STR("SELECT"))) {
            script_say(p, STR("* 1 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n"));
            answer = stub->select != NULL ? stub->select : answer;
        } else if (str_istarts(rest, STR("UID SEARCH"))) {
            script_say(p, str_from(stub->search != NULL ? stub->search : "* SEARCH 7\r\n"));
        } else if (str_istarts(rest, STR("UID FETCH 7 (INTERNALDATE)"))) {
            script_say(p, STR("* 1 FETCH (UID 7 INTERNALDATE \"23-Nov-2026 10:00:45 +0000\")\r\n"));
        } else if (str_istarts(rest, STR("UID FETCH 7 BODY"))) {
            char head[64];
            snprintf(head, sizeof head, "* 1 FETCH (UID 7 BODY[] {%zu}\r\n", strlen(mail));
            script_say(p, str_from(head));
            script_say(p, str_from(mail));
            script_say(p, STR(")\r\n"));
        } else if (str_istarts(rest, STR("LOGOUT"))) {
            say(p, tag, answer);
            return true;
        }
        if (!say(p, tag, answer))
            return true;
    }
    return true;
}

static void test_imap(void)
{
    static const struct {
        const char *label;
        struct imap_stub stub;
        bool arrived;
        const char *reason; /* of being undecided */
    } rows[] = {
        {"found", {0}, true, NULL},
        {"found, and is another", {.message = OTHER}, false, NULL},
        {"nothing found", {.search = "* SEARCH\r\n"}, false, NULL},
        {"wrong password",
         {.login = "NO [AUTHENTICATIONFAILED] no"},
         false,
         "the login was refused"},
        {"the folder is gone", {.select = "NO [NONEXISTENT] no"}, false, "no folder 'INBOX' there"},
        {"the folder is there, and not for us",
         {.select = "NO [NOPERM] no", .list = "* LIST () \"/\" INBOX\r\n"},
         false,
         "the folder cannot be selected"},
        {"an answer that is none", {.search = "* SEARCH x\r\n"}, false, "no numbers"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arrival x;
        struct mp_err err = {0};
        struct imap_stub stub = rows[i].stub;
        const struct script_step steps[] = {SCRIPT_SAY("* OK ready\r\n"),
                                            SCRIPT_CALL(play_imap, &stub), SCRIPT_END};
        tap_case("imap: %s", rows[i].label);
        struct script_server *s = script_play(steps);
        struct arrival_request r = request(0);
        struct mailbox_config c = {.url = arena_fmt(&arena, "imap://127.0.0.1:%u", script_port(s)),
                                   .user = STR("alice"),
                                   .password = STR("hunter2")};
        tap_int(wait_in(&c, &r, &x, &err), MP_OK);
        tap_int(x.arrived, rows[i].arrived);
        tap_int(x.undecided, rows[i].reason != NULL);
        if (rows[i].reason != NULL)
            tap_ok(str_search(x.reason, str_from(rows[i].reason)) < x.reason.n);
        tap_ok(str_search(x.reason, STR("hunter2")) == x.reason.n);
        if (x.arrived) {
            tap_str(x.copies[0].raw, STR(MAIL("")));
            tap_int(x.copies[0].arrived_ms, 1795428045000);
        }
        script_free(s);
    }
}

/* A folder that does not exist yet holds nothing; that is told. */
static void test_imap_missing_folder(void)
{
    static const struct str folders[] = {STR_INIT("INBOX"), STR_INIT("Junk")};
    struct imap_stub stub = {0};
    const struct script_step steps[] = {SCRIPT_SAY("* OK ready\r\n"), SCRIPT_CALL(play_imap, &stub),
                                        SCRIPT_END};
    struct arrival x;
    struct mp_err err = {0};
    struct check_list checks;
    struct finding_list findings;
    tap_case("imap: one of two folders does not exist");
    struct script_server *s = script_play(steps);
    struct arrival_request r = request(0);
    struct mailbox_config c = {.url = arena_fmt(&arena, "imap://127.0.0.1:%u", script_port(s)),
                               .user = STR("alice"),
                               .password = STR("hunter2"),
                               .folders = folders,
                               .n_folders = ARRAY_LEN(folders)};
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_ok(x.arrived && !x.undecided);
    tap_str(x.missing, STR("Junk"));
    finding_list_init(&findings, &arena);
    check_list_init(&checks, &arena, &findings);
    arrival_judge(&checks, STR("mailbox"), &x, &(struct arrival_expect){0});
    tap_ok(findings.n > 0 && findings.items[0].id == FINDING_FLOW_ARRIVE_NO_FOLDER);
    script_free(s);
}

static void test_pop3(void)
{
    static const struct script_step steps[] = {SCRIPT_SAY("+OK ready\r\n"),
                                               SCRIPT_EXPECT("CAPA"),
                                               SCRIPT_SAY("+OK\r\nUSER\r\nUIDL\r\n.\r\n"),
                                               SCRIPT_EXPECT("USER alice"),
                                               SCRIPT_SAY("+OK\r\n"),
                                               SCRIPT_EXPECT("PASS hunter2"),
                                               SCRIPT_SAY("+OK\r\n"),
                                               SCRIPT_EXPECT("UIDL"),
                                               SCRIPT_SAY("+OK\r\n1 aaa\r\n2 bbb\r\n.\r\n"),
                                               SCRIPT_EXPECT("RETR 1"),
                                               SCRIPT_SAY("+OK\r\n" OTHER ".\r\n"),
                                               SCRIPT_EXPECT("RETR 2"),
                                               SCRIPT_SAY("+OK\r\n" MAIL("") "..dot\r\n.\r\n"),
                                               SCRIPT_EXPECT("QUIT"),
                                               SCRIPT_SAY("+OK\r\n"),
                                               SCRIPT_END};
    struct arrival x;
    struct mp_err err = {0};
    tap_case("pop3: the second of two, dots taken off");
    struct script_server *s = script_play(steps);
    struct arrival_request r = request(0);
    struct mailbox_config c = {.url = arena_fmt(&arena, "pop3://127.0.0.1:%u", script_port(s)),
                               .user = STR("alice"),
                               .password = STR("hunter2")};
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_ok(x.arrived);
    if (x.arrived) {
        tap_str(x.copies[0].id, STR("bbb"));
        tap_str(x.copies[0].raw, STR(MAIL("") ".dot\r\n"));
    }
    script_stop(s);
    tap_cstr(script_log(s, 0)->problem, "");
    script_free(s);
}

#define DOCUMENT                                                                                   \
    "{\"messages\":[{\"id\":\"m1\",\"seq\":5,\"inbox\":\"t-1\",\"received\":"                      \
    "\"2026-11-23T10:00:45.250Z\",\"mail_from\":\"a@good.test\",\"rcpt_to\":"                      \
    "[\"t-1@sink.test\"],\"tls\":\"TLSv1.3\",\"client\":\"192.0.2.7\"}]}"
#define ATTEMPTS                                                                                   \
    "{\"attempts\":[{\"id\":\"m1\",\"helo\":\"h.test\",\"protocol\":\"ESMTPS\"}],\"total\":2}"

/* The API of a sink as its OpenAPI document says. */
static bool play_sink(struct script_peer *p, void *ctx)
{
    struct str line, first;
    char text[4096];
    const char *found = ctx;
    while (script_line(p, &first)) {
        char request_line[1000];
        snprintf(request_line, sizeof request_line, "%.*s", STR_ARG(first));
        bool has_token = false;
        while (script_line(p, &line) && line.n > 0)
            has_token |= str_ieq(line, STR("Authorization: Bearer s3cret"));
        struct str what = str_from(request_line);
        const char *status = "200 OK", *body = found;
        if (!has_token) {
            status = "401 Unauthorized";
            body = "{\"title\":\"Unauthorized\",\"detail\":\"a token is needed\"}";
        } else if (str_search(what, STR("/v1/messages/m1/raw")) < what.n) {
            body = MAIL("");
        } else if (str_search(what, STR("/v1/inboxes/t-1/attempts?limit=1&cursor=6&q="
                                        "rcpt%3A%22t-1%40sink.test%22")) < what.n) {
            body = ATTEMPTS;
        } else if (str_search(what, STR("/v1/inboxes/t-1/wait?timeout=0&form=summary&tag=" TAG)) ==
                   what.n) {
            status = "404 Not Found";
            body = "{}";
        }
        int n = snprintf(text, sizeof text,
                         "HTTP/1.1 %s\r\nContent-Length: %zu\r\nContent-Type: x/y\r\n\r\n%s",
                         status, strlen(body), body);
        if (!script_say(p, str_make(text, (size_t)n)))
            break;
    }
    return true;
}

static void test_sink_api(void)
{
    static const struct script_step steps[] = {SCRIPT_CALL(play_sink, (void *)(uintptr_t)DOCUMENT),
                                               SCRIPT_END};
    static const struct script_step garbled[] = {SCRIPT_CALL(play_sink, (void *)(uintptr_t) "[1,"),
                                                 SCRIPT_END};
    struct arrival x;
    struct mp_err err = {0};
    tap_case("sink: by its API, with envelope, TLS, attempts");
    struct script_server *s = script_play(steps);
    struct arrival_request r = request(0);
    struct mailbox_config c = {.url = arena_fmt(&arena, "http://127.0.0.1:%u/", script_port(s)),
                               .inbox = STR("t-1"),
                               .token = STR("s3cret")};
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_ok(x.arrived);
    if (x.arrived) {
        tap_str(x.copies[0].raw, STR(MAIL("")));
        tap_str(x.copies[0].delivery.client_ip, STR("192.0.2.7"));
        tap_str(x.copies[0].delivery.tls_version, STR("TLSv1.3"));
        tap_str(x.copies[0].delivery.helo, STR("h.test"));
        tap_int(x.copies[0].attempts, 2);
        tap_int(x.copies[0].arrived_ms, 1795428045250);
    }
    script_free(s);
    tap_case("sink: without its token, undecided at once");
    s = script_play(steps);
    r = request(LONG_MS);
    c = (struct mailbox_config){.url = arena_fmt(&arena, "http://127.0.0.1:%u", script_port(s)),
                                .inbox = STR("t-1")};
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_ok(!x.arrived && x.undecided);
    tap_str(x.reason, STR("the sink answered 401: a token is needed"));
    script_free(s);
    tap_case("sink: an answer that is no JSON");
    s = script_play(garbled);
    r = request(0);
    c = (struct mailbox_config){.url = arena_fmt(&arena, "http://127.0.0.1:%u", script_port(s)),
                                .inbox = STR("t-1"),
                                .token = STR("s3cret")};
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_ok(!x.arrived && x.undecided);
    script_free(s);
    tap_case("a server that is not there is undecided");
    r = request(0);
    c = (struct mailbox_config){.url = STR("http://127.0.0.1:1")};
    tap_int(wait_in(&c, &r, &x, &err), MP_OK);
    tap_ok(!x.arrived && x.undecided);
}

/* ---- matching, usage ---- */

static void test_bounce(void)
{
    static const char returned[] =
        "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: "
        "message/delivery-status\r\n\r\nReporting-MTA: dns; m\r\n\r\nFinal-Recipient: rfc822; "
        "a@b\r\nAction: failed\r\nStatus: 5.1.1\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        "Message-ID: <" TAG "@good.test>\r\n\r\n--b--\r\n";
    bool yes = false;
    struct mp_err err = {0};
    struct mailbox_match match = {.tag = STR(TAG), .bounce = true};
    request(0);
    tap_case("match: a bounce by what it returns");
    tap_int(mailbox_matches(&arena, &match, STR(returned), NULL, &yes, &err), MP_OK);
    tap_ok(yes);
    match.tag = STR("mp-other");
    tap_int(mailbox_matches(&arena, &match, STR(returned), NULL, &yes, &err), MP_OK);
    tap_ok(!yes);
    tap_case("match: the message itself is no bounce, a bounce is not the message");
    match.tag = STR(TAG);
    tap_int(mailbox_matches(&arena, &match, STR(MAIL("")), NULL, &yes, &err), MP_OK);
    tap_ok(!yes);
    match.bounce = false;
    tap_int(mailbox_matches(&arena, &match, STR(returned), NULL, &yes, &err), MP_OK);
    tap_ok(!yes);
}

/* Messages made to be read in two ways arrive all the same. */
static void test_hidden_tags(void)
{
    static const struct {
        const char *label, *text;
        bool want;
    } rows[] = {
        {"behind an empty line", "\r\nX-Mailproof-Tag: " TAG "\r\n\r\nbody\r\n", true},
        {"behind what a server put on top",
         "Received: by a.test\r\n\r\nFrom: a@a.test\r\nMessage-ID: <" TAG "@a.test>\r\n\r\nb\r\n",
         true},
        {"quoted below a sentence",
         "Subject: failure\r\n\r\nSorry.\r\n\r\nX-Mailproof-Tag: " TAG "\r\n\r\nb\r\n", false},
        {"in an attachment",
         "Content-Type: message/rfc822\r\n\r\nX-Mailproof-Tag: " TAG "\r\n\r\nb\r\n", false},
        {"in a sentence", "Subject: x\r\n\r\nsee " TAG "\r\n", false},
    };
    struct mailbox_match match = {.tag = STR(TAG)};
    struct mp_err err = {0};
    bool yes;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("match: a tag %s", rows[i].label);
        request(0);
        tap_int(mailbox_matches(&arena, &match, str_from(rows[i].text), NULL, &yes, &err), MP_OK);
        tap_ok(yes == rows[i].want);
    }
    struct buf many;
    buf_init(&many, 1 << 20);
    for (size_t i = 0; i < (size_t)MESSAGE_MAX_FIELDS + 1; i++)
        buf_addz(&many, "X-A: b\r\n");
    buf_addz(&many, "X-Mailproof-Tag: " TAG "\r\n\r\nbody\r\n");
    tap_case("match: a tag below more fields than are read");
    request(0);
    tap_ok(!many.failed);
    tap_int(mailbox_matches(&arena, &match, buf_str(&many), NULL, &yes, &err), MP_OK);
    tap_ok(yes);
    buf_clear(&many);
}

static void test_usage(void)
{
    static const struct {
        const char *url, *user;
    } rows[] = {{"", ""},
                {"gopher://x", "a"},
                {"imap://host", ""},
                {"imap://user@host", "a"},
                {"imap://host/;UID=1", "a"},
                {"pop3://host", ""},
                {"maildir:", ""},
                {"imap://host", "a\r\nA1 LOGOUT"},
                {"http://user:pass@host", ""}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mp_err err = {0};
        struct mailbox_reader *m = NULL;
        struct mailbox_config c = {.url = str_from(rows[i].url),
                                   .user = str_from(rows[i].user),
                                   .password = STR("must not be written to")};
        tap_case("mailbox: refused: '%.20s'", rows[i].url);
        tap_int(mailbox_open(&c, 0, &m, &err), MP_E_USAGE);
    }
}

static void test_answers(void)
{
    static const struct {
        const char *label, *answer;
        int status;
        size_t n;
    } rows[] = {
        {"none", "{\"messages\":[]}", MP_OK, 0},
        {"two", "{\"messages\":[{\"id\":\"a\"},{\"id\":\"b\",\"rcpt_to\":[\"x\",7]}]}", MP_OK, 2},
        {"no list", "{\"messages\":{}}", MP_E_IO, 0},
        {"no JSON", "<html>", MP_E_IO, 0},
        {"nothing", "", MP_E_IO, 0},
        {"a message without an id", "{\"messages\":[{\"id\":7}]}", MP_E_IO, 0},
        {"an id that is too long",
         "{\"messages\":[{\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}]}",
         MP_E_IO, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mp_err err = {0};
        struct mailbox_hit *hits = NULL;
        size_t n = 0;
        tap_case("answer of a sink: %s", rows[i].label);
        request(0);
        tap_int(sink_messages_read(&arena, str_from(rows[i].answer), &hits, &n, &err),
                rows[i].status);
        tap_int(n, rows[i].n);
    }
    struct str rest = STR("+OK\r\n1 aaa\r\n0 zero\r\n2\r\n3 b b\r\n4294967296 x\r\nlast"), id;
    unsigned number = 0;
    tap_case("answer of POP3: lines that are none are passed over");
    tap_ok(pop3_uidl_next(&rest, &number, &id) && number == 1 && str_eq(id, STR("aaa")));
    tap_ok(pop3_uidl_next(&rest, &number, &id) && number == 3 && str_eq(id, STR("b b")));
    tap_ok(!pop3_uidl_next(&rest, &number, &id));
}

static void test_seen(void)
{
    struct seen s = {0};
    char id[16];
    tap_case("seen: thousands are remembered, others are not");
    for (int i = 0; i < 5000; i++) {
        snprintf(id, sizeof id, "%d", i);
        seen_add(&s, STR("INBOX"), str_from(id));
        seen_add(&s, STR("INBOX"), str_from(id));
    }
    tap_int(s.n, 5000);
    tap_ok(seen_has(&s, STR("INBOX"), STR("4999")) && !seen_has(&s, STR("Junk"), STR("4999")) &&
           !seen_has(&s, STR("INBOX"), STR("5000")));
    seen_clear(&s);
}

int main(void)
{
    test_maildir();
    test_store();
    test_imap();
    test_imap_missing_folder();
    test_pop3();
    test_sink_api();
    test_bounce();
    test_hidden_tags();
    test_usage();
    test_answers();
    test_seen();
    arrival_clear(&last);
    arena_clear(&arena);
    return tap_done();
}
