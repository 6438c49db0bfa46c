/* libmilter (Sendmail License), as a filter that sees all and lets everything through. */
#include <libmilter/mfapi.h>
#include <stdio.h>

#include "bench/milter_bench.h"

const bool bench_has_libmilter = true;

static sfsistat on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
    (void)ctx, (void)name, (void)address;
    return SMFIS_NOREPLY;
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
    (void)ctx, (void)name;
    return SMFIS_NOREPLY;
}

static sfsistat on_path(SMFICTX *ctx, char **words)
{
    (void)ctx, (void)words;
    return SMFIS_NOREPLY;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
    (void)ctx, (void)name, (void)value;
    return SMFIS_NOREPLY;
}

static sfsistat on_eoh(SMFICTX *ctx)
{
    (void)ctx;
    return SMFIS_NOREPLY;
}

/* Answered: what comes with the end of the message is a body too, and NOREPLY would end that. */
static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t n)
{
    (void)ctx, (void)bytes, (void)n;
    return SMFIS_CONTINUE;
}

static sfsistat on_end(SMFICTX *ctx)
{
    (void)ctx;
    return SMFIS_CONTINUE;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
                             unsigned long f2, unsigned long f3, unsigned long *my_actions,
                             unsigned long *my_steps, unsigned long *my_f2, unsigned long *my_f3)
{
    (void)ctx, (void)f2, (void)f3;
    *my_actions = actions & (SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE);
    *my_steps =
        steps & (SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_HDR |
                 SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_NODATA | SMFIP_NOUNKNOWN | SMFIP_HDR_LEADSPC);
    *my_f2 = *my_f3 = 0;
    return SMFIS_CONTINUE;
}

int bench_libmilter(const char *path)
{
    char name[] = "mailproof-bench", where[200];
    struct smfiDesc filter = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_path,
        .xxfi_envrcpt = on_path,
        .xxfi_header = on_header,
        .xxfi_eoh = on_eoh,
        .xxfi_body = on_body,
        .xxfi_eom = on_end,
        .xxfi_negotiate = on_negotiate,
    };
    snprintf(where, sizeof where, "unix:%s", path);
    if (smfi_setconn(where) != MI_SUCCESS || smfi_register(filter) != MI_SUCCESS ||
        smfi_setbacklog(1024) != MI_SUCCESS)
        return 1;
    return smfi_main() == MI_SUCCESS ? 0 : 1;
}
