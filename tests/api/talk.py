"""Requests of the tests, and what came back. Most go over a socket of this process: to start curl for each took half of the time
of all tests. Curl sends what needs more of its options than headers, and large bodies, for which it asks first (100-continue)."""
import http.client
import io
import json
import socket
import subprocess
import tempfile

LARGE = 1 << 20


class Answer:
    """What came back: status, headers (names in lower case), body (bytes)."""

    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {k.lower(): v for k, v in headers.items()}

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        """The envelope {"success", "message", "total", "data"}."""
        return json.loads(self.body)

    @property
    def data(self):
        return self.json["data"]

    def __repr__(self):
        return f"<{self.status} {self.headers.get('content-type')} {self.body[:500]!r}>"


def by_curl(url, options, seconds):
    with tempfile.NamedTemporaryFile() as head:
        done = subprocess.run(
            ["curl", "-q", "-sS", "--noproxy", "*", "--path-as-is", "--globoff", "--max-time", str(seconds),
             "-D", head.name, "-o", "-", *map(str, options), url],
            capture_output=True, stdin=subprocess.DEVNULL)
        blocks = head.read().split(b"\r\n\r\n")
    # The last block is the answer; those before it are 100 Continue and redirects.
    blocks = [b for b in blocks if b.startswith(b"HTTP/")]
    assert blocks, f"curl {url}: {done.stderr.decode()}"
    line, _, rest = blocks[-1].partition(b"\r\n")
    return Answer(int(line.split()[1]), http.client.parse_headers(io.BytesIO(rest + b"\r\n\r\n")), done.stdout)


def body_by_curl(url, method, body, options, seconds):
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        return by_curl(url, ["-X", method, "--data-binary", f"@{file.name}", *options], seconds)


def by_socket(port, method, target, headers, body, seconds):
    """target and headers are sent as they stand, so that they can be wrong. What was cut short is what came of it."""
    lines = [f"{method} {target} HTTP/1.1", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    with socket.create_connection(("127.0.0.1", port), seconds) as s:
        try:
            s.sendall("\r\n".join([*lines, "", ""]).encode() + (body or b""))
        except (BrokenPipeError, ConnectionResetError):
            pass  # who refuses a request may not read all of it
        answer = http.client.HTTPResponse(s, method=method)
        answer.begin()
        try:
            content = answer.read()
        except http.client.IncompleteRead as cut:
            content = cut.partial
        return Answer(answer.status, answer.headers, content)


def plain_headers(options):
    """The lines that stand in options, when these are curl's -H with a value alone; else None."""
    names, lines = options[::2], [str(o) for o in options[1::2]]
    if len(options) % 2 or any(n != "-H" for n in names) or not all(line.partition(":")[2].strip() for line in lines):
        return None
    return lines


def ask(port, base, method, path, options=(), body=None, seconds=90):
    """options: curl's. base: what stands before the path."""
    lines = plain_headers(options)
    if lines is None or len(body or b"") >= LARGE:
        url = f"http://127.0.0.1:{port}{base}{path}"
        if body is not None:
            return body_by_curl(url, method, body, [*type_unless_named(options), *options], seconds)
        return by_curl(url, [*(["-I"] if method == "HEAD" else ["-X", method]), *options], seconds)
    named = {line.partition(":")[0].lower() for line in lines}
    usual = {"host": f"Host: 127.0.0.1:{port}", "accept": "Accept: */*"}
    return by_socket(port, method, base + path, [*(line for name, line in usual.items() if name not in named), *lines], body, seconds)


def type_unless_named(options):
    """With no value, curl sends no Content-Type of its own."""
    return [] if any(str(o).lower().startswith("content-type:") for o in options) else ["-H", "Content-Type:"]
