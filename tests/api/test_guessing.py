"""Who guesses is slowed down, and slows down nobody else."""
import pytest

import apache
from test_access import PASSWORD, add_user

FREE_OF_USER, FREE_OF_ADDRESS, FREE_OF_TOKEN = 5, 50, 20  # cgi-bin/guess.c


@pytest.fixture
def server(new_server):
    return new_server()


def log_in(server, user="admin", secret="wrong", source="127.0.0.1"):
    """By a header, or by the page's form: both count."""
    return server.get("/me", "--interface", source, auth=apache.basic(user, secret))


def freeze(server, failures=None):
    """Makes the waits that began last as long as the test takes: the last failure is in the future. With `failures`, as if
    so many had been counted everywhere, so that nobody has to send them."""
    server.store.change("UPDATE failure SET last = last + 3600000")
    if failures:
        server.store.change("UPDATE failure SET count = ?", failures)


def guess(server, times, **more):
    for _ in range(times):
        assert log_in(server, **more).status == 401


def test_a_user_is_guessed_slower_and_slower(server):
    guess(server, FREE_OF_USER + 1)
    freeze(server)
    answer = log_in(server)
    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (429, "too_many_failures", "1")
    for more, wait in ((2, "2"), (9, "256"), (10, "512"), (11, "900"), (1000, "900")):
        freeze(server, FREE_OF_USER + more)
        assert log_in(server).headers["retry-after"] == wait


def test_the_right_password_waits_as_well_or_it_would_be_told(server):
    guess(server, FREE_OF_USER + 1)
    freeze(server)
    assert log_in(server, secret=server.password).status == 429
    assert server.post("/session", {"user": "admin", "password": server.password}, auth=None).status == 429


def test_the_owner_at_another_address_does_not_notice(server):
    guess(server, FREE_OF_USER + 1)
    freeze(server)
    assert log_in(server).status == 429
    assert log_in(server, secret=server.password, source="127.0.0.2").status == 200
    assert server.get("/me").status == 200  # a token has nothing to do with it, wherever it comes from
    assert log_in(server, secret=server.password).status == 429  # that it was right there tells nothing here


def test_another_user_at_the_address_waits_only_when_the_address_does(server):
    add_user(server, "other", "viewer")
    guess(server, FREE_OF_USER + 1)
    freeze(server)
    assert log_in(server).status == 429
    assert log_in(server, "other", PASSWORD).status == 200
    freeze(server, FREE_OF_ADDRESS + 1)
    assert log_in(server, "other", PASSWORD).status == 429
    assert log_in(server, "somebody", "x").status == 429
    assert log_in(server, "other", PASSWORD, source="127.0.0.2").status == 200


def test_a_right_password_clears_what_the_user_mistyped_and_not_what_the_address_did(server):
    for _ in range(3):
        guess(server, FREE_OF_USER)
        assert log_in(server, secret=server.password).status == 200
    assert server.store.sql("SELECT count FROM failure") == [(3 * FREE_OF_USER,)]


def test_after_the_wait_it_may_be_tried_again(server):
    guess(server, FREE_OF_USER + 1)
    freeze(server)
    assert log_in(server, secret=server.password).status == 429
    server.store.change("UPDATE failure SET last = last - 3600000 - 1000")
    assert log_in(server, secret=server.password).status == 200


def test_wrong_tokens_are_counted_by_address_and_right_ones_never_wait(server):
    for n in range(FREE_OF_TOKEN + 1):
        assert server.get("/me", auth=f"Bearer wrong{n}").status == 401
    freeze(server)
    answer = server.get("/me", auth="Bearer wrong")
    assert answer.status == 429 and answer.headers["retry-after"]
    assert server.get("/me").status == 200
    assert server.get("/me", "--interface", "127.0.0.2", auth="Bearer wrong").status == 401
    assert log_in(server, secret=server.password).status == 200
    assert server.post("/session", {"token": "wrong"}, auth=None).status == 429
    # What was refused like this is not written down: who floods us makes no work for the database.
    assert sorted(server.store.sql("SELECT count FROM failure")) == [(1,), (FREE_OF_TOKEN + 1,)]


def test_nothing_that_was_typed_is_stored(server):
    log_in(server, "hunter2-typed-as-name", "hunter2-typed-as-password")
    raw = server.store.raw()
    assert b"hunter2" not in raw


def test_an_unknown_user_and_a_wrong_password_look_the_same(server):
    add_user(server, "former", "viewer")
    add_user(server, "remote", "viewer", "--no-password")
    server.store.change("UPDATE account SET disabled = 1 WHERE name = 'former'")
    answers = [log_in(server, "admin", "wrong"), log_in(server, "nobody", "wrong"), log_in(server, "former", PASSWORD),
               log_in(server, "remote", ""), log_in(server, "x" * 300, "wrong")]
    assert {a.status for a in answers} == {401}
    assert len({a.body for a in answers}) == 1
    varying = {"date", "content-length", "transfer-encoding"}  # Apache's own
    heads = [{k: v for k, v in a.headers.items() if k not in varying} for a in answers]
    for head in heads:
        assert head == heads[0]
