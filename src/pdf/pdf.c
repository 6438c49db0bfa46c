/* A PDF from one end to the other: header, objects, encryption, facts, text. */
#include "pdf/pdf_internal.h"

enum {
    OWN_MAX_BYTES = 96 << 20, /* nodes, objects, object streams */
    WORK_FACTOR = 6,          /* steps for each byte of the input, and at least ... */
    WORK_FLOOR = 16 << 20,
    SCRATCH_MAX_BYTES = 64 << 20
};

const char *pdf_limit_name(enum pdf_limit l)
{
    static const char *const names[] = {[PDF_LIMIT_OBJECTS] = "objects",
                                        [PDF_LIMIT_NODES] = "values",
                                        [PDF_LIMIT_INFLATED] = "inflated bytes",
                                        [PDF_LIMIT_WORK] = "work",
                                        [PDF_LIMIT_TEXT] = "text",
                                        [PDF_LIMIT_EMBEDDED] = "embedded files",
                                        [PDF_LIMIT_IMAGES] = "encrypted images",
                                        [PDF_LIMIT_FACTS] = "links, actions, files or images"};
    return names[l];
}

const char *pdf_action_name(enum pdf_action_kind k)
{
    static const char *const names[] = {[PDF_LAUNCH] = "Launch",
                                        [PDF_GOTO_REMOTE] = "GoToR",
                                        [PDF_SUBMIT_FORM] = "SubmitForm",
                                        [PDF_IMPORT_DATA] = "ImportData",
                                        [PDF_FILE] = "file"};
    return names[k];
}

bool pdf_work(struct pdf_reader *r, uint64_t n)
{
    bool enough = n <= r->work_left;
    r->work_left = enough ? r->work_left - n : 0;
    if (!enough)
        pdf_limit(r, PDF_LIMIT_WORK);
    return enough;
}

void *pdf_more(struct pdf_reader *r, void *list, size_t *n, size_t *cap, size_t max, size_t size)
{
    void **items = list;
    if (*n == max) {
        pdf_limit(r, PDF_LIMIT_FACTS);
        return NULL;
    }
    if (*n == *cap) {
        size_t grown = *cap == 0 ? 4 : 2 * *cap;
        void *p = arena_grow(r->arena, *items, *n, grown, size);
        if (p == NULL) {
            r->starved = true;
            return NULL;
        }
        *items = p;
        *cap = grown;
    }
    void *item = (char *)*items + size * (*n)++;
    memset(item, 0, size);
    return item;
}

static bool in_stream(const struct pdf_reader *r, size_t at)
{
    for (size_t i = 0; i < r->n_objects; i++)
        if (at >= r->objects[i].data && at < r->objects[i].data_end)
            return true;
    return false;
}

/* Headers within streams are those of embedded files. */
static void find_headers(struct pdf_reader *r)
{
    enum { ENOUGH = 2, LOOKED_AT = 64 };
    static const struct str word = STR_INIT("%PDF-");
    struct str s = r->bytes;
    size_t at = pdf_find(s, 0, word, 0);
    for (unsigned i = 0; at < s.n && i < LOOKED_AT && r->pdf->n_headers < ENOUGH; i++) {
        if (!in_stream(r, at)) {
            if (r->pdf->n_headers == 0)
                r->pdf->header = at;
            else
                r->pdf->second_header = at;
            r->pdf->has_header = true;
            r->pdf->n_headers++;
        }
        at = pdf_find(s, at + word.n, word, 0);
    }
}

static void find_end(struct pdf_reader *r)
{
    static const struct str word = STR_INIT("%%EOF");
    struct str s = r->bytes;
    size_t at = s.n;
    while (at > 0 && (s.p[at - 1] != '%' || !str_starts(str_slice(s, at - 1, s.n), word)))
        at--;
    if (at == 0)
        return;
    at += word.n - 1;
    while (at < s.n && pdf_char_of(s.p[at]) == PDF_CHAR_SPACE)
        at++;
    r->pdf->trailing = s.n - at;
}

static void read_all(struct pdf_reader *r, const struct str *passwords, size_t n)
{
    pdf_find_objects(r);
    pdf_crypt_open(r, passwords, n);
    pdf_unpack_objects(r);
    find_headers(r);
    find_end(r);
    r->pdf->n_objects = r->n_objects;
    pdf_facts(r);
    pdf_page_text(r);
    pdf_embedded(r);
    pdf_images(r);
}

int pdf_read(struct arena *arena, struct str bytes, const struct str *passwords, size_t n_passwords,
             struct pdf **out, struct mp_err *err)
{
    struct pdf *pdf = arena_new(arena, struct pdf, 1);
    struct pdf_reader r = {.arena = arena, .bytes = bytes, .pdf = pdf};
    if (pdf == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a PDF");
    arena_init(&r.own, OWN_MAX_BYTES);
    buf_init(&r.plain, bytes.n + PDF_MAX_INFLATED_BYTES);
    buf_init(&r.string, bytes.n + PDF_MAX_INFLATED_BYTES);
    buf_init(&r.decoded[0], SCRATCH_MAX_BYTES);
    buf_init(&r.decoded[1], SCRATCH_MAX_BYTES);
    r.work_left = (uint64_t)bytes.n * WORK_FACTOR + WORK_FLOOR;
    r.inflate_left = PDF_MAX_INFLATED_BYTES;
    r.page_left = PDF_MAX_PAGE_BYTES;
    r.embedded_left = PDF_MAX_EMBEDDED_BYTES;
    r.image_left = PDF_MAX_IMAGE_BYTES;
    r.script_left = PDF_MAX_SCRIPT_BYTES;
    read_all(&r, passwords, n_passwords);
    arena_clear(&r.own);
    buf_clear(&r.plain);
    buf_clear(&r.string);
    buf_clear(&r.decoded[0]);
    buf_clear(&r.decoded[1]);
    if (r.starved)
        return mp_fail(err, MP_E_NOMEM, 0, "a PDF needs more memory than allowed");
    *out = pdf;
    return MP_OK;
}
