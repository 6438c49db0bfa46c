/* What was checked about a host or a domain, and how it came out: one row a check, whose status
 * follows from the findings that were added while it was open. */
#ifndef MP_FINDING_CHECK_H
#define MP_FINDING_CHECK_H

#include "finding/finding.h"

/* In this order of weight: a check that failed stays failed, whatever else is open in it. */
enum check_status {
    CHECK_PASS,      /* nothing above info */
    CHECK_SKIPPED,   /* a precondition is missing, or it was not asked for */
    CHECK_WARN,      /* low or medium */
    CHECK_UNDECIDED, /* could not be decided: network, DNS, a limit; never a pass */
    CHECK_FAIL       /* high or critical */
};
const char *check_status_name(enum check_status s); /* "pass", "skipped", "warn", ... */

struct check {
    struct str group;  /* what was checked: "mx1.good.test [192.0.2.1]:25", "SPF"; in the arena */
    const char *name;  /* static, stable, unique in its group: "connect", "tls.certificate" */
    struct str detail; /* one printable line: what was seen */
    bool undecided;    /* check_undecided was called */
    bool skipped;
    int worst;          /* enum severity of its worst finding, kept or dropped; -1: none */
    int64_t elapsed_us; /* -1: not timed */
    size_t first_finding, n_findings; /* those that were kept, in the list of findings */
    /* Of a suite (check_expect): where it was asked for, what was expected and got. Line 0: not. */
    struct str file, expected, got;
    size_t line;
};
enum check_status check_status_of(const struct check *c);

enum { CHECKS_MAX = 2000, CHECK_DETAIL_MAX = 300 };

/* Grows in the arena; `starved` as in finding_list: then the list decides nothing. */
struct check_list {
    struct arena *arena;
    struct finding_list *findings;
    struct check *items;
    size_t n, cap;
    bool is_open, starved;
};

void check_list_init(struct check_list *list, struct arena *arena, struct finding_list *findings);

/* Open a check; one at a time. `group` is copied. Never fails visibly (see `starved`). */
void check_begin(struct check_list *list, struct str group, const char *name);
/* A finding of the open check. All findings about hosts and domains go this way, so that a check
 * fails also when the list of findings has no room for its reason. Returns as finding_add. */
struct finding *check_add(struct check_list *list, enum finding_id id, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, but as severe as the situation makes it: a certificate that nobody verifies weighs
 * less. */
struct finding *check_add_as(struct check_list *list, enum severity severity, enum finding_id id,
                             const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The open check cannot be decided (the reason should be in a finding or the detail). */
void check_undecided(struct check_list *list);
/* Where in which file (borrowed) the open check was asked for, what was expected, and what was got:
 * both made printable and cut. */
void check_expect(struct check_list *list, struct str file, size_t line, struct str expected,
                  struct str got);
/* Close it, with what was seen: made printable and cut. */
struct check *check_end(struct check_list *list, int64_t elapsed_us, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A check that was not made, and why. */
void check_skip(struct check_list *list, struct str group, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* As finding_mark: a stage that must wait takes back its checks and findings. */
struct check_mark {
    size_t n;
    struct finding_mark findings;
};
struct check_mark check_mark(const struct check_list *list);
void check_rewind(struct check_list *list, struct check_mark mark);

/* Any check undecided, or memory short? Then the whole is incomplete: exit code 3 at best. */
bool check_list_undecided(const struct check_list *list);

#endif
