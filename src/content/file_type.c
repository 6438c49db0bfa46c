/* The kinds of content by their bytes: one table of signatures, a closer look where they are weak,
 * and text by its head. */
#include "content/file_type_internal.h"

static const struct {
    const char *name;
    enum file_class class;
} types[FILE_TYPE_COUNT] = {
#define FILE_TYPE(symbol, name, class) [FILE_##symbol] = {name, FILE_CLASS_##class},
#include "content/file_types.def"
#undef FILE_TYPE
};

/* Tried from the top; the first that holds decides. Strong ones first, weak ones refined. */
static const struct signature {
    enum file_type type;
    size_t offset;
    struct str magic;
    file_type_refine *refine;
} signatures[] = {
    {FILE_ZIP, 0, STR_INIT("PK\3\4"), refine_zip},
    {FILE_ZIP, 0, STR_INIT("PK\5\6"), refine_zip},
    {FILE_ZIP, 0, STR_INIT("PK\7\10PK\3\4"), NULL},
    {FILE_ZIP, 0, STR_INIT("PK00PK\3\4"), NULL},
    {FILE_PDF, 0, STR_INIT("%PDF-"), NULL},
    {FILE_PNG, 0, STR_INIT("\x89PNG\r\n\x1a\n"), NULL},
    {FILE_JPEG, 0, STR_INIT("\xff\xd8\xff"), NULL},
    {FILE_GIF, 0, STR_INIT("GIF87a"), NULL},
    {FILE_GIF, 0, STR_INIT("GIF89a"), NULL},
    {FILE_OLE, 0, STR_INIT("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), refine_ole},
    {FILE_PE, 0, STR_INIT("MZ"), refine_mz},
    {FILE_PE, 0, STR_INIT("ZM"), refine_mz},
    {FILE_RTF, 0, STR_INIT("{\\rt"), NULL},
    {FILE_ELF, 0, STR_INIT("\177ELF"), NULL},
    {FILE_MACHO, 0, STR_INIT("\xfe\xed\xfa\xce"), NULL},
    {FILE_MACHO, 0, STR_INIT("\xfe\xed\xfa\xcf"), NULL},
    {FILE_MACHO, 0, STR_INIT("\xce\xfa\xed\xfe"), NULL},
    {FILE_MACHO, 0, STR_INIT("\xcf\xfa\xed\xfe"), NULL},
    {FILE_MACHO, 0, STR_INIT("\xca\xfe\xba\xbe"), refine_cafebabe},
    {FILE_MACHO, 0, STR_INIT("\xca\xfe\xba\xbf"), refine_cafebabe},
    {FILE_DEX, 0, STR_INIT("dex\n0"), NULL},
    {FILE_WASM, 0, STR_INIT("\0asm"), NULL},
    {FILE_LNK, 0, STR_INIT("L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F"), NULL},
    {FILE_CHM, 0, STR_INIT("ITSF"), NULL},
    {FILE_SWF, 0, STR_INIT("FWS"), refine_swf},
    {FILE_SWF, 0, STR_INIT("CWS"), refine_swf},
    {FILE_SWF, 0, STR_INIT("ZWS"), refine_swf},
    {FILE_CRX, 0, STR_INIT("Cr24"), NULL},
    {FILE_SIS, 8, STR_INIT("\x19\4\0\x10"), NULL},
    {FILE_SIS, 0, STR_INIT("\x7a\x1a\x20\x10"), NULL},
    {FILE_RPM, 0, STR_INIT("\xed\xab\xee\xdb"), NULL},
    {FILE_XAR, 0, STR_INIT("xar!"), NULL},
    {FILE_RAR, 0, STR_INIT("Rar!\x1a\7"), NULL},
    {FILE_RAR, 0, STR_INIT("RE~^"), NULL}, /* 1.4 */
    {FILE_SEVENZIP, 0, STR_INIT("7z\xbc\xaf\x27\x1c"), NULL},
    {FILE_CAB, 0, STR_INIT("MSCF\0\0\0\0"), NULL},
    {FILE_WIM, 0, STR_INIT("MSWIM\0\0\0"), NULL},
    {FILE_VHDX, 0, STR_INIT("vhdxfile"), NULL},
    {FILE_VHD, 0, STR_INIT("conectix"), NULL},
    {FILE_GZIP, 0, STR_INIT("\x1f\x8b\x08"), NULL},
    {FILE_BZIP2, 4, STR_INIT("\x31\x41\x59\x26\x53\x59"), NULL},
    {FILE_BZIP2, 4, STR_INIT("\x17\x72\x45\x38\x50\x90"), NULL}, /* of nothing */
    {FILE_XZ, 0, STR_INIT("\xfd\x37zXZ\0"), NULL},
    {FILE_LZIP, 0, STR_INIT("LZIP\1"), NULL},
    {FILE_ZSTD, 0, STR_INIT("\x28\xb5\x2f\xfd"), NULL},
    {FILE_LZ4, 0, STR_INIT("\x04\x22\x4d\x18"), NULL},
    {FILE_LZ4, 0, STR_INIT("\x02\x21\x4c\x18"), NULL}, /* of old */
    {FILE_CPIO, 0, STR_INIT("070701"), refine_cpio},
    {FILE_CPIO, 0, STR_INIT("070702"), refine_cpio},
    {FILE_CPIO, 0, STR_INIT("070707"), refine_cpio},
    {FILE_CPIO, 0, STR_INIT("\xc7\x71"), refine_cpio},
    {FILE_CPIO, 0, STR_INIT("\x71\xc7"), refine_cpio},
    {FILE_AR, 0, STR_INIT("!<arch>\n"), refine_ar},
    {FILE_SZDD, 0, STR_INIT("SZDD\x88\xf0\x27\x33"), NULL},
    {FILE_SZDD, 0, STR_INIT("SZ \x88\xf0\x27\x33"), NULL},
    {FILE_SZDD, 0, STR_INIT("KWAJ\x88\xf0\x27\xd1"), NULL},
    {FILE_ACE, 7, STR_INIT("**ACE**"), NULL},
    {FILE_ARJ, 0, STR_INIT("\x60\xea"), refine_arj},
    {FILE_LZH, 2, STR_INIT("-lh"), refine_lzh},
    {FILE_LZH, 2, STR_INIT("-lz"), refine_lzh},
    {FILE_COMPRESS, 0, STR_INIT("\x1f\x9d"), refine_compress},
    {FILE_TNEF, 0, STR_INIT("\x78\x9f\x3e\x22"), NULL},
    {FILE_ONENOTE, 0, STR_INIT("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"),
     NULL},
    {FILE_ONENOTE, 0, STR_INIT("\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f"),
     NULL},
    {FILE_ACCESS, 0, STR_INIT("\0\1\0\0Standard "), NULL},
    {FILE_DJVU, 0, STR_INIT("AT&TFORM"), NULL},
    {FILE_PST, 0, STR_INIT("!BDN"), NULL},
    {FILE_POSTSCRIPT, 0, STR_INIT("%!PS"), NULL},
    {FILE_POSTSCRIPT, 0, STR_INIT("\4%!PS"), NULL},
    {FILE_POSTSCRIPT, 0, STR_INIT("\xc5\xd0\xd3\xc6"), NULL}, /* EPS with a preview */
    {FILE_RIFF, 0, STR_INIT("RIFF"), refine_riff},
    {FILE_TIFF, 0, STR_INIT("II*\0"), NULL},
    {FILE_TIFF, 0, STR_INIT("MM\0*"), NULL},
    {FILE_TIFF, 0, STR_INIT("II+\0"), NULL}, /* above 4 GiB */
    {FILE_TIFF, 0, STR_INIT("MM\0+"), NULL},
    {FILE_BMP, 0, STR_INIT("BM"), refine_bmp},
    {FILE_ICO, 0, STR_INIT("\0\0\1\0"), refine_icon},
    {FILE_ICO, 0, STR_INIT("\0\0\2\0"), refine_icon},
    {FILE_EMF, 40, STR_INIT(" EMF"), NULL},
    {FILE_WMF, 0, STR_INIT("\xd7\xcd\xc6\x9a"), NULL},
    {FILE_WMF, 0, STR_INIT("\1\0\x9\0"), refine_wmf},
    {FILE_WMF, 0, STR_INIT("\2\0\x9\0"), refine_wmf},
    {FILE_PSD, 0, STR_INIT("8BPS\0"), NULL},
    {FILE_JPEG2000, 0, STR_INIT("\0\0\0\x0cjP  \r\n\x87\n"), NULL},
    {FILE_JPEG2000, 0, STR_INIT("\xff\x4f\xff\x51"), NULL},
    {FILE_MP4, 4, STR_INIT("ftyp"), refine_ftyp},
    {FILE_OGG, 0, STR_INIT("OggS\0"), NULL},
    {FILE_FLAC, 0, STR_INIT("fLaC"), NULL},
    {FILE_MIDI, 0, STR_INIT("MThd\0\0\0\6"), NULL},
    {FILE_MATROSKA, 0, STR_INIT("\x1a\x45\xdf\xa3"), NULL},
    {FILE_ASF, 0, STR_INIT("\x30\x26\xb2\x75\x8e\x66\xcf\x11"), NULL},
    {FILE_MPEG, 0, STR_INIT("\0\0\1\xba"), NULL},
    {FILE_MPEG, 0, STR_INIT("\0\0\1\xb3"), NULL},
    {FILE_MP3, 0, STR_INIT("ID3"), refine_mpeg_audio},
    {FILE_SQLITE, 0, STR_INIT("SQLite format 3\0"), NULL},
    {FILE_PCAP, 0, STR_INIT("\xd4\xc3\xb2\xa1"), NULL},
    {FILE_PCAP, 0, STR_INIT("\xa1\xb2\xc3\xd4"), NULL},
    {FILE_PCAP, 0, STR_INIT("\x4d\x3c\xb2\xa1"), NULL}, /* in nanoseconds */
    {FILE_PCAP, 0, STR_INIT("\xa1\xb2\x3c\x4d"), NULL},
    {FILE_PCAP, 8, STR_INIT("\x4d\x3c\x2b\x1a"), refine_pcapng},
    {FILE_PCAP, 8, STR_INIT("\x1a\x2b\x3c\x4d"), refine_pcapng},
    {FILE_FONT, 0, STR_INIT("OTTO\0"), NULL},
    {FILE_FONT, 0, STR_INIT("ttcf\0"), NULL},
    {FILE_FONT, 0, STR_INIT("wOFF\0\1\0\0"), NULL},
    {FILE_FONT, 0, STR_INIT("wOFFOTTO"), NULL},
    {FILE_FONT, 0, STR_INIT("wOF2\0\1\0\0"), NULL},
    {FILE_FONT, 0, STR_INIT("wOF2OTTO"), NULL},
    {FILE_FONT, 0, STR_INIT("\0\1\0\0"), refine_font},
    {FILE_PKCS7, 0, STR_INIT("\x30"), refine_der},
    {FILE_LZMA, 0, STR_INIT("\x5d\0\0"), refine_lzma},
    {FILE_TAR, 257, STR_INIT("ustar"), NULL},
    {FILE_ISO, 32769, STR_INIT("CD001"), NULL},
    {FILE_UDF, 34817, STR_INIT("NSR0"), NULL},
    {FILE_UDF, 36865, STR_INIT("NSR0"), NULL},
    {FILE_UDF, 32769, STR_INIT("BEA01"), NULL},
};

/* What stands at the end: disk images, whose head is that of a disk. */
enum { FOOTER_BYTES = 512 };
static const struct {
    enum file_type type;
    struct str magic;
} footers[] = {{FILE_DMG, STR_INIT("koly\0\0\0\4")}, {FILE_VHD, STR_INIT("conectix")}};

static enum file_type signature_type(struct str bytes)
{
    for (size_t i = 0; i < ARRAY_LEN(signatures); i++) {
        const struct signature *s = &signatures[i];
        if (s->offset >= bytes.n || bytes.p[s->offset] != s->magic.p[0] ||
            !bytes_at(bytes, s->offset, s->magic))
            continue;
        enum file_type t = s->refine == NULL ? s->type : s->refine(bytes, s->type);
        if (t != FILE_UNKNOWN)
            return t;
    }
    for (size_t i = 0; i < ARRAY_LEN(footers) && bytes.n >= FOOTER_BYTES; i++)
        if (bytes_at(bytes, bytes.n - FOOTER_BYTES, footers[i].magic))
            return footers[i].type;
    return FILE_UNKNOWN;
}

/* Readers take a PDF that begins within the first 1024 bytes. Text that only speaks of one does not
 * end like one. */
static bool is_late_pdf(struct str bytes, bool text)
{
    enum { PDF_WINDOW = 1024 };
    struct str magic = STR("%PDF-"), head = str_slice(bytes, 0, PDF_WINDOW + magic.n);
    size_t percent = str_find(head, '%');
    size_t at = percent + str_search(str_slice(head, percent, head.n), magic),
           tail = bytes.n > PDF_WINDOW ? bytes.n - PDF_WINDOW : 0;
    if (at >= head.n || !is_digit((char)byte_at(bytes, at + magic.n)))
        return false;
    struct str end = str_slice(bytes, tail, bytes.n);
    return !text || str_search(end, STR("%%EOF")) < end.n;
}

enum file_type file_type_of(struct str bytes)
{
    if (bytes.n == 0)
        return FILE_EMPTY;
    enum file_type t = signature_type(bytes);
    if (t != FILE_UNKNOWN)
        return t;
    t = text_type_of(bytes);
    if (t == FILE_UNKNOWN)
        t = refine_tar(bytes, FILE_TAR);
    if (t == FILE_UNKNOWN)
        t = refine_mpeg_audio(bytes, FILE_MP3);
    bool open = t == FILE_UNKNOWN || t == FILE_TEXT;
    return open && is_late_pdf(bytes, t == FILE_TEXT) ? FILE_PDF : t;
}

const char *file_type_name(enum file_type t)
{
    return types[t].name;
}

enum file_class file_type_class(enum file_type t)
{
    return types[t].class;
}
