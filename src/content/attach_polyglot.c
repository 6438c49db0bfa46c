/* Bytes that are two files at once: which one they are depends on who looks. */
#include "base/bytes.h"
#include "content/attach_internal.h"
#include "content/package.h"
#include "content/zip_tail.h"

bool attach_may_hold_files(enum file_type t)
{
    enum file_class class = file_type_class(t);
    return class == FILE_CLASS_ARCHIVE || class == FILE_CLASS_DOCUMENT ||
           class == FILE_CLASS_MAIL || t == FILE_MSI;
}

/* A ZIP that begins behind a head of another kind. In what may hold files it must end where the
 * file does: so no member of theirs is taken for it. */
static bool check_zip(const struct attach *a)
{
    struct zip_tail tail;
    enum file_type kind = a->o->kind;
    if (package_or_zip(kind) || !zip_tail_find(a->o->bytes, &tail) || tail.first_local == 0 ||
        (attach_may_hold_files(kind) && tail.trailing > 0))
        return false;
    struct str shown = attach_shown(a, attach_first(a));
    finding_add(&a->c->report->findings, FINDING_ATTACH_POLYGLOT, content_place(a->o),
                "%s at 0, a ZIP archive at %zu; " STR_FMT, file_type_name(kind), tail.first_local,
                STR_ARG(shown));
    return true;
}

/* The data of the first member of a ZIP, stored as it is, or of a tar: that is a PDF within. */
static bool is_first_member(struct str bytes, enum file_type kind, size_t at)
{
    if (package_or_zip(kind) && kind != FILE_CRX) /* which has a head of its own */
        return at == ZIP_LOCAL_HEADER_BYTES + (size_t)le16_at(bytes, 26) + le16_at(bytes, 28) &&
               le16_at(bytes, 8) == 0;
    return attach_may_hold_files(kind) && kind != FILE_PDF;
}

/* "%PDF-1.4" within the first 1024 bytes, behind something else than blanks and a mark. */
static void check_pdf(const struct attach *a)
{
    enum { PDF_WINDOW = 1024 };
    struct str magic = STR("%PDF-"), bytes = a->o->bytes;
    struct str head = str_slice(bytes, 0, PDF_WINDOW + magic.n);
    size_t at = str_search(head, magic), blank = bytes_at(bytes, 0, STR("\xef\xbb\xbf")) ? 3 : 0;
    while (blank < head.n && is_fws(head.p[blank]))
        blank++;
    bool text = file_type_class(a->o->kind) == FILE_CLASS_TEXT || a->o->kind == FILE_SCRIPT;
    if (at == 0 || at >= head.n || blank == at || text ||
        !is_digit((char)byte_at(bytes, at + magic.n)) || byte_at(bytes, at + magic.n + 1) != '.' ||
        is_first_member(bytes, a->o->kind, at))
        return;
    struct str before = str_slice(bytes, 0, at);
    enum file_type kind = file_type_of(before);
    struct str shown = attach_shown(a, attach_first(a));
    finding_add(&a->c->report->findings, FINDING_ATTACH_POLYGLOT, content_place(a->o),
                "%s at 0, a PDF at %zu; " STR_FMT,
                file_type_name(a->o->kind == FILE_PDF ? kind : a->o->kind), at, STR_ARG(shown));
}

void attach_polyglot(struct attach *a)
{
    if (a->o->has_bytes && !check_zip(a))
        check_pdf(a);
}
