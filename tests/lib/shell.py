"""closegate-agent at a shell, without a browser: its two outputs apart."""
import json
import subprocess

import engine as lib


class Shell:
    """closegate-agent at a shell: the two outputs apart."""

    def __init__(self, agent):
        self.agent, self.env = agent, agent.env

    def start(self, *words, stdin=None, env=None):
        return subprocess.Popen([self.agent.binary, *words], env={**self.env, **(env or {})},
                                cwd=lib.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE)

    def run(self, *words, stdin=None, env=None, timeout=60):
        """(exit, stdout, stderr)"""
        process = self.start(*words, stdin=stdin, env=env)
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return process.returncode, out.decode(), err.decode()

    def json(self, *words, **more):
        code, out, err = self.run(*words, "--json", **more)
        try:
            return code, json.loads(out), err
        except ValueError:
            raise SystemExit(f"{words}: exit {code}, no JSON: {out!r} {err!r}") from None


def id_of(err):
    return err.strip().splitlines()[-1].rsplit("session ", 1)[-1]


def traces(shell, session_id):
    code, out, _ = shell.run("traces", "show", session_id, "--json")
    return [json.loads(line) for line in out.splitlines()] if code == 0 else []
