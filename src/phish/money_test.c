/* Numbers to call and to pay to, and numbers that are nearly some. */
#include "phish/money.h"

#include <stdlib.h>

#include "tests/tap.h"

struct row {
    const char *text, *want; /* NULL: none */
};

static const struct row phones[] = {
    {"", NULL},
    {"call +1 (888) 555-0123 now", "+1 (888) 555-0123"},
    {"+49 30 901820", "+49 30 901820"},
    {"+442079460000.", "+442079460000"},
    {"1-888-555-0123", "1-888-555-0123"},
    {"(888) 555 0123", "(888) 555 0123"},
    {"844.555.0123", "844.555.0123"},
    {"1 (808) 555 0123", "1 (808) 555 0123"},
    {"0044 20 7946 0000", "0044 20 7946 0000"},
    {"+1\xc2\xa0"
     "888\xe2\x80\x91"
     "555\xe2\x80\x8b"
     "0123",
     "+1\xc2\xa0"
     "888\xe2\x80\x91"
     "555\xe2\x80\x8b"
     "0123"},
    {"+1 - (888) - (555) - (0123) R", "+1 - (888) - (555) - (0123"},
    {"8885550123", NULL},     /* no number is known without signs */
    {"(808) 555-0123", NULL}, /* of one country, for its own people */
    {"18885550123", NULL},
    {"order 888-5550-12", NULL},
    {"2026-01-31 12:00", NULL},
    {"+0 30 901820", NULL},
    {"+1234567", NULL},
    {"+1234567890123456", NULL},
    {"x888-555-0123", NULL},
    {"888-555-0123x", NULL},
    {"192.168.100.200", NULL},
    {"888        555 0123", NULL},
};

static const struct row amounts[] = {
    {"", NULL},
    {"$399.99 was", "$399.99"},
    {"$ 5", "$ 5"},
    {"399,00 EUR", "399,00 EUR"},
    {"USD 20", "USD 20"},
    {"\xe2\x82\xac"
     "1.299,00",
     "\xe2\x82\xac"
     "1.299,00"},
    {"12\xc2\xa3", "12\xc2\xa3"},
    {"It costs $20.", "$20"},
    {"$HOME", NULL},
    {"EUROPE 5", NULL},
    {"399.99", NULL},
    {"five USD", NULL},
};

static const struct row coins[] = {
    {"", NULL},
    {"to 1BoatSLRHtKNngkdXEeobR76b53LETtpyT.", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"},
    {"1BoatSLRHtKNngkdXEeobR76b53LETtpyU", NULL},
    {"x1BoatSLRHtKNngkdXEeobR76b53LETtpyT", NULL},
    {"3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"},
    {"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"},
    {"BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ", "BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ"},
    {"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp", NULL},
    {"bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr",
     "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"},
    {"0x52908400098527886E0F7030069857D2E4169EE7", "0x52908400098527886E0F7030069857D2E4169EE7"},
    {"0x0000000000000000000000000000000000000000", NULL},
    {"0x52908400098527886E0F7030069857D2E4169EE", NULL},
    {"da39a3ee5e6b4b0d3255bfef95601890afd80709", NULL},
    {"abcdefghijklmnopqrstuvwxyzabcdefgh", NULL},
};

static void check(const char *what, const struct row *rows, size_t n,
                  bool (*find)(struct str, struct str *))
{
    for (size_t i = 0; i < n; i++) {
        size_t bytes = strlen(rows[i].text);
        char *text = malloc(bytes + 1);
        struct str got = STR("none");
        if (text == NULL)
            abort();
        memcpy(text, rows[i].text, bytes); /* no NUL behind: a reader beyond the end is seen */
        tap_case("%s: %s", what, rows[i].text);
        tap_int(find(str_make(text, bytes), &got), rows[i].want != NULL);
        tap_str(got, rows[i].want == NULL ? STR("none") : str_from(rows[i].want));
        free(text);
    }
}

int main(void)
{
    check("phone", phones, ARRAY_LEN(phones), money_find_phone);
    check("amount", amounts, ARRAY_LEN(amounts), money_find_amount);
    check("coin", coins, ARRAY_LEN(coins), money_find_coin);
    return tap_done();
}
