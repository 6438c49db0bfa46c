/* A conversation told: for people and for programs. */
#include "flow/transcript_report.h"

void reply_json(struct json *j, const char *key, const struct smtp_reply *r)
{
    json_key(j, key);
    if (r->code == 0) {
        json_write_null(j);
        return;
    }
    json_object_begin(j);
    json_kint(j, "code", r->code);
    json_ktext(j, "text", r->text);
    json_object_end(j);
}

void transcript_json(struct json *j, const struct transcript *t)
{
    static const char *const kinds[] = {[TRANSCRIPT_INFO] = "info",
                                        [TRANSCRIPT_SENT] = "sent",
                                        [TRANSCRIPT_RECEIVED] = "received",
                                        [TRANSCRIPT_UNEXPECTED] = "unexpected",
                                        [TRANSCRIPT_ERROR] = "error"};
    json_array_begin(j);
    for (size_t i = 0; i < t->n; i++) {
        json_object_begin(j);
        json_kstr(j, "kind", str_from(kinds[t->lines[i].kind]));
        json_kbool(j, "tls", t->lines[i].in_tls);
        json_kint(j, "at_us", t->lines[i].at_us);
        json_kstr(j, "text", t->lines[i].text);
        json_object_end(j);
    }
    json_array_end(j);
}

/* The marks of swaks, so that eyes used to them find their way. */
void transcript_lines(struct flow *f, const struct transcript *t)
{
    static const struct {
        const char *plain, *tls;
        enum flow_style style;
    } marks[] = {
        [TRANSCRIPT_INFO] = {"===", "===", FLOW_DIM},
        [TRANSCRIPT_SENT] = {"->", "~>", FLOW_PLAIN},
        [TRANSCRIPT_RECEIVED] = {"<- ", "<~ ", FLOW_PLAIN},
        [TRANSCRIPT_UNEXPECTED] = {"<**", "<~*", FLOW_WARN},
        [TRANSCRIPT_ERROR] = {"***", "***", FLOW_BAD},
    };
    for (size_t i = 0; i < t->n; i++) {
        const struct transcript_line *line = &t->lines[i];
        flow_line(f, line->kind == TRANSCRIPT_SENT ? 5 : 4, 8);
        flow_putz(f, FLOW_DIM, line->in_tls ? marks[line->kind].tls : marks[line->kind].plain);
        flow_putz(f, FLOW_DIM, " ");
        flow_put(f, marks[line->kind].style, line->text);
        flow_end(f);
    }
    if (t->dropped == 0)
        return;
    flow_line(f, 4, 8);
    flow_num(f, FLOW_DIM, t->dropped);
    flow_putz(f, FLOW_DIM, " more lines were not kept");
    flow_end(f);
}
