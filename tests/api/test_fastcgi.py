"""Processes that answer many requests: nothing of one is left for the next, none keeps the others waiting, and whatever happens
to a process, its program, its settings or its database, requests are answered. On every server that calls us by FastCGI, with the
configuration of docs/servers."""
import contextlib
import http.client
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import threading

import pytest

import apache
from apache import wait_until
from store import sqlite_only

STARTED = [m for m in ("proxy_fcgi", "nginx") if apache.DEFAULT_MODULE in (m, "cgid")]  # `jobjoker fastcgi` starts the processes
ALL = STARTED + [m for m in ("fcgid",) if apache.DEFAULT_MODULE in (m, "cgid")]

pytestmark = [pytest.mark.skipif(not ALL, reason="this server calls no program by FastCGI"),
              pytest.mark.skipif(not apache.has_fastcgi(), reason="built --without-fastcgi")]


def one_process(server):
    server.starter_options = ["--processes", 1, "--max", 1]
    return server


@pytest.fixture(params=STARTED)
def started(request, new_server):
    """A server whose processes `jobjoker fastcgi` starts, not started yet."""
    return new_server(request.param, start=False)


@pytest.fixture
def nginx(new_server):
    if "nginx" not in STARTED:
        pytest.skip("what happens does not depend on the web server: tested under nginx")
    return new_server("nginx", start=False)


@pytest.fixture(params=ALL)
def persistent(request, new_server):
    return new_server(request.param, start=False)


class Background:
    """curl in the background: .answer() waits for its end and returns (exit status, what it wrote)."""

    def __init__(self, server, path, *options):
        self.process = subprocess.Popen(["curl", "-q", "-sS", "-N", "--max-time", "90", "-H", f"Authorization: Bearer {server.token}",
                                         *options, server.url + path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def answer(self):
        text, _ = self.process.communicate(timeout=120)
        return self.process.returncode, text.decode()

    def is_open(self):
        return self.process.poll() is None


def sleeper(server):
    server.put_worker("Sleeper", "#!/bin/sh\nexec sleep 600\n")
    return server.start_job("Sleeper")


def make_user(server, name, role):
    password = "a password of " + name
    assert server.post("/users", {"name": name, "role": role, "password": password}).status == 201
    return apache.basic(name, password)


# --- nothing is left ---

def test_nothing_of_a_request_is_left_for_the_next(persistent):
    """Every kind of request, each of another caller, in many orders: each time the same answer."""
    server = one_process(persistent)
    server.settings["JOBJOKER_CORS"] = "http://listed.example"
    server.start()
    viewer = make_user(server, "vera", "viewer")
    operator = make_user(server, "otto", "operator")
    server.put_worker("Echo", "#!/bin/sh\nhead -c 3000000 /dev/zero | tr '\\0' x\necho ::response::said\n")
    id = server.run("Echo")["id"]
    log, big = f"/jobs/{id}/log", b"x" * 400000

    def hang_up():
        head = f"GET {server.base_url}{log}.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.port), 20) as s:
            s.sendall(head.encode())
            s.recv(100)  # it has begun

    def break_body():
        head = (f"POST {server.base_url}{log} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n"
                "Content-Length: 100000\r\n\r\nonly a part")
        server.hang_up(head.encode())

    requests = {
        "admin": lambda: server.get("/me.txt"),
        "viewer": lambda: server.get("/me.txt", auth=viewer),
        "operator": lambda: server.get("/me.txt", auth=operator),
        "nobody": lambda: server.get("/me.txt", auth=None),
        "wrong": lambda: server.get("/me.txt", auth="Bearer wrong"),
        "forbidden": lambda: server.put("/workers/New", "#!/bin/sh\n", auth=viewer),
        "unknown": lambda: server.get("/nothing"),
        "head": lambda: server.head(f"{log}.txt"),
        "unread body": lambda: server.post("/workers", big),
        "unread body of nobody": lambda: server.post("/jobs", big, type="application/json", auth=None),
        "too large": lambda: server.post("/session", big, type="application/json"),
        "no json": lambda: server.post("/jobs", "{", type="application/json"),
        "big answer": lambda: server.get(f"{log}.txt"),
        "part": lambda: server.get(f"{log}.txt", "-H", "Range: bytes=5-9"),
        "csv": lambda: server.get(f"{log}.csv?limit=2", auth=operator),
        "listed page": lambda: server.get("/me", "-H", "Origin: http://listed.example", "-H", "Sec-Fetch-Site: cross-site"),
        "other page": lambda: server.post("/jobs", {"worker": "Echo"}, "-H", "Origin: http://other.example", "-H",
                                          "Sec-Fetch-Site: cross-site"),
        "preflight": lambda: server.curl("/jobs", "-X", "OPTIONS", "-H", "Origin: http://listed.example", "-H",
                                         "Access-Control-Request-Method: POST", auth=None),
        "options": lambda: server.curl("/jobs", "-X", "OPTIONS", auth=None),
        "long query": lambda: server.get("/jobs?q=" + "x" * 9000),
        "hang up": hang_up,
        "break body": break_body,
    }
    silent = ("hang up", "break body")  # that have no answer

    def told(name):
        answer = requests[name]()
        if answer is None:
            return None
        hidden = ("date", "etag", "connection", "keep-alive", "server")
        body = b"" if name == "head" else answer.body  # there curl shows the headers once more
        return answer.status, body, {k: v for k, v in answer.headers.items() if k not in hidden}

    first = {name: told(name) for name in requests if name not in silent}
    assert {name: first[name][0] for name in first} == {
        "admin": 200, "viewer": 200, "operator": 200, "nobody": 401, "wrong": 401, "forbidden": 403, "unknown": 404, "head": 200,
        "unread body": 405, "unread body of nobody": 401, "too large": 413, "no json": 400, "big answer": 200, "part": 206, "csv": 200,
        "listed page": 200, "other page": 403, "preflight": 200, "options": 200, "long query": 414}
    assert [first[n][1] for n in ("admin", "viewer", "operator")] == [b"admin\n", b"vera\n", b"otto\n"]
    order = random.Random(5)
    for _ in range(8):
        for name in order.sample(sorted(requests), len(requests)):
            answer = told(name)
            if name == "wrong" and answer[0] == 429:
                continue  # who guesses is slowed down; that is not about processes
            assert name in silent or answer == first[name], name


def test_a_setting_that_comes_with_a_request_is_refused(new_server):
    """SetEnv works with CGI only. Nobody should find another database because of that, and not be told."""
    if "proxy_fcgi" not in STARTED:
        pytest.skip("only Apache has SetEnv")
    server = new_server("proxy_fcgi", start=False)
    server.site_conf += '\nSetEnv JOBJOKER_DATA "/tmp/elsewhere"'
    server.start()
    answer = server.get("/jobs")
    assert (answer.status, answer.json["code"]) == (500, "settings_invalid")
    assert "a setting (JOBJOKER_...) came with a request" in server.error_log()


def test_over_a_port_nobody_is_believed_to_be_the_web_servers_user(nginx):
    """Anybody on the machine can connect to it and say so; to the socket only who is allowed to."""
    port = apache.free_port()
    nginx.settings["JOBJOKER_REMOTE_USER"] = "yes"
    socket_conf = nginx.documented_conf().replace("#fastcgi_param REMOTE_USER      $remote_user", "fastcgi_param REMOTE_USER admin")
    nginx.documented_conf = lambda: socket_conf
    nginx.start()
    assert nginx.get("/me.txt", auth=None).text == "admin\n"
    nginx.stop()
    port_conf = socket_conf.replace(f"unix:{nginx.socket}", f"127.0.0.1:{port}")
    nginx.documented_conf = lambda: port_conf
    starter = subprocess.Popen(
        apache.as_user() + [str(nginx.site / "cgi-bin/jobjoker"), "fastcgi", "--listen", f"127.0.0.1:{port}"],
        stdin=subprocess.DEVNULL, env={"PATH": apache.PATH, **nginx.variables()}, start_new_session=True)
    nginx.starter = starter
    wait_until(lambda: connects(port) or starter.poll() is not None, 20, "the port")
    assert nginx._start()
    assert nginx.get("/me.txt", auth=None).status == 401
    assert nginx.get("/me.txt").text == "admin\n"


def connects(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True


# --- none keeps the others waiting ---

def test_more_long_waits_than_processes_keep_nobody_waiting(persistent):
    persistent.starter_options = ["--processes", 2, "--max", 60]
    server = persistent.start()
    id = sleeper(server)
    waiting = [Background(server, f"/jobs/{id}?wait=60") for _ in range(10)]
    followers = [Background(server, f"/jobs/{id}/log?follow=1") for _ in range(10)]
    for follower in followers:
        assert follower.process.stdout.readline() == b"STARTED\n"
    for _ in range(20):
        assert server.get(f"/jobs/{id}/status.txt").text == "active\n"
    assert all(b.is_open() for b in waiting + followers)
    assert server.put(f"/jobs/{id}/status", "kill").status == 200
    assert all('"status":"stop"' in said for status, said in (b.answer() for b in waiting))
    assert all(status == 0 and said.endswith("ENDED\n") for status, said in (b.answer() for b in followers))


def test_who_follows_and_goes_away_frees_the_process_at_once(nginx):
    server = one_process(nginx).start()
    id = sleeper(server)
    for _ in range(3):
        follower = Background(server, f"/jobs/{id}/log?follow=1")
        assert follower.process.stdout.readline() == b"STARTED\n"
        follower.process.kill()
        follower.process.wait()
        assert server.get(f"/jobs/{id}/status.txt").text == "active\n"


# --- the end of a process ---

@pytest.fixture
def gate(nginx):
    """A server whose C compiler says that it has begun, and waits until it is let go."""
    begun, go = nginx.run_folder / "begun", nginx.run_folder / "go"
    program = nginx.top / "slow-cc"
    program.write_text(f'#!/bin/sh\n: >"{begun}"\nwhile [ ! -e "{go}" ]; do sleep 0.01; done\nexec cc "$@"\n')
    program.chmod(0o755)
    nginx.settings["JOBJOKER_C_COMPILER"] = str(program)
    nginx.begun, nginx.go = begun, go
    return nginx.start()


def test_sigterm_lets_the_request_at_hand_end(gate):
    source = (gate.site / "workers").glob("*.c").__next__()
    put = Background(gate, "/workers/Slow", "-T", str(source), "-w", "%{http_code}")
    wait_until(gate.begun.exists, 20, "the compiler")
    starter = gate.starter
    starter.terminate()
    wait_until(lambda: not gate.socket.exists(), 20, "no new requests")
    assert put.is_open() and starter.poll() is None
    gate.go.touch()
    status, said = put.answer()
    assert status == 0 and said.endswith("201"), said
    assert starter.wait(30) == 0
    gate.start_starter()
    assert gate.get("/workers/Slow").status == 200


def test_at_sigterm_a_wait_is_answered_and_a_log_is_seen_to_be_cut(nginx):
    server = nginx.start()
    id = sleeper(server)
    wait = Background(server, f"/jobs/{id}?wait=60")
    wait_until(lambda: server.connections() == 1, 20, "it to be asked")
    follower = Background(server, f"/jobs/{id}/log?follow=1")
    assert follower.process.stdout.readline() == b"STARTED\n"  # so the one before was taken as well
    pids = server.fastcgi_processes()
    server.starter.terminate()
    status, said = wait.answer()
    assert status == 0 and '"status":"active"' in said
    status, said = follower.answer()
    assert status != 0 and "ENDED" not in said
    assert server.starter.wait(30) == 0
    assert all(apache.state_of(pid) == "Z" for pid in pids)
    server.start_starter()
    assert server.get(f"/jobs/{id}/status.txt").text == "active\n"


class Asking:
    """Asks again and again in the background, and keeps what was answered."""

    def __init__(self, server, callers=4):
        self.statuses = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._ask, args=(server,)) for _ in range(callers)]
        for t in self.threads:
            t.start()

    def _ask(self, server):
        while not self.over.is_set():
            self.statuses.append(server.get("/jobs?limit=1").status)

    def end(self):
        self.over.set()
        for t in self.threads:
            t.join()
        return self.statuses


def test_a_reload_and_a_new_program_lose_no_request(started):
    server = started.start()
    asking = Asking(server)
    program = server.site / "cgi-bin/jobjoker"
    for i in range(4):
        before = server.fastcgi_processes()
        assert before
        if i % 2 == 0:
            server.starter.send_signal(signal.SIGHUP)
        else:  # nobody is told: who answers next finds out
            shutil.copy2(program, f"{program}.new")
            os.replace(f"{program}.new", program)
        wait_until(lambda: len(server.fastcgi_processes() - before) >= apache.PROCESSES and not server.fastcgi_processes() & before, 30, "new processes")
        asked = len(asking.statuses)
        wait_until(lambda: len(asking.statuses) >= asked + 8, 60, "answers by the new ones")
    assert set(asking.end()) == {200}
    assert server.starter.poll() is None


def test_a_program_that_is_away_for_a_moment_is_waited_for(nginx):
    """As while the folder is exchanged for that of a new version."""
    server = nginx.start()
    away = server.site.with_name("away")
    server.site.rename(away)
    before = server.fastcgi_processes()
    assert server.get("/jobs").status == 200
    assert server.get("/jobs").status == 200
    shutil.copytree(away, server.site, symlinks=True)
    wait_until(lambda: server.get("/jobs").status == 200 and not server.fastcgi_processes() & before, 30, "the new ones")
    for pid in server.fastcgi_processes():
        with contextlib.suppress(PermissionError):
            assert os.readlink(f"/proc/{pid}/exe") == str(server.site / "cgi-bin/jobjoker")


def test_a_reload_with_wrong_settings_ends_nothing(nginx):
    server = nginx.start()
    before = server.fastcgi_processes()
    server.write_settings("grace = never\n")
    server.starter.send_signal(signal.SIGHUP)
    wait_until(lambda: server.fastcgi_processes() and not server.fastcgi_processes() & before, 30, "new processes")
    assert server.get("/jobs").json["code"] == "settings_invalid"
    server.write_settings("")
    assert server.get("/jobs").status == 200


def test_a_process_that_dies_is_replaced(started):
    server = started.start()
    before = server.fastcgi_processes()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(server.fastcgi_processes()) == apache.PROCESSES and not server.fastcgi_processes() & before, 30, "others")
    assert server.get("/jobs").status == 200
    assert "was ended by signal 9" in server.error_log()


def test_a_process_is_renewed_after_some_requests(started):
    started.starter_options = ["--processes", 1, "--max", 1, "--requests", 5]
    server = started.start()
    before = server.fastcgi_processes()
    for _ in range(30):
        assert server.get("/jobs").status == 200
    wait_until(lambda: server.fastcgi_processes() and not server.fastcgi_processes() & before, 20, "another one")


def test_one_of_mod_fcgids_processes_does_not_end_by_itself(new_server):
    """mod_fcgid would not know, and give it the next request, which nobody takes."""
    if "fcgid" not in ALL:
        pytest.skip("about mod_fcgid")
    server = new_server("fcgid", start=False)
    conf = server.documented_conf().replace("ProcessesPerClass 8", "ProcessesPerClass 1").replace("ProcessesPerClass 100", "ProcessesPerClass 1")
    server.documented_conf = lambda: conf
    server.start()
    assert server.get("/jobs").status == 200
    before = server.fastcgi_processes()
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for _ in range(10001):  # others are renewed after 10,000
        client.request("OPTIONS", f"{server.base_url}/jobs")
        answer = client.getresponse()
        answer.read()
        assert answer.status == 200
    assert server.fastcgi_processes() == before


def test_processes_end_with_their_starter(started):
    server = started.start()
    pids = server.fastcgi_processes()
    server.starter.kill()
    server.starter.wait()
    wait_until(lambda: all(apache.state_of(p) == "Z" for p in pids), 20, "their end")
    server.start_starter()  # the socket that was left behind is in nobody's way
    assert server.get("/jobs").status == 200


def test_of_two_starters_at_one_socket_the_second_is_refused(nginx):
    server = nginx.start()
    second = subprocess.run(apache.as_user() + [str(server.site / "cgi-bin/jobjoker"), "fastcgi", "--socket", str(server.socket)],
                            capture_output=True, text=True, timeout=60, env={"PATH": apache.PATH, **server.variables()})
    assert second.returncode == 1 and "Address already in use" in second.stderr
    assert server.get("/jobs").status == 200


# --- sockets that somebody else made ---

GIVE_SOCKET = """
import os, socket, sys
path, at, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(64)
print("listening", flush=True)
os.dup2(s.fileno(), at)
os.set_inheritable(at, True)
os.environ.update({"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())} if at == 3 else {})
os.execv(command[0], command)
"""


def give_socket(server, at, program, *arguments):
    """Starts that program of the site with a socket as its descriptor `at`."""
    server.init()
    server.port = apache.free_port()
    with open(server.top / "error.log", "ab") as log:
        server.starter = subprocess.Popen(
            apache.as_user() + ["/usr/bin/python3", "-c", GIVE_SOCKET, str(server.socket), str(at), str(server.site / program), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env={"PATH": apache.PATH, **server.variables()}, start_new_session=True)
    assert server.starter.stdout.readline() == b"listening\n"


@pytest.mark.parametrize("at", [0, 3], ids=["as standard input", "as systemd does"])
def test_a_socket_may_be_given(nginx, at):
    give_socket(nginx, at, "cgi-bin/jobjoker", "fastcgi", "--processes", "2")
    assert nginx._start()
    assert nginx.get("/jobs").status == 200
    before = nginx.fastcgi_processes()
    nginx.starter.send_signal(signal.SIGHUP)
    wait_until(lambda: len(nginx.fastcgi_processes()) >= 2 and not nginx.fastcgi_processes() & before, 30, "new processes at the same socket")
    assert nginx.get("/jobs").status == 200


def fastcgi_record(kind, content):
    return struct.pack(">BBHHxx", 1, kind, 1, len(content)) + content


def ask_directly(server, path):
    """A request on a connection of its own; it lies in the socket's queue when this returns."""
    variables = {"REQUEST_METHOD": "GET", "REQUEST_URI": path, "SCRIPT_NAME": "/cgi-bin/jobjoker.cgi", "QUERY_STRING": "", "SERVER_PROTOCOL": "HTTP/1.1",
                 "SERVER_NAME": "127.0.0.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1", "HTTP_AUTHORIZATION": f"Bearer {server.token}"}
    pairs = b"".join(struct.pack(">BB", len(k), len(v)) + k.encode() + v.encode() for k, v in variables.items())
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(20)
    client.connect(str(server.socket))
    client.sendall(fastcgi_record(1, b"\0\1" + bytes(6)) + fastcgi_record(4, pairs) + fastcgi_record(4, b"") + fastcgi_record(5, b""))
    return client.makefile("rb")


@pytest.mark.parametrize("ended", ["by a new program", "by a signal"])
def test_one_that_is_alone_at_its_socket_answers_what_is_in_the_queue_before_it_ends(nginx, ended):
    """mod_fcgid takes it for idle, and gives it the next request just when it ends."""
    give_socket(nginx, 0, "cgi-bin/jobjoker.cgi")
    pid, program = nginx.starter.pid, nginx.site / "cgi-bin/jobjoker"
    assert b'"data":[]' in ask_directly(nginx, "/jobs").read()
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: apache.state_of(pid) == "T", 20, "that it stands still")
    queue = [ask_directly(nginx, "/jobs") for _ in range(3)]
    if ended == "by a signal":
        os.kill(pid, signal.SIGTERM)
    else:
        shutil.copy2(program, f"{program}.new")
        os.replace(f"{program}.new", program)
    os.kill(pid, signal.SIGCONT)
    assert [b'"data":[]' in answer.read() for answer in queue] == [True] * 3
    assert nginx.starter.wait(20) == 0


# --- settings and database ---

def test_changed_settings_are_read(persistent):
    server = one_process(persistent).start()
    assert server.get("/jobs", auth=None).status == 401
    server.write_settings("anonymous = viewer\n")
    assert server.get("/jobs", auth=None).status == 200
    server.write_settings("anonymous = nonsense\n")
    assert server.get("/jobs").json["code"] == "settings_invalid"
    server.write_settings("anonymous = none  \n")
    assert server.get("/jobs", auth=None).status == 401
    server.write_settings("")
    assert server.get("/jobs").status == 200


@sqlite_only
def test_another_database_in_the_same_place_is_used(persistent):
    server = one_process(persistent).start()
    server.put_worker("Here", "#!/bin/sh\n")
    away = server.data.with_name("away")
    server.data.rename(away)
    assert server.get("/workers").status in (500, 503)
    away.rename(server.data)
    assert server.get("/workers/Here").status == 200
    for name in ("jobs.db", "jobs.db-wal", "jobs.db-shm"):
        if (server.data / name).exists():
            (server.data / name).rename(server.data / f"{name}.away")
    assert server.get("/workers/Here").json["code"] == "no_admin"
    for path in server.data.glob("jobs.db-*"):
        if not path.name.endswith(".away"):
            path.unlink()
    for path in server.data.glob("*.away"):
        path.rename(path.with_name(path.name.removesuffix(".away")))
    assert server.get("/workers/Here").status == 200


# --- jobs ---

def test_a_runner_gets_no_socket_and_no_database_and_leaves_no_zombie(persistent):
    server = one_process(persistent).start()
    server.put_worker("Lists", "#!/bin/sh\nls -l /proc/$$/fd\nexec sleep 600\n")
    id = server.start_job("Lists")
    wait_until(lambda: "255" in server.log(id) or "->" in server.log(id), 20, "its list")
    log = server.log(id)
    assert "socket:" not in log and ".db" not in log and "eventpoll" not in log, log
    with contextlib.suppress(PermissionError):
        runner = apache.runner_of(server, id)
        assert apache.held_by(runner)
        # it reports over a socket of its own, for a moment
        wait_until(lambda: not [h for h in apache.held_by(runner) if "socket:" in h or ".db" in h or "eventpoll" in h], 20, "no socket and no database")
    assert server.put(f"/jobs/{id}/status", "kill").status == 200
    wait_until(lambda: not zombies_of(server.fastcgi_processes()), 20, "no zombie")


def zombies_of(parents):
    found = []
    for parent in parents:
        with contextlib.suppress(OSError):
            for pid in pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
                found += [pid] if apache.state_of(pid) == "Z" else []
    return found


def test_a_job_reports_over_the_socket_of_the_processes(nginx):
    """Seen by that the program, which would be run for each report, is not there."""
    server = nginx.start()
    server.put_worker("Says", "#!/bin/sh\necho said\n")
    program = server.site / "cgi-bin/jobjoker.cgi"
    program.rename(f"{program}.away")
    job = server.run("Says")
    assert job["status"] == "done" and server.log(job["id"]) == "STARTED\nsaid\nENDED\n"


def test_jobs_go_on_when_the_processes_end(started):
    server = started.start()
    id = sleeper(server)
    server.stop_starter()
    assert apache.state_of(apache.runner_of(server, id)) != "Z"
    server.start_starter()
    assert server.get(f"/jobs/{id}/status.txt").text == "active\n"


def start_gated(server):
    """A job that goes on when work/go is there; its first report is in."""
    server.put_worker("Gated", "#!/bin/sh\nuntil [ -e go ]; do sleep 0.01; done\necho hello\n")
    id = server.start_job("Gated")
    wait_until(lambda: "STARTED" in server.log(id), 20, "it runs")
    return id


def test_a_job_ends_while_all_processes_wait_for_that(nginx):
    server = one_process(nginx).start()
    id = start_gated(server)
    waiting = Background(server, f"/jobs/{id}?wait=60")
    wait_until(lambda: server.connections() == 1, 20, "the only process waits")
    (server.data / "run" / id / "work/go").touch()
    status, said = waiting.answer()
    assert status == 0 and '"status":"done"' in said


def test_a_job_ends_while_no_process_is_there(started):
    server = started.start()
    id = start_gated(server)
    server.stop_starter()
    (server.data / "run" / id / "work/go").touch()
    wait_until(lambda: not (server.data / "run" / id).exists(), 20, "its end")
    server.start_starter()
    assert server.job(id)["status"] == "done" and server.log(id) == "STARTED\nhello\nENDED\n"


# --- the command ---

@pytest.mark.parametrize("arguments, says", [
    ([], "--socket or --listen"),
    (["--listen", "0.0.0.0:9000"], "no address and port of this machine"),
    (["--listen", "127.0.0.1"], "no address and port of this machine"),
    (["--listen", "127.0.0.1:0"], "no address and port of this machine"),
    (["--socket", "/" + "x" * 200], "at most"),
    (["--socket", "/nowhere/at/all"], "/nowhere/at/all"),
    (["--socket", "/tmp/x", "--listen", "127.0.0.1:9"], "Usage"),
    (["--socket", "/tmp/x", "--processes", "0"], "--processes wants"),
    (["--socket", "/tmp/x", "--processes", "9", "--max", "8"], "--max wants"),
    (["more"], "Usage"),
])
def test_what_cannot_be_started_says_why(installed, tmp_path, arguments, says):
    tmp_path.chmod(0o755)
    done = subprocess.run(apache.as_user() + [str(installed / "cgi-bin/jobjoker"), "fastcgi", *arguments], text=True, timeout=60,
                          capture_output=True, stdin=subprocess.DEVNULL, env={"PATH": apache.PATH, "JOBJOKER_DATA": str(tmp_path)})
    assert done.returncode in (1, 2) and says in done.stderr, done
