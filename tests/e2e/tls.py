#!/usr/bin/env python3
"""TLS on both daemons with other people's clients: openssl s_client, curl, Python's ssl. Mutual TLS
between workspace and engine, what is refused, slow handshakes, other certificates at SIGHUP, and what
is said of their ends. Prints TAP. Usage: tls.py [--engine PATH] [--agent PATH]"""
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import engine as lib  # noqa: E402
import pki  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


def run(*words, said=b""):
    """(exit, what it printed) of a client."""
    done = subprocess.run(words, input=said, timeout=60, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def curl(port, path, *words):
    return run("curl", "-sS", "-i", "--max-time", "30", *words, f"https://127.0.0.1:{port}{path}")


def s_client(port, *words):
    return run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-ign_eof", *words,
               said=b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")


def get(port, path, trust):
    """(status, headers, body), or the name of what stopped it."""
    c = lib.connection(port, 30, trust)
    try:
        c.request("GET", path)
        r = c.getresponse()
        return r.status, r.headers, r.read().decode()
    except (OSError, http.client.HTTPException) as e:
        return type(e).__name__, {}, str(e)
    finally:
        c.close()


def certificate(port, trust):
    """The serial number of what it shows now."""
    with socket.create_connection(("127.0.0.1", port), 30) as s:
        with trust.wrap_socket(s, server_hostname="127.0.0.1") as t:
            return t.getpeercert()["serialNumber"]


class Silent:
    """Two connections that never finish a handshake."""

    def __init__(self, port):
        self.sockets = [socket.create_connection(("127.0.0.1", port), 60) for _ in range(2)]
        self.sockets[1].sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")

    def dropped(self):
        """Whether both were closed, whenever that was."""
        ended = []
        for s in self.sockets:
            with contextlib.suppress(ConnectionResetError):
                ended.append(s.recv(1) == b"")
            s.close()
        return all(ended)


def versions(port, shown):
    with_cert = ["-cert", shown[0], "-key", shown[1]]
    code, said = s_client(port, *with_cert, "-tls1_3")
    check("openssl s_client speaks TLS 1.3 and gets its answer",
          code == 0 and "TLSv1.3" in said and "200 OK" in said, said[-400:])
    check("no ticket is handed out to resume a session with", "New Session Ticket" not in said)
    code, said = s_client(port, *with_cert, "-tls1_2")
    check("TLS 1.2 is refused", "200 OK" not in said and "alert protocol version" in said, said)
    code, said = s_client(port, *with_cert, "-alpn", "http/1.1")
    check("http/1.1 is agreed on by ALPN", "ALPN protocol: http/1.1" in said, said[-300:])
    code, said = s_client(port, *with_cert, "-alpn", "h2")
    check("a client that speaks h2 alone is refused", "200 OK" not in said, said[-300:])
    with socket.create_connection(("127.0.0.1", port), 30) as s:
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        heard = b""
        with contextlib.suppress(ConnectionResetError):
            while more := s.recv(4096):
                heard += more
    check("HTTP in the clear gets no answer", b"HTTP" not in heard, heard)


def clients(port, ours, theirs, shown):
    own = ["--cacert", ours.path]
    code, said = curl(port, "/healthz", *own, "--cert", shown[0], "--key", shown[1])
    check("curl with a certificate of ours is answered, with Strict-Transport-Security",
          code == 0 and "HTTP/1.1 200" in said and "Strict-Transport-Security: max-age" in said, said)
    code, said = curl(port, "/healthz", *own)
    check("curl without a certificate is not", code != 0 and "HTTP/1.1" not in said, said)
    rows = [("of another authority", theirs.leaf("foreign", client=True)),
            ("that has expired", ours.leaf("expired", client=True, since=-9, until=-1)),
            ("that is not good yet", ours.leaf("early", client=True, since=1)),
            ("of a server", ours.leaf("no-client"))]
    for what, pair in rows:
        code, said = curl(port, "/healthz", *own, "--cert", pair[0], "--key", pair[1])
        check(f"curl with a certificate {what} is not", code != 0 and "HTTP/1.1" not in said, said)
    code, said = curl(port, "/healthz", "--cacert", theirs.path, "--cert", shown[0], "--key",
                      shown[1])
    check("curl does not believe the engine to another authority", code == 60, said)


def renewed(engine, ours, trust):
    before = certificate(engine.port, trust)
    kept = engine.connection()
    kept.request("GET", "/healthz")
    kept.getresponse().read()
    path, key = ours.leaf("engine")
    engine.process.send_signal(signal.SIGHUP)
    check("another certificate is taken at SIGHUP",
          lib.wait_until(lambda: certificate(engine.port, trust) != before))
    with contextlib.suppress(OSError):
        check("a connection that idled on the old one is closed", kept.sock.recv(1) == b"")
    kept.close()
    now = certificate(engine.port, trust)
    os.chmod(key, 0o640)
    engine.process.send_signal(signal.SIGHUP)
    check("a key that others may read is not taken, and the log says so",
          lib.wait_until(lambda: "TLS files cannot be used; those in force stay" in engine.tail()
                         and "chmod 600" in engine.tail()), engine.tail())
    check("the one in force stays", certificate(engine.port, trust) == now)
    os.chmod(key, 0o600)


def told(engine, book, trust):
    code, said = book.cli("status", "--json")
    check("status tells for how many days the certificate is good, and asks by the Unix socket",
          code == 0 and json.loads(said).get("tls_days_left") in (19, 20)
          and json.loads(said)["engine_running"], said[-300:])
    status, _, page = get(engine.port, "/metrics", trust)
    check("metrics tell when it ends and count handshakes that failed",
          status == 200 and "closegate_tls_certificate_until_seconds 1" in page
          and "closegate_tls_handshakes_failed_total 0" not in page, page[-600:])


def command_line(engine, book, ours, theirs, shown):
    """The command line's own clients over TCP: what they show, and whom they believe."""
    shows = {"CLOSEGATE_CLI_CA": ours.path, "CLOSEGATE_CLI_CERT": shown[0],
             "CLOSEGATE_CLI_KEY": shown[1]}
    key = os.path.join(book.dir, "desktop.key")
    book.cli("client", "add", "desktop", "--kind", "mcp_client", "--name", "Desktop", "--new-key",
             key, check=True)
    url, maria = f"https://127.0.0.1:{engine.port}", book.principal("maria")
    ask = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": {
        "io.modelcontextprotocol/protocolVersion": lib.MODERN,
        "io.modelcontextprotocol/clientCapabilities": {}}}}).encode() + b"\n"

    def said_by(env, *words):
        done = subprocess.run([book.engine, *words], env={**book.env, **env}, input=ask, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout.decode()

    def call(env):
        return said_by({"CLOSEGATE_ENGINE_LISTEN": url[8:], **env}, "call", "list_matches", "--as",
                       "human:maria", "--json")

    def bridge(env, to=url):
        return said_by(env, "mcp-stdio", "--client", "desktop", "--key", key, "--for", maria, "--url",
                       to)

    code, said = call(shows)
    check("call shows a certificate over TCP", code == 0, said)
    code, said = bridge(shows)
    check("so does mcp-stdio", code == 0 and '"tools"' in said, said[:300])
    alone = {"CLOSEGATE_CLI_CA": ours.path}
    check("neither is let in without one", call(alone)[0] == 1 and '"tools"' not in bridge(alone)[1])
    other = {**shows, "CLOSEGATE_CLI_CA": theirs.path}
    code, said = call(other)
    check("call does not believe the engine to another authority",
          code == 1 and "cannot be trusted" in said, said)
    code, said = bridge(other)
    check("nor does mcp-stdio", '"tools"' not in said and "cannot be trusted" in said, said)
    code, said = bridge(shows, "http://127.0.0.1:1")
    check("certificates for an http:// address are a mistake", code != 0 and "https://" in said, said)
    os.chmod(shown[1], 0o640)
    code, said = bridge(shows)
    check("a key that others may read is not used", code == 1 and "chmod 600" in said, said)
    os.chmod(shown[1], 0o600)


def not_started(binary, ours):
    pair = ours.leaf("unfit", mode=0o644)
    rows = [("a key that others may read", {"KEY": pair[1], "CERT": pair[0]}, "chmod 600"),
            ("a certificate without its key", {"CERT": pair[0]}, "set together"),
            ("a file that is not there", {"CERT": pair[0] + "x", "KEY": pair[1]}, "unfit.pemx"),
            ("an expired certificate",
             dict(zip(("CERT", "KEY"), ours.leaf("late", since=-9, until=-1))), "expired")]
    for what, names, why in rows:
        book = lib.Book(binary, env={f"CLOSEGATE_ENGINE_TLS_{k}": v for k, v in names.items()},
                        starter="empty")
        try:
            with contextlib.suppress(SystemExit):
                book.make()
            book.env["CLOSEGATE_ENGINE_LISTEN"] = f"127.0.0.1:{lib.free_port()}"
            code, said = book.cli("serve", timeout=60)
            check(f"the engine does not start with {what}", code == 1 and why in said,
                  f"{code} {said}")
        finally:
            book.close()


class Impostor:
    """Some other TLS server on this machine."""

    def __init__(self, pair):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        self.listener, self.heard = socket.create_server(("127.0.0.1", 0)), []
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, args=(context,), daemon=True).start()

    def run(self, context):
        with contextlib.suppress(OSError):
            while True:
                s, _ = self.listener.accept()
                with contextlib.suppress(OSError), context.wrap_socket(s, server_side=True) as t:
                    self.heard.append(t.recv(100))


def workspace(binary, engine, ours, theirs, shown):
    web = ours.leaf("workspace")
    env = {"CLOSEGATE_ENGINE_URL": f"https://127.0.0.1:{engine.port}/mcp",
           "CLOSEGATE_AGENT_ENGINE_CA": ours.path, "CLOSEGATE_AGENT_ENGINE_CERT": shown[0],
           "CLOSEGATE_AGENT_ENGINE_KEY": shown[1], "CLOSEGATE_AGENT_TLS_CERT": web[0],
           "CLOSEGATE_AGENT_TLS_KEY": web[1]}
    with agents.serving(engine, binary, env=env, trust=ours.trust()) as agent:
        person = agents.Person(agent, "maria")
        status, _ = person.get("escalations")
        check("a person at the workspace over TLS sees what the engine says over mutual TLS",
              status == 200, status)
        status, head, _ = get(agent.port, "/healthz", agent.trust)
        check("the workspace says Strict-Transport-Security, too",
              status == 200 and "max-age" in head.get("Strict-Transport-Security", ""))
        before = certificate(agent.port, agent.trust)
        ours.leaf("workspace", until=5)
        agent.process.send_signal(signal.SIGHUP)
        check("the workspace takes another certificate at SIGHUP",
              lib.wait_until(lambda: certificate(agent.port, agent.trust) != before))
        code, said = agent.cli("status", "--json")
        check("status tells both certificates' days",
              code == 0 and json.loads(said).get("tls_days_left") in (4, 5)
              and json.loads(said).get("engine_tls_days_left") in (19, 20), said)
        code, said = agent.cli("doctor", "--json")
        found = {row["check"]: row for row in json.loads(said)}
        check("doctor says which certificate ends soon, and that the engine answers",
              code == 2 and found["the engine answers our service"]["ok"]
              and found["the certificate that the engine is shown lasts"]["ok"]
              and "workspace.pem: it ends within" in
              found["the workspace's certificate lasts"].get("why", ""), said)
        refusals(agent, ours, theirs, shown)


def refusals(agent, ours, theirs, shown):
    """What the agent's own client does not believe, and what it says of it."""
    def status(**env):
        kept = dict(agent.env)
        agent.env.update(env)
        code, said = agent.cli("status", "--json")
        agent.env = kept
        return code, said

    code, said = status(CLOSEGATE_AGENT_ENGINE_CA=theirs.path)
    check("the engine is not believed to another authority",
          code == 2 and "cannot be trusted" in said, said)
    for what, pair in (("an expired certificate", ours.leaf("old", since=-9, until=-1)),
                       ("another authority's certificate", theirs.leaf("other"))):
        impostor = Impostor(pair)
        code, said = status(CLOSEGATE_ENGINE_URL=f"https://127.0.0.1:{impostor.port}/mcp")
        check(f"a server with {what} is told nothing",
              code == 2 and "cannot be trusted" in said and not impostor.heard, said)
        impostor.listener.close()
    code, said = status(CLOSEGATE_AGENT_ENGINE_CERT="", CLOSEGATE_AGENT_ENGINE_KEY="")
    check("an empty path is refused", code == 1 or code == 64, f"{code} {said}")
    foreign = theirs.leaf("foreign-agent", client=True)
    code, said = status(CLOSEGATE_AGENT_ENGINE_CERT=foreign[0],
                        CLOSEGATE_AGENT_ENGINE_KEY=foreign[1])
    check("the engine takes no certificate of another authority from an agent", code == 2, said)
    code, said = status(CLOSEGATE_ENGINE_URL="http://127.0.0.1:1/mcp")
    check("certificates for an http:// engine are a mistake", code != 0 and "https://" in said, said)


def main():
    engine_binary, agent_binary = agents.given()
    if not shutil.which("openssl") or not shutil.which("curl"):
        print("1..0 # SKIP openssl and curl are not installed")
        return 0
    book = lib.Book(engine_binary, env={"CLOSEGATE_LOG_LEVEL": "info"})
    ours, theirs = pki.Authority(book.dir, "our ca"), pki.Authority(book.dir, "their ca")
    cert, key = ours.leaf("engine")
    shown = ours.leaf("agent", client=True)
    trust = ours.trust(shown)
    engine = lib.Engine(book, trust=trust)
    try:
        book.make()
        book.env.update(CLOSEGATE_ENGINE_TLS_CERT=cert, CLOSEGATE_ENGINE_TLS_KEY=key,
                        CLOSEGATE_ENGINE_TLS_CLIENT_CA=ours.path)
        engine.start()
        silent = Silent(engine.port)
        caller = lib.Caller(engine, "human:maria")
        status, message = caller.rpc("tools/list", {})
        check("a signed call over mutual TLS is answered",
              status == 200 and message["result"]["tools"], message)
        versions(engine.port, shown)
        clients(engine.port, ours, theirs, shown)
        renewed(engine, ours, trust)
        told(engine, book, trust)
        command_line(engine, book, ours, theirs, shown)
        workspace(agent_binary, engine, ours, theirs, shown)
        not_started(engine_binary, ours)
        check("who never finishes a handshake is dropped, and the log says so", silent.dropped()
              and "the handshake was not finished in time" in engine.tail(1000))
        check("the engine stops well", engine.stop() == 0)
    except Exception:
        print("# " + engine.tail().replace("\n", "\n# "))
        raise
    finally:
        engine.stop()
        book.close()
    return tap.done()


sys.exit(main())
