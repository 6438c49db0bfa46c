/* The directory of snapshots: the newest whole one is used, older ones kept, strangers refused. */
#include "feeds/vault_test_kit.h"

static bool says(const struct vault_fault *f, unsigned number, const char *why)
{
    char name[VAULT_NAME_BYTES];
    snprintf(name, sizeof name, "indicators-%010u.mpi", number);
    bool ok = str_eq(str_from(f->file), str_from(name)) && strstr(f->why, why) != NULL;
    if (!ok)
        tap_note("%s: %s", f->file, f->why);
    return ok;
}

static void overwrite(const char *path, int64_t at, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || pwrite(fd, bytes, n, at) != (ssize_t)n || close(fd) != 0)
        abort();
}

static void test_empty(void)
{
    struct vault *v = NULL;
    bool changed = true;
    tap_case("no directory is an empty one");
    kit_make_dir();
    kit_remove_dir();
    tap_int(vault_open(kit_dir, &v, NULL), MP_OK);
    tap_ok(vault_current(v) == NULL);
    tap_int(vault_reload(v, &changed, NULL), MP_OK);
    tap_ok(!changed);
    tap_case("the first update makes it");
    tap_int(kit_publish(1, 0, NULL), MP_OK);
    struct stat sb;
    tap_ok(stat(kit_dir, &sb) == 0 && (sb.st_mode & 07777) == 0700);
    tap_ok(stat(kit_path(1), &sb) == 0 && (sb.st_mode & 07777) == 0600);
    tap_int(kit_version(v), 0);
    tap_int(vault_reload(v, &changed, NULL), MP_OK);
    tap_ok(changed);
    tap_int(kit_version(v), 1);
    vault_close(v);
    kit_remove_dir();
}

static void test_swap(void)
{
    struct vault *v = NULL;
    bool changed = false;
    kit_make_dir();
    tap_case("a reader keeps what it holds");
    tap_int(kit_publish(1, 0, NULL), MP_OK);
    tap_int(vault_open(kit_dir, &v, NULL), MP_OK);
    struct vault_hold *h = vault_current(v);
    for (unsigned n = 2; n <= 6; n++) {
        tap_int(kit_publish(n, 0, NULL), MP_OK);
        tap_int(vault_reload(v, &changed, NULL), MP_OK);
        tap_ok(changed);
        tap_int(kit_version(v), n);
        tap_int(kit_version_of(h), 1);
    }
    tap_cstr(vault_file(h), "indicators-0000000001.mpi");
    tap_ok(vault_bytes(h) > 100);
    tap_case("two old ones are kept");
    tap_int(kit_entries("indicators-", false), 1 + VAULT_KEEP_OLD);
    tap_ok(access(kit_path(4), F_OK) == 0);
    tap_case("nothing new");
    tap_int(vault_reload(v, &changed, NULL), MP_OK);
    tap_ok(!changed);
    tap_case("the newest one taken away by hand");
    tap_int(unlink(kit_path(6)), 0);
    tap_int(vault_reload(v, &changed, NULL), MP_OK);
    tap_ok(changed);
    tap_int(kit_version(v), 5);
    tap_case("what is held outlives the vault");
    vault_close(v);
    tap_int(kit_version_of(h), 1);
    vault_release(h);
    kit_remove_dir();
}

/* Three good ones, then something is done to the newest. */
static void with_bad(const char *label, void (*spoil)(void), const char *why)
{
    struct vault_fault faults[VAULT_MAX_FAULTS];
    struct vault *v = NULL;
    bool changed = true;
    tap_case("%s: the one before it is used", label);
    kit_make_dir();
    for (unsigned n = 1; n <= 3; n++)
        tap_int(kit_publish(n, 0, NULL), MP_OK);
    spoil();
    tap_int(vault_open(kit_dir, &v, NULL), MP_OK);
    tap_int(kit_version(v), 2);
    tap_int(vault_faults(v, faults, VAULT_MAX_FAULTS), 1);
    tap_ok(says(&faults[0], 3, why));
    tap_case("%s: told as long as it lies there", label);
    tap_int(vault_reload(v, &changed, NULL), MP_OK);
    tap_ok(!changed);
    tap_int(vault_faults(v, faults, VAULT_MAX_FAULTS), 1);
    tap_ok(says(&faults[0], 3, why));
    tap_case("%s: a new one comes behind it, and two whole ones stay", label);
    tap_int(kit_publish(4, 0, NULL), MP_OK);
    tap_int(vault_reload(v, &changed, NULL), MP_OK);
    tap_ok(changed);
    tap_int(kit_version(v), 4);
    tap_int(vault_faults(v, faults, VAULT_MAX_FAULTS), 0);
    tap_ok(access(kit_path(1), F_OK) == 0 && access(kit_path(2), F_OK) == 0);
    vault_close(v);
    kit_remove_dir();
}

static void spoil_byte(void)
{
    overwrite(kit_path(3), 330, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
}

static void spoil_length(void)
{
    if (truncate(kit_path(3), 500) < 0)
        abort();
}

static void spoil_all(void)
{
    if (truncate(kit_path(3), 0) < 0)
        abort();
}

static void spoil_text(void)
{
    spoil_all();
    overwrite(kit_path(3), 0, "<html>what is this?</html>", 26);
}

static void spoil_version(void)
{
    overwrite(kit_path(3), 8, "\x63", 1);
}

static void spoil_mode(void)
{
    if (chmod(kit_path(3), 0620) < 0)
        abort();
}

static void spoil_link(void)
{
    char to[160];
    snprintf(to, sizeof to, "%s", kit_path(2));
    if (unlink(kit_path(3)) < 0 || symlink(to, kit_path(3)) < 0)
        abort();
}

static void spoil_pipe(void)
{
    if (unlink(kit_path(3)) < 0 || mkfifo(kit_path(3), 0600) < 0)
        abort();
}

static void spoil_folder(void)
{
    if (unlink(kit_path(3)) < 0 || mkdir(kit_path(3), 0700) < 0)
        abort();
}

static void spoil_owner(void)
{
    if (chown(kit_path(3), 12345, (gid_t)-1) < 0)
        abort();
}

static void test_bad(void)
{
    static const struct {
        const char *label;
        void (*spoil)(void);
        const char *why;
    } rows[] = {{"a wrong byte", spoil_byte, "the checksum is not that of the file"},
                {"cut", spoil_length, "the file has 500 bytes and should have"},
                {"empty", spoil_all, "it is empty"},
                {"something else", spoil_text, "the file ends within its head"},
                {"of a later version", spoil_version, "version 99 of the store"},
                {"others can write to it", spoil_mode, "others can write to it"},
                {"a link", spoil_link, "symbolic link"},
                {"a pipe", spoil_pipe, "it is no file"},
                {"a folder", spoil_folder, "it is no file"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        with_bad(rows[i].label, rows[i].spoil, rows[i].why);
    if (geteuid() == 0)
        with_bad("of another user", spoil_owner, "it belongs to another user");
}

static void test_all_bad(void)
{
    struct vault_fault faults[VAULT_MAX_FAULTS];
    struct vault *v = NULL;
    tap_case("none is whole");
    kit_make_dir();
    for (unsigned n = 1; n <= 2; n++) {
        tap_int(kit_publish(n, 0, NULL), MP_OK);
        overwrite(kit_path(n), 330, "\xff\xff", 2);
    }
    tap_int(vault_open(kit_dir, &v, NULL), MP_OK);
    tap_ok(vault_current(v) == NULL);
    tap_int(vault_faults(v, faults, VAULT_MAX_FAULTS), 2);
    tap_ok(says(&faults[0], 2, "checksum"));
    tap_ok(says(&faults[1], 1, "checksum"));
    tap_int(vault_faults(v, faults, 1), 1);
    vault_close(v);

    tap_case("names that are none of ours");
    kit_entries("", true);
    overwrite(kit_path(7), 0, "x", 1);
    char path[160];
    snprintf(path, sizeof path, "%s/indicators-1.mpi", kit_dir);
    overwrite(path, 0, "x", 1);
    snprintf(path, sizeof path, "%s/indicators-00000000xx.mpi", kit_dir);
    overwrite(path, 0, "x", 1);
    snprintf(path, sizeof path, "%s/state.json", kit_dir);
    overwrite(path, 0, "x", 1);
    tap_int(vault_open(kit_dir, &v, NULL), MP_OK);
    tap_int(vault_faults(v, faults, VAULT_MAX_FAULTS), 1);
    tap_ok(says(&faults[0], 7, "the file ends within its head"));
    vault_close(v);
    tap_case("what others keep there stays");
    for (unsigned n = 8; n < 14; n++)
        tap_int(kit_publish(n, 0, NULL), MP_OK);
    tap_ok(access(path, F_OK) == 0);
    tap_case("no number is left");
    snprintf(path, sizeof path, "%s/indicators-9999999999.mpi", kit_dir);
    overwrite(path, 0, "x", 1);
    tap_int(kit_publish(14, 0, NULL), MP_E_LIMIT);
    tap_int(kit_version_now(), 13);
    kit_remove_dir();
}

static void test_directory(void)
{
    struct vault *v = NULL;
    struct vault_lock *l = NULL, *other = NULL;
    struct mp_err err = {0};
    kit_make_dir();
    tap_case("a directory that others can write in");
    tap_int(chmod(kit_dir, 0770), 0);
    tap_int(vault_open(kit_dir, &v, &err), MP_E_IO);
    tap_ok(strstr(err.text, "others can write to it") != NULL);
    tap_int(vault_lock(kit_dir, &l, &err), MP_E_IO);
    tap_int(chmod(kit_dir, 0755), 0);
    tap_int(vault_open(kit_dir, &v, &err), MP_OK);
    vault_close(v);
    if (geteuid() == 0) {
        tap_case("a directory of another user");
        tap_int(chown(kit_dir, 12345, (gid_t)-1), 0);
        tap_int(vault_open(kit_dir, &v, &err), MP_E_IO);
        tap_ok(strstr(err.text, "it belongs to another user; run as that one") != NULL);
        tap_int(vault_lock(kit_dir, &l, &err), MP_E_IO);
        tap_int(chown(kit_dir, 0, (gid_t)-1), 0);
    }
    tap_case("a file instead of a directory");
    char path[160];
    snprintf(path, sizeof path, "%s/file", kit_dir);
    overwrite(path, 0, "x", 1);
    tap_int(vault_open(path, &v, &err), MP_E_IO);
    tap_int(vault_lock(path, &l, &err), MP_E_IO);

    tap_case("one updater at a time");
    tap_int(vault_lock(kit_dir, &l, &err), MP_OK);
    tap_int(vault_lock(kit_dir, &other, &err), MP_E_IO);
    tap_int(err.detail, EWOULDBLOCK);
    tap_ok(strstr(err.text, "another update is running") != NULL);
    vault_unlock(l);
    tap_int(vault_lock(kit_dir, &other, &err), MP_OK);
    vault_unlock(other);
    tap_case("a lock that others can write to");
    snprintf(path, sizeof path, "%s/lock", kit_dir);
    tap_int(chmod(path, 0666), 0);
    tap_int(vault_lock(kit_dir, &l, &err), MP_E_IO);
    kit_remove_dir();
}

int main(void)
{
    test_empty();
    test_swap();
    test_bad();
    test_all_bad();
    test_directory();
    return tap_done();
}
