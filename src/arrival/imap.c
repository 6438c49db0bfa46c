/* Messages in folders of an IMAP server: the server searches, we look at what it found. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "arrival/mailbox_internal.h"
#include "arrival/transfer.h"
#include "base/clock.h"

enum { FULL_URL_MAX_BYTES = 4096, COMMAND_MAX_BYTES = 8192 };

struct imap {
    struct transfer transfer;
    struct str root;  /* "imap://host/" */
    struct str *urls; /* of the folders, "imap://host/Junk" */
};

/* Percent-encoded but for what is safe in a URL and in a command that libcurl decodes. */
static void add_encoded(struct buf *out, struct str s, bool is_url)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool safe = is_url ? is_alnum(c) || c == '-' || c == '.' || c == '_' : c != '%';
        if (safe)
            buf_addc(out, c);
        else
            buf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
}

static void set_login(struct transfer *t, const struct mailbox_config *c)
{
    curl_easy_setopt(t->curl, CURLOPT_USERNAME, c->user.p);
    if (c->token.n > 0) {
        curl_easy_setopt(t->curl, CURLOPT_XOAUTH2_BEARER, c->token.p);
        curl_easy_setopt(t->curl, CURLOPT_LOGIN_OPTIONS, "AUTH=XOAUTH2");
    } else {
        curl_easy_setopt(t->curl, CURLOPT_PASSWORD, c->password.p);
    }
}

static int make_urls(struct mailbox_reader *m, struct imap *x, struct mp_err *err)
{
    const struct mailbox_config *c = &m->config;
    struct str base = c->url;
    int st = MP_OK;
    size_t slash = str_search(base, STR("://")) + 3;
    if (str_has(str_slice(base, slash, base.n), '@') || str_has(base, '?') || str_has(base, ';'))
        return mp_fail(err, MP_E_USAGE, 0,
                       "an IMAP URL is imap://HOST[:PORT]; user, password and folders are options");
    base = str_slice(base, 0, slash + str_find(str_slice(base, slash, base.n), '/'));
    x->root = arena_fmt(&m->arena, "%.*s/", STR_ARG(base));
    if (x->root.n == 0)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a mailbox");
    x->urls = arena_new(&m->arena, struct str, c->n_folders);
    for (size_t i = 0; x->urls != NULL && st == MP_OK && i < c->n_folders; i++) {
        struct buf name, url;
        buf_init(&name, FULL_URL_MAX_BYTES);
        buf_init(&url, FULL_URL_MAX_BYTES);
        bool ok = imap_folder_name(&name, c->folders[i]);
        buf_add(&url, base);
        buf_addc(&url, '/');
        add_encoded(&url, buf_str(&name), true);
        x->urls[i] = arena_copy(&m->arena, buf_str(&url));
        if (!ok || url.failed)
            st = mp_fail(err, MP_E_USAGE, 0, "folder '%.*s': not UTF-8, or too long",
                         STR_ARG(c->folders[i]));
        else if (x->urls[i].p == NULL)
            st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a folder");
        buf_clear(&url);
        buf_clear(&name);
    }
    return x->urls != NULL ? st : mp_fail(err, MP_E_NOMEM, 0, "no memory for folders");
}

static int imap_open(struct mailbox_reader *m, struct mp_err *err)
{
    struct imap *x = calloc(1, sizeof *x);
    m->state = x;
    if (x == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a mailbox");
    if (m->config.user.n == 0)
        return mp_fail(err, MP_E_USAGE, 0, "an IMAP mailbox needs a user");
    int st = make_urls(m, x, err);
    st = st == MP_OK ? transfer_init(&x->transfer, &m->config, "imap,imaps", err) : st;
    if (st == MP_OK)
        set_login(&x->transfer, &m->config);
    return st;
}

static int command(struct imap *x, struct str url, struct str text, int64_t deadline_us,
                   struct mp_err *err)
{
    struct buf encoded;
    buf_init(&encoded, COMMAND_MAX_BYTES);
    add_encoded(&encoded, text, false);
    buf_addc(&encoded, '\0');
    int st = encoded.failed ? mp_fail(err, MP_E_USAGE, 0, "IMAP: what is looked for is too long")
                            : transfer_run(&x->transfer, url, encoded.p, false,
                                           IMAP_ANSWER_MAX_BYTES, deadline_us, "IMAP", err);
    buf_clear(&encoded);
    return st;
}

/* The server answers, and lists no folder of this name (RFC 3501 6.3.8). A name with wild cards
 * would list others: then it is not known. */
static bool is_absent(const struct mailbox_reader *m, size_t folder, int64_t deadline_us)
{
    struct imap *x = m->state;
    struct str name = m->config.folders[folder];
    struct mp_err own;
    struct buf coded, text;
    buf_init(&coded, FULL_URL_MAX_BYTES);
    buf_init(&text, COMMAND_MAX_BYTES);
    buf_add(&text, STR("LIST \"\" "));
    bool sure = !str_has(name, '*') && !str_has(name, '%') && imap_folder_name(&coded, name) &&
                imap_quote(&text, buf_str(&coded)) &&
                command(x, x->root, buf_str(&text), deadline_us, &own) == MP_OK;
    buf_clear(&text);
    buf_clear(&coded);
    return sure && str_search(buf_str(&x->transfer.body), STR("* LIST ")) == x->transfer.body.n;
}

/* One message: when it came, then its bytes. It may be gone by now: then nothing was found. */
static int fetch_message(struct mailbox_reader *m, size_t folder, uint32_t uid,
                         struct mailbox_hits *hits, int64_t deadline_us, struct mp_err *err)
{
    struct imap *x = m->state;
    struct str url = x->urls[folder];
    char text[128], id[16];
    int64_t came_s = -1;
    snprintf(id, sizeof id, "%" PRIu32, uid);
    if (seen_has(&m->seen, m->config.folders[folder], str_from(id)))
        return MP_OK;
    snprintf(text, sizeof text, "UID FETCH %" PRIu32 " (INTERNALDATE)", uid);
    int st = command(x, url, str_from(text), deadline_us, err);
    if (st != MP_OK)
        return st;
    if (!imap_internaldate_parse(buf_str(&x->transfer.body), &came_s))
        return MP_OK; /* no such message any more: no line was answered */
    struct buf full;
    buf_init(&full, FULL_URL_MAX_BYTES);
    buf_add(&full, url);
    buf_addf(&full, "/;UID=%" PRIu32, uid);
    st = transfer_run(&x->transfer, buf_str(&full), NULL, false, ARRIVAL_MAX_MESSAGE_BYTES,
                      deadline_us, "IMAP", err);
    buf_clear(&full);
    if (st == MP_E_IO && x->transfer.code == CURLE_REMOTE_FILE_NOT_FOUND)
        return MP_OK;
    if (st != MP_OK)
        return st;
    struct mailbox_hit hit = {.folder = m->config.folders[folder],
                              .id = str_from(id),
                              .raw = buf_str(&x->transfer.body),
                              .arrived_ms = came_s * 1000};
    return mailbox_offer(m, hits, &hit, err);
}

static int find_in_folder(struct mailbox_reader *m, size_t folder, struct str search,
                          struct mailbox_hits *hits, int64_t deadline_us, struct mp_err *err)
{
    struct imap *x = m->state;
    struct str url = x->urls[folder];
    struct arena scratch = {0};
    uint32_t *uids = NULL;
    size_t n = 0;
    int st = command(x, url, STR("NOOP"), deadline_us, err); /* show what came meanwhile */
    if (st != MP_OK && x->transfer.no_folder && is_absent(m, folder, deadline_us)) {
        m->missing[folder] = true;
        return MP_OK;
    }
    m->missing[folder] = false;
    arena_init(&scratch, IMAP_MAX_UIDS * sizeof uids[0] * 4);
    st = st == MP_OK ? command(x, url, search, deadline_us, err) : st;
    if (st == MP_OK)
        st = imap_search_parse(&scratch, buf_str(&x->transfer.body), &uids, &n, err);
    size_t from = n > MAILBOX_LOOKED_AT_MAX && !m->config.all ? n - MAILBOX_LOOKED_AT_MAX : 0;
    for (size_t k = from; st == MP_OK && k < n && hits->n < ARRIVAL_MAX_COPIES; k++)
        st = fetch_message(m, folder, uids[k], hits, deadline_us, err);
    arena_clear(&scratch);
    return st;
}

/* A folder that is made with its first message holds none before. But where none of the folders
 * exists, nothing was looked at. */
static int imap_find(struct mailbox_reader *m, const struct mailbox_match *match,
                     struct mailbox_hits *hits, int64_t deadline_us, struct mp_err *err)
{
    struct buf search;
    size_t n_missing = 0;
    int st = MP_OK;
    buf_init(&search, COMMAND_MAX_BYTES);
    imap_search_write(&search, match, clock_wall_s());
    for (size_t i = 0; st == MP_OK && i < m->config.n_folders; i++) {
        st = find_in_folder(m, i, buf_str(&search), hits, deadline_us, err);
        n_missing += m->missing[i];
    }
    buf_clear(&search);
    if (st == MP_OK && n_missing == m->config.n_folders)
        return mp_fail(err, MP_E_IO, 0, "IMAP: no folder '%.*s' there, nor another to look into",
                       STR_ARG(m->config.folders[0]));
    return st;
}

static int imap_remove(struct mailbox_reader *m, const struct mailbox_hit *hit, int64_t deadline_us,
                       struct mp_err *err)
{
    struct imap *x = m->state;
    char text[128];
    uint64_t uid;
    size_t folder = 0;
    while (folder < m->config.n_folders && !str_eq(m->config.folders[folder], hit->folder))
        folder++;
    if (folder == m->config.n_folders || !str_to_u64(hit->id, UINT32_MAX, &uid))
        return mp_fail(err, MP_E_USAGE, 0, "not a message of this mailbox");
    snprintf(text, sizeof text, "UID STORE %" PRIu64 " +FLAGS.SILENT (\\Deleted)", uid);
    int st = command(x, x->urls[folder], str_from(text), deadline_us, err);
    if (st != MP_OK)
        return st;
    snprintf(text, sizeof text, "UID EXPUNGE %" PRIu64, uid); /* UIDPLUS, RFC 4315 */
    st = command(x, x->urls[folder], str_from(text), deadline_us, err);
    return st == MP_E_IO ? command(x, x->urls[folder], STR("EXPUNGE"), deadline_us, err) : st;
}

static int imap_wait(struct mailbox_reader *m, int64_t deadline_us, struct mp_err *err)
{
    (void)m;
    (void)err;
    mailbox_pause(deadline_us);
    return MP_OK;
}

static void imap_close(struct mailbox_reader *m)
{
    struct imap *x = m->state;
    if (x != NULL)
        transfer_clear(&x->transfer);
    free(x);
}

const struct mailbox_kind mailbox_imap = {imap_open, imap_find, imap_remove, imap_wait, imap_close};
