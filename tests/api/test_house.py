"""Moving house: all of a store in another one; and the SQLite store's backup and restore."""
import contextlib
import os
import signal
import sqlite3
import subprocess

import pytest

import apache
import mariadb
import store
from test_access import add_user, command, new_token
from test_queues import WAITS

needs_mysql = pytest.mark.skipif(not (mariadb.is_there() and (apache.BUILD / "cgi-bin/store_mysql.so").exists()),
                                 reason="built without MySQL, or there is no MariaDB")
pytestmark = store.sqlite_only  # these bring their own MySQL

ODD = b"a\0b \xff\xfe c\r\n\xf0\x9f\x98\x80 d"  # bytes that are no text


def dump(path):
    """{table: (columns, rows in the order of the key)}, and the counters, of an SQLite store."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.text_factory = lambda b: ("text", b)
        names = [n for _, n in (row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"))]
        out = {}
        for name in map(bytes.decode, names):
            columns = [row[1][1].decode() for row in db.execute(f"PRAGMA table_info({name})")]
            keys = [row[1][1].decode() for row in sorted(db.execute(f"PRAGMA table_info({name})"), key=lambda r: r[5]) if row[5]]
            order = ", ".join(f'"{k}"' for k in keys) or "1"
            out[name] = (columns, db.execute(f'SELECT * FROM "{name}" ORDER BY {order}').fetchall())
        return out


def fill(server):
    """One of each: what there is a table for, and values that are hard to carry."""
    server.put_worker("Odd", "#!/bin/sh\nprintf 'a\\000b \\377\\376 c\\r\\n\\360\\237\\230\\200 d'\nprintf '::response::r\\n'\n")
    for version in range(3):
        server.put_worker("Many", f"#!/bin/sh\nseq {version} 3000\n")
    add_user(server, "ann", "operator", "--workers", "Odd")
    server.ann = new_token(server, "ann", "--name", "für später")
    assert command(server, "secret", "set", "KEY", "--workers", "Odd", input="kept").returncode == 0
    for name in ("", "\u00fc\U0001f600 'quoted'"):
        server.post("/jobs", {"worker": "Odd", "parameters": {"name": name}, "name": name or None})
    assert server.run("Odd")["status"] == server.run("Many")["status"] == "done"
    gone = server.run("Odd")["id"]
    assert server.delete(f"/jobs/{gone}").status == 200  # its number is not given again
    assert server.put("/queues/slow", {"slots": 2}).status == 201
    server.put_worker("Fails", "#!/bin/sh\nexit 7\n")
    failed = server.run("Fails", retries={"limit": 2, "delay": 0})
    assert failed["attempt"] == 3
    after = server.post("/jobs", {"worker": "Odd", "after": [{"job": failed["id"], "on": "error"}]}, "-H", "Idempotency-Key: once").data[0]["id"]
    assert server.ended(after)["status"] == "done"
    wish = {"worker": "Odd", "parameters": {"name": "\u00fc"}}
    assert server.post("/schedules", {"cron": "@yearly", "name": "nightly", "enabled": False, "job": wish}).status == 201
    assert server.post("/tick").status == 200  # which notes the start of this machine
    server.get("/jobs", auth="Bearer jja_wrong")
    with contextlib.closing(sqlite3.connect(server.store.path, isolation_level=None)) as db:
        number, = db.execute("SELECT max(number) FROM job").fetchone()
        db.execute("UPDATE job SET reason = '' WHERE number = ?", [number])
        db.execute("INSERT INTO failure VALUES (x'00ff00', 9223372036854775807, -9223372036854775808)")
        for seq, blob in enumerate((b"", ODD, bytes(range(256)) * 8000, b"\0"), 100000):
            db.execute("INSERT INTO entry VALUES (?, 1, ?, 0, 0, 0, 0, ?)", [number, seq, blob])
        db.execute("INSERT INTO worker_version (number, worker, version, kind, created, author, sha256, size, description, parameters, code)"
                   " VALUES (0, 'Zero', 1, 2, 0, '', '', 0, '', CAST(x'6100623a' AS TEXT), x'')")
    return server


class Move:
    """A server with one of each, and a database beside."""

    def __init__(self, server):
        self.server = fill(server)
        self.sqlite = f"sqlite:{server.data}/jobs.db"
        self.database = mariadb.shared().new_database()
        lines = mariadb.shared().settings(self.database)
        (server.site / "jobjoker.ini").write_text("".join(l + "\n" for l in lines.splitlines() if not l.startswith("database =")))
        self.mysql = f"mysql://{self.database}@localhost/{self.database}"

    def copy(self, *words):
        return command(self.server, "copy", *words)

    def there(self, sql):
        return mariadb.shared().sql(sql, self.database)

    def use(self, uri):
        self.server.stop()
        with open(self.server.site / "jobjoker.ini", "a") as f:
            f.write(f"database = {uri}\n")
        assert self.server._start()


@pytest.fixture
def move(new_server):
    return Move(new_server())


@needs_mysql
def test_there_and_back_is_the_same(move):
    server = move.server
    before = dump(server.store.path)
    done = move.copy(move.sqlite, move.mysql)
    assert done.returncode == 0 and not done.stderr, done.stderr
    told = {line.split()[0]: int(line.split()[1]) for line in done.stdout.splitlines()[1:-1]}
    # None is forgotten, whichever migration made it.
    assert told == {name: len(rows) for name, (_, rows) in before.items() if not name.startswith("sqlite_")}
    assert all(told[name] for name in ("schedule", "machine", "attempt", "once", "job_after")), told
    assert f"database = {move.mysql}" in done.stdout
    assert move.there("SHOW TABLES LIKE 'copy%'") == ""
    back = move.copy(move.mysql, f"sqlite:{server.data}/back.db")
    assert back.returncode == 0, back.stderr
    assert [l for l in back.stdout.splitlines()[:-1]] == done.stdout.splitlines()[:-1]
    after = dump(server.data / "back.db")
    assert after.keys() == before.keys()
    for name in before:
        assert after[name] == before[name], name


@needs_mysql
def test_all_goes_on_in_the_other_store(move):
    server = move.server
    last, = server.store.sql("SELECT seq FROM sqlite_sequence WHERE name = 'job'")[0]
    old = server.get("/jobs?limit=100").json["total"]
    assert move.copy(move.sqlite, move.mysql).returncode == 0
    move.use(move.mysql)
    assert server.get("/jobs?limit=100").json["total"] == old
    assert server.get("/me", auth=f"Bearer {server.ann}").data[0]["name"] == "ann"
    assert command(server, "audit", "verify").returncode == 0
    server.put_worker("Odd", '#!/bin/sh\n[ "$KEY" = kept ] && echo right\n')
    id = server.run("Odd")["id"]
    assert "right" in server.log(id)
    assert int(move.there(f"SELECT number FROM job WHERE id = '{id}'")) == last + 1


@needs_mysql
@pytest.mark.parametrize("held, waits", [("SELECT count(*) FROM entry", "TRUNCATE%"), ("UPDATE store SET turn = turn + 1", "%uuid_short%")],
                         ids=["half emptied", "about to be filled"])
def test_one_that_was_killed_is_done_again(move, held, waits):
    """It stands before what somebody else holds until it is killed."""
    assert move.copy(move.sqlite, move.mysql).returncode == 0
    assert move.copy(move.sqlite, move.mysql).returncode == 1  # it is not empty
    client = subprocess.Popen([*mariadb.shared().client, "--unbuffered", move.database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    client.stdin.write(f"START TRANSACTION; {held}; SELECT 'held';\n")
    client.stdin.flush()
    while client.stdout.readline() != "held\n":
        pass
    copying = subprocess.Popen(apache.as_user() + [str(move.server.site / "cgi-bin/jobjoker"), "copy", move.sqlite, move.mysql, "--replace"],
                               env={"PATH": apache.PATH, "JOBJOKER_DATA": str(move.server.data)}, stdout=subprocess.DEVNULL, start_new_session=True)
    waiting = f"SELECT id FROM information_schema.processlist WHERE user = '{move.database}' AND info LIKE '{waits}'"
    apache.wait_until(lambda: mariadb.shared().sql(waiting), 30, "the copy to wait")
    os.killpg(copying.pid, signal.SIGKILL)
    copying.wait()
    client.communicate("ROLLBACK;\n")
    assert "copy_under_way" in move.there("SHOW TABLES")
    refused = move.copy(move.mysql, f"sqlite:{move.server.data}/no.db")
    assert refused.returncode == 1 and "not finished" in refused.stderr
    done = move.copy(move.sqlite, move.mysql)
    assert done.returncode == 0, done.stderr
    assert move.copy(move.mysql, f"sqlite:{move.server.data}/back.db").returncode == 0
    assert dump(move.server.data / "back.db") == dump(move.server.store.path)


def test_what_a_copy_refuses(new_server):
    server = new_server()
    here, there = f"sqlite:{server.data}/jobs.db", f"sqlite:{server.data}/other.db"
    os.symlink(server.data / "jobs.db", server.data / "link.db")
    before = dump(server.store.path)
    for words, complaint in (([here, here, "--replace"], "the same store"), ([here, f"sqlite:{server.data}/link.db", "--replace"], "the same store"),
                             ([f"sqlite:{server.data}/nothing.db", there], "no store at"), ([here, "nonsense:/x"], "no kind of store")):
        done = command(server, "copy", *words)
        assert done.returncode == 1 and complaint in done.stderr, done.stderr
    assert dump(server.store.path) == before and not (server.data / "nothing.db").exists()
    assert command(server, "copy", here, there).returncode == 0
    again = command(server, "copy", here, there)
    assert again.returncode == 1 and "not empty" in again.stderr
    assert command(server, "copy", here, there, "--replace").returncode == 0
    server.put_worker("Waits", WAITS % "")
    id = server.start_job("Waits")
    apache.wait_until(lambda: "ready" in server.log(id), 20, "the worker")
    active = command(server, "copy", here, there, "--replace")
    assert active.returncode == 1 and "1 jobs are active" in active.stderr
    assert command(server, "copy", here, there, "--replace", "--active").returncode == 0


# --- backup ---

def test_a_backup_is_whole_while_jobs_write(new_server):
    server = new_server()
    server.put_worker("Talks", "#!/bin/sh\ni=0\nwhile [ ! -e enough ]; do i=$((i+1)); echo line $i; done\n")
    id = server.start_job("Talks")
    apache.wait_until(lambda: len(server.log(id)) > 1000, 20, "the worker")
    sizes = []
    for n in range(3):
        file = server.data / f"backup{n}"
        done = command(server, "backup", str(file))
        assert done.returncode == 0, done.stderr
        assert file.stat().st_mode & 0o777 == 0o600
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            count, size = db.execute("SELECT log_count, log_size FROM job").fetchone()
            rows = db.execute("SELECT seq, start, length(bytes) FROM entry ORDER BY seq").fetchall()
        assert len(rows) == count and sum(r[2] + 1 for r in rows) == size  # each line's end is implied
        sizes.append(size)
        apache.wait_until(lambda: len(server.log(id)) > size, 20, "more to be said")
    assert sizes == sorted(set(sizes))
    (server.data / "run" / id / "work/enough").touch()
    assert server.ended(id)["status"] == "done"
    taken = (server.data / "backup0").read_bytes()
    again = command(server, "backup", str(server.data / "backup0"))
    assert again.returncode == 1 and "already" in again.stderr and (server.data / "backup0").read_bytes() == taken
    assert command(server, "backup", str(server.data / "backup0"), "--replace").returncode == 0
    assert not list(server.data.glob("*.new"))


def test_a_restore_brings_all_back_and_keeps_what_was(new_server):
    server = new_server()
    fill(server)
    before = dump(server.store.path)
    assert command(server, "backup", str(server.data / "kept")).returncode == 0
    server.put_worker("Later", "#!/bin/sh\n")
    server.stop()
    done = command(server, "restore", str(server.data / "kept"))
    assert done.returncode == 0, done.stderr
    with contextlib.closing(sqlite3.connect(server.store.path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    after = dump(server.store.path)
    assert {n: r for n, r in after.items() if not n.startswith("audit")} == {n: r for n, r in before.items() if not n.startswith("audit")}
    assert len(after["audit"][1]) == len(before["audit"][1]) + 1 and command(server, "audit", "verify").returncode == 0
    old, = server.data.glob("jobs.db.before-*")
    assert old.name in done.stdout and ("text", b"Later") in [r[0] for r in dump(old)["worker"][1]]
    assert not list(server.data.glob("*.restoring*"))
    assert server._start()
    assert server.get("/workers/Later").status == 404
    assert server.get("/me", auth=f"Bearer {server.ann}").status == 200
    assert server.run("Odd")["status"] == "done"


def test_what_a_restore_refuses(new_server):
    server = new_server()
    good, bad = server.data / "good", server.data / "bad"
    assert command(server, "backup", str(good)).returncode == 0
    whole = bytearray(good.read_bytes())
    newer = whole[:60] + (9999).to_bytes(4, "big") + whole[64:]
    torn = bytearray(whole)
    torn[4096 * 3:4096 * 6] = b"\x5a" * (4096 * 3)
    before = dump(server.store.path)
    for bytes_, complaint in ((b"", "no SQLite file"), (b"x" * 5000, "no SQLite file"), (whole[:60] + bytes(4) + whole[64:], "not JobJoker's"),
                              (newer, "newer version"), (torn, "damaged")):
        bad.write_bytes(bytes_)
        bad.chmod(0o644)
        done = command(server, "restore", str(bad))
        assert done.returncode == 1 and complaint in done.stderr, (complaint, done.stderr)
        assert dump(server.store.path) == before and not list(server.data.glob("*.restoring*"))
    with contextlib.closing(sqlite3.connect(server.store.path)) as other:
        other.execute("SELECT count(*) FROM job").fetchone()
        used = command(server, "restore", str(good))
    assert used.returncode == 1 and "another process" in used.stderr
    server.put_worker("Waits", WAITS % "")
    id = server.start_job("Waits")
    apache.wait_until(lambda: "ready" in server.log(id), 20, "the worker")
    active = command(server, "restore", str(good))
    assert active.returncode == 1 and "1 jobs are active" in active.stderr
    assert not list(server.data.glob("jobs.db.before-*")) and server.status(id) == "active"


def test_a_damaged_database_is_replaced_where_that_is_told(new_server):
    server = new_server()
    assert command(server, "backup", str(server.data / "good")).returncode == 0
    server.stop()
    for beside in ("-wal", "-shm"):  # which may hold all that is needed
        (server.data / f"jobs.db{beside}").unlink()
    server.store.path.write_bytes(b"rubbish" * 2000)
    server.store.path.chmod(0o666)
    assert command(server, "restore", str(server.data / "good")).returncode == 1
    done = command(server, "restore", str(server.data / "good"), "--damaged")
    assert done.returncode == 0, done.stderr
    assert next(server.data.glob("jobs.db.before-*Z")).read_bytes().startswith(b"rubbish")
    assert server._start() and server.get("/me").status == 200
