"""Workers, runners and the programs that take their reports are killed or stopped at any moment."""
import os
import random
import re
import signal
import time

import pytest

import apache
from apache import carriers, runner_of, running, state_of
from jobs import FLOODS, HIDES, Talker, figures, kill_runner, must_be_clean, must_be_gone, numbered, read_numbered, said_so_far


@pytest.fixture(scope="module")
def server(installed):
    with running(apache.Server(installed, settings={"JOBJOKER_GRACE": "1"})) as server:
        for name, source in {"Counts": COUNTS, "Floods": FLOODS, "Hides": HIDES}.items():
            server.put_worker(name, source)
        yield server


# Says numbered lines, and keeps beside them the number of those that were written whole.
COUNTS = """#!/usr/bin/python3
import os
note = os.open(os.environ["JOBJOKER_PARAM_note"], os.O_WRONLY | os.O_CREAT, 0o600)
n = 0
while True:
    n += 1
    os.write(1, b"line %d\\n" % n)
    os.pwrite(note, b"%d\\n" % n, 0)
"""


def test_a_worker_is_killed(server):
    """All that it wrote is there."""
    note = server.data / "note"
    id = server.start_job("Counts", {"note": str(note)})
    apache.wait_until(lambda: server.job(id)["log_size"] > 1000, 30, "lines")
    os.kill(server.job(id)["pid"], signal.SIGKILL)
    figures.faults += 1
    job = server.ended(id)
    assert (job["status"], job["signal"], job["reason"]) == ("error", signal.SIGKILL, "killed by SIGKILL (Killed)")
    log, written = server.log(id), int(note.read_text())
    lines = read_numbered(log, written)
    assert lines in (written, written + 1) and log == "STARTED\n" + numbered(1, lines) + "ENDED\n"
    figures.jobs += 1
    must_be_clean(server)


def test_what_a_killed_worker_hid_is_ended(server):
    id = server.start_job("Hides")
    apache.wait_until(lambda: "line 1\n" in server.log(id), 30, "its first line")
    pid = server.job(id)["pid"]
    apache.wait_until(lambda: len(set(carriers(id)) - {pid}) >= 4, 30, "all that it hides")
    hidden = set(carriers(id))
    os.kill(pid, signal.SIGKILL)
    figures.faults += 1
    assert server.ended(id)["reason"] == "killed by SIGKILL (Killed)"
    assert not carriers(id)
    figures.jobs += 1
    must_be_clean(server)


def stop_runner(server, id):
    runner = runner_of(server, id)
    os.kill(runner, signal.SIGSTOP)
    figures.faults += 1
    apache.wait_until(lambda: state_of(runner) == "T", 20, "the runner to stand still")
    return runner


def test_a_runner_that_was_stopped_goes_on(server):
    job = Talker(server)
    runner = stop_runner(server, job.id)
    # It is alive, so nobody takes its job from it; its worker runs until the pipe is full.
    assert server.job(job.id)["status"] == "active"
    job.finish()
    os.kill(runner, signal.SIGCONT)
    job.must_end_whole()


def test_a_stopped_runner_stops_its_job_when_it_goes_on(server):
    id = server.start_job("Floods")
    apache.wait_until(lambda: "line 1\n" in server.log(id), 30, "its first line")
    runner = stop_runner(server, id)
    assert server.put(f"/jobs/{id}/status", "stop").status == 200 and server.status(id) == "active"
    os.kill(runner, signal.SIGCONT)
    assert server.ended(id)["status"] == "stop"
    must_be_gone(server, id)
    read_numbered(server.log(id), 1)
    figures.jobs += 1
    must_be_clean(server)


@pytest.mark.long
def test_a_job_is_killed_over_the_head_of_its_stopped_runner(server):
    id = server.start_job("Hides")
    apache.wait_until(lambda: "line 1\n" in server.log(id), 30, "its first line")
    stop_runner(server, id)
    answer = server.put(f"/jobs/{id}/status", "kill")
    assert answer.status == 200 and answer.data[0]["status"] == "stop", answer
    assert not carriers(id) and not (server.data / "run" / id).exists()
    figures.jobs += 1
    must_be_clean(server)


@pytest.mark.parametrize("on_lost", ["fail", "requeue"])
def test_the_runner_of_a_paused_job_is_killed(server, on_lost):
    """The next attempt is not paused."""
    id = server.start_job("Floods", on_lost=on_lost)
    apache.wait_until(lambda: "line 1\n" in server.log(id), 30, "its first line")
    assert server.put(f"/jobs/{id}/status", "pause").data[0]["paused"]
    said = said_so_far(server, id)
    kill_runner(runner_of(server, id))
    job = server.ended(id)
    expected = ("done", None, 2) if on_lost == "requeue" else ("error", "runner lost", 1)
    assert (job["status"], job["reason"], job["attempt"], job["paused"]) == (*expected, False)
    first, _, second = server.log(id).partition("LOST: ")
    read_numbered(first, said)
    assert (read_numbered(second, 0) > 0) == (on_lost == "requeue")
    figures.jobs += 1
    must_be_gone(server, id)
    must_be_clean(server)


def test_runners_are_killed_at_any_moment(server):
    """Without a hook, by the clock alone."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for _ in range(5):
        id = server.start_job("Floods")
        runner, at = runner_of(server, id), time.monotonic() + dice.uniform(0, 0.3)
        apache.wait_until(lambda: time.monotonic() >= at, 20)
        said = said_so_far(server, id)
        kill_runner(runner)
        job = server.job(id)
        assert (job["status"], job["reason"]) == ("error", "runner lost"), (seed, job)
        assert not carriers(id)
        read_numbered(server.log(id), said)
        figures.jobs += 1
    must_be_clean(server)


# In the place of jobjoker.cgi: what takes a report is killed before it has read it, at any moment, or when it has
# committed it and before it could say so; or half of its answer is lost. Every fifth arrives.
CUT = """#!/bin/bash
[ "$SERVER_SOFTWARE" = JobJoker-runner ] || exec "{program}"
n=$(cat "{count}"); echo $((n + 1)) >"{count}"
case $((n % 5)) in
0)  kill -KILL $$ ;;
1)  "{program}" <&0 >/dev/null & sleep 0.00$((RANDOM % 6)); kill -KILL $! $$ ;;
2)  "{program}" >/dev/null; kill -KILL $$ ;;
3)  "{program}" | head -c 20 ;;
4)  exec "{program}" ;;
esac
"""


def test_who_takes_a_report_is_killed_meanwhile(new_server):
    """Each report is applied once, whether its answer arrived or not."""
    server = new_server()
    job = Talker(server)
    program, count = server.site / "cgi-bin/jobjoker.cgi", server.data / "count"
    real = program.with_name("real.cgi")
    new = program.with_suffix(".new")
    os.link(program, real)
    count.write_text("0\n")
    count.chmod(0o666)
    new.write_text(CUT.format(program=real, count=count))
    new.chmod(0o755)
    new.replace(program)
    apache.wait_until(lambda: re.match(r"[2-9]\d|\d{3}", count.read_text()), 60, "twenty tries")
    figures.faults += int(count.read_text()) * 4 // 5
    real.replace(program)
    job.finish()
    job.must_end_whole()
