"""Log and response: entries, exact bytes, parts, tails, following, waiting."""
import concurrent.futures
import re
import subprocess

import pytest

import apache
from store import sqlite_only


@pytest.fixture(scope="module")
def job(server):
    server.put_worker("Idle", "#!/bin/sh\n")
    return server.create("Idle")


def fresh(server):
    server.put_worker("Idle", "#!/bin/sh\n")
    return server.create("Idle")


def test_each_body_is_one_entry(server):
    id = fresh(server)
    for body in ("one", "two\nlines", ""):
        answer = server.post(f"/jobs/{id}/log", body)
        assert answer.status == 201 and answer.data == [{"appended": 1}]
    entries = server.get(f"/jobs/{id}/log").data
    assert [(e["seq"], e["stream"], e["message"]) for e in entries] == [(1, "api", "one"), (2, "api", "two\nlines"), (3, "api", "")]
    assert server.log(id) == "one\ntwo\nlines\n\n"


def test_bytes_are_exact_in_text_and_replaced_in_json(server):
    id = fresh(server)
    body = b"a\x00b \xff\xfe \xe2\x82 \xc3\xa9"
    server.post(f"/jobs/{id}/response", body)
    assert server.get(f"/jobs/{id}/response.txt").body == body
    assert server.get(f"/jobs/{id}/respose.txt").body == body
    assert server.get(f"/jobs/{id}/response").data[0]["message"] == "a\x00b \ufffd\ufffd \ufffd \u00e9"


def test_responses_are_kept_apart_by_newlines(server):
    id = fresh(server)
    server.post(f"/jobs/{id}/response", "a")
    server.post(f"/jobs/{id}/respose", "b\n")
    server.post(f"/jobs/{id}/response", "c")
    assert server.get(f"/jobs/{id}/response.txt").text == "a\nb\nc"


def test_ndjson_appends_many(server):
    id = fresh(server)
    answer = server.post(f"/jobs/{id}/log", '"one"\n{"message":"two"}\n\n"three"', type="application/x-ndjson")
    assert answer.status == 201 and answer.data == [{"appended": 3}]
    assert server.log(id) == "one\ntwo\nthree\n"
    for bad in ('"one"\nnonsense\n', '"one"\n7\n', '"one"\n{"text":"x"}\n'):
        refused = server.post(f"/jobs/{id}/log", bad, type="application/x-ndjson")
        assert refused.status in (400, 422)
    assert server.log(id) == "one\ntwo\nthree\n"


def test_an_entry_over_the_limit_is_refused(new_server):
    server = new_server(settings={"JOBJOKER_ENTRY_MAX": "1K"})
    id = fresh(server)
    assert server.post(f"/jobs/{id}/log", b"x" * 1024).status == 201
    assert server.post(f"/jobs/{id}/log", b"x" * 1025).status == 413
    assert server.get(f"/jobs/{id}/log").json["total"] == 1


@pytest.fixture(scope="module")
def long_job(server):
    server.put_worker("Idle", "#!/bin/sh\n")
    id = server.create("Idle")
    lines = "\n".join(f'"line {i}"' for i in range(3000))
    server.post(f"/jobs/{id}/log", lines, type="application/x-ndjson")
    return id, "".join(f"line {i}\n" for i in range(3000)).encode()


@pytest.mark.parametrize("range, part", [
    ("bytes=0-9", slice(0, 10)), ("bytes=10-", slice(10, None)), ("bytes=-100", slice(-100, None)), ("bytes=5-5", slice(5, 6)),
    ("bytes=7-6999", slice(7, 7000)), ("bytes=-99999999", slice(0, None)), ("bytes=100-99999999", slice(100, None)),
])
def test_a_range_is_exactly_its_bytes(server, long_job, range, part):
    id, whole = long_job
    answer = server.get(f"/jobs/{id}/log.txt", "-H", f"Range: {range}")
    assert answer.status == 206 and answer.body == whole[part]
    first = len(whole[:part.start]) if (part.start or 0) < 0 else part.start or 0
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(answer.body) - 1}/{len(whole)}"


@pytest.mark.parametrize("range", ["bytes=x-", "lines=1-2", "bytes=5-2", "bytes=0-1,4-5", "bytes="])
def test_a_range_that_is_none_is_ignored(server, long_job, range):
    answer = server.get(f"/jobs/{long_job[0]}/log.txt", "-H", f"Range: {range}")
    assert answer.status == 200 and answer.body == long_job[1]


def test_a_range_beyond_the_end_is_416(server, long_job):
    id, whole = long_job
    answer = server.get(f"/jobs/{id}/log.txt", "-H", f"Range: bytes={len(whole)}-")
    assert answer.status == 416 and answer.headers["content-range"] == f"bytes */{len(whole)}"


def test_a_text_that_has_not_grown_is_304(server, long_job):
    id, whole = long_job
    tag = server.get(f"/jobs/{id}/log.txt").headers["etag"]
    again = server.get(f"/jobs/{id}/log.txt", "-H", f"If-None-Match: {tag}")
    assert again.status == 304 and again.body == b""
    old = server.get(f"/jobs/{id}/log.txt", "-H", 'If-Range: "other"', "-H", "Range: bytes=0-1")
    assert old.status == 200 and old.body == whole


@pytest.mark.parametrize("tail", [0, 1, 2, 10, 3000, 5000])
def test_tail_gives_the_last_lines(server, long_job, tail):
    id, whole = long_job
    lines = whole.splitlines(keepends=True)
    assert server.get(f"/jobs/{id}/log.txt?tail={tail}").body == b"".join(lines[len(lines) - tail if tail < len(lines) else 0:])


def test_tail_counts_lines_inside_of_entries(server):
    id = fresh(server)
    server.post(f"/jobs/{id}/log", "a\nb\nc")
    server.post(f"/jobs/{id}/log", "d")
    assert server.get(f"/jobs/{id}/log.txt?tail=3").text == "b\nc\nd\n"


def test_tail_counts_a_line_that_goes_on(server):
    """A line over 64 KiB comes in parts; while it is written its last part has no end."""
    server.put_worker("Long", "#!/bin/sh\necho first\nhead -c 70000 /dev/zero | tr '\\0' x\nexec sleep 600\n")
    id = server.start_job("Long")
    apache.wait_until(lambda: server.job(id)["log_size"] > 65536, 20, "a part of the line")
    assert set(server.get(f"/jobs/{id}/log.txt?tail=1").body) == {ord("x")}
    assert server.get(f"/jobs/{id}/log.txt?tail=2").body.startswith(b"first\nxxx")
    assert server.get(f"/jobs/{id}/log.txt?tail=3").body.startswith(b"STARTED\nfirst\nxxx")
    server.put(f"/jobs/{id}/status", "kill")


def test_tail_of_a_response_counts_the_last_without_its_newline(server):
    id = fresh(server)
    for body in ("a", "b\n", "c\nd"):
        server.post(f"/jobs/{id}/response", body)
    for tail, text in enumerate(["", "d", "c\nd", "b\nc\nd", "a\nb\nc\nd", "a\nb\nc\nd"]):
        assert server.get(f"/jobs/{id}/response.txt?tail={tail}").text == text


@pytest.mark.parametrize("query, first", [("limit=700", 1), ("limit=999&after=500", 501), ("limit=1000", 1), ("tail=5", 2996)])
def test_a_list_of_entries_tells_its_next_page(server, long_job, query, first):
    got, path = [], f"?{query}"
    while path:
        answer = server.get(f"/jobs/{long_job[0]}/log{path}")
        got += [e["seq"] for e in answer.data]
        link = re.match(r'<(\?[^>]*)>; rel="next"', answer.headers.get("link", ""))
        assert bool(link) == ("next" in answer.json)
        path = link and link[1]
    assert got == list(range(first, 3001))


def test_a_page_is_bounded_by_bytes_too(server):
    id = fresh(server)
    for _ in range(5):
        server.post(f"/jobs/{id}/log", b"x" * 3_000_000)
    first = server.get(f"/jobs/{id}/log").json
    assert (len(first["data"]), first["total"], first["next"]) == (3, 5, "3")
    assert len(server.get(f"/jobs/{id}/log?cursor=3").data) == 2


def test_entries_come_in_pages(server, long_job):
    id, whole = long_job
    got, after = [], 0
    while page := server.get(f"/jobs/{id}/log?after={after}&limit=999").data:
        got += page
        after = page[-1]["seq"]
    assert [e["seq"] for e in got] == list(range(1, 3001))
    assert "".join(e["message"] + "\n" for e in got).encode() == whole
    last = server.get(f"/jobs/{id}/log?tail=2")
    assert [e["message"] for e in last.data] == ["line 2998", "line 2999"] and last.json["total"] == 3000


def test_a_log_as_csv_cannot_run_in_a_spreadsheet(server):
    id = fresh(server)
    server.post(f"/jobs/{id}/log", '=HYPERLINK("x"), "quoted"')
    rows = server.get(f"/jobs/{id}/log.csv").text.split("\r\n")
    assert rows[0] == "seq,time,stream,message"
    assert rows[1].endswith(',api,"\'=HYPERLINK(""x""), ""quoted"""')


def test_follow_streams_until_the_job_ends(server):
    server.put_worker("Steps", "#!/bin/sh\necho one\nwhile [ ! -e go ]; do sleep 0.02; done\necho two\n")
    id = server.start_job("Steps")
    curl = subprocess.Popen(["curl", "-sSN", "-H", f"Authorization: Bearer {server.token}", f"{server.url}/jobs/{id}/log?follow=1"],
                            stdout=subprocess.PIPE)
    try:
        assert [curl.stdout.readline(), curl.stdout.readline()] == [b"STARTED\n", b"one\n"]
        assert curl.poll() is None
        (next(server.data.glob(f"run/{id}/work")) / "go").touch()
        assert curl.stdout.read() == b"two\nENDED\n"
        assert curl.wait(10) == 0
    finally:
        curl.kill()
        curl.wait()


@pytest.mark.only_on("cgid", "cgi", reason="test_fastcgi.py has what holds there")
def test_who_follows_and_goes_away_leaves_no_process_after_apaches_timeout(new_server):
    server = new_server(timeout=2)
    server.put_worker("Silent", "#!/bin/sh\nexec sleep 600\n")
    id = server.start_job("Silent")
    curl = subprocess.Popen(["curl", "-sSN", "-H", f"Authorization: Bearer {server.token}", f"{server.url}/jobs/{id}/log?follow=1"],
                            stdout=subprocess.PIPE)
    assert curl.stdout.readline() == b"STARTED\n"
    curl.kill()
    curl.wait()
    assert server.processes_after(20, of="jobjoker.cgi") == {}
    server.put(f"/jobs/{id}/status", "kill")


def test_waiting_for_a_response_fails_where_the_job_failed(server):
    server.put_worker("Fine", "#!/bin/sh\necho ::response::42\n")
    server.put_worker("Bad", "#!/bin/sh\necho ::response::half\nexit 9\n")
    good = server.get(f"/jobs/{server.start_job('Fine')}/response.txt?wait=30")
    assert (good.status, good.text) == (200, "42")
    bad = server.get(f"/jobs/{server.start_job('Bad')}/response.txt?wait=30")
    assert bad.status == 424 and "exit status 9" in bad.text
    code = subprocess.run(["curl", "-fsS", "-H", f"Authorization: Bearer {server.token}",
                           f"{server.url}/jobs/{server.start_job('Bad')}/response.txt?wait=30"], capture_output=True).returncode
    assert code == 22
    idle = server.get(f"/jobs/{fresh(server)}/response?wait=0")
    assert idle.status == 503 and idle.json["code"] == "job_not_over" and "retry-after" in idle.headers


@pytest.mark.parametrize("source, check", [
    ("#!/bin/sh\nprintf 'a\\000b\\377\\n'\n", lambda body: body == b"STARTED\na\x00b\xff\nENDED\n"),
    ("#!/bin/sh\nexec >&- 2>&-\nsleep 0.1\n", lambda body: body == b"STARTED\nENDED\n"),
    ("#!/bin/sh\nprintf unfinished\n", lambda body: body == b"STARTED\nunfinished\nENDED\n"),
    ("#!/bin/sh\nhead -c 300000 /dev/zero | tr '\\0' x\n", lambda body: body == b"STARTED\n" + b"x" * 300000 + b"\nENDED\n"),
    ("#!/bin/sh\nhead -c 300000 /dev/zero | tr '\\0' y | sed 's/^/::response::/'\n", lambda body: body == b"STARTED\nENDED\n"),
])
def test_whatever_a_worker_prints_is_kept(server, source, check):
    server.put_worker("Printer", source)
    id = server.run("Printer")["id"]
    assert check(server.get(f"/jobs/{id}/log.txt").body)
    if "response" in source:
        assert server.get(f"/jobs/{id}/response.txt").body == b"y" * 300000


def test_ten_megabytes_in_lines_are_there_once_and_in_order(server):
    server.put_worker("Flood", "#!/bin/sh\nseq -f '%099.0f' 1 100000\n")
    job = server.run("Flood", seconds=240)
    assert job["status"] == "done"
    body = server.get(f"/jobs/{job['id']}/log.txt").body
    assert body == b"STARTED\n" + b"".join(b"%099d\n" % i for i in range(1, 100001)) + b"ENDED\n"
    assert job["log_size"] == len(body)


def test_many_writers_lose_nothing(server):
    id = fresh(server)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda i: server.post(f"/jobs/{id}/log", f"entry {i}").status, range(80)))
    assert statuses == [201] * 80
    entries = server.get(f"/jobs/{id}/log").data
    assert [e["seq"] for e in entries] == list(range(1, 81))
    assert sorted(e["message"] for e in entries) == sorted(f"entry {i}" for i in range(80))


@sqlite_only
def test_the_write_ahead_log_does_not_grow_without_end(new_server):
    server = new_server()
    id = fresh(server)
    wal = server.data / "jobs.db-wal"
    sizes = []
    for i in range(150):
        server.post(f"/jobs/{id}/log", b"x" * 20000)
        sizes.append(wal.stat().st_size)
    assert max(sizes) < 4 << 20
    assert server.get(f"/jobs/{id}").data[0]["log_size"] == 150 * 20001
