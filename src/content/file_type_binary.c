/* A closer look where a signature is short, or serves several kinds. */
#include <zlib.h>

#include "content/file_type_internal.h"

/* DOS takes anything that begins with MZ for a program, Windows wants a PE header where the
 * 32-bit number at 60 points to. Text that begins with MZ is no program. */
enum file_type refine_mz(struct str bytes, enum file_type t)
{
    enum { HEADER_BYTES = 28, NEW_HEADER_AT = 60, PAGE = 512, PARAGRAPH = 16 };
    size_t at = le32_at(bytes, NEW_HEADER_AT);
    if (bytes.n >= NEW_HEADER_AT + 4) {
        if (bytes_at(bytes, at, STR("PE\0\0")))
            return t;
        if (at >= HEADER_BYTES &&
            (bytes_at(bytes, at, STR("NE")) || bytes_at(bytes, at, STR("LE")) ||
             bytes_at(bytes, at, STR("LX"))))
            return FILE_DOS_EXE;
    }
    uint32_t pages = le16_at(bytes, 4), header = le16_at(bytes, 8) * PARAGRAPH;
    bool plausible = bytes.n >= HEADER_BYTES && le16_at(bytes, 2) < PAGE && pages > 0 &&
                     header >= HEADER_BYTES && header <= pages * PAGE && header <= bytes.n;
    return plausible ? FILE_DOS_EXE : FILE_UNKNOWN;
}

/* Fat Mach-O files and Java classes share four bytes: then comes a small number of architectures,
 * or the version of the class format, which began at 45. */
enum file_type refine_cafebabe(struct str bytes, enum file_type t)
{
    enum { FIRST_JAVA = 45 };
    uint32_t n = be32_at(bytes, 4);
    if (n > 0 && n < FIRST_JAVA)
        return t;
    return be16_at(bytes, 6) >= FIRST_JAVA && byte_at(bytes, 3) == 0xbe ? FILE_JAVA_CLASS
                                                                        : FILE_UNKNOWN;
}

/* Directory entries of a compound file ([MS-CFB] 2.6): the class of the root tells installers and
 * mails from documents; some writers leave it empty, then the names of streams tell. */
enum file_type refine_ole(struct str bytes, enum file_type t)
{
    enum { SHIFT_AT = 30, DIRECTORY_AT = 48, ENTRY_BYTES = 128, CLASS_AT = 80, LOOK = 8 };
    static const struct {
        enum file_type type;
        struct str class;
    } classes[] = {
        {FILE_MSI, STR_INIT("\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0F")}, /* package */
        {FILE_MSI, STR_INIT("\x86\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0F")}, /* patch */
        {FILE_MSI, STR_INIT("\x82\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0F")}, /* transform */
        {FILE_OUTLOOK_MSG, STR_INIT("\x0b\x0d\2\0\0\0\0\0\xc0\0\0\0\0\0\0F")},
        {FILE_OUTLOOK_MSG, STR_INIT("\x46\xf0\6\0\0\0\0\0\xc0\0\0\0\0\0\0F")}, /* template */
    };
    uint32_t shift = le16_at(bytes, SHIFT_AT);
    if (shift != 9 && shift != 12)
        return t;
    uint64_t at = ((uint64_t)le32_at(bytes, DIRECTORY_AT) + 1) << shift;
    if (at >= bytes.n)
        return t;
    struct str entries = str_slice(bytes, (size_t)at, (size_t)at + LOOK * ENTRY_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(classes); i++)
        if (bytes_at(entries, CLASS_AT, classes[i].class))
            return classes[i].type;
    for (size_t i = ENTRY_BYTES; i < entries.n; i += ENTRY_BYTES)
        if (bytes_at(entries, i, STR("_\0_\0n\0a\0m\0e\0i\0d\0_\0")) ||
            bytes_at(entries, i, STR("_\0_\0p\0r\0o\0p\0e\0r\0t\0i\0e\0s\0_\0")))
            return FILE_OUTLOOK_MSG;
    return t;
}

enum file_type refine_arj(struct str bytes, enum file_type t)
{
    enum { MAX_HEADER = 2600, MIN_HEADER = 30 };
    size_t n = le16_at(bytes, 2);
    if (n < MIN_HEADER || n > MAX_HEADER || bytes.n < n + 8)
        return FILE_UNKNOWN;
    uint32_t sum = (uint32_t)crc32(0, (const unsigned char *)bytes.p + 4, (unsigned)n);
    return sum == le32_at(bytes, 4 + n) ? t : FILE_UNKNOWN;
}

/* "-lh5-", "-lzs-" */
enum file_type refine_lzh(struct str bytes, enum file_type t)
{
    char method = (char)byte_at(bytes, 5);
    return bytes.n >= 21 && byte_at(bytes, 6) == '-' &&
                   (is_digit(method) || method == 'd' || method == 's' || method == 'x')
               ? t
               : FILE_UNKNOWN;
}

static bool all_digits(struct str s, unsigned base)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = to_lower(s.p[i]);
        if (!(base == 8 ? c >= '0' && c <= '7' : is_digit(c) || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

/* Digits all over the header in the forms of text; in the binary one a name of sensible length
 * that ends in NUL. */
enum file_type refine_cpio(struct str bytes, enum file_type t)
{
    enum { NEW_BYTES = 110, OLD_BYTES = 76, BINARY_BYTES = 26, NAME_AT = 20, MAX_NAME = 4096 };
    if (bytes_at(bytes, 0, STR("070707")))
        return bytes.n >= OLD_BYTES && all_digits(str_slice(bytes, 6, OLD_BYTES), 8) ? t
                                                                                     : FILE_UNKNOWN;
    if (byte_at(bytes, 0) == '0')
        return bytes.n >= NEW_BYTES && all_digits(str_slice(bytes, 6, NEW_BYTES), 16)
                   ? t
                   : FILE_UNKNOWN;
    size_t name = byte_at(bytes, 0) == 0xc7 ? le16_at(bytes, NAME_AT) : be16_at(bytes, NAME_AT);
    bool ends = name > 1 && name <= MAX_NAME && BINARY_BYTES + name <= bytes.n &&
                bytes.p[BINARY_BYTES + name - 1] == 0 && bytes.p[BINARY_BYTES] != 0;
    return ends ? t : FILE_UNKNOWN;
}

/* Archives from before "ustar": the sum of the header's bytes, its own field read as blanks. */
enum file_type refine_tar(struct str bytes, enum file_type t)
{
    enum { BLOCK = 512, SUM_AT = 148, SUM_BYTES = 8 };
    if (bytes.n < BLOCK || bytes.p[0] == 0)
        return FILE_UNKNOWN;
    uint32_t said = 0, sum = 0;
    struct str digits = str_slice(bytes, SUM_AT, SUM_AT + SUM_BYTES);
    while (digits.n > 0 && *digits.p == ' ')
        digits = str_slice(digits, 1, digits.n);
    if (digits.n == 0 || *digits.p < '0' || *digits.p > '7')
        return FILE_UNKNOWN;
    for (size_t i = 0; i < digits.n && digits.p[i] >= '0' && digits.p[i] <= '7'; i++)
        said = said * 8 + (uint32_t)(digits.p[i] - '0');
    for (size_t i = 0; i < BLOCK; i++)
        sum += i - SUM_AT < SUM_BYTES ? ' ' : (unsigned char)bytes.p[i];
    return sum == said ? t : FILE_UNKNOWN;
}

enum file_type refine_ar(struct str bytes, enum file_type t)
{
    return bytes_at(bytes, 8, STR("debian-binary")) ? FILE_DEB : t;
}

enum file_type refine_compress(struct str bytes, enum file_type t)
{
    unsigned flags = byte_at(bytes, 2), bits = flags & 0x1f;
    return bytes.n > 3 && bits >= 9 && bits <= 16 && (flags & 0x60) == 0 ? t : FILE_UNKNOWN;
}

/* A dictionary of a size that is a power of two (or three halves of one), and a size of what comes
 * out that is unknown or sensible. */
enum file_type refine_lzma(struct str bytes, enum file_type t)
{
    enum { MAX_SIZE_HIGH = 64 }; /* of 4 GiB each */
    uint32_t dictionary = le32_at(bytes, 1), low = le32_at(bytes, 5), high = le32_at(bytes, 9);
    uint32_t odd = dictionary;
    while (odd > 1 && odd % 2 == 0)
        odd /= 2;
    bool known = high < MAX_SIZE_HIGH, unknown = low == UINT32_MAX && high == UINT32_MAX;
    return bytes.n > 13 && dictionary >= 1u << 12 && (odd == 1 || odd == 3) && (known || unknown)
               ? t
               : FILE_UNKNOWN;
}

enum file_type refine_bmp(struct str bytes, enum file_type t)
{
    static const unsigned headers[] = {12, 16, 40, 52, 56, 64, 108, 124};
    for (size_t i = 0; i < ARRAY_LEN(headers); i++)
        if (le32_at(bytes, 14) == headers[i])
            return bytes.n >= 26 && le32_at(bytes, 10) >= 14 + headers[i] ? t : FILE_UNKNOWN;
    return FILE_UNKNOWN;
}

/* Icons and cursors: the first picture lies behind the directory and within the file. */
enum file_type refine_icon(struct str bytes, enum file_type t)
{
    enum { HEAD = 6, ENTRY = 16 };
    size_t n = le16_at(bytes, 4), at = le32_at(bytes, 18), length = le32_at(bytes, 14);
    return n > 0 && byte_at(bytes, 9) == 0 && at >= HEAD + n * ENTRY && length > 0 && at < bytes.n
               ? t
               : FILE_UNKNOWN;
}

enum file_type refine_wmf(struct str bytes, enum file_type t)
{
    uint32_t version = le16_at(bytes, 4);
    return bytes.n >= 18 && (version == 0x100 || version == 0x300) && le16_at(bytes, 16) == 0
               ? t
               : FILE_UNKNOWN;
}

enum file_type refine_ftyp(struct str bytes, enum file_type t)
{
    static const struct str pictures[] = {STR_INIT("heic"), STR_INIT("heix"), STR_INIT("heim"),
                                          STR_INIT("heis"), STR_INIT("hevc"), STR_INIT("mif1"),
                                          STR_INIT("msf1"), STR_INIT("avif"), STR_INIT("avis")};
    if (be32_at(bytes, 0) < 8 && be32_at(bytes, 0) != 1)
        return FILE_UNKNOWN;
    for (size_t i = 0; i < ARRAY_LEN(pictures); i++)
        if (bytes_at(bytes, 8, pictures[i]))
            return FILE_HEIC;
    return t;
}

enum file_type refine_riff(struct str bytes, enum file_type t)
{
    if (bytes_at(bytes, 8, STR("WEBP")))
        return FILE_WEBP;
    for (size_t i = 8; i < 12; i++)
        if (byte_at(bytes, i) < ' ' || byte_at(bytes, i) > '~')
            return FILE_UNKNOWN;
    return t;
}

/* The length of an MPEG audio frame of layer III whose head stands at `at`; 0: there is none. */
static size_t mp3_frame(struct str bytes, size_t at)
{
    static const unsigned kbits[2][15] = {
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}};
    static const unsigned hertz[3] = {44100, 48000, 32000};
    unsigned version = byte_at(bytes, at + 1) >> 3 & 3, layer = byte_at(bytes, at + 1) >> 1 & 3;
    unsigned rate = byte_at(bytes, at + 2) >> 4, frequency = byte_at(bytes, at + 2) >> 2 & 3;
    if (byte_at(bytes, at) != 0xff || byte_at(bytes, at + 1) < 0xe0 || version == 1 || layer != 1 ||
        rate == 0 || rate == 15 || frequency == 3)
        return 0;
    bool half = version != 3;
    unsigned samples = half ? 72 : 144;
    unsigned hz = hertz[frequency] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
    return samples * kbits[half][rate] * 1000 / hz + (byte_at(bytes, at + 2) >> 1 & 1);
}

/* A tag whose length is written seven bits a byte, or two frames one behind the other. */
enum file_type refine_mpeg_audio(struct str bytes, enum file_type t)
{
    if (bytes_at(bytes, 0, STR("ID3")))
        return bytes.n >= 10 && byte_at(bytes, 3) < 0x10 && (be32_at(bytes, 6) & 0x80808080) == 0
                   ? t
                   : FILE_UNKNOWN;
    size_t first = mp3_frame(bytes, 0);
    return first > 0 && mp3_frame(bytes, first) > 0 ? t : FILE_UNKNOWN;
}

/* Versions are small numbers; the length is that of the whole film. */
enum file_type refine_swf(struct str bytes, enum file_type t)
{
    enum { MAX_VERSION = 60, MIN_BYTES = 21 };
    unsigned version = byte_at(bytes, 3);
    uint32_t length = le32_at(bytes, 4);
    bool fits = byte_at(bytes, 0) == 'F' ? length <= bytes.n : length >= MIN_BYTES;
    return bytes.n >= MIN_BYTES && version > 0 && version <= MAX_VERSION && fits &&
                   length < 1u << 30
               ? t
               : FILE_UNKNOWN;
}

/* One DER or BER head: where its content begins; 0 when there is none. */
static size_t der_enter(struct str bytes, size_t at, unsigned tag)
{
    if (byte_at(bytes, at) != tag || at + 2 > bytes.n)
        return 0;
    unsigned length = byte_at(bytes, at + 1);
    return at + 2 + (length > 0x80 && length <= 0x84 ? length - 0x80 : 0);
}

/* PKCS #7 content (RFC 2315 7), PKCS #12 key bags, X.509 certificates (RFC 5280 4.1). */
enum file_type refine_der(struct str bytes, enum file_type t)
{
    static const struct str pkcs7 = STR_INIT("\6\x09\x2a\x86\x48\x86\xf7\x0d\1\7");
    static const struct str pkcs12_version = STR_INIT("\2\1\3\x30");
    static const struct str v3 = STR_INIT("\xa0\3\2\1\2\2");
    size_t at = der_enter(bytes, 0, 0x30);
    if (at == 0)
        return FILE_UNKNOWN;
    if (bytes_at(bytes, at, pkcs7))
        return t;
    size_t inner = der_enter(bytes, at, 0x30);
    if (inner != 0 && bytes_at(bytes, inner, v3))
        return FILE_CERTIFICATE;
    inner = der_enter(bytes, at + 3, 0x30);
    return bytes_at(bytes, at, pkcs12_version) && inner != 0 && bytes_at(bytes, inner, pkcs7)
               ? FILE_CERTIFICATE
               : FILE_UNKNOWN;
}

/* TrueType: some tables, whose names are printable. */
enum file_type refine_font(struct str bytes, enum file_type t)
{
    enum { HEAD = 12, MAX_TABLES = 64 };
    uint32_t n = be16_at(bytes, 4);
    if (n == 0 || n > MAX_TABLES || bytes.n < HEAD + 16)
        return FILE_UNKNOWN;
    for (size_t i = HEAD; i < HEAD + 4; i++)
        if (byte_at(bytes, i) < ' ' || byte_at(bytes, i) > '~')
            return FILE_UNKNOWN;
    return t;
}

enum file_type refine_pcapng(struct str bytes, enum file_type t)
{
    return bytes_at(bytes, 0, STR("\n\r\r\n")) ? t : FILE_UNKNOWN;
}
