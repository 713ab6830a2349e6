"""What the API tests share. Most need only `server`: one Apache for the whole run.

    def test_a_job_runs(server):
        server.put_worker("Hello", "#!/bin/sh\\necho hello\\n")
        job = server.run("Hello")
        assert job["status"] == "done"
        assert "hello" in server.log(job["id"])

See class Server in apache.py for what a server can do.
"""
import os
import shutil

import pytest

import apache


def pytest_configure(config):
    config.addinivalue_line("markers", "only_on(server..., reason): what this is about is not there on other servers (JOBJOKER_TEST_SERVER)")


def pytest_runtest_setup(item):
    for mark in item.iter_markers("only_on"):
        if apache.DEFAULT_MODULE not in mark.args:
            pytest.skip(mark.kwargs["reason"])


# The files that take longest: begun last, they would be waited for when all else is done.
LONG = ["quickstart", "exposure", "access", "notify", "schedules", "fastcgi", "cron", "command"]


def pytest_xdist_make_scheduler(config, log):
    """As --dist loadfile, which begins with the files that have the most tests, but for those that are long."""
    from xdist.scheduler import LoadFileScheduling

    class LongFirst(LoadFileScheduling):
        def _assign_work_unit(self, node):
            for scope in sorted(self.workqueue, key=rank, reverse=True):
                self.workqueue.move_to_end(scope, last=False)
            super()._assign_work_unit(node)

    def rank(scope):
        name = os.path.basename(scope).removeprefix("test_").removesuffix(".py")
        return LONG.index(name) if name in LONG else len(LONG)

    return LongFirst(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def installed():
    """The drop-in folder as `make install` leaves it. Not to be changed: copy it."""
    top = apache.new_folder()
    yield apache.install(top)
    shutil.rmtree(top)


@pytest.fixture(scope="session")
def server(installed):
    """mod_cgid, at the root of the site."""
    with apache.running(apache.Server(installed)) as s:
        yield s


# JOBJOKER_TEST_PLACES=few: for builds that are slow, and whose tests are not about places. JOBJOKER_TEST_SERVER: all tests on
# that one. nginx knows no home folders and aliases of its own: there a place is a path, and a folder.
FEW = [(apache.DEFAULT_MODULE, "odd-name")]
CALLED_BY = ["cgid", "cgi"] if apache.DEFAULT_MODULE == "cgid" else [apache.DEFAULT_MODULE]
# Each place under the first, and one under the other: what calls the program does not ask where it lies.
ALL = [(CALLED_BY[0], layout) for layout in apache.LAYOUTS] + [(module, "odd-name") for module in CALLED_BY[1:]]
PLACES = FEW if os.environ.get("JOBJOKER_TEST_PLACES") == "few" else ALL


@pytest.fixture(scope="session", params=PLACES, ids=["-".join(p) for p in PLACES])
def every_server(request, installed):
    """The test runs once for each way of calling the program and each place where the folder may lie."""
    with apache.running(apache.Server(installed, *request.param)) as s:
        yield s


@pytest.fixture(scope="session", params=CALLED_BY)
def both_modules(request, installed):
    """The test runs under mod_cgid and under mod_cgi, or under the server that was asked for."""
    with apache.running(apache.Server(installed, request.param)) as s:
        yield s


@pytest.fixture
def new_server(installed):
    """Makes servers for one test: new_server(settings={"JOBJOKER_GRACE": "1"}), new_server("cgi", start=False)."""
    made = []

    def make(*args, start=True, **more):
        made.append(apache.Server(installed, *args, **more))
        return made[-1].start() if start else made[-1]

    yield make
    for s in made:
        s.close()
