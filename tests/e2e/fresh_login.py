#!/usr/bin/env python3
"""A login made for one decision, over the wire: a provider of our own signs ID tokens, the engine
fetches its keys and believes what holds. In dev, where such a login is taken but not asked for, so
that the event tells whether it counted. Prints TAP.
Usage: fresh_login.py [--engine PATH]"""
import argparse
import hashlib
import http.server
import json
import os
import sys
import threading
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "fault")]
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


class Provider:
    """Publishes one key and signs with it, or with another."""

    def __init__(self):
        self.keys = {"k1": Ed25519PrivateKey.generate()}
        self.stray = Ed25519PrivateKey.generate()
        self.asked = []
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                provider.asked.append(self.path)
                body = json.dumps(provider.document(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/acme"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def document(self, path):
        if path.endswith("/.well-known/openid-configuration"):
            return {"issuer": self.issuer, "jwks_uri": self.issuer + "/keys"}
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "alg": "EdDSA",
                          "x": lib.b64url(key.public_key().public_bytes(Encoding.Raw,
                                                                        PublicFormat.Raw))}
                         for kid, key in self.keys.items()]}

    def token(self, digest, decision, sub, key=None, kid="k1", **claims):
        now = int(time.time())
        nonce = lib.b64url(hashlib.sha256((digest + decision).encode()).digest())
        payload = {"iss": self.issuer, "sub": sub, "aud": "closegate", "iat": now,
                   "exp": now + 300, "auth_time": now, "acr": "mfa", "nonce": nonce}
        payload.update(claims)
        signed = ".".join(lib.b64url(json.dumps(part).encode())
                          for part in ({"alg": "EdDSA", "kid": kid}, payload))
        return signed + "." + lib.b64url((key or self.keys["k1"]).sign(signed.encode()))


def asked_for(engine):
    """An escalation that an agent opens, new each time."""
    agent = lib.Caller(engine, "llm:s-1", obo="sam")
    rows = engine.book.rows(
        "SELECT m.match_id AS id FROM matches m JOIN match_states s USING (match_id) WHERE s.state ="
        " 'CONFIRMED' AND m.entity_id = 'acme-us' AND NOT EXISTS (SELECT 1 FROM escalations e"
        " WHERE e.object_id = m.match_id) ORDER BY m.match_id LIMIT 1")
    got = agent.call("unmatch", match_id=rows[0]["id"], rationale="paid another invoice")
    return got["data"]


def confirmed_with(engine, caller, waits, token):
    """Whether the login counted: what the event says of it."""
    caller.extra = {"X-Closegate-Id-Token": token} if token else {}
    got = caller.call("resolve_escalation", escalation_id=waits["escalation_id"],
                      digest=waits["digest"], decision="confirm", rationale="checked")
    if got["outcome"] != "ok":
        return got["text"]
    rows = engine.book.rows("SELECT event ->> '$.auth.login' AS login FROM audit_events"
                            " WHERE seq = ?", got["data"]["seq"])
    return json.loads(rows[0]["login"]) if rows[0]["login"] else None


def story(engine, provider):
    maria = lib.Caller(engine, "human:maria")
    got = maria.call("link_identity", act="link", person="human:maria", kind="oidc",
                     issuer=provider.issuer, subject="m-1")
    check("an identity of the provider is linked", got["outcome"] == "ok", got["text"])
    maria.call("run_recon_pass", entity_id="acme-us")

    waits = asked_for(engine)
    check("nothing is fetched before a login is shown", provider.asked == [])
    token = provider.token(waits["digest"], "confirm", "m-1")
    login = confirmed_with(engine, maria, waits, token)
    check("a login made for the decision is in its event", isinstance(login, dict)
          and login["iss"] == provider.issuer and login["acr"] == "mfa"
          and login["sha256"] == hashlib.sha256(token.encode()).hexdigest(), login)
    check("the keys are fetched once", len(provider.asked) == 2, provider.asked)

    wrong = {
        "for another decision": lambda d: provider.token(d, "reject", "m-1"),
        "for other facts": lambda d: provider.token("0" * 64, "confirm", "m-1"),
        "of another person": lambda d: provider.token(d, "confirm", "m-2"),
        "for another application": lambda d: provider.token(d, "confirm", "m-1", aud="other"),
        "of another issuer": lambda d: provider.token(d, "confirm", "m-1", iss="https://e.example"),
        "that has expired": lambda d: provider.token(d, "confirm", "m-1", exp=int(time.time()) - 90),
        "from before": lambda d: provider.token(d, "confirm", "m-1", iat=int(time.time()) - 900),
        "that says not when": lambda d: provider.token(d, "confirm", "m-1", auth_time=None),
        "signed by somebody else": lambda d: provider.token(d, "confirm", "m-1",
                                                            key=provider.stray),
        "that was none": lambda d: None,
    }
    for what, make in wrong.items():
        waits = asked_for(engine)
        login = confirmed_with(engine, maria, waits, make(waits["digest"]))
        check(f"a login {what} does not count", login is None, login)

    waits = asked_for(engine)
    maria.extra = {"X-Closegate-Id-Token": "two words"}
    got = maria.call("resolve_escalation", escalation_id=waits["escalation_id"],
                     digest=waits["digest"], decision="confirm", rationale="checked")
    check("a header that is malformed is refused", got["reason"] == "400", got)

    provider.keys = {"k2": Ed25519PrivateKey.generate()}
    maria.extra = {}
    waits = asked_for(engine)
    login = confirmed_with(engine, maria, waits,
                           provider.token(waits["digest"], "confirm", "m-1",
                                          key=provider.keys["k2"], kid="k2"))
    check("invented or new kids fetch the keys no more than once a minute",
          login is None and len(provider.asked) <= 3, provider.asked)
    intact, text = lib.chain_is_intact(engine.book)
    check("the chain is intact", intact, text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    args = parser.parse_args()
    provider = Provider()
    book = lib.Book(lib.find_engine(args.engine), env={"CLOSEGATE_OIDC_ISSUER": provider.issuer,
                                      "CLOSEGATE_OIDC_CLIENT_ID": "closegate",
                                      "CLOSEGATE_OIDC_ACR": "mfa"})
    with lib.serving(book) as engine:
        story(engine, provider)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
