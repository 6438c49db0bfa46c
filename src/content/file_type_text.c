/* Text by its head, whatever its encoding: scripts, shortcuts, mails, calendars, armour. */
#include "content/file_type_internal.h"

enum {
    TEXT_WINDOW = 4096,         /* what the head of a text is, in bytes of it */
    TEXT_MAX_BLANK = 64 * 1024, /* white space in front, which readers skip */
    TEXT_SAMPLE = 512           /* of these each must be text */
};

/* How the text begins, any case. */
static const struct {
    enum file_type type;
    struct str start;
} starts[] = {
    {FILE_CALENDAR, STR_INIT("BEGIN:VCALENDAR")},
    {FILE_VCARD, STR_INIT("BEGIN:VCARD")},
    {FILE_PGP, STR_INIT("-----BEGIN PGP ")},
    {FILE_PKCS7, STR_INIT("-----BEGIN PKCS7-----")},
    {FILE_PKCS7, STR_INIT("-----BEGIN CMS-----")},
    {FILE_CERTIFICATE, STR_INIT("-----BEGIN CERTIFICATE")},
    {FILE_CERTIFICATE, STR_INIT("-----BEGIN X509 ")},
    {FILE_BINHEX, STR_INIT("(This file must be converted with BinHex")},
    {FILE_YENC, STR_INIT("=ybegin ")},
    {FILE_SCRIPT, STR_INIT("#!/")},
    {FILE_SCRIPT, STR_INIT("#! /")},
    {FILE_SCRIPT, STR_INIT("@echo off")},
    {FILE_SCRIPT, STR_INIT("@echo on")},
    {FILE_SCRIPT, STR_INIT("<?php")},
    {FILE_SCRIPT, STR_INIT("#@~^")}, /* encoded VBScript and JScript */
    {FILE_SCRIPT, STR_INIT("REGEDIT4")},
    {FILE_SCRIPT, STR_INIT("Windows Registry Editor ")},
    {FILE_SCRIPT, STR_INIT("On Error Resume Next")},
    {FILE_SCRIPT, STR_INIT("WScript.")},
    {FILE_PDF, STR_INIT("%PDF-")},
    {FILE_RTF, STR_INIT("{\\rt")},
    {FILE_POSTSCRIPT, STR_INIT("%!PS")},
};

/* A section among those of an .ini file, which may have comments before it. */
static const struct {
    enum file_type type;
    struct str section;
} sections[] = {
    {FILE_URL_SHORTCUT, STR_INIT("[InternetShortcut")},
    {FILE_DESKTOP_ENTRY, STR_INIT("[Desktop Entry]")},
};

static const struct str mail_fields[] = {
    STR_INIT("return-path"),  STR_INIT("received"),   STR_INIT("delivered-to"),
    STR_INIT("from"),         STR_INIT("to"),         STR_INIT("subject"),
    STR_INIT("date"),         STR_INIT("message-id"), STR_INIT("mime-version"),
    STR_INIT("content-type"), STR_INIT("reply-to"),   STR_INIT("dkim-signature"),
    STR_INIT("cc"),           STR_INIT("sender"),     STR_INIT("content-transfer-encoding"),
};

/* str_istarts, at the price of one byte where it does not. */
static bool begins(struct str text, struct str start)
{
    return text.n > 0 && to_lower(*text.p) == to_lower(*start.p) && str_istarts(text, start);
}

static bool is_mail_field(struct str line)
{
    size_t colon = str_find(line, ':');
    struct str name = str_trim_wsp(str_slice(line, 0, colon));
    for (size_t i = 0; colon < line.n && i < ARRAY_LEN(mail_fields); i++)
        if (name.n == mail_fields[i].n && begins(name, mail_fields[i]))
            return true;
    return str_istarts(name, STR("x-")) && colon < line.n;
}

/* "From a@b.example Thu Jan  1 00:00:00 1970" */
static bool is_mbox_line(struct str line)
{
    enum { MIN_BYTES = 24 };
    return str_starts(line, STR("From ")) && line.n >= MIN_BYTES && str_has(line, ':') &&
           !str_has(str_slice(line, 0, 9), ':');
}

/* The first line and at least one more are fields of mail; the rest of the head looks like fields
 * or folded lines. */
static bool is_mail(struct str text)
{
    unsigned known = 0, lines = 0;
    while (text.p != NULL && known < 2) {
        struct str line = str_trim(str_cut(&text, '\n'));
        if (line.n == 0)
            return false;
        bool mbox = lines == 0 && is_mbox_line(line);
        bool field = is_mail_field(line);
        if (lines == 0 && !mbox && !field)
            return false;
        known += field;
        lines++;
    }
    return known >= 2;
}

/* "begin 644 name" */
static bool is_uuencode(struct str text)
{
    if (!str_starts(text, STR("begin ")))
        return false;
    for (size_t i = 6; i < 9; i++)
        if (byte_at(text, i) < '0' || byte_at(text, i) > '7')
            return false;
    return byte_at(text, 9) == ' ' ||
           (byte_at(text, 10) == ' ' && is_digit((char)byte_at(text, 9)));
}

static enum file_type type_by_section(struct str text)
{
    if (byte_at(text, 0) != '[' && byte_at(text, 0) != ';' && byte_at(text, 0) != '#')
        return FILE_TEXT;
    while (text.p != NULL) {
        struct str line = str_trim(str_cut(&text, '\n'));
        for (size_t i = 0; i < ARRAY_LEN(sections); i++)
            if (begins(line, sections[i].section))
                return sections[i].type;
    }
    return FILE_TEXT;
}

static enum file_type type_by_head(struct str text)
{
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (begins(text, starts[i].start))
            return starts[i].type;
    if (byte_at(text, 0) == '<')
        return markup_type_of(text);
    if (is_uuencode(text))
        return FILE_UUENCODE;
    enum file_type t = type_by_section(text);
    return t == FILE_TEXT && is_mail(text) ? FILE_MAIL : t;
}

static bool is_text_byte(unsigned char c)
{
    return c >= ' ' ? c != 0x7f : (c >= '\b' && c <= '\r') || c == 0x1a || c == 0x1b;
}

static bool is_text(struct str sample)
{
    for (size_t i = 0; i < sample.n; i++)
        if (!is_text_byte((unsigned char)sample.p[i]))
            return false;
    return true;
}

struct utf16 {
    unsigned skip; /* bytes of the mark */
    bool found, big_endian;
};

/* By its mark; without one by a head of ASCII with every other byte NUL, as markup has it. */
static struct utf16 utf16_of(struct str bytes)
{
    if (bytes_at(bytes, 0, STR("\xff\xfe")))
        return (struct utf16){.skip = 2, .found = true};
    if (bytes_at(bytes, 0, STR("\xfe\xff")))
        return (struct utf16){.skip = 2, .found = true, .big_endian = true};
    if (bytes_at(bytes, 0, STR("<\0")) && bytes.n >= 4 && bytes.p[2] != 0 && bytes.p[3] == 0)
        return (struct utf16){.found = true};
    if (bytes_at(bytes, 0, STR("\0<\0")) && bytes.n >= 4 && bytes.p[3] != 0)
        return (struct utf16){.found = true, .big_endian = true};
    return (struct utf16){0};
}

static struct str skip_blank(struct str s)
{
    size_t i = 0, end = s.n < TEXT_MAX_BLANK ? s.n : TEXT_MAX_BLANK;
    while (i < end && (is_fws(s.p[i]) || s.p[i] == '\f' || s.p[i] == '\v'))
        i++;
    return str_slice(s, i, s.n);
}

/* UTF-16 to bytes, what is not ASCII as '?'. UTF-16 that is no text has units below blank. */
static enum file_type utf16_type(struct str bytes, struct utf16 form)
{
    char head[TEXT_WINDOW];
    size_t n = 0, at = form.skip, blanks = 0;
    for (; at + 1 < bytes.n && n < sizeof head; at += 2) {
        unsigned unit = form.big_endian ? be16_at(bytes, at) : le16_at(bytes, at);
        bool blank = unit < 0x80 && (is_fws((char)unit) || unit == '\f');
        if (n == 0 && blank && ++blanks < TEXT_MAX_BLANK)
            continue;
        if (unit < 0x80 && !is_text_byte((unsigned char)unit))
            return FILE_UNKNOWN;
        head[n++] = unit < 0x80 ? (char)unit : '?';
    }
    return type_by_head(str_make(head, n));
}

enum file_type text_type_of(struct str bytes)
{
    struct utf16 form = utf16_of(bytes);
    if (form.found)
        return utf16_type(bytes, form);
    struct str text =
        bytes_at(bytes, 0, STR("\xef\xbb\xbf")) ? str_slice(bytes, 3, bytes.n) : bytes;
    text = str_slice(skip_blank(text), 0, TEXT_WINDOW);
    enum file_type t = type_by_head(text);
    if (t != FILE_TEXT)
        return t;
    return is_text(str_slice(text, 0, TEXT_SAMPLE)) ? FILE_TEXT : FILE_UNKNOWN;
}
