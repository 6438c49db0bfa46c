/* What the files about indicators share. */
#ifndef MP_INTEL_INDICATOR_INTERNAL_H
#define MP_INTEL_INDICATOR_INTERNAL_H

#include "intel/indicator.h"

static inline int intel_no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "an indicator needs more memory than allowed");
}

/* "hxxp[:]//evil[.]example" as it was before somebody made it harmless; blanks around it taken off.
 * What stands behind the host is only undone when something in front of it was. Linear.
 * p == NULL without memory. */
struct str intel_refang(struct arena *arena, struct str text);

/* A link, a host with or without port, or a bare name as a URL with a host that can be asked for.
 * MP_OK; MP_E_SYNTAX; MP_E_NOMEM. */
int intel_web_read(struct arena *arena, struct str text, struct url *out, struct mp_err *err);

/* The normal form of a URL with such a host, whatever its length. p == NULL without memory. */
struct str intel_url_key(struct arena *arena, const struct url *u);

/* Letters, digits, hyphens and underscores, with a dot, and a letter behind the last one: no top
 * level domain begins with anything else, and "192.0.2.1-9" is none. */
bool intel_is_name(struct str host);

/* An address, a network or a range, with or without a port. *is_one: it has the form of one, so
 * that it is nothing else even when it is refused. */
int intel_ip_read(struct str text, struct indicator *out, bool *is_one, struct mp_err *err);

/* First or last address of the network. */
struct ip intel_ip_end(const struct ip *net, unsigned prefix_bits, bool last);

#endif
