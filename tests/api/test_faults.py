"""Bad days of the server: a database that is corrupt, newer, read-only, full or locked; settings that are wrong."""
import concurrent.futures
import os
import shutil
import sqlite3
import subprocess

import pytest

import apache


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


def test_a_file_that_is_no_database(broken):
    spoil(broken, lambda path: path.write_bytes(b"not a database" * 1000))
    assert_refused(broken, 500, "store", "not a database")


def test_a_corrupt_database(broken):
    spoil(broken, lambda path: path.write_bytes(path.read_bytes()[:4096] + os.urandom(path.stat().st_size - 4096)))
    assert_refused(broken, 500, "store", "malformed")


def test_a_database_of_a_newer_version(broken):
    with sqlite3.connect(broken.data / "jobs.db") as db:
        db.execute("PRAGMA user_version = 9999")
    db.close()
    assert_refused(broken, 503, "store_newer", "schema 9999")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a server that runs as another user")
def test_a_database_that_may_not_be_written(broken):
    path = broken.data / "jobs.db"
    spoil(broken, lambda p: None)
    os.chown(path, 0, 0)
    path.chmod(0o444)
    answer = broken.post("/jobs", {"worker": "Any"})
    assert (answer.status, answer.json["code"]) == (500, "store")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_is_a_503_and_leaves_nothing_half_done(new_server):
    server = new_server(start=False)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(server.data)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        os.chown(server.data, *run_user_ids())
        server.start()
        server.put_worker("Any", "#!/bin/sh\n")
        id = server.create("Any")
        statuses = [server.post(f"/jobs/{id}/log", b"x" * 300000).status for _ in range(12)]
        assert statuses[0] == 201 and statuses[-1] == 503 and set(statuses) == {201, 503}
        assert server.post(f"/jobs/{id}/log", b"x" * 300000).json["code"] == "storage_full"
        assert server.job(id)["log_size"] == statuses.count(201) * 300001
        assert len(server.get(f"/jobs/{id}/log.txt").body) == statuses.count(201) * 300001
    finally:
        server.close()
        subprocess.run(["umount", "-l", str(server.data)], check=True)


def run_user_ids():
    return apache.run_user().pw_uid, apache.run_user().pw_gid


def test_a_lock_that_is_held_for_a_while_is_waited_for(broken):
    db = sqlite3.connect(broken.data / "jobs.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(broken.post, "/jobs", {"worker": "Any"})
        assert broken.get(f"/jobs/{broken.first}/status.txt").text == "idle\n"  # readers do not wait
        db.execute("COMMIT")
        assert waiting.result().status == 201
    db.close()


def test_thirty_first_requests_make_one_database(new_server):
    server = new_server()
    for path in server.data.glob("jobs.db*"):
        path.unlink()
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: server.get("/jobs").status, range(30)))
    assert set(answers) == {401}  # nobody is known in the new database, and it answers


@pytest.mark.parametrize("text, words", [
    ("grace = soon\n", "line 1: `grace` is no number of seconds"),
    ("# fine\ncolour = red\n", "line 2: `colour` is no setting"),
    ("anonymous = everybody\n", "line 1: `anonymous` is none of its values"),
    ("code_max = 1T\n", "line 1: `code_max`"),
    ("nonsense\n", "line 1:"),
    ("[section]\ngrace = 1\n", "line 2:"),
])
def test_a_wrong_setting_names_file_and_line(new_server, text, words):
    server = new_server(start=False)
    server.start()
    ini = server.site / "jobjoker.ini"
    ini.write_text(text)
    try:
        answer = server.get("/jobs")
        assert (answer.status, answer.json["code"]) == (500, "settings_invalid")
        assert str(ini) not in answer.text
        assert f"{ini}, {words}" in server.error_log()
    finally:
        ini.unlink()


def test_a_wrong_variable_is_named(new_server):
    server = new_server()
    server.settings["JOBJOKER_GRACE"] = "-1"
    server.stop()
    server.start()
    assert server.get("/jobs").status == 500
    assert "the variable JOBJOKER_GRACE" in server.error_log()
