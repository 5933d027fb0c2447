#!/usr/bin/env python3
"""The workspace's service on a real engine: init makes its client and key, it learns who is who, sees
what waits in every entity, follows the feed, reports deliveries, and may nothing else. Prints TAP.
Usage: service.py [--engine PATH]"""
import os
import stat
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


def follow(caller, after):
    """Everything behind `after`, page by page; (events, next)."""
    events = []
    while True:
        page = caller.read(f"recon://feed/{after}")["data"]
        events += page["events"]
        after = page["next"]
        if not page["more"]:
            return events, after


def whois(service, book):
    maria = book.principal("maria")
    found = service.call("whois", kind="actor", subject="maria")
    check("an actor's id is a person", found["data"].get("principal_id") == maria, found)
    check("with the actor to call as, name, status and roles",
          found["data"].get("actor_id") == "human:maria" and found["data"]["name"]
          and found["data"]["status"] == "active"
          and all(r["role"] and r["entity"] for r in found["data"]["roles"]), found)
    check("nobody is behind an unknown identity",
          service.call("whois", kind="slack", subject="T1:U1")["outcome"] == "error")
    check("an oidc subject is asked with its issuer",
          "/issuer" in service.call("whois", kind="oidc", subject="1")["text"])
    book.cli("actor", "link", "human:maria", "--kind", "oidc", "--issuer", "https://idp.test",
             "--subject", "00u1", check=True)
    book.cli("actor", "disable", "human:sam", check=True)
    found = service.call("whois", kind="oidc", issuer="https://idp.test", subject="00u1")
    check("an identity linked meanwhile is known", found["data"].get("principal_id") == maria, found)
    found = service.call("whois", kind="actor", subject="sam")
    check("who is disabled is told so", found["data"].get("status") == "disabled", found)


def refused(engine, book, service):
    human = lib.Caller(engine, "human:maria")
    agent = lib.Caller(engine, "llm:s-1", obo="maria")
    for who in (human, agent):
        said = who.call("whois", kind="actor", subject="maria")
        check(f"whois is nothing for {who.actor}", said["outcome"] == "error"
              and "unknown tool" in said["text"], said)
    names = [t["name"] for t in service.rpc("tools/list", {})[1]["result"]["tools"]]
    check("the service is offered its list and no more",
          sorted(names) == ["list_pending_escalations", "record_delivery", "whois"], names)
    check("another tool is refused",
          service.call("propose_match", bank_ids=["a"], gl_ids=["b"])["status"] == 403)
    key = os.path.join(book.dir, "narrow.key")
    book.cli("client", "add", "narrow", "--kind", "service", "--name", "N", "--new-key", key,
             "--tools", "list_pending_escalations", check=True)
    with open(key, "rb") as f:
        own = lib.load_pem_private_key(f.read(), password=None)
    narrow = lib.Caller(engine, "llm:narrow.service", client="narrow", key=own)
    check("without recon://* on its list a service reads no resource",
          narrow.read("recon://status")["status"] == 403)
    check("and sees nothing of what waits",
          narrow.call("list_pending_escalations")["data"].get("escalations") == [])
    code, said = book.cli("client", "add", "desk", "--kind", "mcp_client", "--name", "D",
                          "--new-key", os.path.join(book.dir, "desk.key"), "--tools", "whois")
    check("whois goes on no other client's list", code == 1 and "whois" in said, said)


def feed(engine, service):
    began = service.read("recon://feed")["data"]
    check("the feed begins at the head", began["next"] == began["head"] and not began["events"],
          began)
    maria = lib.Caller(engine, "human:maria")
    maria.call("run_recon_pass", entity_id="acme-us")
    events, at = follow(service, began["next"])
    asked = [e for e in events if e["event_type"] == "ESCALATION_PENDING"]
    waits = maria.call("list_pending_escalations", limit=200)["data"]["escalations"]
    check("each that waits came by", {e["escalation_id"] for e in asked}
          == {w["escalation_id"] for w in waits if w["entity_id"] == "acme-us"}, events)
    check("in order, each once", [e["seq"] for e in events]
          == sorted({e["seq"] for e in events}), events)
    one = waits[0]
    done = maria.call("resolve_escalation", escalation_id=one["escalation_id"], decision="confirm",
                      digest=one["digest"], rationale="seen")
    check("one is settled", done["outcome"] == "ok", done)
    said = service.call("record_delivery", escalation_id=one["escalation_id"], channel="slack",
                        status="delivered", attempts=1)
    check("the service reports a delivery", said["outcome"] == "ok", said)
    said = service.call("record_delivery", escalation_id=one["escalation_id"], channel="email",
                        status="dead_letter", attempts=9)
    check("and one given up", said["outcome"] == "ok", said)
    events, at = follow(service, at)
    check("a follower hears of the decision and the dead letter, not of the delivery",
          [e["event_type"] for e in events] == ["ESCALATION_APPROVED", "OK", "DELIVERY_FAILED"]
          and all(e["escalation_id"] == one["escalation_id"] and e["at"] and e["actor"]
                  for e in events), events)
    check("and then of nothing", follow(service, at) == ([], at))
    for bad in ("x", "-1", "01", "1e3", "99999999999999999999", ""):
        check(f"recon://feed/{bad} is no place", service.read(f"recon://feed/{bad}")["outcome"]
              == "error")
    beyond = service.read("recon://feed/999999999")["data"]
    check("behind the end is nothing", beyond["events"] == [] and beyond["next"] == 999999999,
          beyond)


def me(engine, book, service):
    maria = lib.Caller(engine, "human:maria")
    said = maria.read("recon://me")["data"]
    check("a person reads who they are", said["human"] == "human:maria" and said["name"]
          and said["principal_id"] == book.principal("maria") and said["env"] == "dev", said)
    check("what they see and what their roles do", {e["entity_id"] for e in said["entities"]}
          == {"acme-us", "acme-uk"} and said["may"]["confirm"][0]["single_max"]["currency"] == "USD"
          and "run_recon_pass" in said["tools"] and "propose_policy" in said["tools"], said)
    last = book.rows("SELECT seq, hash_self FROM audit_events ORDER BY seq DESC LIMIT 1")[0]
    check("and where the log stands", (said["head"]["seq"], said["head"]["hash"])
          == (last["seq"], last["hash_self"].hex()), said)
    agent = lib.Caller(engine, "llm:s-1", obo="maria").read("recon://me")["data"]
    check("an agent is its person's, and offered no administration",
          agent["human"] == "human:maria" and "propose_policy" not in agent["tools"], agent)
    lent = maria.call("set_delegation", to="human:auditor-to-be", until="2099-01-01",
                      rationale="x")
    check("nobody lends to nobody", lent["outcome"] == "error", lent)
    book.cli("actor", "add", "omar", "--name", "Omar", check=True)
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    lent = maria.call("set_delegation", to="human:omar", until=until, rationale="a day off")
    check("a seat is lent", lent["outcome"] == "ok", lent)
    omar = lib.Caller(engine, "human:omar").read("recon://me")["data"]
    check("who has it sees whose it is, and does not lend it on",
          omar["delegations"]["borrowed"][0]["name"] == said["name"]
          and omar["may"]["confirm"][0]["lent_by"] == said["principal_id"]
          and "set_delegation" not in omar["may"] and omar["roles"] == [], omar)
    check("who lent it sees that", maria.read("recon://me")["data"]["delegations"]["lent"][0]
          ["name"] == "Omar")
    book.cli("freeze", "--kind", "llm", "--reason", "a drill", check=True)
    check("a freeze is told to whom it concerns",
          [f["reason"] for f in lib.Caller(engine, "llm:s-1", obo="maria").read("recon://me")
           ["data"]["freezes"]] == ["a drill"]
          and maria.read("recon://me")["data"]["freezes"] == [])
    book.cli("thaw", "--rationale", "over", check=False)
    said = service.read("recon://me")["data"]
    check("a service is nobody, sees all and may what is on its list",
          "principal_id" not in said and said["sees_all"] and said["may"] == {}
          and sorted(said["tools"]) == ["list_pending_escalations", "record_delivery", "whois"],
          said)


def scoped(engine, book):
    book.cli("actor", "add", "lena", "--name", "Lena", check=True)
    book.cli("role", "grant", "human:lena", "controller", "--entity", "acme-uk", check=True)
    lena = lib.Caller(engine, "human:lena")
    events, _ = follow(lena, 0)
    check("who sees one entity follows that entity's", events == []
          or all(e["entity_id"] == "acme-uk" for e in events), events)
    lib.Caller(engine, "human:maria").call("run_recon_pass", entity_id="acme-uk")
    events, _ = follow(lena, 0)
    check("and all of it", events and all(e["entity_id"] == "acme-uk" for e in events), events)


def main():
    book = lib.Book(lib.given_engine())
    with lib.serving(book) as engine:
        mode = stat.S_IMODE(os.stat(os.path.join(book.data, "notifier.key")).st_mode)
        check("init leaves a key only its owner reads", mode == 0o600, oct(mode))
        service = lib.Caller(engine, "llm:notifier.service", client="notifier")
        feed(engine, service)
        whois(service, book)
        refused(engine, book, service)
        scoped(engine, book)
        me(engine, book, service)
        check("the book is intact", lib.chain_is_intact(book)[0])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
