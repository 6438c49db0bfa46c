/* What the values of properties mean. */
#include "base/hex.h"
#include "html/css_internal.h"
#include "html/words_internal.h"

enum { ALMOST_NOTHING = CSS_PX, FAR_AWAY = 500 * CSS_PX };

/* ---- words ---- */

bool css_read_word(struct str value, int32_t *out)
{
    static const struct {
        struct str name;
        enum css_word word;
    } words[] = {
        {STR_INIT("block"), CSS_WORD_OTHER},
        {STR_INIT("inline"), CSS_WORD_OTHER},
        {STR_INIT("none"), CSS_WORD_NONE},
        {STR_INIT("inline-block"), CSS_WORD_OTHER},
        {STR_INIT("hidden"), CSS_WORD_HIDDEN},
        {STR_INIT("visible"), CSS_WORD_VISIBLE},
        {STR_INIT("collapse"), CSS_WORD_COLLAPSE},
        {STR_INIT("absolute"), CSS_WORD_ABSOLUTE},
        {STR_INIT("fixed"), CSS_WORD_FIXED},
        {STR_INIT("relative"), CSS_WORD_RELATIVE},
        {STR_INIT("rtl"), CSS_WORD_RTL},
        {STR_INIT("ltr"), CSS_WORD_OTHER},
        {STR_INIT("bidi-override"), CSS_WORD_BIDI_OVERRIDE},
        {STR_INIT("isolate-override"), CSS_WORD_BIDI_OVERRIDE},
        {STR_INIT("disc"), CSS_WORD_DISC},
        {STR_INIT("circle"), CSS_WORD_DISC},
        {STR_INIT("square"), CSS_WORD_DISC},
        {STR_INIT("table"), CSS_WORD_OTHER},
        {STR_INIT("table-cell"), CSS_WORD_OTHER},
        {STR_INIT("table-row"), CSS_WORD_OTHER},
        {STR_INIT("table-row-group"), CSS_WORD_OTHER},
        {STR_INIT("table-header-group"), CSS_WORD_OTHER},
        {STR_INIT("table-footer-group"), CSS_WORD_OTHER},
        {STR_INIT("table-caption"), CSS_WORD_OTHER},
        {STR_INIT("inline-table"), CSS_WORD_OTHER},
        {STR_INIT("list-item"), CSS_WORD_OTHER},
        {STR_INIT("flex"), CSS_WORD_OTHER},
        {STR_INIT("inline-flex"), CSS_WORD_OTHER},
        {STR_INIT("grid"), CSS_WORD_OTHER},
        {STR_INIT("inline-grid"), CSS_WORD_OTHER},
        {STR_INIT("contents"), CSS_WORD_OTHER},
        {STR_INIT("initial"), CSS_WORD_OTHER},
        {STR_INIT("unset"), CSS_WORD_OTHER},
        {STR_INIT("revert"), CSS_WORD_OTHER},
        {STR_INIT("normal"), CSS_WORD_OTHER},
        {STR_INIT("auto"), CSS_WORD_OTHER},
        {STR_INIT("scroll"), CSS_WORD_OTHER},
        {STR_INIT("clip"), CSS_WORD_HIDDEN},
        {STR_INIT("static"), CSS_WORD_OTHER},
        {STR_INIT("sticky"), CSS_WORD_OTHER},
        {STR_INIT("embed"), CSS_WORD_OTHER},
        {STR_INIT("isolate"), CSS_WORD_OTHER},
        {STR_INIT("plaintext"), CSS_WORD_OTHER},
    };
    struct str word = css_cut_word(&value); /* "overflow: hidden auto" has two */
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (word_is(word, words[i].name)) {
            *out = (int32_t)words[i].word;
            return true;
        }
    return false;
}

/* ---- lengths ---- */

static int32_t narrow(int64_t v)
{
    return v >= CSS_AUTO ? CSS_AUTO - 1 : v <= INT32_MIN ? INT32_MIN + 1 : (int32_t)v;
}

static bool read_whole(struct str value, struct css_number *n)
{
    return css_number_read(&value, n) && css_trim(value).n == 0;
}

bool css_read_length(struct str value, int32_t *out)
{
    struct css_number n;
    if (read_whole(value, &n)) {
        bool scaled = n.unit == CSS_UNIT_EM || n.unit == CSS_UNIT_PERCENT;
        *out = narrow(!scaled ? n.milli : n.milli * (n.unit == CSS_UNIT_EM ? 16 : 10));
        return true;
    }
    *out = CSS_AUTO;
    return value.n > 0 && (is_alpha(value.p[0]) || value.p[0] == '-');
}

bool css_read_number(struct str value, int32_t *out)
{
    struct css_number n;
    if (!read_whole(value, &n) || (n.unit != CSS_UNIT_NONE && n.unit != CSS_UNIT_PERCENT))
        return false;
    int64_t per_mille = n.unit == CSS_UNIT_PERCENT ? n.milli / 100 : n.milli;
    *out = (int32_t)(per_mille < 0 ? 0 : per_mille > 1000 ? 1000 : per_mille);
    return true;
}

static bool read_size_word(struct str value, int32_t *out)
{
    static const struct {
        struct str name;
        int32_t size;
    } sizes[] = {{STR_INIT("medium"), 16000},   {STR_INIT("small"), 13000},
                 {STR_INIT("x-small"), 10000},  {STR_INIT("xx-small"), 9000},
                 {STR_INIT("large"), 18000},    {STR_INIT("x-large"), 24000},
                 {STR_INIT("xx-large"), 32000}, {STR_INIT("xxx-large"), 48000},
                 {STR_INIT("smaller"), -834},   {STR_INIT("larger"), -1201},
                 {STR_INIT("initial"), 16000},  {STR_INIT("inherit"), -1001}};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        if (word_is(value, sizes[i].name)) {
            *out = sizes[i].size;
            return true;
        }
    return false;
}

static bool read_size(struct str value, int32_t *out, bool bare)
{
    struct css_number n;
    if (!read_whole(value, &n))
        return read_size_word(value, out);
    if (n.unit == CSS_UNIT_NONE && n.milli != 0 && !bare)
        return false;
    bool relative = n.unit == CSS_UNIT_EM || n.unit == CSS_UNIT_PERCENT;
    int64_t size = n.milli < 0 ? 0 : n.milli;
    *out = !relative ? narrow(size) : css_relative(n.unit == CSS_UNIT_PERCENT ? size / 100 : size);
    return n.milli >= 0;
}

bool css_read_font_size(struct str value, int32_t *out)
{
    return read_size(value, out, true);
}

/* "bold 12px/1.5 Arial": the first piece that is a size; a bare number is a weight. */
bool css_read_font(struct str value, int32_t *out)
{
    for (struct str word; (word = css_cut_word(&value)).n > 0;) {
        if (read_size(str_slice(word, 0, css_find(word, CSS_STOP_SLASH)), out, false))
            return true;
    }
    return false;
}

/* ---- colours ---- */

static bool read_hex_color(struct str digits, int32_t *out)
{
    uint32_t value = 0;
    for (size_t i = 0; i < digits.n; i++) {
        int digit = hex_value(digits.p[i]);
        if (digit < 0 || digits.n > 8)
            return false;
        value = value << 4 | (uint32_t)digit;
        if (digits.n <= 4)
            value = value << 4 | (uint32_t)digit;
    }
    bool has_alpha = digits.n == 4 || digits.n == 8;
    uint32_t alpha = has_alpha ? (value & 0xff) / 2 : CSS_OPAQUE;
    *out = (int32_t)((has_alpha ? value >> 8 : value) | alpha << 24);
    return digits.n == 3 || digits.n == 6 || has_alpha;
}

static uint32_t channel(int64_t milli, int64_t most)
{
    int64_t v = milli * 255 / most;
    return (uint32_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* One channel of hsl(): `hue` in thousandths of a degree, the others of one. */
static uint32_t hue_channel(int64_t hue, int64_t saturation, int64_t lightness, int64_t shift)
{
    int64_t k = (shift * 1000 + hue / 30) % 12000;
    int64_t low = lightness < 1000 - lightness ? lightness : 1000 - lightness;
    int64_t a = saturation * low / 1000;
    int64_t t = k - 3000 < 9000 - k ? k - 3000 : 9000 - k;
    t = t > 1000 ? 1000 : t < -1000 ? -1000 : t;
    return channel(lightness - a * t / 1000, 1000);
}

/* "rgb(1, 2, 3)", "rgba(1 2 3 / 50%)", "hsl(120deg, 50%, 50%)". */
static bool read_color_function(struct str value, int32_t *out)
{
    bool hsl = str_istarts(value, STR("hsl"));
    size_t open = str_find(value, '(');
    struct str s = str_slice(value, open + 1, value.n);
    struct css_number n[4] = {[3] = {.milli = 1000}};
    unsigned got = 0;
    while (got < 4 && css_number_read(&s, &n[got])) {
        got++;
        if (str_istarts(s, STR("deg")))
            s = str_slice(s, 3, s.n);
        while (s.n > 0 && (is_fws(s.p[0]) || s.p[0] == ',' || s.p[0] == '/'))
            s = str_slice(s, 1, s.n);
    }
    if (got < 3)
        return false;
    int64_t alpha = n[3].unit == CSS_UNIT_PERCENT ? n[3].milli / 100 : n[3].milli;
    alpha = alpha < 0 ? 0 : alpha > 1000 ? 1000 : alpha;
    uint32_t rgb = 0;
    int64_t hue = (n[0].milli % 360000 + 360000) % 360000;
    int64_t part[2] = {n[1].milli / 100, n[2].milli / 100};
    for (unsigned i = 0; i < 2; i++)
        part[i] = part[i] < 0 ? 0 : part[i] > 1000 ? 1000 : part[i];
    static const int64_t shifts[] = {0, 8, 4};
    for (unsigned i = 0; i < 3; i++) {
        uint32_t c = hsl ? hue_channel(hue, part[0], part[1], shifts[i])
                         : channel(n[i].milli, n[i].unit == CSS_UNIT_PERCENT ? 100000 : 255000);
        rgb = rgb << 8 | c;
    }
    *out = (int32_t)(rgb | (uint32_t)(alpha * CSS_OPAQUE / 1000) << 24);
    return true;
}

bool css_read_color(struct str value, int32_t *out)
{
    if (value.n == 0)
        return false;
    if (value.p[0] == '#')
        return read_hex_color(str_slice(value, 1, value.n), out);
    if (str_istarts(value, STR("rgb")) || str_istarts(value, STR("hsl")))
        return read_color_function(value, out);
    if (str_ieq(value, STR("transparent"))) {
        *out = 0;
        return true;
    }
    if (str_ieq(value, STR("inherit")) || str_ieq(value, STR("currentcolor")) ||
        str_ieq(value, STR("unset"))) {
        *out = CSS_COLOR_INHERIT;
        return true;
    }
    unsigned row = words_find(&html_color_words, value);
    if (row != 0)
        *out = css_color(html_color_values[row]);
    return row != 0;
}

bool css_legacy_color(struct str text, int32_t *out)
{
    text = css_trim(text);
    return css_read_color(text, out) || (text.n >= 3 && read_hex_color(text, out));
}

static bool is_image(struct str value)
{
    return str_isearch(value, STR("url(")) < value.n ||
           str_isearch(value, STR("gradient(")) < value.n;
}

bool css_read_image(struct str value, int32_t *out)
{
    *out = is_image(value);
    return value.n > 0;
}

bool css_read_background(struct str value, int32_t *out)
{
    if (is_image(value)) {
        *out = CSS_COLOR_UNKNOWN;
        return true;
    }
    bool any = false;
    *out = 0;
    for (struct str word; (word = css_cut_word(&value)).n > 0; any = true)
        if (css_read_color(word, out))
            return *out != CSS_COLOR_INHERIT;
    return any;
}

/* ---- shapes ---- */

/* Up to `max` numbers within the brackets; blanks and commas between them. */
static unsigned read_numbers(struct str value, struct css_number *out, unsigned max)
{
    unsigned n = 0;
    struct str s = str_slice(value, str_find(value, '(') + 1, value.n);
    while (n < max && s.n > 0) {
        while (s.n > 0 && (is_fws(s.p[0]) || s.p[0] == ','))
            s = str_slice(s, 1, s.n);
        if (!css_number_read(&s, &out[n]))
            break;
        n++;
    }
    return n;
}

/* rect(top, right, bottom, left): nothing, or a pixel. */
bool css_read_clip(struct str value, int32_t *out)
{
    struct css_number n[4];
    *out = str_istarts(value, STR("rect(")) && read_numbers(value, n, 4) == 4 &&
           (n[1].milli - n[3].milli <= ALMOST_NOTHING || n[2].milli - n[0].milli <= ALMOST_NOTHING);
    return value.n > 0;
}

/* inset() of a half from each side, circle(0), a polygon that stays at one point. */
bool css_read_clip_path(struct str value, int32_t *out)
{
    struct css_number n[8];
    unsigned got = read_numbers(value, n, ARRAY_LEN(n));
    bool percent = got > 0 && n[0].unit == CSS_UNIT_PERCENT;
    *out = 0;
    if (str_istarts(value, STR("inset("))) {
        int64_t opposite = got >= 3 ? n[2].milli : got > 0 ? n[0].milli : 0;
        *out = percent && n[0].milli + opposite >= 100 * 1000;
    } else if (str_istarts(value, STR("circle(")) || str_istarts(value, STR("ellipse("))) {
        *out = got > 0 && n[0].milli <= ALMOST_NOTHING && !(percent && n[0].milli > 0);
    } else if (str_istarts(value, STR("polygon("))) {
        bool point = got >= 4;
        for (unsigned i = 2; i < got; i++)
            point = point && n[i].milli == n[i % 2].milli;
        *out = point;
    }
    return value.n > 0;
}

/* scale(0) in any direction, or moved out of sight. */
bool css_read_transform(struct str value, int32_t *out)
{
    struct css_number n[2];
    *out = 0;
    for (struct str word; (word = css_cut_word(&value)).n > 0;) {
        unsigned got = read_numbers(word, n, 2);
        for (unsigned i = 0; i < got; i++) {
            bool away = n[i].unit == CSS_UNIT_LENGTH && n[i].milli <= -FAR_AWAY;
            if ((str_istarts(word, STR("scale")) && n[i].milli <= 10) ||
                (str_istarts(word, STR("translate")) && away))
                *out = 1;
        }
    }
    return true;
}

/* "opacity(0)", and Internet Explorer's "alpha(opacity=0)". */
bool css_read_filter(struct str value, int32_t *out)
{
    *out = 1000;
    for (struct str word; (word = css_cut_word(&value)).n > 0;) {
        size_t at = str_isearch(word, STR("opacity=")) + 8;
        struct str number = str_slice(word, str_find(word, '(') + 1, word.n);
        bool old = at < word.n, new = str_istarts(word, STR("opacity("));
        if (old)
            number = str_slice(word, at, word.n);
        struct css_number n;
        if ((old || new) && css_number_read(&number, &n))
            *out = (int32_t)(n.unit == CSS_UNIT_PERCENT ? n.milli / 100
                             : old                      ? n.milli / 100
                             : n.milli > 1000           ? 1000
                                                        : n.milli);
    }
    return true;
}
