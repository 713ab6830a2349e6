"""Jobs for the tests of bad days: what they say shows whatever is lost, doubled or out of order."""
import os
import shutil
import sqlite3

import apache

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

    def __init__(self, server):
        self.server = server
        server.put_worker("Talker", TALKER)
        self.id = server.start_job("Talker")
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
        assert server.log(self.id) == "STARTED\n" + "".join(f"line {i}\n" for i in range(1, lines + 1)) + "ENDED\n"
        must_be_clean(server)


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


def must_be_clean(server):
    """No process of a job is left, no folder of a run, and the database is in order."""
    for part in ("jobjoker-runner", "/data/code/"):
        assert not (left := server.processes_after(20, of=part)), left
    apache.wait_until(lambda: not any((server.data / "run").iterdir()), 20, "the folders of the runs to be gone")
    database = sqlite3.connect(server.data / "jobs.db")
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


def one_of_each(server):
    """Starts a job in each language, all of which wait."""
    return [Waiting(server, name, source) for name, source in WAITING.items()]
