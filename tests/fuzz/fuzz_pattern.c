/* Regular expressions of a schema: the first line is one, the rest a text. Any pair is answered soon (libFuzzer's time
 * limit), and a text of plain characters is found by the pattern of just these. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "job/pattern.h"

static void check_literal(const char *text)
{
    struct buf quoted = {0};
    struct pattern *p;

    buf_puts(&quoted, "^");
    for (const char *c = text; *c; c++) {
        if (strchr("\\[](){}.*+?|^$-", *c))
            buf_putc(&quoted, '\\');
        buf_putc(&quoted, *c);
    }
    buf_puts(&quoted, "$");
    if (quoted.size <= PATTERN_SIZE_MAX) {
        p = pattern_new(quoted.data, NULL);
        MUST(p && pattern_matches(p, text));
        pattern_free(p);
    }
    buf_clear(&quoted);
}

static bool is_visible(const char *text)
{
    for (; *text; text++) {
        if (*text <= 0x20 || *text == 0x7f)
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    char *source = fuzz_part(&in, '\n', NULL), *text = fuzz_part(&in, '\0', NULL);
    struct error err = {0};
    struct pattern *p;

    if (source && text) {
        p = pattern_new(source, &err);
        MUST(p || err.status == 422);
        if (p)
            (void)pattern_matches(p, text);
        pattern_free(p);
        if (is_visible(text))
            check_literal(text);
    }
    free(source);
    free(text);
    return 0;
}
