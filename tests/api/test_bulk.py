"""The same done to many jobs in one request."""
import subprocess

import pytest

import apache

NEVER = "01M86EA05QK06D5MRW8NYDB81Q"


@pytest.fixture(scope="module")
def workers(server):
    server.put_worker("Bulk", "#!/bin/sh\necho \"::response::$JOBJOKER_PARAM_say\"\n")
    server.put_worker("Sleeps", "#!/bin/sh\necho ready\nexec sleep 600\n")
    return server


def bulk(server, action, **which):
    answer = server.post("/bulk", {"action": action, **which})
    assert answer.status == 200, answer
    return answer


def fared(answer):
    return [(j["id"], j["success"], j["status"], j["code"]) for j in answer.data]


def test_start_by_ids_tells_how_each_one_fared(workers):
    ids = [workers.create("Bulk") for _ in range(3)]
    over = workers.run("Bulk")["id"]
    answer = bulk(workers, "start", ids=[ids[0], over, NEVER, *ids[1:]])
    assert answer.json["total"] == 5
    assert [(j["id"], j["success"], j["code"]) for j in answer.data] == [
        (ids[0], True, None), (over, False, "job_over"), (NEVER, False, "job_unknown"), (ids[1], True, None), (ids[2], True, None)]
    for id in ids:
        assert workers.ended(id)["status"] == "done"


def test_stop_and_kill_by_filter(workers):
    ids = [workers.start_job("Sleeps", name=f"bulk-{n % 2}") for n in range(4)]
    for id in ids:
        apache.wait_until(lambda: "ready\n" in workers.log(id), 20, "the worker to be ready")
    answer = bulk(workers, "kill", filter={"name": "bulk-0", "status": "active"})
    assert fared(answer) == [(id, True, "stop", None) for id in ids[0::2]]
    assert answer.json["total"] == 2
    bulk(workers, "stop", filter={"worker": "Sleeps", "status": "active"})
    for id in ids[1::2]:
        assert workers.ended(id)["status"] == "stop"
    assert bulk(workers, "stop", filter={"worker": "Sleeps", "status": "active"}).data == []


def test_jobs_that_wait_are_taken_out_of_their_line(workers):
    workers.put("/queues/bulk", {"slots": 1, "paused": True})
    ids = [workers.start_job("Bulk", queue="bulk") for _ in range(5)]
    assert fared(bulk(workers, "stop", filter={"worker": "Bulk", "status": "idle"}))[-5:] == [(id, True, "stop", None) for id in ids]
    assert workers.get("/queues/bulk").data[0]["waiting"] == 0
    assert workers.delete("/queues/bulk").status == 200


def test_what_was_listed_as_idle_and_has_begun_since_is_not_stopped(workers):
    """The stop of the one that takes both slots lets the next one begin."""
    workers.put("/queues/pair", {"slots": 2})
    one = workers.start_job("Sleeps", queue="pair")
    both = workers.start_job("Sleeps", queue="pair", slots=2)
    small = [workers.start_job("Sleeps", queue="pair") for _ in range(8)]
    told = {j["id"]: j["code"] for j in bulk(workers, "stop", filter={"queue": "pair", "status": "idle"}).data}
    assert told[both] is None
    for id in small:
        job = workers.job(id)
        if told[id] is None:
            assert (job["status"], job["starttime"]) == ("stop", None), job
        else:
            assert (told[id], job["status"]) == ("job_moved", "active"), job
    bulk(workers, "kill", filter={"queue": "pair", "status": "active"})
    assert workers.status(one) == "stop"


def test_delete_takes_those_that_are_over(workers):
    over, active = workers.run("Bulk", name="gone")["id"], workers.start_job("Sleeps", name="gone")
    assert fared(bulk(workers, "delete", filter={"name": "gone"})) == [(over, True, None, None), (active, False, None, "job_active")]
    assert workers.get(f"/jobs/{over}").status == 404
    workers.put(f"/jobs/{active}/status", "kill")


def test_retry_makes_each_once_more(workers):
    workers.put("/queues/again", {"slots": 2})
    before = workers.run("Bulk", {"say": "hey"}, name="first", timeout=60, limits={"cpu": 5}, queue="again", slots=2, priority=3,
                         on_lost="requeue", retries={"limit": 1, "delay": 0})
    (told,) = bulk(workers, "retry", ids=[before["id"]]).data
    assert told["success"] and told["job"] != before["id"]
    job = workers.ended(told["job"])
    same = ("worker", "parameters", "name", "timeout", "limits", "queue", "slots", "priority", "on_lost", "retries")
    assert [job[key] for key in same] == [before[key] for key in same]
    assert job["status"] == "done" and workers.response(job["id"]) == "hey"
    idle = workers.create("Bulk")
    assert bulk(workers, "retry", ids=[idle]).data[0]["code"] == "job_idle"


@pytest.mark.parametrize("body", [
    {}, [], {"action": "start"}, {"action": "burn", "ids": []}, {"action": "start", "ids": ["x"]}, {"action": "start", "ids": NEVER},
    {"action": "start", "ids": [NEVER] * 1001}, {"action": "start", "filter": {}}, {"action": "start", "filter": {"state": "idle"}},
    {"action": "start", "filter": {"status": "lazy"}}, {"action": "start", "filter": {"since": "now"}}, {"action": "start", "filter": {"name": ""}},
    {"action": "start", "ids": [NEVER], "filter": {"name": "x"}}, {"action": "start", "ids": [NEVER], "more": 1}])
def test_what_is_not_clear_is_refused(workers, body):
    answer = workers.post("/bulk", body)
    assert (answer.status, answer.json["code"]) == (422, "bulk_invalid")


def test_a_thousand_ids_are_taken(workers):
    answer = bulk(workers, "start", ids=[NEVER] * 1000)
    assert len(answer.data) == answer.json["total"] == 1000 and {j["code"] for j in answer.data} == {"job_unknown"}


def test_who_is_limited_reaches_no_other_jobs(workers):
    command = apache.as_user() + [str(workers.site / "cgi-bin/jobjoker")]
    env = {"PATH": apache.PATH, "JOBJOKER_DATA": str(workers.data)}
    token = subprocess.run([*command, "token", "create", "admin", "--role", "operator", "--workers", "Bulk"], env=env, check=True,
                           capture_output=True, text=True).stdout.strip()
    mine, hidden = workers.create("Bulk", name="limited"), workers.create("Sleeps", name="limited")
    for which in ({"ids": [mine, hidden]}, {"filter": {"name": "limited"}}):
        answer = workers.post("/bulk", {"action": "delete", **which}, auth=f"Bearer {token}")
        told = {j["id"]: j["code"] for j in answer.data}
        assert told.get(hidden, "job_unknown") == "job_unknown" and ("filter" not in which or hidden not in told)
    assert workers.get(f"/jobs/{mine}").status == 404 and workers.get(f"/jobs/{hidden}").status == 200


def test_the_jobs_of_a_queue_or_a_schedule_are_listed_and_taken(workers):
    workers.put("/queues/some", {"slots": 1, "paused": True})
    ids = [workers.start_job("Bulk", queue="some") for _ in range(3)]
    other = workers.create("Bulk")
    listed = workers.get("/jobs?queue=some&limit=2")
    assert [j["id"] for j in listed.data] == ids[:0:-1] and listed.json["total"] == 3
    assert fared(bulk(workers, "stop", filter={"queue": "some"})) == [(id, True, "stop", None) for id in ids]
    assert bulk(workers, "stop", filter={"schedule": NEVER}).data == []
    assert workers.status(other) == "idle"
    assert workers.get("/jobs?queue=none").json["total"] == 0
    assert workers.delete("/queues/some").status == 200
