"""The tables in the docs are the program's own."""
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page, mark, command", [
    ("docs/settings.md", "settings", ["settings", "--table"]),
    ("docs/api.md", "calls", ["api"]),
])
def test_a_table_in_the_docs_is_the_programs_own(server, page, mark, command):
    said = subprocess.run([str(server.site / "cgi-bin" / "jobjoker"), *command], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"<!-- {mark}: .*? -->\n(.*?)<!-- end of {mark} -->", (TOP / page).read_text(), re.S)
    assert found and found[1].strip() == said.strip()


def test_the_sample_settings_are_valid(new_server):
    server = new_server(start=False)
    server.start()
    text = subprocess.run([str(server.site / "cgi-bin" / "jobjoker"), "settings"], capture_output=True, text=True, check=True).stdout
    (server.site / "jobjoker.ini").write_text(re.sub(r"^#(\w+ = )", r"\1", text, flags=re.M).replace("data = data\n", ""))
    assert server.get("/me").status == 200


def test_links_of_the_docs_lead_somewhere():
    for page in [*TOP.glob("*.md"), *TOP.glob("docs/*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
