/* What a service manager hears, and what is taken from it: with a socket of our own in its place.
 */
#include "daemon/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/tap.h"

static struct mp_err err;

/* The manager's end. */
static int manager(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    memcpy(at.sun_path, name, strlen(name));
    if (name[0] == '@')
        at.sun_path[0] = '\0';
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    tap_ok(fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0);
    return fd;
}

static struct str heard(int fd, char out[4096])
{
    ssize_t n = recv(fd, out, 4096, 0);
    return n < 0 ? STR_NONE : str_make(out, (size_t)n);
}

static void telling(const char *name)
{
    char text[4096], want[4096], pid[16];
    struct notify n;
    int fd = manager(name);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "20000000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    tap_case("a manager at %c...", name[0]);
    err = (struct mp_err){0};
    if (!tap_int(notify_open(&n, &err), MP_OK))
        tap_note("%s", err.text);
    tap_int(n.watchdog_us, 20000000);
    tap_ok(fcntl(n.fd, F_GETFD) & FD_CLOEXEC);
    tap_ok(getenv("NOTIFY_SOCKET") == NULL && getenv("WATCHDOG_USEC") == NULL &&
           getenv("WATCHDOG_PID") == NULL);
    tap_ok(notify_ready(&n, "2 workers"));
    tap_str(heard(fd, text), STR("READY=1\nSTATUS=2 workers"));
    tap_ok(notify_ready(&n, NULL));
    tap_str(heard(fd, text), STR("READY=1\n"));
    tap_ok(notify_status(&n, "a\nREADY=0\x7f"));
    tap_str(heard(fd, text), STR("STATUS=a READY=0 "));
    int64_t before = clock_mono_us();
    tap_ok(notify_reloading(&n, NULL));
    struct str said = heard(fd, text);
    uint64_t us = 0;
    tap_ok(str_starts(said, STR("RELOADING=1\nMONOTONIC_USEC=")) && str_ends(said, STR("\n")));
    struct str digits = str_slice(said, STR("RELOADING=1\nMONOTONIC_USEC=").n, said.n - 1);
    tap_ok(str_to_u64(digits, UINT64_MAX, &us) && (int64_t)us >= before &&
           (int64_t)us <= clock_mono_us());
    tap_ok(notify_stopping(&n, "bye"));
    tap_str(heard(fd, text), STR("STOPPING=1\nSTATUS=bye"));
    tap_ok(notify_alive(&n) && notify_trigger(&n) && notify_main_pid(&n, 42));
    tap_str(heard(fd, text), STR("WATCHDOG=1"));
    tap_str(heard(fd, text), STR("WATCHDOG=trigger"));
    tap_str(heard(fd, text), STR("MAINPID=42"));
    tap_ok(notify_extend(&n, 5000000));
    tap_str(heard(fd, text), STR("EXTEND_TIMEOUT_USEC=5000000"));
    memset(want, 'x', sizeof want - 1);
    want[sizeof want - 1] = '\0';
    tap_ok(notify_status(&n, want));
    tap_int(heard(fd, text).n, NOTIFY_MAX_BYTES - 1);
    close(fd);
    tap_ok(!notify_alive(&n)); /* nobody is there any more */
    notify_close(&n);
    tap_int(n.fd, -1);
}

static void nobody(void)
{
    struct notify n;
    tap_case("without a manager nothing is sent");
    tap_int(notify_open(&n, &err), MP_OK);
    tap_int(n.fd, -1);
    tap_ok(notify_ready(&n, "x") && notify_alive(&n));
    tap_int(n.watchdog_us, 0);
    notify_close(&n);
}

static const struct {
    const char *label, *socket, *usec, *pid;
    int want;
    uint64_t watchdog_us;
} environments[] = {
    {"a watchdog for another process", "@mp-no", "1000", "1", MP_OK, 0},
    {"a watchdog for whom it may concern", "@mp-no", "1000", NULL, MP_OK, 1000},
    {"no watchdog", "@mp-no", NULL, NULL, MP_OK, 0},
    {"a watchdog of no number", "@mp-no", "1s", NULL, MP_E_USAGE, 0},
    {"a watchdog of no time", "@mp-no", "0", NULL, MP_E_USAGE, 0},
    {"a watchdog of a strange process", "@mp-no", "1000", "x", MP_E_USAGE, 0},
    {"a watchdog of too many digits", "@mp-no", "100000000000000000000000000", NULL, MP_E_USAGE, 0},
    {"a relative socket", "run/notify", NULL, NULL, MP_E_USAGE, 0},
    {"a socket of a virtual machine", "vsock:2:1234", NULL, NULL, MP_E_USAGE, 0},
    {"no name", "@", NULL, NULL, MP_E_USAGE, 0},
    {"an empty one", "", NULL, NULL, MP_E_USAGE, 0},
    {"one that is too long",
     "/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
     "12345678901234567890123456789",
     NULL, NULL, MP_E_USAGE, 0},
};

static void broken_environments(void)
{
    for (size_t i = 0; i < ARRAY_LEN(environments); i++) {
        struct notify n;
        setenv("NOTIFY_SOCKET", environments[i].socket, 1);
        if (environments[i].usec != NULL)
            setenv("WATCHDOG_USEC", environments[i].usec, 1);
        if (environments[i].pid != NULL)
            setenv("WATCHDOG_PID", environments[i].pid, 1);
        tap_case("environment: %s", environments[i].label);
        tap_int(notify_open(&n, &err), environments[i].want);
        tap_int(n.watchdog_us, environments[i].watchdog_us);
        tap_int(n.fd < 0, environments[i].want != MP_OK);
        notify_close(&n);
        tap_ok(getenv("NOTIFY_SOCKET") == NULL && getenv("WATCHDOG_USEC") == NULL);
    }
}

/* ---- sockets handed over: descriptors from 3 on, so in a child ---- */

static const struct {
    const char *label, *n, *names, *pid; /* pid NULL: ours */
    int open_fds, want;
    size_t want_n;
    const char *want_name; /* of the last */
} passings[] = {
    {"two with names", "2", "milter:http", NULL, 2, MP_OK, 2, "http"},
    {"one without a name", "1", NULL, NULL, 1, MP_OK, 1, "unknown"},
    {"an empty name", "2", "milter:", NULL, 2, MP_OK, 2, ""},
    {"none", "0", "", NULL, 0, MP_OK, 0, NULL},
    {"for another process", "2", "a:b", "1", 2, MP_OK, 0, NULL},
    {"fewer names", "2", "milter", NULL, 2, MP_E_USAGE, 0, NULL},
    {"more names", "1", "milter:http", NULL, 1, MP_E_USAGE, 0, NULL},
    {"a descriptor that is not open", "2", "a:b", NULL, 1, MP_E_USAGE, 0, NULL},
    {"too many", "65", NULL, NULL, 1, MP_E_USAGE, 0, NULL},
    {"no number", "two", NULL, NULL, 1, MP_E_USAGE, 0, NULL},
    {"a negative number", "-1", NULL, NULL, 1, MP_E_USAGE, 0, NULL},
};

/* Bits of what does not hold. */
static int passed_in_child(size_t i)
{
    struct passed_fds p = {.n = 77};
    char pid[16];
    int bad = 0;
    for (int fd = 3; fd < 10; fd++)
        close(fd);
    for (int k = 0; k < passings[i].open_fds; k++)
        if (socket(AF_UNIX, SOCK_STREAM, 0) != 3 + k)
            bad |= 1;
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_FDS", passings[i].n, 1);
    setenv("LISTEN_PID", passings[i].pid == NULL ? pid : passings[i].pid, 1);
    if (passings[i].names != NULL)
        setenv("LISTEN_FDNAMES", passings[i].names, 1);
    int st = passed_fds_take(&p, NULL);
    bad |= st == passings[i].want ? 0 : 2;
    bad |= p.n == (st == MP_OK ? passings[i].want_n : 77) ? 0 : 4;
    bad |= getenv("LISTEN_FDS") == NULL && getenv("LISTEN_FDNAMES") == NULL ? 0 : 8;
    if (st == MP_OK && p.n > 0) {
        int last = p.items[p.n - 1].fd;
        bad |= strcmp(p.items[p.n - 1].name, passings[i].want_name) == 0 ? 0 : 16;
        bad |= fcntl(last, F_GETFD) == FD_CLOEXEC ? 0 : 32;
        bad |= passed_fds_find(&p, str_from(passings[i].want_name)) == last ? 0 : 64;
        bad |= passed_fds_find(&p, STR("nobody")) == -1 ? 0 : 128;
    }
    return bad;
}

static void passing(void)
{
    for (size_t i = 0; i < ARRAY_LEN(passings); i++) {
        int status = -1;
        tap_case("handed over: %s", passings[i].label);
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0)
            _exit(passed_in_child(i));
        tap_ok(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
        tap_int(WEXITSTATUS(status), 0);
    }
}

int main(void)
{
    char dir[] = "/tmp/mp-notify-XXXXXX", path[64];
    nobody();
    tap_ok(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/sock", dir);
    telling(path);
    unlink(path);
    rmdir(dir);
    snprintf(path, sizeof path, "@mp-notify-%d", (int)getpid());
    telling(path);
    broken_environments();
    passing();
    return tap_done();
}
