"""Many jobs, each with a fault by chance or with none, while Apache, the database and the program have faults of their own.

FAULT_JOBS=10000 FAULT_SEED=1 tests/run fault   how many (80), and the chances again of a run that said its seed

The chances are those of the seed; the moments at which processes meet are the machine's.
"""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import signal
import threading
import time

import pytest

import apache
from apache import carriers, running, state_of, tick
from jobs import STOP_AT, away, figures, must_be_clean, numbered, open_database, runner_log, said_so_far
from test_restarts import apache_children, apachectl
from test_runner_killed import STEPS

JOBS = int(os.environ.get("FAULT_JOBS", "80"))
SEED = int(os.environ.get("FAULT_SEED", random.randrange(1 << 32)))
AT_ONCE = 8

# Says its lines in two parts, with time for faults between them; the response is their number.
WORKER = """#!/bin/sh
if [ "$JOBJOKER_PARAM_hide" = true ]; then
    (setsid sh -c 'trap "" TERM; sleep 600; :' >/dev/null 2>&1 &)
    (setsid sleep 600 &)
fi
seq -f 'line %.0f' 1 "$JOBJOKER_PARAM_first"
sleep "$JOBJOKER_PARAM_pause"
seq -f 'line %.0f' $((JOBJOKER_PARAM_first + 1)) "$JOBJOKER_PARAM_all"
echo "::response::$JOBJOKER_PARAM_all"
"""


def ask(server, method, path, body=None, headers=None, seconds=60):
    """(status, answer); status 0 where there was no answer, as happens while Apache is away."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=seconds)
        with contextlib.closing(connection):
            connection.request(method, path, body, {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
    except (OSError, ValueError, http.client.HTTPException):
        return 0, None


class Killer(threading.Thread):
    """Kills runners that have stopped themselves at a step, and notes what must not be lost."""

    def __init__(self, server):
        super().__init__()
        self.server, self.ours, self.said, self.over = server, set(), {}, threading.Event()
        self.program = str(server.site / "runner/jobjoker-runner").encode()
        self.error = None

    def is_runner(self, pid):
        """A number may be another process's by now, and anybody's."""
        with contextlib.suppress(OSError):
            return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(self.program)
        return False

    def send(self, pid, number):
        """To a runner, and to nobody else. Has it been sent?"""
        with contextlib.suppress(ProcessLookupError):
            pidfd = os.pidfd_open(pid)
            try:
                if self.is_runner(pid):
                    signal.pidfd_send_signal(pidfd, number)
                    return True
            finally:
                os.close(pidfd)
        return False

    def kill(self, id, pid):
        said = said_so_far(self.server, id) if id else 0
        figures.faults += self.send(pid, signal.SIGKILL)
        if id:
            self.said[id] = max(said, self.said.get(id, 0))

    def stopped(self):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if self.is_runner(pid) and int(pid) not in self.ours and state_of(pid) == "T":
                yield int(pid)

    def ids(self):
        found = {}
        for lock in (self.server.data / "run").glob("*/lock"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                found[int(lock.read_text().split()[0])] = lock.parent.name
        return found

    def run(self):
        try:
            while not self.over.wait(0.02):
                ids = self.ids()
                for pid in self.stopped():
                    self.kill(ids.get(pid), pid)
        except BaseException as error:  # for the thread of the test
            self.error = error


class Weather(threading.Thread):
    """What happens to Apache, to the database and to the program meanwhile."""

    def __init__(self, server, dice):
        super().__init__()
        self.server, self.dice, self.over, self.error = server, dice, threading.Event(), None

    def restart(self):
        apachectl(self.server, "graceful")

    def kill_apache(self):
        """Its first process first, which makes new ones as long as it lives."""
        self.server.process.kill()
        self.server.process.wait()

        def children():
            left = apache_children(self.server)
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return left

        apache.wait_until(lambda: not children(), 60, "Apache to be gone")
        self.server.start()
        figures.faults += 1

    def lock_database(self):
        database = open_database(self.server)
        database.execute("BEGIN IMMEDIATE")
        self.over.wait(self.dice.uniform(0.2, 1))
        database.execute("COMMIT")
        database.close()
        figures.faults += 1

    def take_program_away(self):
        with away(self.server):
            self.over.wait(self.dice.uniform(0.1, 0.5))

    def run(self):
        try:
            while not self.over.wait(self.dice.uniform(0.5, 2.5)):
                self.dice.choice([self.restart, self.kill_apache, self.lock_database, self.take_program_away])()
        except BaseException as error:
            self.error = error


class Jobs:
    """The faults that jobs have, one by one."""

    def __init__(self, server, killer, weather):
        self.server, self.killer, self.weather = server, killer, weather

    def runner(self, id):
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int((self.server.data / "run" / id / "lock").read_text().split()[0])
        return None

    def kill_runner(self, id, dice):
        time.sleep(dice.uniform(0, 0.2))
        pid = self.runner(id)
        if pid:
            self.killer.kill(id, pid)

    def kill_worker(self, id, dice):
        time.sleep(dice.uniform(0, 0.2))
        for pid in carriers(id)[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                figures.faults += 1

    def stop_runner(self, id, dice):
        pid = self.runner(id)
        if not pid:
            return
        self.killer.ours.add(pid)
        figures.faults += self.killer.send(pid, signal.SIGSTOP)
        time.sleep(dice.uniform(0, 0.3))
        self.killer.send(pid, signal.SIGCONT)
        self.killer.ours.discard(pid)

    def pause(self, id, dice):
        ask(self.server, "PUT", f"/jobs/{id}/status", "pause")
        figures.faults += 1
        status = 0
        while status not in (200, 409) and not self.weather.error:
            status, _ = ask(self.server, "PUT", f"/jobs/{id}/status", "resume")

    def stop(self, id, dice):
        ask(self.server, "PUT", f"/jobs/{id}/status", "stop")
        figures.faults += 1

    def kill(self, id, dice):
        ask(self.server, "PUT", f"/jobs/{id}/status", "kill")
        figures.faults += 1

    def wait(self, id):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not self.weather.error:
            status, answer = ask(self.server, "GET", f"/jobs/{id}?wait=10")
            if status == 200 and answer["data"][0]["status"] in ("done", "error", "stop"):
                return
            if status == 200 and answer["data"][0]["paused"]:  # that request got no answer, and came after the other
                ask(self.server, "PUT", f"/jobs/{id}/status", "resume")
        raise AssertionError(f"job {id} does not end; seed {SEED}; {self.weather.error}; {status} {answer}; {self.evidence(id)}")

    def evidence(self, id):
        pid = self.runner(id)
        processes = {p: (state_of(p), line) for p, line in self.server.processes().items() if p == pid or id in line}
        return f"runner {pid}; {processes}; carriers {carriers(id)}; {self.server.error_log()[-2000:]}; {runner_log(self.server)[-2000:]}"

    def run(self, number):
        dice = random.Random(f"{SEED} {number}")
        first, rest = dice.choice([(1, 1), (20, 20), (500, 1000), (3000, 3000)])
        parameters = {"first": first, "all": first + rest, "pause": dice.choice(["0", "0.05", "0.3"]), "hide": dice.random() < 0.3}
        fault = dice.choice([None, None, "step", "step", "step", self.kill_runner, self.kill_runner, self.kill_worker, self.stop_runner,
                             self.pause, self.stop, self.kill])
        headers = {"X-Stop-At": dice.choice(STEPS)} if fault == "step" else {}
        body = {"worker": "Any", "start": True, "on_lost": dice.choice(["fail", "requeue"]), "parameters": parameters}
        status, answer = ask(self.server, "POST", "/jobs", json.dumps(body), headers)
        if status != 201:
            return False  # nobody knows; it is looked at in the end
        id = answer["data"][0]["id"]
        if callable(fault):
            fault(id, dice)
        self.wait(id)
        assert not carriers(id), f"processes of {id} are left; seed {SEED}"
        return True


def without_half_line(text):
    """seq writes blocks: when it is killed, the last line that it wrote may be the beginning of one."""
    body, ended = (text[:-6], "ENDED\n") if text.endswith("ENDED\n") else (text, "")
    before, _, last = body[:-1].rpartition("\n")
    whole = f"line {before.count(chr(10)) + 1}"
    return before + "\n" + ended if before and last != whole and whole.startswith(last) else text


def judge(id, state, reason, attempt, parameters, log, response, said):
    """Is what the database tells of a job true and whole?"""
    what = f"job {id} ({state}, {reason}, attempt {attempt}), seed {SEED}"
    parts = re.split(r"^LOST: .*\n", log, flags=re.M)
    assert len(parts) == attempt, what
    longest = 0
    for part in parts:
        text = re.sub(r"^(PAUSED|RESUMED)\n", "", part, flags=re.M)
        if state != "done" or part is not parts[-1]:
            text = without_half_line(text)
        lines = len(re.findall(r"^line \d+$", text, re.M))
        longest = max(longest, lines)
        figures.entries += lines
        assert text in ("", "STARTED\n" + numbered(1, lines), "STARTED\n" + numbered(1, lines) + "ENDED\n"), f"{what}: {text[-300:]}"
    figures.lost += max(0, said - longest)
    assert longest >= said, f"{what}: {said - longest} of {said} lines are lost"
    if state == "done":
        assert text == "STARTED\n" + numbered(1, parameters["all"]) + "ENDED\n", what
        # An attempt may have been lost after it had said its response.
        assert response in [n * str(parameters["all"]) for n in range(1, attempt + 1)], what
    elif state == "error":
        assert reason and (reason.startswith(("runner lost", "killed by SIGKILL", "its runner could not be started", "exit status"))), what
    else:
        assert state == "stop", what


def judge_all(server, killer):
    names = {1: "idle", 2: "active", 3: "stop", 4: "error", 5: "done"}
    database = open_database(server)
    rows = database.execute("SELECT number, id, state, reason, attempt, parameters FROM job").fetchall()
    said = "SELECT bytes FROM entry WHERE job = ? AND kind = ? ORDER BY seq"
    for number, id, state, reason, attempt, parameters in rows:
        log = "".join(row[0].decode() + "\n" for row in database.execute(said, (number, 1)))
        response = "".join(row[0].decode() for row in database.execute(said, (number, 2)))
        judge(id, names[state], reason, attempt, json.loads(parameters), log, response, killer.said.get(id, 0))
    database.close()
    figures.jobs += len(rows)
    return len(rows)


@pytest.fixture
def server(installed):
    server = apache.Server(installed, settings={"JOBJOKER_GRACE": "1", "JOBJOKER_REQUEUE_MAX": "5"})
    server.site_conf += STOP_AT.format(load=apache.load_modules(["setenvif"]))
    with running(server):
        server.put_worker("Any", WORKER)
        yield server


def test_random_faults(server, capsys):
    with capsys.disabled():
        print(f"\n{JOBS} jobs with random faults, FAULT_SEED={SEED}", flush=True)
    killer, weather = Killer(server), Weather(server, random.Random(f"{SEED} weather"))
    jobs = Jobs(server, killer, weather)
    killer.start()
    weather.start()
    numbers, made, shown = iter(range(1 << 30)), 0, 0
    try:
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            while made < JOBS:
                made += sum(pool.map(jobs.run, [next(numbers) for _ in range(min(100, JOBS - made))]))
                assert not killer.error and not weather.error, (killer.error, weather.error)
                if made // 1000 > shown:
                    shown = made // 1000
                    with capsys.disabled():
                        print(f"{made} jobs", flush=True)
        weather.over.set()
        weather.join()
        # Those whose request got no answer: a list looks after all of them.
        apache.wait_until(lambda: server.get("/jobs?status=active&limit=1").json["total"] == 0, 120, "the end of all")
    finally:
        weather.over.set()
        weather.join()
        killer.over.set()
        killer.join()
    tick(server)
    assert judge_all(server, killer) >= JOBS
    must_be_clean(server)
