"""./quickstart as a newcomer runs it, on a data folder of its own."""
import os
import re
import shutil
import stat
import subprocess
import urllib.request

import pytest

import apache
import mariadb

pytestmark = pytest.mark.skipif(apache.BUILD != apache.ROOT, reason="quickstart runs its own build")

LONG = 'import time\nprint("here", flush=True)\ntime.sleep(600)\n'


class Quickstart:
    def __init__(self, data, port):
        self.data, self.port = data, port

    def __call__(self, *words, status=0, input=""):
        done = subprocess.run([str(apache.ROOT / "quickstart"), *map(str, words), "--data", str(self.data)], cwd="/",
                              input=input, capture_output=True, text=True, timeout=300)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def text(self, path, *args):
        return self.call(path, *args, accept="text/plain")

    def call(self, path, method="GET", body=None, type="application/json", accept="*/*"):
        token = (self.data / "admin-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": type, "Accept": accept}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()


@pytest.fixture(scope="module")
def quickstart():
    """Was run once; its folder has a name with a space."""
    top = apache.new_folder()
    q = Quickstart(top / "jobs' data ü", apache.free_port(for_long=True))
    try:
        q.said = q("run", "--port", q.port)
        yield q
    finally:
        q("stop")
        shutil.rmtree(top)


def started(q, worker="Long"):
    q.call(f"/workers/{worker}", "PUT", b"#!/usr/bin/env python3\n" + LONG.encode(), "text/x-python")
    id = q.text("/jobs", "POST", b'{"worker":"%s","start":true}' % worker.encode()).strip()
    apache.wait_until(lambda: "here" in q.text(f"/jobs/{id}/log"), what="the worker runs")
    return id


def test_it_shows_a_job_and_says_how_to_go_on(quickstart):
    assert re.search(r"log: .*log ?\d", quickstart.said), quickstart.said
    assert re.search(r"response: .*respon[sd]", quickstart.said), quickstart.said
    assert re.search(r"status: +done", quickstart.said)
    assert quickstart.url + "/" in quickstart.said
    assert str(quickstart.data / "admin-password") in quickstart.said


def test_it_says_no_secret(quickstart):
    for name in ("admin-token", "admin-password"):
        assert (quickstart.data / name).read_text().strip() not in quickstart.said


def test_the_secrets_are_for_the_caller_alone(quickstart):
    for name in ("admin-token", "admin-password"):
        seen = (quickstart.data / name).stat()
        assert stat.S_IMODE(seen.st_mode) == 0o600 and seen.st_uid == os.getuid()


def test_the_folder_holds_what_belongs_to_it(quickstart):
    assert list(quickstart.data.rglob("jobs.db")), "no database"
    for name in ("httpd.pid", "error.log", "access.log", "jobjoker.ini", "site/.htaccess"):
        assert (quickstart.data / name).exists(), name


def test_jobs_run_as_an_unprivileged_user(quickstart):
    quickstart.call("/workers/Who", "PUT", b"#!/bin/sh\nid -u\nsed -n 's/Groups:/groups/p' /proc/self/status\n")
    id = quickstart.text("/jobs", "POST", b'{"worker":"Who","start":true}').strip()
    quickstart.call(f"/jobs/{id}?wait=20")
    log = quickstart.text(f"/jobs/{id}/log").split("\n")
    assert str(apache.run_user().pw_uid) in log
    assert os.getuid() != 0 or not any(re.match(r"groups.*\b0\b", line) for line in log)


def test_the_samples_are_there(quickstart):
    workers = quickstart.call("/workers", accept="application/json")
    for file in (apache.ROOT / "workers").glob("*.*"):
        assert f'"{file.stem}"' in workers, file


def test_it_listens_on_loopback_alone(quickstart):
    listening = "".join(open(f"/proc/net/{name}").read() for name in ("tcp", "tcp6"))
    own = re.findall(rf"^ *\d+: (\w+):{quickstart.port:04X} \w+:0000 0A", listening, re.M)
    assert own == ["0100007F"]


def test_again_it_takes_seconds_and_loses_nothing(quickstart):
    quickstart.call("/workers/TestWorker", "PUT", b"#!/bin/sh\necho changed\n")
    before = quickstart.call("/jobs", accept="application/json")
    token = (quickstart.data / "admin-token").read_text()
    pid = (quickstart.data / "httpd.pid").read_text()
    said = quickstart("run")
    assert f"{quickstart.url}/" in said, "the port is remembered"
    assert (quickstart.data / "admin-token").read_text() == token
    assert (quickstart.data / "httpd.pid").read_text() == pid
    assert "changed" in quickstart.call("/workers/TestWorker/code")
    after = quickstart.call("/jobs", accept="application/json")
    for id in re.findall(r'"id": ?"(\w+)"', before):
        assert id in after


def test_status_says_where(quickstart):
    said = quickstart("status")
    assert quickstart.url + "/" in said and (quickstart.data / "httpd.pid").read_text().strip() in said


def test_stop_leaves_jobs_alone_and_they_end_in_good_order(quickstart):
    id = started(quickstart)
    quickstart("stop")
    with pytest.raises(OSError):
        quickstart.call("/jobs")
    assert "does not run" in quickstart("status", status=3)
    assert "does not run" in quickstart("stop")
    quickstart("run")
    assert quickstart.text(f"/jobs/{id}/status").strip() == "active"
    quickstart.call(f"/jobs/{id}/status", "PUT", b"kill", "text/plain")
    assert quickstart.text(f"/jobs/{id}/status").strip() == "stop"


@pytest.mark.parametrize("kind", ["fcgid", "proxy_fcgi", "nginx", "cgi"])
def test_each_server_runs_what_the_others_left(quickstart, kind):
    """One after the other on the same folder; what was asked for last is what `run` alone starts, and leaves as it is."""
    said = quickstart("run", "--server", kind)
    assert re.search(r"status: +done", said) and f"{quickstart.url}/" in said
    said = quickstart("status")
    pids = [pid for pid in re.findall(r"(?:process|FastCGI) (\d+)", said)]
    assert f"{kind})" in said and len(pids) == (2 if kind in ("proxy_fcgi", "nginx") else 1)
    quickstart("stop")
    apache.wait_until(lambda: all(apache.state_of(pid) == "Z" for pid in pids), what="the end of each")
    assert "does not run" in quickstart("status", status=3)
    if kind in ("nginx", "cgi"):
        quickstart("run")
        said = quickstart("status")
        quickstart("run")
        assert f"{kind})" in said and quickstart("status") == said


def test_stop_ends_no_process_that_is_not_ours(quickstart):
    """The number in the pid file may belong to another process by now."""
    other = subprocess.Popen(["sleep", "600"])
    try:
        data = apache.new_folder()
        (data / "httpd.conf").touch()
        (data / "httpd.pid").write_text(f"{other.pid}\n")
        assert "does not run" in Quickstart(data, 0)("stop")
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
        shutil.rmtree(data)


def test_a_port_that_is_taken_is_named(quickstart):
    data = apache.new_folder()
    try:
        said = Quickstart(data, 0)("run", "--port", quickstart.port, status=1)
        assert f"port {quickstart.port}" in said and "--port" in said
    finally:
        shutil.rmtree(data)


def test_a_folder_with_other_things_in_it_is_left_alone(quickstart):
    data = apache.new_folder()
    try:
        (data / "letter.txt").write_text("mine")
        assert "not empty" in Quickstart(data, 0)("run", "--port", apache.free_port(for_long=True), status=1)
        assert os.listdir(data) == ["letter.txt"]
    finally:
        shutil.rmtree(data)


@pytest.mark.parametrize("words", ["--port", "--port 0", "--port 65536", "--port x", "dance", "--x y", "--server x"])
def test_wrong_words_are_refused(words):
    command = [str(apache.ROOT / "quickstart"), *words.split()]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode in (1, 2) and done.stderr and not done.stdout


# --- where jobs are kept ---

@pytest.fixture(scope="module")
def on_mariadb():
    top = apache.new_folder()
    q = Quickstart(top / "jobs' own data", apache.free_port(for_long=True))
    try:
        q.said = q("run", "--port", q.port, "--db", "mysql")
        yield q
    finally:
        q("stop")
        shutil.rmtree(top)


def mariadb_pid(q):
    return int((q.data / "mariadb.pid").read_text())


def test_a_private_mariadb_keeps_the_jobs(on_mariadb):
    assert re.search(r"status: +done", on_mariadb.said), on_mariadb.said
    assert not list(on_mariadb.data.rglob("jobs.db"))
    id = started(on_mariadb)
    assert on_mariadb.text(f"/jobs/{id}/status") == "active\n"
    on_mariadb.call(f"/jobs/{id}/status", "PUT", b"kill", "text/plain")


def test_the_private_mariadb_is_nobody_elses(on_mariadb):
    pid = mariadb_pid(on_mariadb)
    assert os.stat(f"/proc/{pid}").st_uid == apache.run_user().pw_uid
    assert stat.S_IMODE((on_mariadb.data / "data/mariadb").stat().st_mode) == 0o700
    sockets = set(apache.held_by(pid))
    listening = "".join(open(f"/proc/net/{name}").read() for name in ("tcp", "tcp6"))
    for inode in re.findall(r"^ *\d+: \w+:\w+ \w+:0000 0A (?:\S+ +){5}(\d+)", listening, re.M):
        assert f"socket:[{inode}]" not in sockets, "it listens to the network"


def test_jobs_are_there_after_a_stop_of_the_private_mariadb(on_mariadb):
    before = set(re.findall(r'"id": ?"(\w+)"', on_mariadb.call("/jobs", accept="application/json")))
    pid = mariadb_pid(on_mariadb)
    on_mariadb("stop")
    apache.wait_until(lambda: apache.state_of(pid) == "Z", what="MariaDB's last steps")
    said = on_mariadb("run")
    assert "Starting MariaDB" in said, "it is remembered"
    assert before <= set(re.findall(r'"id": ?"(\w+)"', on_mariadb.call("/jobs", accept="application/json")))


def test_a_database_of_ones_own_is_used_with_the_password_that_is_asked_for():
    database = mariadb.MariaDB("--skip-name-resolve", "--skip-networking=0", "--bind-address=127.0.0.1", f"--port={apache.free_port(for_long=True)}")
    top = apache.new_folder()
    q = Quickstart(top / "data", apache.free_port(for_long=True))
    try:
        database.install().start()
        port = database.sql("SELECT @@port").strip()
        database.sql("CREATE DATABASE jobs; CREATE USER jobs@'127.0.0.1' IDENTIFIED BY 'secret of mine'; GRANT ALL ON jobs.* TO jobs@'127.0.0.1'")
        said = q("run", "--port", q.port, "--db", f"mysql://jobs@127.0.0.1:{port}/jobs", input="secret of mine\n")
        assert re.search(r"status: +done", said), said
        assert "secret of mine" not in said
        assert database.sql("SELECT count(*) FROM jobs.job").strip() == "1"
        kept = (q.data / "database-password").stat()
        assert stat.S_IMODE(kept.st_mode) == 0o600 and kept.st_uid == apache.run_user().pw_uid
    finally:
        q("stop")
        database.close()
        shutil.rmtree(top)


def test_what_is_no_database_is_refused():
    q = Quickstart("/nonexistent", 1)
    for where in ("postgres", "mysql://host/name", "mysql:"):
        assert "--db wants" in q("run", "--db", where, status=1)
