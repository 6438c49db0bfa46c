/* Tables: heads, quotes, separators, and the shapes that sources have. */
#include "intel/feed_test_kit.h"

/* The columns "name=column" of a feed, with blanks between. */
static struct feed with(enum indicator_kind kind, const char *columns)
{
    static const struct {
        struct str name;
        enum feed_column column;
    } names[] = {{STR_INIT("v"), COLUMN_VALUE},      {STR_INIT("k"), COLUMN_KIND},
                 {STR_INIT("i"), COLUMN_ID},         {STR_INIT("l"), COLUMN_LABEL},
                 {STR_INIT("f"), COLUMN_FIRST_SEEN}, {STR_INIT("s"), COLUMN_LAST_SEEN},
                 {STR_INIT("c"), COLUMN_CONFIDENCE}, {STR_INIT("t"), COLUMN_TLP}};
    struct feed f = kit_feed(FEED_CSV, kind);
    for (struct str rest = str_from(columns); rest.p != NULL;) {
        struct str column = str_cut(&rest, ' '), name = str_cut(&column, '=');
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
            if (str_eq(names[i].name, name))
                f.columns[names[i].column] = column;
    }
    return f;
}

static void shapes(struct feed_kit *k)
{
    struct feed f;
    k->details = true;
    tap_case("URLhaus: a commented head behind comments, all in quotes");
    f = with(INDICATOR_URL, "i=id f=dateadded v=url s=last_online l=threat");
    kit_want(
        k, &f,
        STR("################\r\n# Dump of links, 2025-11-29  #\r\n#\r\n"
            "# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\r\n"
            "\"7\",\"2025-11-29 13:52:46\",\"http://192.0.2.9:8080/a,b\",\"online\","
            "\"2025-11-29 13:52:46\",\"malware_download\",\"elf,mips\",\"https://x/\",\"me\""
            "\r\n"),
        "url 192.0.2.9:8080/a,b id=7 label=malware_download first=1764424366 last=1764424366\n", 0);
    tap_case("ThreatFox: blanks behind commas, a head in quotes, None, a last comment");
    f = with(INDICATOR_KIND_COUNT, "f=first_seen_utc i=ioc_id v=ioc_value k=ioc_type "
                                   "l=malware_printable s=last_seen_utc c=confidence_level");
    f.kinds[0] = (struct feed_word){STR_INIT("ip:port"), INDICATOR_IP};
    f.kinds[1] = (struct feed_word){STR_INIT("domain"), INDICATOR_DOMAIN};
    f.kinds[2] = (struct feed_word){STR_INIT("sha256_hash"), INDICATOR_SHA256};
    f.n_kinds = 3;
    kit_want(
        k, &f,
        STR("# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"malware_printable\","
            "\"last_seen_utc\",\"confidence_level\",\"tags\"\n"
            "\"2025-11-29 13:52:46\", \"1\", \"192.0.2.7:443\", \"ip:port\", \"Some RAT\", \"\", "
            "\"75\", \"None\"\n"
            "\"2025-11-29 13:52:46\", \"2\", \"bad.example.com\", \"domain\", \"None\", "
            "\"2025-11-29 13:52:46\", \"100\", \"a,b\"\n"
            "\"2025-11-29 13:52:46\", \"3\", \"x\", \"imphash\", \"None\", \"\", \"100\", \"\"\n"
            "# Number of entries: 3\n"),
        "ip 192.0.2.7 id=1 label=Some RAT first=1764424366 confidence=75\n"
        "domain bad.example.com id=2 first=1764424366 last=1764424366 confidence=100\n",
        1);
    tap_str(k->page.why, STR("line 4: no kind of ours: imphash"));
    tap_int((int64_t)k->page.counts.lines, 3);
    tap_case("a table with a head of its own, semicolons, the kind in our words");
    f = with(INDICATOR_KIND_COUNT, "v=Indicator k=Type t=TLP");
    kit_want(k, &f,
             STR("Type;Indicator;TLP\nurl;http://example.com/a,b,c;TLP:AMBER\n"
                 "HOST;a.example.com;green\n;192.0.2.1;\n"),
             "url example.com/a,b,c tlp=amber\nhost a.example.com tlp=green\nip 192.0.2.1\n", 0);
    k->details = false;
}

static void rows(struct feed_kit *k)
{
    static const struct {
        const char *label, *columns, *text, *want;
        uint64_t refused;
    } rows[] = {
        {"no column is told: the first one", "", "a.example.com,x\nb.example.com\n",
         "domain a.example.com\ndomain b.example.com\n", 0},
        {"by number", "v=2", "x,a.example.com\ny,b.example.com\n",
         "domain a.example.com\ndomain b.example.com\n", 0},
        {"by number, with a head all the same", "v=2", "id,domain\ny,b.example.com\n",
         "domain b.example.com\n", 0},
        {"tabs", "v=2", "x\ta.example.com\n\tb.example.com\n",
         "domain a.example.com\ndomain b.example.com\n", 0},
        {"empty fields at the ends", "v=2 i=3", ",a.example.com,\n,b.example.com\n",
         "domain a.example.com\ndomain b.example.com\n", 0},
        {"a record that is too short", "v=3", "a,b,c.example.com\na,b\n", "domain c.example.com\n",
         1},
        {"quotes within quotes", "v=2", "\"say \"\"x\"\", y\",a.example.com\n",
         "domain a.example.com\n", 0},
        {"a line end within quotes", "v=2", "\"one\ntwo\",a.example.com\nx,b.example.com\n",
         "domain a.example.com\ndomain b.example.com\n", 0},
        {"a quote within a bare field", "v=2", "5\" pipe,a.example.com\n", "domain a.example.com\n",
         0},
        {"something behind the quote", "v=2", "\"x\"y,a.example.com\n", "domain a.example.com\n",
         0},
        {"a head whose letters are of another case", "v=DOMAIN", "Id, Domain \n1,a.example.com\n",
         "domain a.example.com\n", 0},
        {"a commented head of words in blanks", "v=domain", "#  id , domain\n1,a.example.com\n",
         "domain a.example.com\n", 0},
        {"the last of two commented heads", "v=domain",
         "# domain,id\n# id,domain\n1,a.example.com\n", "domain a.example.com\n", 0},
        {"a comment of one word behind the head", "v=domain",
         "# id,domain\n# Domain\n# 1 entry\n1,a.example.com\n", "domain a.example.com\n", 0},
        {"a comment and the head below it", "v=domain",
         "# list of a domain\nid,domain\n1,a.example.com\n", "domain a.example.com\n", 0},
        {"a commented head, and once more", "v=domain", "# id,domain\nid,domain\n1,a.example.com\n",
         "domain a.example.com\n", 0},
        {"a comment within", "v=1", "a.example.com\n# b.example.com\nc.example.com\n",
         "domain a.example.com\ndomain c.example.com\n", 0},
        {"empty lines", "v=1", "\n\r\na.example.com\n \n", "domain a.example.com\n", 0},
        {"nothing", "v=1", "", "", 0},
        {"comments alone", "v=domain", "# nothing today\n", "", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct feed f = with(INDICATOR_DOMAIN, rows[i].columns);
        tap_case("csv: %s", rows[i].label);
        kit_want(k, &f, str_from(rows[i].text), rows[i].want, rows[i].refused);
        tap_ok(!k->page.counts.cut);
    }
}

static void mistakes(struct feed_kit *k)
{
    struct feed f = with(INDICATOR_DOMAIN, "v=domain");
    tap_case("a head without the value is no table of ours");
    kit_fail(k, &f, STR("# list\nid,host\n1,a.example.com\n"), "line 2: no column 'domain'");
    tap_case("nor one without the kind, where only that tells what it is");
    f = with(INDICATOR_KIND_COUNT, "v=value k=type");
    kit_fail(k, &f, STR("id,value\n1,a.example.com\n"), "line 1: no column 'type'");
    tap_case("another column that is missing is told");
    f = with(INDICATOR_DOMAIN, "v=value l=threat");
    kit_want(k, &f, STR("id,value\n1,a.example.com\n"), "domain a.example.com\n", 0);
    tap_str(k->page.why, STR("line 1: no column 'threat'"));
    tap_case("a quote that does not end cuts the table off");
    f = with(INDICATOR_DOMAIN, "v=1");
    kit_want(k, &f, STR("a.example.com\n\"b.example.com\nc.example.com\n"),
             "domain a.example.com\n", 1);
    tap_ok(k->page.counts.cut);
    tap_str(k->page.why, STR("line 2: a quote that does not end"));
    tap_case("the separator that is told is believed");
    f = with(INDICATOR_DOMAIN, "v=1");
    f.separator = ';';
    kit_want(k, &f, STR("a.example.com;1,2,3,4\n"), "domain a.example.com\n", 0);
}

static void long_records(struct feed_kit *k)
{
    struct feed f = with(INDICATOR_DOMAIN, "v=1");
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int quoted = 0; quoted < 2; quoted++) {
        buf_reset(&b);
        buf_addz(&b, quoted ? "x,\"" : "x,");
        for (int i = 0; i < FEED_MAX_CSV_RECORD_BYTES / 8 + 1; i++)
            buf_addz(&b, "aaaaaaaa");
        buf_addz(&b, "\nb.example.com,\"\"\n");
        tap_case("a record that is too long, %s", quoted ? "in quotes" : "bare");
        kit_want(k, &f, buf_str(&b), "domain b.example.com\n", 1);
        tap_int(k->page.counts.cut, quoted);
    }
    tap_case("more columns than are looked at");
    buf_reset(&b);
    buf_addz(&b, "a.example.com");
    for (int i = 0; i < FEED_MAX_COLUMNS + 10; i++)
        buf_addz(&b, ",x");
    kit_want(k, &f, buf_str(&b), "domain a.example.com\n", 0);
    buf_clear(&b);
}

int main(void)
{
    struct feed_kit k;
    kit_begin(&k);
    shapes(&k);
    rows(&k);
    mistakes(&k);
    long_records(&k);
    kit_end(&k);
    return tap_done();
}
