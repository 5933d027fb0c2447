#!/usr/bin/env python3
"""Signing in to the agent with a real OpenID provider: as it should be with each kind of key, when
keys rotate and the provider is down, in every way a hostile provider or visitor may twist it, and out
again. Prints TAP. Usage: agent_signin.py [--engine PATH] [--agent PATH]"""
import hashlib
import json
import os
import sqlite3
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import engine as lib  # noqa: E402
import idp  # noqa: E402
from tap import Tap  # noqa: E402

COOKIE = "__Host-closegate"
PEOPLE = {"maria": {"name": "Maria", "email": "maria@example.com", "email_verified": True,
                    "groups": ["finance", "approvers"]},
          "sam": {"name": "Sam", "email": "sam@example.com", "email_verified": False,
                  "groups": ["finance"]},
          "stranger": {"name": "<b>Stranger</b>", "groups": ["approvers"]}}
CLIENTS = {"closegate": {"secret": "of a test, with a : and a %", "auth": "client_secret_basic"},
           "by-post": {"secret": "of another test", "auth": "client_secret_post"},
           "public": {"auth": "none"}}


class Site:
    """A provider and an agent that trusts it, over a running engine."""

    def __init__(self, engine, binary, alg="RS256", client="closegate", env=None, **more):
        self.engine, port = engine, lib.free_port()
        self.provider = idp.Provider(alg, f"http://127.0.0.1:{port}", PEOPLE, CLIENTS, **more)
        settings = {"CLOSEGATE_AGENT_AUTH_BACKEND": "oidc",
                    "CLOSEGATE_OIDC_ISSUER": self.provider.issuer,
                    "CLOSEGATE_OIDC_CLIENT_ID": client,
                    "CLOSEGATE_AGENT_LOGINS_PER_MINUTE": "100000"}
        if "secret" in CLIENTS[client]:
            settings["CLOSEGATE_OIDC_CLIENT_SECRET"] = CLIENTS[client]["secret"]
        settings.update(env or {})
        self.agent = agents.Agent(binary, engine, port, env=settings)
        self.url = self.agent.url

    def __enter__(self):
        for name in ("maria", "sam"):
            self.engine.book.cli("actor", "link", name, "--kind", "oidc", "--issuer",
                                 self.provider.issuer, "--subject", name, check=True)
        self.agent.start()
        return self

    def __exit__(self, kind, *_):
        if kind:
            print("# " + self.agent.tail().replace("\n", "\n# "))
        self.agent.stop()
        self.provider.close()

    def sign_in(self, person="maria", browser=None, **state):
        """(browser, where it ended, status, text)"""
        browser = browser or idp.Browser()
        self.provider.set(person=person, **state)
        return (browser, *browser.follow(self.url + "/auth/login?return=/inbox"))

    def session(self, browser):
        """GET session, as JSON."""
        return json.loads(browser.ask("GET", self.url + "/api/v1/session")[2])

    def post(self, browser, path, body=None, **headers):
        session = self.session(browser)
        head = {"Origin": self.url, "Content-Type": "application/json",
                "X-CSRF-Token": session.get("csrf", "")}
        head.update(headers)
        return browser.ask("POST", self.url + path, json.dumps(body or {}), head)

    def stopped_at_callback(self, person="maria"):
        """A browser that has been to the provider and has not come back yet, and the address."""
        browser = idp.Browser()
        self.provider.set(person=person)
        url, _, _ = browser.follow(self.url + "/auth/login",
                                   until=lambda u: u.startswith(self.url + "/auth/callback"))
        return browser, url


def good_sign_in(t, site, how):
    browser, url, status, _ = site.sign_in()
    session = site.session(browser)
    t.check(f"{how}: Maria signs in and is herself",
            session["signed_in"] and session["person"]["actor"] == "human:maria",
            f"{url} {status} {session}")
    t.check(f"{how}: she is back where she wanted to go", url == site.url + "/inbox", url)
    return browser


def every_kind_of_key(t, engine, binary):
    for alg in ("RS256", "ES256", "EdDSA"):
        with Site(engine, binary, alg) as site:
            good_sign_in(t, site, alg)
    for client in ("by-post", "public"):
        with Site(engine, binary, client=client) as site:
            good_sign_in(t, site, client)


def cookies(t, site):
    browser = idp.Browser()
    site.provider.set(person="maria")
    status, headers, _ = browser.ask("GET", site.url + "/auth/login")
    flow = headers["Set-Cookie"]
    t.check("a sign-in sends the browser to the provider", status == 303
            and headers["Location"].startswith(site.provider.issuer), headers["Location"])
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(headers["Location"]).query)
    t.check("with PKCE, a state and a nonce of their own", asked["code_challenge_method"] == ["S256"]
            and len({*asked["code_challenge"], *asked["state"], *asked["nonce"]}) == 3, asked)
    site.provider.set(spoil="")
    back, _, _ = browser.follow(headers["Location"],
                                until=lambda u: u.startswith(site.url + "/auth/callback"))
    status, headers, _ = browser.ask("GET", back)
    all_cookies = headers.get_all("Set-Cookie")
    session = [c for c in all_cookies if c.startswith(COOKIE + "=")]
    want = ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"]
    t.check("the session's cookie is __Host-, Secure, HttpOnly and SameSite=Lax",
            len(session) == 1 and all(w in session[0] for w in want), all_cookies)
    t.check("so is the login's, and it is gone afterwards", all(w in flow for w in want)
            and any(c.startswith(flow.split("=")[0] + "=;") and "Max-Age=0" in c
                    for c in all_cookies), all_cookies)
    t.check("no answer is kept by a cache", headers["Cache-Control"] == "no-store", headers)
    before = browser.jar(site.url)[COOKIE]
    site.sign_in(browser=browser)
    after = browser.jar(site.url)[COOKIE]
    old = idp.Browser()
    old.jar(site.url)[COOKIE] = before
    t.check("signing in anew gives a new session, and the old one has ended",
            before != after and not site.session(old)["signed_in"])
    for what, value in (("forged", "A" * len(after)), ("truncated", after[:-5]), ("empty", ""),
                        ("doubled", after + after), ("turned", after[::-1]),
                        ("with one digit changed", after[:20] + ("B" if after[20] == "A" else "A")
                         + after[21:])):
        status, _, text = old.ask("GET", site.url + "/api/v1/session",
                                  headers={"Cookie": f"{COOKIE}={value}"})
        t.check(f"a {what} cookie is nobody", status == 200 and not json.loads(text)["signed_in"],
                text)
    status, _, text = old.ask("GET", site.url + "/api/v1/session",
                              headers={"Cookie": f"{COOKIE}={after}; {COOKIE}={after}"})
    t.check("the cookie twice is nobody", not json.loads(text)["signed_in"], text)


def refused(t, site, sentence, browser, url, status, text):
    """That nobody is signed in, and that the person is told in a sentence."""
    session = site.session(browser)
    told = status in (400, 403, 409, 503) and "<h1>" in text and "<p>" in text
    t.check(sentence, not session["signed_in"] and told, f"{url} {status} {text[:300]}")


def hostile_tokens(t, site, alg, names):
    for name in names:
        browser, url, status, text = site.sign_in(spoil=name)
        refused(t, site, f"{alg}: an ID token spoiled so is refused: {name}", browser, url, status,
                text)
        if site.agent.process.poll() is not None:
            raise SystemExit(f"the agent ended at {name}\n" + site.agent.tail())
    site.provider.set(spoil="")
    browser, url, status, text = site.sign_in()
    t.check(f"{alg}: and a good one is taken afterwards", site.session(browser)["signed_in"], text)


def hostile_answers(t, engine, binary):
    with Site(engine, binary) as site:
        ways = site.provider.test("names")
        for name in ways["callbacks"]:
            browser, url, status, text = site.sign_in(spoil=name)
            refused(t, site, f"an answer twisted so is refused: {name}", browser, url, status, text)
        for name in ways["mischief"]["token"]:
            browser, url, status, text = site.sign_in(spoil=name)
            refused(t, site, f"a token endpoint that does this signs nobody in: {name}", browser, url,
                    status, text)
    for name in ways["mischief"]["jwks"] + ways["mischief"]["discovery"]:
        with Site(engine, binary) as site:
            browser, url, status, text = site.sign_in(spoil=name)
            refused(t, site, f"a provider that publishes this signs nobody in: {name}", browser, url,
                    status, text)


def visitors(t, site):
    site.provider.set(spoil="", deny="Not today & <never>")
    browser = idp.Browser()
    url, status, text = browser.follow(site.url + "/auth/login")
    t.check("who says no at the provider reads why, and nothing of it is markup",
            status == 403 and "access_denied" in text and "Not today &amp; &lt;never&gt;" in text
            and "<never>" not in text, text)
    site.provider.set(deny=False)

    browser, url = site.stopped_at_callback()
    stranger = idp.Browser()
    _, status, text = stranger.follow(url)
    refused(t, site, "another browser cannot finish a sign-in", stranger, url, status, text)
    _, status, _ = browser.follow(url)
    t.check("the one that began it can", site.session(browser)["signed_in"], status)
    browser.jar(site.url).pop(COOKIE)
    status, _, text = browser.ask("GET", url)
    refused(t, site, "a callback that is asked again is refused", browser, url, status, text)

    browser, url = site.stopped_at_callback()
    kept = dict(browser.jar(site.url))
    browser.follow(url)
    thief = idp.Browser()
    thief.jar(site.url).update(kept)
    status, _, text = thief.ask("GET", url)
    refused(t, site, "even with the login's cookie it counts once", thief, url, status, text)

    first, first_url = site.stopped_at_callback()
    _, second_url = site.stopped_at_callback("sam")
    _, status, text = first.follow(second_url)
    refused(t, site, "the answer to another browser's sign-in is refused", first, second_url, status,
            text)
    one = idp.Browser()
    two_urls = [one.follow(site.url + "/auth/login", until=lambda u: u.startswith(
        site.url + "/auth/callback"))[0] for _ in range(2)]
    ends = [one.follow(u)[1] for u in reversed(two_urls)]
    t.check("two sign-ins of one browser both end well", site.session(one)["signed_in"]
            and 403 not in ends, ends)

    for back in ("//evil.example", "https://evil.example", "/\\evil.example", "/\r\nX: y",
                 "/\t/evil.example", "javascript:alert(1)", "/auth/login"):
        browser = idp.Browser()
        url, _, _ = browser.follow(site.url + "/auth/login?return="
                                   + urllib.parse.quote(back),
                                   until=lambda u: not u.startswith("http://127.0.0.1"))
        t.check(f"nobody is led to {back!r}", url == site.url + "/", url)

    browser, url, status, text = site.sign_in("stranger")
    refused(t, site, "somebody the registry does not know is told how to be linked", browser, url,
            status, text)
    t.check("with the command", "actor link PERSON --kind oidc" in text
            and site.provider.issuer in text, text)


def disabled(t, site):
    browser, _, _, _ = site.sign_in("sam")
    site.engine.book.cli("actor", "disable", "sam", check=True)
    _, url, status, text = site.sign_in("sam")
    other = idp.Browser()
    url, status, text = other.follow(site.url + "/auth/login")
    refused(t, site, "somebody disabled cannot sign in", other, url, status, text)
    status, _, text = browser.ask("GET", site.url + "/api/v1/escalations")
    t.check("and an open session of theirs gets nothing any more", status in (401, 403), text)
    site.engine.book.cli("actor", "enable", "sam", check=True)


def rotation(t, site):
    counts = site.provider.test("counts")
    for _ in range(3):
        site.sign_in()
    t.check("keys are not fetched for every sign-in",
            site.provider.test("counts")["jwks"] == counts["jwks"])
    site.provider.set(spoil="kid-unknown")
    for _ in range(5):
        site.sign_in()
    t.check("nor for every kid that nobody knows",
            site.provider.test("counts")["jwks"] - counts["jwks"] <= 1,
            site.provider.test("counts"))
    site.provider.set(spoil="")


def rotated(t, engine, binary):
    for keep in (True, False):
        with Site(engine, binary, "ES256") as site:
            site.sign_in()
            site.provider.test("rotate", keep=keep)
            # the keys were fetched just now, so that unknown ones wait for the rest of a minute
            browser, _, status, text = site.sign_in()
            first = site.session(browser)["signed_in"]
            t.check("a new key within a minute of the last fetch waits", not first, text)
            site.agent.stop()
            site.agent.start()
            browser, _, status, text = site.sign_in()
            t.check(f"a new key is taken{' beside' if keep else ' instead of'} the old one",
                    site.session(browser)["signed_in"], text)


def can_sign_in(text):
    """The row of `doctor --json` about signing in."""
    rows = [row for line in text.splitlines() if line.startswith("[") for row in json.loads(line)]
    return next(row for row in rows if row["check"] == "people can sign in")


def provider_down(t, site):
    browser, _, _, _ = site.sign_in()
    site.provider.set(down=True)
    t.check("while the provider is down, who is signed in stays so",
            site.session(browser)["signed_in"])
    other = idp.Browser()
    status, headers, _ = other.ask("GET", site.url + "/auth/login")
    t.check("and who is not is still sent there: its document is remembered", status == 303,
            f"{status}")
    site.provider.set(down=False)
    other, url = site.stopped_at_callback()
    site.provider.set(down=True)
    _, status, text = other.follow(url)
    refused(t, site, "a provider that goes away in between is told of", other, url, status, text)
    t.check("as something that may work again", status == 503, status)
    _, text = site.agent.cli("doctor", "--json")
    t.check("doctor says so, too", not can_sign_in(text)["ok"], text)
    site.provider.set(down=False)
    _, text = site.agent.cli("doctor", "--json")
    t.check("and that it is well again", can_sign_in(text)["ok"], text)


def out(t, site):
    browser, _, _, _ = site.sign_in()
    status, _, text = browser.ask("POST", site.url + "/api/v1/logout", "{}",
                                  {"Content-Type": "application/json", "Origin": site.url})
    t.check("signing out needs the page's token", status == 403, text)
    status, _, text = site.post(browser, "/api/v1/logout", Origin="https://evil.example")
    t.check("and our own page", status == 403, text)
    status, _, text = site.post(browser, "/api/v1/logout", **{"Sec-Fetch-Site": "cross-site"})
    t.check("which the browser confirms", status == 403, text)
    kept = dict(browser.jar(site.url))
    status, _, text = site.post(browser, "/api/v1/logout")
    redirect = json.loads(text).get("redirect", "")
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(redirect).query)
    t.check("signing out goes on at the provider, with the ID token as a hint", status == 200
            and redirect.startswith(site.provider.issuer) and "id_token_hint" in asked
            and asked["post_logout_redirect_uri"] == [site.url + "/auth/logout"], text)
    again = idp.Browser()
    again.jar(site.url).update(kept)
    t.check("the session has ended, also for a copy of its cookie",
            not site.session(again)["signed_in"] and not site.session(browser)["signed_in"])
    url, status, text = browser.follow(redirect)
    t.check("the provider takes the request", status == 200 and "form" in text, f"{status} {text}")
    _, status, text = again.follow(site.url + "/auth/logout")
    t.check("and there is a page to come back to", status == 200 and "signed out" in text, text)


def logout_token(site, **claims):
    """Posts a logout token to the agent; (status, text)."""
    header = claims.pop("header", {})
    token = claims.pop("token", None) or site.provider.test(
        "logout-token", claims=claims, header=header)["token"]
    status, _, text = idp.Browser().ask(
        "POST", site.url + "/auth/backchannel-logout",
        urllib.parse.urlencode({"logout_token": token}),
        {"Content-Type": "application/x-www-form-urlencoded"})
    return status, text, token


def rows_of(site, sql, *binds):
    """Reads agent.db beside the agent."""
    db = sqlite3.connect(f"file:{os.path.join(site.agent.folder, 'agent.db')}?mode=ro", uri=True)
    try:
        return db.execute(sql, binds).fetchall()
    finally:
        db.close()


def sid_of(site, name="maria"):
    """The provider's sid of the newest session."""
    return rows_of(site, "SELECT idp_session FROM sessions WHERE subject = ? AND ended_us IS NULL"
                         " ORDER BY created_us DESC LIMIT 1", name)[0][0]


def told_out(t, site):
    one, _, _, _ = site.sign_in()
    sid = sid_of(site)
    two, _, _, _ = site.sign_in()
    third, _, _, _ = site.sign_in("sam")
    bad = {"of another issuer": {"iss": "https://evil.example"}, "for another": {"aud": "another"},
           "without jti": {"jti": None}, "that names nobody": {},
           "with a nonce": {"sub": "maria", "nonce": "n"},
           "about something else": {"sub": "maria", "events": {"urn:other": {}}},
           "of long ago": {"sub": "maria", "iat": int(time.time()) - 7200},
           "that has expired": {"sub": "maria", "exp": int(time.time()) - 3600},
           "that is no logout token": {"sub": "maria", "header": {"typ": "at+jwt"}}}
    for what, claims in bad.items():
        status, text, _ = logout_token(site, **claims)
        t.check(f"a logout token {what} ends nothing", status == 400
                and site.session(one)["signed_in"], f"{status} {text}")
    for token in ("", "a.b.c", "eyJhbGciOiJub25lIn0.e30."):
        status, text, _ = logout_token(site, token=token or " ")
        t.check("what is no token ends nothing", status == 400, f"{status} {text}")
    status, text, token = logout_token(site, sid=sid)
    t.check("a logout token with a sid ends that session, and only that", status == 200
            and not site.session(one)["signed_in"] and site.session(two)["signed_in"], text)
    status, text, _ = logout_token(site, token=token)
    t.check("and counts once", status == 400, f"{status} {text}")
    status, text, _ = logout_token(site, sub="maria")
    t.check("one with a sub ends all of that person's, and nobody else's", status == 200
            and not site.session(two)["signed_in"] and site.session(third)["signed_in"], text)


def lifetime(t, engine, binary):
    with Site(engine, binary) as site:
        browser, _, _, _ = site.sign_in()
        site.agent.stop()
        db = sqlite3.connect(os.path.join(site.agent.folder, "agent.db"))
        hour = 3600 * 1000000
        db.execute("UPDATE sessions SET created_us = created_us - ?, seen_us = seen_us - ?",
                   (hour, hour))
        db.commit()
        site.agent.start()
        t.check("a session that nobody used for an hour has ended",
                not site.session(browser)["signed_in"])
        browser, _, _, _ = site.sign_in()
        site.agent.stop()
        db.execute("UPDATE sessions SET created_us = created_us - ?", (13 * hour,))
        db.commit()
        db.close()
        site.agent.start()
        t.check("one of yesterday too, however busy", not site.session(browser)["signed_in"])
        browser, _, _, _ = site.sign_in()
        site.agent.stop()
        os.unlink(os.path.join(site.agent.folder, "agent.secret"))
        site.agent.start()
        t.check("and all when the agent's secret is changed", not site.session(browser)["signed_in"])


def groups(t, engine, binary):
    env = {"CLOSEGATE_OIDC_ROLES": "approvers=approver", "CLOSEGATE_OIDC_ROLES_CLAIM": "groups",
           "CLOSEGATE_OIDC_SCOPES": "openid email profile groups"}
    for how, more in (("in the ID token", {"claimsInToken": True}), ("at userinfo", {})):
        with Site(engine, binary, env=env, **more) as site:
            browser, _, _, text = site.sign_in("maria")
            t.check(f"whose group is mapped may sign in: claims {how}",
                    site.session(browser)["signed_in"], text)
            browser, url, status, text = site.sign_in("sam")
            refused(t, site, f"whose is not may not: claims {how}", browser, url, status, text)
            if not more:
                browser, url, status, text = site.sign_in("maria", spoil="userinfo-sub")
                refused(t, site, "what userinfo says of somebody else counts for nobody", browser,
                        url, status, text)


def fresh(t, site):
    """A login for one decision, and what the engine is sent with it."""
    browser, _, _, _ = site.sign_in("maria")
    status, _, text = browser.ask("GET", site.url + "/api/v1/escalations?limit=1")
    waiting = json.loads(text)["escalations"][0]
    ask = (f"{site.url}/auth/fresh?escalation={waiting['escalation_id']}&decision=confirm"
           f"&digest={waiting['digest']}&return=/inbox")
    time.sleep(1.1)  # a second of its own for the new auth_time
    status, headers, _ = browser.ask("GET", ask)
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(headers.get("Location", "")).query)
    nonce = lib.b64url(hashlib.sha256((waiting["digest"] + "confirm").encode()).digest())
    t.check("a fresh login asks the provider for one, about this decision",
            asked.get("prompt") == ["login"] and asked.get("max_age") == ["0"]
            and asked.get("nonce") == [nonce], asked)
    before = site.session(browser)["auth_time"]
    url, status, text = browser.follow(ask)
    after = site.session(browser)["auth_time"]
    t.check("afterwards the session is as fresh as the login", url == site.url + "/inbox"
            and after > before, f"{url} {status} {before} {after} {text}")
    rows = rows_of(site, "SELECT escalation_id, decision, digest, id_token FROM fresh_logins")
    t.check("its token is kept for that decision, sealed", len(rows) == 1
            and rows[0][:3] == (waiting["escalation_id"], "confirm", waiting["digest"])
            and b"eyJ" not in rows[0][3], rows)
    for what, query in (("another digest", f"escalation={waiting['escalation_id']}&decision=confirm"
                                           f"&digest={'0' * 64}"),
                        ("no such escalation", "escalation=esc_none&decision=confirm"),
                        ("no decision", f"escalation={waiting['escalation_id']}&decision=maybe")):
        status, _, text = browser.ask("GET", f"{site.url}/auth/fresh?{query}")
        t.check(f"there is no fresh login about {what}", status in (403, 409) and "<h1>" in text,
                f"{status} {text}")
    status, _, text = site.post(browser, f"/api/v1/escalations/{waiting['escalation_id']}/decision",
                                {"decision": "confirm", "digest": waiting["digest"],
                                 "rationale": "as the test says", "idempotency_key": "of-a-test"})
    t.check("the decision is recorded, and its token gone with it", status in (200, 202)
            and not rows_of(site, "SELECT 1 FROM fresh_logins"), f"{status} {text}")
    waiting = json.loads(browser.ask("GET", site.url + "/api/v1/escalations?limit=1")[2])
    waiting = waiting["escalations"][0]
    ask = (f"{site.url}/auth/fresh?escalation={waiting['escalation_id']}&decision=confirm"
           f"&digest={waiting['digest']}&return=/inbox")
    site.provider.set(person="sam")
    browser.jar(site.provider.issuer).clear()
    url, status, text = browser.follow(ask)
    t.check("somebody else's login is not this person's", status == 403 and "omebody else" in text,
            f"{status} {text}")
    site.provider.set(person="maria", spoil="no-auth-time")
    browser.jar(site.provider.issuer).clear()
    url, status, text = browser.follow(ask)
    t.check("a login of unknown age is not fresh", status == 403, f"{status} {text}")
    site.provider.set(spoil="nonce-of-another")
    url, status, text = browser.follow(ask)
    t.check("nor is one about something else", status == 403, f"{status} {text}")
    site.provider.set(spoil="", authAge=3600)
    url, status, text = browser.follow(ask)
    t.check("nor one of an hour ago that the provider passes off as new", status == 403,
            f"{status} {text}")
    site.provider.set(authAge=0)
    nobody = idp.Browser()
    status, headers, _ = nobody.ask("GET", ask)
    t.check("who is not signed in signs in first", status == 303
            and headers["Location"].startswith("/auth/login?return="), headers.get("Location"))


def rate(t, engine, binary):
    with Site(engine, binary, env={"CLOSEGATE_AGENT_LOGINS_PER_MINUTE": "3"}) as site:
        browser, _, status, _ = site.sign_in()
        t.check("coming back from the provider is not counted", site.session(browser)["signed_in"])
        said = [idp.Browser().ask("GET", site.url + "/auth/login")[0] for _ in range(5)]
        t.check("who signs in too often waits", said == [303, 303, 429, 429, 429], said)


def settings(t, engine, binary):
    """What is wrong with the configuration is said before anything starts."""
    base = {"CLOSEGATE_AGENT_AUTH_BACKEND": "oidc", "CLOSEGATE_OIDC_ISSUER": "https://idp.example",
            "CLOSEGATE_OIDC_CLIENT_ID": "x"}
    prod = {"CLOSEGATE_ENV": "prod", "CLOSEGATE_WORKSPACE_URL": "https://closegate.example"}
    for what, env, word in (
            ("oidc needs an issuer", {"CLOSEGATE_OIDC_ISSUER": ""}, "CLOSEGATE_OIDC_ISSUER"),
            ("and a client", {"CLOSEGATE_OIDC_CLIENT_ID": ""}, "CLOSEGATE_OIDC_CLIENT_ID"),
            ("in prod over https", {**prod, "CLOSEGATE_OIDC_ISSUER": "http://idp.example"},
             "CLOSEGATE_OIDC_ISSUER"),
            ("a mapping reads group=role", {"CLOSEGATE_OIDC_ROLES": "approvers"},
             "CLOSEGATE_OIDC_ROLES"),
            ("dev is refused in prod", {**prod, "CLOSEGATE_AGENT_AUTH_BACKEND": "dev"},
             "CLOSEGATE_AGENT_AUTH_BACKEND"),
            ("a bare header is refused in prod",
             {**prod, "CLOSEGATE_AGENT_AUTH_BACKEND": "header-trust"}, "CLOSEGATE_HEADER_TRUST_JWKS")):
        agent = agents.Agent(binary, engine, env={**base, **env})
        code, text = agent.cli("serve", timeout=10)
        t.check(what, code != 0 and word in text, f"{code} {text}")


def behind_a_proxy(t, engine, binary):
    provider = idp.Provider("ES256", "http://127.0.0.1:1", PEOPLE, CLIENTS)
    engine.book.cli("actor", "link", "maria", "--kind", "header", "--subject", "maria@example.com",
                    check=True)
    env = {"CLOSEGATE_AGENT_AUTH_BACKEND": "header-trust",
           "CLOSEGATE_HEADER_TRUST_HEADER": "X-Forwarded-Email",
           "CLOSEGATE_HEADER_TRUST_JWKS": provider.issuer + "/jwks",
           "CLOSEGATE_HEADER_TRUST_JWT_HEADER": "X-Proxy-Jwt",
           "CLOSEGATE_HEADER_TRUST_JWT_ISSUER": "https://proxy.example",
           "CLOSEGATE_HEADER_TRUST_JWT_AUDIENCE": "workspace"}
    now = int(time.time())
    good = {"iss": "https://proxy.example", "aud": ["workspace"], "iat": now, "exp": now + 600,
            "email": "maria@example.com"}

    def token(header=None, **changes):
        claims = {k: v for k, v in {**good, **changes}.items() if v is not None}
        return {"X-Proxy-Jwt": provider.test("sign", header=header or {}, claims=claims)["token"]}

    def sign_in(agent, headers):
        b = idp.Browser()
        b.ask("GET", agent.url + "/auth/login", headers=headers)
        head = dict(headers, Cookie="; ".join(f"{k}={v}" for k, v in b.jar(agent.url).items()))
        return b, json.loads(b.ask("GET", agent.url + "/api/v1/session", headers=head)[2])
    try:
        with agents.serving(engine, binary, env) as agent:
            browser, session = sign_in(agent, token())
            t.check("whom the proxy's token names is signed in",
                    session["signed_in"] and session["person"]["actor"] == "human:maria", session)
            _, _, text = browser.ask("GET", agent.url + "/api/v1/session")
            t.check("the cookie alone is not enough", not json.loads(text)["signed_in"], text)
            _, _, text = browser.ask("GET", agent.url + "/api/v1/session",
                                     headers=token(email="sam@example.com"))
            t.check("nor with the token of another", not json.loads(text)["signed_in"], text)
            bad = {"no token at all": {"X-Forwarded-Email": "maria@example.com"},
                   "a token for another": token(aud="another"), "one without aud": token(aud=None),
                   "one of another proxy": token(iss="https://evil.example"),
                   "one that has expired": token(exp=now - 3600),
                   "one that never expires": token(exp=None),
                   "one of tomorrow": token(iat=now + 86400), "one that names nobody": token(email=None),
                   "one that names a list": token(email=["maria@example.com"]),
                   "one of an unknown key": token({"kid": "never-seen"}),
                   "a header and a token that differ": {**token(),
                                                        "X-Forwarded-Email": "sam@example.com"},
                   "a person nobody knows": token(email="eve@example.com")}
            for what, headers in bad.items():
                _, session = sign_in(agent, headers)
                t.check(f"behind a proxy, {what} signs nobody in", not session["signed_in"], session)
        del env["CLOSEGATE_HEADER_TRUST_JWKS"]
        with agents.serving(engine, binary, env) as agent:
            _, session = sign_in(agent, {"X-Forwarded-Email": "maria@example.com"})
            t.check("in dev the bare header is believed", session["signed_in"], session)
        env["CLOSEGATE_TRUSTED_PROXIES"] = "192.0.2.0/24"
        with agents.serving(engine, binary, env) as agent:
            _, session = sign_in(agent, {"X-Forwarded-Email": "maria@example.com"})
            t.check("but not from whoever is no trusted proxy", not session["signed_in"], session)
    finally:
        provider.close()


def main():
    engine_binary, binary = agents.given()
    idp.skip_unless_installed()
    t = Tap()
    book = lib.Book(engine_binary)
    with lib.serving(book, ["recon"]) as engine:
        every_kind_of_key(t, engine, binary)
        for alg in ("RS256", "ES256", "EdDSA"):
            with Site(engine, binary, alg) as site:
                names = site.provider.test("names")["spoilers"]
                hostile_tokens(t, site, alg, names)
        hostile_answers(t, engine, binary)
        with Site(engine, binary) as site:
            for part in (cookies, visitors, disabled, rotation, provider_down, out, told_out, fresh):
                part(t, site)
        rotated(t, engine, binary)
        lifetime(t, engine, binary)
        groups(t, engine, binary)
        rate(t, engine, binary)
        settings(t, engine, binary)
        behind_a_proxy(t, engine, binary)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
