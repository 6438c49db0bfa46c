/* Options of every command whose report is one subject's. */
#ifndef MP_CLI_REPORT_OPTIONS_H
#define MP_CLI_REPORT_OPTIONS_H

/* The report, where it goes and what it means: rows of the option table of getopt_long,
 * with the numbers of cli/subject_options.h. */
#define REPORT_LONG_OPTIONS                                                                        \
    {"format", required_argument, NULL, SUBJECT_FORMAT},                                           \
        {"output", required_argument, NULL, SUBJECT_OUTPUT},                                       \
        {"verbose", no_argument, NULL, SUBJECT_VERBOSE},                                           \
        {"color", required_argument, NULL, SUBJECT_COLOUR},                                        \
        {"colour", required_argument, NULL, SUBJECT_COLOUR},                                       \
        {"textfile", required_argument, NULL, SUBJECT_TEXTFILE},                                   \
        {"fail-on", required_argument, NULL, SUBJECT_FAIL_ON},                                     \
    {                                                                                              \
        "exit", required_argument, NULL, SUBJECT_EXIT                                              \
    }

#endif
