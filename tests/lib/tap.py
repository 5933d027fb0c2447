"""What a test script says as TAP (Test Anything Protocol): a numbered line a sentence, then the plan."""
import contextlib


class Tap:
    """Numbered sentences; done() prints the plan."""

    def __init__(self):
        self.n, self.failed, self.rows = 0, 0, []

    def check(self, sentence, good, said=""):
        """That the sentence holds; what was said instead is shown where it does not, on one line."""
        self.n += 1
        self.failed += 0 if good else 1
        # what was said may hold bytes that are no text, which print would refuse
        said = " ".join(str(said).split())[:600].encode("utf-8", "backslashreplace").decode()
        print(f"{'ok' if good else 'not ok'} {self.n} - {sentence}" + ("" if good else f" # {said}"),
              flush=True)

    def relay(self, script, done):
        """The sentences a client script printed; that it printed any and ended well is one, too."""
        said = bad = 0
        for line in done.stdout.splitlines():
            word, _, sentence = line.partition(" - ")
            if word in ("ok", "not ok"):
                said += 1
                bad += word == "not ok"
                self.check(sentence, word == "ok")
        # 1 says that a sentence did not hold; node says it of a script that threw, too
        if said == 0 or done.returncode not in (0, 1) or (done.returncode == 1 and not bad):
            self.check(f"{script} runs to its end", False,
                       f"exit {done.returncode}: {done.stdout[-300:]} {done.stderr[-300:]}")

    @contextlib.contextmanager
    def part(self, client, revision):
        """What is checked inside is a row of the table."""
        n, failed = self.n, self.failed
        yield
        bad = self.failed - failed
        self.rows.append((client, revision, self.n - n - bad, bad))

    def done(self):
        """The plan, and the rows as tests/run gathers them into one table; the exit status."""
        for client, revision, passed, failed in self.rows:
            print(f"# mcp: {client:28} {revision:28} {passed:6} passed {failed:4} failed")
        print(f"1..{self.n}")
        return 1 if self.failed or self.n == 0 else 0
