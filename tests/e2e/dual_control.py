#!/usr/bin/env python3
"""Dual control in prod, as an auditor would try it: a SOX policy under which another policy takes
three people, an identity provider over https with a certificate of a private CA, and a fresh login of
each approver that the engine itself checks. Prints TAP.
Usage: dual_control.py [--engine PATH] [--agent PATH]"""
import datetime
import hashlib
import ipaddress
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import engine as lib  # noqa: E402
import idp  # noqa: E402
from tap import Tap  # noqa: E402

WORKSPACE = "https://closegate.example"
NAMES = ("ana", "ben", "cho", "dan")
tap = Tap()
check = tap.check


def private_ca(folder):
    """{"ca", "key", "cert"}: a CA that nobody else knows, and what it signed for 127.0.0.1."""
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name, name = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)])
                     for n in ("A company's own CA", "idp"))

    def cert(subject, public, authority):
        more = [x509.BasicConstraints(ca=authority, path_length=None)]
        if not authority:
            more.append(x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]))
        build = x509.CertificateBuilder(ca_name, subject, public, x509.random_serial_number(),
                                        now - day, now + day)
        for extension in more:
            build = build.add_extension(extension, critical=authority)
        return build.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    files = {"ca": cert(ca_name, ca_key.public_key(), True),
             "cert": cert(name, key.public_key(), False),
             "key": key.private_bytes(serialization.Encoding.PEM,
                                      serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption())}
    paths = {}
    for what, text in files.items():
        paths[what] = os.path.join(folder, what + ".pem")
        with open(paths[what], "wb") as f:
            f.write(text)
    return paths


class Book(lib.Book):
    """Four controllers whom the provider knows, under the SOX starter, in prod."""

    def __init__(self, binary, provider, env):
        super().__init__(binary, env={"CLOSEGATE_ENV": "prod", **env})
        self.provider = provider

    def make(self):
        rows = "".join(
            f"  - id: {name}\n    name: {name.title()}\n"
            "    roles: [{role: controller, entities: all}]\n    identities:\n"
            f"      - {{kind: actor, subject: {name}}}\n"
            f"      - {{kind: oidc, issuer: \"{self.provider.issuer}\", subject: {name}}}\n"
            for name in NAMES)
        people = os.path.join(self.dir, "people.yaml")
        with open(people, "w", encoding="utf-8") as f:
            f.write("people:\n" + rows)
        self.cli("init", "--starter", "sox", "--people", people, check=True)


class Person(idp.Browser):
    """Somebody at a browser, signed in over https at the provider."""

    def __init__(self, site, name):
        super().__init__(site.provider.trust, {WORKSPACE: site.agent.url})
        self.site, self.name = site, name
        site.provider.set(person=name)
        self.ended = self.follow(WORKSPACE + "/auth/login?return=/inbox")

    def session(self):
        return json.loads(self.ask("GET", WORKSPACE + "/api/v1/session")[2])

    def fresh(self, waits, decision="confirm"):
        """Logs in once more for this decision: where that ended."""
        self.site.provider.set(person=self.name)
        query = urllib.parse.urlencode({"escalation": waits["escalation_id"], "decision": decision,
                                        "digest": waits["digest"], "return": "/inbox"})
        time.sleep(1.1)  # a second of its own for the new auth_time
        return self.follow(f"{WORKSPACE}/auth/fresh?{query}")

    def decide(self, waits, decision="confirm"):
        body = {"decision": decision, "digest": waits["digest"], "rationale": "read and agreed",
                "idempotency_key": os.urandom(12).hex()}
        head = {"Origin": WORKSPACE, "Content-Type": "application/json",
                "X-CSRF-Token": self.session().get("csrf", "")}
        status, _, text = self.ask("POST", f"{WORKSPACE}/api/v1/escalations/"
                                   f"{waits['escalation_id']}/decision", json.dumps(body), head)
        return status, json.loads(text)


class Site:
    """Provider, engine and agent."""

    def __init__(self, engine, agent, provider):
        self.engine, self.agent, self.provider = engine, agent, provider

    def token(self, sub, digest, decision="confirm", **claims):
        """What the provider would sign for a login about that."""
        now = int(time.time())
        nonce = lib.b64url(hashlib.sha256((digest + decision).encode()).digest())
        payload = {"iss": self.provider.issuer, "sub": sub, "aud": "closegate", "iat": now,
                   "exp": now + 300, "auth_time": now, "nonce": nonce, **claims}
        return self.provider.test("sign", header={}, claims=payload)["token"]

    def captured(self, name, waits, token):
        """Somebody has the workspace's key and says whatever they like; the engine's answer."""
        caller = lib.Caller(self.engine, "human:" + name)
        caller.extra = {"X-Closegate-Id-Token": token} if token else {}
        return caller.call("resolve_escalation", escalation_id=waits["escalation_id"],
                           digest=waits["digest"], decision="confirm", rationale="mine now")

    def propose(self, amount):
        """Ana asks for another policy; the escalation."""
        with open(os.path.join(self.engine.book.data, "policy.yaml"), encoding="utf-8") as f:
            text = f.read()
        text = text.replace("materiality_threshold_usd: 5000",
                            f"materiality_threshold_usd: {amount}")
        got = lib.Caller(self.engine, "human:ana").call("propose_policy", text=text,
                                                        rationale="the auditor asks for it")
        check("another policy waits for two others", got["outcome"] == "pending", got)
        return got["data"]


def too_old(sentence, got):
    """Denied, with the rule's own words."""
    check(sentence, got["outcome"] == "deny" and got["reason"] == "AUTH_TOO_OLD"
          and len(got["data"].get("clause", "")) > 10, got)


def events(book, waits):
    """(type, event) of what was recorded about it."""
    rows = book.rows("SELECT event_type, event FROM audit_events WHERE instr(event, ?) ORDER BY seq",
                     waits["escalation_id"])
    return [(r["event_type"], json.loads(r["event"])) for r in rows]


def a_captured_workspace(site, waits, other):
    digest = waits["digest"]
    too_old("the workspace's word alone is not enough", site.captured("ben", waits, None))
    too_old("nor a login for another decision", site.captured(
        "ben", waits, site.token("ben", digest, "reject")))
    too_old("nor one for another escalation", site.captured(
        "ben", waits, site.token("ben", other["digest"])))
    too_old("nor another person's", site.captured("ben", waits, site.token("cho", digest)))
    too_old("nor one for another application", site.captured(
        "ben", waits, site.token("ben", digest, aud="another")))
    too_old("nor one of an hour ago", site.captured(
        "ben", waits, site.token("ben", digest, auth_time=int(time.time()) - 3600)))
    log = site.engine.tail(200)
    check("the engine's log says why", "another person's" in log and "(aud)" in log, log)


def used_once(site, waits):
    """The hash of a login that counted, and does not again."""
    token = site.token("dan", waits["digest"])
    first = site.captured("dan", waits, token)
    check("a good login is a stage", first["outcome"] in ("ok", "pending"), first)
    again = site.captured("dan", waits, token)
    too_old("the same token again does not count", again)
    too_old("also from somebody else", site.captured("ben", waits, token))
    return hashlib.sha256(token.encode()).hexdigest()


def approver(site, waits, name):
    """A person through the whole way: sign-in, refused, fresh login, decided."""
    person = Person(site, name)
    session = person.session()
    check(f"{name} signs in at the provider over https", session["signed_in"]
          and session["person"]["actor"] == "human:" + name, (person.ended, session))
    status, said = person.decide(waits)
    check(f"{name} without a fresh login is refused, with the clause", status == 403
          and said.get("reason") == "AUTH_TOO_OLD" and len(said.get("clause", "")) > 10,
          (status, said))
    url, status, text = person.fresh(waits)
    check(f"{name} logs in afresh for it", url == WORKSPACE + "/inbox", (url, status, text))
    return person.decide(waits)


def story(site):
    book = site.engine.book
    before = json.loads(book.cli("policy", "list", "--json")[1])["in_force"]
    waits, other = site.propose(4000), site.propose(4500)
    a_captured_workspace(site, waits, other)

    ana = Person(site, "ana")
    url, status, text = ana.fresh(waits)
    status, said = ana.decide(waits)
    check("who asked does not approve, however fresh the login", status == 403
          and said.get("reason", "").startswith("SOD"), (status, said))

    status, said = approver(site, waits, "ben")
    check("ben's is the first of two", status in (200, 202)
          and events(book, waits)[-1][0] == "ESCALATION_STAGE_APPROVED", (status, said))
    check("and the old policy is still in force",
          json.loads(book.cli("policy", "list", "--json")[1])["in_force"] == before)
    status, said = approver(site, waits, "cho")
    after = json.loads(book.cli("policy", "list", "--json")[1])["in_force"]
    check("with cho's it is in force", status == 200 and after != before, (status, said, after))

    logins = [e["auth"]["login"] for kind, e in events(book, waits)
              if e.get("auth", {}).get("login") and kind in ("ESCALATION_STAGE_APPROVED",
                                                            "POLICY_APPROVED",
                                                            "ESCALATION_APPROVED")]
    check("both logins are in the audit log, each once", len({x["sha256"] for x in logins}) == 2
          and all(x["iss"] == site.provider.issuer for x in logins), events(book, waits))

    last = site.propose(3000)
    digest = used_once(site, last)
    check("and is in its event", any(e.get("auth", {}).get("login", {}).get("sha256") == digest
                                     for _, e in events(book, last)), events(book, last))
    check("the log and the book are intact", *lib.chain_is_intact(book))


def without_the_ca(binary, engine, env):
    """The same provider, whose CA nobody named."""
    bare = {k: v for k, v in env.items() if k != "CLOSEGATE_CA_FILE"}
    agent = agents.Agent(binary, engine, env=bare)
    _, text = agent.cli("doctor", "--json")
    check("without CLOSEGATE_CA_FILE the provider is not trusted, and doctor names the setting",
          "CLOSEGATE_CA_FILE" in text, text)
    agent = agents.Agent(binary, engine, env={**env, "CLOSEGATE_CA_FILE": "/nonexistent/ca.pem"})
    code, text = agent.cli("serve", timeout=10)
    check("a CA file that is not there is told at the start", code != 0
          and "CLOSEGATE_CA_FILE" in text and "/nonexistent/ca.pem" in text, text)


def main():
    engine_binary, binary = agents.given()
    idp.skip_unless_installed()
    folder = tempfile.mkdtemp(prefix="closegate-ca-")
    tls = private_ca(folder)
    people = {name: {"name": name.title()} for name in NAMES}
    provider = idp.Provider("ES256", WORKSPACE, people,
                            {"closegate": {"secret": "of a test", "auth": "client_secret_basic"}},
                            tls=tls)
    both = {"CLOSEGATE_OIDC_ISSUER": provider.issuer, "CLOSEGATE_OIDC_CLIENT_ID": "closegate",
            "CLOSEGATE_CA_FILE": tls["ca"]}
    env = {**both, "CLOSEGATE_ENV": "prod", "CLOSEGATE_WORKSPACE_URL": WORKSPACE,
           "CLOSEGATE_AGENT_AUTH_BACKEND": "oidc", "CLOSEGATE_OIDC_CLIENT_SECRET": "of a test",
           "CLOSEGATE_AGENT_LOGINS_PER_MINUTE": "100000"}
    try:
        with lib.serving(Book(engine_binary, provider, both)) as engine:
            with agents.serving(engine, binary, env) as agent:
                story(Site(engine, agent, provider))
            without_the_ca(binary, engine, env)
    finally:
        provider.close()
        shutil.rmtree(folder, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
