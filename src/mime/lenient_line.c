/* Lines and fields as the most forgiving readers take them. */
#include "message/encoded_word.h"
#include "mime/lenient.h"

enum { JUNK_BEFORE_MAX = 8, NAME_MAX_BYTES = 80, HEAD_LINES_MAX = 300, HEAD_FIELDS_MIN = 3 };

bool is_blank(struct str line)
{
    for (size_t i = 0; i < line.n; i++)
        if ((unsigned char)line.p[i] > ' ' && line.p[i] != 0x7f)
            return false;
    return true;
}

static const struct {
    struct str letters; /* behind "content" */
    enum loose_field kind;
} kinds[] = {{STR_INIT("typ"), LOOSE_TYPE},         {STR_INIT("trans"), LOOSE_ENCODING},
             {STR_INIT("enc"), LOOSE_ENCODING},     {STR_INIT("tranfer"), LOOSE_ENCODING},
             {STR_INIT("disp"), LOOSE_DISPOSITION}, {STR_INIT("id"), LOOSE_OTHER},
             {STR_INIT("desc"), LOOSE_OTHER},       {STR_INIT("loc"), LOOSE_OTHER}};

/* What the letters of a name say: comments, white space and foreign bytes in it are passed over,
 * but prose ("contents of this issue:") is no field. */
static enum loose_field kind_of(struct str name)
{
    char letters[NAME_MAX_BYTES];
    size_t n = 0, words = 0;
    for (size_t i = 0; i < name.n; i++) {
        if (is_alpha(name.p[i]))
            letters[n++] = to_lower(name.p[i]);
        if (name.p[i] == '=' || name.p[i] == '<' || name.p[i] == '"')
            return LOOSE_NONE;
        words += name.p[i] == ' ' && i > 0 && is_alpha(name.p[i - 1]);
    }
    struct str s = str_make(letters, n), content = STR("content");
    if (!str_starts(s, content) || words > 2)
        return LOOSE_NONE;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_starts(str_slice(s, content.n, s.n), kinds[i].letters))
            return kinds[i].kind;
    return LOOSE_NONE;
}

/* ---- lines that cannot matter ---- */

/* A bit for each of BLOCK bytes; what a bit says needs a look ahead over those behind STEP. */
enum { BLOCK = 64, STEP = 48, NEAR = 9 };
_Static_assert(NEAR == JUNK_BEFORE_MAX + 1 && NEAR == LOOSE_FIELD_MIN - 1, "see read_block");

/* A bit where one of the NEAR from it on is set. */
static uint64_t near(uint64_t bits)
{
    uint64_t eight = bits | bits >> 1;
    eight |= eight >> 2;
    eight |= eight >> 4;
    return eight | bits >> (NEAR - 1);
}

/* Two dashes, or a "c" with so few bytes before it in its line and so many behind it that a field
 * may begin there. `before`: the ends of lines among the NEAR bytes before `at`. */
static void read_block(struct loose_skipper *s, struct str bytes, size_t at, uint64_t before)
{
    uint64_t ends = 0, dashes = 0, c = 0;
    for (unsigned i = 0; i < BLOCK; i += VEC_BYTES) {
        vec v = vec_load(bytes.p + at + i);
        ends |= (uint64_t)vec_bits((vec)(v == '\r') | (vec)(v == '\n')) << i;
        dashes |= (uint64_t)vec_bits((vec)(v == '-')) << i;
        c |= (uint64_t)vec_bits((vec)((v | 0x20) == 'c')) << i;
    }
    uint64_t early = near(ends << NEAR | before), room = ~near(ends >> 1);
    s->hits = ((c & early & room) | (dashes & dashes >> 1)) & (((uint64_t)1 << STEP) - 1);
    s->ends_before = ends >> (STEP - NEAR) & (((uint64_t)1 << NEAR) - 1);
    s->start = at;
    s->end = at + STEP;
}

size_t loose_line_start(struct str bytes, size_t pos, size_t at)
{
    if (at > pos && at < bytes.n && bytes.p[at] == '\n' && bytes.p[at - 1] == '\r')
        at--; /* of one line end */
    while (at > pos && bytes.p[at - 1] != '\n' && bytes.p[at - 1] != '\r')
        at--;
    return at;
}

size_t loose_skip(struct loose_skipper *s, struct str bytes, size_t pos)
{
    static const uint64_t just_before = (uint64_t)1 << (NEAR - 1);
    size_t at = pos;
    while (at < s->end || bytes.n - at >= BLOCK) {
        if (at >= s->end)
            read_block(s, bytes, at, at == pos ? just_before : s->ends_before);
        uint64_t hits = s->hits >> (at - s->start);
        if (hits != 0)
            return loose_line_start(bytes, pos, at + (size_t)__builtin_ctzll(hits));
        at = s->end;
    }
    return loose_line_start(bytes, pos, at);
}

/* "Content-Type:From:Date", as signatures list names of fields. */
static bool is_name_list(struct str text)
{
    size_t i = 0, name;
    while (i < text.n && (unsigned char)text.p[i] <= ' ')
        i++;
    for (name = i; i < text.n && (is_alnum(text.p[i]) || text.p[i] == '-' || text.p[i] == '_');)
        i++;
    bool empty = i == name;
    while (i < text.n && (unsigned char)text.p[i] <= ' ')
        i++;
    return !empty && i < text.n && text.p[i] == ':';
}

/* The "c" of "content" among the first bytes, with an "o" for the next letter: else line.n. */
static size_t name_start(struct str line)
{
    size_t i = 0;
    if (line.n >= VEC_BYTES) {
        vec hit = (vec)((vec_load(line.p) | 0x20) == 'c');
        i = vec_any(hit) ? vec_first(hit) : line.n;
    } else {
        while (i + 1 < line.n && (line.p[i] | 0x20) != 'c')
            i++;
    }
    if (i > JUNK_BEFORE_MAX || i + 1 >= line.n)
        return line.n;
    size_t next = i + 1;
    while (next < line.n && next - i < NAME_MAX_BYTES && !is_alpha(line.p[next]))
        next++;
    return next < line.n && (line.p[next] | 0x20) == 'o' ? i : line.n;
}

enum loose_field loose_field_read(struct str line, size_t *value)
{
    size_t i = name_start(line);
    if (i == line.n)
        return LOOSE_NONE;
    struct str name = str_slice(line, i, i + NAME_MAX_BYTES);
    name = str_slice(name, 0, str_find(name, ':'));
    if (i + name.n == line.n || line.p[i + name.n] != ':')
        return LOOSE_NONE;
    for (*value = i + name.n; *value < line.n && line.p[*value] == ':';)
        ++*value;
    if (i > 0 && is_name_list(str_slice(line, *value, line.n)))
        return LOOSE_NONE;
    return kind_of(name);
}

bool is_field_like(struct str line)
{
    size_t i = 0;
    while (i < line.n && i < NAME_MAX_BYTES && line.p[i] > ' ' && line.p[i] != ':' &&
           line.p[i] != 0x7f)
        i++;
    while (i < line.n && (unsigned char)line.p[i] <= ' ')
        i++;
    return i > 0 && i < line.n && line.p[i] == ':';
}

bool begins_like_message(struct str s)
{
    struct loose_line l = {0};
    size_t value, fields = 0;
    for (unsigned lines = 0; lines < HEAD_LINES_MAX && loose_next(s, l.next, &l); lines++) {
        struct str line = str_slice(s, l.start, l.end);
        if (loose_field(line, &value) != LOOSE_NONE)
            return true;
        if (is_blank(line) && lines > 0)
            return fields >= HEAD_FIELDS_MIN;
        bool field = is_field_like(line);
        fields += field;
        if (!field && !is_blank(line) && !is_wsp(line.p[0]) && !str_starts(line, STR("--")))
            return false;
    }
    return false;
}

/* Words that name an encoding wherever they stand. */
static const struct {
    struct str word;
    enum body_encoding encoding;
} hints[] = {
    {STR_INIT("64"), ENCODING_BASE64},    {STR_INIT("quoted"), ENCODING_QP},
    {STR_INIT("printable"), ENCODING_QP}, {STR_INIT("uu"), ENCODING_UU},
    {STR_INIT("yenc"), ENCODING_YENC},    {STR_INIT("y-enc"), ENCODING_YENC},
    {STR_INIT("hex"), ENCODING_BINHEX},   {STR_INIT("gzip"), ENCODING_GZIP64},
};

static unsigned hinted(struct str lower)
{
    unsigned found = 0;
    for (size_t i = 0; i < ARRAY_LEN(hints); i++)
        if (str_search(lower, hints[i].word) < lower.n)
            found |= 1u << hints[i].encoding;
    return found;
}

/* Lower case, without comments, white space, quotes and escapes. */
static struct str squeeze(struct arena *arena, struct str s, bool comments_too)
{
    char *out = arena_new(arena, char, s.n);
    size_t n = 0, depth = 0;
    for (size_t i = 0; out != NULL && i < s.n; i++) {
        char c = s.p[i];
        depth += c == '(' && !comments_too;
        if (depth == 0 && (unsigned char)c > ' ' && c != '"' && c != '\\' && c != '\'' &&
            c != '(' && c != ')')
            out[n++] = to_lower(c);
        depth -= c == ')' && depth > 0;
    }
    return str_make(out, n);
}

unsigned loose_encodings(struct arena *arena, struct str value, bool *odd)
{
    enum body_encoding plain = encoding_by_name(str_trim(value), false);
    *odd = plain == ENCODING_UNKNOWN;
    if (!*odd)
        return plain == ENCODING_NONE ? 0 : 1u << plain;
    unsigned found = hinted(squeeze(arena, value, false)) | hinted(squeeze(arena, value, true));
    if (has_encoded_word(value)) {
        struct str decoded = encoded_word_decode(arena, value, NULL);
        if (decoded.p != NULL)
            found |= hinted(squeeze(arena, decoded, false));
    }
    return found;
}
