/* Master-file text into entries of tokens: comments, parentheses, quotes, escapes (RFC 1035 5.1).
 */
#include <stdlib.h>

#include "dns/zone_internal.h"

void zone_lexer_init(struct zone_lexer *lx, struct str text)
{
    *lx = (struct zone_lexer){.text = text, .line = 1};
}

void zone_lexer_clear(struct zone_lexer *lx)
{
    free(lx->tokens);
    lx->tokens = NULL;
    lx->n = lx->cap = 0;
}

static int add_token(struct zone_lexer *lx, struct zone_token t, struct mp_err *err)
{
    if (lx->n == ZONE_ENTRY_MAX_TOKENS)
        return mp_fail(err, MP_E_LIMIT, ZONE_ENTRY_MAX_TOKENS, "more than %d words in one entry",
                       ZONE_ENTRY_MAX_TOKENS);
    if (lx->n == lx->cap) {
        size_t cap = lx->cap == 0 ? 16 : lx->cap * 2;
        struct zone_token *grown = realloc(lx->tokens, cap * sizeof *grown);
        if (grown == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for the zone");
        lx->tokens = grown;
        lx->cap = cap;
    }
    lx->tokens[lx->n++] = t;
    return MP_OK;
}

/* `at` stands behind the opening quote. */
static int lex_quoted(struct zone_lexer *lx, struct mp_err *err)
{
    size_t from = lx->at;
    for (; lx->at < lx->text.n && lx->text.p[lx->at] != '\n'; lx->at++) {
        if (lx->text.p[lx->at] == '"') {
            struct zone_token t = {str_slice(lx->text, from, lx->at++), true};
            return add_token(lx, t, err);
        }
        if (lx->text.p[lx->at] == '\\' && lx->at + 1 < lx->text.n && lx->text.p[lx->at + 1] != '\n')
            lx->at++;
    }
    return mp_fail(err, MP_E_SYNTAX, 0, "the string is not closed");
}

static int lex_word(struct zone_lexer *lx, struct mp_err *err)
{
    size_t from = lx->at;
    for (; lx->at < lx->text.n; lx->at++) {
        char c = lx->text.p[lx->at];
        if (is_fws(c) || c == ';' || c == '(' || c == ')' || c == '"')
            break;
        if (c == '\\' && lx->at + 1 < lx->text.n && lx->text.p[lx->at + 1] != '\n')
            lx->at++;
    }
    struct zone_token t = {str_slice(lx->text, from, lx->at), false};
    return add_token(lx, t, err);
}

static void skip_comment(struct zone_lexer *lx)
{
    while (lx->at < lx->text.n && lx->text.p[lx->at] != '\n')
        lx->at++;
}

/* One step; *ended when a line end closes the entry. */
static int lex_step(struct zone_lexer *lx, bool *ended, struct mp_err *err)
{
    char c = lx->text.p[lx->at];
    switch (c) {
    case '\n':
        lx->at++;
        lx->line++;
        *ended = lx->depth == 0;
        return MP_OK;
    case ' ':
    case '\t':
    case '\r':
        lx->at++;
        return MP_OK;
    case ';':
        skip_comment(lx);
        return MP_OK;
    case '(':
        lx->at++;
        lx->depth++;
        return MP_OK;
    case ')':
        lx->at++;
        if (lx->depth == 0)
            return mp_fail(err, MP_E_SYNTAX, 0, "a parenthesis is closed that was not opened");
        lx->depth--;
        return MP_OK;
    case '"':
        lx->at++;
        return lex_quoted(lx, err);
    default:
        return lex_word(lx, err);
    }
}

int zone_lexer_next(struct zone_lexer *lx, struct mp_err *err)
{
    lx->n = 0;
    while (lx->n == 0 && lx->at < lx->text.n) {
        bool ended = false;
        lx->depth = 0;
        lx->entry_line = lx->line;
        lx->blank_start = is_wsp(lx->text.p[lx->at]);
        while (!ended && lx->at < lx->text.n) {
            int st = lex_step(lx, &ended, err);
            if (st != MP_OK) {
                lx->entry_line = lx->line;
                return st;
            }
        }
        if (!ended && lx->depth != 0)
            return mp_fail(err, MP_E_SYNTAX, 0, "a parenthesis is not closed");
    }
    return MP_OK;
}
