"""What a job may use, how it is paused, what becomes of it when its runner is lost, and what is left of it when it is over."""
import concurrent.futures
import json
import os
import signal
import subprocess

import pytest

import apache
from apache import carriers, kill_and_wait, runner_of, state_of, tick

WAITS = "#!/bin/sh\nmkfifo gate\necho ready\nread line < gate\necho went on\n"


@pytest.fixture(scope="module")
def workers(server):
    server.put_worker("Waits", WAITS)
    return server


def ready(server, worker, **more):
    """Starts a job of a worker that says `ready`, and waits for that."""
    id = server.start_job(worker, **more)
    apache.wait_until(lambda: "ready\n" in server.log(id), 20, "the worker to be ready")
    return id


def let_go(server, id):
    (server.data / "run" / id / "work" / "gate").write_text("go\n")


# --- pause ---

def test_pause_freezes_all_and_resume_lets_go_on(workers):
    id = ready(workers, "Waits")
    answer = workers.put(f"/jobs/{id}/status", "pause")
    assert answer.status == 200 and answer.data[0]["status"] == "active" and answer.data[0]["paused"] is True
    assert carriers(id) and all(state_of(pid) == "T" for pid in carriers(id))
    assert workers.put(f"/jobs/{id}/status", "pause").status == 200  # again: it is so already
    gate = os.open(workers.data / "run" / id / "work" / "gate", os.O_RDWR)  # nobody has it open: who waited for that is frozen
    os.write(gate, b"go\n")
    assert workers.status(id) == "active"
    answer = workers.put(f"/jobs/{id}/status", "resume")
    assert answer.status == 200 and answer.data[0]["paused"] is False
    job = workers.ended(id)
    os.close(gate)
    assert (job["status"], job["paused"]) == ("done", False)
    assert workers.log(id) == "STARTED\nready\nPAUSED\nRESUMED\nwent on\nENDED\n"


def test_the_timeout_stands_still_while_a_job_is_paused(workers):
    id = workers.start_job("Waits", timeout=5)
    assert workers.put(f"/jobs/{id}/status", "pause").data[0]["paused"] is True
    waited = workers.get(f"/jobs/{id}?wait=6").data[0]
    assert waited["status"] == "active" and waited["paused"] is True
    assert workers.put(f"/jobs/{id}/status", "resume").status == 200
    job = workers.ended(id)
    assert (job["status"], job["reason"]) == ("error", "timeout: it ran for 5 s") and job["usage"]["wall"] >= 6


@pytest.mark.parametrize("word", ["stop", "kill"])
def test_a_paused_job_can_be_ended(workers, word):
    id = ready(workers, "Waits")
    workers.put(f"/jobs/{id}/status", "pause")
    assert workers.put(f"/jobs/{id}/status", word).status == 200
    assert workers.ended(id)["status"] == "stop" and carriers(id) == []


def test_only_what_runs_can_be_paused(workers):
    idle = workers.create("Waits")
    outside = workers.create("Waits")
    assert workers.put(f"/jobs/{outside}/status", "active").status == 200
    workers.put_worker("Short", "#!/bin/sh\n")
    done = workers.run("Short")["id"]
    for id, code in ((idle, "job_idle"), (outside, "job_not_held"), (done, "job_over")):
        for word in ("pause", "resume"):
            answer = workers.put(f"/jobs/{id}/status", word)
            assert (answer.status, answer.json["code"]) == (409, code)
    workers.put(f"/jobs/{outside}/status", "done")


def test_a_paused_job_whose_runner_is_killed_leaves_nothing(workers):
    id = ready(workers, "Waits")
    workers.put(f"/jobs/{id}/status", "pause")
    kill_and_wait(runner_of(workers, id))
    assert workers.ended(id)["reason"] == "runner lost"
    assert carriers(id) == []


# --- limits ---

@pytest.mark.parametrize("limits, wrong", [
    ({"cpu": -1}, "cpu"), ({"memory": "much"}, "memory"), ({"wishes": 3}, "wishes"), ([1], "object"), ({"log": 5}, "log"),
])
def test_a_limit_that_is_none_is_refused(workers, limits, wrong):
    answer = workers.post("/jobs", {"worker": "Waits", "limits": limits})
    assert (answer.status, answer.json["code"]) == (422, "job_invalid") and wrong in answer.json["message"]


def test_a_job_tells_its_limits(workers):
    answer = workers.post("/jobs", {"worker": "Waits", "limits": {"cpu": 1.5, "memory": 1 << 30, "files": 100, "log": None}})
    assert answer.data[0]["limits"] == {"cpu": 1.5, "memory": 1 << 30, "files": 100}


def run_limited(server, name, source, **limits):
    server.put_worker(name, source)
    return server.run(name, limits=limits)


def test_cpu_time_is_limited_for_all_processes_together(workers):
    job = run_limited(workers, "Burn2", "#!/bin/sh\nfor i in 1 2 3 4; do (while :; do :; done) & done\nwait\n", cpu=0.5)
    assert (job["status"], job["reason"]) == ("error", "limit of CPU time: 0.5 s are used up")
    assert job["usage"]["cpu_user"] + job["usage"]["cpu_system"] >= 0.3 and carriers(job["id"]) == []


def test_cpu_time_that_ended_children_used_counts(workers):
    burn = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"
    job = run_limited(workers, "Burn3", f"#!/bin/sh\nwhile :; do sh -c '{burn}'; done\n", cpu=0.5)
    assert (job["status"], job["reason"]) == ("error", "limit of CPU time: 0.5 s are used up")


def test_memory_is_limited(workers):
    job = run_limited(workers, "Eats", "#!/usr/bin/python3\nx = b'x' * (400 << 20)\n", memory=200 << 20)
    assert job["status"] == "error" and "MemoryError" in workers.log(job["id"])


def test_open_files_are_limited(workers):
    job = run_limited(workers, "Opens", "#!/usr/bin/python3\nf = [open('/dev/null') for i in range(64)]\n", files=32)
    assert job["status"] == "error" and "Too many open files" in workers.log(job["id"])


def test_the_size_of_files_is_limited(workers):
    job = run_limited(workers, "Writes", "#!/bin/sh\nexec dd if=/dev/zero of=big bs=1000 count=100\n", file_size=50000)
    assert (job["status"], job["reason"]) == ("error", "limit of file size: 50000 bytes") and job["signal"] == signal.SIGXFSZ


@pytest.mark.skipif(os.geteuid() != 0, reason="the user's other processes count")
def test_processes_are_limited(workers):
    source = "#!/usr/bin/python3\nimport os, time\nfor i in range(100):\n    if os.fork() == 0:\n        time.sleep(600)\n"
    job = run_limited(workers, "Forks", source, processes=20)
    assert job["status"] == "error" and "BlockingIOError" in workers.log(job["id"])
    assert carriers(job["id"]) == []


def test_the_administrators_ceilings_hold(new_server):
    server = new_server(settings={"JOBJOKER_LIMIT_FILES_MAX": "64", "JOBJOKER_LIMIT_MEMORY": "1G", "JOBJOKER_TIMEOUT_MAX": "60"})
    server.put_worker("Any", '#!/bin/sh\n# Options: {"limits": {"files": 5000, "cpu": 3}, "timeout": 300}\nulimit -n\n')
    (job,) = server.post("/jobs", {"worker": "Any", "start": True}).data
    assert job["limits"] == {"cpu": 3, "memory": 1 << 30, "files": 64, "log": 1 << 30} and job["timeout"] == 60
    server.ended(job["id"])
    assert server.log(job["id"]) == "STARTED\n64\nENDED\n"
    for more in ({"limits": {"files": 65}}, {"limits": {"files": 0}}, {"timeout": 61}, {"timeout": 0}):
        answer = server.post("/jobs", {"worker": "Any", **more})
        assert (answer.status, answer.json["code"]) == (422, "job_invalid"), more
    assert server.post("/jobs", {"worker": "Any", "limits": {"files": 10, "cpu": 0}}).data[0]["limits"] == {
        "memory": 1 << 30, "files": 10, "log": 1 << 30}


def test_usage_is_told(workers):
    workers.put_worker("Used", "#!/usr/bin/python3\nimport time\ntime.sleep(0.05)\nx = b'x' * (50 << 20)\n")
    usage = workers.run("Used")["usage"]
    assert usage["wall"] >= 0.05 and usage["max_rss"] > 50 << 20 and usage["cpu_user"] + usage["cpu_system"] > 0
    assert usage["switches"] >= 1 and usage["switches_forced"] >= 0 and usage["bytes_read"] >= 0 and usage["bytes_written"] >= 0


# --- options of a worker ---

@pytest.mark.parametrize("options", ['{"timeout": "x"}', '{"what": 1}', '{"detach": 1}', '{"timeout": 1'])
def test_wrong_options_are_refused_with_the_worker(workers, options):
    answer = workers.put("/workers/Wrong", f"#!/bin/sh\n# Options: {options}\n")
    assert answer.status == 422 and answer.json["code"] in ("worker_options", "worker_description")


def test_options_of_each_kind_are_told(workers):
    c = '#include <jobjoker/worker.h>\nconst char *information(void) { return "{\\"options\\": {\\"timeout\\": 7}}"; }\nint run(struct jobjoker_worker *w) { (void)w; return 0; }\n'
    php = "<?php\ninclude_once 'libs/Worker.php';\nclass Opt extends Worker { function getInformation() { return ['description' => 'd', 'options' => ['timeout' => 7]]; } function run() {} }\n"
    for source in ('#!/bin/sh\n# Options: {"timeout": 7}\n', c, php):
        answer = workers.put("/workers/Opt", source)
        assert answer.status in (200, 201), answer
        assert answer.data[0]["options"] == {"timeout": 7}, source
    assert workers.post("/jobs", {"worker": "Opt"}).data[0]["timeout"] == 7


def test_what_a_worker_detaches_lives_on(workers):
    source = "#!/bin/sh\n# Options: {\"detach\": true}\nsetsid sh -c 'echo $$ > %s; exec sleep 600' >/dev/null 2>&1 </dev/null &\n"
    note = workers.data / "detached"
    workers.put_worker("Detaches", source % note + "while [ ! -s %s ]; do sleep 0.01; done\n" % note)
    job = workers.run("Detaches")
    pid = int(note.read_text())
    apache.wait_until(lambda: not (workers.data / "run" / job["id"]).exists(), 20, "the runner's end")
    assert job["status"] == "done" and state_of(pid) in "SR"
    os.kill(pid, signal.SIGKILL)
    note.unlink()


def test_stop_ends_what_a_worker_would_detach(workers):
    workers.put_worker("DetachWaits", '#!/bin/sh\n# Options: {"detach": true}\nsetsid sleep 600 &\necho ready\nwait\n')
    id = ready(workers, "DetachWaits")
    workers.put(f"/jobs/{id}/status", "stop")
    assert workers.ended(id)["status"] == "stop" and carriers(id) == []


# --- lost runners ---

HIDES = "#!/bin/sh\n(setsid sh -c 'trap \"\" TERM; sleep 600; :' >/dev/null 2>&1 &)\n(setsid sleep 600 &)\necho ready\nsleep 600\n"


@pytest.mark.parametrize("look", ["/jobs/{id}", "/jobs/{id}/status", "/jobs", "tick"])
def test_a_lost_runner_is_told_by_the_next_look_and_leaves_nothing(workers, look):
    workers.put_worker("Hides", HIDES)
    id = ready(workers, "Hides")
    apache.wait_until(lambda: len(carriers(id)) >= 4, 20, "all that it begins")
    kill_and_wait(runner_of(workers, id))
    if look == "tick":
        tick(workers)
    else:
        workers.get(look.format(id=id))
    assert workers.store.sql("SELECT state, reason FROM job WHERE id = ?", id) == [(4, "runner lost")]
    assert carriers(id) == [] and not (workers.data / "run" / id).exists()


@pytest.mark.parametrize("look", ["get", "tick"])
def test_a_job_that_is_to_be_requeued_runs_again_when_its_runner_is_lost(workers, look):
    source = "#!/bin/sh\necho attempt $JOBJOKER_ATTEMPT $JOBJOKER_PARAM_word $JOBJOKER_API\n[ $JOBJOKER_ATTEMPT -gt 1 ] && exit\nmkfifo gate\necho ready\nread x < gate\n"
    workers.put_worker("Again", source)
    id = ready(workers, "Again", parameters={"word": "hey"}, on_lost="requeue")
    workers.put_worker("Again", "#!/bin/sh\necho another version\n")
    first = runner_of(workers, id)
    kill_and_wait(first)
    if look == "tick":
        tick(workers)
    job = workers.ended(id)
    assert (job["status"], job["attempt"], job["on_lost"], job["version"]) == ("done", 2, "requeue", job["version"])
    where = workers.log(id).split("\n")[1].split()[-1]
    assert workers.log(id) == (f"STARTED\nattempt 1 hey {where}\nready\nLOST: runner lost. This is attempt 2.\n"
                               f"STARTED\nattempt 2 hey {where}\nENDED\n")
    assert where.startswith("http://127.0.0.1:")
    apache.wait_until(lambda: not (workers.data / "run" / id).exists(), 20, "the folder of the job is gone")


def test_an_attempt_does_not_begin_with_the_progress_of_the_one_before(workers):
    workers.put_worker("Halfway", "#!/bin/sh\n[ $JOBJOKER_ATTEMPT = 1 ] && echo '::progress 50 half::'\necho ready\nexec sleep 600\n")
    id = ready(workers, "Halfway", on_lost="requeue")
    assert workers.job(id)["progress"] == {"percent": 50, "message": "half"}
    kill_and_wait(runner_of(workers, id))
    job = workers.job(id)
    assert (job["attempt"], job["progress"]) == (2, None), job
    workers.put(f"/jobs/{id}/status", "kill")


def test_a_job_is_not_requeued_for_ever(new_server):
    server = new_server(settings={"JOBJOKER_REQUEUE_MAX": "2"})
    server.put_worker("Dies", "#!/bin/sh\nkill -KILL $PPID\nsleep 600\n")
    (job,) = server.post("/jobs", {"worker": "Dies", "start": True, "on_lost": "requeue"}).data
    job = server.ended(job["id"])
    assert (job["status"], job["reason"], job["attempt"]) == ("error", "runner lost", 3)
    assert server.log(job["id"]).count("LOST: runner lost.") == 2


def test_a_job_that_was_asked_to_stop_is_not_requeued(workers):
    workers.put_worker("Deaf", "#!/bin/sh\ntrap '' TERM\necho ready\nwhile :; do sleep 1; done\n")
    id = ready(workers, "Deaf", on_lost="requeue")
    workers.put(f"/jobs/{id}/status", "stop")
    kill_and_wait(runner_of(workers, id))
    job = workers.ended(id)
    assert (job["status"], job["attempt"]) == ("stop", 1) and carriers(id) == []


def test_two_who_find_a_lost_runner_start_one_attempt(workers):
    workers.put_worker("Once", "#!/bin/sh\necho attempt $JOBJOKER_ATTEMPT\necho ready\nsleep 600\n")
    id = ready(workers, "Once", on_lost="requeue")
    kill_and_wait(runner_of(workers, id))
    looks = [subprocess.Popen(["curl", "-q", "-s", "-o", "/dev/null", "-H", f"Authorization: Bearer {workers.token}",
                               f"{workers.url}/jobs/{id}"]) for _ in range(12)]
    assert [look.wait(60) for look in looks] == [0] * 12
    apache.wait_until(lambda: workers.log(id).count("ready\n") == 2, 20, "the second attempt")
    assert workers.job(id)["attempt"] == 2 and workers.log(id).count("attempt 2\n") == 1
    workers.put(f"/jobs/{id}/status", "kill")


def test_a_silent_runner_of_another_host_is_lost_and_fenced_off(new_server):
    server = new_server(settings={"JOBJOKER_HEARTBEAT": "0.2"})
    server.put_worker("Waits", WAITS)
    id = ready(server, "Waits", on_lost="requeue")
    first = runner_of(server, id)
    os.kill(first, signal.SIGSTOP)  # silent
    os.rename(server.data / "run" / id, server.data / "elsewhere")  # its lock is on that host, not on ours
    server.store.sql("UPDATE job SET host = 'elsewhere' WHERE id = ?", id)
    apache.wait_until(lambda: server.job(id)["attempt"] == 2, 30, "the second attempt")
    apache.wait_until(lambda: server.log(id).count("ready\n") == 2, 20, "the second worker")
    assert "LOST: runner lost: no word from elsewhere. This is attempt 2.\n" in server.log(id)
    os.kill(first, signal.SIGCONT)  # it comes back, is refused, and ends itself and its tree
    apache.wait_until(lambda: state_of(first) == "Z", 20, "the end of the first runner")
    (server.data / "run" / id / "work" / "gate").write_text("go\n")
    job = server.ended(id)
    assert (job["status"], job["attempt"]) == ("done", 2)
    assert server.log(id).count("went on\n") == 1 and carriers(id) == []


def test_a_runner_of_another_host_that_reports_lives(new_server):
    server = new_server(settings={"JOBJOKER_HEARTBEAT": "0.2"})
    server.put_worker("Waits", WAITS)
    id = ready(server, "Waits")
    server.store.sql("UPDATE job SET host = 'elsewhere' WHERE id = ?", id)
    reports = lambda: server.store.sql("SELECT report FROM job WHERE id = ?", id)[0][0]
    before = reports()
    apache.wait_until(lambda: server.status(id) == "active" and reports() >= before + 8, 30, "eight heartbeats")
    let_go(server, id)
    assert server.ended(id)["status"] == "done"
    assert json.loads(server.get(f"/jobs/{id}").body)["data"][0]["attempt"] == 1


def test_a_job_whose_start_was_cut_short_hears_what_is_wanted(new_server):
    """Who started it was killed while its runner got ready, so nobody noted that it listens."""
    server = new_server(settings={"JOBJOKER_STOP_AT": "ready"})
    server.put_worker("Quiet", "#!/bin/sh\necho ready\nexec sleep 600\n")
    id = server.create("Quiet")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        starting = pool.submit(server.put, f"/jobs/{id}/status", "start")
        lock = server.data / "run" / id / "lock"
        apache.wait_until(lambda: lock.exists() and lock.read_text() and state_of(runner_of(server, id)) == "T", 20, "the runner to stop")
        runner = runner_of(server, id)
        os.kill(parent_of(runner), signal.SIGKILL)
        starting.result()
    os.kill(runner, signal.SIGCONT)
    apache.wait_until(lambda: "ready\n" in server.log(id), 20, "the worker to be ready")
    assert server.put(f"/jobs/{id}/status", "pause").data[0]["paused"] is True
    server.put(f"/jobs/{id}/status", "stop")
    assert server.ended(id)["status"] == "stop"


def parent_of(pid):
    with open(f"/proc/{pid}/stat") as f:
        return int(f.read().rsplit(")", 1)[1].split()[1])


def lost_with_a_spool(server, worker="Waits", words=b"went on", **more):
    """A job that was let go, and whose runner was killed when these words stood in its spool."""
    program = server.site / "cgi-bin" / "jobjoker.cgi"
    id = ready(server, worker, **more)
    program.rename(server.top / "away")
    server.run_folder.rename(server.top / "no-run")  # with the sockets of FastCGI, where reports go first
    let_go(server, id)
    spool = server.data / "run" / id / "spool"
    apache.wait_until(lambda: spool.exists() and words in spool.read_bytes(), 20, "the spool")
    kill_and_wait(runner_of(server, id))
    (server.top / "no-run").rename(server.run_folder)
    (server.top / "away").rename(program)
    return id, spool


@pytest.mark.parametrize("on_lost", ["fail", "requeue"])
def test_a_spool_that_cannot_be_read_for_the_moment_is_kept(workers, on_lost):
    id, spool = lost_with_a_spool(workers, on_lost=on_lost)
    spool.chmod(0)
    assert workers.get(f"/jobs/{id}").status == 500 and spool.exists()
    spool.chmod(0o600)
    assert workers.ended(id)["status"] in ("done", "error") and "went on\n" in workers.log(id) and not spool.exists()


def test_a_lost_job_that_cannot_be_looked_after_does_not_hold_up_others(workers):
    workers.put_worker("Hides", HIDES)
    other = ready(workers, "Hides")
    newest, spool = lost_with_a_spool(workers)  # the list begins with it
    spool.chmod(0)
    kill_and_wait(runner_of(workers, other))
    assert workers.get("/jobs").status == 500 and carriers(other) == []
    spool.chmod(0o600)
    assert {j["id"]: j["status"] for j in workers.get("/jobs").data}[other] == "error" and workers.status(newest) != "active"


def test_a_lost_job_stopped_when_that_was_found_not_when_somebody_began_to_wait_for_it(workers):
    workers.put_worker("Twice", "#!/bin/sh\nmkfifo gate\necho ready\nread x < gate\necho again\nexec sleep 600\n")
    id = ready(workers, "Twice")
    follower = subprocess.Popen(["curl", "-q", "-s", "-N", "-H", f"Authorization: Bearer {workers.token}",
                                 f"{workers.url}/jobs/{id}/log.txt?follow=1"], stdout=subprocess.PIPE, text=True)
    assert [follower.stdout.readline() for _ in range(2)] == ["STARTED\n", "ready\n"]
    let_go(workers, id)
    assert follower.stdout.readline() == "again\n"
    kill_and_wait(runner_of(workers, id))
    assert follower.communicate(timeout=30)[0] == ""
    entries = workers.get(f"/jobs/{id}/log").data
    assert workers.job(id)["stoptime"] >= entries[-1]["time"] and entries[-1]["message"] == "again"


def test_what_was_detached_lives_on_also_if_the_runner_dies_before_it_could_tell_of_the_end(workers):
    note = workers.data / "detached"
    workers.put_worker("DetachesLate", '#!/bin/sh\n# Options: {"detach": true}\nmkfifo gate\necho ready\nread x < gate\n'
                       f"setsid sh -c 'echo $$ > {note}; exec sleep 600' >/dev/null 2>&1 </dev/null &\nwhile [ ! -s {note} ]; do sleep 0.01; done\n")
    id, spool = lost_with_a_spool(workers, "DetachesLate", b"ENDED\nend ")
    pid = int(note.read_text())
    assert workers.job(id)["status"] == "done" and state_of(pid) in "SR"
    os.kill(pid, signal.SIGKILL)
    note.unlink()


@pytest.mark.parametrize("look", ["get", "delete", "tick"])
def test_a_runner_that_dies_when_all_was_delivered_leaves_no_folder(new_server, look):
    server = new_server(settings={"JOBJOKER_STOP_AT": "delivered"})
    server.put_worker("Brief", "#!/bin/sh\necho x >file\n")
    job = server.run("Brief")
    runner, run = runner_of(server, job["id"]), server.data / "run" / job["id"]
    apache.wait_until(lambda: state_of(runner) == "T", 20, "the runner to stop")
    assert server.get(f"/jobs/{job['id']}").status == 200 and (run / "work/file").exists()  # while it lives it is its own
    kill_and_wait(runner)
    apache.wait_until(lambda: state_of(runner) == "Z", 20, "the end of the runner")
    if look == "tick":
        tick(server)
    else:
        assert getattr(server, look)(f"/jobs/{job['id']}").status == 200
    assert not run.exists()


# --- environment ---

def test_a_worker_gets_its_own_folders_and_niceness(new_server):
    server = new_server(settings={"JOBJOKER_NICE": "5"})
    server.put_worker("Where", '#!/bin/sh\nnice\numask\npwd\necho $HOME\necho $TMPDIR\nls -A . "$TMPDIR"\nmktemp >made\nls "$TMPDIR" | wc -l\n'
                      'mkdir -p "$TMPDIR/deep/er" && chmod 0 "$TMPDIR/deep"\n')
    before = int(subprocess.run(["nice"], capture_output=True, text=True, check=True).stdout)
    job = server.run("Where")
    run = server.data / "run" / job["id"]
    assert server.log(job["id"]) == (f"STARTED\n{before + 5}\n0077\n{run}/work\n{run}/work\n{run}/tmp\n.:\n\n{run}/tmp:\n1\nENDED\n")
    apache.wait_until(lambda: not run.exists(), 20, "the folders to be gone")


# --- two who look at once ---

def test_of_many_who_look_at_a_lost_job_at_once_none_says_that_it_is_active(workers):
    workers.put_worker("Hides", HIDES)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            id = ready(workers, "Hides")
            kill_and_wait(runner_of(workers, id))
            for answer in pool.map(lambda _: workers.get(f"/jobs/{id}/status"), range(8)):
                assert answer.status == 503 or answer.data[0]["status"] == "error", answer  # 503: who looks after it takes long
            assert workers.status(id) == "error"


def test_while_a_lost_job_cannot_be_looked_after_nobody_says_that_it_is_active(workers):
    id = ready(workers, "Waits")
    kill_and_wait(runner_of(workers, id))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        with workers.store.writing():
            answers = [pool.submit(workers.get, f"/jobs/{id}/status") for _ in range(2)]
            second = concurrent.futures.wait(answers, 60, concurrent.futures.FIRST_COMPLETED).done.pop().result()
            assert (second.status, second.json.get("code")) == (503, "store_busy") and second.headers["retry-after"], second
        assert {a.result().status for a in answers} <= {200, 503}
    assert workers.status(id) == "error"
