"""What a systemd does to Apache and to jobs, as Debian's apache2.service is, and with our drop-in (docs/systemd.md)."""
import re
import subprocess

import pytest

import apache
import machine
from jobs import Talker, Waiting, must_be_clean, one_of_each

REASON = machine.why_not()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))

DROP_IN = (apache.ROOT / "docs/systemd/jobjoker.conf").read_text()
ASKED_TO_END = "its runner was asked to end (SIGTERM)"
DOCS = (apache.ROOT / "docs/systemd.md").read_text()

# Debian's apache2.service; `apachectl WORD` is there a script that runs `apache2 -k WORD`.
APACHE_SERVICE = """
[Unit]
Description=The Apache HTTP Server

[Service]
Type=forking
ExecStart={apache} -f {conf} -k start
ExecStop={apache} -f {conf} -k graceful-stop
ExecReload={apache} -f {conf} -k graceful
KillMode=mixed
PrivateTmp=true
Restart=on-abort
OOMPolicy=continue
"""


class ManagedServer(apache.Server):
    """An Apache that a systemd manages. drop_ins: the texts of files in apache2.service.d."""

    parent = "/srv"  # PrivateTmp hides what is below /tmp

    def __init__(self, installed, *drop_ins, module="cgid"):
        super().__init__(installed, module)
        service = APACHE_SERVICE.format(apache=apache.apache_command(), conf=self.top / "httpd.conf")
        self.machine = machine.Machine(self.top, {
            "apache2.service": service, **{f"apache2.service.d/{i}.conf": text for i, text in enumerate(drop_ins)}})

    def conf(self):
        """With these two files where Debian has them, in a folder that is empty when the machine is switched on."""
        conf = super().conf()
        for ours, debians in (("httpd.pid", "apache2.pid"), ("cgid.sock", "cgisock")):
            conf = conf.replace(f'"{self.top}/{ours}"', f'"/run/apache2/{debians}"')
        return conf

    def _start(self):
        (self.top / "httpd.conf").write_text(self.conf())
        if not self.machine.process:
            self.machine.start()
        self.machine.systemctl("start", "apache2")
        apache.wait_until(self.answers, 20, "Apache is up")
        return True

    def close(self):
        self.machine.stop()
        super().close()

    def show(self, name):
        return self.machine.systemctl("show", "--value", "-p", name, "apache2")

    def processes_of_apache(self):
        return self.processes_after(0, of=apache.apache_command())

    def main_process(self):
        """The command of the process that systemd takes for Apache's first; empty when it knows none."""
        pid = self.show("MainPID")
        return self.machine.run("cat", f"/proc/{pid}/cmdline").stdout.split("\0")[0] if pid != "0" else ""


@pytest.fixture
def managed(installed):
    made = []

    def make(*args, **more):
        made.append(ManagedServer(installed, *args, **more))
        return made[-1].start()

    yield make
    for server in made:
        server.close()


def must_be_in_order(server):
    """systemd knows Apache's first process, and can stop it."""
    assert (server.show("ActiveState"), server.show("SubState")) == ("active", "running"), server.machine.said()
    assert server.main_process() == apache.apache_command(), server.machine.said()


def kill_first_process(server):
    """As a crash would; the unit says that Apache is to be started again then."""
    first = server.show("MainPID")
    server.machine.run("kill", "-KILL", first)
    apache.wait_until(lambda: server.show("MainPID") not in ("0", first), 30, "systemd to start Apache again")
    apache.wait_until(server.answers, 30, "Apache to answer")


@pytest.mark.parametrize("how", ["restart", "stop", "crash"])
def test_without_the_drop_in_a_job_is_lost_and_shown_as_lost_at_once(managed, how):
    server = managed()
    job = Talker(server)
    if how == "crash":
        kill_first_process(server)
    else:
        server.machine.systemctl(how, "apache2")
        server.machine.systemctl("start", "apache2")
    answer = server.get(f"/jobs/{job.id}")
    assert answer.status == 200 and (answer.data[0]["status"], answer.data[0]["reason"]) == ("error", "runner lost"), answer
    must_be_in_order(server)


@pytest.mark.parametrize("module", ["cgid", pytest.param("cgi", marks=pytest.mark.long)])
def test_a_job_outlives_a_restart(managed, module):
    server = managed(DROP_IN, module=module)
    job = Talker(server)
    for _ in range(3):
        server.machine.systemctl("restart", "apache2")
        must_be_in_order(server)
        job.must_go_on()
    assert "(jobjoker-runner) remains running after unit stopped" in server.machine.said()
    job.finish()
    job.must_end_whole()


def test_the_drop_in_counts_for_an_apache_that_runs_already(managed):
    server = managed()
    job = Talker(server)
    folder = server.machine.units / "apache2.service.d"
    folder.mkdir()
    (folder / "jobjoker.conf").write_text(DROP_IN)
    server.machine.systemctl("daemon-reload")
    server.machine.systemctl("restart", "apache2")
    must_be_in_order(server)
    job.must_go_on()
    job.finish()
    job.must_end_whole()


def test_a_job_outlives_a_reload(managed):
    for drop_ins in ([], [DROP_IN]):
        server = managed(*drop_ins)
        job = Talker(server)
        server.machine.systemctl("reload", "apache2")
        job.must_go_on()
        must_be_in_order(server)
        job.finish()
        job.must_end_whole()


def test_a_job_outlives_a_stop_and_a_start(managed):
    server = managed(DROP_IN)
    job = Talker(server)
    server.machine.systemctl("stop", "apache2")
    assert server.show("ActiveState") == "inactive" and not server.processes_of_apache()
    server.machine.systemctl("start", "apache2")
    must_be_in_order(server)
    job.must_go_on()
    job.finish()
    job.must_end_whole()
    server.machine.systemctl("stop", "apache2")
    assert not server.processes_of_apache()


def test_a_job_ends_in_good_order_while_the_unit_is_stopped(managed):
    server = managed(DROP_IN)
    job = Talker(server)
    server.machine.systemctl("stop", "apache2")
    job.finish()
    assert not server.processes_after(20, of="jobjoker-runner")
    server.machine.systemctl("start", "apache2")
    job.must_end_whole()


def test_apache_is_started_again_when_its_first_process_is_killed(managed):
    server = managed(DROP_IN)
    job = Talker(server)
    before = server.processes_of_apache()
    kill_first_process(server)
    must_be_in_order(server)
    assert not set(before) & set(server.processes_of_apache())
    job.must_go_on()
    job.finish()
    job.must_end_whole()


def test_jobs_of_a_stopped_unit_can_be_ended(managed):
    server = managed(DROP_IN)
    job = Talker(server)
    server.machine.systemctl("stop", "apache2")
    server.machine.systemctl("kill", "apache2")
    assert not server.processes_after(20, of="jobjoker-runner")
    server.start()
    assert (server.job(job.id)["status"], server.job(job.id)["reason"]) == ("error", ASKED_TO_END)
    must_be_clean(server)


@pytest.mark.long
def test_who_waits_for_an_answer_is_let_go_by_a_stop(managed):
    """systemd ends no program that answers, so they must see for themselves that nobody is there any more."""
    server = managed(DROP_IN)
    job = Talker(server)
    waiting = [subprocess.Popen(["curl", "-q", "-sS", "--noproxy", "*", "-o", server.top / f"answer-{i}", "-H",
                                 f"Authorization: Bearer {server.token}", f"{server.url}/jobs/{job.id}{what}"], stderr=subprocess.DEVNULL)
               for i, what in enumerate(("?wait=60", "/log?follow=1"))]
    try:
        apache.wait_until((server.top / "answer-1").exists, 20, "the log to be followed")
        apache.wait_until(lambda: len(server.processes_after(0, of="jobjoker.cgi")) >= 2, 20, "both to be waited for")
        server.machine.systemctl("stop", "apache2")
    finally:
        for curl in waiting:
            curl.wait(30)
    job.finish()
    for program in ("jobjoker.cgi", "jobjoker-runner"):
        assert not server.processes_after(20, of=program)
    server.start()
    job.must_end_whole()


def test_a_machine_that_is_switched_off_and_on_shows_no_active_job(managed):
    """What runners leave in the unit is ended by systemd at last, with a little time to say so."""
    server = managed(DROP_IN)
    job = Talker(server)
    server.machine.run("systemctl", "poweroff")
    server.machine.process.wait(120)
    server.machine.stop()
    server.start()
    answer = server.job(job.id)
    assert (answer["status"], answer["reason"]) == ("error", ASKED_TO_END), answer
    must_be_clean(server)


def test_a_machine_whose_power_fails_shows_no_active_job(managed):
    server = managed(DROP_IN)
    job = Talker(server)
    server.machine.stop()
    server.start()
    assert (server.job(job.id)["status"], server.job(job.id)["reason"]) == ("error", "runner lost")  # the kernel is the same one
    must_be_clean(server)


# PrivateTmp=true gives the unit a /tmp that is removed when the unit stops.
KEEPER = """#!/bin/sh
file=$(mktemp)
echo kept >"$file"
echo before
read -r word <"$JOBJOKER_PARAM_gate"
cat "$file"
mktemp >"$file" && echo more
"""


def test_temporary_files_of_a_job_outlive_a_restart(managed):
    server = managed(DROP_IN)
    job = Waiting(server, "Keeper", KEEPER)
    server.machine.systemctl("restart", "apache2")
    job.finish()
    assert server.ended(job.id)["status"] == "done"
    assert server.log(job.id) == "STARTED\nbefore\nkept\nmore\nENDED\n"


def test_jobs_run_in_a_hardened_unit(managed):
    """With all the settings that docs/systemd.md calls harmless at once."""
    hardened = re.search(r"```ini\n(\[Service\]\nNoNewPrivileges.*?)```", DOCS, re.S)[1]
    if apache.BUILD != apache.ROOT:
        hardened += "SystemCallFilter=@debug\n"  # a build with LeakSanitizer, which needs ptrace
    server = managed(DROP_IN, hardened.replace("/var/lib/jobjoker /var/log/apache2", "/srv"))
    job = Talker(server)
    others = one_of_each(server)
    server.machine.systemctl("restart", "apache2")
    must_be_in_order(server)
    job.must_go_on()
    for other in others:
        other.must_end_whole()
    id = Talker(server).id
    assert server.put(f"/jobs/{id}/status", "kill").status == 200 and server.status(id) == "stop"
    job.finish()
    job.must_end_whole()
