"""Who is told of jobs: webhooks, their signatures, their way out, and what is kept of them."""
import base64
import datetime
import email
import email.message
import email.policy
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading

import pytest

import apache
import store
from apache import as_user, tick
from receiver import is_recent, receiving, signature
from test_retries import Clock

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
SAYS = "#!/bin/sh\nfor i in $(seq ${JOBJOKER_PARAM_lines:-1}); do echo line $i; done\nexit ${JOBJOKER_PARAM_code:-0}\n"


def is_notifying(server):
    return server.processes_after(0, "jobjoker notify") or server.processes_after(0, "jobjoker-post")


def rest(server):
    """Until the notifier has ended: then all that is due was tried."""
    apache.wait_until(lambda: not is_notifying(server), 30, "the notifier to end")


def deliveries(server, id):
    return server.get(f"/jobs/{id}/deliveries").data


def settled(server, id, count=1, seconds=30):
    def all_tried():
        found = deliveries(server, id)
        return found if len(found) == count and all(d["tried"] for d in found) else None
    return apache.wait_until(all_tried, seconds, "deliveries to be tried")


def number_of(server, job):
    return server.store.sql("SELECT number FROM job WHERE id = ?", job["id"])[0][0]


@pytest.fixture
def hook():
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def told(installed):
    """A server that may reach loopback."""
    server = apache.Server(installed, settings={"JOBJOKER_NOTIFY_ALLOW": "127.0.0.0/8", "JOBJOKER_NOTIFY_SECRET": "HOOK_KEY"})
    with apache.running(server):
        server.put("/secrets/HOOK_KEY", {"value": SECRET})
        server.put_worker("Says", SAYS)
        yield server


@pytest.fixture
def timed(new_server):
    """The same with a clock that nothing moves on but the test."""
    server = new_server(start=False, settings={"JOBJOKER_NOTIFY_ALLOW": "127.0.0.0/8", "JOBJOKER_NOTIFY_TIMEOUT": "3"})
    server.settings["JOBJOKER_CLOCK_FILE"] = str(server.top / "clock")
    server.clock = Clock(server)
    server.clock.go(0)
    server.start()
    server.put_worker("Says", SAYS)
    return server


# --- what is told ---

def test_the_end_of_a_job_is_told(told, hook):
    job = told.run("Says", {"lines": 2}, name="Ünlü \"x\"", notify=[hook.url()])
    (body,) = hook.wait()
    assert (body["type"], body["data"]["change"]) == ("job.done", None)
    assert body["data"]["log"] == "STARTED\nline 1\nline 2\nENDED\n"
    assert {k: v for k, v in body["data"]["job"].items()} == job
    ((headers, raw),) = hook.of()
    assert headers["content-type"] == "application/json" and headers["user-agent"].startswith("JobJoker/")
    assert is_recent(headers) and len(headers["webhook-id"]) == 26
    assert headers["webhook-signature"] == signature(KEY, headers, raw)
    (d,) = settled(told, job["id"])
    assert d["id"] == headers["webhook-id"]
    assert {k: d[k] for k in ("event", "status", "tries", "answer", "error", "next")} == {
        "event": "done", "status": "sent", "tries": 1, "answer": 204, "error": None, "next": None}


def test_only_the_wished_events_are_told(told, hook):
    targets = [{"url": hook.url(f"/{on}"), "on": [on]} for on in ("active", "done", "error", "stop", "retry", "ended")]
    done = told.run("Says", notify=targets)
    error = told.run("Says", {"code": 3}, notify=targets, retries={"limit": 1, "delay": 0})
    told.put_worker("Sleeps", "#!/bin/sh\nexec sleep 600\n")
    stop = told.start_job("Sleeps", notify=targets)
    told.put(f"/jobs/{stop}/status", "kill")
    waits = told.create("Says", notify=targets)
    settled(told, done["id"], 3), settled(told, error["id"], 5), settled(told, stop, 3)
    def of(path):
        return [(b["type"], b["data"]["job"]["id"]) for b in hook.wait(0, path)]
    assert sorted(of("/active")) == sorted([("job.active", done["id"])] + [("job.active", error["id"])] * 2 + [("job.active", stop)])
    assert of("/done") == [("job.done", done["id"])]
    assert of("/error") == [("job.error", error["id"])]
    assert of("/stop") == [("job.stop", stop)]
    assert of("/retry") == [("job.retry", error["id"])]
    assert sorted(of("/ended")) == sorted(of("/done") + of("/error") + of("/stop"))
    assert deliveries(told, waits) == []
    assert told.put(f"/jobs/{waits}/status", "done").status == 200  # reported from outside
    settled(told, waits, 2)


def test_the_logs_tail_is_bounded(told, hook):
    told.put_worker("Long", "#!/bin/sh\nhead -c 100000 /dev/zero | tr '\\0' 'x'; echo; printf 'bad \\377\\n'; echo last\n")
    told.run("Says", {"lines": 500}, notify=[hook.url("/lines")])
    told.run("Long", notify=[hook.url("/bytes")])
    (body,) = hook.wait(1, "/lines")
    assert body["data"]["log"].splitlines() == [f"line {n}" for n in range(482, 501)] + ["ENDED"]
    (body,) = hook.wait(1, "/bytes")
    assert len(body["data"]["log"]) <= 4096 + 2 and body["data"]["log"].endswith("x\nbad \ufffd\nlast\nENDED\n")


def test_large_parameters_stay_here(told, hook):
    job = told.run("Says", {"text": "x" * 20000}, notify=[hook.url()])
    (body,) = hook.wait()
    assert body["data"]["job"] == {**job, "parameters": None}


def test_who_is_named_twice_is_told_once(told, hook):
    job = told.run("Says", notify=[hook.url(), {"url": hook.url(), "on": ["done"]}])
    assert len(settled(told, job["id"])) == 1
    rest(told)
    assert len(hook.of()) == 1


def test_a_job_that_is_deleted_at_once_was_told(told, hook):
    gate = threading.Event()
    hook.answers["/hook"] = [(gate, {})]
    job = told.run("Says", notify=[hook.url()])
    hook.wait()
    number = number_of(told, job)
    assert told.delete(f"/jobs/{job['id']}").status == 200
    gate.set()
    rest(told)
    assert told.store.sql("SELECT count(*) FROM delivery WHERE job = ?", number)[0][0] == 0


def test_deliveries_go_with_their_job(told, hook):
    job = told.run("Says", notify=[hook.url()])
    settled(told, job["id"])
    number = number_of(told, job)
    told.delete(f"/jobs/{job['id']}")
    assert told.get(f"/jobs/{job['id']}/deliveries").status == 404
    assert told.store.sql("SELECT count(*) FROM delivery WHERE job = ?", number)[0][0] == 0


def test_deliveries_go_with_a_job_that_is_not_kept(new_server, hook):
    server = new_server(settings={"JOBJOKER_NOTIFY_ALLOW": "127.0.0.1", "JOBJOKER_KEEP_JOBS": "1"})
    server.put_worker("Says", SAYS)
    first = server.run("Says", notify=[hook.url()])
    settled(server, first["id"])
    last = server.run("Says", notify=[hook.url()])
    settled(server, last["id"])
    apache.wait_until(lambda: tick(server) or server.get(f"/jobs/{first['id']}").status == 404, 30, "the sweep")
    assert server.store.sql("SELECT count(*) FROM delivery")[0][0] == 1


def test_a_job_made_again_tells_again(told, hook):
    job = told.run("Says", notify=[hook.url()])
    hook.wait()
    answer = told.post("/bulk", {"action": "retry", "ids": [job["id"]]})
    assert answer.status == 200, answer
    assert [b["data"]["job"]["worker"] for b in hook.wait(2)] == ["Says", "Says"]


@pytest.mark.parametrize("notify", [
    "x", {}, [1], ["ftp://example.org/"], ["http://"], ["https://user:password@example.org/"], ["https://example.org/a b"],
    ["https://example.org/#x"], ["https://example.org:x/"], ["https://example.org/\r\nX: y"], ["file:///etc/passwd"], ["https://exämple.org"],
    ["http://[::1"], ["https://example.org/…"], [{}], [{"url": "https://example.org", "email": "a@example.org"}], [{"url": "https://example.org", "on": []}],
    [{"url": "https://example.org", "on": ["idle"]}], [{"url": "https://example.org", "x": 1}], [{"url": "https://example.org", "secret": "a b"}],
    ["https://example.org/" + "x" * 1024], ["https://example.org"] * 11, [{"email": "ann@example.org"}]])
def test_wrong_targets_are_refused(told, notify):
    answer = told.post("/jobs", {"worker": "Says", "notify": notify})
    assert (answer.status, answer.json["code"]) == (422, "job_invalid"), answer


def test_a_url_is_shown_without_its_path(told, hook):
    id = told.create("Says", notify=["https://hooks.example.org/services/hidden?token=hidden", {"url": hook.url("/hidden"), "on": ["change"]}])
    assert told.job(id)["notify"] == [{"url": "https://hooks.example.org/…", "on": ["done", "error", "stop"], "secret": None},
                                      {"url": hook.url("/…"), "on": ["change"], "secret": None}]
    told.put(f"/jobs/{id}/status", "error")
    settled(told, id, 2)
    for path in (f"/jobs/{id}", f"/jobs/{id}/deliveries", f"/jobs/{id}/deliveries.csv", "/audit"):
        assert b"hidden" not in told.get(path).body
    assert "hidden" not in told.error_log() + (told.data / "runner.log").read_text()


# --- signatures ---

def test_a_target_can_have_a_secret_of_its_own(told, hook):
    key = bytes(range(100, 140))
    told.put("/secrets/OWN_KEY", {"value": "whsec_" + base64.b64encode(key).decode(), "workers": ["Says"]})
    told.put("/secrets/PASSWORD", {"value": "a password", "workers": ["Says"]})
    told.put("/secrets/OTHER_KEY", {"value": SECRET, "workers": ["Sleeps"]})
    told.put("/secrets/BAD_KEY", {"value": "whsec_!", "workers": ["Says"]})
    job = told.run("Says", notify=[{"url": hook.url(f"/{name}"), "secret": name} for name in ("OWN_KEY", "OTHER_KEY", "BAD_KEY", "NO_KEY", "PASSWORD")])
    found = settled(told, job["id"], 5)
    ((headers, raw),) = hook.of("/OWN_KEY")
    assert headers["webhook-signature"] == signature(key, headers, raw)
    assert [d["error"] for d in sorted(found, key=lambda d: d["error"] or "")] == [
        None, "the secret BAD_KEY is no key: that is whsec_ and base 64", "the secret NO_KEY is none of those that the job's worker gets",
        "the secret OTHER_KEY is none of those that the job's worker gets", "the secret PASSWORD is no key: that is whsec_ and base 64"]
    assert not any(hook.of(f"/{name}") for name in ("OTHER_KEY", "BAD_KEY", "NO_KEY", "PASSWORD"))


def test_without_a_secret_nothing_is_signed(timed, hook):
    timed.run("Says", notify=[hook.url()])
    hook.wait()
    ((headers, _),) = hook.of()
    assert "webhook-signature" not in headers and headers["webhook-id"]


def test_no_secret_is_seen(told, hook):
    """In arguments, environments, answers and logs, while a webhook is under way."""
    gate = threading.Event()
    hook.answers["/hook"] = [(gate, {})]
    job = told.run("Says", notify=[hook.url("/hook"), hook.url("/token-in-path")])
    hook.wait()
    seen = b""
    for pid, command in told.processes().items():
        seen += command.encode()
        for name in ("cmdline", "environ"):
            try:
                seen += pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
            except OSError:
                pass
    assert is_notifying(told)
    gate.set()
    settled(told, job["id"], 2)
    rest(told)
    seen += told.get(f"/jobs/{job['id']}/deliveries").body + told.get(f"/jobs/{job['id']}").body
    seen += told.error_log().encode() + (told.data / "runner.log").read_bytes()
    for secret in (SECRET.encode(), KEY, SECRET[6:].encode(), b"token-in-path"):
        assert secret not in seen


# --- where it may go ---

@pytest.mark.parametrize("url", [
    "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://127.1:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/", "http://0.0.0.0:{port}/", "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://[::]:{port}/",
    "http://[::ffff:7f00:1]:{port}/", "http://[::127.0.0.1]:{port}/"])
def test_what_is_not_public_is_refused(new_server, url):
    server = new_server()
    server.put_worker("Says", SAYS)
    with receiving("::", socket.AF_INET6) as six:  # which hears of IPv4 as well
        job = server.run("Says", notify=[url.format(port=six.server_port)])
        (d,) = settled(server, job["id"])
        rest(server)
        assert six.got == []
    assert d["status"] == "failed" and d["tries"] == 1 and d["answer"] is None
    assert "no public address" in d["error"] or "Couldn't connect" in d["error"], d


def test_hosts_can_be_allowed_by_name(new_server, hook):
    server = new_server(settings={"JOBJOKER_NOTIFY_ALLOW": "LocalHost 192.0.2.0/24"})
    server.put_worker("Says", SAYS)
    job = server.run("Says", notify=[hook.url("/by-name", "localhost"), hook.url("/by-address")])
    settled(server, job["id"], 2)
    rest(server)
    assert [path for path, _, _ in hook.got] == ["/by-name"]


def test_a_redirect_is_not_followed(told, hook):
    hook.answers["/hook"] = [(307, {"Location": hook.url("/elsewhere")})]
    job = told.run("Says", notify=[hook.url()])
    (d,) = settled(told, job["id"])
    assert (d["answer"], d["status"], d["error"]) == (307, "waiting", "the answer leads elsewhere, which is not followed")
    assert not hook.of("/elsewhere")


def test_no_proxy_is_used(new_server, hook):
    server = new_server(settings={"JOBJOKER_NOTIFY_ALLOW": "127.0.0.1"})
    server.put_worker("Says", SAYS)
    with receiving() as proxy:
        server.settings |= {"http_proxy": proxy.url(""), "ALL_PROXY": proxy.url("")}
        server.stop()
        server.start()
        server.run("Says", notify=[hook.url()])
        hook.wait()
        assert proxy.got == []


def test_an_answer_that_does_not_end_is_cut(told, hook):
    hook.answers["/hook"] = [("endless", {})]
    job = told.run("Says", notify=[hook.url()])
    (d,) = settled(told, job["id"])
    assert (d["status"], d["answer"]) == ("sent", 200)


def test_a_certificate_must_be_known(new_server, tmp_path):
    name = tmp_path / "both.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", name,
                    "-out", tmp_path / "ca.pem", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "30"],
                   check=True, capture_output=True)
    name.write_text(name.read_text() + (tmp_path / "ca.pem").read_text())
    server = new_server(start=False, settings={"JOBJOKER_NOTIFY_ALLOW": "localhost 127.0.0.1"})
    (server.top / "ca.pem").write_text((tmp_path / "ca.pem").read_text())
    (server.top / "ca.pem").chmod(0o644)
    server.start()
    server.put_worker("Says", SAYS)
    with receiving(certificate=name) as hook:
        job = server.run("Says", notify=[hook.url(host="localhost")])
        (d,) = settled(server, job["id"])
        assert d["answer"] is None and "certificate" in d["error"].lower() or "peer" in d["error"].lower(), d
        server.settings["JOBJOKER_NOTIFY_CA"] = str(server.top / "ca.pem")
        server.stop()
        server.start()
        server.run("Says", notify=[hook.url("/known", "localhost"), hook.url("/other-name", "127.0.0.1")])
        hook.wait(1, "/known")
        rest(server)
        assert not hook.of("/other-name")


# --- trying again ---

def test_it_is_tried_again_later_each_time(timed, hook):
    hook.answers["/hook"] = [(500, {})] * 4 + [(200, {})]
    job = timed.run("Says", notify=[hook.url()])
    before = 0
    for tries, delay, early in ((1, 5, 0.1), (2, 30, 0.7), (3, 300, 0.7), (4, 1800, 0.7)):  # the real time goes on besides
        hook.wait(tries)
        rest(timed)
        (d,) = deliveries(timed, job["id"])
        assert (d["status"], d["tries"], d["answer"], d["error"]) == ("waiting", tries, 500, "the receiver has refused it")
        assert before < delay * 0.8
        assert delay * 0.75 < seconds_until(d["tried"], d["next"]) < delay * 1.25
        timed.clock.go(delay * early)
        tick(timed)
        assert len(hook.of()) == tries
        timed.clock.go(delay * (1.3 - early))
        tick(timed)
        before = delay
    hook.wait(5)
    rest(timed)
    (d,) = deliveries(timed, job["id"])
    assert (d["status"], d["tries"], d["answer"], d["next"]) == ("sent", 5, 200, None)
    sent = hook.of()
    assert len({h["webhook-id"] for h, _ in sent}) == 1 and len({b for _, b in sent}) == 1
    times = [int(h["webhook-timestamp"]) for h, _ in sent]
    assert times == sorted(times) and times[-1] - times[0] > 2000  # of each try, not of the job


def test_it_is_given_up_in_the_end_and_can_be_sent_again(timed, hook):
    hook.answers["/hook"] = [(503, {})] * 8 + [(200, {})]
    job = timed.run("Says", notify=[hook.url()])
    for tries in range(1, 9):
        hook.wait(tries)
        rest(timed)
        timed.clock.go(20 * 3600)
        tick(timed)
    rest(timed)
    (d,) = deliveries(timed, job["id"])
    assert (d["status"], d["tries"], d["next"]) == ("failed", 8, None)
    assert len(hook.of()) == 8
    answer = timed.post(f"/jobs/{job['id']}/deliveries/{d['id']}/retry")
    assert answer.status == 200 and answer.data[0]["status"] == "waiting"
    hook.wait(9)
    rest(timed)
    assert deliveries(timed, job["id"])[0]["status"] == "sent"
    assert len({h["webhook-id"] for h, _ in hook.of()}) == 1


@pytest.mark.parametrize("status, headers, seconds", [(503, {"Retry-After": "900"}, 900), (429, {"Retry-After": "999999"}, 12 * 3600)])
def test_a_receiver_may_ask_for_time(timed, hook, status, headers, seconds):
    hook.answers["/hook"] = [(status, headers)]
    job = timed.run("Says", notify=[hook.url()])
    (d,) = settled(timed, job["id"])
    assert abs(seconds_until(d["tried"], d["next"]) - seconds) < 2


def test_who_is_gone_for_good_is_left_alone(timed, hook):
    hook.answers["/hook"] = [(410, {})]
    job = timed.run("Says", notify=[hook.url()])
    (d,) = settled(timed, job["id"])
    assert (d["status"], d["tries"], d["answer"]) == ("failed", 1, 410)


def test_a_slow_receiver_holds_up_nobody(timed, hook):
    gate = threading.Event()
    hook.answers["/slow"] = [(gate, {})]
    slow = timed.run("Says", notify=[hook.url("/slow")])
    hook.wait(1, "/slow")
    timed.run("Says", notify=[hook.url("/quick")])
    hook.wait(1, "/quick")  # while the first is under way
    (d,) = settled(timed, slow["id"])
    gate.set()
    assert (d["status"], d["answer"], d["error"]) == ("waiting", None, "Timeout was reached")


def test_the_keeper_tries_again(timed, hook):
    hook.answers["/hook"] = [(500, {}), (200, {})]
    timed.run("Says", notify=[hook.url()])
    hook.wait(1)
    rest(timed)
    timed.clock.go(7)  # no request, no tick
    hook.wait(2)


def test_what_no_notifier_could_take_is_found_by_the_keeper(timed, hook):
    path = timed.data / "notify"
    path.touch()
    shutil.chown(path, apache.run_user().pw_uid, apache.run_user().pw_gid)
    with open(path) as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # as by one that is about to die
        timed.run("Says", notify=[hook.url()])
    hook.wait(1, seconds=90)  # no request, no tick; the keeper takes 15


# --- once, and at least once ---

def test_two_ticks_at_once_send_it_once(timed, hook):
    hook.answers["/hook"] = [(500, {})]
    jobs = [timed.run("Says", notify=[hook.url(f"/{n}")])["id"] for n in range(3)]
    for n, id in enumerate(jobs):
        hook.answers[f"/{n}"] = [(200, {})]
        settled(timed, id)
    rest(timed)
    before = len(hook.got)
    timed.store.change("UPDATE delivery SET due = 1")
    command = as_user() + [str(timed.site / "cgi-bin/jobjoker"), "notify"]
    more = timed.top / "other-front-end"  # with a lock of its own
    more.mkdir()
    shutil.chown(more, apache.run_user().pw_uid, apache.run_user().pw_gid)
    database = {} if store.ON_MYSQL else {"JOBJOKER_DATABASE": f"sqlite:{timed.data}/jobs.db"}
    ways = [{}, {"JOBJOKER_DATA": str(more), **database}]
    running = [subprocess.Popen(command, env={"PATH": apache.PATH, "JOBJOKER_DATA": str(timed.data), **timed.settings, **ways[n % 2]}) for n in range(6)]
    assert [p.wait(60) for p in running] == [0] * 6
    rest(timed)
    (more / "keeper").unlink(missing_ok=True)
    assert len(hook.got) == before + 3


def test_what_a_notifier_leaves_that_dies_is_sent_again(timed, hook):
    gate = threading.Event()
    hook.answers["/hook"] = [(gate, {}), (200, {})]
    job = timed.run("Says", notify=[hook.url()])
    hook.wait(1)
    for pid, command in timed.processes().items():
        if "jobjoker notify" in command:
            os.kill(pid, signal.SIGKILL)
    gate.set()
    rest(timed)
    (d,) = deliveries(timed, job["id"])
    assert (d["status"], d["tries"], d["tried"]) == ("waiting", 1, None)
    tick(timed)
    rest(timed)
    assert len(hook.of()) == 1  # somebody else may be at it still
    timed.clock.go(200)
    tick(timed)
    hook.wait(2)
    rest(timed)
    assert len({h["webhook-id"] for h, _ in hook.of()}) == 1
    assert deliveries(timed, job["id"])[0]["status"] == "sent"


def seconds_until(a, b):
    return (datetime.datetime.fromisoformat(b.rstrip("Z")) - datetime.datetime.fromisoformat(a.rstrip("Z"))).total_seconds()


# --- by whose wish ---

def test_a_worker_names_who_is_told(told, hook):
    told.put_worker("Tells", SAYS.replace("\n", f'\n# Options: {{"notify": ["{hook.url("/worker")}", {{"url": "{hook.url("/failures")}", "on": ["error"]}}]}}\n', 1))
    told.run("Tells", notify=[hook.url("/job")])  # besides those of the job
    told.run("Tells", {"code": 1})
    assert sorted(b["type"] for b in hook.wait(2, "/worker")) == ["job.done", "job.error"]
    assert len(hook.wait(1, "/job")) == len(hook.wait(1, "/failures")) == 1
    answer = told.put("/workers/Tells", SAYS.replace("\n", '\n# Options: {"notify": ["x"]}\n', 1))
    assert (answer.status, answer.json["code"]) == (422, "worker_options")


def test_a_queue_names_who_is_told(told, hook):
    assert told.put("/queues/q", {"slots": 2, "notify": [hook.url()]}).data[0]["notify"][0]["url"] == hook.url("/…")
    told.run("Says", queue="q")
    hook.wait(1)
    assert told.put("/queues/q", {"slots": 3}).data[0]["notify"]  # what is not named stays
    told.run("Says")
    told.run("Says", queue="q")
    hook.wait(2)
    assert told.put("/queues/q", {"notify": None}).data[0]["notify"] is None
    told.run("Says", queue="q")
    rest(told)
    assert len(hook.of()) == 2
    for wrong in (["x"], told.get("/queues/q").data[0], [{"email": "a@example.org"}]):
        answer = told.put("/queues/q", {"notify": wrong})
        assert (answer.status, answer.json["code"]) == (422, "queue_invalid")


@pytest.fixture
def site(new_server, hook):
    """A server whose settings name who is told."""
    def make(**more):
        settings = {"JOBJOKER_NOTIFY_ALLOW": "127.0.0.1", "JOBJOKER_NOTIFY": hook.url(), **more}
        server = new_server(settings=settings)
        server.put_worker("Says", SAYS)
        return server
    return make


def test_the_site_names_who_is_told(site, hook):
    server = site()
    server.run("Says")
    server.run("Says", {"code": 1}, notify=[hook.url("/job")])
    assert [b["type"] for b in hook.wait(1)] == ["job.error"]
    hook.wait(1, "/job")


def test_a_wrong_setting_names_itself(site, hook):
    server = site(JOBJOKER_NOTIFY=f"nonsense {hook.url()}")
    server.run("Says", {"code": 1})
    hook.wait(1)
    assert "the setting `notify` holds what is neither" in (server.data / "runner.log").read_text() + server.error_log()


def test_a_schedule_whose_job_cannot_be_made_is_told(site, hook):
    server = site()
    server.put_worker("Goes", SAYS)
    assert server.post("/schedules", {"cron": "@every 1s", "job": {"worker": "Goes"}}).status == 201
    server.delete("/workers/Goes")
    apache.wait_until(lambda: tick(server) or hook.of(), 30, "the failure to be told")
    body = hook.wait(1)[0]
    assert body["type"] == "job.error" and body["data"]["job"]["reason"]


# --- changes ---

def test_only_the_first_failure_and_the_recovery_are_told(site, hook):
    server = site(JOBJOKER_NOTIFY_ON="change")
    for code in (0, 0, 1, 1, 2, 0, 0, 3):
        server.run("Says", {"code": code})
    rest(server)
    assert [(b["type"], b["data"]["change"], b["data"]["job"]["exit_code"]) for b in sorted(hook.wait(3), key=lambda b: b["timestamp"])] == [
        ("job.error", "failure", 1), ("job.done", "recovery", 0), ("job.error", "failure", 3)]


def test_changes_are_of_each_worker_schedule_and_target(told, hook):
    told.put_worker("Other", SAYS)
    a, b = {"url": hook.url("/a"), "on": ["change"]}, {"url": hook.url("/b"), "on": ["change", "stop"]}
    told.run("Says", {"code": 1}, notify=[a])
    told.run("Other", {"code": 1}, notify=[a])
    told.run("Says", {"code": 1}, notify=[a, b])
    stopped = told.create("Says", notify=[a, b])
    told.put("/queues/closed", {"paused": True})
    waits = told.create("Says", notify=[a, b], queue="closed", start=True)
    told.put(f"/jobs/{waits}/status", "stop")
    told.run("Says", notify=[b])
    rest(told)
    assert [(x["data"]["job"]["worker"], x["data"]["change"]) for x in sorted(hook.wait(2, "/a"), key=lambda x: x["timestamp"])] == [("Says", "failure"), ("Other", "failure")]
    assert [(x["type"], x["data"]["change"]) for x in sorted(hook.wait(3, "/b"), key=lambda x: x["timestamp"])] == [
        ("job.error", "failure"), ("job.stop", None), ("job.done", "recovery")]
    assert deliveries(told, stopped) == []


def test_an_attempt_that_is_followed_by_another_is_no_failure(told, hook):
    told.put_worker("Once", "#!/bin/sh\n[ $JOBJOKER_ATTEMPT -gt 1 ]\n")
    job = told.run("Once", retries={"limit": 1, "delay": 0}, notify=[{"url": hook.url(), "on": ["change"]}])
    rest(told)
    assert job["status"] == "done" and deliveries(told, job["id"]) == []


# --- e-mail ---

SENDMAIL = """#!/bin/sh
n=$(mktemp {top}/mail/new.XXXXXX)
for word; do printf '%s\\n' "$word"; done >$n
env >$n.env
cat >$n.in
[ ! -e {top}/mail/gate ] || read line <{top}/mail/gate
[ ! -e {top}/mail/status ] || {{ rm $n*; exit "$(cat {top}/mail/status)"; }}
mv $n.env ${{n%/*}}/env.${{n##*.}}; mv $n.in ${{n%/*}}/in.${{n##*.}}; mv $n ${{n%/*}}/args.${{n##*.}}
"""


class Mailbox:
    """A sendmail that keeps what it is told and given."""

    def __init__(self, server):
        self.folder, self.program = server.top / "mail", server.top / "sendmail"
        self.folder.mkdir()
        self.folder.chmod(0o777)
        self.program.write_text(SENDMAIL.format(top=server.top))
        self.program.chmod(0o755)

    def wait(self, count):
        return apache.wait_until(lambda: len(self.mails()) >= count and self.mails(), 30, f"{count} e-mails")

    def mails(self):
        """(arguments, message) of each."""
        return [(p.read_text().splitlines(), email.message_from_bytes((self.folder / f"in{p.suffix}").read_bytes(), policy=email.policy.default))
                for p in self.folder.glob("args.*")]

    def fail(self, status):
        (self.folder / "status").write_text(str(status))

    def work(self):
        (self.folder / "status").unlink()

    def shut(self):
        """From now on each one waits for open()."""
        os.mkfifo(self.folder / "gate")
        (self.folder / "gate").chmod(0o666)

    def open(self):
        """Returns once one takes it."""
        (self.folder / "gate").write_text("\n")


@pytest.fixture
def mailing(new_server):
    server = new_server(start=False)
    server.mailbox = Mailbox(server)
    server.settings |= {"JOBJOKER_SENDMAIL": str(server.mailbox.program), "JOBJOKER_MAIL_FROM": "jobs@example.org",
                        "JOBJOKER_CLOCK_FILE": str(server.top / "clock"), "JOBJOKER_API": "https://example.org/jobs",
                        "JOBJOKER_NOTIFY_ALLOW": "127.0.0.0/8"}
    server.clock = Clock(server)
    server.clock.go(0)
    server.start()
    server.put_worker("Says", SAYS)
    return server


def test_a_failure_is_told_by_email(mailing):
    job = mailing.run("Says", {"lines": 2, "code": 3}, name="nächtlich 🌙", notify=[{"email": "ann@example.org", "on": ["error"]}])
    ((arguments, mail),) = mailing.mailbox.wait(1)
    assert arguments == ["-i", "-f", "jobs@example.org", "--", "ann@example.org"]
    assert mail.defects == [] and mail["to"] == "ann@example.org" and mail["from"].addresses[0].addr_spec == "jobs@example.org"
    assert mail["subject"] == "[JobJoker] Says has failed: nächtlich 🌙"
    assert abs(mail["date"].datetime.timestamp() - datetime.datetime.now().timestamp()) < 300
    assert mail["auto-submitted"] == "auto-generated"
    text = mail.get_content()
    for part in (job["id"], "exit status 3", "nächtlich 🌙", "https://example.org/jobs/jobs/" + job["id"], "\nSTARTED\nline 1\nline 2\nENDED\n"):
        assert part in text
    (d,) = settled(mailing, job["id"])
    assert (d["email"], d["status"], d["answer"]) == ("ann@example.org", "sent", None)
    assert mail["message-id"] == f"<{d['id']}@example.org>"


def test_no_header_comes_from_a_job(mailing):
    evil = "x\r\nBcc: evil@example.org\r\n\r\n<b>body</b>\n.\n"
    mailing.put_worker("Evil", "#!/bin/sh\nprintf 'a\\r\\nBcc: evil@example.org\\n.\\nQUIT\\n'\nexit 1\n")
    mailing.run("Evil", name=evil, notify=[{"email": "ann@example.org"}])
    ((arguments, mail),) = mailing.mailbox.wait(1)
    assert arguments[-1] == "ann@example.org" and mail["bcc"] is None and mail.defects == []
    assert sorted(mail.keys()) == sorted(["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
                                          "Content-Transfer-Encoding"])
    assert "\n.\nQUIT\n" in mail.get_content()
    for address in ("-oQ/tmp@example.org", "a@b\nBcc: c@d", "a@b,c@d", "|touch x@y", "a@b -X/tmp/x"):
        assert mailing.post("/jobs", {"worker": "Says", "notify": [{"email": address}]}).status == 422


def test_email_is_tried_again(mailing):
    mailing.mailbox.fail(75)
    job = mailing.run("Says", notify=[{"email": "ann@example.org"}])
    (d,) = settled(mailing, job["id"])
    assert (d["status"], d["tries"], d["error"]) == ("waiting", 1, "sendmail ended with 75")
    mailing.mailbox.work()
    mailing.clock.go(7)
    tick(mailing)
    mailing.mailbox.wait(1)
    apache.wait_until(lambda: deliveries(mailing, job["id"])[0]["status"] == "sent", 20, "the delivery to be noted")
    mailing.mailbox.fail(67)
    job = mailing.run("Says", notify=[{"email": "nobody@example.org"}])
    assert settled(mailing, job["id"])[0]["status"] == "failed"


def is_connected(port):
    """Does anybody of this machine have a connection to it?"""
    to = f"0100007F:{port:04X}"
    return any(line.split()[2] == to and line.split()[3] == "01" for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:])


def is_at_rest(server, program):
    return all(apache.state_of(pid) == "S" for pid, command in server.processes().items() if program in command)


def test_slow_email_keeps_no_answer_of_a_webhook_waiting(mailing, hook):
    gate = threading.Event()
    hook.answers["/hook"] = [(gate, {})]
    told = mailing.run("Says", notify=[hook.url()])
    hook.wait(1)
    mailing.mailbox.shut()
    for name in ("ann", "bob"):
        mailing.run("Says", notify=[{"email": f"{name}@example.org"}])
    apache.wait_until(lambda: list(mailing.mailbox.folder.glob("new.*.in")), 20, "the first e-mail")
    gate.set()
    apache.wait_until(lambda: not is_connected(hook.server_port) and is_at_rest(mailing, "jobjoker-post"), 20, "the answer")
    mailing.mailbox.open()
    apache.wait_until(lambda: deliveries(mailing, told["id"])[0]["status"] == "sent", 20, "the answer to be noted, while the second is sent")
    mailing.mailbox.open()
    mailing.mailbox.wait(2)


def test_first_failure_and_recovery_by_email(mailing):
    for code in (1, 1, 0, 0):
        mailing.run("Says", {"code": code}, notify=[{"email": "ann@example.org", "on": ["change"]}])
    subjects = sorted(m["subject"] for _, m in mailing.mailbox.wait(2))
    rest(mailing)
    assert subjects == ["[JobJoker] Says has failed", "[JobJoker] Says is well again"] and len(mailing.mailbox.mails()) == 2


def test_sendmail_gets_nothing_but_its_mail(mailing):
    mailing.put("/secrets/KEY", {"value": "very secret", "workers": ["Says"]})
    mailing.run("Says", notify=[{"email": "ann@example.org"}])
    mailing.mailbox.wait(1)
    (seen,) = mailing.mailbox.folder.glob("env.*")
    assert {line.split("=")[0] for line in seen.read_text().splitlines()} <= {"PATH", "PWD", "_", "SHLVL", "OLDPWD"}


# --- without libcurl ---

def test_a_build_that_cannot_send_webhooks_says_so(new_server, hook):
    """And does not give up: another host on the same database may be able to, or this one tomorrow."""
    server = new_server(start=False, settings={"JOBJOKER_NOTIFY_ALLOW": "127.0.0.1"})
    (server.site / "runner/jobjoker-post").unlink()
    server.start()
    server.put_worker("Says", SAYS)
    job = server.run("Says", notify=[hook.url()])
    (d,) = settled(server, job["id"])
    assert (d["status"], d["error"]) == ("waiting", "no webhooks are sent here: runner/jobjoker-post is not there")
    server.store.change("DELETE FROM delivery")  # which the keeper would wake up for


# --- the docs ---

def block_of_docs(language):
    text = (apache.ROOT / "docs/notifications.md").read_text()
    return text.split(f"```{language}\n")[1].split("```")[0]


def test_the_python_of_the_docs_verifies(told, hook):
    names = {}
    exec(block_of_docs("python"), names)
    told.run("Says", notify=[hook.url()])
    hook.wait()
    ((headers, raw),) = hook.of()
    now = int(headers["webhook-timestamp"])
    assert names["verify"](SECRET, headers, raw)
    assert not names["verify"](SECRET, headers, raw + b" ")
    assert not names["verify"](SECRET, headers, raw, now=now + 400)
    assert not names["verify"](SECRET[:-4] + "AAA=", headers, raw)
    assert not names["verify"](SECRET, headers | {"webhook-id": "x"}, raw)


@pytest.mark.parametrize("language, command", [("php", ["php"]), ("js", ["node", "--input-type=module"])])
def test_the_other_languages_of_the_docs_verify(told, hook, language, command):
    told.run("Says", notify=[hook.url()])
    hook.wait()
    ((headers, raw),) = hook.of()
    given = json.dumps({k: v for k, v in headers.items() if k.startswith("webhook-")})
    calls = []
    for body in (raw, raw + b" "):
        code = base64.b64encode(body).decode()
        calls.append(f"echo verify('{SECRET}', json_decode('{given}', true), base64_decode('{code}')) ? 'yes' : 'no', \"\\n\";" if language == "php" else
                     f"console.log(verify('{SECRET}', {given}, Buffer.from('{code}', 'base64')) ? 'yes' : 'no');")
    program = ("<?php\n" if language == "php" else "") + block_of_docs(language) + "\n".join(calls)
    said = subprocess.run(command, input=program, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["yes", "no"], said
