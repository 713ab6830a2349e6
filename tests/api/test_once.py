"""Idempotency-Key: a job is made once, however often its request is sent."""
import concurrent.futures
import pathlib
import subprocess

import pytest

import apache

SHORT = "#!/bin/sh\necho ran\n"


@pytest.fixture(scope="module")
def workers(server):
    server.put_worker("Short", SHORT)
    return server


def make(server, key, body=None, **more):
    return server.post("/jobs", body or {"worker": "Short", "start": True}, "-H", f"Idempotency-Key: {key}", **more)


def jobs_named(server, name):
    return server.get(f"/jobs?name={name}").json["total"]


@pytest.mark.parametrize("more", [{}, {"start": True}, {"start": True, "queue": "once"}], ids=["idle", "started", "in line"])
def test_the_same_key_and_body_give_the_same_job(workers, request, more):
    workers.put("/queues/once", {"slots": 1})
    body = {"worker": "Short", "name": request.node.name, **more}
    first = make(workers, request.node.name, body)
    assert first.status == 201 and "idempotency-replayed" not in first.headers
    again = make(workers, request.node.name, body)
    assert (again.status, again.headers["idempotency-replayed"]) == (200, "true")
    assert again.data[0]["id"] == first.data[0]["id"]
    assert jobs_named(workers, request.node.name.replace(" ", "%20")) == 1
    text = workers.post("/jobs", body, "-H", f"Idempotency-Key: {request.node.name}", "-H", "Accept: text/plain").text
    assert text == first.data[0]["id"] + "\n"


def test_another_body_is_refused(workers):
    assert make(workers, "other").status == 201
    answer = make(workers, "other", {"worker": "Short"})
    assert (answer.status, answer.json["code"]) == (422, "key_reused")


def test_without_a_key_or_with_another_each_request_makes_a_job(workers):
    ids = {make(workers, key).data[0]["id"] for key in ("k1", "k2")} | {workers.create("Short") for _ in range(2)}
    assert len(ids) == 4


def test_of_many_at_once_one_makes_the_job(workers):
    body = {"worker": "Short", "name": "many-at-once", "start": True}
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: make(workers, "many", body), range(10)))
    assert sorted(a.status for a in answers) == [200] * 9 + [201]
    assert len({a.data[0]["id"] for a in answers}) == 1 and jobs_named(workers, "many-at-once") == 1
    id = answers[0].data[0]["id"]
    assert workers.ended(id)["status"] == "done" and workers.log(id).count("ran\n") == 1


def test_what_was_refused_used_no_key(workers):
    assert make(workers, "refused", {"worker": "Nobody"}).status == 422
    assert make(workers, "refused").status == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "\u00fc"])
def test_a_key_is_visible_and_not_too_long(workers, key):
    header = "Idempotency-Key;" if not key else f"Idempotency-Key: {key}"
    answer = workers.post("/jobs", {"worker": "Short"}, "-H", header)
    assert (answer.status, answer.json["code"]) == (400, "key_invalid")


def test_a_key_is_its_users_own(workers):
    command = apache.as_user() + [str(workers.site / "cgi-bin/jobjoker")]
    env = {"PATH": apache.PATH, "JOBJOKER_DATA": str(workers.data)}
    subprocess.run([*command, "user", "add", "keyed", "--role", "operator", "--no-password"], env=env, check=True)
    token = subprocess.run([*command, "token", "create", "keyed"], env=env, check=True, capture_output=True, text=True).stdout.strip()
    mine, theirs = make(workers, "shared"), make(workers, "shared", auth=f"Bearer {token}")
    assert (mine.status, theirs.status) == (201, 201) and mine.data[0]["id"] != theirs.data[0]["id"]


def test_the_job_of_a_key_may_be_gone(workers):
    id = make(workers, "gone").data[0]["id"]
    workers.ended(id)
    assert workers.delete(f"/jobs/{id}").status == 200
    answer = make(workers, "gone")
    assert (answer.status, answer.json["code"]) == (410, "job_deleted")


def test_a_key_is_good_for_a_day(new_server):
    server = new_server(start=False)
    clock = pathlib.Path(server.top / "clock")

    def ahead(hours):
        clock.with_suffix(".new").write_text(f"{int(hours * 3600000)}\n")
        clock.with_suffix(".new").chmod(0o644)
        clock.with_suffix(".new").rename(clock)

    ahead(0)
    server.settings["JOBJOKER_CLOCK_FILE"] = str(clock)
    server.start()
    server.put_worker("Short", SHORT)
    first = make(server, "day").data[0]["id"]
    ahead(23.9)
    assert make(server, "day").data[0]["id"] == first
    ahead(24.1)
    again = make(server, "day")
    assert again.status == 201 and again.data[0]["id"] != first
