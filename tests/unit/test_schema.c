/* The parameter schema: what is a schema, what it says of parameters, and what it fills in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "job/format.h"
#include "job/pattern.h"
#include "job/schema.h"

static struct json *parse(const char *text)
{
    struct error err = {0};
    struct json *value = json_parse(text, strlen(text), &err);

    if (!value)
        fail_msg("%s: %s", text, err.message);
    return value;
}

/* All faults as "field message; field message". */
static void list_faults(const struct schema_faults *faults, char *out, size_t room)
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < faults->count && n < room; i++)
        n += (size_t)snprintf(out + n, room - n, "%s%s %s", i ? "; " : "", faults->fault[i].field,
                              faults->fault[i].message);
}

static void validate(const char *schema_text, const char *value_text, char *out, size_t room)
{
    struct json *schema = parse(schema_text), *value = parse(value_text);
    struct schema_faults faults;
    struct error err = {0};
    int result;

    if (schema_check(schema, &err) < 0)
        fail_msg("%s: %s", schema_text, err.message);
    result = schema_validate(schema, value, &faults, &err);
    assert_int_equal(result, faults.count ? -1 : 0);
    assert_int_equal(err.status, faults.count ? 422 : 0);
    list_faults(&faults, out, room);
    json_free(schema);
    json_free(value);
}

/* The schema is that of one parameter, x. */
static void each_keyword_judges_its_values(void **state)
{
    static const struct {
        const char *schema, *value, *faults;
    } rows[] = {
        {"true", "1", ""},
        {"false", "1", "x is not a known parameter"},
        {"{}", "[null]", ""},
        {"{'type':'null'}", "null", ""},
        {"{'type':'null'}", "0", "x must be null"},
        {"{'type':'boolean'}", "false", ""},
        {"{'type':'boolean'}", "'false'", "x must be true or false"},
        {"{'type':'integer'}", "3.0", ""},
        {"{'type':'integer'}", "-4e2", ""},
        {"{'type':'integer'}", "3.5", "x must be a whole number"},
        {"{'type':'number'}", "3.5", ""},
        {"{'type':'number'}", "true", "x must be a number"},
        {"{'type':'string'}", "''", ""},
        {"{'type':'string'}", "1", "x must be a string"},
        {"{'type':'array'}", "{}", "x must be a list"},
        {"{'type':'object'}", "[]", "x must be an object"},
        {"{'type':['string','null']}", "null", ""},
        {"{'type':['string','null','integer']}", "1.5", "x must be a string or null or a whole number"},
        {"{'enum':['a',1,{'b':[2,3]}]}", "{'b':[2,3]}", ""},
        {"{'enum':['a',1]}", "1.0", ""},
        {"{'enum':['a',1,null]}", "'A'", "x must be one of \"a\", 1, null"},
        {"{'const':{'a':1,'b':2}}", "{'b':2,'a':1}", ""},
        {"{'const':'yes'}", "'no'", "x must be \"yes\""},
        {"{'minimum':1}", "1", ""},
        {"{'minimum':1}", "0.99", "x must be at least 1"},
        {"{'minimum':1}", "'0'", ""},
        {"{'maximum':1.5}", "1.5", ""},
        {"{'maximum':1.5}", "2", "x must be at most 1.5"},
        {"{'exclusiveMinimum':0}", "0", "x must be more than 0"},
        {"{'exclusiveMaximum':1}", "1", "x must be less than 1"},
        {"{'exclusiveMaximum':1}", "0.5", ""},
        {"{'minLength':1}", "''", "x must not be empty"},
        {"{'minLength':3}", "'äöü'", ""},
        {"{'minLength':4}", "'äöü'", "x must have at least 4 characters"},
        {"{'maxLength':3}", "'äö€'", ""},
        {"{'maxLength':1}", "'ab'", "x must have at most 1 character"},
        {"{'pattern':'b'}", "'abc'", ""},
        {"{'pattern':'^b'}", "'abc'", "x must match the pattern ^b"},
        {"{'pattern':'^a+?$'}", "'aa'", ""}, /* as few as possible is not none */
        {"{'pattern':'^a+?$'}", "''", "x must match the pattern ^a+?$"},
        {"{'pattern':'^.{3}$'}", "'äö€'", ""},
        {"{'pattern':'^\\\\d+$'}", "'12a'", "x must match the pattern ^\\d+$"},
        {"{'format':'date'}", "'2024-02-29'", ""},
        {"{'format':'date'}", "'2023-02-29'", "x must be a date such as 2026-01-31"},
        {"{'format':'colour'}", "'anything'", ""},
        {"{'items':{'type':'integer'}}", "[1,2]", ""},
        {"{'items':{'type':'integer'}}", "[1,'a',2,null]", "x[1] must be a whole number; x[3] must be a whole number"},
        {"{'items':false}", "[]", ""},
        {"{'minItems':1}", "[]", "x must have at least 1 item"},
        {"{'maxItems':2}", "[1,2,3]", "x must have at most 2 items"},
        {"{'uniqueItems':true}", "[1,'1',[1],{'a':1}]", ""},
        {"{'uniqueItems':true}", "[3,{'a':1,'b':[]},1,{'b':[],'a':1.0}]",
         "x must not repeat a value: items [1] and [3] are equal"},
        {"{'uniqueItems':true}", "[-0.0,7,0]", "x must not repeat a value: items [0] and [2] are equal"},
        {"{'uniqueItems':false}", "[1,1]", ""},
        {"{'required':['a','b']}", "{'b':1}", "x.a is required"},
        {"{'required':['']}", "{}", "x.\"\" is required"},
        {"{'properties':{'a':{'type':'string'}}}", "{'a':1,'b':1}", "x.a must be a string"},
        {"{'properties':{'a':{}},'additionalProperties':false}", "{'a':1,'b':1}", "x.b is not a known parameter"},
        {"{'additionalProperties':{'minimum':0}}", "{'a':1,'b':-1}", "x.b must be at least 0"},
        {"{'required':['a'],'properties':{'a':{'default':1}}}", "{}", ""},
        {"{'$ref':'#/nowhere','anyOf':3}", "1", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char schema[512], value[256], faults[512];

        snprintf(schema, sizeof schema, "{\"properties\":{\"x\":%s}}", rows[i].schema);
        snprintf(value, sizeof value, "{\"x\":%s}", rows[i].value);
        for (char *p = schema; (p = strchr(p, '\''));)
            *p = '"';
        for (char *p = value; (p = strchr(p, '\''));)
            *p = '"';
        validate(schema, value, faults, sizeof faults);
        if (strcmp(faults, rows[i].faults) != 0)
            fail_msg("%s with %s says \"%s\", not \"%s\"", schema, value, faults, rows[i].faults);
    }
}

static void every_wrong_parameter_is_named(void **state)
{
    char faults[1024];

    (void)state;
    validate("{\"type\":\"object\",\"required\":[\"url\",\"n\"],\"additionalProperties\":false,\"properties\":{"
             "\"url\":{\"type\":\"string\"},\"n\":{\"type\":\"integer\",\"minimum\":1},"
             "\"list\":{\"items\":{\"properties\":{\"name\":{\"minLength\":1}}}}}}",
             "{\"n\":0,\"list\":[{},{\"name\":\"a\"},{\"name\":\"\"}],\"more\":1}", faults, sizeof faults);
    assert_string_equal(faults, "url is required; n must be at least 1; list[2].name must not be empty; "
                                "more is not a known parameter");
}

static void parameters_that_are_no_object_are_refused(void **state)
{
    char faults[256];

    (void)state;
    validate("{\"type\":\"object\"}", "[1]", faults, sizeof faults);
    assert_string_equal(faults, "parameters must be an object");
}

static void faults_are_bounded(void **state)
{
    struct json *schema = parse("{\"properties\":{\"x\":{\"items\":{\"type\":\"string\"}}}}");
    struct schema_faults faults;
    struct error err = {0};
    char text[1024] = "{\"x\":[0";
    struct json *value;

    (void)state;
    for (int i = 0; i < 2 * SCHEMA_FAULTS_MAX; i++)
        strcat(text, ",0");
    strcat(text, "]}");
    value = parse(text);
    assert_int_equal(schema_validate(schema, value, &faults, &err), -1);
    assert_int_equal(faults.count, SCHEMA_FAULTS_MAX);
    assert_true(faults.more);
    assert_string_equal(err.code, "parameters_invalid");
    assert_string_equal(err.message, "x[0] must be a string (and 31 more)");
    json_free(schema);
    json_free(value);
}

static void no_schema_takes_everything(void **state)
{
    struct json *value = parse("{\"a\":1}");
    struct schema_faults faults;

    (void)state;
    assert_int_equal(schema_validate(NULL, value, &faults, NULL), 0);
    assert_int_equal(faults.count, 0);
    json_free(value);
}

/* A long field or message is cut, but not inside a character. */
static void long_texts_are_cut_between_characters(void **state)
{
    char schema[1024] = "{\"properties\":{\"", faults[512];
    char value[1024] = "{\"";

    (void)state;
    strcat(schema, "x"), strcat(value, "x");
    for (int i = 0; i < 100; i++)
        strcat(schema, "ä"), strcat(value, "ä");
    strcat(schema, "\":{\"const\":1}}}"), strcat(value, "\":2}");
    validate(schema, value, faults, sizeof faults);
    assert_int_equal(strlen(faults), 1 + 63 * 2 + strlen(" must be 1"));
}

static void a_wrong_schema_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *schema, *message;
    } rows[] = {
        {"[]", "the schema must be a JSON object"},
        {"true", "the schema must be a JSON object"},
        {"{'type':'string'}", "type must be \"object\": parameters are one"},
        {"{'type':['string','null']}", "type must be \"object\": parameters are one"},
        {"{'type':'float'}",
         "type must be null, boolean, integer, number, string, array or object, or a list of these"},
        {"{'type':[]}", "type must be null, boolean, integer, number, string, array or object, or a list of these"},
        {"{'properties':[]}", "properties must be an object: names and their schemas"},
        {"{'properties':{'a':1}}", "properties.a must be a schema: an object, true or false"},
        {"{'properties':{'count':{'minimum':'0'}}}", "properties.count.minimum must be a number"},
        {"{'properties':{'a':{'items':{'maxLength':-1}}}}",
         "properties.a.items.maxLength must be a whole number, at least 0"},
        {"{'properties':{'a':{'minItems':1.5}}}", "properties.a.minItems must be a whole number, at least 0"},
        {"{'properties':{'a':{'items':[]}}}", "properties.a.items must be a schema: an object, true or false"},
        {"{'properties':{'a':{'enum':[]}}}", "properties.a.enum must be a list of values"},
        {"{'properties':{'a':{'format':1}}}", "properties.a.format must be a string"},
        {"{'properties':{'a':{'title':1}}}", "properties.a.title must be a string"},
        {"{'properties':{'a':{'description':[]}}}", "properties.a.description must be a string"},
        {"{'properties':{'a':{'uniqueItems':1}}}", "properties.a.uniqueItems must be true or false"},
        {"{'required':'a'}", "required must be a list of names"},
        {"{'required':['a',1]}", "required must be a list of names"},
        {"{'additionalProperties':'no'}", "additionalProperties must be a schema: an object, true or false"},
        {"{'properties':{'a':{'pattern':'('}}}", "properties.a.pattern \"(\" has a ( without its )"},
        {"{'properties':{'a':{'minimum':1,'default':0}}}", "properties.a.default must be at least 1"},
        {"{'properties':{'a':{'items':{'type':'string'},'default':['b',1]}}}",
         "properties.a.default[1] must be a string"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error err = {0};
        char text[256];
        struct json *schema;

        snprintf(text, sizeof text, "%s", rows[i].schema);
        for (char *p = text; (p = strchr(p, '\''));)
            *p = '"';
        schema = parse(text);
        if (schema_check(schema, &err) == 0)
            fail_msg("%s is accepted", text);
        assert_int_equal(err.status, 422);
        assert_string_equal(err.code, "schema_invalid");
        assert_string_equal(err.message, rows[i].message);
        json_free(schema);
    }
}

static void a_schema_that_is_nested_too_deep_is_refused(void **state)
{
    char text[2048] = "";
    struct error err = {0};
    struct json *schema;

    (void)state;
    for (int i = 0; i < SCHEMA_DEPTH_MAX + 1; i++)
        strcat(text, "{\"items\":");
    strcat(text, "true");
    for (int i = 0; i < SCHEMA_DEPTH_MAX + 1; i++)
        strcat(text, "}");
    schema = parse(text);
    assert_int_equal(schema_check(schema, &err), 0);
    json_free(schema);

    memmove(text + strlen("{\"items\":"), text, strlen(text) + 1);
    memcpy(text, "{\"items\":", strlen("{\"items\":"));
    strcat(text, "}");
    schema = parse(text);
    assert_int_equal(schema_check(schema, &err), -1);
    assert_non_null(strstr(err.message, "is nested too deep"));
    json_free(schema);
}

static void defaults_are_filled_in(void **state)
{
    static const struct {
        const char *schema, *value, *printed;
    } rows[] = {
        {NULL, NULL, "{}"},
        {NULL, "{'a':[1,{'b':null}]}", "{'a':[1,{'b':null}]}"},
        {"{}", "{'a':1}", "{'a':1}"},
        {"{'properties':{'a':{'default':5},'b':{}}}", NULL, "{'a':5}"},
        {"{'properties':{'a':{'default':5}}}", "{'a':null,'c':1}", "{'a':null,'c':1}"},
        {"{'properties':{'a':{'default':5},'b':{'default':'x'}}}", "{'z':0}", "{'z':0,'a':5,'b':'x'}"},
        {"{'properties':{'o':{'properties':{'n':{'default':1}}}}}", "{'o':{'m':2}}", "{'o':{'m':2,'n':1}}"},
        {"{'properties':{'o':{'properties':{'n':{'default':1}}}}}", "{}", "{}"},
        {"{'properties':{'o':{'default':{},'properties':{'n':{'default':1}}}}}", "{}", "{'o':{'n':1}}"},
        {"{'properties':{'o':{'properties':{'n':{'default':1}}}}}", "{'o':[3]}", "{'o':[3]}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[3][256] = {"", "", ""};
        struct json *schema, *value;
        struct buf out = {0};

        snprintf(text[0], sizeof text[0], "%s", rows[i].schema ? rows[i].schema : "null");
        snprintf(text[1], sizeof text[1], "%s", rows[i].value ? rows[i].value : "null");
        snprintf(text[2], sizeof text[2], "%s", rows[i].printed);
        for (int t = 0; t < 3; t++)
            for (char *p = text[t]; (p = strchr(p, '\''));)
                *p = '"';
        schema = parse(text[0]);
        value = parse(text[1]);
        schema_apply_defaults(rows[i].schema ? schema : NULL, rows[i].value ? value : NULL, &out);
        assert_false(out.failed);
        assert_string_equal(buf_text(&out), text[2]);
        buf_clear(&out);
        json_free(schema);
        json_free(value);
    }
}

static void patterns_are_what_users_of_json_schema_write(void **state)
{
    static const struct {
        const char *pattern, *matches, *differs;
    } rows[] = {
        {"^[\\w.-]+$", "a_b.c-9", "a b"},
        {"^[a\\-\\]\\\\^]+$", "a-]\\^", "b"},
        {"^\\S+\\s\\D$", "abc x", "abc 1"},
        {"^(?:ab|c){2}$", "abc", "ab"},
        {"\\bfoo\\b", "a foo b", "afoo"},
        {"^\\/x\\.y$", "/x.y", "/xzy"},
        {"^[[:alpha:]]+$", "abc", "a1"},
        {"^[][]$", "[", "a"},
        {"^[^\\d\\s]$", "a", "1"},
        {"^a\\tb$", "a\tb", "atb"},
        {"^[a-zäö]+$", "fähre", "straße"},
        {"^a{2,}?$", "aaa", "a"},
        {"^\\{\\}$", "{}", "x"},
        {"^#[0-9a-f]{6}$", "#00ff7f", "#00ff7"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error err = {0};
        struct pattern *p = pattern_new(rows[i].pattern, &err);

        if (!p)
            fail_msg("%s", err.message);
        if (!pattern_matches(p, rows[i].matches) || pattern_matches(p, rows[i].differs))
            fail_msg("%s: %s, %s", rows[i].pattern, rows[i].matches, rows[i].differs);
        pattern_free(p);
    }
}

static void patterns_that_we_cannot_keep_are_refused(void **state)
{
    static const char *const patterns[] = {
        "(a)\\1",
        "(?=a)b",
        "(?<!a)b",
        "[a",
        "(a",
        "a)",
        "a\\",
        "a{",
        "a{x}",
        "a{,3}",
        "a{2,1}",
        "\\p{L}",
        "[\\D]",
        "[\\b]",
        "*a",
        "(a{100}){100}",
        "a++++++++++++++++++++++++++++++++",
        "(=:a+??+++???+++++)+",
        "((((((((((a+)+)+)+)+)+)+)+)+)+",
        "((^){1000}){1000}",
        "((^|a)*){25}",
        "(a\\b)+",
        "(){1000}()*()",
        "((){1000}){1000}",
        "((|){1000}){1000}",
        "a{99999999999999999999}",
        "((((((((((((((((((((((((((((((((((a))))))))))))))))",
    };
    char text[PATTERN_SIZE_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct error err = {0};

        if (pattern_new(patterns[i], &err))
            fail_msg("%s is accepted", patterns[i]);
        assert_string_equal(err.code, "schema_invalid");
    }
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_null(pattern_new(text, NULL));
}

/* What makes other engines run for years. The bound is wide: the claim is that there is one. */
static void no_pattern_hangs(void **state)
{
    static const char *const patterns[] = {"^(x+x+)+y$",  "^(x*)*(x*)*y$", "^((x{1,12}){1,12}){1,12}$",
                                           "(.*){1,99}y", "^(x+){199}$",   "^(x{1,9}){190}$"};
    char text[PATTERN_TEXT_MAX + 2];
    clock_t begin = clock();

    (void)state;
    memset(text, 'x', PATTERN_TEXT_MAX + 1);
    text[PATTERN_TEXT_MAX] = '\0';
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct pattern *p = pattern_new(patterns[i], NULL);

        assert_non_null(p);
        assert_false(pattern_matches(p, text));
        pattern_free(p);
    }
    assert_true(clock() - begin < 20 * CLOCKS_PER_SEC);
}

static void a_text_that_is_too_long_for_a_pattern_is_a_fault(void **state)
{
    static char value[PATTERN_TEXT_MAX + 64] = "{\"x\":\"";
    char faults[256];

    (void)state;
    memset(value + strlen(value), 'a', PATTERN_TEXT_MAX + 1);
    strcat(value, "\"}");
    validate("{\"properties\":{\"x\":{\"pattern\":\"a\"}}}", value, faults, sizeof faults);
    assert_string_equal(faults, "x is too long for its pattern: at most 4096 bytes");
}

static void formats_are_those_of_their_standards(void **state)
{
    static const struct {
        const char *format, *right[6], *wrong[10];
    } rows[] = {
        {"date", {"2000-02-29", "2026-12-31"}, {"1900-02-29", "2026-13-01", "2026-00-01", "2026-1-1", "2026-01-32"}},
        {"time", {"23:59:60Z", "00:00:00.5+01:30", "12:00:00z"}, {"24:00:00Z", "12:00:00", "12:00Z", "12:00:00.Z"}},
        {"date-time",
         {"2026-01-31T00:00:00Z", "2026-01-31t10:20:30.123-05:00"},
         {"2026-01-31", "2026-01-31 00:00:00Z", "2026-01-31T00:00:00Zx"}},
        {"email",
         {"a@b.org", "first.last+tag@sub.example.com", "jörg@example.org"},
         {"", "a", "@b.org", "a@", "a..b@c.org", ".a@c.org", "a b@c.org", "a@b_c.org", "a@-b.org"}},
        {"uri",
         {"https://example.org/a?b=%20#c", "mailto:a@b.org", "urn:isbn:1"},
         {"example.org", "/a", "http://a b", "http://a/%2", "1http://a", ":a", "http://ä.org", "http://a/<b>"}},
        {"hostname", {"localhost", "a-b.example.org", "127.0.0.1"}, {"", "a..b", ".a", "a.", "-a", "a-", "a_b"}},
        {"ipv4", {"192.0.2.1"}, {"192.0.2", "192.0.2.256", "192.0.2.01", " 192.0.2.1"}},
        {"ipv6", {"::1", "2001:db8::1", "::ffff:192.0.2.1"}, {"1", ":::", "12345::", "::1%eth0"}},
        {"uuid",
         {"123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000"},
         {"123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400",
          "g23e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-4266141740000"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_non_null(format_phrase(rows[i].format));
        for (const char *const *text = rows[i].right; *text; text++)
            if (!format_matches(rows[i].format, *text))
                fail_msg("\"%s\" is no %s", *text, rows[i].format);
        for (const char *const *text = rows[i].wrong; *text; text++)
            if (format_matches(rows[i].format, *text))
                fail_msg("\"%s\" is a %s", *text, rows[i].format);
    }
    assert_null(format_phrase("colour"));
}

/* An array from a stranger: comparing each item with each other one would take minutes. */
static void many_items_are_compared_quickly(void **state)
{
    struct json *schema = parse("{\"properties\":{\"x\":{\"uniqueItems\":true}}}"), *value;
    struct schema_faults faults;
    struct buf text = {0};

    (void)state;
    buf_puts(&text, "{\"x\":[");
    for (int i = 0; i < 100000; i++)
        buf_printf(&text, "{\"n\":%d},", i);
    buf_puts(&text, "{\"n\":70000}]}");
    value = parse(buf_text(&text));
    assert_int_equal(schema_validate(schema, value, &faults, NULL), -1);
    assert_string_equal(faults.fault[0].message, "must not repeat a value: items [70000] and [100000] are equal");
    buf_clear(&text);
    json_free(schema);
    json_free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_keyword_judges_its_values),
        cmocka_unit_test(every_wrong_parameter_is_named),
        cmocka_unit_test(parameters_that_are_no_object_are_refused),
        cmocka_unit_test(faults_are_bounded),
        cmocka_unit_test(no_schema_takes_everything),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(a_wrong_schema_is_refused_with_its_place),
        cmocka_unit_test(a_schema_that_is_nested_too_deep_is_refused),
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(patterns_are_what_users_of_json_schema_write),
        cmocka_unit_test(patterns_that_we_cannot_keep_are_refused),
        cmocka_unit_test(no_pattern_hangs),
        cmocka_unit_test(a_text_that_is_too_long_for_a_pattern_is_a_fault),
        cmocka_unit_test(formats_are_those_of_their_standards),
        cmocka_unit_test(many_items_are_compared_quickly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
