/* What the TXT records of RFC 8461 3.1 and RFC 8460 3 have in common: version, then name=value. */
#ifndef MP_TRANSPORT_TXT_FIELD_H
#define MP_TRANSPORT_TXT_FIELD_H

#include "base/str.h"

/* Does the string begin as a record ("v=STSv1")? `*rest` is what follows the version: p == NULL
 * when there is no ";" behind it, which the grammar asks for. */
bool txt_version_take(struct str text, struct str version, struct str *rest);
/* (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".") */
bool txt_field_name(struct str s);
/* Visible, without "=" and ";" (which has cut the field off already), not empty. */
bool txt_field_value(struct str s);

#endif
