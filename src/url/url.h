/* URLs as browsers read them (WHATWG URL), and what is odd about the way they are written. */
#ifndef MP_URL_URL_H
#define MP_URL_URL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"

enum {
    URL_MAX_BYTES = 8192, /* what stands behind them is not looked at: URL_CUT */
    URL_PORT_NONE = -1
};

enum url_scheme {
    URL_NONE, /* no absolute URL */
    URL_HTTP,
    URL_HTTPS,
    URL_WS,
    URL_WSS,
    URL_FTP,
    URL_FILE, /* also \\server\share */
    URL_MAILTO,
    URL_TEL,
    URL_SMS,
    URL_CID,
    URL_DATA,
    URL_JAVASCRIPT,
    URL_VBSCRIPT,
    URL_OTHER
};

/* How it is written. "Front" is all up to the path. */
enum url_flag {
    URL_GUESSED = 1 << 0,         /* "www.example.com", "//host/", "\\host\share": no scheme */
    URL_SLASHES_MISSING = 1 << 1, /* "http:/host", "https:host" */
    URL_SLASHES_EXTRA = 1 << 2,   /* "http:///host" */
    URL_BACKSLASH = 1 << 3,       /* instead of a slash, in the front or where it ends */
    URL_CONTROL = 1 << 4,         /* tab, CR or LF in the front: browsers take them out */
    URL_USERINFO = 1 << 5,
    URL_INVISIBLE = 1 << 6, /* code points without a glyph; behind the last letter only bidi ones */
    URL_BIDI = 1 << 7,      /* among them such that turn the direction of text */
    URL_UNICODE_DELIMITER = 1 << 8, /* a sign that looks like a slash, or like a dot in the front */
    URL_IP_ENCODED = 1 << 9,        /* an IPv4 address, but not as four decimal numbers */
    URL_IP_MAPPED = 1 << 10,        /* an IPv4 address within an IPv6 one; `ip` is the IPv4 */
    URL_HOST_PERCENT = 1 << 11,     /* %-escapes in the host */
    URL_HOST_UNICODE = 1 << 12,     /* letters beyond ASCII in the host, undone %-escapes too */
    URL_HOST_BAD = 1 << 13,         /* browsers refuse the host; `host` is the text in lower case */
    URL_PORT_BAD = 1 << 14,
    URL_CUT = 1 << 15
};

/* Views into the text, or into a copy in the arena where tabs and line ends were taken out. */
struct url {
    struct str text; /* without blanks around it */
    enum url_scheme kind;
    struct str scheme;   /* in lower case */
    struct str userinfo; /* as written; p == NULL without "@" */
    struct str host;     /* as browsers ask for it: A-labels in lower case without a final dot, or
                            the address; p == NULL without "//" */
    struct ip ip;        /* IP_NONE when the host is a name */
    int32_t port;        /* URL_PORT_NONE when none is written, or that of the scheme */
    struct str path;     /* as written, "/a/b"; behind the scheme when there are no slashes */
    struct str query, fragment; /* behind "?" and "#"; p == NULL without */
    unsigned flags;             /* enum url_flag */
};

/* Read `text`, with or without blanks around it; relative to `base` when that is not NULL. In any
 * case MP_OK, with out->kind URL_NONE when `text` is no absolute URL and there is no base; or
 * MP_E_NOMEM. Linear. */
int url_parse(struct arena *arena, struct str text, const struct url *base, struct url *out,
              struct mp_err *err);

/* "http", "https" and the others with a host that WHATWG calls special. */
bool url_is_special(const struct url *u);
/* http or https with a host. */
bool url_is_web(const struct url *u);

/* As browsers write it: one spelling for URLs that mean the same. p == NULL without memory. */
struct str url_href(struct arena *arena, const struct url *u);

/* The registrable domain of the host; empty for addresses, suffixes, and hosts that are bad. */
struct str url_site(struct arena *arena, const struct url *u);

/* What a reader of plain text takes for a link, from *at on: "http://", "https://", "ftp://" and
 * "www.", without the punctuation behind it. *at moves behind it. False: no more. Linear over all
 * calls. */
bool url_find(struct str text, size_t *at, struct str *out);

/* Is the whole of `text`, blanks off, a URL or a host that begins with "www."? */
bool url_is_shown(struct str text);

#endif
