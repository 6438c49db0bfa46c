/* Macros of Office documents ([MS-OVBA]): modules and their source. */
#ifndef MP_OFFICE_OVBA_H
#define MP_OFFICE_OVBA_H

#include "base/buf.h"
#include "office/cfb.h"

enum {
    OVBA_MAX_MODULES = 1000,
    OVBA_MAX_SOURCE_BYTES = 8 * 1024 * 1024, /* of all modules of a project */
    OVBA_MAX_DIR_BYTES = 1024 * 1024,
    OVBA_MAX_NAME_BYTES = 255 /* of a module: 31 letters by the grammar */
};

struct ovba_module {
    struct str name;   /* UTF-8; the stream's where the project does not say */
    struct str source; /* UTF-8, lines end in CR LF; empty: none */
    bool stomped;      /* it stands in the project and has compiled code, but no source */
};

struct ovba {
    struct ovba_module *modules;
    size_t n;
    unsigned code_page;
    bool damaged; /* the list of modules is not whole, or a module could not be unpacked */
    bool cut;     /* a limit stopped the reading */
};

/* Append what the compressed container at the beginning of `in` holds (2.4.1), at most `max`
 * octets. False: no container, or its chunks are damaged; what came before that was appended.
 * Linear in what comes out. */
bool ovba_decompress(struct buf *out, struct str in, size_t max);

/* Read the project whose modules are streams of the storage `vba` (an index: the parent of the
 * stream "dir"; CFB_NO_ENTRY: anywhere, there is no list). Modules that the project does not list,
 * or all where its list is damaged, are found by the look of compressed source. Returns MP_OK or
 * MP_E_NOMEM. */
int ovba_read(struct arena *arena, struct cfb *c, int32_t vba, struct ovba *out,
              struct mp_err *err);

#endif
