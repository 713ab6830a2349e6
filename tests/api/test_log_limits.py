"""The limit of a log, with all parts: what the API shows of a log that is too long, and that its end is there once whatever
becomes of the runner, the disk or the database meanwhile."""
import os
import re
import signal

import pytest

import apache
from apache import kill_and_wait, runner_of, state_of
from store import sqlite_only
from test_faults import fill, small_disk  # noqa: F401: a fixture

LINE = 61  # bytes of each line that is said
NOTICE = r"(?:The log has reached its limit of \d+ bytes|The disk takes no more of the log): from here on only its end is kept, " \
         r"and shown when the job is over\."
MARK = r"\.\.\. (\d+) bytes? \((\d+) lines?\) left out here(, and what the lost runner had not delivered)? \.\.\."
# Says `first` numbered lines, and when somebody writes to its gate `then` more.
FLOODS = """#!/usr/bin/python3
import os, sys
first, then = (int(os.environ["JOBJOKER_PARAM_" + name]) for name in ("first", "then"))
def say(numbers):
    for n in numbers:
        sys.stdout.write("%060d\\n" % n)
    sys.stdout.flush()
say(range(1, first + 1))
os.mkfifo("gate")
with open("gate") as gate:
    gate.read(1)
say(range(first + 1, first + then + 1))
open("said", "w").close()
if os.environ.get("JOBJOKER_PARAM_stays") and int(os.environ["JOBJOKER_ATTEMPT"]) < 2:
    with open("gate") as gate:
        gate.read(1)
"""


def floods(server, first, then, limit, **more):
    server.put_worker("Floods", FLOODS)
    return server.start_job("Floods", {"first": first, "then": then, **more.pop("parameters", {})}, limits={"log": limit}, **more)


def folder_of(server, id):
    return server.data / "run" / id


def let_go(server, id):
    (folder_of(server, id) / "work" / "gate").write_text("go\n")


def is_ready(server, id):
    """It has said the first of its lines."""
    apache.wait_until((folder_of(server, id) / "work" / "gate").exists, 20, "the gate")


def is_kept(server, id, line):
    apache.wait_until(lambda: b"%060d\n" % line in tails(server, id), 20, "the end of the log on disk")


def is_shown(server, id, line):
    apache.wait_until(lambda: "%060d\n" % line in server.log(id), 20, "the beginning of the log")


def is_cut(server, id):
    apache.wait_until(lambda: "has reached its limit" in server.log(id), 20, "the notice")


def tails(server, id):
    return b"".join(p.read_bytes() for p in folder_of(server, id).glob("tail.*"))


def must_be_cut(text, limit, last=None, min_tail=None):
    """Lines from 1 on without a gap, one mark with exact numbers, lines without a gap. Returns the number of the last. A
    runner that was lost before it had delivered what came before the end (the mark says so) may have lost of that."""
    lines, min_tail = text.split("\n"), limit // 4 if min_tail is None else min_tail
    at, = [i for i, line in enumerate(lines) if re.fullmatch(MARK, line)]
    said = [i for i, line in enumerate(lines) if re.fullmatch(NOTICE, line)]
    left_bytes, left_lines, and_more = re.fullmatch(MARK, lines[at]).groups()
    head, tail = ([int(line) for line in part if re.fullmatch(r"\d{60}", line)] for part in (lines[:at], lines[at:]))
    left, kept = tail[0] - 1 - len(head), (len(head) + len(tail)) * LINE
    assert head == list(range(1, len(head) + 1)) and tail == list(range(tail[0], tail[-1] + 1)) and tail[0] > len(head)
    assert kept <= limit and int(left_bytes) == int(left_lines) * LINE and len(tail) * LINE > min_tail - 2 * LINE
    if and_more:
        assert int(left_lines) <= left
    else:
        assert said == [at - 1] and int(left_lines) == left and len(head) * LINE > limit // 2 - 2 * LINE
    assert last is None or tail[-1] == last
    return tail[-1]


def test_a_log_that_is_too_long_is_cut_in_the_middle(server):
    limit = 100000
    id = floods(server, 0, 30000, limit)
    is_ready(server, id)
    let_go(server, id)
    job = server.ended(id)
    text = server.log(id)
    assert job["status"] == "done" and job["log_size"] == len(text) < limit + 400
    assert must_be_cut(text, limit, 30000) and text.endswith("\nENDED\n")
    entries = server.get(f"/jobs/{id}/log?limit=1000").data
    assert [e["stream"] for e in entries[818:]][:5] == ["stdout", "stdout", "system", "system", "stdout"]


def test_the_first_half_is_shown_as_it_is_said(server):
    id = floods(server, 400, 0, 48000)  # 24000 and 12000 and 12000
    is_kept(server, id, 400)
    is_shown(server, id, 393)
    assert "%060d\n" % 394 not in server.log(id) and "left out" not in server.log(id)
    let_go(server, id)
    assert server.ended(id)["status"] == "done"
    assert server.log(id) == "STARTED\n" + "".join("%060d\n" % i for i in range(1, 401)) + "ENDED\n"


def kill_runner(server, id):
    kill_and_wait(runner_of(server, id))
    answer = server.get(f"/jobs/{id}")
    assert answer.data[0]["status"] == "error" and answer.data[0]["reason"] == "runner lost", answer
    assert not folder_of(server, id).exists()


def test_a_runner_that_is_killed_in_the_flood_leaves_the_end_of_the_log(server):
    limit = 2_000_000  # of which both files have several batches
    id = floods(server, 0, 100_000_000, limit)
    is_ready(server, id)
    let_go(server, id)
    is_cut(server, id)
    kill_runner(server, id)
    text = server.log(id)
    assert must_be_cut(text, limit) > limit // LINE
    assert server.log(id) == text and server.job(id)["log_size"] == len(text) < limit + 400


def test_a_runner_that_is_killed_below_the_limit_leaves_all_of_the_log(server):
    id = floods(server, 1200, 0, 100000)
    is_kept(server, id, 1200)
    is_shown(server, id, 819)
    kill_runner(server, id)
    assert server.log(id) == "STARTED\n" + "".join("%060d\n" % i for i in range(1, 1201))


def test_the_end_of_a_log_that_cannot_be_read_for_the_moment_is_kept(server):
    id = floods(server, 1200, 0, 100000)
    is_kept(server, id, 1200)
    is_shown(server, id, 819)
    kill_and_wait(runner_of(server, id))
    kept = folder_of(server, id) / "tail.0"
    kept.chmod(0)
    assert server.get(f"/jobs/{id}").status == 500 and kept.exists()
    kept.chmod(0o600)
    assert server.log(id) == "STARTED\n" + "".join("%060d\n" % i for i in range(1, 1201))


def test_what_was_not_delivered_of_the_beginning_is_told_and_not_counted(server):
    id = floods(server, 1300, 0, 100000)
    is_kept(server, id, 1300)
    is_shown(server, id, 819)
    kill_and_wait(runner_of(server, id))
    kept = folder_of(server, id) / "tail.0"
    kept.write_bytes(re.sub(rb"^before 0 0 \d+\n", b"before 0 0 1000\n", kept.read_bytes()))  # one that never came
    text = server.log(id)
    assert must_be_cut(text, 100000, 1300) and "... 0 bytes (0 lines) left out here, and what" in text


def test_a_lost_job_that_is_started_again_keeps_the_end_of_its_first_log(server):
    limit = 50000
    id = floods(server, 3000, 0, limit, on_lost="requeue", parameters={"stays": True})
    is_kept(server, id, 3000)
    is_cut(server, id)
    kill_and_wait(runner_of(server, id))
    apache.wait_until(lambda: server.job(id)["attempt"] == 2, 20, "the second attempt")
    is_ready(server, id)
    let_go(server, id)
    assert server.ended(id)["status"] == "done"
    first, second = server.log(id).split("STARTED\n")[1:]
    assert must_be_cut("STARTED\n" + first, limit, 3000) == must_be_cut("STARTED\n" + second, limit, 3000) == 3000


def stops(runner):
    """Waits until the runner has stopped itself. False: it has ended."""
    return apache.wait_until(lambda: state_of(runner) in "TZ" and state_of(runner), 30, "the next report") == "T"


def killed_at(server, id, stop, last):
    """Lets the runner go on until it has stopped that often with all of the end on disk, and kills it. False: it ended before."""
    runner = apache.wait_until(lambda: (folder_of(server, id) / "lock").exists() and runner_of(server, id), 20, "the runner")
    let = False
    while stops(runner):
        stop -= b"%060d\n" % last in tails(server, id)
        os.kill(runner, signal.SIGKILL if stop < 0 else signal.SIGCONT)
        if stop < 0:
            apache.wait_until(lambda: state_of(runner) == "Z", 20, "its end")
            return True
        if not let:
            is_ready(server, id)
            let_go(server, id)
            let = True
    return False


@pytest.mark.parametrize("step", ["report-sent", "report-taken"])
def test_a_runner_that_is_killed_while_it_tells_the_end_tells_it_once(new_server, step):
    """It stops itself at each report; in each round it is let go on once more, and killed."""
    server, limit, stop = new_server(settings={"JOBJOKER_STOP_AT": step}), 250000, 0
    while killed_at(server, id := floods(server, 0, 10000, limit), stop, 10000):
        assert server.job(id)["status"] in ("error", "done")
        assert must_be_cut(server.log(id), limit, 10000)
        stop += 1
    assert server.job(id)["status"] == "done" and must_be_cut(server.log(id), limit, 10000)
    assert stop > 4


@sqlite_only  # a server of databases is on another disk
def test_a_disk_that_gets_full_in_the_flood_holds_no_worker(small_disk):  # noqa: F811
    server, limit = small_disk, 400000
    id = floods(server, 4000, 100000, limit)  # the first half is said, and much of the second
    is_kept(server, id, 4000)
    is_shown(server, id, 3278)
    pid = server.job(id)["pid"]
    fill(server)
    let_go(server, id)
    apache.wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 60, "the worker's end")
    assert server.status(id) == "active"
    (server.data / "filler").unlink()
    assert server.ended(id, 60)["status"] == "done"
    assert must_be_cut(server.log(id), limit, 104000, min_tail=20000)


def test_a_database_that_is_locked_in_the_flood_gets_it_afterwards(new_server):
    server, limit = new_server(), 300000
    id = floods(server, 100, 100000, limit)
    is_ready(server, id)
    with server.store.writing():
        let_go(server, id)
        apache.wait_until(lambda: (folder_of(server, id) / "spool").exists(), 30, "the spool")
    assert server.ended(id, 60)["status"] == "done"
    assert must_be_cut(server.log(id), limit, 100100)
