"""The limit of a log: what is kept of a log that is too long, and that nothing happens to one that is not."""
import contextlib
import re
import resource
import signal

import pytest

from test_runner import BUILD, QUICK, Run, ends_with, parse, peak_kib, say

NOTICE = re.compile(rb"^(?:The log has reached its limit of (\d+) bytes|(The disk takes no more of the log)): "
                    rb"from here on only its end is kept, and shown when the job is over\.$")
MARK = re.compile(rb"^\.\.\. (\d+) bytes? \((\d+) lines?\) left out here \.\.\.$")
TEXT_MAX = 4 << 20  # of a file with the end of the log, whatever the limit


class Cut:
    """What became of a log: the records of the reports, each number once, put together as the API does."""

    def __init__(self, reports):
        taken, self.entries = 0, []
        for report in reports:
            records = parse(report)
            number = int(records[0][0][1])
            if number > taken:
                taken = number
                self.entries += [(w[2], d) for w, d in records if w[0] == "log"]
        system = [(i, d) for i, (stream, d) in enumerate(self.entries) if stream == "system"]
        self.notices = [(i, NOTICE.match(d)) for i, d in system if NOTICE.match(d)]
        self.marks = [(i, MARK.match(d)) for i, d in system if MARK.match(d)]

    def text(self, first=0, last=None):
        """What the worker said, between two entries."""
        return b"".join(d if stream.endswith("+") else d + b"\n" for stream, d in self.entries[first:last] if stream != "system")

    def must_be(self, whole, limit, lines=True):
        """Head and tail are exact, the numbers add up, and no more was left out than had to be. lines: it was cut between lines."""
        assert len(self.notices) == 1 and len(self.marks) == 1
        (said, notice), (at, mark) = self.notices[0], self.marks[0]
        assert notice[1] is None or int(notice[1]) == limit
        assert said + 1 == at, "nothing stands between the notice and the mark"
        head, tail = self.text(0, at), self.text(at)
        if not whole.startswith(head):  # the line that was cut has been ended
            assert not lines and head.endswith(b"\n")
            head = head[:-1]
        assert whole.startswith(head) and whole.endswith(tail)
        assert int(mark[1]) == len(whole) - len(head) - len(tail) > 0
        assert int(mark[2]) == whole[len(head):len(whole) - len(tail)].count(b"\n")
        quarter = min(limit // 4, TEXT_MAX)
        longest = min(max(map(len, whole.split(b"\n"))) + 1, quarter)  # what did not fit
        assert limit - 2 * quarter - longest < len(head) <= limit - 2 * quarter
        assert quarter - longest < len(tail) and len(head) + len(tail) <= limit
        if lines:
            assert head.endswith(b"\n") and whole[len(whole) - len(tail) - 1:].startswith(b"\n")
        return self


def numbered(first, last, width=60):
    return b"".join(b"%0*d\n" % (width, i) for i in range(first, last + 1))


def run(folder, script, limit, **more):
    with Run(folder, script, limit__log=limit, **more) as r:
        r.wait(90)
    assert not r.run.exists() and r.log() == ""
    return r


def shape(r):
    """The entries without their times."""
    return [(w[2], d) for w, d in r.records() if w[0] == "log"]


# Sizes about the limit of 40000: head 20000, and two files of 10000.
@pytest.mark.parametrize("size", [0, 1, 19999, 20000, 20001, 29999, 30000, 30001, 39999, 40000])
def test_a_log_up_to_its_limit_is_what_it_would_be_without_one(tmp_path, size):
    data = b"".join(b"%d\n" % (i * i * i * i) + b"\n" * (i % 7 == 0) for i in range(9000))[:size]
    data = data[:-1] + b"\n" if data else data
    results = []
    for limit in (0, 40000):
        folder = tmp_path / str(limit)
        folder.mkdir()
        r = run(folder, say(folder, data), limit)
        assert r.text("stdout") == data and r.end()["outcome"] == "success"
        results.append(shape(r))
    assert results[0] == results[1]


@pytest.mark.parametrize("size", [40001, 40002, 41000, 50000, 50001, 60001, 300000])
def test_a_log_above_its_limit_is_cut_in_the_middle(tmp_path, size):
    data = b"".join(b"%d\n" % (i * i * i * i) + b"\n" * (i % 7 == 0) for i in range(30000))[:size - 1] + b"\n"
    r = run(tmp_path, say(tmp_path, data), 40000)
    Cut(r.reports()).must_be(data, 40000)
    assert r.text("system").startswith(b"STARTED\n") and r.text("system").endswith(b"ENDED\n") and r.end()["outcome"] == "success"


@pytest.mark.parametrize("length", [0, 1, 999, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4096, 4097, 5000, 65535, 65536, 65537, 200000])
def test_a_line_of_any_length_is_cut_where_the_room_ends(tmp_path, length):
    data = b"<" * 700 + b"\n" + b"x" * length + b"\n" + b">" * 1000 + b"\n"
    r = run(tmp_path, say(tmp_path, data), 4096)
    if len(data) <= 4096:
        assert r.text("stdout") == data and Cut(r.reports()).marks == []
    else:
        Cut(r.reports()).must_be(data, 4096, lines=False)


def test_the_parts_of_a_long_line_go_on_behind_the_mark(tmp_path):
    data = b"a" * 1000000 + b"\nlast\n"
    r = run(tmp_path, say(tmp_path, data), 400000)
    cut = Cut(r.reports()).must_be(data, 400000, lines=False)
    at = cut.marks[0][0]
    assert cut.entries[at - 2] == ("stdout", b"")  # the notice begins a line
    assert cut.entries[at - 3][0] == "stdout+" and cut.entries[at + 1][0] == "stdout+"
    assert all(len(d) <= 65536 for _, d in cut.entries)


def test_limits_that_are_too_small_to_mean_anything_are_the_smallest(tmp_path):
    data = numbered(1, 60)
    assert len(data) == 3660
    assert run(tmp_path, say(tmp_path, data), 1).text("stdout") == data


def test_both_streams_stay_in_order(tmp_path):
    script = "#!/usr/bin/python3\nimport os\nfor i in range(30000):\n    os.write(1 + i % 2, b'%06d\\n' % i)\n"
    r = run(tmp_path, script, 40000)
    cut = Cut(r.reports())
    (at, mark), = cut.marks
    for name, rest in (("stdout", 0), ("stderr", 1)):
        said = [b"%06d" % i for i in range(30000) if i % 2 == rest]
        head, tail = ([d for stream, d in part if stream == name] for part in (cut.entries[:at], cut.entries[at:]))
        assert head == said[:len(head)] and tail == said[len(said) - len(tail):]
    kept = len(cut.text())
    assert int(mark[1]) == 210000 - kept and int(mark[2]) == 30000 - kept // 7 and 30000 - 14 < kept <= 40000


def test_only_the_log_is_cut(tmp_path):
    script = ("#!/bin/sh\n. \"$JOBJOKER_SH\"\nhead -c 300000 /dev/zero | tr '\\0' r | sed 's/^/::response::/'\necho\n"
              "for i in 1 2 3 4 5; do seq 1 9999; echo ::progress ${i}0 step::; echo ::response::answer $i; done\n"
              "echo ::add-mask::secret; echo the secret; echo '::error::of the secret'; exit 3\n")
    r = run(tmp_path, script, 20000)
    responses = b"".join(d + (b"" if w[2].endswith("+") else b"\n") for w, d in r.records() if w[0] == "response")
    assert responses == b"r" * 300000 + b"\n" + b"".join(b"answer %d\n" % i for i in range(1, 6))
    assert [(w[2], d) for w, d in r.records() if w[0] == "progress"] == [("%d0" % i, b"step") for i in range(1, 6)]
    assert r.end() == {"outcome": "failure", "exit": 3, "signal": 0, "reason": "of the ***"}
    assert r.text("stdout").endswith(b"\n9999\nthe ***\n") and r.text("stderr") == b"of the ***\n" and b"secret" not in r.text()
    assert [w[0] for w, _ in r.records()].count("pid") == 1 and len(Cut(r.reports()).marks) == 1


def test_what_a_worker_makes_the_runner_say_counts_as_well(tmp_path):
    r = run(tmp_path, say(tmp_path, ("::add-mask::" + "m" * 5000 + "\n") * 1000), 20000)
    assert len(r.text()) < 20000 + 500 and len(Cut(r.reports()).marks) == 1


FLOOD = "#!/usr/bin/python3\nimport sys\nfor i in range({lines}):\n    sys.stdout.write('%060d\\n' % i)\nsys.stdout.flush()\n"


def test_100_mb_become_1_mib_in_flat_memory_and_little_disk(tmp_path):
    lines, limit = 100_000_000 // 61, 1 << 20
    script = FLOOD.format(lines=lines) + f"open('{tmp_path}/said', 'w')\nimport select; select.poll().poll()\n"
    with Run(tmp_path, script, program=QUICK, answers="run\n", limit__log=limit) as r:
        disk = lambda: sum(p.stat().st_size for p in r.run.glob("tail.*"))  # noqa: E731
        most = 0

        def said():
            nonlocal most
            most = max(most, disk())
            return (tmp_path / "said").exists() and any(ends_with(p, b"%060d\n" % (lines - 1)) for p in r.run.glob("tail.*"))

        r.until(said, 120)
        if "sanitizers" not in str(BUILD):
            assert peak_kib(r.pid) < 4096
        assert limit // 4 < most < limit  # half the limit is text, the rest its words
        r.answer("stop\n")
        r.signal(signal.SIGUSR1)
        r.wait()
    reports = [b"report " + part for part in re.split(rb"^report ", (tmp_path / "all").read_bytes(), flags=re.M)[1:]]
    whole = b"".join(b"%060d\n" % i for i in range(lines))
    cut = Cut(reports).must_be(whole, limit)
    assert len(cut.text()) > limit * 3 // 4 - 100
    assert len(reports) < 40


def test_of_a_large_limit_the_end_is_still_a_small_part(tmp_path):
    lines, limit = 800_000, 32 << 20
    with Run(tmp_path, FLOOD.format(lines=lines), program=QUICK, answers="run\n", limit__log=limit) as r:
        r.wait(120)
    reports = [b"report " + part for part in re.split(rb"^report ", (tmp_path / "all").read_bytes(), flags=re.M)[1:]]
    Cut(reports).must_be(b"".join(b"%060d\n" % i for i in range(lines)), limit)


def test_the_end_waits_on_disk_while_nothing_can_be_delivered(tmp_path):
    script = FLOOD.format(lines=200_000) + f"open('{tmp_path}/said', 'w')\n"
    with Run(tmp_path, script, answers="500 x", limit__log=100000) as r:
        r.until(lambda: (tmp_path / "said").exists(), 60)  # it was not held
        r.until(lambda: r.run.joinpath("spool").exists() and b"\nENDED\n" in r.run.joinpath("spool").read_bytes(), 60)
        r.answer("\n".join(["lost"] * 3 + ["500 x", "200 run"]))
        r.wait(60)
    cut = Cut(r.reports()).must_be(b"".join(b"%060d\n" % i for i in range(200_000)), 100000)
    assert cut.entries[-1] == ("system", b"ENDED") and not r.run.exists()


def test_a_log_that_goes_beyond_slowly_is_written_down_soon(tmp_path):
    script = "#!/bin/sh\nhead -c 3000 /dev/zero | tr '\\0' '\\n'\necho last words\nexec sleep 600\n"
    with Run(tmp_path, script, limit__log=4096) as r:
        r.until(lambda: any(b"last words" in p.read_bytes() for p in r.run.glob("tail.*")))
        r.answer("200 stop")
        r.signal(signal.SIGUSR1)
        r.wait()
    assert r.text("stdout") == b"\n" * 3000 + b"last words\n" and Cut(r.reports()).marks == []


@contextlib.contextmanager
def small_files(size):
    """What starts within may write no file larger than that, which is like a full disk to it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def must_have_lost(r, data):
    cut = Cut(r.reports())
    (at, mark), = cut.marks
    head, tail = cut.text(0, at), cut.text(at)
    assert data.startswith(head) and data.endswith(tail) and len(head) > (1 << 19) - 100 and len(tail) > 20000
    assert (int(mark[1]), int(mark[2])) == (len(data) - len(head) - len(tail), (len(data) - len(head) - len(tail)) // 61)
    assert len(cut.notices) == 1 and r.end()["outcome"] == "success" and "the end of its log cannot be written down" in r.log()
    return len(tail), cut.notices[0][1]


def test_what_a_disk_that_gets_full_does_not_take_is_left_out(tmp_path):
    data = numbered(1, 40000)
    r = Run(tmp_path, say(tmp_path, data), limit__log=1 << 20)
    with small_files(250000):
        r.__enter__()
    with contextlib.ExitStack() as stack:
        stack.push(r.__exit__)
        r.wait(60)
    tail, notice = must_have_lost(r, data)
    assert notice[2] and tail > 60000


def test_a_disk_that_takes_nothing_holds_nobody(tmp_path):
    data = numbered(1, 40000)
    r = Run(tmp_path, say(tmp_path, data), limit__log=1 << 20)
    for i in (0, 1):
        (r.run / f"tail.{i}").symlink_to(tmp_path / "planted")  # is not followed
    with r:
        r.wait(60)
    tail, notice = must_have_lost(r, data)
    assert notice[2] and tail < 65536 + 100 and not (tmp_path / "planted").exists() and not r.run.exists()


def test_what_was_lost_to_the_disk_is_marked_also_where_the_log_is_below_its_limit(tmp_path):
    data = numbered(1, 14000)  # 854000 bytes
    r = Run(tmp_path, say(tmp_path, data), limit__log=1 << 20)
    for i in (0, 1):
        (r.run / f"tail.{i}").symlink_to(tmp_path / "planted")
    with r:
        r.wait(60)
    assert must_have_lost(r, data)[1][2]
