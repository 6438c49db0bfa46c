/* The process of the keys: its files, its frames, its peers, good and hostile; and the other end.
 */
#include "signer/signer_test_kit.h"

static const char table_text[] = "keys: {rsa: rsa.pem, ed: ed.pem}\n"
                                 "domains:\n"
                                 "  example.org:\n"
                                 "    keys: [{selector: r, key: rsa, algorithm: rsa},\n"
                                 "           {selector: e, key: ed, algorithm: ed25519}]\n"
                                 "seal: {domain: example.org, keys: [{selector: r, key: rsa}]}\n";
static const struct str hash = STR_INIT("01234567890123456789012345678901");

/* ---- frames ---- */

static void test_requests(void)
{
    const struct signer_request rows[] = {{.number = 1, .ask = SIGNER_LIST, .first = 128},
                                          {.number = UINT64_MAX,
                                           .ask = SIGNER_SIGN,
                                           .key = STR("example.org-r2026"),
                                           .sha256 = hash}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct signer_request out;
        struct buf b;
        buf_init(&b, SIGNER_MAX_FRAME_BYTES);
        signer_request_write(&b, &rows[i]);
        tap_case("request %zu: is read as it was written; cut or longer it is refused", i);
        tap_int(signer_request_read(buf_str(&b), &out, &err), MP_OK);
        tap_ok(out.number == rows[i].number && out.ask == rows[i].ask);
        tap_int(out.first, rows[i].first);
        tap_str(out.key, rows[i].key);
        tap_str(out.sha256, rows[i].sha256);
        for (size_t n = 0; n < b.n; n++)
            tap_int(signer_request_read(str_slice(buf_str(&b), 0, n), &out, NULL), MP_E_SYNTAX);
        buf_addc(&b, 0);
        tap_int(signer_request_read(buf_str(&b), &out, NULL), MP_E_SYNTAX);
        buf_clear(&b);
    }
}

static void test_answers(void)
{
    struct signer_key_info page[] = {
        {.name = STR("a"), .type = KEY_RSA, .bits = 2048, .public_sha256 = {1, 2}},
        {.name = STR("b"), .type = KEY_ED25519, .bits = 256, .public_sha256 = {3}}};
    const struct signer_answer rows[] = {
        {.number = 1, .ask = SIGNER_LIST, .total = 300, .keys = page, .n_keys = 2},
        {.number = 2, .ask = SIGNER_SIGN, .status = SIGNER_NO_SUCH_KEY, .signature = STR("")},
        {.number = 3, .ask = SIGNER_SIGN, .signature = STR("a signature")}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct signer_answer out;
        struct buf b, again;
        buf_init(&b, SIGNER_MAX_FRAME_BYTES);
        buf_init(&again, SIGNER_MAX_FRAME_BYTES);
        signer_answer_write(&b, &rows[i]);
        tap_case("answer %zu: is read as it was written; cut or longer it is refused", i);
        tap_int(signer_answer_read(&arena, buf_str(&b), &out, &err), MP_OK);
        tap_int(out.status, rows[i].status);
        tap_int(out.n_keys, rows[i].n_keys);
        signer_answer_write(&again, &out);
        tap_str(buf_str(&again), buf_str(&b));
        for (size_t n = 0; n < b.n; n++)
            tap_int(signer_answer_read(&arena, str_slice(buf_str(&b), 0, n), &out, NULL),
                    MP_E_SYNTAX);
        buf_addc(&b, 0);
        tap_int(signer_answer_read(&arena, buf_str(&b), &out, NULL), MP_E_SYNTAX);
        buf_clear(&b);
        buf_clear(&again);
    }
}

/* ---- key files ---- */

static void test_files(void)
{
    static const struct {
        const char *label, *from;
        mode_t mode;
        int want;
        const char *text;
    } rows[] = {
        {"the owner alone", "tests/keys/rsa1024.pem", 0600, MP_OK, ""},
        {"read-only", "tests/keys/ed25519.pem", 0400, MP_OK, ""},
        {"the group may read", "tests/keys/rsa1024.pem", 0640, MP_E_IO, "(mode 0640): chmod 600"},
        {"the world may read", "tests/keys/rsa1024.pem", 0604, MP_E_IO, "(mode 0604)"},
        {"the group may write", "tests/keys/rsa1024.pem", 0620, MP_E_IO, "(mode 0620)"},
        {"RSA of 512 bits", "tests/keys/rsa512.pem", 0600, MP_E_USAGE, "RSA key of 512 bits"},
        {"a curve that DKIM lacks", "tests/keys/ec.pem", 0600, MP_E_SYNTAX, "neither RSA nor"},
        {"with a pass phrase", "tests/keys/rsa1024.locked.pem", 0600, MP_E_SYNTAX,
         "no unencrypted private key"},
        {"no key", "---\n", 0600, MP_E_SYNTAX, "no unencrypted private key"},
    };
    struct signing_table t;
    load_table("keys: {k: other.pem}\n", &t);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct signer_keys *k = NULL;
        tap_case("key file: %s", rows[i].label);
        put_key("other.pem", rows[i].from, rows[i].mode);
        err = (struct mp_err){0};
        tap_int(signer_keys_load(&t, &k, &err), rows[i].want);
        struct str text = str_from(err.text);
        if (rows[i].want != MP_OK && !tap_ok(str_starts(text, str_from(path_of("other.pem"))) &&
                                             str_search(text, str_from(rows[i].text)) < text.n))
            tap_note("%s", err.text);
        signer_keys_free(k);
    }
    if (geteuid() == 0) {
        struct signer_keys *k = NULL;
        tap_case("key file: root reads that of another user");
        put_key("other.pem", "tests/keys/rsa1024.pem", 0600);
        tap_int(chown(path_of("other.pem"), 1, 1), 0);
        tap_int(signer_keys_load(&t, &k, &err), MP_OK);
        signer_keys_free(k);
    }
    static const char *const absent[] = {"keys: {k: none.pem}\n", "keys: {k: .}\n"};
    for (size_t i = 0; i < ARRAY_LEN(absent); i++) {
        struct signer_keys *k = NULL;
        tap_case("key file: none, or a directory: %zu", i);
        load_table(absent[i], &t);
        tap_int(signer_keys_load(&t, &k, &err), MP_E_IO);
        tap_ok(k == NULL);
    }
}

static void test_fit(void)
{
    static const struct {
        const char *label, *text;
        int want;
        const char *why;
    } rows[] = {
        {"all right", table_text, MP_OK, ""},
        {"an algorithm that the key is not",
         "keys: {rsa: rsa.pem}\ndomains:\n  example.org: {keys: [{selector: s, key: rsa, "
         "algorithm: ed25519}]}\n",
         MP_E_USAGE, "s.yaml:3:3: 'rsa' of selector s is an RSA key, not what `algorithm` says"},
        {"a seal by Ed25519",
         "keys: {ed: ed.pem}\nseal:\n  {domain: example.org, keys: [{selector: s, key: ed}]}\n",
         MP_E_USAGE, "s.yaml:3:3: ARC seals need an RSA key, 'ed' is none"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct signing_table t;
        struct signer_keys *k = NULL;
        size_t n = 0;
        tap_case("keys and table: %s", rows[i].label);
        load_table(rows[i].text, &t);
        err = (struct mp_err){0};
        tap_int(signer_keys_load(&t, &k, &err), MP_OK);
        const struct signer_key_info *infos = signer_keys_infos(k, &n);
        tap_int(signing_check_keys(&t, infos, n, &err), rows[i].want);
        if (!tap_ok(str_search(str_from(err.text), str_from(rows[i].why)) < strlen(err.text) ||
                    rows[i].want == MP_OK))
            tap_note("%s", err.text);
        if (rows[i].want == MP_OK) {
            tap_case("keys and table: a key is missing");
            tap_int(signing_check_keys(&t, infos, 1, &err), MP_E_USAGE);
        }
        signer_keys_free(k);
    }
}

/* ---- the two ends ---- */

static void sign_by(struct signer_client *c, const struct signer_keys *keys, const char *name)
{
    struct buf here, there;
    buf_init(&here, 4096);
    buf_init(&there, 4096);
    tap_int(private_key_sign(signer_keys_find(keys, str_from(name)), hash, &here, &err), MP_OK);
    tap_int(signer_client_sign(c, str_from(name), hash, &there, &err), MP_OK);
    tap_str(buf_str(&there), buf_str(&here));
    buf_clear(&here);
    buf_clear(&there);
}

static void test_talk(const struct signer_keys *keys)
{
    struct process p;
    struct signer_client *c = NULL;
    const struct signer_key_info *infos;
    struct buf none;
    size_t n = 0;
    buf_init(&none, 4096);
    process_start(&p, keys, NULL, 0);
    tap_int(signer_client_new(path_of("socket"), 60000, &c, &err), MP_OK);
    tap_case("talk: the list, and the same signatures as here");
    tap_int(signer_client_list(c, &infos, &n, &err), MP_OK);
    tap_int(n, 2);
    tap_str(infos[0].name, STR("ed"));
    tap_int(infos[1].bits, 2048);
    size_t n_here;
    const struct signer_key_info *here = signer_keys_infos(keys, &n_here);
    tap_ok(memcmp(infos[1].public_sha256, here[1].public_sha256, SIGNER_HASH_BYTES) == 0);
    sign_by(c, keys, "rsa");
    sign_by(c, keys, "ed");
    tap_case("talk: no such key; no hash");
    tap_int(signer_client_sign(c, STR("none"), hash, &none, &err), MP_E_USAGE);
    tap_int(signer_client_sign(c, STR("rsa"), STR("short"), &none, &err), MP_E_USAGE);
    tap_int(none.n, 0);
    sign_by(c, keys, "rsa");
    signer_client_free(c);
    process_end(&p);
    buf_clear(&none);
}

/* A peer that answers each request with what the row says, then goes. */
struct liar {
    int listen_fd;
    const char *path;
    const struct signer_keys *keys;
};

enum lie { LIE_NUMBER, LIE_GARBAGE, LIE_LONG, LIE_GONE, LIE_OTHER_ASK, LIES };

static void lie(int fd, enum lie kind)
{
    static char room[SIGNER_MAX_FRAME_BYTES + 1];
    struct signer_request r;
    struct buf b;
    ssize_t n = recv(fd, room, sizeof room, 0);
    if (n <= 0 || signer_request_read(str_make(room, (size_t)n), &r, NULL) != MP_OK)
        return;
    struct signer_answer a = {.number = r.number + (kind == LIE_NUMBER),
                              .ask = kind == LIE_OTHER_ASK ? SIGNER_LIST : SIGNER_SIGN,
                              .signature = STR("a signature")};
    buf_init(&b, sizeof room);
    if (kind == LIE_GARBAGE)
        buf_addz(&b, "garbage");
    else if (kind == LIE_LONG)
        buf_add(&b, str_make(room, sizeof room));
    else
        signer_answer_write(&b, &a);
    if (kind != LIE_GONE)
        send(fd, b.p, b.n, MSG_NOSIGNAL);
    buf_clear(&b);
}

static void *liar_main(void *arg)
{
    const struct liar *l = arg;
    for (int kind = 0; kind < LIES; kind++) {
        int fd = accept(l->listen_fd, NULL, NULL);
        lie(fd, (enum lie)kind);
        close(fd);
    }
    return NULL;
}

static void test_liars(void)
{
    static const char *const labels[LIES] = {"the answer to another request", "garbage",
                                             "more than fits", "nothing: it goes",
                                             "an answer to LIST"};
    struct liar l = {.listen_fd = listen_at(path_of("socket"))};
    struct signer_client *c = NULL;
    struct buf out;
    pthread_t thread;
    buf_init(&out, 4096);
    tap_int(pthread_create(&thread, NULL, liar_main, &l), 0);
    tap_int(signer_client_new(path_of("socket"), 60000, &c, &err), MP_OK);
    for (int kind = 0; kind < LIES; kind++) {
        tap_case("client: it is answered %s", labels[kind]);
        tap_int(signer_client_sign(c, STR("rsa"), hash, &out, &err), MP_E_IO);
        tap_int(err.code, MP_E_IO);
        tap_int(out.n, 0);
    }
    tap_int(pthread_join(thread, NULL), 0);
    tap_case("client: nobody answers in time");
    struct signer_client *hasty = NULL;
    tap_int(signer_client_new(path_of("socket"), 1, &hasty, &err), MP_OK);
    tap_int(signer_client_sign(hasty, STR("rsa"), hash, &out, &err), MP_E_TIMEOUT);
    close(l.listen_fd);
    tap_case("client: nobody listens");
    tap_int(signer_client_sign(c, STR("rsa"), hash, &out, &err), MP_E_IO);
    tap_case("client: a path that no socket can have");
    struct str path = arena_fmt(&arena, "%0200d", 1);
    struct signer_client *no = NULL;
    tap_int(signer_client_new(path.p, 1000, &no, &err), MP_E_USAGE);
    tap_int(signer_client_new("", 1000, &no, &err), MP_E_USAGE);
    signer_client_free(c);
    signer_client_free(hasty);
    buf_clear(&out);
}

/* The client's connection is lost between two requests: it makes another, once. */
static void test_reconnect(const struct signer_keys *keys)
{
    struct process p;
    struct signer_client *c = NULL;
    int listen_fd = listen_at(path_of("socket"));
    tap_case("client: a connection that was lost meanwhile is made again");
    tap_int(signer_client_new(path_of("socket"), 60000, &c, &err), MP_OK);
    p = (struct process){.threads = 1, .listen_fd = listen_fd};
    tap_int(pipe(p.stop), 0);
    p.serving = (struct signer_serving){.listen_fd = listen_fd, .stop_fd = p.stop[0], .keys = keys};
    tap_int(pthread_create(&p.thread[0], NULL, process_main, &p), 0);
    sign_by(c, keys, "ed");
    /* so many others that ours, silent for longest, is let go */
    int others[SIGNER_MAX_CONNECTIONS];
    struct buf frame;
    char room[4096];
    buf_init(&frame, 4096);
    signer_request_write(&frame, &(struct signer_request){.ask = SIGNER_LIST});
    bool answered = true;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        others[i] = connect_to(path_of("socket"));
        answered = answered && send(others[i], frame.p, frame.n, 0) == (ssize_t)frame.n &&
                   recv(others[i], room, sizeof room, 0) > 0;
    }
    tap_ok(answered);
    sign_by(c, keys, "ed");
    tap_case("serve: the first of the others made place for ours, the last is there");
    tap_int(recv(others[0], room, sizeof room, 0), 0);
    tap_int(send(others[5], frame.p, frame.n, 0), (long long)frame.n);
    tap_ok(recv(others[5], room, sizeof room, 0) > 0);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        close(others[i]);
    signer_client_free(c);
    process_end(&p);
    buf_clear(&frame);
}

/* ---- hostile peers ---- */

static void test_hostile(const struct signer_keys *keys)
{
    static char big[SIGNER_MAX_FRAME_BYTES + 1];
    const struct {
        const char *label;
        struct str frame;
    } rows[] = {{"garbage", STR("\xff\xff\xff\xff garbage")},
                {"nothing", STR("")},
                {"one byte", STR("x")},
                {"more than fits", str_make(big, sizeof big)}};
    struct process p;
    struct signer_client *c = NULL;
    char room[16];
    process_start(&p, keys, NULL, 0);
    tap_int(signer_client_new(path_of("socket"), 60000, &c, &err), MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int fd = connect_to(path_of("socket"));
        tap_case("serve: %s costs that peer its connection, nobody else", rows[i].label);
        tap_int(send(fd, rows[i].frame.p, rows[i].frame.n, MSG_NOSIGNAL),
                (long long)rows[i].frame.n);
        tap_int(recv(fd, room, sizeof room, 0), 0);
        close(fd);
        sign_by(c, keys, "ed");
    }
    tap_case("serve: a peer that asks and never takes an answer does not hold others");
    struct buf frame;
    buf_init(&frame, 4096);
    signer_request_write(&frame, &(struct signer_request){.ask = SIGNER_LIST});
    int greedy = connect_to(path_of("socket"));
    while (send(greedy, frame.p, frame.n, MSG_NOSIGNAL) == (ssize_t)frame.n)
        continue; /* until it is dropped */
    sign_by(c, keys, "rsa");
    close(greedy);
    signer_client_free(c);
    process_end(&p);
    buf_clear(&frame);
}

static void test_uids(const struct signer_keys *keys)
{
    const uid_t strangers[] = {geteuid() + 1}, both[] = {geteuid() + 1, geteuid()};
    struct process p;
    struct signer_client *c = NULL;
    struct buf out;
    buf_init(&out, 4096);
    process_start(&p, keys, strangers, 1);
    tap_case("serve: another user than ours may not ask");
    tap_int(signer_client_new(path_of("socket"), 60000, &c, &err), MP_OK);
    tap_int(signer_client_sign(c, STR("ed"), hash, &out, &err), MP_E_IO);
    process_end(&p);
    process_start(&p, keys, both, 2);
    tap_case("serve: one of several users may");
    sign_by(c, keys, "ed");
    signer_client_free(c);
    process_end(&p);
    buf_clear(&out);
}

/* ---- many ---- */

struct asker {
    const struct signer_keys *keys;
    bool ok;
};

static void *asker_main(void *arg)
{
    enum { TIMES = 50 };
    struct asker *a = arg;
    struct signer_client *c = NULL;
    struct buf here, there;
    char path[sizeof directory + 16];
    snprintf(path, sizeof path, "%s/socket", directory);
    buf_init(&here, 4096);
    buf_init(&there, 4096);
    a->ok = signer_client_new(path, 60000, &c, NULL) == MP_OK;
    a->ok =
        a->ok && private_key_sign(signer_keys_find(a->keys, STR("ed")), hash, &here, NULL) == MP_OK;
    for (int i = 0; a->ok && i < TIMES; i++) {
        buf_reset(&there);
        a->ok = signer_client_sign(c, STR("ed"), hash, &there, NULL) == MP_OK &&
                str_eq(buf_str(&here), buf_str(&there));
    }
    signer_client_free(c);
    buf_clear(&here);
    buf_clear(&there);
    return NULL;
}

static void test_many(const struct signer_keys *keys)
{
    struct process p;
    struct asker askers[8];
    pthread_t threads[8];
    process_start(&p, keys, NULL, 0);
    process_widen(&p);
    tap_case("serve: two threads on one socket, eight peers at once");
    for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
        askers[i] = (struct asker){.keys = keys};
        tap_int(pthread_create(&threads[i], NULL, asker_main, &askers[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
        tap_int(pthread_join(threads[i], NULL), 0);
        tap_ok(askers[i].ok);
    }
    process_end(&p);
}

/* More keys than one answer holds. */
static void test_pages(void)
{
    enum { N = SIGNER_MAX_PAGE * 2 + 3 };
    struct buf text;
    struct signing_table t;
    struct signer_keys *keys = NULL;
    struct process p;
    struct signer_client *c = NULL;
    const struct signer_key_info *infos;
    size_t n = 0;
    buf_init(&text, 1 << 20);
    buf_addz(&text, "keys:\n");
    for (int i = 0; i < N; i++)
        buf_addf(&text, "  k%03d: ed.pem\n", i);
    buf_addc(&text, '\0');
    tap_case("talk: a list of several pages");
    load_table(text.p, &t);
    tap_int(signer_keys_load(&t, &keys, &err), MP_OK);
    process_start(&p, keys, NULL, 0);
    tap_int(signer_client_new(path_of("socket"), 60000, &c, &err), MP_OK);
    tap_int(signer_client_list(c, &infos, &n, &err), MP_OK);
    tap_int(n, N);
    tap_str(infos[N - 1].name, STR("k258"));
    sign_by(c, keys, "k258");
    signer_client_free(c);
    process_end(&p);
    signer_keys_free(keys);
    buf_clear(&text);
}

int main(void)
{
    struct signing_table t;
    struct signer_keys *keys = NULL;
    kit_open();
    test_requests();
    test_answers();
    test_files();
    test_fit();
    load_table(table_text, &t);
    tap_int(signer_keys_load(&t, &keys, &err), MP_OK);
    test_talk(keys);
    test_liars();
    test_reconnect(keys);
    test_hostile(keys);
    test_uids(keys);
    test_many(keys);
    test_pages();
    signer_keys_free(keys);
    return kit_close();
}
