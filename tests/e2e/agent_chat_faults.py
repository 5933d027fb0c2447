#!/usr/bin/env python3
"""The Chat of closegate-agent when something dies: the agent killed with -9 in the middle of a tool
call and in the middle of an answer, the engine that is down or hangs, a clean stop in the middle,
budgets that are used up, settings that are refused at start. What was begun goes on once, nothing is
done twice. Prints TAP. Usage: agent_chat_faults.py [--engine PATH] [--agent PATH]"""
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import engine as lib  # noqa: E402
import llm  # noqa: E402
from between import Between  # noqa: E402
from talk import Talk, answers, last_answer, notes  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
PRICES = dict(price_input="3.00", price_output="15.00")


def again(talk, name="maria"):
    """The same conversation after a restart of the agent, which her cookie outlives."""
    status, said = talk.person.get("session")
    if status != 200 or not said["signed_in"]:
        talk.person.sign_in(name)
    return talk


def comments(book, text):
    return book.rows("SELECT comments.*, (SELECT count(*) FROM audit_events WHERE event LIKE '%' ||"
                     " comment_id || '%') AS events FROM comments WHERE text = ?", text)


def a_match(book):
    return book.rows("SELECT match_id FROM matches ORDER BY match_id LIMIT 1")[0]["match_id"]


def commenting(mock, book, words, n=1):
    """A model that comments n times at once, then says what came of it."""
    calls = [llm.Call("comment_item", {"object": a_match(book), "text": f"{words} {i}"},
                      id=f"call_{i}_{os.urandom(4).hex()}") for i in range(n)]
    mock.on(words, lambda ask: llm.Say("I note it.", calls=calls) if ask.steps == 0 else
            llm.Say("noted: " + " ".join(r["text"] for r in ask.results)))


def calling(agent, talk):
    """Calls of it that are on record and have no result yet."""
    db = sqlite3.connect(f"file:{agent.folder}/agent.db?mode=ro", uri=True, timeout=10)
    rows = db.execute("SELECT kind, body FROM agent_traces WHERE session_id = ? ORDER BY n",
                      (talk.session_id,)).fetchall()
    db.close()
    done = {json.loads(b)["call_id"] for kind, b in rows if kind == "returned"}
    return [json.loads(b) for kind, b in rows if kind == "calling"
            and json.loads(b)["call_id"] not in done]


def in_a_call(mock, agent, between, engine, book, maria, reached):
    """Killed while a change is under way; the engine does it (reached) or never hears of it."""
    words = f"killed in a call, {'done' if reached else 'not done'}"
    mock.on("hello", lambda ask: llm.Say("hi"))
    Talk(maria, "hello").settled()  # the tools are known by now
    commenting(mock, book, words, 2)
    if reached:
        between.hold("comment_item")
    else:
        engine.process.send_signal(signal.SIGSTOP)
    talk = Talk(maria, words)
    check(f"{words}: the call is on record before its outcome is known",
          lib.wait_until(lambda: calling(agent, talk), 10), calling(agent, talk))
    if reached:
        check(f"{words}: the engine has done it, and nobody was told", between.held.wait(10)
              and len(comments(book, words + " 0")) == 1, len(comments(book, words + " 0")))
    agent.kill()
    between.let_go()
    if not reached:
        engine.kill()
        engine.start()
    agent.start()
    said = again(talk).settled(60)
    rows = said["rows"]
    check(f"{words}: after the restart the turn goes on to its end", (last_answer(rows) or "")
          .startswith("noted:") and not said["session"]["turn_open"], said)
    for i in range(2):
        found = comments(book, f"{words} {i}")
        check(f"{words}: comment {i} stands once, by one event", len(found) == 1
              and found[0]["events"] == 1, [dict(r) for r in found])
    check(f"{words}: it says that it was resumed", "resumed" in [w for w, _ in notes(rows)],
          notes(rows))
    returned = [r for r in rows if r["kind"] == "returned"]
    check(f"{words}: each call has one result, and it is ok", [r["status"] for r in returned]
          == ["ok", "ok"], returned)
    made = [r for r in talk.export()[0] if r["kind"] == "calling"]
    check(f"{words}: each call under one key of its own", {r["call_id"] for r in made}
          == {r["call_id"] for r in returned} and len({r["idempotency_key"] for r in made}) == 2, made)


def in_one_that_only_reads(mock, agent, between, maria):
    mock.on("look again", lambda ask: llm.Say(calls=[llm.Call("workspace_stats", {})])
            if ask.steps == 0 else llm.Say("seen " + str(len(ask.results))))
    between.hold('"tools/call"')
    talk = Talk(maria, "look again")
    check("a call that only reads is under way", between.held.wait(10))
    agent.kill()
    between.let_go()
    agent.start()
    rows = again(talk).settled(60)["rows"]
    check("killed in it, it is simply read again", last_answer(rows) == "seen 1", rows)


def in_an_answer(mock, agent, maria, stop):
    words = f"{stop} in an answer"
    hold = llm.Break("hold", 3)
    mock.on(words, [llm.Say("piece by piece " * 20, breaks=hold), llm.Say("from the start again")])
    talk = Talk(maria, words)
    hold.reached.wait(10)
    if stop == "killed":
        agent.kill()
    else:
        began = time.monotonic()
        check("a clean stop does not wait for the model", agent.stop() == 0
              and time.monotonic() - began < 10, time.monotonic() - began)
    hold.release.set()
    agent.start()
    rows = again(talk).settled(30)["rows"]
    check(f"{words}: it is asked again, and the answer is one", last_answer(rows)
          == "from the start again" and len(answers(rows)) == 1, rows)
    check(f"{words}: by two requests of the same question", len({
        e.raw for e in mock.entries(words)}) == 1 and len(mock.entries(words)) == 2,
        len(mock.entries(words)))


def killed_often(mock, agent, book, maria, rounds):
    """Wherever it dies: a conversation of several changes ends with each done once."""
    words = "killed anywhere"
    match = a_match(book)

    def script(ask):
        if ask.steps < 4:
            return llm.Say("on", delay=0.01, chunk=1, calls=[llm.Call("comment_item", {
                "object": match, "text": f"{ask.said} {ask.steps}"}, id=f"c{ask.steps}")])
        return llm.Say("all said")
    mock.on(words, script)
    wrong = []
    for i in range(rounds):
        talk = Talk(maria, f"{words} {i}:")
        time.sleep(0.013 * i)
        agent.kill()
        agent.start()
        rows = again(talk).settled(60)["rows"]
        counts = [len(comments(book, f"{words} {i}: {step}")) for step in range(4)]
        if counts != [1] * 4 or last_answer(rows) != "all said":
            wrong.append((i, counts, last_answer(rows), notes(rows)))
    check(f"killed at {rounds} different moments: everything is done once, and told", not wrong,
          wrong[:2])


def engine_down(mock, agent, engine, book, maria):
    commenting(mock, book, "while it is down")
    talk = Talk(maria, "hello")
    talk.settled()
    engine.kill()
    began = time.monotonic()
    talk.say("while it is down")
    said = talk.settled(90)
    rows = said["rows"]
    returned = [r for r in rows if r["kind"] == "returned"]
    check("with the engine down the person, or the model, is told so in a sentence",
          not said["session"]["turn_open"] and ((returned and returned[-1]["is_error"])
          or notes(rows)) and time.monotonic() - began < 80, said)
    status, said = maria.get("chat/sessions")
    check("and the list of conversations is there all the same", status == 200, (status, said))
    engine.start()
    mock.on("and now", lambda ask: llm.Say("better"))
    check("when it is back it goes on", last_answer(talk.ask("and now?")) == "better",
          mock.violations())
    engine.process.send_signal(signal.SIGSTOP)
    commenting(mock, book, "while it hangs")
    talk.say("while it hangs")
    time.sleep(3)
    began = time.monotonic()
    front = [maria.ask("GET", path)[0] for path in ("/api/v1/chat/sessions", "/healthz")]
    check("an engine that hangs in a call holds nobody else up", front == [200, 200]
          and time.monotonic() - began < 2, (front, time.monotonic() - began))
    engine.process.send_signal(signal.SIGCONT)
    said = talk.settled(90)
    check("and the call is done once", len(comments(book, "while it hangs 0")) == 1
          and not said["session"]["turn_open"], said)


def budgets(engine, binary, mock):
    mock.on("spend", lambda ask: llm.Say("", usage={"input": 600, "output": 100}, calls=[
        llm.Call("workspace_stats", {})]))
    mock.on("a little", lambda ask: llm.Say("ok", usage={"input": 10, "output": 10}))
    sentences = {}
    for what, more in {
            "tokens_per_session": {"tokens_per_session": 1000},
            "tokens_per_person_day": {"tokens_per_person_day": None},
            "tokens_per_day": {"tokens_per_day": None},
            "cost_per_session": {"cost_per_session": "0.006"},
            "cost_per_person_day": {"cost_per_person_day": None},
            "cost_per_day": {"cost_per_day": None}}.items():
        with agents.serving(engine, binary, env=mock.settings(**PRICES)) as agent:
            spent = agents.Person(agent, "sam").get("chat")[1]["spent"]
        scope = "day" if what.endswith("_day") and "person" not in what else "person_day"
        if "person" in what or what.endswith("_per_day"):
            used = spent[scope]
            more = {what: str(round(float(used["cost"]) + 0.006, 6)) if what.startswith("cost")
                    else int(used["tokens"]) + 1000}
        env = mock.settings(steps=50, **PRICES, **more)
        with agents.serving(engine, binary, env=env) as agent:
            sam = agents.Person(agent, "sam")
            mock.clear()
            talk = Talk(sam, "spend")
            rows = talk.settled()["rows"]
            told = notes(rows)
            check(f"{what}: the turn stops with a sentence when it is used up", told
                  and told[-1][0] == "budget" and told[-1][1].endswith(".")
                  and len(mock.entries("spend")) == 2, (len(mock.entries("spend")), told))
            sentences[what] = told[-1][1] if told else None
            talk.say("a little")
            rows = talk.settled()["rows"]
            check(f"{what}: nothing more is asked of the provider", len(mock.entries("a little")) == 0
                  and notes(rows)[-1][0] == "budget", rows[-2:])
            elsewhere = last_answer(Talk(sam, "a little").settled()["rows"])
            check(f"{what}: another conversation of the same person "
                  + ("goes on" if "session" in what else "neither"),
                  (elsewhere == "ok") == ("session" in what), elsewhere)
            robin = agents.Person(agent, "demo-user")
            other = last_answer(Talk(robin, "a little").settled()["rows"])
            check(f"{what}: another person's " + ("neither" if scope == "day" else "goes on"),
                  (other == "ok") == (scope != "day"), other)
    check("each says which of them it was", len(set(sentences.values())) == len(sentences), sentences)


def refused_at_start(engine, binary, mock):
    def start(**env):
        agent = agents.Agent(binary, engine, env=env)
        try:
            done = subprocess.run([binary, "serve"], env=agent.env, cwd=lib.ROOT, timeout=10,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
            return done.returncode, done.stdout.decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            return None, "it runs"
    good = mock.settings()
    key = llm.KEYS[llm.ANTHROPIC]
    for what, env, word in (
            ("in prod a key without a model", {
                **{k: v for k, v in good.items() if k != "CLOSEGATE_AGENT_MODEL"},
                "CLOSEGATE_ENV": "prod", "CLOSEGATE_AGENT_AUTH_BACKEND": "oidc",
                "CLOSEGATE_WORKSPACE_URL": "https://c.example",
                "CLOSEGATE_OIDC_ISSUER": "https://idp.example",
                "CLOSEGATE_OIDC_CLIENT_ID": "c"}, "CLOSEGATE_AGENT_MODEL"),
            ("an API nobody speaks", {**good, "CLOSEGATE_LLM_API": "telepathy"},
             "CLOSEGATE_LLM_API"),
            ("an address that is none", {**good, "CLOSEGATE_LLM_BASE_URL": "ftp://x"},
             "CLOSEGATE_LLM_BASE_URL"),
            ("a user in the address", {**good, "CLOSEGATE_LLM_BASE_URL": "http://a:b@127.0.0.1"},
             "CLOSEGATE_LLM_BASE_URL"),
            ("two keys and no word of which", {**{k: v for k, v in good.items()
             if k != "CLOSEGATE_LLM_API"}, "OPENAI_API_KEY": "sk-other"}, "CLOSEGATE_LLM_API"),
            ("a limit of cost without prices", {**good, "CLOSEGATE_LLM_COST_PER_DAY": "5.00"},
             "CLOSEGATE_LLM_PRICE"),
            ("a tool list with a setting nobody knows", {**good, "CLOSEGATE_LLM_NONSENSE": "1"},
             "CLOSEGATE_LLM_NONSENSE"),
            ("a file of patterns that is not there", {**good, "CLOSEGATE_LLM_REDACT": "/no/such"},
             "/no/such")):
        code, text = start(**env)
        check(f"refused at start: {what}, by name", code not in (0, None) and word in text
              and key not in text, (code, text))


def doctor(engine, binary, mock):
    """What the command line says of the provider before anybody chats."""
    def said(api, **env):
        agent = agents.Agent(binary, engine, env={**mock.settings(api), **env})
        _, text = agent.cli("doctor")
        key = mock.keys[api]
        row = next(r for r in json.loads(text) if "model" in r["check"])
        return row, key in text or env.get("ANTHROPIC_API_KEY", key) in text
    for api in (llm.ANTHROPIC, llm.OPENAI):
        row, leaked = said(api)
        check(f"doctor, {api}: the key and the model are right", row["ok"] and not leaked, row)
        row, leaked = said(api, CLOSEGATE_AGENT_MODEL="no-such-model")
        check(f"doctor, {api}: a model that is not there is named", not row["ok"]
              and "no-such-model" in row["why"] and row["mend"], row)
    row, leaked = said(llm.ANTHROPIC, ANTHROPIC_API_KEY="sk-wrong-0123456789")
    check("doctor: a key that is none is said, and not shown", not row["ok"] and "key" in row["why"]
          and not leaked, row)
    row, _ = said(llm.ANTHROPIC, CLOSEGATE_LLM_BASE_URL="http://127.0.0.1:9")
    check("doctor: nobody at the address is said", not row["ok"] and "127.0.0.1:9" in row["why"], row)


def key_from_a_file(engine, binary, mock):
    path = os.path.join(engine.book.dir, "key")
    with open(path, "w", encoding="utf-8") as f:
        f.write(llm.KEYS[llm.ANTHROPIC] + "\n")
    os.chmod(path, 0o600)
    env = mock.settings()
    del env["ANTHROPIC_API_KEY"]
    mock.on("hello", lambda ask: llm.Say("hi"))
    with agents.serving(engine, binary, env={**env, "ANTHROPIC_API_KEY_FILE": path}) as agent:
        talk = Talk(agents.Person(agent, "maria"), "hello")
        check("the key may come from a file", last_answer(talk.settled()["rows"]) == "hi")
        with open(f"/proc/{agent.process.pid}/environ", "rb") as f:
            check("and is then not in the environment",
                  llm.KEYS[llm.ANTHROPIC].encode() not in f.read())


def no_model(engine, binary, env):
    """Nothing of it is set; or, in dev, keys that lie about in the shell and no model's name."""
    with agents.serving(engine, binary, env=env) as agent:
        maria = agents.Person(agent, "maria")
        status, said = maria.get("chat")
        check("without a model the Chat says that there is none, and what to set", status == 200
              and said["configured"] is False and "CLOSEGATE_AGENT_MODEL" in said["why"],
              (status, said))
        status, said = maria.post("chat/sessions", {"text": "hello"})
        check("and begins nothing", status in (404, 409, 503) and said["message"], (status, said))


def chosen_tools(engine, binary, mock):
    mock.on("which tools", lambda ask: llm.Say(",".join(ask.tools) or "none"))
    env = mock.settings(tools="list_matches,workspace_stats")
    with agents.serving(engine, binary, env=env) as agent:
        said = last_answer(Talk(agents.Person(agent, "maria"), "which tools").settled()["rows"])
        check("only the tools that are configured are offered",
              sorted((said or "").split(",")) == ["list_matches", "workspace_stats"], said)


def patterns(engine, binary, mock):
    path = os.path.join(engine.book.dir, "patterns")
    with open(path, "w", encoding="utf-8") as f:
        f.write("# projects\nproject-[a-z]{4,}\n")
    mock.on("secret plan", lambda ask: llm.Say(ask.said))
    with agents.serving(engine, binary, env=mock.settings(redact=path)) as agent:
        Talk(agents.Person(agent, "maria"), "secret plan of Project-Bluebird").settled()
        sent = mock.entries("secret plan")
        check("what a configured pattern finds does not leave", sent
              and b"bluebird" not in sent[-1].raw.lower(), sent and sent[-1].raw[:300])


def main():
    engine_binary, binary = agents.given()
    book = lib.Book(engine_binary)
    with lib.serving(book, ["recon"]) as engine, llm.Provider() as mock:
        refused_at_start(engine, binary, mock)
        doctor(engine, binary, mock)
        no_model(engine, binary, {})
        no_model(engine, binary, {"ANTHROPIC_API_KEY": "sk-a", "OPENAI_API_KEY": "sk-b"})
        key_from_a_file(engine, binary, mock)
        between = Between(engine.port)
        env = mock.settings(backoff_ms=20)
        env["CLOSEGATE_ENGINE_URL"] = f"http://127.0.0.1:{between.port}/mcp"
        with agents.serving(engine, binary, env=env) as agent:
            maria = agents.Person(agent, "maria")
            in_a_call(mock, agent, between, engine, book, maria, True)
            in_a_call(mock, agent, between, engine, book, maria, False)
            in_one_that_only_reads(mock, agent, between, maria)
        with agents.serving(engine, binary, env=mock.settings(backoff_ms=20)) as agent:
            maria = agents.Person(agent, "maria")
            in_an_answer(mock, agent, maria, "killed")
            in_an_answer(mock, agent, maria, "stopped")
            killed_often(mock, agent, book, maria, 12)
            engine_down(mock, agent, engine, book, maria)
        chosen_tools(engine, binary, mock)
        patterns(engine, binary, mock)
        budgets(engine, binary, mock)
        check("every request was as the provider wants it", mock.violations() == [],
              mock.violations()[:3])
        engine.stop()
        check("the chain is intact", *lib.chain_is_intact(book))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
