/* Where to listen and who is local: the texts of addresses and networks. */
#include <stdio.h>
#include <sys/un.h>

#include "daemon/config_internal.h"

enum { MODE_MOST = 0777, MODE_DEFAULT = 0660 };

/* ---- addresses ---- */

static bool take_host(struct str host, struct ip *out, const char **why)
{
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = str_slice(host, 1, host.n - 1);
    if (str_ieq(host, STR("localhost")))
        host = STR("127.0.0.1");
    if (ip_parse(host, out))
        return true;
    *why = str_eq(host, STR("*")) ? "write 0.0.0.0 or [::] for all addresses"
                                  : "an IP address or localhost is wanted before the port";
    return false;
}

static bool take_port(struct str port, uint16_t *out, const char **why)
{
    uint64_t v;
    if (!str_to_u64(port, UINT16_MAX, &v) || v == 0) {
        *why = "a port from 1 to 65535 is wanted";
        return false;
    }
    *out = (uint16_t)v;
    return true;
}

/* "8891@127.0.0.1", "127.0.0.1:8891", "[::1]:8891" */
static bool take_inet(struct str text, struct serve_address *out, const char **why)
{
    struct str host = text, port;
    out->kind = SERVE_INET;
    if (str_has(text, '@')) {
        port = str_cut(&host, '@');
    } else {
        size_t colon = str_rfind(text, ':');
        if (colon == text.n) {
            *why = "an address is wanted beside the port: 127.0.0.1:8891";
            return false;
        }
        host = str_slice(text, 0, colon);
        port = str_slice(text, colon + 1, text.n);
        if (str_has(host, ':') && host.p[0] != '[') {
            *why = "an IPv6 address stands in brackets: [::1]:8891";
            return false;
        }
    }
    return take_host(host, &out->ip, why) && take_port(port, &out->port, why);
}

static bool take_unix(struct arena *arena, struct str path, struct serve_address *out,
                      const char **why)
{
    out->kind = SERVE_UNIX;
    *why = "the path of a socket begins with '/'";
    if (path.n < 2 || path.p[0] != '/')
        return false;
    *why = "the path of a socket has at most 107 bytes";
    if (path.n >= sizeof((struct sockaddr_un){0}).sun_path)
        return false;
    out->path = arena_copy(arena, path);
    *why = "no memory";
    return out->path.p != NULL;
}

static bool take_handed(struct arena *arena, struct str name, struct serve_address *out,
                        const char **why)
{
    out->kind = SERVE_FD;
    bool ok = name.n > 0 && name.n < 256;
    for (size_t i = 0; ok && i < name.n; i++)
        ok = is_alnum(name.p[i]) || str_has(STR("-_."), name.p[i]);
    *why = "fd: is followed by the FileDescriptorName= of a socket unit";
    if (!ok)
        return false;
    out->path = arena_copy(arena, name);
    *why = "no memory";
    return out->path.p != NULL;
}

bool serve_address_parse(struct arena *arena, struct str text, struct serve_address *out,
                         const char **why)
{
    struct serve_address a = {.mode = MODE_DEFAULT};
    struct str rest = text;
    bool ok;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f) {
            *why = "there is no space in an address";
            return false;
        }
    struct str kind = str_cut(&rest, ':');
    if (str_starts(text, STR("/")))
        ok = take_unix(arena, text, &a, why);
    else if (str_eq(kind, STR("unix")) || str_eq(kind, STR("local")))
        ok = take_unix(arena, rest, &a, why);
    else if (str_eq(kind, STR("fd")))
        ok = take_handed(arena, rest, &a, why);
    else if (str_eq(kind, STR("inet")) || str_eq(kind, STR("inet6")))
        ok = take_inet(rest, &a, why);
    else
        ok = take_inet(text, &a, why);
    if (!ok)
        return false;
    a.text = arena_copy(arena, text);
    *why = "no memory";
    if (a.text.p != NULL)
        *out = a;
    return a.text.p != NULL;
}

static int take_address(struct yaml *y, struct str text, struct serve_address *out)
{
    char word[4 * YAML_SHOWN_BYTES];
    const char *why = "";
    struct serve_address a = {0};
    if (!serve_address_parse(y->arena, text, &a, &why))
        return yaml_fail(y, MP_E_SYNTAX,
                         "'%s' is no address to listen at: %s (unix:/path, 127.0.0.1:8891, "
                         "[::1]:8891, fd:NAME)",
                         yaml_shown(text, word), why);
    *out = a;
    return MP_OK;
}

static int read_socket(struct yaml *y, void *into)
{
    struct str text;
    struct serve_address *a = into;
    unsigned mode = a->mode;
    struct str group = a->group;
    int st = yaml_next_scalar(y, "an address to listen at", &text);
    if (st == MP_OK)
        st = take_address(y, text, a);
    if (st != MP_OK)
        return st;
    a->mode = mode;
    a->group = group;
    return MP_OK;
}

/* Octal, as chmod(1) takes it. */
static int read_mode(struct yaml *y, void *into)
{
    char word[4 * YAML_SHOWN_BYTES];
    unsigned mode = 0;
    struct str text;
    int st = yaml_next_scalar(y, "a mode (0660)", &text);
    if (st != MP_OK)
        return st;
    bool ok = text.n >= 3 && text.n <= 5;
    for (size_t i = 0; ok && i < text.n; i++) {
        ok = text.p[i] >= '0' && text.p[i] <= '7';
        mode = mode * 8 + (unsigned)(text.p[i] - '0');
    }
    if (!ok || mode > MODE_MOST || (mode & 0600) != 0600)
        return yaml_fail(y, MP_E_SYNTAX,
                         "an octal mode from 0600 to 0777 is wanted here (0660), not '%s'",
                         yaml_shown(text, word));
    *(unsigned *)into = mode;
    return MP_OK;
}

int serve_read_address(struct yaml *y, void *into)
{
    enum { KEY_SOCKET, KEY_MODE, KEY_GROUP };
    static const struct yaml_key keys[] = {
        [KEY_SOCKET] = {STR_INIT("socket"), read_socket, 0},
        [KEY_MODE] = {STR_INIT("mode"), read_mode, offsetof(struct serve_address, mode)},
        [KEY_GROUP] = {STR_INIT("group"), serve_read_account,
                       offsetof(struct serve_address, group)},
    };
    struct serve_address a = {.mode = MODE_DEFAULT};
    struct str text;
    uint32_t seen = 0;
    int st = yaml_next(y);
    if (st == MP_OK && y->event == YAML_MAP) {
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, &a);
    } else if (st == MP_OK) {
        st = yaml_scalar(y, "an address to listen at, or a mapping (socket, mode, group),", &text);
        if (st == MP_OK)
            st = take_address(y, text, &a);
        seen = 1u << KEY_SOCKET;
    }
    if (st != MP_OK)
        return st;
    if (!(seen >> KEY_SOCKET & 1))
        return yaml_fail(y, MP_E_SYNTAX, "the address that ends here has no 'socket'");
    if (a.kind != SERVE_UNIX && seen != 1u << KEY_SOCKET)
        return yaml_fail(y, MP_E_SYNTAX, "'mode' and 'group' are of unix sockets that we make");
    *(struct serve_address *)into = a;
    return MP_OK;
}

/* ---- networks ---- */

/* Is anything set behind the prefix? Then another network was meant. */
static bool bits_behind(const struct serve_network *n)
{
    size_t octets = n->ip.family == IP_V4 ? 4 : 16;
    for (size_t i = 0; i < octets; i++) {
        unsigned kept = n->prefix_bits > 8 * i ? n->prefix_bits - (unsigned)(8 * i) : 0;
        unsigned mask = kept >= 8 ? 0 : 0xffu >> kept;
        if (n->ip.octets[i] & mask)
            return true;
    }
    return false;
}

bool serve_network_parse(struct str text, struct serve_network *out, const char **why)
{
    struct serve_network n = {0};
    struct str bits = text;
    struct str address = str_cut(&bits, '/');
    uint64_t v;
    if (address.n > 2 && address.p[0] == '[' && address.p[address.n - 1] == ']')
        address = str_slice(address, 1, address.n - 1);
    *why = "an IP address is wanted, and the length of a prefix behind '/'";
    if (!ip_parse_keep_mapped(address, &n.ip))
        return false;
    unsigned most = n.ip.family == IP_V4 ? 32 : 128;
    v = most;
    if (bits.p != NULL && !str_to_u64(bits, most, &v))
        return false;
    n.prefix_bits = (unsigned)v;
    *why = "there are bits set behind the prefix";
    if (bits_behind(&n))
        return false;
    *out = n;
    return true;
}
