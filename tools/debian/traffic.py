"""The host's side of a guest's work with disks and networks: data, servers, and what they saw."""

import hashlib
import http.server
import os
import shutil
import socket
import subprocess
import threading
import time

from .console import BootFailed

CHUNK = 1 << 20
PATIENCE = 60  # seconds until a server that was started has to listen


def write_noise(path, size):
    """A file of that many random bytes; returns their SHA-256."""
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for _ in range(size // CHUNK):
            block = os.urandom(CHUNK)
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def digest_of(read, size=None):
    """SHA-256 of what read(n) returns, up to a size or its end."""
    digest, left = hashlib.sha256(), size
    while left is None or left > 0:
        block = read(CHUNK if left is None else min(CHUNK, left))
        if not block:
            break
        digest.update(block)
        left = None if left is None else left - len(block)
    return digest.hexdigest()


def digest_of_file(path, size=None):
    with open(path, "rb") as file:
        return digest_of(file.read, size)


class FileServer:
    """Serves one file over HTTP on the loopback interface, whatever is asked for."""

    def __init__(self, path):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(os.path.getsize(path)))
                self.end_headers()
                with open(path, "rb") as file:
                    shutil.copyfileobj(file, self.wfile, CHUNK)

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Sink:
    """Takes one connection on the loopback interface and all that comes over it."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.digest = None
        self.thread = threading.Thread(target=self.receive, daemon=True)
        self.thread.start()

    def receive(self):
        connection = self.socket.accept()[0]
        with connection:
            self.digest = digest_of(connection.recv)

    def result(self):
        self.thread.join(PATIENCE)
        self.socket.close()
        return self.digest


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def fetch(port):
    """What a server in the guest says over a forwarded port, as soon as it is there."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
                data = connection.makefile("rb").read()
            if data:
                return data.decode()
        except OSError:
            pass
        if time.monotonic() > end:
            raise BootFailed(f"nobody in the guest answers on the forwarded port {port}")
        time.sleep(0.1)


class Served:
    """A program that serves a block device on a unix socket, while the `with` block lasts."""

    def __init__(self, command, path):
        if not shutil.which(command[0]):
            raise BootFailed(f"{command[0]} is not installed; tools/packages.txt has its package")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while not path.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise BootFailed(f"{' '.join(command)} does not serve {path}")
            time.sleep(0.02)

    def close(self):
        self.process.terminate()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


def serve_qcow2(image, path):
    return Served(
        ["qemu-nbd", "-f", "qcow2", "-k", str(path), "--persistent", "-e", "8", str(image)], path
    )


def serve_failing(image, path, trigger):
    """Every request fails with EIO while the file trigger exists."""
    return Served(
        ["nbdkit", "-f", "-U", str(path), "--filter=error", "file", str(image),
         "error=EIO", "error-rate=100%", f"error-file={trigger}"],
        path,
    )  # fmt: skip
