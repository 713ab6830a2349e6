"""What is large: a log of 100 MB, and a store with 1,000,000 jobs."""
import contextlib
import os
import pathlib
import re
import sqlite3
import sys
import threading
import time

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SEEDED_MS = 1_600_000_000_000  # all of them are older than what is measured with them


class Printed:
    """What a job that printed much came to."""

    def __init__(self, per_second, runner, program):
        self.per_second, self.runner, self.program = per_second, runner, program  # MB


def memory_mb(pid, which):
    """which: VmRSS, now; VmHWM, the most that it has been."""
    said = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{which}:\s*(\d+) kB", said)[1]) / 1024


def watch_peaks(server, stop, peaks):
    """The largest that a runner of this server, and a process that takes its reports, has been."""
    while not stop.is_set():
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError, TypeError):
                program = os.readlink(f"/proc/{pid}/exe")
                name = os.path.basename(program)
                if program.startswith(str(server.top)) and name in peaks:
                    peaks[name] = max(peaks[name], memory_mb(pid, "VmHWM"))
        stop.wait(0.001)


def print_much(server, mb):
    """A worker prints that many MB in lines of 100 bytes; all of them must be in the store."""
    peaks, stop = dict.fromkeys(("jobjoker-runner", "jobjoker.cgi", "jobjoker"), 0), threading.Event()
    watcher = threading.Thread(target=watch_peaks, args=(server, stop, peaks))
    watcher.start()
    start = time.perf_counter()
    job = server.run("Lines", {"mb": mb}, seconds=60)
    took = time.perf_counter() - start
    stop.set()
    watcher.join()
    said = "STARTED\nENDED\n"
    if job["status"] != "done" or job["log_size"] != mb * 1_000_000 + len(said):
        sys.exit(f"of {mb} MB there are {job['log_size']} bytes; it ended as {job['status']}: {job['reason']}")
    return Printed(mb / took, peaks["jobjoker-runner"], max(peaks["jobjoker.cgi"], peaks["jobjoker"]))


def ulid(number):
    """Of that many milliseconds after the seeded time; nothing random in it."""
    text, value = "", SEEDED_MS + number
    for _ in range(10):
        text, value = ALPHABET[value % 32] + text, value // 32
    return text + "0" * 16


def seed_jobs(server, template, count):
    """Copies a job that is over, under ids of their own, straight into the SQLite file."""
    with contextlib.closing(sqlite3.connect(server.data / "jobs.db", timeout=60)) as db, db:
        db.create_function("ulid", 1, ulid, deterministic=True)
        columns = [row[1] for row in db.execute("PRAGMA table_info(job)")]
        others = ", ".join(c for c in columns if c not in ("number", "id", "log_size", "log_count", "response_size", "response_count"))
        db.execute(f"""WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                       INSERT INTO job (id, log_size, log_count, response_size, response_count, {others})
                       SELECT ulid(i), 0, 0, 0, 0, {others} FROM n, job WHERE job.id = ?""", (count, template))
        db.execute("UPDATE job_count SET jobs = jobs + ? WHERE (worker, state) = (SELECT worker, state FROM job WHERE id = ?)", (count, template))
