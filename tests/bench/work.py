"""Whole jobs, and programs that do nothing in other ways: bare, by task-spooler, by nq."""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import apache
import load
import places


def hello_ms(server, number):
    client = load.Client(server.port)
    return statistics.median(timed(lambda: client.call("GET", "/floor/hello.cgi")) for _ in range(number))


def timed(call):
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


class Submitter(load.Client):
    """Submits a job that does nothing, and waits for its end."""

    def __init__(self, server):
        super().__init__(server.port, server.token)
        self.base = server.base_url

    def job(self):
        job = json.loads(self.call("POST", f"{self.base}/jobs", '{"worker":"Nothing","start":true}'))["data"][0]
        if job["status"] == "active":
            job = json.loads(self.call("GET", f"{self.base}/jobs/{job['id']}?wait=30"))["data"][0]
        if job["status"] != "done":
            sys.exit(f"the job ended as {job['status']}: {job['reason']}")


def job_ms(server, number):
    """From submit to done, one at a time."""
    submitter = Submitter(server)
    return statistics.median(timed(submitter.job) for _ in range(number))


def jobs_per_second(server, number, at_once=2):
    def submit(count):
        submitter = Submitter(server)
        for _ in range(count):
            submitter.job()

    start = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        list(pool.map(submit, [number // at_once] * at_once))
    return number / (time.perf_counter() - start)


# --- the same without JobJoker ---

def spawn_ms(top):
    """vfork and exec of a static program, and its end."""
    subprocess.run(["make", "-s", "-C", str(apache.BUILD), "tests/bench/spawn"], check=True)
    said = subprocess.run([str(apache.BUILD / "tests/bench/spawn"), "300", str(hello(top))], check=True, capture_output=True, text=True).stdout
    return float(re.search(r"(\d+) us", said)[1]) / 1000


def hello(top):
    folder = pathlib.Path(top) / "peers"
    if not folder.exists():
        folder.mkdir()
        places.build_hello(folder)
    return folder / "hello.cgi"


class Spooler:
    """A task-spooler of our own."""

    def __init__(self, top, slots):
        self.program = hello(top)
        socket = tempfile.mktemp(".tsp", dir=self.program.parent)  # one that ends may hold the last one's for a moment
        self.environment = {**os.environ, "TS_SOCKET": socket}
        self.tsp("-S", str(slots))

    def tsp(self, *arguments):
        return subprocess.run(["tsp", *arguments], env=self.environment, check=True, capture_output=True, text=True).stdout.strip()

    def close(self):
        self.tsp("-K")


def tsp_ms(top, number):
    with contextlib.closing(Spooler(top, 1)) as spooler:
        return statistics.median(timed(lambda: spooler.tsp("-w", spooler.tsp("-n", str(spooler.program)))) for _ in range(number))


def tsp_per_second(top, number, at_once=2):
    with contextlib.closing(Spooler(top, at_once)) as spooler:
        start = time.perf_counter()
        for _ in range(number):
            last = spooler.tsp("-n", str(spooler.program))
        spooler.tsp("-w", last)
        return number / (time.perf_counter() - start)


def nq_ms(top, number):
    environment = {**os.environ, "NQDIR": str(hello(top).parent / "nq")}

    def job():
        id = subprocess.run(["nq", str(hello(top))], env=environment, check=True, capture_output=True, text=True).stdout.strip()
        subprocess.run(["nq", "-w", id], env=environment, check=True, capture_output=True)

    return statistics.median(timed(job) for _ in range(number))
