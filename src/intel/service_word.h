/* What a service is asked, and what it says, in words that are the same for all of them. Room
 * services asks; here is what a mail's judges need. */
#ifndef MP_INTEL_SERVICE_WORD_H
#define MP_INTEL_SERVICE_WORD_H

#include "finding/finding.h"
#include "intel/config.h"

const char *intel_service_title(enum intel_service s); /* "VirusTotal" */

/* One thing that a service is asked for. Borrowed. */
struct service_question {
    enum intel_service service;
    const struct indicator *what;
    bool http; /* of a URL, whose form has no scheme: it is http, not https */
};

enum word_outcome {
    WORD_MALICIOUS,
    WORD_SUSPICIOUS,
    WORD_HARMLESS, /* looked at, and too little against it */
    WORD_UNKNOWN,  /* never heard of it: no word for it and none against it */
    WORD_KNOWN_GOOD,
    /* no word: what it knows is missing here */
    WORD_REFUSED, /* no key, or it does not take ours */
    WORD_LIMITED, /* asked too often: see until_s */
    WORD_ERROR,   /* no answer, or none that can be read */
    /* nothing is missing: it is off, has no words for this kind, or this never leaves the machine
     */
    WORD_NOT_ASKED,
    WORD_OUTCOME_COUNT
};
const char *word_outcome_name(enum word_outcome o); /* "malicious", "known-good", ... */
bool word_outcome_by_name(struct str name, enum word_outcome *out);

enum { WORD_LABEL_BYTES = 128, WORD_TEXT_BYTES = 200 };

/* A value: no views, so that it may be handed to threads and kept. Zero-initialise. */
struct service_word {
    enum intel_service service;
    enum word_outcome outcome;
    /* VirusTotal: engines. AbuseIPDB: the score in `malicious` of a `total` of 100. CIRCL: trust in
     * `harmless` of a `total` of 100. Web Risk: kinds of threat in `malicious`. */
    unsigned malicious, suspicious, harmless, total;
    uint64_t reports;  /* AbuseIPDB */
    int64_t seen_s;    /* when it looked at it last, or heard of it last; 0: not told */
    int64_t expires_s; /* the service says: not to be believed from then on; 0: not told */
    int64_t asked_s;   /* when it said so */
    int64_t until_s;   /* WORD_LIMITED, WORD_ERROR: not asked before; 0: not known */
    bool fails;        /* the service itself does, whatever it is asked */
    bool cached;       /* said earlier, and kept */
    char label[WORD_LABEL_BYTES]; /* its name of the threat, or of the software; printable */
    char text[WORD_TEXT_BYTES];   /* for people: the numbers, or why there is no word; printable */
};

/* Is what the service knows missing? Undecided is never a pass. */
bool word_is_missing(const struct service_word *w);

/* Fill label and text: cut at a character, made printable. */
void word_label(struct service_word *w, struct str label);
void word_text(struct service_word *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What a word means for the mail: intel.service, intel.known-good, intel.unavailable, or
 * nothing. Once for each service and value, or reason, of a list. Pure. */
void service_findings(const struct service_word *w, const struct indicator *what,
                      struct finding_where where, struct finding_list *findings);

#endif
