"""Servers as the API tests make them: tests/api/apache.py and the fixtures of tests/api/conftest.py."""
import importlib.util
import pathlib
import sys

API = pathlib.Path(__file__).resolve().parents[1] / "api"
sys.path.insert(0, str(API))

spec = importlib.util.spec_from_file_location("api_conftest", API / "conftest.py")
api_conftest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(api_conftest)
installed, new_server = api_conftest.installed, api_conftest.new_server
