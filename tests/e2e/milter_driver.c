/* A mail filter of few words around a session of room milter, for a real MTA:
 * milter_driver ADDRESS PORT FOLDER. Prints "ready" when it listens and runs until it is ended.
 *
 * Each message it sees whole lies as FOLDER/N.eml, what is known of it as FOLDER/N.txt. The word
 * behind "+" in a recipient says what is done: "refuse" at RCPT, "reject" and "fault" at the end,
 * "hold"; "tag" and "edit" change fields; "many" has 300 fields removed. Others are let through. */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "milter/session.h"

enum { CONNECTIONS_MAX = 100, MESSAGE_MAX_BYTES = 32 << 20, READ_BYTES = 65536, EDITS_MAX = 2000 };

struct connection {
    int fd;
    struct milter_session *session;
    struct buf message;
    struct milter_refusal refusal;
    struct milter_edit edits[EDITS_MAX];
    size_t n_edits;
    struct buf subject;
};

static struct buf path;
static const char *folder;
static unsigned messages;

static bool keep(void *arg, struct str bytes)
{
    struct connection *c = arg;
    buf_add(&c->message, bytes);
    return !c->message.failed;
}

/* FOLDER/N.SUFFIX, whole at once for who waits for it. */
static void save(const char *suffix, struct str bytes)
{
    char from[1000], to[1000];
    snprintf(from, sizeof from, "%s/tmp", folder);
    snprintf(to, sizeof to, "%s/%u.%s", folder, messages, suffix);
    FILE *f = fopen(from, "wb");
    if (f == NULL || fwrite(bytes.p, 1, bytes.n, f) != bytes.n || fclose(f) != 0 ||
        rename(from, to) != 0) {
        perror(to);
        exit(1);
    }
}

static void tell(const struct connection *c, const struct milter_event *event)
{
    static const char *const macros[] = {"i",
                                         "j",
                                         "_",
                                         "{client_addr}",
                                         "{client_name}",
                                         "{client_ptr}",
                                         "{daemon_name}",
                                         "{tls_version}",
                                         "{cipher}",
                                         "{auth_authen}",
                                         "{auth_type}",
                                         "{mail_addr}",
                                         "{rcpt_addr}"};
    struct milter_peer peer;
    struct milter_envelope envelope;
    char ip[IP_TEXT_MAX] = "";
    milter_session_peer(c->session, &peer);
    milter_session_envelope(c->session, &envelope);
    if (peer.ip.family != IP_NONE)
        ip_write(&peer.ip, ip);
    buf_reset(&path);
    buf_addf(&path, "peer " STR_FMT " %s\nhelo " STR_FMT "\nfrom " STR_FMT "\n", STR_ARG(peer.name),
             ip, STR_ARG(peer.helo), STR_ARG(envelope.sender));
    for (struct str words = envelope.sender_params, word; milter_word_next(&words, &word);)
        buf_addf(&path, "param " STR_FMT "\n", STR_ARG(word));
    for (size_t i = 0; i < envelope.n_rcpts; i++)
        buf_addf(&path, "to " STR_FMT "\n", STR_ARG(envelope.rcpts[i].address));
    for (size_t i = 0; i < ARRAY_LEN(macros); i++) {
        struct str value = milter_session_macro(c->session, macros[i]);
        if (value.p != NULL)
            buf_addf(&path, "macro %s " STR_FMT "\n", macros[i], STR_ARG(value));
    }
    buf_addf(&path, "spaces %s\n", event->spaces_lost ? "lost" : "kept");
    save("txt", buf_str(&path));
}

/* The next field off the front of a header; false at its end. */
static bool next_field(struct str *rest, struct str *name, struct str *value)
{
    size_t end = str_search(*rest, STR("\r\n"));
    if (end == 0 || end == rest->n)
        return false;
    while (end + 2 < rest->n && is_wsp(rest->p[end + 2]))
        end += 2 + str_search(str_slice(*rest, end + 2, rest->n), STR("\r\n"));
    size_t colon = str_find(*rest, ':');
    *name = str_slice(*rest, 0, colon);
    *value = str_trim(str_slice(*rest, colon + 1, end));
    *rest = str_slice(*rest, end + 2, rest->n);
    return true;
}

static void add(struct connection *c, enum milter_edit_kind kind, struct str name, unsigned nth,
                struct str value)
{
    if (c->n_edits == EDITS_MAX)
        abort();
    c->edits[c->n_edits++] = (struct milter_edit){kind, name, nth, value};
}

/* Remove what pretends to be ours, add ours; with `tag` the subject is marked. */
static void edit(struct connection *c, bool tag)
{
    static const struct str results = STR_INIT("Authentication-Results");
    struct str rest = buf_str(&c->message), name, value;
    unsigned seen = 0, subjects = 0;
    c->n_edits = 0;
    while (next_field(&rest, &name, &value)) {
        if (str_ieq(name, results)) {
            seen++;
            if (str_isearch(value, STR("mx1.good.test")) < value.n)
                add(c, MILTER_EDIT_REMOVE, results, seen, STR_NONE);
        } else if (str_ieq(name, STR("X-Many"))) {
            add(c, MILTER_EDIT_REMOVE, name, ++subjects, STR_NONE);
        } else if (tag && str_ieq(name, STR("Subject"))) {
            buf_reset(&c->subject);
            buf_addz(&c->subject, "[tagged] ");
            buf_add(&c->subject, value);
            add(c, MILTER_EDIT_REPLACE, name, 1, buf_str(&c->subject));
        }
    }
    add(c, MILTER_EDIT_APPEND, STR("X-Last"), 0, STR("last"));
    add(c, MILTER_EDIT_INSERT, results, 0, STR("mx1.good.test;\r\n\tnone"));
    add(c, MILTER_EDIT_INSERT, STR("X-Second"), 0, STR("evil\r\nInjected: yes\r\n\r\nbody"));
}

static bool is_for(struct str address, const char *word)
{
    size_t plus = str_find(address, '+');
    return plus < address.n && str_starts(str_slice(address, plus + 1, address.n), str_from(word));
}

static int answer_message(struct connection *c, const struct milter_event *event,
                          struct mp_err *err)
{
    struct milter_envelope envelope;
    struct milter_verdict verdict = {.quarantine = STR_NONE};
    milter_session_envelope(c->session, &envelope);
    struct str to = envelope.n_rcpts > 0 ? envelope.rcpts[0].address : STR_NONE;
    messages++;
    save("eml", buf_str(&c->message));
    tell(c, event);
    if (is_for(to, "fault"))
        return milter_answer_fault(c->session);
    c->refusal = (struct milter_refusal){554, 5, 7, 1, STR_INIT("Not this one, 100%\nReally not")};
    if (is_for(to, "reject"))
        verdict.refusal = &c->refusal;
    if (is_for(to, "hold"))
        verdict.quarantine = STR("for the test");
    if (is_for(to, "tag") || is_for(to, "edit") || is_for(to, "hold") || is_for(to, "many")) {
        edit(c, is_for(to, "tag"));
        verdict.edits = c->edits;
        verdict.n_edits = c->n_edits;
    }
    for (unsigned i = 0; i < 3; i++)
        if (milter_session_progress(c->session, err) != MP_OK)
            return MP_E_NOMEM;
    return milter_answer_message(c->session, &verdict, err);
}

static int answer(struct connection *c, const struct milter_event *event, struct mp_err *err)
{
    static const struct milter_refusal refusal = {550, 5, 1, 1, STR_INIT("Refused, 50% sure")};
    if (event->type == MILTER_EVENT_MESSAGE)
        return answer_message(c, event, err);
    if (event->type == MILTER_EVENT_RCPT && is_for(event->rcpt.address, "refuse"))
        return milter_answer_refuse(c->session, &refusal, err);
    return milter_answer_continue(c->session, err);
}

/* What can be read, taken, answered and written. False: the connection has ended. */
static bool serve(struct connection *c)
{
    static char bytes[READ_BYTES];
    struct mp_err err = {0};
    struct milter_event event;
    ssize_t n = read(c->fd, bytes, sizeof bytes);
    if (n <= 0)
        return false;
    struct str in = str_make(bytes, (size_t)n);
    int st;
    while ((st = milter_session_take(c->session, &in, &event, &err)) == MP_OK &&
           event.type != MILTER_EVENT_NONE) {
        if (event.type == MILTER_EVENT_MAIL)
            buf_reset(&c->message);
        if (event.wants_answer && (st = answer(c, &event, &err)) != MP_OK)
            break;
    }
    struct str out = milter_session_output(c->session);
    while (out.n > 0 && (n = write(c->fd, out.p, out.n)) > 0) {
        milter_session_sent(c->session, (size_t)n);
        out = milter_session_output(c->session);
    }
    if (st != MP_OK)
        fprintf(stderr, "milter_driver: %s\n", err.text);
    return st == MP_OK && n > 0;
}

static struct connection *open_connection(int fd)
{
    const struct milter_config config = {
        .answers = MILTER_ANSWER_RCPT,
        .actions = MILTER_CAN_ADD_HEADERS | MILTER_CAN_CHANGE_HEADERS | MILTER_CAN_QUARANTINE,
    };
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL)
        exit(1);
    c->fd = fd;
    buf_init(&c->message, MESSAGE_MAX_BYTES);
    buf_init(&c->subject, MESSAGE_MAX_BYTES);
    c->session = milter_session_new(&config, (struct milter_sink){keep, c});
    if (c->session == NULL)
        exit(1);
    return c;
}

static void close_connection(struct connection *c)
{
    close(c->fd);
    milter_session_free(c->session);
    buf_clear(&c->message);
    buf_clear(&c->subject);
    free(c);
}

static int listen_at(const char *address, const char *port)
{
    struct ip ip;
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!ip_parse(str_from(address), &ip))
        return -1;
    memcpy(&sa.sin_addr, ip.octets, sizeof sa.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0 && listen(fd, 64) == 0 ? fd : -1;
}

int main(int argc, char **argv)
{
    struct pollfd fds[1 + CONNECTIONS_MAX];
    struct connection *connections[CONNECTIONS_MAX];
    size_t n = 0;
    if (argc != 4 || (fds[0].fd = listen_at(argv[1], argv[2])) < 0) {
        perror("milter_driver");
        return 1;
    }
    folder = argv[3];
    buf_init(&path, MESSAGE_MAX_BYTES);
    puts("ready");
    fflush(stdout);
    fds[0].events = POLLIN;
    while (poll(fds, n + 1, -1) > 0) {
        for (size_t i = n; i-- > 0;) {
            if (fds[i + 1].revents == 0 || serve(connections[i]))
                continue;
            close_connection(connections[i]);
            n--;
            connections[i] = connections[n];
            fds[i + 1] = fds[n + 1];
        }
        int fd = fds[0].revents != 0 && n < CONNECTIONS_MAX ? accept(fds[0].fd, NULL, NULL) : -1;
        if (fd >= 0) {
            connections[n++] = open_connection(fd);
            fds[n] = (struct pollfd){.fd = fd, .events = POLLIN};
        }
    }
    return 1;
}
