/* SARIF 2.1.0: the catalogue as rules, findings as results with their bytes and lines. */
#include <stdio.h>

#include "report/case_internal.h"

/* error, warning, note: SARIF 2.1.0 3.27.10. */
static const char *level_name(enum severity s)
{
    return s >= SEV_HIGH ? "error" : s == SEV_MEDIUM ? "warning" : "note";
}

/* GitHub sorts by this number, between 0.1 and 10. */
static const char *security_severity(enum severity s)
{
    static const char *const numbers[] = {"0.1", "3.0", "5.5", "8.0", "9.5"};
    return numbers[s];
}

static void ktext(struct json *j, const char *key, const char *text)
{
    json_key(j, key);
    json_object_begin(j);
    json_kstr(j, "text", str_from(text));
    json_object_end(j);
}

static void kshown(struct json *j, const char *key, struct str text)
{
    struct buf b;
    buf_init(&b, 64 * SHOWN_MAX_BYTES);
    utf8_add_printable(&b, text, 4 * SHOWN_MAX_BYTES);
    json_kstr(j, key, b.n == 0 ? STR("") : buf_str(&b));
    buf_clear(&b);
}

static void ktext_shown(struct json *j, const char *key, struct str text)
{
    json_key(j, key);
    json_object_begin(j);
    kshown(j, "text", text);
    json_object_end(j);
}

/* Of a message there is always a file, though its name may be empty. */
static struct str shown_file(struct str source)
{
    return source.p == NULL ? STR("") : source;
}

static void write_rule(struct json *j, const struct finding_kind *kind)
{
    json_object_begin(j);
    json_kstr(j, "id", kind->name);
    ktext(j, "shortDescription", kind->title);
    ktext(j, "help", kind->remedy);
    json_key(j, "defaultConfiguration");
    json_object_begin(j);
    json_kstr(j, "level", str_from(level_name(kind->severity)));
    json_object_end(j);
    json_key(j, "properties");
    json_object_begin(j);
    json_kstr(j, "security-severity", str_from(security_severity(kind->severity)));
    json_kstr(j, "reference", str_from(kind->reference));
    json_key(j, "tags");
    json_array_begin(j);
    json_str(j, STR("security"));
    json_str(j, STR("email"));
    json_array_end(j);
    json_object_end(j);
    json_object_end(j);
}

static void write_tool(struct json *j)
{
    json_key(j, "tool");
    json_object_begin(j);
    json_key(j, "driver");
    json_object_begin(j);
    json_kstr(j, "name", STR("mailproof"));
    json_kstr(j, "version", str_from(MP_VERSION));
    json_key(j, "rules");
    json_array_begin(j);
    for (int id = 0; id < FINDING_COUNT; id++)
        write_rule(j, finding_kind((enum finding_id)id));
    json_array_end(j);
    json_object_end(j);
    json_object_end(j);
}

/* A path as a URI reference (RFC 3986 4.1): relative as given, absolute as file://. Everything but
 * unreserved characters and the slash is percent-encoded, any byte a file name may hold. */
static struct str path_uri(struct arena *arena, struct str path)
{
    static const char hex[] = "0123456789ABCDEF";
    struct str prefix = str_starts(path, STR("/")) ? STR("file://") : STR("");
    char *out = arena_new(arena, char, prefix.n + 3 * path.n + 1);
    size_t n = prefix.n;
    if (out == NULL)
        return STR("unknown");
    memcpy(out, prefix.p, prefix.n);
    for (size_t i = 0; i < path.n; i++) {
        char c = path.p[i];
        if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' || c == '/') {
            out[n++] = c;
            continue;
        }
        out[n++] = '%';
        out[n++] = hex[(unsigned char)c >> 4];
        out[n++] = hex[(unsigned char)c & 15];
    }
    return n == 0 ? STR("unknown") : str_make(out, n);
}

/* Offsets are those of the message with CRLF. A file with LF only was converted, so its bytes
 * stand elsewhere; the line is right in both. */
static void write_region(struct json *j, const struct job *job, const struct finding *f,
                         size_t line)
{
    bool same_bytes = !message_has(&job->message, ANOMALY_LF_ONLY);
    json_key(j, "region");
    json_object_begin(j);
    json_kint(j, "startLine", (int64_t)(line == 0 ? 1 : line));
    if (f->where.has_offset && same_bytes) {
        json_kint(j, "byteOffset", (int64_t)f->where.offset);
        json_kint(j, "byteLength", (int64_t)f->where.length);
    }
    if (f->evidence.n > 0)
        ktext_shown(j, "snippet", f->evidence);
    json_object_end(j);
}

static void write_artifact(struct json *j, struct arena *arena, struct str source)
{
    json_key(j, "artifactLocation");
    json_object_begin(j);
    json_kstr(j, "uri", path_uri(arena, source));
    json_object_end(j);
}

/* Where there is no file: the subject and what was checked of it (SARIF 2.1.0 3.33). */
static void write_logical(struct json *j, struct str subject, const struct check *c)
{
    struct buf b;
    buf_init(&b, 64 * SHOWN_MAX_BYTES);
    utf8_add_printable(&b, subject, SHOWN_MAX_BYTES);
    json_key(j, "logicalLocations");
    json_array_begin(j);
    json_object_begin(j);
    json_kstr(j, "name", b.n == 0 ? STR("") : buf_str(&b));
    if (c != NULL) {
        buf_addc(&b, '/');
        utf8_add_printable(&b, c->group, SHOWN_MAX_BYTES);
        buf_addf(&b, "/%s", c->name);
    }
    json_kstr(j, "fullyQualifiedName", b.n == 0 ? STR("") : buf_str(&b));
    json_kstr(j, "kind", STR("resource"));
    json_object_end(j);
    json_array_end(j);
    buf_clear(&b);
}

static void write_location(struct report *r, const struct job *job, const struct finding *f,
                           size_t line)
{
    struct json *j = &r->json;
    json_key(j, "locations");
    json_array_begin(j);
    json_object_begin(j);
    json_key(j, "physicalLocation");
    json_object_begin(j);
    write_artifact(j, &r->scratch, job->source);
    write_region(j, job, f, line);
    json_object_end(j);
    json_object_end(j);
    json_array_end(j);
}

/* The same finding in the same file keeps its fingerprint when other bytes move. */
static uint64_t message_print(const struct job *job, const struct finding *f)
{
    uint64_t h = str_hash(job->source);
    h = h * 31 + str_hash(finding_kind(f->id)->name);
    h = h * 31 + str_hash(f->evidence);
    h = h * 31 + str_hash(f->where.header);
    h = h * 31 + str_hash(f->where.part);
    return f->where.member.n == 0 ? h : h * 31 + str_hash(f->where.member);
}

/* Without the evidence: days left of a certificate change every day. */
static uint64_t subject_print(const struct subject *s, const struct finding *f,
                              const struct check *c)
{
    uint64_t h = str_hash(s->name) + 7 * (s->suite.n == 0 ? 0 : str_hash(s->suite));
    h = h * 31 + str_hash(finding_kind(f->id)->name);
    h = h * 31 + str_hash(c == NULL ? STR("") : c->group);
    return h * 31 + str_hash(c == NULL ? STR("") : str_from(c->name));
}

static void write_fingerprint(struct json *j, uint64_t h)
{
    char hex[17];
    snprintf(hex, sizeof hex, "%016llx", (unsigned long long)h);
    json_key(j, "partialFingerprints");
    json_object_begin(j);
    json_kstr(j, "mailproof/v1", str_from(hex));
    json_object_end(j);
}

static void open_result(struct json *j, const struct finding *f, struct str prefix)
{
    const struct finding_kind *kind = finding_kind(f->id);
    struct buf text;
    buf_init(&text, 64 * SHOWN_MAX_BYTES);
    buf_add(&text, prefix);
    buf_addz(&text, kind->title);
    if (f->evidence.n > 0) {
        buf_addz(&text, " Seen: ");
        buf_add(&text, f->evidence);
    }
    json_object_begin(j);
    json_kstr(j, "ruleId", kind->name);
    json_kint(j, "ruleIndex", f->id);
    json_kstr(j, "level", str_from(level_name(f->severity)));
    ktext_shown(j, "message", buf_str(&text));
    buf_clear(&text);
}

static void write_result(struct report *r, const struct job *job, size_t index, size_t line)
{
    struct json *j = &r->json;
    const struct finding *f = &job->findings.items[index];
    open_result(j, f, STR_NONE);
    write_location(r, job, f, line);
    write_fingerprint(j, message_print(job, f));
    json_object_end(j);
}

static void write_line(struct json *j, size_t line)
{
    json_key(j, "region");
    json_object_begin(j);
    json_kint(j, "startLine", (int64_t)line);
    json_object_end(j);
}

/* A file, as a whole (line 0) or not, or the subject when there is none. */
static void write_place(struct json *j, struct arena *scratch, struct str file, size_t line,
                        struct str name)
{
    if (file.p == NULL) {
        write_logical(j, name, NULL);
        return;
    }
    json_key(j, "physicalLocation");
    json_object_begin(j);
    write_artifact(j, scratch, file);
    if (line > 0)
        write_line(j, line);
    json_object_end(j);
}

/* Notifications stand behind the results in the document: they wait in `side`, each whole or not at
 * all. */
static void add_notification(struct report *r, struct str file, size_t line, struct str name,
                             struct str text)
{
    struct json j;
    struct buf one;
    buf_init(&one, SIDE_MAX_BYTES);
    json_init(&j, &one, 0);
    if (r->side.n > 0)
        buf_addz(&one, ",");
    json_object_begin(&j);
    json_kstr(&j, "level", STR("error"));
    ktext_shown(&j, "message", text);
    json_key(&j, "locations");
    json_array_begin(&j);
    json_object_begin(&j);
    write_place(&j, &r->scratch, file, line, name);
    json_object_end(&j);
    json_array_end(&j);
    json_object_end(&j);
    if (!one.failed)
        buf_add(&r->side, buf_str(&one));
    buf_clear(&one);
}

static void sarif_begin(struct report *r)
{
    struct json *j = &r->json;
    json_init(j, r->out, 1);
    json_object_begin(j);
    json_kstr(j, "version", STR("2.1.0"));
    json_kstr(j, "$schema", STR("https://json.schemastore.org/sarif-2.1.0.json"));
    json_key(j, "runs");
    json_array_begin(j);
    json_object_begin(j);
    write_tool(j);
    json_key(j, "results");
    json_array_begin(j);
}

static void sarif_message(struct report *r, const struct job *job, int outcome)
{
    size_t lines[FINDINGS_MAX];
    finding_lines(job, lines);
    for (size_t i = 0; i < job->findings.n && i < FINDINGS_MAX; i++)
        write_result(r, job, i, lines[i]);
    if (outcome != EXIT_UNDECIDED)
        return;
    struct buf why;
    buf_init(&why, 64 * SHOWN_MAX_BYTES);
    add_why(&why, job, r->options.fail_on, outcome);
    add_notification(r, shown_file(job->source), 0, STR_NONE, buf_str(&why));
    buf_clear(&why);
}

/* ---- hosts and domains ---- */

static void write_properties(struct json *j, const struct check *c, const struct remedy *fix)
{
    json_key(j, "properties");
    json_object_begin(j);
    if (c != NULL) {
        kshown(j, "group", c->group);
        json_kstr(j, "check", str_from(c->name));
    }
    if (fix != NULL) {
        json_kstr(j, "fix", fix->text);
        json_kbool(j, "fixVerified", fix->verified);
    }
    json_object_end(j);
}

/* Which line of a zone file it is, is not known: the first stands for all. */
static void write_file_line(struct json *j, struct arena *scratch, const struct subject *s,
                            const struct check *c)
{
    size_t line = case_line(s, c);
    json_key(j, "physicalLocation");
    json_object_begin(j);
    write_artifact(j, scratch, case_file(s, c));
    write_line(j, line == 0 ? 1 : line);
    json_object_end(j);
}

/* baselineState (3.27.24): what a saved audit had too is unchanged. */
static void write_subject_result(struct report *r, const struct subject *s, size_t index,
                                 const struct check *c)
{
    struct json *j = &r->json;
    const struct finding *f = &s->checks->findings->items[index];
    struct buf prefix;
    buf_init(&prefix, 64 * SHOWN_MAX_BYTES);
    if (subject_is_case(s)) {
        case_add_name(&prefix, s);
        buf_addz(&prefix, ": ");
    }
    open_result(j, f, buf_str(&prefix));
    buf_clear(&prefix);
    if (s->known != NULL)
        json_kstr(j, "baselineState", s->known[index] ? STR("unchanged") : STR("new"));
    json_key(j, "locations");
    json_array_begin(j);
    json_object_begin(j);
    if (s->file.n > 0)
        write_file_line(j, &r->scratch, s, c);
    write_logical(j, s->name, c);
    json_object_end(j);
    json_array_end(j);
    write_fingerprint(j, subject_print(s, f, c));
    write_properties(j, c, subject_remedy(s, index));
    json_object_end(j);
}

static void sarif_subject(struct report *r, const struct subject *s, int outcome)
{
    const struct check *owners[FINDINGS_MAX];
    struct buf why;
    (void)outcome;
    subject_owners(s, owners);
    for (size_t i = 0; i < s->checks->findings->n && i < FINDINGS_MAX; i++)
        write_subject_result(r, s, i, owners[i]);
    if (!subject_is_incomplete(s))
        return;
    buf_init(&why, 64 * SHOWN_MAX_BYTES);
    if (subject_is_case(s)) {
        case_add_name(&why, s);
        buf_addz(&why, ": undecided: ");
        case_add_why(&why, s, r->options.fail_on, EXIT_UNDECIDED);
    } else {
        subject_add_why(&why, s, r->options.fail_on, EXIT_UNDECIDED);
    }
    add_notification(r, s->file.n == 0 ? STR_NONE : s->file, s->line, s->name, buf_str(&why));
    buf_clear(&why);
}

static void sarif_error(struct report *r, const struct report_error *e)
{
    arena_reset(&r->scratch);
    add_notification(r, e->kind == NULL ? shown_file(e->source) : STR_NONE, 0, e->source, e->text);
}

/* A run that could not read or decide everything was not successful, whatever it found. */
static void sarif_end(struct report *r)
{
    struct json *j = &r->json;
    json_array_end(j);
    json_key(j, "invocations");
    json_array_begin(j);
    json_object_begin(j);
    json_kbool(j, "executionSuccessful", r->incomplete == 0 && r->unreadable == 0);
    json_key(j, "toolExecutionNotifications");
    json_array_begin(j);
    buf_add(r->out, buf_str(&r->side));
    json_array_end(j);
    json_object_end(j);
    json_array_end(j);
    json_object_end(j);
    json_array_end(j);
    json_object_end(j);
    buf_addc(r->out, '\n');
}

const struct report_ops report_sarif_ops = {sarif_begin, sarif_message, sarif_subject, sarif_error,
                                            sarif_end};
