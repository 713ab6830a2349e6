"""Lines in which jobs wait: for slots of a queue, and for others of their worker."""
import concurrent.futures
import contextlib
import http.client
import json

import pytest

import apache
from store import ON_MYSQL
from apache import kill_and_wait, runner_of, state_of, tick

# Says that it runs, and then waits until it is let go.
WAITS = "#!/bin/sh\n%s\nmkfifo gate\necho ready\nread line < gate\n"


@pytest.fixture(scope="module")
def workers(server):
    server.put_worker("Waits", WAITS % "")
    server.put_worker("One", WAITS % '# Options: {"singleton": true}')
    server.put_worker("Two", WAITS % '# Options: {"max_active": 2}')
    server.put_worker("Short", "#!/bin/sh\n")
    return server


@pytest.fixture
def queue(workers, request):
    """A queue with two slots, of this test alone."""
    name = request.node.name.split("[")[0][-60:]
    assert workers.put(f"/queues/{name}", {"slots": 2}).status == 201
    yield name
    workers.put(f"/queues/{name}", {"paused": True})
    for job in workers.get("/jobs?limit=1000").data:
        if job["queue"] == name and job["status"] in ("idle", "active"):
            workers.put(f"/jobs/{job['id']}/status", "kill")
    apache.wait_until(lambda: workers.delete(f"/queues/{name}").status == 200, 20, "the queue to be empty")


def ready(server, id):
    apache.wait_until(lambda: "ready\n" in server.log(id), 20, "the worker to be ready")


def let_go(server, id):
    ready(server, id)
    (server.data / "run" / id / "work" / "gate").write_text("go\n")


def finish(server, id):
    let_go(server, id)
    assert server.ended(id)["status"] == "done"


def active(server, id):
    """Waits until it was started."""
    apache.wait_until(lambda: server.status(id) == "active", 20, "the job to be started")


def waits_for(server, id):
    job = server.job(id)
    return job["waiting"] and (job["waiting"]["for"], job["waiting"]["position"])


def counts(server, name):
    (queue,) = server.get(f"/queues/{name}").data
    return queue["used"], queue["waiting"]


# --- queues ---

def test_a_queue_is_made_changed_listed_and_deleted(workers):
    made = workers.put("/queues/mine", {"slots": 3})
    assert made.status == 201 and made.headers["location"].endswith("/queues/mine")
    (queue,) = made.data
    assert (queue["name"], queue["slots"], queue["paused"], queue["used"], queue["waiting"]) == ("mine", 3, False, 0, 0)
    assert workers.put("/queues/mine", {"paused": True}).data[0] == {**queue, "paused": True}
    assert workers.put("/queues/mine", {"slots": None, "paused": False}).data[0]["slots"] is None
    assert "mine" in [q["name"] for q in workers.get("/queues").data]
    assert workers.get("/queues.csv").text.startswith("name,slots,paused,used,waiting,created\r\n")
    assert workers.delete("/queues/mine").status == 200
    assert workers.get("/queues/mine").json["code"] == workers.delete("/queues/mine").json["code"] == "queue_unknown"


@pytest.mark.parametrize("body", [{"slots": 0}, {"slots": 1.5}, {"slots": "2"}, {"paused": 1}, {"slot": 1}, []])
def test_a_wrong_queue_is_refused(workers, body):
    answer = workers.put("/queues/wrong", body)
    assert (answer.status, answer.json["code"]) == (422, "queue_invalid")
    assert workers.get("/queues/wrong").status == 404


def test_queues_come_in_pages(workers):
    for n in range(3):
        workers.put(f"/queues/page{n}", {})
    first = workers.get("/queues?limit=2").json
    assert len(first["data"]) == 2 and first["total"] >= 3
    rest = workers.get(f"/queues?limit=1000&cursor={first['next']}").json
    assert len(first["data"]) + len(rest["data"]) == first["total"]
    for n in range(3):
        assert workers.delete(f"/queues/page{n}").status == 200


def test_a_job_says_its_queue(workers, queue):
    for body, code in (({"queue": "nowhere"}, "queue_unknown"), ({"queue": "a b"}, "job_invalid"), ({"queue": 1}, "job_invalid"),
                       ({"slots": 0}, "job_invalid"), ({"priority": 1001}, "job_invalid"), ({"priority": 0.5}, "job_invalid")):
        answer = workers.post("/jobs", {"worker": "Short", **body})
        assert (answer.status, answer.json["code"]) == (422, code), body
    job = workers.job(workers.create("Short", queue=queue, slots=2, priority=-5))
    assert (job["queue"], job["slots"], job["priority"], job["waiting"]) == (queue, 2, -5, None)
    job = workers.job(workers.create("Short"))
    assert (job["queue"], job["slots"], job["priority"], job["waiting"]) == (None, 1, 0, None)


# --- the line ---

def test_when_a_queue_is_full_jobs_wait_in_line(workers, queue):
    ids = [workers.start_job("Waits", queue=queue) for _ in range(5)]
    assert [workers.status(id) for id in ids] == ["active"] * 2 + ["idle"] * 3
    assert [waits_for(workers, id) for id in ids] == [None, None, ("slot", 1), ("slot", 2), ("slot", 3)]
    assert counts(workers, queue) == (2, 3)
    waiting = workers.job(ids[2])["waiting"]
    assert waiting["since"] == workers.job(ids[2])["created"] and waiting["until"] is None
    for n in range(3):
        finish(workers, ids[n])
        active(workers, ids[n + 2])
    for id in ids[3:]:
        finish(workers, id)
    assert counts(workers, queue) == (0, 0)


def test_a_start_is_accepted_when_it_has_to_wait(workers, queue):
    ids = [workers.create("Waits", queue=queue) for _ in range(3)]
    assert [workers.put(f"/jobs/{id}/status", "start").status for id in ids] == [200, 200, 202]
    again = workers.put(f"/jobs/{ids[2]}/status", "start")
    assert (again.status, again.json["code"]) == (409, "job_waiting")
    assert workers.put(f"/jobs/{ids[2]}/status", "pause").json["code"] == "job_idle"


def test_a_higher_priority_goes_first_and_then_who_came_first(workers, queue):
    workers.put(f"/queues/{queue}", {"slots": 1})
    first = workers.start_job("Waits", queue=queue)
    ids = [workers.start_job("Waits", queue=queue, priority=p) for p in (0, 5, -5, 5, 0)]
    assert [waits_for(workers, id)[1] for id in ids] == [3, 1, 5, 2, 4]
    before = first
    for id in (ids[n] for n in (1, 3, 0, 4, 2)):
        finish(workers, before)
        active(workers, id)
        before = id
    finish(workers, before)


def test_a_job_may_take_several_slots_and_nobody_passes_it(workers, queue):
    one = workers.start_job("Waits", queue=queue)
    both = workers.start_job("Waits", queue=queue, slots=2)
    small = workers.start_job("Waits", queue=queue)
    assert [workers.status(id) for id in (one, both, small)] == ["active", "idle", "idle"]  # though there is a slot for `small`
    finish(workers, one)
    active(workers, both)
    assert counts(workers, queue) == (2, 1)
    finish(workers, both)
    active(workers, small)


def test_who_takes_more_than_there_are_runs_alone(workers, queue):
    one = workers.start_job("Waits", queue=queue)
    large = workers.start_job("Waits", queue=queue, slots=5)
    assert workers.status(large) == "idle"
    finish(workers, one)
    active(workers, large)
    small = workers.start_job("Waits", queue=queue)
    assert workers.status(small) == "idle"
    finish(workers, large)
    active(workers, small)


def test_nothing_starts_in_a_queue_that_is_paused(workers, queue):
    workers.put(f"/queues/{queue}", {"paused": True})
    ids = [workers.start_job("Waits", queue=queue) for _ in range(3)]
    tick(workers)
    assert [workers.status(id) for id in ids] == ["idle"] * 3
    workers.put(f"/queues/{queue}", {"paused": False})
    for id in ids[:2]:
        active(workers, id)
    assert workers.status(ids[2]) == "idle"


def test_more_slots_start_more_jobs(workers, queue):
    ids = [workers.start_job("Waits", queue=queue) for _ in range(6)]
    workers.put(f"/queues/{queue}", {"slots": 4})
    for id in ids[2:4]:
        active(workers, id)
    workers.put(f"/queues/{queue}", {"slots": None})
    for id in ids[4:]:
        active(workers, id)
    assert counts(workers, queue) == (6, 0)


@pytest.mark.parametrize("word", ["stop", "kill", "delete"])
def test_who_waits_can_be_taken_out_and_lets_others_pass(workers, queue, word):
    one = workers.start_job("Waits", queue=queue)
    both = workers.start_job("Waits", queue=queue, slots=2)
    small = workers.start_job("Waits", queue=queue)
    if word == "delete":
        assert workers.delete(f"/jobs/{both}").status == 200
    else:
        (job,) = workers.put(f"/jobs/{both}/status", word).data
        assert (job["status"], job["reason"], job["waiting"]) == ("stop", "stopped while it waited (slot)", None)
        assert job["stoptime"] and not job["starttime"]
    active(workers, small)
    assert workers.status(one) == "active"


def test_a_queue_with_jobs_in_it_is_not_deleted(workers, queue):
    ids = [workers.start_job("Waits", queue=queue) for _ in range(3)]
    assert workers.delete(f"/queues/{queue}").json["code"] == "queue_busy"
    workers.put(f"/jobs/{ids[2]}/status", "stop")
    assert workers.delete(f"/queues/{queue}").json["code"] == "queue_busy"


def test_a_queue_whose_job_waits_for_its_worker_is_not_deleted(workers, queue):
    """Else that job would come to a line that nobody looks at, and keep its worker busy for ever."""
    first = workers.start_job("One")
    second = workers.start_job("One", queue=queue)
    assert waits_for(workers, second) == ("worker", 1)
    assert workers.delete(f"/queues/{queue}").json["code"] == "queue_busy"
    finish(workers, first)
    active(workers, second)
    finish(workers, second)


def test_when_a_job_in_a_line_is_deleted_the_next_of_its_worker_is_started(workers, queue):
    workers.put(f"/queues/{queue}", {"paused": True})
    in_line = workers.start_job("One", queue=queue)
    second = workers.start_job("One")
    assert waits_for(workers, second) == ("worker", 1)
    assert workers.delete(f"/jobs/{in_line}").status == 200
    apache.wait_until(lambda: workers.store.sql("SELECT state FROM job WHERE id = ?", second) == [(2,)], 20, "it is started, and nobody looks")
    finish(workers, second)


def test_a_job_whose_queue_was_deleted_is_not_started(workers):
    workers.put("/queues/gone", {})
    id = workers.create("Short", queue="gone")
    assert workers.delete("/queues/gone").status == 200
    answer = workers.put(f"/jobs/{id}/status", "start")
    assert (answer.status, answer.json["code"]) == (409, "queue_unknown")
    assert workers.job(id)["waiting"] is None


def test_a_job_reported_from_outside_takes_its_slot_and_gives_it_back(workers, queue):
    ids = [workers.create("Waits", queue=queue) for _ in range(3)]
    for id in ids:
        assert workers.put(f"/jobs/{id}/status", "active").status == 200  # they run whether there is room or not
    mine = workers.start_job("Waits", queue=queue)
    assert counts(workers, queue) == (3, 1)
    for id in ids[:2]:
        workers.put(f"/jobs/{id}/status", "done")
    active(workers, mine)
    workers.put(f"/jobs/{ids[2]}/status", "done")


def test_one_that_cannot_run_does_not_hold_up_the_others(workers, queue):
    workers.put_worker("Brief", "#!/bin/sh\n")
    ids = [workers.start_job("Waits", queue=queue) for _ in range(2)]
    broken = workers.start_job("Brief", queue=queue)
    last = workers.start_job("Waits", queue=queue)
    workers.delete("/workers/Brief")
    finish(workers, ids[0])
    job = workers.ended(broken)
    assert (job["status"], job["reason"]) == ("error", "the worker Brief was deleted before the job was started")
    active(workers, last)


# --- workers ---

def test_a_singleton_runs_once_at_a_time(workers):
    ids = [workers.start_job("One") for _ in range(3)]
    assert [waits_for(workers, id) for id in ids] == [None, ("worker", 1), ("worker", 2)]
    for n in range(3):
        active(workers, ids[n])
        finish(workers, ids[n])


def test_as_many_of_a_worker_run_as_it_says(workers):
    ids = [workers.start_job("Two") for _ in range(4)]
    assert [workers.status(id) for id in ids] == ["active"] * 2 + ["idle"] * 2
    workers.put(f"/jobs/{ids[0]}/status", "kill")
    active(workers, ids[2])
    assert waits_for(workers, ids[3]) == ("worker", 1)
    workers.put(f"/jobs/{ids[3]}/status", "stop")
    for id in ids[1:3]:
        finish(workers, id)


def test_who_waits_for_his_worker_takes_no_place_in_the_line_of_his_queue(workers, queue):
    ids = [workers.start_job("One", queue=queue) for _ in range(3)]
    other = workers.start_job("Waits", queue=queue)
    assert [waits_for(workers, id) for id in ids] == [None, ("worker", 1), ("worker", 2)]
    assert workers.status(other) == "active"
    finish(workers, ids[0])
    active(workers, ids[1])
    finish(workers, ids[1])
    active(workers, ids[2])


def test_a_worker_says_the_queue_of_its_jobs(workers, queue):
    workers.put_worker("Heavy", WAITS % f'# Options: {{"queue": "{queue}", "slots": 2}}')
    ids = [workers.start_job("Heavy") for _ in range(2)]
    assert [workers.status(id) for id in ids] == ["active", "idle"]
    free = workers.start_job("Heavy", queue=None)
    assert workers.job(free)["queue"] is None and workers.status(free) == "active"
    workers.put(f"/jobs/{free}/status", "kill")
    refused = workers.put("/workers/Bad", '#!/bin/sh\n# Options: {"max_active": 0}\n')
    assert (refused.status, refused.json["code"]) == (422, "worker_options")


# --- what goes wrong ---

def test_a_lost_runner_gives_back_its_slots_when_that_is_found(workers, queue):
    ids = [workers.start_job("Waits", queue=queue) for _ in range(3)]
    ready(workers, ids[0])
    kill_and_wait(runner_of(workers, ids[0]))
    assert workers.job(ids[0])["reason"] == "runner lost"
    active(workers, ids[2])
    assert counts(workers, queue) == (2, 0)


def test_a_job_that_is_started_again_keeps_its_slots(workers, queue):
    ids = [workers.start_job("Waits", queue=queue, on_lost="requeue") for _ in range(3)]
    ready(workers, ids[0])
    kill_and_wait(runner_of(workers, ids[0]))
    job = workers.job(ids[0])
    assert (job["status"], job["attempt"], workers.status(ids[2])) == ("active", 2, "idle")
    assert counts(workers, queue) == (2, 1)


@contextlib.contextmanager
def nobody_follows(server):
    """Whoever ends a job dies before he starts the next: the program for that is away."""
    program = server.site / "cgi-bin" / "jobjoker"
    program.rename(program.with_name("away"))
    try:
        yield
    finally:
        program.with_name("away").rename(program)


@pytest.mark.skipif(ON_MYSQL, reason="there the program that is away answers everything")
@pytest.mark.skipif(not apache.is_static(), reason="a program that is linked dynamically starts the next job itself")
@pytest.mark.only_on("cgid", "cgi", reason="processes that stay start the next job themselves, and need no program for that")
@pytest.mark.parametrize("look", ["/jobs/{id}", "/jobs/{id}/status", "/jobs/{id}?wait=30", "tick", "another job"])
def test_a_line_that_stands_still_is_moved_on_by_the_next_look(new_server, look):
    server = new_server()
    server.put_worker("Waits", WAITS % "")
    server.put("/queues/q", {"slots": 1})
    first, second = (server.start_job("Waits", queue="q") for _ in range(2))
    ready(server, first)
    runner = runner_of(server, first)
    with nobody_follows(server):
        let_go(server, first)
        assert server.ended(first)["status"] == "done"
        apache.wait_until(lambda: state_of(runner) == "Z", 20, "the runner to end")
    assert [counts(server, "q"), server.get(f"/jobs?status=idle").data[0]["id"]] == [(0, 1), second]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        if look == "tick":
            tick(server)
        elif look == "another job":
            server.start_job("Waits", queue="q", priority=-1)
        else:
            pool.submit(server.get, look.format(id=second))
        # Which is no look that moves anything.
        apache.wait_until(lambda: server.store.sql("SELECT state FROM job WHERE id = ?", second) == [(2,)], 20, "the next to be started")
        finish(server, second)


def call(server, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path, json.dumps(body) if body else None,
                           {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["data"]
    finally:
        connection.close()


def most_at_once(jobs):
    """How many of them were active at one time, each by its weight. Of one instant, ends count before starts."""
    changes = sorted([(j["stoptime"], -j["slots"]) for j in jobs] + [(j["starttime"], j["slots"]) for j in jobs])
    now = most = 0
    for _, slots in changes:
        now += slots
        most = max(most, now)
    return most


def test_many_finishers_lose_no_slot_and_use_none_twice(new_server):
    """Hundreds of short jobs over 8 slots, started from all sides, with runners killed among them."""
    server = new_server()
    server.put_worker("Short", "#!/bin/sh\n")
    server.put_worker("Dies", "#!/bin/sh\nkill -KILL $PPID\nsleep 600\n")
    server.put_worker("Three", '#!/bin/sh\n# Options: {"max_active": 3}\n')
    server.put("/queues/q", {"slots": 8})
    kinds = ["Short", "Short", "Dies", "Short", "Three", "Short"]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        bodies = [{"worker": kinds[n % 6], "start": True, "queue": "q", "slots": 1 + n % 3, "priority": n % 5} for n in range(300)]
        made = list(pool.map(lambda body: call(server, "POST", "/jobs", body), bodies))
    assert {status for status, _ in made} == {201}

    def all_over():
        call(server, "GET", "/jobs?status=active")  # finds who is lost
        return call(server, "GET", "/queues/q")[1][0]["waiting"] == 0 and call(server, "GET", "/jobs?status=idle")[1] == []

    apache.wait_until(all_over, 240, "all to have had their turn")
    apache.wait_until(lambda: call(server, "GET", "/jobs?status=active")[1] == [], 60, "all to be over")
    jobs = call(server, "GET", "/jobs?limit=1000")[1]
    assert len(jobs) == 300
    ends = {}
    for j in jobs:
        ends.setdefault(j["worker"], set()).add((j["status"], j["reason"], j["attempt"]))
    assert ends == {"Short": {("done", None, 1)}, "Three": {("done", None, 1)}, "Dies": {("error", "runner lost", 1)}}
    assert counts(server, "q") == (0, 0)
    assert 6 <= most_at_once(jobs) <= 8
    assert most_at_once([{**j, "slots": 1} for j in jobs if j["worker"] == "Three"]) <= 3
    assert all(server.log(j["id"]).count("STARTED\n") == 1 for j in jobs[:50] if j["worker"] == "Short")
