/* A worker's description: out of a script's comments, and out of what a host printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "worker/describe.h"

typedef int describe_function(const char *text, size_t size, struct description *out, struct error *err);

/* `parameters` NULL: none are expected. */
static void says(describe_function *describe, const char *source, const char *text, const char *parameters)
{
    struct description d = {0};
    struct error err = {0};

    if (describe(source, strlen(source), &d, &err) < 0)
        fail_msg("%s: %s", source, err.message);
    assert_string_equal(d.text, text);
    if (parameters) {
        assert_non_null(d.parameters);
        assert_string_equal(d.parameters, parameters);
    } else {
        assert_null(d.parameters);
    }
    description_clear(&d);
}

static void is_refused(describe_function *describe, const char *source, size_t size, const char *code,
                       const char *message)
{
    struct description d = {0};
    struct error err = {0};

    assert_int_equal(describe(source, size, &d, &err), -1);
    assert_null(d.text);
    assert_int_equal(err.status, 422);
    assert_string_equal(err.code, code);
    assert_non_null(strstr(err.message, message));
}

static void a_head_in_any_comment_style_is_read(void **state)
{
    static const char *const heads[] = {
        "#!/bin/sh\n# Description: Counts to N,\n#   slowly.\n#\n# Parameters: {\"type\": \"object\",\n"
        "#   \"properties\": {\"n\": {}}}\necho\n",
        "#!/usr/bin/env node\n// Description: Counts to N,\n// slowly.\n// Parameters: {\"type\":\n"
        "//   \"object\", \"properties\": {\"n\": {}}}\nlet a;\n",
        "#!/usr/bin/lua\n-- Description: Counts to N, slowly.\n-- Parameters: {\n-- \"type\": \"object\", "
        "\"properties\":\n"
        "-- {\"n\": {}}}\n",
        "#!/usr/bin/env node\n/**\n * Description: Counts to N,\n * slowly.\n *\n * Parameters: { \"type\": "
        "\"object\",\n"
        " *   \"properties\": {\"n\": {}} }\n */\nlet a;\n",
        "#!/usr/bin/python3\r\n\r\n## description:\r\n## Counts to N,\r\n## slowly.\r\n\r\n"
        "## PARAMETERS:\r\n## {\"type\": \"object\", \"properties\": {\"n\": {}}}\r\nimport os\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        says(describe_script, heads[i], "Counts to N, slowly.", "{\"type\":\"object\",\"properties\":{\"n\":{}}}");
}

static void the_head_ends_at_the_first_line_of_code(void **state)
{
    (void)state;
    says(describe_script, "#!/bin/sh\nset -e\n# Description: no\n# Parameters: {}\n", "", NULL);
    says(describe_script, "#!/bin/sh\n/* a */ x\nset -e\n", "", NULL);
    says(describe_script, "#!/bin/sh", "", NULL);
    says(describe_script, "", "", NULL);
}

static void ordinary_comments_are_left_alone(void **state)
{
    (void)state;
    says(describe_script, "#!/bin/sh\n# Parameters: a file and a count\n# See also the Description: of b\n", "", NULL);
    says(describe_script, "#!/bin/sh\n# Parameters: see below\n# Parameters: {}\n", "", "{}");
}

static void braces_in_strings_do_not_end_the_parameters(void **state)
{
    (void)state;
    says(describe_script, "#!/bin/sh\n# Parameters: {\"title\": \"a } and \\\" {\"} and prose\n", "",
         "{\"title\":\"a } and \\\" {\"}");
}

static void wrong_parameters_in_a_head_are_refused(void **state)
{
    static const struct {
        const char *source, *code, *message;
    } rows[] = {
        {"# Parameters: {\"type\":", "worker_description", "end before the }"},
        {"# Parameters: {\"type\": \"object\"\nset -e\n# }", "worker_description", "end before the }"},
        {"# Parameters: {'type': 1}", "worker_description", "the script's head: this is not JSON"},
        {"# Parameters: {\"type\": 1}", "schema_invalid", "type must be"},
        {"# Parameters: {\"properties\": {\"a\": {\"minimum\": \"0\"}}}", "schema_invalid",
         "properties.a.minimum must be a number"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        is_refused(describe_script, rows[i].source, strlen(rows[i].source), rows[i].code, rows[i].message);
}

static void a_host_prints_a_text_or_an_object(void **state)
{
    (void)state;
    says(describe_output, "", "", NULL);
    says(describe_output, " \n A worker.\nIn two lines. \n", "A worker.\nIn two lines.", NULL);
    says(describe_output, "\"quoted\"", "\"quoted\"", NULL);
    says(describe_output, "{}", "", NULL);
    says(describe_output, "\n{\"description\": \" It works \", \"other\": 1}\n", "It works", NULL);
    says(describe_output, "{\"parameters\": {\"type\": \"object\"}}", "", "{\"type\":\"object\"}");
}

static void wrong_output_is_refused(void **state)
{
    struct buf big = {0};

    (void)state;
    is_refused(describe_output, "{\"a\":", 5, "worker_description", "the worker's description: this is not JSON");
    is_refused(describe_output, "{} x", 4, "worker_description", "something follows");
    is_refused(describe_output, "{\"description\":1}", 17, "worker_description", "must be a string");
    is_refused(describe_output, "{\"parameters\":[]}", 17, "worker_description", "must be an object");
    is_refused(describe_output, "{\"parameters\":{\"type\":1}}", 25, "schema_invalid", "type must be");
    is_refused(describe_output, "a\0b", 3, "worker_description", "NUL");
    for (int i = 0; i <= DESCRIBE_TEXT_MAX; i++)
        buf_putc(&big, 'a');
    is_refused(describe_output, big.data, big.size, "worker_description", "longer than 8192 bytes");
    while (big.size <= DESCRIBE_SIZE_MAX)
        buf_putc(&big, 'a');
    is_refused(describe_output, big.data, big.size, "worker_description", "longer than 65536 bytes");
    buf_clear(&big);
}

/* Each beginning of a head is a head, or is refused; the sanitizers see to it that nothing else happens. */
static void a_head_that_is_cut_anywhere_does_no_harm(void **state)
{
    static const char head[] = "#!/x\n/** Description: a\n * b */\n# Parameters: {\"title\":\"\\\"{\"}\n";

    (void)state;
    for (size_t size = 0; size < sizeof head; size++) {
        char *copy = malloc(size ? size : 1); /* exactly so much, so that a read past its end is seen */
        struct description d = {0};

        memcpy(copy, head, size);
        if (describe_script(copy, size, &d, NULL) == 0)
            description_clear(&d);
        if (describe_output(copy, size, &d, NULL) == 0)
            description_clear(&d);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_in_any_comment_style_is_read),
        cmocka_unit_test(the_head_ends_at_the_first_line_of_code),
        cmocka_unit_test(ordinary_comments_are_left_alone),
        cmocka_unit_test(braces_in_strings_do_not_end_the_parameters),
        cmocka_unit_test(wrong_parameters_in_a_head_are_refused),
        cmocka_unit_test(a_host_prints_a_text_or_an_object),
        cmocka_unit_test(wrong_output_is_refused),
        cmocka_unit_test(a_head_that_is_cut_anywhere_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
