"""Jobs: made, started, stopped, killed, told from outside, deleted. States that never lie."""
import concurrent.futures
import os
import re
import signal
import time

import pytest

import apache

ULID = re.compile(r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
SLEEPER = "#!/bin/sh\necho ready\nexec sleep 600\n"
STUBBORN = "#!/bin/sh\ntrap '' TERM\necho ready\nwhile :; do sleep 1; done\n"
TREE = "#!/bin/sh\nsetsid sleep 600 &\n(sleep 600 &)\nsleep 600 &\necho ready\nwait\n"


@pytest.fixture(scope="module")
def workers(server):
    server.put_worker("Hello", "#!/bin/sh\necho hello\necho ::response::world\n")
    server.put_worker("Sleeper", SLEEPER)
    server.put_worker("Stubborn", STUBBORN)
    server.put_worker("Tree", TREE)
    return server


def said_ready(server, id):
    apache.wait_until(lambda: "ready" in server.log(id), 20, "the worker to be ready")
    return id


def processes_of(server, id):
    """Pids of all processes that have this job's id in their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if f"JOBJOKER_ID={id}".encode() in f.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


def put_status(server, id, status):
    return server.put(f"/jobs/{id}/status", status)


def test_a_created_job_is_idle_and_complete(workers):
    answer = workers.post("/jobs", b'{"worker":"Hello","name":"first","parameters":{"a":1},"timeout":2.5}')
    assert answer.status == 201
    envelope = answer.json
    assert envelope["success"] is True and envelope["message"] == "" and envelope["total"] == 1
    (job,) = envelope["data"]
    assert ULID.match(job["id"]) and TIME.match(job["created"])
    assert answer.headers["location"].endswith(f"/jobs/{job['id']}")
    assert list(job) == ["id", "worker", "version", "name", "status", "paused", "parameters", "pid", "host", "created",
                         "starttime", "stoptime", "progress", "exit_code", "signal", "reason", "stop_requested",
                         "attempt", "timeout", "limits", "on_lost", "retries", "queue", "slots", "priority", "waiting", "after", "notify", "schedule",
                         "scheduled", "log_size", "response_size", "usage"]
    assert (job["status"], job["name"], job["parameters"], job["timeout"]) == ("idle", "first", {"a": 1}, 2.5)
    assert (job["pid"], job["starttime"], job["exit_code"], job["stop_requested"]) == (None, None, None, False)


def test_a_job_runs_to_done(workers):
    job = workers.run("Hello")
    assert (job["status"], job["exit_code"], job["signal"], job["reason"]) == ("done", 0, None, None)
    assert job["attempt"] == 1 and job["pid"] > 1 and job["host"]
    assert job["version"] == workers.get("/workers/Hello").data[0]["version"]
    assert job["created"] <= job["starttime"] <= job["stoptime"]
    assert job["usage"]["max_rss"] > 100000
    assert workers.log(job["id"]) == "STARTED\nhello\nENDED\n"
    assert workers.response(job["id"]) == "world"


def test_a_job_is_started_later_by_its_status(workers):
    id = workers.create("Hello")
    answer = put_status(workers, id, "start\n")
    assert answer.status == 200 and answer.data[0]["status"] == "active"
    assert workers.ended(id)["status"] == "done"


@pytest.mark.parametrize("source, exit_code, number, reason", [
    ("#!/bin/sh\nexit 3\n", 3, None, "exit status 3"),
    ("#!/bin/sh\nkill -SEGV $$\n", None, 11, "SIGSEGV"),
    ("#!/bin/sh\necho '::error::the disk is missing'\nexit 1\n", 1, None, "the disk is missing"),
    ("#!/no/such/interpreter\n", None, None, "could not be started"),
    ("#include <jobjoker/worker.h>\n#include <stdlib.h>\nint run(struct jobjoker_worker *w)\n{\n(void)w;\nabort();\n}\n",
     None, 6, "SIGABRT"),
    ("#include <jobjoker/worker.h>\nint run(struct jobjoker_worker *w)\n{\n(void)w;\nreturn 7;\n}\n", 7, None, "7"),
])
def test_an_error_says_why(workers, source, exit_code, number, reason):
    workers.put_worker("Failing", source)
    job = workers.run("Failing")
    assert (job["status"], job["exit_code"], job["signal"]) == ("error", exit_code, number)
    assert reason in job["reason"]


def test_exit_0_inside_run_is_done(workers):
    workers.put_worker("Leaver", "#include <jobjoker/worker.h>\n#include <stdlib.h>\n#include <stdio.h>\n"
                       "int run(struct jobjoker_worker *w)\n{\n(void)w;\nputs(\"bye\");\nexit(0);\n}\n")
    job = workers.run("Leaver")
    assert job["status"] == "done" and "bye" in workers.log(job["id"])


def test_a_timeout_is_an_error(workers):
    job = workers.run("Sleeper", timeout=0.3)
    assert job["status"] == "error" and "timeout: it ran for 0.3 s" in job["reason"]
    assert processes_of(workers, job["id"]) == []


@pytest.mark.parametrize("worker", ["Sleeper", "Tree"])
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_stop_and_kill_leave_nothing(workers, worker, how):
    id = said_ready(workers, workers.start_job(worker))
    assert processes_of(workers, id)
    answer = put_status(workers, id, how)
    assert answer.status == 200 and answer.data[0]["stop_requested"] is True
    if how == "kill":  # it answers when none is left
        assert processes_of(workers, id) == []
        assert answer.data[0]["status"] == "stop"
    job = workers.ended(id)
    assert job["status"] == "stop" and job["stoptime"]
    assert processes_of(workers, id) == []
    for again in ("start", "stop", "kill", "done"):
        assert put_status(workers, id, again).status == 409


def test_what_ignores_sigterm_is_killed_after_the_grace_period(new_server):
    server = new_server(settings={"JOBJOKER_GRACE": "0.3"})
    server.put_worker("Stubborn", STUBBORN)
    id = said_ready(server, server.start_job("Stubborn"))
    put_status(server, id, "stop")
    assert server.ended(id)["status"] == "stop"
    assert processes_of(server, id) == []


def test_who_returns_in_good_order_after_stop_is_stopped_too(workers):
    workers.put_worker("Polite", "#!/bin/sh\ntrap 'echo bye; exit 0' TERM\necho ready\nwhile :; do sleep 0.05; done\n")
    id = said_ready(workers, workers.start_job("Polite"))
    put_status(workers, id, "stop")
    job = workers.ended(id)
    assert job["status"] == "stop" and "bye" in workers.log(id)


def test_what_a_job_leaves_behind_is_ended_with_it(workers):
    workers.put_worker("Daemon", "#!/bin/sh\nsetsid sh -c 'exec >/dev/null 2>&1; trap \"\" TERM; sleep 600' &\necho ready\n")
    job = workers.run("Daemon")
    assert job["status"] == "done"
    assert processes_of(workers, job["id"]) == []


def test_of_twenty_starts_one_wins(workers):
    id = workers.create("Sleeper")
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: put_status(workers, id, "start").status, range(20)))
    assert sorted(statuses) == [200] + [409] * 19
    said_ready(workers, id)
    assert workers.log(id).count("ready") == 1
    assert put_status(workers, id, "kill").status == 200


def test_a_runner_that_vanishes_is_told_by_the_next_request(workers):
    id = said_ready(workers, workers.start_job("Tree"))
    worker = workers.job(id)["pid"]
    with open(f"/proc/{worker}/stat") as f:
        runner = int(f.read().rsplit(")", 1)[1].split()[1])
    apache.kill_and_wait(runner)
    answer = workers.get(f"/jobs/{id}/status.txt")
    apache.wait_until(lambda: workers.get(f"/jobs/{id}/status.txt").text == "error\n", 5, "the loss to be seen")
    assert answer.status == 200
    assert workers.job(id)["reason"] == "runner lost"
    assert [j for j in workers.get("/jobs?status=active").data if j["id"] == id] == []
    for pid in processes_of(workers, id):
        os.kill(pid, signal.SIGKILL)


def test_a_job_runs_on_while_apache_is_away(new_server):
    server = new_server()
    gate = server.data / "gate"
    os.mkfifo(gate)
    os.chmod(gate, 0o666)
    os.chmod(server.data, 0o711)
    server.put_worker("Waiter", f"#!/bin/sh\necho ready\nread x < '{gate}'\necho after\n")
    id = said_ready(server, server.start_job("Waiter"))
    server.stop()
    gate.write_text("go\n")
    apache.wait_until(lambda: not processes_of(server, id), 10, "the worker's end")
    server.start()
    job = server.ended(id)
    assert job["status"] == "done"
    assert server.log(id) == "STARTED\nready\nafter\nENDED\n"


def test_delete_takes_log_and_response_and_refuses_what_runs(workers):
    job = workers.run("Hello")
    answer = workers.delete(f"/jobs/{job['id']}")
    assert answer.status == 200 and answer.data[0]["id"] == job["id"]
    for path in ("", "/status", "/log", "/response"):
        assert workers.get(f"/jobs/{job['id']}{path}").status == 404
    id = workers.start_job("Sleeper")
    refused = workers.delete(f"/jobs/{id}")
    assert refused.status == 409 and refused.json["code"] == "job_active" and refused.data == []
    put_status(workers, id, "kill")
    assert workers.delete(f"/jobs/{id}").status == 200


def test_a_worker_deleted_between_create_and_start_is_an_error_with_the_reason(workers):
    workers.put_worker("Doomed", "#!/bin/sh\necho hi\n")
    id = workers.create("Doomed")
    assert workers.delete("/workers/Doomed").status == 200
    assert put_status(workers, id, "start").status == 200
    job = workers.job(id)
    assert job["status"] == "error" and "deleted" in job["reason"]


def test_a_running_job_keeps_the_version_it_started_with(workers):
    workers.put_worker("Changing", "#!/bin/sh\necho ready\nwhile [ ! -e go ]; do sleep 0.05; done\necho old\n")
    id = said_ready(workers, workers.start_job("Changing"))
    workers.put_worker("Changing", "#!/bin/sh\necho new\n")
    assert "new" in workers.log(workers.run("Changing")["id"])
    workers.delete("/workers/Changing")
    assert put_status(workers, id, "stop").status == 200
    assert workers.ended(id)["version"] == 1


def test_an_external_process_reports_a_job(workers):
    id = workers.create("Hello")
    assert workers.put(f"/jobs/{id}/pid", "4711").data[0]["pid"] == 4711
    assert put_status(workers, id, "active").data[0]["status"] == "active"
    assert workers.put(f"/jobs/{id}/progress", "42 nearly half").data[0]["progress"] == {"percent": 42, "message": "nearly half"}
    assert put_status(workers, id, "done").data[0]["status"] == "done"
    assert put_status(workers, id, "done").status == 409
    direct = workers.create("Hello")
    job = put_status(workers, direct, "error").data[0]
    assert job["status"] == "error" and job["starttime"] and job["stoptime"]
    stopped = workers.create("Hello")
    put_status(workers, stopped, "active")
    assert put_status(workers, stopped, "stop").data[0]["stop_requested"] is True
    assert put_status(workers, stopped, "done").data[0]["status"] == "stop"


def test_nobody_else_may_report_a_job_that_a_runner_holds(workers):
    id = workers.start_job("Sleeper")
    assert put_status(workers, id, "done").status == 409
    assert workers.put(f"/jobs/{id}/pid", "1").status == 409
    put_status(workers, id, "kill")


def test_numbers_are_kept_within_their_limits(workers):
    id = workers.create("Hello", timeout=0.0001)
    assert workers.job(id)["timeout"] == 0.001  # 0 would be none
    assert workers.put(f"/jobs/{id}/pid", "2147483647").data[0]["pid"] == 2147483647
    assert workers.put(f"/jobs/{id}/pid", "2147483648").status == 422
    assert workers.put(f"/jobs/{id}/progress", " 7  a message ").data[0]["progress"] == {"percent": 7, "message": "a message"}


@pytest.mark.parametrize("number", ["9007199254740993", "-12345678901234567890", "0.30000000000000004", "100", "1.5"])
def test_a_number_reaches_the_worker_as_it_was_sent(workers, number):
    workers.put_worker("Counter", "#!/bin/sh\necho $JOBJOKER_PARAM_n\ncat\n")
    answer = workers.post("/jobs", f'{{"worker":"Counter","start":true,"parameters":{{"n":{number}}}}}')
    id = answer.data[0]["id"]
    workers.ended(id)
    assert workers.log(id) == f'STARTED\n{number}\n{{"n":{number}}}\nENDED\n'
    assert f'"parameters":{{"n":{number}}}' in workers.get(f"/jobs/{id}").text


@pytest.mark.parametrize("status", ["stop", "kill"])
def test_an_idle_job_cannot_be_ended(workers, status):
    answer = put_status(workers, workers.create("Hello"), status)
    assert answer.status == 409 and answer.json["code"] == "job_idle"


@pytest.mark.parametrize("body, status, code", [
    (b"", 400, "json_malformed"),
    (b"{", 400, "json_malformed"),
    (b"[]", 422, "job_invalid"),
    (b'{"worker":"Hello"} x', 400, "json_malformed"),
    (b'{"worker":"Hel\x00lo"}', 400, "json_malformed"),
    (b'{"worker":"Hel\\u0000lo"}', 400, "json_malformed"),
    (b'{"worker":"\xff"}', 400, "json_malformed"),
    (b'{"worker":"Hello","parameters":' + b"[" * 10000 + b"]" * 10000 + b"}", 400, "json_malformed"),
    (b'{"worker":"Hello","worker":"Hello"}', 400, "json_malformed"),
    (b'{"worker":"Hello","parameters":{"a":1,"\\u0061":2}}', 400, "json_malformed"),
    (b'{"worker":"Hello","parameters":{"a":1e999}}', 400, "json_malformed"),
    (b'{"worker":"Hello","parameters":{"a":01}}', 400, "json_malformed"),
    (b'{"worker":"Hello","name":"a\nb"}', 400, "json_malformed"),
    (b'{"worker":7}', 422, "job_invalid"),
    (b'{"worker":"../etc"}', 422, "job_invalid"),
    (b'{"worker":"Nobody"}', 422, "worker_unknown"),
    (b'{"worker":"Hello","parameters":[1]}', 422, "job_invalid"),
    (b'{"worker":"Hello","parameters":"{}"}', 422, "job_invalid"),
    (b'{"worker":"Hello","start":"yes"}', 422, "job_invalid"),
    (b'{"worker":"Hello","timeout":-1}', 422, "job_invalid"),
    (b'{"worker":"Hello","timeout":"1"}', 422, "job_invalid"),
    (b'{"worker":"Hello","name":""}', 422, "job_invalid"),
    (b'{"worker":"Hello","name":"' + b"x" * 201 + b'"}', 422, "job_invalid"),
    (b'{"worker":"Hello","colour":"red"}', 422, "job_invalid"),
    (b'{"worker":"Hello","parameters":{"x":"' + b"x" * (1 << 20) + b'"}}', 413, "body_too_large"),
], ids=range(25))
def test_bad_jobs_are_refused_and_change_nothing(workers, body, status, code):
    before = workers.get("/jobs").json["total"]
    answer = workers.post("/jobs", body)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.json["success"] is False and answer.json["message"]
    assert workers.get("/jobs").json["total"] == before


@pytest.mark.parametrize("id", ["x", "0" * 26 + "0", "8" + "0" * 25, "..", "01M86EA05QK06D5MRW8NYDB81I", "%00", "a%2fb", "a" * 3000])
def test_an_id_that_is_none_is_refused(workers, id):
    for path in (f"/jobs/{id}", f"/jobs/{id}/log"):
        assert 400 <= workers.get(path, "--path-as-is").status < 500


def test_a_job_that_is_not_there_is_404(workers):
    id = "01M86EA05QK06D5MRW8NYDB81Q"
    for method, path, body in (("GET", "", None), ("GET", "/log", None), ("PUT", "/status", "start"), ("PUT", "/pid", "1"),
                               ("PUT", "/progress", "1"), ("POST", "/log", "x"), ("POST", "/response", "x"), ("DELETE", "", None)):
        options = ["-X", method] + (["--data-binary", body] if body else [])
        answer = workers.curl(f"/jobs/{id}{path}", *options)
        assert (answer.status, answer.json["code"]) == (404, "job_unknown"), (method, path)


@pytest.mark.parametrize("path, body", [("status", "run"), ("status", ""), ("status", "st\x00op"), ("pid", "0"), ("pid", "x"),
                                        ("progress", "101"), ("progress", "-1"), ("progress", "x")])
def test_bad_words_are_refused(workers, path, body):
    id = workers.create("Hello")
    assert workers.put(f"/jobs/{id}/{path}", body.encode()).status == 422
    assert workers.job(id)["status"] == "idle"


def test_wait_answers_when_the_job_is_over_and_not_before(workers):
    id = workers.start_job("Sleeper")
    assert workers.get(f"/jobs/{id}?wait=0").data[0]["status"] == "active"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(workers.get, f"/jobs/{id}?wait=60")
        began = time.monotonic()
        put_status(workers, id, "kill")
        assert waiting.result().data[0]["status"] == "stop"
        assert time.monotonic() - began < 30
    for bad in ("61", "-1", "x", ""):
        assert workers.get(f"/jobs/{id}?wait={bad}").status == 400


def test_the_worker_sees_its_job_and_nothing_of_the_server(workers):
    workers.put_worker("Env", "#!/bin/sh\nenv\ncat\nls -l /proc/self/fd\npwd\n")
    job = workers.run("Env", {"text": "a b", "number": 1.5, "yes": True, "list": [1], "bad-name": 1})
    log = workers.log(job["id"])
    assert f"JOBJOKER_ID={job['id']}\n" in log and "JOBJOKER_WORKER=Env\n" in log and "JOBJOKER_ATTEMPT=1\n" in log
    assert "JOBJOKER_PARAM_text=a b\n" in log and "JOBJOKER_PARAM_number=1.5\n" in log and "JOBJOKER_PARAM_yes=true\n" in log
    assert "PARAM_list" not in log and "PARAM_bad" not in log
    assert '{"text":"a b","number":1.5,"yes":true,"list":[1],"bad-name":1}' in log
    assert f"JOBJOKER_API={workers.url}"[:24] in log
    for secret in ("HTTP_", "SERVER_", "JOBJOKER_DATA", workers.token, "jjl_"):
        assert secret not in log


def test_a_job_token_is_good_for_its_own_log_response_and_progress_alone(workers):
    workers.put_worker("Caller", """#!/bin/sh
set -- -s -o /dev/null -w '%{http_code} ' -H "Authorization: Bearer $JOBJOKER_TOKEN"
curl "$@" -d said "$JOBJOKER_API/jobs/$JOBJOKER_ID/log"
curl "$@" -d answered "$JOBJOKER_API/jobs/$JOBJOKER_ID/response"
curl "$@" -X PUT -d 50 "$JOBJOKER_API/jobs/$JOBJOKER_ID/progress"
curl "$@" -X PUT -d done "$JOBJOKER_API/jobs/$JOBJOKER_ID/status"
curl "$@" -X DELETE "$JOBJOKER_API/jobs/$JOBJOKER_ID"
curl "$@" -X POST "$JOBJOKER_API/jobs/$JOBJOKER_ID/report"
curl "$@" "$JOBJOKER_API/jobs"
curl "$@" -d x "$JOBJOKER_API/jobs/$JOBJOKER_PARAM_other/log"
echo
echo "token $JOBJOKER_TOKEN"
""")
    other = workers.create("Hello")
    job = workers.run("Caller", {"other": other})
    assert "201 201 200 403 403 403 403 403" in workers.log(job["id"])
    assert "said" in workers.log(job["id"]) and workers.response(job["id"]) == "answered"
    token = re.search(r"token (\S+)", workers.log(job["id"]))[1]
    dead = workers.curl(f"/jobs/{job['id']}/log", "-d", "late", auth=f"Bearer {token}")
    assert dead.status == 401


def test_a_runner_that_does_not_answer_is_ended_over_its_head(workers):
    id = said_ready(workers, workers.start_job("Tree"))
    with open(f"/proc/{workers.job(id)['pid']}/stat") as f:
        runner = int(f.read().rsplit(")", 1)[1].split()[1])
    os.kill(runner, signal.SIGSTOP)
    answer = put_status(workers, id, "kill")
    assert answer.status == 200 and answer.data[0]["status"] == "stop"
    assert processes_of(workers, id) == []
    assert workers.processes_after(5, of="jobjoker-runner").get(runner) is None


def test_progress_that_says_nothing_has_no_message(workers):
    workers.put_worker("Steps", "#!/bin/sh\necho '::progress 50 half::'\necho '::progress 100::'\n")
    assert workers.run("Steps")["progress"] == {"percent": 100, "message": None}
