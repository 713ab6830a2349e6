/* The configuration: file, environment, and what is said when one of them is wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/settings.h"

static char folder[64], ini[96];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/jobjoker-settings-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(ini, sizeof ini, "%s/jobjoker.ini", folder);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"CONFIG", "DATA", "DATABASE", "GRACE", "PHP", "ANONYMOUS"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[32];

        snprintf(name, sizeof name, "JOBJOKER_%s", names[i]);
        unsetenv(name);
    }
    return io_remove_tree(folder);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void without_a_file_all_are_presets(void **state)
{
    struct settings s;
    char path[128];

    (void)state;
    assert_int_equal(settings_load(&s, folder, NULL), 0);
    snprintf(path, sizeof path, "%s/data", folder);
    assert_string_equal(s.data, path);
    snprintf(path, sizeof path, "sqlite:%s/data/jobs.db", folder);
    assert_string_equal(s.database, path);
    assert_string_equal(s.anonymous, "none");
    assert_int_equal(s.grace_ms, 10000);
    assert_int_equal(s.timeout_ms, 0);
    assert_int_equal(s.code_max, 1 << 20);
}

static void the_environment_goes_before_the_file(void **state)
{
    struct settings s;

    (void)state;
    write_file(ini, "# a comment\n\n; another\n  # and one more\ngrace = 0.25\nphp=php8\ncode_max = 64K\n");
    setenv("JOBJOKER_PHP", "/opt/php", 1);
    assert_int_equal(settings_load(&s, folder, NULL), 0);
    assert_int_equal(s.grace_ms, 250);
    assert_string_equal(s.php, "/opt/php");
    assert_int_equal(s.code_max, 65536);
}

static void lists_are_taken_as_they_are(void **state)
{
    struct settings s;

    (void)state;
    write_file(ini, "remote_user = yes\nremote_user_roles = alice@EXAMPLE.ORG:admin *:viewer\n"
                    "cors = https://a.example http://b.example:8080 http://[::1]:80\nsession_idle = 300\n");
    assert_int_equal(settings_load(&s, folder, NULL), 0);
    assert_string_equal(s.remote_user_roles, "alice@EXAMPLE.ORG:admin *:viewer");
    assert_string_equal(s.cors, "https://a.example http://b.example:8080 http://[::1]:80");
    assert_int_equal(s.session_idle_ms, 300000);
}

static void a_file_that_was_named_must_be_there(void **state)
{
    struct error err = {0};
    struct settings s;
    char path[128];

    (void)state;
    setenv("JOBJOKER_CONFIG", "other.ini", 1);
    assert_int_equal(settings_load(&s, folder, &err), -1);
    assert_non_null(strstr(err.message, "other.ini"));
    snprintf(path, sizeof path, "%s/other.ini", folder); /* relative to the folder of .htaccess, wherever we are */
    write_file(path, "grace = 3\n");
    assert_int_equal(settings_load(&s, folder, &err), 0);
    assert_int_equal(s.grace_ms, 3000);
}

static void what_is_wrong_names_file_and_line(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"colour = red\n", "line 1: `colour` is no setting"},
        {"# x\ngrace = soon\n", "line 2: `grace` is no number of seconds"},
        {"grace = -1\n", "line 1: `grace` is no number"},
        {"grace = 0x10\n", "line 1: `grace` is no number"},
        {"grace = 1e3\n", "line 1: `grace` is no number"},
        {"grace = 1.2.3\n", "line 1: `grace` is no number"},
        {"grace = nan\n", "line 1: `grace` is no number"},
        {"grace = 3601\n", "line 1: `grace` is out of range"},
        {"check_timeout = 0\n", "line 1: `check_timeout` is out of range"},
        {"code_max = 1T\n", "line 1: `code_max` is no size"},
        {"code_max = 1k\n", "line 1: `code_max` is no size"},
        {"code_max = 999999999999M\n", "line 1: `code_max` is out of range"},
        {"code_max = 9999999999999\n", "line 1: `code_max` is out of range"},
        {"code_max = 99999999999999999\n", "line 1: `code_max` is no size"},
        {"code_max = 0\n", "line 1: `code_max` is out of range"},
        {"anonymous = everybody\n", "line 1: `anonymous` is none of its values"},
        {"anonymous = none viewer\n", "line 1: `anonymous` is none of its values"},
        {"anonymous =\n", "line 1: `anonymous` must not be empty"},
        {"remote_user = maybe\n", "line 1: `remote_user` is none of its values"},
        {"remote_user_roles = alice\n", "line 1: `remote_user_roles` is no list of NAME:ROLE"},
        {"remote_user_roles = alice:emperor\n", "line 1: `remote_user_roles` is no list of NAME:ROLE"},
        {"remote_user_roles = a:admin :viewer\n", "line 1: `remote_user_roles` is no list of NAME:ROLE"},
        {"cors = *\n", "line 1: `cors` is no list of origins"},
        {"cors = https://a.example/\n", "line 1: `cors` is no list of origins"},
        {"cors = https://a.example null\n", "line 1: `cors` is no list of origins"},
        {"session_idle = 10\n", "line 1: `session_idle` is out of range"},
        {"data =\n", "line 1: `data` must not be empty"},
        {"path =\n", "line 1: `path` must not be empty"},
        {"grace = 1\n\ngrace = 2\n", "line 3: `grace` is there twice"},
        {"api = https://example.org\n  /jobs\n", "line 2: the line begins with a space"},
        {"[jobs]\ngrace = 1\n", "line 2: `jobs.grace` is no setting"},
        {"nonsense\n", "line 1: this is no `name = value`"},
        {"= 1\n", "line 1: `` is no setting"},
    };
    struct settings s;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};

        write_file(ini, cases[i].text);
        assert_int_equal(settings_load(&s, folder, &err), -1);
        assert_string_equal(err.code, "settings_invalid");
        assert_int_equal(strncmp(err.message, ini, strlen(ini)), 0);
        if (!strstr(err.message, cases[i].said))
            assert_string_equal(err.message, cases[i].said);
    }
}

static void a_line_that_is_too_long_is_not_read_as_two(void **state)
{
    struct error err = {0};
    struct settings s;
    char text[300] = "api = http://x/";

    (void)state;
    memset(text + strlen(text), 'y', 198 - strlen(text));
    strcpy(text + 198, "\ngrace = 1\n");
    write_file(ini, text);
    assert_int_equal(settings_load(&s, folder, &err), 0);
    assert_int_equal(strlen(s.api), 192);
    strcpy(text + 198, "y\ngrace = 1\n");
    write_file(ini, text);
    assert_int_equal(settings_load(&s, folder, &err), -1);
    assert_non_null(strstr(err.message, "line 1: the line is longer"));
}

static void a_wrong_variable_is_named(void **state)
{
    static const char *const cases[][2] = {{"JOBJOKER_GRACE", "x"},
                                           {"JOBJOKER_DATA", ""},
                                           {"JOBJOKER_ANONYMOUS", "root"}};
    struct settings s;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};

        setenv(cases[i][0], cases[i][1], 1);
        assert_int_equal(settings_load(&s, folder, &err), -1);
        assert_non_null(strstr(err.message, cases[i][0]));
        unsetenv(cases[i][0]);
    }
}

static void note(const char *name, const char *value, void *context)
{
    strcat(strcat(strcat(strcat(context, name), "="), value), ";");
}

static void overrides_are_told_with_their_values(void **state)
{
    char said[256] = "";

    (void)state;
    setenv("JOBJOKER_CONFIG", "/x.ini", 1);
    setenv("JOBJOKER_GRACE", "5", 1);
    settings_each_override(note, said);
    assert_string_equal(said, "JOBJOKER_CONFIG=/x.ini;JOBJOKER_GRACE=5;");
}

/* The sample is what an administrator starts from: with each line switched on it must say the same as without a file. */
static void the_sample_file_is_the_presets(void **state)
{
    struct settings preset, sample;
    struct error err = {0};
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);

    (void)state;
    assert_int_equal(settings_load(&preset, folder, &err), 0);
    settings_print_file(memory);
    fclose(memory);
    for (char *p = text; (p = strstr(p, "\n#")); p++) {
        if (p[2] != ' ')
            memmove(p + 1, p + 2, strlen(p + 2) + 1);
    }
    write_file(ini, text);
    free(text);
    assert_int_equal(settings_load(&sample, folder, &err), 0);
    assert_memory_equal(&preset, &sample, sizeof preset);
}

static void a_changed_file_is_another_one(void **state)
{
    struct settings_file none, first, second;
    char other[128];

    (void)state;
    settings_look(folder, &none);
    write_file(ini, "grace = 1\n");
    settings_look(folder, &first);
    settings_look(folder, &second);
    assert_false(settings_same_file(&none, &first));
    assert_true(settings_same_file(&first, &second));
    snprintf(other, sizeof other, "%s/other", folder);
    write_file(other, "grace = 2\n"); /* as long, and moved into its place */
    assert_int_equal(rename(other, ini), 0);
    settings_look(folder, &second);
    assert_false(settings_same_file(&first, &second));
    assert_int_equal(remove(ini), 0);
    settings_look(folder, &second);
    assert_true(settings_same_file(&none, &second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_file_all_are_presets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_environment_goes_before_the_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_are_taken_as_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_was_named_must_be_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrong_names_file_and_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_that_is_too_long_is_not_read_as_two, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_variable_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(overrides_are_told_with_their_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_sample_file_is_the_presets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_changed_file_is_another_one, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
