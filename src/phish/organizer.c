/* The organizer of an invitation beside the sender of the mail: calendars show the one, mail
 * programs the other. */
#include "phish/phish_internal.h"

#include "base/idna.h"
#include "base/psl.h"

/* Services that send invitations in the name of their users. */
static const struct str platforms[] = {
    STR_INIT("google.com"),
    STR_INIT("calendly.com"),
    STR_INIT("zoom.us"),
    STR_INIT("webex.com"),
    STR_INIT("microsoft.com"),
    STR_INIT("outlook.com"),
    STR_INIT("cal.com"),
    STR_INIT("doodle.com"),
    STR_INIT("hubspot.com"),
    STR_INIT("eventbrite.com"),
    STR_INIT("meetup.com"),
    STR_INIT("lu.ma"),
    STR_INIT("gotowebinar.com"),
    STR_INIT("goto.com"),
    STR_INIT("salesforce.com"),
    STR_INIT("zoho.com"),
    STR_INIT("acuityscheduling.com"),
    STR_INIT("icloud.com"),
};

static bool is_platform(struct str site)
{
    for (size_t i = 0; i < ARRAY_LEN(platforms); i++)
        if (str_eq(site, platforms[i]))
            return true;
    return false;
}

static void check(struct phish *p, const struct content_link *l)
{
    const struct phish_people *who = &p->people;
    struct str domain, address = str_slice(l->url, STR("mailto:").n, l->url.n);
    size_t at = str_rfind(address, '@');
    if (at >= address.n || !idna_to_ascii(p->arena, str_slice(address, at + 1, address.n), &domain))
        return;
    struct str site = psl_registrable(p->arena, domain);
    bool own = phish_is_own(who, p->in->lists, domain);
    bool forged = own && p->in->auth_checked && !p->in->dmarc_pass;
    bool elsewhere = site.n > 0 && !phish_same_house(p, site, who->from.site) &&
                     !is_platform(site) && !is_platform(who->from.site);
    if (!forged && !elsewhere)
        return;
    finding_add(p->findings, FINDING_CALENDAR_ORGANIZER, phish_where(p, STR("From")),
                "organizer " STR_FMT ", sender " STR_FMT "%s", STR_ARG(str_slice(address, 0, 80)),
                STR_ARG(str_slice(who->from.address, 0, 80)), forged ? ", not authenticated" : "");
}

int organizer_check(struct phish *p, struct mp_err *err)
{
    const struct content_report *found = p->in->found;
    (void)err;
    for (size_t i = 0; i < found->n_links && p->people.from.address.n > 0; i++)
        if (found->links[i].source == LINK_CALENDAR &&
            str_istarts(found->links[i].url, STR("mailto:")))
            check(p, &found->links[i]);
    return MP_OK;
}
