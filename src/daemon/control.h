/* Between the supervisor and each process that it has started: one packet a word. The end of the
 * socket is the end of the other side. */
#ifndef MP_DAEMON_CONTROL_H
#define MP_DAEMON_CONTROL_H

#include "base/fd_pass.h"

enum control_word {
    CONTROL_READY = 1, /* process -> supervisor: it serves */
    CONTROL_FAILED,    /* it cannot: `text` says why, and it ends */
    CONTROL_PONG,
    CONTROL_STATUS, /* `text`: what it knows of its peers, JSON values a line, for the status page
                     */
    CONTROL_PING,   /* supervisor -> process: do you live? */
    CONTROL_DRAIN,  /* take nothing new, end when what is there has ended; value 1: soon */
    CONTROL_STOP,   /* finish what is at hand and end */
    CONTROL_SCHEDULES, /* clerk -> supervisor -> front: suites and how often, a line each by turns
                        */
    CONTROL_RAN,       /* clerk -> supervisor -> front: a suite or audit ran; value: its result */
    CONTROL_MONITOR,   /* the same way: `text` is a MonitorChange; value: the new result */
    CONTROL_PEERS      /* `text`: the processes as JSON, for the status page */
};

enum { CONTROL_TEXT_BYTES = 64 * 1024 };

struct control {
    uint32_t word, value, text_bytes;
    char text[CONTROL_TEXT_BYTES];
};

/* False: the other side is gone, or does not read. */
bool control_send(int fd, enum control_word word, uint32_t value, struct str text);
/* FD_PASS_GOT with *out; else as fd_pass_recv. Waits if the socket does. */
enum fd_pass_status control_recv(int fd, struct control *out);

#endif
