/* Listening sockets: made, replaced when stale, refused when not ours, taken, and removed. */
#include "daemon/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tap.h"

static char dir[] = "/tmp/mp-listen-XXXXXX";
static struct mp_err err;

static struct serve_address unix_at(char room[108], const char *name)
{
    snprintf(room, 108, "%s/%s", dir, name);
    return (struct serve_address){
        .kind = SERVE_UNIX, .path = str_from(room), .text = str_from(room), .mode = 0660};
}

static int open_it(const struct serve_address *a, struct listening *l)
{
    err = (struct mp_err){0};
    return listen_open(a, NULL, l, &err);
}

static bool says(const char *what)
{
    bool ok = tap_ok(strstr(err.text, what) != NULL);
    if (!ok)
        tap_note("%s", err.text);
    return ok;
}

/* A client gets through. */
static bool answers(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool ok = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
    close(fd);
    return ok;
}

static bool is_there(const char *path)
{
    struct stat sb;
    return lstat(path, &sb) == 0;
}

static void unix_sockets(void)
{
    char path[108], kept[108];
    struct stat sb;
    struct serve_address a = unix_at(path, "a.sock");
    struct listening l = {.fd = -1}, second = {.fd = -7};
    a.mode = 0666;
    tap_case("a unix socket with its mode");
    if (!tap_int(open_it(&a, &l), MP_OK))
        tap_note("%s", err.text);
    tap_ok(stat(path, &sb) == 0 && (sb.st_mode & 07777) == 0666 && S_ISSOCK(sb.st_mode));
    tap_ok(fcntl(l.fd, F_GETFD) & FD_CLOEXEC && fcntl(l.fd, F_GETFL) & O_NONBLOCK);
    tap_ok(answers(path));
    tap_case("one that somebody listens at is left alone");
    tap_int(open_it(&a, &second), MP_E_IO);
    says("somebody listens there already");
    tap_int(second.fd, -7);
    tap_ok(answers(path));
    tap_case("one that a dead process left is replaced");
    snprintf(kept, sizeof kept, "%s/kept", dir); /* its inode is not used again */
    tap_ok(link(path, kept) == 0);
    close(l.fd);
    tap_ok(is_there(path) && !answers(path));
    tap_int(open_it(&a, &second), MP_OK);
    tap_ok(answers(path));
    tap_case("closing removes it, once it is ours");
    l.fd = -1;
    listen_close(&l); /* the file is another's by now */
    tap_ok(answers(path));
    listen_close(&second);
    tap_ok(!is_there(path) && second.fd == -1);
    listen_close(&second);
    unlink(kept);
    tap_case("forgetting leaves it");
    tap_int(open_it(&a, &l), MP_OK);
    listen_forget(&l);
    tap_ok(is_there(path) && l.fd == -1);
    unlink(path);
}

static void in_the_way(void)
{
    char path[108], other[108];
    struct listening l = {.fd = -1};
    struct serve_address a = unix_at(path, "file");
    tap_case("a file is never removed");
    close(open(path, O_CREAT | O_WRONLY, 0600));
    tap_int(open_it(&a, &l), MP_E_IO);
    says("no socket");
    tap_ok(is_there(path));
    tap_case("nor a link followed, wherever it leads");
    unlink(path);
    snprintf(other, sizeof other, "%s/elsewhere", dir);
    tap_ok(symlink(other, path) == 0);
    tap_int(open_it(&a, &l), MP_E_IO);
    tap_ok(is_there(path) && !is_there(other));
    unlink(path);
    tap_case("a directory that is not there is told with what to do");
    a = unix_at(path, "no/a.sock");
    tap_int(open_it(&a, &l), MP_E_IO);
    says("install -d");
    tap_case("a directory where others may write is refused");
    tap_ok(chmod(dir, 0777) == 0);
    a = unix_at(path, "a.sock");
    tap_int(open_it(&a, &l), MP_E_IO);
    says("chmod go-w");
    tap_ok(!is_there(path));
    tap_case("... but not a sticky one");
    tap_ok(chmod(dir, 01777) == 0);
    tap_int(open_it(&a, &l), MP_OK);
    listen_close(&l);
    tap_ok(chmod(dir, 0700) == 0);
    tap_case("a group that is not there");
    a.group = STR("no-such-group");
    tap_int(open_it(&a, &l), MP_E_IO);
    says("there is no group 'no-such-group'");
    tap_ok(!is_there(path));
    tap_int(l.fd, -1);
}

/* A port that is free now. */
static uint16_t free_port(int *fd)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    tap_ok(bind(*fd, (struct sockaddr *)&at, n) == 0 && listen(*fd, 1) == 0 &&
           getsockname(*fd, (struct sockaddr *)&at, &n) == 0);
    return ntohs(at.sin_port);
}

static void tcp(void)
{
    int taken;
    struct listening l = {.fd = -1};
    struct serve_address a = {.kind = SERVE_INET, .text = STR("127.0.0.1:PORT")};
    tap_case("a port that is taken");
    tap_ok(ip_parse(STR("127.0.0.1"), &a.ip));
    a.port = free_port(&taken);
    tap_int(open_it(&a, &l), MP_E_IO);
    says("another program listens there");
    tap_int(l.fd, -1);
    close(taken);
    tap_case("a port that is free");
    if (!tap_int(open_it(&a, &l), MP_OK))
        tap_note("%s", err.text);
    struct sockaddr_in at;
    socklen_t n = sizeof at;
    tap_ok(getsockname(l.fd, (struct sockaddr *)&at, &n) == 0 && ntohs(at.sin_port) == a.port &&
           at.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    tap_ok(fcntl(l.fd, F_GETFD) & FD_CLOEXEC && fcntl(l.fd, F_GETFL) & O_NONBLOCK);
    listen_close(&l);
    tap_case("an address that is not of this machine");
    tap_ok(ip_parse(STR("192.0.2.77"), &a.ip));
    tap_int(open_it(&a, &l), MP_E_IO);
    says("no such address");
    tap_case("IPv6");
    tap_ok(ip_parse(STR("::1"), &a.ip));
    int st = open_it(&a, &l);
    if (st != MP_OK)
        tap_skip("this machine has no IPv6: %s", err.text);
    else
        listen_close(&l);
}

static void handed(void)
{
    struct listening l = {.fd = -1};
    struct passed_fds p = {.n = 2};
    struct serve_address a = {.kind = SERVE_FD, .path = STR("milter"), .text = STR("fd:milter")};
    uint16_t port = free_port(&p.items[0].fd);
    snprintf(p.items[0].name, sizeof p.items[0].name, "milter");
    p.items[1].fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(p.items[1].name, sizeof p.items[1].name, "quiet");
    tap_case("a socket that was handed over");
    tap_int(listen_open(&a, &p, &l, &err), MP_OK);
    tap_ok(l.handed && l.fd != p.items[0].fd && fcntl(l.fd, F_GETFD) & FD_CLOEXEC);
    struct sockaddr_in at;
    socklen_t n = sizeof at;
    tap_ok(getsockname(l.fd, (struct sockaddr *)&at, &n) == 0 && ntohs(at.sin_port) == port);
    listen_close(&l);
    tap_ok(fcntl(p.items[0].fd, F_GETFD) >= 0); /* it can be taken again: a reload */
    tap_case("none of that name");
    a.path = STR("http");
    tap_int(listen_open(&a, &p, &l, &err), MP_E_IO);
    says("FileDescriptorName=http");
    tap_int(listen_open(&a, NULL, &l, &err), MP_E_IO);
    tap_case("one that does not listen");
    a.path = STR("quiet");
    tap_int(listen_open(&a, &p, &l, &err), MP_E_IO);
    says("no listening stream socket");
    close(p.items[0].fd);
    close(p.items[1].fd);
}

int main(void)
{
    tap_ok(mkdtemp(dir) != NULL);
    unix_sockets();
    in_the_way();
    tcp();
    handed();
    tap_case("nothing is left");
    tap_int(rmdir(dir), 0);
    return tap_done();
}
