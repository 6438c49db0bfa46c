/* Fuzz: a saved audit as JSON, read and compared with an audit that found something. */
#include <assert.h>

#include "flow/audit_internal.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static struct audit audit;
    struct saved_audit saved = {0};
    struct mp_err err = {0};
    struct audit *a = &audit;
    *a = (struct audit){0};
    arena_init(&a->arena, 64 << 20);
    finding_list_init(&a->ctx.findings, &a->arena);
    check_list_init(&a->ctx.checks, &a->arena, &a->ctx.findings);
    check_begin(&a->ctx.checks, STR("SPF"), "spf.all");
    check_add(&a->ctx.checks, FINDING_POSTURE_SPF_NONE, "good.test");
    check_add(&a->ctx.checks, FINDING_POSTURE_SPF_SOFTFAIL, "v=spf1 ~all");
    check_end(&a->ctx.checks, -1, "v=spf1 ~all");
    int st = audit_saved_read(&a->arena, str_make((const char *)data, size), "saved.json",
                              STR("good.test"), &saved, &err);
    assert((st == MP_OK) == (err.text[0] == '\0'));
    if (st == MP_OK && audit_compare(a, &saved, &err) == MP_OK) {
        assert(a->n_known + a->n_new == a->ctx.findings.n);
        assert(a->n_known + a->n_gone <= saved.n);
        assert(audit_describe(a, &err) == MP_OK && a->headline.n > 0);
    }
    arena_clear(&a->arena);
    return 0;
}
