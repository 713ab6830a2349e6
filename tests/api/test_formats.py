"""What is the same for every path: methods, formats, caching, errors; and the list of jobs."""
import json
import re
import time

import pytest

ID = "01M86EA05QK06D5MRW8NYDB81Q"


@pytest.fixture(scope="module")
def jobs(server):
    server.put_worker("Any", "#!/bin/sh\n")
    server.put_worker("Other", "#!/bin/sh\n")
    server.put_worker("Runs", "#!/bin/sh\nexec sleep 600\n")
    return server


def routes(server):
    """The program's own table: (method, path) of every route."""
    import subprocess
    table = subprocess.run([str(server.site / "cgi-bin" / "jobjoker"), "api"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^\| `(\w+) (\S+)`", table, re.M)


def test_options_and_405_come_from_the_table(jobs):
    methods = {}
    for method, path in routes(jobs):
        methods.setdefault(path, set()).add(method)
    assert len(methods) > 10
    for path, known in methods.items():
        real = path.replace(":id", ID).replace(":name", "Any")
        allowed = known | ({"HEAD"} if "GET" in known else set()) | {"OPTIONS"}
        options = jobs.curl(real, "-X", "OPTIONS", auth=None)
        assert options.status == 200 and set(options.headers["allow"].split(", ")) == allowed, path
        for method in {"GET", "POST", "PUT", "DELETE"} - known:
            refused = jobs.curl(real, "-X", method)
            assert refused.status == 405 and set(refused.headers["allow"].split(", ")) == allowed, (method, path)
            assert refused.json["code"] == "method_not_allowed"


def real(path, id=ID):
    return path.replace(":id", id).replace(":name", "Any")


def test_head_is_get_without_its_body(jobs):
    id = jobs.create("Any")
    jobs.post(f"/jobs/{id}/log", "x" * 100)
    jobs.store.change("UPDATE token SET used = ?", int(time.time() * 1000))  # it is noted once a minute, and /tokens tells it
    paths = [real(path, id) for method, path in routes(jobs) if method == "GET"]
    for path in [*paths, "/jobs.csv", f"/jobs/{id}/log.txt", f"/jobs/{id}/status.txt", "/nothing", f"/jobs/{ID}"]:
        get, head = jobs.get(path), jobs.head(path)
        assert head.status == get.status and head.body.partition(b"\r\n\r\n")[2] == b"", path  # curl prints the headers
        for name in ("content-type", "etag", "location", "allow"):
            assert head.headers.get(name) == get.headers.get(name), (path, name)


def test_what_a_path_needs_is_asked_before_anything_else(jobs):
    """No credentials: 401, whatever else is wrong. And a parameter that the path does not know is a 400 everywhere."""
    for method, path in routes(jobs):
        if path in ("/", "/session"):
            continue
        body = ["--data-binary", "{"] if method in ("POST", "PUT") else []
        for target in (real(path), real(path, "x"), real(path) + "?colour=red", real(path) + ".xml"):
            answer = jobs.curl(target, "-X", method, *body, auth=None)
            unknown = target.endswith(".xml") and ":" not in path.rpartition("/")[2]
            assert answer.status == (404 if unknown else 401), (method, target, answer)
        if not path.endswith("/report"):
            in_person = "basic" if path.startswith("/me/") else "token"
            answer = jobs.curl(real(path) + "?colour=red", "-X", method, *body, auth=in_person)
            assert answer.status == 400 and answer.json["code"] == "bad_parameter" and "colour" in answer.json["message"], (method, path)


def test_every_answer_in_json_is_the_envelope(jobs):
    id = jobs.create("Any")
    for method, path in routes(jobs):
        if method != "GET" or path == "/":
            continue
        for suffix in ("", ".json"):
            answer = jobs.get(real(path, id) + suffix)
            if answer.headers["content-type"] == "application/json":
                body = answer.json
                assert isinstance(body["data"], list) and isinstance(body["total"], int), path
                assert body["success"] is (answer.status == 200) and isinstance(body["message"], str), path


@pytest.mark.parametrize("path", ["/workers", "/workers/Any", "/me", "/jobs?worker=Nobody"])
def test_what_has_not_changed_is_304(jobs, path):
    tag = jobs.get(path).headers["etag"]
    for sent in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        answer = jobs.get(path, "-H", f"If-None-Match: {sent}")
        assert answer.status == 304 and answer.body == b""
    assert jobs.get(path, "-H", 'If-None-Match: "x"').status == 200


@pytest.mark.parametrize("accept, type", [
    ("*/*", "application/json"), ("text/csv", "text/csv"), ("text/csv;q=0.5, application/json", "application/json"),
    ("text/csv, application/json;q=0.1", "text/csv"), ("application/*", "application/json"), ("text/*", "text/csv"), ("", "application/json"),
])
def test_accept_chooses_the_format(jobs, accept, type):
    answer = jobs.get("/jobs", "-H", f"Accept: {accept}")
    assert answer.status == 200 and answer.headers["content-type"].split(";")[0] == type


@pytest.mark.parametrize("accept, type", [
    ("text/csv;seq=0;q=1, application/json;q=0.5", "text/csv"), ("text/csv;Q=0.1, application/json;q=0.5", "application/json"),
    ("text/csv ; q=0.9 ,application/json;q=0.8", "text/csv"), ("application/json;q=0.001,text/csv;q=0.0001", "application/json"),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"), ("*/*;q=0.1, text/csv;q=0", "application/json"),
    ("TEXT/CSV", "text/csv"), (",,text/csv,", "text/csv"),
])
def test_the_weights_of_accept_count(jobs, accept, type):
    answer = jobs.get("/jobs", "-H", f"Accept: {accept}")
    assert answer.status == 200 and answer.headers["content-type"].split(";")[0] == type


@pytest.mark.parametrize("accept", ["*/*;q=inf", "*/*;q=nan", "*/*;q=-1", "*/*;q=0", "application/json;q=0.0004", ";q=1", ";;;;", "q=1"])
def test_a_weight_of_nothing_is_406(jobs, accept):
    assert jobs.get("/jobs", "-H", f"Accept: {accept}").status == 406


@pytest.mark.parametrize("method", ["PATCH", "BREW", "get", "PROPFIND", "X" * 200])
def test_an_unknown_method_is_405_with_what_the_path_knows(jobs, method):
    if jobs.module == "nginx" and method.islower():
        pytest.skip("to nginx this is no request at all")
    for path, known in [("/jobs", "GET, HEAD, POST, OPTIONS"), (f"/jobs/{ID}/status", "GET, HEAD, PUT, OPTIONS"), ("/", "GET, HEAD, OPTIONS")]:
        answer = jobs.curl(path, "-X", method)
        assert (answer.status, answer.json["code"], answer.headers["allow"]) == (405, "method_not_allowed", known)
    assert jobs.curl("/nothing", "-X", method).status == 404


def test_what_cannot_be_had_is_406(jobs):
    for accept in ("image/png", "text/plain", "application/json;q=0"):
        answer = jobs.get("/jobs", "-H", f"Accept: {accept}")
        assert answer.status == 406 and answer.json["code"] == "not_acceptable"
    assert jobs.get("/jobs.txt").status == 404


def test_scripts_need_no_json(jobs):
    id = jobs.post("/jobs", {"worker": "Any"}, "-H", "Accept: text/plain").text
    assert re.fullmatch(r"[0-9A-Z]{26}\n", id)
    assert jobs.get(f"/jobs/{id.strip()}/status.txt").text == "idle\n"
    assert jobs.put(f"/jobs/{id.strip()}/status.txt", "start").text == "active\n"
    assert jobs.get("/jobs/x/status.txt").text == "this is no id of a job\n"


def test_an_error_is_an_envelope_too(jobs):
    for answer in (jobs.get("/nothing"), jobs.get(f"/jobs/{ID}"), jobs.post("/jobs", b"{")):
        body = answer.json
        assert body["success"] is False and body["data"] == [] and body["total"] == 0
        assert re.fullmatch(r"[a-z_]+", body["code"]) and body["message"]
        assert answer.headers["content-type"] == "application/json"


def test_answers_are_not_cached_sniffed_or_framed(jobs):
    headers = jobs.get("/jobs").headers
    assert "no-cache" in headers["cache-control"] and headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("query", ["colour=red", "limit=0", "limit=1001", "limit=x", "status=odd", "since=yesterday", "cursor=x", "limit"])
def test_a_query_that_means_nothing_is_refused(jobs, query):
    assert jobs.get(f"/jobs?{query}").status == 400


def test_pages_walk_all_jobs_newest_first(jobs):
    made = [jobs.create("Other", name=f"p{i}") for i in range(7)]
    got, path = [], "/jobs?worker=Other&limit=3"
    while path:
        answer = jobs.get(path)
        assert answer.json["total"] == 7
        got += [j["id"] for j in answer.data]
        link = answer.headers.get("link")
        path = "/jobs" + re.match(r'<(\?[^>]*)>; rel="next"', link)[1] if link else None
        assert bool(link) == ("next" in answer.json)
    assert sorted(got) == sorted(made) and got == sorted(got, reverse=True)


def test_a_page_of_large_jobs_ends_early(jobs):
    made = [jobs.create("Other", {"x": "y" * 900_000}, name="large") for _ in range(12)]
    first = jobs.get("/jobs?name=large").json
    assert (len(first["data"]), first["total"]) == (10, 12)
    rest = jobs.get(f"/jobs?name=large&cursor={first['next']}").json
    assert [j["id"] for j in first["data"] + rest["data"]] == sorted(made, reverse=True) and "next" not in rest
    for id in made:
        jobs.delete(f"/jobs/{id}")


@pytest.mark.parametrize("query", ["since=%202026-1-01", "since=2026-01-01T00:00:00.Z", "until=2026-01-01T00:00:00%2B99:99",
                                   "since=2026-01-01T00:00:00-1:0", "since=2026-02-30", "since=0x7ea-01-01", "since="])
def test_a_time_that_is_none_is_refused(jobs, query):
    assert jobs.get(f"/jobs?{query}").status == 400


def test_since_and_until_part_the_jobs(jobs):
    ids = [jobs.create("Other", name="timed") for _ in range(2)]
    second = jobs.job(ids[1])["created"]
    assert [j["id"] for j in jobs.get(f"/jobs?name=timed&since={second}").data] == [ids[1]]
    assert [j["id"] for j in jobs.get(f"/jobs?name=timed&until={second}").data] == [ids[0]]


def test_filters_and_counts(jobs):
    id = jobs.start_job("Runs", name="only me")
    assert [j["id"] for j in jobs.get("/jobs?status=active&worker=Runs").data] == [id]
    assert [j["id"] for j in jobs.get("/jobs?name=only%20me").data] == [id]
    assert [j["id"] for j in jobs.get("/jobs?q=ONLY").data] == [id]
    assert jobs.get("/jobs?worker=Runs&until=2020-01-01").json["total"] == 0
    assert jobs.get("/jobs?worker=Runs&since=2020-01-01T00:00:00Z").json["total"] == 1
    counts = jobs.get("/jobs?limit=1").json["counts"]
    assert set(counts) == {"idle", "active", "stop", "error", "done"}
    for status, count in counts.items():
        assert jobs.get(f"/jobs?status={status}&limit=1").json["total"] == count
    jobs.put(f"/jobs/{id}/status", "kill")


def test_the_list_as_csv(jobs):
    jobs.create("Other", name="=1+1", timeout=2.5)
    rows = jobs.get("/jobs.csv?worker=Other&limit=1").text.split("\r\n")
    assert rows[0].startswith("id,worker,version,name,status,parameters")
    assert ",\"'=1+1\",idle,{}," in rows[1]
    assert rows[1].split(",")[rows[0].split(",").index("timeout")] == "2.500"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9", "127.0.0.1:9", "127.0.0.1", "[::1]:9"])
def test_a_forged_host_reaches_no_worker(jobs, host):
    """Apache takes the port of SERVER_PORT out of that header too."""
    jobs.put_worker("Api", "#!/bin/sh\necho \"$JOBJOKER_API\"\n")
    answer = jobs.post("/jobs", {"worker": "Api", "start": True}, "-H", f"Host: {host}")
    id = answer.data[0]["id"]
    jobs.ended(id)
    assert jobs.log(id) == f"STARTED\nhttp://127.0.0.1:{jobs.port}\nENDED\n"
    assert "evil" not in json.dumps(dict(answer.headers))


def test_an_address_that_is_set_is_the_one(new_server):
    server = new_server(settings={"JOBJOKER_API": "https://example.org/jobs/"})
    server.put_worker("Api", "#!/bin/sh\necho \"$JOBJOKER_API\"\n")
    assert server.log(server.run("Api")["id"]) == "STARTED\nhttps://example.org/jobs\nENDED\n"


def test_a_worker_can_call_the_api_wherever_it_lies(every_server):
    every_server.put_worker("Caller", '''#!/bin/sh
curl -sS -H "Authorization: Bearer $JOBJOKER_TOKEN" -o /dev/null -d hi "$JOBJOKER_API/jobs/$JOBJOKER_ID/response"
''')
    assert every_server.response(every_server.run("Caller")["id"]) == "hi"
