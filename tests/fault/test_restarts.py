"""Jobs run on, and lose no word, while Apache is restarted, stopped or killed, and while JobJoker is replaced below them."""
import concurrent.futures
import os
import shutil
import signal
import sqlite3
import subprocess

import pytest

import apache
from jobs import Talker, figures, one_of_each, runner_log

MIGRATIONS = sorted((apache.ROOT / "sql/sqlite").glob("[0-9]*.sql"))


@pytest.fixture(params=["cgid", pytest.param("cgi", marks=pytest.mark.long)])
def server(request, new_server):
    return new_server(request.param)


@pytest.fixture
def job(server):
    return Talker(server)


def apachectl(server, what):
    """As `apachectl graceful` and the like call it. The parent notices the signal some time later."""
    figures.faults += 1
    subprocess.run([apache.apache_command(), "-f", str(server.top / "httpd.conf"), "-k", what], check=True, env={"PATH": apache.PATH})


def apache_children(server):
    """The processes of Apache but its first one: those that answer, and the daemon of mod_cgid."""
    command = apache.apache_command()
    return {pid for pid, line in server.processes().items() if f" {command} " in line and pid != server.process.pid}


def replace(path):
    """Puts a new file of the same content in a file's place, as `mv` of a new version does."""
    figures.faults += 1
    new = path.with_name(path.name + ".new")
    shutil.copy2(path, new)
    old = path.stat().st_ino
    new.replace(path)
    assert path.stat().st_ino != old


def must_still_work(server):
    """A new job runs in whole."""
    server.put_worker("Hello", "#!/bin/sh\necho ::response::hello\n")
    new = server.run("Hello")
    assert (new["status"], server.response(new["id"])) == ("done", "hello"), new


@pytest.mark.parametrize("how", ["graceful", "restart"])
def test_a_job_outlives_a_restart(server, job, how):
    before = apache_children(server)
    apachectl(server, how)
    apache.wait_until(lambda: not before & apache_children(server), 30, "the children from before to be gone")
    apache.wait_until(server.answers, 20, "Apache to answer")
    job.must_go_on()
    must_still_work(server)
    job.finish()
    job.must_end_whole()


def test_a_job_outlives_many_restarts(server, job):
    for _ in range(5):
        before = apache_children(server)
        apachectl(server, "graceful")
        apache.wait_until(lambda: not before & apache_children(server), 30, "the children from before to be gone")
        job.must_go_on()
    job.finish()
    job.must_end_whole()


@pytest.mark.parametrize("how", ["stop", "graceful-stop"])
def test_a_job_outlives_a_stop_and_a_start(server, job, how):
    apachectl(server, how)
    server.process.wait(30)
    assert not apache_children(server)
    server.start()
    job.must_go_on()
    must_still_work(server)
    job.finish()
    job.must_end_whole()


def test_a_job_ends_in_good_order_while_apache_is_stopped(server, job):
    server.stop()
    job.finish()
    assert not server.processes_after(20, of="jobjoker-runner")
    server.start()
    job.must_end_whole()


def test_a_job_outlives_apache_killed_as_a_whole(server, job):
    for pid in [server.process.pid, *apache_children(server)]:
        os.kill(pid, signal.SIGKILL)
    server.process.wait()
    apache.wait_until(lambda: not apache_children(server), 20, "Apache to be gone")
    server.start()
    job.must_go_on()
    must_still_work(server)
    job.finish()
    job.must_end_whole()


def test_a_job_outlives_the_parent_of_apache(server, job):
    """Its children go on without it, and hold the port until somebody ends them."""
    children = apache_children(server)
    server.process.kill()
    server.process.wait()
    job.must_go_on()
    job.finish()
    assert not server.processes_after(20, of="jobjoker-runner")
    for pid in children & apache_children(server):
        os.kill(pid, signal.SIGKILL)
    apache.wait_until(lambda: not apache_children(server), 20, "Apache to be gone")
    server.start()
    job.must_end_whole()


def test_a_job_outlives_the_daemon_of_mod_cgid(new_server):
    server = new_server("cgid")
    job = Talker(server)
    daemon = next(pid for pid in apache_children(server) if not runs_threads(pid))
    os.kill(daemon, signal.SIGKILL)
    apache.wait_until(lambda: daemon not in apache_children(server), 20, "the daemon to be gone")
    apache.wait_until(lambda: server.get("/workers").status == 200, 30, "a new daemon")
    job.must_go_on()
    must_still_work(server)
    job.finish()
    job.must_end_whole()


def runs_threads(pid):
    """The processes of the event module have many threads; the daemon has one."""
    return len(os.listdir(f"/proc/{pid}/task")) > 1


@pytest.mark.parametrize("name", ["cgi-bin/jobjoker.cgi", "cgi-bin/jobjoker", "runner/jobjoker-runner", "runner/jobjoker-c",
                                  "runner/python/jobjoker.py"])
def test_a_file_is_replaced_below_a_job(new_server, name):
    server = new_server()
    job = Talker(server)
    replace(server.site / name)
    job.must_go_on()
    must_still_work(server)
    job.finish()
    job.must_end_whole()


def swap_folder(server, installed):
    """As ./quickstart puts a new version in place: the new folder is made beside the old one, and two renames follow."""
    new, old = server.site.with_name("site.new"), server.site.with_name("site.old")
    shutil.copytree(installed, new, symlinks=True)
    server.site.rename(old)
    new.rename(server.site)
    shutil.rmtree(old)


def test_the_whole_folder_is_replaced_below_jobs_in_all_languages(server, installed, job):
    waiting = one_of_each(server)
    swap_folder(server, installed)
    job.must_go_on()
    must_still_work(server)
    for other in waiting:
        other.must_end_whole()
    job.finish()
    job.must_end_whole()


def test_between_the_two_renames_nothing_is_lost(new_server):
    """The folder is away for a while, and the runner knows no more than that it cannot report."""
    server = new_server()
    job = Talker(server)
    away = server.site.with_name("site.old")
    server.site.rename(away)
    apache.wait_until(lambda: "it is kept" in runner_log(server), 30, "a report that could not be delivered")
    job.finish()
    apache.wait_until(lambda: not server.processes_after(0, of="/data/code/"), 20, "the worker's end")
    away.rename(server.site)
    job.must_end_whole()
    assert "all reports were delivered" in runner_log(server)


class suspended:
    """The runners of a server stand still, at a moment when none of their reports is on its way."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self.pids = {int(lock.read_text().split()[0]) for lock in (self.server.data / "run").glob("*/lock")}
        assert self.pids
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)
        # What a runner has just forked looks like itself, until it is the program.
        apache.wait_until(lambda: set(self.server.processes_after(0, of="jobjoker-runner")) == self.pids, 20, "no report that starts")
        assert not self.server.processes_after(20, of="jobjoker.cgi")

    def __exit__(self, *error):
        for pid in self.pids:
            os.kill(pid, signal.SIGCONT)


def take_database_back(server):
    """Makes of the database what the first schema would hold: its tables, with what of the rows it knows."""
    path = server.data / "jobs.db"
    old = server.data / "jobs.db.old"
    database = sqlite3.connect(old, isolation_level=None)
    database.executescript(MIGRATIONS[0].read_text())
    database.execute("ATTACH ? AS now", (str(path),))
    for (table,) in database.execute("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
        known = columns(database, "main", table) & columns(database, "now", table)
        names = ", ".join(sorted(known))
        database.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM now.{table}")
    database.execute("PRAGMA user_version = 1")
    database.execute("PRAGMA journal_mode = WAL")
    database.close()
    owner = path.stat()
    os.chown(old, owner.st_uid, owner.st_gid)
    old.chmod(0o600)
    for name in ("jobs.db-wal", "jobs.db-shm"):
        (server.data / name).unlink(missing_ok=True)
    old.replace(path)


def columns(database, schema, table):
    return {row[1] for row in database.execute(f"PRAGMA {schema}.table_info({table})")}


def schema_version(server):
    database = sqlite3.connect(server.data / "jobs.db")
    version = database.execute("PRAGMA user_version").fetchone()[0]
    database.close()
    return version


def test_jobs_run_on_through_a_new_program_with_a_new_schema(new_server, installed):
    """The first to open the database after the upgrade is the report of a job that has run all the time."""
    server = new_server()
    past, job = Talker(server), Talker(server)
    past.finish()
    apache.wait_until(lambda: server.status(past.id) == "done", 60, "the end of the first job")
    apache.wait_until(lambda: not past.run.exists(), 60, "the end of its runner")
    with suspended(server):
        swap_folder(server, installed)
        take_database_back(server)
        assert schema_version(server) == 1
    apache.wait_until(lambda: schema_version(server) == len(MIGRATIONS), 30, "the report to bring the database up to date")
    job.must_go_on()
    must_still_work(server)
    job.finish()
    job.must_end_whole()
    past.must_end_whole()


def test_all_who_come_first_after_an_upgrade_are_answered(new_server, installed):
    server = new_server()
    jobs = [Talker(server) for _ in range(3)]
    with suspended(server):
        swap_folder(server, installed)
        take_database_back(server)
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda job: server.get(f"/jobs/{job.id}").status, 10 * jobs))
    assert set(answers) == {200} and schema_version(server) == len(MIGRATIONS)
    for job in jobs:
        job.must_go_on()
        job.finish()
    for job in jobs:
        server.ended(job.id, 60)
    for job in jobs:
        job.must_end_whole()
