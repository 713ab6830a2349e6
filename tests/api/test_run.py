"""POST /workers/NAME/run: a job is made, started and waited for in one request."""
import concurrent.futures

import pytest

import apache
from test_access import add_user, new_token

SAYS = '#!/bin/sh\n# Parameters: {"properties": {"word": {"type": "string"}}}\necho ran\necho "::response::said ${JOBJOKER_PARAM_word:-nothing}"\nexit ${JOBJOKER_PARAM_code:-0}\n'
WAITS = '#!/bin/sh\nmkfifo gate\necho ready\nread line < gate\necho "::response::went on"\n'
AS_TEXT = ("-H", "Accept: text/plain")


@pytest.fixture(scope="module")
def workers(server):
    server.put_worker("Says", SAYS)
    server.put_worker("Waits", WAITS)
    return server


def run(server, worker, body="", *options, wait=60, **more):
    return server.post(f"/workers/{worker}/run" + ("" if wait is None else f"?wait={wait}"), body, *options, **more)


def count(server):
    return server.get("/jobs?limit=1").json["total"]


def test_the_answer_is_the_response(workers):
    answer = run(workers, "Says", {"word": "Grüße"}, *AS_TEXT)
    assert (answer.status, answer.headers["content-type"], answer.text) == (200, "text/plain; charset=utf-8", "said Grüße")
    path = answer.headers["content-location"]
    assert path.endswith("/response") and "location" not in answer.headers
    id = path.split("/")[-2]
    assert workers.job(id)["parameters"] == {"word": "Grüße"} and workers.response(id) == answer.text
    entries = run(workers, "Says").data
    assert [e["message"] for e in entries] == ["said nothing"]


def test_a_job_that_fails_is_a_failure_and_leads_to_the_job(workers):
    answer = run(workers, "Says", {"code": 3}, *AS_TEXT)
    assert answer.status == 424 and "ended as error" in answer.text
    assert run(workers, "Says", {"code": 3}).json["code"] == "job_failed"
    job = workers.job(answer.headers["location"].split("/")[-1])
    assert (job["status"], job["exit_code"]) == ("error", 3) and "content-location" not in answer.headers


def test_one_that_is_not_over_goes_on(workers):
    answer = run(workers, "Waits", wait=0)
    assert (answer.status, answer.json["code"]) == (504, "job_not_over")
    id = answer.headers["location"].split("/")[-1]
    assert id in answer.json["message"] and "goes on" in answer.json["message"]
    apache.wait_until(lambda: "ready\n" in workers.log(id), 20, "the worker to be ready")
    (workers.data / "run" / id / "work/gate").write_text("on\n")
    assert workers.ended(id)["status"] == "done" and workers.response(id) == "went on"


def test_without_a_wait_the_answer_is_the_job(workers):
    answer = run(workers, "Says", wait=None)
    job = answer.data[0]
    assert answer.status == 201 and answer.headers["location"].endswith(f"/jobs/{job['id']}")
    assert workers.ended(job["id"])["status"] == "done"
    text = run(workers, "Says", "", *AS_TEXT, wait=None).text
    assert workers.ended(text.strip())["status"] == "done"


def test_sent_again_under_its_key_the_same_job_is_waited_for(workers):
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: run(workers, "Says", {"word": "once"}, "-H", "Idempotency-Key: run", *AS_TEXT), range(6)))
    assert {(a.status, a.text) for a in answers} == {(200, "said once")}
    assert len({a.headers["content-location"] for a in answers}) == 1
    other = run(workers, "Waits", {"word": "once"}, "-H", "Idempotency-Key: run", wait=0)
    assert (other.status, other.json["code"]) == (422, "key_reused")


@pytest.mark.parametrize("body, status, code", [
    ("[]", 422, None), ("{", 400, None), ('{}, "name": "x"', 400, None), ({"word": 1}, 422, "parameters_invalid"),
])
def test_what_cannot_be_taken_makes_no_job(workers, body, status, code):
    before = count(workers)
    answer = run(workers, "Says", body)
    assert answer.status == status and code in (None, answer.json["code"]), answer
    assert count(workers) == before


def test_a_wait_is_at_most_a_minute(workers):
    before = count(workers)
    for wait in ("61", "-1", "x"):
        assert run(workers, "Says", wait=wait).status == 400
    assert count(workers) == before
    assert run(workers, "Nobody").status == 404


def test_a_token_of_one_worker_runs_that_one_alone(workers):
    add_user(workers, "hook", "operator")
    token = new_token(workers, "hook", "--workers", "Says")
    before = count(workers)
    for worker, status in (("Says", 200), ("Waits", 404), ("Nobody", 404)):
        assert run(workers, worker, auth=f"Bearer {token}").status == status
    assert count(workers) == before + 1
