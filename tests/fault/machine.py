"""A machine with a systemd of its own, for tests of what systemd does to Apache and to jobs.

It is this machine's kernel and files, in namespaces: systemd is process 1 of them, sees a control group of its own as the
whole tree, has the units that a test gives it and no others, and can write to one folder, besides file systems in memory. The
network is that of the host, so tests reach Apache on 127.0.0.1. When its process 1 ends, the kernel ends all the others.
"""
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import threading

import apache

HERE = pathlib.Path(__file__).resolve().parent
SYSTEMD = pathlib.Path("/lib/systemd/systemd")
SYSTEMD_UNITS = pathlib.Path("/lib/systemd/system")

# What a service and the way down need of systemd's own units.
TARGETS = ["sysinit.target", "basic.target", "multi-user.target", "shutdown.target", "umount.target", "final.target", "poweroff.target",
           "systemd-poweroff.service"]
NEW_SPACES = ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]
# Mounts the tree of control groups where nobody else sees it.
IN_CGROUPS = ["unshare", "--mount", "--", "sh", "-euc", 'mount -t cgroup2 cgroup2 /sys/fs/cgroup; cd /sys/fs/cgroup; eval "$1"', "sh"]


def why_not():
    """Why there can be no such machine here, or None."""
    if os.geteuid():
        return "needs root"
    for program in (SYSTEMD, "nsenter", "unshare", "systemctl", "pkill"):
        if not shutil.which(program):
            return f"needs {program}"
    tried = subprocess.run([*IN_CGROUPS, 'rmdir "$(mktemp -d jobjoker-XXXXXX)"'], capture_output=True, text=True)
    if not tried.returncode:
        tried = subprocess.run([*NEW_SPACES, "mount", "-t", "proc", "proc", "/proc"], capture_output=True, text=True)
    return f"no namespaces or control groups of our own here: {tried.stderr.strip()}" if tried.returncode else None


class Machine:
    def __init__(self, folder, units):
        """folder: all that it may write. units: {file below the units' folder: text}."""
        self.cgroup = folder.name
        self.folder = folder
        self.units = folder / "units"
        self.units.mkdir()
        for name in TARGETS:
            shutil.copy(SYSTEMD_UNITS / name, self.units)
        for name, text in {"machine.target": "[Unit]\nRequires=basic.target\nAfter=basic.target\n", **units}.items():
            (self.units / name).parent.mkdir(exist_ok=True)
            (self.units / name).write_text(text)
        self.process = None

    def start(self):
        ours, console = pty.openpty()
        self.process = subprocess.Popen(
            [*NEW_SPACES, str(HERE / "machine.sh"), self.cgroup, str(self.folder), str(self.units), os.ttyname(console)],
            stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        os.close(console)
        self.reader = threading.Thread(target=self._keep_what_it_says, args=(ours,))
        self.reader.start()
        apache.wait_until(lambda: self.process.poll() is not None or self._is_up(), 60, "systemd to be up")
        assert self.process.poll() is None, self.said()
        return self

    def _is_up(self):
        return self.first() and self.run("systemctl", "is-system-running").stdout.strip() == "running"

    def _keep_what_it_says(self, terminal):
        with open(self.folder / "systemd.log", "ab", buffering=0) as log:
            try:
                while said := os.read(terminal, 4096):
                    log.write(said.replace(b"\r\n", b"\n"))
            except OSError:  # nobody has the other side open any more
                pass
        os.close(terminal)

    def said(self):
        return (self.folder / "systemd.log").read_text(errors="replace")

    def first(self):
        """Its process 1, as the host counts; 0 when there is none."""
        try:
            return int(pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text())
        except (OSError, ValueError):
            return 0

    def run(self, *words):
        return subprocess.run(["nsenter", "-t", str(self.first()), "--mount", "--pid", "--cgroup", "--", *words], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120)

    def systemctl(self, *words):
        done = self.run("systemctl", *words)
        assert done.returncode == 0, done.stderr + self.said()
        return done.stdout.strip()

    def stop(self):
        """As if the power failed."""
        if not self.process:
            return
        if self.process.poll() is None and self.first():
            os.kill(self.first(), signal.SIGKILL)
        self.process.wait(60)
        self.reader.join(60)
        self.process = None
        subprocess.run([*IN_CGROUPS, f"find {self.cgroup} -depth -type d -exec rmdir {{}} +"], check=True, capture_output=True)
