/* `--key DOMAIN:SELECTOR:FILE`, as sign and seal take it. */
#ifndef MP_CLI_KEY_OPTION_H
#define MP_CLI_KEY_OPTION_H

#include "cli/cli.h"
#include "crypto/key.h"

enum { KEY_FILE_MAX_BYTES = 64 * 1024 };

struct key_option {
    struct str domain, selector; /* views into argv */
    struct private_key *key;
};

/* Split, read the file, load the key. An exit code. Clear with private_key_free. */
int key_option_parse(const char *command, const char *arg, struct key_option *out);

#endif
