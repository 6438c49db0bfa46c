/* The facts, and the rules over them in turn. */
#include "phish/phish_internal.h"

static int collect(struct phish *p, struct mp_err *err)
{
    const struct address_list *from = &p->in->author->list;
    p->names = p->in->names;
    p->from = from->n > 0 ? &from->items[0] : NULL;
    if (p->names != NULL)
        return MP_OK;
    struct phish_names *names;
    int st = phish_names_new(p->arena, p->in->lists, &names, err);
    if (st == MP_OK)
        p->names = names;
    return st;
}

static int read_people(struct phish *p, struct mp_err *err)
{
    return phish_people_read(p->arena, p->in, &p->people, err);
}

static int read_text(struct phish *p, struct mp_err *err)
{
    return phish_text_read(p->arena, p->in->found, p->people.subject, p->in->lists, &p->text, err);
}

static int (*const rules[])(struct phish *p, struct mp_err *err) = {
    collect,
    read_people,
    read_text,
    url_links_read,
    phish_leads_read,
    url_check,
    hidden_address_check,
    organizer_check,
    recorded_check,
    sender_name_check,
    sender_address_check,
    social_check,
    combo_check,
};

int phish_check(struct arena *arena, const struct phish_input *in, struct finding_list *findings,
                struct mp_err *err)
{
    struct phish p = {.arena = arena, .in = in, .findings = findings};
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < ARRAY_LEN(rules); i++)
        st = rules[i](&p, err);
    return st;
}
