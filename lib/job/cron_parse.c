/* Expressions become sets of bits, field by field, from one table. What people write by mistake is refused with a sentence rather
 * than read as something else: a step that leaves one time, a range that runs backwards, a date that never comes. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/calendar.h"
#include "base/text.h"
#include "job/cron.h"

const char *const cron_month_names[13] = {
    NULL,   "January", "February",  "March",   "April",    "May",      "June",
    "July", "August",  "September", "October", "November", "December",
};
const char *const cron_weekday_names[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                           "Thursday", "Friday", "Saturday"};

enum field { SECONDS, MINUTES, HOURS, DAYS, MONTHS, WEEKDAYS, FIELDS };

static const struct field_rules {
    const char *name;
    int low, high;
    const char *const *names; /* of the values, by their first three letters */
    int names_end;
} rules[FIELDS] = {
    [SECONDS] = {"seconds", 0, 59, NULL, 0},
    [MINUTES] = {"minutes", 0, 59, NULL, 0},
    [HOURS] = {"hours", 0, 23, NULL, 0},
    [DAYS] = {"days of the month", 1, 31, NULL, 0},
    [MONTHS] = {"months", 1, 12, cron_month_names, 13},
    [WEEKDAYS] = {"days of the week", 0, 7, cron_weekday_names, 7},
};

static const struct {
    const char *name, *meaning;
} nicknames[] = {
    {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"},
};

static int refuse(struct error *err, const char *sentence, const char *what)
{
    return error_set(err, 422, "cron_invalid", "`%.60s` %s", what, sentence);
}

static int refuse_in(struct error *err, enum field f, const char *item, const char *sentence)
{
    return error_set(err, 422, "cron_invalid", "%s: `%.40s` %s", rules[f].name, item, sentence);
}

/* -- fields; `at` is moved past what was read -- */

static bool take(const char **at, char c)
{
    if (toupper((unsigned char)**at) != c)
        return false;
    ++*at;
    return true;
}

static int take_number(const char **at, int *out)
{
    int number = 0, digits = 0;

    for (; isdigit((unsigned char)**at) && digits < 4; digits++, (*at)++)
        number = 10 * number + (**at - '0');
    *out = number;
    return digits ? 0 : -1;
}

static int take_name(const struct field_rules *r, const char **at, int *out)
{
    for (int i = r->low; i < r->names_end; i++) {
        if (strncasecmp(*at, r->names[i], 3) == 0) {
            *at += 3;
            *out = i;
            return 0;
        }
    }
    return -1;
}

static int take_value(enum field f, const char **at, const char *item, int *out, struct error *err)
{
    const struct field_rules *r = &rules[f];
    char range[48];

    if (take_number(at, out) < 0 && take_name(r, at, out) < 0)
        return refuse_in(err, f, item, "is no number, name or list of these");
    if (*out >= r->low && *out <= r->high)
        return 0;
    snprintf(range, sizeof range, "is not from %d to %d", r->low, r->high);
    return refuse_in(err, f, item, range);
}

static int take_step(enum field f, const char **at, const char *item, int *step, struct error *err)
{
    const struct field_rules *r = &rules[f];
    char sentence[80];

    if (take_number(at, step) == 0 && *step >= 1 && *step <= r->high - r->low)
        return 0;
    snprintf(sentence, sizeof sentence, "has a step that is not from 1 to %d", r->high - r->low);
    return refuse_in(err, f, item, sentence);
}

static uint64_t *set_of(struct cron *c, enum field f, uint64_t *other)
{
    return f == SECONDS ? &c->seconds : f == MINUTES ? &c->minutes : other;
}

static void add(struct cron *c, enum field f, int first, int last, int step)
{
    uint64_t bits = 0, *wide = set_of(c, f, &bits);

    for (int i = first; i <= last; i += step)
        *wide |= UINT64_C(1) << i;
    switch (f) {
    case HOURS:
        c->hours |= (uint32_t)bits;
        break;
    case DAYS:
        c->days |= (uint32_t)bits;
        break;
    case MONTHS:
        c->months |= (uint32_t)bits;
        break;
    case WEEKDAYS:
        c->weekdays |= (uint32_t)((bits | bits >> 7) & 0x7f); /* 7 is Sunday too */
        break;
    default:
        break;
    }
}

/* L, L-2, LW, 15W: 1, it was one of these; 0: it is none; -1. */
static int read_special_day(struct cron *c, const char *item, struct error *err)
{
    const char *at = item;
    int n = 0;

    if (take(&at, 'L')) {
        if (take(&at, 'W') && !*at) {
            c->last_weekday = true;
            return 1;
        }
        if (at > item + 1 || (take(&at, '-') && (take_number(&at, &n) < 0 || n > 30)) || *at)
            return refuse_in(err, DAYS, item, "is neither L, nor LW, nor L-1 to L-30");
        c->days_from_end |= UINT32_C(1) << n;
        return 1;
    }
    if (take_number(&at, &n) < 0 || !take(&at, 'W') || *at)
        return 0;
    if (n < 1 || n > 31)
        return refuse_in(err, DAYS, item, "is not from 1W to 31W");
    c->days_near |= UINT32_C(1) << n;
    return 1;
}

/* FRI#2, FRIL: as above. */
static int read_special_weekday(struct cron *c, const char *item, struct error *err)
{
    const char *at = item;
    int weekday, n;

    if (toupper((unsigned char)*item) == 'L')
        return refuse_in(err, WEEKDAYS, item, "wants its day: FRIL is the last Friday of the month");
    if ((take_number(&at, &weekday) < 0 && take_name(&rules[WEEKDAYS], &at, &weekday) < 0) || weekday > 7)
        return 0;
    if (take(&at, '#')) {
        if (take_number(&at, &n) < 0 || n < 1 || n > 5 || *at)
            return refuse_in(err, WEEKDAYS, item, "is not from #1 to #5");
        c->nth[weekday % 7] |= (uint8_t)(1U << n);
        return 1;
    }
    if (!take(&at, 'L') || *at)
        return 0;
    c->nth[weekday % 7] |= 1;
    return 1;
}

static int read_special(struct cron *c, enum field f, const char *item, struct error *err)
{
    return f == DAYS ? read_special_day(c, item, err) : f == WEEKDAYS ? read_special_weekday(c, item, err) : 0;
}

static int read_range(struct cron *c, enum field f, const char *item, struct error *err)
{
    const struct field_rules *r = &rules[f];
    const char *at = item;
    int first = r->low, last = f == WEEKDAYS ? 6 : r->high, step = 1;
    bool open = take(&at, '*');

    if (!open) {
        if (take_value(f, &at, item, &first, err) < 0)
            return -1;
        if (take(&at, '-')) {
            if (take_value(f, &at, item, &last, err) < 0)
                return -1;
            if (f == WEEKDAYS && last == 0 && first > 0)
                last = 7; /* FRI-SUN */
            if (last < first)
                return refuse_in(err, f, item, "runs backwards: write it as two, such as 22-23,0-5");
        } else if (*at != '/' || last < first) {
            last = first;
        }
    }
    if (take(&at, '/') && take_step(f, &at, item, &step, err) < 0)
        return -1;
    if (*at)
        return refuse_in(err, f, item, "is not understood");
    add(c, f, first, last, step);
    return 0;
}

static int read_field(struct cron *c, enum field f, const char *text, struct error *err)
{
    char item[CRON_TEXT_MAX + 1];

    if ((f == DAYS || f == WEEKDAYS) && strcmp(text, "?") == 0)
        text = "*";
    do {
        size_t length = strcspn(text, ",");
        int special;

        memcpy(item, text, length);
        item[length] = '\0';
        special = read_special(c, f, item, err);
        if (special < 0 || (special == 0 && read_range(c, f, item, err) < 0))
            return -1;
        text += length;
    } while (*text++ == ',');
    return 0;
}

/* -- whole expressions -- */

/* Cuts `text`, which it changes, into words. Returns how many there are, which may be more than FIELDS. */
static int cut(char *text, char *words[FIELDS])
{
    int count = 0;
    char *rest = NULL;

    for (char *word = strtok_r(text, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        if (count < FIELDS)
            words[count] = word;
        count++;
    }
    return count;
}

static bool begins_with_star(const char *field)
{
    return *field == '*' || *field == '?';
}

static int read_fields(struct cron *c, const char *text, struct error *err)
{
    char copy[CRON_TEXT_MAX + 1], *words[FIELDS + 1] = {NULL};
    int count, first;
    int64_t ignored;

    snprintf(copy, sizeof copy, "%s", text);
    count = cut(copy, words);
    if (count != FIELDS && count != FIELDS - 1)
        return refuse(
            err, "is no cron expression: it has 5 fields (minutes hours days months weekdays), or 6 with seconds first",
            text);
    first = FIELDS - count;
    if (first == MINUTES)
        c->seconds = 1; /* second 0 */
    for (int f = first; f < FIELDS; f++) {
        if (read_field(c, (enum field)f, words[f - first], err) < 0)
            return -1;
    }
    c->must_match_both = begins_with_star(words[DAYS - first]) || begins_with_star(words[WEEKDAYS - first]);
    if (!cron_next_local(c, 0, &ignored))
        return refuse(err, "never runs: there is no such date", text);
    return 0;
}

/* 1h30m */
static int read_every(struct cron *c, const char *text, struct error *err)
{
    static const char units[] = "dhms";
    static const int64_t seconds[] = {CALENDAR_DAY_S, 3600, 60, 1};
    const char *at = text;
    int unit = -1;

    c->kind = CRON_EVERY;
    do {
        int64_t number = 0;
        const char *from = at, *found;

        for (; isdigit((unsigned char)*at) && at - from < 9; at++)
            number = 10 * number + (*at - '0');
        found = *at && at > from ? strchr(units, *at) : NULL;
        if (!found || found - units <= unit) /* from the larger to the smaller, each once */
            return refuse(err, "is no duration such as 90s, 5m, 1h30m or 2d", text);
        unit = (int)(found - units);
        c->every_s += number * seconds[unit];
        at++;
    } while (*at);
    if (c->every_s < 1 || c->every_s > INT64_C(366) * CALENDAR_DAY_S)
        return refuse(err, "is not from 1s to 366d", text);
    return 0;
}

static int read_at(struct cron *c, const char *text, struct error *err)
{
    char copy[CRON_TEXT_MAX + 2];
    int64_t ms = 0;

    c->kind = CRON_AT;
    snprintf(copy, sizeof copy, "%sZ", text);
    if (text_to_time(text, &ms) == 0 && strlen(text) > 10) {
        c->at_is_local = false;
    } else if (text_to_time(copy, &ms) == 0) {
        c->at_is_local = true;
    } else {
        return refuse(err, "is no time such as 2026-12-24T18:00:00 (in the zone), or with Z or +01:00 behind it", text);
    }
    c->at_s = calendar_floor(ms, 1000);
    return 0;
}

/* The rest of `text` behind a word and spaces; NULL: it begins with another word. */
static const char *behind(const char *text, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(text, word, length) != 0 || (text[length] != ' ' && text[length] != '\t'))
        return NULL;
    text += length;
    return text + strspn(text, " \t");
}

int cron_parse(const char *text, struct cron *out, struct error *err)
{
    struct cron c = {.kind = CRON_TIMES};
    const char *rest;
    int result;

    if (strlen(text) > CRON_TEXT_MAX)
        return error_set(err, 422, "cron_invalid", "a cron expression has at most %d bytes", CRON_TEXT_MAX);
    for (size_t i = 0; i < sizeof nicknames / sizeof *nicknames; i++) {
        if (strcmp(text, nicknames[i].name) == 0)
            text = nicknames[i].meaning;
    }
    if (strcmp(text, "@reboot") == 0) {
        c.kind = CRON_REBOOT;
        result = 0;
    } else if ((rest = behind(text, "@every"))) {
        result = read_every(&c, rest, err);
    } else if ((rest = behind(text, "@at"))) {
        result = read_at(&c, rest, err);
    } else if (*text == '@') {
        result =
            refuse(err, "is none of @hourly, @daily, @weekly, @monthly, @yearly, @reboot, @every 90s, @at TIME", text);
    } else {
        result = read_fields(&c, text, err);
    }
    if (result == 0)
        *out = c;
    return result;
}
