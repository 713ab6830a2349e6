"""Bad days of a server that keeps the jobs: it is killed, stands still, refuses, or is lost in the midst of something."""
import concurrent.futures
import contextlib
import socket
import subprocess
import threading

import pytest

import apache
import mariadb
import store
from jobs import Talker, figures, must_have_said

pytestmark = pytest.mark.skipif(not (mariadb.is_there() and (apache.BUILD / "cgi-bin/store_mysql.so").exists()),
                                reason="built without MySQL, or there is no MariaDB")


@pytest.fixture(scope="module")
def database():
    server = mariadb.MariaDB().install().start()
    yield server
    server.close()


@pytest.fixture
def server(database, new_server):
    """A server whose jobs are there, with a job that nobody has started."""
    server = new_server(start=False)
    server.store = store.Database(database)
    server.write_settings("database_connect = 2\ndatabase_answer = 10\n")
    server.start()
    server.put_worker("Any", "#!/bin/sh\necho said\n")
    server.first = server.create("Any")
    return server


def one_waits(database):
    """Returns when somebody waits for a lock. (innodb_trx would not tell who asks for it more often than ten times a second.)"""
    status = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"
    apache.wait_until(lambda: database.sql(status).split()[-1] != "0", 20, "a wait for a lock")


def must_be_refused(server, code="store_down"):
    for answer in (server.get(f"/jobs/{server.first}"), server.post("/jobs", {"worker": "Any"}), server.get("/jobs/")):
        assert (answer.status, answer.json["code"]) == (503, code) and answer.headers["retry-after"], answer
        assert "mysql" not in answer.text.lower() and "socket" not in answer.text


def test_while_it_is_down_requests_are_told_to_come_again_and_then_all_is_there(server, database):
    database.kill()
    figures.faults += 1
    must_be_refused(server)
    database.start()
    assert server.status(server.first) == "idle"
    assert server.run("Any")["status"] == "done"


def test_while_it_stands_still_nobody_waits_for_ever(server, database):
    server.write_settings("database_connect = 1\ndatabase_answer = 1\n")
    database.freeze()
    figures.faults += 1
    try:
        must_be_refused(server)
    finally:
        database.thaw()
    assert server.status(server.first) == "idle"


def test_one_that_stops_in_the_midst_of_a_request_ends_that_request(server, database):
    """The writer waits for his turn when the server stops."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool, server.store.writing():
        waiting = pool.submit(server.post, "/jobs", {"worker": "Any"})
        one_waits(database)
        database.freeze()
        figures.faults += 1
        try:
            answer = waiting.result()
            assert (answer.status, answer.json["code"]) == (503, "store_down")
        finally:
            database.thaw()
    assert len(server.get("/jobs").data) == 1


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_job_runs_on_while_it_is_away_and_says_all_of_it_later(server, database, how):
    talker = Talker(server)
    getattr(database, how)()
    figures.faults += 1
    apache.wait_until(lambda: (talker.run / "spool").exists(), 30, "the spool")
    talker.finish()
    database.start()
    job = server.ended(talker.id, 60)
    assert (job["status"], job["reason"]) == ("done", None), job
    must_have_said(server, talker.id, int(server.response(talker.id)))


def test_what_is_larger_than_it_takes_is_told_and_nothing_of_it_is_kept(server, database):
    was = database.sql("SELECT @@global.max_allowed_packet").strip()
    database.sql("SET GLOBAL max_allowed_packet = 1048576")
    try:
        answer = server.post(f"/jobs/{server.first}/log", b"x" * 2000000)
        assert (answer.status, answer.json["code"]) == (500, "store_packet") and "max_allowed_packet" in answer.json["message"], answer
        assert server.job(server.first)["log_size"] == 0
        assert server.post(f"/jobs/{server.first}/log", b"x" * 500000).status == 201
        assert server.job(server.first)["log_size"] == 500001
        done = subprocess.run([*apache.as_user(), str(server.site / "cgi-bin/jobjoker"), "doctor"], text=True, capture_output=True,
                              env={"PATH": apache.PATH, "JOBJOKER_DATA": str(server.data)})
        assert "note  the database's max_allowed_packet is 1048576 bytes" in done.stdout, done.stdout
    finally:
        database.sql(f"SET GLOBAL max_allowed_packet = {was}")
    assert server.post(f"/jobs/{server.first}/log", b"y" * 2000000).status == 201
    assert len(server.get(f"/jobs/{server.first}/log.txt").body) == 2500002


def test_a_process_that_answers_many_connects_again_and_nobody_notices(database, new_server):
    server = new_server("nginx", start=False)
    server.starter_options = ["--processes", 1, "--max", 1]
    server.store = store.Database(database)
    server.write_settings("")
    server.start()
    server.put_worker("Any", "#!/bin/sh\necho said\n")
    before = server.fastcgi_processes()
    for away in (database.stop, database.kill):
        away()
        database.start()
        figures.faults += 1
        assert server.get("/workers").status == 200
        assert server.run("Any")["status"] == "done"
    assert server.fastcgi_processes() == before and len(before) == 1


class Session:
    """Somebody else who works in the database."""

    def __init__(self, server):
        self.client = subprocess.Popen([*server.store.server.client, "--unbuffered", server.store.name], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def send(self, sql):
        self.client.stdin.write(sql + ";\n")
        self.client.stdin.flush()

    def do(self, sql):
        """And waits until it is done."""
        self.send(sql + "; SELECT 'done'")
        assert self.client.stdout.readline() == "done\n"

    def close(self):
        self.client.communicate("")


@pytest.mark.parametrize("request_of", ["log", "progress"])
def test_who_is_ended_because_two_wait_for_each_other_does_it_once_more(server, database, request_of):
    """The other one has changed more rows, so the server ends ours."""
    database.sql("INSERT INTO job_count (worker, state, jobs) SELECT concat('w', seq), 0, 0 FROM seq_1_to_1000", server.store.name)
    other = Session(server)
    before = database.sql("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
    other.do("START TRANSACTION; UPDATE job_count SET jobs = 1 WHERE state = 0; UPDATE job SET pid = 7")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        if request_of == "log":
            ours = pool.submit(server.post, f"/jobs/{server.first}/log", "one line")
        else:
            ours = pool.submit(server.put, f"/jobs/{server.first}/progress", "42 a message of some words")
        one_waits(database)
        other.do("UPDATE store SET turn = turn + 1")  # for which ours has to be ended
        figures.faults += 1
        other.do("COMMIT")
        answer = ours.result()
    other.close()
    assert database.sql("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'") != before
    assert answer.status in (200, 201), answer
    job = server.job(server.first)
    if request_of == "log":
        assert server.log(server.first) == "one line\n" and job["pid"] == 7
    else:
        assert job["progress"] == {"percent": 42, "message": "a message of some words"}


class Cutter:
    """Stands between a server and the database, and cuts the next connection that commits: before COMMIT arrives, or after it
    was done and before the answer to it comes back."""

    def __init__(self, target, path):
        self.target, self.cut = target, None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        path.chmod(0o777)
        self.listener.listen(50)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            database = socket.socket(socket.AF_UNIX)
            database.connect(str(self.target))
            threading.Thread(target=self.carry, args=(client, database), daemon=True).start()
            threading.Thread(target=self.carry_back, args=(database, client), daemon=True).start()

    def carry(self, client, database):
        try:
            while data := client.recv(65536):
                if self.cut and data[4:] == b"\x03COMMIT":
                    how, self.cut = self.cut, None
                    if how == "after":
                        client.shutdown(socket.SHUT_RDWR)  # the answer to it finds nobody
                        database.sendall(data)
                        database.recv(1)
                    break
                database.sendall(data)
        except OSError:
            pass
        finally:
            for s in (client, database):
                with contextlib.suppress(OSError):
                    s.shutdown(socket.SHUT_RDWR)

    def carry_back(self, database, client):
        try:
            while data := database.recv(65536):
                client.sendall(data)
        except OSError:
            pass


@pytest.fixture
def cutter(server, database):
    made = Cutter(database.socket, server.top / "cutter")
    ini = server.site / "jobjoker.ini"
    ini.write_text(ini.read_text().replace(str(database.socket), str(server.top / "cutter")))
    yield made
    made.listener.close()


def test_a_commit_whose_answer_is_lost_is_found_to_be_done(server, cutter):
    cutter.cut = "after"
    answer = server.post(f"/jobs/{server.first}/log", "one line")
    figures.faults += 1
    assert cutter.cut is None and answer.status == 201, answer
    assert server.log(server.first) == "one line\n"


def test_a_commit_that_did_not_arrive_is_in_doubt_and_not_done(server, cutter):
    cutter.cut = "before"
    answer = server.post(f"/jobs/{server.first}/log", "one line")
    figures.faults += 1
    assert cutter.cut is None and (answer.status, answer.json["code"]) == (503, "store_in_doubt"), answer
    assert server.log(server.first) == ""


def test_reports_whose_commits_are_lost_are_taken_once(server, cutter):
    """A runner does not wait for doubts: it sends the report again, which has a number."""
    talker = Talker(server)
    for how in ["after", "before"] * 5:
        cutter.cut = how
        figures.faults += 1
        apache.wait_until(lambda: cutter.cut is None, 30, "a commit")
    talker.finish()
    job = server.ended(talker.id, 60)
    assert (job["status"], job["reason"]) == ("done", None), job
    must_have_said(server, talker.id, int(server.response(talker.id)))
