#!/usr/bin/env python3
"""Access tokens bound to a client's certificate (RFC 8705) over real mutual TLS: each counts on the
connection that showed its certificate, and on no other; and what prod asks of an engine that strangers
reach. The authorization server is a few lines here, since only its signature matters. Prints TAP.
Usage: tls_bound.py [--engine PATH]"""
import hashlib
import http.server
import json
import os
import ssl
import sys
import threading
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
import pki  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


def compact(value):
    return lib.b64url(json.dumps(value, separators=(",", ":")).encode())


class Issuer:
    """Publishes one key, over https with (certificate, key), and signs with it."""

    def __init__(self, pair=None):
        self.key = ed25519.Ed25519PrivateKey.generate()
        x = self.key.public_key().public_bytes(serialization.Encoding.Raw,
                                               serialization.PublicFormat.Raw)
        pages = {"/jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "alg": "EdDSA",
                                     "use": "sig", "x": lib.b64url(x)}]}}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(pages.get(self.path, {})).encode()
                self.send_response(200 if self.path in pages else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if pair:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*pair)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if pair else ''}://127.0.0.1:{self.server.server_address[1]}"
        pages["/.well-known/openid-configuration"] = {
            "issuer": self.url, "jwks_uri": self.url + "/jwks",
            "authorization_endpoint": self.url + "/a", "token_endpoint": self.url + "/t"}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, audience, **more):
        now = int(time.time())
        claims = {"iss": self.url, "sub": "sam", "aud": audience, "client_id": "desk",
                  "jti": os.urandom(8).hex(), "iat": now, "exp": now + 300,
                  "scope": "mcp:read mcp:propose", **more}
        signed = compact({"typ": "at+jwt", "alg": "EdDSA", "kid": "k"}) + "." + compact(claims)
        return signed + "." + lib.b64url(self.key.sign(signed.encode()))


class Holder(lib.Caller):
    """Calls tools with a token, on a connection that shows a certificate or none."""

    def __init__(self, engine, token, trust):
        super().__init__(engine, "llm:holder", key=object())
        self.token, self.trust = token, trust

    def assertion(self, *_):
        return ""

    def post(self, body, headers):
        head = {k: v for k, v in headers.items()
                if k not in ("X-Actor-Id", "X-Closegate-Assertion")}
        c = lib.connection(self.engine.port, 30, self.trust)
        try:
            c.request("POST", "/mcp", body, {**head, "Authorization": "Bearer " + self.token})
            r = c.getresponse()
            return r.status, r.headers, r.read()
        finally:
            c.close()

    def status(self):
        return self.rpc("tools/list", {})[0]


def thumbprint(cert_path):
    with open(cert_path, encoding="ascii") as f:
        der = ssl.PEM_cert_to_DER_cert(f.read())
    return lib.b64url(hashlib.sha256(der).digest())


def tokens(engine, issuer, resource, ours):
    mine, others = ours.leaf("desk", client=True), ours.leaf("another-desk", client=True)
    bound = issuer.token(resource, cnf={"x5t#S256": thumbprint(mine[0])})

    def said(token, shown):
        return Holder(engine, token, ours.trust(shown)).status()

    check("a token bound to a certificate is taken from who shows it", said(bound, mine) == 200)
    check("not from who shows another one of the same company", said(bound, others) == 401)
    check("not from who shows none", said(bound, None) == 401)
    check("and again from its own, so that the refusals kept nothing", said(bound, mine) == 200)
    theirs = issuer.token(resource, cnf={"x5t#S256": thumbprint(others[0])})
    check("another client's token does not fit this one's certificate", said(theirs, mine) == 401)
    check("nor does half a thumbprint", said(issuer.token(resource, cnf={
        "x5t#S256": thumbprint(mine[0])[:22]}), mine) == 401)
    renewed = ours.leaf("desk", client=True)
    check("a renewed certificate needs a token of its own", said(bound, renewed) == 401)
    check("a token that is not bound is taken as before",
          said(issuer.token(resource), renewed) == 200)


PLAIN = "other machines reach the engine without TLS"


def not_started(book):
    """What prod does not take from an engine that access tokens are for."""
    resource = book.env["CLOSEGATE_ENGINE_RESOURCE"]
    rows = [("whose provider is at an http address", "CLOSEGATE_OIDC_ISSUER",
             book.env["CLOSEGATE_OIDC_ISSUER"].replace("https:", "http:")),
            ("whose own address is an http one", "CLOSEGATE_ENGINE_RESOURCE",
             resource.replace("https:", "http:")),
            ("without an address of its own", "CLOSEGATE_ENGINE_RESOURCE", None)]
    for what, name, value in rows:
        kept = dict(book.env)
        book.env[name] = value
        if value is None:
            del book.env[name]
        code, said = book.cli("serve", timeout=60)
        book.env = kept
        check(f"prod starts no engine {what}", code == 1 and name in said, f"{code} {said}")


def in_prod(book, issuer, ours, pair):
    """On all addresses of this machine, as other machines reach it."""
    engine = lib.Engine(book, host="0.0.0.0")
    resource = f"https://127.0.0.1:{engine.port}/mcp"
    for name in [n for n in book.env if n.startswith("CLOSEGATE_ENGINE_TLS_")]:
        del book.env[name]
    book.env.update(CLOSEGATE_ENV="prod", CLOSEGATE_OIDC_ISSUER=issuer.url,
                    CLOSEGATE_CA_FILE=ours.path, CLOSEGATE_ENGINE_RESOURCE=resource,
                    CLOSEGATE_ENGINE_LISTEN=f"0.0.0.0:{engine.port}")
    not_started(book)
    try:
        engine.start()
        check("in prod a plain listener that others reach is warned of", PLAIN in engine.tail(200),
              engine.tail())
        engine.stop()
        os.rename(engine.log, engine.log + ".plain")
        book.env.update(CLOSEGATE_ENGINE_TLS_CERT=pair[0], CLOSEGATE_ENGINE_TLS_KEY=pair[1],
                        CLOSEGATE_ENGINE_TLS_CLIENT_CA=ours.path,
                        CLOSEGATE_ENGINE_TLS_CLIENTS="optional")
        engine.trust = ours.trust()
        engine.start()
        check("one of TLS is not", PLAIN not in engine.tail(1000), engine.tail())
        c = engine.connection()
        c.request("POST", "/mcp", b"{}", {"Content-Type": "application/json",
                                          "Accept": "application/json, text/event-stream"})
        r = c.getresponse()
        check("a stranger is told over https where a token is to be had",
              r.status == 401 and f'resource_metadata="https://127.0.0.1:{engine.port}/'
              in r.getheader("WWW-Authenticate", "")
              and "max-age" in r.getheader("Strict-Transport-Security", ""), r.headers)
        c.close()
        tokens(engine, issuer, resource, ours)
    finally:
        engine.stop()


def main():
    binary = lib.given_engine()
    book, issuer = lib.Book(binary), Issuer()
    ours = pki.Authority(book.dir, "our ca")
    secure = Issuer(ours.leaf("issuer"))
    cert, key = ours.leaf("engine")
    engine = lib.Engine(book, trust=ours.trust())
    resource = f"https://127.0.0.1:{engine.port}/mcp"
    try:
        book.make()
        book.env.update(CLOSEGATE_AUTH_BACKEND="oidc", CLOSEGATE_OIDC_CLIENT_ID="closegate",
                        CLOSEGATE_OIDC_ISSUER=issuer.url, CLOSEGATE_ENGINE_RESOURCE=resource,
                        CLOSEGATE_ENGINE_TLS_CERT=cert, CLOSEGATE_ENGINE_TLS_KEY=key,
                        CLOSEGATE_ENGINE_TLS_CLIENT_CA=ours.path,
                        CLOSEGATE_ENGINE_TLS_CLIENTS="optional")
        engine.start()
        for words in (["client", "add", "desk", "--kind", "mcp_client", "--name", "A desktop"],
                      *(["actor", "link", "sam", "--kind", "oidc", "--issuer", i.url,
                         "--subject", "sam"] for i in (issuer, secure))):
            book.cli(*words, check=True)
        c = engine.connection()
        c.request("GET", "/.well-known/oauth-protected-resource/mcp")
        said = json.loads(c.getresponse().read())
        c.close()
        check("the metadata name the https address and say that bound tokens are taken",
              said.get("resource") == resource
              and said.get("tls_client_certificate_bound_access_tokens") is True, said)
        tokens(engine, issuer, resource, ours)
        book.env.update(CLOSEGATE_CA_FILE=ours.path,
                        CLOSEGATE_ENGINE_LISTEN=f"127.0.0.1:{engine.port}")
        code, said = book.cli("call", "list_matches", "--as", "human:maria", "--json")
        check("the command line's own calls over TCP are https, too", code == 0, said)
        engine.stop()
        in_prod(book, secure, ours, (cert, key))
    except Exception:
        print("# " + engine.tail().replace("\n", "\n# "))
        raise
    finally:
        engine.stop()
        issuer.server.shutdown()
        secure.server.shutdown()
        book.close()
    return tap.done()


sys.exit(main())
