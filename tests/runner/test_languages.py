"""The hosts, the helpers and the samples of each language, run directly: parameters on standard input, and what the
runner would read on standard output."""
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("JOBJOKER_BUILD", ROOT))
HOST_C = BUILD / "runner" / "jobjoker-c"
HOST_PHP = ROOT / "runner/php/host.php"
WORKERS = ROOT / "workers"
PHP = shutil.which("php")
SHELLS = [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)]
COMPILERS = [compiler for compiler in ("gcc", "clang") if shutil.which(compiler)]

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "JOBJOKER_ID": "01JOB", "JOBJOKER_WORKER": "Test",
    "JOBJOKER_API": "http://127.0.0.1/jj", "JOBJOKER_TOKEN": "secret", "JOBJOKER_ATTEMPT": "2",
    "JOBJOKER_LIB": str(ROOT / "runner"), "PYTHONPATH": str(ROOT / "runner/python"),
    "JOBJOKER_SH": str(ROOT / "runner/sh/jobjoker.sh"), "PYTHONDONTWRITEBYTECODE": "1",
}

needs_php = pytest.mark.skipif(not PHP, reason="php is not installed")
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")


class Ended:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err
        self.lines = out.splitlines()

    def said(self, command):
        """The texts of all ::command:: lines."""
        found = [line[len(command) + 4:] for line in self.lines if line.startswith(f"::{command}::")]
        return [t.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%") for t in found]

    def __repr__(self):
        return f"status {self.status}\n--- out\n{self.out}--- err\n{self.err}"


def environment(parameters):
    scalars = {f"JOBJOKER_PARAM_{name}": value if isinstance(value, str) else json.dumps(value)
               for name, value in parameters.items() if not isinstance(value, (dict, list))}
    return {**ENVIRONMENT, **scalars}


class Process:
    """A worker as the runner starts it: standard input is a file, standard output a pipe."""

    def __init__(self, command, parameters, folder, environ=None):
        (folder / "parameters").write_text(json.dumps(parameters))
        (folder / "work").mkdir(exist_ok=True)
        with open(folder / "parameters", "rb") as stdin:
            self.p = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      cwd=folder / "work", env=environ or environment(parameters), text=True,
                                      encoding="utf-8", errors="surrogateescape", start_new_session=True)

    def line(self):
        return self.p.stdout.readline().rstrip("\n")

    def stop(self, whole_tree=False):
        (os.killpg if whole_tree else os.kill)(self.p.pid, signal.SIGTERM)

    def asks(self):
        """Does it catch SIGTERM by now, and sleep? Until it has asked for the first time, whether it is wanted, that ends it;
        but PHP catches it from the beginning, to end by it."""
        status = pathlib.Path(f"/proc/{self.p.pid}/status").read_text()
        caught = int(re.search(r"^SigCgt:\s*(\w+)", status, re.M)[1], 16)
        return caught >> signal.SIGTERM - 1 & 1 and re.search(r"^State:\s*S", status, re.M)

    def stop_until_it_ends(self, whole_tree=False):
        """For what cannot see a signal that comes just before it begins to sleep: sleep(3), PHP and shells. Not soon again:
        PHP that has heard the first one and is about to end is ended by the next."""
        end = time.monotonic() + 30
        while not self.asks():
            assert time.monotonic() < end, "it does not ask whether it is wanted"
            time.sleep(0.005)
        while self.p.poll() is None:
            self.stop(whole_tree)
            try:
                self.p.wait(timeout=1)
            except subprocess.TimeoutExpired:
                pass
        return self.end()

    def end(self):
        out, err = self.p.communicate(timeout=30)
        return Ended(self.p.returncode, out, err)


@pytest.fixture
def start(tmp_path):
    started = []

    def start(command, parameters={}, **more):
        started.append(Process([str(word) for word in command], parameters, tmp_path, **more))
        return started[-1]

    yield start
    for process in started:
        if process.p.poll() is None:
            os.killpg(process.p.pid, signal.SIGKILL)
            process.p.communicate()


@pytest.fixture
def run(start):
    return lambda command, parameters={}, **more: start(command, parameters, **more).end()


def compile_c(source, folder, compiler="gcc", flags=("-Wall", "-Wextra", "-Wpedantic", "-Werror")):
    """The command that runs a worker in C."""
    library = folder / (pathlib.Path(source).stem + ".so")
    done = subprocess.run([compiler, "-std=c11", "-O2", *flags, "-shared", "-fPIC", "-I", ROOT / "runner/include",
                           source, "-o", library], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [HOST_C, library]


@pytest.fixture
def c(tmp_path):
    """c("int run(...) {...}"): the command that runs this code."""
    def make(code, name="Test"):
        source = tmp_path / f"{name}.c"
        source.write_text("#include <jobjoker/worker.h>\n#include <stdio.h>\n#include <stdlib.h>\n" + code)
        return compile_c(source, tmp_path, flags=("-Wall", "-Wextra", "-Werror"))
    return make


@pytest.fixture
def php(tmp_path):
    """php("class Test extends Worker {...}"): the command that runs this code."""
    def make(code, name="Test", words=()):
        source = tmp_path / f"{name}.php"
        source.write_text(code if code.startswith("<?php") else "<?php\n" + code)
        return [PHP, *words, HOST_PHP, source]
    return make


@pytest.fixture
def python(tmp_path):
    def make(code):
        (tmp_path / "test.py").write_text("import jobjoker\n" + code)
        return ["/usr/bin/python3", tmp_path / "test.py"]
    return make


def sh(code, shell="sh"):
    return [*(["busybox", "sh"] if shell == "busybox" else [shell]), "-euc", '. "$JOBJOKER_SH"\n' + code]


def described(command):
    """What a host says of a worker: its command with --describe before the last word."""
    words = [str(word) for word in [*command[:-1], "--describe", command[-1]]]
    done = subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT, timeout=30)
    return Ended(done.returncode, done.stdout, done.stderr)


def schema_in_head(path):
    """A simple reader of a script's head; the real one is lib/worker/describe.c."""
    text = "\n".join(line.lstrip("#/").strip() for line in path.read_text().splitlines()[1:] if re.match("#|//", line))
    return json.JSONDecoder().raw_decode(text[text.index("Parameters: ") + len("Parameters: "):])[0]


# --- the samples -----------------------------------------------------------------------------------------------------

@pytest.fixture(params=["c", "php", "sh", "python"])
def sample(request, tmp_path):
    """The command of the test worker in each language."""
    if request.param == "c":
        return compile_c(WORKERS / "TestWorker.c", tmp_path)
    if request.param == "php":
        return [PHP, HOST_PHP, WORKERS / "TestWorkerPhp.php"] if PHP else pytest.skip("php is not installed")
    return [WORKERS / {"sh": "TestWorkerSh.sh", "python": "TestWorkerPython.py"}[request.param]]


def test_a_sample_counts(sample, run):
    ended = run(sample, {"count": 3, "sleep": 0.01})
    assert ended.status == 0 and ended.err == "", ended
    assert ended.lines == [
        "::log::log 0", "::response::response 0", "::progress 33::", "::log::log 1", "::response::response 1",
        "::progress 66::", "::log::log 2", "::response::response 2", "::progress 100::"]


def test_a_sample_counts_to_its_default(sample, run):
    assert run(sample, {"sleep": 0}).said("log") == [f"log {i}" for i in range(5)]


def test_a_sample_that_has_nothing_to_count_is_done(sample, run):
    ended = run(sample, {"count": 0})
    assert ended.status == 0 and ended.out == "", ended


@pytest.mark.parametrize("whole_tree", [False, True])
def test_a_sample_ends_early_when_it_is_asked_to(sample, start, whole_tree):
    """Without that, it would run for 100 hours. It is told while it sleeps, or just before."""
    process = start(sample, {"count": 1000, "sleep": 360})
    while process.line() != "::progress 0::":
        pass
    ended = process.stop_until_it_ends(whole_tree)
    assert ended.status == 0 and ended.out == "", ended


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("source", sorted(WORKERS.glob("*.c")), ids=lambda path: path.name)
def test_each_sample_in_c_compiles_without_a_warning(source, compiler, tmp_path):
    compile_c(source, tmp_path, compiler)


def test_samples_in_all_languages_want_the_same_parameters(tmp_path):
    of_c = json.loads(described(compile_c(WORKERS / "TestWorker.c", tmp_path)).out)
    assert set(of_c["parameters"]["properties"]) == {"count", "sleep"}
    assert schema_in_head(WORKERS / "TestWorkerSh.sh") == of_c["parameters"]
    assert schema_in_head(WORKERS / "TestWorkerPython.py") == of_c["parameters"]
    if PHP:
        assert json.loads(described([PHP, HOST_PHP, WORKERS / "TestWorkerPhp.php"]).out) == of_c


# --- texts of all kinds ----------------------------------------------------------------------------------------------

TEXTS = ["", " a ", "50 % of %0A", "two\nlines\n", "\r\n", "::log::not a command", "ä€😀", "\\n \\ $HOME `id` \"'", "-n",
         "x" * 100000]


def test_c_keeps_each_text(c, run):
    code = """int run(struct jobjoker_worker *w) {
        jobjoker_log(w, "%s", jobjoker_string(w, "t", "none"));
        jobjoker_response(w, "%s", jobjoker_string(w, "t", "none")); return 0; }"""
    command = c(code)
    for text in TEXTS:
        ended = run(command, {"t": text})
        assert ended.said("log") == [text] and ended.said("response") == [text], ended


@needs_php
def test_php_keeps_each_text(php, run):
    command = php("class Test extends Worker { function run() {"
                  "foreach ($this->getParameter('list') as $t) { $this->log($t)->response($t); } } }")
    ended = run(command, {"list": TEXTS})
    assert ended.said("log") == TEXTS and ended.said("response") == TEXTS


def test_python_keeps_each_text(python, run):
    command = python("for t in jobjoker.parameters()['list']:\n jobjoker.log(t)\n jobjoker.response(t.encode())")
    ended = run(command, {"list": TEXTS})
    assert ended.said("log") == TEXTS and ended.said("response") == TEXTS


@pytest.mark.parametrize("shell", SHELLS)
def test_sh_keeps_each_text(shell, run):
    for text in TEXTS:
        ended = run(sh('jobjoker_log "$JOBJOKER_PARAM_t"; jobjoker_response "$JOBJOKER_PARAM_t"', shell), {"t": text})
        assert ended.said("log") == [text] and ended.said("response") == [text], ended
        assert ended.status == 0 and ended.err == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_sh_takes_standard_input_as_one_entry(shell, run):
    ended = run(sh("printf 'a\\n50%%\\nb\\n' | jobjoker_response", shell))
    assert ended.out == "::response::a%0A50%25%0Ab\n"


@needs_node
def test_javascript_keeps_each_text(tmp_path, run):
    (tmp_path / "test.mjs").write_text(
        f"const j = await import('{ROOT}/runner/js/jobjoker.mjs');"
        "for (const t of j.parameters().list) { j.log(t); j.response(t); j.progress(33.9, t); }")
    ended = run(["node", tmp_path / "test.mjs"], {"list": TEXTS})
    assert ended.said("log") == TEXTS and ended.said("response") == TEXTS
    assert ended.lines[2] == "::progress 33::" and ended.lines[5] == "::progress 33  a ::"


# --- the order of what is said ---------------------------------------------------------------------------------------

def test_c_keeps_the_order_with_printf(c, run):
    ended = run(c("""int run(struct jobjoker_worker *w) {
        printf("one\\ntwo"); jobjoker_log(w, "three"); printf("four"); jobjoker_progress(w, 50.9, "a%b\\nc");
        jobjoker_log_bytes(w, "x\\0y", 3); jobjoker_response_bytes(w, "\\xff", 1); puts("five"); return 0; }"""))
    assert ended.lines == ["one", "two", "::log::three", "four", "::progress 50 a%25b%0Ac::", "::log::x\0y",
                           "::response::\udcff", "five"]


@needs_php
def test_php_keeps_the_order_with_echo(php, run):
    ended = run(php("""class Test extends Worker { function run() {
        echo "one\\ntwo"; $this->log("three"); echo "four"; $this->progress(50.9, "a%b\\nc"); echo "";
        ob_start(); echo "late\\n"; $this->log("past buffers"); ob_end_flush(); echo "five"; } }"""))
    assert ended.lines == ["one", "two", "::log::three", "four", "::progress 50 a%25b%0Ac::", "::log::past buffers",
                           "late", "five"]


def test_python_keeps_the_order_with_print(python, run):
    ended = run(python("print('one'); print('two', end=''); jobjoker.log(3); print('four', end='')\n"
                       "jobjoker.progress(50.9, 'a%b\\nc'); print('five')"))
    assert ended.lines == ["one", "two", "::log::3", "four", "::progress 50 a%25b%0Ac::", "five"]


def test_what_is_printed_comes_at_once(c, python, start):
    """Line by line, not when a buffer is full or the job has ended."""
    for command in (c('int run(struct jobjoker_worker *w) { printf("now\\n"); jobjoker_sleep(w, 1000); return 0; }'),
                    python("print('now'); jobjoker.sleep(1000)")):
        process = start(command)
        assert process.line() == "now"
        process.stop()
        process.end()


# --- parameters ------------------------------------------------------------------------------------------------------

def test_c_gives_parameters_by_type(c, run):
    ended = run(c("""int run(struct jobjoker_worker *w) {
        printf("%s %s %s\\n", jobjoker_string(w, "s", "-"), jobjoker_string(w, "n", "-"), jobjoker_string(w, "x", "-"));
        printf("%lld %lld %lld %lld\\n", jobjoker_int(w, "i", -1), jobjoker_int(w, "f", -1), jobjoker_int(w, "s", -1),
               jobjoker_int(w, "big", -1));
        printf("%g %g\\n", jobjoker_double(w, "f", -1), jobjoker_double(w, "x", -1));
        printf("%d %d %d\\n", jobjoker_bool(w, "b", false), jobjoker_bool(w, "x", true), jobjoker_bool(w, "i", false));
        printf("%s %s %d\\n", jobjoker_json(w, "l"), jobjoker_json(w, "n"), jobjoker_json(w, "x") == NULL);
        printf("%s\\n", jobjoker_parameters(w));
        printf("%s %d %s %s\\n", jobjoker_id(w), jobjoker_attempt(w), jobjoker_api(w), jobjoker_token(w));
        return 0; }"""),
        {"s": "text", "n": None, "i": 3.0, "f": 3.5, "big": 1e300, "b": True, "l": [1, {"a": "b"}]})
    assert ended.lines == [
        "text - -", "3 -1 -1 -1", "3.5 -1", "1 1 0", '[1,{"a":"b"}] null 1',
        '{"s": "text", "n": null, "i": 3.0, "f": 3.5, "big": 1e+300, "b": true, "l": [1, {"a": "b"}]}',
        "01JOB 2 http://127.0.0.1/jj secret"]


def test_c_reads_the_parameters_from_a_pipe_too(c):
    command = c('int run(struct jobjoker_worker *w) { return (int)jobjoker_int(w, "n", 0); }')
    assert subprocess.run(command, input='{"n":7}', text=True, env=ENVIRONMENT).returncode == 7
    assert subprocess.run(command, stdin=subprocess.DEVNULL, env=ENVIRONMENT).returncode == 0


def test_c_names_unreadable_parameters(c):
    command = c('int run(struct jobjoker_worker *w) { return (int)jobjoker_int(w, "n", 3); }')
    done = subprocess.run(command, input='{"n":', text=True, capture_output=True, env=ENVIRONMENT)
    assert done.stdout.startswith("::error::the parameters cannot be read: ") and done.returncode == 3


@pytest.mark.parametrize("shell", SHELLS)
def test_sh_gives_parameters(shell, run):
    code = """jobjoker_parameter s; echo; jobjoker_parameter none 'a "default" $x'; echo; jobjoker_parameter none; echo
              jobjoker_parameter 9 otherwise"""
    ended = run(sh(code, shell), {"s": "it's \"$HOME\""})
    assert ended.lines == ["it's \"$HOME\"", 'a "default" $x', "", "otherwise"] and ended.status == 0, ended


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", ["a-b", "", "ä", 'x}"; echo no; #', "$(echo no)"])
def test_sh_says_which_parameters_it_cannot_give(shell, name, run):
    ended = run([*sh('jobjoker_parameter "$1" default', shell), "sh", name], {name: "odd"} if name else {})
    assert ended.status == 2 and ended.out == "" and "read the JSON on standard input" in ended.err, ended


def test_python_gives_parameters(python, run):
    ended = run(python("print(jobjoker.parameter('a'), jobjoker.parameter('b', 2), jobjoker.parameters())\n"
                       "print(jobjoker.id, jobjoker.worker, jobjoker.attempt, jobjoker.api, jobjoker.token)"),
                {"a": [1]})
    assert ended.lines == ["[1] 2 {'a': [1]}", "01JOB Test 2 http://127.0.0.1/jj secret"], ended


# --- the ends of a worker in C ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("body, status", [
    ("return 0;", 0), ("return 3;", 3), ("return -1;", 1), ("return 256;", 1), ("exit(0);", 0), ("exit(4);", 4),
    ("abort();", -signal.SIGABRT), ("*(volatile int *)0 = 1; return 0;", -signal.SIGSEGV),
])
def test_c_ends_as_run_did(c, run, body, status):
    ended = run(c('int run(struct jobjoker_worker *w) { (void)w; printf("last\\n"); %s }' % body))
    assert ended.status == status and ended.lines == ["last"], ended


def test_c_without_run_is_told_what_is_missing(c, run):
    command = c("int go(void); int go(void) { return 0; }")
    ended = run(command)
    assert ended.status == 1
    assert ended.said("error") == ["the worker has no function run: int run(struct jobjoker_worker *w)"]
    said = described(command)
    assert said.status == 1 and said.out == "" and "no function run" in said.err


def test_c_that_needs_what_is_nowhere_is_told_its_name(c, run, tmp_path):
    ended = run(c("int nowhere(void); int run(struct jobjoker_worker *w) { (void)w; return nowhere(); }"))
    assert ended.status == 1
    assert ended.said("error") == ["the worker cannot be loaded: undefined symbol: nowhere"]
    assert str(tmp_path) not in ended.out


def test_c_exports_nothing_that_a_worker_might_define_itself():
    names = subprocess.run(["nm", "-D", "--defined-only", HOST_C], capture_output=True, text=True, check=True).stdout
    functions = [line.split()[2] for line in names.splitlines() if line.split()[1] == "T"]
    assert functions and [n for n in functions if not n.startswith("jobjoker_") and n not in ("_init", "_fini")] == []


def test_c_says_only_its_information(c):
    said = described(c("""__attribute__((constructor)) static void early(void) { printf("noise\\n"); }
        const char *information(void) { puts("more noise"); return JOBJOKER_JSON({ "description": "a \\"b\\" \\\\d",
        "parameters": { "type": "object" } }); }
        int run(struct jobjoker_worker *w) { (void)w; return 0; }"""))
    assert json.loads(said.out) == {"description": 'a "b" \\d', "parameters": {"type": "object"}}
    assert said.status == 0 and said.err == "noise\nmore noise\n"


def test_c_may_have_no_information(c):
    said = described(c("int run(struct jobjoker_worker *w) { (void)w; return 0; }"))
    assert said.status == 0 and said.out == ""


def test_being_asked_to_stop_interrupts_what_blocks(c, start):
    process = start(c("""#include <unistd.h>
        int run(struct jobjoker_worker *w) { puts("sleeping"); unsigned left = sleep(1000);
        return left > 0 && !jobjoker_wanted(w) ? 0 : 9; }"""))
    assert process.line() == "sleeping"
    assert process.stop_until_it_ends().status == 0


def test_the_helpers_of_c_may_be_called_from_threads(c, run):
    ended = run(c("""#include <pthread.h>
        static void *tell(void *w) { for (int i = 0; i < 500; i++) jobjoker_log(w, "%0999d", i); return NULL; }
        int run(struct jobjoker_worker *w) { pthread_t t[4];
        for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, tell, w);
        for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
        return 0; }"""))
    assert len(ended.lines) == 2000 and all(re.fullmatch(r"::log::\d{999}", line) for line in ended.lines)


# --- workers of the first PHP version --------------------------------------------------------------------------------

OLD_PLAIN = """<?php

include_once 'libs/Worker.php';

class Test extends Worker {

    public function getInformation() {
        return "An old job";
    }

    public function run()  {
        for($i = 0; $this->isActive() && $i < $this->getParameter("count"); $i++) {
            $this->log("log ".$i);
            $this->response("response ".$i);
            sleep($this->getParameter("sleep"));
        }
    }

}

?>


"""

OLD_SLOPPY = """<?php
include "libs/Worker.php";
include_once("libs/Worker.php");

$config = array('who' => 'world');
function helper() { global $config; return $config['who']; }

class Test extends Worker {
    var $client;
    private $active = 7;
    private $parameters;
    protected $status;

    function __construct() { parent::__construct(); $this->started = 12; }
    function getInformation() { return "sloppy"; }
    private function progress($a, $b) { return $a + $b; }
    function log($text) { return parent::log("[" . $text . "]"); }

    function run() {
        $this->log("hello " . helper())->response(5)->response(array(1))->log(DONE)->response(Worker::ERROR);
        $this->log((string) $this->progress(1, 2));
        $this->log(var_export($this->getParameter("nothing"), true));
        $this->log($this->getParameter("_id") . " " . $this->getParameter("_api"));
        $this->log($this->getParameter("deep")->er[1]->x);
        $this->log(5);
    }
}
"""


@needs_php
def test_an_old_worker_runs_unchanged(php, run):
    ended = run(php(OLD_PLAIN), {"count": 2, "sleep": 0})
    assert ended.status == 0 and ended.err == ""
    assert ended.lines == ["::log::log 0", "::response::response 0", "::log::log 1", "::response::response 1"]
    assert described(php(OLD_PLAIN)).out == "An old job"


@needs_php
def test_an_old_worker_stops_when_it_is_asked_to(php, start):
    process = start(php(OLD_PLAIN), {"count": 1000, "sleep": 1000})
    assert process.line() == "::log::log 0"
    assert process.line() == "::response::response 0"
    ended = process.stop_until_it_ends()
    assert ended.status == 0 and ended.out == "" and ended.err == "", ended


@needs_php
def test_an_old_worker_may_be_sloppy(php, run):
    ended = run(php(OLD_SLOPPY), {"deep": {"er": [0, {"x": "found"}]}})
    assert ended.status == 0 and ended.err == "", ended
    assert ended.said("log") == ["[hello world]", "[done]", "[3]", "[NULL]", "[01JOB http://127.0.0.1/jj]", "[found]",
                                 "[5]"]
    assert ended.said("response") == ["error"]


@needs_php
def test_an_old_worker_that_needs_its_neighbour_finds_it(php, run, tmp_path):
    (tmp_path / "Shared.php").write_text("<?php function shared() { return 'shared'; }")
    ended = run(php("include 'Shared.php'; include 'libs/Worker.php';"
                    "class Test extends Worker { function run() { $this->log(shared()); } }"))
    assert ended.said("log") == ["shared"] and ended.status == 0


# --- the ends of a worker in PHP -------------------------------------------------------------------------------------

@needs_php
@pytest.mark.parametrize("thrown, message", [
    ("throw new Exception('no 100%\nluck');", "no 100%\nluck"), ("throw new RuntimeException();", "RuntimeException"),
    ("nothing();", "Call to undefined function nothing()"),
    ("$this->nothing();", "Call to undefined method Test::nothing()"),
    ("intdiv(1, 0);", "Division by zero"),
])
def test_php_tells_an_exception(php, run, tmp_path, thrown, message):
    ended = run(php("class Test extends Worker {\nfunction run() {\n%s } }" % thrown))
    assert ended.status == 1 and ended.err == "", ended
    log = ended.said("log")
    assert log[0] == "EXCEPTION" and re.search(r"\.php at \d+$", log[1]) and "#0" in log[2] and len(log) == 3
    assert ended.said("error") == [message]
    if "method" not in message:
        assert log[1] == f"{tmp_path}/Test.php at 4"


@needs_php
@pytest.mark.parametrize("body, status", [("return false;", 0), ("exit(0);", 0), ("exit(3);", 3), ("die('bye');", 0)])
def test_php_ends_as_run_did(php, run, body, status):
    ended = run(php("class Test extends Worker { function run() { %s } }" % body))
    assert ended.status == status and ended.said("error") == []


@needs_php
@pytest.mark.parametrize("body, text", [
    ("ini_set('memory_limit', '8M'); $a = str_repeat('x', 99999999);", "Allowed memory size"),
    ("trigger_error('given up', E_USER_ERROR);", "given up"),
    ("eval('class Worker {}');", "Cannot declare class Worker"),
])
def test_php_tells_what_it_dies_of(php, run, body, text):
    ended = run(php("class Test extends Worker { function run() { %s } }" % body))
    assert ended.status == 255 and text in ended.said("error")[0], ended
    assert text in ended.err and "<b>" not in ended.err


@needs_php
def test_php_tells_warnings_and_goes_on(php, run):
    ended = run(php("class Test extends Worker { function run() { echo $nothing; $this->log('on'); } }"))
    assert ended.status == 0 and ended.said("log") == ["on"]
    assert ended.err.count("Undefined variable $nothing") == 1


@needs_php
def test_php_with_a_syntax_error_is_told_where(php, run):
    ended = run(php("class Test extends Worker {\n function run() { $a = ; } }"))
    assert ended.status == 1 and "syntax error" in ended.said("error")[0]
    assert ended.said("log")[1].endswith("Test.php at 3")
    said = described(php("class Test extends Worker {\n function run() { $a = ; } }"))
    assert said.status == 1 and said.out == "" and "syntax error" in said.err and "line 3" in said.err


@needs_php
def test_php_without_its_class_is_told_so(php, run):
    assert run(php("class Other {}")).said("error") == ["Test.php has no class Test that extends Worker"]
    assert described(php("class Other {}")).status == 1


@needs_php
def test_php_whose_name_can_be_no_class_name_takes_its_worker(php, run):
    code = "abstract class Base extends Worker {} class Mine extends Base { function run() { $this->log('mine'); } }"
    assert run(php(code, name="2nd-try")).said("log") == ["mine"]


@needs_php
def test_php_is_told_to_stop_before_it_starts(php, run):
    ended = run(php("class Test extends Worker { function __construct() { $this->stop(); }"
                    "function run() { $this->log($this->isActive() ? 'active' : 'not'); } }"))
    assert ended.said("log") == ["not"]


@needs_php
def test_php_runs_without_pcntl(php, start):
    words = ["-d", "disable_functions=pcntl_async_signals,pcntl_signal"]
    ended = start(php(OLD_PLAIN, words=words), {"count": 1, "sleep": 0}).end()
    assert ended.status == 0 and ended.said("log") == ["log 0"], ended
    process = start(php(OLD_PLAIN, words=words), {"count": 1, "sleep": 1000})
    process.line()
    process.stop()
    assert process.end().status == -signal.SIGTERM


@needs_php
@pytest.mark.parametrize("body, says", [
    ("return 'a text';", "a text"), ("return null;", ""), ("echo 'printed';", "printed"), ("return 42;", "42"),
    ("return array('description' => 'ä/b');", '{"description":"ä/b"}'),
    ("return (object) array('parameters' => new stdClass);", '{"parameters":{}}'),
])
def test_php_says_only_its_information(php, body, says):
    said = described(php("echo 'noise'; class Test extends Worker { function __construct() { echo 'began'; }"
                         "function run() {} function getInformation() { %s } }" % body))
    assert said.status == 0 and said.out == says and said.err == "", said


@needs_php
def test_php_may_have_no_information(php):
    said = described(php("class Test extends Worker { function run() {} }"))
    assert said.status == 0 and said.out == ""


# --- stopping in scripts ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_in_sh_that_never_asks_is_ended(shell, start):
    process = start(sh("jobjoker_log here; sleep 1000", shell))
    process.line()
    process.stop(whole_tree=True)
    assert process.end().status in (-signal.SIGTERM, 128 + signal.SIGTERM)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_in_sh_that_asks_can_clean_up(shell, start):
    process = start(sh("while jobjoker_wanted; do jobjoker_log here; jobjoker_sleep 1000; done\njobjoker_log clean",
                       shell))
    process.line()
    ended = process.stop_until_it_ends()
    assert ended.status == 0 and ended.said("log") == ["clean"] and ended.err == "", ended


@pytest.mark.skipif("bash" not in SHELLS, reason="bash alone tells of what was killed")
def test_what_ends_a_sleep_is_not_told_of_also_when_bash_reaps_it_first(tmp_path, start):
    """We give it the time for that after the signal, without a command that would have bash tell of it early."""
    os.mkfifo(tmp_path / "never")
    ended = start(sh(f"""exec 5<>"{tmp_path}/never"
kill() {{ command kill "$@" || return; [ "$1" != -KILL ] || read -t 0.1 -u 5 || :; }}
jobjoker_wanted() {{ [ "${{asked-}}" ] && return 1; asked=once; }}
jobjoker_sleep 1000
jobjoker_log clean""", "bash")).end()
    assert ended.status == 0 and ended.said("log") == ["clean"] and ended.err == "", ended


def test_a_script_in_python_that_never_asks_is_ended(python, start):
    process = start(python("import time\njobjoker.log('here')\ntime.sleep(1000)"))
    process.line()
    process.stop()
    assert process.end().status == -signal.SIGTERM


def test_a_script_in_python_is_told_while_it_sleeps(python, start):
    process = start(python("jobjoker.wanted(); jobjoker.log('here')\n"
                           "print(jobjoker.sleep(1000), jobjoker.wanted(), jobjoker.sleep(1000))"))
    process.line()
    process.stop()
    assert process.end().out == "False False False\n"


def test_a_script_in_python_that_throws_ends_in_error(python, run):
    ended = run(python("jobjoker.parameters()['nothing']"))
    assert ended.status == 1 and "KeyError" in ended.err


@needs_node
def test_a_script_in_javascript_is_told_while_it_sleeps(tmp_path, start):
    (tmp_path / "test.mjs").write_text(
        f"const j = await import('{ROOT}/runner/js/jobjoker.mjs'); j.wanted(); j.log('here');"
        "console.log(await j.sleep(1000), await j.sleep(1000), j.wanted());")
    process = start(["node", tmp_path / "test.mjs"])
    process.line()
    process.stop()
    ended = process.end()
    assert ended.out == "false false false\n" and ended.status == 0, ended


# --- UrlCheck --------------------------------------------------------------------------------------------------------

class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if self.path == "/broken" else 200)
        self.end_headers()
        self.wfile.write(b"welcome")

    def log_message(self, *args):
        pass


@pytest.fixture
def pages():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_url_check_reports_each_page(pages, run):
    urls = [pages + "/a", pages + "/broken", "http://127.0.0.1:1/"]
    ended = run([WORKERS / "UrlCheck.py"], {"urls": urls})
    report = json.loads(ended.said("response")[0])
    assert ended.status == 1 and ended.err == "", ended
    assert (report["ok"], report["checked"], report["failed"]) == (False, 3, 2)
    assert [page["url"] for page in report["pages"]] == urls
    assert [page["status"] for page in report["pages"]] == [200, 500, None]
    assert [page["problem"] for page in report["pages"]] == [None, "answered 500", "Connection refused"]
    assert ended.said("error") == [f"2 of 3 failed, the first: {pages}/broken answered 500"]
    assert "::progress 100 3 of 3::" in ended.lines


def test_url_check_is_done_when_all_is_well(pages, run):
    ended = run([WORKERS / "UrlCheck.py"], {"urls": [pages + "/a"], "text": "welcome"})
    assert ended.status == 0 and json.loads(ended.said("response")[0])["ok"] is True
    ended = run([WORKERS / "UrlCheck.py"], {"urls": [pages + "/a"], "text": "goodbye"})
    assert ended.status == 1 and 'does not contain "goodbye"' in ended.said("error")[0]


def test_url_check_counts_the_days_of_a_certificate(tmp_path, run):
    """A server with a certificate of ten days, which is trusted for this test."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "10", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    parameters = {"urls": [f"https://localhost:{server.server_port}/"], "certificate_days": 5}
    try:
        refused = run([WORKERS / "UrlCheck.py"], parameters)
        trusted = {**environment(parameters), "SSL_CERT_FILE": str(certificate)}
        good = run([WORKERS / "UrlCheck.py"], parameters, environ=trusted)
        short = run([WORKERS / "UrlCheck.py"], {**parameters, "certificate_days": 14}, environ=trusted)
    finally:
        server.shutdown()
        server.server_close()
    assert refused.status == 1 and "the certificate is not valid" in refused.said("error")[0]
    assert good.status == 0, good
    assert json.loads(good.said("response")[0])["pages"][0]["certificate_days"] in (9, 10)
    assert short.status == 1 and "its certificate ends in" in short.said("error")[0]


def test_url_check_describes_itself():
    schema = schema_in_head(WORKERS / "UrlCheck.py")
    assert schema["required"] == ["urls"]
    for name, property in schema["properties"].items():
        assert property["title"] and property["description"], name


# --- the examples in the manual --------------------------------------------------------------------------------------

def examples():
    text = (ROOT / "docs/workers.md").read_text()
    return re.findall(r"^`(\w+\.\w+)`:\n\n```\w+\n(.*?)^```$", text, re.M | re.S)


def test_the_manual_has_an_example_of_each_language():
    assert [name for name, _ in examples()] == [
        "Greeter.sh", "Greeter.py", "Greeter.php", "Greeter.c", "Greeter.js", "Plain.sh"]


@pytest.mark.parametrize("name, code", examples(), ids=[name for name, _ in examples()])
def test_an_example_of_the_manual_works(name, code, tmp_path, run):
    source = tmp_path / name
    source.write_text(code)
    source.chmod(0o755)
    command = [source]
    if name.endswith(".c"):
        command = compile_c(source, tmp_path)
    elif name.endswith(".php"):
        command = [PHP, HOST_PHP, source] if PHP else pytest.skip("php is not installed")
    elif name.endswith(".js") and not shutil.which("node"):
        pytest.skip("node is not installed")
    ended = run(command, {"name": "Ada & Bob"})
    assert ended.status == 0 and ended.err == "", ended
    assert ended.said("response") == ["Hello Ada & Bob"]
    if name.startswith("Greeter"):
        assert ended.said("log") == [f"greeting number {i}" for i in (1, 2, 3)]
        assert any(line.startswith("::progress 100 ") for line in ended.lines)
