/* jobjoker audit verify: is the audit trail what was written? */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "command.h"
#include "trail.h"

/* What is said, and a row is named after it. */
static const char *const findings[] = {
    [AUDIT_NEVER_BEGUN] =
        "there is no audit trail: nothing was ever written, or all of it was removed. The last row is",
    [AUDIT_END_REMOVED] = "the ends of the trail were removed. The last row that is there is",
    [AUDIT_END_CHANGED] = "the ends of the trail were changed, or audit.key was. The last row should be",
    [AUDIT_BEGUN_ANEW] =
        "what was before this row was changed or removed, and the trail had to begin anew with it: row",
    [AUDIT_STRANGE_ROW] =
        "this row was added, or its trail was changed at its end, so that another one had to begin: row",
    [AUDIT_ROW_REMOVED] = "this row was removed: row",
    [AUDIT_ROW_CHANGED] = "this row was changed, or is not where it was written: row",
};

/* A row that somebody has written down: "SEQ:HASH". */
struct expected {
    long long seq;
    char hash[2 * SECRET_HASH_SIZE + 1];
    bool found;
};

static int read_expected(const char *text, struct expected *e)
{
    char number[24];
    size_t n = strcspn(text, ":");

    if (n >= sizeof number || text[n] != ':' || strlen(text + n + 1) != sizeof e->hash - 1)
        return -1;
    snprintf(number, sizeof number, "%.*s", (int)n, text);
    strcpy(e->hash, text + n + 1);
    return text_to_int(number, 1, INT64_MAX - 1, &e->seq);
}

static int compare(const struct audit_row *row, void *context)
{
    struct expected *e = context;
    char hash[2 * SECRET_HASH_SIZE + 1];

    text_to_hex(row->hash, sizeof row->hash, hash);
    e->found = row->seq == e->seq && strcmp(hash, e->hash) == 0;
    return 1;
}

static int check_expected(const struct store *db, struct expected *e, const struct audit_report *report,
                          struct error *err)
{
    const struct audit_filter one = {.oldest_first = true, .from_seq = e->seq, .limit = 1};

    if (e->seq < report->first)
        return error_set(err, 404, "audit_cut", "row %lld is older than what is kept: it cannot be compared", e->seq);
    if (audit_each(db, &one, compare, e, err) < 0)
        return -1;
    return e->found ? 0
                    : error_set(err, 409, "audit_changed",
                                "row %lld is not the one that was written down: the trail was replaced", e->seq);
}

static int verify(const struct command_site *site, struct expected *expected, struct error *err)
{
    struct audit_note note;
    struct audit_report report;
    char hash[2 * SECRET_HASH_SIZE + 1];

    if (audit_prepare(&site->settings, &note, err) < 0 || audit_verify(site->db, note.key, &report, err) < 0)
        return -1;
    if (report.finding != AUDIT_WHOLE) {
        fprintf(stderr, "jobjoker: %s %lld\n", findings[report.finding], (long long)report.seq);
        return 1;
    }
    if (expected && check_expected(site->db, expected, &report, err) < 0)
        return -1;
    text_to_hex(report.hash, sizeof report.hash, hash);
    printf("Rows %lld to %lld are as they were written. To compare later: --expect %lld:%s\n", (long long)report.first,
           (long long)report.last, (long long)report.last, hash);
    return 0;
}

int command_audit_verify(int argc, char **argv)
{
    const char *text = NULL;
    const struct command_option options[] = {{"--expect", &text, NULL}, {0}};
    struct expected expected = {0};
    struct command_site site;
    struct error err = {0};
    int result;

    if (command_take_options(argc, argv, options) != 0 || (text && read_expected(text, &expected) < 0))
        return EXIT_USAGE;
    result = command_open(&site, NULL, &err);
    if (result == 0)
        result = verify(&site, text ? &expected : NULL, &err);
    command_close(&site);
    if (result < 0)
        return command_complain(&err);
    return result ? EXIT_WRONG : 0;
}
