"""Rights that are taken away while a request is under way: it was let in, and must come to nothing all the same."""
import concurrent.futures
import itertools
import shutil
import socket
import subprocess

import pytest

import apache
from test_access import PASSWORD, ask, bearer, command, password, session
from test_races import C, Gate


@pytest.fixture
def pool():
    with concurrent.futures.ThreadPoolExecutor(4) as p:
        yield p


@pytest.fixture(scope="module")
def slow(installed):
    """A server whose compiler waits at a gate while that is shut: PUT /workers takes as long as a test wants."""
    server = apache.Server(installed)
    server.gate = Gate(server, "cc", 'exec cc "$@"')
    server.settings["JOBJOKER_C_COMPILER"] = str(server.gate.program)
    server.sources = itertools.count()
    with apache.running(server):
        yield server


@pytest.fixture
def ann(slow):
    """A developer, with a token and a session of his."""
    assert slow.post("/users", {"name": "ann", "role": "developer", "password": PASSWORD}).status == 201
    made = slow.post("/tokens", {"user": "ann"}).data[0]
    yield {"token": bearer(made["token"])(), "id": made["id"], "session": session(slow, {"user": "ann", "password": PASSWORD})(),
           "password": password("ann")()}
    slow.delete("/users/ann")
    slow.delete("/workers/Late")


TAKEN = {  # with which credentials, what takes it away, and the answer then
    "the token is revoked": ("token", lambda s, ann: s.delete(f"/tokens/{ann['id']}"), 401),
    "the token has expired": ("token", lambda s, ann: age(s), 401),
    "the user is demoted": ("token", lambda s, ann: s.put("/users/ann", {"role": "operator"}), 403),
    "the user is limited": ("token", lambda s, ann: s.put("/users/ann", {"workers": ["Other"]}), 403),
    "the user is disabled": ("token", lambda s, ann: s.put("/users/ann", {"disabled": True}), 401),
    "the user is deleted": ("token", lambda s, ann: s.delete("/users/ann"), 401),
    "the session is ended": ("session", lambda s, ann: ask(s, "DELETE", "/me/sessions", None, ann["session"]), 401),
    "the user with a session is demoted": ("session", lambda s, ann: s.put("/users/ann", {"role": "viewer"}), 403),
    "the password is changed": ("password", lambda s, ann: s.put("/users/ann", {"password": PASSWORD + "!"}), 401),
    "the user with a password is demoted": ("password", lambda s, ann: s.put("/users/ann", {"role": "viewer"}), 403),
    "the user with a password is disabled": ("password", lambda s, ann: s.put("/users/ann", {"disabled": True}), 401),
}


class Done:
    status = 200


def age(server):
    assert server.store.change("UPDATE token SET expires = 1 WHERE account = 'ann' AND kind = 1") == 1
    return Done


def put_slowly(server, pool, headers):
    server.gate.shut()
    source = C + f"/* {next(server.sources)} */\n"  # what was compiled before is not compiled again
    putting = pool.submit(ask, server, "PUT", "/workers/Late", source, headers)
    server.gate.wait_for_somebody()
    return putting


@pytest.mark.parametrize("what", TAKEN)
def test_who_loses_the_right_while_his_worker_is_compiled_puts_none(slow, ann, pool, what):
    by, take, status = TAKEN[what]
    putting = put_slowly(slow, pool, ann[by])
    assert take(slow, ann).status == 200
    slow.gate.open()
    assert putting.result().status == status
    assert slow.get("/workers/Late").status == 404
    refused = [r for r in slow.get("/audit?action=PUT%20/workers/:name&limit=1").data]
    assert [(r["user"], r["status"]) for r in refused] == [("ann", status)]


@pytest.mark.parametrize("by", ["token", "session", "password"])
def test_what_does_not_matter_to_the_request_does_not_end_it(slow, ann, pool, by):
    putting = put_slowly(slow, pool, ann[by])
    assert slow.put("/users/ann", {"role": "admin"}).status == 200
    slow.gate.open()
    assert putting.result().status == 201
    assert slow.get("/workers/Late").status == 200


def test_the_last_request_of_a_right_may_take_it_away_itself(slow, ann):
    assert slow.put("/users/ann", {"role": "admin"}).status == 200
    assert ask(slow, "PUT", "/users/ann", {"role": "viewer"}, ann["password"]).status == 200
    assert ask(slow, "DELETE", "/me/sessions", None, ann["session"]).status == 200


def test_who_loses_the_right_while_many_jobs_are_started_starts_no_more(slow, ann, pool):
    """The second is of a worker in C whose files are gone: its start compiles it."""
    slow.put_worker("Plain", "#!/bin/sh\n")
    assert slow.put_worker("Compiled", C + f"/* {next(slow.sources)} */\n").status in (200, 201)
    ids = [slow.create("Plain"), slow.create("Compiled"), slow.create("Plain")]
    for folder in (slow.data / "code").iterdir():
        shutil.rmtree(folder)
    slow.gate.shut()
    starting = pool.submit(ask, slow, "POST", "/bulk", {"action": "start", "ids": ids}, ann["token"])
    slow.gate.wait_for_somebody()
    assert slow.delete(f"/tokens/{ann['id']}").status == 200
    slow.gate.open()
    assert [j["code"] for j in starting.result().data] == [None, "unauthorized", "unauthorized"]
    assert [slow.job(id)["status"] for id in ids[1:]] == ["idle", "idle"] and slow.ended(ids[0])["status"] == "done"


# --- a body that is long on its way ---

def half_sent(server, method, path, token, body):
    """A request whose body is not there yet, and which somebody answers already."""
    connection = socket.create_connection(("127.0.0.1", server.port), 30)
    connection.sendall(f"{method} {server.base_url}{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
                       f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n{body[:1]}".encode())
    apache.wait_until(lambda: waiting(server), 20, "somebody waits for the body")
    connection.sendall(body[1:-1].encode())
    return connection, body[-1:].encode()


def waiting(server):
    """Is there a program that sleeps, so that it has looked at the credentials? Should it not have yet, it finds them bad."""
    return [p for p, said in server.processes().items() if "cgi-bin/jobjoker" in said and apache.state_of(p) == "S"]


def finish(connection, rest):
    connection.sendall(rest)
    with connection:
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.only_on("cgid", "cgi", reason="there a body is taken in whole before the program is asked")
def test_a_body_that_comes_late_comes_too_late(slow):
    slow.put_worker("Any", "#!/bin/sh\n")
    id = slow.create("Any")
    before = slow.job(id)["progress"]
    made = slow.post("/tokens", {"role": "operator"}).data[0]
    half = half_sent(slow, "PUT", f"/jobs/{id}/progress", made["token"], "42 later")
    assert slow.delete(f"/tokens/{made['id']}").status == 200
    assert finish(*half) == 401
    assert slow.job(id)["progress"] == before


@pytest.mark.only_on("cgid", "cgi", reason="there a body is taken in whole before the program is asked")
def test_what_a_lost_attempt_says_late_is_not_the_next_ones(slow):
    """Its token was good when the request began; the job has been started again since."""
    slow.put_worker("Tells", "#!/bin/sh\nmkfifo go\necho $JOBJOKER_TOKEN\nread x <go\n")
    id = slow.start_job("Tells", on_lost="requeue")
    said = "STARTED\njjw_"
    token = apache.wait_until(lambda: slow.log(id).startswith(said) and slow.log(id).split("\n")[1], 20, "the worker's token")
    half = half_sent(slow, "POST", f"/jobs/{id}/log", token, "from the lost one")
    subprocess.run(["kill", "-9", str(apache.runner_of(slow, id))], check=True)
    apache.wait_until(lambda: slow.job(id)["attempt"] == 2, 20, "the second attempt")
    assert finish(*half) == 401
    assert "from the lost one" not in slow.log(id)
    assert slow.put(f"/jobs/{id}/status", "kill").status == 200


# --- readers that take their time ---

def test_who_follows_a_log_is_cut_off_with_his_token(slow):
    slow.put_worker("Talks", "#!/bin/sh\nmkfifo go\necho first\nread x <go\necho second\nread x <go\n")
    id = slow.start_job("Talks")
    made = slow.post("/tokens", {"role": "viewer"}).data[0]
    follower = subprocess.Popen(["curl", "-q", "-sSN", "--noproxy", "*", "-H", f"Authorization: Bearer {made['token']}", f"{slow.url}/jobs/{id}/log.txt?follow=1"],
                                stdout=subprocess.PIPE)
    assert [follower.stdout.readline() for _ in range(2)] == [b"STARTED\n", b"first\n"]
    assert slow.delete(f"/tokens/{made['id']}").status == 200
    rest = follower.communicate(timeout=30)[0]  # it ends by itself while the job runs
    assert b"second" not in rest and slow.status(id) == "active"
    slow.put(f"/jobs/{id}/status", "kill")


def test_who_waits_for_a_job_is_sent_away_with_his_token(slow, pool):
    slow.put_worker("Waits", "#!/bin/sh\nmkfifo go\nread x <go\n")
    id = slow.start_job("Waits")
    made = slow.post("/tokens", {"role": "viewer"}).data[0]
    answers = [pool.submit(ask, slow, "GET", f"/jobs/{id}{path}?wait=60", None, bearer(made["token"])()) for path in ("", "/response")]
    apache.wait_until(lambda: (slow.connections() if slow.is_persistent else len(waiting(slow))) == 2, 20, "both wait")
    assert slow.delete(f"/tokens/{made['id']}").status == 200
    assert [a.result().status for a in answers] == [401, 401]
    slow.put(f"/jobs/{id}/status", "kill")


# --- sessions ---

def test_no_session_outlives_what_it_was_begun_with(slow, pool):
    """Begun at the moment in which the token ends: before it, and then it ends with it, or not at all."""
    for i in range(20):
        made = slow.post("/tokens", {"role": "viewer"}).data[0]
        source = f"127.0.1.{i}"  # what comes too late is a wrong token, and of those each address has a few only
        beginning = [pool.submit(ask, slow, "POST", "/session", {"token": made["token"]}, source=source) for _ in range(3)]
        ending = pool.submit(slow.delete, f"/tokens/{made['id']}")
        assert ending.result().status == 200
        assert {a.result().status for a in beginning} <= {200, 401}
        assert slow.store.sql("SELECT count(*) FROM token WHERE parent IS NOT NULL") == [(0,)]
