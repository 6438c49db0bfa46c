/* Addresses of hosts: what needs no network. */
#include "io/host.h"

#include "tests/tap.h"

static const struct {
    const char *name, *first; /* NULL: none */
} rows[] = {{"127.0.0.1", "127.0.0.1"}, {"::1", "::1"},     {"192.0.2.7", "192.0.2.7"}, {"", NULL},
            {"no host name", NULL},     {"-.invalid", NULL}};

int main(void)
{
    struct ip ips[HOST_MAX_ADDRESSES];
    char text[IP_TEXT_MAX];
    size_t n;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mp_err err = {0};
        tap_case("host: '%s'", rows[i].name);
        n = 0;
        int st = host_addresses(rows[i].name, ips, &n, &err);
        tap_int(st, rows[i].first == NULL ? MP_E_IO : MP_OK);
        tap_int(n, rows[i].first != NULL);
        if (st == MP_OK) {
            ip_write(&ips[0], text);
            tap_cstr(text, rows[i].first);
        } else {
            tap_ok(err.text[0] != '\0');
        }
    }
    tap_case("host: localhost is this machine");
    tap_int(host_addresses("localhost", ips, &n, NULL), MP_OK);
    for (size_t i = 0; i < n; i++)
        tap_ok(!ip_is_public(&ips[i]));
    return tap_done();
}
