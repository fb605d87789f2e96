"""What the hostile emulators share: a QMP server that behaves, to misbehave from."""
import json
import os
import socket
import sys

MACHINES = [{"name": "board", "cpu-max": 1, "hotpluggable-cpus": False}]
TYPES = [{"name": name, "parent": "device"} for name in ("disk", "net", "serial")]


class Monitor:
    def __init__(self):
        self.socket = socket.socket(fileno=3)
        self.lines = self.socket.makefile("rb")

    def raw(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            sys.exit(0)

    def say(self, value):
        self.raw(json.dumps(value).encode() + b"\r\n")

    def greet(self, capabilities=()):
        self.say({"QMP": {"version": {"qemu": {"major": 1, "minor": 0, "micro": 0},
                                      "package": "hostile"},
                          "capabilities": list(capabilities)}})

    def ask(self):
        """The next request; ends with the conversation."""
        line = self.lines.readline()
        if not line:
            sys.exit(0)
        return json.loads(line)

    def answer(self, request, value):
        self.say({"return": value, "id": request["id"]})

    def refuse(self, request, text, kind="CommandNotFound"):
        self.say({"error": {"class": kind, "desc": text}, "id": request["id"]})

    def negotiate(self, capabilities=()):
        self.greet(capabilities)
        self.answer(self.ask(), {})

    def behave(self, request):
        """The answer of an emulator with one machine and three device types."""
        command = request["execute"]
        arguments = request.get("arguments", {})
        if command == "query-version":
            self.answer(request, {"qemu": {"major": 1, "minor": 0, "micro": 0},
                                  "package": "hostile"})
        elif command == "query-machines":
            self.answer(request, MACHINES)
        elif command == "qom-list-types":
            self.answer(request, TYPES if arguments.get("implements") == "device" else [])
        elif command == "device-list-properties":
            self.answer(request, [{"name": "id", "type": "str"}])
        else:
            self.refuse(request, "The command %s has not been found" % command)

    def serve(self):
        while True:
            self.behave(self.ask())
