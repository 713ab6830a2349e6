/* What is wished of a job besides its worker: retries, jobs that go before, parameters with other jobs' responses, who is told;
 * as JSON in one document, {"retries": ..., "after": ..., "parameters": ..., "notify": ...}. What is taken comes back from the store's words as it was. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "job/chain.h"
#include "job/notify.h"
#include "job/reference.h"
#include "job/retries.h"

static void check_delays(const struct retries *r)
{
    for (int64_t attempt = 1; attempt < 70; attempt++) {
        int64_t least = retries_delay_ms(r, attempt, 0), most = retries_delay_ms(r, attempt, UINT32_MAX);

        MUST(least >= 0 && least <= most);
        MUST(most <= 2 * r->max_delay_ms); /* it is at most as much again by chance */
    }
}

static void check_retries(const struct json *given)
{
    struct retries r = {0}, back = {0};
    struct buf text = {0}, again = {0};
    struct error err = {0};

    if (!given)
        return;
    if (retries_read_json(given, "job_invalid", &r, &err) < 0) {
        MUST(err.status == 422 && err.message[0]);
        return;
    }
    MUST(r.limit >= 0 && r.limit <= RETRIES_LIMIT_MAX);
    retries_to_text(&r, &text);
    MUST(text.size <= RETRIES_TEXT_MAX);
    MUST(retries_from_text(buf_text(&text), &back) == 0);
    retries_to_text(&back, &again);
    MUST(strcmp(buf_text(&text), buf_text(&again)) == 0);
    MUST(!retries_go_on(&r, r.limit + 1, 1));
    check_delays(&r);
    buf_clear(&text);
    buf_clear(&again);
}

/* Nothing in it is more than one word, so a target is one line. */
static void check_targets(const struct json *given)
{
    struct buf text = {0}, shown = {0};
    struct json_writer w = {.out = &shown};
    struct notify_target t;
    struct error err = {0};
    const char *at;
    size_t count = 0;

    if (!given)
        return;
    if (notify_read_json(given, "job_invalid", &text, &err) < 0) {
        MUST(err.status == 422 && err.message[0]);
        buf_clear(&text);
        return;
    }
    for (at = buf_text(&text); notify_next(&at, &t); count++) {
        MUST(t.on && !strpbrk(t.to, " \r\n\t") && t.to[0] != '-');
        MUST(t.way == NOTIFY_MAIL ? notify_is_address(t.to) : notify_is_url(t.to));
        MUST(t.way == NOTIFY_MAIL || !strchr(t.to, '@') || strpbrk(t.to + 8, "/?"));
    }
    MUST(count == json_count(given) && count <= NOTIFY_TARGETS_MAX);
    notify_put_json(buf_text(&text), &w);
    buf_clear(&text);
    buf_clear(&shown);
}

static void check_after(const struct json *given)
{
    const struct after *culprit = NULL, *lists[2];
    struct after *after = NULL;
    struct error err = {0};
    size_t count = 0, counts[2] = {0};

    if (!given)
        return;
    if (chain_read_json(given, "job_invalid", &after, &count, &err) < 0) {
        MUST(err.status == 422 && err.message[0] && !after && !count);
        return;
    }
    MUST(count <= CHAIN_AFTER_MAX);
    MUST(chain_judge(after, count, &culprit) == (count ? CHAIN_WAIT : CHAIN_GO));
    for (size_t i = 0; i < count; i++) {
        MUST(after[i].awaits > 0 && after[i].awaits < CHAIN_CONDITIONS);
        after[i].number = (int64_t)(i % 3); /* 0: elsewhere */
    }
    lists[0] = lists[1] = after;
    counts[0] = counts[1] = count;
    (void)chain_find_cycle(lists, counts, 2);
    free(after);
}

static int count_one(const struct reference *r, void *context, struct error *err)
{
    (void)err;
    MUST(r->name[0] && strlen(r->name) < sizeof r->name);
    ++*(int *)context;
    return 0;
}

static int answer(const struct reference *r, struct buf *out, void *context, struct error *err)
{
    (void)context, (void)err;
    buf_puts(out, r->as_json ? "{\"a\":[1,\"${jobs.X.response}\"]}" : "said ${jobs.X.json} \"\\");
    return 0;
}

static void check_parameters(const struct json *given)
{
    struct buf out = {0};
    struct error err = {0};
    struct json *made;
    int found = 0;

    if (!given)
        return;
    if (reference_each(given, "job_invalid", count_one, &found, &err) < 0) {
        MUST(err.status == 422 && err.message[0]);
        return;
    }
    MUST(reference_replace(given, "job_invalid", answer, NULL, &out, &err) == 0);
    made = json_parse(buf_text(&out), out.size, &err);
    MUST(made); /* what is put in never breaks out of its place */
    json_free(made);
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_copy(data, size);
    struct error err = {0};
    struct json *wish = json_parse(text, size, &err);

    if (wish) {
        check_retries(json_member(wish, "retries"));
        check_after(json_member(wish, "after"));
        check_targets(json_member(wish, "notify"));
        check_parameters(json_member(wish, "parameters"));
        json_free(wish);
    }
    free(text);
    return 0;
}
