/* Values one a line: plain lists, and lines of hosts files. */
#include "base/word.h"
#include "intel/feed_internal.h"

/* Without "# ..." and "; ...", which may stand behind a space: links have both characters. */
static struct str without_comment(struct str line)
{
    for (size_t i = 0; i < line.n; i++)
        if ((line.p[i] == '#' || line.p[i] == ';') && (i == 0 || is_wsp(line.p[i - 1])))
            return str_trim(str_slice(line, 0, i));
    return str_trim(line);
}

/* "127.0.0.1", "0.0.0.0", "::1", "::": the address of a hosts file to which names are bent. */
static bool is_nowhere(struct str word)
{
    static const struct str addresses[] = {STR_INIT("127.0.0.1"), STR_INIT("0.0.0.0"),
                                           STR_INIT("::1"), STR_INIT("::")};
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
        if (str_eq(word, addresses[i]))
            return true;
    return false;
}

/* Names that a hosts file has for the machine itself. */
static bool is_own_name(struct str name)
{
    static const struct str names[] = {STR_INIT("localhost"),     STR_INIT("localhost.localdomain"),
                                       STR_INIT("local"),         STR_INIT("broadcasthost"),
                                       STR_INIT("ip6-localhost"), STR_INIT("ip6-loopback"),
                                       STR_INIT("0.0.0.0"),       STR_INIT("localhost4"),
                                       STR_INIT("localhost6")};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_ieq(name, names[i]))
            return true;
    return false;
}

static int add(struct feed_reader *r, struct str value, enum indicator_kind kind)
{
    struct feed_value v = {.kind = kind, .value = value, .confidence = INDICATOR_NO_CONFIDENCE};
    return feed_add(r, value.p, &v);
}

/* A hosts file says nothing of what is below a name. */
static int add_hosts(struct feed_reader *r, struct str names)
{
    enum indicator_kind kind = r->feed->kind;
    int st = MP_OK;
    if (kind == INDICATOR_KIND_COUNT)
        kind = INDICATOR_HOST;
    while (st == MP_OK && (names = str_trim(names)).n > 0) {
        struct str name = str_word(&names);
        if (!is_own_name(name))
            st = add(r, name, kind);
    }
    return st;
}

static int read_line(struct feed_reader *r, struct str line)
{
    if (line.n > FEED_MAX_CSV_RECORD_BYTES) {
        r->page.counts.lines++;
        feed_refuse(r, line.p, "longer than %d bytes", FEED_MAX_CSV_RECORD_BYTES);
        return MP_OK;
    }
    line = without_comment(line);
    if (line.n == 0)
        return MP_OK;
    r->page.counts.lines++;
    struct str rest = line, first = str_word(&rest);
    if (is_nowhere(first) && rest.n > 0 && !str_starts(str_trim(rest), STR("-")))
        return add_hosts(r, rest);
    /* what stands behind a tab is another column; a range of addresses has spaces */
    return add(r, str_trim(str_slice(line, 0, str_find(line, '\t'))), r->feed->kind);
}

int feed_read_plain(struct feed_reader *r)
{
    int st = MP_OK;
    for (struct str rest = r->bytes; st == MP_OK && rest.p != NULL;) {
        feed_next_record(r);
        st = read_line(r, str_cut(&rest, '\n'));
    }
    return st;
}
