/* The fourteen malformed ends of DATA that servers were seen to take differently. */
#include "smtp/smuggle.h"

const struct smuggle_sequence smuggle_sequences[SMUGGLE_SEQUENCES] = {
    {"LF.LF", STR_INIT("\n.\n")},
    {"LF.CRLF", STR_INIT("\n.\r\n")},
    {"CRLF.LF", STR_INIT("\r\n.\n")},
    {"CRLF.CRCRLF", STR_INIT("\r\n.\r\r\n")},
    {"CRCRLF.CRCRLF", STR_INIT("\r\r\n.\r\r\n")},
    {"CRLF.NULCRLF", STR_INIT("\r\n.\0\r\n")},
    {"CRLFNUL.CRLF", STR_INIT("\r\n\0.\r\n")},
    {"LF.CR", STR_INIT("\n.\r")},
    {"LFCR.LFCR", STR_INIT("\n\r.\n\r")},
    {"CR.LF", STR_INIT("\r.\n")},
    {"CR.CR", STR_INIT("\r.\r")},
    {"CR.CRLF", STR_INIT("\r.\r\n")},
    {"CRLF.CR", STR_INIT("\r\n.\r")},
    {"CRLF.SPCRLF", STR_INIT("\r\n. \r\n")},
};

const struct smuggle_sequence *smuggle_by_name(struct str name)
{
    for (size_t i = 0; i < SMUGGLE_SEQUENCES; i++)
        if (str_ieq(name, str_from(smuggle_sequences[i].name)))
            return &smuggle_sequences[i];
    return NULL;
}

const char *smuggle_verdict_name(enum smuggle_verdict v)
{
    static const char *const names[] = {
        [SMUGGLE_CONTENT] = "content",   [SMUGGLE_REFUSED] = "refused",     [SMUGGLE_ENDS] = "ends",
        [SMUGGLE_SMUGGLED] = "smuggled", [SMUGGLE_UNDECIDED] = "undecided",
    };
    return (size_t)v < ARRAY_LEN(names) ? names[v] : "undecided";
}
