"""Requests under load, by ab (apache2-utils), and what must be true of every one of them."""
import concurrent.futures
import http.client
import pathlib
import re
import subprocess
import sys
import tempfile


class Sample:
    """What one spell of load came to."""

    def __init__(self, per_second, p50, p99, requests):
        self.per_second, self.p50, self.p99, self.requests = per_second, p50, p99, requests  # ms

    @property
    def at_p50(self):
        """Requests per second, if all took as long as the median; of one client."""
        return 1000 / self.p50


class Failed(Exception):
    """A request was not answered, or not well."""


def run_ab(url, token, clients, seconds, body=None):
    """A request for each connection, as curl makes them. body: a path, for a POST of text. Fails when one was not answered with 2xx."""
    with tempfile.NamedTemporaryFile("r") as percentiles:
        post = ["-p", str(body), "-T", "text/plain"] if body else []
        header = ["-H", f"Authorization: Bearer {token}"] if token else []
        done = subprocess.run(["ab", "-q", "-l", "-s", "60", "-t", str(seconds), "-n", "10000000", "-c", str(clients), "-e", percentiles.name,
                               *post, *header, url], capture_output=True, text=True)
        rows = [line.split(",") for line in percentiles.read().splitlines()[1:]]
    said = done.stdout
    failed = re.search(r"Failed requests: *(\d+)", said)
    refused = re.search(r"Non-2xx responses: *(\d+)", said)
    if done.returncode != 0 or not failed or failed[1] != "0" or refused:
        raise Failed(f"{url}: {failed[1] if failed else '?'} requests failed, {refused[1] if refused else 0} answers were no success\n{done.stderr}")
    at = {int(percent): float(ms) for percent, ms in rows}
    return Sample(float(re.search(r"Requests per second: *([\d.]+)", said)[1]), at[50], at[99],
                  int(re.search(r"Complete requests: *(\d+)", said)[1]))


class Client:
    """One client on one connection that lives, as programs have it."""

    def __init__(self, port, token=None):
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def call(self, method, path, body=None, type="application/json", accept=None):
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = type
        if accept:
            headers["Accept"] = accept
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {text[:300]!r}")
        return text


def check_entries(server, clients=8, each=25):
    """Several post to one log at once: every entry is stored once, and those of one client are in its order."""
    id = server.create("Nothing")

    def post(number):
        client = Client(server.port, server.token)
        for i in range(each):
            client.call("POST", f"{server.base_url}/jobs/{id}/log", f"{number} {i}", "text/plain")

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        list(pool.map(post, range(clients)))
    lines = server.log(id).splitlines()
    for number in range(clients):
        own = [line for line in lines if line.startswith(f"{number} ")]
        if own != [f"{number} {i}" for i in range(each)]:
            sys.exit(f"entries of client {number} are missing, twice there, or out of order: {own}")
    if len(lines) != clients * each:
        sys.exit(f"{len(lines)} entries instead of {clients * each}")


def hundred_bytes(folder):
    path = pathlib.Path(folder) / "hundred"
    path.write_bytes(b"x" * 100)
    return path
