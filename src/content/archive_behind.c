/* RAR and 7z that begin behind other bytes: their programs look further than at 0. */
#include <zlib.h>

#include "base/bytes.h"
#include "content/archive_lib.h"
#include "content/attach_internal.h"

enum {
    BEHIND_WINDOW_BYTES = 1024 * 1024, /* as far as UnRAR looks */
    BEHIND_MAX_TRIES = 16,             /* places that look like one and give nothing */
    SIGNATURE_BYTES = 6,
    SEVENZIP_HEADER_BYTES = 32
};

/* The main header of RAR 4, or the main or encryption header of RAR 5, follows. */
static bool is_rar(struct str s, size_t at)
{
    enum { RAR4_MAIN_BYTES = 13 };
    if (byte_at(s, at + 6) == 0)
        return at + 7 + RAR4_MAIN_BYTES <= s.n && byte_at(s, at + 9) == RAR4_MAIN &&
               le16_at(s, at + 12) >= RAR4_MAIN_BYTES;
    size_t type = at + 12; /* behind a size of at most three octets */
    while (type < at + 14 && (byte_at(s, type) & 0x80) != 0)
        type++;
    type++;
    return byte_at(s, at + 6) == 1 && byte_at(s, at + 7) == 0 && type < s.n &&
           (byte_at(s, type) == RAR5_MAIN || byte_at(s, type) == RAR5_ENCRYPTION);
}

/* The checksum of the start header is right. */
static bool is_sevenzip(struct str s, size_t at)
{
    return byte_at(s, at + 6) == 0 && s.n - at >= SEVENZIP_HEADER_BYTES &&
           le32_at(s, at + 8) == crc32_z(0, (const Bytef *)s.p + at + 12, 20);
}

/* By its rarest octet: files of zeros, text and pictures are passed at the speed of memory. */
static size_t find_kind(struct str bytes, size_t from, struct str signature, size_t rarest,
                        bool (*is_one)(struct str, size_t))
{
    struct str window = str_slice(bytes, 0, BEHIND_WINDOW_BYTES + SIGNATURE_BYTES);
    for (size_t at = from + rarest; at < window.n; at++) {
        at += str_find(str_slice(window, at, window.n), signature.p[rarest]);
        if (at < window.n && str_starts(str_slice(bytes, at - rarest, bytes.n), signature) &&
            is_one(bytes, at - rarest))
            return at - rarest;
    }
    return bytes.n;
}

bool behind_find(enum file_type kind, struct str bytes, size_t from, struct behind *out)
{
    if (is_archive(kind) || from >= bytes.n)
        return false;
    size_t rar = find_kind(bytes, from, STR("Rar!\x1a\x07"), 4, is_rar);
    size_t seven = find_kind(bytes, from, STR("7z\xbc\xaf\x27\x1c"), 2, is_sevenzip);
    *out = rar < seven ? (struct behind){.kind = FILE_RAR, .at = rar}
                       : (struct behind){.kind = FILE_SEVENZIP, .at = seven};
    return out->at < bytes.n;
}

/* Does it end where its file does? Of RAR: are the last bytes its end block? */
static bool ends_with_file(struct str archive, enum file_type kind)
{
    if (kind == FILE_RAR)
        return str_ends(archive, STR("\xc4\x3d\x7b\x00\x40\x07\x00")) ||
               str_ends(archive, STR("\x1d\x77\x56\x51\x03\x05\x04\x00"));
    uint64_t room = archive.n - SEVENZIP_HEADER_BYTES, offset = le64_at(archive, 12);
    return offset <= room && le64_at(archive, 20) == room - offset;
}

/* A program with an archive behind it unpacks itself; documents hold whole files as they are. */
static void tell_behind(struct inspector *in, const struct content_object *o,
                        const struct behind *b)
{
    if (file_type_class(o->kind) == FILE_CLASS_EXECUTABLE ||
        (attach_may_hold_files(o->kind) &&
         !ends_with_file(str_slice(o->bytes, b->at, o->bytes.n), b->kind)))
        return;
    finding_add(in->site.findings, FINDING_ATTACH_POLYGLOT, in->site.where,
                "%s at 0, %s archive at %zu", file_type_name(o->kind),
                b->kind == FILE_RAR ? "a RAR" : "a 7z", b->at);
}

int behind_open(struct inspector *in, const struct content_object *o, struct mp_err *err)
{
    struct behind b = {.at = 0};
    int st = MP_OK;
    size_t from = 1, before = in->c->report->n;
    for (unsigned i = 0; st == MP_OK && behind_find(o->kind, o->bytes, from, &b); i++) {
        if (i == BEHIND_MAX_TRIES) {
            inspect_cut(in, CUT_HEADERS);
            return MP_OK;
        }
        in->is_guess = true;
        st = lib_open(in, b.kind, str_slice(o->bytes, b.at, o->bytes.n), err);
        in->is_guess = false;
        if (in->c->report->n > before || in->told_encrypted) {
            tell_behind(in, o, &b);
            return st;
        }
        from = b.at + 1;
    }
    return st;
}
