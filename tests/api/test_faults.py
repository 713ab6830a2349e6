"""Bad days of the server: a database that is corrupt, newer, read-only, full or locked; settings that are wrong."""
import concurrent.futures
import os
import select
import re
import shutil
import sqlite3
import subprocess

import pytest

import apache
from store import ON_MYSQL, sqlite_only


@pytest.fixture
def broken(new_server):
    """A server with one job, whose database may be broken."""
    server = new_server()
    server.put_worker("Any", "#!/bin/sh\n")
    server.first = server.create("Any")
    return server


def spoil(server, change):
    """Changes the database file alone, without its write-ahead log."""
    with sqlite3.connect(server.data / "jobs.db") as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    for name in ("jobs.db-wal", "jobs.db-shm"):
        (server.data / name).unlink(missing_ok=True)
    change(server.data / "jobs.db")
    shutil.chown(server.data / "jobs.db", *apache_owner(server))


def apache_owner(server):
    stat = server.data.stat()
    return stat.st_uid, stat.st_gid


def assert_refused(server, status, code, reason):
    for answer in (server.get("/jobs"), server.post("/jobs", {"worker": "Any"})):
        assert (answer.status, answer.json["code"]) == (status, code), answer
        assert answer.json["request"] and str(server.data) not in answer.text and "sqlite" not in answer.text.lower()
    assert reason in server.error_log()


@sqlite_only
def test_a_file_that_is_no_database(broken):
    spoil(broken, lambda path: path.write_bytes(b"not a database" * 1000))
    assert_refused(broken, 500, "store", "not a database")


@sqlite_only
def test_a_corrupt_database(broken):
    spoil(broken, lambda path: path.write_bytes(path.read_bytes()[:4096] + os.urandom(path.stat().st_size - 4096)))
    assert_refused(broken, 500, "store", "malformed")


def test_a_database_of_a_newer_version(broken):
    broken.store.sql("UPDATE store SET version = 9999" if ON_MYSQL else "PRAGMA user_version = 9999")
    assert_refused(broken, 503, "store_newer", "schema 9999")


@sqlite_only
@pytest.mark.parametrize("change, reason", [
    ("PRAGMA user_version = -1", "is not JobJoker's (schema -1,"),
    ("DROP TABLE job", "no such table: job"),
])
def test_a_database_that_somebody_changed(broken, change, reason):
    db = sqlite3.connect(broken.data / "jobs.db", isolation_level=None)
    db.execute(change)
    db.close()
    answer = broken.get("/jobs")
    assert (answer.status, answer.json["code"]) == (500, "store") and reason in broken.error_log()


@sqlite_only
def test_a_database_of_another_program_is_left_as_it_is(broken):
    def change(path):
        path.unlink()
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE job (mine TEXT)")
        db.commit()
        db.close()

    spoil(broken, change)
    before = (broken.data / "jobs.db").read_bytes()
    assert_refused(broken, 500, "store", "is not JobJoker's (schema 0, 1 tables)")
    assert (broken.data / "jobs.db").read_bytes() == before


@pytest.mark.parametrize("uri, reason", [
    ("sqlite:jobs.db", "must be sqlite:/PATH"), ("sqlite::memory:", "must be sqlite:/PATH"), ("sqlite:", "must be sqlite:/PATH"),
    ("sqlite:/no/such/folder/jobs.db", "unable to open"), ("oracle:/x", "no store of this kind"), ("/x/jobs.db", "no store of this kind"),
])
def test_a_database_that_cannot_be_meant(server, uri, reason):
    (server.site / "jobjoker.ini").write_text(f"database = {uri}\n")
    try:
        answer = server.get("/jobs")
        assert answer.status == 500 and answer.json["code"] in ("settings_invalid", "store") and answer.json["request"]
        assert reason in server.error_log() and uri not in answer.text
    finally:
        server.write_settings("")


def test_a_key_that_is_no_key(broken):
    (broken.data / "secret.key").write_bytes(b"short")
    assert broken.get("/me", auth="basic").status == 500
    assert broken.get("/me").status == 200
    assert "secret.key: " in broken.error_log() and ": Success" not in broken.error_log()


@sqlite_only
def test_an_error_as_text_names_the_request_too(broken):
    spoil(broken, lambda path: path.write_bytes(b"not a database" * 1000))
    answer = broken.get("/jobs/01M86EA05QK06D5MRW8NYDB81Q/status.txt")
    assert answer.status == 500 and answer.headers["content-type"].startswith("text/plain")
    request = re.search(r"\(request ([0-9a-f]{16})\)\n$", answer.text)[1]
    assert f"request {request}: 500 store" in broken.error_log()


@sqlite_only
@pytest.mark.skipif(os.geteuid() != 0, reason="needs a server that runs as another user")
@pytest.mark.only_on("cgid", "cgi", reason="who has the file open already may go on")
def test_a_database_that_may_not_be_written(broken):
    path = broken.data / "jobs.db"
    spoil(broken, lambda p: None)
    os.chown(path, 0, 0)
    path.chmod(0o444)
    answer = broken.post("/jobs", {"worker": "Any"})
    assert (answer.status, answer.json["code"]) == (500, "store")


def run_user_ids():
    return apache.run_user().pw_uid, apache.run_user().pw_gid


@pytest.fixture
def small_disk(new_server):
    """A server whose data folder is a file system of 2 MB."""
    if os.geteuid():
        pytest.skip("mounting needs root")
    server = new_server(start=False)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(server.data)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    os.chown(server.data, *run_user_ids())
    try:
        server.start()
        server.put_worker("Any", "#!/bin/sh\n")
        yield server
    finally:
        server.close()
        subprocess.run(["umount", "-l", str(server.data)], check=True)


def fill(server):
    """Takes all that is left, as the user that owns the folder: root may have a reserve."""
    subprocess.run(apache.as_user() + ["dd", "if=/dev/zero", f"of={server.data}/filler", "bs=4096"], capture_output=True)


@sqlite_only
def test_a_full_disk_refuses_all_that_writes_and_reads_on(small_disk):
    id = small_disk.create("Any")
    code = small_disk.get("/workers/Any/code").body
    fill(small_disk)
    for answer in (small_disk.post("/jobs", {"worker": "Any"}), small_disk.put("/workers/Any", "#!/bin/sh\n" + "#" * 5000),
                   small_disk.put(f"/jobs/{id}/status", "start"), small_disk.post(f"/jobs/{id}/log", "x"),
                   small_disk.post("/session", {"token": small_disk.token}), small_disk.delete(f"/jobs/{id}")):
        assert (answer.status, answer.json["code"]) == (503, "storage_full") and answer.headers["retry-after"], answer
    assert small_disk.status(id) == "idle" and small_disk.get("/workers/Any/code").body == code
    assert [p for p in small_disk.data.rglob("*") if ".new" in p.name] == []
    (small_disk.data / "filler").unlink()
    assert small_disk.put(f"/jobs/{id}/status", "start").status == 200
    assert small_disk.ended(id)["status"] == "done"


@sqlite_only
@pytest.mark.only_on("cgid", "cgi", reason="the database that is deleted keeps its room until the last process has closed it")
def test_a_disk_that_is_full_from_the_start_makes_no_half_database(small_disk):
    for path in small_disk.data.glob("jobs.db*"):
        path.unlink()
    fill(small_disk)
    for _ in range(2):
        answer = small_disk.get("/jobs")
        assert (answer.status, answer.json["code"]) == (503, "storage_full"), answer
    (small_disk.data / "filler").unlink()
    assert small_disk.get("/jobs").json["code"] == "no_admin"


@sqlite_only
def test_a_job_that_runs_while_the_disk_is_full_says_all_when_there_is_room(small_disk):
    small_disk.put_worker("Gated", "#!/bin/sh\nmkfifo gate\necho ready\nread x < gate\nseq 1 2000\necho ::response::all\n")
    id = small_disk.start_job("Gated")
    apache.wait_until(lambda: "ready" in small_disk.log(id), 20, "the worker to be ready")
    pid = small_disk.job(id)["pid"]
    fill(small_disk)
    (next(small_disk.data.glob(f"run/{id}/work")) / "gate").write_text("go\n")
    apache.wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 20, "the worker's end")
    assert small_disk.status(id) == "active"  # its end could not be written down
    (small_disk.data / "filler").unlink()
    assert small_disk.ended(id, 60)["status"] == "done"
    assert small_disk.log(id) == "STARTED\nready\n" + "".join(f"{i}\n" for i in range(1, 2001)) + "ENDED\n"


@sqlite_only
def test_a_full_disk_is_a_503_and_leaves_nothing_half_done(small_disk):
    server = small_disk
    id = server.create("Any")
    statuses = [server.post(f"/jobs/{id}/log", b"x" * 300000).status for _ in range(12)]
    assert statuses[0] == 201 and statuses[-1] == 503 and set(statuses) == {201, 503}
    assert server.post(f"/jobs/{id}/log", b"x" * 300000).json["code"] == "storage_full"
    assert server.job(id)["log_size"] == statuses.count(201) * 300001
    assert len(server.get(f"/jobs/{id}/log.txt").body) == statuses.count(201) * 300001


def test_a_lock_that_is_held_for_a_while_is_waited_for(broken):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with broken.store.writing():
            waiting = pool.submit(broken.post, "/jobs", {"worker": "Any"})
            assert broken.get(f"/jobs/{broken.first}/status.txt").text == "idle\n"  # readers do not wait
        assert waiting.result().status == 201


def test_a_lock_that_is_held_for_too_long_is_a_503(broken):
    with broken.store.writing(), concurrent.futures.ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda path: broken.put(path, "start"), [f"/jobs/{broken.first}/status"] * 3))
    for answer in answers:
        assert answer.status in (409, 503)
    busy = [a for a in answers if a.status == 503]
    assert busy and busy[0].json["code"] == "store_busy" and busy[0].headers["retry-after"]
    assert ("Lock wait timeout" if ON_MYSQL else "database is locked") in broken.error_log()
    assert broken.status(broken.first) == "idle"
    assert broken.put(f"/jobs/{broken.first}/status", "start").status == 200


@sqlite_only
def test_thirty_first_requests_make_one_database(new_server):
    server = new_server()
    for path in server.data.glob("jobs.db*"):
        path.unlink()
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: server.get("/jobs").json["code"], range(30)))
    assert set(answers) == {"no_admin"}  # nobody is known in the new database, and it answers
    assert [p for p in server.data.iterdir() if p.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("text, words", [
    ("grace = soon\n", "line 1: `grace` is no number of seconds"),
    ("# fine\ncolour = red\n", "line 2: `colour` is no setting"),
    ("anonymous = everybody\n", "line 1: `anonymous` is none of its values"),
    ("code_max = 1T\n", "line 1: `code_max`"),
    ("nonsense\n", "line 1:"),
    ("[section]\ngrace = 1\n", "line 2:"),
    ("api = https://x\n  /y\n", "line 2: the line begins with a space"),
    ("grace = 1\ngrace = 2\n", "line 2: `grace` is there twice"),
    ("path = /" + "x" * 200 + "\n", "line 1: the line is longer than 198 bytes"),
    ("php =\n", "line 1: `php` must not be empty"),
])
def test_a_wrong_setting_names_file_and_line(server, text, words):
    ini = server.site / "jobjoker.ini"
    server.write_settings(text)
    try:
        answer = server.get("/jobs")
        assert (answer.status, answer.json["code"]) == (500, "settings_invalid")
        assert str(ini) not in answer.text
        assert f"{ini}, {words}" in server.error_log()
    finally:
        server.write_settings("")


@pytest.mark.only_on("cgid", "cgi", "fcgid", reason="`jobjoker fastcgi` does not even start then, and says why")
def test_a_wrong_variable_is_named(new_server):
    server = new_server()
    server.settings["JOBJOKER_GRACE"] = "-1"
    server.stop()
    server.start()
    assert server.get("/jobs").status == 500
    assert "the variable JOBJOKER_GRACE" in server.error_log()


def test_the_program_holds_no_pipe_of_another_request(server):
    server.put_worker("Sleeper", "#!/bin/sh\nexec sleep 600\n")
    id = server.start_job("Sleeper")
    read_end, write_end = os.pipe()
    waiting = subprocess.Popen(
        [str(server.site / "cgi-bin" / "jobjoker.cgi")], pass_fds=[write_end], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        env={"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/cgi-bin/jobjoker.cgi", "PATH_INFO": f"/jobs/{id}", "QUERY_STRING": "wait=60",
             "HTTP_AUTHORIZATION": f"Bearer {server.token}", "JOBJOKER_DATA": str(server.data)})
    try:
        os.close(write_end)
        assert select.select([read_end], [], [], 10)[0] and os.read(read_end, 1) == b""
        assert waiting.poll() is None
    finally:
        waiting.kill()
        waiting.wait()
        os.close(read_end)
        server.put(f"/jobs/{id}/status", "kill")
