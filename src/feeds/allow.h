/* What no feed may list: the operator's own names and addresses, and names that everybody uses. */
#ifndef MP_FEEDS_ALLOW_H
#define MP_FEEDS_ALLOW_H

#include "intel/config.h"

struct allow_list;

/* Of config->allow, the files that it names included. Lives in `arena`; read-only afterwards.
 * MP_OK; MP_E_IO: a file cannot be read; MP_E_SYNTAX: a value is none, with its place; MP_E_LIMIT,
 * MP_E_NOMEM. */
int allow_list_new(struct arena *arena, const struct intel_config *config, struct allow_list **out,
                   struct mp_err *err);

/* What is left of `i` is handed on: all of it, nothing, or of a range of addresses the parts beside
 * those allowed (*taken: something is missing). A name that is allowed takes away that name, what
 * is below it and a domain above it; of links those to its front page and no other: an honest host
 * may be broken into. */
typedef int allow_rest_fn(void *ctx, const struct indicator *i, struct mp_err *err);
int allow_list_filter(const struct allow_list *list, const struct indicator *i, allow_rest_fn *rest,
                      void *ctx, bool *taken, struct mp_err *err);

#endif
