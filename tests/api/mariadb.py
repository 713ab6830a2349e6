"""A private MariaDB for tests: a data folder and a socket of its own below /tmp, no network unless it is asked for.

It runs as its own user where root runs the tests. What it is asked with is the client library's command, `mariadb`.
"""
import atexit
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
PLAIN_PASSWORD = "a-password-of-letters-alone"
PASSWORD = "kept from everybody; 'quoted' \"twice\""


def find(*names):
    for name in names:
        if command := shutil.which(name, path=PATH):
            return command
    return None


def is_there():
    return bool(find("mariadbd", "mysqld") and find("mariadb-install-db", "mysql_install_db") and find("mariadb", "mysql"))


def server_user():
    """Whom it runs as: itself where nobody else can be."""
    if os.getuid():
        return pwd.getpwuid(os.getuid())
    for name in ("mysql", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise RuntimeError("no user for MariaDB")


class MariaDB:
    """options: more of mariadbd's, such as "--max-allowed-packet=1M"."""

    def __init__(self, *options):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="jobjoker-mariadb-"))
        self.top.chmod(0o755)
        self.folder = self.top / "server"
        self.socket = self.folder / "socket"
        self.password_file = self.top / "password"
        self.options = options
        self.process = None
        self.client = [find("mariadb", "mysql"), "--no-defaults", "-uroot", f"--socket={self.socket}", "-N", "-B",
                       "--default-character-set=utf8mb4"]

    # --- life ---

    def install(self):
        user = server_user()
        self.folder.mkdir()
        if os.getuid() == 0:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        subprocess.run([find("mariadb-install-db", "mysql_install_db"), "--no-defaults", "--force", "--skip-test-db",
                        "--auth-root-authentication-method=normal", f"--datadir={self.folder}/data",
                        f"--user={user.pw_name}"], check=True, capture_output=True, cwd=self.folder,
                       env={"PATH": PATH, "TMPDIR": str(self.folder)})
        return self

    def start(self):
        """Starts it, again where it was stopped or killed, and waits until it answers."""
        log = open(self.top / "log", "ab")
        # In a folder for temporary tables that others share, each that starts would remove the tables of the others.
        self.process = subprocess.Popen(
            [find("mariadbd", "mysqld"), "--no-defaults", f"--datadir={self.folder}/data", f"--socket={self.socket}",
             f"--pid-file={self.folder}/pid", f"--tmpdir={self.folder}", f"--user={server_user().pw_name}", "--skip-networking",
             "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=16M", "--skip-log-bin",
             "--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync", "--debug-no-sync", *self.options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True)
        log.close()
        end = time.monotonic() + 60
        while self.sql("SELECT 1", check=False) is None:
            assert self.process.poll() is None and time.monotonic() < end, (self.top / "log").read_text()
            time.sleep(0.02)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        """In good order."""
        self.thaw()
        self.process.terminate()
        self.process.wait(60)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.top, ignore_errors=True)

    # --- what is in it ---

    def sql(self, text, database="", check=True):
        """What the statements say, a line a row; None where they failed and that is no failure of the test."""
        done = subprocess.run([*self.client, database], input=text, capture_output=True, text=True)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout if done.returncode == 0 else None

    def new_database(self):
        """An empty one, and a user for it who may do there what he likes, and nothing else. Returns its name."""
        name = "jj_" + uuid.uuid4().hex[:12]
        quoted = PASSWORD.replace("'", "''")
        self.sql(f"CREATE DATABASE {name}; CREATE USER IF NOT EXISTS '{name}'@'localhost' IDENTIFIED BY '{quoted}';"
                 f"GRANT ALL ON {name}.* TO '{name}'@'localhost'")
        if not self.password_file.exists():
            self.password_file.write_text(PASSWORD + "\n")
            self.password_file.chmod(0o644)  # of a server that only this machine's tests can reach
        return name

    def set_password(self, name, password):
        self.sql(f"ALTER USER '{name}'@'localhost' IDENTIFIED BY '{password}'")

    def settings(self, name):
        """What stands in the jobjoker.ini of a server that uses that database."""
        return (f"database = mysql://{name}@localhost/{name}\ndatabase_socket = {self.socket}\n"
                f"database_password_file = {self.password_file}\n")


_shared = []


def shared():
    """One for the whole run of the tests."""
    if not _shared:
        _shared.append(MariaDB())
        atexit.register(_shared[0].close)
        _shared[0].install().start()
    return _shared[0]
