"""What happens while a job is being started: by others, in every order."""
import concurrent.futures
import os
import signal

import pytest

import apache

C = "#include <jobjoker/worker.h>\nint run(struct jobjoker_worker *w)\n{\n    jobjoker_log(w, \"ran\");\n    return 0;\n}\n"


class Gate:
    """A program that stands before another one and waits at the gate, while there is one."""

    def __init__(self, server, name, behind):
        self.fifo, self.seen = server.data / f"{name}-gate", server.data / f"{name}-waits"
        self.program = server.top / name
        self.program.write_text(f"#!/bin/sh\nif [ -p '{self.fifo}' ]; then : > '{self.seen}'; read x < '{self.fifo}'; fi\n{behind}\n")
        self.program.chmod(0o755)
        self.owner = server.data.stat()

    def shut(self):
        os.mkfifo(self.fifo, 0o600)
        os.chown(self.fifo, self.owner.st_uid, self.owner.st_gid)

    def wait_for_somebody(self):
        apache.wait_until(self.seen.exists, 20, "somebody to wait at the gate")

    def open(self):
        self.fifo.write_text("go\n")
        self.fifo.unlink()
        self.seen.unlink()


@pytest.fixture
def pool():
    with concurrent.futures.ThreadPoolExecutor(20) as p:
        yield p


def start(server, id):
    return server.put(f"/jobs/{id}/status", "start")


@pytest.fixture
def slow_compiler(new_server):
    """A server whose compiler waits, with an idle job of a C worker whose files are gone: its start compiles it."""
    server = new_server(start=False)
    server.gate = Gate(server, "cc", 'exec cc "$@"')
    server.settings["JOBJOKER_C_COMPILER"] = str(server.gate.program)
    server.start()
    server.put_worker("Slow", C)
    server.first = server.create("Slow")
    for folder in (server.data / "code").iterdir():
        for file in folder.iterdir():
            file.unlink()
    server.gate.shut()
    return server


def test_what_is_logged_while_a_job_is_started_is_not_lost(slow_compiler, pool):
    server, id = slow_compiler, slow_compiler.first
    starting = pool.submit(start, server, id)
    server.gate.wait_for_somebody()
    assert server.post(f"/jobs/{id}/log", "early").status == 201
    assert server.put(f"/jobs/{id}/progress", "7 soon").status == 200
    server.gate.open()
    assert starting.result().status == 200
    job = server.ended(id)
    assert job["status"] == "done" and job["progress"] == {"percent": 7, "message": "soon"}
    assert server.log(id) == "early\nSTARTED\nran\nENDED\n"


def test_who_reports_a_job_as_active_while_it_is_started_has_it(slow_compiler, pool):
    server, id = slow_compiler, slow_compiler.first
    starting = pool.submit(start, server, id)
    server.gate.wait_for_somebody()
    assert server.put(f"/jobs/{id}/status", "active").status == 200
    server.gate.open()
    late = starting.result()
    assert (late.status, late.json["code"]) == (409, "job_active")
    assert server.put(f"/jobs/{id}/status", "done").status == 200
    assert list(server.data.glob("run/*")) == []


def test_a_job_deleted_while_it_is_started_is_gone(slow_compiler, pool):
    server, id = slow_compiler, slow_compiler.first
    starting = pool.submit(start, server, id)
    server.gate.wait_for_somebody()
    assert server.delete(f"/jobs/{id}").status == 200
    server.gate.open()
    assert starting.result().status == 404
    assert list(server.data.glob("run/*")) == []
    assert server.processes_after(5, of="jobjoker-runner") == {}


def test_a_worker_changed_while_a_job_is_started_does_not_matter_to_it(slow_compiler, pool):
    server, id = slow_compiler, slow_compiler.first
    starting = pool.submit(start, server, id)
    server.gate.wait_for_somebody()
    server.put_worker("Slow", "#!/bin/sh\necho new\n")
    server.gate.open()
    assert starting.result().status == 200
    assert (server.ended(id)["version"], server.log(id)) == (1, "STARTED\nran\nENDED\n")


@pytest.mark.only_on("cgid", "cgi", reason="there one process answers one request")
def test_a_list_whose_maker_is_killed_is_started_by_the_next_look(slow_compiler, pool):
    server = slow_compiler
    server.put_worker("Quick", "#!/bin/sh\n")
    making = pool.submit(server.post, "/jobs", [{"worker": "Slow", "start": True}, {"worker": "Quick", "start": True}])
    server.gate.wait_for_somebody()
    for pid in [pid for pid, command in server.processes().items() if "cgi-bin/jobjoker" in command]:
        os.kill(pid, signal.SIGKILL)
    assert making.result().status == 500
    server.gate.open()
    made = server.store.sql("SELECT id FROM job WHERE id <> ?", server.first)
    apache.tick(server)
    assert [server.ended(id)["status"] for id, in made] == ["done", "done"]


@pytest.fixture
def slow_runner(new_server):
    """A server whose runner waits, and then does what `behind` says."""
    def make(behind):
        server = new_server(start=False)
        server.gate = Gate(server, "runner", behind.format(runner=server.site / "runner/real-runner"))
        (server.site / "runner/jobjoker-runner").rename(server.site / "runner/real-runner")
        server.gate.program.rename(server.site / "runner/jobjoker-runner")
        server.start()
        server.put_worker("Hello", "#!/bin/sh\necho hello\n")
        server.gate.shut()
        return server
    return make


def test_a_runner_that_fails_ends_the_job_and_keeps_its_log(slow_runner, pool):
    server = slow_runner("exit 1")
    id = server.create("Hello")
    starting = pool.submit(start, server, id)
    server.gate.wait_for_somebody()
    assert server.post(f"/jobs/{id}/log", "meanwhile").status == 201
    server.gate.open()
    failed = starting.result()
    assert (failed.status, failed.json["code"]) == (500, "runner_failed") and failed.json["request"]
    job = server.job(id)
    assert job["status"] == "error" and "runner" in job["reason"] and str(server.top) not in job["reason"]
    assert server.post(f"/jobs/{id}/log", "after").status == 201
    assert server.log(id) == "meanwhile\nafter\n"
    assert list(server.data.glob("run/*")) == []


def test_a_job_that_is_killed_while_its_runner_fails_is_stopped(slow_runner, pool):
    server = slow_runner("exit 1")
    id = server.create("Hello")
    starting = pool.submit(start, server, id)
    server.gate.wait_for_somebody()
    killing = pool.submit(server.put, f"/jobs/{id}/status", "kill")
    apache.wait_until(lambda: server.job(id)["stop_requested"], 10, "the wish to be noted")
    server.gate.open()
    assert starting.result().status == 500
    assert killing.result().data[0]["status"] == "stop"


def test_kill_before_the_runner_is_ready_ends_the_job_when_it_is(slow_runner, pool):
    server = slow_runner("exec {runner}")
    id = server.create("Hello")
    starting = pool.submit(start, server, id)
    server.gate.wait_for_somebody()
    killing = pool.submit(server.put, f"/jobs/{id}/status", "kill")
    apache.wait_until(lambda: server.job(id)["stop_requested"], 10, "the wish to be noted")
    assert not killing.done()
    server.gate.open()
    assert starting.result().status == 200
    assert (killing.result().status, killing.result().data[0]["status"]) == (200, "stop")
    assert server.processes_after(5, of="jobjoker-runner") == {}


def test_starts_kills_and_stops_at_once_leave_nothing(server, pool):
    server.put_worker("Sleeper", "#!/bin/sh\nexec sleep 600\n")
    ids = [server.create("Sleeper") for _ in range(8)]
    starts = [pool.submit(start, server, id) for id in ids]
    apache.wait_until(lambda: server.status(ids[0]) != "idle", 20, "the first to start")
    ends = [pool.submit(server.put, f"/jobs/{id}/status", word) for id in ids for word in ("stop", "kill")]
    assert {s.result().status for s in starts} == {200}
    assert {e.result().status for e in ends} <= {200, 409}
    for id in ids:
        if server.status(id) == "active":
            server.put(f"/jobs/{id}/status", "kill")
        assert server.ended(id)["status"] == "stop"


def test_a_lock_that_somebody_left_does_not_keep_a_job_from_starting(server):
    server.put_worker("Hello", "#!/bin/sh\necho hello\n")
    id = server.create("Hello")
    owner = server.data.stat()
    (server.data / f"run/{id}").mkdir(parents=True)
    (server.data / f"run/{id}/lock").write_text("1 x ready\n")
    for path in (server.data / "run", server.data / f"run/{id}", server.data / f"run/{id}/lock"):
        os.chown(path, owner.st_uid, owner.st_gid)
    assert start(server, id).status == 200
    assert server.ended(id)["status"] == "done"
