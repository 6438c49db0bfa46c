/* Services are asked last: they cost a quota, and they learn what the mail holds. */
#include "base/grow.h"
#include "base/psl.h"
#include "engine/intel_stage.h"
#include "engine/job.h"

/* A mail of which nothing was found stays as it is, whatever a service thinks; one that is refused
 * anyway too. *grave: it is for the reserve of the quota. */
static bool can_change(const struct job *job, bool *grave)
{
    enum severity worst = SEV_INFO;
    for (size_t i = 0; i < job->findings.n; i++)
        if (job->findings.items[i].severity > worst)
            worst = job->findings.items[i].severity;
    *grave = worst >= SEV_HIGH;
    return worst >= SEV_MEDIUM && worst < SEV_CRITICAL;
}

static bool is_hit(const struct intel_stage *s, size_t item)
{
    for (size_t i = 0; i < s->hits.n; i++)
        if (s->hits.items[i].item == item)
            return true;
    return false;
}

static int note(struct job *job, enum intel_service service, const struct indicator *what,
                struct finding_where where, bool http, bool grave, struct mp_err *err)
{
    struct intel_stage *s = &job->intel;
    struct intel_ask *asks = list_room(&job->arena, s->asks, s->n_asks, &s->cap_asks, sizeof *asks);
    if (asks == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    s->asks = asks;
    asks[s->n_asks++] = (struct intel_ask){.question = {.service = service, .http = http},
                                           .what = *what,
                                           .where = where,
                                           .is_grave = grave};
    return MP_OK;
}

/* All services that there are; each takes the kinds that it knows. */
static int note_all(struct job *job, const struct indicator *what, struct finding_where where,
                    bool http, bool grave, struct mp_err *err)
{
    int st = MP_OK;
    for (unsigned i = 0; st == MP_OK && i < SERVICE_COUNT; i++)
        if (job->config->intel->services >> i & 1)
            st = note(job, (enum intel_service)i, what, where, http, grave, err);
    return st;
}

/* The link, and the domain somebody registered for it. */
static int note_link(struct job *job, const struct intel_item *item, bool grave, struct mp_err *err)
{
    struct indicator what = {.confidence = INDICATOR_NO_CONFIDENCE};
    int st = MP_OK;
    if (indicator_read(&job->arena, INDICATOR_URL, item->text, &what, NULL) == MP_OK &&
        what.kind == INDICATOR_URL)
        st = note_all(job, &what, item->where, item->url.kind == URL_HTTP, grave, err);
    struct str site = url_site(&job->arena, &item->url);
    if (st == MP_OK && site.n > 0 &&
        indicator_read(&job->arena, INDICATOR_DOMAIN, site, &what, NULL) == MP_OK)
        st = note_all(job, &what, item->where, false, grave, err);
    return st;
}

static int note_file(struct job *job, const struct intel_item *item, bool grave, struct mp_err *err)
{
    struct indicator what = {.kind = INDICATOR_SHA256, .confidence = INDICATOR_NO_CONFIDENCE};
    memcpy(what.hash, item->sha256, sizeof item->sha256);
    return note_all(job, &what, item->where, false, grave, err);
}

static int note_address(struct job *job, const struct intel_item *item, bool grave,
                        struct mp_err *err)
{
    struct indicator what = {.kind = INDICATOR_IP,
                             .first = item->ip,
                             .last = item->ip,
                             .confidence = INDICATOR_NO_CONFIDENCE};
    return note_all(job, &what, item->where, false, grave, err);
}

static int note_items(struct job *job, bool grave, struct mp_err *err)
{
    struct intel_stage *s = &job->intel;
    size_t files = 0, links = 0;
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < s->n_items; i++) {
        const struct intel_item *item = &s->items[i];
        if (is_hit(s, i))
            continue;
        if (item->kind == ITEM_ADDRESS)
            st = note_address(job, item, grave, err);
        else if (item->kind == ITEM_FILE && ++files <= SERVICE_MAX_FILES)
            st = note_file(job, item, grave, err);
        else if (item->kind == ITEM_LINK && ++links <= SERVICE_MAX_LINKS)
            st = note_link(job, item, grave, err);
    }
    s->files_cut = files > SERVICE_MAX_FILES ? files - SERVICE_MAX_FILES : 0;
    s->links_cut = links > SERVICE_MAX_LINKS ? links - SERVICE_MAX_LINKS : 0;
    for (size_t i = 0; i < s->n_asks; i++)
        s->asks[i].question.what = &s->asks[i].what; /* the array moves no more */
    return st;
}

static bool is_of_link(const struct intel_ask *a)
{
    return a->what.kind == INDICATOR_URL || a->what.kind == INDICATOR_DOMAIN;
}

/* What was above the limits of a mail, unless no service takes such. */
static bool tell_cut(struct job *job)
{
    const struct intel_stage *s = &job->intel;
    size_t files = 0, links = 0;
    for (size_t i = 0; i < s->n_asks; i++) {
        if (s->asks[i].word.outcome == WORD_NOT_ASKED)
            continue;
        files = s->asks[i].what.kind == INDICATOR_SHA256 ? s->files_cut : files;
        links = is_of_link(&s->asks[i]) ? s->links_cut : links;
    }
    if (files > 0)
        finding_add(&job->findings, FINDING_INTEL_UNAVAILABLE, NOWHERE,
                    "services: only the first %d files were asked about, %zu were not",
                    SERVICE_MAX_FILES, files);
    if (links > 0)
        finding_add(&job->findings, FINDING_INTEL_UNAVAILABLE, NOWHERE,
                    "services: only the first %d links were asked about, %zu were not",
                    SERVICE_MAX_LINKS, links);
    return files + links > 0;
}

/* Malicious before the rest: of more findings than are kept the gravest are. True: some is missing.
 */
static bool tell_words(struct job *job)
{
    const struct intel_stage *s = &job->intel;
    bool missing = tell_cut(job);
    for (int malicious = 1; malicious >= 0; malicious--)
        for (size_t i = 0; i < s->n_asks; i++)
            if ((s->asks[i].word.outcome == WORD_MALICIOUS) == (malicious == 1))
                service_findings(&s->asks[i].word, &s->asks[i].what, s->asks[i].where,
                                 &job->findings);
    for (size_t i = 0; i < s->n_asks; i++)
        missing |= word_is_missing(&s->asks[i].word);
    return missing;
}

int service_stage_run(struct job *job, struct mp_err *err)
{
    struct intel_stage *s = &job->intel;
    const struct intel_settings *settings = job->config->intel;
    bool grave;
    int st = MP_OK;
    if (settings == NULL || settings->services == 0)
        return MP_OK;
    if (!s->services_noted) {
        s->services_noted = true;
        st = can_change(job, &grave) ? note_items(job, grave, err) : MP_OK;
    }
    for (size_t i = 0; st == MP_OK && i < s->n_asks; i++)
        if (!s->asks[i].answered)
            return MP_WAIT;
    if (st == MP_OK)
        job->cut |= tell_words(job) && settings->require;
    return st;
}
