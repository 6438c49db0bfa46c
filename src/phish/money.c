/* Numbers that people call or pay to, as they stand in text. */
#include "phish/money.h"

#include "crypto/digest.h"

/* ---- telephone numbers ---- */

enum { PHONE_MAX_SIGNS = 6 }; /* between two digits: ") - (" */

/* The length of what may stand between digits: blanks, hyphens, dots, parentheses, and those of
 * Unicode that look like them or like nothing. 0: it ends the number. */
static size_t sign_bytes(struct str s, size_t at)
{
    char c = s.p[at];
    if (c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/')
        return 1;
    struct str rest = str_slice(s, at, s.n);
    if (str_starts(rest, STR("\xc2\xa0")))
        return 2;
    bool general = str_starts(rest, STR("\xe2\x80")) && rest.n > 2;
    unsigned char third = general ? (unsigned char)rest.p[2] : 0;
    return (third >= 0x80 && third <= 0x95) || third == 0xaf ? 3 : 0;
}

static bool is_toll_free(const char *d)
{
    return d[0] == '8' && d[1] == d[2] && (d[1] == '0' || (d[1] >= '3' && d[1] <= '8'));
}

/* Written with signs between its digits, or with a plus: else any long number would be one. */
static bool is_phone(const char *d, size_t n, bool plus, unsigned groups)
{
    if (plus)
        return n >= 8 && n <= PHONE_MAX_DIGITS && d[0] != '0';
    if (n == 10)
        return is_toll_free(d) && groups > 1;
    if (n == 11 && d[0] == '1')
        return groups > 1 && d[1] >= '2' && d[4] >= '2';
    return n >= 10 && n <= PHONE_MAX_DIGITS && d[0] == '0' && d[1] == '0' && d[2] != '0' &&
           groups > 2;
}

static bool begins_phone(struct str s, size_t at)
{
    char c = s.p[at];
    return (is_digit(c) || c == '+' || c == '(') && (at == 0 || !is_alnum(s.p[at - 1]));
}

/* One candidate from `at` on; where it ends. */
static size_t read_phone(struct str s, size_t at, bool *found)
{
    char digits[PHONE_MAX_DIGITS + 1];
    size_t n = 0, i = at, end;
    unsigned signs = 0, groups = 1;
    bool plus = false;
    for (; i < s.n && (s.p[i] == '+' || s.p[i] == '(' || s.p[i] == ' '); i++)
        plus |= s.p[i] == '+';
    for (end = i; i < s.n;) {
        size_t sign = is_digit(s.p[i]) ? 0 : sign_bytes(s, i);
        if (is_digit(s.p[i])) {
            groups += signs > 0 && n > 0;
            signs = 0;
            if (n <= PHONE_MAX_DIGITS)
                digits[n] = s.p[i];
            n += n <= PHONE_MAX_DIGITS;
            end = ++i;
        } else if (sign == 0 || ++signs > PHONE_MAX_SIGNS) {
            break;
        } else {
            i += sign;
        }
    }
    bool whole = end >= s.n || !is_alnum(s.p[end]);
    *found = whole && n <= PHONE_MAX_DIGITS && is_phone(digits, n, plus, groups);
    return end > at ? end : at + 1;
}

bool money_find_phone(struct str text, struct str *out)
{
    for (size_t at = 0; at < text.n;) {
        bool found;
        if (!begins_phone(text, at)) {
            at++;
            continue;
        }
        size_t end = read_phone(text, at, &found);
        if (found) {
            *out = str_slice(text, at, end);
            return true;
        }
        at = end;
    }
    return false;
}

/* ---- amounts ---- */

static const struct str currencies[] = {
    STR_INIT("$"),   STR_INIT("\xe2\x82\xac"), STR_INIT("\xc2\xa3"), STR_INIT("USD"),
    STR_INIT("EUR"), STR_INIT("GBP"),          STR_INIT("R$"),       STR_INIT("CHF"),
    STR_INIT("AUD"), STR_INIT("CAD"),          STR_INIT("INR"),      STR_INIT("\xe2\x82\xb9"),
};

static size_t currency_bytes(struct str s, size_t at)
{
    char c = s.p[at];
    if (c != '$' && c != 'R' && (unsigned char)c < 0x80 && (c < 'A' || c > 'U'))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(currencies); i++)
        if (str_starts(str_slice(s, at, s.n), currencies[i]))
            return currencies[i].n;
    return 0;
}

/* The bounds of digits with dots and commas that `at` is in; false: there is no digit. */
static bool number_at(struct str s, size_t at, size_t *from, size_t *to)
{
    if (at >= s.n || !is_digit(s.p[at]))
        return false;
    *from = *to = at;
    while (*from > 0 &&
           (is_digit(s.p[*from - 1]) || s.p[*from - 1] == '.' || s.p[*from - 1] == ','))
        --*from;
    while (*to < s.n && (is_digit(s.p[*to]) || s.p[*to] == '.' || s.p[*to] == ','))
        ++*to;
    while (!is_digit(s.p[*to - 1])) /* the end of a sentence is none of it */
        --*to;
    return true;
}

bool money_find_amount(struct str text, struct str *out)
{
    for (size_t at = 0; at < text.n; at++) {
        size_t n = currency_bytes(text, at), from, to;
        if (n == 0)
            continue;
        size_t behind = at + n, before = at;
        behind += behind < text.n && is_wsp(text.p[behind]);
        before -= before > 0 && is_wsp(text.p[before - 1]);
        if (number_at(text, behind, &from, &to)) {
            *out = str_slice(text, at, to);
            return true;
        }
        if (before > 0 && number_at(text, before - 1, &from, &to)) {
            *out = str_slice(text, from, at + n);
            return true;
        }
    }
    return false;
}

/* ---- cryptocurrencies ---- */

enum {
    BASE58_BYTES = 25, /* version, 20 bytes of hash, checksum */
    BASE58_MIN = 26,
    BASE58_MAX = 35,
    BECH32_MIN = 14,
    BECH32_MAX = 90,
    ETHEREUM_CHARS = 42
};

static int base58_value(char c)
{
    static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    const char *p = c == '\0' ? NULL : strchr(digits, c);
    return p == NULL ? -1 : (int)(p - digits);
}

static bool is_base58_address(struct str s)
{
    unsigned char bytes[BASE58_BYTES] = {0}, once[DIGEST_MAX_BYTES], twice[DIGEST_MAX_BYTES];
    if (s.n < BASE58_MIN || s.n > BASE58_MAX || (s.p[0] != '1' && s.p[0] != '3'))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        int carry = base58_value(s.p[i]);
        if (carry < 0)
            return false;
        for (size_t k = BASE58_BYTES; k-- > 0;) {
            carry += 58 * bytes[k];
            bytes[k] = (unsigned char)(carry & 0xff);
            carry >>= 8;
        }
        if (carry != 0)
            return false;
    }
    return digest_once(DIGEST_SHA256, str_make((const char *)bytes, BASE58_BYTES - 4), once) &&
           digest_once(DIGEST_SHA256, str_make((const char *)once, DIGEST_MAX_BYTES), twice) &&
           memcmp(twice, bytes + BASE58_BYTES - 4, 4) == 0;
}

static uint32_t bech32_step(uint32_t sum, uint32_t value)
{
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                         0x2a1462b3};
    uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (unsigned i = 0; i < ARRAY_LEN(generator); i++)
        sum ^= (top >> i & 1) != 0 ? generator[i] : 0;
    return sum;
}

/* BIP 173, BIP 350: of main net, in one case. */
static bool is_bech32_address(struct str s)
{
    static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    enum { BECH32 = 1, BECH32M = 0x2bc830a3 };
    if (s.n < BECH32_MIN || s.n > BECH32_MAX || !str_istarts(s, STR("bc1")))
        return false;
    uint32_t sum = 1;
    const uint32_t prefix[] = {'b' >> 5, 'c' >> 5, 0, 'b' & 31, 'c' & 31};
    for (size_t i = 0; i < ARRAY_LEN(prefix); i++)
        sum = bech32_step(sum, prefix[i]);
    for (size_t i = 3; i < s.n; i++) {
        const char *p = s.p[i] == '\0' ? NULL : strchr(digits, to_lower(s.p[i]));
        if (p == NULL)
            return false;
        sum = bech32_step(sum, (uint32_t)(p - digits));
    }
    return sum == BECH32 || sum == BECH32M;
}

static bool is_ethereum_address(struct str s)
{
    bool same = true;
    if (s.n != ETHEREUM_CHARS || s.p[0] != '0' || s.p[1] != 'x')
        return false;
    for (size_t i = 2; i < s.n; i++) {
        char c = to_lower(s.p[i]);
        if (!is_digit(c) && (c < 'a' || c > 'f'))
            return false;
        same = same && c == to_lower(s.p[2]);
    }
    return !same;
}

bool money_find_coin(struct str text, struct str *out)
{
    unsigned tries = 0;
    for (size_t at = 0; at < text.n && tries < COIN_MAX_TRIES;) {
        size_t end = at;
        while (end < text.n && is_alnum(text.p[end]))
            end++;
        struct str word = str_slice(text, at, end);
        at = end + 1;
        if (word.n < BASE58_MIN || word.n > BECH32_MAX)
            continue;
        tries++;
        if (is_base58_address(word) || is_bech32_address(word) || is_ethereum_address(word)) {
            *out = word;
            return true;
        }
    }
    return false;
}
