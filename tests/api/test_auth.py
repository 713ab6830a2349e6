"""Who may: credentials, roles, sessions, other sites."""
import concurrent.futures
import fcntl
import re
import subprocess

import pytest

import apache


@pytest.mark.parametrize("auth, status, via", [
    ("token", 200, "token"), ("basic", 200, "password"), (None, 401, None), ("Bearer wrong", 401, None), ("Bearer ", 401, None),
    (apache.basic("admin", "wrong"), 401, None), (apache.basic("nobody", "x"), 401, None), ("Basic !!!", 401, None),
    ("Basic " + "QUFB", 401, None), ("Digest x", 401, None), ("Bearer jjl_x", 401, None),
    ("Bearer jjw_01M86EA05QK06D5MRW8NYDB81Q_x", 401, None), ("Bearer " + "x" * 4000, 401, None),
])
def test_credentials(server, auth, status, via):
    answer = server.get("/me", auth=auth)
    assert answer.status == status
    if status == 200:
        assert answer.data == [{"name": "admin", "role": "admin", "via": via, "workers": None, "in_person": via != "token"}]
    else:
        assert answer.json["code"] == "unauthorized" and "www-authenticate" in answer.headers
        assert answer.data == []


def test_a_browser_script_is_not_asked_by_a_password_window(server):
    answer = server.raw(f"GET /jobs HTTP/1.0\r\nHost: x\r\nSec-Fetch-Dest: empty\r\n\r\n".encode())
    assert b"401" in answer and b"Bearer" in answer and b"Basic" not in answer


def test_what_stands_in_a_url_is_no_credential(server):
    for query in (f"token={server.token}", f"access_token={server.token}", f"api_key={server.token}", f"user=admin&password={server.password}"):
        assert server.get(f"/jobs?{query}", auth=None).status == 401
        assert server.get(f"/jobs?{query}").json["code"] == "bad_parameter"  # nor is it taken in silence
    url = server.url.replace("//", f"//{server.token}@", 1) + "/jobs"  # curl makes Basic of it: a token is no password either
    said = subprocess.run(["curl", "-q", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--noproxy", "*", url], capture_output=True, text=True).stdout
    assert said == "401"


def test_nobody_gets_in_without_credentials(server):
    for method, path in [("GET", "/jobs"), ("POST", "/jobs"), ("GET", "/workers"), ("PUT", "/workers/X"), ("DELETE", "/workers/X"),
                         ("GET", "/jobs/01M86EA05QK06D5MRW8NYDB81Q"), ("PUT", "/jobs/01M86EA05QK06D5MRW8NYDB81Q/status"),
                         ("GET", "/jobs/01M86EA05QK06D5MRW8NYDB81Q/log"), ("POST", "/jobs/01M86EA05QK06D5MRW8NYDB81Q/report")]:
        assert server.curl(path, "-X", method, auth=None).status == 401, path


@pytest.mark.parametrize("role, reads, makes, codes", [("viewer", 200, 403, 403), ("operator", 200, 201, 403), ("developer", 200, 201, 201)])
def test_anonymous_callers_may_what_the_settings_say_in_words(new_server, role, reads, makes, codes):
    server = new_server(settings={"JOBJOKER_ANONYMOUS": role})
    server.put_worker("Any", "#!/bin/sh\n")
    assert server.get("/jobs", auth=None).status == reads
    assert server.post("/jobs", {"worker": "Any"}, auth=None).status == makes
    assert server.put("/workers/New", "#!/bin/sh\n", auth=None).status == codes
    assert server.get("/jobs", auth="Bearer wrong").status == 401


def session(server, body):
    answer = server.post("/session", body, auth=None)
    cookie = re.match(r"(jobjoker_session=[^;]*);", answer.headers.get("set-cookie", ""))
    return answer, ["-H", f"Cookie: {cookie[1]}"] if cookie else []


def test_a_session_begins_and_ends(server):
    answer, cookie = session(server, {"user": "admin", "password": server.password})
    assert answer.status == 200 and answer.data == [{"name": "admin", "role": "admin"}]
    for word in ("HttpOnly", "SameSite=Strict", f"Path={server.base_url}/"):
        assert word in answer.headers["set-cookie"]
    assert server.get("/me", *cookie, auth=None).data[0]["via"] == "session"
    assert server.delete("/session", *cookie, auth=None).status == 200
    assert server.get("/me", *cookie, auth=None).status == 401
    assert session(server, {"token": server.token})[0].status == 200


def test_a_session_holds_wherever_the_folder_lies(every_server, tmp_path):
    jar = tmp_path / "jar"
    logged_in = every_server.post("/session", {"user": "admin", "password": every_server.password}, "-c", jar, auth=None)
    assert logged_in.status == 200
    assert every_server.get("/me", "-b", jar, auth=None).status == 200
    assert every_server.delete("/session", "-b", jar, "-c", jar, auth=None).status == 200
    assert "jobjoker_session" not in jar.read_text()


@pytest.mark.parametrize("body, status", [({"user": "admin", "password": "x"}, 401), ({"user": "admin"}, 422), ({}, 422), ({"token": "x"}, 401),
                                          ({"user": 1, "password": 2}, 422), ({"user": "x" * 100, "password": "y"}, 401)])
def test_a_session_is_refused(server, body, status):
    answer, cookie = session(server, body)
    assert answer.status == status and not cookie


@pytest.mark.parametrize("header, status", [
    ("Sec-Fetch-Site: cross-site", 403), ("Sec-Fetch-Site: same-site", 403), ("Sec-Fetch-Site: same-origin", 201), ("Sec-Fetch-Site: none", 201),
    ("Origin: https://evil.example", 403), ("Origin: null", 403), ("Origin: {own}", 201), ("X-Nothing: x", 201),
])
def test_pages_of_other_sites_cannot_write(server, header, status):
    server.put_worker("Any", "#!/bin/sh\n")
    own = f"http://127.0.0.1:{server.port}"
    assert server.post("/jobs", {"worker": "Any"}, "-H", header.format(own=own)).status == status


def test_what_is_stored_gives_no_secret_away(server):
    raw = server.store.raw()
    assert server.token.encode() not in raw and server.password.encode() not in raw
    for path in [*server.data.glob("jobs.db*"), server.data / "secret.key", server.data / "audit.key"]:
        assert path.stat().st_mode & 0o077 == 0


def test_many_logins_at_once_are_all_right(new_server):
    server = new_server()
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert {a.status for a in pool.map(lambda _: server.get("/me", auth="basic"), range(20))} == {200}
        wrong = [a.status for a in pool.map(lambda n: server.get("/me", auth=apache.basic(f"nobody{n}", "x")), range(20))]
    assert set(wrong) <= {401, 429}


def test_who_waits_too_long_for_a_password_check_comes_back_later(server):
    """One password is checked at a time, because that takes 64 MB; tokens and passwords that were just seen do not wait."""
    server.store.change("DELETE FROM password_seen")  # one that is about to be forgotten
    assert server.get("/me", auth="basic").status == 200
    with open(server.data / "secret.key") as key:
        fcntl.flock(key, fcntl.LOCK_EX)
        assert server.get("/me").status == server.get("/me", auth="basic").status == 200
        late = server.get("/me", auth=apache.basic("admin", "x"))
        assert (late.status, late.json["code"]) == (429, "too_many_logins") and late.headers["retry-after"]
    assert server.get("/me", auth=apache.basic("admin", "x")).status == 401


def test_a_second_login_by_password_is_as_right_as_the_first(server):
    for _ in range(3):
        assert server.get("/me", auth="basic").status == 200
        assert server.get("/me", auth=apache.basic("admin", server.password + "x")).status == 401
