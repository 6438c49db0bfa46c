/* What doctor and stats show of the services. */
#include <stdio.h>

#include "services/ask_internal.h"

enum { SECOND_US = 1000000 };

static void say_why(const struct service_desk *d, const struct gate_now *now,
                    struct service_status *out)
{
    static const char *const says[GATE_STATE_COUNT] = {
        [GATE_MINUTE] = "the questions of this minute are used up",
        [GATE_DAY] = "the questions of this day are used up",
        [GATE_PAUSED] = "it wants no questions for a while (HTTP 429)",
        [GATE_BACKOFF] = "it failed",
        [GATE_BROKEN] = "it failed again and again",
    };
    int64_t until_us = 0;
    enum gate_state state = gate_look(&d->gate, now, true, &until_us);
    const char *why = d->is_on ? says[state] : d->why_off;
    if (why == NULL && out->sends_urls_only)
        why = "never asked: whole URLs are not sent";
    snprintf(out->why, sizeof out->why, "%s", why == NULL ? "" : why);
    if (until_us > now->mono_us)
        out->paused_until_s = now->wall_s + (until_us - now->mono_us + SECOND_US - 1) / SECOND_US;
}

bool services_status(struct services *s, enum intel_service service, struct service_status *out)
{
    if ((unsigned)service >= SERVICE_COUNT)
        return false;
    const struct service_kind *kind = service_kind(service);
    pthread_mutex_lock(&s->lock);
    const struct service_desk *d = &s->desks[service];
    const struct gate_now now = services_now(s);
    *out = (struct service_status){
        .service = service,
        .name = intel_service_name(service),
        .title = intel_service_title(service),
        .enabled = d->config.enabled,
        .needs_key = kind->needs_key,
        .has_key = d->has_key,
        .is_on = d->is_on,
        .sends_urls_only = kind->takes == 1U << INDICATOR_URL && !s->options.send_urls,
        .per_minute = d->config.per_minute,
        .per_day = d->config.per_day,
        .reserve_percent = d->config.reserve_percent,
        .left_today = gate_left(&d->gate, &now, true),
        .left_for_any = gate_left(&d->gate, &now, false),
        .used_today = gate_used(&d->gate, &now),
        .failures = d->gate.failures,
        .asked = d->asked,
        .from_cache = d->from_cache,
        .joined = d->joined,
    };
    say_why(d, &now, out);
    pthread_mutex_unlock(&s->lock);
    return true;
}

void service_status_findings(const struct service_status *status, struct finding_list *findings)
{
    const char *why = status->why[0] == '\0' ? "" : ": ";
    if (!status->enabled)
        return;
    if (!status->is_on) {
        finding_add(findings, FINDING_INTEL_FEED_KEY, NOWHERE, "%s: %s", status->title,
                    status->why);
        return;
    }
    if (status->left_today >= 0 && status->left_today <= (int64_t)(status->per_day / 10))
        finding_add(findings, FINDING_INTEL_QUOTA, NOWHERE,
                    "%s: %llu questions asked today, %lld left%s%s", status->title,
                    (unsigned long long)status->used_today, (long long)status->left_today, why,
                    status->why);
    else if (status->failures != 0)
        finding_add(findings, FINDING_INTEL_UNAVAILABLE, NOWHERE, "%s: %s, %u times in a row",
                    status->title, status->why[0] == '\0' ? "it failed" : status->why,
                    status->failures);
}
