"""Jobs go on, and lose no word, when a disk is full, the database is locked, or the clock jumps."""
import contextlib
import os
import sqlite3
import subprocess
import time

import pytest

import apache
from apache import carriers, runner_of
from jobs import FLOODS, Talker, away, change, figures, kill_runner, must_be_clean, must_be_gone, read_numbered, runner_log, said_so_far

# --- full disks ---


class small_disk:
    """A file system of a few megabytes, mounted on a new folder of the user that programs run as."""

    def __init__(self, folder, size="3m"):
        if os.geteuid():
            pytest.skip("mounting needs root")
        self.folder = folder
        folder.mkdir(exist_ok=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=711", "tmpfs", str(folder)], capture_output=True)
        if mounted.returncode:
            pytest.skip("a tmpfs cannot be mounted here")
        os.chown(folder, apache.run_user().pw_uid, apache.run_user().pw_gid)

    def fill(self):
        subprocess.run(apache.as_user() + ["dd", "if=/dev/zero", f"of={self.folder}/filler", "bs=4096"], capture_output=True)
        figures.faults += 1

    def make_room(self):
        (self.folder / "filler").unlink()

    def unmount(self):
        subprocess.run(["umount", "-l", str(self.folder)], check=True)


@pytest.fixture
def disks():
    """Small disks, which outlive the servers on them."""
    with contextlib.ExitStack() as stack:
        def make(folder, **more):
            disk = small_disk(folder, **more)
            stack.callback(disk.unmount)
            return disk

        yield make


@pytest.fixture
def full_database(disks, new_server):
    """A server whose database lies on a disk of its own, which has room still."""
    server = new_server(start=False)
    disk = disks(server.top / "database")
    server.database = disk.folder / "jobs.db"
    server.settings["JOBJOKER_DATABASE"] = f"sqlite:{server.database}"
    return server, disk


def start(server):
    subprocess.run(apache.as_user() + [str(server.site / "cgi-bin/jobjoker"), "init", "--data", str(server.data)], check=True,
                   env={"PATH": apache.PATH, **server.settings}, stdout=subprocess.DEVNULL)
    server.init = lambda: None
    server.token = (server.data / "admin-token").read_text().strip()
    return server.start()


def test_the_disk_of_the_database_is_full(full_database):
    server, disk = full_database
    start(server)
    job = Talker(server)
    disk.fill()
    apache.wait_until(lambda: "it is kept" in runner_log(server), 30, "a report that could not be delivered")
    job.finish()
    apache.wait_until(lambda: not carriers(job.id), 30, "the worker's end")
    assert server.status(job.id) == "active"  # its end could not be written down
    disk.make_room()
    job.must_end_whole()


def size_of(path):
    """0: it is not there yet."""
    return path.stat().st_size if path.exists() else 0


def test_a_runner_is_killed_while_the_disk_of_the_database_is_full(full_database):
    """The next look cannot write down that it is lost; when there is room, all that it kept is taken in."""
    server, disk = full_database
    start(server)
    job = Talker(server)
    disk.fill()
    apache.wait_until(lambda: "it is kept" in runner_log(server) and size_of(job.run / "spool") > 2000, 30, "a spool")
    said = said_so_far(server, job.id)
    kill_runner(runner_of(server, job.id))
    answer = server.get(f"/jobs/{job.id}")
    assert (answer.status, answer.json["code"]) == (503, "storage_full"), answer
    disk.make_room()
    lost = server.job(job.id)
    assert (lost["status"], lost["reason"]) == ("error", "runner lost"), lost
    read_numbered(server.log(job.id), said)
    figures.jobs += 1
    must_be_clean(server)


def test_the_disk_of_the_spool_is_full(disks, new_server):
    """Nothing can be delivered or kept: the worker waits, and nothing is lost."""
    server = new_server(start=False)
    disk = disks(server.data / "run")
    server.start()
    server.put_worker("Floods", FLOODS)
    id = server.start_job("Floods")
    apache.wait_until(lambda: "line 1\n" in server.log(id), 30, "its first line")
    disk.fill()
    with away(server):
        gate = os.open(server.data / "run" / id / "work/gate", os.O_RDWR)
        os.write(gate, b"go\n")
        apache.wait_until(lambda: "it is kept" in runner_log(server), 30, "a report that could not be delivered")
    job = server.ended(id, 60)
    os.close(gate)
    assert job["status"] == "done", job
    lines = read_numbered(server.log(id), 1)
    assert server.log(id).endswith(f"line {lines}\nENDED\n") and lines % 500 == 0
    figures.jobs += 1
    disk.make_room()
    must_be_clean(server)


def test_the_working_directory_is_full(disks, new_server):
    """The worker is told so by the kernel; what it says of that arrives."""
    server = new_server(start=False)
    disks(server.data / "run")
    server.start()
    server.put_worker("Fills", "#!/bin/sh\necho line 1\ndd if=/dev/zero of=big bs=4096 2>why && exit 0\ngrep -o 'No space.*' why\nrm big\n"
                      "echo line 2\nexit 3\n")
    job = server.run("Fills")
    figures.faults += 1
    assert (job["status"], job["exit_code"]) == ("error", 3), job
    assert server.log(job["id"]).startswith("STARTED\nline 1\n") and server.log(job["id"]).endswith("line 2\nENDED\n")
    read_numbered(server.log(job["id"]), 2)
    figures.jobs += 1
    must_be_clean(server)


# --- a database that is locked ---

def test_the_database_is_locked_for_ten_seconds(new_server):
    server = new_server()
    jobs = [Talker(server) for _ in range(4)]
    database = sqlite3.connect(server.data / "jobs.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    until = time.monotonic() + 10
    figures.faults += 1
    for job in jobs[:2]:
        job.finish()
    apache.wait_until(lambda: time.monotonic() > until and runner_log(server).count("it is kept") == len(jobs), 30, "all reports to be refused")
    assert [server.status(job.id) for job in jobs] == ["active"] * 4  # it can be read all the time
    database.execute("COMMIT")
    database.close()
    for job in jobs[2:]:
        job.must_go_on()
        job.finish()
    for job in jobs:
        server.ended(job.id, 60)
    for job in jobs:
        job.must_end_whole()


# --- a clock that jumps ---

DAY_MS = 86400000


class Clock:
    """The clock of a server and of its runners (lib/base/clock.h)."""

    def __init__(self, server):
        self.file = server.top / "clock"
        self.file.write_text("0\n")
        server.settings["JOBJOKER_CLOCK_FILE"] = str(self.file)

    def jump(self, by_ms):
        new = self.file.with_suffix(".new")
        new.write_text(f"{by_ms}\n")
        new.replace(self.file)
        figures.faults += 1


@pytest.fixture
def clock_server(new_server):
    server = new_server(start=False, settings={"JOBJOKER_HEARTBEAT": "0.2", "JOBJOKER_GRACE": "1"})
    server.clock = Clock(server)
    return server.start()


@pytest.mark.parametrize("jump", [DAY_MS, -DAY_MS], ids=["forwards", "backwards"])
def test_the_clock_jumps_by_a_day(clock_server, jump):
    """Time limits, loss and the order of the log do not hang on it."""
    server = clock_server
    job, other, lost = Talker(server, timeout=3600), Talker(server), Talker(server)
    change(server, "UPDATE job SET host = 'elsewhere' WHERE id = ?", other.id)
    before = server.job(job.id)["starttime"]
    server.clock.jump(jump)
    for j in (job, other, lost):
        j.must_go_on()
    said = said_so_far(server, lost.id)
    kill_runner(runner_of(server, lost.id))
    shown = server.job(lost.id)
    assert (shown["status"], shown["reason"]) == ("error", "runner lost")
    must_be_gone(server, lost.id)
    read_numbered(server.log(lost.id), said)
    figures.jobs += 1
    for j in (job, other):
        j.finish()
    for j in (job, other):
        server.ended(j.id)
    for j in (job, other):
        j.must_end_whole()
    ended = server.job(job.id)
    assert (ended["stoptime"] > before) == (jump > 0) and ended["usage"]["wall"] < 3600  # the clock did jump


def test_the_timeout_of_a_job_is_kept_by_no_clock(clock_server):
    """Backwards, so that a deadline by the clock would never come."""
    server = clock_server
    server.put_worker("Floods", FLOODS)
    id = server.start_job("Floods", timeout=5)
    server.clock.jump(-DAY_MS)
    job = server.ended(id)
    assert (job["status"], job["reason"]) == ("error", "timeout: it ran for 5 s")
    read_numbered(server.log(id), 1)
    figures.jobs += 1
    must_be_clean(server)
