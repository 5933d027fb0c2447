"""A connection's middle, for what an answer that never comes does: forwards bytes to a port, and holds
the answers back while it is told to."""
import socket
import threading


class Between:
    """hold(words): the next request with these words is passed on, and everything that is answered from
    then on stays here; `held` is set when there is such an answer. drop() hangs up on all."""

    def __init__(self, port):
        self.to, self.words, self.holding = port, None, False
        self.held, self.lock, self.open_now = threading.Event(), threading.Lock(), set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def hold(self, words):
        self.held.clear()
        self.words = words.encode()

    def let_go(self):
        self.words, self.holding = None, False

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            with self.lock:
                self.open_now |= {client, server}
            for pair in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.pump, args=pair, daemon=True).start()

    def pump(self, source, target, asking):
        try:
            while data := source.recv(65536):
                if asking and self.words and self.words in data:
                    self.holding = True
                if not asking and self.holding:
                    self.held.set()
                    continue
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def drop(self):
        with self.lock:
            for end in self.open_now:
                end.close()
            self.open_now.clear()

    def close(self):
        self.listener.close()
        self.drop()
