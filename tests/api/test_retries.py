"""Jobs that are tried again, and what is told of their attempts."""
import concurrent.futures
import contextlib
import ctypes
import fcntl
import os
import pathlib
import select

import pytest

import apache
from apache import carriers, kill_and_wait, runner_of, tick

# Fails as often as it is told, and says something new each time.
FAILS = """#!/bin/sh
echo "attempt $JOBJOKER_ATTEMPT"
echo "::response::answer $JOBJOKER_ATTEMPT"
[ "$JOBJOKER_ATTEMPT" -gt "$JOBJOKER_PARAM_times" ] || exit "$JOBJOKER_PARAM_code"
"""


class Clock:
    """The server's, which is told how far it is ahead."""

    def __init__(self, server):
        self.file, self.ahead = pathlib.Path(server.settings["JOBJOKER_CLOCK_FILE"]), 0

    def go(self, seconds):
        self.ahead += int(seconds * 1000)
        new = self.file.with_suffix(".new")
        new.write_text(f"{self.ahead}\n")
        new.chmod(0o644)
        new.rename(self.file)


@pytest.fixture
def timed(new_server):
    """A server with a clock of its own, which nothing moves on but the test."""
    server = new_server(start=False)
    server.settings["JOBJOKER_CLOCK_FILE"] = str(server.top / "clock")
    server.clock = Clock(server)
    server.clock.go(0)
    server.start()
    server.put_worker("Fails", FAILS)
    return server


@pytest.fixture(scope="module")
def workers(server):
    server.put_worker("Fails", FAILS)
    server.put_worker("Knows", FAILS.replace("\n", '\n# Options: {"no_retry": 65, "retries": {"limit": 3, "delay": 0}}\n', 1))
    return server


def waiting(server, id):
    apache.wait_until(lambda: server.job(id)["waiting"], 20, "the job to wait")
    return server.job(id)


def seconds_between(a, b):
    def of(time):
        h, m, s = time[11:-1].split(":")
        return int(h) * 3600 + int(m) * 60 + float(s)
    return (of(b) - of(a)) % 86400


def test_a_job_is_tried_again_until_it_is_done(workers):
    job = workers.run("Fails", {"times": 2, "code": 7}, retries={"limit": 5, "delay": 0})
    assert (job["status"], job["attempt"], job["exit_code"], job["reason"], job["waiting"]) == ("done", 3, 0, None, None)
    assert job["retries"] == {"limit": 5, "delay": 0, "factor": 2, "max_delay": 3600, "jitter": 0, "no_retry": None}
    failed = "FAILED: exit status 7. Attempt {} begins in 0 s.\n"
    parts = [f"STARTED\nattempt {n}\nENDED\n" for n in (1, 2, 3)]
    assert workers.log(job["id"]) == parts[0] + failed.format(2) + parts[1] + failed.format(3) + parts[2]


def test_it_fails_for_good_when_the_last_attempt_has_failed(workers):
    job = workers.run("Fails", {"times": 9, "code": 7}, retries={"limit": 2, "delay": 0})
    assert (job["status"], job["attempt"], job["exit_code"], job["reason"]) == ("error", 3, 7, "exit status 7")
    attempts = workers.get(f"/jobs/{job['id']}/attempts").data
    assert [(a["attempt"], a["status"], a["exit_code"], a["reason"]) for a in attempts] == [(n, "error", 7, "exit status 7") for n in (1, 2, 3)]
    assert attempts[0]["starttime"] == job["starttime"] and attempts[2]["stoptime"] == job["stoptime"]
    assert attempts[0]["stoptime"] <= attempts[1]["starttime"]


@pytest.mark.parametrize("code, attempts", [(65, 1), (1, 3)])
def test_a_worker_can_say_that_trying_again_is_no_use(workers, code, attempts):
    job = workers.run("Knows", {"times": 2, "code": code})
    assert (job["attempt"], job["retries"]["no_retry"]) == (attempts, 65)
    job = workers.run("Knows", {"times": 2, "code": code}, retries={"limit": 2, "delay": 0})  # also where the job says how often
    assert job["attempt"] == attempts
    assert workers.run("Knows", {"times": 2, "code": 1}, retries=None)["attempt"] == 1


@pytest.mark.parametrize("code, attempts", [(75, 3), (7, 1)])
def test_only_some_exit_statuses_are_tried_again(workers, code, attempts):
    job = workers.run("Fails", {"times": 2, "code": code}, retries={"limit": 2, "delay": 0, "on_exit": [75]})
    assert job["attempt"] == attempts


@pytest.mark.parametrize("retries", [{}, {"limit": -1}, {"limit": 1, "delay": "1"}, {"limit": 1, "x": 1}, 3])
def test_wrong_retries_are_refused(workers, retries):
    answer = workers.post("/jobs", {"worker": "Fails", "parameters": {"times": 1, "code": 1}, "retries": retries})
    assert (answer.status, answer.json["code"]) == (422, "job_invalid")


def test_each_attempt_has_its_own_log_and_response(workers):
    job = workers.run("Fails", {"times": 2, "code": 1}, retries={"limit": 2, "delay": 0})
    id, text = job["id"], ("-H", "Accept: text/plain")
    for n in (1, 2, 3):
        log = workers.get(f"/jobs/{id}/log?attempt={n}", *text).text
        assert log.startswith(f"STARTED\nattempt {n}\nENDED\n") and log.count("STARTED") == 1
        assert workers.get(f"/jobs/{id}/response?attempt={n}", *text).text == f"answer {n}"
        entries = workers.get(f"/jobs/{id}/log?attempt={n}").json
        assert [e["message"] for e in entries["data"]][:2] == ["STARTED", f"attempt {n}"]
        assert entries["total"] == len(entries["data"]) == (3 if n == 3 else 4)
        assert workers.get(f"/jobs/{id}/log?attempt={n}&tail=1", *text).text == log.splitlines()[-1] + "\n"
        assert workers.get(f"/jobs/{id}/log?attempt={n}&tail=99", *text).text == log
        assert [e["message"] for e in workers.get(f"/jobs/{id}/log?attempt={n}&tail=1").data] == [log.splitlines()[-1]]
        part = workers.get(f"/jobs/{id}/log?attempt={n}", *text, "-H", "Range: bytes=8-16")
        assert (part.status, part.text) == (206, f"attempt {n}")
        assert workers.get(f"/jobs/{id}/log?attempt={n}", *text, "-H", "Range: bytes=-6").text == log[-6:]
        assert workers.get(f"/jobs/{id}/log?attempt={n}&follow=1", *text).text == log
    assert workers.response(id) == "answer 3"  # the response of a job is that of its last attempt
    assert [e["message"] for e in workers.get(f"/jobs/{id}/response").data] == ["answer 3"]
    whole = workers.log(id)
    assert whole == "".join(workers.get(f"/jobs/{id}/log?attempt={n}", *text).text for n in (1, 2, 3))
    attempts = workers.get(f"/jobs/{id}/attempts").data
    assert sum(a["log_size"] for a in attempts) == job["log_size"] == len(whole)
    tags = {workers.get(f"/jobs/{id}/log?attempt={n}", *text).headers["etag"] for n in (1, 2, 3)}
    assert len(tags) == 3
    for n in (0, 4):
        assert workers.get(f"/jobs/{id}/log?attempt={n}").status == (400 if n == 0 else 404)


def test_pages_of_an_attempt_end_with_it(workers):
    id = workers.run("Fails", {"times": 1, "code": 1}, retries={"limit": 1, "delay": 0})["id"]
    first = workers.get(f"/jobs/{id}/log?attempt=1&limit=3").json
    assert len(first["data"]) == 3
    second = workers.get(f"/jobs/{id}/log?attempt=1&limit=3&cursor={first['next']}").json
    assert [e["message"][:6] for e in second["data"]] == ["FAILED"] and "next" not in second


def test_attempts_come_in_pages_and_as_csv(workers):
    id = workers.run("Fails", {"times": 4, "code": 1}, retries={"limit": 4, "delay": 0})["id"]
    seen, cursor = [], ""
    while True:
        page = workers.get(f"/jobs/{id}/attempts?limit=2{cursor}").json
        assert page["total"] == 5
        seen += [(a["attempt"], a["log_size"]) for a in page["data"]]
        if "next" not in page:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [(a["attempt"], a["log_size"]) for a in workers.get(f"/jobs/{id}/attempts").data]
    assert [n for n, _ in seen] == [1, 2, 3, 4, 5]
    rows = workers.get(f"/jobs/{id}/attempts.csv").text.split("\r\n")
    assert rows[0].startswith("attempt,status,version") and len(rows) == 7


def test_a_job_that_was_not_started_has_no_attempts(workers):
    id = workers.create("Fails", {"times": 1, "code": 1})
    assert workers.get(f"/jobs/{id}/attempts").json["data"] == []
    assert workers.delete(f"/jobs/{id}").status == 200


def test_attempts_go_with_their_job(workers):
    id = workers.run("Fails", {"times": 1, "code": 1}, retries={"limit": 1, "delay": 0})["id"]
    assert workers.delete(f"/jobs/{id}").status == 200
    assert workers.get(f"/jobs/{id}/attempts").status == 404


# --- time ---

def test_it_waits_for_its_next_attempt_longer_each_time(timed):
    id = timed.start_job("Fails", {"times": 3, "code": 1}, retries={"limit": 3, "delay": 100, "factor": 3, "max_delay": 600})
    for n, delay in ((1, 100), (2, 300), (3, 600)):
        job = waiting(timed, id)
        assert (job["status"], job["attempt"], job["waiting"]["for"], job["exit_code"]) == ("idle", n, "retry", 1)
        assert job["stoptime"] is None
        assert abs(seconds_between(job["waiting"]["since"], job["waiting"]["until"]) - delay) < 0.01
        timed.clock.go(delay - 60)  # the real time goes on besides
        tick(timed)
        assert timed.job(id)["attempt"] == n
        timed.clock.go(61)
        tick(timed)
        apache.wait_until(lambda: timed.job(id)["attempt"] == n + 1, 20, "the next attempt")
    assert timed.ended(id)["status"] == "done"


def test_a_look_at_a_job_whose_time_has_come_starts_it(timed):
    id = timed.start_job("Fails", {"times": 1, "code": 1}, retries={"limit": 1, "delay": 100})
    waiting(timed, id)
    timed.clock.go(101)
    assert timed.ended(id)["status"] == "done"


@pytest.mark.parametrize("word", ["stop", "kill"])
def test_who_waits_for_his_next_attempt_can_be_stopped(timed, word):
    id = timed.start_job("Fails", {"times": 1, "code": 5}, retries={"limit": 1, "delay": 100})
    waiting(timed, id)
    (job,) = timed.put(f"/jobs/{id}/status", word).data
    assert (job["status"], job["reason"], job["attempt"]) == ("stop", "stopped while it waited (retry)", 1)
    timed.clock.go(101)
    tick(timed)
    assert timed.status(id) == "stop"
    assert [(a["attempt"], a["status"]) for a in timed.get(f"/jobs/{id}/attempts").data] == [(1, "error")]


def test_a_start_does_not_wait_for_the_next_attempts_time(timed):
    id = timed.start_job("Fails", {"times": 1, "code": 5}, retries={"limit": 1, "delay": 100})
    waiting(timed, id)
    assert timed.put(f"/jobs/{id}/status", "start").status == 200
    assert timed.ended(id)["attempt"] == 2


def test_a_start_waits_for_the_runner_that_tidies_up(timed):
    """We hold its lock instead, until the request has looked at it a second time."""
    id = timed.start_job("Fails", {"times": 1, "code": 5}, retries={"limit": 1, "delay": 100})
    waiting(timed, id)
    folder = timed.data / "run" / id
    apache.wait_until(lambda: not folder.exists(), 20, "the runner to have tidied up")
    folder.mkdir(mode=0o700)
    with open(folder / "lock", "w") as lock, concurrent.futures.ThreadPoolExecutor() as pool:
        for path in (folder, folder / "lock"):
            os.chown(path, timed.data.stat().st_uid, timed.data.stat().st_gid)
        fcntl.flock(lock, fcntl.LOCK_EX)
        with opened(folder / "lock") as seen:
            started = pool.submit(timed.put, f"/jobs/{id}/status", "start")
            seen(2)
            assert not started.done()
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert started.result().status == 200
    assert timed.ended(id)["attempt"] == 2


@contextlib.contextmanager
def opened(path):
    """Tells when a file is opened: inotify(7)."""
    libc, in_open, size_of_event = ctypes.CDLL(None, use_errno=True), 0x20, 16
    watch = libc.inotify_init1(os.O_CLOEXEC)
    assert watch >= 0 and libc.inotify_add_watch(watch, os.fsencode(path), in_open) >= 0, os.strerror(ctypes.get_errno())

    def seen(times):
        while times > 0:
            assert select.select([watch], [], [], 20)[0], f"{path} is not opened {times} times more"
            times -= len(os.read(watch, 4096)) // size_of_event

    try:
        yield seen
    finally:
        os.close(watch)


def test_who_waits_for_his_next_attempt_holds_no_slot(timed):
    timed.put("/queues/q", {"slots": 1})
    id = timed.start_job("Fails", {"times": 1, "code": 1}, queue="q", retries={"limit": 1, "delay": 100})
    waiting(timed, id)
    assert timed.run("Fails", {"times": 0, "code": 1}, queue="q")["status"] == "done"
    timed.clock.go(101)
    tick(timed)
    assert timed.ended(id)["attempt"] == 2
    assert timed.get("/queues/q").data[0]["used"] == 0


# --- what goes wrong ---

def test_a_lost_attempt_is_tried_again(workers):
    workers.put_worker("Lost", "#!/bin/sh\n[ $JOBJOKER_ATTEMPT -gt 1 ] && exit\necho ready\nexec sleep 600\n")
    id = workers.start_job("Lost", retries={"limit": 1, "delay": 0})
    apache.wait_until(lambda: "ready\n" in workers.log(id), 20, "the worker to be ready")
    kill_and_wait(runner_of(workers, id))
    job = workers.ended(id)
    assert (job["status"], job["attempt"]) == ("done", 2)
    assert [(a["status"], a["reason"], a["exit_code"]) for a in workers.get(f"/jobs/{id}/attempts").data] == [("error", "runner lost", None), ("done", None, 0)]
    assert carriers(id) == []


def test_a_requeued_attempt_counts_as_one(workers):
    workers.put_worker("Again", "#!/bin/sh\necho attempt $JOBJOKER_ATTEMPT\n[ $JOBJOKER_ATTEMPT -gt 2 ] && exit\n"
                                "[ $JOBJOKER_ATTEMPT = 2 ] && exit 4\necho ready\nexec sleep 600\n")
    id = workers.start_job("Again", on_lost="requeue", retries={"limit": 2, "delay": 0})
    apache.wait_until(lambda: "ready\n" in workers.log(id), 20, "the worker to be ready")
    kill_and_wait(runner_of(workers, id))
    assert workers.ended(id)["attempt"] == 3
    assert [(a["attempt"], a["status"], a["reason"]) for a in workers.get(f"/jobs/{id}/attempts").data] == [
        (1, "error", "runner lost"), (2, "error", "exit status 4"), (3, "done", None)]
    assert workers.get(f"/jobs/{id}/log?attempt=2", "-H", "Accept: text/plain").text.startswith("STARTED\nattempt 2\n")


def test_who_was_stopped_is_not_tried_again(workers):
    workers.put_worker("Sleeps", "#!/bin/sh\nexec sleep 600\n")
    id = workers.start_job("Sleeps", retries={"limit": 5, "delay": 0})
    workers.put(f"/jobs/{id}/status", "stop")
    job = workers.ended(id)
    assert (job["status"], job["attempt"]) == ("stop", 1)


def test_a_timeout_is_tried_again(workers):
    workers.put_worker("Slow", "#!/bin/sh\n[ $JOBJOKER_ATTEMPT -gt 1 ] || exec sleep 600\n")
    job = workers.run("Slow", timeout=3, retries={"limit": 1, "delay": 0})
    assert (job["status"], job["attempt"]) == ("done", 2)


def test_the_next_attempt_begins_while_a_process_that_lives_on_takes_the_report(new_server):
    """The runner holds the lock of its job until it has its answer: whoever answers must not wait for that lock."""
    server = new_server("proxy_fcgi")
    server.put_worker("Fails", FAILS)
    server.put("/queues/q", {"slots": 1})
    for queue in (None, "q"):
        job = server.run("Fails", {"times": 2, "code": 1}, queue=queue, retries={"limit": 2, "delay": 0})
        assert (job["status"], job["attempt"]) == ("done", 3)
    # Each of the four attempts that another one follows would have waited. A report that was only slow may be told of, too.
    assert (server.data / "runner.log").read_text().count("socket is not used any more") < 4
