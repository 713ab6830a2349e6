"""The audit trail: what leaves a row, and what that says."""
import concurrent.futures
import csv
import hashlib
import io
import json
import re
import time

import pytest

import apache
from store import sqlite_only
from test_access import PASSWORD, ROUTES, add_user, ask, bearer, command, new_token, password, session
from test_faults import fill, small_disk  # noqa: F401: a fixture

OF_SENDER = 10  # lib/store/audit.h


@pytest.fixture(scope="module")
def place(installed):
    server = apache.Server(installed)
    try:
        server.start()
        server.put_worker("Any", "#!/bin/sh\n")
        for name, role in (("ann", "admin"), ("vic", "viewer"), ("op", "operator")):
            add_user(server, name, role)
        yield server
    finally:
        server.close()


@pytest.fixture(autouse=True)
def no_refusals(request):
    """Each test may be refused as if it were the first one in this minute."""
    if "place" in request.fixturenames:
        request.getfixturevalue("place").store.change("DELETE FROM audit_refused")
        request.getfixturevalue("place").store.change("DELETE FROM failure")


def trail(server, query=""):
    answer = server.get(f"/audit?limit=1000{query}")
    assert answer.status == 200, answer
    return answer.data


def last_seq(server):
    return trail(server)[0]["seq"]


class new_rows:
    """with new_rows(server) as rows: ... and rows has those that were written meanwhile, oldest first."""

    def __init__(self, server):
        self.server, self.rows = server, []

    def __enter__(self):
        self.seq = last_seq(self.server)
        return self.rows

    def __exit__(self, *error):
        self.rows += [row for row in reversed(trail(self.server)) if row["seq"] > self.seq]


def active_job(server):
    """A job that is reported from outside, and the tokens of a runner and a worker that it could have."""
    job = server.create("Any")
    assert server.put(f"/jobs/{job}/status", "active").status == 200
    tokens = [f"jjl_{job}_" + "l" * 43, f"jjw_{job}_" + "w" * 43]
    hashes = [hashlib.blake2b(text.encode(), digest_size=32).digest() for text in tokens]
    assert server.store.change("UPDATE job SET lease_hash = ?, token_hash = ? WHERE id = ?", *hashes, job) == 1
    return job, *tokens


def idle_job(server):
    return server.create("Any")


def told_job(server):
    """With a delivery that is over, under the job's own id."""
    id = idle_job(server)
    ((number,),) = server.store.sql("SELECT number FROM job WHERE id = ?", id)
    server.store.change("INSERT INTO delivery VALUES (?, ?, 0, 1, '3 1 1 Any - http://192.0.2.1/', '2 1 1 200 ', '{}')", number, id)
    return id


def named_user(server):
    name = "user" + str(last_seq(server))
    add_user(server, name, "viewer")
    return name


def new_id(server, user):
    """The id of a new token."""
    new_token(server, user)
    return [t for t in server.get(f"/tokens?limit=1000&user={user}").data if not t["used"]][-1]["id"]


def new_secret(server):
    name = "SECRET_" + str(last_seq(server))
    assert server.put(f"/secrets/{name}", {"value": "of no interest"}).status == 201
    return name


def new_schedule(server):
    return server.post("/schedules", {"cron": "@yearly", "job": {"worker": "Any"}}).data[0]["id"]


ADMIN, VIC, OP = password("ann"), password("vic"), password("op")

# How each write is done so that it succeeds: who calls, and what makes its object; the path's, or one that `made` finds in the
# answer; its body; its status. A new route fails until it stands here.
WRITES = {
    "DELETE /me/tokens/:token": (VIC, "vic", "password", lambda s: new_id(s, "vic"), None, 200),
    "DELETE /me/sessions": (VIC, "vic", "password", None, None, 200),
    "PUT /me/password": (VIC, "vic", "password", None, {"old": PASSWORD, "new": PASSWORD}, 200),
    "POST /session": (dict, "vic", "password", None, {"user": "vic", "password": PASSWORD}, 200),
    "DELETE /session": ("session", "vic", "session", None, None, 200),
    "POST /users": (ADMIN, "ann", "password", lambda data: data["name"], {"name": "made-by-ann", "role": "viewer"}, 201),
    "PUT /users/:user": (ADMIN, "ann", "password", named_user, {"role": "operator"}, 200),
    "DELETE /users/:user": (ADMIN, "ann", "password", named_user, None, 200),
    "POST /tokens": (ADMIN, "ann", "password", lambda data: data["id"], {"user": "vic", "name": "t"}, 201),
    "DELETE /tokens/:token": (ADMIN, "ann", "password", lambda s: new_id(s, "op"), None, 200),
    "PUT /secrets/:secret": (ADMIN, "ann", "password", lambda s: f"NEW_{last_seq(s)}", {"value": "of no interest", "workers": ["Any"]}, 201),
    "DELETE /secrets/:secret": (ADMIN, "ann", "password", new_secret, None, 200),
    "PUT /queues/:queue": (OP, "op", "password", lambda s: f"new-{last_seq(s)}", {"slots": 1}, 201),
    "DELETE /queues/:queue": (OP, "op", "password", lambda s: s.put("/queues/old", {}) and "old", None, 200),
    "POST /schedules": (OP, "op", "password", lambda data: data["id"], {"cron": "@yearly", "job": {"worker": "Any"}}, 201),
    "PUT /schedules/:schedule": (OP, "op", "password", lambda s: new_schedule(s), {"name": "new"}, 200),
    "DELETE /schedules/:schedule": (OP, "op", "password", lambda s: new_schedule(s), None, 200),
    "POST /tick": (OP, "op", "password", None, {}, 200),
    "PUT /workers/:name": (ADMIN, "ann", "password", lambda s: "New", "#!/bin/sh\n", 201),
    "POST /workers/:name/run": (OP, "op", "password", lambda s: "Any", {}, 201),
    "DELETE /workers/:name": (ADMIN, "ann", "password", lambda s: s.put_worker("Gone", "#!/bin/sh\n") and "Gone", None, 200),
    "POST /jobs": (OP, "op", "password", lambda data: data["id"], {"worker": "Any", "start": True}, 201),
    "POST /bulk": (OP, "op", "password", lambda data: data["id"], lambda s: {"action": "delete", "ids": [idle_job(s)]}, 200),
    "DELETE /jobs/:id": (OP, "op", "password", idle_job, None, 200),
    "PUT /jobs/:id/status": (OP, "op", "password", idle_job, "start", 200),
    "POST /jobs/:id/deliveries/:delivery/retry": (OP, "op", "password", told_job, None, 200),
    "PUT /jobs/:id/pid": (OP, "op", "password", idle_job, "1", 200),
    "PUT /jobs/:id/progress": (OP, "op", "password", idle_job, "42", 200),
    "POST /jobs/:id/log": (OP, "op", "password", idle_job, "x", 201),
    "POST /jobs/:id/response": (OP, "op", "password", idle_job, "x", 201),
    "POST /jobs/:id/respose": (OP, "op", "password", idle_job, "x", 201),
}


def send(server, name, object, body, headers):
    path = re.sub(r":\w+", object or "", name.split()[1])
    return raw(server, name.split()[0], path, body, dict(headers))


def raw(server, method, path, body, headers):
    if body is not None:
        headers["Content-Type"] = "application/json" if isinstance(body, dict) else headers.get("Content-Type", "text/x-test")
        body = json.dumps(body) if isinstance(body, dict) else body
    options = [word for k, v in headers.items() for word in ("-H", f"{k}: {v}")]
    if body is not None:
        options += ["--data-binary", body]
    return server.curl(path, "-X", method, *options, auth=None)


def test_no_write_was_forgotten():
    assert set(WRITES) | {"POST /jobs/:id/report"} == {name for name, r in ROUTES.items() if r["writes"] == "1"}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_leaves_one_row(place, name):
    caller, user, via, object, body, status = WRITES[name]
    headers = session(place, {"user": "vic", "password": PASSWORD})() if caller == "session" else caller()
    expected = object(place) if object and ":" in name else ""
    body = body(place) if callable(body) else body
    with new_rows(place) as rows:
        answer = send(place, name, expected, body, headers)
    assert answer.status == status, answer
    if object and not expected:
        expected = object(answer.data[0])
    if name == "POST /workers/:name/run":
        expected = answer.data[0]["id"]  # the job is what it made
    assert len(rows) == 1, rows
    row = rows[0]
    assert (row["action"], row["user"], row["via"], row["object"]) == (name, user, via, expected)
    assert (row["status"], row["code"], row["address"], row["times"]) == (status, "", "127.0.0.1", 1)
    assert row["time"] and re.fullmatch(r"[0-9a-f]{16}", row["request"])
    assert command(place, "audit", "verify").returncode == 0


@pytest.mark.parametrize("name", [n for n, r in ROUTES.items() if r["writes"] == "1" and (r["worker_token"] == "1" or r["runner_token"] == "1")])
def test_what_a_job_does_with_its_own_tokens_leaves_none(place, name):
    assert ROUTES[name]["unaudited_of_job"] == "1"
    job, lease, token = active_job(place)
    body, type = ("report 1 0\n\n", "application/x-jobjoker-report") if name.endswith("report") else ("42", "text/plain")
    place.store.change("UPDATE job SET held = ? WHERE id = ?", name.endswith("report"), job)  # a report is taken from whoever holds the job
    with new_rows(place) as rows:
        for caller, right in ((lease, "runner_token"), (token, "worker_token")):
            answer = send(place, name, job, body, {**bearer(caller)(), "Content-Type": type})
            assert answer.status == 403 if ROUTES[name][right] == "0" else answer.status < 300, answer
    place.store.change("UPDATE job SET held = 0 WHERE id = ?", job)
    refused = [row for row in rows if row["status"] == 403]
    assert rows == refused and len(rows) == sum(ROUTES[name][right] == "0" for right in ("runner_token", "worker_token"))
    assert place.put(f"/jobs/{job}/status", "done").status == 200


def test_a_job_that_runs_leaves_the_row_of_its_start(place):
    place.put_worker("Talks", "#!/bin/sh\necho ::progress 50::\necho one\necho ::response::two\n")
    with new_rows(place) as rows:
        job = place.run("Talks")
    assert job["status"] == "done" and place.response(job["id"]).strip() == "two"
    assert [(r["action"], r["object"]) for r in rows] == [("POST /jobs", job["id"])]


def test_each_job_of_many_has_a_row_of_its_own(place):
    jobs = [idle_job(place) for _ in range(3)]
    body = {"action": "start", "ids": [jobs[0], "01M86EA05QK06D5MRW8NYDB81Q", jobs[1], jobs[2]]}
    with new_rows(place) as rows:
        answer = place.post("/bulk", body)
    assert [j["success"] for j in answer.data] == [True, False, True, True]
    assert sorted((r["action"], r["object"], r["status"]) for r in rows) == [("POST /bulk", id, 200) for id in sorted(jobs)]
    assert len({r["request"] for r in rows}) == 1
    assert command(place, "audit", "verify").returncode == 0


def test_reads_leave_none(place):
    job = idle_job(place)
    with new_rows(place) as rows:
        for path in ("/me", "/users", "/tokens", "/secrets", "/workers", "/workers/Any", "/jobs", f"/jobs/{job}", f"/jobs/{job}/log", "/audit", "/"):
            assert place.get(path).status in (200, 303)
    assert not rows


def test_what_was_not_done_leaves_none(place):
    job = idle_job(place)
    with new_rows(place) as rows:
        for answer, status in ((place.post("/users", {"name": "ann", "role": "viewer"}), 409), (place.post("/jobs", {"worker": "Never"}), 422),
                               (place.put(f"/jobs/{job}/status", "stop"), 409), (place.delete("/users/nobody"), 404), (place.get("/nothing"), 404),
                               (place.post("/tokens", "{"), 400), (place.delete("/session", auth=None), 200),
                               (place.delete("/session", "-H", "Cookie: jobjoker_session=x", auth=None), 200)):
            assert answer.status == status, answer
    assert not rows


def test_a_write_that_changes_nothing_is_told_all_the_same(place):
    with new_rows(place) as rows:
        assert place.put_worker("Any", "#!/bin/sh\n").status == 200
    assert [(r["user"], r["action"], r["object"], r["status"]) for r in rows] == [("admin", "PUT /workers/:name", "Any", 200)]


def test_a_secret_that_is_changed_has_the_status_of_a_change(place):
    name = new_secret(place)
    with new_rows(place) as rows:
        assert place.put(f"/secrets/{name}", {"value": "another one"}).status == 200
        assert place.put(f"/secrets/{name}", {"value": ""}).status == 422
        assert place.put("/secrets/NONE", {"workers": []}).status == 422
    assert [(r["action"], r["object"], r["status"]) for r in rows] == [("PUT /secrets/:secret", name, 200)]


def test_a_change_whose_end_was_another_one_has_two_rows(new_server):
    server = new_server()
    server.put_worker("Any", "#!/bin/sh\n")
    (server.site / "runner" / "jobjoker-runner").unlink()
    with new_rows(server) as rows:
        answer = server.post("/jobs", {"worker": "Any", "start": True})
    assert (answer.status, answer.json["code"]) == (500, "runner_failed")
    assert [(r["status"], r["code"]) for r in rows] == [(201, ""), (500, "runner_failed")]
    assert rows[0]["request"] == rows[1]["request"] == answer.json["request"] and rows[0]["object"] == rows[1]["object"] != ""


REFUSALS = {
    "nobody": (lambda s: raw(s, "GET", "/jobs", None, {}), "GET /jobs", "", "", "", 401, "unauthorized"),
    "wrong token": (lambda s: raw(s, "DELETE", "/users/ann", None, bearer("x" * 43)()), "DELETE /users/:user", "ann", "", "", 401, "unauthorized"),
    "wrong password": (lambda s: raw(s, "GET", "/me", None, password("ann", "wrong")()), "GET /me", "", "ann", "password", 401, "unauthorized"),
    "password as a name": (lambda s: raw(s, "GET", "/me", None, password("my secret", "x")()), "GET /me", "", "", "", 401, "unauthorized"),
    "log-in": (lambda s: raw(s, "POST", "/session", {"user": "vic", "password": "wrong"}, {}), "POST /session", "", "vic", "password", 401, "unauthorized"),
    "log-in of nobody": (lambda s: raw(s, "POST", "/session", {"user": "nobody", "password": "wrong"}, {}), "POST /session", "", "", "", 401,
                         "unauthorized"),
    "role": (lambda s: raw(s, "POST", "/jobs", {"worker": "Any"}, VIC()), "POST /jobs", "", "vic", "password", 403, "forbidden"),
    "a read": (lambda s: raw(s, "GET", "/audit", None, OP()), "GET /audit", "", "op", "password", 403, "forbidden"),
    "HEAD": (lambda s: s.curl("/audit", "-I", auth=None), "GET /audit", "", "", "", 401, "unauthorized"),
    "old password": (lambda s: raw(s, "PUT", "/me/password", {"old": "wrong", "new": PASSWORD}, OP()), "PUT /me/password", "", "op", "password", 403,
                     "password_wrong"),
    "another site": (lambda s: raw(s, "POST", "/jobs", {"worker": "Any"}, {"Origin": "https://evil.example", **VIC()}), "POST /jobs", "", "", "", 403,
                     "cross_site"),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_what_is_refused_leaves_a_row(place, kind):
    call, action, object, user, via, status, code = REFUSALS[kind]
    with new_rows(place) as rows:
        answer = call(place)
    assert answer.status == status, answer
    assert [(r["action"], r["object"], r["user"], r["via"], r["status"], r["code"]) for r in rows] == [(action, object, user, via, status, code)]
    assert b"my secret" not in place.store.raw()


def fail_within_one_minute(place, times):
    """They are counted by the minute of the clock, which may change meanwhile. Returns their rows."""
    minute = None
    while minute != int(time.time()) // 60:
        minute = int(time.time()) // 60
        place.store.change("DELETE FROM audit_refused")
        place.store.change("DELETE FROM failure")
        with new_rows(place) as rows:
            for _ in range(times):
                assert raw(place, "GET", "/me", None, bearer("x" * 43)()).status == 401
    return rows


def test_too_many_failures_leave_rows_up_to_a_number(place):
    assert len(fail_within_one_minute(place, OF_SENDER + 5)) == OF_SENDER
    place.store.change("UPDATE failure SET count = 1000, last = last + 3600000")
    place.store.change("UPDATE audit_refused SET minute = 1")
    with new_rows(place) as rows:
        assert raw(place, "GET", "/me", None, bearer("x" * 43)()).status == 429
    assert [(r["status"], r["code"]) for r in rows if r["action"]] == [(429, "too_many_failures")]
    told = [r for r in trail(place) if not r["action"] and r["code"] == "unauthorized" and r["address"] == "127.0.0.1"]
    assert told[0]["times"] == 5 and told[0]["status"] == 401
    assert command(place, "audit", "verify").returncode == 0


def test_senders_are_counted_apart(place):
    with new_rows(place) as rows:
        for source in ("127.0.0.1", "127.0.0.2"):
            for _ in range(OF_SENDER + 3):
                assert place.get("/me", "--interface", source, auth=None).status == 401
    for source in ("127.0.0.1", "127.0.0.2"):
        assert len([r for r in rows if r["address"] == source and r["action"]]) >= OF_SENDER


def test_no_header_makes_up_an_address(place):
    with new_rows(place) as rows:
        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Client-IP"):
            assert place.get("/me", "-H", f"{name}: 192.0.2.66", auth=None).status == 401
    assert {r["address"] for r in rows} == {"127.0.0.1"}


def test_odd_objects_do_no_harm(place):
    with new_rows(place) as rows:
        for path in ("/users/" + "x" * 3000, "/users/%C3%BC" + "%C3%BC" * 40, "/users/%FF%FE%0A", "/users/=1+1"):
            assert raw(place, "DELETE", path, None, {}).status == 401
    assert [len(r["object"].encode()) <= 64 for r in rows] == [True] * 4
    assert (rows[1]["object"], rows[2]["object"]) == ("ü" * 32, "??\n")
    assert "'=1+1" in place.get("/audit.csv?limit=1").text
    assert command(place, "audit", "verify").returncode == 0


def test_the_trail_is_filtered(place):
    first = last_seq(place)
    job = idle_job(place)
    place.put(f"/jobs/{job}/pid", "7")
    raw(place, "DELETE", f"/jobs/{job}", None, VIC())
    rows = trail(place, f"&object={job}")
    assert [r["action"] for r in rows] == ["DELETE /jobs/:id", "PUT /jobs/:id/pid", "POST /jobs"] and rows[-1]["seq"] == first + 1
    for query, found in (("&user=vic", 1), ("&user=admin", 2), ("&action=PUT", 1), ("&action=/jobs", 1), ("&action=PUT%20/jobs/:id/pid", 1),
                         ("&result=refused", 1), ("&result=allowed", 2), ("&result=403", 1), ("&result=forbidden", 1), ("&result=401", 0),
                         (f"&since={rows[2]['time']}", 3), (f"&until={rows[2]['time']}", 0), ("&since=2000-01-01&until=2001-01-01", 0), ("&user=", 3)):
        answer = place.get(f"/audit?object={job}{query}").json
        assert len(answer["data"]) == answer["total"] == found, query
    for query in ("cursor=x", "limit=0", "limit=1001", "since=x", "usr=ann"):
        assert place.get(f"/audit?{query}").status == 400


def test_pages_lose_nothing(place):
    seqs, path = [], "/audit?limit=7&user=admin"
    whole = [r["seq"] for r in trail(place, "&user=admin")]
    cursor = ""
    while cursor is not None:
        page = place.get(path + (f"&cursor={cursor}" if cursor else "")).json
        assert page["total"] == len(whole)
        seqs += [r["seq"] for r in page["data"]]
        cursor = page.get("next")
    assert seqs == whole == sorted(whole, reverse=True)


def test_csv_says_the_same(place):
    rows = list(csv.DictReader(io.StringIO(place.get("/audit.csv?limit=1000&user=op").text)))
    assert rows and [{k: str(v) for k, v in r.items()} for r in trail(place, "&user=op")] == rows


def test_no_secret_is_in_it(place):
    token = new_token(place, "admin")
    answer = raw(place, "POST", "/session", {"token": token}, {})
    cookie = re.match(r"jobjoker_session=([^;]*);", answer.headers["set-cookie"])[1]
    place.post("/users", {"name": "secretive", "role": "viewer", "password": "a secret of mine"})
    assert place.put("/secrets/TOLD_NOBODY", {"value": "a value of mine", "workers": ["Grantee"]}).status == 201
    assert raw(place, "PUT", "/secrets/TOLD_NOBODY", {"value": "a value of vic"}, VIC()).status == 403
    text = place.get("/audit.csv?limit=1000").text
    assert "secretive" in text and "TOLD_NOBODY" in text
    for secret in (token, cookie, "a secret of mine", "a value of mine", "a value of vic", "Grantee", PASSWORD, place.token, place.password):
        assert secret not in text


def test_the_command_is_told_as_well(new_server):
    server = new_server()
    assert [(r["action"], r["via"]) for r in trail(server)] == [("jobjoker init", "command")] * 2
    add_user(server, "ann", "viewer")
    token = new_token(server, "ann")
    id = server.get("/tokens?user=ann").data[0]["id"]
    for words in (["user", "role", "ann", "operator"], ["user", "disable", "ann"], ["user", "enable", "ann"], ["token", "revoke", id], ["user", "delete", "ann"],
                  ["user", "list"], ["token", "list"], ["user", "delete", "ann"], ["token", "revoke", id]):
        command(server, *words)
    assert command(server, "secret", "set", "KEY", "--all-workers", input="value of KEY").returncode == 0
    for words in (["secret", "list"], ["secret", "rotate-key"], ["secret", "delete", "KEY"], ["secret", "delete", "KEY"]):
        command(server, *words)
    rows = list(reversed(trail(server)))[2:]
    assert [(r["action"].removeprefix("jobjoker "), r["object"]) for r in rows] == [
        ("user add", "ann"), ("token create", id), ("user role", "ann"), ("user disable", "ann"), ("user enable", "ann"), ("token revoke", id),
        ("user delete", "ann"), ("secret set", "KEY"), ("secret rotate-key", ""), ("secret delete", "KEY")]
    assert {(r["user"], r["via"], r["address"]) for r in rows} == {(apache.run_user().pw_name, "command", "")}
    assert token not in str(rows) and "value of KEY" not in str(rows)


def test_verify_tells_what_was_done_to_the_trail(new_server):
    server = new_server()
    for n in range(5):
        assert server.post("/users", {"name": f"user{n}", "role": "viewer"}).status == 201
    done = command(server, "audit", "verify")
    assert done.returncode == 0 and re.search(r"Rows 1 to 7 .* --expect 7:[0-9a-f]{64}$", done.stdout.strip()), done
    noted = done.stdout.split()[-1]
    assert command(server, "audit", "verify", "--expect", noted).returncode == 0
    assert command(server, "audit", "verify", "--expect", noted[:-1] + "x").returncode == 1
    for wrong in (["--expect"], ["--expect", "x"], ["--expect", "7:12"], ["--expect", f"x{noted}"], ["x"]):
        assert command(server, "audit", "verify", *wrong).returncode == 2
    for change, undo, complaint in (("UPDATE audit SET who = 'x' WHERE seq = 4", "UPDATE audit SET who = 'admin' WHERE seq = 4", "changed.* row 4$"),
                                    ("UPDATE audit SET seq = 99 WHERE seq = 4", "UPDATE audit SET seq = 4 WHERE seq = 99", "removed: row 4$"),
                                    ("UPDATE audit SET seq = -7 WHERE seq = 7", "UPDATE audit SET seq = 7 WHERE seq = -7", "row -7$"),
                                    ("UPDATE audit_chain SET last = 6", "UPDATE audit_chain SET last = 7", "ends of the trail were changed")):
        assert server.store.change(change) == 1
        done = command(server, "audit", "verify")
        assert done.returncode == 1 and re.search(complaint, done.stderr.strip()), done
        server.store.change(undo)
        assert command(server, "audit", "verify").returncode == 0
    server.store.change("DELETE FROM audit")  # all of it is replaced
    server.store.change("DELETE FROM audit_chain")
    done = command(server, "audit", "verify")
    assert done.returncode == 1 and "no audit trail" in done.stderr
    for n in range(8):
        assert server.post("/users", {"name": f"other{n}", "role": "viewer"}).status == 201
    assert command(server, "audit", "verify").returncode == 0
    done = command(server, "audit", "verify", "--expect", noted)
    assert done.returncode == 1 and "replaced" in done.stderr


def test_a_rotation_of_the_other_key_leaves_the_trail_whole(new_server):
    server = new_server()
    assert server.put("/secrets/KEPT", {"value": "kept"}).status == 201
    noted = command(server, "audit", "verify").stdout.split()[-1]
    secret, own = (server.data / "secret.key").read_bytes(), (server.data / "audit.key").read_bytes()
    for _ in range(2):
        assert command(server, "secret", "rotate-key").returncode == 0
    assert (server.data / "secret.key").read_bytes() != secret and (server.data / "audit.key").read_bytes() == own
    assert server.put("/secrets/KEPT", {"value": "again"}).status == 200
    done = command(server, "audit", "verify", "--expect", noted)
    assert done.returncode == 0 and "Rows 1 to 6 " in done.stdout, done
    assert "new chain" not in server.error_log()


def test_the_key_of_the_trail_is_made_once_by_whoever_needs_it_first(new_server):
    server = new_server()
    key = server.data / "audit.key"
    assert len(key.read_bytes()) == 32 and key.stat().st_mode & 0o777 == 0o600  # by init
    key.unlink()
    server.store.change("DELETE FROM audit")
    server.store.change("DELETE FROM audit_chain")
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        assert {a.status for a in pool.map(lambda n: server.post("/users", {"name": f"user{n}", "role": "viewer"}), range(10))} == {201}
    assert len(key.read_bytes()) == 32 and key.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in server.data.glob("audit.key*")] == ["audit.key"]
    done = command(server, "audit", "verify")
    assert done.returncode == 0 and "Rows 1 to 10 " in done.stdout, done


def test_without_a_key_of_the_trail_nothing_is_changed(new_server):
    server = new_server()
    (server.data / "audit.key").write_bytes(b"short")
    assert server.put("/secrets/NEW", {"value": "x"}).status == 500
    assert server.get("/secrets").data == [] and server.get("/me", auth=None).status == 401
    assert "audit.key: this is no key" in server.error_log()


def test_rows_are_kept_as_long_as_the_settings_say(new_server):
    server = new_server(settings={"JOBJOKER_AUDIT_ROWS": "100"})
    server.put_worker("Any", "#!/bin/sh\n")
    job = server.create("Any")
    for n in range(256):
        assert ask(server, "PUT", f"/jobs/{job}/progress", "1", bearer(server.token)()).status == 200
    rows = trail(server)
    assert 100 <= len(rows) < 100 + 64 and rows[-1]["seq"] > 1
    done = command(server, "audit", "verify")
    assert done.returncode == 0 and f"Rows {rows[-1]['seq']} to {rows[0]['seq']} " in done.stdout
    done = command(server, "audit", "verify", "--expect", "1:" + "0" * 64)
    assert done.returncode == 1 and "older than what is kept" in done.stderr


@sqlite_only
def test_a_full_disk_refuses_the_write_and_answers_the_refusal(small_disk):  # noqa: F811
    fill(small_disk)
    answer = small_disk.put("/workers/Any", "#!/bin/sh\n")  # the same source: nothing is to be written but the row
    assert (answer.status, answer.json["code"]) == (503, "storage_full")
    assert small_disk.get("/jobs", auth=None).status == 401
    assert small_disk.get("/jobs").status == 200
    (small_disk.data / "filler").unlink()
    assert command(small_disk, "audit", "verify").returncode == 0
    assert small_disk.put("/workers/Any", "#!/bin/sh\n").status == 200
