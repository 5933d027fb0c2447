#!/usr/bin/env python3
"""Access tokens bound to a key before a real OpenID provider: what a client with its key does, what
whoever copied its requests cannot, also after a restart and a kill -9. Prints TAP.
Usage: dpop.py [--engine PATH]"""
import base64
import http.client
import json
import os
import sys
import time
import urllib.parse
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
import idp  # noqa: E402
from dpop_key import Key  # noqa: E402
from tap import Tap  # noqa: E402

ENTITY = "acme-us"
tap = Tap()
check = tap.check


class Holder(lib.Caller):
    """Calls tools with a token that is bound to its key. What it sent last can be sent again."""

    def __init__(self, engine, token, key, url):
        super().__init__(engine, "llm:holder", key=object())
        self.token, self.proof_key, self.url = token, key, url
        self.nonce, self.more, self.bind = None, {}, True
        self.status, self.headers, self.sent, self.text = None, {}, None, b""

    def assertion(self, *_):
        return ""

    def post(self, body, headers):
        head = {k: v for k, v in headers.items()
                if k not in ("X-Actor-Id", "X-Closegate-Assertion")}
        answer = self.prove(body, head)
        if self.status == 401 and 'error="use_dpop_nonce"' in self.challenge:
            answer = self.prove(body, head)  # as RFC 9449 9 has it
        return answer

    def prove(self, body, head):
        claims = {"nonce": self.nonce, **({"bh": lib.b64url(self.proof_key.sha256(body))}
                                          if self.bind else {}), **self.more}
        proof = self.proof_key.proof("POST", self.url, self.token, **claims)
        self.sent = (body, {**head, "Authorization": f"DPoP {self.token}", "DPoP": proof})
        return self.send(*self.sent)

    def send(self, body, head):
        c = http.client.HTTPConnection("127.0.0.1", self.engine.port, timeout=self.timeout)
        try:
            c.request("POST", "/mcp", body, head)
            r = c.getresponse()
            self.status, self.headers = r.status, r.headers
            self.nonce, self.text = r.headers.get("DPoP-Nonce", self.nonce), r.read()
            return r.status, r.headers, self.text
        finally:
            c.close()

    def again(self):
        """The very bytes of the last request."""
        return self.send(*self.sent)[0]

    @property
    def challenge(self):
        return self.headers.get("WWW-Authenticate", "")


class Site:
    def __init__(self, binary):
        self.port = lib.free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        self.provider = idp.Provider(
            "ES256", "http://127.0.0.1:9", {"sam": {"name": "Sam"}},
            {"closegate": {"secret": "of a test", "auth": "client_secret_basic"}},
            resources=[self.url], service={"id": "ledger-bot", "secret": "of-a-service"})
        self.book = lib.Book(binary)
        self.book.make()
        self.book.cli("recon", check=True)
        self.book.env.update(CLOSEGATE_AUTH_BACKEND="oidc", CLOSEGATE_OIDC_CLIENT_ID="closegate",
                             CLOSEGATE_OIDC_ISSUER=self.provider.issuer)
        self.engine = lib.Engine(self.book, self.port)

    def __enter__(self):
        self.engine.start()
        for words in (["client", "add", "desk", "--kind", "mcp_client", "--name", "A desktop"],
                      ["client", "add", "ledger-bot", "--kind", "service", "--name", "A script",
                       "--tools", "list_matches"],
                      ["actor", "link", "sam", "--kind", "oidc", "--issuer", self.provider.issuer,
                       "--subject", "sam"]):
            self.book.cli(*words, check=True)
        return self

    def __exit__(self, kind, *_):
        if kind:
            print("# " + self.engine.tail().replace("\n", "\n# "))
        self.engine.stop()
        self.provider.close()
        self.book.close()

    def token(self, key, **claims):
        now = int(time.time())
        payload = {"iss": self.provider.issuer, "sub": "sam", "aud": self.url, "client_id": "desk",
                   "jti": uuid.uuid4().hex, "iat": now, "exp": now + 900,
                   "scope": "mcp:read mcp:propose", "cnf": {"jkt": key.thumbprint}, **claims}
        return self.provider.test("sign", header={"typ": "at+jwt"}, claims={
            name: value for name, value in payload.items() if value is not None})["token"]

    def holder(self, key, **claims):
        return Holder(self.engine, self.token(key, **claims), key, self.url)

    def comments(self):
        """Events of comment_item; the engine's own start and stop are others."""
        return self.book.rows("SELECT count(*) FROM audit_events WHERE event LIKE ?",
                              '%"comment_item"%')[0][0]

    def exceptions(self):
        return [row[0] for row in self.book.rows("SELECT exception_id FROM exceptions WHERE"
                                                 " entity_id = ? ORDER BY 1", ENTITY)]


def published(site):
    c = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    c.request("GET", "/.well-known/oauth-protected-resource/mcp")
    doc = json.loads(c.getresponse().read())
    c.request("POST", "/mcp", "{}", {"Content-Type": "application/json"})
    fields = c.getresponse().headers.get_all("WWW-Authenticate") or []
    c.close()
    check("the metadata says which proofs are taken", doc["dpop_signing_alg_values_supported"]
          == ["ES256", "EdDSA", "RS256"] and "dpop_bound_access_tokens_required" not in doc, doc)
    check("a stranger hears of both ways", len(fields) == 2 and fields[0].startswith("Bearer ")
          and fields[1].startswith('DPoP algs="ES256 EdDSA RS256"'), fields)


def a_client(site):
    for kind in ("ES256", "EdDSA", "RS256"):
        holder = site.holder(Key(kind))
        got = holder.call("list_matches", entity_id=ENTITY, limit=3)
        check(f"a client with an {kind} key reads, after it was told a nonce",
              got["outcome"] == "ok" and holder.nonce, (holder.status, holder.challenge))
    before = site.comments()
    got = holder.call("comment_item", object=site.exceptions()[0], text="with a proof")
    check("and proposes", got["outcome"] == "ok" and site.comments() > before, got)
    holder.bind = False
    check("a client that binds no body is taken, too",
          holder.call("list_matches", entity_id=ENTITY, limit=3)["outcome"] == "ok")


def from_the_provider(site):
    """The provider itself binds the token, as it checks the client's proof."""
    key, at = Key("ES256"), site.provider.issuer + "/token"
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "resource": site.url,
                                   "scope": "mcp:read"})
    basic = base64.b64encode(b"ledger-bot:of-a-service").decode()
    c = idp.connection(site.provider.issuer)
    c.request("POST", "/token", form, {"Content-Type": "application/x-www-form-urlencoded",
                                       "Authorization": "Basic " + basic,
                                       "DPoP": key.proof("POST", at)})
    said = json.loads(c.getresponse().read())
    c.close()
    check("the provider makes a token for the key", said.get("token_type") == "DPoP", said)
    service = Holder(site.engine, said.get("access_token"), key, site.url)
    service.call("list_matches", entity_id=ENTITY, limit=3)
    check("which the engine takes from who holds it", service.status == 200,
          (service.status, service.challenge))
    thief = Holder(site.engine, said.get("access_token"), Key("ES256"), site.url)
    thief.call("list_matches", entity_id=ENTITY, limit=3)
    check("and from nobody else", thief.status == 401
          and 'error="invalid_dpop_proof"' in thief.challenge, (thief.status, thief.challenge))


def wrong_proofs(site):
    key = Key("ES256")
    holder = site.holder(key)
    holder.call("list_matches", entity_id=ENTITY, limit=1)
    now = int(time.time())
    for what, more in {"for another method": {"htm": "GET"},
                       "for another address": {"htu": "https://other.example/mcp"},
                       "for another token": {"ath": "A" * 43},
                       "for no token": {"ath": None},
                       "for another body": {"bh": "A" * 43},
                       "of an hour ago": {"iat": now - 3600},
                       "of an hour to come": {"iat": now + 3600},
                       "without an id": {"jti": None}}.items():
        holder.more = more
        holder.call("list_matches", entity_id=ENTITY, limit=1)
        check(f"a proof {what} is refused", holder.status == 401
              and holder.challenge.startswith("DPoP ")
              and 'error="invalid_dpop_proof"' in holder.challenge,
              (holder.status, holder.challenge))
    holder.more = {"htu": site.url.upper().replace("/MCP", "/x/../%6dcp?a=b#c")}
    holder.call("list_matches", entity_id=ENTITY, limit=1)
    check("another spelling of our address is our address", holder.status == 200,
          (holder.status, holder.challenge))
    body, head = holder.sent
    for what, change in {"no proof": {"DPoP": None},
                         "the token as a bearer": {"Authorization": f"Bearer {holder.token}"},
                         "another client's proof": {"DPoP": Key("ES256").proof(
                             "POST", site.url, holder.token, nonce=holder.nonce)}}.items():
        sent = {k: v for k, v in {**head, **change}.items() if v is not None}
        check(f"with {what}: 401", holder.send(body, sent)[0] == 401, holder.status)


def replays(site):
    holder = site.holder(Key("EdDSA"))
    reader = site.holder(Key("EdDSA"))
    got = reader.call("list_matches", entity_id=ENTITY, limit=1)
    check("a read counts once", got["outcome"] == "ok" and reader.again() == 401
          and "was used before" in reader.challenge, (reader.status, reader.challenge))
    for n, (what, end) in enumerate((("a restart", site.engine.stop),
                                     ("kill -9", site.engine.kill))):
        holder.nonce = reader.nonce = None
        reader.call("list_matches", entity_id=ENTITY, limit=1)
        got = holder.call("comment_item", object=site.exceptions()[n + 1], text=what)
        before = site.comments()
        check(f"before {what}: a change is made, and a copy of it is not",
              got["outcome"] == "ok" and holder.again() == 401 and site.comments() == before,
              (got, holder.status))
        end()
        site.engine.start()
        check(f"after {what}: neither the change nor the read comes again",
              holder.again() == 401 and reader.again() == 401 and site.comments() == before,
              (holder.status, reader.status))
        check("and its client goes on by itself", reader.call(
            "list_matches", entity_id=ENTITY, limit=1)["outcome"] == "ok", reader.challenge)


def without_nonces(site):
    site.engine.stop()
    site.book.env["CLOSEGATE_DPOP_NONCE"] = "optional"
    site.engine.start()
    holder = site.holder(Key("ES256"))
    holder.more = {"iat": int(time.time()) + 30}  # within what clocks may differ
    got = holder.call("comment_item", object=site.exceptions()[3], text="a clock ahead")
    before = site.comments()
    check("a client that knows no nonces is taken at once, and told one", got["outcome"] == "ok"
          and holder.nonce, got)
    site.engine.kill()
    site.engine.start()
    status = holder.again()
    check("what its clock made to look new is in the book all the same",
          site.comments() == before and b"was used before" in holder.text, (status, holder.text))


def required(site):
    site.engine.stop()
    del site.book.env["CLOSEGATE_DPOP_NONCE"]
    site.book.env.update(CLOSEGATE_DPOP="required", CLOSEGATE_DPOP_BODY_HASH="required")
    site.engine.start()
    holder = site.holder(Key("ES256"))
    check("where keys and bodies are required, a client that has both is taken", holder.call(
        "list_matches", entity_id=ENTITY, limit=1)["outcome"] == "ok", holder.challenge)
    holder.bind = False
    holder.call("list_matches", entity_id=ENTITY, limit=1)
    check("one that binds no body is not", holder.status == 401 and "(bh)" in holder.challenge,
          holder.challenge)
    body, head = holder.sent
    bearer = {k: v for k, v in head.items() if k != "DPoP"}
    bearer["Authorization"] = "Bearer " + site.token(Key("ES256"), cnf=None)
    check("and a bearer is not", holder.send(body, bearer)[0] == 401
          and holder.challenge.startswith("DPoP "), (holder.status, holder.challenge))


def main():
    idp.skip_unless_installed()
    with Site(lib.given_engine()) as site:
        for part in (published, a_client, from_the_provider, wrong_proofs, replays, without_nonces,
                     required):
            part(site)
        check("SIGTERM stops the engine cleanly", site.engine.stop() == 0, site.engine.tail())
        check("the audit log is whole", *lib.chain_is_intact(site.book))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
