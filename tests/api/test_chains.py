"""Jobs that come after others, one by one or as a list, and what they get of their responses."""
import concurrent.futures
import json

import pytest

import apache
import store
from apache import kill_and_wait, runner_of, state_of, tick

NEVER = "01M86EA05QK06D5MRW8NYDB81Q"
# Ends as it is told, and answers what it was given.
ENDS = '#!/bin/sh\n[ -z "$JOBJOKER_PARAM_say" ] || echo "::response::$JOBJOKER_PARAM_say"\nexit ${JOBJOKER_PARAM_code:-0}\n'
WAITS = "#!/bin/sh\nmkfifo gate\necho ready\nread line < gate\n"
TYPED = '#!/bin/sh\n# Parameters: {"properties": {"n": {"type": "integer"}, "text": {"type": "string", "default": "none"}}, "required": ["n"]}\ncat | sed "s/^/::response::/"\n'


@pytest.fixture(scope="module")
def workers(server):
    server.put_worker("Ends", ENDS)
    server.put_worker("Waits", WAITS)
    server.put_worker("Typed", TYPED)
    return server


def let_go(server, id):
    apache.wait_until(lambda: "ready\n" in server.log(id), 20, "the worker to be ready")
    (server.data / "run" / id / "work" / "gate").write_text("go\n")


def by_ref(server, body):
    """Posts a list; the ids by `ref`."""
    answer = server.post("/jobs", body)
    assert answer.status == 201, answer
    assert answer.json["total"] == len(body)
    return {entry.get("ref"): job["id"] for entry, job in zip(body, answer.data)}


# --- one after another ---

def test_a_job_waits_for_the_one_before_it(workers):
    first = workers.start_job("Waits")
    second = workers.create("Ends", after=[first])
    job = workers.job(second)
    assert (job["status"], job["waiting"]["for"], job["waiting"]["position"]) == ("idle", "job", None)
    assert job["after"] == [{"job": first, "on": "done", "status": None}]
    assert workers.put(f"/jobs/{second}/status", "start").json["code"] == "job_waiting"
    let_go(workers, first)
    job = workers.ended(second)
    assert (job["status"], job["after"]) == ("done", [{"job": first, "on": "done", "status": "done"}])
    assert job["starttime"] >= workers.job(first)["stoptime"]


@pytest.mark.parametrize("on", ["done", "error", "stop", "ended"])
@pytest.mark.parametrize("end", ["done", "error", "stop"])
def test_the_end_of_the_one_before_decides(workers, on, end):
    first = workers.start_job("Waits") if end != "error" else workers.create("Ends", {"code": 3})
    second = workers.create("Ends", after=[{"job": first, "on": on}])
    third = workers.create("Ends", after=[{"job": second, "on": "ended"}])
    if end == "done":
        let_go(workers, first)
    else:
        workers.put(f"/jobs/{first}/status", "stop" if end == "stop" else "start")
    job = workers.ended(second)
    if on in (end, "ended"):
        assert job["status"] == "done"
    else:
        assert (job["status"], job["reason"], job["attempt"]) == ("stop", f"not run: job {first} before it ended as {end}", 0)
    assert workers.ended(third)["status"] == "done"


@pytest.mark.parametrize("end, status", [("done", "done"), ("error", "stop")])
def test_one_that_is_over_already_counts(workers, end, status):
    first = workers.run("Ends", {"code": 0 if end == "done" else 3})["id"]
    second = workers.create("Ends", after=[first])
    assert workers.ended(second)["status"] == status


def test_a_cancelled_job_cancels_all_that_need_it(workers):
    first = workers.create("Ends", {"code": 3})
    ids = [first]
    for _ in range(20):
        ids.append(workers.create("Ends", after=[ids[-1]]))
    rescue = workers.create("Ends", after=[{"job": ids[10], "on": "stop"}])
    workers.put(f"/jobs/{first}/status", "start")
    for n, id in enumerate(ids[1:]):
        job = workers.ended(id)
        assert (job["status"], job["reason"]) == ("stop", f"not run: job {ids[n]} before it ended as {'stop' if n else 'error'}")
    assert workers.ended(rescue)["status"] == "done"


def test_many_before_one_and_one_before_many(workers):
    firsts = [workers.start_job("Waits") for _ in range(3)]
    last = workers.create("Ends", after=firsts)
    others = [workers.create("Ends", after=[last]) for _ in range(3)]
    for id in firsts[:2]:
        let_go(workers, id)
        workers.ended(id)
    assert workers.job(last)["waiting"]["for"] == "job"
    let_go(workers, firsts[2])
    for id in [last, *others]:
        assert workers.ended(id)["status"] == "done"
    graph = workers.get(f"/jobs/{others[1]}/graph").json
    assert graph["complete"] is True and graph["total"] == 7
    assert {n["id"]: [a["job"] for a in n["after"]] for n in graph["data"]} == {
        **{id: [] for id in firsts}, last: firsts, **{id: [last] for id in others}}


def test_one_that_fails_is_enough_to_cancel_though_others_run(workers):
    runs, fails = workers.start_job("Waits"), workers.create("Ends", {"code": 3})
    last = workers.create("Ends", after=[runs, fails])
    workers.put(f"/jobs/{fails}/status", "start")
    assert workers.ended(last)["reason"] == f"not run: job {fails} before it ended as error"
    assert workers.status(runs) == "active"
    let_go(workers, runs)


def test_a_job_is_not_over_while_it_is_tried_again(workers):
    workers.put_worker("Second", "#!/bin/sh\n[ $JOBJOKER_ATTEMPT -gt 1 ]\n")
    first = workers.create("Second", retries={"limit": 1, "delay": 0})
    second = workers.create("Ends", after=[first])
    workers.put(f"/jobs/{first}/status", "start")
    assert workers.ended(second)["status"] == "done"


def test_who_comes_after_others_may_stand_in_line_then(workers):
    workers.put("/queues/chain", {"slots": 1})
    first = workers.start_job("Waits", queue="chain")
    blocks = workers.start_job("Waits", queue="chain")
    second = workers.create("Ends", after=[first], queue="chain")
    let_go(workers, first)
    apache.wait_until(lambda: (workers.job(second)["waiting"] or {}).get("for") == "slot", 20, "the job to stand in line")
    let_go(workers, blocks)
    assert workers.ended(second)["status"] == "done"


@pytest.mark.parametrize("after, code", [([NEVER], "job_unknown"), (["x"], "job_unknown"), ("x", "job_invalid"), ([1], "job_invalid"),
                                         ([{"job": NEVER, "on": "never"}], "job_invalid"), ([{"id": NEVER}], "job_invalid"),
                                         ([NEVER, NEVER], "job_invalid"), ([NEVER] * 101, "job_invalid"), ([{"job": NEVER, "x": 1}], "job_invalid")])
def test_wrong_chains_are_refused(workers, after, code):
    answer = workers.post("/jobs", {"worker": "Ends", "after": after})
    assert (answer.status, answer.json["code"]) == (422, code)


def test_who_others_wait_for_is_not_deleted_but_can_be_stopped(workers):
    first = workers.create("Ends")
    second = workers.create("Ends", after=[first])
    assert workers.delete(f"/jobs/{first}").json["code"] == "job_followed"
    (job,) = workers.put(f"/jobs/{first}/status", "stop").data
    assert (job["status"], job["reason"]) == ("stop", "stopped before it was started")
    assert workers.ended(second)["reason"] == f"not run: job {first} before it ended as stop"
    assert workers.delete(f"/jobs/{first}").status == 200
    assert workers.job(second)["after"] == [{"job": first, "on": "done", "status": "stop"}]
    assert workers.delete(f"/jobs/{second}").status == 200


def test_who_waits_for_others_can_be_stopped(workers):
    first = workers.start_job("Waits")
    second = workers.create("Ends", after=[first])
    assert workers.put(f"/jobs/{second}/status", "stop").data[0]["reason"] == "stopped while it waited (job)"
    let_go(workers, first)
    workers.ended(first)
    assert workers.status(second) == "stop"


def test_one_that_cannot_run_cancels_those_after_it(workers):
    workers.put_worker("Brief", "#!/bin/sh\n")
    first = workers.create("Brief")
    second = workers.create("Ends", after=[first])
    workers.delete("/workers/Brief")
    workers.put(f"/jobs/{first}/status", "start")
    assert workers.ended(second)["reason"] == f"not run: job {first} before it ended as error"


# --- responses ---

def test_a_response_becomes_a_parameter(workers):
    first = workers.create("Ends", {"say": 'a "word"'})
    text = f"<${{jobs.{first}.response}}> and ${{jobs.{first}.response}}"
    second = workers.create("Typed", {"n": 1, "text": text, "more": [{"deep": f"${{jobs.{first}.response}}"}, 1.5, None, True, 12345678901234567890]}, after=[first])
    assert workers.job(second)["parameters"]["text"] == text
    workers.put(f"/jobs/{first}/status", "start")
    job = workers.ended(second)
    assert job["status"] == "done", job
    expected = {"n": 1, "text": '<a "word"> and a "word"', "more": [{"deep": 'a "word"'}, 1.5, None, True, 12345678901234567890]}
    assert job["parameters"] == expected == json.loads(workers.response(second))


def test_a_response_can_be_read_as_json_and_is_checked_then(workers):
    for say, status, parameters in (("42", "done", {"n": 42, "text": "none"}), ("many", "error", None), ("4.5", "error", None), ('{"a": 1}', "error", None)):
        first = workers.create("Ends", {"say": say})
        second = workers.create("Typed", {"n": f"${{jobs.{first}.json}}"}, after=[first])
        workers.put(f"/jobs/{first}/status", "start")
        job = workers.ended(second)
        assert job["status"] == status, job
        if parameters:
            assert job["parameters"] == parameters
        elif say == "many":
            assert job["reason"] == f"the response of job {first} is no JSON"
        else:
            assert job["reason"].startswith("its parameters: n: ")


def test_a_response_that_looks_like_a_reference_is_only_text(workers):
    first = workers.create("Ends", {"say": f"${{jobs.{NEVER}.response}}"})
    second = workers.create("Ends", {"say": f"${{jobs.{first}.response}}"}, after=[first])
    workers.put(f"/jobs/{first}/status", "start")
    assert workers.ended(second)["status"] == "done"
    assert workers.response(second) == f"${{jobs.{NEVER}.response}}"


@pytest.mark.parametrize("source, reason", [
    ("#!/bin/sh\nprintf '::response::a\\377b\\n'\n", "is no text in UTF-8"),
    ("#!/usr/bin/python3\nfor n in range(40):\n    print('::response::' + 'x' * 30000)\n", "is larger than 1048576 bytes"),
])
def test_a_response_that_fits_nowhere_ends_the_next_as_error(workers, source, reason):
    workers.put_worker("Odd", source)
    first = workers.create("Odd")
    second = workers.create("Ends", {"say": f"${{jobs.{first}.response}}"}, after=[first])
    workers.put(f"/jobs/{first}/status", "start")
    job = workers.ended(second)
    assert (job["status"], job["reason"]) == ("error", f"the response of job {first} {reason}")


@pytest.mark.parametrize("text", ["${jobs.%s.response}" % NEVER, "${jobs.{first}.log}", "${jobs.}", "x${jobs.{first}.json}", "${jobs.{first}.json}x", "${jobs.{first}.response"])
def test_wrong_references_are_refused(workers, text):
    first = workers.create("Ends")
    answer = workers.post("/jobs", {"worker": "Ends", "after": [first], "parameters": {"say": text.replace("{first}", first)}})
    assert (answer.status, answer.json["code"]) == (422, "job_invalid"), answer


def test_without_after_such_a_text_is_a_text(workers):
    text = f"${{jobs.{NEVER}.response}} ${{jobs.x"
    job = workers.run("Ends", {"say": text})
    assert workers.response(job["id"]) == text


# --- lists ---

def test_a_list_is_made_as_one_and_runs_in_its_order(workers):
    body = [{"ref": "report", "worker": "Ends", "parameters": {"say": "${jobs.left.response}+${jobs.right.response}"}, "after": ["left", "right"]},
            {"ref": "left", "worker": "Ends", "parameters": {"say": "L${jobs.fetch.response}"}, "after": ["fetch"]},
            {"ref": "right", "worker": "Ends", "parameters": {"say": "R${jobs.fetch.response}"}, "after": [{"job": "fetch", "on": "done"}]},
            {"ref": "fetch", "worker": "Ends", "parameters": {"say": "1"}, "start": True},
            {"ref": "alarm", "worker": "Ends", "after": [{"job": "report", "on": "error"}]}]
    ids = by_ref(workers, body)
    assert workers.ended(ids["report"])["status"] == "done"
    assert workers.response(ids["report"]) == "L1+R1"
    assert workers.ended(ids["alarm"])["status"] == "stop"
    graph = {n["id"]: n for n in workers.get(f"/jobs/{ids['fetch']}/graph").data}
    assert set(graph) == set(ids.values())
    assert graph[ids["right"]]["after"] == [{"job": ids["fetch"], "on": "done", "status": "done"}]
    assert [a["job"] for a in graph[ids["report"]]["after"]] and graph[ids["alarm"]]["status"] == "stop"


@pytest.mark.parametrize("body, code", [
    ([], "job_invalid"),
    ([{"worker": "Ends"}] * 201, "job_invalid"),
    ([{"worker": "Ends"}, {"worker": "Nobody"}], "worker_unknown"),
    ([{"worker": "Ends"}, {"worker": "Ends", "after": ["first"]}], "job_unknown"),
    ([{"worker": "Ends", "ref": "a"}, {"worker": "Ends", "ref": "a"}], "job_invalid"),
    ([{"worker": "Ends", "ref": "a b"}], "job_invalid"),
    ([{"worker": "Ends", "ref": NEVER}], "job_invalid"),
    ([{"worker": "Ends", "ref": "a", "after": ["a"]}], "chain_cycle"),
    ([{"worker": "Ends", "ref": "a", "after": ["c"]}, {"worker": "Ends", "ref": "b", "after": ["a"]}, {"worker": "Ends", "ref": "c", "after": ["b"]}], "chain_cycle"),
    ([{"worker": "Ends"}, {"worker": "Typed", "parameters": {"n": "x"}}], "parameters_invalid"),
    ([{"worker": "Ends", "ref": "a"}, {"worker": "Ends", "after": ["a"], "parameters": {"say": "${jobs.b.response}"}}], "job_invalid"),
    ([3], "job_invalid"),
])
def test_of_a_wrong_list_nothing_is_made(workers, body, code):
    before = workers.get("/jobs").json["total"]
    answer = workers.post("/jobs", body)
    assert (answer.status, answer.json["code"]) == (422, code), answer
    assert workers.get("/jobs").json["total"] == before


def test_a_list_is_made_once_under_a_key(workers):
    body = [{"ref": "a", "worker": "Ends", "start": True}, {"worker": "Ends", "after": ["a"]}]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: workers.post("/jobs", body, "-H", "Idempotency-Key: list"), range(4)))
    assert sorted(a.status for a in answers) == [200, 200, 200, 201]
    assert len({tuple(j["id"] for j in a.data) for a in answers}) == 1 and len(answers[0].data) == 2
    text = workers.post("/jobs", body, "-H", "Accept: text/plain").text
    assert len(text.splitlines()) == 2 and all(len(line) == 26 for line in text.splitlines())


def test_who_is_limited_comes_after_no_job_of_others(workers):
    import subprocess
    command = apache.as_user() + [str(workers.site / "cgi-bin/jobjoker")]
    env = {"PATH": apache.PATH, "JOBJOKER_DATA": str(workers.data)}
    token = subprocess.run([*command, "token", "create", "admin", "--role", "operator", "--workers", "Ends"], env=env, check=True, capture_output=True, text=True).stdout.strip()
    hidden, seen = workers.create("Waits"), workers.create("Ends")
    answer = workers.post("/jobs", {"worker": "Ends", "after": [hidden]}, auth=f"Bearer {token}")
    assert (answer.status, answer.json["code"]) == (422, "job_unknown")
    mine = workers.post("/jobs", {"worker": "Ends", "after": [seen]}, auth=f"Bearer {token}").data[0]["id"]
    both = workers.create("Ends", after=[seen, hidden])
    nodes = workers.get(f"/jobs/{mine}/graph", auth=f"Bearer {token}").data
    assert {n["id"] for n in nodes} == {seen, mine, both}


# --- what goes wrong ---

@pytest.mark.skipif(store.ON_MYSQL, reason="the program that is taken away here answers requests there")
@pytest.mark.only_on("cgid", "cgi", reason="the program that is taken away here answers requests there")
@pytest.mark.parametrize("look", ["/jobs/{id}", "tick"])
def test_a_chain_that_stands_still_is_moved_on_by_the_next_look(new_server, look):
    server = new_server()
    server.put_worker("Waits", WAITS)
    server.put_worker("Ends", ENDS)
    first = server.start_job("Waits")
    second = server.create("Ends", after=[first])
    apache.wait_until(lambda: "ready\n" in server.log(first), 20, "the worker to be ready")
    runner, program = runner_of(server, first), server.site / "cgi-bin" / "jobjoker"
    program.rename(program.with_name("away"))
    let_go(server, first)
    assert server.ended(first)["status"] == "done"
    apache.wait_until(lambda: state_of(runner) == "Z", 20, "the runner to end")
    program.with_name("away").rename(program)
    if look == "tick":
        tick(server)
    else:
        server.get(look.format(id=second))
    apache.wait_until(lambda: server.store.sql("SELECT state FROM job WHERE id = ?", second) == [(5,)], 20, "the next to be done")


def test_a_lost_job_cancels_those_after_it(workers):
    first = workers.start_job("Waits")
    second = workers.create("Ends", after=[first])
    apache.wait_until(lambda: "ready\n" in workers.log(first), 20, "the worker to be ready")
    kill_and_wait(runner_of(workers, first))
    assert workers.job(first)["reason"] == "runner lost"
    assert workers.ended(second)["reason"] == f"not run: job {first} before it ended as error"
