/* The small parsers and writers: numbers, times, percent-encoding, UTF-8, CSV, formats, entity tags. The input is a line,
 * which most of them take, and the bytes after it. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/json.h"
#include "base/text.h"
#include "base/ulid.h"
#include "cgi-bin/request.h"
#include "job/format.h"

static void check_number(const char *text)
{
    long long number;
    char again[32];

    if (text_to_int(text, 0, INT64_MAX, &number) < 0)
        return;
    snprintf(again, sizeof again, "%lld", number);
    MUST(strcmp(again, text + (strlen(text) - strlen(again))) == 0);
    MUST(strspn(text, "0") >= strlen(text) - strlen(again));
}

static void check_time(const char *text)
{
    int64_t time_ms, again_ms;
    char again[TEXT_TIME_SIZE], id[ULID_SIZE];

    if (text_to_time(text, &time_ms) < 0)
        return;
    ulid_floor(time_ms, id);
    MUST(ulid_is(id));
    if (time_ms < 0 || time_ms > 253402300799999)
        return; /* a zone moves it out of the years that can be written */
    text_from_time(time_ms, again);
    MUST(text_to_time(again, &again_ms) == 0 && again_ms == time_ms);
    MUST(format_matches("date-time", again));
}

static void check_percent(const char *text, size_t size)
{
    struct buf encoded = {0};
    char *decoded = malloc(size + 1);
    long length;

    MUST(decoded);
    text_percent_encode(text, "%+", &encoded);
    for (size_t i = 0; i < encoded.size; i++)
        MUST(encoded.data[i] >= 0x20 && encoded.data[i] < 0x7f);
    MUST(text_percent_decode(buf_text(&encoded), encoded.size, true, decoded) == (long)size);
    MUST(memcmp(text, decoded, size) == 0);
    length = text_percent_decode(text, size, false, decoded);
    MUST(length >= -1 && length <= (long)size && (length < 0 || strlen(decoded) == (size_t)length));
    buf_clear(&encoded);
    free(decoded);
}

static void check_formats(const char *text)
{
    static const char *const formats[] = {"date",     "time", "date-time", "email", "uri",
                                          "hostname", "ipv4", "ipv6",      "uuid",  "none"};
    int64_t time_ms;

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        (void)format_matches(formats[i], text);
    MUST(!format_matches("date", text) || text_to_time(text, &time_ms) == 0);
}

/* RFC 4180 the other way. Returns the size of the first field, which is put into `out`. */
static size_t read_field(const char *csv, size_t size, char *out)
{
    bool quoted = *csv == '"';
    size_t n = 0;

    for (size_t i = quoted; i < size; i++) {
        if (quoted && csv[i] == '"') {
            if (csv[i + 1] != '"')
                break;
            i++;
        } else if (!quoted && (csv[i] == ',' || csv[i] == '\r')) {
            break;
        }
        out[n++] = csv[i];
    }
    return n;
}

static void check_csv(const char *bytes, size_t size)
{
    struct buf row = {0};
    struct csv_writer w = {.out = &row};
    char *field;
    size_t n, defused;

    csv_bytes(&w, bytes, size);
    csv_int(&w, 42);
    csv_end_row(&w);
    field = malloc(row.size);
    MUST(field);
    n = read_field(row.data, row.size, field);
    defused = n == size + 1 && *field == '\'';
    MUST(n == size + defused && memcmp(field + defused, bytes, size) == 0);
    MUST(!n || !strchr("=+-@\t\r\n", *field) || !*field);
    free(field);
    buf_clear(&row);
}

/* Whatever the bytes are, they become a JSON string; the same one where they are a text. */
static void check_json_string(const char *bytes, size_t size)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    bool is_text = !memchr(bytes, '\0', size) && text_is_utf8(bytes, size);
    struct json *value;

    json_put_bytes(&w, bytes, size);
    MUST(text_is_utf8(out.data, out.size));
    value = json_parse(out.data, out.size, NULL);
    MUST(value || memchr(bytes, '\0', size));
    if (is_text)
        MUST(strlen(json_string(value)) == size && memcmp(json_string(value), bytes, size) == 0);
    json_free(value);
    buf_clear(&out);
}

static void check_tags(const char *list)
{
    static const char tag[] = "\"01M86EA05QK06D5MRW8NYDB81Q-42\"";
    bool weak = request_tag_matches(list, tag, true), strong = request_tag_matches(list, tag, false);

    MUST(weak || !strong);
    MUST(!weak || strchr(list, '*') || strstr(list, "\"01M86EA05QK06D5MRW8NYDB81Q-42"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    char *line = fuzz_part(&in, '\n', NULL);

    if (line) {
        check_number(line);
        check_time(line);
        check_percent(line, strlen(line));
        check_formats(line);
        check_tags(line);
        (void)text_is_name(line);
        (void)ulid_is(line);
    }
    check_csv((const char *)data, size);
    check_json_string((const char *)data, size);
    free(line);
    return 0;
}
