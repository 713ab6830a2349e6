#!/usr/bin/env python3
# Description: Checks that web pages can be reached, how long they take, and how long their certificates are good for.
# The response is a JSON report; the job ends in error when one of the pages fails.
#
# Parameters: {
#   "type": "object",
#   "required": ["urls"],
#   "additionalProperties": false,
#   "properties": {
#     "urls": {
#       "type": "array", "minItems": 1, "maxItems": 1000, "uniqueItems": true,
#       "items": { "type": "string", "format": "uri", "pattern": "^https?://" },
#       "title": "Addresses", "description": "The pages to check, each with http:// or https:// before it"
#     },
#     "timeout": {
#       "type": "number", "exclusiveMinimum": 0, "maximum": 300, "default": 10,
#       "title": "Time limit", "description": "Seconds after which a page that does not answer has failed"
#     },
#     "slow": {
#       "type": "number", "exclusiveMinimum": 0,
#       "title": "Slow", "description": "Seconds after which a page that answered has failed all the same"
#     },
#     "certificate_days": {
#       "type": "integer", "minimum": 0, "default": 14,
#       "title": "Days of the certificate", "description": "A certificate that ends sooner than this is a failure"
#     },
#     "text": {
#       "type": "string", "minLength": 1,
#       "title": "Text", "description": "What each page must contain, in its first megabyte"
#     }
#   }
# }

import concurrent.futures
import http.client
import json
import socket
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import jobjoker

TOGETHER = 8  # pages that are asked at the same time
BODY_MAX = 1024 * 1024


def fetch(url, timeout):
    """Status and beginning of a page; redirects are followed."""
    request = urllib.request.Request(url, headers={"User-Agent": "JobJoker-UrlCheck"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read(BODY_MAX)
    except urllib.error.HTTPError as e:  # an answer, too
        return e.code, b""


def certificate_days(url, timeout):
    """Whole days until the certificate of an https page ends, None for http."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme.lower() != "https":
        return None
    with socket.create_connection((parts.hostname, parts.port or 443), timeout) as plain:
        with ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname) as secure:
            end = ssl.cert_time_to_seconds(secure.getpeercert()["notAfter"])
    return int((end - time.time()) // 86400)


def why(e):
    """What an exception says, in a few words."""
    reason = getattr(e, "reason", e)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"the certificate is not valid: {reason.verify_message}"
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


def problem_of(result, body, wants):
    if result["status"] >= 400:
        return f"answered {result['status']}"
    if wants["slow"] and result["seconds"] > wants["slow"]:
        return f"took {result['seconds']} s"
    if result["certificate_days"] is not None and result["certificate_days"] < wants["certificate_days"]:
        return f"its certificate ends in {result['certificate_days']} days"
    if wants["text"] and wants["text"].encode() not in body:
        return f"does not contain \"{wants['text']}\""
    return None


def check(url, wants):
    result = {"url": url, "ok": False, "status": None, "seconds": None, "certificate_days": None, "problem": None}
    begin = time.monotonic()
    try:
        result["status"], body = fetch(url, wants["timeout"])
        result["seconds"] = round(time.monotonic() - begin, 3)
        result["certificate_days"] = certificate_days(url, wants["timeout"])
        result["problem"] = problem_of(result, body, wants)
    except (OSError, http.client.HTTPException, ValueError) as e:
        result["problem"] = why(e)
    result["ok"] = result["problem"] is None
    return result


def tell(result):
    days = result["certificate_days"]
    words = [result["url"], "ok" if result["ok"] else f"FAILED: {result['problem']}"]
    if result["seconds"] is not None:
        words.append(f"{result['seconds']} s")
    if days is not None:
        words.append(f"certificate good for {days} days")
    jobjoker.log(", ".join(words))


def main():
    urls = jobjoker.parameter("urls", [])
    wants = {name: jobjoker.parameter(name, otherwise)
             for name, otherwise in {"timeout": 10, "slow": None, "certificate_days": 14, "text": None}.items()}
    results = {}

    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        waiting = {pool.submit(check, url, wants): url for url in urls}
        for done in concurrent.futures.as_completed(waiting):
            if not jobjoker.wanted():
                pool.shutdown(wait=False, cancel_futures=True)
                break
            results[waiting[done]] = done.result()
            tell(done.result())
            jobjoker.progress(100 * len(results) / len(urls), f"{len(results)} of {len(urls)}")

    report = [results[url] for url in urls if url in results]
    failed = [result for result in report if not result["ok"]]
    jobjoker.response(json.dumps({"ok": not failed, "checked": len(report), "failed": len(failed), "pages": report},
                                 indent=2, ensure_ascii=False))
    if failed:
        jobjoker.error(f"{len(failed)} of {len(report)} failed, the first: {failed[0]['url']} {failed[0]['problem']}")
    return 1 if failed else 0


sys.exit(main())
