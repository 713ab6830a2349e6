"""Nothing but the admin page is served: every file of a careless site is asked for, as it lies there and by every trick.

The site is a clone of the repository in the document root, with .git, with the program built in it, and with the data folder inside,
as `data` is preset; with what editors, backups and administrators leave. Whatever is found there by a walk is asked for.

Another kind of server is scanned by the same tests: add its class to SERVERS. It needs what apache.Server has: `site`, `data`, `port`,
`base_url`, `token`, and the arguments `installed` and `layout`.
"""
import http.client
import os
import pathlib
import re
import shutil
import subprocess
import urllib.parse

import pytest

import apache
from store import sqlite_only

pytestmark = sqlite_only  # what lies in the folder is most with it, and else the same

SERVERS = {"apache": apache.Server}
PAGE = re.compile(r"htdocs/(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.(?:html|css|m?js|json|map|svg|png|ico|woff2|txt)", re.A)
MARK = b"this must stay inside"
SOURCES = [".ci", ".gitignore", ".npmrc", "CONTRIBUTING.md", "DESIGN.md", "Makefile.am", "bundle.mjs", "configure.ac", "docs", "lib", "package.json",
           "packages.txt", "quickstart", "runner", "sql", "tests", "cgi-bin", "workers", "htdocs"]

# What lies about on servers, each with MARK in it.
KNOWN = [
    ".env", ".env.local", ".htpasswd", ".svn/entries", ".svn/wc.db", ".hg/store/00manifest.i", ".bzr/README", ".DS_Store", ".idea/workspace.xml",
    ".vscode/settings.json", ".ssh/id_rsa", ".bash_history", ".my.cnf", ".pgpass", ".netrc", ".aws/credentials", ".user.ini", ".well-known/x",
    "id_rsa", "server.key", "server.pem", "web.config", "composer.json", "composer.lock", "node_modules/x/index.js", "vendor/autoload.php",
    "phpinfo.php", "info.php", "index.php", "index.html", "index.htm", "test.html", "robots.txt", "sitemap.xml", "favicon.ico", "crossdomain.xml",
    "backup.sql", "dump.sql.gz", "backup.zip", "site.tar.gz", "www.tgz", "db.sqlite", "database.db", "jobs.db", "jobs.db-wal", "jobs.db-shm",
    "jobs.db-journal", "secret.key", "audit.key", "admin-token", "admin-password", "jobjoker.ini", "core", "core.1234", "nohup.out", "error.log",
    "access_log", "config.log", "config.status", "Dockerfile", "docker-compose.yml", "Jenkinsfile", "Thumbs.db", "cgi-bin/test.cgi",
    "cgi-bin/printenv.pl", "cgi-bin/.htaccess.bak", "htdocs/.env", "htdocs/.git/HEAD", "htdocs/.hidden.js", "htdocs/.cache/x.js", "htdocs/x.php",
    "htdocs/x.phtml", "htdocs/x.cgi", "htdocs/x.db", "htdocs/x.ini", "htdocs/x.key", "htdocs/x.sql", "htdocs/x.zip", "htdocs/x.html.en",
    "htdocs/x.shtml", "htdocs/x.js.php", "htdocs/space x.js", "htdocs/grün.js", "data/run/x/ticket", "data/run/x/work/page.html", "data/backup/jobs.db",
    "workers/Secret.txt", "workers/Secret.json", "jobs/x.csv", "jobs.csv.bak", "users.txt~",
]
LEFT_BY = ["{d}{n}~", "{d}{n}.bak", "{d}{n}.BAK", "{d}{n}.old", "{d}{n}.orig", "{d}{n}.save", "{d}{n}.rej", "{d}{n}.tmp", "{d}{n}.1", "{d}{n}.gz",
           "{d}{n}.tar.gz", "{d}{n}.zip", "{d}{n}.dpkg-old", "{d}{n}.rpmsave", "{d}.{n}.swp", "{d}.{n}.swo", "{d}.{n}.un~", "{d}#{n}#", "{d}.#{n}",
           "{d}{n} copy", "{d}Copy of {n}", "{d}{n},v", "{d}%{n}%", "{d}{n}.2026-11-24"]
LEFT_OF = [".htaccess", "jobjoker.ini", "cgi-bin/jobjoker.cgi", "cgi-bin/auth.c", "htdocs/app.js", "htdocs/index.html", "data/jobs.db", "data/secret.key"]

# Ways to ask for a file by another name than its own. {p}: the path; {q}: with its dots and first letter as %XX.
TRICKS = [
    "/{q}", "//{p}", "///{p}", "/./{p}", "/%2e/{p}", "/{p}/", "/{p}//", "/{p}/.", "/{p}/x.js", "/{p}/..", "/{p}.", "/{p}..", "/{p}%20", "/{p}%09",
    "/{p}%00", "/{p}%00.js", "/{p}%0a", "/{p}%0d%0a.js", "/{p};x", "/{p};.js", "/;x/{p}", "/{p}?x.js", "/{p}?", "/{p}%3fx.js", "/{p}%23.js", "/{p}%2f",
    "/{p}%5c", "/{p}::$DATA", "/{p}:.js", "/{p}~1", "/{P}", "/htdocs/../{p}", "/htdocs/%2e%2e/{p}", "/htdocs/.%2e/{p}", "/htdocs/%2e./{p}",
    "/htdocs/..%2f{p}", "/htdocs%2f..%2f{p}", "/htdocs/..%5c{p}", "/htdocs\\..\\{p}", "/htdocs/%252e%252e/{p}", "/htdocs/..%252f{p}",
    "/htdocs/%c0%ae%c0%ae/{p}", "/htdocs/..;/{p}", "/htdocs/..;x=y/{p}", "/htdocs/x/../../{p}", "/htdocs/index.html/../../{p}", "/htdocs//..//{p}",
    "/htdocs/vendor/../../{p}", "/htdocs/{p}", "/cgi-bin/../{p}", "/cgi-bin/..%2f{p}", "/cgi-bin/%2e%2e/{p}", "/cgi-bin/..%2f..%2f{p}",
    "/cgi-bin/jobjoker.cgi/{p}", "/cgi-bin/jobjoker.cgi/../{p}", "/cgi-bin/jobjoker.cgi/../../{p}", "/cgi-bin/jobjoker.cgi%2f..%2f..%2f{p}",
    "/cgi-bin/jobjoker/{p}", "/nothing/../{p}", "/../{p}", "/x/%2e%2e/{p}",
]
TRICKED = [".git/HEAD", ".git/config", ".env", ".htaccess", "jobjoker.ini", "data/jobs.db", "data/jobs.db-wal", "data/secret.key", "data/admin-token",
           "cgi-bin/jobjoker", "cgi-bin/auth.c", "lib/base/key.c", "sql/sqlite/0001_first.sql", "runner/jobjoker-runner", "tests/run", "backup.sql"]


def put(source, to):
    """In its place, also of a program that runs."""
    pathlib.Path(to).unlink(missing_ok=True)
    return shutil.copy2(source, to)


def lay_out(server):
    """Turns the installed folder into that site; as root, so that the files are nobody's but the administrator's."""
    for name in SOURCES:
        source, to = apache.ROOT / name, server.site / name
        if source.is_dir():
            shutil.copytree(source, to, dirs_exist_ok=True, copy_function=put, ignore=shutil.ignore_patterns("*.o", "*.a", "node_modules", "__pycache__", "corpus"))
        elif source.exists():
            shutil.copy2(source, to)
    git = ["git", "-C", str(server.site), "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "safe.directory=*"]
    for words in (["init", "-q"], ["add", "-Af"], ["commit", "-qm", "x"], ["gc", "-q"]):
        subprocess.run([*git, *words], check=True, capture_output=True, env={"PATH": apache.PATH, "HOME": "/nonexistent"})
    left = [how.format(d=of[:of.rfind("/") + 1], n=of[of.rfind("/") + 1:]) for of in LEFT_OF for how in LEFT_BY]
    for name in KNOWN + left:
        path = server.site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(MARK if name != "jobjoker.ini" else b"# " + MARK + b"\n")


# Where it lies, and who asks. Each scan is thousands of requests; what refuses them is the same for all who ask, so that where the folder
# is an alias, or the whole site, the admin alone is tried, who gets furthest, and with a part of the files.
SCANS = [("odd-name", "admin"), ("odd-name", "anonymous")]
if os.environ.get("JOBJOKER_TEST_PLACES") != "few":
    SCANS += [("alias", "admin"), ("root", "admin")]


@pytest.fixture(scope="module", params=[(kind, *scan) for kind in SERVERS for scan in SCANS], ids="-".join)
def scan(request, installed):
    kind, layout, who = request.param
    server = SERVERS[kind](installed, layout=layout)
    server.data.rmdir()
    server.data = server.site / "data"
    server.data.mkdir(mode=0o700)
    shutil.chown(server.data, apache.run_user().pw_uid, apache.run_user().pw_gid)
    with apache.running(server):
        server.put_worker("Any", "#!/bin/sh\n")  # so that there is something in the -wal
        lay_out(server)
        yield Scan(server, who == "admin", 1 if layout == "odd-name" else 5)


class Scan:
    """Asks for many paths over few connections; of the files for each of so many."""

    def __init__(self, server, auth, each):
        self.each = each
        self.server, self.headers = server, {"Authorization": f"Bearer {server.token}"} if auth else {}
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def ask(self, path, method="GET"):
        """The path as it is to stand in the request, without the site's own; status and body."""
        try:
            self.connection.putrequest(method, self.server.base_url + path)
            for name, value in self.headers.items():
                self.connection.putheader(name, value)
            self.connection.endheaders()
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (http.client.HTTPException, ConnectionError):
            self.connection.close()
            raise


def files_of(server):
    return sorted(str(pathlib.Path(folder, name).relative_to(server.site)) for folder, _, names in os.walk(server.site) for name in names)


def content(server, name):
    try:
        return (server.site / name).read_bytes()
    except OSError:
        return b""


def shows(body, held):
    """Is that in the answer, or its beginning?"""
    return MARK in body or (len(held) >= 8 and held[:64] in body)


def test_of_all_files_the_page_alone_is_served(scan):
    files = files_of(scan.server)
    assert len(files) > 500 and {".git/HEAD", "data/jobs.db-wal", "cgi-bin/auth.c", "tests/run", "runner/jobjoker-runner"} <= set(files)
    asked, served, strange = [*files[::scan.each], "htdocs/index.html"], set(), {}
    for name in asked:
        status, body = scan.ask("/" + urllib.parse.quote(name))
        if name == "cgi-bin/jobjoker.cgi":
            assert status == 303 and b"ELF" not in body  # it is run, and leads to the page
        elif status == 200 and body == content(scan.server, name):
            served.add(name)
        elif status not in (400, 401, 403, 404, 405) or shows(body, content(scan.server, name)):
            strange[name] = status, body[:80]
    assert served == {name for name in asked if PAGE.fullmatch(name)} and "htdocs/index.html" in served
    assert not strange


def test_no_trick_reaches_a_file(scan):
    reached = {}
    for name in TRICKED:
        held = content(scan.server, name)
        assert held, name
        quoted = re.sub(r"^.|\.", lambda m: f"%{ord(m[0]):02x}", name)
        for trick in TRICKS:
            path = trick.format(p=name, q=quoted, P=name.upper())
            status, body = scan.ask(path)
            if status not in (301, 303, 400, 401, 403, 404, 405) or shows(body, held):
                reached[path] = status, body[:80]
    assert not reached


def test_no_folder_is_listed(scan):
    for folder in [str(pathlib.Path(f).relative_to(scan.server.site)) for f, _, _ in os.walk(scan.server.site)]:
        for path in ("/" + urllib.parse.quote(folder), "/" + urllib.parse.quote(folder) + "/"):
            status, body = scan.ask("" if folder == "." and not path.endswith("/") else path)
            assert b"Index of" not in body and b"Parent Directory" not in body and MARK not in body, path
            assert status in (301, 303, 400, 403, 404) or folder in ("htdocs", "workers", "jobs", "."), (path, status)


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "COPY", "LOCK", "TRACE", "DEBUG"])
def test_no_method_opens_a_file(scan, method):
    for name in TRICKED:
        status, body = scan.ask("/" + urllib.parse.quote(name), method)
        assert status >= 400 or method in ("OPTIONS", "TRACE"), (name, status)
        assert not shows(body, content(scan.server, name))
        assert content(scan.server, name)
