/* Files that are written whole or not at all: new, replaced, linked, refused; pipes and devices. */
#include "run/write_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tap.h"

enum { NAME_BYTES = 300 };

static char directory[NAME_BYTES];

static const char *in_directory(const char *name)
{
    static char path[2 * NAME_BYTES];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void make(const char *name, struct str bytes, mode_t mode)
{
    FILE *f = fopen(in_directory(name), "wb");
    tap_ok(f != NULL && fwrite(bytes.p, 1, bytes.n, f) == bytes.n);
    if (f != NULL)
        fclose(f);
    tap_ok(chmod(in_directory(name), mode) == 0);
}

static mode_t mode_of(const char *name)
{
    struct stat sb;
    return lstat(in_directory(name), &sb) == 0 ? sb.st_mode & 07777 : 0;
}

static bool is_link(const char *name)
{
    struct stat sb;
    return lstat(in_directory(name), &sb) == 0 && S_ISLNK(sb.st_mode);
}

static void holds(const char *name, struct str want)
{
    struct str got = tap_read_file(in_directory(name));
    tap_ok(got.p != NULL);
    tap_str(got, want);
    free((char *)got.p);
}

/* No file of ours may stay. */
static size_t entries(void)
{
    size_t n = 0;
    DIR *d = opendir(directory);
    while (d != NULL && readdir(d) != NULL)
        n++;
    if (d != NULL)
        closedir(d);
    return n;
}

static void written(const char *name, struct str bytes)
{
    struct mp_err err = {0};
    if (!tap_int(write_file(in_directory(name), bytes, &err), MP_OK))
        tap_note("%s", err.text);
}

static void refused(const char *path, const char *why)
{
    struct mp_err err = {0};
    tap_int(write_file(path, STR("new"), &err), MP_E_IO);
    struct str text = str_from(err.text);
    tap_ok(str_starts(text, str_from(path)));
    if (!tap_ok(str_search(text, str_from(why)) < text.n))
        tap_note("%s", err.text);
}

static void regular(void)
{
    size_t before = entries();
    mode_t mask = umask(022);
    tap_case("a new file: mode 0644");
    written("new", STR("one\0two\n"));
    holds("new", STR("one\0two\n"));
    tap_int(mode_of("new"), 0644);
    umask(077);
    tap_case("a new file: the umask counts");
    written("mine", STR(""));
    holds("mine", STR(""));
    tap_int(mode_of("mine"), 0600);
    umask(022);
    tap_case("a file that is there: replaced, its mode kept");
    make("old", STR("a long old text"), 0640);
    written("old", STR("short"));
    holds("old", STR("short"));
    tap_int(mode_of("old"), 0640);
    tap_case("who has the old file open reads the old file");
    FILE *f = fopen(in_directory("old"), "rb");
    written("old", STR("SHORT"));
    char text[6] = "";
    tap_ok(f != NULL && fread(text, 1, 5, f) == 5);
    tap_cstr(text, "short");
    if (f != NULL)
        fclose(f);
    umask(mask);
    tap_case("nothing else stays in the directory");
    tap_int(entries(), before + 3);
}

static void links(void)
{
    size_t before = entries();
    tap_case("a symbolic link stays one; the file behind it is replaced");
    make("target", STR("old"), 0600);
    tap_ok(symlink("target", in_directory("link")) == 0);
    written("link", STR("new"));
    tap_ok(is_link("link"));
    holds("target", STR("new"));
    tap_int(mode_of("target"), 0600);
    tap_case("a link to nothing makes what it names");
    tap_ok(symlink("later", in_directory("dangling")) == 0);
    written("dangling", STR("here"));
    tap_ok(is_link("dangling"));
    holds("later", STR("here"));
    tap_int(entries(), before + 4);
}

static void long_text(void)
{
    size_t n = 3 << 20;
    char *bytes = malloc(n);
    memset(bytes, 'x', n);
    tap_case("three megabytes");
    written("long", str_make(bytes, n));
    struct stat sb;
    tap_ok(stat(in_directory("long"), &sb) == 0 && (size_t)sb.st_size == n);
    free(bytes);
}

static void refusals(void)
{
    char path[2 * NAME_BYTES];
    size_t before = entries();
    tap_case("a directory that is not there");
    snprintf(path, sizeof path, "%s", in_directory("nowhere/file"));
    refused(path, "No such file or directory");
    tap_case("a directory in place of the file");
    refused(directory, "Is a directory");
    tap_case("a path through a file");
    snprintf(path, sizeof path, "%s", in_directory("new/file"));
    refused(path, "Not a directory");
    tap_case("an empty path");
    refused("", "No such file or directory");
    tap_case("a descriptor that is not open");
    refused("/dev/fd/1000000", "Bad file descriptor");
    tap_case("nothing was left behind");
    tap_int(entries(), before);
}

/* As on a disk that gets full in the middle of the file. */
static void out_of_room(void)
{
    enum { LIMIT_BYTES = 4096 };
    static char bytes[2 * LIMIT_BYTES];
    struct rlimit old, few = {LIMIT_BYTES, LIMIT_BYTES};
    char path[2 * NAME_BYTES];
    size_t before = entries();
    snprintf(path, sizeof path, "%s", in_directory("old"));
    tap_case("no room for the new bytes: the old file stays whole");
    tap_ok(getrlimit(RLIMIT_FSIZE, &old) == 0);
    few.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    tap_ok(setrlimit(RLIMIT_FSIZE, &few) == 0);
    struct mp_err err = {0};
    int st = write_file(path, str_make(bytes, sizeof bytes), &err);
    tap_ok(setrlimit(RLIMIT_FSIZE, &old) == 0);
    tap_int(st, MP_E_IO);
    tap_ok(str_search(str_from(err.text), STR("File too large")) < str_from(err.text).n);
    holds("old", STR("SHORT"));
    tap_int(entries(), before);
}

/* Root may write everything, so these rows are for others. */
static void permissions(void)
{
    char path[2 * NAME_BYTES];
    tap_case("a file that is read-only stays as it is");
    if (geteuid() == 0) {
        tap_skip("root may write everything");
        return;
    }
    make("sealed", STR("old"), 0444);
    snprintf(path, sizeof path, "%s", in_directory("sealed"));
    refused(path, "Permission denied");
    holds("sealed", STR("old"));
    tap_case("a directory that is read-only: the file stays whole");
    tap_ok(chmod(directory, 0500) == 0);
    snprintf(path, sizeof path, "%s", in_directory("old"));
    refused(path, "cannot write beside it");
    tap_ok(chmod(directory, 0700) == 0);
    holds("old", STR("SHORT"));
}

static void direct(void)
{
    int ends[2];
    char text[8] = "", path[64];
    struct mp_err err = {0};
    tap_case("a descriptor by its name");
    tap_ok(pipe(ends) == 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
    tap_int(write_file(path, STR("word"), &err), MP_OK);
    tap_ok(read(ends[0], text, sizeof text) == 4);
    tap_cstr(text, "word");
    close(ends[0]);
    close(ends[1]);

    tap_case("a file that a descriptor stands for goes on where it was");
    int fd = open(in_directory("log"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    tap_ok(fd >= 0 && write(fd, "one ", 4) == 4);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    tap_int(write_file(path, STR("two"), &err), MP_OK);
    holds("log", STR("one two"));
    close(fd);

    tap_case("a named pipe");
    tap_ok(mkfifo(in_directory("fifo"), 0600) == 0);
    fd = open(in_directory("fifo"), O_RDWR | O_CLOEXEC);
    tap_int(write_file(in_directory("fifo"), STR("words"), &err), MP_OK);
    tap_ok(fd >= 0 && read(fd, text, sizeof text) == 5);
    close(fd);

    tap_case("a device");
    tap_int(write_file("/dev/null", STR("gone"), &err), MP_OK);
    tap_case("a device that is full");
    refused("/dev/full", "No space left on device");
}

static void remove_all(void)
{
    static const char *const names[] = {"new",   "mine", "old", "target", "link",  "dangling",
                                        "later", "long", "log", "fifo",   "sealed"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unlink(in_directory(names[i]));
    tap_case("the directory is empty at the end");
    tap_ok(rmdir(directory) == 0);
}

int main(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/mailproof-write-XXXXXX",
             parent == NULL ? P_tmpdir : parent);
    if (mkdtemp(directory) == NULL)
        return 1;
    regular();
    links();
    long_text();
    refusals();
    out_of_room();
    permissions();
    direct();
    remove_all();
    return tap_done();
}
