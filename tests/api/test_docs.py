"""The tables in the docs are the program's own."""
import pathlib
import re
import subprocess

import pytest

from store import sqlite_only

TOP = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page, mark, command", [
    ("docs/settings.md", "settings", ["settings", "--table"]),
    ("docs/api.md", "calls", ["api"]),
])
def test_a_table_in_the_docs_is_the_programs_own(server, page, mark, command):
    said = subprocess.run([str(server.site / "cgi-bin" / "jobjoker"), *command], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"<!-- {mark}: .*? -->\n(.*?)<!-- end of {mark} -->", (TOP / page).read_text(), re.S)
    assert found and found[1].strip() == said.strip()


@sqlite_only  # which is the preset
def test_the_sample_settings_are_valid(new_server):
    server = new_server(start=False)
    server.start()
    text = subprocess.run([str(server.site / "cgi-bin" / "jobjoker"), "settings"], capture_output=True, text=True, check=True).stdout
    server.write_settings(re.sub(r"^#(\w+ = )", r"\1", text, flags=re.M).replace("data = data\n", ""))
    assert server.get("/me").status == 200


def test_links_of_the_docs_lead_somewhere():
    for page in [*TOP.glob("*.md"), *TOP.glob("docs/*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def names_of(file):
    """What tests are called in it."""
    text = file.read_text()
    return set(re.findall(r"^def (test_\w+)", text, re.M) + re.findall(r"^static void (\w+)\(void \*\*", text, re.M) +
               re.findall(r"^test\('(.*?)', (?:async )?\(", text, re.M))


def test_each_test_that_the_docs_promise_is_there():
    named = re.findall(r"`((?:api|browser|contract|fault|fuzz|runner|unit)/[\w.]+)(?:::([^`]+))?`", (TOP / "docs/security.md").read_text())
    assert len(named) > 100
    for file, name in named:
        assert (TOP / "tests" / file).is_file(), file
        assert not name or name in names_of(TOP / "tests" / file), f"{file}::{name}"
