/* Names and values of secrets. Who may set a secret is not meant to run other programs by that, or to change what the
 * runner tells its worker. */
#include "job/secret_rules.h"

#include <stdio.h>
#include <string.h>

/* Variables that are not for secrets. A star at the end: all that begin so. */
static const char *const reserved[] = {
    /* the runner's own word to its worker */
    "JOBJOKER_*", "PATH", "HOME", "TMPDIR", "LANG", "LANGUAGE", "LC_*", "PWD", "OLDPWD",
    /* the loader and the C library */
    "LD_*", "GLIBC_TUNABLES", "GCONV_PATH", "GETCONF_DIR", "HOSTALIASES", "LOCALDOMAIN", "LOCPATH", "MALLOC_*",
    "NIS_PATH", "NLSPATH", "RESOLV_HOST_CONF", "RES_OPTIONS", "TZ", "TZDIR",
    /* shells */
    "IFS", "ENV", "BASH*", "CDPATH", "GLOBIGNORE", "PROMPT_COMMAND", "PS4", "SHELL", "SHELLOPTS", "POSIXLY_CORRECT",
    /* languages */
    "PYTHON*", "PHP*", "NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS", "PERL*", "RUBY*", "GEM_*", "BUNDLE_*",
    "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH", "LUA_*", "TCLLIBPATH",
    /* programs that run what a variable says */
    "EDITOR", "VISUAL", "PAGER", "BROWSER", "GIT_*", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES"};

static bool is_reserved(const char *variable)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        size_t length = strcspn(reserved[i], "*");

        if (strncmp(variable, reserved[i], length) == 0 && (reserved[i][length] == '*' || variable[length] == '\0'))
            return true;
    }
    return false;
}

bool secret_is_name(const char *name)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");

    return n >= 1 && n < SECRET_NAME_SIZE && name[n] == '\0' && !(*name >= '0' && *name <= '9');
}

int secret_check_name(const char *name, bool as_file, struct error *err)
{
    char variable[SECRET_NAME_SIZE + sizeof SECRET_FILE_SUFFIX];

    if (!secret_is_name(name))
        return error_set(err, 422, "secret_invalid",
                         "the name of a secret has 1 to 64 letters, digits and _, and no digit at its start");
    snprintf(variable, sizeof variable, "%s%s", name, as_file ? SECRET_FILE_SUFFIX : "");
    if (is_reserved(variable))
        return error_set(err, 422, "secret_invalid",
                         "no secret may be given as %s: this variable changes how programs are run", variable);
    return 0;
}

int secret_check_value(const char *value, size_t size, struct error *err)
{
    size_t lines = 0, line = 0;

    if (size == 0 || size > SECRET_VALUE_MAX)
        return error_set(err, 422, "secret_invalid", "the value of a secret has 1 to %d bytes", SECRET_VALUE_MAX);
    if (memchr(value, '\0', size))
        return error_set(err, 422, "secret_invalid", "the value of a secret holds no NUL byte");
    for (size_t i = 0; i <= size; i++) {
        if (i < size && value[i] != '\n' && value[i] != '\r') {
            line++;
            continue;
        }
        lines += line > 0;
        if (line > SECRET_LINE_MAX || lines > SECRET_LINES_MAX)
            return error_set(err, 422, "secret_invalid",
                             "the value of a secret has at most %d lines of at most %d bytes: others cannot be hidden "
                             "in a log",
                             SECRET_LINES_MAX, SECRET_LINE_MAX);
        line = 0;
    }
    return 0;
}
