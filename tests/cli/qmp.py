"""A small QMP client, and vitrine started with one: for the tests in this folder.

Every wait has a deadline, so that a test that would hang fails instead; no test asserts a time.
"""
import json
import os
import select
import socket
import subprocess
import tempfile
import time

BIN = os.environ.get("VITRINE_BIN", os.path.join(os.path.dirname(__file__), "../../build/bin"))
VITRINE = os.path.join(BIN, "vitrine")
DEADLINE = 60.0


class QmpError(Exception):
    """An error reply; the members of its "error" are attributes of the dictionary `error`."""

    def __init__(self, error):
        super().__init__(error.get("desc"))
        self.error = error


class Qmp:
    """One conversation over a connected socket."""

    def __init__(self, sock, negotiate=True):
        self.sock = sock
        self.buffer = b""
        self.events = []
        self.greeting = self.receive()
        if negotiate:
            self.command("qmp_capabilities")

    def send_bytes(self, data):
        self.sock.sendall(data)

    def receive(self):
        """The next document, whatever it is. EOFError: the other end has closed."""
        end = time.monotonic() + DEADLINE
        while b"\n" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                raise TimeoutError("nothing came; received so far: %r" % self.buffer[:200])
            data = self.sock.recv(1 << 16)
            if not data:
                raise EOFError
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def reply(self):
        """The next document that is not an event; events are kept."""
        while True:
            document = self.receive()
            if "event" not in document:
                return document
            self.events.append(document)

    def command(self, name, **arguments):
        """Runs a command; - in the names of arguments is written _."""
        request = {"execute": name}
        if arguments:
            request["arguments"] = {key.replace("_", "-"): value
                                    for key, value in arguments.items()}
        self.send_bytes(json.dumps(request).encode() + b"\n")
        reply = self.reply()
        if "error" in reply:
            raise QmpError(reply["error"])
        return reply["return"]

    def event(self, name):
        """Waits for an event; those before it are dropped."""
        while True:
            document = self.events.pop(0) if self.events else self.receive()
            if document.get("event") == name:
                return document

    def error(self, name, **arguments):
        """Runs a command that must fail, and returns its error."""
        try:
            value = self.command(name, **arguments)
        except QmpError as failure:
            return failure.error
        raise AssertionError("%s worked: %r" % (name, value))

    def close(self):
        self.sock.close()

    __del__ = close


class Vitrine:
    """A process with QMP on an inherited socket. Ends with the `with` block."""

    def __init__(self, *arguments, negotiate=True, qmp=True):
        self.log = tempfile.TemporaryFile()
        ours, theirs = socket.socketpair()
        monitor = ["-chardev", "socket,id=qmp,fd=%d" % theirs.fileno(),
                   "-mon", "chardev=qmp,mode=control"] if qmp else []
        self.process = subprocess.Popen([VITRINE, *monitor, *arguments],
                                        pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log)
        theirs.close()
        self.qmp = Qmp(ours, negotiate) if qmp else None
        if not qmp:
            ours.close()

    def wait(self):
        """The exit status."""
        return self.process.wait(DEADLINE)

    def errors(self):
        self.log.seek(0)
        return self.log.read().decode()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.qmp:
            self.qmp.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


def run(*arguments, stdin=b""):
    """Runs vitrine to its end: (exit status, output, errors)."""
    done = subprocess.run([VITRINE, *arguments], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=DEADLINE)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def connect(path):
    """A conversation with a server on a unix socket, once it listens."""
    end = time.monotonic() + DEADLINE
    while True:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(path)
            return sock
        except (FileNotFoundError, ConnectionRefusedError):
            sock.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
