"""The folder, copied anywhere under a site with AllowOverride All, works there and shows nothing else."""
import urllib.parse

import pytest

import apache

MARK = "this must stay inside"

# Files of a careless administrator, each with MARK in it, beside what is there anyhow.
INSIDE = [
    "jobs.db", "jobs.db-wal", "secret.key", "data/secret.key.old", "data/audit.key", "data/jobs.db", "data/admin-token", "jobjoker.ini~", "jobjoker.ini.bak",
    "sql/sqlite/0001.sql", "tests/api/x.py", "lib/base/x.c", ".git/config", ".gitignore", ".env", ".htpasswd",
    "index.html", "index.php", "jobs.html", "workers/index.html", "workers/Secret.c", "README.md", "Makefile",
    "cgi-bin/other.cgi", "cgi-bin/jobjoker.cgi.bak", "htdocs/app.js~", "htdocs/.app.js.swp", "htdocs/.hidden.js",
    "htdocs/.git/config.txt", "htdocs/app.js.bak", "htdocs/#app.js#", "htdocs/index.php", "htdocs/data.db",
    "htdocs/vendor/.cache/x.js",
]


@pytest.fixture
def littered(every_server):
    for name in INSIDE:
        path = every_server.site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(MARK)
    yield every_server
    for name in INSIDE:
        (every_server.site / name).unlink()


def assert_hidden(server, path, statuses=(400, 403, 404)):
    for auth in ("token", None):
        answer = server.get(path, auth=auth)
        allowed = statuses if auth else (*statuses, 401)
        assert answer.status in allowed, (path, answer)
        assert MARK.encode() not in answer.body, (path, answer)


def test_the_program_answers_with_the_envelope(every_server):
    answer = every_server.get("/workers")
    assert answer.status == 200, answer
    assert answer.json["success"] is True and answer.headers["content-type"].startswith("application/json")


def test_a_token_reaches_the_program(every_server):
    assert every_server.get("/jobs", auth=None).status == 401
    assert every_server.get("/jobs", auth="Bearer wrong").status == 401
    assert every_server.get("/jobs", auth="token").status == 200


def test_a_password_reaches_the_program(every_server):
    assert every_server.get("/jobs", auth="basic").status == 200
    assert every_server.get("/jobs", auth=apache.basic("admin", "wrong")).status == 401


def test_an_unknown_route_is_the_programs_404(every_server):
    answer = every_server.get("/nothing/here")
    assert answer.status == 404 and answer.json["success"] is False


def test_a_created_thing_says_where_it_lies(every_server):
    every_server.put_worker("Where", "#!/bin/sh\ntrue\n")
    answer = every_server.post("/jobs", {"worker": "Where"})
    assert answer.status == 201, answer
    path = urllib.parse.unquote(answer.headers["location"]).removeprefix(f"http://127.0.0.1:{every_server.port}")
    assert path.startswith(every_server.base + "/jobs/"), answer.headers
    assert every_server.get(path.removeprefix(every_server.base)).status == 200


def test_a_job_runs_to_its_end_everywhere(every_server):
    every_server.put_worker("Hello", "#!/bin/sh\necho hello\necho ::response::world\n")
    job = every_server.run("Hello")
    assert job["status"] == "done", job
    assert "hello" in every_server.log(job["id"])
    assert "world" in every_server.response(job["id"])


def test_the_page_is_served_with_its_types_and_headers(every_server):
    page = every_server.get("/htdocs/", auth=None)
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-cache"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    again = every_server.get("/htdocs/", "-H", f"If-None-Match: {page.headers['etag']}", auth=None)
    assert again.status == 304


def test_modules_and_styles_have_their_types(every_server):
    types = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    seen = set()
    for file in (every_server.site / "htdocs").rglob("*"):
        if file.suffix in types:
            answer = every_server.get(f"/{file.relative_to(every_server.site)}", auth=None)
            assert answer.status == 200, file
            assert answer.headers["content-type"] == types[file.suffix] + "; charset=utf-8", file
            seen.add(file.suffix)
    assert {".js", ".css"} <= seen


def test_the_start_leads_to_the_page(every_server):
    answer = every_server.get("/", "-L", "-H", "Accept: text/html", auth=None)
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/html"), answer


def test_the_folder_without_its_slash_leads_to_it(every_server):
    for path in ["", "/htdocs"] if every_server.base else ["/htdocs"]:
        answer = every_server.get(path, auth=None)
        assert answer.status == 301
        to = urllib.parse.unquote(answer.headers["location"])
        assert to == f"http://127.0.0.1:{every_server.port}{every_server.base}{path}/"


def test_folders_with_the_name_of_a_route_do_not_stand_in_its_way(every_server):
    assert (every_server.site / "workers").is_dir()
    assert every_server.get("/workers").status == 200
    assert every_server.post("/workers", "x").status == 405


def test_files_inside_stay_inside(littered):
    for name in INSIDE:
        assert_hidden(littered, "/" + name.replace("#", "%23"))


def test_what_is_installed_stays_inside(littered):
    files = [f.relative_to(littered.site) for f in littered.site.rglob("*") if f.is_file()]
    assert len(files) > 10
    for name in files:
        if name.parts[0] != "htdocs" and name.name != "jobjoker.cgi":
            answer = littered.get(f"/{name}".replace("#", "%23"))
            assert answer.status in (400, 403, 404, 405), (name, answer)


def test_folders_are_not_listed(littered):
    for name in ("sql", "sql/", "sql/sqlite/", "cgi-bin", "cgi-bin/", "workers/", "htdocs/vendor", "htdocs/vendor/",
                 ".git", ".git/", "data/", "htdocs/.git/"):
        answer = littered.get("/" + name)
        assert answer.status in (400, 403, 404) or name == "workers/" and answer.status == 200, (name, answer)
        assert b"Index of" not in answer.body and MARK.encode() not in answer.body


TRICKS = [
    "/htdocs/../jobs.db", "/htdocs/%2e%2e/jobs.db", "/htdocs/.%2e/jobs.db", "/htdocs/..%2fjobs.db",
    "/htdocs%2f..%2fjobs.db", "/htdocs/%252e%252e/jobs.db", "/htdocs/..%252fjobs.db", "/htdocs/..%5cjobs.db",
    "/htdocs/../../../../../../etc/passwd", "/../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2f..%2fetc/passwd", "/htdocs/%00", "/htdocs/index.html%00.js", "/jobs.db%00.js", "/jobs.db%00",
    "/htdocs/jobs.db", "//jobs.db", "/./jobs.db", "/htdocs//../jobs.db", "/jobs.db/", "/jobs.db/x.js", "/jobs.db;x.js",
    "/jobs.db%20", "/jobs.db.", "/jobs.db%3f.js", "/jobs.db?x.js", "/jobs.db%23.js", "/JOBS.DB", "/%6aobs.db",
    "/htdocs/app.js%7e", "/htdocs/%2ehidden.js", "/htdocs/.%68idden.js", "/sql/sqlite/0001.sql/x", "/.htaccess",
    "/%2ehtaccess", "/.htaccess/", "/htdocs/.htaccess", "/cgi-bin/jobjoker", "/cgi-bin/other.cgi", "/cgi-bin/",
    "/jobjoker.ini", "/jobjoker.ini/", "/%c0%ae%c0%ae/jobs.db", "/htdocs/%c0%ae%c0%ae/jobs.db", "/data/jobs.db/..;/x", "/workers/Secret.c",
]


@pytest.mark.parametrize("path", TRICKS)
def test_tricks_reach_nothing(littered, path):
    answer = littered.get(path)
    assert answer.status in (400, 403, 404), answer
    assert MARK.encode() not in answer.body and b"root:" not in answer.body and b"RewriteEngine" not in answer.body


def test_the_program_is_run_and_never_sent(every_server):
    answer = every_server.get("/cgi-bin/jobjoker.cgi")
    assert answer.status in (303, 404) and b"ELF" not in answer.body, answer


@pytest.mark.only_on("cgid", "cgi", "fcgid", "proxy_fcgi", reason="nginx reads no .htaccess")
def test_without_rewriting_nothing_is_served(new_server):
    s = new_server(start=False)
    s.without.append("rewrite")
    s.start()
    for path in ("/", "/workers", "/jobjoker.ini", "/htdocs/index.html", "/cgi-bin/jobjoker.cgi"):
        assert s.get(path).status == 403


@pytest.mark.parametrize("query", ["-h", "--help+x", "init+--data+/tmp", "a+b+c", "%2d%2dversion", ";id", "-"])
def test_words_of_the_query_are_no_arguments(both_modules, query):
    """RFC 3875 section 4.4 lets a server make arguments of a query without "="."""
    plain = both_modules.get("/workers")
    answer = both_modules.get(f"/workers?{query}")
    assert answer.status in (200, 400), answer
    if answer.status == 200:
        assert answer.json == plain.json


@pytest.mark.parametrize("query", ["a+b+c", "a", "a%20b", "%ff%26%25", "a?b", "a&b", "-x", "a=b+c", "", "=", "%c3%a4"])
def test_apache_makes_no_arguments(says_how_it_was_called, query):
    """The same, seen from inside."""
    said = says_how_it_was_called.get(f"/workers?{query}").body.decode("latin-1")
    seen = query if "=" in query or not query else query + "="
    assert said == f"0 arguments, {seen}, /workers?{query}".encode().decode("latin-1")


@pytest.fixture(scope="module", params=["cgid", "cgi"])
def says_how_it_was_called(request, installed):
    """A server with another program in jobjoker.cgi's place."""
    s = apache.Server(installed, request.param)
    s.start()
    program = s.site / "cgi-bin/jobjoker.cgi"
    program.unlink()
    program.write_text('#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n%s arguments, %s, %s" "$#" "$QUERY_STRING" '
                       '"$REQUEST_URI"\n')
    program.chmod(0o755)
    yield s
    s.close()
