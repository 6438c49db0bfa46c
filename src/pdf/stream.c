/* Streams of objects: which filters they have, their bytes decrypted and decoded. */
#include "pdf/pdf_internal.h"

static enum pdf_filter filter_of(enum pdf_word w)
{
    static const struct {
        enum pdf_word word;
        enum pdf_filter filter;
    } rows[] = {
        {PDF_W_FLATEDECODE, PDF_FLATE},
        {PDF_W_FL, PDF_FLATE},
        {PDF_W_LZWDECODE, PDF_LZW},
        {PDF_W_LZW, PDF_LZW},
        {PDF_W_ASCIIHEXDECODE, PDF_ASCII_HEX},
        {PDF_W_AHX, PDF_ASCII_HEX},
        {PDF_W_ASCII85DECODE, PDF_ASCII85},
        {PDF_W_A85, PDF_ASCII85},
        {PDF_W_RUNLENGTHDECODE, PDF_RUN_LENGTH},
        {PDF_W_RL, PDF_RUN_LENGTH},
        {PDF_W_CRYPT, PDF_CRYPT},
        {PDF_W_DCTDECODE, PDF_DCT},
        {PDF_W_DCT, PDF_DCT},
        {PDF_W_JPXDECODE, PDF_JPX},
        {PDF_W_CCITTFAXDECODE, PDF_CCITT},
        {PDF_W_CCF, PDF_CCITT},
        {PDF_W_JBIG2DECODE, PDF_JBIG2},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].word == w)
            return rows[i].filter;
    return PDF_FILTER_UNKNOWN;
}

static unsigned parameter(struct pdf_reader *r, uint32_t dict, enum pdf_word key,
                          unsigned otherwise, unsigned max)
{
    int64_t v = pdf_number(r, pdf_get(r, dict, key), otherwise);
    return v < 0 || v > max ? max : (unsigned)v;
}

static void add_step(struct pdf_reader *r, uint32_t filter, uint32_t params, struct pdf_coding *out)
{
    const struct pdf_object *o = NULL;
    enum { COLUMNS_MAX = 1 << 20, COLORS_MAX = 32, BITS_MAX = 16, PREDICTOR_MAX = 15 };
    if (!pdf_is(r, filter, PDF_NODE_NAME) || out->n == PDF_MAX_FILTERS)
        return;
    params = pdf_follow(r, params, &o);
    out->steps[out->n].filter = filter_of((enum pdf_word)r->nodes[filter].word);
    out->steps[out->n].predictor = parameter(r, params, PDF_W_PREDICTOR, 1, PREDICTOR_MAX);
    out->steps[out->n].colors = parameter(r, params, PDF_W_COLORS, 1, COLORS_MAX);
    out->steps[out->n].bits = parameter(r, params, PDF_W_BITSPERCOMPONENT, 8, BITS_MAX);
    out->steps[out->n].columns = parameter(r, params, PDF_W_COLUMNS, 1, COLUMNS_MAX);
    out->steps[out->n].late = parameter(r, params, PDF_W_EARLYCHANGE, 1, 1) == 0;
    out->n++;
}

void pdf_coding_of(struct pdf_reader *r, uint32_t dict, struct pdf_coding *out)
{
    const struct pdf_object *o = NULL;
    uint32_t filter = pdf_get(r, dict, PDF_W_FILTER);
    uint32_t params = pdf_get(r, dict, PDF_W_DECODEPARMS);
    *out = (struct pdf_coding){.n = 0};
    filter = pdf_follow(r, filter, &o);
    params = pdf_follow(r, params, &o);
    if (!pdf_is(r, filter, PDF_NODE_ARRAY)) {
        if (pdf_is(r, params, PDF_NODE_ARRAY))
            params = r->nodes[params].end > params + 1 ? params + 1 : PDF_NO_NODE;
        add_step(r, filter, params, out);
        return;
    }
    uint32_t end = r->nodes[filter].end, p = PDF_NO_NODE, p_end = 0;
    if (pdf_is(r, params, PDF_NODE_ARRAY)) {
        p = params + 1;
        p_end = r->nodes[params].end;
    }
    for (uint32_t f = filter + 1; f < end && out->n < PDF_MAX_FILTERS; f = r->nodes[f].end) {
        bool has = p < p_end;
        const struct pdf_object *of = NULL;
        add_step(r, pdf_follow(r, f, &of), has ? p : p_end == 0 ? params : PDF_NO_NODE, out);
        p = has ? r->nodes[p].end : p;
    }
}

struct str pdf_stream_raw(struct pdf_reader *r, const struct pdf_object *o)
{
    struct str raw = str_slice(r->bytes, o->data, o->data_end);
    uint32_t type = pdf_get(r, pdf_dict_of(r, o), PDF_W_TYPE);
    bool plain = pdf_is_word(r, type, PDF_W_XREF) ||
                 (r->crypt.plain_metadata && pdf_is_word(r, type, PDF_W_METADATA));
    if (!plain && pdf_decrypt(r, o, r->crypt.streams, raw, &r->plain))
        return buf_str(&r->plain);
    return raw;
}

static bool has_crypt_filter(const struct pdf_coding *coding)
{
    for (unsigned i = 0; i < coding->n; i++)
        if (coding->steps[i].filter == PDF_CRYPT)
            return true;
    return false;
}

static struct str decode(struct pdf_reader *r, struct str raw, const struct pdf_coding *coding,
                         uint64_t max, enum pdf_limit limit, bool *cut)
{
    struct str out = STR_NONE;
    enum pdf_filter left = PDF_FILTER_NONE;
    uint64_t steps = 0;
    enum pdf_decoded how = pdf_decode(raw, coding, (size_t)max, r->decoded, &out, &left, &steps);
    if (!pdf_work(r, steps) || left != PDF_FILTER_NONE)
        return STR_NONE;
    if (r->pdf->encryption == PDF_LOCKED && (how != PDF_WHOLE || coding->n == 0))
        return STR_NONE; /* it is what it seems: encrypted */
    *cut = how != PDF_WHOLE;
    if (how == PDF_CUT)
        pdf_limit(r, limit);
    return out.n == 0 ? STR_NONE : out;
}

struct str pdf_stream(struct pdf_reader *r, const struct pdf_object *o, uint64_t *budget,
                      enum pdf_limit limit, bool *cut)
{
    struct pdf_coding coding;
    *cut = false;
    if (!o->has_stream || o->data_end <= o->data)
        return STR_NONE;
    pdf_coding_of(r, pdf_dict_of(r, o), &coding);
    struct str bare = str_slice(r->bytes, o->data, o->data_end);
    struct str raw = has_crypt_filter(&coding) ? bare : pdf_stream_raw(r, o);
    struct str out = decode(r, raw, &coding, *budget, limit, cut);
    /* What a false /Encrypt claims to be encrypted is not: readers differ on which one counts. */
    if (out.p == NULL && raw.p != bare.p)
        out = decode(r, bare, &coding, *budget, limit, cut);
    *budget -= out.n < *budget ? out.n : *budget;
    return out;
}
