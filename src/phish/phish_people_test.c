/* The rules about senders, what they press for, and all of it together: what each is for, and what
 * is only near it. */
#include "phish/phish_test_kit.h"

#define LINK(src, u)                                                                               \
    {                                                                                              \
        .source = (src), .url = STR_INIT(u)                                                        \
    }
#define HREF(u)      LINK(LINK_HREF, u)
#define ORGANIZER(u) LINK(LINK_CALENDAR, u)

#define TO         "To: <joe@contoso.example>\r\n"
#define SHOP       "From: Shop <news@shop.example>\r\n" TO
#define FROM(x)    "From: " x "\r\n" TO
#define SUBJECT(x) "Subject: " x "\r\n"
#define REPLY(x)   "Reply-To: " x "\r\n"
#define RESULTS(x) "Authentication-Results: " x "\r\n"
#define NEWSLETTER "List-Unsubscribe: <mailto:u@shop.example>\r\n"
#define ANSWER     "In-Reply-To: <1@contoso.example>\r\n"
#define CARDS      "Please buy five gift cards and send me the codes"
#define BANK       "I want to change my direct deposit"
#define BILL                                                                                       \
    "Your subscription was renewed: you were charged $399.99. To cancel call +1 888 555 0123."
#define LOSES     "Your mailbox password expires today"
#define THREATENS "I recorded you with your webcam"
#define COIN      " 1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
#define QUOTED                                                                                     \
    "see below\n\nFrom: Ann <ann@contoso.example>\nSent: Monday\nTo: Joe\nSubject: Bill\n\nPay."

enum { WANT_MAX = 3 };

static const struct row {
    const char *label;
    struct kit_mail mail;
    struct {
        enum finding_id id;
        enum severity severity;
    } want[WANT_MAX];
} rows[] = {
#include "phish/phish_people_rows.def"
};

/* What these rules are about. */
static bool is_ours(enum finding_id id)
{
    struct str name = finding_kind(id)->name;
    return str_starts(name, STR("sender.")) || str_starts(name, STR("social.")) ||
           str_starts(name, STR("phish.")) || id == FINDING_CALENDAR_ORGANIZER;
}

static void check_row(const struct row *row)
{
    struct kit k;
    size_t n = 0;
    struct kit_mail mail = row->mail;
    mail.head = mail.head == NULL ? SHOP : mail.head;
    kit_check(&k, &mail);
    tap_case("%s", row->label);
    for (size_t i = 0; i < k.findings.n; i++) {
        const struct finding *f = &k.findings.items[i];
        if (!is_ours(f->id))
            continue;
        bool wanted = n < WANT_MAX && row->want[n].id != 0;
        tap_cstr(finding_kind(f->id)->name.p,
                 wanted ? finding_kind(row->want[n].id)->name.p : "nothing");
        tap_cstr(severity_name(f->severity), wanted ? severity_name(row->want[n].severity) : "");
        tap_ok(f->evidence.n > 0);
        tap_note(STR_FMT, STR_ARG(f->evidence));
        n++;
    }
    for (; n < WANT_MAX && row->want[n].id != 0; n++)
        tap_cstr("nothing", finding_kind(row->want[n].id)->name.p);
    kit_clear(&k);
}

/* The evidence names what belongs together. */
static void test_evidence(void)
{
    struct kit k;
    kit_check(&k, &(struct kit_mail){.head = FROM("PayPal <x@shop.example>"),
                                     .text = LOSES,
                                     .links = {HREF("https://bit.ly/x")}});
    tap_case("all parts are named");
    for (size_t i = 0; i < k.findings.n; i++)
        if (k.findings.items[i].id == FINDING_PHISH_COMBO)
            tap_str(k.findings.items[i].evidence,
                    STR("sender.name-brand + url.shortener + social.credential"));
    tap_ok(finding_has(&k.findings, FINDING_PHISH_COMBO));
    kit_clear(&k);
}

/* Long texts and many words cost what they are long. */
static void test_long(void)
{
    enum { LONG = 4 << 20 };
    struct kit k;
    char *text = malloc(LONG + 1);
    if (text == NULL)
        abort();
    for (size_t i = 0; i < LONG; i++)
        text[i] = "from: a@b.c\nmailbox +1 (8 "[i % 26];
    text[LONG] = '\0';
    kit_check(&k, &(struct kit_mail){.head = SHOP, .text = text});
    tap_case("a long text of words of lures");
    tap_ok(!finding_has(&k.findings, FINDING_PHISH_COMBO));
    kit_clear(&k);
    free(text);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(&rows[i]);
    test_evidence();
    test_long();
    return tap_done();
}
