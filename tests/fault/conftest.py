"""Servers as the API tests make them: tests/api/apache.py and the fixtures of tests/api/conftest.py."""
import importlib.util
import os
import pathlib
import sys

API = pathlib.Path(__file__).resolve().parents[1] / "api"
sys.path.insert(0, str(API))

spec = importlib.util.spec_from_file_location("api_conftest", API / "conftest.py")
api_conftest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(api_conftest)
installed, new_server = api_conftest.installed, api_conftest.new_server

from jobs import figures  # noqa: E402

# What builds with sanitizers run, which are slow (JOBJOKER_TEST_PLACES=few).
FEW = ["Hides-requeue", "Floods-fail", "test_a_worker_is_killed", "test_who_takes_a_report_is_killed_meanwhile", "outlives_a_restart[cgid-restart]",
       "test_many_jobs_at_once", "test_random_faults"]


def pytest_configure(config):
    config.addinivalue_line("markers", "long: only in the long form (FAULT_JOBS=10000 tests/run fault)")


def pytest_collection_modifyitems(config, items):
    def is_wanted(item):
        if os.environ.get("JOBJOKER_TEST_PLACES") == "few":
            return any(name in item.nodeid for name in FEW)
        return "FAULT_JOBS" in os.environ or not item.get_closest_marker("long")

    config.hook.pytest_deselected(items=[item for item in items if not is_wanted(item)])
    items[:] = filter(is_wanted, items)


def pytest_terminal_summary(terminalreporter):
    if figures.jobs:
        terminalreporter.write_line(str(figures))
