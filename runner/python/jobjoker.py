"""What a JobJoker worker in Python says to its job and asks of it.

    #!/usr/bin/env python3
    # Description: Greets somebody.
    # Parameters: {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    import jobjoker

    jobjoker.response("Hello " + jobjoker.parameter("name"))

What is printed becomes log entries, line by line. The exit status says how the job ended: 0 is done, anything else is
an error; an uncaught exception is one as well. All that is said keeps its order with what is printed.
"""

import json
import os
import select
import signal
import sys
import time

id = os.environ.get("JOBJOKER_ID", "")  # of the job
worker = os.environ.get("JOBJOKER_WORKER", "")  # its worker's name
attempt = int(os.environ.get("JOBJOKER_ATTEMPT") or 1)  # 1, and more when it is tried again
api = os.environ.get("JOBJOKER_API", "")  # URL of the API, without a slash at its end
token = os.environ.get("JOBJOKER_TOKEN", "")  # lets this job into its own part of the API

_parameters = None
_line_open = False  # print() ended in the middle of a line
_stop = None  # once signals are caught: a pipe that is readable when the job was asked to stop
_wake = None  # the same: one that is readable after any signal


def log(text):
    """Appends one entry to the log, which may have many lines. bytes are kept as they are."""
    _write(b"::log::" + _escape(text))


def response(text):
    """Appends one entry to the response, which is what the job was started for."""
    _write(b"::response::" + _escape(text))


def error(text):
    """Appends a log entry that is also the reason why the job failed, if it fails."""
    _write(b"::error::" + _escape(text))


def progress(percent, message=""):
    """Says how far the job is, 0 to 100, and what it is at."""
    percent = max(0, min(100, int(percent)))
    message = _escape(message)
    _write(b"::progress %d" % percent + (b" " + message if message else b"") + b"::")


def parameters():
    """All parameters, a dict."""
    global _parameters
    if _parameters is None:
        _parameters = json.loads(sys.stdin.buffer.read() or b"{}")
    return _parameters


def parameter(name, default=None):
    """One parameter."""
    return parameters().get(name, default)


def wanted():
    """False once somebody asked the job to stop: end soon then, or be killed after a while.

    A job that never calls this is ended by SIGTERM at once.
    """
    _catch_sigterm()
    return not (_stop and select.select([_stop[0]], [], [], 0)[0])


def sleep(seconds):
    """Sleeps, but not on when the job is asked to stop. Returns wanted()."""
    _catch_sigterm()
    end = time.monotonic() + seconds
    while wanted() and (left := end - time.monotonic()) > 0:
        select.select([_stop[0], _wake[0]], [], [], left)
        try:
            os.read(_wake[0], 4096)
        except BlockingIOError:
            pass
    return wanted()


def _catch_sigterm():
    # A pipe, and no flag: time.sleep() goes on sleeping after a signal, and one that comes just before it is lost. The
    # handler runs between two steps of Python, so not while select() waits: the second pipe is written by the
    # interpreter at once, and wakes it.
    global _stop, _wake
    if _stop is None:
        _stop, _wake = os.pipe(), os.pipe()
        for fd in (_stop[1], *_wake):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(_wake[1], warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, lambda number, frame: os.write(_stop[1], b"s"))


def _escape(text):
    if not isinstance(text, (bytes, bytearray)):
        try:
            text = str(text).encode("utf-8", "surrogateescape")  # file names that are no UTF-8 keep their bytes
        except UnicodeEncodeError:
            text = str(text).encode("utf-8", "backslashreplace")
    return bytes(text).replace(b"%", b"%25").replace(b"\n", b"%0A").replace(b"\r", b"%0D")


def _write(line):
    # A command is one only at the beginning of a line, so one that was begun with print(end="") is ended.
    global _line_open
    line = (b"\n" if _line_open else b"") + line + b"\n"
    _line_open = False
    sys.stdout.flush()
    while line:
        line = line[os.write(1, line):]


def _watch_stdout():
    # Line by line, although it is a pipe: a log that comes when the job has ended is of no use while it runs.
    write = sys.stdout.write

    def watched_write(text):
        global _line_open
        if text:
            _line_open = not text.endswith("\n")
        return write(text)

    sys.stdout.reconfigure(line_buffering=True)
    sys.stdout.write = watched_write


_watch_stdout()
