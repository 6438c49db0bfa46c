/* The defaults of the rules that all checks of this room keep. */
#include "auth/auth.h"

#include "auth/dkim.h"

enum {
    CLOCK_SKEW_S = 300,   /* small: a clock this wrong is worth noticing */
    BROAD_PREFIX_V4 = 16, /* BreakSPF: ranges this broad are shared with strangers */
    BROAD_PREFIX_V6 = 32
};

void auth_config_init(struct auth_config *c)
{
    *c = (struct auth_config){.discovery = DMARC_TREE_WALK,
                              .l_tag = L_TAG_REFUSE_TAIL,
                              .max_signatures = DKIM_MAX_SIGNATURES,
                              .clock_skew_s = CLOCK_SKEW_S,
                              .spf_broad_prefix_v4 = BROAD_PREFIX_V4,
                              .spf_broad_prefix_v6 = BROAD_PREFIX_V6};
}
