"""The servers that are measured, each with a JobJoker of its own behind it, and the floors in the same server: hello.c as a CGI program,
and a file."""
import os
import pathlib
import shutil
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
    """Beside the drop-in folder, where no .htaccess rewrites anything. Apache's only: nginx runs no CGI programs."""
    folder = server.top / "floor"
    folder.mkdir()
    build_hello(folder)
    (folder / "file.txt").write_text("hello\n")
    server.site_conf += (f'\nAlias "/floor" "{folder}"\n<Directory "{folder}">\nAllowOverride None\nOptions ExecCGI\n</Directory>'
                         f'\n<Files "hello.cgi">\nSetHandler cgi-script\n</Files>')


FASTCGI = ("fcgid", "proxy_fcgi", "nginx")
SEEDED = ("few", "many")


class Places:
    """Starts a server when it is needed first, and ends all. A kind is the part of a web server that calls the program, "mysql" (mod_proxy_fcgi,
    jobs in MariaDB), or "few" or "many" (the same on SQLite, for those who fill it)."""

    def __init__(self, installed):
        self.installed = installed
        self.has_fastcgi = apache.has_fastcgi()
        self.servers = {}
        self.jobs = {}  # of a server: a job that is over

    def __getitem__(self, kind):
        if kind not in self.servers:
            self.servers[kind] = self.start(kind)
        return self.servers[kind]

    def start(self, kind):
        server = apache.Server(self.installed, self.module(kind))
        try:
            if kind == "mysql":
                keep_in_mysql(server)
            if not server.is_persistent:
                add_floors(server)
            server.start()
            for name, source in (("Nothing", NOTHING), ("Lines", LINES), ("Sleeper", SLEEPER)):
                server.put_worker(name, source)
            self.jobs[kind] = server.run("Nothing")["id"]
        except BaseException:
            server.close()
            raise
        return server

    def module(self, kind):
        if kind in FASTCGI:
            return kind
        return "proxy_fcgi" if kind == "mysql" or (kind in SEEDED and self.has_fastcgi) else "cgid"

    def lacks(self, kind):
        """Why it cannot be measured here, or None."""
        if self.module(kind) != "cgid" and not self.has_fastcgi:
            return "this build has no FastCGI"
        if kind == "fcgid" and not any(os.path.exists(f + "/mod_fcgid.so") for f in apache.MODULES):
            return "mod_fcgid is not installed"
        if kind == "nginx" and not shutil.which("nginx", path=apache.PATH + ":/usr/sbin"):
            return "nginx is not installed"
        return mysql_lacks() if kind == "mysql" else None

    def close(self):
        for server in self.servers.values():
            server.close()


def mysql_lacks():
    try:
        import mariadb
        import store  # noqa: F401
    except ImportError:
        return "this build keeps jobs in SQLite alone"
    return None if mariadb.is_there() else "MariaDB is not installed"


def keep_in_mysql(server):
    import mariadb
    import store

    server.store = store.Database(mariadb.shared())
    server.write_settings("")
