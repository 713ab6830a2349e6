"""Jobs for the tests of bad days: what they say shows whatever is lost, doubled or out of order."""
import contextlib
import os
import re
import shutil
import signal
import sqlite3

import apache
from apache import carriers, state_of


class Figures:
    """What a run of the suite has done; conftest.py shows it at the end."""

    def __init__(self):
        self.faults = self.jobs = self.entries = self.lost = 0
        self.lost_shown_ms = []  # from the kill of a runner to the end of the answer that tells of it

    def __str__(self):
        text = f"faults injected: {self.faults}, jobs run: {self.jobs}, entries sent: {self.entries}, entries lost: {self.lost}"
        if self.lost_shown_ms:
            shown = sorted(self.lost_shown_ms)
            text += f"; a lost runner was shown after {shown[len(shown) // 2]:.0f} ms (at most {shown[-1]:.0f})"
        return text


figures = Figures()

# Says about a thousand numbered lines in a second until somebody writes to its gate; the response is their number.
TALKER = """#!/usr/bin/python3
import os
import select

os.mkfifo("gate")
gate = os.open("gate", os.O_RDWR | os.O_NONBLOCK)
n = 0
while not select.select([gate], [], [], 0.001)[0]:
    n += 1
    print(f"line {n}", flush=True)
print(f"::response::{n}", flush=True)
"""


class Talker:
    """A job of that worker, which runs and has said something."""

    def __init__(self, server, **more):
        self.server = server
        server.put_worker("Talker", TALKER)
        self.id = server.start_job("Talker", **more)
        self.must_go_on()

    @property
    def run(self):
        return self.server.data / "run" / self.id

    def must_go_on(self):
        """It is active, and what it says from now on arrives."""
        before = self.server.job(self.id)
        assert before["status"] == "active", before
        apache.wait_until(lambda: self.server.job(self.id)["log_size"] > before["log_size"], 30, "more of the log")

    def finish(self):
        """Lets it end, without asking the server for anything."""
        (self.run / "work/gate").write_text("go\n")

    def must_end_whole(self):
        """It ended in good order, each line is there once and in its place, and nothing else of it is left."""
        server, job = self.server, self.server.ended(self.id, 60)
        assert (job["status"], job["exit_code"], job["signal"], job["reason"]) == ("done", 0, None, None), job
        lines = int(server.response(self.id))
        assert lines > 0
        must_have_said(server, self.id, lines)
        must_be_clean(server)


# What a server takes in addition: the header X-Stop-At of a request that starts a job names a step (runner/step.h).
STOP_AT = """
{load}
<Directory "/">
    SetEnvIf X-Stop-At "(.+)" JOBJOKER_STOP_AT=$1
</Directory>
"""

# --- workers that say numbered lines, until something is written to their gate; their second attempt ends by itself ---

# As fast as it can, though not for ever: a test that waits for long shall not fill the disk.
FLOODS = """#!/usr/bin/python3
import os, select, sys
os.mkfifo("gate")
gate = os.open("gate", os.O_RDWR | os.O_NONBLOCK)
n, again = 0, os.environ["JOBJOKER_ATTEMPT"] > "1"
while not select.select([gate], [], [], 0 if n < 50000 else None)[0]:
    sys.stdout.write("".join(f"line {i}\\n" for i in range(n + 1, n + 501)))
    sys.stdout.flush()
    n += 500
    if again:
        break
"""

QUIET = """#!/bin/sh
mkfifo gate
echo line 1
[ "$JOBJOKER_ATTEMPT" -gt 1 ] || read -r word <gate
echo line 2
"""

# What it leaves behind is in sessions of its own, without a parent, deaf to SIGTERM, and one holds its output.
HIDES = """#!/bin/sh
mkfifo gate
(setsid sh -c 'trap "" TERM; sleep 600; :' >/dev/null 2>&1 &)
(setsid sh -c '(sleep 600 &) ; (setsid sh -c "trap : TERM; while :; do sleep 600; done" &)' >/dev/null 2>&1 &)
(setsid sleep 600 &)
echo line 1
[ "$JOBJOKER_ATTEMPT" -gt 1 ] || read -r word <gate
echo line 2
"""


# Each says a word, waits at a FIFO, and needs more of our files after that.
WAITING = {
    "C": """#include <jobjoker/worker.h>
#include <stdio.h>
#include <stdlib.h>

int run(struct jobjoker_worker *w)
{
    FILE *gate;

    jobjoker_log(w, "before");
    gate = fopen(getenv("JOBJOKER_PARAM_gate"), "r");
    if (!gate || getc(gate) == EOF)
        return 1;
    jobjoker_response(w, "after");
    return 0;
}
""",
    "Php": """<?php
include_once 'libs/Worker.php';

class Php extends Worker
{
    public function run()
    {
        $this->log("before");
        fgetc(fopen($this->getParameter("gate"), "r"));
        $this->response("after");
    }
}
""",
    "Python": """#!/usr/bin/env python3
import os
print("before", flush=True)
open(os.environ["JOBJOKER_PARAM_gate"]).read(1)
import jobjoker
jobjoker.response("after")
""",
    "Shell": """#!/bin/sh
echo before
read -r word <"$JOBJOKER_PARAM_gate"
. "$JOBJOKER_SH"
jobjoker_response after
""",
}


class Waiting:
    """A job whose worker says "before" and waits at its gate."""

    def __init__(self, server, name, source):
        self.server = server
        self.gate = server.data / f"gate-{name}"
        os.mkfifo(self.gate)
        shutil.chown(self.gate, server.data.stat().st_uid)
        server.put_worker(name, source)
        self.id = server.start_job(name, {"gate": str(self.gate)})
        apache.wait_until(lambda: "before" in server.log(self.id), 20, "the worker's first word")

    def finish(self):
        self.gate.write_text("go\n")

    def must_end_whole(self):
        self.finish()
        job = self.server.ended(self.id)
        assert (job["status"], job["exit_code"], self.server.response(self.id)) == ("done", 0, "after"), job
        assert self.server.log(self.id) == "STARTED\nbefore\nENDED\n"


# --- what must be true afterwards ---

def numbered(first, last):
    return "".join(f"line {i}\n" for i in range(first, last + 1))


def read_numbered(log, at_least):
    """How many numbered lines a log holds; they must be there from 1 on, once and in order, and no fewer than were sent."""
    numbers = [int(n) for n in re.findall(r"^line (\d+)$", log, re.M)]
    if numbers and numbers[-1] != len(numbers) and str(len(numbers)).startswith(str(numbers[-1])):
        numbers.pop()  # half of a line, of a worker that was ended while it wrote it
    figures.entries += len(numbers)
    figures.lost += max(0, at_least - len(numbers))
    assert numbers == list(range(1, len(numbers) + 1)), "lost, doubled or out of order"
    assert len(numbers) >= at_least, f"{at_least - len(numbers)} of {at_least} lines that were sent are lost"
    return len(numbers)


def must_have_said(server, id, lines):
    """The log of a job that ended in good order is so many numbered lines, and nothing else."""
    log = server.log(id)
    figures.jobs += 1
    read_numbered(log, lines)
    assert log == "STARTED\n" + numbered(1, lines) + "ENDED\n"


def kill_runner(pid):
    """Returns when it is dead, which a busy machine takes its time for; until then it holds its lock."""
    os.kill(pid, signal.SIGKILL)
    figures.faults += 1
    apache.wait_until(lambda: state_of(pid) == "Z", 20, "the runner's death")


def runner_log(server):
    return (server.data / "runner.log").read_text()


def open_database(server):
    return sqlite3.connect(getattr(server, "database", server.data / "jobs.db"), isolation_level=None, timeout=60)


def change(server, sql, *values):
    database = open_database(server)
    database.execute(sql, values)
    database.close()


def said_so_far(server, id):
    """The last numbered line that was taken by the database or stands in the spool: none up to it may be lost."""
    database = open_database(server)
    rows = database.execute("SELECT bytes FROM entry JOIN job ON job.number = entry.job WHERE job.id = ? AND kind = 1", (id,))
    taken = b"".join(row[0] + b"\n" for row in rows)
    database.close()
    with contextlib.suppress(FileNotFoundError):
        taken += (server.data / "run" / id / "spool").read_bytes()
    return max((int(n) for n in re.findall(rb"^line (\d+)$", taken, re.M)), default=0)


class away:
    """The program that takes reports is not there."""

    def __init__(self, server):
        self.program = server.site / "cgi-bin/jobjoker.cgi"
        self.elsewhere = self.program.with_suffix(".away")

    def __enter__(self):
        self.program.rename(self.elsewhere)
        figures.faults += 1

    def __exit__(self, *error):
        self.elsewhere.rename(self.program)


def must_be_gone(server, id):
    """Nothing is left of one job: no process, no folder."""
    apache.wait_until(lambda: not carriers(id), 20, f"the processes of {id} to be gone")
    apache.wait_until(lambda: not (server.data / "run" / id).exists(), 20, f"the folder of {id} to be gone")


def must_be_clean(server):
    """No process of a job is left, no folder of a run, and the database is in order."""
    for part in ("jobjoker-runner", "/data/code/"):
        assert not (left := server.processes_after(20, of=part)), left
    apache.wait_until(lambda: not any((server.data / "run").iterdir()), 20, "the folders of the runs to be gone")
    database = open_database(server)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


def one_of_each(server):
    """Starts a job in each language, all of which wait."""
    return [Waiting(server, name, source) for name, source in WAITING.items()]
