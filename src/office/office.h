/* One Office document, or a part of one, read whole: what it runs, starts, fetches and carries. */
#ifndef MP_OFFICE_OFFICE_H
#define MP_OFFICE_OFFICE_H

#include "base/arena.h"
#include "base/err.h"

enum {
    OFFICE_MAX_OBJECTS = 500,                   /* embedded in one document */
    OFFICE_MAX_LINKS = 2000,                    /* relationships, hyperlinks */
    OFFICE_MAX_FORMULAS = 32,                   /* of DDE, and of XLM */
    OFFICE_MAX_NESTED = 1000,                   /* documents within documents, read in turn */
    OFFICE_MAX_NESTED_BYTES = 64 * 1024 * 1024, /* read for that, and unpacked */
    OFFICE_MAX_SEEN_BYTES = 256 * 1024,
    OFFICE_MAX_TEXT_BYTES = 4096 /* of a formula, a target, a name */
};

enum office_as {
    OFFICE_BY_BYTES, /* a compound file, RTF, XML, SYLK, BIFF without a file around it */
    OFFICE_CSV,      /* text in columns: by its name, the bytes do not tell */
    OFFICE_BIFF12    /* a binary part of a workbook (XLSB) */
};

/* How to read. Passwords are tried on what is encrypted; each costs up to a tenth of a second. */
struct office_how {
    enum office_as as;
    const struct str *passwords; /* UTF-8 */
    size_t n_passwords;
};

/* Excel opens what is encrypted with this without asking. */
#define OFFICE_DEFAULT_PASSWORD "VelvetSweatshop"

struct office_macro {
    struct str name, source;
    bool stomped; /* compiled code without source */
};

/* A reference to something else. */
struct office_link {
    struct str type;   /* last part of a relationship's type, "attachedTemplate"; "hyperlink" */
    struct str target; /* UTF-8, as written */
    bool external;     /* it leaves the document */
};

enum office_object_sort {
    OBJECT_PACKAGE,  /* a file, with a name of its own */
    OBJECT_COMMAND,  /* a double click starts `name` */
    OBJECT_EQUATION, /* of the equation editor that is no more */
    OBJECT_LINKED,   /* its bytes are elsewhere */
    OBJECT_OTHER
};

struct office_object {
    enum office_object_sort sort;
    struct str class;       /* "Excel.Sheet.12"; empty: unknown */
    struct str label, name; /* of a package: what is shown; the file, or what is started */
    struct str bytes;       /* of a file that no reader here looked into; empty: none */
};

struct office {
    struct arena *arena;
    struct office_macro *macros;
    struct office_link *links;
    struct office_object *objects;
    struct str *dde, *xlm; /* what was seen: "DDEAUTO cmd.exe /k calc", "Macro1 (hidden)" */
    size_t n_macros, n_links, n_objects, n_dde, n_xlm;
    const char *encrypted; /* how; NULL: it is not */
    struct str password;   /* that opened it; p == NULL: none */
    struct str seen;       /* what people read, of XML: lines; at most OFFICE_MAX_SEEN_BYTES */
    struct str opened;     /* the package that was encrypted; a workbook was read at once */
    bool has_project;      /* a VBA project */
    struct {
        bool is, odd_header;         /* "{\rt" without "f1" */
        bool update, auto_link;      /* \objupdate, \objautlink */
        unsigned font_tables, fonts; /* in them */
    } rtf;
    bool damaged; /* what was read holds */
    bool cut;     /* a limit stopped the reading */
};

/* Do the bytes say that office_read knows them? (Not of XML and columns.) */
bool office_looks(struct str bytes);
/* Do they begin as XML does, with or without its declaration? */
bool office_is_markup(struct str bytes);

/* Read `bytes`, and the documents in it, in turn. Texts are UTF-8, not made printable. Owns: all
 * lives in `arena`. Returns MP_OK, also for what is no document (then all is empty), or MP_E_NOMEM.
 * Linear, no recursion. */
int office_read(struct arena *arena, struct str bytes, struct office_how how, struct office *out,
                struct mp_err *err);

#endif
