/* Objects of OLE: packages ("\1Ole10Native"), objects of the first version as they stand in RTF
 * ([MS-OLEDS] 2.2), and monikers that lead elsewhere. */
#include "base/bytes.h"
#include "office/office_internal.h"
#include "office/text.h"

enum { FORMAT_LINKED = 1, FORMAT_EMBEDDED = 2, GUID_BYTES = CFB_GUID_BYTES };

struct cursor {
    struct str s;
    size_t at;
    bool short_of; /* something led outside */
};

static struct str take(struct cursor *c, size_t n)
{
    struct str out = str_slice(c->s, c->at, c->at + (n < c->s.n ? n : c->s.n));
    c->short_of |= out.n < n;
    c->at += out.n;
    return out;
}

static uint32_t take32(struct cursor *c)
{
    return le32_at(take(c, 4), 0);
}

/* Up to a NUL, which is taken too. */
static struct str take_text(struct cursor *c)
{
    struct str rest = str_slice(c->s, c->at, c->s.n), text = text_until_nul(rest);
    c->short_of |= text.n == rest.n;
    c->at += text.n + (text.n < rest.n);
    return text;
}

static struct str take_counted(struct cursor *c)
{
    return text_until_nul(take(c, take32(c)));
}

/* ---- packages ---- */

static bool is_package_class(struct str class)
{
    return str_ieq(class, STR("Package")) || str_istarts(class, STR("OLE Package"));
}

static bool is_printable(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ')
            return false;
    return true;
}

static struct str shown(struct reader *r, struct str raw)
{
    struct str out =
        text_code_page(r->arena, str_slice(raw, 0, OFFICE_MAX_TEXT_BYTES), CODE_PAGE_LATIN);
    r->failed |= out.p == NULL;
    return out;
}

static struct str last_of_path(struct str path)
{
    size_t cut = str_rfind(path, '\\');
    return cut < path.n ? str_slice(path, cut + 1, path.n) : path;
}

/* The packager's own format: a label, the path of the icon or of the file, and either the file
 * (the path that it had, its bytes) or what is started. */
static bool read_package(struct reader *r, struct str body, struct str class)
{
    enum { KIND_COMMAND = 1, SIGNATURE = 2 };
    struct cursor c = {.s = body};
    struct office_object o = {.class = class};
    bool ours = le16_at(take(&c, 2), 0) == SIGNATURE;
    struct str label = take_text(&c), path = take_text(&c);
    take(&c, 2); /* which icon */
    bool command = le16_at(take(&c, 2), 0) == KIND_COMMAND;
    take(&c, command ? 2 : 0);
    struct str source = command ? take_text(&c) : take_counted(&c);
    if (!ours || c.short_of || !is_printable(label) || !is_printable(path))
        return false;
    path = last_of_path(path);
    o.sort = command ? OBJECT_COMMAND : OBJECT_PACKAGE;
    o.bytes = command ? STR_NONE : take(&c, take32(&c));
    o.label = shown(r, label);
    o.name = shown(r, command ? source : path.n > 0 ? path : last_of_path(source));
    r->o->damaged |= c.short_of;
    add_object(r, o);
    return true;
}

void read_native(struct reader *r, struct str stream, struct str class)
{
    struct cursor c = {.s = stream};
    uint32_t size = take32(&c);
    struct str body = str_slice(stream, c.at, stream.n);
    if (read_package(r, body, class) || read_package(r, stream, class))
        return;
    add_object(r, (struct office_object){.sort = is_equation_class(class) ? OBJECT_EQUATION
                                                                          : OBJECT_OTHER,
                                         .class = class,
                                         .bytes = str_slice(body, 0, size)});
}

/* ---- version 1 ---- */

bool is_equation_class(struct str class)
{
    return str_istarts(class, STR("Equation."));
}

bool is_equation_guid(struct str guid)
{
    static const struct str known[] = {
        STR_INIT("\x02\xce\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"), /* Equation.3 */
        STR_INIT("\x03\0\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46")};  /* Equation.2 */
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eq(guid, known[i]))
            return true;
    return false;
}

void read_ole1(struct reader *r, struct str bytes)
{
    struct cursor c = {.s = bytes};
    take32(&c); /* a version, which readers do not look at */
    uint32_t format = take32(&c);
    struct str class = shown(r, take_counted(&c)), topic = take_counted(&c);
    take_counted(&c);
    if (c.short_of || (format != FORMAT_LINKED && format != FORMAT_EMBEDDED)) {
        r->o->damaged = true;
        add_object(r, (struct office_object){.sort = OBJECT_OTHER});
        return;
    }
    if (format == FORMAT_LINKED) {
        add_object(r, (struct office_object){.sort = OBJECT_LINKED, .class = class});
        add_link(r, STR("oleObject"), shown(r, topic), true);
        return;
    }
    struct str data = take(&c, take32(&c));
    r->o->damaged |= c.short_of;
    if (is_package_class(class) && read_package(r, data, class))
        return;
    add_object(r, (struct office_object){.sort = is_equation_class(class) ? OBJECT_EQUATION
                                                                          : OBJECT_OTHER,
                                         .class = class,
                                         .bytes = cfb_is(data) ? STR_NONE : data});
    read_later(r, data);
}

/* ---- monikers ---- */

/* {79EAC9E0-BAF9-11CE-8C82-00AA004BA90B}: a URL; {00000303-...}: a file ([MS-OSHARED] 2.3.7). */
#define URL_MONIKER  STR("\xe0\xc9\xea\x79\xf9\xba\xce\x11\x8c\x82\0\xaa\0\x4b\xa9\x0b")
#define FILE_MONIKER STR("\x03\x03\0\0\0\0\0\0\xc0\0\0\0\0\0\0\x46")

bool find_moniker(struct reader *r, struct str stream, struct str *target)
{
    size_t at = str_search(stream, URL_MONIKER);
    bool url = at < stream.n;
    struct cursor c = {.s = stream};
    if (!url)
        at = str_search(stream, FILE_MONIKER);
    if (at == stream.n)
        return false;
    c.at = at + GUID_BYTES;
    if (url) {
        struct str wide = take(&c, take32(&c)), text;
        text = text_utf16(r->arena, str_slice(wide, 0, OFFICE_MAX_TEXT_BYTES), false);
        r->failed |= text.p == NULL;
        *target = text_until_nul(text);
    } else {
        take(&c, 2); /* how many folders up */
        *target = shown(r, take_counted(&c));
    }
    return target->n > 0;
}
