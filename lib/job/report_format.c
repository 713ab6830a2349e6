/* The report format, both ways. One table says which words each verb has. */
#include "job/report_format.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { WORDS_MAX = 8, LINE_MAX_SIZE = 256 };

/* The words that are plain numbers stand last, from NUMBER on. */
enum word {
    WORD_NONE,
    STREAM,
    OUTCOME,
    NUMBER,
    TIME,
    PERCENT,
    PID,
    CPU_USER,
    CPU_SYSTEM,
    MAX_RSS,
    WALL,
    BLOCKS_IN,
    BLOCKS_OUT,
    SWITCHES,
    SWITCHES_FORCED,
    PAUSED,
    EXIT_CODE,
    SIGNAL,
    WORDS
};

static const struct {
    const char *name;
    enum word words[WORDS_MAX];
} verbs[REPORT_VERBS] = {
    [REPORT_NUMBER] = {"report", {NUMBER}},
    [REPORT_LOG] = {"log", {TIME, STREAM}},
    [REPORT_RESPONSE] = {"response", {TIME, STREAM}},
    [REPORT_PROGRESS] = {"progress", {TIME, PERCENT}},
    [REPORT_PID] = {"pid", {PID}},
    [REPORT_USAGE] = {"usage", {CPU_USER, CPU_SYSTEM, MAX_RSS, WALL, BLOCKS_IN, BLOCKS_OUT, SWITCHES, SWITCHES_FORCED}},
    [REPORT_PAUSED] = {"paused", {PAUSED}},
    [REPORT_END] = {"end", {TIME, OUTCOME, EXIT_CODE, SIGNAL}},
};

static const char *const outcomes[JOB_EVENTS] = {
    [EVENT_SUCCESS] = "success",
    [EVENT_FAILURE] = "failure",
    [EVENT_KILLED] = "killed",
};

/* Where a number stands in a record. */
static int64_t get_number(const struct report_record *r, enum word word)
{
    switch (word) {
    case NUMBER:
        return r->number;
    case TIME:
        return r->time_ms;
    case PERCENT:
        return r->percent;
    case PID:
        return r->pid;
    case CPU_USER:
        return r->usage.cpu_user_ms;
    case CPU_SYSTEM:
        return r->usage.cpu_system_ms;
    case MAX_RSS:
        return r->usage.max_rss_kib;
    case WALL:
        return r->usage.wall_ms;
    case BLOCKS_IN:
        return r->usage.blocks_in;
    case BLOCKS_OUT:
        return r->usage.blocks_out;
    case SWITCHES:
        return r->usage.switches;
    case SWITCHES_FORCED:
        return r->usage.switches_forced;
    case PAUSED:
        return r->paused;
    case EXIT_CODE:
        return r->exit_code;
    default:
        return r->signal;
    }
}

static void set_number(struct report_record *r, enum word word, int64_t n)
{
    switch (word) {
    case NUMBER:
        r->number = n;
        break;
    case TIME:
        r->time_ms = n;
        break;
    case PERCENT:
        r->percent = (int)n;
        break;
    case PID:
        r->pid = n;
        break;
    case CPU_USER:
        r->usage.cpu_user_ms = n;
        break;
    case CPU_SYSTEM:
        r->usage.cpu_system_ms = n;
        break;
    case MAX_RSS:
        r->usage.max_rss_kib = n;
        break;
    case WALL:
        r->usage.wall_ms = n;
        break;
    case BLOCKS_IN:
        r->usage.blocks_in = n;
        break;
    case BLOCKS_OUT:
        r->usage.blocks_out = n;
        break;
    case SWITCHES:
        r->usage.switches = n;
        break;
    case SWITCHES_FORCED:
        r->usage.switches_forced = n;
        break;
    case PAUSED:
        r->paused = n != 0;
        break;
    case EXIT_CODE:
        r->exit_code = (int)n;
        break;
    default:
        r->signal = (int)n;
        break;
    }
}

static void put_word(struct buf *out, enum word word, const struct report_record *r)
{
    if (word == STREAM)
        buf_printf(out, " %s%s", entry_stream_name(r->stream), r->open ? "+" : "");
    else if (word == OUTCOME)
        buf_printf(out, " %s", outcomes[r->event]);
    else
        buf_printf(out, " %lld", (long long)get_number(r, word));
}

/* Words that a runner of an older version does not send. It may run for weeks while the program is replaced. */
static bool may_be_missing(enum word word)
{
    return word >= WALL && word <= SWITCHES_FORCED;
}

void report_put(struct buf *out, const struct report_record *r)
{
    buf_puts(out, verbs[r->verb].name);
    for (int i = 0; i < WORDS_MAX && verbs[r->verb].words[i]; i++) {
        enum word word = verbs[r->verb].words[i];

        if (may_be_missing(word) && get_number(r, word) < 0)
            break; /* not known here either */
        put_word(out, word, r);
    }
    buf_printf(out, " %zu\n", r->size);
    buf_put(out, r->bytes, r->size);
    buf_putc(out, '\n');
}

static int malformed(struct error *err)
{
    return error_set(err, 400, "report_malformed", "this is no report of a runner");
}

static int read_stream(const char *word, struct report_record *r)
{
    size_t size = strlen(word);

    r->open = size > 0 && word[size - 1] == '+';
    r->stream = entry_stream_from_name(word, size - r->open);
    return r->stream ? 0 : -1;
}

static int read_outcome(const char *word, struct report_record *r)
{
    for (enum job_event e = 0; e < JOB_EVENTS; e++) {
        if (outcomes[e] && strcmp(outcomes[e], word) == 0) {
            r->event = e;
            return 0;
        }
    }
    return -1;
}

static int read_number(const char *word, long long low, long long high, long long *out)
{
    if (low == -1 && strcmp(word, "-1") == 0) {
        *out = -1;
        return 0;
    }
    return text_to_int(word, low < 0 ? 0 : low, high, out);
}

static int read_word(enum word word, const char *text, struct report_record *r)
{
    static const struct {
        long long low, high;
    } ranges[WORDS] = {
        [NUMBER] = {1, INT64_MAX},
        [TIME] = {0, 253402300799999},
        [PERCENT] = {0, 100},
        [PID] = {1, INT32_MAX},
        [CPU_USER] = {0, INT64_MAX},
        [CPU_SYSTEM] = {0, INT64_MAX},
        [MAX_RSS] = {0, INT64_MAX / 1024},
        [WALL] = {0, INT64_MAX},
        [BLOCKS_IN] = {0, INT64_MAX / 512},
        [BLOCKS_OUT] = {0, INT64_MAX / 512},
        [SWITCHES] = {0, INT64_MAX},
        [SWITCHES_FORCED] = {0, INT64_MAX},
        [PAUSED] = {0, 1},
        [EXIT_CODE] = {-1, 255},
        [SIGNAL] = {0, 128},
    };
    long long n;

    if (word == STREAM)
        return read_stream(text, r);
    if (word == OUTCOME)
        return read_outcome(text, r);
    if (read_number(text, ranges[word].low, ranges[word].high, &n) < 0)
        return -1;
    set_number(r, word, n);
    return 0;
}

/* The words of one line, its last the size of the bytes. */
static int read_words(char *line, struct report_record *r)
{
    char *save = NULL, *words[WORDS_MAX + 1], *verb = strtok_r(line, " ", &save), *word;
    int count = 0, used = 0;
    long long size;

    for (r->verb = REPORT_NUMBER; verb && r->verb < REPORT_VERBS; r->verb++) {
        if (strcmp(verbs[r->verb].name, verb) == 0)
            break;
    }
    if (!verb || r->verb == REPORT_VERBS)
        return -1;
    while ((word = strtok_r(NULL, " ", &save))) {
        if (count > WORDS_MAX)
            return -1;
        words[count++] = word;
    }
    for (int i = 0; i < WORDS_MAX && verbs[r->verb].words[i]; i++) {
        enum word kind = verbs[r->verb].words[i];

        if (used + 1 >= count && may_be_missing(kind))
            break;
        if (used + 1 >= count || read_word(kind, words[used++], r) < 0)
            return -1;
    }
    if (count != used + 1 || text_to_int(words[used], 0, INT32_MAX, &size) < 0)
        return -1;
    r->size = (size_t)size;
    return 0;
}

int report_read_next(struct report_reader *r, struct report_record *out, struct error *err)
{
    size_t left = (size_t)(r->end - r->at), length;
    const char *newline;
    char line[LINE_MAX_SIZE];

    if (left == 0)
        return 0;
    newline = memchr(r->at, '\n', left < sizeof line ? left : sizeof line - 1);
    if (!newline)
        return malformed(err);
    length = (size_t)(newline - r->at);
    memcpy(line, r->at, length);
    line[length] = '\0';
    *out = (struct report_record){
        .exit_code = -1,
        .usage = {.wall_ms = -1, .blocks_in = -1, .blocks_out = -1, .switches = -1, .switches_forced = -1}};
    if (strlen(line) != length || read_words(line, out) < 0)
        return malformed(err);
    left -= length + 1;
    if (left < out->size + 1 || newline[1 + out->size] != '\n')
        return malformed(err);
    out->usage.known = out->verb == REPORT_USAGE;
    out->bytes = newline + 1;
    r->at = out->bytes + out->size + 1;
    return 1;
}
