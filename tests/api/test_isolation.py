"""What a worker can reach: in the sandbox, as another user, and in a cgroup of its own."""
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

import apache
from apache import carriers, kill_and_wait, runner_of, state_of
from test_access import command
from test_supervisor import ready

TRIES = {
    "sh": '#!/bin/sh\ncat "$1{data}/secret.key" >/dev/null && echo READ\necho x >{data}/written && echo WROTE\n'
          'echo x >file && echo x >"$TMPDIR/file" && echo own\n',
    "python": '#!/usr/bin/python3\nfor path, mode in (("{data}/secret.key", "r"), ("{data}/written", "w")):\n    try:\n'
              '        open(path, mode)\n        print("REACHED", path)\n    except PermissionError:\n        pass\n'
              'open("file", "w")\nprint("own")\n',
    "php": '<?php\ninclude_once "libs/Worker.php";\nclass Try_php extends Worker {{ function run() {{\n'
           'if (@file_get_contents("{data}/secret.key") !== false) $this->log("READ");\nif (@file_put_contents("{data}/written", "x")) $this->log("WROTE");\n'
           'if (file_put_contents("file", "x")) $this->log("own"); }} }}\n',
    "c": '#include <jobjoker/worker.h>\n#include <stdio.h>\nint run(struct jobjoker_worker *w) {{ if (fopen("{data}/secret.key", "r")) jobjoker_log(w, "READ");\n'
         'if (fopen("{data}/written", "w")) jobjoker_log(w, "WROTE"); if (fopen("file", "w")) jobjoker_log(w, "own"); return 0; }}\n',
}


@pytest.fixture(scope="module")
def sandboxed(installed):
    with apache.running(apache.Server(installed, settings={"JOBJOKER_SANDBOX": "landlock"})) as server:
        yield server


@pytest.mark.parametrize("kind", TRIES)
def test_a_worker_in_the_sandbox_reaches_its_own_folder_alone(sandboxed, kind):
    sandboxed.put_worker("Try_" + kind, TRIES[kind].format(data=sandboxed.data))
    job = sandboxed.run("Try_" + kind)
    if "Landlock" in (job["reason"] or ""):
        pytest.skip(job["reason"])
    lines = sandboxed.log(job["id"]).split("\n")
    assert job["status"] == "done" and "own" in lines, (job, lines)
    assert not {"READ", "WROTE"} & set(lines) and "REACHED" not in "".join(lines)
    assert not (sandboxed.data / "written").exists()


def key_of(server):
    return (server.data / "secret.key").read_bytes().hex()


PEEKS = {  # what a developer may send so that it is run, or read, while his worker is looked at
    "php": '<?php\ninclude_once "libs/Worker.php";\nclass Peek_php extends Worker {{ function run() {{}}\n'
           'function getInformation() {{ @file_put_contents(__DIR__ . "/left", "x"); return "key " . bin2hex((string)@file_get_contents("{data}/secret.key")); }} }}\n',
    "c": '#include <jobjoker/worker.h>\n#include <stdio.h>\nint run(struct jobjoker_worker *w) {{ (void)w; return 0; }}\n'
         'const char *information(void) {{ static char said[80] = "key "; unsigned char key[32]; FILE *f = fopen("{data}/secret.key", "r");\n'
         'if (f && fread(key, 1, 32, f) == 32) for (int i = 0; i < 32; i++) sprintf(said + 4 + 2 * i, "%02x", key[i]); return said; }}\n',
}


@pytest.mark.parametrize("kind", PEEKS)
def test_what_describes_a_worker_is_in_the_sandbox_too(sandboxed, server, kind):
    source = PEEKS[kind].format(data=sandboxed.data)
    told = sandboxed.put(f"/workers/Peek_{kind}", source)
    if b"Landlock" in told.body:
        pytest.skip(told.text)
    assert told.status == 201 and told.data[0]["description"] == "key", told
    assert not list(sandboxed.data.glob("code/*/left"))
    # Outside of the sandbox it is the developer's word, as docs/isolation.md says: else this would test nothing.
    assert server.put(f"/workers/Peek_{kind}", PEEKS[kind].format(data=server.data)).data[0]["description"] == "key " + key_of(server)


@pytest.mark.parametrize("line", ['#include "{data}/admin-token"', 'asm(".incbin \\"{data}/secret.key\\"");'])
def test_what_compiles_a_worker_is_in_the_sandbox_too(sandboxed, line):
    source = line.format(data=sandboxed.data) + "\n#include <jobjoker/worker.h>\nint run(struct jobjoker_worker *w) { (void)w; return 0; }\n"
    told = sandboxed.put("/workers/Include", source)
    if b"Landlock" in told.body:
        pytest.skip(told.text)
    assert told.status == 422 and ("Permission denied" in told.text or "file not found" in told.text), told


KNOCKS = """#!/usr/bin/python3
import socket
try:
    socket.socket(socket.AF_UNIX).connect("{socket}")
    print("REACHED")
except PermissionError:
    print("refused")
"""


@pytest.mark.only_on("cgid", reason="it is mod_cgid's daemon")
def test_a_sandboxed_worker_does_not_reach_what_starts_programs_for_apache(sandboxed, server, new_server):
    """mod_cgid's daemon starts whatever it is asked to by somebody with Apache's user, and outside of the sandbox."""
    said = {}
    with_sockets = new_server(settings={"JOBJOKER_SANDBOX": "landlock", "JOBJOKER_SANDBOX_SOCKETS": "yes"})
    for name, s in (("in", sandboxed), ("out", server), ("with sockets", with_sockets)):
        s.put_worker("Knocks", KNOCKS.format(socket=next(s.top.glob("cgid.sock*"))))
        job = s.run("Knocks")
        if "Landlock" in (job["reason"] or ""):
            pytest.skip(job["reason"])
        said[name] = s.log(job["id"]).split("\n")[1]
    assert said == {"in": "refused", "out": "REACHED", "with sockets": "REACHED"}


def test_the_administrator_may_let_a_sandboxed_worker_write_elsewhere(installed):
    server = apache.Server(installed)
    shared = [server.top / "shared-one", server.top / "shared-two"]
    for folder in shared:
        folder.mkdir()
        shutil.chown(folder, apache.run_user().pw_uid)
    server.settings = {"JOBJOKER_SANDBOX": "landlock", "JOBJOKER_SANDBOX_WRITE": f"{shared[0]} /no/such/folder {shared[1]}"}
    with apache.running(server):
        server.put_worker("Shares", "#!/bin/sh\n" + "".join(f"echo x >{folder}/file || exit\n" for folder in shared) +
                          f"echo x >{server.top}/file && echo WROTE\nexit 0\n")
        job = server.run("Shares")
        if "Landlock" in (job["reason"] or ""):
            pytest.skip(job["reason"])
        assert job["status"] == "done" and "WROTE" not in server.log(job["id"]) and not (server.top / "file").exists()
        assert all((folder / "file").read_text() == "x\n" for folder in shared)


def test_a_sandboxed_job_is_paused_and_killed_as_any_other(sandboxed):
    sandboxed.put_worker("Waits", "#!/bin/sh\n(setsid sleep 600 &)\necho ready\nsleep 600\n")
    id = ready(sandboxed, "Waits")
    pids = carriers(id)
    assert sandboxed.put(f"/jobs/{id}/status", "pause").data[0]["paused"] is True
    assert pids and all(state_of(pid) == "T" for pid in pids)
    assert sandboxed.put(f"/jobs/{id}/status", "kill").status == 200
    assert all(state_of(pid) == "Z" for pid in pids)


# --- where the data folder lies ---

ESCAPES = '''#!/bin/sh
cat >.htaccess <<END
RewriteEngine Off
Require all granted
Options +ExecCGI
<Files x.sh>
SetHandler cgi-script
</Files>
END
printf '#!/bin/sh\\necho Content-Type: text/plain\\necho\\necho ESCAPED\\n' >x.sh
chmod 755 x.sh
echo ready
mkfifo gate
read x <gate
'''


@pytest.mark.parametrize("linked", [False, True])
def test_no_worker_is_kept_apart_in_a_folder_that_apache_serves(installed, linked):
    server = apache.Server(installed)
    server.write_settings("sandbox = landlock\n")
    outside, server.data = server.data, server.site / "data"
    outside.rmdir()
    (outside if linked else server.data).mkdir(mode=0o700)
    shutil.chown(outside if linked else server.data, apache.run_user().pw_uid, apache.run_user().pw_gid)
    if linked:
        server.data.symlink_to(outside)
    with apache.running(server):
        server.put_worker("Escapes", ESCAPES)
        made = server.post("/jobs", {"worker": "Escapes", "start": True})
        assert (made.status, made.json["code"]) == (500, "data_in_site")
        job = server.get("/jobs").data[0]
        assert job["status"] == "error" and "outside of the site" in job["reason"]
        assert b"ESCAPED" not in server.get(f"/data/run/{job['id']}/work/x.sh", auth=None).body
        said = command(server, "doctor").stdout
        assert "WRONG the data folder lies in the site's folder" in said


def test_a_worker_that_is_not_kept_apart_may_run_anywhere(installed):
    server = apache.Server(installed)
    server.data.rmdir()
    server.data = server.site / "data"
    server.data.mkdir(mode=0o700)
    shutil.chown(server.data, apache.run_user().pw_uid, apache.run_user().pw_gid)
    with apache.running(server):
        server.put_worker("Any", "#!/bin/sh\necho ran\n")
        assert server.run("Any")["status"] == "done"


# --- another user ---

def users_file():
    makefile = (apache.BUILD / "Makefile").read_text()
    prefix = re.search(r"^prefix = (.*)$", makefile, re.M)[1]
    return pathlib.Path(re.search(r"^sysconfdir = (.*)$", makefile, re.M)[1].replace("${prefix}", prefix)) / "jobjoker" / "worker-users"


@pytest.fixture
def with_users(new_server):
    """A server whose runner may start workers as `nobody`."""
    path = users_file()
    if os.geteuid() != 0 or not shutil.which("setcap", path="/usr/sbin:/sbin:/usr/bin"):
        pytest.skip("needs root and setcap")
    if path.exists():
        pytest.skip(f"{path} is in use")
    server = new_server()
    runner = server.site / "runner" / "jobjoker-runner"
    os.chown(runner, 0, apache.run_user().pw_gid)
    runner.chmod(0o750)
    done = subprocess.run(["setcap", "cap_setuid,cap_setgid,cap_kill,cap_chown+ep", str(runner)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip("capabilities cannot be set here: " + done.stderr)
    server.data.chmod(0o711)
    made = [p for p in (path.parent, path.parent.parent) if not p.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.write_text("# who workers may run as\nnobody\n")
        yield server
    finally:
        path.unlink(missing_ok=True)
        for folder in made:
            folder.rmdir()


AS_NOBODY = '#!/bin/sh\n# Options: {"user": "nobody"}\n'


def test_a_worker_runs_as_another_user(with_users):
    server = with_users
    server.put_worker("Who", AS_NOBODY + f'id -un\ngrep Cap /proc/self/status\necho x >own && echo x >"$TMPDIR/own" && mkdir deep && echo own\n'
                      f'cat {server.data}/secret.key >/dev/null 2>&1 && echo READ\nls {server.data} >/dev/null 2>&1 && echo LISTED\necho err >/dev/stderr\n')
    job = server.run("Who")
    log = server.log(job["id"])
    assert job["status"] == "done", (job, log, (server.data / "runner.log").read_text())
    assert log.startswith("STARTED\nnobody\n") and "\nown\n" in log and "READ" not in log and "LISTED" not in log and "\nerr\n" in log
    assert set(re.findall(r"Cap(?:Inh|Prm|Eff|Amb):\t(\w+)", log)) == {"0" * 16}
    apache.wait_until(lambda: not (server.data / "run" / job["id"]).exists(), 20, "the folder to be gone")


@pytest.mark.parametrize("word", ["stop", "kill", "pause"])
def test_a_job_of_another_user_is_ended_and_paused(with_users, word):
    server = with_users
    server.put_worker("Hides", AS_NOBODY + "trap '' TERM\n(setsid sh -c 'trap \"\" TERM; sleep 600; :' &)\necho ready\nwhile :; do sleep 1; done\n")
    server.put_worker("Hides", AS_NOBODY + "(setsid sleep 600 &)\necho ready\nsleep 600\n")
    id = ready(server, "Hides")
    pids = carriers(id)
    answer = server.put(f"/jobs/{id}/status", word)
    assert answer.status == 200
    if word == "pause":
        assert answer.data[0]["paused"] is True and all(state_of(pid) == "T" for pid in pids)
        server.put(f"/jobs/{id}/status", "kill")
    assert server.ended(id)["status"] == "stop" and all(state_of(pid) == "Z" for pid in pids)


def test_a_job_of_another_user_whose_runner_hangs_can_be_killed(with_users):
    server = with_users
    server.put_worker("Hangs", AS_NOBODY + "echo ready\nexec sleep 600\n")
    id = ready(server, "Hangs")
    (pid,) = carriers(id)
    os.kill(runner_of(server, id), signal.SIGSTOP)
    server.put(f"/jobs/{id}/status", "kill")
    assert server.status(id) == "stop" and state_of(pid) == "Z"


def test_a_job_of_another_user_runs_again_when_its_runner_is_lost(with_users):
    server = with_users
    server.put_worker("Again", AS_NOBODY + "ls -A\n[ $JOBJOKER_ATTEMPT -gt 1 ] && exit\nmkdir deep && echo x >deep/own && chmod 500 deep\n"
                      "echo ready\nexec sleep 600\n")
    id = ready(server, "Again", on_lost="requeue")
    kill_and_wait(runner_of(server, id))
    job = server.ended(id)
    assert (job["status"], job["attempt"]) == ("done", 2), job
    assert server.log(id) == "STARTED\nready\nLOST: runner lost. This is attempt 2.\nSTARTED\nENDED\n"
    apache.wait_until(lambda: not (server.data / "run" / id).exists(), 20, "the folder to be gone")


@pytest.mark.parametrize("name", ["root", "games", "no-such-user"])
def test_a_user_that_is_not_listed_fails_the_job(with_users, name):
    with_users.put_worker("Other", f'#!/bin/sh\n# Options: {{"user": "{name}"}}\nid -un\n')
    job = with_users.run("Other")
    assert job["status"] == "error" and name in job["reason"] and with_users.log(job["id"]) == "STARTED\nENDED\n"


def test_without_the_administrators_leave_no_worker_changes_its_user(server):
    server.put_worker("Leave", AS_NOBODY + "id -un\n")
    job = server.run("Leave")
    assert job["status"] == "error" and job["reason"].startswith("the worker could not be started: ")


# --- a cgroup of its own ---

def cgroup_mount():
    """A cgroup v2 hierarchy."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        if " - cgroup2 " in line:
            return pathlib.Path(line.split()[4])
    return None


def move_all(server, cgroup):
    """Moves the server's processes; true when there was nothing to move: a process may fork while it is moved."""
    inside = (cgroup / "cgroup.procs").read_text().split()
    outside = [pid for pid in server.processes(waiting=True) if str(pid) not in inside]
    for pid in outside:
        (cgroup / "cgroup.procs").write_text(str(pid))
    return inside and not outside


@pytest.fixture
def with_cgroup(new_server):
    """A server that runs in a delegated part of the cgroup v2 hierarchy (cgroups(7)), and gives its jobs cgroups."""
    mount = cgroup_mount()
    if os.geteuid() != 0 or not mount:
        pytest.skip("needs root and a cgroup v2 hierarchy")
    top = mount / f"jobjoker-test-{os.getpid()}"
    try:
        for folder in (top, top / "web", top / "jobs"):
            folder.mkdir()
            for path in (folder, folder / "cgroup.procs", folder / "cgroup.subtree_control", folder / "cgroup.threads"):
                os.chown(path, apache.run_user().pw_uid, apache.run_user().pw_gid)
    except OSError as error:
        pytest.skip(f"{mount} cannot be written: {error}")
    server = new_server(settings={"JOBJOKER_CGROUP": str(top / "jobs"), "JOBJOKER_GRACE": "0.2"})
    apache.wait_until(lambda: move_all(server, top / "web"), 20, "all of Apache in its cgroup")
    server.jobs_cgroup = top / "jobs"
    yield server
    server.close()
    for folder in (*(top / "jobs").glob("*/"), top / "jobs", top / "web", top):
        apache.wait_until(lambda: not folder.exists() or "populated 0" in (folder / "cgroup.events").read_text(), 20, f"{folder} to be empty")
        if folder.exists():
            folder.rmdir()


HIDDEN = "#!/bin/sh\nenv -i /usr/bin/setsid /bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done' &\necho $! >pid\necho ready\nsleep 600\n"


def members(server, id):
    return [int(pid) for pid in (server.jobs_cgroup / id / "cgroup.procs").read_text().split()]


@pytest.mark.parametrize("end", ["kill", "stop", "runner"])
def test_a_jobs_cgroup_ends_with_it(with_cgroup, end):
    server = with_cgroup
    server.put_worker("Hidden", HIDDEN)
    id = ready(server, "Hidden")
    pids = members(server, id)
    assert len(pids) >= 3
    if end == "runner":  # without a cgroup, a process with another environment and no parent could not be found
        kill_and_wait(runner_of(server, id))
    else:
        server.put(f"/jobs/{id}/status", end)
    job = server.ended(id)
    assert (job["status"], job["reason"]) == {"kill": ("stop", "killed"), "stop": ("stop", job["reason"]), "runner": ("error", "runner lost")}[end]
    assert all(state_of(pid) == "Z" for pid in pids)
    apache.wait_until(lambda: not (server.jobs_cgroup / id).exists(), 20, "the runner's end")


def test_a_job_is_paused_by_its_cgroup(with_cgroup):
    server = with_cgroup
    server.put_worker("Hidden", HIDDEN)
    id = ready(server, "Hidden")
    assert server.put(f"/jobs/{id}/status", "pause").data[0]["paused"] is True
    assert "frozen 1" in (server.jobs_cgroup / id / "cgroup.events").read_text()
    assert server.put(f"/jobs/{id}/status", "resume").data[0]["paused"] is False
    assert "frozen 0" in (server.jobs_cgroup / id / "cgroup.events").read_text()
    server.put(f"/jobs/{id}/status", "kill")
    assert not (server.jobs_cgroup / id).exists()


def test_a_cgroup_that_cannot_be_made_fails_the_job(new_server):
    server = new_server(settings={"JOBJOKER_CGROUP": "/no/such/cgroup"})
    server.put_worker("Any", "#!/bin/sh\n")
    job = server.run("Any")
    assert job["status"] == "error" and job["reason"].startswith("the worker could not be started: its cgroup")


# --- credentials on their way ---

def test_no_worker_reads_the_credentials_of_a_request(new_server):
    """They are in the environment of the program that answers, as CGI/1.1 has it, and workers run as the same user."""
    server = new_server()
    server.put_worker("Waits", "#!/bin/sh\nmkfifo gate\necho ready\nread x <gate\n")
    server.put_worker("Spies", "#!/bin/sh\ncat /proc/$JOBJOKER_PARAM_pid/environ | tr '\\0' '\\n' | grep -c HTTP_AUTHORIZATION\ncat /proc/$JOBJOKER_PARAM_pid/mem\n")
    id = ready(server, "Waits")
    assert server.is_persistent or not server.processes_after(20, of="cgi-bin/jobjoker"), "what has answered is still there"
    waiting = subprocess.Popen(["curl", "-q", "-s", "-o", "/dev/null", "-H", f"Authorization: Bearer {server.token}", f"{server.url}/jobs/{id}?wait=60"])
    try:
        pid = apache.wait_until(lambda: next(iter(server.fastcgi_processes()), None) if server.is_persistent else
                                next((p for p, said in server.processes().items() if "cgi-bin/jobjoker" in said), None), 20, "the program")
        spy = server.run("Spies", {"pid": pid})
        assert server.log(spy["id"]).count("Permission denied") == 2 and "\n0\n" in server.log(spy["id"])
    finally:
        server.put(f"/jobs/{id}/status", "kill")
        waiting.wait(30)
