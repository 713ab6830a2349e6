"""Against the web: pages of other sites, sessions, the web server's own users, and the time before there is an admin."""
import base64
import hashlib
import re
import urllib.parse

import pytest

import apache
from test_access import PASSWORD, ROUTES, add_user, ask, command, new_token, password, session

LISTED, OTHER = "https://listed.example", "https://evil.example"


# --- pages of other sites ---

@pytest.fixture(scope="module")
def open_to_one(installed):
    """A server that lists one origin."""
    server = apache.Server(installed, settings={"JOBJOKER_CORS": f"http://x.example {LISTED}"})
    try:
        server.start()
        server.put_worker("Any", "#!/bin/sh\n")
        yield server
    finally:
        server.close()


def page(origin, site="cross-site"):
    return {"Origin": origin, "Sec-Fetch-Site": site}


def test_nothing_is_open_to_other_sites_unless_listed(server, open_to_one):
    for s, origin in ((server, LISTED), (server, OTHER), (open_to_one, OTHER), (open_to_one, "null"), (open_to_one, LISTED + ".evil.example"),
                      (open_to_one, "http://listed.example"), (open_to_one, "x.example")):
        for method in ("GET", "OPTIONS", "POST"):
            answer = ask(s, method, "/jobs", {} if method == "POST" else None,
                         {"Authorization": f"Bearer {s.token}", "Access-Control-Request-Method": "POST", **page(origin)})
            assert not [h for h in answer.headers if h.startswith("access-control")], (origin, method)
            assert method != "POST" or answer.status == 403


def test_a_listed_page_may_call_with_a_token(open_to_one):
    preflight = ask(open_to_one, "OPTIONS", "/jobs", None, {**page(LISTED), "Access-Control-Request-Method": "POST"})
    assert preflight.status == 200
    assert preflight.headers["access-control-allow-origin"] == LISTED
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    assert {"GET", "POST", "PUT", "DELETE"} <= set(preflight.headers["access-control-allow-methods"].split(", "))
    token = {"Authorization": f"Bearer {open_to_one.token}"}
    for headers in ({**page(LISTED), **token}, {"Origin": LISTED, **token}):
        made = ask(open_to_one, "POST", "/jobs", {"worker": "Any"}, headers)
        assert made.status == 201 and made.headers["access-control-allow-origin"] == LISTED
        assert "etag" in made.headers["access-control-expose-headers"].lower()
        assert ask(open_to_one, "GET", "/jobs", None, headers).status == 200
    # An error is readable too, and neither cookies nor passwords are ever asked for.
    refused = ask(open_to_one, "GET", "/jobs", None, page(LISTED))
    assert refused.status == 401 and refused.headers["access-control-allow-origin"] == LISTED
    for answer in (preflight, made, refused):
        assert "access-control-allow-credentials" not in answer.headers and "Origin" in answer.headers["vary"]


def test_caches_keep_answers_to_pages_apart(open_to_one):
    assert "Origin" in open_to_one.get("/jobs").headers["vary"]


def test_what_a_browser_adds_by_itself_counts_for_nothing_from_other_sites(open_to_one):
    cookie = session(open_to_one, {"user": "admin", "password": open_to_one.password})()
    basic = {"Authorization": apache.basic("admin", open_to_one.password)}
    for origin in (LISTED, OTHER):
        assert ask(open_to_one, "GET", "/me", None, {**cookie, **page(origin)}).status == 401
        assert ask(open_to_one, "GET", "/me", None, {**cookie, "Origin": origin}).status == 401
        for credentials in (cookie, basic):
            assert ask(open_to_one, "POST", "/jobs", {"worker": "Any"}, {**credentials, **page(origin)}).status == 403
            assert ask(open_to_one, "POST", "/jobs", {"worker": "Any"}, {**credentials, "Origin": origin}).status == 403
    assert ask(open_to_one, "POST", "/jobs", {"worker": "Any"}, {**cookie, **page("http://x", "same-origin")}).status == 201


@pytest.mark.parametrize("type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "TEXT/PLAIN; charset=x", ""])
def test_a_cookie_does_not_go_with_what_a_form_can_send(server, type):
    """Also when the browser is so old that it says nothing about where a request comes from."""
    server.put_worker("Any", "#!/bin/sh\n")
    cookie = session(server, {"user": "admin", "password": server.password})()
    cookie = ["-H", f"Cookie: {cookie['Cookie']}"]
    before = server.get("/jobs").json["total"]
    answer = server.post("/jobs", '{"worker": "Any"}', *cookie, type=type, auth=None)
    assert (answer.status, answer.json["code"]) == (403, "cross_site")
    assert server.get("/jobs").json["total"] == before
    assert server.post("/jobs", '{"worker": "Any"}', *cookie, type="application/json", auth=None).status == 201
    assert server.post("/jobs", '{"worker": "Any"}', type=type).status == 201  # with a token it may be as it is


def test_every_write_of_another_site_is_refused(server):
    for name in ROUTES:
        method, path = name.split()
        if method == "GET":
            continue
        path = re.sub(r":id", "01M86EA05QK06D5MRW8NYDB81Q", path).replace(":name", "Any").replace(":user", "x").replace(":token", "0" * 16)
        answer = ask(server, method, path, {}, {"Authorization": f"Bearer {server.token}", **page(OTHER)})
        assert (answer.status, answer.json["code"]) == (403, "cross_site"), name


# --- what browsers are told ---

def test_answers_are_inert_in_a_browser(server):
    worker = "#!/bin/sh\n# <script>alert(1)</script>\n"
    server.put_worker("Inert", worker)
    job = server.create("Inert", name="<svg onload=alert(1)>")
    server.post(f"/jobs/{job}/log", b"<script>alert(1)</script>\x1b]0;x\x07")
    answers = [server.get("/jobs"), server.get(f"/jobs/{job}"), server.get(f"/jobs/{job}/log.txt"), server.get("/workers/Inert/code"),
               server.get("/jobs.csv"), server.get("/<script>"), server.get("/jobs", auth=None), server.get(f"/jobs/{job}/log.txt?follow=0")]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["content-type"].split(";")[0] in ("application/json", "text/plain", "text/csv")
    page = server.get("/htdocs/", auth=None)
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"] and "unsafe" not in page.headers["content-security-policy"]


def test_secrets_are_not_kept_on_the_way(server):
    token = server.post("/tokens", {"name": "kept?"})
    assert token.status == 201 and token.headers["cache-control"] == "no-store"
    logged_in = server.post("/session", {"token": token.data[0]["token"]}, auth=None)
    assert logged_in.status == 200 and logged_in.headers["cache-control"] == "no-store"
    assert server.delete(f"/tokens/{token.data[0]['id']}").status == 200


@pytest.mark.parametrize("path", ["//evil.example", "//evil.example/", "//evil.example/htdocs", "//evil.example/%2e%2e", "/%2f/evil.example/htdocs",
                                  "/\\evil.example/htdocs", "/htdocs", "/", "/.//evil.example/htdocs", "/htdocs/..//evil.example/htdocs",
                                  "/%0d%0aLocation:%20https://evil.example/htdocs", "/?next=//evil.example", "/htdocs?//evil.example"])
def test_no_redirect_leads_away(every_server, path):
    answer = every_server.raw(f"GET {every_server.base_url}{path} HTTP/1.1\r\nHost: 127.0.0.1:{every_server.port}\r\nConnection: close\r\n\r\n".encode())
    own = f"http://127.0.0.1:{every_server.port}{every_server.base}/"
    for location in re.findall(rb"(?im)^location: *([^\r]*)\r", answer):
        location = urllib.parse.unquote(location.decode())
        assert location.startswith(own) or re.match(rf"{re.escape(every_server.base)}/[^/\\]", location), location


# --- sessions ---

def me(server, headers):
    return ask(server, "GET", "/me", None, headers)


def age(server, what, ms):
    assert server.store.change(f"UPDATE token SET {what} WHERE kind = 2", ms)


def test_a_session_ends_when_idle_and_when_old(new_server):
    server = new_server(settings={"JOBJOKER_SESSION_IDLE": "600", "JOBJOKER_SESSION_MAX": "3600"})
    begin = session(server, {"user": "admin", "password": server.password})
    answer = server.post("/session", {"user": "admin", "password": server.password}, auth=None)
    assert "Max-Age=3600;" in answer.headers["set-cookie"]
    headers = begin()
    assert me(server, headers).status == 200
    age(server, "used = used - ?, created = created - 1000000", 590_000)
    assert me(server, headers).status == 200  # which is a use of it
    age(server, "used = used - ?", 590_000)
    assert me(server, headers).status == 200
    age(server, "used = used - ?", 601_000)
    assert me(server, headers).status == 401
    headers = begin()
    age(server, "expires = expires - ?", 3_601_000)
    assert me(server, headers).status == 401


@pytest.mark.only_on("cgid", "cgi", "fcgid", "proxy_fcgi", reason="nginx itself says this, which here listens without TLS")
def test_a_cookie_is_for_https_where_the_site_has_it(new_server):
    server = new_server(start=False)
    server.site_conf += "\nSetEnv HTTPS on"  # as mod_ssl sets it
    server.start()
    answer = server.post("/session", {"user": "admin", "password": server.password}, auth=None)
    assert answer.headers["set-cookie"].endswith("; HttpOnly; SameSite=Strict; Secure")


def test_a_use_is_noted_at_most_once_a_minute(new_server):
    server = new_server()

    def used():
        return server.store.sql("SELECT used FROM token")[0][0] or 0
    assert server.get("/jobs").status == 200
    first = used()
    assert first
    assert server.get("/jobs").status == 200
    assert used() == first
    server.store.change("UPDATE token SET used = used - 60000")
    assert server.get("/nothing").status == 404 and used() == first - 60000  # nobody was asked who calls
    assert server.get("/jobs/01M86EA05QK06D5MRW8NYDB81Q").status == 404
    assert used() >= first


def test_log_out_everywhere_and_what_ends_sessions(new_server):
    server = new_server()
    add_user(server, "ann", "operator")
    begin = session(server, {"user": "ann", "password": PASSWORD})
    other = session(server, {"user": "admin", "password": server.password})()
    one, two = begin(), begin()
    assert ask(server, "DELETE", "/me/sessions", None, one).status == 200
    assert [me(server, h).status for h in (one, two, other)] == [401, 401, 200]

    one, two = begin(), begin()
    new = {"old": PASSWORD, "new": "another long password"}
    assert ask(server, "PUT", "/me/password", {**new, "old": "wrong"}, one).json["code"] == "password_wrong"
    assert ask(server, "PUT", "/me/password", {**new, "new": "short"}, one).json["code"] == "password_weak"
    assert ask(server, "PUT", "/me/password", new, one).status == 200
    assert [me(server, h).status for h in (one, two)] == [200, 401]
    assert ask(server, "GET", "/me", None, password("ann")()).status == 401
    assert ask(server, "GET", "/me", None, password("ann", new["new"])()).status == 200

    own = ask(server, "GET", "/me/tokens", None, one).json["data"]
    assert [t["kind"] for t in own] == ["session"] and {t["user"] for t in own} == {"ann"}
    assert server.put("/users/ann", {"disabled": True}).status == 200
    assert me(server, one).status == 401
    assert server.put("/users/ann", {"disabled": False}).status == 200
    assert me(server, one).status == 401  # it does not come back


def test_a_user_has_a_hundred_sessions_at_most(new_server):
    server = new_server()
    add_user(server, "ann", "viewer")
    other = session(server, {"user": "admin", "password": server.password})()
    begin = session(server, {"user": "ann", "password": PASSWORD})
    begun = [begin() for _ in range(2)]
    server.store.change("UPDATE token SET used = used - 60000")  # others may share a millisecond with their neighbour
    begun += [begin() for _ in range(100)]
    assert server.get("/tokens?user=ann&limit=1").json["total"] == 100
    assert [me(server, begun[i]).status for i in (0, 1, 2, 101)] == [401, 401, 200, 200]
    assert me(server, other).status == 200


def test_a_session_of_a_token_is_worth_no_more_and_ends_with_it(new_server):
    server = new_server()
    made = server.post("/tokens", {"role": "viewer", "workers": ["A"], "expires": "2999-01-01"}).data[0]
    headers = session(server, {"token": made["token"]})()
    who = me(server, headers).json["data"][0]
    assert (who["role"], who["workers"], who["in_person"]) == ("viewer", ["A"], False)
    assert server.delete(f"/tokens/{made['id']}").status == 200
    assert me(server, headers).status == 401


def test_a_user_goes_with_tokens_and_sessions(new_server):
    server = new_server()
    assert server.post("/users", {"name": "bob", "role": "operator", "password": PASSWORD}).status == 201
    token = {"Authorization": "Bearer " + server.post("/tokens", {"user": "bob"}).data[0]["token"]}
    cookie = session(server, {"user": "bob", "password": PASSWORD})()
    assert [me(server, h).json["data"][0]["name"] for h in (token, cookie)] == ["bob", "bob"]
    assert server.delete("/users/bob").status == 200
    assert server.post("/users", {"name": "bob", "role": "admin", "password": "entirely new password"}).status == 201
    assert [me(server, h).status for h in (token, cookie, password("bob")())] == [401, 401, 401]


def test_the_last_admin_stays(new_server):
    server = new_server()
    for change in ({"role": "operator"}, {"disabled": True}):
        assert server.put("/users/admin", change).json["code"] == "last_admin"
    assert server.delete("/users/admin").json["code"] == "last_admin"
    assert server.post("/users", {"name": "second", "role": "admin", "password": PASSWORD}).status == 201
    assert server.put("/users/second", {"disabled": True}).status == 200
    assert server.delete("/users/admin").json["code"] == "last_admin"  # a disabled one is no admin
    assert server.put("/users/second", {"disabled": False}).status == 200
    assert server.put("/users/admin", {"role": "viewer"}).status == 200
    assert server.get("/users").status == 403  # his token is worth no more than he is


@pytest.mark.parametrize("path, body, code", [
    ("/users", {"name": "a b", "role": "viewer"}, "user_invalid"), ("/users", {"name": "", "role": "viewer"}, "user_invalid"),
    ("/users", {"name": "x" * 65, "role": "viewer"}, "user_invalid"), ("/users", {"name": "a:b", "role": "viewer"}, "user_invalid"),
    ("/users", {"name": "a/b", "role": "viewer"}, "user_invalid"), ("/users", {"name": "a.csv", "role": "viewer"}, "user_invalid"), ("/users", {"name": "x"}, "user_invalid"),
    ("/users", {"name": "x", "role": "nobody"}, "user_invalid"), ("/users", {"name": "x", "role": "none"}, "user_invalid"),
    ("/users", {"name": "x", "role": 4}, "user_invalid"), ("/users", {"name": "x", "role": "viewer", "password": "short"}, "password_weak"),
    ("/users", {"name": "x", "role": "viewer", "password": "x" * 1025}, "password_weak"), ("/users", {"name": "x", "role": "viewer", "admin": True}, "user_invalid"),
    ("/users", {"name": "x", "role": "viewer", "workers": ["a b"]}, "user_invalid"), ("/users", {"name": "x", "role": "viewer", "workers": "a"}, "user_invalid"),
    ("/users", {"name": "x", "role": "admin", "workers": ["a"]}, "user_invalid"), ("/users", {"name": "x", "role": "viewer", "workers": ["a" * 60] * 20}, "user_invalid"),
    ("/users", {"name": "x", "role": "viewer", "disabled": 1}, "user_invalid"), ("/users", {"name": "x", "role": "viewer", "password": 1}, "user_invalid"),
    ("/tokens", {"user": "nobody"}, "user_unknown"), ("/tokens", {"role": "nobody"}, "token_invalid"), ("/tokens", {"addresses": ["1.2.3"]}, "token_invalid"),
    ("/tokens", {"addresses": "1.2.3.4"}, "token_invalid"), ("/tokens", {"expires": "2001-01-01"}, "token_invalid"), ("/tokens", {"expires": "soon"}, "token_invalid"),
    ("/tokens", {"name": "x" * 101}, "token_invalid"), ("/tokens", {"name": "a\nb"}, "token_invalid"), ("/tokens", {"workers": ["a"], "role": "admin"}, "token_invalid"),
    ("/tokens", {"addresses": ["10.0.0.0/8"] * 60}, "token_invalid"), ("/tokens", {"kind": "session"}, "token_invalid"), ("/tokens", {"user": 7}, "token_invalid"),
])
def test_what_is_wrong_with_a_user_or_token_is_refused(server, path, body, code):
    before = [server.get(p).json["total"] for p in ("/users", "/tokens")]
    answer = server.post(path, body)
    assert (answer.status, answer.json["code"]) == (422, code)
    assert [server.get(p).json["total"] for p in ("/users", "/tokens")] == before


def test_lists_of_users_and_tokens_can_be_walked(new_server):
    server = new_server()
    for n in range(5):
        add_user(server, f"user{n}", "viewer", "--no-password")
        new_token(server, f"user{n}", "--name", f"=token{n}")
    for path, key in (("/users", "name"), ("/tokens", "id")):
        everything = [x[key] for x in server.get(path).data]
        assert len(everything) == 6 == server.get(path).json["total"] and everything == sorted(everything)
        walked, cursor = [], ""
        while cursor is not None:
            answer = server.get(f"{path}?limit=2{cursor}").json
            walked += [x[key] for x in answer["data"]]
            cursor = f"&cursor={answer['next']}" if "next" in answer else None
        assert walked == everything
    assert [t["name"] for t in server.get("/tokens?user=user3").data] == ["=token3"]
    assert "\"'=token3\"" in server.get("/tokens.csv").text
    assert server.get("/tokens?cursor=x").status == 400
    assert b"token" not in server.get("/tokens").body.replace(b'"kind":"token"', b"").replace(b"=token", b"")  # no text of one


# --- the web server's own users ---

def with_basic(new_server, roles="", believe="yes", more=""):
    """Apache asks for a password of its own."""
    server = new_server(start=False, settings={"JOBJOKER_REMOTE_USER": believe, **({"JOBJOKER_REMOTE_USER_ROLES": roles} if roles else {})})
    users = server.top / "htpasswd"
    secret = base64.b64encode(hashlib.sha1(b"secret").digest()).decode()
    users.write_text("".join(f"{name}:{{SHA}}{secret}\n" for name in ("ann", "bob", "cid")))
    users.chmod(0o644)
    server.site_conf += apache.load_modules(["authn_core", "authn_file", "auth_basic", "authz_user"]).join(("\n", "\n"))
    server.site_conf += (f'<Location "/">\nAuthType Basic\nAuthName x\nAuthUserFile "{users}"\n{more or "Require valid-user"}\n</Location>\n')
    return server.start()


@pytest.mark.only_on("cgid", "cgi", "fcgid", "proxy_fcgi", reason="of its own users Apache alone is asked here")
def test_who_apache_knows_needs_no_account(new_server):
    server = with_basic(new_server, "ann:admin *:viewer")
    assert server.get("/me", auth=None).status == 401  # Apache's own
    who = server.get("/me", auth=apache.basic("ann", "secret")).data[0]
    assert (who["name"], who["role"], who["via"]) == ("ann", "admin", "remote")
    assert server.get("/me", auth=apache.basic("bob", "secret")).data[0]["role"] == "viewer"
    assert server.get("/jobs", auth=apache.basic("bob", "secret")).status == 200
    assert server.post("/jobs", {}, auth=apache.basic("bob", "secret")).status == 403
    # An account of that name says more than the setting.
    add_user(server, "bob", "developer", "--workers", "Mine", "--no-password")
    who = server.get("/me", auth=apache.basic("bob", "secret")).data[0]
    assert (who["role"], who["workers"], who["in_person"]) == ("developer", ["Mine"], True)
    assert command(server, "user", "disable", "bob").returncode == 0
    assert server.get("/me", auth=apache.basic("bob", "secret")).status == 401
    # As of every browser, what it sends by itself counts for nothing from other sites.
    answer = server.post("/jobs", {}, "-H", f"Origin: {OTHER}", auth=apache.basic("ann", "secret"))
    assert answer.json["code"] == "cross_site"


@pytest.mark.only_on("cgid", "cgi", "fcgid", "proxy_fcgi", reason="of its own users Apache alone is asked here")
def test_who_apache_knows_and_nobody_named_may_do_nothing(new_server):
    server = with_basic(new_server, "ann:operator")
    assert server.get("/me", auth=apache.basic("ann", "secret")).data[0]["role"] == "operator"
    answer = server.get("/jobs", auth=apache.basic("cid", "secret"))
    assert (answer.status, answer.json["code"]) == (403, "forbidden")


@pytest.mark.only_on("cgid", "cgi", "fcgid", "proxy_fcgi", reason="of its own users Apache alone is asked here")
def test_apache_is_not_believed_unless_the_settings_say_so(new_server):
    server = with_basic(new_server, "*:admin", believe="no")
    assert server.get("/jobs", auth=apache.basic("ann", "secret")).status == 401


@pytest.mark.only_on("cgid", "cgi", "fcgid", "proxy_fcgi", reason="of its own users Apache alone is asked here")
def test_own_credentials_go_beside_those_of_apache(new_server):
    """Where Apache lets in who it does not know, a token of ours is ours, and so is the page's session."""
    server = with_basic(new_server, "ann:viewer", more="<RequireAny>\nRequire valid-user\nRequire all granted\n</RequireAny>")
    assert server.get("/me").data[0]["via"] == "token"
    cookie = session(server, {"user": "admin", "password": server.password})()
    assert me(server, cookie).json["data"][0]["via"] == "session"
    assert server.get("/me", auth="basic").data[0]["via"] == "password"  # Apache did not look at it
    assert server.get("/me", auth=None).status == 401


def test_a_name_in_a_header_is_nobodys(new_server):
    server = new_server(settings={"JOBJOKER_REMOTE_USER": "yes", "JOBJOKER_REMOTE_USER_ROLES": "*:admin"})
    for header in ("Remote-User: ann", "REMOTE_USER: ann", "X-Remote-User: ann", "Auth-Type: Basic"):
        assert server.get("/me", "-H", header, auth=None).status == 401


# --- before there is an admin ---

def test_until_there_is_an_admin_all_say_how_to_make_one(new_server):
    server = new_server(start=False, settings={"JOBJOKER_ANONYMOUS": "admin"})
    server.init = lambda: None
    server.start()
    assert server.get("/htdocs/", auth=None).status == 200
    for step in range(2):
        for name in ROUTES:
            method, path = name.split()
            if name in ("GET /", "DELETE /session"):
                continue
            path = path.replace(":id", "01M86EA05QK06D5MRW8NYDB81Q").replace(":name", "Any").replace(":user", "x").replace(":token", "0" * 16)
            body = {"user": "viewer", "password": PASSWORD} if name == "POST /session" else {} if method in ("POST", "PUT") else None
            for headers in ({}, {"Authorization": "Bearer x"}, password("viewer")()):
                answer = ask(server, method, path, body, headers)
                assert (answer.status, answer.json["code"]) == (503, "no_admin"), (name, answer)
                assert "jobjoker user add" in answer.json["message"] and answer.headers["retry-after"]
        add_user(server, "viewer" if step == 0 else "other", "viewer")  # which is no admin
    add_user(server, "root", "admin")
    assert ask(server, "GET", "/me", None, password("root")()).json["data"][0]["role"] == "admin"
    assert ask(server, "GET", "/me", None, password("viewer")()).status == 200
    server.password = PASSWORD
    server.token = new_token(server, "root")  # so that the fixture can look for jobs
