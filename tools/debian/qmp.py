"""QMP on a unix socket, as much of it as the boots need."""

import json
import socket

from debian.console import BootFailed


class Qmp:
    def __init__(self, path):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(60)
        self.connection.connect(str(path))
        self.stream = self.connection.makefile("rw")
        self.events = []
        self.stream.readline()
        self.execute("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.connection.close()

    def receive(self):
        line = self.stream.readline()
        if not line:
            raise BootFailed("QMP ended")
        return json.loads(line)

    def execute(self, command, **arguments):
        """What a command returns; - in the names of arguments is written _."""
        arguments = {name.replace("_", "-"): value for name, value in arguments.items()}
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while "return" not in (reply := self.receive()):
            if "error" in reply:
                raise BootFailed(f"QMP {command}: {reply['error']}")
            self.events.append(reply)
        return reply["return"]

    def event(self, name):
        """Waits for an event; those before it are dropped."""
        while (event := self.events.pop(0) if self.events else self.receive()).get("event") != name:
            pass
        return event["data"]
