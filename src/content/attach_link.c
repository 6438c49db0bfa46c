/* Shortcuts: what a shell link starts, and targets that make Windows log on to a stranger's
 * server. */
#include "base/buf.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "content/attach_internal.h"
#include "content/lnk.h"

enum { LINK_WINDOW = 64 * 1024, MANY_BLANKS = 260 };

/* The beginning of a value that reaches over the network or into files, any case. */
static const struct str remote_starts[] = {STR_INIT("\\\\"), STR_INIT("file:"), STR_INIT("%5c%5c"),
                                           STR_INIT("smb:")};
static const struct str remote_parts[] = {STR_INIT("@ssl\\davwwwroot"), STR_INIT("\\davwwwroot\\"),
                                          STR_INIT("@ssl/davwwwroot")};
/* "\\?\C:\..." and "\\.\..." are of this machine. */
static const struct str local_starts[] = {STR_INIT("\\\\?\\"), STR_INIT("\\\\.\\")};

static bool has_part(struct str s, struct str part)
{
    return str_isearch(s, part) < s.n;
}

static bool is_remote(struct str value)
{
    value = str_trim(value);
    while (value.n > 0 && (*value.p == '"' || *value.p == '\''))
        value = str_slice(value, 1, value.n);
    for (size_t i = 0; i < ARRAY_LEN(remote_parts); i++)
        if (has_part(value, remote_parts[i]))
            return true;
    for (size_t i = 0; i < ARRAY_LEN(local_starts); i++)
        if (str_istarts(value, local_starts[i]) &&
            !str_istarts(str_slice(value, local_starts[i].n, value.n), STR("unc\\")))
            return false;
    for (size_t i = 0; i < ARRAY_LEN(remote_starts); i++)
        if (str_istarts(value, remote_starts[i]))
            return true;
    return false;
}

static void tell_remote(const struct attach *a, const char *field, struct str value)
{
    struct str shown = attach_shown(a, attach_first(a));
    value = name_show(a->c->arena, str_trim(value));
    finding_add(&a->c->report->findings, FINDING_ATTACH_URL_UNC, content_place(a->o),
                STR_FMT ": %s " STR_FMT, STR_ARG(shown), field, STR_ARG(value));
}

static bool is_word_byte(char c)
{
    return is_alnum(c) || c == '-' || c == '_';
}

/* The first word of `text` that is in the list, carets of the command line taken out. */
static struct str find_command(const struct attach *a, struct str text)
{
    char word[CONTENT_LIST_MAX_KEY];
    size_t n = 0;
    for (size_t i = 0; i <= text.n; i++) {
        char c = i < text.n ? text.p[i] : ' ';
        if (c == '^' || c == '`')
            continue;
        if (is_word_byte(c)) {
            if (n < sizeof word)
                word[n] = to_lower(c);
            n++;
            continue;
        }
        struct str whole = str_make(word, n < sizeof word ? n : 0);
        if (whole.n > 0 && content_lists_has(a->lists, LIST_SHORTCUT_COMMANDS, whole))
            return arena_copy(a->c->arena, whole);
        n = 0;
    }
    return STR("");
}

static size_t longest_blanks(struct str s)
{
    size_t run = 0, longest = 0;
    for (int32_t cp; (cp = utf8_next(&s)) != UTF8_END;) {
        run =
            name_is_blank(cp) || cp == '\r' || cp == '\n' || cp == '\v' || cp == '\f' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

/* A share among the arguments: "/c start \\host\a.exe". */
static struct str remote_argument(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool begins = i == 0 || is_fws(text.p[i - 1]) || text.p[i - 1] == '"' ||
                      text.p[i - 1] == '\'' || text.p[i - 1] == '=' || text.p[i - 1] == ',';
        if (text.p[i] == '\\' && begins && byte_at(text, i + 1) == '\\' &&
            is_alnum((char)byte_at(text, i + 2)))
            return str_slice(text, i, text.n);
    }
    return is_remote(text) ? text : STR("");
}

static void check_lnk(const struct attach *a)
{
    struct lnk l;
    struct arena *arena = a->c->arena;
    if (!lnk_read(arena, a->o->bytes, &l))
        return;
    struct str texts[] = {l.arguments, l.expanded, l.target, l.relative, l.items};
    struct str command = STR(""), target = l.expanded;
    for (size_t i = 0; i < ARRAY_LEN(texts) && command.n == 0; i++)
        command = find_command(a, texts[i]);
    if (target.n == 0)
        target = l.target.n > 0 ? l.target : l.relative.n > 0 ? l.relative : l.items;
    bool padded = longest_blanks(l.arguments) > MANY_BLANKS;
    struct str arguments = name_show(arena, l.arguments);
    target = name_show(arena, str_slice(target, 0, 100));
    finding_add(&a->c->report->findings, FINDING_ATTACH_LNK, content_place(a->o),
                "%s" STR_FMT "%s%sstarts " STR_FMT " " STR_FMT "%s", command.n > 0 ? "uses " : "",
                STR_ARG(command), command.n > 0 ? "; " : "",
                padded ? "hides its arguments behind blanks; " : "", STR_ARG(target),
                STR_ARG(arguments), l.damaged ? " (damaged)" : "");
    const struct {
        const char *field;
        struct str value;
    } values[] = {{"target", l.target},
                  {"target", l.expanded},
                  {"relative path", l.relative},
                  {"folder", l.working_dir},
                  {"icon", l.icon},
                  {"arguments", remote_argument(l.arguments)}};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        if (is_remote(values[i].value)) {
            tell_remote(a, values[i].field, values[i].value);
            return;
        }
    }
}

/* Bytes, or UTF-16 with its mark, as bytes; what is not ASCII becomes '?'. */
static struct str plain_text(struct arena *arena, struct str s)
{
    bool big = bytes_at(s, 0, STR("\xfe\xff"));
    struct buf b;
    s = str_slice(s, 0, LINK_WINDOW);
    if (!big && !bytes_at(s, 0, STR("\xff\xfe")))
        return s;
    buf_init(&b, s.n + 1);
    for (size_t i = 2; i + 1 < s.n; i += 2) {
        unsigned unit = big ? be16_at(s, i) : le16_at(s, i);
        buf_addc(&b, unit < 0x80 ? (char)unit : '?');
    }
    struct str out = arena_copy(arena, buf_str(&b));
    buf_clear(&b);
    return out;
}

/* "URL=\\server\share\a.exe": any key whose value Windows follows by itself. */
static void check_url(const struct attach *a)
{
    static const struct str keys[] = {STR_INIT("url"),      STR_INIT("baseurl"),
                                      STR_INIT("iconfile"), STR_INIT("workingdirectory"),
                                      STR_INIT("exec"),     STR_INIT("icon")};
    struct str text = plain_text(a->c->arena, a->o->bytes);
    while (text.p != NULL) {
        struct str value = str_trim(str_cut(&text, '\n'));
        struct str key = str_trim(str_cut(&value, '='));
        for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
            if (!str_ieq(key, keys[i]) || !is_remote(value))
                continue;
            tell_remote(a, keys[i].p, value);
            return;
        }
    }
}

/* Libraries and saved searches: any text or attribute that leads elsewhere, also by WebDAV. */
static void check_library(const struct attach *a)
{
    struct str text = plain_text(a->c->arena, a->o->bytes);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '>' && text.p[i] != '"' && text.p[i] != '\'')
            continue;
        struct str value = str_slice(text, i + 1, text.n);
        size_t end = 0;
        while (end < value.n && value.p[end] != '<' && value.p[end] != '"' && value.p[end] != '\'')
            end++;
        value = str_trim(str_slice(value, 0, end));
        bool web = text.p[i] == '>' &&
                   (str_istarts(value, STR("http:")) || str_istarts(value, STR("https:")));
        if (is_remote(value) || web) {
            tell_remote(a, "location", value);
            return;
        }
        i += end;
    }
}

static bool has_extension(const struct attach *a, struct str extension)
{
    for (size_t i = 0; i < a->n_names; i++)
        if (str_eq(a->names[i].name.extension, extension))
            return true;
    return false;
}

void attach_links(struct attach *a)
{
    enum file_type kind = a->o->kind;
    if (kind == FILE_LNK)
        check_lnk(a);
    else if (kind == FILE_URL_SHORTCUT || kind == FILE_DESKTOP_ENTRY ||
             (has_extension(a, STR("url")) && file_type_class(kind) == FILE_CLASS_TEXT))
        check_url(a);
    else if (kind == FILE_WINDOWS_LIBRARY || has_extension(a, STR("search-ms")) ||
             has_extension(a, STR("library-ms")))
        check_library(a);
}
