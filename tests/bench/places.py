"""The servers that are measured, each with a JobJoker of its own behind it, and the floors in the same server: hello.c as a CGI program,
and a file."""
import pathlib
import subprocess

import apache

BENCH = pathlib.Path(__file__).resolve().parent

NOTHING = '#include <jobjoker/worker.h>\n\nint run(struct jobjoker_worker *w)\n{\n    (void)w;\n    return 0;\n}\n'
LINES = """#!/usr/bin/python3
import os, sys
line = b"x" * 99 + b"\\n"
for _ in range(int(os.environ["JOBJOKER_PARAM_mb"])):
    sys.stdout.buffer.write(line * 10000)
"""
SLEEPER = "#!/bin/sh\nexec sleep 600\n"


def build_hello(folder):
    subprocess.run(["cc", "-O2", "-static", "-o", str(folder / "hello.cgi"), str(BENCH / "hello.c")], check=True)


def add_floors(server):
    """Beside the drop-in folder, where no .htaccess rewrites anything."""
    folder = server.top / "floor"
    folder.mkdir()
    build_hello(folder)
    (folder / "file.txt").write_text("hello\n")
    server.site_conf += (f'\nAlias "/floor" "{folder}"\n<Directory "{folder}">\nAllowOverride None\nOptions ExecCGI\n</Directory>'
                         f'\n<Files "hello.cgi">\nSetHandler cgi-script\n</Files>')


class Places:
    """Starts a server when it is needed first, and ends all."""

    def __init__(self, installed):
        self.installed = installed
        self.servers = {}
        self.jobs = {}  # of a server: a job that is over

    def __getitem__(self, kind):
        if kind not in self.servers:
            server = apache.Server(self.installed, "cgid")
            self.servers[kind] = server
            add_floors(server)
            server.start()
            for name, source in (("Nothing", NOTHING), ("Lines", LINES), ("Sleeper", SLEEPER)):
                server.put_worker(name, source)
            self.jobs[kind] = server.run("Nothing")["id"]
        return self.servers[kind]

    def lacks(self, kind):
        """Why it cannot be measured here, or None."""
        return None if kind in ("cgi", "few", "many") else "this build has no FastCGI"

    def close(self):
        for server in self.servers.values():
            server.close()
