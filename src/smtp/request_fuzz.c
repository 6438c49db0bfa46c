/* Any bytes as command lines: read or refused with words, views stay inside, paths stay paths. */
#include <assert.h>

#include "smtp/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct str view, struct str line)
{
    assert(view.n == 0 || (view.p >= line.p && view.p + view.n <= line.p + line.n));
}

/* What was read as a path is read again from what it says, and means the same. */
static void check_path(const struct smtp_path *p, struct str line)
{
    char text[SMTP_PATH_MAX_OCTETS + 2];
    struct smtp_path again;
    const char *why;
    check_inside(p->mailbox, line);
    check_inside(p->local, line);
    check_inside(p->domain, line);
    check_inside(p->route, line);
    assert(p->mailbox.n <= SMTP_PATH_MAX_OCTETS && p->local.n <= SMTP_LOCAL_MAX_OCTETS);
    text[0] = '<';
    if (p->mailbox.n > 0)
        memcpy(text + 1, p->mailbox.p, p->mailbox.n);
    text[p->mailbox.n + 1] = '>';
    assert(smtp_path_read(str_make(text, p->mailbox.n + 2), true, true, &again, &why));
    assert(str_eq(again.local, p->local) && str_eq(again.domain, p->domain));
    assert(again.route.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct smtp_offer offer = {data[0] & 1, data[0] & 2, data[0] & 4, data[0] & 8 ? 1000 : 0};
    for (struct str rest = str_make((const char *)data + 1, size - 1); rest.p != NULL;) {
        struct str line = str_cut(&rest, '\n');
        struct smtp_request r;
        struct smtp_refusal why = {0, NULL, NULL};
        bool ok = smtp_request_parse(line, &offer, &r, &why);
        assert(ok == (why.text == NULL) && (ok || (why.code >= 500 && why.code < 560)));
        check_inside(r.argument, line);
        if (ok && (r.verb == SMTP_MAIL || r.verb == SMTP_RCPT))
            check_path(&r.path, line);
        assert(!ok || r.verb != SMTP_VERB_UNKNOWN);
    }
    return 0;
}
