"""A conversation in the workspace's Chat, as its page holds one: said, followed, stopped, read back."""
import json
import time

import agent as agents


class Talk:
    """One of a person's conversations. With text it is begun, with session_id it is there already."""

    def __init__(self, person, text=None, session_id=None, **more):
        self.person, self.session_id = person, session_id
        if text is not None:
            status, said = person.post("chat/sessions", dict(more, text=text))
            if status != 201:
                raise SystemExit(f"no conversation begins: {status} {said}")
            self.session_id = said["session_id"]

    @property
    def path(self):
        return "chat/sessions/" + self.session_id

    def say(self, text):
        """(status, what it said)"""
        return self.person.post(self.path + "/messages", {"text": text})

    def do(self, what):
        """stop, retry or end"""
        return self.person.post(f"{self.path}/{what}", {})

    def read(self):
        """{"session", "rows"} as it is now."""
        status, said = self.person.get(self.path)
        if status != 200:
            raise SystemExit(f"GET {self.path}: {status} {said}")
        return said

    def settled(self, seconds=30):
        """The conversation once no turn is open."""
        end = time.monotonic() + seconds
        while (said := self.read())["session"]["turn_open"] and time.monotonic() < end:
            time.sleep(0.02)
        return said

    def ask(self, text, seconds=30):
        """Says it and waits for the end of the turn; its rows."""
        status, said = self.say(text)
        if status != 202:
            raise SystemExit(f"{self.path} takes no message: {status} {said}")
        return self.settled(seconds)["rows"]

    def rows(self, kind=None):
        return [r for r in self.read()["rows"] if kind in (None, r["kind"])]

    def wait(self, fits, seconds=15):
        """The first row that fits, once there is one."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = next(filter(fits, self.read()["rows"]), None)
            if found:
                return found
            time.sleep(0.02)
        return None

    def follow(self):
        return Stream(self)

    def export(self):
        """Its rows as JSONL, each with what its body holds, and the bytes beside them."""
        status, head, data = agents.exchange(self.person.agent.port, "GET",
                                             f"/api/v1/{self.path}/export",
                                             headers=self.person.headers("GET", {"Accept": "*/*"}))
        if status != 200 or not head["Content-Type"].startswith("application/jsonl"):
            raise SystemExit(f"{self.path}/export: {status} {head['Content-Type']}")
        rows = [json.loads(line) for line in data.split(b"\n") if line]
        return [{**row, **row.get("body", {})} for row in rows], data


class Stream(agents.Live):
    """What its page is told while it is open."""

    def __init__(self, talk):
        super().__init__(talk.person, talk.path + "/events")

    def of(self, kind):
        with self.lock:
            return [data for event, data in self.seen if event == kind]

    def text(self):
        """The step's text so far, as the page shows it."""
        shown = ""
        for piece in self.of("text"):
            shown = piece["delta"] if piece.get("from_start") else shown + piece["delta"]
        return shown

    def settled(self, seconds=30):
        """Whether a turn that was open when it began to listen ended."""
        return self.wait_for(lambda seen: any(e == "state" and not d["turn_open"] for e, d in seen)
                             and any(e == "row" for e, d in seen), seconds)


def answers(rows):
    """The texts of the model among the rows."""
    return ["".join(p["text"] for p in r["parts"] if p["type"] == "text")
            for r in rows if r["kind"] == "answered"]


def last_answer(rows):
    return (answers(rows) or [None])[-1]


def notes(rows):
    """[(what, text)] of what the agent itself noted."""
    return [(r["what"], r["text"]) for r in rows if r["kind"] == "noted"]
