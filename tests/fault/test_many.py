"""Many jobs at once, jobs that fork without end, and jobs that say more than anybody reads."""
import concurrent.futures
import http.client
import json
import os
import threading

import pytest

import apache
from apache import carriers, running
from jobs import figures, must_be_clean, numbered, open_database, read_numbered

MANY = 1000 if "FAULT_JOBS" in os.environ else 200
LINES = 20

# All wait until all are there.
TOGETHER = f"""#!/bin/sh
i=0
while [ $i -lt {LINES // 2} ]; do i=$((i+1)); echo "line $i"; done
: <"$JOBJOKER_PARAM_gate"
while [ $i -lt {LINES} ]; do i=$((i+1)); echo "line $i"; done
"""


@pytest.fixture(scope="module")
def server(installed):
    with running(apache.Server(installed, settings={"JOBJOKER_GRACE": "1"})) as server:
        yield server


class Clients(threading.local):
    """A connection that lives for each thread: a process for each of many requests would be most of the load."""

    def __init__(self, server):
        self.server = server
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)

    def post(self, path, body):
        self.connection.request("POST", path, json.dumps(body), {"Authorization": f"Bearer {self.server.token}", "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


def logs(server):
    """{id: (state, log)} of all jobs."""
    database = open_database(server)
    rows = database.execute("SELECT job.id, job.state, entry.bytes FROM job LEFT JOIN entry ON entry.job = job.number AND entry.kind = 1"
                            " ORDER BY job.number, entry.seq").fetchall()
    database.close()
    found = {}
    for id, state, said in rows:
        found.setdefault(id, (state, []))[1].append(said.decode() + "\n" if said is not None else "")
    return {id: (state, "".join(said)) for id, (state, said) in found.items()}


def test_many_jobs_at_once(server):
    server.put_worker("Together", TOGETHER)
    gate = server.data / "gate"
    os.mkfifo(gate, 0o666)
    clients = Clients(server)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: clients.post("/jobs", {"worker": "Together", "parameters": {"gate": str(gate)}, "start": True}), range(MANY)))
    assert {status for status, _ in made} == {201}
    ids = [answer["data"][0]["id"] for _, answer in made]
    assert len(set(ids)) == MANY

    def active():
        return server.get("/jobs?status=active&limit=1").json["total"]

    # What they said before they wait arrives while they wait.
    apache.wait_until(lambda: all(log.count("line") == LINES // 2 for _, log in logs(server).values()), 300, "all to wait")
    assert active() == MANY
    with open(gate, "r+b", buffering=0):  # while it is open for writing, whoever opens it goes on
        apache.wait_until(lambda: active() == 0, 300, "the end of all")
    found = logs(server)
    assert set(found) == set(ids)
    for state, log in found.values():
        read_numbered(log, LINES)
        assert (state, log) == (5, "STARTED\n" + numbered(1, LINES) + "ENDED\n")
    figures.jobs += MANY
    must_be_clean(server)


# What finds no room to fork tries again. SIGTERM ends none of them.
BEGIN = """#!/usr/bin/python3
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("line 1", flush=True)
def fork():
    while True:
        try:
            return os.fork()
        except OSError:
            pass
"""
BOMBS = {
    "Bomb": BEGIN + "while True:\n    fork()\n",
    # Its members live for a moment only, each in a session of its own.
    "Hares": BEGIN + "if all([fork() for i in range(4)]):\n    signal.pause()\nwhile True:\n    if fork():\n        os._exit(0)\n    os.setsid()\n",
}


@pytest.mark.skipif(os.geteuid() != 0, reason="the user's other processes count")
@pytest.mark.parametrize("word", ["stop", "kill"])
@pytest.mark.parametrize("worker", BOMBS)
def test_a_fork_bomb_within_limits_is_ended(server, worker, word):
    server.put_worker(worker, BOMBS[worker])
    id = server.start_job(worker, limits={"processes": 100})
    apache.wait_until(lambda: "line 1\n" in server.log(id), 60, "its first line")
    figures.faults += 1
    answer = server.put(f"/jobs/{id}/status", word, seconds=60)
    assert answer.status == 200, answer
    if word == "kill":
        assert not carriers(id)
    job = server.ended(id, 60)
    assert job["status"] == "stop", job
    assert not carriers(id)
    read_numbered(server.log(id), 1)
    figures.jobs += 1
    must_be_clean(server)


FLOOD_LINES = 1000000 if "FAULT_JOBS" in os.environ else 200000


def test_a_flood_arrives_whole(server):
    server.put_worker("Flood", f"#!/bin/sh\nexec seq -f 'line %.0f' {FLOOD_LINES}\n")
    job = server.run("Flood", seconds=60)
    assert job["status"] == "done", job
    log = server.log(job["id"])
    assert read_numbered(log, FLOOD_LINES) == FLOOD_LINES
    assert log == "STARTED\n" + numbered(1, FLOOD_LINES) + "ENDED\n"
    figures.faults += 1
    figures.jobs += 1
    must_be_clean(server)
