#!/usr/bin/env python3
"""The Chat of closegate-agent on a real engine, before a stand-in for the model's provider
(tests/lib/llm.py) in both wire formats: answers as they stream, tools, what waits for a person and
what policy denies, a model that makes mistakes, a provider in trouble, cancelling, whose conversation
is whose, what never leaves, and a trace that is what happened. Prints TAP.
Usage: agent_chat.py [--engine PATH] [--agent PATH]"""
import csv
import email.utils
import hashlib
import json
import os
import signal
import sqlite3
import sys
import threading
import time
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import engine as lib  # noqa: E402
import llm  # noqa: E402
from talk import Talk, answers, last_answer, notes  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
BOTH = (llm.ANTHROPIC, llm.OPENAI)
# dollars a million tokens, so that sums are exact
PRICES = dict(price_input="3.00", price_output="15.00", price_cache_read="0.30",
              price_cache_write="3.75")
IBAN, CARD, ACCOUNT = "DE89370400440532013000", "4111111111111111", "000123456789"
HIDDEN = (IBAN[:-4], CARD[:-4], ACCOUNT[:-4])  # of each the last four may be shown
MEMOS = (f"WIRE TO {IBAN} ORCHARD", f"CARD {CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}",
         f"FROM ACCT {ACCOUNT} RENT", "IBAN DE89 3704 0044 0532 0130 00 ÜBERTRAG",
         "\uff14111-1111-1111-1111 fullwidth")


def plant(book):
    """Bank lines whose memos hold account numbers; their entry ids."""
    with open(os.path.join(lib.ROOT, "deploy/demo/saas/bank-us-operating.csv"),
              encoding="utf-8") as f:
        head, *rows = f.read().split("\n")
    balance = int(rows[-2].split(",")[-1].replace(".", ""))
    path = os.path.join(book.dir, "planted.csv")
    with open(path, "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(head.split(","))
        for i, memo in enumerate(MEMOS):
            balance += 1234
            out.writerow([f"P-{i}", "2026-04-01", memo, f"REF-{i}", "12.34",
                          f"{balance // 100}.{balance % 100:02}"])
    book.cli("ingest", "--source", "bank-us-operating", path, check=True)
    return [f"bank-us-operating:P-{i}" for i in range(len(MEMOS))]


def texts(tree):
    """Every text in it, members' names too."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield name
            yield from texts(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from texts(value)


def leaked(entries):
    """Planted numbers that were sent to the provider, however they were written."""
    found = []
    for entry in entries:
        said = unicodedata.normalize("NFKC", " ".join(texts(entry.body)))
        plain = "".join(c for c in said if c.isalnum())
        found += [n for n in HIDDEN if n in plain]
    return found


def streaming(mock, maria, api):
    text = "Die Zahlung über 4.850,00 $ ist da: ✓ 支払い 🏦 e\u0301."
    mock.on("why unmatched", lambda ask: llm.Say(
        text, write=1, delay=0.01, chunk=5, ascii=False, first=0.2,
        usage={"input": 1000, "output": 40, "cache_read": 2000, "cache_write": 400},
        quirks=["unknown"] if api == llm.ANTHROPIC else ["comments", "crlf"]))
    talk = Talk(maria, "why unmatched?")
    stream = talk.follow()
    check(f"{api}: the turn ends", stream.settled(), stream.seen[-3:])
    check(f"{api}: its page is first told how it stands", stream.seen[0][0] == "state"
          and stream.seen[0][1]["turn_open"] is True, stream.seen[:1])
    check(f"{api}: text that came in single bytes arrives whole, piece by piece",
          stream.text() == text and len(stream.of("text")) > 3, stream.text())
    rows = talk.read()["rows"]
    check(f"{api}: and is kept so", [r["kind"] for r in rows] == ["said", "answered"]
          and answers(rows) == [text] and rows[0]["text"] == "why unmatched?"
          and rows[1]["stop"] == "end", rows)
    check(f"{api}: rows came with it", [d["n"] for d in stream.of("row")] == [rows[-1]["n"]]
          or [d["n"] for d in stream.of("row")] == [r["n"] for r in rows], stream.of("row"))
    session = talk.read()["session"]
    # OpenAI's usage has no word for what was written to the cache
    wrote = 400 if api == llm.ANTHROPIC else 0
    cost = (1000 * 300 + 40 * 1500 + 2000 * 30 + wrote * 375) / 1e8
    check(f"{api}: what it used and cost is counted, exactly", session["output_tokens"] == 40
          and abs(float(session["cost"]) - cost) < 1e-9
          and (session["state"], session["turn_open"]) == ("ACTIVE", False)
          and (session["api"], session["model"]) == (api, llm.MODEL), (session, cost))
    stream.close()
    memory(mock, talk, api)
    listed = maria.get("chat/sessions?limit=5")[1]["sessions"]
    check(f"{api}: it stands first in the list, with a title", listed[0]["session_id"]
          == talk.session_id and listed[0]["title"], listed[:1])


def memory(mock, talk, api):
    mock.on("and the fee", lambda ask: llm.Say("Said before: " + "|".join(
        m["text"] for m in ask.messages)))
    said = last_answer(talk.ask("and the fee?"))
    check(f"{api}: what was said before is said again to the model", "why unmatched?|" in said
          and "支払い 🏦" in said and said.endswith("and the fee?"), said)
    asked = mock.entries("and the fee")[-1]
    first = mock.entries("why unmatched")[0]
    check(f"{api}: what stays the same is sent the same, byte for byte, for the provider's cache",
          asked.ask.system == first.ask.system and list(asked.ask.tools) == list(first.ask.tools)
          and (api == llm.OPENAI or b"cache_control" in asked.raw), asked.ask.system[:300])


def tools(mock, maria, api):
    def look(ask):
        if ask.steps == 0:
            return llm.Say("Let me look.", calls=[
                llm.Call("workspace_stats", {}, fragments=1),
                llm.Call("list_matches", {"entity_id": "acme-us", "limit": 2}, fragments=9),
                llm.Call("query_audit", {"limit": 1}, fragments=50)])
        return llm.Say("Three things.")
    mock.on("three things", look)
    talk = Talk(maria, "three things, please", entity_id="acme-us")
    rows = talk.settled()["rows"]
    returned = [r for r in rows if r["kind"] == "returned"]
    check(f"{api}: three calls at once, three results, an answer", last_answer(rows)
          == "Three things." and [r["tool"] for r in returned]
          == ["workspace_stats", "list_matches", "query_audit"], rows)
    check(f"{api}: with what the tools gave, for the page", len(returned[1]["result"]["matches"]) == 2
          and returned[1]["status"] == "ok" and not returned[1]["is_error"]
          and "text" not in returned[1], returned[1])
    asked = mock.entries("three things")[-1].ask
    check(f"{api}: each call is answered once, in order, marked as data", len(asked.results) == 3
          and all("data" in r["text"].lower() for r in asked.results)
          and "PROPOSED_MATCH" in asked.results[1]["text"], asked.results[1])
    check(f"{api}: no tool has an idempotency key to fill in", asked.tools
          and "idempotency_key" not in json.dumps(asked.tools), sorted(asked.tools))
    check(f"{api}: nor is administration offered", not {"load_master", "change_person", "freeze",
          "propose_policy", "record_delivery"} & set(asked.tools), sorted(asked.tools))
    check(f"{api}: what the model is told of the person has no key, address or cookie",
          maria.cookie.split("=")[1] not in asked.system, asked.system)


def low_matches(book):
    """What the matcher left to people that is below materiality, touching nothing sensitive."""
    return [r["object_id"] for r in book.rows(
        "SELECT object_id FROM escalations WHERE state = 'PENDING' AND tool = 'confirm_match' AND"
        " reason = 'STRATEGY_REQUIRES_HUMAN' AND entity_id = 'acme-us' AND requester LIKE 'engine:%'"
        " AND object_id NOT IN (SELECT object_id FROM escalations WHERE requester LIKE 'llm:%')"
        " ORDER BY amount_minor")]


def handed_over(mock, maria, book, api):
    match = low_matches(book)[0]
    mock.on("clear what you can", lambda ask: llm.Say("I ask.", calls=[
        llm.Call("confirm_match", {"match_id": match, "rationale": "same payout"})])
        if ask.steps == 0 else llm.Say("It waits for you: " + ask.results[0]["text"][-80:]))
    talk = Talk(maria, "clear what you can")
    said = talk.settled()
    row = next(r for r in said["rows"] if r["kind"] == "returned")
    check(f"{api}: what policy reserves waits, and the row says where", row["status"]
          == "pending_approval" and row["escalation_id"].startswith("esc_") and row["code"]
          and row["clause"] and not row["is_error"], row)
    check(f"{api}: the conversation waits for a person, and its turn is over",
          said["session"]["state"] == "WAITING_HUMAN", said["session"])
    found = book.rows("SELECT escalations.*, actor, principal_id FROM escalations JOIN"
                      " escalation_parties USING (escalation_id) WHERE escalation_id = ? AND role ="
                      " 'agent'", row["escalation_id"])
    check(f"{api}: in the book it was asked by the conversation, on behalf of the person",
          len(found) == 1 and found[0]["actor"] == "llm:chat." + talk.session_id
          and found[0]["principal_id"] == book.principal("maria"), [dict(r) for r in found])
    audited = [json.loads(r["event"]) for r in book.rows(
        "SELECT event FROM audit_events WHERE event LIKE ? ORDER BY seq",
        f"%llm:chat.{talk.session_id}%")]
    check(f"{api}: and so the log says: channel, model, whose rationale", len(audited) == 1
          and audited[0]["channel"] == "chat" and audited[0]["rationale_author"] == "model"
          and audited[0]["actor_id"] == "llm:chat." + talk.session_id, audited)
    status, card = maria.get("escalations/" + row["escalation_id"])
    check(f"{api}: the card opens", status == 200, (status, card))
    status, done = maria.decide(dict(card.get("escalation", card)), "confirm", "looked myself")
    check(f"{api}: the click is the person's", status == 200, (status, done))
    event = json.loads(book.rows("SELECT event FROM audit_events WHERE seq = ?", done["seq"])[0][0])
    check(f"{api}: and is recorded as theirs", event["actor_id"] == "human:maria"
          and event["channel"] == "web", event)
    mock.on("what became of it", lambda ask: llm.Say("Done: " + ask.said))
    rows = talk.ask("what became of it?")
    check(f"{api}: it goes on afterwards, and knows of the decision", "Done:" in last_answer(rows)
          and talk.read()["session"]["state"] == "ACTIVE"
          and b"CONFIRMED" in mock.entries("what became of it")[-1].raw.upper(), notes(rows))


def not_its_own(mock, maria, book):
    """Above materiality nobody confirms what the agent acting for them proposed."""
    match = book.rows("SELECT object_id FROM escalations WHERE state = 'PENDING' AND reason ="
                      " 'MATERIALITY_OVER_THRESHOLD' AND entity_id = 'acme-us'")[0]["object_id"]
    mock.on("the large one", [llm.Say(calls=[llm.Call("reject_match", {
        "match_id": match, "rationale": "I see another pair"})]), llm.Say("rejected"), ])
    legs = json.loads(book.rows("SELECT legs FROM matches WHERE match_id = ?", match)[0]["legs"])
    rows = Talk(maria, "the large one").settled()["rows"]
    check("an agent takes back what can be taken back", rows[-2]["status"] == "ok", rows[-2])
    mock.on("the large pair", [llm.Say(calls=[llm.Call("propose_match", {
        "bank_ids": [r["entry_id"] for r in legs if r["side"] == "bank"],
        "gl_ids": [r["entry_id"] for r in legs if r["side"] != "bank"],
        "rationale": "same wire"})]), llm.Say("proposed")])
    row = next(r for r in Talk(maria, "the large pair").settled()["rows"] if r["kind"] == "returned")
    proposal = (row.get("result") or {}).get("match_id")
    status, said = maria.post("tools/confirm_match", {"match_id": proposal, "rationale": "mine"})
    check("what her agent proposed she may not confirm, above materiality", status == 403
          and said["reason"] == "SOD_SAME_ACTOR", (status, said))


def denied(mock, maria, book, api):
    match = book.rows("SELECT match_id FROM live_legs WHERE entry_id ="
                      " 'bank-us-operating:OP-0039'")[0]["match_id"]
    mock.on("they are our friends", lambda ask: llm.Say(calls=[llm.Call(
        "confirm_match", {"match_id": match, "rationale": "friends"})]) if ask.steps == 0
        else llm.Say("Refused: " + ask.results[0]["text"]))
    rows = Talk(maria, "they are our friends").settled()["rows"]
    row = next(r for r in rows if r["kind"] == "returned")
    check(f"{api}: a denial stands in the row with its clause", row["status"] == "denied"
          and row["reason"] == "POLICY_BLOCK" and "Brackwater" in row["clause"]
          and row["pointer"] == "/blocked/0", row)
    check(f"{api}: and the model is told the clause", "Brackwater" in last_answer(rows), rows[-1])


def mistakes(mock, maria, api):
    wrong = {
        "cut arguments": (llm.Call("list_matches", '{"limit": 2, "entity_id": "acme', fragments=2),
                          "JSON"),
        "an array": (llm.Call("list_matches", '[1, 2]'), "object"),
        "a twin key": (llm.Call("list_matches", '{"limit": 1, "limit": 2}'), ""),
        "no arguments at all": (llm.Call("list_matches", ""), None),
        "a tool nobody has": (llm.Call("transfer_money", {"to": "me"}), "transfer_money"),
        "a tool not offered": (llm.Call("load_master", {"kind": "accounts"}), "load_master"),
        "an unknown argument": (llm.Call("list_matches", {"as": "human:maria"}), "/as"),
        "a wrong type": (llm.Call("list_matches", {"limit": "many"}), "/limit"),
        "its own idempotency key": (llm.Call("comment_item", {
            "object": "mat_1", "text": "x", "idempotency_key": "mine-to-choose"}), "idempotency_key"),
        "a NUL": (llm.Call("list_matches", '{"q": "a\\u0000b"}'), ""),
        "half a surrogate": (llm.Call("list_matches", '{"q": "\\ud83d"}'), ""),
    }
    for what, (call, hint) in wrong.items():
        words = f"try {what}, {api}"
        told = []

        def script(ask, call=call, told=told):
            if ask.steps == 0:
                return llm.Say("", calls=[call])
            told.append(ask.results)
            return llm.Say("I see.")
        mock.on(words, script)
        rows = Talk(maria, words).settled()["rows"]
        row = next((r for r in rows if r["kind"] == "returned"), {})
        good = last_answer(rows) == "I see." and len(told) == 1
        if hint is not None:
            good = good and row.get("is_error") and hint in told[0][0]["text"]
        check(f"{api}: {what}: the model is told, and the turn goes on", good, (rows, told))


def steps(mock, maria):
    mock.on("round and round", lambda ask: llm.Say(
        f"step {ask.steps}", calls=[llm.Call("workspace_stats", {})]))
    said = Talk(maria, "round and round").settled()
    told = notes(said["rows"])
    check("a loop of tools is stopped by the limit of steps, which is said",
          len(answers(said["rows"])) == 5 and told and told[-1][0] == "steps"
          and "5" in told[-1][1] and not said["session"]["turn_open"], (told, len(said["rows"])))


def large(mock, maria, limit):
    """What the model was given of so many events, and the page's row."""
    words = f"the whole log, {limit}"
    mock.on(words, lambda ask: llm.Say(calls=[llm.Call("query_audit", {"limit": limit})])
            if ask.steps == 0 else llm.Say("read"))
    rows = Talk(maria, words).settled()["rows"]
    given = mock.entries(words)[-1].ask.results[0]["text"]
    return last_answer(rows), given, next(r for r in rows if r["kind"] == "returned")


def a_large_result(mock, maria):
    said, given, row = large(mock, maria, 75)
    check("of a result of 200 kB the model is given what the setting says, and told so",
          said == "read" and 50000 < len(given.encode()) < 62000, len(given))
    check("the page is given all of it", len(json.dumps(row)) > 180000
          and len(row["result"]["events"]) == 75, len(json.dumps(row)))
    said, given, row = large(mock, maria, 500)
    check("a larger one is left to the other screens, which is said", said == "read"
          and row.get("result_left_out") is True and len(json.dumps(row)) < 70000, str(row)[:300])


def cancelling(mock, maria, engine, api):
    hold = llm.Break("hold", 2)
    mock.on("tell me a long story", [llm.Say("word " * 200, breaks=hold)])
    talk = Talk(maria, "tell me a long story")
    stream = talk.follow()
    check(f"{api}: it speaks", hold.reached.wait(10)
          and stream.wait_for(lambda seen: any(e == "text" for e, _ in seen)), stream.seen)
    late = talk.follow()
    check(f"{api}: who comes later is told from the start", late.wait_for(
        lambda seen: any(e == "text" for e, _ in seen)) and late.of("text")[0].get("from_start")
        and late.text() == stream.text(), late.seen)
    status, said = talk.say("meanwhile")
    check(f"{api}: one turn at a time", status == 409, (status, said))
    status, said = talk.do("stop")
    check(f"{api}: stop is taken", status == 202, (status, said))
    rows = talk.settled()["rows"]
    entry = mock.wait(lambda e: e.ended == "left", 5)
    check(f"{api}: the provider is hung up on at once", entry is not None, mock.journal[-1].ended)
    check(f"{api}: what was said so far stays, and that it was stopped", notes(rows)[-1][0]
          == "stopped" and (last_answer(rows) or "word").startswith("word"), rows)
    for s in (stream, late):
        s.close()
    hold.release.set()
    mock.on("go on then", lambda ask: llm.Say("As I said."))
    check(f"{api}: and it can go on", last_answer(talk.ask("go on then")) == "As I said.")
    in_a_tool(mock, talk, engine, api)


def in_a_tool(mock, talk, engine, api):
    mock.on("one more look", [llm.Say(calls=[llm.Call("workspace_stats", {}),
                                             llm.Call("list_matches", {"limit": 1})])])
    engine.process.send_signal(signal.SIGSTOP)
    try:
        talk.say("one more look")
        mock.wait(lambda e: b"one more look" in e.raw and e.ended == "whole", 10)
        stream = talk.follow()
        stream.wait_for(lambda seen: any(e == "call" or d.get("doing") == "tools"
                                         for e, d in seen), 5)
        status, said = talk.do("stop")
        check(f"{api}: stop is taken while a tool works", status == 202, (status, said))
    finally:
        engine.process.send_signal(signal.SIGCONT)
    rows = talk.settled()["rows"]
    stream.close()
    check(f"{api}: then nothing further is asked of the model", notes(rows)[-1][0] == "stopped"
          and answers(rows)[-1] == "", rows[-4:])
    mock.on("and now", lambda ask: llm.Say("Well."))
    check(f"{api}: and what was left open is closed when it goes on",
          last_answer(talk.ask("and now?")) == "Well.", mock.violations())


def trouble(mock, maria, api):
    """{what: (the provider's answers, seconds that it takes at least, a word of the sentence or None
    where the turn comes through)}"""
    ok = llm.Say("Here I am.")
    long = "piece of an answer " * 10
    cases = {
        "429 with Retry-After": ([llm.Fail(429, retry_after=1), ok], 1.0, None),
        "429 without": ([llm.Fail(429), ok], 0, None),
        "529 twice": ([llm.Fail(529), llm.Fail(529), ok], 0, None),
        "500": ([llm.Fail(500), ok], 0, None),
        "503": ([llm.Fail(503, retry_after=0), ok], 0, None),
        "a connection that ends without a word": ([llm.Fail(0), ok], 0, None),
        "a stream cut in the middle": ([llm.Say(long, breaks=llm.Break("cut", 3)), ok], 0, None),
        "a stream that ends too early": ([llm.Say(long, breaks=llm.Break("close", 3)), ok], 0, None),
        "an error in the stream": ([llm.Say(long, breaks=llm.Break("error", 3)), ok], 0, None),
        "a call cut in the middle": ([llm.Say(calls=[llm.Call("workspace_stats", {}, fragments=2)],
                                              breaks=llm.Break("cut", 2, "call")), ok], 0, None),
        "silence": ([llm.Say(long, breaks=llm.Break("silence", 3)), ok], 0.4, None),
        "a slow first byte": ([llm.Say("Here I am.", first=0.3)], 0.3, None),
        "an answer cut by its length": ([llm.Say("Here I am.", stop="length")], 0, None),
        "no end of 529": ([llm.Fail(529)] * 9, 0, "overloaded"),
        "no end of 429": ([llm.Fail(429)] * 9, 0, "limit"),
        "a context that is full": ([llm.Fail(400, context=True)], 0, "long"),
        "400": ([llm.Fail(400)], 0, ""),
        "401": ([llm.Fail(401)], 0, "key"),
        "403": ([llm.Fail(403)], 0, ""),
        "404": ([llm.Fail(404)], 0, "model"),
        "a page that is no stream": ([llm.Fail(200, body=b"<html>Welcome</html>")] * 9, 0, ""),
        "an answer of 500 in HTML": ([llm.Fail(500, body=b"<h1>Oops</h1>")] * 9, 0, ""),
    }
    for what, (script, least, word) in cases.items():
        words = f"{what} ({api})"
        mock.on(words, script)
        began = time.monotonic()
        talk = Talk(maria, words)
        said = talk.settled(60)
        took = time.monotonic() - began
        if word is None:
            check(f"{api}: {what}: it comes through", last_answer(said["rows"]) == "Here I am."
                  and took >= least and not said["session"]["turn_open"], (took, said))
            continue
        told = notes(said["rows"])
        check(f"{api}: {what}: it fails with a sentence", said["session"]["state"] == "FAILED"
              and told and told[-1][0] == "trouble" and word in told[-1][1].lower()
              and told[-1][1].endswith("."), said)
        check(f"{api}: {what}: nobody is asked again without end", len(mock.entries(words)) <= 4
              and (len(mock.entries(words)) == 1) == (len(script) == 1), len(mock.entries(words)))
        mock.on(words, [ok])
        status, answer = talk.do("retry")
        check(f"{api}: {what}: once it is over, trying again goes on", status == 202
              and last_answer(talk.settled()["rows"]) == "Here I am.", (status, answer))


def patience(mock, maria, api):
    """What the provider says of when it may be asked again."""
    at = email.utils.formatdate(time.time() + 2, usegmt=True)
    words = f"wait until then ({api})"
    mock.on(words, [llm.Fail(429, retry_after=at), llm.Say("Thank you.")])
    talk = Talk(maria, words)
    said = talk.settled()
    asked = mock.entries(words)
    check(f"{api}: Retry-After as a date is waited for", last_answer(said["rows"]) == "Thank you."
          and asked[1].at - asked[0].at > 0.9, [e.at for e in asked])
    for long in ("3600", "9" * 40):
        words = f"wait {long} s ({api})"
        mock.on(words, [llm.Fail(429, retry_after=long), llm.Say("An hour later.")])
        talk = Talk(maria, words)
        row = talk.wait(lambda r: r["kind"] == "noted")
        check(f"{api}: {long[:8]} s to wait are said, not spent in silence", row and
              row["text"].endswith(".") and talk.read()["session"]["turn_open"], row)
        talk.do("stop")
        check(f"{api}: and whoever does not want to wait stops it", not
              talk.settled(10)["session"]["turn_open"] and notes(talk.rows())[-1][0] == "stopped")
    for nonsense in ("soon", "-5", "NaN", "1e3"):
        words = f"wait {nonsense} ({api})"
        mock.on(words, [llm.Fail(429, retry_after=nonsense), llm.Say("Thank you.")])
        check(f"{api}: a Retry-After of {nonsense[:8]} holds nobody up", last_answer(
            Talk(maria, words).settled(20)["rows"]) == "Thank you.")


def hostile(mock, maria, api):
    """A provider that is broken, or somebody else: nothing it sends hurts, and the talk goes on."""
    event_stream = {"Content-Type": "text/event-stream"}
    with llm.Provider() as elsewhere:
        cases = {
            "two calls of one id": llm.Say(calls=[llm.Call("workspace_stats", {}, id="same"),
                                                  llm.Call("list_matches", {}, id="same")]),
            "an empty id": llm.Say(calls=[llm.Call("workspace_stats", {}, id=" ")]),
            "an id with markup": llm.Say(calls=[llm.Call("workspace_stats", {},
                                                         id='"><script>\r\nX: y')]),
            "an id of 4 kB": llm.Say(calls=[llm.Call("workspace_stats", {}, id="i" * 4096)]),
            "a name of 10 kB": llm.Say(calls=[llm.Call("n" * 10240, {})]),
            "a name with a line break": llm.Say(calls=[llm.Call("list_matches\r\nX-Actor-Id: m", {})]),
            "no name": llm.Say(calls=[llm.Call("", {})]),
            "a name that looks like another": llm.Say(calls=[llm.Call("list_matche\u0455", {},
                                                                      ascii=False)]),
            "100 calls": llm.Say(calls=[llm.Call("workspace_stats", {}, fragments=1)
                                        for _ in range(100)]),
            "deep arguments": llm.Say(calls=[llm.Call("list_matches", '{"q":' + "[" * 100000)]),
            "2 MB of arguments": llm.Say(calls=[llm.Call("list_matches", {"q": "x" * (2 << 20)})]),
            "2 MB of text": llm.Say("text and " * (2 << 17), chunk=4096),
            "an event of 2 MB": llm.Say("x" * (2 << 20), chunk=2 << 20),
            "a redirect": llm.Fail(302, headers={"Location": elsewhere.url + "/v1/messages"},
                                   body=b""),
            "events that are no JSON": llm.Fail(200, headers=event_stream,
                                                body=b"event: x\ndata: {]\n\ndata: nonsense\n\n"),
            "events of nothing": llm.Fail(200, headers=event_stream, body=b"\n\n\n: hello\n\n"),
            "bytes that are no text": llm.Fail(200, headers=event_stream,
                                               body=b"data: \xff\xfe\x00{\xc3\x28}\n\n" * 100),
            "JSON that is no event": llm.Fail(200, headers=event_stream,
                                              body=b'data: []\n\ndata: {"choices":5}\n\n'
                                              b'data: {"type":"content_block_delta","index":99999,'
                                              b'"delta":{"type":"text_delta","text":5}}\n\n'),
            "an answer that is no stream": llm.Fail(200, headers={"Content-Type": "application/json"},
                                                    body=b'{"content":[]}'),
            "a status nobody has": llm.Fail(418, body=b"{}"),
        }
        for what, turn in cases.items():
            words = f"hostile: {what} ({api})"
            mock.on(words, lambda ask, turn=turn: turn if ask.steps == 0 else llm.Say("on I go"))
            talk = Talk(maria, words)
            said = talk.settled(60)
            fine = (last_answer(said["rows"]) or "").startswith(("on I go", "text and", "xxx"))
            failed = said["session"]["state"] == "FAILED" and notes(said["rows"])
            check(f"{api}: {what}: the turn ends, and is well", not said["session"]["turn_open"]
                  and (fine or failed), str(said)[:400])
        check(f"{api}: a redirect is not followed", elsewhere.journal == [], elsewhere.journal)
    mock.on("after all that", lambda ask: llm.Say("I am here."))
    check(f"{api}: and the next one comes through", last_answer(Talk(maria, "after all that")
          .settled()["rows"]) == "I am here.")


def local_servers(engine, binary):
    """What servers make of OpenAI's API that are none of OpenAI's: no key, no usage, other ends."""
    habits = {"calls in one piece": ["whole calls"], "no usage": ["no usage"], "no [DONE]": ["no done"],
              "stop where calls are": ["stop for calls"], "a reply until it closes": ["until close"],
              "all of it, with comments and CRLF": ["whole calls", "no usage", "no done",
                                                    "stop for calls", "until close", "comments",
                                                    "crlf"]}
    with llm.Provider(keys=None) as mock:
        with agents.serving(engine, binary, env=mock.settings(llm.OPENAI)) as agent:
            maria = agents.Person(agent, "maria")
            for what, quirks in habits.items():
                mock.on(what, lambda ask, quirks=quirks: llm.Say("Let me see.", quirks=quirks, calls=[
                    llm.Call("workspace_stats", {}), llm.Call("list_matches", {"limit": 1})])
                    if ask.steps == 0 else llm.Say("Seen: %d." % len(ask.results), quirks=quirks))
                rows = Talk(maria, "a local server: " + what).settled()["rows"]
                check(f"a local server with {what}: it comes through", last_answer(rows)
                      == "Seen: 2." and not any(r.get("is_error") for r in rows), rows)
            check("none of them is sent a key", all("authorization" not in e.headers
                  for e in mock.entries()) and mock.violations() == [], mock.violations())


def summarised(mock, maria):
    """A conversation that grows past the setting is summarised by the model, and goes on."""
    def script(ask):
        if not ask.tools:
            return llm.Say("SUMMARY: the code word is aardvark.")
        return llm.Say("Yes: " + "/".join(m["text"] for m in ask.messages)[-3000:],
                       usage={"input": 7000, "output": 10})
    mock.on("code word", script)
    talk = Talk(maria, "the code word is aardvark")
    talk.settled()
    rows = talk.ask("what was the code word?")
    check("a conversation that has grown long is summarised before it goes on",
          [r["kind"] for r in rows if r["kind"] != "noted"]
          == ["said", "answered", "said", "summed", "answered"]
          and "SUMMARY: the code word is aardvark." in last_answer(rows)
          and "what was the code word?" in last_answer(rows), rows)
    asked = [e.ask for e in mock.entries("code word")]
    check("by a question without tools, with the transcript as text", len(asked) == 3
          and "the code word is aardvark" in asked[1].said and not asked[1].tools
          and "Yes: " not in asked[2].said, [a.said[:200] for a in asked])
    script = [llm.Say("It is well."), llm.Fail(400, context=True), llm.Say("SUMMARY: all is well."),
              llm.Say("As it was: well.")]
    for words in ("how full", "Person:"):
        mock.on(words, lambda ask: script.pop(0))
    talk = Talk(maria, "how full is it")
    talk.settled()
    rows = talk.ask("how full is it now")
    check("and when the provider says that it is too long", last_answer(rows) == "As it was: well."
          and "summed" in [r["kind"] for r in rows], rows)


def refused_softly(mock, maria, api):
    mock.on("do the forbidden", lambda ask: llm.Say("I will not.", stop="refused"))
    said = Talk(maria, "do the forbidden").settled()
    check(f"{api}: a refusal of the model ends the turn and is shown", not
          said["session"]["turn_open"] and "I will not." in answers(said["rows"]), said)
    mock.on("say nothing", lambda ask: llm.Say(""))
    said = Talk(maria, "say nothing").settled()
    check(f"{api}: an answer without a word ends the turn", not said["session"]["turn_open"], said)
    mock.on("after nothing", lambda ask: llm.Say("fine"))


def secrets(mock, maria, planted, api):
    """Account numbers in memos and in what people write."""
    def read(ask):
        if ask.steps == 0:
            return llm.Say(calls=[llm.Call("investigate_exception", {"entry_id": e})
                                  for e in planted])
        return llm.Say("Read " + "; ".join(r["text"][:4000] for r in ask.results))
    words = f"read the memos ({api})"
    mock.on(words, read)
    talk = Talk(maria, words + f" of IBAN {IBAN} and card 4111 1111 1111 1111, account {ACCOUNT}")
    rows = talk.settled()["rows"]
    sent = mock.entries(words)
    check(f"{api}: the memos came to the model", len(sent) == 2 and "ORCHARD" in last_answer(rows)
          and "3000" in last_answer(rows), rows[-1])
    check(f"{api}: without the account numbers, nor those the person wrote", leaked(sent) == [],
          leaked(sent))
    return talk


def whose(mock, agent, maria):
    sam, nobody = agents.Person(agent, "sam"), agents.Person(agent)
    mock.on("mine alone", lambda ask: llm.Say("Yours."))
    talk = Talk(maria, "mine alone")
    talk.settled()
    routes = [("GET", talk.path), ("GET", talk.path + "/events"), ("GET", talk.path + "/export"),
              ("POST", talk.path + "/messages"), ("POST", talk.path + "/stop"),
              ("POST", talk.path + "/retry"), ("POST", talk.path + "/end")]
    for method, path in routes:
        body = {"text": "hello"} if path.endswith("/messages") else ({} if method == "POST" else None)
        status, _, said = sam.ask(method, "/api/v1/" + path, body)
        check(f"{method} of somebody else's {path.rsplit('/', 1)[1][:8]} is 404", status == 404,
              (status, said))
        status, _, said = nobody.ask(method, "/api/v1/" + path, body)
        check("signed out it is 401", status == 401, (status, said))
    check("it is in nobody else's list", talk.session_id not in json.dumps(
        sam.get("chat/sessions?limit=100")[1]))
    for path in ("chat", "chat/sessions", "chat/tools"):
        check(f"GET {path} is for who is signed in", nobody.get(path)[0] == 401)
    for what, head in (("without the token", {"X-CSRF-Token": None}),
                       ("with another's", {"X-CSRF-Token": sam.csrf}),
                       ("from elsewhere", {"Origin": "https://evil.example"})):
        for path, body in (("chat/sessions", {"text": "mine alone"}),
                           (talk.path + "/messages", {"text": "mine alone"}), (talk.path + "/end", {}),
                           ("chat/tools/list_matches/accept", {"sha256": "0" * 64})):
            status, _, said = maria.ask("POST", "/api/v1/" + path, body, headers=head)
            check(f"POST {path.split('/')[-1]} {what} is refused", status == 403
                  and said["error"] == "csrf", (status, said))
    status, said = maria.post("chat/sessions", {"text": "mine alone", "entity_id": "no-such"})
    check("an entity that is not there is refused", status in (404, 422), (status, said))
    for what, body in {"nothing": {"text": ""}, "blanks": {"text": " \n"}, "no text": {},
                       "a number": {"text": 5}, "a NUL": b'{"text":"\\u0000"}',
                       "too much": {"text": "x" * 300000},
                       "another's name": {"text": "mine alone", "actor": "human:sam"},
                       "a principal": {"text": "mine alone", "principal_id": "prn_1"}}.items():
        for path in ("chat/sessions", talk.path + "/messages"):
            status, said = maria.post(path, body)
            check(f"{what} is no message ({path.split('/')[-1]})", status in (413, 422),
                  (status, said))
    for bad in ("ses_nobody", "..%2F..%2Fme", "a" * 300, "%00", "ses_%27%20OR%201=1"):
        status, _ = maria.get(f"chat/sessions/{bad}")
        check(f"there is no session {bad[:20]}", status in (400, 404, 422), status)
    check("it ends", talk.do("end")[0] == 202 and talk.read()["session"]["state"] == "ENDED")
    status, said = talk.say("mine alone")
    check("and then takes no more", status == 409, (status, said))


def side_by_side(mock, agent, book):
    """Many at once, of several people: nobody's words or calls are another's."""
    match = book.rows("SELECT match_id FROM matches ORDER BY match_id LIMIT 1")[0]["match_id"]

    def script(ask):
        if ask.steps < 2:
            return llm.Say(f"{ask.said} {ask.steps}", chunk=3, delay=0.002, calls=[
                llm.Call("comment_item", {"object": match, "text": f"{ask.said} {ask.steps}"}),
                llm.Call("workspace_stats", {})])
        return llm.Say("end of " + ask.said)
    mock.on("beside", script)
    people = [agents.Person(agent, name) for name in agents.PEOPLE]
    talks = [Talk(people[i % 3], f"beside {i:03}") for i in range(30)]
    wrong = []
    for i, talk in enumerate(talks):
        rows = talk.settled(60)["rows"]
        made = book.rows("SELECT author FROM comments WHERE text LIKE ?", f"beside {i:03} %")
        if (last_answer(rows) != f"end of beside {i:03}" or len(made) != 2
                or {r["author"] for r in made} != {"llm:chat." + talk.session_id}):
            wrong.append((i, last_answer(rows), [dict(r) for r in made]))
    check("30 conversations at once keep apart, in words and in the book", not wrong, wrong[:3])
    talk, said = talks[0], []
    mock.on("all at once", lambda ask: llm.Say("one of them", delay=0.05, chunk=3))
    threads = [threading.Thread(target=lambda: said.append(talk.say("all at once")[0]))
               for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    talk.settled()
    check("of six windows that speak at once one is heard, the others are told", sorted(said)
          == [202] + [409] * 5, said)


def windows(mock, agent):
    sam, again = agents.Person(agent, "sam"), agents.Person(agent, "sam")
    hold = llm.Break("hold", 1)
    mock.on("look on", [llm.Say("slowly " * 20, breaks=hold)])
    talk = Talk(sam, "look on")
    hold.reached.wait(10)
    streams = [talk.follow() for _ in range(20)]
    opened = [s for s in streams if s.status == 200]
    check("a person has some windows on a conversation, and not any number",
          8 <= len(opened) < 20 and {s.status for s in streams} == {200, 503}, len(opened))
    again.post("logout", {})
    sam.post("logout", {})
    check("the streams end with who signs out", all(s.ended.wait(5) for s in opened))
    hold.release.set()
    sam.sign_in("sam")
    rows = talk.settled()["rows"]
    check("and the turn goes on without them", (last_answer(rows) or "").startswith("slowly"), rows)


def switched_off(mock, agent, book):
    """The engine's kill switch, and a person who is disabled, hold for conversations under way."""
    match = book.rows("SELECT match_id FROM matches ORDER BY match_id LIMIT 1")[0]["match_id"]

    def note(text):
        mock.on(text, lambda ask: llm.Say(calls=[llm.Call("comment_item", {
            "object": match, "text": text})]) if ask.steps == 0 else llm.Say("I tried."))
    sam = agents.Person(agent, "sam")
    note("before the freeze")
    talk = Talk(sam, "before the freeze")
    talk.settled()
    book.cli("freeze", "--kind", "llm", "--reason", "drill", check=True)
    note("while frozen")
    row = next(r for r in reversed(talk.ask("while frozen")) if r["kind"] == "returned")
    check("the kill switch stops a conversation's changes, with its clause", row["status"] == "denied"
          and row["reason"] == "FROZEN" and row["clause"], row)
    for freeze in book.rows("SELECT freeze_id FROM freezes"):
        book.cli("thaw", freeze["freeze_id"], check=True)
    hold = llm.Break("hold", 1)
    mock.on("when disabled", [llm.Say("soon " * 3, breaks=hold, calls=[llm.Call("comment_item", {
        "object": match, "text": "when disabled"})]), llm.Say("I tried.")])
    talk.say("when disabled")
    hold.reached.wait(10)
    book.cli("actor", "disable", "sam", check=True)
    hold.release.set()
    lib.wait_until(lambda: not any(r["turn_open"] for r in turns(agent, talk)), 20)
    check("for a person who was disabled meanwhile nothing is done any more", book.rows(
        "SELECT * FROM comments WHERE text = 'when disabled'") == []
        and not turns(agent, talk)[0]["turn_open"], [dict(r) for r in turns(agent, talk)])
    book.cli("actor", "enable", "sam", check=True)


def turns(agent, talk):
    """Its row of agent.db."""
    db = sqlite3.connect(f"file:{agent.folder}/agent.db?mode=ro", uri=True, timeout=10)
    db.row_factory = sqlite3.Row
    rows = db.execute("SELECT * FROM agent_sessions WHERE session_id = ?",
                      (talk.session_id,)).fetchall()
    db.close()
    return rows


def trace(mock, agent, talk, api):
    """The export is what happened."""
    exported, data = talk.export()
    kinds = [r["kind"] for r in exported]
    check(f"{api}: every step is in the export, in order", kinds[:2] == ["said", "asked"]
          and kinds[2] == "answered" and kinds.count("calling") == kinds.count("returned")
          == len(MEMOS) and kinds[-2:] == ["asked", "answered"]
          and [r["n"] for r in exported] == list(range(exported[0]["n"], exported[0]["n"]
                                                       + len(exported))), kinds)
    asked = [r for r in exported if r["kind"] == "asked"]
    sent = mock.entries("read the memos (" + api)
    check(f"{api}: with the digest and size of each request, as the provider got it",
          [(r["request_sha256"], r["bytes"]) for r in asked]
          == [(hashlib.sha256(e.raw).hexdigest(), len(e.raw)) for e in sent], asked)
    calling = [r for r in exported if r["kind"] == "calling"]
    check(f"{api}: each call with its arguments, written before it went out",
          [r["arguments"] for r in calling] == [{"entry_id": f"bank-us-operating:P-{i}"}
                                                for i in range(len(MEMOS))]
          and all("idempotency_key" not in r for r in calling), calling)
    answered = exported[-1]
    check(f"{api}: an answer has its model, its tokens, its time and what it was asked with",
          answered["model"] == llm.MODEL and answered["output_tokens"] > 0
          and answered["latency_us"] > 0, answered)
    db = sqlite3.connect(f"file:{agent.folder}/agent.db?mode=ro", uri=True)
    digests = {r.get("system_sha256") for r in exported} - {None}
    kept = dict(db.execute("SELECT sha256, text FROM agent_prompts").fetchall())
    db.close()
    check(f"{api}: and the system prompt is kept by its digest", len(digests) >= 1 and all(
        hashlib.sha256(kept[d].encode()).hexdigest() == d for d in digests)
        and sent[0].ask.system in kept.values(), digests)
    code, text = agent.cli("traces", "export", "--session", talk.session_id)
    check(f"{api}: the command line exports the same, byte for byte", code == 0
          and text.encode().startswith(data) and len(text.encode()) < len(data) + 20, text[-300:])


def secret_nowhere(book, agent, maria, mock, api):
    """The provider's key is in no file, no log, no reply."""
    key = mock.keys[api].encode()
    places = [("the log", open(agent.log, "rb").read()), ("the engine's log", open(
        os.path.join(book.dir, "engine.log"), "rb").read())]
    for folder in (agent.folder, book.data):
        for name in os.listdir(folder):
            if os.path.isfile(os.path.join(folder, name)):
                with open(os.path.join(folder, name), "rb") as f:
                    places.append((name, f.read()))
    for path in ("chat", "chat/tools", "chat/sessions?limit=100", "session", "health", "stats"):
        places.append((path, json.dumps(maria.get(path)[1]).encode()))
    places.append(("its command line", open(f"/proc/{agent.process.pid}/cmdline", "rb").read()))
    for words in (("status",), ("doctor",), ("traces", "list"), ("traces", "export")):
        places.append((" ".join(words), agent.cli(*words)[1].encode()))
    _, _, metrics = agents.exchange(agent.port, "GET", "/metrics")
    places.append(("metrics", metrics))
    check(f"{api}: the key is in none of {len(places)} places", not [
        name for name, data in places if key in data or key[8:] in data],
        [name for name, data in places if key in data])


def pins(mock, agent, maria):
    sam = agents.Person(agent, "sam")
    status, said = maria.get("chat/tools")
    states = {t["name"]: t for t in said["tools"]}
    check("what is offered is listed, with digests", status == 200
          and states["list_matches"]["state"] == "offered" and len(states["list_matches"]["sha256"])
          == 64, (status, str(said)[:300]))
    db = sqlite3.connect(os.path.join(agent.folder, "agent.db"), timeout=10)
    db.execute("UPDATE tool_pins SET sha256 = ?, definition = '{}' WHERE name = 'list_matches'",
               ("0" * 64,))
    db.commit()
    db.close()
    agent.stop()
    agent.start()
    maria.sign_in("maria")
    sam.sign_in("sam")
    mock.on("which tools", lambda ask: llm.Say(",".join(ask.tools)))

    def offered():
        return last_answer(Talk(maria, "which tools").settled()["rows"]).split(",")
    check("a definition that is not the accepted one is withheld", "list_matches" not in offered()
          and "query_audit" in offered())
    row = next(t for t in maria.get("chat/tools")[1]["tools"] if t["name"] == "list_matches")
    check("and shown beside the accepted one", row["state"] == "changed"
          and row["accepted_definition"] == {} and row["definition"]["name"] == "list_matches", row)
    mock.on("call it all the same", [llm.Say(calls=[llm.Call("list_matches", {})]), llm.Say("no")])
    rows = Talk(maria, "call it all the same").settled()["rows"]
    check("what is withheld is not called", next(r for r in rows if r["kind"] == "returned")
          ["is_error"], rows)
    path, right = "chat/tools/list_matches/accept", {"sha256": row["sha256"]}
    check("an accountant accepts no tools", sam.post(path, right)[0] == 403, sam.post(path, right))
    check("nor does anybody another than was shown", maria.post(path, {"sha256": "1" * 64})[0] == 409)
    check("there is no tool of another name", maria.post("chat/tools/nothing/accept", right)[0] == 404)
    status, said = maria.post(path, right)
    check("a controller accepts what was shown", status == 200, (status, said))
    row = next(t for t in maria.get("chat/tools")[1]["tools"] if t["name"] == "list_matches")
    check("and it is offered again, with who accepted it", "list_matches" in offered()
          and row["state"] == "offered" and row["accepted_by"] and row["accepted_at"], row)


def front(mock, maria, api):
    status, said = maria.get("chat")
    check(f"{api}: the Chat says what it talks to", status == 200 and said["configured"] is True
          and said["model"] == llm.MODEL and said["api"] == api and len(said["suggestions"]) >= 3
          and said["tools"]["offered"] > 10, (status, said))
    spent = said["spent"]
    check(f"{api}: and what was spent, as decimals", spent["person_day"]["tokens"] > 0
          and float(spent["day"]["cost"]) > 0 and spent["day"]["cost_max"] is None, spent)


def one(api, engine, binary, mock, planted):
    book = engine.book
    env = mock.settings(api, backoff_ms=20, attempts=4, idle_ms=500, steps=5, context_tokens=5000,
                        **PRICES)
    with agents.serving(engine, binary, env=env) as agent:
        maria = agents.Person(agent, "maria")
        files = len(os.listdir(f"/proc/{agent.process.pid}/fd"))
        streaming(mock, maria, api)
        tools(mock, maria, api)
        handed_over(mock, maria, book, api)
        denied(mock, maria, book, api)
        mistakes(mock, maria, api)
        cancelling(mock, maria, engine, api)
        refused_softly(mock, maria, api)
        talk = secrets(mock, maria, planted, api)
        trace(mock, agent, talk, api)
        front(mock, maria, api)
        trouble(mock, maria, api)
        patience(mock, maria, api)
        hostile(mock, maria, api)
        left = lib.wait_until(lambda: (n := len(os.listdir(f"/proc/{agent.process.pid}/fd")))
                              < files + 30 and n, 10)
        check(f"{api}: after all that few connections are open", left, (files, left))
        if api == llm.ANTHROPIC:
            steps(mock, maria)
            summarised(mock, maria)
            a_large_result(mock, maria)
            not_its_own(mock, maria, book)
            whose(mock, agent, maria)
            side_by_side(mock, agent, book)
            windows(mock, agent)
            switched_off(mock, agent, book)
            pins(mock, agent, maria)
        secret_nowhere(book, agent, maria, mock, api)
    check(f"{api}: every request was as the provider wants it", mock.violations() == [],
          mock.violations()[:3])
    check(f"{api}: in all of them no account number", leaked(
        [e for e in mock.entries() if e.body]) == [])
    mock.clear()


def main():
    engine_binary, binary = agents.given()
    book = lib.Book(engine_binary)
    with lib.serving(book, ["recon"]) as engine, llm.Provider() as mock:
        engine.stop()
        planted = plant(book)
        check("account numbers are in the book", IBAN in book.rows(
            "SELECT memo FROM entries WHERE entry_id = ?", planted[0])[0]["memo"])
        engine.start()
        for api in BOTH:
            one(api, engine, binary, mock, planted)
        local_servers(engine, binary)
        engine.stop()
        check("the chain is intact", *lib.chain_is_intact(book))
        with open(os.path.join(book.dir, "agent.log"), encoding="utf-8", errors="replace") as f:
            odd = [line for line in f if "another shape" in line]
        check("no answer had another shape than screens expect", odd == [], odd[:3])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
