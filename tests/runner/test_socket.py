"""Reports over the socket of a FastCGI process: a stand-in takes them there, and the program only what the socket does not take."""
import contextlib
import os
import socket
import struct
import threading

import pytest

from test_runner import ID, Run

BEGIN, END, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7


def record(type, content=b""):
    return struct.pack("!BBHHBx", 1, type, 1, len(content), -len(content) % 8) + content + bytes(-len(content) % 8)


def read_length(bytes, at):
    return (bytes[at], at + 1) if bytes[at] < 128 else (struct.unpack_from("!I", bytes, at)[0] & 0x7fffffff, at + 4)


def read_pairs(bytes):
    pairs, at = {}, 0
    while at < len(bytes):
        name, at = read_length(bytes, at)
        value, at = read_length(bytes, at)
        pairs[bytes[at:at + name].decode()] = bytes[at + name:at + name + value].decode()
        at += name + value
    return pairs


class Process:
    """What a FastCGI process does: answers one connection after the other. The last answer stays. An answer is bytes, or a function that is
    given the connection when the request has come."""

    def __init__(self, path, *answers):
        self.answers = list(answers)
        self.requests = []  # (variables, body)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection:
                    self.answer(connection)

    def answer(self, connection):
        streams = {PARAMS: b"", STDIN: b""}
        with connection.makefile("rb") as requests:
            while True:
                _, type, id, size, padding = struct.unpack("!BBHHBx", requests.read(8))
                content = requests.read(size + padding)[:size]
                if type == BEGIN:
                    assert content[:3] == b"\0\1\0", "a responder, and the connection is not kept"
                    continue
                streams[type] += content
                if type == STDIN and not content:
                    break
        self.requests.append((read_pairs(streams[PARAMS]), streams[STDIN]))
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if callable(answer):
            answer(connection)
        else:
            connection.sendall(answer)

    def bodies(self):
        return b"".join(body for _, body in self.requests)


def whole(status, text="run\n"):
    answer = f"Status: {status} X\r\nContent-Type: text/plain\r\n\r\n{text}".encode()
    return record(STDERR, b"a word for the log") + record(STDOUT, answer[:20]) + record(STDOUT, answer[20:]) + record(STDOUT) + record(END, bytes(8))


def in_two_parts(gate):
    return f"#!/bin/sh\necho hello\nread line < {gate}\necho again\n"


def end_of(bodies):
    return [line for line in bodies.split(b"\n") if line.startswith(b"end ")]


def test_reports_go_over_the_socket_and_the_program_is_not_run(tmp_path):
    with Process(tmp_path / "socket", whole(200)) as process, Run(tmp_path, "#!/bin/sh\necho hello\n", fastcgi=tmp_path / "socket") as run:
        run.wait()
        assert run.reports() == []
    variables, _ = process.requests[0]
    assert variables["HTTP_AUTHORIZATION"] == "Bearer the-lease" and variables["PATH_INFO"] == f"/jobs/{ID}/report"
    assert variables["CONTENT_LENGTH"] == str(len(process.requests[0][1]))
    assert not [name for name in variables if name.startswith("JOBJOKER_")], "a FastCGI process has settings of its own"
    assert b"\nhello\n" in process.bodies() and len(end_of(process.bodies())) == 1


def test_a_long_output_arrives_whole_and_in_order(tmp_path):
    """Larger than a socket takes at once, and than a record."""
    script = "#!/usr/bin/python3\nfor i in range(40000):\n    print(i, 'x' * (i % 150))\nprint('y' * 300000)\n"
    with Process(tmp_path / "socket", whole(200)) as process, Run(tmp_path, script, fastcgi=tmp_path / "socket") as run:
        run.wait()
    run.reports = lambda: [body for _, body in process.requests]
    assert run.text("stdout") == b"".join(b"%d %s\n" % (i, b"x" * (i % 150)) for i in range(40000)) + b"y" * 300000 + b"\n"
    numbers = [int(words[1]) for words, _ in run.records() if words[0] == "report"]
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_the_socket_tells_is_obeyed(tmp_path):
    with Process(tmp_path / "socket", whole(200, "stop\n"), whole(200)) as process, \
            Run(tmp_path, "#!/bin/sh\nexec sleep 600\n", fastcgi=tmp_path / "socket") as run:
        run.wait()
    assert b"end " in process.bodies() and b" killed " in end_of(process.bodies())[0]


def break_off(connection):
    connection.sendall(record(STDOUT, b"Status: 200 X\r\n\r\nrun\n"))  # no end of the request


def wait_for_hang_up(connection):
    with contextlib.suppress(OSError):
        connection.recv(1)


@pytest.mark.parametrize("answer", [break_off, wait_for_hang_up, whole(404), whole(409), whole(503), whole(500, ""),
                                    record(STDOUT, b"no CGI") + record(END, bytes(8)), b"\xff" * 8], ids=lambda a: getattr(a, "__name__", None))
def test_what_the_socket_does_not_take_the_program_does(tmp_path, answer):
    """The same report, and all that follow; also where it was refused, as by a process with another data folder."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    with Process(tmp_path / "socket", answer) as process, Run(tmp_path, in_two_parts(gate), fastcgi=tmp_path / "socket") as run:
        run.until(run.reports)
        gate.write_text("on\n")
        run.wait()
    assert len(process.requests) == 1
    assert run.reports()[0] == process.requests[0][1], "the same bytes, under the same number"
    assert run.text("stdout") == b"hello\nagain\n" and run.end()["outcome"] == "success"
    assert run.log().count("socket is not used any more") == 1


def test_without_a_listener_the_program_is_run(tmp_path):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "left"))
    left.close()  # the file stays
    for name in ("left", "missing", "x" * 200):
        folder = tmp_path / f"of-{name[:10]}"
        folder.mkdir()
        with Run(folder, "#!/bin/sh\necho hello\n", fastcgi=tmp_path / name) as run:
            run.wait()
        assert run.text("stdout") == b"hello\n" and run.end()["outcome"] == "success"


def test_a_socket_that_comes_back_is_used_again(tmp_path):
    """Its process was replaced while the job ran: that costs no more than a report by the program."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    with Run(tmp_path, in_two_parts(gate), fastcgi=tmp_path / "socket") as run:
        run.until(run.reports)
        with Process(tmp_path / "socket", whole(200)) as process:
            gate.write_text("on\n")
            run.wait()
    assert b"again" in process.bodies() and len(end_of(process.bodies())) == 1
