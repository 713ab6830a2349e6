"""Somebody who is told: an HTTP server at loopback that keeps what it was sent, and an independent check of its signature."""
import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import socket
import ssl
import threading
import time

import apache


class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address="127.0.0.1", family=socket.AF_INET, certificate=None):
        self.address_family = family
        self.answers = {}  # path: [(status, headers), ...]; the last one stays. A status may be a threading.Event to wait for
        self.got = []      # (path, headers, body)
        self.lock = threading.Lock()
        super().__init__((address, 0), Handler)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request, client_address):
        pass  # who hangs up is none of our business

    def url(self, path="/hook", host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.server_port}{path}"

    def of(self, path="/hook"):
        with self.lock:
            return [(headers, body) for p, headers, body in self.got if p == path]

    def wait(self, count=1, path="/hook", seconds=30):
        """The bodies that came to this path, when there are that many."""
        apache.wait_until(lambda: len(self.of(path)) >= count, seconds, f"{count} at {path}")
        return [json.loads(body) for _, body in self.of(path)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        server, body = self.server, self.rfile.read(int(self.headers["Content-Length"]))
        with server.lock:
            server.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            answers = server.answers.setdefault(self.path, [(204, {})])
            status, headers = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(status, threading.Event):
            status.wait(60)
            status = 204
        if status == "endless":
            with contextlib.suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                while True:
                    self.wfile.write(b"x" * 65536)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def receiving(*args, **more):
    receiver = Receiver(*args, **more)
    thread = threading.Thread(target=receiver.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()
        thread.join()


def signature(key, headers, body):
    """As the specification of Standard Webhooks says: not by our own code."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def is_recent(headers, now=None):
    return abs(int(headers["webhook-timestamp"]) - (now or time.time())) < 300
