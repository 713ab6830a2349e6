"""The runner alone, with real processes: it is started as the program starts it (descriptors 0 to 4, the lock held), and
delivers to a stand-in for the program that answers as it is told."""
import contextlib
import fcntl
import os
import pathlib
import re
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time

import pytest

BUILD = pathlib.Path(os.environ.get("JOBJOKER_BUILD", pathlib.Path(__file__).resolve().parents[2]))
RUNNER = BUILD / "runner" / "jobjoker-runner"
ID = "01M86EA05QK06D5MRW8NYDB81Q"

# Keeps each report it is given, and answers with the first line of `answers` (the last one stays): STATUS WORD; "lost"
# takes the report and answers nothing, "hold STATUS WORD" waits for a file named release.
PROGRAM = """#!{python}
import fcntl, os, pathlib, sys, time
here = pathlib.Path({folder!r})
answers = (here / "answers").read_text().split("\\n")
if len(answers) > 1:
    (here / "answers.new").write_text("\\n".join(answers[1:]))
    os.rename(here / "answers.new", here / "answers")
body = sys.stdin.buffer.read()
assert len(body) == int(os.environ["CONTENT_LENGTH"])
assert os.environ["HTTP_AUTHORIZATION"] == "Bearer the-lease" and os.environ["PATH_INFO"] == "/jobs/{id}/report"
assert os.environ["CONTENT_TYPE"] == "application/x-jobjoker-report" and os.environ["JOBJOKER_DATA"] == "kept"
try:
    fcntl.flock(os.open(here / "run" / "lock", os.O_RDWR), fcntl.LOCK_SH | fcntl.LOCK_NB)
    sys.exit("nobody holds the lock")
except BlockingIOError:
    pass
status, _, word = answers[0].partition(" ")
if status == "hold":
    (here / "held").touch()
    while not (here / "release").exists():
        time.sleep(0.01)
    status, _, word = word.partition(" ")
taken = status in ("200", "lost")
number = len(list(here.glob("report-*")))
(here / "body").write_bytes(body)
os.rename(here / "body", here / ("report-%06d" % number if taken else "refused-%d" % time.monotonic_ns()))
if status == "lost":
    sys.exit(1)
print("Status: %s X\\r\\nContent-Type: text/plain\\r\\n\\r\\n%s" % (status, word))
"""


class Run:
    """One runner. `with Run(tmp_path, script) as run: run.wait()`"""

    def __init__(self, folder, script, answers="200 run", program=PROGRAM, code=None, kind="script", before=(), **ticket):
        self.command = [*before, str(RUNNER)]
        self.folder = pathlib.Path(folder)
        self.run = self.folder / "run"
        self.run.mkdir()
        (self.folder / "answers").write_text(answers)
        self.program = self.folder / "program"
        self.program.write_text(program.format(python=sys.executable, folder=str(self.folder), id=ID))
        self.program.chmod(0o700)
        self.code = self.folder / "Worker"
        if script is not None:
            self.code.write_bytes(script if isinstance(script, bytes) else script.encode())
            self.code.chmod(0o700)
        self.ticket = {
            "id": ID, "worker": "Worker", "kind": kind, "code": code or str(self.code), "folder": str(self.run), "lease": "the-lease",
            "token": "the-token", "api": "http://127.0.0.1:1", "program": str(self.program), "attempt": "1", "timeout_ms": "0",
            "grace_ms": "5000", "php": "php", "path": "/usr/local/bin:/usr/bin:/bin", "parameters": "{}", "setting.JOBJOKER_DATA": "kept",
            **{k.replace("__", "."): str(v) for k, v in ticket.items()}}

    def __enter__(self):
        with tempfile.TemporaryFile() as ticket:
            ticket.write(b"".join(f"{k}={v}\0".encode() for k, v in self.ticket.items()))
            ticket.seek(0)
            self.lock = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self.lock, fcntl.LOCK_EX)
            self.ready, write_end = os.pipe()
            log = open(self.folder / "runner.log", "ab")
            fds = [ticket.fileno(), log.fileno(), log.fileno(), write_end, self.lock]
            # High copies first, so that none is written over before it is placed.
            placed = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in fds]
            actions = [(os.POSIX_SPAWN_DUP2, fd, i) for i, fd in enumerate(placed)]
            self.pid = os.posix_spawn(self.command[0], self.command, {}, file_actions=actions, setsid=True)
            for fd in placed + [write_end]:
                os.close(fd)
            log.close()
        os.close(self.lock)  # now it is the runner's alone
        self.pidfd = os.pidfd_open(self.pid)
        return self

    def __exit__(self, *error):
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            tree = descendants(self.pid)
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            for pid in tree:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.pidfd)
        os.close(self.ready)

    def wait(self, seconds=30):
        assert select.select([self.pidfd], [], [], seconds)[0], "the runner does not end: " + self.log()
        assert os.waitpid(self.pid, 0)[1] == 0, self.log()

    def log(self):
        return (self.folder / "runner.log").read_text()

    def signal(self, number):
        signal.pidfd_send_signal(self.pidfd, number)

    def answer(self, text):
        (self.folder / "answers.new").write_text(text)
        os.rename(self.folder / "answers.new", self.folder / "answers")

    def reports(self):
        return [p.read_bytes() for p in sorted(self.folder.glob("report-*"))]

    def records(self):
        return [r for body in self.reports() for r in parse(body)]

    def text(self, stream=None):
        """The log as the API would give it; of one stream when it is named."""
        out = []
        for words, data in self.records():
            if words[0] == "log" and (stream is None or words[2].rstrip("+") == stream):
                out += [data] if words[2].endswith("+") else [data, b"\n"]
        return b"".join(out)

    def end(self):
        (words, reason), = [r for r in self.records() if r[0][0] == "end"]
        return {"outcome": words[2], "exit": int(words[3]), "signal": int(words[4]), "reason": reason.decode()}

    def until(self, condition, seconds=20):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it does not come: " + self.log()
            select.select([self.pidfd], [], [], 0.02)

    def held(self):
        fd = os.open(self.run / "lock", os.O_RDWR)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        finally:
            os.close(fd)


def parse(body):
    records, at = [], 0
    while at < len(body):
        newline = body.index(b"\n", at)
        words = body[at:newline].decode().split(" ")
        at = newline + 1 + int(words[-1])
        assert body[at:at + 1] == b"\n"
        records.append((words, body[newline + 1:at]))
        at += 1
    assert records[0][0][0] == "report" and all(r[0][0] != "report" for r in records[1:])
    return records


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def descendants(root):
    parents = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/stat") as f:
                parents[int(pid)] = int(f.read().rsplit(")", 1)[1].split()[1])
    found, level = [], [root]
    while level:
        level = [pid for pid, parent in parents.items() if parent in level]
        found += level
    return found


def is_free(path):
    """Has everybody who inherited the lock on this file ended?"""
    with open(path, "w") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False


def children_named(mark):
    """Living processes whose command line holds `mark`."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if mark.encode() in f.read() and alive(pid):
                    found.append(int(pid))
    return found


def run_with_one_report(tmp_path, script):
    """A report goes when it is 200 ms old: a worker that a busy machine takes longer for makes two, now and then."""
    for n in range(20):
        folder = tmp_path / str(n)
        folder.mkdir()
        with Run(folder, script) as run:
            assert select.select([run.ready], [], [], 10)[0] and os.read(run.ready, 2) == b"R"
            run.wait()
        if len(run.reports()) == 1:
            return run
    raise AssertionError(f"each time {run.reports()}")


def test_a_short_worker_makes_one_report(tmp_path):
    run = run_with_one_report(tmp_path, "#!/bin/sh\necho out\necho err >&2\n")
    (report,) = run.reports()
    verbs = [words[0] for words, _ in parse(report)]
    assert verbs[:3] == ["report", "log", "pid"] and verbs[-3:] == ["usage", "log", "end"]
    assert run.end() == {"outcome": "success", "exit": 0, "signal": 0, "reason": ""}
    assert run.text("stdout") == b"out\n" and run.text("stderr") == b"err\n" and run.text("system") == b"STARTED\nENDED\n"
    assert not run.run.exists()


@pytest.mark.parametrize("script, end", [
    ("#!/bin/sh\nexit 3\n", ("failure", 3, 0, "exit status 3")),
    ("#!/bin/sh\nkill -KILL $$\n", ("failure", -1, 9, "killed by SIGKILL (Killed)")),
    ("#!/bin/sh\necho '::error::out of%0Atime'\nexit 1\n", ("failure", 1, 0, "out of\ntime")),
    ("#!/bin/sh\necho '::error::but well'\n", ("success", 0, 0, "")),
    ("#!/no/interpreter\n", ("failure", -1, 0, "the worker could not be started: the interpreter that its first line names is not there")),
    (None, ("failure", -1, 0, "the worker could not be started: No such file or directory")),
])
def test_the_end_says_how_and_why(tmp_path, script, end):
    with Run(tmp_path, script) as run:
        run.wait()
    assert tuple(run.end().values()) == end


@pytest.mark.parametrize("script, mode, reason", [
    ("#!/bin/sh\nkill -34 $$\n", 0o700, "killed by signal 34"),
    ("#!/bin/sh\nkill -SEGV $$\n", 0o700, "killed by SIGSEGV (Segmentation fault)"),
    ("#!/bin/sh\n", 0o600, "the worker could not be started: Permission denied"),
    ("no first line\n", 0o700, "the worker could not be started: Exec format error"),
])
def test_what_went_wrong_is_said(tmp_path, script, mode, reason):
    run = Run(tmp_path, script)
    run.code.chmod(mode)
    with run:
        run.wait()
    assert run.end()["outcome"] == "failure" and run.end()["reason"] == reason
    assert run.text("system") == b"STARTED\nENDED\n"


def test_commands_do_what_they_say(tmp_path):
    lines = ["plain", "::log::two%0Alines %25", "::response::answer", "::progress 42 half way::", "::progress 7::", "::add-mask::hush",
             "say hush now", "::log::hush%0Ahush", "::stop-commands::end-it", "::response::no", "::end-it::", "::response::yes",
             "::unknown::thing", "::progress 101::", "::group::G", "::endgroup::"]
    with Run(tmp_path, "#!/bin/sh\ncat <<'EOF'\n" + "\n".join(lines) + "\nEOF\n") as run:
        run.wait()
    assert run.text("stdout").decode().split("\n")[:-1] == [
        "plain", "two", "lines %", "say *** now", "***", "***", "::response::no", "::unknown::thing", "::progress 101::", "::group::G", "::endgroup::"]
    assert [d for w, d in run.records() if w[0] == "response"] == [b"answer", b"yes"]
    assert [(w[2], d) for w, d in run.records() if w[0] == "progress"] == [("42", b"half way"), ("7", b"")]


def test_a_secret_is_masked_where_a_long_line_is_cut(tmp_path):
    with Run(tmp_path, "#!/bin/sh\necho ::add-mask::SECRETSECRET\nhead -c 65530 /dev/zero | tr '\\0' x\necho SECRETSECRET\n") as run:
        run.wait()
    assert run.text("stdout") == b"x" * 65530 + b"***\n"


def say(folder, data):
    """A worker that says these bytes."""
    (folder / "said").write_bytes(data if isinstance(data, bytes) else data.encode())
    return f"#!/bin/sh\ncat {folder}/said\n"


@pytest.mark.parametrize("command", ["", "::log::"])
def test_a_long_line_comes_out_as_if_it_had_not_been_cut(tmp_path, command):
    secret, shown = ("100%sure", "100%25sure") if command else ("s3cret-s3cret", "s3cret-s3cret")
    tail, plain = ("%25%0D" * 9, "%\r" * 9) if command else ("%25%0D" * 9,) * 2
    lines, expected = "::add-mask::" + secret.replace("%", "%25") + "\n", ""
    for size in range(65536 - len(command) - 70, 65536 - len(command) + 3, 1):
        lines += f"{command}{'x' * size}{tail}{shown}{shown}{tail}\n"
        expected += f"{'x' * size}{plain}******{plain}\n"
    with Run(tmp_path, say(tmp_path, lines)) as run:
        run.wait()
    assert run.text("stdout").decode() == expected


def test_no_line_breaks_between_entries_are_made_up(tmp_path):
    with Run(tmp_path, say(tmp_path, "a" * 65536 + "\n" + "b" * 65537 + "\n" + "c" * 65536)) as run:
        run.wait()
    assert [(w[2], len(d)) for w, d in run.records() if w[0] == "log" and w[2] != "system"] == [
        ("stdout", 65536), ("stdout+", 65536), ("stdout", 1), ("stdout", 65536)]


def test_the_longest_secret_counts_and_each_line_of_it(tmp_path):
    lines = "::add-mask::abc\n::add-mask::abcdef\n::add-mask::one%0Atwo%0D%0A\n::add-mask::\nabcdef abcd abc ab\none\n::log::xtwo%0Aone\n"
    with Run(tmp_path, say(tmp_path, lines)) as run:
        run.wait()
    assert run.text("stdout") == b"*** ***d *** ab\n***\nx***\n***\n"


def test_of_secrets_that_overlap_none_is_shown_in_part(tmp_path):
    secrets = "::add-mask::user:pass\n::add-mask::pass@host\n::add-mask::host.example\n"
    cut = "x" * (65536 - 10) + "user:pass@host.example"
    with Run(tmp_path, say(tmp_path, secrets + "at user:pass@host.example now\nuser:passpass@host\n" + cut + "\n")) as run:
        run.wait()
    assert run.text("stdout") == b"at *** now\n******\n" + b"x" * (65536 - 10) + b"***\n"


def test_a_title_is_decoded_and_hides_secrets_as_other_texts_do(tmp_path):
    lines = "::add-mask::100%25sure\n::group::of 100%25sure %25\r\n::group::" + "g" * 70000 + "%25\n::endgroup::\n"
    with Run(tmp_path, say(tmp_path, lines)) as run:
        run.wait()
    assert run.text("stdout") == b"::group::of *** %\n::group::" + b"g" * 70000 + b"%\n::endgroup::\n"


def test_what_the_ticket_brings_is_hidden_from_the_start(tmp_path):
    said = 'printf "%s\\n" "$KEY"; cat "$PEM_FILE"; head -c 65530 /dev/zero | tr "\\0" x; echo "$KEY"; echo "$KEY" >&2; echo "::error::$KEY"; ls "$PEM_FILE"\n'
    with Run(tmp_path, "#!/bin/sh\n" + said + "exit 1\n", secret__KEY="s3cret-s3cret", secret_file__PEM="line one\nline two\n") as run:
        run.wait()
    assert run.text("stdout").decode() == "***\n***\n***\n" + "x" * 65530 + f"***\n{run.run}/secrets/PEM\n"
    assert run.text("stderr") == b"***\n***\n" and run.end()["reason"] == "***"
    assert not run.run.exists() and "s3cret" not in run.log()


def test_a_secret_that_is_no_file_name_becomes_no_file(tmp_path):
    with Run(tmp_path, "#!/bin/sh\necho ran\n", **{"secret_file.../x": "value"}) as run:
        run.wait()
    assert run.end()["reason"].startswith("the worker could not be started: its secrets: ") and not (tmp_path / "x").exists()


def test_secrets_made_of_stars_do_not_multiply(tmp_path):
    with Run(tmp_path, say(tmp_path, "".join(f"::add-mask::{'*' * (1 + i % 3)}\n" for i in range(90)) + "*" * 6000 + "\n")) as run:
        run.wait()
    assert run.text("stdout") == b"***\n"


def test_a_secret_that_cannot_be_hidden_is_told_and_not_shown_at_once(tmp_path):
    with Run(tmp_path, say(tmp_path, "::add-mask::" + "k" * 200000 + "\nafter\n::add-mask::" + "m" * 5000 + "\n")) as run:
        run.wait()
    assert run.text("stdout") == b"after\n"
    assert run.text("system").count(b"A secret is not hidden") == 2


def test_a_secret_is_hidden_in_the_reason_also_where_that_is_cut(tmp_path):
    with Run(tmp_path, "#!/bin/sh\necho ::add-mask::SECRETSECRET\n" f"echo '::error::{'x' * 495}SECRETSECRET'\nexit 1\n") as run:
        run.wait()
    assert run.end()["reason"] == "x" * 495 + "***"


def test_a_long_error_stays_on_its_stream(tmp_path):
    with Run(tmp_path, say(tmp_path, "::error::" + "e" * 150000 + "\nnext\n")) as run:
        run.wait()
    assert run.text("stderr") == b"e" * 150000 + b"\n" and run.text("stdout") == b"next\n"


def test_a_token_that_nobody_could_say_stops_no_commands(tmp_path):
    lines = f"::stop-commands::\n::stop-commands::{'t' * 128}\n::response::yes\n"
    with Run(tmp_path, say(tmp_path, lines)) as run:
        run.wait()
    assert [d for w, d in run.records() if w[0] == "response"] == [b"yes"]
    assert run.text("stdout") == lines.encode()[:-len("::response::yes\n")]


def test_bytes_are_kept(tmp_path):
    with Run(tmp_path, b"#!/bin/sh\nprintf 'a\\000\\377b\\r\\n\\nlast'\n") as run:
        run.wait()
    assert run.text("stdout") == b"a\x00\xffb\r\n\nlast\n"


def test_a_long_response_comes_in_parts_that_fit_together(tmp_path):
    with Run(tmp_path, "#!/bin/sh\nprintf ::response::\nhead -c 200000 /dev/zero | tr '\\0' z\nprintf '%%25%%0Aend\\n'\n") as run:
        run.wait()
    parts = [(w[2], d) for w, d in run.records() if w[0] == "response"]
    assert b"".join(d for _, d in parts) == b"z" * 200000 + b"%\nend"
    assert [s for s, _ in parts] == ["stdout+"] * (len(parts) - 1) + ["stdout"] and all(len(d) <= 65536 for _, d in parts)


def peak_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read())[1])


@pytest.mark.skipif("ASAN" in os.environ.get("JOBJOKER_BUILD", "").upper() or "sanitizers" in os.environ.get("JOBJOKER_BUILD", ""),
                    reason="a sanitizer's memory is its own")
def test_memory_stays_flat_for_100_mb_in_one_line(tmp_path):
    counting = "#!/bin/sh\ntr -dc x | wc -c >>'{folder}/sizes'\nprintf 'Status: 200 X\\r\\n\\r\\n'; cat '{folder}/answers'\n"
    with Run(tmp_path, "#!/bin/sh\nhead -c 100000000 /dev/zero | tr '\\0' x\nsleep 600\n", program=counting) as run:
        sizes = tmp_path / "sizes"
        said = lambda: sum(map(int, sizes.read_text().split())) if sizes.exists() else 0  # noqa: E731
        run.until(lambda: said() > 100000000 - 65536, 90)  # the last part waits for the end of its line
        assert peak_kib(run.pid) < 4096
        run.answer("kill\n")
        run.signal(signal.SIGUSR1)
        run.wait()
        assert said() == 100000000


def test_streams_that_close_early_do_not_end_the_job(tmp_path):
    with Run(tmp_path, f"#!/bin/sh\nexec >&- 2>&-\nwhile [ ! -e {tmp_path}/go ]; do sleep 0.02; done\nexit 5\n") as run:
        assert select.select([run.ready], [], [], 10)[0]
        assert run.held() and not any(w[0] == "end" for w, _ in run.records())
        (tmp_path / "go").touch()
        run.wait()
    assert run.end()["exit"] == 5


def ready_in(run, seconds=20):
    run.until(lambda: any(b"\nready\n" in r for r in run.reports()), seconds)


@pytest.mark.parametrize("word", ["stop", "kill"])
def test_the_answer_tells_what_is_wanted(tmp_path, word):
    mark = f"6{os.getpid()}{len(word)}{word.count('o')}"
    with Run(tmp_path, f"#!/bin/sh\nsetsid sleep {mark}1 &\n(sleep {mark}2 & )\necho ready\nsleep {mark}3\n") as run:
        ready_in(run)
        run.answer(f"200 {word}")
        run.signal(signal.SIGUSR1)
        run.wait()
    assert run.end()["outcome"] == "killed"
    assert children_named(f"sleep\0{mark}") == []


def test_what_ignores_sigterm_is_killed_when_the_grace_is_over(tmp_path):
    with Run(tmp_path, "#!/bin/sh\ntrap '' TERM\necho ready\nwhile :; do sleep 0.05; done\n", grace_ms=200) as run:
        ready_in(run)
        run.answer("200 stop")
        run.signal(signal.SIGUSR1)
        run.wait()
    assert run.end() == {"outcome": "killed", "exit": -1, "signal": 9, "reason": "killed"}


def test_a_worker_may_clean_up_within_the_grace(tmp_path):
    with Run(tmp_path, "#!/bin/sh\ntrap 'echo cleaning; exit 0' TERM\necho ready\nwhile :; do sleep 0.05; done\n") as run:
        ready_in(run)
        run.answer("200 stop")
        run.signal(signal.SIGUSR1)
        run.wait()
    assert b"cleaning\n" in run.text() and run.end()["outcome"] == "killed"


def test_a_fork_loop_is_killed(tmp_path):
    mark = f"7{os.getpid()}1"
    script = f"#!/bin/sh\ntrap '' TERM\nspawn() {{ while :; do setsid sleep {mark} & done; }}\nulimit -u 3000 2>/dev/null\n" \
             f"echo ready\ni=0\nwhile [ $i -lt 200 ]; do setsid sleep {mark} & i=$((i+1)); done\necho all\nwait\n"
    with Run(tmp_path, script) as run:
        ready_in(run)
        run.answer("200 kill")
        run.signal(signal.SIGUSR1)
        run.wait()
    assert children_named(f"sleep\0{mark}") == []


def keeps_a_lock(folder, script):
    """A worker all of whose processes inherit a lock, so that it can be seen when the last of them is gone."""
    return f"#!/bin/sh\nexec 7>{folder}/alive\nflock 7\n{script}"


def test_a_tree_that_grows_is_killed(tmp_path):
    script = "grow() { [ $1 -gt 9 ] && exec sleep 600; grow $(($1+1)) & grow $(($1+1)) & echo more; wait; }\ntrap '' TERM\necho ready\ngrow 1\n"
    with Run(tmp_path, keeps_a_lock(tmp_path, script)) as run:
        ready_in(run)
        run.answer("200 kill")
        run.signal(signal.SIGUSR1)
        run.wait()
    assert is_free(tmp_path / "alive") and run.end()["outcome"] == "killed"


def test_what_only_forks_and_ends_is_killed(tmp_path):
    (tmp_path / "comet.py").write_text("import os\nos.setsid()\nwhile True:\n    if os.fork():\n        os._exit(0)\n")
    with Run(tmp_path, keeps_a_lock(tmp_path, f"{sys.executable} -S {tmp_path}/comet.py &\necho ready\nexec sleep 600\n")) as run:
        ready_in(run)
        run.answer("200 kill")
        run.signal(signal.SIGUSR1)
        run.wait()
    assert is_free(tmp_path / "alive")


def test_a_process_whose_first_thread_ended_is_no_corpse(tmp_path):
    (tmp_path / "thread.py").write_text(
        "import ctypes, os, pathlib, threading, time\n"
        "def live():\n"
        "    while open('/proc/self/stat').read().rsplit(')', 1)[1].split()[0] != 'Z': time.sleep(0.01)\n"
        f"    pathlib.Path('{tmp_path}/zombie').touch()\n"
        "    time.sleep(600)\n"
        "threading.Thread(target=live).start()\n"
        "ctypes.CDLL(None).pthread_exit(None)\n")
    wait = f"while [ ! -e {tmp_path}/zombie ]; do sleep 0.02; done\n"
    with Run(tmp_path, keeps_a_lock(tmp_path, f"setsid {sys.executable} {tmp_path}/thread.py >/dev/null 2>&1 &\n{wait}")) as run:
        run.wait()
    assert is_free(tmp_path / "alive") and run.end()["outcome"] == "success"


def test_who_is_stopped_is_woken_to_end_well(tmp_path):
    with Run(tmp_path, "#!/bin/sh\ntrap 'echo cleaning; exit 0' TERM\necho ready\nkill -STOP $$\nwhile :; do sleep 0.05; done\n", grace_ms=60000) as run:
        ready_in(run)
        run.until(lambda: any("\nState:\tT" in pathlib.Path(f"/proc/{pid}/status").read_text() for pid in descendants(run.pid)))
        run.answer("200 stop")
        run.signal(signal.SIGUSR1)
        run.wait()
    assert b"cleaning\n" in run.text()


def test_an_outsider_that_holds_a_stream_does_not_hold_the_job(tmp_path):
    with Run(tmp_path, f"#!/bin/sh\necho ready\nwhile [ ! -e {tmp_path}/go ]; do sleep 0.02; done\necho last\n") as run:
        ready_in(run)
        worker = next(int(w[1]) for w, _ in run.records() if w[0] == "pid")
        held = [os.open(f"/proc/{worker}/fd/{fd}", os.O_WRONLY) for fd in (1, 2)]
        (tmp_path / "go").touch()
        run.wait()
        for fd in held:
            os.close(fd)
    assert run.text("stdout") == b"ready\nlast\n" and run.end()["outcome"] == "success"


def test_a_daemon_ends_with_its_job(tmp_path):
    mark = f"8{os.getpid()}1"
    with Run(tmp_path, f"#!/bin/sh\nsetsid sh -c 'trap \"\" TERM; exec sleep {mark}' >/dev/null 2>&1 &\n"
             f"until pgrep -f 'sleep {mark}' >/dev/null; do sleep 0.02; done\n") as run:
        run.wait()
    assert run.end()["outcome"] == "success" and children_named(f"sleep\0{mark}") == []


def test_a_timeout_ends_the_job_as_a_failure(tmp_path):
    with Run(tmp_path, "#!/bin/sh\nexec sleep 600\n", timeout_ms=200) as run:
        run.wait()
    assert run.end() == {"outcome": "failure", "exit": -1, "signal": 15, "reason": "timeout: it ran for 0.2 s"}


def test_a_limit_above_what_the_runner_may_have_itself_is_that(tmp_path):
    with Run(tmp_path, "#!/bin/sh\nulimit -n\nulimit -Hn\n", before=["/usr/bin/prlimit", "--nofile=256:512"], limit__files=1000) as run:
        run.wait()
    assert run.end()["outcome"] == "success" and run.text("stdout") == b"512\n512\n", run.end()


def test_a_runner_that_is_asked_to_end_takes_its_worker_with_it(tmp_path):
    with Run(tmp_path, "#!/bin/sh\necho ready\nexec sleep 600\n") as run:
        ready_in(run)
        run.signal(signal.SIGTERM)
        run.wait()
    assert run.end()["outcome"] == "failure" and "SIGTERM" in run.end()["reason"]


def test_a_killed_runner_takes_its_worker_with_it(tmp_path):
    with Run(tmp_path, "#!/bin/sh\necho ready\nexec sleep 600\n") as run:
        ready_in(run)
        worker = next(int(w[1]) for w, _ in run.records() if w[0] == "pid")
        assert alive(worker)
        run.signal(signal.SIGKILL)
        run.until(lambda: not alive(worker))
        assert not run.held()


def test_what_cannot_be_delivered_is_kept_and_comes_once_and_in_order(tmp_path):
    with Run(tmp_path, "#!/bin/sh\nseq 1 20000\necho ready\nwhile [ ! -e go ]; do sleep 0.02; done\nseq 20001 30000\n",
             answers="\n".join(["500 x"] * 4 + ["503 x", "lost", "200 run"])) as run:
        ready_in(run)
        (run.run / "work" / "go").touch()
        run.wait()
    numbers = [int(parse(r)[0][0][1]) for r in run.reports()]
    once = sorted(set(numbers))
    assert once == list(range(1, len(once) + 1)) and numbers.count(1) == 2  # the one whose answer was lost
    seen, lines = set(), []
    for report in run.reports():
        number = parse(report)[0][0][1]
        if number not in seen:
            lines += [d for w, d in parse(report) if w[0] == "log" and w[2] == "stdout"]
        seen.add(number)
    lines.remove(b"ready")
    assert lines == [b"%d" % i for i in range(1, 30001)]
    assert not run.run.exists()


# Appends what it takes to one file; `answers` holds 500, or the word.
QUICK = """#!/bin/sh
read answer <'{folder}/answers'
if [ "$answer" = 500 ]; then cat >/dev/null; printf 'Status: 500 X\\r\\n\\r\\n'; exit; fi
cat >>'{folder}/all'
printf 'Status: 200 X\\r\\n\\r\\n%s\\n' "$answer"
"""


def ends_with(path, data):
    if not path.exists():
        return False
    with path.open("rb") as f:
        f.seek(max(0, path.stat().st_size - 4096))
        return data in f.read()


def test_memory_stays_flat_for_a_million_lines_delivered_or_not(tmp_path):
    with Run(tmp_path, "#!/bin/sh\nseq 1 1000000\nexec sleep 600\n", program=QUICK, answers="500\n") as run:
        run.until(lambda: ends_with(run.run / "spool", b"\n1000000\n"), 60)
        run.answer("run\n")
        run.until(lambda: ends_with(tmp_path / "all", b"\n1000000\n"), 60)
        if "sanitizers" not in str(BUILD):
            assert peak_kib(run.pid) < 4096
        run.answer("kill\n")
        run.signal(signal.SIGUSR1)
        run.wait()
    lines = re.findall(rb"^log \d+ stdout \d+\n(.*)\n", (tmp_path / "all").read_bytes(), re.M)
    assert lines == [b"%d" % i for i in range(1, 1000001)]


def test_a_full_disk_holds_the_worker_and_loses_nothing(tmp_path):
    run = Run(tmp_path, f"#!/bin/sh\nseq 1 60000\ntouch {tmp_path}/over\n", answers="500 x")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000000, limits[1]))  # what the runner starts with
    try:
        run.__enter__()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    with contextlib.closing(contextlib.ExitStack()) as stack:
        stack.push(run.__exit__)
        run.until(lambda: (run.run / "spool").exists() and (run.run / "spool").stat().st_size > 800000)
        run.until(lambda: len(list(tmp_path.glob("refused-*"))) > 2)
        assert not (tmp_path / "over").exists()
        run.answer("200 run")
        run.wait()
    assert run.text("stdout") == b"".join(b"%d\n" % i for i in range(1, 60001))
    assert [int(parse(r)[0][0][1]) for r in run.reports()] == list(range(1, len(run.reports()) + 1))


def test_what_a_killed_runner_did_not_deliver_stands_in_its_spool(tmp_path):
    with Run(tmp_path, "#!/bin/sh\nseq 1 30000\nexec sleep 600\n", answers="500 x") as run:
        spool = run.run / "spool"
        run.until(lambda: spool.exists() and b"\n30000\n" in spool.read_bytes())
        run.signal(signal.SIGKILL)
        run.until(lambda: not run.held())
    reports = [b"report " + part for part in re.split(rb"^report ", spool.read_bytes(), flags=re.M)[1:]]
    assert [int(parse(r)[0][0][1]) for r in reports] == list(range(1, len(reports) + 1))
    assert [d for r in reports for w, d in parse(r) if w[0] == "log" and w[2] == "stdout"] == [b"%d" % i for i in range(1, 30001)]


def test_a_spool_that_was_damaged_does_not_hold_the_job(tmp_path):
    with Run(tmp_path, "#!/bin/sh\nuntil grep -q 'report 3 ' ../spool 2>/dev/null; do echo lost; sleep 0.05; done\necho rubbish >../spool\n"
             f"touch {tmp_path}/damaged\nexec sleep 600\n", answers="500 x") as run:
        run.until((tmp_path / "damaged").exists)
        run.answer("200 kill")
        run.wait()
    assert "damaged" in run.log()


def test_a_wish_that_comes_while_a_report_is_on_its_way_is_asked_for_again(tmp_path):
    with Run(tmp_path, "#!/bin/sh\nexec sleep 600\n", answers="hold 200 run\n200 stop") as run:
        run.until(lambda: (tmp_path / "held").exists())
        run.signal(signal.SIGUSR1)
        (tmp_path / "release").touch()
        run.wait()
    assert run.end()["outcome"] == "killed"


def test_a_wish_is_asked_for_at_once_also_where_the_report_on_its_way_fails(tmp_path):
    with Run(tmp_path, "#!/bin/sh\nexec sleep 600\n", answers="\n".join(["500 x"] * 5 + ["hold 500 x", "200 stop"])) as run:
        run.until(lambda: (tmp_path / "held").exists())
        run.signal(signal.SIGUSR1)
        (tmp_path / "release").touch()
        run.wait(4)  # the next try would be 5 s away
    assert run.end()["outcome"] == "killed"


def test_a_wish_does_not_make_the_runner_try_without_a_pause_where_nothing_can_be_spooled(tmp_path):
    asked = Run(tmp_path, "#!/bin/sh\necho ready\nsleep 600\n", answers="503 x")
    (asked.run / "spool").mkdir()  # no file can be opened there
    tries = lambda: sorted(int(p.name.removeprefix("refused-")) for p in tmp_path.glob("refused-*"))
    with asked as run:
        run.until(tries)
        run.signal(signal.SIGUSR1)
        before = len(tries())
        run.until(lambda: len(tries()) >= before + 5)
        times = tries()
    assert times[before + 4] - times[before] >= (0.1 + 0.2 + 0.4) * 1e9  # the first one came at once


def test_a_wish_is_asked_for_at_once_also_after_failures(tmp_path):
    with Run(tmp_path, "#!/bin/sh\nexec sleep 600\n", answers="500 x") as run:
        run.until(lambda: len(list(tmp_path.glob("refused-*"))) == 6)  # the next try is 5 s away
        run.answer("200 stop")
        run.signal(signal.SIGUSR1)
        run.wait(4)
    assert run.end()["outcome"] == "killed"


LEAVES = "#!/bin/sh\ncat >/dev/null\nprintf 'Status: 200 X\\r\\n\\r\\nrun\\n'\n{what}"


@pytest.mark.parametrize("what", ["sleep 15 &", "yes | head -c 3000000", "yes &"])
def test_what_the_program_says_or_leaves_beyond_its_answer_is_not_waited_for(tmp_path, what):
    program = LEAVES.replace("{what}", what.replace("{", "{{").replace("}", "}}") + "\n")
    with Run(tmp_path, "#!/bin/sh\necho hello\n", program=program) as run:
        run.wait(10)
    assert not run.run.exists()


def test_the_program_may_be_replaced_while_a_job_runs(tmp_path):
    with Run(tmp_path, f"#!/bin/sh\necho ready\nwhile [ ! -e {tmp_path}/go ]; do sleep 0.02; done\necho last\n") as run:
        ready_in(run)
        run.program.rename(tmp_path / "away")
        (tmp_path / "go").touch()
        run.until(lambda: (run.run / "spool").exists())
        (tmp_path / "away").rename(run.program)
        run.wait()
    assert run.text("stdout") == b"ready\nlast\n" and run.end()["outcome"] == "success"


@pytest.mark.parametrize("status", [401, 403, 404, 409])
def test_a_runner_that_lost_its_job_ends_it_and_says_no_more(tmp_path, status):
    mark = f"9{os.getpid()}{status}"
    with Run(tmp_path, f"#!/bin/sh\nsetsid sleep {mark} &\necho ready\nsleep {mark}\n", answers=f"{status} x") as run:
        run.wait()
    assert run.reports() == [] and children_named(f"sleep\0{mark}") == []
    assert len(list(tmp_path.glob("refused-*"))) == 1 and not run.run.exists()


def test_a_runner_that_lost_its_job_does_not_wait_for_what_was_detached(tmp_path):
    note = tmp_path / "detached"
    script = (f"#!/bin/sh\nsetsid sh -c 'echo $$ >{note}; exec sleep 600' </dev/null >/dev/null 2>&1 &\n"
              f"while [ ! -s {note} ]; do sleep 0.01; done\n")
    with Run(tmp_path, script, answers="409 x", detach=1) as run:
        try:
            run.wait()
        finally:
            os.kill(int(note.read_text()), signal.SIGKILL)


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_report_that_is_refused_is_left_out_and_the_job_goes_on(tmp_path, status):
    with Run(tmp_path, f"#!/bin/sh\necho one\nwhile [ ! -e {tmp_path}/go ]; do sleep 0.02; done\necho two\n", answers=f"{status} x\n200 run") as run:
        run.until(lambda: list(tmp_path.glob("refused-*")))
        (tmp_path / "go").touch()
        run.wait()
    assert b"two\n" in run.text() and run.end()["outcome"] == "success"
    assert str(status) in run.log()


def test_the_worker_gets_what_is_listed_and_no_more(tmp_path):
    script = "#!/bin/sh\nenv | sort\nls /proc/self/fd >fds; tr '\\n' ' ' <fds\ngrep -E 'Sig(Blk|Ign)' /proc/self/status\numask\npwd\ncat\necho\nps -o sid= -p $$ | tr -d ' '; echo $$\n"
    with Run(tmp_path, script, parameters='{"a":1}', param__a="1", param__long_name="x y") as run:
        run.wait()
    text = run.text("stdout").decode()
    names = re.findall(r"^(\w+)=", text, re.M)
    assert set(names) - {"PWD", "_", "SHLVL", "OLDPWD"} == {
        "HOME", "JOBJOKER_API", "JOBJOKER_ATTEMPT", "JOBJOKER_ID", "JOBJOKER_LIB", "JOBJOKER_PARAM_a", "JOBJOKER_PARAM_long_name", "JOBJOKER_SH",
        "JOBJOKER_TOKEN", "JOBJOKER_WORKER", "LANG", "PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "TMPDIR"}
    assert "the-lease" not in text and "JOBJOKER_TOKEN=the-token" in text
    # What a shell opens for itself does not pass on to ls, whose own 3 is the folder that it lists.
    assert re.search(r"^((?:\d+ )+)", text, re.M)[1].split() == ["0", "1", "2", "3"]
    # 32 and 33 are the C library's own: who ignores them above us is none of our business.
    for mask in re.findall(r"Sig(?:Blk|Ign):\t(\w+)", text):
        assert int(mask, 16) & ~0x180000000 == 0
    assert "\n0077\n" in text and f"{run.run}/work\n" in text and '{"a":1}' in text


def test_a_parameter_that_no_environment_can_hold_is_on_standard_input_alone(tmp_path):
    large = "p" * 200000
    with Run(tmp_path, "#!/bin/sh\nenv | grep -c JOBJOKER_PARAM_\ncat | wc -c\n", param__large=large, param__small="1",
             parameters=f'{{"large":"{large}","small":1}}') as run:
        run.wait()
    assert run.text("stdout").split() == [b"1", b"%d" % len(f'{{"large":"{large}","small":1}}')]


def test_a_worker_may_leave_its_input_unread(tmp_path):
    with Run(tmp_path, "#!/bin/sh\nexit 0\n", parameters='{"a":"' + "x" * 900000 + '"}') as run:
        run.wait()
    assert run.end()["outcome"] == "success"


def test_a_worker_that_says_nothing_makes_one_report(tmp_path):
    assert run_with_one_report(tmp_path, "#!/bin/sh\n").text() == b"STARTED\nENDED\n"


def test_a_runner_without_a_ticket_does_nothing():
    done = subprocess.run([str(RUNNER)], stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == 2 and b"not by hand" in done.stderr
