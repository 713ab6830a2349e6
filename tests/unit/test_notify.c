/* Who may be told, where programs may connect to, when it is tried again, and what an e-mail looks like. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/network.h"
#include "base/outbound.h"
#include "base/secret.h"
#include "base/text.h"
#include "job/delivery.h"
#include "job/mail.h"
#include "job/notice.h"
#include "job/notify.h"

/* -- targets -- */

static int read_list(const char *text, struct buf *out, struct error *err)
{
    struct json *list = json_parse(text, strlen(text), err);
    int result;

    assert_non_null(list);
    result = notify_read_json(list, "job_invalid", out, err);
    json_free(list);
    return result;
}

static void targets_come_out_of_their_text_as_they_went_in(void **state)
{
    struct buf text = {0}, shown = {0};
    struct json_writer w = {.out = &shown};
    struct error err = {0};
    struct notify_target t;
    const char *at;

    (void)state;
    assert_int_equal(
        read_list("[\"https://example.org/a?b=c\",{\"email\":\"a+b@example.org\",\"on\":[\"change\",\"stop\"]},"
                  "{\"url\":\"http://[2001:db8::1]:8080\",\"on\":[\"active\",\"retry\"],\"secret\":\"KEY\"}]",
                  &text, &err),
        0);
    at = buf_text(&text);
    assert_true(notify_next(&at, &t));
    assert_true(t.way == NOTIFY_WEBHOOK && t.on == NOTIFY_ON_ENDED && !t.secret[0]);
    assert_string_equal(t.to, "https://example.org/a?b=c");
    assert_true(notify_next(&at, &t));
    assert_true(t.way == NOTIFY_MAIL && t.on == (NOTIFY_ON_CHANGE | 1 << NOTIFY_STOP));
    assert_string_equal(t.to, "a+b@example.org");
    assert_true(notify_next(&at, &t));
    assert_true(t.on == (1 << NOTIFY_ACTIVE | 1 << NOTIFY_RETRY));
    assert_string_equal(t.secret, "KEY");
    assert_false(notify_next(&at, &t));
    notify_put_json(buf_text(&text), &w);
    assert_string_equal(buf_text(&shown),
                        "[{\"url\":\"https://example.org/…\",\"on\":[\"done\",\"error\",\"stop\"],\"secret\":null},"
                        "{\"email\":\"a+b@example.org\",\"on\":[\"stop\",\"change\"],\"secret\":null},"
                        "{\"url\":\"http://[2001:db8::1]:8080\",\"on\":[\"active\",\"retry\"],\"secret\":\"KEY\"}]");
    buf_clear(&text);
    buf_clear(&shown);
}

static void a_text_that_is_none_is_no_target(void **state)
{
    static const char *const texts[] = {"", "x", "1 2 - ", "1 2 -\n", "1 2 - a", "9 2 - a\n", "1 2 - a b\n", "\n\n"};
    struct notify_target t;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *at = texts[i];

        assert_false(notify_next(&at, &t));
    }
}

static void who_wants_to_hear_of_what(void **state)
{
    static const char text[] = "1 8 - http://a\n2 1 - a@b\n"; /* done; change */

    (void)state;
    assert_true(notify_wants(text, NOTIFY_DONE));
    assert_true(notify_wants(text, NOTIFY_ERROR));
    assert_false(notify_wants(text, NOTIFY_STOP));
    assert_false(notify_wants(text, NOTIFY_ACTIVE));
    assert_false(notify_wants(NULL, NOTIFY_DONE));
    assert_int_equal(notify_event_of(JOB_IDLE), 0);
    assert_int_equal(notify_event_of(JOB_STOP), NOTIFY_STOP);
}

static void settings_name_them_in_words(void **state)
{
    struct buf text = {0};

    (void)state;
    assert_int_equal(notify_read_words("https://a.example/x ann@example.org", "error change", &text), 0);
    assert_string_equal(buf_text(&text), "1 17 - https://a.example/x\n2 17 - ann@example.org\n");
    buf_clear(&text);
    assert_int_equal(notify_read_words("nonsense http://b", "done", &text), -1);
    assert_string_equal(buf_text(&text), "1 8 - http://b\n");
    buf_clear(&text);
}

static void addresses_that_could_be_something_else_are_none(void **state)
{
    static const char *const good[] = {"a@b", "ann.lee+x@mail.example.org", "o'neil@example.org", "x_y@a-b.example"};
    static const char *const bad[] = {"",
                                      "a",
                                      "@b",
                                      "a@",
                                      "-f@b",
                                      "a b@c",
                                      "a@b c",
                                      "a@b\nBcc: c@d",
                                      "a@b\r",
                                      "a@b@c",
                                      "\"a\"@b",
                                      "<a@b>",
                                      "a@b>",
                                      "a,b@c",
                                      "a@[127.0.0.1]",
                                      ".a@b",
                                      "a.@b",
                                      "a..b@c",
                                      "a@-b",
                                      "a@b.",
                                      "a@b..c",
                                      "a;b@c",
                                      "a@b,c@d",
                                      "a|b c@d",
                                      "\xc3\xa4@b",
                                      "a@b\x7f",
                                      "a(x)@b",
                                      "a@b:25",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!notify_is_address(good[i]))
            fail_msg("%s was refused", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (notify_is_address(bad[i]))
            fail_msg("%s was taken", bad[i]);
    }
}

static void urls_are_of_http_alone(void **state)
{
    static const char *const good[] = {"http://a", "HTTPS://A.example:443/x/y?z=%20&q", "http://[::1]/", "http://a?b",
                                       "http://127.1/"};
    static const char *const bad[] = {"",
                                      "http:",
                                      "http://",
                                      "http:///x",
                                      "ftp://a",
                                      "//a",
                                      "http://a b",
                                      "http://a\n",
                                      "http://u@a/",
                                      "http://u:p@a",
                                      "http://a#b",
                                      "http://[::1",
                                      "http://[]",
                                      "http://a:b/",
                                      "http://a:80:80",
                                      "http://a\\b",
                                      "http://\xc3\xa4",
                                      "javascript:1",
                                      "http://[::1]x/",
                                      "http://a/{b}",
                                      "file:///etc/passwd",
                                      "http://:80/"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!notify_is_url(good[i]))
            fail_msg("%s was refused", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (notify_is_url(bad[i]))
            fail_msg("%s was taken", bad[i]);
    }
}

/* -- where to -- */

static void only_the_internet_is_public(void **state)
{
    static const char *const open[] = {"8.8.8.8",     "1.1.1.1",         "172.15.255.255", "172.32.0.0",
                                       "11.0.0.1",    "100.63.255.255",  "100.128.0.1",    "169.253.1.1",
                                       "192.167.1.1", "223.255.255.255", "::ffff:8.8.8.8", "2606:4700::1",
                                       "2a00::1",     "2001:4860::1"};
    static const char *const closed[] = {"127.0.0.1",
                                         "127.255.255.255",
                                         "0.0.0.0",
                                         "0.1.2.3",
                                         "10.0.0.1",
                                         "10.255.255.255",
                                         "172.16.0.1",
                                         "172.31.255.255",
                                         "192.168.0.1",
                                         "169.254.169.254",
                                         "100.64.0.1",
                                         "100.127.255.255",
                                         "192.0.0.1",
                                         "192.0.2.1",
                                         "198.18.0.1",
                                         "198.19.255.255",
                                         "198.51.100.1",
                                         "203.0.113.1",
                                         "224.0.0.1",
                                         "239.255.255.255",
                                         "240.0.0.1",
                                         "255.255.255.255",
                                         "192.88.99.1",
                                         "::",
                                         "::1",
                                         "::ffff:127.0.0.1",
                                         "::ffff:10.0.0.1",
                                         "::ffff:169.254.169.254",
                                         "::127.0.0.1",
                                         "::8.8.8.8",
                                         "64:ff9b::7f00:1",
                                         "64:ff9b:1::1",
                                         "fe80::1",
                                         "febf::1",
                                         "fc00::1",
                                         "fdff::1",
                                         "fec0::1",
                                         "ff02::1",
                                         "2001:db8::1",
                                         "2001::1",
                                         "2001:10::1",
                                         "2002:7f00:1::1",
                                         "3fff::1",
                                         "100::1",
                                         "5f00::1",
                                         "",
                                         "x",
                                         "8.8.8.8/8",
                                         "8.8.8.8 ",
                                         "fe80::1%lo"};

    (void)state;
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        if (!outbound_is_public(open[i]))
            fail_msg("%s is public", open[i]);
    }
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
        if (outbound_is_public(closed[i]))
            fail_msg("%s is not public", closed[i]);
    }
}

static void what_is_allowed_besides(void **state)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/x"};
    char text[OUTBOUND_ADDRESS_SIZE];

    (void)state;
    inet_pton(AF_INET, "10.1.2.3", &four.sin_addr);
    inet_pton(AF_INET6, "::ffff:10.1.2.3", &six.sin6_addr);
    assert_false(outbound_may("", "", "a", (struct sockaddr *)&four, text));
    assert_string_equal(text, "10.1.2.3");
    assert_true(outbound_may("x 10.1.0.0/16", "", "a", (struct sockaddr *)&four, text));
    assert_true(outbound_may("10.1.2.3", "", "a", (struct sockaddr *)&six, text));
    assert_false(outbound_may("10.2.0.0/16", "", "a", (struct sockaddr *)&six, text));
    assert_true(outbound_may("b A.example", "", "a.EXAMPLE", (struct sockaddr *)&four, text));
    assert_false(outbound_may("a.example", "", "b.a.example", (struct sockaddr *)&four, text));
    assert_false(outbound_may("a 0.0.0.0/0 ::/0", "", "a", (struct sockaddr *)&local, text));
    assert_string_equal(text, "");
    inet_pton(AF_INET, "9.9.9.9", &four.sin_addr);
    assert_true(outbound_may("", "", "a", (struct sockaddr *)&four, text));
}

static void what_looks_public_and_is_near_is_refused(void **state)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    char text[OUTBOUND_ADDRESS_SIZE];
    struct buf near = {0};

    (void)state;
    inet_pton(AF_INET, "9.9.9.9", &four.sin_addr);
    inet_pton(AF_INET6, "::ffff:9.9.9.9", &six.sin6_addr);
    assert_true(outbound_may("", "9.9.8.0/24", "a", (struct sockaddr *)&four, text));
    assert_false(outbound_may("", "127.0.0.1/8 9.9.9.7/24", "a", (struct sockaddr *)&four, text));
    assert_false(outbound_may("", "9.9.9.9/32", "a", (struct sockaddr *)&six, text));
    assert_true(outbound_may("9.9.9.9", "9.9.9.7/24", "a", (struct sockaddr *)&four, text));
    inet_pton(AF_INET6, "2a00:1450::5", &six.sin6_addr);
    assert_false(outbound_may("", "2a00:1450::1/64", "a", (struct sockaddr *)&six, text));
    assert_int_equal(outbound_near(&near), 0);
    assert_true(network_list_holds(buf_text(&near), "127.0.0.1"));
    assert_false(network_list_holds(buf_text(&near), "9.9.9.9"));
    buf_clear(&near);
}

/* -- when -- */

static void the_delays_grow_to_about_a_day(void **state)
{
    int64_t least = 0, most = 0;

    (void)state;
    for (int64_t tries = 1; tries < DELIVERY_TRIES_MAX; tries++) {
        assert_true(delivery_delay_ms(tries, 0) >= 4000);
        assert_true(delivery_delay_ms(tries, 0) < delivery_delay_ms(tries, UINT32_MAX));
        if (tries > 1)
            assert_true(delivery_delay_ms(tries, 0) > delivery_delay_ms(tries - 1, UINT32_MAX));
        least += delivery_delay_ms(tries, 0);
        most += delivery_delay_ms(tries, UINT32_MAX);
    }
    assert_in_range(least, 18 * 3600000LL, 24 * 3600000LL);
    assert_in_range(most, 24 * 3600000LL, 30 * 3600000LL);
    assert_true(delivery_delay_ms(INT64_MAX, 0) > 0 && delivery_delay_ms(0, 0) > 0);
}

static void a_try_settles_what_is_next(void **state)
{
    struct delivery d = {.tries = 1};
    struct delivery_try t = {.status = 500, .fault = "no"};

    (void)state;
    delivery_settle(&d, &t, 1000000, 0);
    assert_true(d.state == DELIVERY_WAITING && d.due_ms == 1004000 && d.tried_ms == 1000000 && d.status == 500);
    assert_string_equal(d.fault, "no");
    t.retry_after_ms = 60000;
    delivery_settle(&d, &t, 1000000, 0);
    assert_int_equal(d.due_ms, 1060000);
    t.retry_after_ms = INT64_MAX;
    delivery_settle(&d, &t, 0, 0);
    assert_int_equal(d.due_ms, 12 * 3600000);
    t.final = true;
    delivery_settle(&d, &t, 0, 0);
    assert_true(d.state == DELIVERY_FAILED && d.due_ms == 0);
    d.tries = DELIVERY_TRIES_MAX;
    t.final = false;
    delivery_settle(&d, &t, 0, 0);
    assert_int_equal(d.state, DELIVERY_FAILED);
    delivery_settle(&d, &(struct delivery_try){.status = 200, .sent = true}, 0, 0);
    assert_true(d.state == DELIVERY_SENT && !d.fault[0]);
}

static void a_delivery_comes_out_of_its_texts_as_it_went_in(void **state)
{
    struct delivery d = {.worker = "W",
                         .event = NOTIFY_STOP,
                         .way = NOTIFY_MAIL,
                         .to = "a@b",
                         .created_ms = 1700000000123,
                         .state = DELIVERY_FAILED,
                         .tries = 8,
                         .tried_ms = 1700000000456,
                         .status = 503,
                         .fault = "a b: c"};
    struct delivery out = {0};
    struct buf target = {0}, record = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        delivery_put_target(&d, &target);
        delivery_put_record(&d, &record);
        assert_int_equal(delivery_read_target(buf_text(&target), &out), 0);
        assert_int_equal(delivery_read_record(buf_text(&record), &out), 0);
        assert_memory_equal(&out, &d, offsetof(struct delivery, fault));
        assert_string_equal(out.fault, d.fault);
        out = (struct delivery){0};
        buf_reset(&target);
        buf_reset(&record);
        memcpy(d.secret, "KEY", 4);
        d.fault[0] = '\0';
    }
    assert_int_equal(delivery_read_target("1 2 3 W KEY", &out), -1);
    assert_int_equal(delivery_read_record("1 2 3", &out), -1);
    assert_int_equal(delivery_read_record("", &out), -1);
    buf_clear(&target);
    buf_clear(&record);
}

/* -- what -- */

static void a_signature_is_that_of_the_specification(void **state)
{
    /* The example of the Standard Webhooks specification's own libraries. */
    static const char body[] = "{\"test\": 2432232314}";
    const struct secret_part parts[] = {
        {"msg_p5jXN8AQM9LWM0D4loKWxJek", 28}, {".", 1}, {"1614265330", 10}, {".", 1}, {body, sizeof body - 1}};
    unsigned char key[64], mac[SECRET_HASH_SIZE];
    char text[SECRET_BASE64_SIZE(SECRET_HASH_SIZE)];
    size_t size;

    (void)state;
    assert_int_equal(secret_from_base64("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", key, sizeof key, &size), 0);
    secret_hmac(key, size, parts, sizeof parts / sizeof *parts, mac);
    secret_to_base64(mac, sizeof mac, text);
    assert_string_equal(text, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_int_equal(secret_from_base64("!", key, sizeof key, &size), -1);
}

static void a_log_is_cut_to_its_last_lines(void **state)
{
    char text[20000];
    const char *log = text;
    size_t size = 0;

    (void)state;
    for (int i = 1; i <= 100; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "line %d\n", i);
    notice_cut_log(&log, &size);
    assert_memory_equal(log, "line 81\n", 8);
    memset(text, 'x', sizeof text);
    log = text;
    size = sizeof text;
    notice_cut_log(&log, &size);
    assert_int_equal(size, NOTICE_LOG_MAX);
    assert_ptr_equal(log + size, text + sizeof text);
    log = "a\nb";
    size = 3;
    notice_cut_log(&log, &size);
    assert_int_equal(size, 3);
    size = 0;
    notice_cut_log(&log, &size);
    assert_int_equal(size, 0);
}

/* Where the header ends. */
static size_t header_size(const struct buf *mail)
{
    const char *end = strstr(buf_text(mail), "\n\n");

    assert_non_null(end);
    return (size_t)(end - mail->data) + 1;
}

static void no_word_of_a_job_becomes_a_header(void **state)
{
    struct job job = {.id = "01M86EA05QK06D5MRW8NYDB81Q",
                      .worker = "W",
                      .state = JOB_ERROR,
                      .name = (char[]){"x\r\nBcc: evil@example.org\r\n\r\nbody"},
                      .reason = (char[]){"\n.\nBcc: evil@example.org"}};
    static const char log[] = "a\0b\r\n.\nBcc: evil@example.org\xff\n";
    struct notice n = {.event = NOTIFY_ERROR, .job = &job, .log = log, .log_size = sizeof log - 1};
    struct mail mail = {.from = "jobs@example.org", .to = "ann@example.org", .id = "ID", .time_ms = 1700000000000};
    struct buf told = {0}, out = {0};
    char *end;

    (void)state;
    notice_put_mail(&n, &told);
    end = strchr(told.data, '\n');
    *end = '\0';
    assert_null(strchr(told.data, '\r'));
    mail.subject = told.data;
    mail.text = end + 1;
    mail.text_size = told.size - (size_t)(mail.text - told.data);
    assert_true(text_is_utf8(mail.text, mail.text_size));
    mail_compose(&mail, &out);
    assert_null(strstr(out.data, "evil"));
    assert_null(strstr(out.data, "\r"));
    assert_null(strstr(out.data, "\n.\n"));
    assert_non_null(strstr(out.data, "\nDate: Tue, 14 Nov 2023 22:13:20 +0000\n"));
    for (const char *line = out.data; *line; line += strcspn(line, "\n") + 1) {
        if (strcspn(line, "\n") > 78)
            fail_msg("a line of %zu bytes", strcspn(line, "\n"));
        if (line < out.data + header_size(&out))
            assert_true(*line == ' ' || (*line >= 'A' && *line <= 'Z'));
    }
    buf_clear(&told);
    buf_clear(&out);
}

static void a_long_subject_is_cut_between_characters(void **state)
{
    struct mail mail = {.from = "a@b", .to = "c@d", .id = "ID", .text = ""};
    struct buf subject = {0}, out = {0};
    char decoded[64];
    int words = 0;

    (void)state;
    for (int i = 0; i < 200; i++)
        buf_puts(&subject, "ä\xe2\x82\xac");
    mail.subject = buf_text(&subject);
    mail_compose(&mail, &out);
    for (const char *at = out.data; (at = strstr(at, "=?UTF-8?B?")); words++) {
        char word[80];
        size_t size;

        at += 10;
        snprintf(word, sizeof word, "%.*s", (int)strcspn(at, "?"), at);
        assert_true(strlen(word) + 12 <= 75);
        assert_int_equal(secret_from_base64(word, decoded, sizeof decoded, &size), 0);
        assert_true(text_is_utf8(decoded, size));
    }
    assert_in_range(words, 4, 5);
    buf_clear(&subject);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_come_out_of_their_text_as_they_went_in),
        cmocka_unit_test(a_text_that_is_none_is_no_target),
        cmocka_unit_test(who_wants_to_hear_of_what),
        cmocka_unit_test(settings_name_them_in_words),
        cmocka_unit_test(addresses_that_could_be_something_else_are_none),
        cmocka_unit_test(urls_are_of_http_alone),
        cmocka_unit_test(only_the_internet_is_public),
        cmocka_unit_test(what_is_allowed_besides),
        cmocka_unit_test(what_looks_public_and_is_near_is_refused),
        cmocka_unit_test(the_delays_grow_to_about_a_day),
        cmocka_unit_test(a_try_settles_what_is_next),
        cmocka_unit_test(a_delivery_comes_out_of_its_texts_as_it_went_in),
        cmocka_unit_test(a_signature_is_that_of_the_specification),
        cmocka_unit_test(a_log_is_cut_to_its_last_lines),
        cmocka_unit_test(no_word_of_a_job_becomes_a_header),
        cmocka_unit_test(a_long_subject_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
