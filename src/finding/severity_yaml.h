/* How files of configuration name a severity. */
#ifndef MP_FINDING_SEVERITY_YAML_H
#define MP_FINDING_SEVERITY_YAML_H

#include "base/yaml.h"

/* Of a yaml_key: enum severity. */
int severity_read_yaml(struct yaml *y, void *into);

#endif
