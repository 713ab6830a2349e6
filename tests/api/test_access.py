"""Who may call what: every route of the table, called by every kind of caller."""
import hashlib
import http.client
import json
import re
import subprocess

import pytest

import apache
import talk

RANKS = {"none": 0, "viewer": 1, "operator": 2, "developer": 3, "admin": 4, "nobody": 5}
PASSWORD = "correct horse battery"

# What a caller gets who may, with requests that change nothing (or nothing that matters): a status, and what to send.
# Each route must stand here: a new one fails until it does.
REACHED = {
    "GET /": (303, None),
    "GET /me": (200, None),
    "GET /me/tokens": (200, None),
    "DELETE /me/tokens/:token": (404, None),
    "DELETE /me/sessions": (200, None),
    "PUT /me/password": (422, {}),
    "POST /session": (422, {}),
    "DELETE /session": (200, None),
    "GET /users": (200, None),
    "POST /users": (422, {}),
    "GET /users/:user": (404, None),
    "PUT /users/:user": (404, {}),
    "DELETE /users/:user": (404, None),
    "GET /tokens": (200, None),
    "POST /tokens": (422, {"role": "emperor"}),
    "DELETE /tokens/:token": (404, None),
    "GET /audit": (200, None),
    "GET /secrets": (200, None),
    "GET /secrets/:secret": (404, None),
    "PUT /secrets/:secret": (422, {}),
    "DELETE /secrets/:secret": (404, None),
    "GET /queues": (200, None),
    "GET /queues/:queue": (404, None),
    "PUT /queues/:queue": (422, {"slots": 0}),
    "DELETE /queues/:queue": (404, None),
    "GET /schedules": (200, None),
    "POST /schedules": (422, {}),
    "GET /schedules/:schedule": (404, None),
    "PUT /schedules/:schedule": (404, {}),
    "DELETE /schedules/:schedule": (404, None),
    "GET /cron": (400, None),
    "POST /tick": (200, {}),
    "GET /workers": (200, None),
    "GET /workers/:name": (200, None),
    "GET /workers/:name/code": (200, None),
    "PUT /workers/:name": (422, ""),
    "POST /workers/:name/run": (422, "[]"),
    "DELETE /workers/:name": (412, None),
    "GET /jobs": (200, None),
    "POST /jobs": (422, {}),
    "POST /bulk": (422, {}),
    "GET /jobs/:id": (200, None),
    "DELETE /jobs/:id": (409, None),
    "GET /jobs/:id/status": (200, None),
    "PUT /jobs/:id/status": (422, "x"),
    "GET /jobs/:id/attempts": (200, None),
    "GET /jobs/:id/deliveries": (200, None),
    "POST /jobs/:id/deliveries/:delivery/retry": (404, {}),
    "GET /jobs/:id/graph": (200, None),
    "PUT /jobs/:id/pid": (422, "x"),
    "PUT /jobs/:id/progress": (422, "x"),
    "GET /jobs/:id/log": (200, None),
    "POST /jobs/:id/log": (201, "x"),
    "GET /jobs/:id/response": (200, None),
    "GET /jobs/:id/respose": (200, None),
    "POST /jobs/:id/response": (201, "x"),
    "POST /jobs/:id/respose": (201, "x"),
    "POST /jobs/:id/report": (415, "x"),
}


def read_routes():
    said = subprocess.run([str(apache.BUILD / "cgi-bin/jobjoker"), "api", "--lines"], capture_output=True, text=True, check=True)
    routes = {}
    for line in said.stdout.splitlines():
        method, path, *rest = line.split()
        routes[f"{method} {path}"] = dict(word.split("=") for word in rest)
    return routes


ROUTES = read_routes()


class Caller:
    """headers: who it is; called anew for each request. rank: of its role; None: nobody is known by that."""

    def __init__(self, headers, rank=None, in_person=False, right=None, limited=False):
        self.headers, self.rank, self.in_person, self.right, self.limited = headers, rank, in_person, right, limited

    def expected(self, name):
        route, reached = ROUTES[name], REACHED[name][0]
        if route["role"] == "none":
            return reached
        if self.right:
            return reached if route[self.right] == "1" else 403
        if self.rank is None:
            return 401
        if self.rank < RANKS[route["role"]] or (route["in_person"] == "1" and not self.in_person):
            return 403
        return 403 if route["of_all"] == "1" and self.limited else reached


def command(server, *words, input=""):
    return subprocess.run(apache.as_user() + [str(server.site / "cgi-bin/jobjoker"), *words], text=True, input=input,
                          env={"PATH": apache.PATH, "JOBJOKER_DATA": str(server.data)}, capture_output=True)


def add_user(server, name, role, *more):
    done = command(server, "user", "add", name, "--role", role, *more, input=PASSWORD + "\n")
    assert done.returncode == 0, done.stderr


def new_token(server, user, *more):
    done = command(server, "token", "create", user, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def bearer(token):
    return lambda: {"Authorization": f"Bearer {token}"}


def password(name, secret=PASSWORD):
    return lambda: {"Authorization": apache.basic(name, secret)}


def session(server, body):
    """Logs in anew each time: one of the routes ends it."""
    def headers():
        answer = ask(server, "POST", "/session", body)
        assert answer.status == 200, answer
        return {"Cookie": re.match(r"(jobjoker_session=[^;]*);", answer.headers["set-cookie"])[1]}
    return headers


def make_callers(server, job):
    callers = {"anonymous": Caller(dict), "wrong token": Caller(bearer("x" * 43)),
               "wrong cookie": Caller(lambda: {"Cookie": "jobjoker_session=x"})}
    for role in ("viewer", "operator", "developer", "admin"):
        add_user(server, role + "-user", role)
        callers[role] = Caller(password(role + "-user"), RANKS[role], in_person=True)
        callers[role + "'s session"] = Caller(session(server, {"user": role + "-user", "password": PASSWORD}), RANKS[role], in_person=True)
        callers[role + " token"] = Caller(bearer(new_token(server, "admin", "--role", role)), RANKS[role])
    callers["session of a token"] = Caller(session(server, {"token": new_token(server, "admin", "--role", "operator")}), RANKS["operator"])
    limited = new_token(server, "admin", "--role", "developer", "--workers", "Mine")
    callers["limited token"] = Caller(bearer(limited), RANKS["developer"], limited=True)
    add_user(server, "former", "admin")
    former = new_token(server, "former")
    callers["disabled user"] = Caller(password("former"))
    callers["token of a disabled user"] = Caller(bearer(former))
    assert command(server, "user", "disable", "former").returncode == 0
    far = new_token(server, "admin", "--addresses", "192.0.2.0/24 2001:db8::/32")
    callers["token from elsewhere"] = Caller(bearer(far))
    callers["token from here"] = Caller(bearer(new_token(server, "admin", "--addresses", "192.0.2.0/24 127.0.0.0/8")), RANKS["admin"])
    # More than its owner: he was demoted since.
    add_user(server, "demoted", "admin")
    callers["token of who was demoted"] = Caller(bearer(new_token(server, "demoted")), RANKS["viewer"])
    assert command(server, "user", "role", "demoted", "viewer").returncode == 0
    old = new_token(server, "admin", "--name", "old", "--expires", "1")
    callers["expired token"] = Caller(bearer(old))
    assert server.store.change("UPDATE token SET expires = 1 WHERE name = 'old'") == 1
    tokens = {"runner_token": f"jjl_{job}_" + "l" * 43, "worker_token": f"jjw_{job}_" + "w" * 43}
    hashes = {name: hashlib.blake2b(text.encode(), digest_size=32).digest() for name, text in tokens.items()}
    assert server.store.change("UPDATE job SET lease_hash = ?, token_hash = ? WHERE id = ?", hashes["runner_token"], hashes["worker_token"], job) == 1
    for right, text in tokens.items():
        callers[right] = Caller(bearer(text), right=right)
    return callers


@pytest.fixture(scope="module")
def place(installed):
    """A server, a job that is active, and all callers."""
    server = apache.Server(installed)
    try:
        server.start()
        for name in ("Mine", "Hidden"):
            server.put_worker(name, "#!/bin/sh\n")
        job = server.create("Mine")
        assert server.put(f"/jobs/{job}/status", "active").status == 200
        yield server, job, make_callers(server, job)
        server.put(f"/jobs/{job}/status", "done")
    finally:
        server.close()


@pytest.fixture(autouse=True)
def no_failures(place):
    """Wrong credentials are sent on purpose here, by one address; how guessing is slowed down is tested elsewhere."""
    place[0].store.change("DELETE FROM failure")


def ask(server, method, path, body=None, headers=(), source="127.0.0.1"):
    """From that address. A dict is sent as JSON, a text as one that no form can send."""
    headers = dict(headers)
    if method == "DELETE":
        headers["If-Match"] = '"x"'
    if body is not None:
        headers["Content-Type"] = "application/json" if isinstance(body, dict) else "text/x-test"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60, source_address=(source, 0))
    try:
        connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, headers)
        answer = connection.getresponse()
        return talk.Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def path_of(name, job, worker="Mine"):
    path = name.split()[1]
    return path.replace(":id", job).replace(":name", worker).replace(":user", "nobody").replace(":token", "0" * 16).replace(":secret", "NONE").replace(":queue", "none").replace(":schedule", "0" * 26).replace(":delivery", "0" * 26)


def test_no_route_was_forgotten():
    assert set(ROUTES) == set(REACHED)


@pytest.mark.parametrize("name", ROUTES)
def test_each_caller_may_what_the_table_says(place, name):
    server, job, callers = place
    method, body = name.split()[0], REACHED[name][1]
    methods = [method, "HEAD"] if method == "GET" else [method]
    wrong = {}
    for who, caller in callers.items():
        for m in methods:
            answer = ask(server, m, path_of(name, job), body, caller.headers())
            if answer.status != caller.expected(name):
                wrong[f"{m}, {who}"] = f"{answer.status}, expected {caller.expected(name)}: {answer.body[:200]}"
    assert not wrong


@pytest.mark.parametrize("path", sorted({name.split()[1] for name in ROUTES}))
def test_methods_that_are_none_are_refused_to_all(place, path):
    server, job, callers = place
    there = {name.split()[0] for name in ROUTES if name.split()[1] == path}
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - there:
        for who in ("anonymous", "admin token"):
            answer = ask(server, method, path_of(f"{method} {path}", job), None, callers[who].headers())
            assert answer.status in (405, 501), (method, who, answer)
            assert "OPTIONS" in answer.headers["allow"]


@pytest.fixture(scope="module")
def hidden(place):
    """A job of a worker that a limited caller must not see, and such callers."""
    server = place[0]
    job = server.create("Hidden", name="secret")
    assert server.put(f"/jobs/{job}/status", "active").status == 200
    own = server.create("Mine", name="own")
    add_user(server, "limited", "developer", "--workers", "Mine Other")
    both = new_token(server, "limited", "--workers", "Other Mine Hidden")
    callers = {"token": bearer(new_token(server, "admin", "--role", "developer", "--workers", "Mine")), "user": password("limited"),
               "token of both": bearer(both), "session": session(server, {"token": both}),
               "nothing in common": bearer(new_token(server, "limited", "--workers", "Hidden"))}
    yield server, job, own, callers
    server.put(f"/jobs/{job}/status", "done")


@pytest.mark.parametrize("name", [n for n in ROUTES if ":id" in n or ":name" in n])
def test_who_is_limited_to_workers_meets_no_other(hidden, name):
    server, job, _, callers = hidden
    method, body = name.split()[0], REACHED[name][1]
    for who, headers in callers.items():
        answer = ask(server, method, path_of(name, job, "Hidden"), body, headers())
        expected = 403 if name in ("PUT /workers/:name", "POST /jobs/:id/report") else 404
        assert answer.status == expected, (who, answer)
        if answer.status == 404: # as what never was
            unknown = ask(server, method, path_of(name, "01M86EA05QK06D5MRW8NYDB81Q", "Never"), body, headers())
            assert unknown.json["code"] == answer.json["code"]


@pytest.mark.parametrize("name", [n for n in ROUTES if n.startswith("GET") and ":" not in n])
@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_who_is_limited_to_workers_sees_no_other_in_lists(hidden, name, accept):
    server, job, own, callers = hidden
    for who, headers in callers.items():
        answer = ask(server, "GET", name.split()[1], None, {"Accept": accept, **headers()})
        assert answer.status in (200, 303, 400, 403, 406), answer
        if name != "GET /me/tokens": # whose limits name it
            assert b"Hidden" not in answer.body and job.encode() not in answer.body, (who, answer)


def test_counts_are_of_what_may_be_seen(hidden):
    server, job, own, callers = hidden
    for who, jobs in (("token", 2), ("user", 2), ("token of both", 2), ("session", 2), ("nothing in common", 0)):
        headers = callers[who]()
        answer = ask(server, "GET", "/jobs", headers=headers).json
        assert answer["total"] == len(answer["data"]) == jobs == sum(answer["counts"].values()), who
        assert {j["worker"] for j in answer["data"]} <= {"Mine"}
        for query in ("q=secret", "worker=Hidden", "name=secret", "status=active&worker=Hidden"):
            assert ask(server, "GET", f"/jobs?{query}", headers=headers).json["total"] == 0
        assert ask(server, "GET", "/workers", headers=headers).json["total"] == (jobs > 0)
    assert server.get("/jobs?worker=Hidden").json["total"] == 1


def test_who_is_limited_runs_his_own_workers_alone(hidden):
    server, _, _, callers = hidden
    for who in ("token", "user", "token of both"):
        headers = callers[who]()
        made = ask(server, "POST", "/jobs", {"worker": "Mine"}, headers)
        assert made.status == 201
        assert ask(server, "DELETE", f"/jobs/{made.json['data'][0]['id']}", None, headers).status == 200
        refused, never = (ask(server, "POST", "/jobs", {"worker": w}, headers) for w in ("Hidden", "Never"))
        assert (refused.status, refused.json["code"]) == (never.status, never.json["code"]) == (422, "worker_unknown")


def test_no_admin_is_limited(place):
    server = place[0]
    for done in (command(server, "user", "role", "admin", "admin", "--workers", "Mine"),
                 command(server, "token", "create", "admin", "--role", "admin", "--workers", "Mine")):
        assert done.returncode == 1 and "every worker" in done.stderr
