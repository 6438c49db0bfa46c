/* The open elements: a stack of fixed depth that answers what is around the text. */
#include "html/html_internal.h"

static uint16_t flags_of(const struct html_open *e)
{
    return html_tag_flags[e->tag];
}

static bool is_integration(const struct html_open *e)
{
    return (flags_of(e) & IS_INTEGRATION) != 0 || e->tag == TAG_TITLE;
}

bool open_is_foreign(const struct html_reader *r)
{
    const struct html_open *top = &r->open[r->depth];
    return r->xml || (top->foreign && !is_integration(top));
}

/* Room for one more, of HTML_MAX_DEPTH. */
static bool has_room(struct html_reader *r)
{
    unsigned cap = r->open_cap * 2;
    if (r->depth + 1 < r->open_cap)
        return true;
    struct html_open *open = arena_grow(r->arena, r->open, r->open_cap, cap, sizeof *open);
    struct css_style **styles =
        arena_grow(r->arena, r->styles, r->open_cap, cap, sizeof(struct css_style *));
    if (open == NULL || styles == NULL) {
        r->no_memory = true;
        return false;
    }
    r->open = open;
    r->styles = styles;
    r->open_cap = cap;
    return true;
}

/* Blink and others count 512 too; what is deeper has the looks of the last. */
void open_push(struct html_reader *r, const struct css_style *own, bool styled)
{
    uint16_t flags = html_tag_flags[r->token.tag];
    if (r->depth + 1 >= HTML_MAX_DEPTH) {
        r->facts->limits |= HTML_LIMIT_DEPTH;
        r->beyond++;
        return;
    }
    if (!has_room(r))
        return;
    const struct html_open *parent = reader_top(r);
    struct html_open *e = &r->open[r->depth + 1];
    *e = (struct html_open){.tag = r->token.tag,
                            .foreign = (flags & IS_FOREIGN) != 0 || open_is_foreign(r),
                            .styled = styled,
                            .seen = parent->seen};
    if (e->tag == TAG_OTHER)
        e->hash = entity_hash(r->token.text);
    if (styled && r->styles[r->depth + 1] == NULL)
        r->styles[r->depth + 1] = arena_new(r->arena, struct css_style, 1);
    if (styled && r->styles[r->depth + 1] == NULL) {
        r->no_memory = true;
        return;
    }
    if (styled) {
        *r->styles[r->depth + 1] = *own;
        e->seen = seen_within(&parent->seen, own, e->tag);
    }
    if ((flags & IS_UNSEEN) != 0 || (e->foreign && (e->tag == TAG_TITLE || e->tag == TAG_DESC))) {
        e->seen.sticky |= HTML_UNSEEN_ELEMENT;
        e->seen.unseen |= HTML_UNSEEN_ELEMENT;
    }
    r->depth++;
    r->counts[e->tag]++;
    r->ends[e->hash & 0xff]++;
    r->tokens.foreign = open_is_foreign(r);
}

void open_pop_to(struct html_reader *r, unsigned depth)
{
    for (; r->depth > depth; r->depth--) {
        const struct html_open *e = reader_top(r);
        r->counts[e->tag]--;
        r->ends[e->hash & 0xff]--;
        if (r->link >= 0 && r->link_depth > r->depth && (flags_of(e) & IS_SCOPE) != 0)
            link_end(r);
    }
    r->tokens.foreign = open_is_foreign(r);
}

/* ---- end tags that are left out ---- */

static bool is_any(enum html_tag tag, const enum html_tag *tags)
{
    for (unsigned i = 0; tags[i] != TAG_OTHER; i++)
        if (tags[i] == tag)
            return true;
    return false;
}

/* The innermost of `ends` closes, unless one of `bounds` is further in. */
static void end_inner(struct html_reader *r, const enum html_tag *ends, const enum html_tag *bounds)
{
    uint32_t open = 0;
    for (unsigned i = 0; ends[i] != TAG_OTHER; i++)
        open += r->counts[ends[i]];
    for (unsigned d = r->depth; open > 0 && d > r->floor; d--) {
        const struct html_open *e = &r->open[d];
        if (is_any(e->tag, ends)) {
            open_pop_to(r, d - 1);
            return;
        }
        if (is_any(e->tag, bounds) || (flags_of(e) & IS_SCOPE) != 0)
            return;
    }
}

void open_imply(struct html_reader *r, enum html_tag tag)
{
    static const struct {
        enum html_tag tag, ends[4], bounds[4];
    } implied[] = {
        {TAG_LI, {TAG_LI}, {TAG_UL, TAG_OL}},
        {TAG_DD, {TAG_DD, TAG_DT}, {TAG_DL}},
        {TAG_DT, {TAG_DD, TAG_DT}, {TAG_DL}},
        {TAG_OPTION, {TAG_OPTION}, {TAG_SELECT}},
        {TAG_TD, {TAG_TD, TAG_TH}, {TAG_TABLE, TAG_TR}},
        {TAG_TH, {TAG_TD, TAG_TH}, {TAG_TABLE, TAG_TR}},
        {TAG_TR, {TAG_TR}, {TAG_TABLE}},
        {TAG_TBODY, {TAG_TBODY, TAG_THEAD, TAG_TFOOT}, {TAG_TABLE}},
        {TAG_THEAD, {TAG_TBODY, TAG_THEAD, TAG_TFOOT}, {TAG_TABLE}},
        {TAG_TFOOT, {TAG_TBODY, TAG_THEAD, TAG_TFOOT}, {TAG_TABLE}},
    };
    static const enum html_tag paragraph[] = {TAG_P, TAG_OTHER}, none[] = {TAG_OTHER};
    static const enum html_tag cells[] = {TAG_TD, TAG_TH, TAG_CAPTION, TAG_OTHER};
    static const enum html_tag table[] = {TAG_TABLE, TAG_OTHER};
    if ((html_tag_flags[tag] & IS_BLOCK) != 0)
        end_inner(r, paragraph, none);
    if (tag == TAG_TR || tag == TAG_TBODY || tag == TAG_THEAD || tag == TAG_TFOOT)
        end_inner(r, cells, table);
    for (size_t i = 0; i < ARRAY_LEN(implied); i++)
        if (implied[i].tag == tag)
            end_inner(r, implied[i].ends, implied[i].bounds);
}

/* ---- end tags ---- */

/* Take one out of the middle: what stands in it stays open, without what it did to it. */
static void take_out(struct html_reader *r, unsigned depth)
{
    struct css_style *style = r->styles[depth];
    r->counts[r->open[depth].tag]--;
    r->ends[r->open[depth].hash & 0xff]--;
    for (unsigned d = depth; d < r->depth; d++) {
        r->open[d] = r->open[d + 1];
        r->styles[d] = r->styles[d + 1];
        struct html_open *e = &r->open[d];
        uint16_t element = e->seen.sticky & HTML_UNSEEN_ELEMENT;
        if (e->styled)
            e->seen = seen_within(&r->open[d - 1].seen, r->styles[d], e->tag);
        else
            e->seen = r->open[d - 1].seen;
        e->seen.sticky |= element;
        e->seen.unseen |= element;
    }
    r->styles[r->depth] = style;
    r->depth--;
    if (r->link_depth >= depth && r->link_depth > 0)
        r->link_depth--;
}

static bool is_table_part(enum html_tag tag)
{
    static const enum html_tag parts[] = {TAG_TABLE, TAG_TBODY, TAG_THEAD,   TAG_TFOOT, TAG_TR,
                                          TAG_TD,    TAG_TH,    TAG_CAPTION, TAG_OTHER};
    return is_any(tag, parts);
}

bool open_close(struct html_reader *r, enum html_tag tag, struct str name)
{
    uint16_t flags = html_tag_flags[tag];
    uint32_t hash = tag == TAG_OTHER ? entity_hash(name) : 0;
    bool part = is_table_part(tag), crossed = false;
    if (r->counts[tag] == 0 || r->ends[hash & 0xff] == 0 || (flags & IS_ROOT) != 0)
        return false;
    if (r->beyond > 0) {
        r->beyond--;
        return true;
    }
    for (unsigned d = r->depth; d > r->floor; d--) {
        const struct html_open *e = &r->open[d];
        if (e->tag == tag && e->hash == hash) {
            if (crossed && (flags & IS_FORMATTING) != 0)
                take_out(r, d);
            else
                open_pop_to(r, d - 1);
            return true;
        }
        bool special = (flags_of(e) & IS_SPECIAL) != 0;
        bool bound = part ? e->tag == TAG_TABLE : (flags_of(e) & IS_SCOPE) != 0;
        if (!r->xml && (bound || (special && (flags & (IS_SPECIAL | IS_FORMATTING)) == 0)))
            return false;
        crossed |= special;
    }
    return false;
}
