/* The lint: its order, and how a finding gets its place and evidence. */
#include "mime/lint_internal.h"

#include <stdio.h>

#include "base/utf8.h"
#include "message/mime_params.h"
#include "mime/limits.h"

enum { SHOWN_MAX = 120, WORDS_MAX = 256 };

struct finding *lint_add(struct lint *l, enum finding_id id, struct lint_at at, const char *fmt,
                         ...)
{
    struct finding_list *list = l->findings;
    if (list->per_kind[id] >= FINDINGS_PER_KIND_MAX) {
        list->dropped++;
        return NULL;
    }
    char words[WORDS_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    struct str bytes = str_slice(l->m->raw, at.offset, at.offset + at.length);
    struct buf shown;
    buf_init(&shown, 8 * SHOWN_MAX);
    utf8_add_printable(&shown, str_slice(bytes, 0, SHOWN_MAX), SHOWN_MAX);
    struct finding_where where = {.part = at.part == NULL ? STR_NONE : at.part->path,
                                  .header = at.header,
                                  .offset = at.offset,
                                  .length = bytes.n,
                                  .has_offset = true};
    struct finding *f = finding_add(list, id, where, "%s%s" STR_FMT, words,
                                    bytes.n == 0 ? "" : ": ", STR_ARG(buf_str(&shown)));
    buf_clear(&shown);
    return f;
}

struct str lint_line(struct str raw, size_t pos)
{
    struct str rest = str_slice(raw, pos, raw.n), line = str_slice(rest, 0, str_find(rest, '\n'));
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

size_t lint_next_line(struct str raw, size_t pos)
{
    size_t end = pos + str_find(str_slice(raw, pos, raw.n), '\n');
    return end < raw.n ? end + 1 : raw.n;
}

struct str lint_boundary(const struct mime_part *p)
{
    return p->is_multipart ? mime_param(p->params, p->n_params, STR("boundary")) : STR_NONE;
}

bool lint_is_content_field(struct str line)
{
    static const struct str prefix = STR_INIT("Content-");
    if (!str_istarts(line, prefix))
        return false;
    size_t i = prefix.n;
    while (i < line.n && (is_alnum(line.p[i]) || line.p[i] == '-'))
        i++;
    while (i < line.n && is_wsp(line.p[i]))
        i++;
    return i < line.n && line.p[i] == ':';
}

int mime_lint(struct arena *arena, const struct message *m, const struct mime_tree *tree,
              struct finding_list *findings, struct mp_err *err)
{
    struct lint_param params[MIME_FIELD_MAX_PARAMS];
    struct lint l = {.arena = arena, .m = m, .tree = tree, .findings = findings, .params = params};
    lint_heads(&l);
    lint_lines(&l);
    lint_bodies(&l);
    lint_structure(&l);
    if (l.no_memory)
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    return MP_OK;
}
