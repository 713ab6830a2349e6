"""The store of a server, for tests that look at it or change it behind the server's back: SQLite's file, or a database of
the tests' own MariaDB (JOBJOKER_TEST_STORE=mysql). `server.store` is one of these."""
import contextlib
import os
import sqlite3
import subprocess

import pytest

import mariadb

ON_MYSQL = os.environ.get("JOBJOKER_TEST_STORE") == "mysql"

# Of tests that are about the file itself.
sqlite_only = pytest.mark.skipif(ON_MYSQL, reason="about SQLite's file")


class File:
    lines = ""  # of jobjoker.ini: the preset is right

    def __init__(self, path):
        self.path = path

    def sql(self, text, *values):
        """Runs one statement, with ? for values, and returns its rows."""
        db = sqlite3.connect(self.path, isolation_level=None, timeout=30)
        with contextlib.closing(db):
            return db.execute(text, values).fetchall()

    def change(self, text, *values):
        """The same of one that changes rows: returns how many."""
        db = sqlite3.connect(self.path, isolation_level=None, timeout=30)
        with contextlib.closing(db):
            return db.execute(text, values).rowcount

    def raw(self):
        """All bytes in which it is kept."""
        return b"".join(p.read_bytes() for p in self.path.parent.glob(self.path.name + "*"))

    @contextlib.contextmanager
    def writing(self, last=()):
        """Nobody else can write meanwhile. last: statements that are done and committed in the end."""
        db = sqlite3.connect(self.path, isolation_level=None)
        with contextlib.closing(db):
            db.execute("BEGIN IMMEDIATE")
            yield
            for statement in last:
                db.execute(statement)
            db.execute("COMMIT" if last else "ROLLBACK")

    @contextlib.contextmanager
    def reading(self, text):
        """Somebody reads meanwhile: a function that asks this again, and gets the answer of one moment."""
        db = sqlite3.connect(self.path, isolation_level=None)
        with contextlib.closing(db):
            db.execute("BEGIN")
            db.execute(text).fetchall()
            yield lambda: db.execute(text).fetchall()


def literal(value):
    if isinstance(value, bytes):
        return "x'" + value.hex() + "'"
    return str(value) if isinstance(value, int) else "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def column(text):
    return None if text == "NULL" else int(text) if text.lstrip("-").isdigit() else text


class Database:
    def __init__(self, server):
        self.server = server
        self.name = server.new_database()
        self.lines = server.settings(self.name)

    def sql(self, text, *values):
        parts = text.split("?")
        text = "".join(p + (literal(v) if v is not None else "NULL") for p, v in zip(parts, values)) + parts[len(values)]
        said = self.server.sql("SET sql_mode = 'PIPES_AS_CONCAT,ANSI_QUOTES'; " + text, self.name)
        return [tuple(map(column, line.split("\t"))) for line in said.splitlines()]

    def change(self, text, *values):
        return self.sql(text + "; SELECT row_count()", *values)[0][0]

    def raw(self):
        self.server.sql("FLUSH TABLES")
        return b"".join(p.read_bytes() for p in (self.server.folder / "data" / self.name).iterdir()) + b"".join(
            p.read_bytes() for p in (self.server.folder / "data").glob("ib_logfile*"))

    @contextlib.contextmanager
    def writing(self, last=()):
        client = subprocess.Popen([*self.server.client, "--unbuffered", self.name], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        client.stdin.write("START TRANSACTION; UPDATE store SET turn = turn + 1; SELECT 'held';\n")
        client.stdin.flush()
        assert client.stdout.readline() == "held\n"
        try:
            yield
        finally:
            client.communicate("".join(f"{statement};\n" for statement in last) + ("COMMIT;\n" if last else "ROLLBACK;\n"))

    @contextlib.contextmanager
    def reading(self, text):
        client = subprocess.Popen([*self.server.client, "--unbuffered", self.name], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)

        def ask():
            client.stdin.write(text + "; SELECT 'end';\n")
            client.stdin.flush()
            lines = iter(client.stdout.readline, "end\n")
            return [tuple(map(column, line.rstrip("\n").split("\t"))) for line in lines]

        client.stdin.write("START TRANSACTION WITH CONSISTENT SNAPSHOT;\n")
        ask()
        try:
            yield ask
        finally:
            client.communicate("ROLLBACK;\n")


def new(data):
    """For a server whose data folder this is."""
    return Database(mariadb.shared()) if ON_MYSQL else File(data / "jobs.db")
