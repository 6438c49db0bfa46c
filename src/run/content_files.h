/* Files of the operator for content inspection: YARA rules and data lists. */
#ifndef MP_RUN_CONTENT_FILES_H
#define MP_RUN_CONTENT_FILES_H

#include "content/lists.h"
#include "content/yara.h"

enum {
    CONTENT_FILES_MAX = 1000,                    /* of one kind, all folders together */
    CONTENT_FILES_LISTS_BYTES = 64 * 1024 * 1024 /* the budget of an arena for lists */
};

/* Compile the rules of all `paths`: files, or folders, whose *.yar and *.yara are taken in the
 * order of their names, not those of folders in them. MP_E_IO: a file cannot be read, a folder has
 * no rules; else as yara_rules_compile. */
int content_files_yara(const char *const *paths, size_t n, struct yara_rules **out,
                       struct mp_err *err);

/* The built-in lists, and over them each *.list of the folder `dir` (NULL: none), in the order of
 * their names. Everything lives in `arena`. *n_files: how many there were. MP_E_IO; else as
 * content_lists_parse. */
int content_files_lists(struct arena *arena, const char *dir, struct content_lists **out,
                        size_t *n_files, struct mp_err *err);

#endif
