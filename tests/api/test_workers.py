"""Workers: put, read, changed, deleted; what is refused, and how it is said."""
import pytest

import apache

SCHEMA = """#!/bin/sh
# Description: Greets somebody.
# Parameters: {"type": "object", "required": ["name"], "additionalProperties": false, "properties": {
#   "name": {"type": "string", "minLength": 2, "pattern": "^[A-Z]"},
#   "times": {"type": "integer", "minimum": 1, "maximum": 5, "default": 3},
#   "how": {"enum": ["loud", "soft"]}
# }}
echo "$JOBJOKER_PARAM_times"
"""
C = "#include <jobjoker/worker.h>\nint run(struct jobjoker_worker *w)\n{\n    jobjoker_response(w, \"%s\");\n    return 0;\n}\n"
PHP = "<?php\ninclude_once 'libs/Worker.php';\nclass %s extends Worker {\n function getInformation() { return 'A test.'; }\n" \
      " function run() { $this->log('hi'); $this->response('php'); }\n}\n"


def test_a_worker_is_put_read_and_deleted(server):
    source = "#!/bin/sh\n# Description: Says hi.\necho hi\n"
    put = server.put("/workers/Life", source)
    assert put.status == 201 and put.headers["location"].endswith("/workers/Life")
    (w,) = put.data
    assert list(w) == ["name", "kind", "description", "parameters", "options", "size", "sha256", "version", "author", "created", "modified"]
    assert (w["name"], w["kind"], w["description"], w["parameters"], w["size"], w["version"]) == \
        ("Life", "script", "Says hi.", None, len(source), 1)
    assert server.get("/workers/Life").data == [w]
    code = server.get("/workers/Life/code")
    assert code.body == source.encode() and code.headers["content-type"].startswith("text/plain")
    assert code.headers["etag"] == f'"{w["sha256"]}"' == put.headers["etag"]
    assert server.get("/workers/Life/code", "-H", f"If-None-Match: {code.headers['etag']}").status == 304
    assert server.delete("/workers/Life").status == 200
    for path in ("/workers/Life", "/workers/Life/code"):
        gone = server.get(path)
        assert gone.status == 404 and (gone.json["data"], gone.json["code"]) == ([], "worker_unknown")
    assert server.delete("/workers/Life").status == 404


def test_the_same_source_makes_no_new_version(server):
    server.put("/workers/Same", "#!/bin/sh\necho 1\n")
    assert server.put("/workers/Same", "#!/bin/sh\necho 1\n").status == 200
    assert server.get("/workers/Same").data[0]["version"] == 1
    changed = server.put("/workers/Same", "#!/bin/sh\necho 2\n")
    assert (changed.status, changed.data[0]["version"]) == (200, 2)
    server.delete("/workers/Same")
    again = server.put("/workers/Same", "#!/bin/sh\necho 1\n")
    assert (again.status, again.data[0]["version"]) == (201, 3)


def test_if_match_guards_a_lost_update(server):
    tag = server.put("/workers/Guarded", "#!/bin/sh\necho 1\n").headers["etag"]
    assert server.put("/workers/Guarded", "#!/bin/sh\necho 2\n", "-H", f"If-Match: {tag}").status == 200
    late = server.put("/workers/Guarded", "#!/bin/sh\necho 3\n", "-H", f"If-Match: {tag}")
    assert (late.status, late.json["code"]) == (412, "worker_changed")
    assert server.put("/workers/Guarded", "#!/bin/sh\necho 3\n", "-H", "If-None-Match: *").status == 412
    assert server.put("/workers/Guarded", "#!/bin/sh\necho 3\n", "-H", "If-Match: *").status == 200
    assert server.put("/workers/NotThere", "#!/bin/sh\n", "-H", "If-Match: *").status == 412
    assert server.delete("/workers/Guarded", "-H", f"If-Match: {tag}").status == 412


def test_the_tag_of_what_is_told_guards_too(server):
    server.put_worker("Tagged", "#!/bin/sh\necho 1\n")
    tag = server.get("/workers/Tagged").headers["etag"]
    assert server.get("/workers/Tagged", "-H", f"If-None-Match: {tag}").status == 304
    assert server.put("/workers/Tagged", "#!/bin/sh\necho 2\n", "-H", f"If-Match: W/{tag}").status == 412
    assert server.put("/workers/Tagged", "#!/bin/sh\necho 2\n", "-H", f'If-Match: "x", {tag}').status == 200
    assert server.put("/workers/Tagged", "#!/bin/sh\necho 3\n", "-H", f"If-Match: {tag}").status == 412


def test_what_is_told_of_the_same_source_put_again_is_no_304(server):
    source = "#!/bin/sh\necho again\n"
    server.put_worker("Again", source)
    tag = server.get("/workers/Again").headers["etag"]
    server.delete("/workers/Again")
    server.put_worker("Again", source)
    assert server.get("/workers/Again", "-H", f"If-None-Match: {tag}").status == 200


@pytest.mark.only_on("cgid", "cgi", "fcgid", "proxy_fcgi", reason="mod_deflate is a part of Apache; for nginx our configuration turns its gzip off")
def test_tags_survive_compression(installed):
    """mod_deflate, on in Debian's Apache, appends -gzip to a tag."""
    server = apache.Server(installed)
    plain = server.conf
    server.conf = lambda: plain() + apache.load_modules(["filter", "deflate"]) + "\nAddOutputFilterByType DEFLATE text/plain application/json\n"
    try:
        server.start()
        server.put_worker("Zipped", "#!/bin/sh\n" + "#\n" * 500)
        for path in ("/workers/Zipped/code", "/workers/Zipped"):
            answer = server.get(path, "--compressed")
            assert answer.headers["content-encoding"] == "gzip" and "-gzip" in answer.headers["etag"]
            assert server.get(path, "--compressed", "-H", f"If-None-Match: {answer.headers['etag']}").status == 304
        assert server.put("/workers/Zipped", "#!/bin/sh\n", "-H", f"If-Match: {answer.headers['etag']}").status == 200
    finally:
        server.close()


def test_bytes_are_kept_as_sent(server):
    source = b"#!/bin/sh\necho '\xff\xfe\r\n'\n# \xc3\xa9 \x01\n"
    server.put("/workers/Bytes", source)
    assert server.get("/workers/Bytes/code").body == source


@pytest.mark.parametrize("name, source, type, kind, answer", [
    ("KindC", C % "c", None, "c", "c"),
    ("KindPhp", PHP % "KindPhp", None, "php", "php"),
    ("KindSh", "#!/bin/sh\necho ::response::sh\n", None, "script", "sh"),
    ("KindPy", "#!/usr/bin/env python3\nimport jobjoker\njobjoker.response('py')\n", None, "script", "py"),
    ("ForcedPy", "#!/usr/bin/env python3\nprint('::response::forced')\n", "text/x-python", "script", "forced"),
    ("ForcedC", "/* #! */\n" + C % "forced", "text/x-csrc; charset=utf-8", "c", "forced"),
])
def test_each_kind_is_told_and_runs(server, name, source, type, kind, answer):
    assert server.put_worker(name, source, type=type).data[0]["kind"] == kind
    job = server.run(name)
    assert job["status"] == "done", job
    assert server.response(job["id"]) == answer


@pytest.mark.parametrize("source, line, column, words", [
    ("#include <jobjoker/worker.h>\nint run(struct jobjoker_worker *w)\n{\n    return oops;\n}\n", 4, 12, "oops"),
    ("#include <jobjoker/worker.h>\nint run(struct jobjoker_worker *w)\n{\n    return 0\n}\n", 4, 13, "expected"),
    ("<?php\nclass Broken extends Worker {\n function run( {\n}\n", 3, 1, "syntax error"),
    ("#!/bin/sh\nif true; then\necho\n", 4, 1, "expecting"),
    ("#!/usr/bin/env python3\ndef f(:\n  pass\n", 2, 1, "SyntaxError"),
])
def test_what_does_not_compile_is_refused_with_its_place(server, source, line, column, words):
    server.put_worker("Broken", "#!/bin/sh\necho before\n")
    before = server.get("/workers/Broken").data[0]["version"]
    answer = server.put("/workers/Broken", source)
    assert (answer.status, answer.json["code"], answer.json["success"]) == (422, "worker_broken", False)
    complaint = next(d for d in answer.data if d["severity"] == "error")
    assert (complaint["line"], complaint["column"]) == (line, column), answer.data
    assert words in complaint["message"]
    assert str(server.data) not in answer.text
    assert server.get("/workers/Broken").data[0]["version"] == before
    assert "before" in server.log(server.run("Broken")["id"])


@pytest.mark.parametrize("lines, words", [
    ("__asm__(\"foo:\\nnop\\nfoo:\\n\");\nint run(struct jobjoker_worker *w) { (void)w; return 0; }", "already defined"),
    ("extern int nowhere(void) __attribute__((visibility(\"hidden\")));\nint run(struct jobjoker_worker *w) { (void)w; return nowhere(); }", "nowhere"),
    ("int nowhere(void);\nint run(struct jobjoker_worker *w) { (void)w; return nowhere(); }", "nowhere"),
    ("#include \"nowhere.h\"", "nowhere.h"),
])
def test_what_tools_complain_of_tells_no_path_of_the_server(server, lines, words):
    answer = server.put("/workers/Unlinked", "#include <jobjoker/worker.h>\n" + lines + "\n")
    assert answer.status == 422 and words in answer.text
    assert str(server.top) not in answer.text


@pytest.mark.parametrize("source, code", [
    ("", "worker_empty"),
    ("int nothing;\n", "worker_description"),
    ("#!\n", "worker_broken"),
    ("#!/bin/sh\n# Parameters: {\"type\": 7}\n", "schema_invalid"),
    ("#!/bin/sh\n# Parameters: {\"type\": \"object\"\n", "worker_description"),
])
def test_a_worker_that_cannot_be_one_is_refused(server, source, code):
    answer = server.put("/workers/Refused", source)
    assert (answer.status, answer.json["code"]) == (422, code)
    assert server.get("/workers/Refused").status == 404


def test_a_worker_that_hangs_when_asked_is_refused(new_server):
    server = new_server(settings={"JOBJOKER_CHECK_TIMEOUT": "5"})
    answer = server.put("/workers/Hanging", "#include <jobjoker/worker.h>\n#include <unistd.h>\n"
                        "const char *information(void)\n{\nfor (;;)\npause();\n}\nint run(struct jobjoker_worker *w)\n{\n(void)w;\nreturn 0;\n}\n")
    assert (answer.status, answer.json["code"]) == (422, "worker_description")


def test_a_compiler_has_limits(new_server):
    server = new_server(start=False)
    seen = server.data / "limits"
    compiler = server.top / "compiler"
    compiler.write_text(f'#!/bin/sh\n(ulimit -v; ulimit -f; ulimit -c) >{seen}\nexec cc "$@"\n')
    compiler.chmod(0o755)
    server.settings["JOBJOKER_C_COMPILER"] = str(compiler)
    server.start()
    source = "#include <jobjoker/worker.h>\nint run(struct jobjoker_worker *w) { (void)w; return 0; }\n"
    server.put_worker("Small", source)
    memory, file, core = seen.read_text().split()
    assert int(memory) <= 2 << 20 and int(file) <= 2 << 18 and core == "0"  # KiB, and blocks of 512 or 1024
    assert server.put("/workers/Large", 'asm(".space 0x18000000");\n' + source).status == 422
    assert not list((server.data / "code").glob("*.new")) and server.get("/workers/Large").status == 404


def test_a_source_over_the_limit_is_refused(server):
    answer = server.put("/workers/Large", b"#!/bin/sh\n" + b"#" * (1 << 20))
    assert (answer.status, answer.json["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("name", ["a%20b", "a.b", "..", "a%2fb", "a%00", "x" * 65, "caf%C3%A9", "-x;", ""])
def test_bad_names_are_refused(server, name):
    answer = server.put(f"/workers/{name}", "#!/bin/sh\n")
    assert 400 <= answer.status < 500


def test_parameters_are_checked_against_the_schema(server):
    server.put_worker("Strict", SCHEMA)
    answer = server.post("/jobs", {"worker": "Strict", "parameters": {"name": "x", "times": 9, "how": "odd", "extra": 1}})
    assert (answer.status, answer.json["code"]) == (422, "parameters_invalid")
    assert {d["field"] for d in answer.data} == {"name", "times", "how", "extra"}
    assert all(d["message"] for d in answer.data)
    missing = server.post("/jobs", {"worker": "Strict"})
    assert missing.status == 422 and [d["field"] for d in missing.data] == ["name"]


def test_defaults_are_filled_in(server):
    server.put_worker("Strict", SCHEMA)
    job = server.run("Strict", {"name": "Ada"})
    assert job["parameters"] == {"name": "Ada", "times": 3}
    assert "3\n" in server.log(job["id"])


def test_a_worker_without_a_schema_takes_any_object_and_null(server):
    server.put_worker("Free", "#!/bin/sh\ncat\n")
    assert server.run("Free", {"a": [1, {"b": None}]})["parameters"] == {"a": [1, {"b": None}]}
    answer = server.post("/jobs", b'{"worker":"Free","parameters":null}')
    assert answer.data[0]["parameters"] == {}


def test_php_workers_of_the_first_version_run_unchanged(server):
    server.put_worker("OldStyle", """<?php
include "libs/Worker.php";
class OldStyle extends Worker {
    function run() {
        for($i = 0; $this->isActive() && $i < $this->getParameter("count"); $i++) {
            $this->log("log ".$i)->response("response ".$i);
        }
    }
    function getInformation() { return "Counts."; }
}
?>
""")
    assert server.get("/workers/OldStyle").data[0]["description"] == "Counts."
    job = server.run("OldStyle", {"count": 2})
    assert job["status"] == "done", job
    assert server.log(job["id"]) == "STARTED\nlog 0\nlog 1\nENDED\n"
    assert server.response(job["id"]) == "response 0\nresponse 1"


def test_a_php_exception_is_an_error_that_says_where(server):
    server.put_worker("Thrower", (PHP % "Thrower").replace("$this->log('hi');", "throw new Exception('no luck');"))
    job = server.run("Thrower")
    assert job["status"] == "error" and "no luck" in job["reason"]
    assert "EXCEPTION" in server.log(job["id"])


def test_the_list_has_pages(new_server):
    server = new_server()
    names = [f"W{i}" for i in range(7)]
    for name in reversed(names):
        server.put_worker(name, "#!/bin/sh\n")
    got, path = [], "/workers?limit=3"
    while path:
        answer = server.get(path)
        assert answer.json["total"] == 7
        got += [w["name"] for w in answer.data]
        path = f"/workers?limit=3&cursor={answer.json['next']}" if "next" in answer.json else None
        assert ("link" in answer.headers) == bool(path)
    assert got == names
    csv = server.get("/workers.csv")
    assert csv.headers["content-type"].startswith("text/csv") and csv.text.splitlines()[1].startswith("W0,script,")
