"""What must be the same in SQLite and in MySQL, and what must not be known to who uses the other one."""
import pathlib
import re
import sqlite3
import subprocess

import pytest

import apache
import mariadb
import store

SQL = pathlib.Path(__file__).resolve().parents[2] / "sql"

needs_mysql = pytest.mark.skipif(not (mariadb.is_there() and (apache.BUILD / "cgi-bin/store_mysql.so").exists()),
                                 reason="built without MySQL, or there is no MariaDB")


def migrations(kind):
    return sorted((SQL / kind).glob("*.sql"))


def columns_of_sqlite():
    """{(table, column): may it be NULL}"""
    db = sqlite3.connect(":memory:")
    for path in migrations("sqlite"):
        db.executescript(path.read_text())
    tables = [name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
    return {(table, row[1]): not row[3] and not row[5] for table in tables for row in db.execute(f"PRAGMA table_info({table})")}


def columns_of_mysql():
    server = mariadb.shared()
    name = server.new_database()
    for path in migrations("mysql"):
        server.sql("SET sql_mode = 'ANSI_QUOTES';\n" + path.read_text(), name)
    said = server.sql("SELECT table_name, column_name, is_nullable FROM information_schema.columns WHERE table_schema = database()", name)
    return {(table, column): null == "YES" for table, column, null in map(str.split, said.splitlines())}


@needs_mysql
def test_both_have_the_same_tables_and_columns():
    assert [p.name for p in migrations("sqlite")] == [p.name for p in migrations("mysql")]
    assert columns_of_sqlite() == columns_of_mysql()


@needs_mysql
def test_texts_compare_byte_by_byte_on_a_server():
    server = mariadb.shared()
    name = server.new_database()
    for path in migrations("mysql"):
        server.sql("SET sql_mode = 'ANSI_QUOTES';\n" + path.read_text(), name)
    collations = server.sql("SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_schema = database()"
                            " AND collation_name IS NOT NULL", name).split()
    assert collations == ["utf8mb4_nopad_bin"]


def libraries(program, *arguments, env):
    """The shared libraries that a run of a program has mapped at its end, as the dynamic linker tells."""
    done = subprocess.run(apache.as_user() + [str(program), *arguments], capture_output=True, text=True, timeout=60,
                          env={"PATH": apache.PATH, "LD_DEBUG": "files", **env}, stdin=subprocess.DEVNULL)
    return done.stdout, re.findall(r"calling init: (\S+)", done.stderr)


def test_who_uses_sqlite_maps_no_client_library_of_mysql(new_server):
    server = new_server()
    if store.ON_MYSQL:
        (server.site / "jobjoker.ini").unlink()
        server.init()
    request = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/me", "SCRIPT_NAME": "/cgi-bin/jobjoker.cgi", "JOBJOKER_DATA": str(server.data),
               "HTTP_AUTHORIZATION": f"Bearer {server.token}"}
    for program in (["jobjoker.cgi"], ["jobjoker", "answer"]):
        said, mapped = libraries(server.site / "cgi-bin" / program[0], *program[1:], env=request)
        assert said.startswith("Status: 200") and not [path for path in mapped if "maria" in path or "mysql" in path], (said, mapped)


# --- the password ---

@pytest.fixture
def on_mysql(new_server):
    """A server whose password for the database stands in its jobjoker.ini."""
    server = new_server(start=False)
    server.store = store.Database(mariadb.shared())
    server.store.lines = re.sub("database_password_file = .*\n", f"database_password = {mariadb.PLAIN_PASSWORD}\n", server.store.lines)
    mariadb.shared().set_password(server.store.name, mariadb.PLAIN_PASSWORD)
    server.write_settings("")
    (server.site / "jobjoker.ini").chmod(0o644)
    return server.start()


@needs_mysql
def test_the_password_is_nowhere_but_in_its_file(on_mysql):
    on_mysql.put_worker("Looks", '#!/bin/sh\nenv\ntr "\\0" "\\n" </proc/$PPID/cmdline\nmkfifo gate\necho ready\nread x <gate\n')
    id = on_mysql.start_job("Looks")
    apache.wait_until(lambda: "ready\n" in on_mysql.log(id), 20, "the worker")
    runner = apache.runner_of(on_mysql, id)
    told = pathlib.Path(f"/proc/{runner}/environ").read_bytes() + pathlib.Path(f"/proc/{runner}/cmdline").read_bytes()
    assert mariadb.PLAIN_PASSWORD.encode() not in told
    (on_mysql.data / "run" / id / "work/gate").write_text("go\n")
    assert on_mysql.ended(id)["status"] == "done"
    assert mariadb.PLAIN_PASSWORD not in on_mysql.log(id) + on_mysql.error_log() + (on_mysql.data / "runner.log").read_text()


@needs_mysql
def test_a_wrong_password_is_told_to_nobody(on_mysql):
    mariadb.shared().set_password(on_mysql.store.name, "another one")
    answer = on_mysql.get("/jobs")
    assert (answer.status, answer.json["code"]) == (500, "store")
    assert "Access denied" in on_mysql.error_log() and "Access denied" not in answer.text
    assert mariadb.PLAIN_PASSWORD not in answer.text + on_mysql.error_log()


@needs_mysql
@pytest.mark.only_on("cgid", "cgi", "fcgid", reason="`jobjoker fastcgi` says so and does not start")
@pytest.mark.parametrize("how", ["variable", "in the URI", "file that is not there", "relative file"])
def test_a_password_in_the_wrong_place_is_refused_and_not_shown(new_server, how):
    server = new_server(start=False)
    server.store = store.Database(mariadb.shared())
    lines = re.sub("database_password_file = .*\n", "", server.store.lines)
    said = {"variable": "must stand in jobjoker.ini", "in the URI": "never here", "relative file": "is no path from / on",
            "file that is not there": "cannot be read"}[how]
    if how == "variable":
        server.settings["JOBJOKER_DATABASE_PASSWORD"] = "hunter2"
    elif how == "in the URI":
        lines = lines.replace("@localhost", ":hunter2@localhost")
    else:
        lines += "database_password_file = " + ("hunter2\n" if how == "relative file" else "/hunter2\n")
    (server.site / "jobjoker.ini").write_text(lines)
    server.port = apache.free_port()
    assert server._start()
    answer = server.get("/jobs", auth=None)
    assert (answer.status, answer.json["code"]) == (500, "settings_invalid")
    assert said in server.error_log() and "hunter2" not in answer.text + server.error_log()
