/* Presentations in compound files ([MS-PPT]): objects and macros are compressed records in one
 * stream. */
#include "base/bytes.h"
#include "office/office_internal.h"
#include "office/text.h"

enum {
    RECORD_HEADER_BYTES = 8,
    CONTAINER = 0xf,
    TOKEN_AT = 12, /* of "Current User", 2.3.2 */
    RECORD_OBJECT = 0x1011,
    RECORD_HYPERLINK = 0x0fd7,
    RECORD_TEXT = 0x0fba,
    HYPERLINK_TARGET = 1
};
#define TOKEN_ENCRYPTED 0xf3d1c4dfu

static void read_object(struct reader *r, unsigned instance, struct str data)
{
    struct str bytes = instance == 0 ? data : unpack_zlib(r, str_slice(data, 4, data.n));
    read_object_file(r, bytes);
}

/* Records one after the other; containers are stepped into by going on behind their header. */
static void read_records(struct reader *r, struct str stream)
{
    bool in_link = false;
    for (size_t at = 0; at + RECORD_HEADER_BYTES <= stream.n && !r->failed;) {
        unsigned head = le16_at(stream, at), type = le16_at(stream, at + 2);
        size_t size = le32_at(stream, at + 4);
        at += RECORD_HEADER_BYTES;
        if ((head & 0xf) == CONTAINER) {
            in_link = type == RECORD_HYPERLINK;
            continue;
        }
        struct str data = str_slice(stream, at, size < stream.n ? at + size : stream.n);
        if (type == RECORD_OBJECT)
            read_object(r, head >> 4, data);
        if (type == RECORD_TEXT && in_link && head >> 4 == HYPERLINK_TARGET) {
            struct str text =
                text_utf16(r->arena, str_slice(data, 0, OFFICE_MAX_TEXT_BYTES), false);
            r->failed |= text.p == NULL;
            add_link(r, STR("hyperlink"), text, true);
        }
        at += data.n;
    }
}

void read_powerpoint(struct reader *r, struct cfb *c)
{
    const struct cfb_entry *e = cfb_find(c, 0, STR("PowerPoint Document"));
    struct str user = cfb_read(r->arena, c, cfb_find(c, 0, STR("Current User")));
    if (e == NULL)
        return;
    if (le32_at(user, TOKEN_AT) == TOKEN_ENCRYPTED)
        r->o->encrypted = "a presentation of PowerPoint";
    read_records(r, cfb_read(r->arena, c, e));
}
