/* Between the table of kinds and the files that write their bytes. */
#ifndef MP_FORGE_FORGE_INTERNAL_H
#define MP_FORGE_FORGE_INTERNAL_H

#include "base/base64.h"
#include "forge/forge.h"

#define FORGE_DEFAULT_FROM     "alice@example.org"
#define FORGE_DEFAULT_TO       "bob@example.net"
#define FORGE_DEFAULT_ATTACKER "attacker.example"

/* ---- numbers that are the same for the same seed (splitmix64) ---- */

struct forge_random {
    uint64_t state;
};
uint64_t forge_random_next(struct forge_random *r);
/* `n` lower-case hex digits; p == NULL without memory. */
struct str forge_random_hex(struct arena *a, struct forge_random *r, size_t n);

/* ---- one message in the making ---- */

struct forging;
typedef int forge_writer(struct forging *f, struct mp_err *err);

enum forge_signer {
    FORGE_UNSIGNED,
    FORGE_SIGN_IF_KEY,  /* with the key of the options, where one was given */
    FORGE_SIGN,         /* with that key */
    FORGE_SIGN_ATTACKER /* with the attacker's key for the attacker's domain */
};

/* A signature with tags of our choice, valid by arithmetic whatever they say. */
struct forge_raw_signature {
    struct str tags;  /* template, b= last; {bh}, {length} (of the body) and more are filled in */
    struct str names; /* h=, for the hash; always relaxed/relaxed */
    bool empty_body;  /* bh= of nothing: l=0 */
    bool attacker;    /* signs with the attacker's key */
};

/* How a kind is made. Texts are templates (forge_expand); everything may be left empty. */
struct forge_recipe {
    struct str top;    /* fields above all others */
    struct str author; /* the author fields; empty: From with the victim's address */
    bool no_author;
    forge_writer *write_author; /* instead of `author` */
    struct str subject;         /* when the options have none */
    struct str bottom;          /* fields below all others */
    struct str text;            /* body when the options have none */
    struct str html;            /* multipart/alternative with this template */
    struct str attach;          /* kind of attachment: multipart/mixed */
    forge_writer *write_content;
    struct str separator; /* between head and body; empty: CRLF */
    enum forge_signer sign;
    uint32_t lifetime_s;     /* x= after t= */
    int32_t signed_before_s; /* t= so long before now; negative: in the future */
    const struct forge_raw_signature *raw_signature;
    forge_writer *alter; /* the finished message in f->message */
    struct str mail_from, helo;
    bool null_sender;
    bool own_sender; /* envelope of the victim's own host */
    forge_writer *write_envelope;
};
extern const struct forge_recipe forge_recipes[]; /* beside forge_kinds */

struct forging {
    struct arena *arena;
    const struct forge_options *o;
    const struct forge_kind *kind;
    const struct forge_recipe *recipe;
    struct forge_random random;
    struct str from, local, domain, to, to_domain, attacker, authserv_id, authserv_id_upper;
    struct str message_id, boundary, lookalike, homograph;
    struct buf head, body, message; /* message: head, separator, body, after assembling */
    struct forge_envelope envelope;
};

/* `text` with {from} {local} {domain} {to} {to-domain} {attacker} {id} {boundary} {lookalike}
 * {homograph} replaced; other braces stay. */
void forge_expand(const struct forging *f, struct buf *out, struct str text);
struct str forge_expand_copy(const struct forging *f, struct str text);
/* To the head, to the body. */
void forge_head(struct forging *f, struct str text);
void forge_body(struct forging *f, struct str text);
/* The victim's address: of the options, or alice at the signing domain or at example.org. */
struct str forge_from(struct arena *a, const struct forge_options *o);
int forge_no_memory(struct mp_err *err);

/* ---- content.c ---- */
int forge_content(struct forging *f, struct mp_err *err);
/* LF, CR and CRLF become CRLF. */
void forge_add_lines(struct buf *out, struct str text);
/* Lines of 76 characters. */
void forge_add_base64(struct buf *out, struct str bytes);
/* multipart/mixed begun: its field, and the text as first part. */
int forge_text_first(struct forging *f, struct mp_err *err);
/* One part with its delimiter in front: fields and encoded body. */
void forge_add_attachment(struct forging *f, const struct forge_attachment *a);
forge_writer forge_international, forge_bounce, forge_digest, forge_many_parts, forge_deep_parts,
    forge_boundary_prefix, forge_boundary_missing, forge_boundary_late, forge_type_twice,
    forge_encoding_twice, forge_no_end, forge_bare_lf, forge_bare_cr, forge_nul_body,
    forge_long_line, forge_base64_broken, forge_forwarded_author, forge_rlo_name, forge_smuggle_lf,
    forge_smuggle_cr;

/* ---- sign.c ---- */
int forge_sign(struct forging *f, struct mp_err *err);
forge_writer forge_alter_body, forge_alter_subject, forge_append_body, forge_second_subject,
    forge_claim_sha1, forge_other_selector, forge_many_signatures;
extern const struct forge_raw_signature forge_raw_nul, forge_raw_paren, forge_raw_quote,
    forge_raw_length, forge_raw_length_zero, forge_raw_twice, forge_raw_identity, forge_raw_no_from,
    forge_raw_plain, forge_raw_wrong_key;

/* ---- hostile.c: what needs counting ---- */
forge_writer forge_nested_comments, forge_many_addresses, forge_long_sender, forge_huge_sender,
    forge_long_local, forge_big_header, forge_many_fields, forge_authres_long, forge_authres_many;

/* ---- attachments ---- */

/* Little endian, as all of these formats are. */
void forge_put16(struct buf *b, unsigned v);
void forge_put32(struct buf *b, uint32_t v);

struct forge_file {
    struct str name, bytes;
};
enum forge_zip_method { FORGE_ZIP_STORED = 0, FORGE_ZIP_DEFLATED = 8 };
/* A ZIP archive of `n` files. With a password: the traditional encryption, its header from `r`. */
int forge_zip(struct arena *a, const struct forge_file *files, size_t n,
              enum forge_zip_method method, struct str password, struct forge_random *r,
              struct str *out, struct mp_err *err);
uint32_t forge_crc32(uint32_t crc, struct str bytes);
/* Raw deflate of one block with fixed codes: small, the same on every machine. */
void forge_deflate(struct buf *out, struct str bytes);

/* A compound file (MS-CFB, version 3) with one level of storages. */
struct forge_stream {
    const char *storage, *name; /* storage NULL: in the root */
    struct str bytes;
};
int forge_cfb(struct arena *a, const struct forge_stream *streams, size_t n, struct str *out,
              struct mp_err *err);
/* vbaProject.bin with one document module and one standard module (MS-OVBA). */
int forge_vba_project(struct arena *a, struct str code, struct str *out, struct mp_err *err);
/* The compression of MS-OVBA 2.4.1; out->failed when the text is longer than a chunk. */
enum { FORGE_VBA_CHUNK_BYTES = 4096 };
void forge_vba_compress(struct buf *out, struct str text);
int forge_docm(struct arena *a, struct forge_random *r, struct str *out, struct mp_err *err);

#endif
