/* Rows for encoded words. */
#include "message/encoded_word.h"

#include "base/buf.h"
#include "message/limits.h"
#include "tests/tap.h"

static struct arena arena;

static const struct {
    struct str text, want;
    unsigned words, broken;
    bool control;
} rows[] = {
    {STR_INIT("plain"), STR_INIT("plain"), 0, 0, false},
    {STR_INIT("=?utf-8?Q?a=C3=A9_b?="), STR_INIT("a\xc3\xa9 b"), 1, 0, false},
    {STR_INIT("=?UTF-8?b?w6k=?="), STR_INIT("\xc3\xa9"), 1, 0, false},
    {STR_INIT("=?UTF-8?B?w6k?="), STR_INIT("\xc3\xa9"), 1, 0, false},
    {STR_INIT("=?iso-8859-1?q?=E9?= x"), STR_INIT("\xc3\xa9 x"), 1, 0, false},
    {STR_INIT("=?iso-8859-1*fr?q?=E9?="), STR_INIT("\xc3\xa9"), 1, 0, false},
    {STR_INIT("=?windows-1251?B?7/Do4uXy?="),
     STR_INIT("\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"), 1, 0, false},
    {STR_INIT("=?iso-2022-jp?B?GyRCJCIbKEI=?="), STR_INIT("\xe3\x81\x82"), 1, 0, false},
    {STR_INIT("=?utf-8?Q?a?= =?utf-8?Q?b?=\r\n =?utf-8?Q?c?="), STR_INIT("abc"), 3, 0, false},
    {STR_INIT("=?utf-8?Q?a?= b =?utf-8?Q?c?="), STR_INIT("a b c"), 2, 0, false},
    {STR_INIT("=?utf-8?Q?a?=b"), STR_INIT("ab"), 1, 0, false},
    {STR_INIT("=?utf-8?B?w?= =?utf-8?B?6k=?="), STR_INIT("=?utf-8?B?w?= \xef\xbf\xbd"), 1, 1,
     false},
    {STR_INIT("=?utf-8?Q?=C3?= =?utf-8?Q?=A9?="), STR_INIT("\xc3\xa9"), 2, 0, false},
    {STR_INIT("=?utf-8?Q?=C3?= =?us-ascii?Q?a?="),
     STR_INIT("\xef\xbf\xbd"
              "a"),
     2, 0, false},
    {STR_INIT("=?x-none?Q?a?= b"), STR_INIT("=?x-none?Q?a?= b"), 0, 1, false},
    {STR_INIT("=?utf-8?X?a?="), STR_INIT("=?utf-8?X?a?="), 0, 0, false},
    {STR_INIT("=?utf-8?Q?a b?="), STR_INIT("=?utf-8?Q?a b?="), 0, 0, false},
    {STR_INIT("=?utf-8?Q?a"), STR_INIT("=?utf-8?Q?a"), 0, 0, false},
    {STR_INIT("=?=?utf-8?Q?a?="), STR_INIT("=?a"), 1, 0, false},
    {STR_INIT("=?utf-8?Q?"
              "?="),
     STR_INIT(""), 1, 0, false},
    {STR_INIT("=?utf-8?Q?=ZZ=4?="), STR_INIT("=ZZ=4"), 1, 0, false},
    {STR_INIT("=?utf-8?Q?a=0D=0Ab?="), STR_INIT("a\r\nb"), 1, 0, true},
    {STR_INIT("=?utf-8?B?AA==?="), STR_INIT("\0"), 1, 0, true},
    {STR_INIT("=?utf-8?Q?a=09b?="), STR_INIT("a\tb"), 1, 0, false},
    {STR_INIT("=?utf-7?Q?+AA0ACg-?="), STR_INIT("\r\n"), 1, 0, true},
    {STR_INIT("a\r\n b"), STR_INIT("a b"), 0, 0, false},
    {STR_INIT("=?utf-8?Q?=FF?="), STR_INIT("\xef\xbf\xbd"), 1, 0, false},
    {STR_INIT("=?shift_jis?B?gg==?="), STR_INIT("\xef\xbf\xbd"), 1, 0, false},
};

int main(void)
{
    struct encoded_word_info info;
    arena_init(&arena, 64u << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("encoded word: " STR_FMT, STR_ARG(rows[i].text));
        tap_str(encoded_word_decode(&arena, rows[i].text, &info), rows[i].want);
        tap_int(info.words, rows[i].words);
        tap_int(info.broken, rows[i].broken);
        tap_int(info.control_inside, rows[i].control);
        tap_int(has_encoded_word(rows[i].text), rows[i].words + rows[i].broken > 0);
    }
    struct buf b;
    buf_init(&b, 1 << 24);
    for (int i = 0; i < 20000; i++)
        buf_addz(&b, i % 2 == 0 ? "=?iso-8859-1?Q?aaaa?= " : "=?x-none?Q?bbbb?= ");
    struct str out = encoded_word_decode(&arena, buf_str(&b), &info);
    tap_case("encoded word: bounded");
    tap_ok(out.n > 0 && out.n <= ENCODED_WORD_MAX_BYTES);
    buf_clear(&b);
    tap_case("encoded word: no memory");
    struct arena none;
    arena_init(&none, 0);
    tap_ok(encoded_word_decode(&none, STR("=?utf-8?Q?a?="), NULL).p == NULL);
    arena_clear(&arena);
    return tap_done();
}
