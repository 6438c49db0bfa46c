/* Data files: a head of "name: value" lines, then entries, one a line. */
#include <stdlib.h>

#include "base/fold.h"
#include "base/idna.h"
#include "base/utf8.h"
#include "base/word.h"
#include "content/lists_internal.h"

/* One file while it is read. */
struct reading {
    struct arena *arena;
    struct str name;
    enum content_list list;
    const struct list_kind *kind;
    struct str language; /* as the name of the file says; empty when the list has one file */
    size_t line;
    bool seen[3]; /* of head_names */
    bool add;     /* mode: add */
    struct content_entry *entries;
    size_t n;
    struct mp_err *err;
};

enum { HEAD_LANGUAGE, HEAD_SOURCE, HEAD_DATE };

static const struct str head_names[] = {STR_INIT("language"), STR_INIT("source"), STR_INIT("date")};

/* What is wrong with a key that is not of the form. */
static const char *const no_key[KEY_FORM_COUNT] = {
    [KEY_EXTENSION] = "no extension (without its dot)",
    [KEY_MIME] = "no MIME type",
    [KEY_WORD] = "no single word",
    [KEY_DOMAIN] = "no domain",
    [KEY_PLACE] = "no domain, and no domain with a path",
    [KEY_NAME] = "no name",
    [KEY_PHRASE] = "no word or phrase",
};

static const char *const value_missing[VALUE_FORM_COUNT] = {
    [VALUE_TYPES] = "\"=\" and types stand behind an entry of this list",
    [VALUE_DOMAINS] = "\"=\" and domains stand behind an entry of this list",
    [VALUE_ADDRESSES] = "\"=\" and addresses stand behind an entry of this list",
    [VALUE_GROUPS] = "\"=\" and groups stand behind an entry of this list",
};

static const char *const value_empty[VALUE_FORM_COUNT] = {
    [VALUE_TYPES] = "a type stands behind \"=\", not",
    [VALUE_DOMAINS] = "a domain stands behind \"=\", not",
    [VALUE_ADDRESSES] = "an address stands behind \"=\", not",
    [VALUE_GROUPS] = "a group stands behind \"=\", not",
};

static int refuse(const struct reading *r, const char *what, struct str shown)
{
    return mp_fail(r->err, MP_E_SYNTAX, (int64_t)r->line, STR_FMT ":%zu: %s: \"" STR_FMT "\"",
                   STR_ARG(r->name), r->line, what, STR_ARG(str_slice(shown, 0, 80)));
}

static int no_memory(const struct reading *r)
{
    return mp_fail(r->err, MP_E_NOMEM, 0, "no memory for " STR_FMT, STR_ARG(r->name));
}

/* ---- the head ---- */

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
        if (i == HEAD_DATE && !is_date(value))
            return refuse(r, "a date is YYYY-MM-DD, not", value);
        if (i == HEAD_LANGUAGE && r->language.n > 0 && !str_eq(value, r->language))
            return refuse(r, "the name of the file says another language than", value);
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

/* ---- keys ---- */

static bool is_key_byte(enum key_form form, unsigned char c)
{
    if (c < ' ' || c == 0x7f || c == '=' || c == '#')
        return false;
    if (c == ' ')
        return key_has_words(form);
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

/* A domain as DNS has it. */
static bool to_domain(struct reading *r, struct str text, struct str *out)
{
    struct str ascii;
    if (!idna_to_ascii(r->arena, text, &ascii) || !domain_is_ldh(ascii))
        return false;
    *out = ascii;
    return true;
}

/* In lower case, one blank between words. p == NULL: no memory. */
static struct str with_single_blanks(struct reading *r, struct str text)
{
    char *p = arena_new(r->arena, char, text.n + 1);
    size_t n = 0;
    for (struct str word; p != NULL && (word = str_word(&text)).n > 0;) {
        if (n > 0)
            p[n++] = ' ';
        for (size_t i = 0; i < word.n; i++)
            p[n++] = to_lower(word.p[i]);
    }
    return str_make(p, n);
}

/* As words are compared. False: there is no word in it, or a word too short to go on. */
static bool to_words(struct reading *r, struct content_entry *e)
{
    char *out = arena_new(r->arena, char, FOLD_BYTES(e->key.n));
    if (out == NULL) {
        e->key = STR_NONE;
        return true;
    }
    struct str folded = fold_text(e->key, out);
    e->folded = folded.n > 2 ? str_slice(folded, 1, folded.n - 1) : STR_NONE;
    bool goes_on = e->stem && !str_has(e->folded, ' ');
    return e->folded.n > 0 && (!goes_on || e->folded.n >= WORD_STEM_BYTES);
}

/* "example.com/path": the path keeps its case. */
static bool to_place(struct reading *r, struct str text, struct str *out)
{
    struct str rest = text, host = str_cut(&rest, '/'), domain;
    if (!to_domain(r, host, &domain))
        return false;
    struct str parts[] = {domain, str_slice(text, host.n, text.n)};
    *out = arena_join(r->arena, parts, ARRAY_LEN(parts));
    return true;
}

static int read_key(struct reading *r, struct str key, struct content_entry *e)
{
    enum key_form form = r->kind->key;
    struct str text = key;
    if (form == KEY_NAME && text.n > 2 && text.p[0] == '"' && text.p[text.n - 1] == '"') {
        e->whole = true;
        text = str_slice(text, 1, text.n - 1);
    }
    if (form == KEY_PHRASE && text.n > 1 && text.p[text.n - 1] == '*') {
        e->stem = true;
        text = str_slice(text, 0, text.n - 1);
    }
    bool ok = is_key(form, text);
    if (ok && form == KEY_DOMAIN)
        ok = to_domain(r, text, &e->key);
    else if (ok && form == KEY_PLACE)
        ok = to_place(r, text, &e->key);
    else if (ok)
        e->key = key_has_words(form) ? with_single_blanks(r, text) : arena_lower(r->arena, text);
    if (ok && e->key.p != NULL && key_has_words(form))
        ok = to_words(r, e);
    if (!ok)
        return refuse(r, no_key[form], key);
    return e->key.p == NULL ? no_memory(r) : MP_OK;
}

/* ---- values ---- */

static bool add_type(struct str name, struct content_entry *e)
{
    for (unsigned t = 0; t < FILE_TYPE_COUNT; t++) {
        if (str_eq(name, str_from(file_type_name((enum file_type)t)))) {
            file_type_set_add(&e->types, (enum file_type)t);
            return true;
        }
    }
    return false;
}

static bool add_group(struct str name, struct content_entry *e)
{
    for (unsigned g = 0; g < WORD_GROUP_COUNT; g++) {
        if (str_eq(name, str_from(word_group_name((enum word_group)g)))) {
            e->groups |= 1u << g;
            return true;
        }
    }
    return false;
}

static int read_words(struct reading *r, struct str text, struct content_entry *e)
{
    bool types = r->kind->value == VALUE_TYPES;
    for (struct str word; (word = str_word(&text)).n > 0;)
        if (types ? !add_type(word, e) : !add_group(word, e))
            return refuse(r, types ? "no type of file has this name" : "no group has this name",
                          word);
    return MP_OK;
}

static bool to_address(struct reading *r, struct str text, struct str *out)
{
    size_t at = str_rfind(text, '@');
    struct str domain;
    if (at == 0 || at >= text.n || !to_domain(r, str_slice(text, at + 1, text.n), &domain))
        return false;
    struct str parts[] = {arena_lower(r->arena, str_slice(text, 0, at + 1)), domain};
    *out = arena_join(r->arena, parts, ARRAY_LEN(parts));
    return true;
}

static int read_names(struct reading *r, struct str text, struct content_entry *e)
{
    bool domains = r->kind->value == VALUE_DOMAINS;
    struct str values[CONTENT_LIST_MAX_VALUES];
    for (struct str word; (word = str_word(&text)).n > 0;) {
        if (e->n_values == CONTENT_LIST_MAX_VALUES)
            return refuse(r, "no entry has so many", word);
        struct str *value = &values[e->n_values++];
        if (domains ? !to_domain(r, word, value) : !to_address(r, word, value))
            return refuse(r, domains ? "no domain" : "no address", word);
        if (value->p == NULL)
            return no_memory(r);
    }
    struct str *kept = arena_new(r->arena, struct str, e->n_values);
    if (kept == NULL)
        return no_memory(r);
    memcpy(kept, values, e->n_values * sizeof values[0]);
    e->values = kept;
    return MP_OK;
}

/* ---- entries ---- */

static int read_values(struct reading *r, struct str text, struct content_entry *e)
{
    enum value_form form = r->kind->value;
    if (str_trim_wsp(text).n == 0)
        return refuse(r, value_empty[form], text);
    return form == VALUE_TYPES || form == VALUE_GROUPS ? read_words(r, text, e)
                                                       : read_names(r, text, e);
}

static int read_entry(struct reading *r, struct str line)
{
    struct content_entry e = {.line = r->line, .language = r->language};
    struct str rest = line, keys = str_trim_wsp(str_cut(&rest, '='));
    bool has_values = rest.p != NULL, several = key_has_words(r->kind->key);
    int st = MP_OK;
    if (has_values != (r->kind->value != VALUE_NONE)) {
        st = read_key(r, keys, &e);
        return st != MP_OK ? st
                           : refuse(r,
                                    has_values ? "nothing stands behind an entry of this list"
                                               : value_missing[r->kind->value],
                                    line);
    }
    if (has_values && (st = read_values(r, rest, &e)) != MP_OK)
        return st;
    while (keys.p != NULL && st == MP_OK) {
        struct content_entry one = e;
        st = read_key(r, several ? str_trim_wsp(str_cut(&keys, ',')) : keys, &one);
        if (st == MP_OK)
            r->entries[r->n++] = one;
        keys = several ? keys : STR_NONE;
    }
    return st;
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

/* ---- the list ---- */

static int compare_keys(const struct content_entry *x, const struct content_entry *y)
{
    int order = str_cmp(x->key, y->key);
    return order != 0 ? order : str_cmp(x->language, y->language);
}

static int compare_entries(const void *a, const void *b)
{
    const struct content_entry *x = a, *y = b;
    int order = compare_keys(x, y);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* Sorted; what stands twice in the file is a mistake. */
static int sort_entries(struct reading *r)
{
    qsort(r->entries, r->n, sizeof r->entries[0], compare_entries);
    for (size_t i = 1; i < r->n; i++) {
        const struct content_entry *e = &r->entries[i];
        r->line = e->line;
        if (compare_keys(&r->entries[i - 1], e) == 0)
            return refuse(r, "stands twice", e->key);
    }
    return MP_OK;
}

static bool is_language(struct str tag)
{
    for (size_t i = 0; i < tag.n; i++)
        if (!is_alnum(tag.p[i]) && tag.p[i] != '-')
            return false;
    return tag.n >= 2 && tag.n <= 16;
}

/* "lure-words.de.list" is the file of German words. */
static bool is_file_of(struct reading *r, struct str file, const struct list_kind *kind)
{
    static const struct str ending = STR_INIT("list");
    struct str name = str_from(kind->file), rest = file;
    if (!kind->by_language)
        return str_eq(file, name);
    struct str stem = str_slice(name, 0, name.n - ending.n);
    if (!str_starts(file, stem))
        return false;
    rest = str_slice(file, stem.n, file.n);
    struct str language = str_cut(&rest, '.');
    if (!is_language(language) || !str_eq(rest, ending))
        return false;
    r->language = arena_lower(r->arena, language);
    return r->language.p != NULL;
}

static bool find_list(struct reading *r)
{
    size_t slash = str_rfind(r->name, '/');
    struct str file = slash < r->name.n ? str_slice(r->name, slash + 1, r->name.n) : r->name;
    for (unsigned i = 0; i < CONTENT_LIST_COUNT; i++) {
        if (is_file_of(r, file, &list_kinds[i])) {
            r->list = (enum content_list)i;
            r->kind = &list_kinds[i];
            return true;
        }
    }
    return false;
}

/* No more entries than lines and commas; those that are there come along when they stay. */
static int make_room(struct reading *r, struct str text, const struct content_lists *lists)
{
    size_t most = 1, old = lists->lists[r->list].n;
    for (size_t i = 0; i < text.n; i++)
        most += text.p[i] == '\n' || (text.p[i] == ',' && key_has_words(r->kind->key));
    r->entries = arena_new(r->arena, struct content_entry, most + old);
    return r->entries != NULL ? MP_OK : no_memory(r);
}

/* What stays: everything when the file adds, else what other files of the list brought. */
static bool stays(const struct reading *r, const struct content_entry *old)
{
    return r->add || !str_eq(old->language, r->language);
}

/* Both sorted, from the end on: there is room behind what was read. An entry that was read takes
 * the place of the old one. */
static void merge_old(struct reading *r, const struct content_list_of_kind *old)
{
    size_t end = r->n + old->n, from = r->n, to = end;
    for (size_t i = old->n; i-- > 0;) {
        const struct content_entry *e = &old->entries[i];
        int order = -1;
        if (!stays(r, e))
            continue;
        while (from > 0 && (order = compare_keys(&r->entries[from - 1], e)) > 0)
            r->entries[--to] = r->entries[--from];
        if (from == 0 || order != 0)
            r->entries[--to] = *e;
    }
    while (from > 0)
        r->entries[--to] = r->entries[--from];
    r->entries += to;
    r->n = end - to;
}

/* What was read takes its place in the lists. */
static int put(struct reading *r, struct content_lists *lists)
{
    const struct content_list_of_kind *old = &lists->lists[r->list];
    size_t n = r->n;
    for (size_t i = 0; i < old->n; i++)
        n += stays(r, &old->entries[i]);
    if (n > CONTENT_LIST_MAX_ENTRIES)
        return mp_fail(r->err, MP_E_LIMIT, CONTENT_LIST_MAX_ENTRIES,
                       STR_FMT ": more than %d entries", STR_ARG(r->name),
                       CONTENT_LIST_MAX_ENTRIES);
    int st = sort_entries(r);
    if (st != MP_OK)
        return st;
    merge_old(r, old);
    struct content_list_of_kind made = {.entries = r->entries, .n = r->n};
    if (!keys_index(r->arena, &made) ||
        (key_has_words(r->kind->key) && !words_index(r->arena, &made)))
        return no_memory(r);
    lists->lists[r->list] = made;
    return MP_OK;
}

int content_lists_parse(struct arena *arena, struct str name, struct str text,
                        struct content_lists *lists, struct mp_err *err)
{
    struct reading r = {.arena = arena, .name = name, .err = err};
    int st;
    if (!find_list(&r))
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
    return put(&r, lists);
}

int content_lists_add_domain(struct arena *arena, enum content_list list, struct str domain,
                             struct content_lists *lists, struct mp_err *err)
{
    const struct list_kind *kind = &list_kinds[list];
    struct reading r = {.arena = arena,
                        .name = str_from(kind->file),
                        .list = list,
                        .kind = kind,
                        .line = 1,
                        .add = true,
                        .err = err};
    int st = make_room(&r, STR(""), lists);
    if (st != MP_OK)
        return st;
    if (kind->key != KEY_DOMAIN || kind->value != VALUE_NONE ||
        !to_domain(&r, domain, &r.entries[0].key) || domain_labels(r.entries[0].key) < 2)
        return mp_fail(err, MP_E_USAGE, 0, "\"" STR_FMT "\" is no domain", STR_ARG(domain));
    r.entries[0].line = 1;
    r.n = 1;
    return put(&r, lists);
}
