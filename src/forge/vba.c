/* vbaProject.bin (MS-OVBA): a document module without code and a module with the code given. */
#include "forge/forge_internal.h"

enum {
    CODE_PAGE = 1252,
    LANGUAGE = 0x409,
    MODULE_PROCEDURAL = 0x21,
    MODULE_DOCUMENT = 0x22,
    STREAM_MAX_BYTES = 64 * 1024,
    ENCRYPTION_VERSION = 2
};

#define PROJECT_ID "{6D61696C-7072-6F6F-6600-000000000001}"

/* ---- the stream "dir", MS-OVBA 2.3.4.2 ---- */

static void record(struct buf *b, unsigned id, struct str bytes)
{
    forge_put16(b, id);
    forge_put32(b, (uint32_t)bytes.n);
    buf_add(b, bytes);
}

static void record32(struct buf *b, unsigned id, uint32_t v)
{
    forge_put16(b, id);
    forge_put32(b, 4);
    forge_put32(b, v);
}

static void record16(struct buf *b, unsigned id, unsigned v)
{
    forge_put16(b, id);
    forge_put32(b, 2);
    forge_put16(b, v);
}

/* The same text as UTF-16 (it is ASCII). */
static void record_wide(struct buf *b, unsigned id, struct str ascii)
{
    forge_put16(b, id);
    forge_put32(b, (uint32_t)ascii.n * 2);
    for (size_t i = 0; i < ascii.n; i++)
        forge_put16(b, (unsigned char)ascii.p[i]);
}

static void put_information(struct buf *b)
{
    record32(b, 0x01, 1); /* 32-bit Windows */
    record32(b, 0x02, LANGUAGE);
    record32(b, 0x14, LANGUAGE);
    record16(b, 0x03, CODE_PAGE);
    record(b, 0x04, STR("VBAProject"));
    record(b, 0x05, STR("")); /* description, and in UTF-16 */
    record(b, 0x40, STR(""));
    record(b, 0x06, STR("")); /* help file, twice */
    record(b, 0x3d, STR(""));
    record32(b, 0x07, 0); /* help context */
    record32(b, 0x08, 0); /* library flags */
    forge_put16(b, 0x09); /* version: its size says 4, its bytes are 6 */
    forge_put32(b, 4);
    forge_put32(b, 1);
    forge_put16(b, 0);
    record(b, 0x0c, STR("")); /* constants, and in UTF-16 */
    record(b, 0x3c, STR(""));
}

static void put_module(struct buf *b, struct str name, unsigned type)
{
    record(b, 0x19, name);
    record_wide(b, 0x47, name);
    record(b, 0x1a, name); /* the stream's name */
    record_wide(b, 0x32, name);
    record(b, 0x1c, STR("")); /* description, and in UTF-16 */
    record(b, 0x48, STR(""));
    record32(b, 0x31, 0); /* the source begins with the stream: there is no cache */
    record32(b, 0x1e, 0); /* help context */
    record16(b, 0x2c, 0xffff);
    record(b, type, STR(""));
    record(b, 0x2b, STR(""));
}

static void put_dir(struct buf *b)
{
    put_information(b);
    record16(b, 0x0f, 2); /* modules */
    record16(b, 0x13, 0xffff);
    put_module(b, STR("ThisDocument"), MODULE_DOCUMENT);
    put_module(b, STR("Module1"), MODULE_PROCEDURAL);
    record(b, 0x10, STR(""));
}

/* ---- the stream "PROJECT", MS-OVBA 2.3.1 ---- */

struct cipher {
    struct buf *out;
    unsigned char plain1, sealed1, sealed2;
};

static void seal_byte(struct cipher *c, unsigned char v)
{
    unsigned char sealed = (unsigned char)(v ^ (unsigned char)(c->sealed2 + c->plain1));
    buf_addf(c->out, "%02X", sealed);
    c->sealed2 = c->sealed1;
    c->sealed1 = sealed;
    c->plain1 = v;
}

/* MS-OVBA 2.4.3.2. A seed of which bits 1 and 2 are clear has no ignored bytes. */
static void put_sealed(struct buf *b, const char *name, unsigned char seed, struct str data)
{
    unsigned char key = 0;
    struct str id = STR(PROJECT_ID);
    for (size_t i = 0; i < id.n; i++)
        key = (unsigned char)(key + (unsigned char)id.p[i]);
    struct cipher c = {
        .out = b, .plain1 = key, .sealed1 = seed ^ key, .sealed2 = seed ^ ENCRYPTION_VERSION};
    buf_addf(b, "%s=\"%02X%02X%02X", name, seed, c.sealed2, c.sealed1);
    for (unsigned i = 0; i < 4; i++)
        seal_byte(&c, (unsigned char)(data.n >> 8 * i & 0xff));
    for (size_t i = 0; i < data.n; i++)
        seal_byte(&c, (unsigned char)data.p[i]);
    buf_addz(b, "\"\r\n");
}

static void put_project(struct buf *b)
{
    buf_addz(b, "ID=\"" PROJECT_ID "\"\r\nDocument=ThisDocument/&H00000000\r\nModule=Module1\r\n"
                "Name=\"VBAProject\"\r\nHelpContextID=\"0\"\r\n"
                "VersionCompatible32=\"393222000\"\r\n");
    put_sealed(b, "CMG", 0x11, STR("\0\0\0\0")); /* not protected */
    put_sealed(b, "DPB", 0x21, STR("\0"));       /* no password */
    put_sealed(b, "GC", 0x31, STR("\xff"));      /* visible */
    buf_addz(b, "\r\n[Host Extender Info]\r\n"
                "&H00000001={3832D640-CF90-11CF-8E43-00A0C911005A};VBE;&H00000000\r\n"
                "\r\n[Workspace]\r\nThisDocument=0, 0, 0, 0, C\r\nModule1=0, 0, 0, 0, C\r\n");
}

/* MS-OVBA 2.3.3: the names once more, in both forms. */
static void put_names(struct buf *b)
{
    static const struct str names[] = {STR_INIT("ThisDocument"), STR_INIT("Module1")};
    for (size_t n = 0; n < ARRAY_LEN(names); n++) {
        buf_add(b, names[n]);
        buf_addc(b, 0);
        for (size_t i = 0; i < names[n].n; i++)
            forge_put16(b, (unsigned char)names[n].p[i]);
        forge_put16(b, 0);
    }
    forge_put16(b, 0);
}

/* ---- the whole ---- */

static const char document_code[] = "Attribute VB_Name = \"ThisDocument\"\r\n"
                                    "Attribute VB_Base = \"1Normal.ThisDocument\"\r\n"
                                    "Attribute VB_GlobalNameSpace = False\r\n"
                                    "Attribute VB_Creatable = False\r\n"
                                    "Attribute VB_PredeclaredId = True\r\n"
                                    "Attribute VB_Exposed = True\r\n"
                                    "Attribute VB_TemplateDerived = True\r\n"
                                    "Attribute VB_Customizable = True\r\n";

int forge_vba_project(struct arena *a, struct str code, struct str *out, struct mp_err *err)
{
    struct buf b[6];
    for (size_t i = 0; i < ARRAY_LEN(b); i++)
        buf_init(&b[i], STREAM_MAX_BYTES);
    put_dir(&b[5]);
    forge_vba_compress(&b[0], buf_str(&b[5]));
    forge_vba_compress(&b[1], STR(document_code));
    forge_vba_compress(&b[2], code);
    put_project(&b[3]);
    put_names(&b[4]);
    const struct forge_stream streams[] = {{"VBA", "dir", buf_str(&b[0])},
                                           {"VBA", "_VBA_PROJECT", STR("\xcc\x61\xff\xff\0\0\0")},
                                           {"VBA", "ThisDocument", buf_str(&b[1])},
                                           {"VBA", "Module1", buf_str(&b[2])},
                                           {NULL, "PROJECT", buf_str(&b[3])},
                                           {NULL, "PROJECTwm", buf_str(&b[4])}};
    bool failed = false;
    for (size_t i = 0; i < ARRAY_LEN(b); i++)
        failed = failed || b[i].failed;
    int st = failed ? mp_fail(err, MP_E_LIMIT, FORGE_VBA_CHUNK_BYTES,
                              "the macro is longer than %d bytes", FORGE_VBA_CHUNK_BYTES)
                    : forge_cfb(a, streams, ARRAY_LEN(streams), out, err);
    for (size_t i = 0; i < ARRAY_LEN(b); i++)
        buf_clear(&b[i]);
    return st;
}
