"""A private Apache with the drop-in folder in it, on a free port of 127.0.0.1, and requests to it.

Used by the API tests, the benchmarks and tests/with-server. Everything lies in one new folder below /tmp. When root
runs the tests, Apache's children and the jobs run as www-data, as they do on a real server.
"""
import base64
import contextlib
import glob
import json
import os
import pathlib
import pwd
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

import store
import talk

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("JOBJOKER_BUILD", ROOT))  # another build of the same tree, with sanitizers, say
MODULES = ["/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules", "/usr/lib/apache2"]
PATH = "/usr/local/bin:/usr/bin:/bin"
WAIT_MAX = 60  # seconds that an answer is waited for: ?wait= of cgi-bin/read_jobs.c
PYTEST_PROCESSES_MAX = 16  # that share the ports

# name: (where the folder lies below the server's own, the URL's path to it, what the configuration needs for that)
LAYOUTS = {
    "root": ("site", "", 'DocumentRoot "{top}/site"'),
    "sub-path": ("www/tools/jobs", "/tools/jobs", 'DocumentRoot "{top}/www"'),
    "odd-name": ("www/grüne Jobs (1)", "/grüne Jobs (1)", 'DocumentRoot "{top}/www"'),
    "alias": ("far away/jöbs", "/al/ias", 'DocumentRoot "{top}/www"\nAlias "/al/ias" "{top}/far away/jöbs"'),
    "userdir": ("home/alice/public_html/jj", "/~alice/jj",
                'DocumentRoot "{top}/www"\nUserDir "{top}/home/*/public_html"'),
}

# Where a build looks for leaks, it must look through our own memory only.
SANITIZERS = {k: v for k, v in os.environ.items() if k in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")}

NGINX_CONF = """
daemon off;
{user_line}
worker_processes 1;
pid "{top}/nginx.pid";
error_log "{top}/error.log" warn;
events {{
    worker_connections 512;
}}
http {{
    access_log off;
    default_type application/octet-stream;
    client_body_temp_path "{top}/nginx-body";
    fastcgi_temp_path "{top}/nginx-fastcgi";
    proxy_temp_path "{top}/nginx-proxy";
    uwsgi_temp_path "{top}/nginx-uwsgi";
    scgi_temp_path "{top}/nginx-scgi";
    client_body_timeout {timeout};
    client_header_timeout {timeout};
    server {{
        listen 127.0.0.1:{port};
        {site}
    }}
}}
"""

CONF = """
ServerRoot "{top}"
DefaultRuntimeDir "{top}"
PidFile "{top}/httpd.pid"
ServerName 127.0.0.1
UseCanonicalPhysicalPort On
Listen 127.0.0.1:{port}
{load}
<IfModule unixd_module>
    User {user}
    Group {group}
</IfModule>
<IfModule cgid_module>
    ScriptSock "{top}/cgid.sock"
</IfModule>
StartServers 1
ThreadsPerChild 25
MaxRequestWorkers 100
MinSpareThreads 5
MaxSpareThreads 100
Timeout {timeout}
TypesConfig /dev/null
ErrorLog "{top}/error.log"
# As careless as a site may be: what must not be seen is hidden by .htaccess alone.
<Directory "/">
    Options Indexes FollowSymLinks MultiViews
    AllowOverride All
    Require all granted
</Directory>
{site}
{settings}
"""


def pauses():
    """Between looks, in seconds: longer and longer, since by CGI each look is the start of a program, and keeps what is waited for
    from the processor."""
    pause = 0.01
    while True:
        yield pause
        pause = min(pause * 1.4, 0.1)


def wait_until(condition, seconds=10, what="condition"):
    """Returns the first true value of condition(), polled; fails when there was none in that many seconds."""
    end = time.monotonic() + seconds
    for pause in pauses():
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(pause)


def is_listened_at(path):
    """Does somebody listen at a socket whose path begins so? One that is there may be bound and no more, or be left behind."""
    with open("/proc/net/unix") as sockets:
        rows = [line.rstrip("\n").split(None, 7) for line in sockets]
    return any(len(row) == 8 and row[3] == "00010000" and row[7].startswith(str(path)) for row in rows)


def apache_command():
    return shutil.which("apache2", path=PATH + ":/usr/sbin:/sbin") or shutil.which("httpd", path=PATH + ":/usr/sbin")


def has_fastcgi():
    return "  fastcgi " in subprocess.run([BUILD / "cgi-bin/jobjoker", "--help"], capture_output=True, text=True, check=True).stdout


def load_modules(names):
    folder = next(f for f in MODULES if os.path.exists(f + "/mod_rewrite.so"))
    built_in = subprocess.run([apache_command(), "-l"], capture_output=True, text=True, check=True).stdout.split()
    return "\n".join(f'LoadModule {n}_module "{folder}/mod_{n}.so"' for n in names if f"mod_{n}.c" not in built_in)


def is_static():
    """Is jobjoker.cgi linked statically, as it is where nothing is in the way of that?"""
    return b".interp\0" not in (BUILD / "cgi-bin/jobjoker.cgi").read_bytes()


def run_user():
    """The user that programs and jobs run as."""
    if os.getuid():
        return pwd.getpwuid(os.getuid())
    for name in ("www-data", "apache", "http", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise RuntimeError("no unprivileged user")


def as_user():
    """What must stand before a command so that it runs as that user."""
    if os.getuid():
        return []
    user = run_user()
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


def new_folder(parent="/tmp"):
    top = pathlib.Path(tempfile.mkdtemp(prefix="jobjoker-test-", dir=parent))
    top.chmod(0o711)
    return top


def install(into):
    """Installs the build, as `make install` does, and returns the path of the complete drop-in folder."""
    subprocess.run(["make", "-s", "-C", str(BUILD), "install", f"DESTDIR={into}"], check=True, capture_output=True)
    program = glob.glob(f"{into}/**/cgi-bin/jobjoker.cgi", recursive=True)
    assert len(program) == 1, "make install put no jobjoker.cgi anywhere"
    return pathlib.Path(program[0]).parents[1]


# How the program is called, by the name of the server's part that calls it. JOBJOKER_TEST_SERVER picks the one that tests
# which name none are about.
MODULES_FOR = {"cgid": ["cgid"], "cgi": ["cgi"], "fcgid": ["fcgid"], "proxy_fcgi": ["proxy", "proxy_fcgi"], "nginx": []}
DEFAULT_MODULE = os.environ.get("JOBJOKER_TEST_SERVER", "cgid")
PROCESSES = 4  # of FastCGI, to begin with


class Server:
    """module: a key of MODULES_FOR. layout: a key of LAYOUTS. settings: variables for the program, {"JOBJOKER_GRACE": "1"}."""

    parent = "/tmp"  # where the server's folder is made

    def __init__(self, installed, module=None, layout="root", settings=None, timeout=120):
        self.top = new_folder(self.parent)
        self.module = module or DEFAULT_MODULE
        self.starter = None  # of FastCGI processes, where the web server starts none
        self.starter_options = ["--processes", PROCESSES]
        self.layout = layout
        self.timeout = timeout
        self.settings = settings or {}
        self.without = []  # Apache modules to leave out
        place, self.base, self.site_conf = LAYOUTS[layout]
        self.site = self.top / place
        self.data = self.top / "data"
        (self.top / "www").mkdir()
        shutil.copytree(installed, self.site, symlinks=True)
        self.store = store.new(self.data)
        self.write_settings("")
        self.data.mkdir(mode=0o700)
        self.run_folder = self.top / "run"
        self.run_folder.mkdir(mode=0o711)
        if os.getuid() == 0:
            for folder in (self.data, self.run_folder):
                os.chown(folder, run_user().pw_uid, run_user().pw_gid)
        self.process = None
        self.port = None
        self.token = self.password = ""

    # --- life ---

    def start(self):
        self.init()
        for _ in range(5):  # somebody else may take the free port before we do
            self.port = free_port()
            if self._start():
                return self
        raise RuntimeError("the server does not start:\n" + self.error_log())

    def init(self):
        """Makes the database and the admin account, as an administrator does."""
        subprocess.run(as_user() + [str(self.site / "cgi-bin/jobjoker"), "init", "--data", str(self.data)],
                       check=True, env={"PATH": PATH}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.token = (self.data / "admin-token").read_text().strip()
        self.password = (self.data / "admin-password").read_text().strip()

    def write_settings(self, text):
        """Into jobjoker.ini, beside those that say where jobs are kept. Nothing: no file, where that is as preset."""
        path = self.site / "jobjoker.ini"
        if text or self.store.lines:
            path.write_text(text + self.store.lines)
        else:
            path.unlink(missing_ok=True)

    # --- FastCGI ---

    @property
    def is_persistent(self):
        """Do processes answer many requests?"""
        return self.module not in ("cgid", "cgi")

    @property
    def socket(self):
        return self.run_folder / "fastcgi.sock"

    def documented_conf(self):
        """The file of docs/servers for this module, with our folder, path and socket in it."""
        text = (ROOT / "docs/servers" / f"{self.module}.conf").read_text()
        return (text.replace("/srv/jobjoker", str(self.site)).replace("/my-jobs", self.base)
                .replace("/run/jobjoker/fastcgi.sock", str(self.socket)))

    def variables(self):
        return {"JOBJOKER_DATA": str(self.data), **self.settings}

    def fastcgi_processes(self):
        """The processes that answer requests, as pids; those of mod_fcgid are Apache's grandchildren."""
        if self.starter:
            return {int(p) for p in pathlib.Path(f"/proc/{self.starter.pid}/task/{self.starter.pid}/children").read_text().split()}
        found = set()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if line[1:3] == [b"fastcgi", b"--alone"] and line[0].startswith(str(self.site).encode()):
                    found.add(int(pid))
        return found

    def connections(self):
        """How many requests there are at the sockets of these processes."""
        table = [line.split() for line in pathlib.Path("/proc/net/unix").read_text().splitlines()]
        return sum(len(words) > 7 and words[5] == "03" and words[7].startswith(str(self.run_folder)) for words in table)

    def start_starter(self):
        with open(self.top / "error.log", "ab") as log:
            self.starter = subprocess.Popen(
                as_user() + [str(self.site / "cgi-bin/jobjoker"), "fastcgi", "--socket", str(self.socket),
                             *map(str, self.starter_options)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True,
                env={"PATH": PATH, **SANITIZERS, **self.variables()})
        wait_until(lambda: self.starter.poll() is not None or is_listened_at(self.socket), 20, "FastCGI is up")
        assert self.starter.poll() is None, self.error_log()

    def stop_starter(self):
        if self.starter:
            self.starter.terminate()
            self.starter.wait(30)
            self.starter = None

    # --- life ---

    def _start(self):
        if self.module in ("proxy_fcgi", "nginx") and not self.starter:
            self.start_starter()
        if self.module == "nginx":
            return self._start_nginx()
        (self.top / "httpd.conf").write_text(self.conf())
        self.process = subprocess.Popen(
            [apache_command(), "-f", str(self.top / "httpd.conf"), "-DFOREGROUND"], start_new_session=True,
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"PATH": PATH, "LANG": "C.UTF-8"})
        wait_until(lambda: self.process.poll() is not None or self.answers() and self.has_daemon(), 20, "Apache is up")
        return self.process.poll() is None

    def _start_nginx(self):
        (self.top / "nginx.conf").write_text(NGINX_CONF.format(
            top=self.top, port=self.port, user=run_user().pw_name if os.getuid() == 0 else "", timeout=self.timeout,
            user_line=f"user {run_user().pw_name};" if os.getuid() == 0 else "", site=self.documented_conf()))
        self.process = subprocess.Popen(["nginx", "-c", str(self.top / "nginx.conf"), "-e", str(self.top / "error.log")],
                                        start_new_session=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env={"PATH": PATH + ":/usr/sbin:/sbin"})
        wait_until(lambda: self.process.poll() is not None or self.answers(), 20, "nginx is up")
        return self.process.poll() is None

    def conf(self):
        names = ["mpm_event", "unixd", "authz_core", "log_config", "alias", "userdir", "dir", "mime", "negotiation",
                 "autoindex", "env", "rewrite", "headers", *MODULES_FOR[self.module]]
        names = [n for n in names if n not in self.without]
        give = {"cgid": "SetEnv", "cgi": "SetEnv", "fcgid": "FcgidInitialEnv"}.get(self.module)
        settings = [f'{give} {k} "{v}"' for k, v in self.variables().items()] if give else []
        if self.is_persistent:
            settings.append(self.documented_conf())
        if self.module == "fcgid":
            settings.append(f'FcgidIPCDir "{self.run_folder}"\nFcgidProcessTableFile "{self.run_folder}/table"\n'
                            + "\n".join(f'FcgidInitialEnv {k} "{v}"' for k, v in SANITIZERS.items()))
        return CONF.format(
            top=self.top, port=self.port, load=load_modules(names), user=run_user().pw_name,
            group=f"#{run_user().pw_gid}", timeout=self.timeout, site=self.site_conf.format(top=self.top),
            settings="\n".join(settings))

    def has_daemon(self):
        """mod_cgid answers 503 until its daemon listens, which may be after Apache does."""
        return self.module != "cgid" or "cgid" in self.without or is_listened_at(self.top / "cgid.sock")

    def answers(self):
        """A connection is not enough: Apache listens before it looks after its signals, and one that is stopped then leaves
        mod_cgid's daemon behind."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as connection:
            connection.sendall(b"OPTIONS * HTTP/1.0\r\n\r\n")
            connection.settimeout(20)
            return connection.recv(1) != b""
        return False

    def stop(self):
        """Stops the web server and what answers requests: jobs run on."""
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None
        self.stop_starter()

    def close(self):
        """Ends what tests left running and Apache, removes the folder, and fails when a process is left or when a
        sanitizer had something to say."""
        try:
            if self.process and self.process.poll() is None:
                self.end_schedules()
                self.kill_jobs()
            self.stop()
            left = self.end_keepers()
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            log = self.error_log()
            assert not left, "processes are left: " + ", ".join(left.values())
            assert "Sanitizer" not in log and "runtime error:" not in log, log[-8000:]
        finally:
            shutil.rmtree(self.top, ignore_errors=True)

    def end_keepers(self):
        """What is still there after 20 s: a busy machine ends it late. A keeper ends without its file, which a notifier that
        ends may have made anew, for the next one."""
        end = time.monotonic() + 20
        for pause in pauses():
            (self.data / "keeper").unlink(missing_ok=True)
            left = self.processes()
            if not left or time.monotonic() > end:
                return left
            time.sleep(pause)

    def end_schedules(self):
        """So that nothing starts while jobs are killed, nor a keeper for it."""
        schedules = self.get("/schedules?limit=1000")
        if schedules.status == 200 and schedules.headers.get("content-type", "").startswith("application/json"):
            for schedule in schedules.data:
                self.delete(f"/schedules/{schedule['id']}")
        for job in self.jobs("status=idle"):
            if job["waiting"]:
                self.put(f"/jobs/{job['id']}/status", "kill")

    def kill_jobs(self):
        for job in self.jobs("status=active"):
            self.put(f"/jobs/{job['id']}/status", "kill")

    def jobs(self, query):
        """Those of a filter; none where the server cannot tell any more."""
        jobs = self.get(f"/jobs?{query}&limit=1000")
        well = jobs.status == 200 and jobs.headers.get("content-type", "").startswith("application/json")
        return jobs.data if well else []

    def processes_after(self, seconds, of="/"):
        """Our processes that are still there after at most that time, as {pid: command}. of: a part of the command."""
        end = time.monotonic() + seconds
        for pause in pauses():
            left = {pid: command for pid, command in self.processes().items() if of in command}
            if not left or time.monotonic() > end:
                return left
            time.sleep(pause)

    def processes(self, waiting=False):
        """All processes that run a program of this server's folder, in it, or with its name in their command; those that wait
        for the next request if so wanted."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            said = []
            for name in ("cwd", "exe"):
                try:
                    said.append(os.readlink(f"/proc/{pid}/{name}"))
                except OSError:
                    pass
            try:
                line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                if line:  # of one that has just become its program the kernel knows no arguments yet
                    said.append(line.replace(b"\0", b" ").decode("utf-8", "replace"))
            except OSError:
                pass
            waits = self.process and self.is_persistent and said and re.search(r"\bjobjoker fastcgi ", said[-1])
            if int(pid) != os.getpid() and any(str(self.top) in s for s in said) and (waiting or not waits):
                found[int(pid)] = f"{pid} {said[-1]}"
        return found

    def error_log(self):
        try:
            return (self.top / "error.log").read_text(errors="replace")
        except OSError:
            return ""

    # --- requests ---

    @property
    def url(self):
        """The API's address, with no slash at its end."""
        return f"http://127.0.0.1:{self.port}{self.base_url}"

    @property
    def base_url(self):
        """The path of that address, as it stands in a URL; empty at the root of the site."""
        return urllib.parse.quote(self.base, safe="/~()")

    def curl(self, path, *options, auth="token", seconds=90):
        """Runs curl on a path of this site. auth: "token", "basic", None, or the header's whole value."""
        return talk.by_curl(self.url + path, [*self._authorization(auth), *options], seconds)

    def ask(self, method, path, *options, body=None, auth="token", seconds=90):
        """As curl would with these options."""
        return talk.ask(self.port, self.base_url, method, path, [*self._authorization(auth), *options], body, seconds)

    def _authorization(self, auth):
        if auth is None:
            return []
        if auth == "token":
            auth = f"Bearer {self.token}"
        elif auth == "basic":
            auth = basic("admin", self.password)
        return ["-H", f"Authorization: {auth}"]

    def get(self, path, *options, **more):
        return self.ask("GET", path, *options, **more)

    def head(self, path, *options, **more):
        return self.ask("HEAD", path, *options, **more)

    def post(self, path, body=b"", *options, type=None, **more):
        """body: a dict or list is sent as JSON, a str or bytes as it is."""
        return self._send("POST", path, body, type, options, more)

    def put(self, path, body=b"", *options, type=None, **more):
        return self._send("PUT", path, body, type, options, more)

    def delete(self, path, *options, **more):
        return self.ask("DELETE", path, *options, **more)

    def _send(self, method, path, body, type, options, more):
        if isinstance(body, (dict, list)):
            body, type = json.dumps(body), type or "application/json"
        if isinstance(body, str):
            body = body.encode()
        header = ["-H", f"Content-Type: {type}"] if type else []
        return self.ask(method, path, *header, *options, body=body, **more)

    def raw(self, request, seconds=20, half_close=True):
        """Sends bytes that curl would refuse to send; returns all bytes that came back until the connection ended."""
        with socket.create_connection(("127.0.0.1", self.port), seconds) as s:
            s.sendall(request)
            # To nginx, who sends no more is gone; so it is told only when it seems to wait for more.
            if half_close and not (self.module == "nginx" and select.select([s], [], [], 3)[0]):
                s.shutdown(socket.SHUT_WR)
            got = b""
            try:
                while chunk := s.recv(65536):
                    got += chunk
            except ConnectionResetError:
                pass
            return got

    def hang_up(self, request):
        """Sends a request and is gone before the answer."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as s:
            s.sendall(request)

    # --- what tests do again and again ---

    def put_worker(self, name, source, type=None):
        answer = self.put(f"/workers/{name}", source, type=type)
        assert answer.status in (200, 201), answer
        return answer

    def create(self, worker, parameters=None, **more):
        """Creates a job and returns its id."""
        answer = self.post("/jobs", {"worker": worker, "parameters": parameters or {}, **more})
        assert answer.status == 201, answer
        return answer.data[0]["id"]

    def start_job(self, worker, parameters=None, **more):
        return self.create(worker, parameters, start=True, **more)

    def job(self, id):
        return self.get(f"/jobs/{id}").data[0]

    def status(self, id):
        return self.get(f"/jobs/{id}/status").data[0]["status"]

    def ended(self, id, seconds=30):
        """Waits for the end of a job and returns it."""
        end = time.monotonic() + seconds
        while True:
            answer = self.get(f"/jobs/{id}?wait={min(seconds, WAIT_MAX)}")
            if answer.status != 200 or answer.data[0]["status"] not in ("idle", "active") or time.monotonic() >= end:
                break
        assert answer.status == 200 and answer.data[0]["status"] in ("done", "error", "stop"), answer
        return answer.data[0]

    def run(self, worker, parameters=None, seconds=30, **more):
        """Creates and starts a job, waits for its end, and returns it."""
        return self.ended(self.start_job(worker, parameters, **more), seconds)

    def log(self, id):
        return self.get(f"/jobs/{id}/log", "-H", "Accept: text/plain").text

    def response(self, id):
        return self.get(f"/jobs/{id}/response", "-H", "Accept: text/plain").text


class running:
    """A server for as long as a fixture lives: `with running(Server(installed)) as server`."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        try:
            return self.server.start()
        except BaseException:
            self.server.close()
            raise

    def __exit__(self, *error):
        self.server.close()


# --- processes of jobs ---

def state_of(pid):
    """R, S, T ... of proc(5); Z when it is no more."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


def held_by(pid):
    """What the descriptors of a process are; but for those that it closes meanwhile."""
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return found


def carriers(id):
    """Living processes of a job, wherever they hide: they carry its token."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if f"JOBJOKER_TOKEN=jjw_{id}_".encode() in pathlib.Path(f"/proc/{pid}/environ").read_bytes() and state_of(pid) != "Z":
                found.append(int(pid))
    return found


def runner_of(server, id):
    """Its pid, as it stands in the lock."""
    return int((server.data / "run" / id / "lock").read_text().split()[0])


def kill_and_wait(pid):
    """Until its lock is free: then nobody may say that the job is active."""
    pidfd = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert select.select([pidfd], [], [], 20)[0]
    os.close(pidfd)


def tick(server):
    """What cron does."""
    subprocess.run(as_user() + [str(server.site / "cgi-bin/jobjoker"), "tick"], check=True, timeout=60,
                   env={"PATH": PATH, "JOBJOKER_DATA": str(server.data), **server.settings})


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def free_port(for_long=False):
    """None of those that the kernel gives to connections: until it is listened at, a client of another test could get it. Nor
    one that another process of pytest may choose: a server that comes second would be taken for the first. for_long: nor one
    that another test may take, while nobody listens at it."""
    end = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    begin = end // 4 if for_long else end // 2
    share = begin // PYTEST_PROCESSES_MAX
    first = begin + share * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PYTEST_PROCESSES_MAX)
    while True:
        port = random.randrange(first, first + share)
        with contextlib.suppress(OSError), socket.socket() as s:
            s.bind(("127.0.0.1", port))
            return port
