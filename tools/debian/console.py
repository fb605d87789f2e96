"""The console of a guest: an emulator's standard input and output, waited for and typed into."""

import os
import re
import selectors
import signal
import subprocess
import sys
import time


class BootFailed(Exception):
    """The guest or its emulator did not do what was waited for."""


TROUBLE = re.compile(rb"Kernel panic|Oops - |Unable to handle kernel|### ERROR ###|init: cannot")
SHOWN = 2000  # last bytes of the console in an error
STATUS = "status of the command: "


class Console:
    def __init__(self, command, log, echo, deadline):
        self.log = log
        self.echo = echo
        self.begin = time.monotonic()
        self.deadline = self.begin + deadline
        self.marks = []
        self.text = b""  # what came and was not waited for yet
        self.past = b""
        self.stderr = b""
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ, self.take_console)
        self.selector.register(self.process.stderr, selectors.EVENT_READ, self.take_stderr)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.selector.close()
        self.process.communicate()

    def take_console(self, data):
        self.text += data
        self.log.write(data)
        self.log.flush()
        if self.echo:
            sys.stderr.buffer.write(data)
            sys.stderr.flush()

    def take_stderr(self, data):
        self.stderr += data

    def pump(self):
        """Reads what there is, or waits for it. False: both streams have ended."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self.failure("the deadline has passed")
        for key, _ in self.selector.select(left):
            data = os.read(key.fd, 65536)
            if data:
                key.data(data)
            else:
                self.selector.unregister(key.fileobj)
        return bool(self.selector.get_map())

    def failure(self, what):
        shown = (self.past + self.text)[-SHOWN:].decode(errors="replace")
        said = self.stderr.decode(errors="replace").strip()
        text = f"{what}\n--- end of the console ---\n{shown}"
        return BootFailed(text + (f"\n--- the emulator said ---\n{said}" if said else ""))

    def mark(self, name):
        self.marks.append((name, time.monotonic() - self.begin))

    def expect(self, pattern, mark=None):
        """Waits until the pattern comes, and returns the match."""
        regex = re.compile(pattern.encode())
        while not (found := regex.search(self.text)):
            if trouble := TROUBLE.search(self.text):
                raise self.failure(f"the guest said: {trouble.group().decode()}")
            if not self.pump():
                status = self.process.wait()
                raise self.failure(f"the emulator ended (status {status}) before {pattern!r} came")
        self.past = (self.past + self.text[: found.end()])[-SHOWN:]
        self.text = self.text[found.end() :]
        if mark:
            self.mark(mark)
        return found

    def send(self, line):
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise self.failure("the emulator reads no input any more") from error

    def shell(self, prompt, line):
        """Types a command at the prompt; it has to end with status 0."""
        self.send(f'{line}; echo "{STATUS}$?"')
        found = self.expect(rf"(?:{STATUS}(\d+)\s+)?{re.escape(prompt)}")
        status = found.group(1).decode() if found.group(1) else "none, as the shell refused it"
        if status != "0":
            raise self.failure(f"in the guest, status {status}: {line}")

    def end(self):
        """Waits for the emulator to end, which has to be with status 0."""
        while self.pump():
            pass
        try:
            status = self.process.wait(max(0.0, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise self.failure("the emulator does not end") from error
        self.mark("ended")
        if status != 0:
            raise self.failure(f"the emulator ended with status {status}")
