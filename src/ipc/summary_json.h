/* One mail in short as JSON: `Mail` of docs/schema/api.openapi.yaml. */
#ifndef MP_IPC_SUMMARY_JSON_H
#define MP_IPC_SUMMARY_JSON_H

#include "base/json.h"
#include "ipc/mail_summary.h"

/* One object. What is not known is null. */
void summary_json(struct json *j, const struct mail_summary *s);

#endif
