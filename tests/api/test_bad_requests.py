"""Requests that no good client sends get a clear 4xx, or no answer where nobody is there, and change nothing."""
import json

import pytest

import apache

JOB = json.dumps({"worker": "Sleeper"}).encode()


@pytest.fixture
def unchanged(both_modules):
    """The server; afterwards it must have the same jobs and workers as before, and work."""
    server = both_modules
    server.put_worker("Sleeper", "#!/bin/sh\nexec sleep 60\n")
    before = counts(server)
    yield server
    assert counts(server) == before
    assert server.processes_after(5, of="jobjoker.cgi") == {}


def counts(server):
    return [server.get(path).json["total"] for path in ("/jobs", "/workers")]


def request(server, method="POST", path="/jobs", headers=(), body=b"", token=True, version="HTTP/1.1"):
    lines = [f"{method} {server.base_url}{path} {version}", f"Host: 127.0.0.1:{server.port}", "Connection: close"]
    if token:
        lines.append(f"Authorization: Bearer {server.token}")
    lines.extend(headers)
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def statuses(answer):
    """The statuses of all answers in what came back."""
    return [int(line.split()[1]) for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.")]


def is_mod_fcgids(answer):
    """It answers 500 itself when a body breaks off, and asks no program. Ours would be JSON."""
    return apache.DEFAULT_MODULE == "fcgid" and b"text/html" in answer and b"json" not in answer


def assert_refused(answer, *allowed):
    """One answer, with a 4xx, or with one of these; nothing at all counts as refused too."""
    for status in statuses(answer):
        assert 400 <= status < 500 or status in allowed or is_mod_fcgids(answer), answer


JSON_TYPE = "Content-Type: application/json"


# --- how long is the body? ---

def test_a_body_shorter_than_said_is_refused(unchanged):
    answer = unchanged.raw(request(unchanged, headers=[JSON_TYPE, f"Content-Length: {len(JOB) + 100}"], body=JOB))
    assert_refused(answer)


def test_a_body_that_breaks_off_is_refused_when_it_would_be_valid_too(unchanged):
    """The part that came is a complete JSON text: the length must tell that the client did not finish."""
    answer = unchanged.raw(request(unchanged, headers=[JSON_TYPE, "Content-Length: 4096"], body=JOB))
    assert_refused(answer)


def test_a_client_that_hangs_is_given_up(new_server):
    server = new_server(timeout=2)
    answer = server.raw(request(server, headers=[JSON_TYPE, "Content-Length: 100"], body=b"{"), half_close=False)
    assert_refused(answer)
    assert server.get("/jobs").json["total"] == 0


def test_a_body_longer_than_said_is_cut_there(unchanged):
    answer = unchanged.raw(request(unchanged, headers=[JSON_TYPE, "Content-Length: 5"], body=JOB))
    assert statuses(answer)[0] == 400


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "0x10", "18446744073709551616", "9223372036854775808",
                                    "99999999999999999999999", "12 34", ""])
def test_a_length_that_is_none_is_refused(unchanged, length):
    answer = unchanged.raw(request(unchanged, headers=[JSON_TYPE, f"Content-Length: {length}"], body=JOB))
    assert_refused(answer)


def test_two_different_lengths_are_refused(unchanged):
    headers = [JSON_TYPE, "Content-Length: 5", f"Content-Length: {len(JOB)}"]
    assert_refused(unchanged.raw(request(unchanged, headers=headers, body=JOB)))


@pytest.mark.only_on("cgid", "cgi", "nginx", reason="there what comes is counted, not what is announced")
def test_a_length_beyond_the_limit_is_refused_before_the_body_came(unchanged):
    answer = unchanged.raw(request(unchanged, headers=[JSON_TYPE, "Content-Length: 9000000000"]), half_close=False)
    assert statuses(answer) == [413], answer


@pytest.mark.parametrize("size", [1, 1000, 300_000, 3_000_000])
@pytest.mark.parametrize("path, auth, status", [("/workers/X", None, 401), ("/no", "token", 404), ("/", "token", 405)])
def test_an_answer_before_the_body_was_read_arrives_whole(unchanged, path, auth, status, size):
    """mod_cgid loses the answer of a program that leaves some of the body unread."""
    answer = unchanged.put(path, b"x" * size, auth=auth)
    assert answer.status in (status, 413) and answer.json["success"] is False, answer


def test_no_length_and_no_body_is_a_malformed_job(unchanged):
    answer = unchanged.raw(request(unchanged, headers=[JSON_TYPE]))
    assert statuses(answer)[0] in (400, 411), answer


def test_an_empty_body_is_a_malformed_job(unchanged):
    assert unchanged.post("/jobs", b"", type="application/json").status == 400


# --- chunked bodies ---

def chunk(data):
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


CHUNKED = [JSON_TYPE, "Transfer-Encoding: chunked"]


def test_a_chunked_body_is_as_good_as_another(both_modules):
    server = both_modules
    server.put_worker("Sleeper", "#!/bin/sh\nexec sleep 60\n")
    answer = server.raw(request(server, headers=CHUNKED, body=chunk(JOB[:7]) + chunk(JOB[7:]) + b"0\r\n\r\n"))
    assert statuses(answer) == [201], answer


HALF = JOB[:-1]


@pytest.mark.parametrize("body", [
    chunk(HALF), chunk(HALF) + b"5\r\nab", b"zz\r\n" + JOB + b"\r\n0\r\n\r\n", b"-1\r\n\r\n", b"ffffffffffffffffff\r\n",
    b"\r\n\r\n", b"",
], ids=["no end", "breaks off", "no number", "negative", "huge", "empty lines", "nothing"])
def test_a_broken_chunked_body_is_refused(unchanged, body):
    assert_refused(unchanged.raw(request(unchanged, headers=CHUNKED, body=body)))


def test_a_worker_that_breaks_off_in_its_chunks_is_refused(unchanged):
    """A program is not told that its input ended too early, and half a script is a script too."""
    answer = unchanged.raw(request(unchanged, "PUT", "/workers/Half", CHUNKED[1:], chunk(b"#!/bin/sh\nrm -rf ./tmp")))
    assert_refused(answer)


def test_an_unknown_transfer_encoding_is_refused(unchanged):
    headers = [JSON_TYPE, "Transfer-Encoding: gzip, identity"]
    assert_refused(unchanged.raw(request(unchanged, headers=headers, body=JOB)), 501)


def test_a_request_smuggled_behind_a_length_is_refused(unchanged):
    inner = request(unchanged, "DELETE", "/workers/Sleeper")
    headers = [*CHUNKED, f"Content-Length: {5 + len(inner)}"]
    assert_refused(unchanged.raw(request(unchanged, headers=headers, body=b"0\r\n\r\n" + inner)))


def test_a_chunked_body_over_the_limit_is_refused(unchanged):
    megabyte = chunk(b" " * 1024 * 1024)
    answer = unchanged.raw(request(unchanged, headers=CHUNKED, body=megabyte * 40 + chunk(JOB) + b"0\r\n\r\n"))
    assert 413 in statuses(answer) or answer == b"", answer[:300]


# --- methods, request lines, headers ---

@pytest.mark.parametrize("method", ["FOO", "get", "PATCH", "PROPFIND", "LOCK", "TRACK", "BREW", "X" * 300, "G%45T"])
def test_an_unknown_method_is_refused(unchanged, method):
    assert_refused(unchanged.raw(request(unchanged, method)))


def test_a_method_that_a_path_has_not_gets_405_and_allow(unchanged):
    answer = unchanged.curl("/jobs", "-X", "DELETE")
    assert answer.status == 405 and "GET" in answer.headers["allow"] and "POST" in answer.headers["allow"]


def test_trace_gives_no_header_back(unchanged):
    answer = unchanged.raw(request(unchanged, "TRACE"))
    assert unchanged.token.encode() not in answer or statuses(answer) == [200]  # Apache's own, where the site lets it


@pytest.mark.parametrize("line", [
    b"\r\n\r\n", b"GET\r\n\r\n", b"GET /jobs\r\n\r\n", b"GET  /jobs  HTTP/1.1\r\n\r\n", b"GET /jobs HTTP/9.9\r\n\r\n",
    b"GET jobs HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00\x01\x02\x03\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01",
    b"GET /jobs HTTP/1.1\r\n\r\n", b"GET /jobs HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /jobs HTTP/1.1\r\nHost: \x00\r\n\r\n", b"GET /jobs HTTP/1.1\r\nNo colon\r\nHost: x\r\n\r\n",
])
def test_what_is_no_request_is_refused(unchanged, line):
    assert_refused(unchanged.raw(line), 505)


@pytest.mark.parametrize("path", ["/jobs/" + "A" * 9000, "/workers/" + "A" * 7000, "/jobs?q=" + "%41" * 3000,
                                  "/" * 8000, "/a" * 4000], ids=lambda p: p[:10])
def test_overlong_urls_are_refused(unchanged, path):
    answer = unchanged.raw(request(unchanged, "GET", path))
    assert statuses(answer)[0] in (400, 403, 404, 414), answer[:300]


def test_a_query_of_the_greatest_length_is_read(unchanged):
    answer = unchanged.raw(request(unchanged, "GET", "/jobs?q=" + "a" * 7900))
    assert statuses(answer)[0] in (200, 400, 414), answer[:300]


@pytest.mark.only_on("cgid", "cgi", "fcgid", "proxy_fcgi", reason="nginx limits their size, not their number")
def test_too_many_headers_are_refused(unchanged):
    assert_refused(unchanged.raw(request(unchanged, "GET", headers=[f"X-{n}: 1" for n in range(200)])))


def test_too_long_a_header_is_refused(unchanged):
    assert_refused(unchanged.raw(request(unchanged, "GET", headers=["X-Long: " + "a" * 9000])))


@pytest.mark.parametrize("value", [
    "Bearer", "Bearer ", "Bearer a b", "Basic", "Basic !!!", "Basic YWRtaW4=", "Basic Og==", "Digest x", "x",
    "Bearer " + "A" * 8000, "Bearer \xff\xfe", "Basic " + "QUFB" * 1500,
])
def test_an_authorization_that_is_none_gets_401(unchanged, value):
    answer = unchanged.raw(request(unchanged, "GET", headers=[f"Authorization: {value}"], token=False))
    status = statuses(answer)[0]
    assert status in (400, 401), answer
    assert status == 400 or b"www-authenticate" in answer.lower()


def test_http_1_0_is_answered(unchanged):
    assert statuses(unchanged.raw(request(unchanged, "GET", version="HTTP/1.0"))) == [200]


# --- names ---

@pytest.mark.parametrize("name", [
    "..", "%2e%2e", "a%2fb", "a%2Fb", "%2f", "a%00b", "%00", "a%5cb", "%", "%z", "%zz", "%4", "%ff", "%c0%af",
    "%c0%ae%c0%ae", "%ed%a0%80", "%f8%88%80%80%80", "%e2%80%ae", "a%20b", "a+b", "a%0ab", "a%0d%0aX-Injected:%201",
    "A" * 65, "A" * 1000, "a.c", "a;b", "a'--", "a%22b", "<script>", "%3Cscript%3E", "~", "$HOME", "`id`", "a|b", "*",
    "a%25b", "a%252fb", "ä",
])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_name_that_is_none_is_refused(unchanged, method, name):
    answer = unchanged.raw(request(unchanged, method, f"/workers/{name}", ["Content-Length: 20"],
                                   b"#!/bin/sh\necho hello"))
    assert_refused(answer, 501)
    assert statuses(answer), "no answer"
    assert b"\r\nX-Injected" not in answer and b"<script>" not in answer


@pytest.mark.parametrize("id", [
    "1", "..", "%2e%2e", "0" * 25, "0" * 27, "Z" * 26, "01ARZ3NDEKTSV4RRFFQ69G5FA%00", "01arz3ndektsv4rrffq69g5fav",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV%0a", "'%20OR%201=1%20--", "%ff" * 26, "A" * 3000,
])
@pytest.mark.parametrize("rest", ["", "/status", "/log", "/response"])
def test_an_id_that_is_none_is_refused(unchanged, id, rest):
    answer = unchanged.raw(request(unchanged, "GET", f"/jobs/{id}{rest}"))
    assert statuses(answer)[0] in (400, 404), answer


@pytest.mark.parametrize("query", [
    "limit=0", "limit=-1", "limit=1001", "limit=x", "limit=", "limit=99999999999999999999", "cursor=x", "cursor=%00",
    "status=gone", "since=yesterday", "until=%ff",
])
def test_a_query_that_is_wrong_is_refused(unchanged, query):
    answer = unchanged.raw(request(unchanged, "GET", f"/jobs?{query}"))
    assert statuses(answer)[0] in (400, 422), answer


# --- what a site must bear ---

def test_clients_that_go_away_leave_no_program_behind(unchanged):
    for _ in range(10):
        unchanged.hang_up(request(unchanged, "GET", "/jobs"))
    assert unchanged.get("/jobs").status == 200


def test_a_forged_host_does_not_come_back(unchanged):
    text = request(unchanged, "POST", headers=[JSON_TYPE, "Content-Length: 2"], body=b"{}")
    forged = text.replace(f"Host: 127.0.0.1:{unchanged.port}".encode(), b"Host: evil.example")
    assert b"evil.example" not in unchanged.raw(forged)
