/* Names of clamd to findings. */
#include "content/av.h"

#include "base/hex.h"
#include "content/place.h"

/* What a name means, by clamd's own scheme of names: the first row whose prefix fits. */
static const struct {
    struct str prefix;
    enum finding_id id;
    enum severity severity;
} names[] = {
    {STR_INIT("Heuristics.Encrypted."), FINDING_AV_ENCRYPTED, SEV_INFO},
    {STR_INIT("Heuristics.OLE2.ContainsMacros"), FINDING_AV_MACROS, SEV_MEDIUM},
    {STR_INIT("Heuristics.Limits.Exceeded"), FINDING_AV_LIMIT, SEV_MEDIUM},
    {STR_INIT("Heuristics.Phishing."), FINDING_AV_HEURISTIC, SEV_HIGH},
    {STR_INIT("Heuristics.Safebrowsing."), FINDING_AV_HEURISTIC, SEV_HIGH},
    {STR_INIT("Heuristics.Exploit."), FINDING_AV_HEURISTIC, SEV_HIGH},
    {STR_INIT("Heuristics.Trojan."), FINDING_AV_HEURISTIC, SEV_HIGH},
    {STR_INIT("Heuristics.Worm."), FINDING_AV_HEURISTIC, SEV_HIGH},
    {STR_INIT("Heuristics.W32."), FINDING_AV_HEURISTIC, SEV_HIGH},
    {STR_INIT("Heuristics.Broken."), FINDING_AV_HEURISTIC, SEV_LOW},
    {STR_INIT("Heuristics."), FINDING_AV_HEURISTIC, SEV_MEDIUM},
    {STR_INIT("PUA."), FINDING_AV_UNWANTED, SEV_MEDIUM},
    {STR_INIT(""), FINDING_AV_FOUND, SEV_CRITICAL},
};

static enum finding_id meaning_of(struct str name, enum severity *severity)
{
    size_t i = 0;
    while (!str_istarts(name, names[i].prefix))
        i++;
    *severity = names[i].severity;
    return names[i].id;
}

/* Of what was scanned, where it is known. */
static struct str hash_of(struct arena *arena, const struct content_object *o)
{
    if (o == NULL || !o->has_bytes)
        return STR_NONE;
    return hex_encode(arena, str_make((const char *)o->sha256, sizeof o->sha256));
}

/* True: the object was scanned whole. */
static bool add(struct finding_list *list, const struct av_result *r)
{
    enum severity severity = SEV_INFO;
    enum finding_id id = r->verdict == AV_LIMIT ? FINDING_AV_LIMIT : FINDING_AV_ERROR;
    struct str text = str_slice(r->text, 0, 100); /* so that the hash has room */
    if (r->verdict == AV_CLEAN)
        return true;
    if (r->verdict == AV_FOUND)
        id = meaning_of(r->text, &severity);
    struct str sha256 = hash_of(list->arena, r->object);
    finding_raise(finding_add(list, id, content_place(r->object), STR_FMT "%s" STR_FMT,
                              STR_ARG(text), sha256.n == 0 ? "" : "; SHA-256 ", STR_ARG(sha256)),
                  severity);
    return r->verdict == AV_FOUND && id != FINDING_AV_LIMIT;
}

bool av_findings(struct finding_list *list, const struct av_result *results, size_t n)
{
    const struct av_result *unanswered = NULL;
    size_t n_unanswered = 0;
    bool complete = true;
    for (size_t i = 0; i < n; i++) {
        if (results[i].verdict == AV_UNAVAILABLE || results[i].verdict == AV_TIMEOUT) {
            unanswered = unanswered == NULL ? &results[i] : unanswered;
            n_unanswered++;
        } else if (!add(list, &results[i])) {
            complete = false;
        }
    }
    if (unanswered != NULL)
        finding_add(list, FINDING_AV_UNAVAILABLE,
                    n_unanswered == 1 ? content_place(unanswered->object) : NOWHERE,
                    "%zu of %zu objects were not scanned: " STR_FMT, n_unanswered, n,
                    STR_ARG(str_slice(unanswered->text, 0, 140)));
    return complete && unanswered == NULL;
}
