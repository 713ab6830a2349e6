"""The runner dies at each of its steps: the next look tells the truth, nothing is left, and no entry is lost or doubled."""
import concurrent.futures
import contextlib
import os
import subprocess
import time

import pytest

import apache
from apache import carriers, running, state_of, tick
from jobs import FLOODS, HIDES, QUIET, STOP_AT, away, figures, kill_runner, must_be_clean, must_be_gone, numbered, read_numbered, said_so_far

RUNNER = apache.BUILD / "runner/jobjoker-runner"
STEPS = subprocess.run([str(RUNNER), "--steps"], capture_output=True, text=True, check=True).stdout.split()
WORKERS = {"Floods": FLOODS, "Quiet": QUIET, "Hides": HIDES}

# What has to be done that a run comes to a step; the others come by themselves.
AFTER_THE_WORKER = {"worker-ended", "tree-cleared", "end-said", "delivered", "cleaned-up"}
WHILE_THE_API_IS_AWAY = {"report-spooled"}

# How a job has ended whose runner was killed there, unless it is requeued. Elsewhere: "runner lost".
NOT_STARTED = {"ticket-read", "ready"}
TOLD_ITS_END = {"delivered", "cleaned-up"}

@pytest.fixture(scope="module")
def server(installed):
    """A server that takes the name of a step in a header of the request that starts a job."""
    server = apache.Server(installed)
    server.site_conf += STOP_AT.format(load=apache.load_modules(["setenvif"]))
    with running(server):
        for name, source in WORKERS.items():
            server.put_worker(name, source)
        yield server


def stopped_runner(server):
    """The pid of the runner that has stopped itself, or None."""
    for pid in server.processes_after(0, of="jobjoker-runner"):
        if state_of(pid) == "T":
            return pid
    return None


class Stopped:
    """A job whose runner stands still at a step."""

    def __init__(self, server, step, worker, on_lost):
        self.server, self.step, self.gate = server, step, None
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.answer = self.pool.submit(server.post, "/jobs", {"worker": worker, "start": True, "on_lost": on_lost}, "-H", f"X-Stop-At: {step}")
        if step in WHILE_THE_API_IS_AWAY:
            self.answer.result()
            with away(server):
                self.wait()
        else:
            self.wait()

    def open_gate(self):
        """Lets the worker end. Held open, because what was written to a FIFO is gone when nobody has it open."""
        with contextlib.suppress(OSError, StopIteration):
            self.gate = os.open(next((self.server.data / "run").glob("*/work/gate")), os.O_RDWR)
            os.write(self.gate, b"go\n")

    def wait(self):
        def come():
            if self.step in AFTER_THE_WORKER and self.gate is None:
                self.open_gate()
            return stopped_runner(self.server)

        self.pid = apache.wait_until(come, 30, f"the runner at {self.step}")

    def kill(self):
        """Returns the job's id, and the last line of those that had been taken or spooled by then."""
        folders = [folder.name for folder in (self.server.data / "run").iterdir()]
        said = said_so_far(self.server, folders[0]) if folders else 0
        self.killed_at = time.monotonic()
        kill_runner(self.pid)
        answer = self.answer.result()
        self.pool.shutdown()
        if self.gate is not None:
            os.close(self.gate)
        return answer, (answer.data[0]["id"] if answer.status == 201 else folders[0]), said


def expected_end(step, on_lost):
    if step in NOT_STARTED:
        return "error", "its runner could not be started: the server's error log says why", 1
    if step in TOLD_ITS_END:
        return "done", None, 1
    return ("done", None, 2) if on_lost == "requeue" else ("error", "runner lost", 1)


def must_be_whole(log, step, said, attempts):
    """Of the first attempt all that was sent; of the second one all."""
    first, mark, second = log.partition("LOST: runner lost. This is attempt 2.\n")
    lines = read_numbered(first, said)
    began = "" if step in NOT_STARTED else "STARTED\n"
    ended = "ENDED\n" if step in TOLD_ITS_END else ""
    # What is killed before its first report has said nothing.
    assert first in (began + numbered(1, lines) + ended, "" if not said else None)
    assert bool(mark) == (attempts == 2)
    if mark:
        assert second == "STARTED\n" + numbered(1, read_numbered(second, 1)) + "ENDED\n"


# All of them in the long form; in the short one each step with each worker, and once more with what hides, requeued.
CASES = [pytest.param(worker, on_lost, id=f"{worker}-{on_lost}", marks=pytest.mark.long if on_lost == "requeue" and worker != "Hides" else ())
         for worker in WORKERS for on_lost in ("fail", "requeue")]


@pytest.mark.parametrize("worker, on_lost", CASES)
@pytest.mark.parametrize("step", STEPS)
def test_a_runner_is_killed(server, step, worker, on_lost):
    stopped = Stopped(server, step, worker, on_lost)
    answer, id, said = stopped.kill()
    assert answer.status == (500 if step in NOT_STARTED else 201), answer
    status, reason, attempt = expected_end(step, on_lost)
    job = server.job(id)  # the next look
    if attempt == 2:
        assert job["attempt"] == 2, job
        job = server.ended(id)
    elif reason == "runner lost":
        figures.lost_shown_ms.append((time.monotonic() - stopped.killed_at) * 1000)
    assert (job["status"], job["reason"], job["attempt"]) == (status, reason, attempt), job
    if attempt == 1:
        assert not carriers(id) and not (server.data / "run" / id).exists()
    must_be_gone(server, id)
    must_be_whole(server.log(id), step, said, attempt)
    figures.jobs += 1
    must_be_clean(server)


def test_a_tick_removes_what_a_runner_left_after_the_end(server):
    _, id, _ = Stopped(server, "delivered", "Quiet", "fail").kill()
    assert (server.data / "run" / id).exists()
    tick(server)
    assert not (server.data / "run" / id).exists()
    assert server.job(id)["status"] == "done"
    must_be_clean(server)
