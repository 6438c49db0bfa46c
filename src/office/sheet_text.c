/* Tables as text: SYLK with macros of Excel 4, and columns whose cells are formulas of DDE. */
#include "office/office_internal.h"
#include "office/text.h"

bool is_sylk(struct str bytes)
{
    return str_starts(bytes, STR("ID;"));
}

static struct str take_line(struct str *rest)
{
    struct str line = str_cut(rest, '\n');
    return line.n > 0 && line.p[line.n - 1] == '\r' ? str_slice(line, 0, line.n - 1) : line;
}

static bool is_name_char(char c)
{
    return is_alnum(c) || c == '_' || c == '.' || c == '\\' || c == ':' || (unsigned char)c >= 0x80;
}

/* A formula `server|'topic'!item`, `server|topic!item` within `cell`: the name of a program in
 * front of the bar, something behind it, and a name behind the "!". */
bool is_dde_formula(struct str cell)
{
    size_t bar = str_find(cell, '|');
    if (bar == 0 || bar + 1 >= cell.n)
        return false;
    size_t from = bar;
    while (from > 0 && is_name_char(cell.p[from - 1]))
        from--;
    bool quoted = from == bar && cell.p[bar - 1] == '\'';
    struct str rest = str_slice(cell, bar + 1, cell.n);
    size_t bang = str_rfind(rest, '!');
    bool topic = is_name_char(rest.p[0]) || rest.p[0] == '\'' || rest.p[0] == '/';
    return (quoted || (from < bar && is_alpha(cell.p[from]))) && topic && bang > 0 &&
           bang + 1 < rest.n &&
           (is_alnum(rest.p[bang + 1]) || rest.p[bang + 1] == '_' || rest.p[bang + 1] == '\'');
}

/* ---- columns ---- */

static bool begins_formula(struct str cell)
{
    return cell.n > 0 && (*cell.p == '=' || *cell.p == '+' || *cell.p == '-' || *cell.p == '@');
}

static void take_cell(struct reader *r, struct str cell)
{
    cell = str_trim(cell);
    if (cell.n > 1 && *cell.p == '"')
        cell = str_trim(str_slice(cell, 1, cell.n - (cell.p[cell.n - 1] == '"')));
    if (begins_formula(cell) && is_dde_formula(cell))
        add_dde(r, cell);
}

/* Cells end at a separator outside of quotes, or with the line. A formula may hold separators
 * within the quotes of its topic. */
static void take_row(struct reader *r, struct str line)
{
    size_t from = 0;
    char quote = 0;
    for (size_t i = 0; i < line.n; i++) {
        char c = line.p[i];
        if (quote != 0)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || (c == '\'' && i > 0 && line.p[i - 1] == '|'))
            quote = c;
        else if (c == ',' || c == ';' || c == '\t') {
            take_cell(r, str_slice(line, from, i));
            from = i + 1;
        }
    }
    take_cell(r, str_slice(line, from, line.n));
}

void read_csv(struct reader *r, struct str bytes)
{
    if (str_starts(bytes, STR("\xff\xfe"))) {
        bytes = text_utf16(r->arena, bytes, false);
        r->failed |= bytes.p == NULL;
    }
    if (str_starts(bytes, STR("\xef\xbb\xbf")))
        bytes = str_slice(bytes, 3, bytes.n);
    for (struct str rest = bytes; rest.n > 0;) {
        struct str line = take_line(&rest);
        if (str_has(line, '|') && str_has(line, '!'))
            take_row(r, line);
    }
}

/* ---- SYLK ---- */

/* The next field of a record; ";;" is a semicolon within it. */
static struct str take_field(struct str *rest)
{
    size_t i = 0;
    while (i < rest->n && (rest->p[i] != ';' || (i + 1 < rest->n && rest->p[i + 1] == ';')))
        i += rest->p[i] == ';' ? 2 : 1;
    struct str field = str_slice(*rest, 0, i);
    *rest = str_slice(*rest, i + 1, rest->n);
    return field;
}

/* Functions that only macro sheets have, and that start or write something. */
static bool is_macro_formula(struct str formula)
{
    static const struct str words[] = {STR_INIT("EXEC("),     STR_INIT("CALL("),
                                       STR_INIT("REGISTER("), STR_INIT("FOPEN("),
                                       STR_INIT("RUN("),      STR_INIT("FORMULA.FILL(")};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_istarts(formula, words[i]))
            return true;
    return false;
}

static void take_sylk(struct reader *r, struct str line)
{
    struct str rest = line, type = take_field(&rest);
    bool options = str_eq(type, STR("O")), cell = str_eq(type, STR("C"));
    while (rest.n > 0 && (options || cell)) {
        struct str field = take_field(&rest), formula = str_slice(field, 1, field.n);
        if (options && str_eq(field, STR("E")))
            add_xlm(r, STR("a macro sheet"));
        if (!cell || field.n < 2 || *field.p != 'E')
            continue;
        if (is_macro_formula(formula))
            add_xlm(r, formula);
        else if (is_dde_formula(formula))
            add_dde(r, formula);
    }
    if (str_istarts(line, STR("NN;NAuto_open")) && r->o->n_xlm > 0)
        add_xlm(r, STR("run by the name Auto_Open"));
}

void read_sylk(struct reader *r, struct str bytes)
{
    for (struct str rest = bytes; rest.n > 0;)
        take_sylk(r, take_line(&rest));
}
