/* Data files: a head of "name: value" lines, then entries, one a line; sorted, searched by halves.
 */
#include "content/lists.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "content/lists_internal.h"

enum key_form { KEY_EXTENSION, KEY_MIME, KEY_WORD };

static const struct {
    const char *file;
    enum key_form form;
    bool has_types; /* "KEY = TYPE..." */
} kinds[CONTENT_LIST_COUNT] = {
    [LIST_EXTENSIONS_DANGEROUS] = {"extensions-dangerous.list", KEY_EXTENSION, false},
    [LIST_EXTENSIONS_RISKY] = {"extensions-risky.list", KEY_EXTENSION, false},
    [LIST_EXTENSIONS_DECOY] = {"extensions-decoy.list", KEY_EXTENSION, false},
    [LIST_EXTENSIONS_MACRO] = {"extensions-macro.list", KEY_EXTENSION, false},
    [LIST_EXTENSION_TYPES] = {"extension-types.list", KEY_EXTENSION, true},
    [LIST_MIME_TYPES] = {"mime-types.list", KEY_MIME, true},
    [LIST_SHORTCUT_COMMANDS] = {"shortcut-commands.list", KEY_WORD, false},
};

struct entry {
    struct str key;
    struct file_type_set types;
    size_t line; /* for messages while it is read */
};

struct content_lists {
    struct {
        struct entry *entries;
        size_t n;
    } lists[CONTENT_LIST_COUNT];
};

/* One file while it is read. */
struct reading {
    struct arena *arena;
    struct str name;
    enum content_list list;
    size_t line;
    bool seen[3]; /* of head_names */
    bool add;     /* mode: add */
    struct entry *entries;
    size_t n;
    struct mp_err *err;
};

static const struct str head_names[] = {STR_INIT("language"), STR_INIT("source"), STR_INIT("date")};

static int refuse(const struct reading *r, const char *what, struct str shown)
{
    return mp_fail(r->err, MP_E_SYNTAX, (int64_t)r->line, STR_FMT ":%zu: %s: \"" STR_FMT "\"",
                   STR_ARG(r->name), r->line, what, STR_ARG(str_slice(shown, 0, 80)));
}

static bool is_date(struct str s)
{
    static const struct str form = STR_INIT("dddd-dd-dd");
    for (size_t i = 0; s.n == form.n && i < form.n; i++)
        if (form.p[i] == 'd' ? !is_digit(s.p[i]) : s.p[i] != '-')
            return false;
    return s.n == form.n;
}

/* "name: value" above the first entry. */
static int read_head(struct reading *r, struct str name, struct str value)
{
    if (str_ieq(name, STR("mode"))) {
        r->add = str_ieq(value, STR("add"));
        return r->add || str_ieq(value, STR("replace"))
                   ? MP_OK
                   : refuse(r, "mode is \"add\" or \"replace\", not", value);
    }
    for (size_t i = 0; i < ARRAY_LEN(head_names); i++) {
        if (!str_ieq(name, head_names[i]))
            continue;
        if (r->seen[i])
            return refuse(r, "this line of the head stands twice", name);
        if (value.n == 0)
            return refuse(r, "this line of the head says nothing", name);
        if (i == 2 && !is_date(value))
            return refuse(r, "a date is YYYY-MM-DD, not", value);
        r->seen[i] = true;
        return MP_OK;
    }
    return refuse(r, "the head knows language, source, date and mode, not", name);
}

static int check_head(const struct reading *r)
{
    for (size_t i = 0; i < ARRAY_LEN(head_names); i++)
        if (!r->seen[i])
            return refuse(r, "the head has no line for", head_names[i]);
    return MP_OK;
}

static bool is_key_byte(enum key_form form, unsigned char c)
{
    if (c <= ' ' || c == 0x7f || c == '=' || c == '#')
        return false;
    return form != KEY_EXTENSION || (c != '.' && c != '/' && c != '\\');
}

static bool is_key(enum key_form form, struct str key)
{
    if (key.n == 0 || key.n > CONTENT_LIST_MAX_KEY)
        return false;
    for (size_t i = 0; i < key.n; i++)
        if (!is_key_byte(form, (unsigned char)key.p[i]))
            return false;
    size_t slash = str_find(key, '/');
    return form != KEY_MIME || (slash > 0 && slash + 1 < key.n && str_rfind(key, '/') == slash);
}

static bool type_by_name(struct str name, enum file_type *out)
{
    for (unsigned t = 0; t < FILE_TYPE_COUNT; t++) {
        if (str_eq(name, str_from(file_type_name((enum file_type)t)))) {
            *out = (enum file_type)t;
            return true;
        }
    }
    return false;
}

static struct str next_word(struct str *s)
{
    *s = str_trim_wsp(*s);
    size_t n = 0;
    while (n < s->n && !is_wsp(s->p[n]))
        n++;
    struct str word = str_slice(*s, 0, n);
    *s = str_slice(*s, n, s->n);
    return word;
}

static int read_types(struct reading *r, struct str text, struct file_type_set *out)
{
    struct str word = next_word(&text);
    if (word.n == 0)
        return refuse(r, "a type stands behind \"=\", not", text);
    for (; word.n > 0; word = next_word(&text)) {
        enum file_type t;
        if (!type_by_name(word, &t))
            return refuse(r, "no type of file has this name", word);
        file_type_set_add(out, t);
    }
    return MP_OK;
}

static int read_entry(struct reading *r, struct str line)
{
    struct entry e = {.line = r->line};
    struct str rest = line, key = str_trim_wsp(str_cut(&rest, '='));
    bool has_types = rest.p != NULL;
    int st = MP_OK;
    if (!is_key(kinds[r->list].form, key))
        return refuse(r,
                      kinds[r->list].form == KEY_MIME        ? "no MIME type"
                      : kinds[r->list].form == KEY_EXTENSION ? "no extension (without its dot)"
                                                             : "no single word",
                      key);
    if (has_types != kinds[r->list].has_types)
        return refuse(r,
                      has_types ? "nothing stands behind an entry of this list"
                                : "\"=\" and types stand behind an entry of this list",
                      line);
    if (has_types && (st = read_types(r, rest, &e.types)) != MP_OK)
        return st;
    struct str kept = arena_lower(r->arena, key);
    if (kept.p == NULL)
        return mp_fail(r->err, MP_E_NOMEM, 0, "no memory for " STR_FMT, STR_ARG(r->name));
    e.key = kept;
    r->entries[r->n++] = e;
    return MP_OK;
}

static int read_lines(struct reading *r, struct str text)
{
    bool in_head = true;
    while (text.p != NULL) {
        struct str line = str_trim(str_cut(&text, '\n'));
        r->line++;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        size_t colon = str_find(line, ':');
        in_head = in_head && colon < line.n;
        int st = in_head ? read_head(r, str_trim(str_slice(line, 0, colon)),
                                     str_trim(str_slice(line, colon + 1, line.n)))
                         : check_head(r);
        if (st == MP_OK && !in_head)
            st = read_entry(r, line);
        if (st != MP_OK)
            return st;
    }
    return check_head(r);
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = str_cmp(x->key, y->key);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* Sorted; what stands twice in the file is a mistake, but an entry that is added (line 0 was there
 * before) takes the place of the old one. */
static int sort_entries(struct reading *r)
{
    size_t kept = 0;
    qsort(r->entries, r->n, sizeof r->entries[0], compare_entries);
    for (size_t i = 0; i < r->n; i++) {
        struct entry *e = &r->entries[i], *last = kept > 0 ? &r->entries[kept - 1] : NULL;
        bool again = last != NULL && str_eq(last->key, e->key);
        r->line = e->line;
        if (again && last->line != 0)
            return refuse(r, "stands twice", e->key);
        r->entries[again ? kept - 1 : kept++] = *e;
    }
    r->n = kept;
    return MP_OK;
}

static bool find_list(struct str name, enum content_list *out)
{
    size_t slash = str_rfind(name, '/');
    struct str file = slash < name.n ? str_slice(name, slash + 1, name.n) : name;
    for (unsigned i = 0; i < CONTENT_LIST_COUNT; i++) {
        if (str_eq(file, str_from(kinds[i].file))) {
            *out = (enum content_list)i;
            return true;
        }
    }
    return false;
}

/* No more entries than lines; those that are there come along when the file adds. */
static int make_room(struct reading *r, struct str text, const struct content_lists *lists)
{
    size_t lines = 1, old = lists->lists[r->list].n;
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    r->entries = arena_new(r->arena, struct entry, lines + old);
    return r->entries != NULL
               ? MP_OK
               : mp_fail(r->err, MP_E_NOMEM, 0, "no memory for " STR_FMT, STR_ARG(r->name));
}

static void keep_old(struct reading *r, const struct content_lists *lists)
{
    for (size_t i = 0; i < lists->lists[r->list].n; i++) {
        r->entries[r->n] = lists->lists[r->list].entries[i];
        r->entries[r->n++].line = 0;
    }
}

int content_lists_parse(struct arena *arena, struct str name, struct str text,
                        struct content_lists *lists, struct mp_err *err)
{
    struct reading r = {.arena = arena, .name = name, .err = err};
    int st;
    if (!find_list(name, &r.list))
        return mp_fail(err, MP_E_USAGE, 0,
                       STR_FMT ": no list has this name: those of data/ do, see docs/data-lists.md",
                       STR_ARG(name));
    if (text.n > CONTENT_LIST_MAX_BYTES)
        return mp_fail(err, MP_E_LIMIT, CONTENT_LIST_MAX_BYTES, STR_FMT ": longer than %d bytes",
                       STR_ARG(name), CONTENT_LIST_MAX_BYTES);
    if (!utf8_valid(text))
        return mp_fail(err, MP_E_SYNTAX, 0, STR_FMT ": not UTF-8", STR_ARG(name));
    if ((st = make_room(&r, text, lists)) != MP_OK || (st = read_lines(&r, text)) != MP_OK)
        return st;
    if (r.add)
        keep_old(&r, lists);
    if (r.n > CONTENT_LIST_MAX_ENTRIES)
        return mp_fail(err, MP_E_LIMIT, CONTENT_LIST_MAX_ENTRIES, STR_FMT ": more than %d entries",
                       STR_ARG(name), CONTENT_LIST_MAX_ENTRIES);
    if ((st = sort_entries(&r)) != MP_OK)
        return st;
    lists->lists[r.list].entries = r.entries;
    lists->lists[r.list].n = r.n;
    return MP_OK;
}

int content_lists_new(struct arena *arena, struct content_lists **out, struct mp_err *err)
{
    struct content_lists *lists = arena_new(arena, struct content_lists, 1);
    if (lists == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the lists of content");
    for (unsigned i = 0; i < CONTENT_LIST_COUNT; i++) {
        int st = content_lists_parse(arena, str_from(kinds[i].file),
                                     content_list_text((enum content_list)i), lists, err);
        if (st != MP_OK)
            return st;
    }
    *out = lists;
    return MP_OK;
}

const char *content_list_file(enum content_list list)
{
    return kinds[list].file;
}

/* The generated table follows the names of files, not our order. */
struct str content_list_text(enum content_list list)
{
    for (size_t i = 0; i < content_data_count; i++)
        if (str_eq(str_from(content_data[i].file), str_from(kinds[list].file)))
            return str_make((const char *)content_data[i].bytes, content_data[i].n);
    return STR("");
}

static const struct entry *find(const struct content_lists *lists, enum content_list list,
                                struct str key)
{
    size_t from = 0, to = lists->lists[list].n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        const struct entry *e = &lists->lists[list].entries[middle];
        int order = str_cmp(key, e->key);
        if (order == 0)
            return e;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

bool content_lists_has(const struct content_lists *lists, enum content_list list, struct str key)
{
    return find(lists, list, key) != NULL;
}

const struct file_type_set *content_lists_types(const struct content_lists *lists,
                                                enum content_list list, struct str key)
{
    const struct entry *e = find(lists, list, key);
    return e == NULL ? NULL : &e->types;
}

size_t content_lists_count(const struct content_lists *lists, enum content_list list)
{
    return lists->lists[list].n;
}
