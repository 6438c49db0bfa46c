/* Inspections to send and to answer, the same for tests and fuzz targets. */
#ifndef MP_SANDBOX_FRAME_TEST_KIT_H
#define MP_SANDBOX_FRAME_TEST_KIT_H

#include "sandbox/frame.h"

enum { KIT_OFFSET = 100, KIT_LENGTH = 5000, KIT_ROOM = 64 };

/* One object at [KIT_OFFSET, KIT_OFFSET + KIT_LENGTH) of a message, nothing found yet. */
struct kit {
    struct arena arena;
    struct content_limits limits;
    struct content_budget budget;
    struct content_object objects[KIT_ROOM];
    struct content_report report;
    struct content content;
};

static inline void kit_init(struct kit *k, struct str bytes, size_t memory_bytes)
{
    *k = (struct kit){.limits = {.max_objects = CONTENT_MAX_OBJECTS,
                                 .max_listed = CONTENT_MAX_LISTED,
                                 .max_depth = CONTENT_MAX_DEPTH,
                                 .max_ratio = CONTENT_MAX_RATIO,
                                 .max_decoded_bytes = CONTENT_MAX_DECODED_BYTES,
                                 .ratio_floor_bytes = CONTENT_RATIO_FLOOR_BYTES},
                      .budget = {.objects_left = CONTENT_MAX_OBJECTS,
                                 .depth_left = CONTENT_MAX_DEPTH,
                                 .bytes_left = CONTENT_MAX_DECODED_BYTES}};
    arena_init(&k->arena, memory_bytes);
    k->objects[0] = (struct content_object){.part = STR("2.1"),
                                            .parent = -1,
                                            .bytes = bytes,
                                            .has_bytes = true,
                                            .type = STR("application"),
                                            .subtype = STR("zip"),
                                            .offset = KIT_OFFSET,
                                            .length = KIT_LENGTH};
    k->report =
        (struct content_report){.objects = k->objects, .n = 1, .cap = KIT_ROOM, .complete = true};
    finding_list_init(&k->report.findings, &k->arena);
    k->content = (struct content){
        .arena = &k->arena, .limits = &k->limits, .budget = &k->budget, .report = &k->report};
}

/* What a fuzzer made: a frame as long as it says itself, and what stands behind it. */
static inline struct str kit_cut(const uint8_t *data, size_t size, struct str *behind)
{
    struct str all = str_make((const char *)data, size);
    size_t n = size < 8 ? size : data[4] | (size_t)data[5] << 8 | (size_t)data[6] << 16;
    *behind = str_slice(all, n, size);
    return str_slice(all, 0, n);
}

#endif
