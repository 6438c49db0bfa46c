/* What the formats that live in ZIP are made of. */
#include "content/package.h"

/* Extensions of the package itself, and of the parts that are of its own kind; kinds by bytes that
 * are more than their name says and yet belong there. */
static const struct package {
    enum file_type kind;
    struct str names, parts;   /* words between spaces */
    enum file_type allowed[4]; /* FILE_UNKNOWN: no more */
} packages[] = {
    {FILE_OOXML,
     STR_INIT(" docx docm dotx dotm xlsx xlsm xltx xltm xlam xlsb pptx pptm potx potm ppsx ppsm "
              "ppam sldx sldm thmx vsdx vsdm vssx vstx xps oxps glox "),
     STR_INIT(" xml rels bin vml emf wmf png jpeg jpg gif tiff tif bmp svg wdp odttf fntdata ttf "
              "json tmp dat mp4 m4a wav mp3 fpage fdoc fdseq docx xlsx xlsm pptx sigs p7s "),
     {FILE_SVG, FILE_UNKNOWN}},
    {FILE_ODF,
     STR_INIT(" odt ods odp odg odf odb odc odi odm ott ots otp otg sxw sxc sxi stw stc sti "),
     STR_INIT(" xml rdf png jpeg jpg gif svg svm emf wmf bmp ttf otf bin db properties script data "
              "backup log mp4 "),
     {FILE_SVG, FILE_UNKNOWN}},
    {FILE_EPUB,
     STR_INIT(" epub kepub "),
     STR_INIT(
         " xml opf ncx html xhtml htm css svg js png jpeg jpg gif webp ttf otf woff woff2 smil "
         "mp3 mp4 m4a txt pls "),
     {FILE_HTML, FILE_SVG, FILE_SCRIPT, FILE_UNKNOWN}},
    {FILE_JAR,
     STR_INIT(" jar war ear rar aar jmod xpi nar hpi "),
     STR_INIT(" class xml mf sf rsa dsa ec properties txt md html css js json png gif jpg svg so "
              "jar war kotlin_module "),
     {FILE_JAVA_CLASS, FILE_ELF, FILE_JAR, FILE_SCRIPT}},
    {FILE_APK,
     STR_INIT(" apk xapk apks aab "),
     STR_INIT(" dex xml arsc so mf sf rsa png webp jpg gif ttf otf json properties html js css "
              "kotlin_module txt version bin dat "),
     {FILE_DEX, FILE_ELF, FILE_SCRIPT, FILE_UNKNOWN}},
};

static const struct package *find(enum file_type kind)
{
    for (size_t i = 0; i < ARRAY_LEN(packages); i++)
        if (packages[i].kind == kind)
            return &packages[i];
    return NULL;
}

bool package_is(enum file_type kind)
{
    return find(kind) != NULL || kind == FILE_APPX || kind == FILE_CRX;
}

bool package_or_zip(enum file_type kind)
{
    return kind == FILE_ZIP || package_is(kind);
}

/* Is what follows the last dot one of the words? */
static bool extension_in(struct str name, struct str words)
{
    size_t dot = str_rfind(name, '.');
    struct str ext = str_slice(name, dot == name.n ? name.n : dot + 1, name.n);
    while (ext.n > 0 && words.p != NULL)
        if (str_ieq(str_cut(&words, ' '), ext))
            return true;
    return false;
}

static bool all_names_in(const struct content_object *o, struct str words)
{
    for (size_t i = 0; i < o->n_names; i++)
        if (!extension_in(o->names[i].text, words))
            return false;
    return true;
}

static bool kind_allowed(const struct package *p, enum file_type kind)
{
    enum file_class class = file_type_class(kind);
    for (size_t i = 0; i < ARRAY_LEN(p->allowed) && p->allowed[i] != FILE_UNKNOWN; i++)
        if (p->allowed[i] == kind)
            return true;
    return class != FILE_CLASS_EXECUTABLE && class != FILE_CLASS_SHORTCUT &&
           class != FILE_CLASS_HTML;
}

bool package_part_is_inert(const struct content_report *r, const struct content_object *o)
{
    if (o->parent < 0)
        return false;
    const struct content_object *archive = &r->objects[o->parent];
    const struct package *p = find(archive->kind);
    return p != NULL && all_names_in(archive, p->names) && all_names_in(o, p->parts) &&
           (!o->has_bytes || kind_allowed(p, o->kind));
}
