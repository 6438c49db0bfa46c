/* The password file of the server side, sorted by name. */
#include <stdlib.h>

#include "base/utf8.h"
#include "crypto/digest.h"
#include "smtp/sasl_server_internal.h"

bool sasl_user_name_ok(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
            return false;
    return text.n > 0 && text.n <= SASL_USER_MAX_BYTES && utf8_valid(text);
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct sasl_user *)a)->name, ((const struct sasl_user *)b)->name);
}

static int add_line(struct sasl_users *u, struct str line, int64_t number, struct mp_err *err)
{
    struct str password = line, name = str_cut(&password, ':');
    if (str_trim(line).n == 0 || line.p[0] == '#')
        return MP_OK;
    if (password.p == NULL || password.n == 0)
        return mp_fail(err, MP_E_SYNTAX, number, "line %lld: it is not user:password",
                       (long long)number);
    if (!sasl_user_name_ok(name) || password.n > SASL_MAX_BYTES || str_has(password, '\0'))
        return mp_fail(err, MP_E_SYNTAX, number,
                       "line %lld: the user is empty, too long, or no text; or the password is "
                       "too long",
                       (long long)number);
    if (u->n == SASL_USERS_MAX)
        return mp_fail(err, MP_E_LIMIT, SASL_USERS_MAX, "more than %d users", SASL_USERS_MAX);
    u->items[u->n++] = (struct sasl_user){.name = name, .password = password};
    return MP_OK;
}

static int add_lines(struct sasl_users *u, struct mp_err *err)
{
    int64_t number = 0;
    int st = MP_OK;
    for (struct str rest = str_make(u->text, u->text_bytes); st == MP_OK && rest.p != NULL;) {
        struct str line = str_cut(&rest, '\n');
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        st = add_line(u, line, ++number, err);
    }
    qsort(u->items, u->n, sizeof *u->items, by_name);
    for (size_t i = 1; st == MP_OK && i < u->n; i++)
        if (str_eq(u->items[i - 1].name, u->items[i].name))
            st = mp_fail(err, MP_E_SYNTAX, 0, "user '%.*s' stands there twice",
                         STR_ARG(u->items[i].name));
    if (st == MP_OK && u->n == 0)
        st = mp_fail(err, MP_E_SYNTAX, 0, "no user is in it; a line is user:password");
    return st;
}

int sasl_users_parse(struct str text, struct sasl_users **out, struct mp_err *err)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    lines = lines < SASL_USERS_MAX ? lines : SASL_USERS_MAX;
    struct sasl_users *u = calloc(1, sizeof *u);
    int st = MP_OK;
    if (u == NULL || (u->items = calloc(lines, sizeof *u->items)) == NULL ||
        (u->text = malloc(text.n + 1)) == NULL) {
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for the users");
    } else if (!crypto_random(u->secret, sizeof u->secret)) {
        st = mp_fail(err, MP_E_CRYPTO, 0, "no random numbers are to be had");
    } else {
        if (text.n > 0)
            memcpy(u->text, text.p, text.n);
        u->text_bytes = text.n;
        st = add_lines(u, err);
    }
    if (st != MP_OK) {
        sasl_users_free(u);
        return st;
    }
    *out = u;
    return MP_OK;
}

void sasl_users_free(struct sasl_users *u)
{
    if (u == NULL)
        return;
    if (u->text != NULL)
        crypto_wipe(u->text, u->text_bytes);
    if (u->items != NULL)
        crypto_wipe(u->items, u->n * sizeof *u->items);
    crypto_wipe(u->secret, sizeof u->secret);
    free(u->text);
    free(u->items);
    free(u);
}

struct sasl_user *sasl_users_find(const struct sasl_users *u, struct str name)
{
    struct sasl_user key = {.name = name};
    return u->n == 0 ? NULL : bsearch(&key, u->items, u->n, sizeof *u->items, by_name);
}

bool sasl_users_check(const struct sasl_users *u, struct str name, struct str password)
{
    unsigned char want[DIGEST_MAX_BYTES], got[DIGEST_MAX_BYTES];
    struct str key = str_make((const char *)u->secret, sizeof u->secret);
    const struct sasl_user *user = sasl_users_find(u, name);
    bool ok = hmac_once(HMAC_SHA256, key, user == NULL ? key : user->password, want) &&
              hmac_once(HMAC_SHA256, key, password, got) &&
              digest_equal(str_make((char *)want, sizeof want), str_make((char *)got, sizeof got));
    return ok && user != NULL;
}
