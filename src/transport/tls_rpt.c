/* TLS-RPT (RFC 8460 3): one TXT record into the places that want reports. */
#include "transport/tls_rpt.h"

#include "base/uri.h"
#include "transport/txt_field.h"

static const struct str version_text = STR_INIT("v=TLSRPTv1");

/* N50: mailto and https, no other. "!" must be encoded here (3). */
static const char *uri_problem(struct str uri)
{
    if (uri.n == 0)
        return "rua= has an empty element";
    if (str_has(uri, '!'))
        return "a URI of rua= has a bare \"!\"";
    if (str_istarts(uri, STR("mailto:")))
        return uri_mailto_fault(uri) == URI_OK ? NULL : "a mailto: URI of rua= is not valid";
    if (str_istarts(uri, STR("https:")))
        return uri_https_fault(uri) == URI_OK ? NULL : "an https: URI of rua= is not valid";
    return "a URI of rua= is neither mailto: nor https:";
}

/* The ABNF allows rua= again: its places are added to the first ones. */
static const char *take_rua(struct str value, struct tls_rpt_record *r)
{
    while (value.p != NULL) {
        struct str uri = str_trim_wsp(str_cut(&value, ','));
        const char *problem = uri_problem(uri);
        if (problem != NULL)
            return problem;
        if (r->n_rua == TLS_RPT_MAX_RUA)
            return "rua= names more than 20 places";
        r->rua[r->n_rua++] = uri;
    }
    return NULL;
}

static const char *take_field(struct str field, struct tls_rpt_record *r)
{
    struct str value = field, name = str_cut(&value, '=');
    if (value.p == NULL)
        return "a field has no \"=\"";
    if (!txt_field_name(name))
        return "the name of a field is not valid";
    if (str_eq(name, STR("rua")))
        return take_rua(value, r);
    return txt_field_value(value) ? NULL : "the value of a field is empty or not valid";
}

bool tls_rpt_record_parse(struct str text, struct tls_rpt_record *out)
{
    struct tls_rpt_record r = {.text = text, .problem = ""};
    struct str rest;
    if (!txt_version_take(text, version_text, &rest))
        return false;
    const char *problem = rest.p == NULL ? "no \";\" follows v=TLSRPTv1" : NULL;
    while (rest.p != NULL && problem == NULL) {
        struct str field = str_trim_wsp(str_cut(&rest, ';'));
        if (field.n == 0 && rest.p == NULL) /* one delimiter may end the record */
            break;
        problem = field.n == 0 ? "a field is empty" : take_field(field, &r);
    }
    if (problem == NULL && r.n_rua == 0)
        problem = "rua= is missing";
    if (problem != NULL) {
        r.n_rua = 0;
        r.problem = problem;
    }
    *out = r;
    return true;
}

/* 3: strings that do not begin with "v=TLSRPTv1;" are discarded first; of the rest there must be
 * exactly one. A lone "v=TLSRPTv1" is told as malformed when nothing better is there. */
enum tls_rpt_presence tls_rpt_record_of(const struct dns_answer *txt, struct tls_rpt_record *out)
{
    struct tls_rpt_record r;
    size_t complete = 0, bare = 0;
    *out = (struct tls_rpt_record){.problem = ""};
    for (size_t i = 0; txt->status == DNS_DATA && i < txt->n; i++) {
        struct str rest;
        if (!txt_version_take(txt->records[i].data, version_text, &rest))
            continue;
        bool is_bare = rest.p == NULL;
        if (tls_rpt_record_parse(txt->records[i].data, &r) && complete == 0 &&
            (!is_bare || bare == 0))
            *out = r;
        complete += !is_bare;
        bare += is_bare;
    }
    if (complete > 1) {
        out->n_rua = 0;
        out->problem = "there are several v=TLSRPTv1 records";
        return TLS_RPT_SEVERAL;
    }
    if (complete + bare == 0)
        return TLS_RPT_ABSENT;
    return out->problem[0] == '\0' ? TLS_RPT_PRESENT : TLS_RPT_MALFORMED;
}
