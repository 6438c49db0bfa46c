/* Extensions, types and words as data: docs/data-lists.md. A set of our own is built in; files of
 * the operator replace it or add to it. */
#ifndef MP_CONTENT_LISTS_H
#define MP_CONTENT_LISTS_H

#include "base/arena.h"
#include "base/err.h"
#include "content/file_type.h"

enum content_list {
    LIST_EXTENSIONS_DANGEROUS, /* a program runs when it is opened */
    LIST_EXTENSIONS_RISKY,     /* carries, fetches or starts something else */
    LIST_EXTENSIONS_DECOY,     /* harmless ones, put in front of others */
    LIST_EXTENSIONS_MACRO,     /* documents that may hold macros */
    LIST_EXTENSION_TYPES,      /* what the bytes are, by extension */
    LIST_MIME_TYPES,           /* and by declared type */
    LIST_SHORTCUT_COMMANDS,    /* programs that a shortcut does not start */
    LIST_BRANDS,               /* names that are imitated, with their own domains */
    LIST_VIPS,                 /* names of our people, with their addresses */
    LIST_DOMAINS_OWN,
    LIST_DOMAINS_PARTNER,
    LIST_FREEMAIL,
    LIST_SHORTENERS,
    LIST_FREE_HOSTS,  /* anybody may put files, forms or sites there */
    LIST_REDIRECTORS, /* "google.com/url": sends visitors wherever the link says */
    LIST_TLDS_ABUSED,
    LIST_WORDS, /* what lures say, by language, with the groups of each */
    CONTENT_LIST_COUNT
};

/* What a word or phrase of LIST_WORDS is a sign of. */
enum word_group {
    WORD_INVOICE,
    WORD_ORDER,
    WORD_RENEWAL,
    WORD_SUBSCRIPTION,
    WORD_CHARGE,
    WORD_REFUND,
    WORD_CANCEL,
    WORD_SUPPORT,
    WORD_ANTIVIRUS,
    WORD_GIFT_CARD,
    WORD_REQUEST,      /* buy, send, get me */
    WORD_CHANGE,       /* new, update, change */
    WORD_BANK,         /* account, IBAN, payroll */
    WORD_AVAILABLE,    /* are you at your desk */
    WORD_CREDENTIAL,   /* password, mailbox, account */
    WORD_EXPIRY,       /* expires, verify, suspended */
    WORD_EXTORTION,    /* recorded you, webcam, leak */
    WORD_REWARD,       /* you have won, claim your bonus */
    WORD_ADVANCE_FEE,  /* next of kin, million dollars */
    WORD_SAFE_BANNER,  /* this sender is trusted */
    WORD_REPLY_PREFIX, /* re, fw, aw */
    WORD_LABEL_FROM,   /* heads of quoted mails */
    WORD_LABEL_TO,
    WORD_LABEL_SENT,
    WORD_LABEL_SUBJECT,
    WORD_GROUP_COUNT
};

enum {
    CONTENT_LIST_MAX_BYTES = 1 << 20, /* of one file */
    CONTENT_LIST_MAX_ENTRIES = 20000, /* of one list */
    CONTENT_LIST_MAX_KEY = 128,       /* bytes; MIME types are the longest */
    CONTENT_LIST_MAX_VALUES = 64,     /* domains or addresses behind one entry */
    FILE_TYPE_SET_WORDS = 2
};

struct file_type_set {
    uint64_t bits[FILE_TYPE_SET_WORDS];
};
_Static_assert((int)FILE_TYPE_COUNT <= 64 * FILE_TYPE_SET_WORDS, "a set holds every type");

static inline bool file_type_set_has(const struct file_type_set *s, enum file_type t)
{
    return (s->bits[(unsigned)t / 64] >> ((unsigned)t % 64) & 1) != 0;
}

static inline void file_type_set_add(struct file_type_set *s, enum file_type t)
{
    s->bits[(unsigned)t / 64] |= (uint64_t)1 << ((unsigned)t % 64);
}

/* An entry, for whoever walks through a list. */
struct content_entry {
    struct str key;      /* lower case; domains as A-labels; phrases with single blanks */
    struct str folded;   /* of names and phrases: as base/fold.h has it, without blanks around */
    struct str language; /* of words: "de"; else empty */
    bool whole;          /* written in quotes: a name that counts only when it is all there is */
    bool stem;           /* written with "*" behind it (taken off): a word that goes on */
    struct file_type_set types;
    uint32_t groups;          /* bits 1u << enum word_group */
    const struct str *values; /* domains or addresses, lower case */
    size_t n_values;
    size_t line; /* while its file is read */
};
_Static_assert((int)WORD_GROUP_COUNT <= 32, "a word of 32 bits holds every group");

struct content_lists;

/* The built-in lists. Owns: all lives in `arena`. Read-only afterwards: any thread. Returns MP_OK
 * or MP_E_NOMEM. */
int content_lists_new(struct arena *arena, struct content_lists **out, struct mp_err *err);

/* Read the bytes of a file and put them in the place of the list of that name, or with "mode: add"
 * beside what is there. `name` is the file's, "DIR/extensions-risky.list": the last part says which
 * list; words have a file a language, "lure-words.de.list", which leaves other languages alone.
 * Before other threads read `lists`. On failure the lists are as they were. Returns MP_OK,
 * MP_E_SYNTAX ("NAME:LINE: what is wrong"; detail: the line), MP_E_USAGE (no list has that name),
 * MP_E_LIMIT or MP_E_NOMEM. */
int content_lists_parse(struct arena *arena, struct str name, struct str text,
                        struct content_lists *lists, struct mp_err *err);

/* One more entry of a list whose entries are a domain alone. MP_E_USAGE: it is none. */
int content_lists_add_domain(struct arena *arena, enum content_list list, struct str domain,
                             struct content_lists *lists, struct mp_err *err);

/* "extensions-risky.list"; of words "lure-words.list", without the language. */
const char *content_list_file(enum content_list list);
const char *word_group_name(enum word_group group);

/* Does `key`, in lower case, stand in the list? O(log n). */
bool content_lists_has(const struct content_lists *lists, enum content_list list, struct str key);

/* The entry of `key`, of several languages any; NULL: none. O(log n). */
const struct content_entry *content_lists_find(const struct content_lists *lists,
                                               enum content_list list, struct str key);

/* The entry of `domain` (A-labels, lower case) or of the nearest domain above it, or NULL. */
const struct content_entry *content_lists_domain(const struct content_lists *lists,
                                                 enum content_list list, struct str domain);

/* All entries, sorted by key. */
const struct content_entry *content_lists_entries(const struct content_lists *lists,
                                                  enum content_list list, size_t *n);

/* The types that stand behind `key`, or NULL. */
const struct file_type_set *content_lists_types(const struct content_lists *lists,
                                                enum content_list list, struct str key);

/* Calls `found` with every entry of a list of names or phrases that stands in `folded`, which is
 * what fold_text made of a text, as whole words: bytes [at, at + n) of it. From left to right; what
 * stands within another is found too. Linear in the text. */
void content_lists_match(
    const struct content_lists *lists, enum content_list list, struct str folded,
    void (*found)(void *ctx, const struct content_entry *e, size_t at, size_t n), void *ctx);

size_t content_lists_count(const struct content_lists *lists, enum content_list list);

#endif
