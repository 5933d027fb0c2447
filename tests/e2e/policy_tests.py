#!/usr/bin/env python3
"""`policy test`: the cases that ship beside each policy hold and reach every rule of it both ways; a case
that does not hold is shown with what decided, a rule that no case reaches is named, and a mistake in the
file has its line and column. Prints TAP. Usage: policy_tests.py [--engine PATH]"""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

LIBRARY = os.path.join(lib.ROOT, "deploy", "policy-library")
DEMO = os.path.join(lib.ROOT, "deploy", "demo", "saas", "policy.yaml")
EXAMPLE = os.path.join(lib.ROOT, "docs", "policy-example.yaml")
tap = Tap()
check = tap.check


class Cli:
    def __init__(self, engine, folder):
        self.engine, self.folder = engine, folder
        self.env = {"CLOSEGATE_DATA_DIR": os.path.join(folder, "no-book"), "PATH": os.environ["PATH"]}

    def test(self, *words):
        done = subprocess.run([self.engine, "policy", "test", *words], env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)
        return done.returncode, done.stdout, done.stderr

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as to:
            to.write(text)
        return path


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def shipped(cli):
    starters = [os.path.join(LIBRARY, name) for name in sorted(os.listdir(LIBRARY))
                if name.endswith(".yaml") and not name.endswith(".test.yaml")]
    check("there are policies to look at", len(starters) >= 2, starters)
    for policy in [*starters, DEMO, EXAMPLE]:
        name = os.path.relpath(policy, lib.ROOT)
        code, out, err = cli.test(policy.replace(".yaml", ".test.yaml"), "--coverage")
        check(f"{name}: every case holds and every rule is reached both ways", code == 0,
              [line for line in out.splitlines() if not line.startswith("ok")] + [err])
        code, out, err = cli.test("--policy", policy, "--json")
        told = json.loads(out)
        check(f"{name}: its cases are found beside it", told["file"] == policy[:-5] + ".test.yaml", out)
        check(f"{name}: and each says what came of it", told["cases"] == len(told["results"]) and
              all(row["passes"] and row["got"]["row"] for row in told["results"]), out)


def failing(cli):
    """A threshold is moved, and its cases are not."""
    policy = cli.write("own.yaml", read(os.path.join(LIBRARY, "saas.yaml")).replace(
        "materiality_threshold_usd: 10000", "materiality_threshold_usd: 8000"))
    cases = read(os.path.join(LIBRARY, "saas.test.yaml"))
    cli.write("own.test.yaml", cases)
    code, out, _ = cli.test("own.test.yaml")
    check("a case that gets something else fails the test", code == 2, code)
    check("what was expected and what came are both shown",
          "not ok 2 - Exactly the threshold" in out and "# expected allow" in out and
          "# got      human MATERIALITY_OVER_THRESHOLD, row 5, /materiality_threshold_usd" in out, out)
    check("with the clause, and the facts that the deciding row read",
          "named person other than the proposer" in out and
          'amount: {"amount":"10000.00","currency":"USD"}' in out, out)
    code, out, _ = cli.test("--policy", policy, "--json")
    wrong = [row for row in json.loads(out)["results"] if not row["passes"]]
    check("the JSON has the same", code == 2 and wrong[0]["expected"]["ruling"] == "allow" and
          wrong[0]["facts"]["amount"]["amount"] == "10000.00", wrong)


def uncovered(cli):
    cli.write("own.yaml", read(os.path.join(LIBRARY, "saas.yaml")))
    cases = read(os.path.join(LIBRARY, "saas.test.yaml")).split("  - name: ")
    kept = [case for case in cases if not case.startswith("Payroll tax goes")]
    check("one case is taken away", len(kept) == len(cases) - 1)
    cli.write("own.test.yaml", "  - name: ".join(kept))
    code, out, _ = cli.test("own.test.yaml")
    check("a rule that no case reaches is named", code == 0 and
          "not covered: /always_human_accounts/7 (the listed account): no case that it decides" in out, out)
    code, out, _ = cli.test("own.test.yaml", "--coverage")
    check("and is a no where coverage is demanded", code == 2, out)


def mistakes(cli):
    cli.write("own.yaml", read(EXAMPLE))
    for text, place, what in [
            ("cases: []\n", "own.test.yaml:1:8: /cases", "must not be empty"),
            ("cases:\n  - {name: a, given: {action: CONFIRM, amont: 1}, expect: {ruling: allow}}\n",
             "own.test.yaml:2:40: /cases/0/given/amont", "unknown member"),
            ("cases:\n  - {name: a, given: {action: PAY}, expect: {ruling: allow}}\n",
             "own.test.yaml:2:31: /cases/0/given/action", "not an action"),
            ("cases:\n  - {name: a, given: {action: CONFIRM}, expect: {ruling: maybe}}\n",
             "own.test.yaml:2:58: /cases/0/expect/ruling", "deny"),
            ("cases: [\n", "own.test.yaml:2:1", ""),
            ("entities: {acme-uk: GBP}\ncases:\n  - {name: a, given: {action: CONFIRM}, expect: {ruling: "
             "allow}}\n", "own.yaml: ", "master data")]:
        cli.write("own.test.yaml", text)
        code, _, err = cli.test("own.test.yaml")
        check(f"a mistake is told with its place: {place}", code == 1 and place in err and what in err, err)
    code, _, err = cli.test("nobody.test.yaml")
    check("no file is no verdict", code == 1 and "nobody" in err, err)
    code, _, err = cli.test("own.yaml")
    check("a policy is not taken for its cases", code == 1 and "say --policy" in err, err)


def of_a_new_book(cli):
    """A starter brings its cases along; a policy of one's own is given none."""
    own = os.path.join(cli.folder, "mine.yaml")
    with open(own, "w", encoding="utf-8") as to:
        to.write(read(os.path.join(LIBRARY, "saas.yaml")) + "# mine\n")
    for words, there in [(["init", "--starter", "sox"], True), (["seed", "saas"], True), (["init"], True),
                         (["init", "--policy", own], False)]:
        book = lib.Book(cli.engine)
        book.cli(*words, check=True)
        cases = os.path.join(book.data, "policy.test.yaml")
        code, out = book.cli("policy", "test", "--coverage")
        check(f"{' '.join(words[:2])}: its cases are {'there' if there else 'not ours to write'}",
              os.path.exists(cases) == there and code == (0 if there else 1), out[-500:])
        book.close()


def main():
    with tempfile.TemporaryDirectory(prefix="closegate-") as folder:
        cli = Cli(lib.given_engine(), folder)
        shipped(cli)
        failing(cli)
        uncovered(cli)
        mistakes(cli)
        of_a_new_book(cli)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
