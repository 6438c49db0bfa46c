/* One severity, or an error with the nearest. */
#include "finding/severity_yaml.h"

#include "finding/finding.h"

int severity_read_yaml(struct yaml *y, void *into)
{
    struct str word;
    int st = yaml_next_scalar(y, "a severity (critical, high, medium, low, info)", &word);
    if (st != MP_OK || severity_by_name(word, into))
        return st;
    struct nearest nearest = {.wanted = word};
    for (int s = SEV_INFO; s <= SEV_CRITICAL; s++)
        nearest_try(&nearest, str_from(severity_name((enum severity)s)));
    return yaml_fail_unknown(y, "severity", &nearest);
}
