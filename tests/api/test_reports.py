"""POST /jobs/ID/report: who may, what is refused, and that each report counts once."""
import array
import concurrent.futures
import fcntl
import subprocess
import termios

import pytest

import apache

TYPE = "application/x-jobjoker-report"


def record(words, content=b""):
    return f"{words} {len(content)}\n".encode() + content + b"\n"


class Run:
    """A job whose runner is ours: the real one hangs before it says a word."""

    def __init__(self, server):
        self.server = server
        self.id = server.start_job("Held")
        self.lease = (server.data / f"lease-{self.id}").read_text()

    def report(self, *records, type=TYPE, id=None, auth=None):
        return self.server.post(f"/jobs/{id or self.id}/report", b"".join(records), type=type, auth=auth or f"Bearer {self.lease}")


# It keeps the lease, says that it is ready, and lives as long as its job's folder.
RUNNER = """#!/bin/bash
ticket=$(tr '\\0' '\\n' | grep -E '^(id|lease|folder)=')
eval "$(sed "s/=\\(.*\\)/='\\1'/" <<<"$ticket")"
data=${folder%/run/*}
printf %s "$lease" > "$data/lease-$id.new" && mv "$data/lease-$id.new" "$data/lease-$id"
printf R >&3
exec 3>&- {never}<> <(:)
trap '' USR1
while [ -e "$folder/lock" ] && [ ! -e "$data/over" ]; do read -r -t 0.2 -u "$never"; done  # starts no process: there are dozens of these
"""


@pytest.fixture(scope="module")
def silent(installed):
    server = apache.Server(installed)
    runner = server.site / "runner/jobjoker-runner"
    runner.unlink()
    runner.write_text(RUNNER)
    runner.chmod(0o755)
    server.start()
    server.put_worker("Held", "#!/bin/sh\n")
    yield server
    (server.data / "over").touch()
    server.close()


@pytest.fixture
def run(silent):
    r = Run(silent)
    yield r
    silent.delete(f"/jobs/{r.id}")


def test_a_report_is_taken_whole(run):
    answer = run.report(record("report 1"), record("log 1000 system", b"STARTED"), record("pid 4711"), record("log 2000 stdout+", b"a\x00"),
                        record("log 2500 stdout", b"b\xff"), record("response 3000 stdout", b"r"), record("progress 3500 42", b"half"),
                        record("usage 1500 20 4096"))
    assert answer.status == 200 and answer.data == [{"wanted": "run"}]
    job = run.server.job(run.id)
    assert (job["pid"], job["progress"]) == (4711, {"percent": 42, "message": "half"})
    assert job["usage"] == {"cpu_user": 1.5, "cpu_system": 0.02, "max_rss": 4194304, "wall": None, "bytes_read": None,
                            "bytes_written": None, "switches": None, "switches_forced": None}  # as an older runner says it
    assert run.server.get(f"/jobs/{run.id}/log.txt").body == b"STARTED\na\x00b\xff\n"
    assert run.server.response(run.id) == "r"
    assert [(e["time"], e["stream"]) for e in run.server.get(f"/jobs/{run.id}/log").data][0] == ("1970-01-01T00:00:01.000Z", "system")


def test_a_report_counts_once(run):
    for number in (1, 1, 2, 2, 1):
        assert run.report(record(f"report {number}"), record("log 1 stdout", b"line %d" % number)).status == 200
    assert run.server.log(run.id) == "line 1\nline 2\n"


def test_the_last_report_may_be_repeated_and_no_other_follows(run):
    last = [record("report 1"), record("end 5000 failure 3 0", b"exit status 3")]
    assert run.report(*last).status == 200 and run.report(*last).status == 200
    job = run.server.job(run.id)
    assert (job["status"], job["exit_code"], job["signal"], job["reason"]) == ("error", 3, None, "exit status 3")
    late = run.report(record("report 2"), record("log 1 stdout", b"late"))
    assert (late.status, late.json["code"]) == (409, "job_over")
    assert run.server.log(run.id) == ""


@pytest.mark.parametrize("word", ["stop", "kill"])
def test_the_answer_tells_what_is_wanted(run, word):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        ending = pool.submit(run.server.put, f"/jobs/{run.id}/status", word)
        answer = run.report(record("report 1"), record("log 1 stdout", b"x"))
        n = 2
        while answer.data[0]["wanted"] == "run":
            answer = run.report(record(f"report {n}"))
            n += 1
        assert answer.data[0]["wanted"] == word
        assert run.report(record(f"report {n}"), record("end 9 success 0 0")).status == 200
        (run.server.data / f"run/{run.id}/lock").unlink()
        ending.result()
    assert run.server.job(run.id)["status"] == "stop"


@pytest.mark.parametrize("body", [
    b"", b"\n", b"x", b"report", b"report 1", b"report 1 0", b"report 0 0\n\n", b"report -1 0\n\n", b"report x 0\n\n", b"report 1 1\n\n",
    b"report 1 0\nx", b"report 99999999999999999999 0\n\n", b"log 1 stdout 0\n\n", b"report 1 0 0\n\n", b"report  1 0\n" , b"\x00" * 100,
    record("report 1") + record("report 2"), record("report 1") + b"log 1 stdout 5\nabc\n", record("report 1") + record("log 1 nowhere"),
    record("report 1") + record("log -1 stdout"), record("report 1") + record("progress 1 101"), record("report 1") + record("pid 0"),
    record("report 1") + record("end 1 perhaps 0 0"), record("report 1") + record("end 1 success 256 0"),
    record("report 1") + record("end 1 success 0 0") + record("log 1 stdout", b"after the end"),
    record("report 1") + record("end 1 success 0 0") * 2, record("report 1") + b"log 1 stdout 99999999999\nx\n", b"report 1 0\n\n" + b"l" * 5000,
], ids=range(28))
def test_a_broken_report_is_refused_and_changes_nothing(run, body):
    good = record("report 1") + record("log 1 stdout", b"good")
    refused = run.report(body)
    assert (refused.status, refused.json["code"]) == (400, "report_malformed"), refused
    assert run.server.log(run.id) == "" and run.server.job(run.id)["status"] == "active"
    assert run.report(good).status == 200 and run.server.log(run.id) == "good\n"


def test_only_the_runner_of_the_job_may_report(run):
    silent, report = run.server, record("report 1")
    other = Run(silent)
    assert run.report(report, type="text/plain").status == 415
    assert run.report(report, id=other.id).status == 403
    assert run.report(report, auth="token").status == run.report(report, auth="basic").status == 403
    assert run.report(report, auth=f"Bearer {run.lease[:-1]}").status == 401
    assert silent.get(f"/jobs/{run.id}", auth=f"Bearer {run.lease}").status == 403
    assert silent.put(f"/jobs/{run.id}/status", "done", auth=f"Bearer {run.lease}").status == 403
    assert silent.get(f"/jobs/{run.id}/log", auth=f"Bearer {run.lease}").status == 200
    other.report(record("report 1"), record("end 1 success 0 0"))


def test_a_report_over_a_megabyte_is_refused(run):
    assert run.report(record("report 1"), record("log 1 stdout", b"x" * (1 << 20))).status == 413
    assert run.report(record("report 1"), record("log 1 stdout", b"x" * 1000000)).status == 200


def test_a_report_of_an_attempt_that_was_lost_meanwhile_is_refused(silent):
    """Its runner was there still when the program looked at the lease; the next one has the job when the report is whole."""
    id = silent.start_job("Held", on_lost="requeue")
    stale = (silent.data / f"lease-{id}").read_text()
    body = record("report 9") + record("log 1 stdout", b"of the first attempt") + record("end 1 success 0 0")
    environment = {
        "PATH": apache.PATH, "JOBJOKER_DATA": str(silent.data), "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST",
        "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SCRIPT_NAME": "/cgi-bin/jobjoker.cgi",
        "PATH_INFO": f"/jobs/{id}/report", "QUERY_STRING": "", "CONTENT_TYPE": TYPE, "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": f"Bearer {stale}", "HTTP_ACCEPT": "text/plain"}
    program = subprocess.Popen(apache.as_user() + [str(silent.site / "cgi-bin/jobjoker.cgi")], env=environment,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    program.stdin.write(body[:9])
    program.stdin.flush()
    apache.wait_until(lambda: unread(program.stdin) == 0, 20, "the program to have read, and so to have checked the lease")
    apache.kill_and_wait(int((silent.data / f"run/{id}/lock").read_text().split()[0]))
    assert silent.job(id)["attempt"] == 2
    lease = (silent.data / f"lease-{id}").read_text()
    answer, _ = program.communicate(body[9:], 30)
    assert lease != stale and answer.startswith(b"Status: 409 ")
    report = lambda *records: silent.post(f"/jobs/{id}/report", b"".join(records), type=TYPE, auth=f"Bearer {lease}")
    assert report(record("report 1"), record("log 2 stdout", b"of the second")).status == 200
    assert silent.log(id) == "LOST: runner lost. This is attempt 2.\nof the second\n" and silent.status(id) == "active"
    assert report(record("report 2"), record("end 3 success 0 0")).status == 200


def unread(pipe):
    """How many bytes stand in it."""
    number = array.array("i", [0])
    fcntl.ioctl(pipe.fileno(), termios.FIONREAD, number)
    return number[0]
