/* Character references by the standard's states: numbers with its repairs, all its names. */
#include "html/entity.h"

#include "base/charset.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "html/words_internal.h"

/* Numbers of C1 controls mean what they are in windows-1252. */
static uint32_t repaired(uint32_t c)
{
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0xfffd;
    int32_t meant = c >= 0x80 && c < 0xa0 ? windows_1252((unsigned char)c) : 0;
    return meant != 0 ? (uint32_t)meant : c;
}

/* At "&#". */
static struct entity numeric_at(struct str s)
{
    bool hex = s.n > 2 && (s.p[2] | 0x20) == 'x';
    size_t start = 2 + (size_t)hex, i = start;
    uint32_t value = 0;
    for (; i < s.n; i++) {
        int digit = hex_value(s.p[i]);
        if (digit < 0 || (!hex && digit > 9))
            break;
        if (value <= 0x10ffff)
            value = value * (hex ? 16 : 10) + (uint32_t)digit;
    }
    if (i == start)
        return (struct entity){0};
    i += i < s.n && s.p[i] == ';';
    return (struct entity){.used = i, .first = repaired(value), .numeric = true};
}

static const struct html_entity *find_name(struct str name)
{
    uint32_t slot = entity_hash(name) % ENTITY_SLOTS;
    for (unsigned row; (row = html_entity_slots[slot]) != 0; slot = (slot + 1) % ENTITY_SLOTS) {
        const struct html_entity *e = &html_entities[row - 1];
        if (e->length == name.n && memcmp(html_entity_names + e->name, name.p, name.n) == 0)
            return e;
    }
    return NULL;
}

struct entity entity_at(struct str s, bool in_attribute)
{
    if (s.n > 1 && s.p[1] == '#')
        return numeric_at(s);
    size_t n = 1;
    while (n < s.n && n <= ENTITY_NAME_MAX && is_alnum(s.p[n]))
        n++;
    if (n == 1)
        return (struct entity){0};
    const struct html_entity *e = NULL;
    if (n < s.n && s.p[n] == ';' && (e = find_name(str_slice(s, 1, n))) != NULL)
        return (struct entity){.used = n + 1, .first = e->first, .second = e->second};
    bool next_is_value = n < s.n && s.p[n] == '=';
    size_t whole = n;
    n = n > ENTITY_BARE_MAX + 1 ? ENTITY_BARE_MAX + 1 : n;
    for (; n > 2; n--) {
        e = find_name(str_slice(s, 1, n));
        if (e == NULL || !e->bare)
            continue;
        if (in_attribute && (n < whole || next_is_value))
            break;
        return (struct entity){.used = n, .first = e->first, .second = e->second};
    }
    return (struct entity){0};
}

size_t entity_decode(struct str s, bool in_attribute, char *out)
{
    size_t n = 0;
    while (s.n > 0) {
        size_t plain = str_find(s, '&');
        if (plain > 0)
            memcpy(out + n, s.p, plain);
        n += plain;
        s = str_slice(s, plain, s.n);
        if (s.n == 0)
            break;
        struct entity e = entity_at(s, in_attribute);
        if (e.used == 0) {
            out[n++] = '&';
            e.used = 1;
        } else {
            n += utf8_put((int32_t)e.first, out + n);
            n += e.second != 0 ? utf8_put((int32_t)e.second, out + n) : 0;
        }
        s = str_slice(s, e.used, s.n);
    }
    return n;
}
