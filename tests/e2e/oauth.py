#!/usr/bin/env python3
"""The engine as an OAuth resource server before a real OpenID provider: what it publishes, which
tokens it takes and as whom, what a stranger is told, what takes effect at the next call; and the
official SDK's client doing the whole dance by itself in each of its modes. Prints TAP.
Usage: oauth.py [--engine PATH]"""
import base64
import http.client
import json
import os
import socket
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
import idp  # noqa: E402
import mcp_clients  # noqa: E402
from tap import Tap  # noqa: E402

ENTITY = "acme-us"
PEOPLE = {name: {"name": name.title()} for name in ("sam", "maria", "stranger")}
WELL_KNOWN = "/.well-known/oauth-protected-resource"
tap = Tap()
check = tap.check


class Holder(lib.Caller):
    """Calls tools with an access token and nothing else."""

    def __init__(self, engine, token, scheme="Bearer", path="/mcp"):
        super().__init__(engine, "llm:holder", key=object())
        self.token, self.scheme, self.path = token, scheme, path
        self.status, self.headers = None, {}

    def assertion(self, *_):
        return ""

    def post(self, body, headers):
        head = {k: v for k, v in headers.items()
                if k not in ("X-Actor-Id", "X-Closegate-Assertion")}
        if self.token:
            head["Authorization"] = f"{self.scheme} {self.token}"
        c = http.client.HTTPConnection("127.0.0.1", self.engine.port, timeout=self.timeout)
        try:
            c.request("POST", self.path, body, head)
            r = c.getresponse()
            self.status, self.headers = r.status, r.headers
            return r.status, r.headers, r.read()
        finally:
            c.close()

    @property
    def challenge(self):
        return self.headers.get("WWW-Authenticate", "")


class Ear:
    """A stream that was opened with an access token."""

    def __init__(self, site, token, message=None, **head):
        body = None if message is None else json.dumps({"jsonrpc": "2.0", **message})
        self.connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
        self.connection.request("GET" if body is None else "POST", "/mcp", body, {
            "Authorization": "Bearer " + token, "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            **{name.replace("_", "-"): value for name, value in head.items()}})
        self.response, self.heard, self.last = self.connection.getresponse(), "", None

    def until(self, word):
        """Whether it hears `word`; what came before is in `heard`."""
        while line := self.response.readline().decode():
            self.heard += line
            if line.startswith("id: "):
                self.last = line[4:].strip()
            if word in line:
                return True
        return False

    def ends(self):
        """All that is said until the engine ends it."""
        self.heard += self.response.read().decode()
        self.connection.close()
        return self.heard


def listens(site, token):
    method = "subscriptions/listen"
    meta = {"io.modelcontextprotocol/protocolVersion": lib.MODERN,
            "io.modelcontextprotocol/clientCapabilities": {}}
    ear = Ear(site, token, {"id": "sub", "method": method, "params": {
        "notifications": {"resourceSubscriptions": ["recon://status"]}, "_meta": meta}},
        MCP_Protocol_Version=lib.MODERN, Mcp_Method=method)
    ear.until("acknowledged")
    return ear


class Site:
    """A provider, and an engine that takes its tokens."""

    def __init__(self, binary):
        self.port = lib.free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        self.back = f"http://127.0.0.1:{lib.free_port()}/callback"
        self.provider = idp.Provider(
            "RS256", "http://127.0.0.1:9", PEOPLE,
            {"closegate": {"secret": "of a test", "auth": "client_secret_basic"},
             "desk": {"redirect": self.back}},
            resources=[self.url, "http://127.0.0.1:9/mcp"],
            service={"id": "ledger-bot", "secret": "of-a-service"})
        self.book = lib.Book(binary)
        self.book.make()
        self.book.cli("recon", check=True)
        self.book.env.update(CLOSEGATE_AUTH_BACKEND="oidc", CLOSEGATE_OIDC_CLIENT_ID="closegate",
                             CLOSEGATE_OIDC_ISSUER=self.provider.issuer,
                             CLOSEGATE_OIDC_CLOCK_SKEW_SECONDS="0")  # one clock
        self.engine = lib.Engine(self.book, self.port)
        self.number = 0

    def __enter__(self):
        self.engine.start()
        for words in (["client", "add", "desk", "--kind", "mcp_client", "--name", "A desktop"],
                      ["client", "add", "ledger-bot", "--kind", "service", "--name", "A script",
                       "--tools", "list_matches"],
                      ["actor", "link", "sam", "--kind", "oidc", "--issuer", self.provider.issuer,
                       "--subject", "sam"],
                      ["actor", "link", "maria", "--kind", "oidc", "--issuer",
                       self.provider.issuer, "--subject", "maria"]):
            self.book.cli(*words, check=True)
        return self

    def __exit__(self, kind, *_):
        if kind:
            print("# " + self.engine.tail().replace("\n", "\n# "))
        self.engine.stop()
        self.provider.close()
        self.book.close()

    def token(self, header=None, **claims):
        """An access token of the provider's, with what is given instead; None leaves a claim out."""
        self.number += 1
        now = int(time.time())
        payload = {"iss": self.provider.issuer, "sub": "sam", "aud": self.url, "client_id": "desk",
                   "jti": f"j-{self.number}", "iat": now, "exp": now + 300,
                   "scope": "mcp:read mcp:propose", **claims}
        return self.provider.test("sign", header={"typ": "at+jwt", **(header or {})}, claims={
            name: value for name, value in payload.items() if value is not None})["token"]

    def holder(self, token=None, **claims):
        return Holder(self.engine, token or self.token(**claims))

    def get(self, path, method="GET", **headers):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            c.request(method, path, headers=headers)
            r = c.getresponse()
            return r.status, r.headers, r.read()
        finally:
            c.close()


def published(site):
    for path in (WELL_KNOWN, WELL_KNOWN + "/mcp"):
        status, headers, body = site.get(path)
        doc = json.loads(body) if status == 200 else {}
        check(f"{path} says where tokens come from", status == 200
              and headers["Content-Type"] == "application/json" and doc["resource"] == site.url
              and doc["authorization_servers"] == [site.provider.issuer]
              and doc["scopes_supported"] == ["mcp:read", "mcp:propose"]
              and doc["bearer_methods_supported"] == ["header"], (status, body))
    for path, method, want in ((WELL_KNOWN + "/other", "GET", 404), (WELL_KNOWN + "/mcp/", "GET", 404),
                               (WELL_KNOWN, "POST", 405), (WELL_KNOWN, "HEAD", 200)):
        check(f"{method} {path} is {want}", site.get(path, method)[0] == want)
    check("to another host nothing is published",
          site.get(WELL_KNOWN, Host="evil.example")[0] == 403)


def strangers(site):
    nobody = Holder(site.engine, None)
    nobody.call("list_matches", entity_id=ENTITY)
    want = (f'Bearer resource_metadata="http://127.0.0.1:{site.port}{WELL_KNOWN}/mcp",'
            ' scope="mcp:read"')
    check("without a token: 401, and where to get one", nobody.status == 401
          and nobody.challenge == want, (nobody.status, nobody.challenge))
    for version in ("2025-11-25", None):
        c = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
        c.request("GET", "/mcp", headers={"Accept": "text/event-stream", **(
            {"MCP-Protocol-Version": version} if version else {})})
        r = c.getresponse()
        r.read()
        c.close()
        check(f"a stream ({version or 'of no version'}) takes a token, too", r.status == 401
              and r.headers["WWW-Authenticate"] == want, r.status)


def b64(value):
    return lib.b64url(json.dumps(value).encode())


def wrong_tokens(site):
    now = int(time.time())
    good = site.token()
    head, body, sig = good.split(".")
    cases = {
        "of another issuer": site.token(iss=site.provider.issuer + "/other"),
        "for another resource": site.token(aud="http://127.0.0.1:9/mcp"),
        "for the workspace": site.token(aud="closegate"),
        "for us and another": site.token(aud=[site.url, "http://127.0.0.1:9/mcp"]),
        "for our host alone": site.token(aud=site.url[:-len("/mcp")]),
        "that ended": site.token(exp=now - 61, iat=now - 400),
        "of tomorrow": site.token(iat=now + 86400, exp=now + 90000),
        "that does not hold yet": site.token(nbf=now + 3600),
        "without an end": site.token(exp=None),
        "without a client": site.token(client_id=None),
        "without a person": site.token(sub=None),
        "that is an ID token": site.token(header={"typ": "JWT"}),
        "that says not what it is": site.token(header={"typ": None}),
        "that brings its own rules": site.token(header={"crit": ["x"], "x": 1}),
        "that brings its own key": site.token(header={"jwk": {"kty": "oct", "k": "AA"}}),
        "bound to a key nobody showed": site.token(cnf={"jkt": "A" * 43}),
        "bound in a way we do not know": site.token(cnf={"kid": "x"}),
        "unsigned": f"{b64({'alg': 'none', 'typ': 'at+jwt'})}.{body}.",
        "with another's claims": f"{head}.{b64({'sub': 'maria'})}.{sig}",
        "cut short": good[:-4],
        "of an unknown kid": site.token(header={"kid": "nobody"}),
        "that is none": "garbage",
    }
    for what, token in cases.items():
        holder = Holder(site.engine, token)
        holder.call("list_matches", entity_id=ENTITY)
        check(f"a token {what} is refused", holder.status == 401
              and 'error="invalid_token"' in holder.challenge, (holder.status, holder.challenge))
    holder = Holder(site.engine, good, "DPoP")
    holder.call("list_matches", entity_id=ENTITY)
    check("a token that is not bound is not shown as DPoP", holder.status == 401, holder.status)
    holder = Holder(site.engine, None, path=f"/mcp?access_token={good}")
    holder.call("list_matches", entity_id=ENTITY)
    check("a token in the address is no token", holder.status == 400
          and 'error="invalid_request"' in holder.challenge, (holder.status, holder.challenge))
    fetched = site.provider.test("counts")["jwks"]
    for n in range(30):
        site.holder(header={"kid": f"invented-{n}"}).call("list_matches", entity_id=ENTITY)
    again = site.provider.test("counts")["jwks"]
    check("invented kids do not make the engine ask the provider each time", again - fetched <= 1,
          (fetched, again))


def who_is_who(site):
    sam = site.holder()
    got = sam.call("list_matches", entity_id=ENTITY, limit=3)
    check("a client reads for its person", got["outcome"] == "ok", got)
    exception = site.book.rows("SELECT exception_id FROM exceptions WHERE entity_id = ?"
                               " ORDER BY 1 LIMIT 1", ENTITY)[0][0]
    got = sam.call("comment_item", object=exception, text="seen with a token")
    check("and proposes for them", got["outcome"] == "ok", got)
    event = json.loads(site.book.rows("SELECT event FROM audit_events ORDER BY seq DESC LIMIT 1")[0][0])
    check("the log says which client it was, for whom, by whose word",
          event["actor_id"].startswith("llm:desk.") and event["client"] == "desk"
          and event["on_behalf_of"] == site.book.principal("sam") and event["channel"] == "api"
          and event["auth"]["backend"] == "oidc" and event["auth"]["iss"] == site.provider.issuer,
          event)
    me = sam.read("recon://me")["data"]
    again = site.holder().read("recon://me")["data"]
    other = site.holder(sub="maria").read("recon://me")["data"]
    check("a new token of the same person is the same session; another person's is another",
          me["actor"] == again["actor"] != other["actor"], (me["actor"], other["actor"]))
    maria = lib.Caller(site.engine, "human:maria")
    got = maria.read("recon://me")
    check("a workspace's assertion counts here, too", got["outcome"] == "ok"
          and got["data"]["actor"] == "human:maria", got)
    maria.extra = {"Authorization": "Bearer " + site.token()}
    check("but not beside a token", maria.read("recon://me")["reason"] == "400")
    for what, claims in {"a client that nobody registered": {"client_id": "chatty"},
                         "the workspace's own token": {"client_id": "workspace"},
                         "a person that nobody linked": {"sub": "stranger"},
                         "a client without a person": {"sub": "desk"},
                         "a service for a person": {"client_id": "ledger-bot"}}.items():
        holder = site.holder(**claims)
        holder.call("list_matches", entity_id=ENTITY)
        check(f"{what} is known to the provider and not to us: 403", holder.status == 403
              and "insufficient_scope" not in holder.challenge, (holder.status, holder.challenge))


def scopes(site):
    reader = site.holder(scope="mcp:read")
    got = reader.call("list_matches", entity_id=ENTITY, limit=3)
    check("mcp:read reads", got["outcome"] == "ok", got)
    before = site.book.rows("SELECT max(seq) FROM audit_events")[0][0]
    reader.call("run_recon_pass", entity_id=ENTITY)
    check("and changes nothing: 403, with what it would take", reader.status == 403
          and 'error="insufficient_scope"' in reader.challenge
          and 'scope="mcp:read mcp:propose"' in reader.challenge
          and site.book.rows("SELECT max(seq) FROM audit_events")[0][0] == before,
          (reader.status, reader.challenge))
    tools = reader.rpc("tools/list", {})[1]["result"]["tools"]
    wrong = []
    for tool in tools:
        reader.call(tool["name"])
        if (reader.status == 403) == tool["annotations"]["readOnlyHint"]:
            wrong.append((tool["name"], reader.status))
    check(f"so it is with every tool: of {len(tools)}, those that read are for mcp:read",
          not wrong and len(tools) > 20, wrong)
    bare = site.holder(scope="openid")
    bare.call("list_matches", entity_id=ENTITY)
    check("a token with no scope of ours does nothing", bare.status == 403
          and 'scope="mcp:read"' in bare.challenge, (bare.status, bare.challenge))
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "resource": site.url,
                                   "scope": "mcp:read"})
    basic = base64.b64encode(b"ledger-bot:of-a-service").decode()
    c = idp.connection(site.provider.issuer)
    c.request("POST", "/token", form, {"Content-Type": "application/x-www-form-urlencoded",
                                       "Authorization": "Basic " + basic})
    said = json.loads(c.getresponse().read())
    c.close()
    service = Holder(site.engine, said.get("access_token"))
    got = service.call("list_matches", entity_id=ENTITY, limit=3)
    check("a service's own token, from the provider itself, does what is on its list",
          service.status == 200, (said, got))
    service.call("list_exceptions", entity_id=ENTITY)
    check("and nothing else", service.status == 403, service.status)


def revocation(site):
    sam = site.holder()

    def status():
        sam.call("list_matches", entity_id=ENTITY, limit=1)
        return sam.status
    check("a token serves many calls", [status() for _ in range(3)] == [200] * 3)
    link = ["--kind", "oidc", "--issuer", site.provider.issuer, "--subject", "sam"]
    for what, off, on in (("a client", ["client", "disable", "desk"], ["client", "enable", "desk"]),
                          ("a person", ["actor", "disable", "sam"], ["actor", "enable", "sam"]),
                          ("a link", ["actor", "unlink", "sam", *link],
                           ["actor", "link", "sam", *link])):
        code, text = site.book.cli(*off)
        gone = status()
        site.book.cli(*on, check=True)
        check(f"{what} that is taken back is refused at the next call, with the same token",
              code == 0 and gone == 403 and status() == 200, (code, text, gone))


def streams(site):
    """What was opened with a token is over with it, in either era."""
    maria, end = lib.Caller(site.engine, "human:maria"), int(time.time()) + 10
    short, old = site.token(exp=end), {"MCP_Protocol_Version": "2025-11-25"}
    hello = Ear(site, short, {"id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"}}})
    hello.ends()
    old["Mcp_Session_Id"] = hello.response.headers["Mcp-Session-Id"]
    Ear(site, short, {"id": 2, "method": "resources/subscribe",
                      "params": {"uri": "recon://status"}}, **old).ends()
    ears = {"a subscription": listens(site, short), "a session's stream": Ear(site, short, **old)}
    ears["a session's stream"].until("id: ")
    longer = listens(site, site.token())
    check("streams are open", all(e.response.status == 200 for e in [longer, *ears.values()]))
    time.sleep(max(0, end + 1 - time.time()))
    exceptions = site.book.rows("SELECT exception_id FROM exceptions ORDER BY 1 DESC LIMIT 1")
    got = maria.call("comment_item", object=exceptions[0][0], text="after the token")
    check("who has a token that holds hears of a change", got["outcome"] == "ok"
          and longer.until("notifications/resources/updated"), (got, longer.heard))
    for what, ear in ears.items():
        check(f"{what} ends with its token, and what came after is not told", "resources/updated"
              not in ear.ends(), ear.heard)
    check("the subscription is told so", '"resultType":"complete"' in ears["a subscription"].heard)
    again = Ear(site, site.token(), Last_Event_ID=ears["a session's stream"].last, **old)
    check("whoever comes back to the session with another token has missed nothing",
          again.until("notifications/resources/updated"), again.heard)
    again.connection.close()
    quiet = listens(site, site.token(exp=int(time.time()) + 6))
    check("one that has nothing to hear ends, too", '"resultType":"complete"' in quiet.ends(),
          quiet.heard)
    lost = listens(site, site.token(sub="maria"))
    site.book.cli("actor", "disable", "maria", check=True)
    check("and one whose person is disabled, with a token that holds",
          '"resultType":"complete"' in lost.ends(), lost.heard)
    site.book.cli("actor", "enable", "maria", check=True)
    longer.connection.close()


def figures(site):
    text = site.get("/metrics")[2].decode()

    def of(name):
        return int(next((line for line in text.splitlines() if line.startswith(name + " ")),
                        "x -1").rsplit(" ", 1)[1])
    reasons = {name: of(f'closegate_tokens_refused_total{{reason="{name}"}}') for name in (
        "no_token", "malformed", "bad_token", "unwelcome", "narrow")}
    check("what became of access tokens is counted", all(n > 0 for n in reasons.values())
          and of('closegate_tokens_shown_total{known="yes"}') > 0
          and of('closegate_tokens_shown_total{known="no"}') >= of("closegate_tokens_remembered") > 0
          and of("closegate_tokens_waiting") == of("closegate_tokens_turned_away_total") == 0,
          (reasons, text[-2000:]))


def provider_away(site):
    known = site.holder()
    check("a token is taken", known.call("list_matches", entity_id=ENTITY)["outcome"] == "ok")
    fresh = site.token()
    site.provider.set(down=True)
    check("while the provider is down, known tokens serve on",
          known.call("list_matches", entity_id=ENTITY)["outcome"] == "ok")
    check("and new ones that its known keys signed",
          site.holder(fresh).call("list_matches", entity_id=ENTITY)["outcome"] == "ok")
    site.engine.stop()
    site.engine.start()
    lost = site.holder(fresh)
    lost.call("list_matches", entity_id=ENTITY)
    check("an engine that never saw its keys says 503, and when to come back", lost.status == 503
          and lost.headers.get("Retry-After") == "1", (lost.status, lost.headers))
    site.provider.set(down=False)
    again = lib.wait_until(lambda: lost.call("list_matches", entity_id=ENTITY)["outcome"] == "ok",
                           20, 0.5)
    check("and takes the token once the provider is back", again, lost.status)


def slow_provider(site):
    """A provider that takes every question and answers none: who is known does not wait for it."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(64)
        issuer = f"http://127.0.0.1:{hole.getsockname()[1]}"
        site.engine.stop()
        site.book.env["CLOSEGATE_OIDC_ISSUER"] = issuer
        site.engine.start()
        order, token = [], site.token(iss=issuer)

        def stranger():
            Holder(site.engine, token).call("list_matches", entity_id=ENTITY)
            order.append("stranger")
        threads = [threading.Thread(target=stranger) for _ in range(8)]
        for t in threads:
            t.start()
        asked = hole.accept()  # it waits from here on, as long as this is open
        maria = lib.Caller(site.engine, "human:maria")
        for _ in range(20):
            got = maria.read("recon://me")
            order.append("maria" if got["outcome"] == "ok" else got)
        for t in threads:
            t.join()
        asked[0].close()
        check("a provider that never answers holds up strangers, and nobody who is known",
              order[:20] == ["maria"] * 20 and order[20:] == ["stranger"] * 8, order)


def the_dance(site):
    taken = [row[0] for row in site.book.rows(
        "SELECT match_id FROM match_states JOIN matches USING (match_id) WHERE state LIKE"
        " 'CONFIRMED%' AND entity_id = ? ORDER BY 1", ENTITY)]
    exceptions = [row[0] for row in site.book.rows("SELECT exception_id FROM exceptions WHERE"
                                                   " entity_id = ? ORDER BY 1", ENTITY)]
    for n, mode in enumerate(("legacy", "auto", "2026-07-28")):
        plan = {"read": {"tool": "list_matches", "arguments": {"entity_id": ENTITY, "limit": 3}},
                "change": {"tool": "comment_item",
                           "arguments": {"object": exceptions[n], "text": f"by {mode}"}},
                "wait": {"tool": "unmatch", "arguments": {"match_id": taken[n],
                                                          "rationale": "as the test says"}}}
        with tap.part(f"SDK 2.4.0 with OAuth, {mode}", "2025-11-25" if mode == "legacy" else
                      "2026-07-28"):
            tap.relay("oauth.mjs", mcp_clients.run(mcp_clients.command(
                "oauth.mjs", site.url, "desk", site.back, mode, plan)))


def main():
    idp.skip_unless_installed()
    mcp_clients.skip_unless_installed()
    with Site(lib.given_engine()) as site:
        for part in (published, strangers, who_is_who, wrong_tokens, scopes, revocation, streams,
                     figures, the_dance, provider_away, slow_provider):
            part(site)
        check("SIGTERM stops the engine cleanly", site.engine.stop() == 0, site.engine.tail())
        check("the audit log is whole", *lib.chain_is_intact(site.book))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
