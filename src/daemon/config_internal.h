/* What the files of config*.c share: sections of the file, and how its values are read. */
#ifndef MP_DAEMON_CONFIG_INTERNAL_H
#define MP_DAEMON_CONFIG_INTERNAL_H

#include "base/yaml.h"
#include "daemon/config.h"

/* ---- values: the next event, into what is named ---- */

int serve_read_text(struct yaml *y, void *into); /* struct str: one line, not empty */
int serve_read_name(struct yaml *y, void *into); /* struct str: letters, digits, "-", "_", "." */
/* struct str: a path; a relative one stands beside the configuration. */
int serve_read_path(struct yaml *y, void *into);
int serve_read_whole_path(struct yaml *y, void *into); /* must be absolute */
int serve_read_domain(struct yaml *y, void *into);     /* struct str: A-labels, lower case */
int serve_read_account(struct yaml *y, void *into); /* struct str: a user or group of the system */
int serve_read_address(struct yaml *y, void *into); /* struct serve_address */
int serve_read_action(struct yaml *y, void *into);  /* enum verdict_action: any */

/* A list of texts, each read as above from the current event. */
struct serve_list {
    const char *what; /* "a list of domains" */
    int (*item)(struct yaml *y, struct str text, struct str *out);
    struct str *items;
    size_t *n, max;
};
int serve_take_list(struct yaml *y, const struct serve_list *list);
int serve_check_text(struct yaml *y, struct str text, struct str *out);
int serve_check_name(struct yaml *y, struct str text, struct str *out);
int serve_check_path(struct yaml *y, struct str text, struct str *out);
int serve_check_domain(struct yaml *y, struct str text, struct str *out);

/* Numbers with their range; `what` tells it: "a duration from 1s to 10m". */
struct serve_range {
    const char *what;
    uint64_t min, max;
};
enum { PER_SECOND_MS = 1000, PER_DAY_MS = 86400000 };
/* "500ms", "20s", "5m", "1h", "30d", "2w", in units of `unit_ms` and range in the same. */
int serve_take_duration(struct yaml *y, struct serve_range range, unsigned unit_ms, unsigned *out);
/* "500k", "64M", "1G", with or without "B" or "iB": powers of 1024. */
int serve_take_bytes(struct yaml *y, struct serve_range range, uint64_t *out);
int serve_take_count(struct yaml *y, struct serve_range range, unsigned *out);

/* A word of a table that ends with name == NULL. `what` names the kind: "mode". */
struct serve_word {
    const char *name;
    int value;
};
int serve_take_word(struct yaml *y, const char *what, const struct serve_word *words, int *out);
/* The current event. */
int serve_this_word(struct yaml *y, const char *what, const struct serve_word *words, int *out);

/* ---- sections: `into` is the whole struct serve_config ---- */

int serve_read_milters(struct yaml *y, void *into);
int serve_read_http(struct yaml *y, void *into);
int serve_read_history(struct yaml *y, void *into);
int serve_read_webhooks(struct yaml *y, void *into);
int serve_read_monitor(struct yaml *y, void *into);
int serve_read_reports(struct yaml *y, void *into);
int serve_read_content(struct yaml *y, void *into);
int serve_read_intel(struct yaml *y, void *into);
int serve_read_dns(struct yaml *y, void *into);

/* Text of an address or a network; *why when it is none. */
bool serve_address_parse(struct arena *arena, struct str text, struct serve_address *out,
                         const char **why);
bool serve_network_parse(struct str text, struct serve_network *out, const char **why);

#endif
