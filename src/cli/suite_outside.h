/* The environment and the files that the references of a suite lead to. */
#ifndef MP_CLI_SUITE_OUTSIDE_H
#define MP_CLI_SUITE_OUTSIDE_H

#include "suite/suite.h"

extern const struct suite_outside cli_outside;

#endif
