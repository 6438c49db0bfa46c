/* What is remembered of DNS lists between mails: which work, which are left alone, and until when.
 */
#include <pthread.h>
#include <stdlib.h>

#include "intel/dns_list.h"

struct dns_list_health {
    pthread_mutex_t lock;
    size_t n;
    struct dns_list_status status[];
};

int dns_list_health_new(size_t n_lists, struct dns_list_health **out, struct mp_err *err)
{
    struct dns_list_health *h = NULL;
    if (n_lists <= INTEL_MAX_DNS_LISTS)
        h = calloc(1, sizeof *h + n_lists * sizeof h->status[0]);
    if (h == NULL || pthread_mutex_init(&h->lock, NULL) != 0) {
        free(h);
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the state of %zu DNS lists", n_lists);
    }
    h->n = n_lists;
    *out = h;
    return MP_OK;
}

void dns_list_health_free(struct dns_list_health *h)
{
    if (h == NULL)
        return;
    pthread_mutex_destroy(&h->lock);
    free(h);
}

struct dns_list_status dns_list_health_at(struct dns_list_health *h, size_t list, int64_t now_s)
{
    struct dns_list_status s = {0};
    if (h == NULL || list >= h->n)
        return s;
    pthread_mutex_lock(&h->lock);
    s = h->status[list];
    pthread_mutex_unlock(&h->lock);
    return s.until_s > now_s ? s : (struct dns_list_status){0};
}

void dns_list_health_set(struct dns_list_health *h, size_t list, int64_t now_s,
                         enum dns_list_fault fault, const struct ip *at)
{
    struct dns_list_status s = {.state = DNS_LIST_DISABLED, .fault = fault, .at = *at};
    int64_t lasts_s = DNS_LIST_DISABLED_S;
    if (h == NULL || list >= h->n)
        return;
    if (fault == DNS_LIST_FINE) {
        s = (struct dns_list_status){.state = DNS_LIST_WORKS};
        lasts_s = DNS_LIST_TEST_S;
    } else if (fault == DNS_LIST_FAILED) {
        s.state = DNS_LIST_UNREACHABLE;
        lasts_s = DNS_LIST_REST_S;
    }
    s.until_s = now_s < INT64_MAX - lasts_s ? now_s + lasts_s : INT64_MAX;
    pthread_mutex_lock(&h->lock);
    h->status[list] = s;
    pthread_mutex_unlock(&h->lock);
}

const char *dns_list_state_name(enum dns_list_state s)
{
    static const char *const names[] = {"untested", "works", "disabled", "unreachable"};
    return names[s];
}
