/* Addresses, networks, and lists of words. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/network.h"
#include "base/text.h"

static void a_network_holds_its_addresses_and_no_other(void **state)
{
    static const struct {
        const char *networks, *address;
        bool held;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8", false},
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.99/24", "192.0.2.1", true}, /* bits beyond the prefix say nothing */
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"10.0.0.0/9", "10.127.255.255", true},
        {"10.0.0.0/9", "10.128.0.0", false},
        {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "192.0.2.7", false},
        {"::/0", "::ffff:192.0.2.7", false},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
        {"2001:db8::/127", "2001:db8::1", true},
        {"2001:db8::/127", "2001:db8::2", false},
        {"2001:DB8::A", "2001:db8:0:0::a", true},
        {"::1", "::1", true},
        {"192.0.2.0/24", "::ffff:192.0.2.7", true}, /* a socket for both families tells IPv4 like this */
        {"::ffff:192.0.2.0/120", "192.0.2.7", true},
        {"::ffff:192.0.2.0/120", "192.0.3.7", false},
        {"10.0.0.0/8 2001:db8::/32  192.0.2.7", "192.0.2.7", true},
        {"10.0.0.0/8 2001:db8::/32", "192.0.2.7", false},
        {"", "192.0.2.7", false},
        {"nonsense 192.0.2.7", "192.0.2.7", true},
        {"0.0.0.0/0 ::/0", "", false},
        {"0.0.0.0/0 ::/0", "localhost", false},
        {"0.0.0.0/0 ::/0", "192.0.2.0/24", false},
        {"0.0.0.0/0 ::/0", "192.0.2.7 ", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (network_list_holds(cases[i].networks, cases[i].address) != cases[i].held)
            fail_msg("%s in %s", cases[i].address, cases[i].networks);
    }
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.7/",
        "192.0.2.7/33",
        "192.0.2.7/-1",
        "192.0.2.7/2x",
        "192.0.02.7",
        "::1/129",
        ":::",
        "::1%lo",
        "2001:db8::g",
        "/8",
        "192.0.2.7/8/8",
        "1.2.3.4:80",
        "0x7f.0.0.1",
        "192.0.2.7/ 8",
        "[::1]",
        "::ffff:192.0.2.7/95x",
    };
    struct network n;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (network_parse(bad[i], &n) == 0)
            fail_msg("%s was taken", bad[i]);
    }
}

static bool same_sender(const char *a, const char *b)
{
    struct network x, y;

    network_sender(a, &x);
    network_sender(b, &y);
    return x.ipv4 == y.ipv4 && memcmp(x.bytes, y.bytes, sizeof x.bytes) == 0;
}

static void one_subscriber_is_one_sender(void **state)
{
    (void)state;
    assert_true(same_sender("192.0.2.7", "::ffff:192.0.2.7"));
    assert_false(same_sender("192.0.2.7", "192.0.2.8"));
    assert_true(same_sender("2001:db8::1", "2001:db8::ffff:1"));
    assert_false(same_sender("2001:db8::1", "2001:db8:0:1::1"));
    assert_true(same_sender("", "no address"));
    assert_false(same_sender("", "192.0.2.7"));
}

static void words_are_found_whole(void **state)
{
    (void)state;
    assert_true(text_in_words("a bc d", "bc") && text_in_words("a bc d", "a") && text_in_words("a  d", "d"));
    assert_false(text_in_words("a bc d", "b") || text_in_words("a bc d", "c") || text_in_words("a bc d", "a bc"));
    assert_false(text_in_words("a  d", "") || text_in_words("", "") || text_in_words("", "a"));
}

static void words_come_one_by_one(void **state)
{
    const char *words = "  one four  ";
    char word[4];

    (void)state;
    assert_true(text_next_word(&words, word, sizeof word));
    assert_string_equal(word, "one");
    assert_true(text_next_word(&words, word, sizeof word));
    assert_string_equal(word, "fou"); /* cut */
    assert_false(text_next_word(&words, word, sizeof word));
}

static void common_words_stand_in_both(void **state)
{
    static const struct {
        const char *a, *b, *both;
    } cases[] = {
        {"a b c", "c x a", "a c"}, {"a b", "c d", ""},   {"", "a", ""},          {"a", "", ""},
        {"ab a", "a", "a"},        {"a ab", "ab", "ab"}, {" long  b", "b", "b"}, {"x y", "x y z", "x y"},
    };
    char out[16];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text_common_words(cases[i].a, cases[i].b, out);
        assert_string_equal(out, cases[i].both);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_holds_its_addresses_and_no_other),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(one_subscriber_is_one_sender),
        cmocka_unit_test(words_are_found_whole),
        cmocka_unit_test(words_come_one_by_one),
        cmocka_unit_test(common_words_stand_in_both),
    };

    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
