/* Words of macros, and what is none. */
#include "office/macro.h"

#include "tests/tap.h"

static const struct {
    const char *label, *source, *autoexec, *suspicious; /* the first word of each, or NULL */
} rows[] = {
    {"auto_open", "Sub AutoOpen()\r\nEnd Sub", "autoopen", NULL},
    {"any case", "SUB WORKBOOK_OPEN()", "workbook_open", NULL},
    {"no whole word", "Sub MyAutoOpenHandler()\r\nSub xAutoOpen()\r\nAutoOpen2", NULL, NULL},
    {"in a comment", "' AutoOpen calls Shell\r\nRem AutoOpen\r\nx = 1 ' Shell", NULL, NULL},
    {"in a text", "MsgBox \"AutoOpen\"", NULL, NULL},
    {"a control that is painted", "Sub InkPicture1_Painted(ByVal h)", "_painted", NULL},
    {"shell", "x = Shell(\"calc\", 1)", NULL, "shell"},
    {"no shell", "x = ShellSort(a)\r\nMsgBox \"sea shell\"", NULL, NULL},
    {"an object", "CreateObject(\"WScript.Shell\")", NULL, "wscript.shell"},
    {"an object with a version", "CreateObject(\"MSXML2.XMLHTTP.6.0\")", NULL, "msxml2.xmlhttp"},
    {"a harmless object", "CreateObject(\"Scripting.Dictionary\")", NULL, NULL},
    {"a command line", "s = \"C:\\Windows\\PowerShell.exe -nop\"", NULL, "powershell"},
    {"texts put together", "s = \"po\" & \"wer\" + _\r\n \"shell\"", NULL, "powershell"},
    {"with Chr", "s = Chr(112) & \"owershel\" & ChrW$(&H6C) & \" -e\"", NULL, "powershell"},
    {"two texts", "f \"power\", \"shell\"", NULL, NULL},
    {"joined with a name", "s = \"power\" & x & \"shell\"", NULL, NULL},
    {"turned round", "StrReverse(\"llehs.tpircsw\")", NULL, "wscript.shell"},
    {"signs of the command line", "s = \"p^ow^ershell\"", NULL, "powershell"},
    {"a declaration", "Declare Function URLDownloadToFileA Lib \"urlmon\"", NULL,
     "urldownloadtofile"},
    {"quotes in a text", "s = \"say \"\"hi\"\" powershell\"", NULL, "powershell"},
    {"a text that does not end", "s = \"power\r\nShell x", NULL, "shell"},
    {"nothing", "", NULL, NULL},
};

static void check(const struct macro_hits *h, enum macro_sort sort, const char *want)
{
    tap_int(h->n[sort] > 0, want != NULL);
    if (want != NULL && h->n[sort] > 0)
        tap_cstr(h->words[sort][0], want);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct macro_hits h = {0};
        tap_case("macro: %s", rows[i].label);
        macro_scan(str_from(rows[i].source), &h);
        check(&h, MACRO_AUTOEXEC, rows[i].autoexec);
        check(&h, MACRO_SUSPICIOUS, rows[i].suspicious);
    }
    tap_case("macro: hits of several modules add up, each word once");
    struct macro_hits h = {0};
    macro_scan(STR("Sub AutoOpen()\nShell x: Shell y"), &h);
    macro_scan(STR("CallByName a: Shell b"), &h);
    tap_int(h.n[MACRO_AUTOEXEC], 1);
    tap_int(h.n[MACRO_SUSPICIOUS], 2);
    return tap_done();
}
