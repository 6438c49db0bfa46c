/* What the files of config*.c share: the file being read, and how its values are. */
#ifndef MP_INTEL_CONFIG_INTERNAL_H
#define MP_INTEL_CONFIG_INTERNAL_H

#include "base/data_file.h"
#include "base/yaml.h"
#include "finding/severity_yaml.h"
#include "intel/config.h"

extern const struct data_file intel_data[];
extern const size_t intel_data_count;

/* Entries of one kind, by name: what was there is copied before it is changed. */
struct config_entries {
    void *items;
    size_t n, cap;
    bool seen[INTEL_MAX_FEEDS]; /* in this file */
};

struct config_reading {
    struct intel_config next;
    struct config_entries feeds, dns_lists;
    bool seen_service[SERVICE_COUNT];
    size_t allow_cap;
};

/* Readers of a yaml_key. Places: the type of `into`. */
int config_read_name(struct yaml *y, struct str *out); /* the current event: of an entry */
int config_read_text(struct yaml *y, void *into);      /* struct str: one line */
int config_read_body(struct yaml *y, void *into);      /* struct str: longer, with line ends */
int config_read_seconds(struct yaml *y, void *into);   /* int64_t: "0", "90s", "5m", "1h", "7d" */
int config_read_size(struct yaml *y, void *into);      /* size_t: "64MB" */
int config_read_count(struct yaml *y, void *into);     /* unsigned */
int config_read_percent(struct yaml *y, void *into);   /* uint8_t: 0 to 100 */
int config_read_tlp(struct yaml *y, void *into);
int config_read_kind(struct yaml *y, void *into); /* enum indicator_kind; "any": its count */
int config_read_secret(struct yaml *y, void *into);
int config_read_url(struct yaml *y, void *into); /* struct str: "https://..." */
/* The same of a text that was taken. */
int config_check_text(struct yaml *y, struct str text, struct str *into);
int config_check_url(struct yaml *y, struct str url, struct str *into);

/* A word of a table that ends with name == NULL. `what`: "a format", for the error. */
struct config_word {
    const char *name;
    int value;
};
int config_take_word(struct yaml *y, const char *what, const struct config_word *words, int *out);
/* One of them, or a list; their bits together. */
int config_take_bits(struct yaml *y, const char *what, const struct config_word *words,
                     unsigned *out);

/* Entries below their name. `into` is the struct config_reading. */
int config_read_feeds(struct yaml *y, void *into);
int config_read_dns_lists(struct yaml *y, void *into);
int config_read_services(struct yaml *y, void *into);
int config_read_allow(struct yaml *y, void *into);

/* The place of entry `name`, whose array has `size` bytes each, the name as their first field; new
 * ones are zero but for the name. */
int config_entry(struct yaml *y, struct config_entries *e, size_t max, size_t size,
                 const char *what, struct str name, void **out, bool *is_new);
/* A mapping of names to entries. */
int config_read_named(struct yaml *y, const char *what,
                      int (*entry)(struct yaml *y, struct str name, struct config_reading *r),
                      struct config_reading *r);

#endif
