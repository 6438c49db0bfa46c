/* Edits of a message's fields as packets: in an order in which no edit moves another's place, with
 * values that cannot end their field. */
#include "milter/edit.h"

#include <stdlib.h>

/* Is it a field's name (RFC 5322 3.6.8)? */
static bool is_name(struct str name)
{
    if (name.n == 0 || name.n > MILTER_NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~' || name.p[i] == ':')
            return false;
    return true;
}

/* Does the edit name a field of the message? */
static bool has_place(const struct milter_edit *e)
{
    return e->kind == MILTER_EDIT_REMOVE || e->kind == MILTER_EDIT_REPLACE;
}

static int check_edit(const struct milter_edit *e, struct mp_err *err)
{
    if (!is_name(e->name))
        return mp_fail(err, MP_E_USAGE, 0, "\"%.*s\" is no field's name",
                       (int)(e->name.n < 80 ? e->name.n : 80), e->name.n > 0 ? e->name.p : "");
    if (has_place(e) && (e->nth == 0 || e->nth > INT32_MAX))
        return mp_fail(err, MP_E_USAGE, 0, "no field " STR_FMT " number %u", STR_ARG(e->name),
                       e->nth);
    if (e->value.n > MILTER_VALUE_MAX_BYTES)
        return mp_fail(err, MP_E_LIMIT, MILTER_VALUE_MAX_BYTES,
                       "the value for " STR_FMT " is longer than %d bytes", STR_ARG(e->name),
                       MILTER_VALUE_MAX_BYTES);
    return MP_OK;
}

/* By name, the lowest field first: what is above it keeps its number when that is gone. */
static int by_place(const void *a, const void *b)
{
    const struct milter_edit *x = *(const struct milter_edit *const *)a;
    const struct milter_edit *y = *(const struct milter_edit *const *)b;
    int names = str_icmp(x->name, y->name);
    return names != 0 ? names : (x->nth < y->nth) - (x->nth > y->nth);
}

/* White space that begins with a line break: a fold, or a space, or nothing at the end. */
static size_t write_break(struct buf *out, struct str value, size_t at)
{
    size_t end = at, fold = value.n;
    while (end < value.n && is_fws(value.p[end])) {
        if (value.p[end] == '\n')
            fold = end + 1;
        end++;
    }
    if (end == value.n)
        return end;
    if (fold >= end || !is_wsp(value.p[fold])) {
        buf_addc(out, ' ');
        return end;
    }
    buf_addc(out, '\n');
    for (size_t i = fold; i < end; i++)
        if (is_wsp(value.p[i]))
            buf_addc(out, value.p[i]);
    return end;
}

static bool is_control(char c)
{
    return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

static void write_value(struct buf *out, struct str value, bool leading_space)
{
    size_t start = out->n;
    bool folded = str_starts(value, STR("\n")) || str_starts(value, STR("\r\n"));
    if (leading_space && !folded)
        buf_addc(out, ' ');
    for (size_t at = 0; at < value.n;) {
        char c = value.p[at];
        if (c == '\r' || c == '\n') {
            at = write_break(out, value, at);
            continue;
        }
        size_t run = at;
        while (run < value.n && !is_control(value.p[run]))
            run++;
        buf_add(out, str_slice(value, at, run));
        if (run == at) {
            buf_addc(out, '?');
            run++;
        }
        at = run;
    }
    if (out->n == start) /* nothing would be a removal */
        buf_addc(out, ' ');
}

/* The length of the packet that began at `start` is known now. */
static void end_packet(struct buf *out, size_t start)
{
    if (out->failed)
        return;
    size_t length = out->n - start - 4;
    for (unsigned i = 0; i < 4; i++)
        out->p[start + i] = (char)(length >> (24 - 8 * i));
}

static void write_edit(struct buf *out, const struct milter_edit *e, bool leading_space)
{
    size_t start = out->n;
    milter_number_write(out, 0);
    buf_addc(out, (char)(has_place(e)                    ? MILTER_CHANGE_HEADER
                         : e->kind == MILTER_EDIT_INSERT ? MILTER_INSERT_HEADER
                                                         : MILTER_ADD_HEADER));
    if (e->kind != MILTER_EDIT_APPEND)
        milter_number_write(out, has_place(e) ? e->nth : 0);
    buf_add(out, e->name);
    buf_addc(out, '\0');
    if (e->kind != MILTER_EDIT_REMOVE)
        write_value(out, e->value, leading_space);
    buf_addc(out, '\0');
    end_packet(out, start);
}

/* What names a place first, then what would move places; INSERT puts each above the last one. */
static int write_edits(struct buf *out, const struct milter_edit *edits, size_t n,
                       const struct milter_edit **placed, bool leading_space, struct mp_err *err)
{
    size_t n_placed = 0;
    for (size_t i = 0; i < n; i++)
        if (has_place(&edits[i]))
            placed[n_placed++] = &edits[i];
    qsort(placed, n_placed, sizeof placed[0], by_place);
    for (size_t i = 0; i < n_placed; i++) {
        if (i > 0 && by_place(&placed[i - 1], &placed[i]) == 0)
            return mp_fail(err, MP_E_USAGE, 0, "two edits of field " STR_FMT " number %u",
                           STR_ARG(placed[i]->name), placed[i]->nth);
        write_edit(out, placed[i], leading_space);
    }
    for (size_t i = n; i-- > 0;)
        if (edits[i].kind == MILTER_EDIT_INSERT)
            write_edit(out, &edits[i], leading_space);
    for (size_t i = 0; i < n; i++)
        if (edits[i].kind == MILTER_EDIT_APPEND)
            write_edit(out, &edits[i], leading_space);
    return out->failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory for the edits of a message")
                       : MP_OK;
}

int milter_edits_write(struct buf *out, const struct milter_edit *edits, size_t n,
                       bool leading_space, struct mp_err *err)
{
    if (n > MILTER_MAX_EDITS)
        return mp_fail(err, MP_E_LIMIT, MILTER_MAX_EDITS, "%zu edits of a message, %d are allowed",
                       n, MILTER_MAX_EDITS);
    for (size_t i = 0; i < n; i++) {
        int st = check_edit(&edits[i], err);
        if (st != MP_OK)
            return st;
    }
    if (n == 0)
        return MP_OK;
    const struct milter_edit **placed = malloc(n * sizeof *placed);
    size_t start = out->n;
    bool failed = out->failed;
    int st = placed == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for the edits of a message")
                            : write_edits(out, edits, n, placed, leading_space, err);
    free(placed);
    if (st != MP_OK) {
        out->n = start;
        out->failed = failed;
    }
    return st;
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* `doubled`: "%" must be, MTAs take the text for a format. */
static void write_clean(struct buf *out, struct str text, bool doubled)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        buf_addc(out, (char)(c == '\t' ? ' ' : c < ' ' || c > '~' ? '?' : c));
        if (c == '%' && doubled)
            buf_addc(out, c);
    }
}

/* The next line off the front: up to LF, or as much as fits, broken at the last space. */
static struct str next_line(struct str *text)
{
    struct str rest = *text, line = str_trim(str_cut(&rest, '\n'));
    if (line.n <= MILTER_REFUSAL_LINE_MAX_BYTES) {
        *text = rest;
        return line;
    }
    size_t end = str_rfind(str_slice(line, 0, MILTER_REFUSAL_LINE_MAX_BYTES), ' ');
    if (end == 0 || end >= MILTER_REFUSAL_LINE_MAX_BYTES)
        end = MILTER_REFUSAL_LINE_MAX_BYTES;
    *text = str_slice(*text, (size_t)(line.p - text->p) + end, text->n);
    return str_trim(str_slice(line, 0, end));
}

static size_t split_lines(struct str text, unsigned code, struct str lines[])
{
    size_t n = 0;
    while (text.p != NULL && n < MILTER_REFUSAL_MAX_LINES) {
        lines[n] = next_line(&text);
        n += lines[n].n > 0;
    }
    if (n == 0)
        lines[n++] = code < 500 ? STR("Try again later") : STR("Refused");
    return n;
}

int milter_refusal_write(struct buf *out, const struct milter_refusal *r, struct mp_err *err)
{
    unsigned class_ = r->code / 100;
    if ((class_ != 4 && class_ != 5) || (r->class_ != 0 && r->class_ != class_) ||
        r->subject > 999 || r->detail > 999)
        return mp_fail(err, MP_E_USAGE, r->code, "no refusal: %u %u.%u.%u", r->code, r->class_,
                       r->subject, r->detail);
    struct str lines[MILTER_REFUSAL_MAX_LINES];
    size_t n = split_lines(r->text, r->code, lines), start = out->n;
    unsigned subject = r->class_ != 0 ? r->subject : 7, detail = r->class_ != 0 ? r->detail : 1;
    milter_number_write(out, 0);
    buf_addc(out, MILTER_REPLY_CODE);
    for (size_t i = 0; i < n; i++) {
        buf_addf(out, "%u%c%u.%u.%u ", r->code, i + 1 < n ? '-' : ' ', class_, subject, detail);
        write_clean(out, lines[i], true);
        if (i + 1 < n)
            buf_add(out, STR("\r\n"));
    }
    buf_addc(out, '\0');
    end_packet(out, start);
    return out->failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a refusal") : MP_OK;
}

void milter_quarantine_write(struct buf *out, struct str reason)
{
    size_t start = out->n;
    milter_number_write(out, 0);
    buf_addc(out, MILTER_QUARANTINE);
    write_clean(out, str_slice(reason, 0, MILTER_REFUSAL_LINE_MAX_BYTES), false);
    buf_addc(out, '\0');
    end_packet(out, start);
}
