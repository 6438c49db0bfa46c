/* ZIP and the formats that live in it, told apart by the names of the first members: no unpacking.
 */
#include "content/file_type_internal.h"
#include "content/zip_tail.h"

enum { LOOK_AT_MEMBERS = 24 };

/* What a member's name says about the file; the first row that holds for any member wins. */
static const struct {
    struct str name;
    bool whole;
    enum file_type type;
} tells[] = {
    {STR_INIT("AppxManifest.xml"), true, FILE_APPX},
    {STR_INIT("AppxBlockMap.xml"), true, FILE_APPX},
    {STR_INIT("AppxMetadata/"), false, FILE_APPX},
    {STR_INIT("[Content_Types].xml"), true, FILE_OOXML},
    {STR_INIT("_rels/.rels"), true, FILE_OOXML},
    {STR_INIT("AndroidManifest.xml"), true, FILE_APK},
    {STR_INIT("classes.dex"), true, FILE_APK},
    {STR_INIT("META-INF/MANIFEST.MF"), true, FILE_JAR},
};

struct guess {
    size_t row; /* of `tells`; ARRAY_LEN(tells): none yet */
};

static void guess_by(struct guess *g, struct str name)
{
    for (size_t i = 0; i < g->row; i++)
        if (tells[i].whole ? str_ieq(name, tells[i].name) : str_istarts(name, tells[i].name))
            g->row = i;
}

/* ODF and EPUB begin with a stored member that holds their MIME type (ODF 1.2 part 3, 3.3). */
static enum file_type by_mimetype(struct str bytes)
{
    static const struct str name = STR_INIT("mimetype");
    size_t at = ZIP_LOCAL_HEADER_BYTES + name.n + le16_at(bytes, 28);
    if (le16_at(bytes, 26) != name.n || !bytes_at(bytes, ZIP_LOCAL_HEADER_BYTES, name) ||
        le16_at(bytes, 8) != 0)
        return FILE_UNKNOWN;
    if (bytes_at(bytes, at, STR("application/epub+zip")))
        return FILE_EPUB;
    if (bytes_at(bytes, at, STR("application/vnd.oasis.opendocument.")) ||
        bytes_at(bytes, at, STR("application/vnd.sun.xml.")))
        return FILE_ODF;
    return FILE_UNKNOWN;
}

/* Local headers, as far as their sizes lead from one to the next. */
static void look_at_locals(struct str bytes, struct guess *g)
{
    size_t at = 0;
    for (unsigned i = 0; i < LOOK_AT_MEMBERS && bytes_at(bytes, at, STR("PK\3\4")); i++) {
        size_t name = le16_at(bytes, at + 26), packed = le32_at(bytes, at + 18);
        guess_by(g,
                 str_slice(bytes, at + ZIP_LOCAL_HEADER_BYTES, at + ZIP_LOCAL_HEADER_BYTES + name));
        bool size_follows = (le16_at(bytes, at + 6) & 8) != 0;
        if (size_follows && packed == 0 && le16_at(bytes, at + 8) != 0)
            return;
        size_t next = at + ZIP_LOCAL_HEADER_BYTES + name + le16_at(bytes, at + 28) + packed;
        at = next < bytes.n ? next : bytes.n;
    }
}

static void look_at_directory(struct str bytes, struct guess *g)
{
    struct zip_tail tail;
    if (!zip_tail_find(bytes, &tail))
        return;
    size_t at = tail.directory;
    for (unsigned i = 0; i < LOOK_AT_MEMBERS && bytes_at(bytes, at, STR("PK\1\2")); i++) {
        size_t name = le16_at(bytes, at + 28);
        guess_by(g, str_slice(bytes, at + ZIP_RECORD_BYTES, at + ZIP_RECORD_BYTES + name));
        at += ZIP_RECORD_BYTES + name + le16_at(bytes, at + 30) + le16_at(bytes, at + 32);
    }
}

enum file_type refine_zip(struct str bytes, enum file_type t)
{
    struct guess g = {ARRAY_LEN(tells)};
    enum file_type mimetype = by_mimetype(bytes);
    if (mimetype != FILE_UNKNOWN)
        return mimetype;
    look_at_locals(bytes, &g);
    if (g.row == ARRAY_LEN(tells))
        look_at_directory(bytes, &g);
    return g.row == ARRAY_LEN(tells) ? t : tells[g.row].type;
}
