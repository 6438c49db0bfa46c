/* The Received-SPF field (RFC 7208 9.1): result, comment for people, key-value pairs. */
#include "auth/spf_internal.h"
#include "base/utf8.h"

enum { VALUE_MAX_BYTES = 256 }; /* of one value; longer ones are cut and end in "..." */

/* Bytes that could end the field, a comment or a quoted string, or disturb a terminal. */
static bool is_text(unsigned char c, bool utf8)
{
    return c >= ' ' && c != 0x7f && (c < 0x80 || utf8);
}

/* At most VALUE_MAX_BYTES of `s`, not inside a UTF-8 sequence; *cut tells. */
static struct str cut_value(struct str s, bool *cut)
{
    size_t n = s.n;
    *cut = n > VALUE_MAX_BYTES;
    if (*cut) {
        n = VALUE_MAX_BYTES;
        while (n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
            n--;
    }
    return str_slice(s, 0, n);
}

/* Every value is a quoted-string: no value is trusted to be a dot-atom (N47). */
static void write_quoted(struct buf *out, struct str s)
{
    bool cut, utf8;
    s = cut_value(s, &cut);
    utf8 = utf8_valid(s);
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '"' || c == '\\')
            buf_addc(out, '\\');
        buf_addc(out, is_text((unsigned char)c, utf8) ? c : '?');
    }
    buf_addz(out, cut ? "...\"" : "\"");
}

/* Text inside a comment: what has a meaning there becomes '?'. */
static void write_comment_text(struct buf *out, struct str s)
{
    bool cut, utf8;
    s = cut_value(s, &cut);
    utf8 = utf8_valid(s);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = is_text((unsigned char)c, utf8) && c != '(' && c != ')' && c != '\\';
        buf_addc(out, plain ? c : '?');
    }
    if (cut)
        buf_addz(out, "...");
}

static void write_pair(struct buf *out, const char *key, struct str value)
{
    if (value.n == 0)
        return;
    buf_addf(out, ";\r\n\t%s=", key);
    write_quoted(out, value);
}

static struct str without_brackets(struct str path)
{
    bool both = path.n >= 2 && path.p[0] == '<' && path.p[path.n - 1] == '>';
    return both ? str_slice(path, 1, path.n - 1) : path;
}

/* What the result means for this client, as in the examples of 9.1. */
static void write_comment(struct buf *out, const struct spf_outcome *spf, const char *client)
{
    static const char *const says[] = {
        [SPF_PASS] = "designates %s as permitted sender",
        [SPF_FAIL] = "does not designate %s as permitted sender",
        [SPF_SOFTFAIL] = "discourages use of %s as permitted sender",
        [SPF_NEUTRAL] = "neither permits nor denies %s",
    };
    if ((size_t)spf->result >= ARRAY_LEN(says) || says[spf->result] == NULL) {
        write_comment_text(out, spf->reason);
        return;
    }
    buf_addz(out, "domain of ");
    write_comment_text(out, spf->sender.n != 0 ? spf->sender : spf->domain);
    struct str text = str_from(says[spf->result]), head = str_slice(text, 0, str_find(text, '%'));
    buf_addc(out, ' ');
    buf_add(out, head);
    buf_addz(out, client);
    buf_add(out, str_slice(text, head.n + 2, text.n));
}

void received_spf_write(struct buf *out, const struct spf_request *req,
                        const struct spf_outcome *spf, struct str receiver)
{
    char client[IP_TEXT_MAX];
    ip_write(&req->client, client);
    bool error = spf->result == SPF_TEMPERROR || spf->result == SPF_PERMERROR;
    buf_addf(out, "%s (", spf_result_name(spf->result));
    if (receiver.n != 0) {
        write_comment_text(out, receiver);
        buf_addz(out, ": ");
    }
    write_comment(out, spf, client);
    buf_addz(out, ")\r\n\treceiver=");
    write_quoted(out, receiver.n != 0 ? receiver : STR("unknown"));
    write_pair(out, "identity", spf->identity == SPF_HELO ? STR("helo") : STR("mailfrom"));
    write_pair(out, "client-ip", str_from(client));
    write_pair(out, "helo", req->helo);
    write_pair(out, "envelope-from", without_brackets(req->mail_from));
    write_pair(out, "mechanism", spf->mechanism);
    write_pair(out, "problem", error ? spf->reason : STR_NONE);
}
