/* Version, names and values of the TXT records of MTA-STS and TLS-RPT. */
#include "transport/txt_field.h"

enum { FIELD_NAME_MAX = 32 };

bool txt_version_take(struct str text, struct str version, struct str *rest)
{
    if (!str_starts(text, version))
        return false;
    *rest = text;
    struct str head = str_cut(rest, ';');
    return str_trim_wsp(head).n == version.n;
}

bool txt_field_name(struct str s)
{
    if (s.n == 0 || s.n > FIELD_NAME_MAX || !is_alnum(s.p[0]))
        return false;
    for (size_t i = 1; i < s.n; i++) {
        if (!is_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '-' && s.p[i] != '.')
            return false;
    }
    return true;
}

bool txt_field_value(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '=')
            return false;
    }
    return s.n != 0;
}
