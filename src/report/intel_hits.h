/* An entry of a feed that matched, as JSON and for people: in reports of messages and of lookups.
 */
#ifndef MP_REPORT_INTEL_HITS_H
#define MP_REPORT_INTEL_HITS_H

#include "base/json.h"
#include "intel/match.h"
#include "report/text_flow.h"

/* `item` is what it matched. An object of "indicators" in docs/schema/report-1.schema.json. */
void report_json_hit(struct json *j, const struct intel_item *item, const struct intel_hit *h);
/* What the feed tells of it, as keys of the current object: "feed" to "licence". */
void report_json_entry(struct json *j, const struct indicator *i, const struct snapshot_feed *feed);
/* A line. */
void report_text_hit(struct flow *f, const struct intel_item *item, const struct intel_hit *h);

#endif
