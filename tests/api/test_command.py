"""The administrator's command: users, tokens, and the doctor."""
import concurrent.futures
import os
import pty
import re
import subprocess

import pytest

import apache
from test_access import PASSWORD, add_user, ask, command, new_token


def test_help_names_every_command_and_its_arguments(installed):
    program = str(installed / "cgi-bin/jobjoker")
    said = subprocess.run([program, "--help"], capture_output=True, text=True)
    assert said.returncode == 0
    for name in ("init", "user add", "user passwd", "user role", "user list", "user delete", "token create", "token list", "token revoke",
                 "audit verify", "secret set", "secret list", "secret delete", "secret rotate-key", "backup", "restore", "copy", "doctor"):
        assert re.search(rf"^  {name}\b", said.stdout, re.M)
    for words in ([], ["user"], ["user", "fly"], ["users"], ["nonsense"], ["--help", "x"]):
        wrong = subprocess.run([program, *words], capture_output=True, text=True)
        assert wrong.returncode == 2 and wrong.stderr.startswith("Usage: jobjoker COMMAND") and not wrong.stdout
    for words in (["user", "add"], ["user", "add", "a", "b"], ["user", "role", "a"], ["user", "list", "x"], ["token", "create"], ["token", "revoke"],
                  ["user", "delete"], ["init", "x"], ["doctor", "a", "b"], ["tick", "x"], ["backup"], ["restore", "a", "b"], ["copy", "a"], ["api", "x"], ["settings", "x"], ["token", "list", "--user"],
                  ["user", "add", "a", "--role"], ["user", "add", "a", "--role", "viewer", "--role", "admin"], ["user", "add", "a", "--rule", "x"],
                  ["user", "role", "a", "viewer", "--workers", "A", "--all-workers"]):
        wrong = subprocess.run([program, *words], capture_output=True, text=True)
        assert wrong.returncode == 2 and f"Usage: jobjoker {words[0]}" in wrong.stderr, words


@pytest.mark.parametrize("word", ["version", "--version"])
def test_the_version_is_told_either_way(installed, word):
    said = subprocess.run([str(installed / "cgi-bin/jobjoker"), word], capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")
    assert f"AC_INIT([JobJoker], [{said.stdout.strip()}]," in (apache.ROOT / "configure.ac").read_text()


def test_users_from_the_first_to_the_last(new_server):
    server = new_server()
    add_user(server, "ann", "operator", "--workers", "A B")
    assert re.search(r"^ann +operator +- +A B$", command(server, "user", "list").stdout, re.M)
    assert server.get("/me", auth=apache.basic("ann", PASSWORD)).data[0]["workers"] == ["A", "B"]
    assert command(server, "user", "role", "ann", "developer", "--all-workers").returncode == 0
    who = server.get("/me", auth=apache.basic("ann", PASSWORD)).data[0]
    assert (who["role"], who["workers"]) == ("developer", None)
    assert command(server, "user", "passwd", "ann", input="a new password\r\n").returncode == 0
    assert server.get("/me", auth=apache.basic("ann", PASSWORD)).status == 401
    assert server.get("/me", auth=apache.basic("ann", "a new password")).status == 200
    assert command(server, "user", "disable", "ann").returncode == 0
    assert "disabled" in command(server, "user", "list").stdout
    assert server.get("/me", auth=apache.basic("ann", "a new password")).status == 401
    assert command(server, "user", "enable", "ann").returncode == 0
    assert command(server, "user", "delete", "ann").returncode == 0
    assert "ann" not in command(server, "user", "list").stdout
    for words, complaint in ((["delete", "ann"], "no user ann"), (["delete", "admin"], "last admin"), (["role", "admin", "viewer"], "last admin"),
                             (["disable", "admin"], "last admin"), (["role", "admin", "king"], "a role is"), (["passwd", "ann"], "no password")):
        done = command(server, "user", *words)
        assert done.returncode == 1 and complaint in done.stderr, done.stderr
    for secret, complaint in (("", "no password"), ("short", "12 to 1024"), ("x" * 1025, "12 to 1024"), ("x" * 5000, "no password")):
        done = command(server, "user", "add", "bob", "--role", "viewer", input=secret + "\n" if secret else "")
        assert done.returncode == 1 and complaint in done.stderr, (secret, done.stderr)
    assert "bob" not in command(server, "user", "list").stdout


def test_tokens_from_the_first_to_the_last(new_server):
    server = new_server()
    token = new_token(server, "admin", "--name", "for the cron job", "--role", "operator", "--workers", "A", "--addresses", "127.0.0.0/8", "--expires", "30")
    assert token.startswith("jja_") and len(token) == 47
    who = server.get("/me", auth=f"Bearer {token}").data[0]
    assert (who["name"], who["role"], who["workers"]) == ("admin", "operator", ["A"])
    line = next(l for l in command(server, "token", "list").stdout.splitlines() if "for the cron job" in l)
    assert token not in line and "127.0.0.0/8" in line
    assert command(server, "token", "list", "--user", "nobody").stdout == ""
    assert command(server, "token", "revoke", line.split()[0]).returncode == 0
    assert server.get("/me", auth=f"Bearer {token}").status == 401
    for words, complaint in ((["revoke", line.split()[0]], "no token"), (["revoke", "x"], "no id"), (["create", "nobody"], "no user nobody"),
                             (["create", "admin", "--role", "king"], "a role is"), (["create", "admin", "--expires", "soon"], "neither a number"),
                             (["create", "admin", "--addresses", "everywhere"], "no address"), (["create", "admin", "--name", "x" * 101], "longer than 100")):
        done = command(server, "token", *words)
        assert done.returncode == 1 and complaint in done.stderr and not done.stdout, done.stderr


def type_in(server, words, lines):
    """Runs the command on a terminal and types what it asks for. Returns its status and what the terminal showed."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update({"JOBJOKER_DATA": str(server.data)})
        argv = apache.as_user() + [str(server.site / "cgi-bin/jobjoker"), *words]
        os.execvp(argv[0], argv)
    shown = b""
    try:
        while True:
            if lines and re.search(rb"(New password|Again|Value): $", shown):
                os.write(fd, lines.pop(0).encode() + b"\n")
                shown += b"<typed>"
            shown += os.read(fd, 4096)
    except OSError: # the terminal is closed when the command has ended
        pass
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_a_password_is_asked_for_and_not_shown(new_server):
    server = new_server()
    status, shown = type_in(server, ["user", "add", "ann", "--role", "viewer"], [PASSWORD, PASSWORD])
    assert status == 0 and PASSWORD not in shown, shown
    assert server.get("/me", auth=apache.basic("ann", PASSWORD)).status == 200
    status, shown = type_in(server, ["user", "passwd", "ann"], [PASSWORD, PASSWORD + "x"])
    assert status == 1 and "two different" in shown
    assert server.get("/me", auth=apache.basic("ann", PASSWORD)).status == 200


def test_of_many_that_make_the_first_account_one_does(new_server):
    server = new_server(start=False)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert {d.returncode for d in pool.map(lambda _: command(server, "init"), range(6))} == {0}
    server.start()  # reads the files that tell how to log in
    assert server.get("/me").status == server.get("/me", auth="basic").status == 200
    assert server.get("/users").json["total"] == server.get("/tokens").json["total"] == 1


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes another user")
def test_what_root_makes_belongs_to_the_owner_of_the_data(new_server):
    server = new_server(start=False)
    done = subprocess.run([str(server.site / "cgi-bin/jobjoker"), "user", "add", "ann", "--role", "admin"], input=PASSWORD + "\n", text=True,
                          env={"PATH": apache.PATH, "JOBJOKER_DATA": str(server.data)}, capture_output=True)
    assert done.returncode == 0, done.stderr
    owners = {p.stat().st_uid for p in server.data.rglob("*")}
    assert owners == {apache.run_user().pw_uid}


# --- the doctor ---

def doctor(server, *words):
    done = command(server, "doctor", *words)
    return done.returncode, done.stdout


def test_the_doctor_finds_nothing_wrong_wherever_the_folder_lies(every_server):
    status, said = doctor(every_server, every_server.url)
    assert status == 0, said
    for line in ("its owner's alone", "the program answers", "tokens arrive", "the admin page is served", "nothing else of the folder"):
        assert re.search(rf"^ok .*{line}", said, re.M), said
    assert "jobjoker doctor" not in command(every_server, "token", "list").stdout  # it took its token away again


def test_the_doctor_says_so_when_it_cannot_ask_the_site(server):
    status, said = doctor(server)
    assert status == 0 and "was not asked" in said
    status, said = doctor(server, f"http://127.0.0.1:{apache.free_port()}")
    assert status == 1 and "does not answer" in said
    status, said = doctor(server, "example.org")
    assert status == 1 and "no address of a site" in said


def without(*modules):
    def change(server):
        server.without = list(modules)
    return change


def closed(server):
    server.site_conf += f'\n<Directory "{server.site}">\nAllowOverride None\n</Directory>'


@pytest.mark.only_on("cgid", reason="what is missing is mod_cgid, or what its .htaccess needs")
@pytest.mark.parametrize("change, findings", [
    (without("rewrite"), ["a2enmod rewrite"]),
    (without("headers"), ["a2enmod headers"]),
    (without("cgid"), ["a2enmod cgid"]),
    (closed, ["AllowOverride All", "can be fetched by anybody"]),
], ids=["no rewrite", "no headers", "no cgid", "no .htaccess"])
def test_the_doctor_knows_what_apache_lacks(new_server, change, findings):
    server = new_server(start=False)
    change(server)
    server.write_settings("grace = 5\n")
    server.start()
    status, said = doctor(server, server.url)
    assert status == 1 and f"{said.count('WRONG')} of these must be set right" in said
    for finding in findings:
        assert finding in said, said


@pytest.mark.only_on("cgid", "cgi", "fcgid", "proxy_fcgi", reason="nginx reads no .htaccess")
def test_the_doctor_sees_that_a_token_does_not_arrive(new_server):
    server = new_server()
    other = new_server(start=False)
    other.init()
    status, said = doctor(other, server.url)  # another data folder than that of the site
    assert status == 1 and "JOBJOKER_DATA" in said
    text = (server.site / ".htaccess").read_text()
    (server.site / ".htaccess").write_text(text.replace("CGIPassAuth On", ""))
    status, said = doctor(server, server.url)
    assert status == 1 and "CGIPassAuth" in said


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give it away")
def test_the_doctor_knows_that_the_site_does_not_run_as_root(new_server):
    server = new_server(start=False)
    os.chown(server.data, 0, 0)
    done = subprocess.run([str(server.site / "cgi-bin/jobjoker"), "doctor"], text=True, capture_output=True,
                          env={"PATH": apache.PATH, "JOBJOKER_DATA": str(server.data)})
    assert done.returncode == 1 and "belongs to root" in done.stdout


def test_the_doctor_looks_at_what_is_told_of_jobs(new_server):
    server = new_server(start=False)
    server.init()
    for settings, findings in (
            ("notify = https://example.org/hook", []),
            ("notify = https://example.org/hook nonsense", ["neither a URL nor"]),
            ("notify = ann@example.org", ["and none is sent here"]),
            ("notify = ann@example.org\nsendmail = /nonexistent", ["/nonexistent: No such file", "e-mail has no sender"]),
            ("notify = ann@example.org\nsendmail = /bin/true\nmail_from = jobs@example.org", []),
            ("notify_secret = HOOK_KEY", ["there is no secret HOOK_KEY"]),
            ("notify_ca = /nonexistent", ["/nonexistent: No such file"])):
        server.write_settings(settings + "\n")
        status, said = doctor(server)
        assert status == bool(findings) and said.count("WRONG") == len(findings) and all(f in said for f in findings), said
    server.write_settings("notify = https://example.org/hook\n")
    (server.site / "runner/jobjoker-post").unlink()
    status, said = doctor(server)
    assert status == 1 and "names a webhook, and none are sent here" in said and "jobjoker-post: No such file" in said, said


def test_the_doctor_looks_at_the_files(new_server):
    server = new_server(start=False)
    status, said = doctor(server)
    assert status == 1 and "jobjoker init" in said
    server.init()
    assert doctor(server)[0] == 0
    files = [(path, 0o644, 0o600, "others may read") for path in server.data.glob("jobs.db")]
    for path, mode, right, finding in (*files, (server.data, 0o755, 0o700, "others may look into"),
                                       (server.data / "secret.key", 0o640, 0o600, "others may read"),
                                       (server.data / "audit.key", 0o640, 0o600, "others may read"), (server.data, 0o500, 0o700, "cannot use")):
        path.chmod(mode)
        status, said = doctor(server)
        assert status == 1 and finding in said, said
        path.chmod(right)
    for name in ("secret.key", "audit.key"):
        key = (server.data / name).read_bytes()
        (server.data / name).write_bytes(b"short")
        status, said = doctor(server)
        assert status == 1 and f"{name} cannot be used" in said
        (server.data / name).write_bytes(key)
    assert doctor(server)[0] == 0
    server.store.change("UPDATE account SET disabled = 1")
    status, said = doctor(server)
    assert status == 1 and "jobjoker user add NAME --role admin" in said
    server.store.change("UPDATE account SET disabled = 0")
    server.store.change("CREATE TABLE copy_under_way (one INTEGER PRIMARY KEY)")
    status, said = doctor(server)
    assert status == 1 and "a copy that is not finished" in said
    server.store.change("DROP TABLE copy_under_way")
    (server.site / "runner/jobjoker-runner").chmod(0o644)
    status, said = doctor(server)
    assert status == 1 and "jobjoker-runner" in said
    (server.site / "runner/jobjoker-runner").chmod(0o755)
    (server.site / ".htaccess").rename(server.site / "htaccess")
    status, said = doctor(server)
    assert status == 1 and "cp -a" in said
    server.write_settings("colour = red\n")
    status, said = doctor(server)
    assert status == 1 and "line 1" in said


# --- a scan of the running site ---

def test_no_file_of_the_folder_is_served_but_the_page(every_server):
    """Every file that lies there, and what editors and backups leave beside it, asked for without credentials."""
    site = every_server.site
    files = [p.relative_to(site) for p in site.rglob("*") if p.is_file() and p.relative_to(site).parts[0] != "htdocs"]
    assert len(files) > 10
    left = ["jobjoker.ini", "data/jobs.db", "data/secret.key", "data/audit.key", ".git/HEAD", ".git/config", "config.log", "cgi-bin/jobjoker.cgi~", "cgi-bin/.jobjoker.cgi.swp",
            "htdocs/index.html~", "htdocs/.index.html.swp", "htdocs/index.html.bak", "htdocs/#index.html#", "htdocs/app.js.orig", "htdocs/.htpasswd",
            "htdocs/secret.php", "htdocs/x.sh", "htdocs/backup.tar.gz", "sql/0001.sql", "jobs.db"]
    made = []
    for name in left:
        path = site / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("# never to be seen\n")
            path.chmod(0o644)
            made.append(path)
    try:
        got = {}
        for name in [str(f) for f in files] + left:
            answer = ask(every_server, "GET", every_server.base_url + "/" + apache.urllib.parse.quote(name, safe="/"))
            if answer.status not in (303, 401, 404) or b"never to be seen" in answer.body: # 303: the program itself leads to the page
                got[name] = answer
        assert not got
    finally:
        for path in made:
            path.unlink()
