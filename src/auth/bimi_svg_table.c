/* The elements and attributes of SVG Tiny PS (draft-svg-tiny-ps-abrotman 2, with the sets of
 * SVG Tiny 1.2): what is not in these tables is not allowed. */
#include "auth/bimi_svg_internal.h"

#define GRAPHICS                                                                                   \
    "path rect circle line ellipse polyline polygon solidColor textArea linearGradient "           \
    "radialGradient text g defs use"
#define PAINTED (SVG_CORE | SVG_PROPERTIES)
#define DRAWN   (SVG_CORE | SVG_PROPERTIES | SVG_CONDITIONAL | SVG_TRANSFORM)

/* xml:base is left out on purpose: it turns every local reference into one to another file. */
static const struct svg_element elements[] = {
    {STR_INIT("svg"), STR_INIT("title desc metadata " GRAPHICS), PAINTED, false},
    {STR_INIT("title"), STR_INIT(""), SVG_CORE | SVG_MEDIA | SVG_CONDITIONAL, true},
    {STR_INIT("desc"), STR_INIT(""), SVG_CORE | SVG_MEDIA | SVG_CONDITIONAL, true},
    {STR_INIT("metadata"), STR_INIT(""), SVG_CORE, true},
    {STR_INIT("g"), STR_INIT(GRAPHICS), DRAWN, false},
    {STR_INIT("defs"), STR_INIT(GRAPHICS), PAINTED, false},
    {STR_INIT("use"), STR_INIT(""), DRAWN, false},
    {STR_INIT("path"), STR_INIT(""), DRAWN, false},
    {STR_INIT("rect"), STR_INIT(""), DRAWN, false},
    {STR_INIT("circle"), STR_INIT(""), DRAWN, false},
    {STR_INIT("ellipse"), STR_INIT(""), DRAWN, false},
    {STR_INIT("line"), STR_INIT(""), DRAWN, false},
    {STR_INIT("polyline"), STR_INIT(""), DRAWN, false},
    {STR_INIT("polygon"), STR_INIT(""), DRAWN, false},
    {STR_INIT("text"), STR_INIT(""), DRAWN, true},
    {STR_INIT("textArea"), STR_INIT(""), DRAWN, true},
    {STR_INIT("linearGradient"), STR_INIT("stop"), PAINTED, false},
    {STR_INIT("radialGradient"), STR_INIT("stop"), PAINTED, false},
    {STR_INIT("stop"), STR_INIT(""), PAINTED, false},
    {STR_INIT("solidColor"), STR_INIT(""), PAINTED, false},
};

#define ANY(name, groups)                                                                          \
    {                                                                                              \
        STR_INIT(name), (groups), STR_INIT(""), STR_INIT("")                                       \
    }
#define ONE_OF(name, groups, values)                                                               \
    {                                                                                              \
        STR_INIT(name), (groups), STR_INIT(""), STR_INIT(values)                                   \
    }
#define OWN(name, elements)                                                                        \
    {                                                                                              \
        STR_INIT(name), 0, STR_INIT(elements), STR_INIT("")                                        \
    }
#define ROOT(name, values)                                                                         \
    {                                                                                              \
        STR_INIT(name), 0, STR_INIT("svg"), STR_INIT(values)                                       \
    }

static const struct svg_attribute attributes[] = {
    ANY("id", SVG_CORE),
    ANY("xml:id", SVG_CORE),
    ANY("xml:lang", SVG_CORE),
    ONE_OF("xml:space", SVG_CORE, "default|preserve"),
    ANY("class", SVG_CORE),
    ANY("role", SVG_CORE),
    ANY("rel", SVG_CORE),
    ANY("rev", SVG_CORE),
    ANY("typeof", SVG_CORE),
    ANY("content", SVG_CORE),
    ANY("datatype", SVG_CORE),
    ANY("resource", SVG_CORE),
    ANY("about", SVG_CORE),
    ANY("property", SVG_CORE),

    ANY("fill", SVG_PROPERTIES),
    ANY("fill-opacity", SVG_PROPERTIES),
    ONE_OF("fill-rule", SVG_PROPERTIES, "nonzero|evenodd|inherit"),
    ANY("stroke", SVG_PROPERTIES),
    ANY("stroke-opacity", SVG_PROPERTIES),
    ANY("stroke-width", SVG_PROPERTIES),
    ANY("stroke-dasharray", SVG_PROPERTIES),
    ANY("stroke-dashoffset", SVG_PROPERTIES),
    ONE_OF("stroke-linecap", SVG_PROPERTIES, "butt|round|square|inherit"),
    ONE_OF("stroke-linejoin", SVG_PROPERTIES, "miter|round|bevel|inherit"),
    ANY("stroke-miterlimit", SVG_PROPERTIES),
    ANY("color", SVG_PROPERTIES),
    ONE_OF("color-rendering", SVG_PROPERTIES, "auto|optimizeSpeed|optimizeQuality|inherit"),
    ONE_OF("vector-effect", SVG_PROPERTIES, "none|non-scaling-stroke|inherit"),
    ONE_OF("direction", SVG_PROPERTIES, "ltr|rtl|inherit"),
    ONE_OF("unicode-bidi", SVG_PROPERTIES, "normal|embed|bidi-override|inherit"),
    ANY("solid-color", SVG_PROPERTIES),
    ANY("solid-opacity", SVG_PROPERTIES),
    ANY("stop-color", SVG_PROPERTIES),
    ANY("stop-opacity", SVG_PROPERTIES),
    ONE_OF("display-align", SVG_PROPERTIES, "auto|before|center|after|inherit"),
    ANY("line-increment", SVG_PROPERTIES),
    ANY("font-family", SVG_PROPERTIES),
    ANY("font-size", SVG_PROPERTIES),
    ONE_OF("font-style", SVG_PROPERTIES, "normal|italic|oblique|inherit"),
    ONE_OF("font-variant", SVG_PROPERTIES, "normal|small-caps|inherit"),
    ANY("font-weight", SVG_PROPERTIES),
    ONE_OF("text-anchor", SVG_PROPERTIES, "start|middle|end|inherit"),
    ONE_OF("text-align", SVG_PROPERTIES, "start|center|end|inherit"),

    ANY("display", SVG_MEDIA),
    ONE_OF("visibility", SVG_MEDIA, "visible|hidden|collapse|inherit"),
    ANY("image-rendering", SVG_MEDIA),
    ANY("shape-rendering", SVG_MEDIA),
    ANY("text-rendering", SVG_MEDIA),
    ANY("buffered-rendering", SVG_MEDIA),
    ANY("viewport-fill", SVG_MEDIA),
    ANY("viewport-fill-opacity", SVG_MEDIA),

    ANY("requiredFonts", SVG_CONDITIONAL),
    ANY("systemLanguage", SVG_CONDITIONAL),
    ANY("transform", SVG_TRANSFORM),

    ROOT("version", "1.2"),
    ROOT("baseProfile", "tiny-ps"),
    ROOT("viewBox", ""),
    ROOT("preserveAspectRatio", "none|none meet|xMidYMid|xMidYMid meet"),
    ROOT("contentScriptType", ""),
    ROOT("externalResourcesRequired", "false"),
    ROOT("focusable", "false"),
    ROOT("playbackOrder", "all"),
    ROOT("snapshotTime", "none"),
    ROOT("timelineBegin", "onLoad"),
    ROOT("zoomAndPan", "disable"),

    OWN("width", "svg rect textArea"),
    OWN("height", "svg rect textArea"),
    OWN("x", "rect use text textArea"),
    OWN("y", "rect use text textArea"),
    OWN("rx", "rect ellipse"),
    OWN("ry", "rect ellipse"),
    OWN("cx", "circle ellipse radialGradient"),
    OWN("cy", "circle ellipse radialGradient"),
    OWN("r", "circle radialGradient"),
    OWN("x1", "line linearGradient"),
    OWN("y1", "line linearGradient"),
    OWN("x2", "line linearGradient"),
    OWN("y2", "line linearGradient"),
    OWN("points", "polyline polygon"),
    OWN("d", "path"),
    OWN("pathLength", "path"),
    OWN("rotate", "text"),
    {STR_INIT("editable"), 0, STR_INIT("text textArea"), STR_INIT("none")},
    {STR_INIT("gradientUnits"), 0, STR_INIT("linearGradient radialGradient"),
     STR_INIT("userSpaceOnUse|objectBoundingBox")},
    OWN("offset", "stop"),
    OWN("xlink:href", "use"),
    {STR_INIT("xlink:type"), 0, STR_INIT("use"), STR_INIT("simple")},
    OWN("xlink:title", "use"),
    {STR_INIT("xlink:show"), 0, STR_INIT("use"), STR_INIT("embed")},
    {STR_INIT("xlink:actuate"), 0, STR_INIT("use"), STR_INIT("onLoad")},
};

const struct svg_element *svg_element_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(elements); i++) {
        if (str_eq(elements[i].name, name))
            return &elements[i];
    }
    return NULL;
}

const struct svg_attribute *svg_attribute_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
        if (str_eq(attributes[i].name, name))
            return &attributes[i];
    }
    return NULL;
}

bool svg_has_word(struct str words, struct str word)
{
    while (words.p != NULL) {
        if (str_eq(str_cut(&words, ' '), word))
            return word.n != 0;
    }
    return false;
}

bool svg_value_allowed(struct str values, struct str value)
{
    value = str_trim(value);
    if (values.n == 0)
        return true;
    while (values.p != NULL) {
        if (str_eq(str_cut(&values, '|'), value))
            return true;
    }
    return false;
}

/* The inside of url( ): "#name", in quotes or not. `rest` is everything behind the bracket. */
static bool is_local_url(struct str rest)
{
    struct str inside = str_trim(str_slice(rest, 0, str_find(rest, ')')));
    if (inside.n != 0 && (inside.p[0] == '"' || inside.p[0] == '\''))
        inside = str_trim(str_slice(inside, 1, inside.n));
    return inside.n > 1 && inside.p[0] == '#';
}

bool svg_value_is_local(struct str value)
{
    static const struct str harmless[] = {
        STR_INIT("rgb"),    STR_INIT("rgba"),      STR_INIT("hsl"),   STR_INIT("hsla"),
        STR_INIT("matrix"), STR_INIT("translate"), STR_INIT("scale"), STR_INIT("rotate"),
        STR_INIT("skewx"),  STR_INIT("skewy"),     STR_INIT("ref")};
    if (str_has(value, '\\'))
        return false;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] != '(')
            continue;
        size_t end = i, from, k = 0;
        while (end > 0 && is_fws(value.p[end - 1]))
            end--;
        for (from = end; from > 0 && (is_alnum(value.p[from - 1]) || value.p[from - 1] == '-');)
            from--;
        struct str name = str_slice(value, from, end);
        if (str_ieq(name, STR("url")) && is_local_url(str_slice(value, i + 1, value.n)))
            continue;
        while (k < ARRAY_LEN(harmless) && !str_ieq(name, harmless[k]))
            k++;
        if (k == ARRAY_LEN(harmless))
            return false;
    }
    return true;
}
