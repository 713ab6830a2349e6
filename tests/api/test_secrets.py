"""Secrets for workers: who gets them, how, and where they must never be seen."""
import os
import pathlib
import re
import shutil

import pytest

import apache
from store import sqlite_only
from test_access import command
from test_command import type_in
from test_isolation import AS_NOBODY, with_users  # noqa: F401 (a fixture)
from test_supervisor import WAITS, let_go, ready, runner_of

VALUE = "s3cret-Wert-ü-0815"
FILE = "-----BEGIN KEY-----\nbm90IGEga2V5\n-----END KEY-----\n"

# Each of them, whose source must not hold the value, says what it got, in its log and its response, and whether it is the right thing without saying it.
TELLS = {
    "sh": '#!/bin/sh\necho "got ${{API_KEY-nothing}}"; echo "::response::got ${{API_KEY-nothing}}"; echo "err ${{API_KEY-nothing}}" >&2\n'
          '[ "${{API_KEY-}}" = "{a}""{b}" ] && echo right; [ -n "${{PEM_FILE-}}" ] && cat "$PEM_FILE" && [ "$(stat -c %a "$PEM_FILE")" = 400 ] && echo mode\n'
          '[ -z "${{API_KEY-}}${{PEM_FILE-}}" ] && echo none\nexit 0\n',
    "python": '#!/usr/bin/python3\nimport os, sys\nkey, pem = os.environ.get("API_KEY", "nothing"), os.environ.get("PEM_FILE")\n'
              'print("got", key)\nprint("::response::got", key)\nprint("err", key, file=sys.stderr)\nif key == "{a}" "{b}": print("right")\n'
              'if pem: print(open(pem).read(), end=""); print("mode" if os.stat(pem).st_mode & 0o777 == 0o400 else "")\n'
              'if not pem and key == "nothing": print("none")\n',
    "php": '<?php\ninclude_once "libs/Worker.php";\nclass Tells_php extends Worker {{ function run() {{\n'
           '$key = getenv("API_KEY") ?: "nothing"; $pem = getenv("PEM_FILE");\n$this->log("got $key"); $this->response("got $key"); fwrite(STDERR, "err $key\\n");\n'
           'if ($key == "{a}" . "{b}") $this->log("right");\nif ($pem) {{ echo file_get_contents($pem); if ((fileperms($pem) & 0777) == 0400) $this->log("mode"); }}\n'
           'if (!$pem && $key == "nothing") $this->log("none"); }} }}\n',
    "c": '#include <jobjoker/worker.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <sys/stat.h>\n'
         'int run(struct jobjoker_worker *w) {{ const char *key = getenv("API_KEY") ? getenv("API_KEY") : "nothing", *pem = getenv("PEM_FILE"); char text[4096] = ""; struct stat st; FILE *f;\n'
         'snprintf(text, sizeof text, "got %s", key); jobjoker_log(w, text); jobjoker_response(w, text); fprintf(stderr, "err %s\\n", key);\n'
         'if (!strncmp(key, "{a}", 8) && !strcmp(key + 8, "{b}")) jobjoker_log(w, "right");\n'
         'if (pem && (f = fopen(pem, "r"))) {{ while (fgets(text, sizeof text, f)) {{ text[strcspn(text, "\\n")] = 0; jobjoker_log(w, text); }} if (!stat(pem, &st) && (st.st_mode & 0777) == 0400) jobjoker_log(w, "mode"); }}\n'
         'if (!pem && !strcmp(key, "nothing")) jobjoker_log(w, "none"); return 0; }}\n',
}


@pytest.fixture(scope="module")
def place(installed):
    """Workers of each kind, those called Tells_ are granted two secrets, those called Other_ are not."""
    server = apache.Server(installed)
    try:
        server.start()
        for kind, source in TELLS.items():
            server.put_worker("Tells_" + kind, source.format(a=VALUE[:8], b=VALUE[8:]))
            server.put_worker("Other_" + kind, source.format(a=VALUE[:8], b=VALUE[8:]).replace("Tells_php", "Other_php"))
        server.put_worker("Waits", WAITS)
        put(server, "API_KEY", VALUE, ["Waits", *("Tells_" + kind for kind in TELLS)])
        put(server, "PEM", FILE, ["Waits", *("Tells_" + kind for kind in TELLS)], "file")
        yield server
    finally:
        server.close()


def put(server, name, value=None, workers=(), way=None):
    body = {"value": value, "workers": workers if workers is None else list(workers), "as": way}
    answer = server.put(f"/secrets/{name}", {k: v for k, v in body.items() if v is not None or k == "workers"})
    assert answer.status in (200, 201), answer
    return answer


def everything(server):
    """All bytes that a secret must not be found in: the database, the logs, the folder of jobs that are over."""
    files = [p for p in [*server.data.rglob("*"), server.top / "error.log"] if p.is_file()]
    assert any(p.name == "runner.log" for p in files)
    return {"store": server.store.raw(), **{p: p.read_bytes() for p in files}}


def assert_nowhere(server, *values):
    for path, data in everything(server).items():
        for value in values:
            assert value.encode() not in data, path


@pytest.mark.parametrize("kind", TELLS)
def test_a_worker_that_is_granted_a_secret_has_it_and_its_log_has_not(place, kind):
    job = place.run("Tells_" + kind)
    log, response = place.log(job["id"]), place.response(job["id"])
    lines = log.split("\n")
    assert job["status"] == "done", (job, log)
    assert "right" in lines and "mode" in lines and "got ***" in lines and "err ***" in lines and response == "got ***"
    assert lines.count("***") == 3  # each line of the file
    for answer in (place.get(f"/jobs/{job['id']}"), place.get(f"/jobs/{job['id']}/log"), place.get(f"/jobs/{job['id']}/response")):
        assert VALUE not in answer.text and "bm90IGEga2V5" not in answer.text and "BEGIN KEY" not in answer.text
    apache.wait_until(lambda: not (place.data / "run" / job["id"]).exists(), 20, "the runner's end")
    assert_nowhere(place, VALUE, "bm90IGEga2V5")


@pytest.mark.parametrize("kind", TELLS)
def test_a_worker_that_is_not_granted_it_has_nothing(place, kind):
    job = place.run("Other_" + kind)
    lines = place.log(job["id"]).split("\n")
    assert job["status"] == "done" and "none" in lines and "right" not in lines and "***" not in lines, (job, lines)


def test_a_secret_is_in_no_command_line_and_no_file_but_its_own(place):
    id = ready(place, "Waits")
    folder = place.data / "run" / id
    try:
        assert (folder / "secrets" / "PEM").read_text() == FILE
        assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
        seen = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            seen += b"jobjoker-runner" in line
            assert VALUE.encode() not in line and b"bm90IGEga2V5" not in line
        assert seen
        # The runner's own environment and memory are closed to other users' programs, and to those of the same user.
        spy = place.put_worker("Spies", "#!/bin/sh\nfor what in environ mem fd/0 maps; do cat /proc/$JOBJOKER_PARAM_pid/$what >/dev/null && echo READ; done; true\n")
        job = place.run("Spies", {"pid": runner_of(place, id)})
        assert spy.status in (200, 201) and "READ" not in place.log(job["id"])
        apache.wait_until(lambda: not (place.data / "run" / job["id"]).exists(), 20, "the end of its runner")
        for path, data in everything(place).items():
            assert VALUE.encode() not in data, path
            assert b"bm90IGEga2V5" not in data or path == folder / "secrets" / "PEM"
    finally:
        let_go(place, id)
    assert place.ended(id)["status"] == "done"
    apache.wait_until(lambda: not folder.exists(), 20, "the runner's end")


def test_a_secret_is_hidden_across_the_borders_of_what_is_read(place):
    pieces = '; '.join(f'printf "%s" "{VALUE[i]}"' for i in range(len(VALUE)))
    place.put_worker("Tells_sh", f'#!/bin/sh\n{pieces}; echo\nfor n in 65520 65530 65535 65536; do head -c $n /dev/zero | tr "\\0" x; echo "$API_KEY"; done\n'
                     'echo "::group::$API_KEY"\necho "::progress 50 at $API_KEY::"\necho "::error::$API_KEY"\nexit 1\n')
    job = place.run("Tells_sh")
    log = place.log(job["id"])
    assert job["status"] == "error" and job["reason"] == "***" and "at ***" == job["progress"]["message"]
    assert "STARTED\n***\n" in log and log.count("x***\n") == 4 and "::group::***" in log and VALUE not in log
    place.put_worker("Tells_sh", TELLS["sh"].format(a=VALUE[:8], b=VALUE[8:]))


def test_what_is_told_of_a_secret(place):
    new = put(place, "TOLD", "hush", ["B", "A"])
    assert new.status == 201 and new.headers["location"].endswith("/secrets/TOLD")
    secret = new.data[0]
    assert {k: secret[k] for k in ("name", "as", "workers", "created_by", "changed_by")} == {
        "name": "TOLD", "as": "environment", "workers": ["B", "A"], "created_by": "admin", "changed_by": "admin"}
    assert set(secret) == {"name", "as", "workers", "created", "created_by", "changed", "changed_by"}
    changed = place.put("/secrets/TOLD", {"as": "file"})
    assert changed.status == 200 and (changed.data[0]["as"], changed.data[0]["workers"]) == ("file", ["B", "A"])
    assert place.get("/secrets/TOLD").data == changed.data
    listed = place.get("/secrets?limit=1")
    assert listed.json["total"] == 3 and listed.data[0]["name"] == "API_KEY"
    assert [s["name"] for s in place.get(f"/secrets?cursor={listed.json['next']}").data] == ["PEM", "TOLD"]
    assert place.get("/secrets.csv").text.split("\n")[0].strip() == "name,as,workers,created,created_by,changed,changed_by"
    assert "hush" not in place.get("/secrets").text + place.get("/secrets.csv").text + place.get("/secrets/TOLD").text
    assert place.delete("/secrets/TOLD").status == 200
    assert place.get("/secrets/TOLD").status == place.delete("/secrets/TOLD").status == 404


@pytest.mark.parametrize("name, body, status, code", [
    ("X", {}, 422, "secret_invalid"),
    ("X", {"value": ""}, 422, "secret_invalid"),
    ("X", {"value": 7}, 422, "secret_invalid"),
    ("X", {"value": None}, 422, "secret_invalid"),
    ("X", {"value": "hush-hush", "as": "smoke"}, 422, "secret_invalid"),
    ("X", {"value": "hush-hush", "workers": "A"}, 422, "secret_invalid"),
    ("X", {"value": "hush-hush", "workers": ["a b"]}, 422, "secret_invalid"),
    ("X", {"value": "hush-hush", "worker": []}, 422, "secret_invalid"),
    ("X", {"value": "hush-hush" * 500}, 422, "secret_invalid"),
    ("X", {"value": "hush-hush\n" * 7000}, 422, "secret_invalid"),
    ("X", {"value": "hush-hush" * 60000}, 413, None),
    ("X", '{"value": "hush-hush\\u0000"}', 400, "json_malformed"),
    ("X", '{"value": "hush-hush', 400, "json_malformed"),
    ("X", ["hush-hush"], 422, "secret_invalid"),
    ("PATH", {"value": "hush-hush"}, 422, "secret_invalid"),
    ("LD_PRELOAD", {"value": "hush-hush"}, 422, "secret_invalid"),
    ("JOBJOKER_TOKEN", {"value": "hush-hush"}, 422, "secret_invalid"),
    ("a-b", {"value": "hush-hush"}, 422, "secret_invalid"),
    ("%41%0A", {"value": "hush-hush"}, 422, "secret_invalid"),
    ("N" * 65, {"value": "hush-hush"}, 422, "secret_invalid"),
    ("PEM_FILE", {"value": "hush-hush"}, 409, "secret_conflict"),
])
def test_what_is_refused_does_not_come_back(place, name, body, status, code):
    answer = place.put(f"/secrets/{name}", body, type="application/json")
    assert answer.status == status and (code is None or answer.json["code"] == code), answer
    assert "hush" not in answer.text and "hush" not in place.error_log()
    assert place.get("/secrets").json["total"] == 2


def test_a_secret_that_was_deleted_or_taken_away_is_not_given(place):
    put(place, "GONE", "gone-gone", ["Sees"])
    place.put_worker("Sees", '#!/bin/sh\necho "[${GONE-}]"\n')
    assert "\n[***]\n" in place.log(place.run("Sees")["id"])
    put(place, "GONE", workers=["Else"])
    assert "\n[]\n" in place.log(place.run("Sees")["id"])
    put(place, "GONE", workers=None)
    assert "\n[***]\n" in place.log(place.run("Sees")["id"])
    assert place.delete("/secrets/GONE").status == 200
    assert "\n[]\n" in place.log(place.run("Sees")["id"])


def test_secrets_that_are_too_much_to_hide_fail_the_job(place):
    for name in ("BIG1", "BIG2"):
        put(place, name, "".join(f"{name}-{i}".ljust(100, "v") + "\n" for i in range(400)), ["Much"])
    place.put_worker("Much", "#!/bin/sh\necho ran\n")
    job = place.run("Much")
    assert job["status"] == "error" and "could not be hidden in its log" in job["reason"] and "ran" not in place.log(job["id"])
    for name in ("BIG1", "BIG2"):
        assert place.delete(f"/secrets/{name}").status == 200


# --- what lies on the disk ---

def own(path):
    if os.geteuid() == 0:
        os.chown(path, apache.run_user().pw_uid, apache.run_user().pw_gid)


def test_a_row_that_was_moved_to_another_name_fails_the_job_and_says_why(new_server):
    server = new_server()
    put(server, "FIRST", "of-the-first", ["A"])
    put(server, "SECOND", "of-the-second", ["B"])
    server.put_worker("B", '#!/bin/sh\necho "$SECOND"\n')
    server.store.sql("UPDATE secret SET sealed = (SELECT sealed FROM secret WHERE name = 'FIRST') WHERE name = 'SECOND'")
    id = server.create("B")
    answer = server.put(f"/jobs/{id}/status", "start")
    assert (answer.status, answer.json["code"]) == (500, "secret_unreadable")
    job = server.job(id)
    assert job["status"] == "error" and job["reason"] == "the secret SECOND cannot be read: it was changed in the database, or moved there from another name"
    assert not (server.data / "run" / id).exists() and "of-the" not in server.error_log()
    put(server, "SECOND", "anew", ["B"])
    assert server.run("B")["status"] == "done"


@sqlite_only
def test_a_stolen_database_gives_nothing_without_the_key(new_server):
    victim, thief = new_server(), new_server()
    victim.put_worker("Tells", '#!/bin/sh\necho "got $STOLEN" | rev\n')
    put(victim, "STOLEN", VALUE, ["Tells"])
    assert victim.run("Tells")["status"] == "done"
    thief.stop()
    for path in victim.data.glob("jobs.db*"):
        shutil.copy(path, thief.data / path.name)
        own(thief.data / path.name)
    thief.token = victim.token
    thief._start()
    assert thief.post("/jobs", {"worker": "Tells", "start": True}).json["code"] == "secret_unreadable"
    job = thief.get("/jobs?limit=1").data[0]
    assert job["status"] == "error" and job["reason"].endswith("it was encrypted under another key than the one in secret.key")
    said = command(thief, "doctor")
    assert said.returncode == 1 and "1 secrets were encrypted under another key" in said.stdout


# --- rotation ---

def rotate(server):
    done = command(server, "secret", "rotate-key")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_rotated_key_opens_what_the_one_before_did(new_server):
    server = new_server()
    server.put_worker("Tells", '#!/bin/sh\n[ "$KEPT" = kept-kept ] && echo right\n')
    put(server, "KEPT", "kept-kept", ["Tells"])
    assert server.get("/me", auth="basic").status == 200
    before = (server.data / "secret.key").read_bytes()
    assert "1 secrets" in rotate(server)
    after = (server.data / "secret.key").read_bytes()
    assert before != after and len(after) == 32 and (server.data / "secret.key").stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in server.data.glob("secret.key*")) == ["secret.key"]
    assert "right" in server.log(server.run("Tells")["id"])
    assert server.get("/me", auth="basic").status == 200 and server.get("/me").status == 200  # no log-in is lost by it


@pytest.mark.parametrize("at", ["linked", "renamed", "written"])
def test_a_rotation_that_was_interrupted_loses_nothing_and_is_finished(new_server, at):
    """As kill -9 leaves it; the contract tests kill it at every system call."""
    server = new_server()
    server.put_worker("Tells", '#!/bin/sh\n[ "$KEPT" = kept-kept ] && echo right\n[ "$LATER" = later-later ] && echo later\n')
    put(server, "KEPT", "kept-kept", ["Tells"])
    key = server.data / "secret.key"
    before, row = key.read_bytes(), [bytes.fromhex(text) for text in server.store.sql('SELECT hex("key"), hex(sealed) FROM secret')[0]]
    if at == "linked":
        os.link(key, server.data / "secret.key.old")
    elif at == "written":
        (server.data / "secret.key.new").write_bytes(b"half")
        own(server.data / "secret.key.new")
    else:
        rotate(server)
        server.store.sql('UPDATE secret SET "key" = ?, sealed = ?', *row)
        (server.data / "secret.key.old").write_bytes(before)
        own(server.data / "secret.key.old")
        (server.data / "secret.key.old").chmod(0o600)
    put(server, "LATER", "later-later", ["Tells"])
    assert server.log(server.run("Tells")["id"]).count("right\nlater\n") == 1
    assert ("rotation of the key was interrupted" in command(server, "doctor").stdout) == (at != "written")
    assert "2 secrets" in rotate(server)
    assert sorted(p.name for p in server.data.glob("secret.key*")) == ["secret.key"]
    assert server.log(server.run("Tells")["id"]).count("right\nlater\n") == 1
    assert server.store.sql('SELECT count(DISTINCT "key") FROM secret') == [(1,)]
    assert server.store.sql('SELECT 1 FROM secret WHERE "key" = ?', row[0]) == []


# --- files ---

def test_a_file_is_read_in_the_sandbox(new_server):
    server = new_server(settings={"JOBJOKER_SANDBOX": "landlock"})
    put(server, "PEM", FILE, ["In", "Not"], "file")
    server.put_worker("In", '#!/bin/sh\ncat "$PEM_FILE" | wc -c\necho x >"${PEM_FILE%/*}/other" && echo WROTE\ntrue\n')
    job = server.run("In")
    if "Landlock" in (job["reason"] or ""):
        pytest.skip(job["reason"])
    log = server.log(job["id"])
    assert job["status"] == "done" and f"\n{len(FILE)}\n" in log and "WROTE" not in log, (job, log)


def test_a_file_is_for_the_workers_user(with_users):  # noqa: F811
    server = with_users
    put(server, "PEM", FILE, ["As"], "file")
    server.put_worker("As", AS_NOBODY + 'cat "$PEM_FILE" | wc -c\nstat -c "%U %a" "$PEM_FILE" "${PEM_FILE%/*}"\nls "${PEM_FILE%/*}" 2>/dev/null && echo LISTED\nexit 0\n')
    job = server.run("As")
    log = server.log(job["id"])
    assert job["status"] == "done" and f"\n{len(FILE)}\nnobody 400\n{apache.run_user().pw_name} 711\n" in log and "LISTED" not in log, (job, log)
    apache.wait_until(lambda: not (server.data / "run" / job["id"]).exists(), 20, "the runner's end")
    # Its runner is lost: whoever looks next removes the file.
    server.put_worker("As", AS_NOBODY + "mkfifo gate\necho ready\nread line <gate\n")
    id = ready(server, "As")
    assert (server.data / "run" / id / "secrets" / "PEM").exists()
    apache.kill_and_wait(runner_of(server, id))
    assert server.ended(id)["reason"] == "runner lost"
    assert not (server.data / "run" / id / "secrets").exists()


def test_a_lost_runner_leaves_no_secret(place):
    id = ready(place, "Waits")
    apache.kill_and_wait(runner_of(place, id))
    assert place.ended(id)["reason"] == "runner lost" and not (place.data / "run" / id).exists()


def test_a_job_that_is_requeued_gets_its_secrets_again(place):
    put(place, "AGAIN", FILE, ["Again"], "file")
    place.put_worker("Again", '#!/bin/sh\n[ "$JOBJOKER_ATTEMPT" = 2 ] && { cat "$AGAIN_FILE" | wc -c; exit; }\nmkfifo gate\necho ready\nread line <gate\n')
    id = ready(place, "Again", on_lost="requeue")
    apache.kill_and_wait(runner_of(place, id))
    job = place.ended(id)
    assert (job["status"], job["attempt"]) == ("done", 2) and f"\n{len(FILE)}\n" in place.log(id)
    assert place.delete("/secrets/AGAIN").status == 200


# --- the command ---

def test_secrets_from_the_command(new_server):
    server = new_server()
    server.put_worker("Tells", '#!/bin/sh\n[ "$ONE" = one-one ] && echo right1\n[ "$(wc -c <"$TWO_FILE")" = 8 ] && echo right2\n[ "$THREE" = typed-typed ] && echo right3\nexit 0\n')
    done = command(server, "secret", "set", "ONE", "--workers", "Tells", input="one-one\n")
    assert done.returncode == 0 and "a secret now" in done.stdout and "one-one" not in done.stdout
    assert command(server, "secret", "set", "TWO", "--all-workers", "--file", input="two-two\n").returncode == 0
    assert "none (--workers)" in command(server, "secret", "set", "THREE", input="x").stdout
    status, shown = type_in(server, ["secret", "set", "THREE", "--workers", "Tells"], ["typed-typed"])
    assert status == 0 and "typed-typed" not in shown
    log = server.log(server.run("Tells")["id"])
    assert "right1\nright2\nright3\n" in log
    listed = command(server, "secret", "list").stdout
    assert re.search(r"^ONE +environment +changed .* by \(command\) +Tells$", listed, re.M) and re.search(r"^TWO +file .* all workers$", listed, re.M)
    assert "one-one" not in listed
    assert command(server, "secret", "delete", "ONE").returncode == 0
    assert "right1" not in server.log(server.run("Tells")["id"])
    for words, said in ((["delete", "ONE"], "no secret"), (["set", "PATH"], "changes how programs"), (["set", "9"], "the name of a secret"),
                        (["set", "A", "--workers", "a/b"], "the name of a worker")):
        done = command(server, "secret", *words, input="x")
        assert done.returncode == 1 and said in done.stderr, done.stderr
    for words in (["set"], ["set", "A", "--file", "--variable"], ["set", "A", "B"], ["set", "A", "--workers", "A", "--all-workers"], ["list", "x"],
                  ["delete"], ["rotate-key", "x"]):
        assert command(server, "secret", *words, input="x").returncode == 2
    for value, said in (("", "1 to 65536"), ("x" * 70000, "1 to 65536"), ("x" * 5000, "at most 4096 bytes"), ("a\0b", "NUL")):
        done = command(server, "secret", "set", "A", input=value)
        assert done.returncode == 1 and said in done.stderr, done.stderr
    assert "A " not in [line[:2] for line in command(server, "secret", "list").stdout.splitlines()]
