/* Folding by tables: accents by what Unicode decomposes, lookalikes as they are drawn in common
 * fonts. A deliberately small part of UTS 39's skeletons, made for words and not for names. */
#include "base/fold.h"

#include "base/utf8.h"
#include "base/vec.h"

/* A run of code points and what each is; '.' for nothing. */
static const struct run {
    int32_t first;
    struct str letters;
} runs[] = {
    {0x00c0, STR_INIT("aaaaaa.ceeeeiiiidnooooo.ouuuuyp.aaaaaa.ceeeeiiiidnooooo.ouuuuypy"
                      "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii..jjkkklllllll"
                      "lllnnnnnnnnnoooooo..rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"
                      "bbbb...cc.ddd....ffg..iikkl.wnnooo..pprss.lttttuu.vyyzz........."
                      ".............aaiioouuuuuuuuuu.aaaa..ggggkkoooo..j...gg.pnnaa...."
                      "aaaaeeeeiiiioooorrrruuuusstt..hh.d..zzaaeeooooooooyylntj..acclts"
                      "z..bu.eejjqqrryy")},
    {0x1e00, STR_INIT("aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm"
                      "mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv"
                      "wwwwwwwwwwxxxxyyzzzzzzhtwy.sss..aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
                      "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy..vvyy")},
};

/* Alphabets and digits one behind the other. */
static const struct cycle {
    int32_t first, last;
    char base;
    unsigned length;
} cycles[] = {
    {0x24b6, 0x24e9, 'a', 26}, /* in circles */
    {0xff10, 0xff19, '0', 10}, /* wide */
    {0xff21, 0xff3a, 'a', 26},   {0xff41, 0xff5a, 'a', 26},
    {0x1d400, 0x1d6a3, 'a', 26},                              /* of mathematics */
    {0x1d7ce, 0x1d7ff, '0', 10}, {0x1f130, 0x1f149, 'a', 26}, /* in squares */
    {0x1f150, 0x1f169, 'a', 26}, {0x1f170, 0x1f189, 'a', 26},
    {0x1f1e6, 0x1f1ff, 'a', 26},
};

static const struct lookalike {
    uint16_t code_point;
    char letter;
} lookalikes[] = {
    {0x00aa, 'a'},
    {0x00ba, 'o'},
    /* Latin of phonetics, small capitals first of all */
    {0x0251, 'a'},
    {0x0261, 'g'},
    {0x0262, 'g'},
    {0x0269, 'i'},
    {0x026a, 'i'},
    {0x0274, 'n'},
    {0x0280, 'r'},
    {0x028f, 'y'},
    {0x0299, 'b'},
    {0x029c, 'h'},
    {0x029f, 'l'},
    /* Greek, in lower case */
    {0x03ac, 'a'},
    {0x03ad, 'e'},
    {0x03af, 'i'},
    {0x03b1, 'a'},
    {0x03b2, 'b'},
    {0x03b5, 'e'},
    {0x03b6, 'z'},
    {0x03b7, 'n'},
    {0x03b9, 'i'},
    {0x03ba, 'k'},
    {0x03bd, 'v'},
    {0x03bf, 'o'},
    {0x03c1, 'p'},
    {0x03c4, 't'},
    {0x03c5, 'u'},
    {0x03c7, 'x'},
    {0x03cc, 'o'},
    {0x03cd, 'u'},
    {0x03f2, 'c'},
    {0x03f3, 'j'},
    /* Cyrillic, in lower case */
    {0x0430, 'a'},
    {0x0432, 'b'},
    {0x0435, 'e'},
    {0x043a, 'k'},
    {0x043c, 'm'},
    {0x043d, 'h'},
    {0x043e, 'o'},
    {0x0440, 'p'},
    {0x0441, 'c'},
    {0x0442, 't'},
    {0x0443, 'y'},
    {0x0445, 'x'},
    {0x0450, 'e'},
    {0x0451, 'e'},
    {0x0455, 's'},
    {0x0456, 'i'},
    {0x0457, 'i'},
    {0x0458, 'j'},
    {0x04bb, 'h'},
    {0x04cf, 'l'},
    {0x0501, 'd'},
    {0x051b, 'q'},
    {0x051d, 'w'},
    /* Armenian */
    {0x0566, 'q'},
    {0x0570, 'h'},
    {0x0578, 'n'},
    {0x057d, 'u'},
    {0x0581, 'g'},
    {0x0585, 'o'},
    /* small capitals */
    {0x1d00, 'a'},
    {0x1d04, 'c'},
    {0x1d05, 'd'},
    {0x1d07, 'e'},
    {0x1d0a, 'j'},
    {0x1d0b, 'k'},
    {0x1d0d, 'm'},
    {0x1d0f, 'o'},
    {0x1d18, 'p'},
    {0x1d1b, 't'},
    {0x1d1c, 'u'},
    {0x1d20, 'v'},
    {0x1d21, 'w'},
    {0x1d22, 'z'},
    {0x210e, 'h'},
    {0xa730, 'f'},
    {0xa731, 's'},
};

/* Neither letters nor digits: signs, spaces, pictures. What stands not here is a letter. */
static const struct {
    int32_t first, last;
} signs[] = {
    {0x0080, 0x00b4}, {0x00b6, 0x00bf}, {0x00d7, 0x00d7}, {0x00f7, 0x00f7},   {0x02b9, 0x02ff},
    {0x0600, 0x060f}, {0x061b, 0x061f}, {0x1680, 0x1680}, {0x2000, 0x2bff},   {0x2e00, 0x2e7f},
    {0x3000, 0x3004}, {0x3008, 0x3020}, {0xfe10, 0xfe6f}, {0xff01, 0xff20},   {0xff3b, 0xff40},
    {0xff5b, 0xff65}, {0xffe0, 0xfffd}, {0xe000, 0xf8ff}, {0x1f000, 0x1faff},
};

static int32_t lower(int32_t c)
{
    if ((c >= 0x0391 && c <= 0x03a9) || (c >= 0x0410 && c <= 0x042f))
        return c + 0x20;
    if (c >= 0x0400 && c <= 0x040f)
        return c + 0x50;
    if (c >= 0x0531 && c <= 0x0556)
        return c + 0x30;
    if (c == 0x04c0)
        return 0x04cf;
    bool pairs = (c >= 0x0460 && c <= 0x0481) || (c >= 0x048a && c <= 0x04bf) ||
                 (c >= 0x04d0 && c <= 0x052f);
    return pairs && c % 2 == 0 ? c + 1 : c;
}

static char look(int32_t c)
{
    size_t from = 0, to = ARRAY_LEN(lookalikes);
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (lookalikes[middle].code_point == c)
            return lookalikes[middle].letter;
        if (lookalikes[middle].code_point < c)
            from = middle + 1;
        else
            to = middle;
    }
    return 0;
}

char fold_letter(int32_t c)
{
    if (c >= 0 && c < 0x80)
        return is_alnum((char)c) ? to_lower((char)c) : 0;
    for (size_t i = 0; i < ARRAY_LEN(runs); i++)
        if (c >= runs[i].first && (size_t)(c - runs[i].first) < runs[i].letters.n) {
            char letter = runs[i].letters.p[c - runs[i].first];
            return letter == '.' ? 0 : letter;
        }
    for (size_t i = 0; i < ARRAY_LEN(cycles); i++)
        if (c >= cycles[i].first && c <= cycles[i].last)
            return (char)(cycles[i].base + (c - cycles[i].first) % (int)cycles[i].length);
    return look(lower(c));
}

static bool is_sign(int32_t c)
{
    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        if (c >= signs[i].first && c <= signs[i].last)
            return true;
    return c < 0x80;
}

/* Of two letters. */
static const char *pair_of(int32_t c)
{
    switch (c) {
    case 0x00df: /* sharp s */
    case 0x1e9e:
        return "ss";
    case 0x00c6: /* ae */
    case 0x00e6:
        return "ae";
    case 0x0152: /* oe */
    case 0x0153:
        return "oe";
    case 0xfb00:
        return "ff";
    case 0xfb01:
        return "fi";
    case 0xfb02:
        return "fl";
    default:
        return NULL;
    }
}

static bool is_mark(int32_t c)
{
    return (c >= 0x0300 && c <= 0x036f) || (c >= 0x1ab0 && c <= 0x1aff) ||
           (c >= 0x1dc0 && c <= 0x1dff) || (c >= 0x20d0 && c <= 0x20ff) ||
           (c >= 0xfe20 && c <= 0xfe2f);
}

/* A letter that looks like none of ours, in lower case; those that change have two bytes. */
static size_t put_letter(char *out, struct str written, int32_t c)
{
    int32_t small = lower(c);
    if (small == c) {
        memcpy(out, written.p, written.n);
        return written.n;
    }
    out[0] = (char)(0xc0 | small >> 6);
    out[1] = (char)(0x80 | (small & 0x3f));
    return 2;
}

/* The code point at the front of `text`, which is not ASCII; the new length of `out`, where the
 * last byte is a blank between words. */
static size_t fold_other(struct str *text, char *out, size_t n)
{
    struct str before = *text;
    int32_t c = utf8_next(text);
    char letter = c < 0 ? 0 : fold_letter(c);
    const char *pair = pair_of(c);
    if (letter != 0) {
        out[n++] = letter;
    } else if (pair != NULL) {
        out[n++] = pair[0];
        out[n++] = pair[1];
    } else if (c >= 0 && (utf8_is_invisible(c) || is_mark(c))) {
        return n;
    } else if (c < 0 || is_sign(c)) {
        if (out[n - 1] != ' ')
            out[n++] = ' ';
    } else {
        n += put_letter(out + n, str_slice(before, 0, before.n - text->n), c);
    }
    return n;
}

static inline vec letters_of(vec v)
{
    return (vec)((vec)((v | 0x20) - 'a') < 26);
}

static inline vec digits_of(vec v)
{
    return (vec)((vec)(v - '0') < 10);
}

/* So many bytes of ASCII of which no two in a row part words, the one before counted in: they are
 * folded one to one. False: they are not so. */
static inline bool fold_block(const char *p, char *out)
{
    vec v = vec_load(p), before = vec_load(p - 1), letters = letters_of(v);
    vec kept = letters | digits_of(v), kept_before = letters_of(before) | digits_of(before);
    if (vec_any((v & 0x80) | ~(kept | kept_before)))
        return false;
    vec folded = (kept & (v | (letters & 0x20))) | (~kept & ' ');
    memcpy(out, &folded, sizeof folded);
    return true;
}

struct str fold_text(struct str text, char *out)
{
    size_t n = 0;
    char last = ' ';
    out[n++] = last;
    for (size_t at = 0; at < text.n;) {
        if (at > 0 && text.n - at >= VEC_BYTES && fold_block(text.p + at, out + n)) {
            at += VEC_BYTES;
            n += VEC_BYTES;
            last = out[n - 1];
            continue;
        }
        for (size_t stop = at + VEC_BYTES; at < text.n && at < stop;) {
            char c = text.p[at];
            if ((unsigned char)c >= 0x80) {
                struct str rest = str_slice(text, at, text.n);
                n = fold_other(&rest, out, n);
                last = out[n - 1];
                at = text.n - rest.n;
                continue;
            }
            c = is_alnum(c) ? to_lower(c) : ' ';
            out[n] = c; /* written over when it is a second blank */
            n += (c != ' ') | (last != ' ');
            last = c;
            at++;
        }
    }
    if (n == 1)
        return str_make(out, 0);
    if (last != ' ')
        out[n++] = ' ';
    return str_make(out, n);
}
