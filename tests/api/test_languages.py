"""A worker of each kind, put by curl: runs to done, is stopped, is killed, and crashes, each as it should."""
import concurrent.futures
import os

import pytest

import apache

SOURCES = {
    "InC": """#include <jobjoker/worker.h>
#include <string.h>
int run(struct jobjoker_worker *w)
{
    const char *how = jobjoker_string(w, "how", "done");

    jobjoker_log(w, "ready");
    jobjoker_response(w, "answer");
    while (strcmp(how, "wait") == 0 && jobjoker_wanted(w))
        jobjoker_sleep(w, 60);
    if (strcmp(how, "crash") == 0)
        *(volatile int *)8 = 1;
    return strcmp(how, "fail") == 0 ? 3 : 0;
}
""",
    "InPhp": """<?php
include_once 'libs/Worker.php';
class InPhp extends Worker {
    public function getInformation() { return 'A test.'; }
    public function run() {
        $how = $this->getParameter('how') ?? 'done';
        $this->log('ready');
        $this->response('answer');
        while ($how == 'wait' && $this->isActive())
            usleep(20000);
        if ($how == 'crash')
            posix_kill(getmypid(), SIGSEGV);
        if ($how == 'fail')
            exit(3);
    }
}
""",
    "InSh": """#!/bin/sh
. "$JOBJOKER_SH"
jobjoker_log ready
jobjoker_response answer
case $JOBJOKER_PARAM_how in
wait) while jobjoker_wanted; do jobjoker_sleep 60; done ;;
crash) kill -SEGV $$ ;;
fail) exit 3 ;;
esac
""",
    "InPython": """#!/usr/bin/env python3
import os, signal, sys
import jobjoker
how = jobjoker.parameter("how", "done")
jobjoker.log("ready")
jobjoker.response("answer")
while how == "wait" and jobjoker.wanted():
    jobjoker.sleep(60)
if how == "crash":
    os.kill(os.getpid(), signal.SIGSEGV)
if how == "fail":
    sys.exit(3)
""",
}


@pytest.fixture(scope="module", params=SOURCES)
def worker(request, server):
    server.put_worker(request.param, SOURCES[request.param])
    return request.param


def processes_of(id):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if f"JOBJOKER_ID={id}".encode() in f.read():
                    found.append(pid)
        except OSError:
            pass
    return found


def ready(server, worker):
    id = server.start_job(worker, {"how": "wait"})
    apache.wait_until(lambda: "ready" in server.log(id), 30, "the worker to be ready")
    assert processes_of(id)
    return id


def test_it_runs_to_done_with_log_and_response(server, worker):
    job = server.run(worker)
    assert (job["status"], job["exit_code"]) == ("done", 0), job
    assert server.log(job["id"]) == "STARTED\nready\nENDED\n"
    assert server.response(job["id"]) == "answer"


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_it_ends_as_stop_with_no_process_left(server, worker, how):
    id = ready(server, worker)
    assert server.put(f"/jobs/{id}/status", how).status == 200
    if how == "kill":
        assert processes_of(id) == []
    assert server.ended(id)["status"] == "stop" and processes_of(id) == []
    assert server.response(id) == "answer"


@pytest.mark.parametrize("how, exit_code, number, reason", [("crash", None, 11, "SIGSEGV"), ("fail", 3, None, "3")])
def test_an_error_tells_why(server, worker, how, exit_code, number, reason):
    job = server.run(worker, {"how": how})
    assert (job["status"], job["exit_code"], job["signal"]) == ("error", exit_code, number), job
    assert reason in job["reason"]
    assert server.log(job["id"]).startswith("STARTED\nready\n")  # what it said before is not lost


def test_many_at_once_do_not_get_in_each_others_way(server):
    for name, source in SOURCES.items():
        server.put_worker(name, source)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        jobs = list(pool.map(lambda name: server.run(name, seconds=60), [*SOURCES] * 5))
    assert [(j["status"], server.response(j["id"])) for j in jobs] == [("done", "answer")] * 20
