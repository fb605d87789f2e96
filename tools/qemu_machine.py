"""A started QEMU machine, asked over QMP: used by tools/differ and by tests.

Machine(binary, machine, arguments) starts it stopped, without a display and with TCG, and ends it
again. places() says where devices with an id sit.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

START_SECONDS = 30


class Refused(Exception):
    """The emulator did not start; the text is its own."""


class Machine:
    def __init__(self, binary, machine, arguments=(), nodefaults=True, accel="tcg"):
        self.folder = tempfile.mkdtemp(prefix="vitrine-differ-")
        path = os.path.join(self.folder, "qmp")
        line = [binary, "-machine", machine, "-accel", accel, "-S", "-display", "none",
                "-qmp", f"unix:{path},server=on,wait=off"]
        line += ["-nodefaults"] if nodefaults else []
        self.machine = machine
        self.arch = os.path.basename(binary).replace("qemu-system-", "")
        self.log = open(os.path.join(self.folder, "stderr"), "w+", encoding="utf-8",
                        errors="replace")
        self.process = subprocess.Popen(line + list(arguments), stdin=subprocess.DEVNULL,
                                        env={**os.environ, "QEMU_AUDIO_DRV": "none"},
                                        stdout=subprocess.DEVNULL, stderr=self.log)
        try:
            self.connect(path)
        except BaseException:
            self.close()
            raise

    def connect(self, path):
        end = time.monotonic() + START_SECONDS
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise Refused(self.last_words()) from None
                time.sleep(0.003)
        self.socket.settimeout(START_SECONDS)
        self.stream = self.socket.makefile("rw", encoding="utf-8")
        try:
            greeting = self.stream.readline()
            if not greeting:
                raise OSError
            self.version = json.loads(greeting)["QMP"]["version"]["package"]
            self.ask("qmp_capabilities")
        except OSError:
            raise Refused(self.last_words()) from None

    def last_words(self):
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            return "it neither starts nor ends"
        self.log.seek(0)
        return self.log.read().strip()

    def ask(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            line = self.stream.readline()
            if not line:
                raise OSError("the emulator ended")
            reply = json.loads(line)
            if "return" in reply:
                return reply["return"]
            if "error" in reply:
                raise ValueError(reply["error"]["desc"])

    def monitor(self, line):
        return self.ask("human-monitor-command", **{"command-line": line}).replace("\r", "")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def cpus(self):
        try:
            return self.ask("query-hotpluggable-cpus")
        except ValueError:
            return []

    # ---- where devices are ----------------------------------------------------------------------

    def places(self):
        """id -> (type, bus, {what the device shows of its address}); buses inside devices left out."""
        found, stack = {}, []
        for line in self.monitor("info qtree").split("\n"):
            indent = len(line) - len(line.lstrip(" "))
            text = line.strip()
            if text.startswith(("bus: ", "dev: ")):
                while stack and stack[-1][0] >= indent:
                    stack.pop()
            if text.startswith("bus: "):
                stack.append((indent, "bus", text[5:], None))
            elif text.startswith("dev: "):
                match = re.match(r'dev: ([^,]*), id "(.*)"', text)
                shown = {}
                if match[2]:
                    bus = stack[-1][2] if stack else ""
                    found[match[2]] = (match[1], bus, shown)
                stack.append((indent, "dev", match[1], shown))
            elif stack and stack[-1][1] == "dev":
                name, equals, value = text.partition(" = ")
                if equals:
                    stack[-1][3].setdefault(name, value.split(" (")[0].strip('"'))
                usb = re.match(r"addr [0-9.]+, port ([0-9.]+),", text)
                if usb:
                    stack[-1][3]["port"] = usb[1]
        return found
