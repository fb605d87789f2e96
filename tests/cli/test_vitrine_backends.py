"""Backends and devices that come and go over QMP, the monitor for people, and what they share."""
import os
import select
import socket
import tempfile
import time
import unittest

from qmp import DEADLINE, Vitrine, connect

VIRT = ["-machine", "virt,accel=none"]


def read_until(sock, word):
    """What comes over a socket up to a word."""
    data, end = b"", time.monotonic() + DEADLINE
    while word not in data:
        if not select.select([sock], [], [], end - time.monotonic())[0]:
            raise TimeoutError(data)
        piece = sock.recv(1 << 12)
        if not piece:
            raise EOFError(data)
        data += piece
    return data


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def start(self, *arguments):
        vitrine = Vitrine(*arguments)
        self.addCleanup(vitrine.__exit__)
        return vitrine

    def connect(self, path):
        line = connect(path)
        self.addCleanup(line.close)
        return line

    def disk(self, name="disk.raw"):
        with open(self.path(name), "wb") as disk:
            disk.truncate(1 << 20)
        return self.path(name)

    def refused(self, vitrine, reason, command, *words, **arguments):
        error = vitrine.qmp.error(command, **arguments)
        self.assertEqual(error["reason"], reason, error)
        for word in words:
            self.assertIn(word, error["desc"])

    def send(self, vitrine, text):
        for byte in text.encode():
            vitrine.qmp.command("register-write", device="serial0", region="regs", offset="0x0",
                                size=1, value=hex(byte))

    def received(self, vitrine):
        """The next byte that the serial port of the machine has, once it has one."""
        def read(offset):
            return vitrine.qmp.command("register-read", device="serial0", region="regs",
                                       offset=offset, size=1)["value"]
        end = time.monotonic() + DEADLINE
        while int(read("0x5"), 16) & 1 == 0:
            self.assertLess(time.monotonic(), end)
        return chr(int(read("0x0"), 16))


class Chardevs(Case):
    def test_come_and_go(self):
        vitrine = self.start()
        add = {"id": "a", "backend": {"type": "file", "data": {"out": self.path("out")}}}
        self.assertEqual(vitrine.qmp.command("chardev-add", **add), {})
        self.refused(vitrine, "DuplicateId", "chardev-add", "'a'", **add)
        pty = vitrine.qmp.command("chardev-add", id="p", backend={"type": "pty", "data": {}})["pty"]
        self.assertTrue(os.path.exists(pty))
        self.assertEqual(vitrine.qmp.command("query-chardev"), [
            {"label": "a", "filename": "file", "frontend-open": False},
            {"label": "p", "filename": "pty:" + pty, "frontend-open": False},
            {"label": "qmp", "filename": vitrine.qmp.command("query-chardev")[2]["filename"],
             "frontend-open": True}])
        self.refused(vitrine, "InUse", "chardev-remove", "'qmp'", id="qmp")
        self.refused(vitrine, "UnknownBackend", "chardev-remove", "'x'", id="x")
        vitrine.qmp.command("chardev-remove", id="a")
        vitrine.qmp.command("chardev-add", **add)
        kinds = {kind["name"] for kind in vitrine.qmp.command("query-chardev-backends")}
        self.assertLessEqual({"file", "socket", "pty", "null", "mux", "stdio"}, kinds)

    def test_refused(self):
        vitrine = self.start()

        def add(reason, word, kind, **data):
            self.refused(vitrine, reason, "chardev-add", word, id="a",
                         backend={"type": kind, "data": data})
        unix = {"type": "unix", "data": {"path": self.path("no")}}
        add("OpenFailed", "/proc/no/such", "file", out="/proc/no/such")
        add("OpenFailed", "/proc/no/such", "null", logfile="/proc/no/such")
        add("OpenFailed", self.path("no"), "socket", addr=unix, server=False)
        add("OpenFailed", "reconnect", "socket", addr=unix, reconnect=1)
        add("OpenFailed", "'x'", "mux", chardev="x")
        add("OpenFailed", "in use", "mux", chardev="qmp")
        add("UnknownMember", "'path'", "null", path="x")
        add("MissingMember", "out", "file")
        add("UnknownValue", "'x'", "x")
        self.assertEqual(len(vitrine.qmp.command("query-chardev")), 1)

    def test_log(self):
        for more, expected in (({}, b"two"), ({"logappend": True}, b"onetwo")):
            log = self.path("log")
            with open(log, "wb") as file:
                file.write(b"one")
            vitrine = self.start("-serial", "chardev:line")
            vitrine.qmp.command("chardev-add", id="line",
                                backend={"type": "null", "data": dict(more, logfile=log)})
            vitrine.qmp.command("machine-set", target={"machine": "virt", "accel": "none"})
            vitrine.qmp.command("machine-build")
            self.send(vitrine, "two")
            with open(log, "rb") as file:
                self.assertEqual(file.read(), expected)

    def test_a_client_that_reconnects(self):
        """Nobody is there at first; then somebody; who goes, and another one comes."""
        path = self.path("line")
        vitrine = self.start(*VIRT, "-chardev", f"socket,id=line,path={path},reconnect=1",
                             "-serial", "chardev:line")
        for word in ("a", "b"):
            self.send(vitrine, "lost")
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(path)
            listener.listen(1)
            listener.settimeout(DEADLINE)
            line = listener.accept()[0]
            line.sendall(word.encode())
            self.assertEqual(self.received(vitrine), word)
            self.send(vitrine, word)
            self.assertEqual(read_until(line, word.encode()), word.encode())
            line.close()
            listener.close()
            os.unlink(path)

    def test_a_client_of_tcp(self):
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(DEADLINE)
        port = listener.getsockname()[1]
        vitrine = self.start(*VIRT, "-serial", f"tcp:127.0.0.1:{port}")
        line = listener.accept()[0]
        self.send(vitrine, "hello")
        self.assertEqual(read_until(line, b"hello"), b"hello")
        line.close()
        listener.close()
        self.send(vitrine, "nobody")  # the other end has gone: the machine stays
        self.assertEqual(vitrine.qmp.command("query-status")["status"], "running")


class Mux(Case):
    def test_monitor_and_serial_port_share(self):
        path = self.path("line")
        vitrine = self.start(*VIRT, "-serial", f"mon:unix:{path},server=on,wait=off")
        line = self.connect(path)
        read_until(line, b"(vitrine) ")
        self.send(vitrine, "hello")
        read_until(line, b"hello")
        line.sendall(b"x\x01\x01")  # to the serial port, and a ^A of its own
        self.assertEqual([self.received(vitrine), self.received(vitrine)], ["x", "\x01"])
        line.sendall(b"\x01cinfo nam\x7fme\rinfo status\r\n")
        read_until(line, b"running")
        line.sendall(b"\x01h")
        read_until(line, b"^A x")
        line.sendall(b"\x01cy")
        self.assertEqual(self.received(vitrine), "y")
        line.sendall(b"\x01x")
        self.assertEqual(vitrine.qmp.event("SHUTDOWN")["data"],
                         {"guest": False, "reason": "host-ui"})
        self.assertEqual(vitrine.wait(), 0)

    def test_more_than_is_taken(self):
        """What a guest does not read waits, and ^A is heard all the same."""
        path = self.path("line")
        vitrine = self.start(*VIRT, "-chardev", f"socket,id=c,mux=on,path={path},server=on,wait=off",
                             "-mon", "c", "-serial", "chardev:c")
        line = self.connect(path)
        line.sendall(b"0123456789" * 20 + b"\x01cinfo status\r")
        read_until(line, b"running")
        text = "".join(self.received(vitrine) for _ in range(3))
        self.assertEqual(text, "012")
        line.close()
        read_until(self.connect(path), b"(vitrine) ")

    def test_is_removed_before_what_it_is_on(self):
        vitrine = self.start("-chardev", "null,id=m,mux=on")
        self.refused(vitrine, "InUse", "chardev-remove", "'m-base'", id="m-base")
        vitrine.qmp.command("chardev-remove", id="m")
        vitrine.qmp.command("chardev-remove", id="m-base")


class People(Case):
    def say(self, vitrine, line):
        return vitrine.qmp.command("human-monitor-command", command_line=line)

    def test_lines(self):
        vitrine = self.start(*VIRT, "-name", "web", "-device", "pcie-root-port,id=port")
        self.assertIn("web", self.say(vitrine, "info name"))
        self.assertIn("running", self.say(vitrine, "info status"))
        self.assertEqual(self.say(vitrine, ""), "")
        self.assertEqual(self.say(vitrine, "stop"), "")
        self.assertIn("paused", self.say(vitrine, "query-status"))
        self.assertEqual(self.say(vitrine, "device_add virtio-rng-pci,id=r,bus=port"), "")
        self.assertIn("Error", self.say(vitrine, "device-add virtio-rng-pci id=r"))
        self.assertEqual(self.say(vitrine, "device_del r"), "")
        self.assertIn("device_add", self.say(vitrine, "help"))
        self.assertIn("driver (required)", self.say(vitrine, "help device_add"))
        for line in ("nonsense", "help nonsense", "info", "device_del", "'", "stop now=1",
                     "query-status ,", "device_del id=a,id=b"):
            self.assertIn("Error", self.say(vitrine, line), line)

    def test_every_command_can_be_asked_about(self):
        vitrine = self.start()
        listed = self.say(vitrine, "help")
        for command in vitrine.qmp.command("query-commands"):
            self.assertIn(command["name"], listed)
            self.assertIn(command["name"] + ": ", self.say(vitrine, "help " + command["name"]))


class Devices(Case):
    def ids(self, vitrine):
        hardware = vitrine.qmp.command("query-hardware")["hardware"]
        return {device["id"]: device["bus"] for device in hardware["devices"]}

    def test_come_and_go(self):
        vitrine = self.start(*VIRT, "-device", "pcie-root-port,id=port")
        before = self.ids(vitrine)
        for _ in range(3):
            vitrine.qmp.command("blockdev-add", driver="file", node_name="d", filename=self.disk())
            vitrine.qmp.command("device_add", driver="virtio-blk-pci", id="disk", bus="port",
                                drive="d", serial="abc")
            self.assertEqual(self.ids(vitrine), dict(before, disk="port"))
            self.assertEqual({d["id"] for d in vitrine.qmp.command("device-list")},
                             set(before) | {"disk"})
            self.refused(vitrine, "InUse", "blockdev-del", "'d'", node_name="d")
            block = vitrine.qmp.command("query-block")
            self.assertEqual([(b["qdev"], b["inserted"]["node-name"]) for b in block],
                             [("disk", "d")])
            vitrine.qmp.command("device_del", id="/machine/peripheral/disk")
            self.assertEqual(vitrine.qmp.event("DEVICE_DELETED")["data"],
                             {"device": "disk", "path": "/machine/peripheral/disk"})
            self.assertEqual(self.ids(vitrine), before)
            vitrine.qmp.command("blockdev-del", node_name="d")
            self.assertEqual(vitrine.qmp.command("query-named-block-nodes"), [])

    def test_net_and_ports(self):
        vitrine = self.start(*VIRT, "-device", "pcie-root-port,id=port",
                             "-device", "virtio-serial-pci,id=serial")
        vitrine.qmp.command("netdev_add", type="stream", id="n", server=True,
                            addr={"type": "unix", "path": self.path("net")})
        vitrine.qmp.command("device_add", driver="virtio-net-pci", id="nic", bus="port",
                            netdev="n")
        self.refused(vitrine, "InUse", "netdev_del", "'n'", id="n")
        vitrine.qmp.command("device_del", id="nic")
        vitrine.qmp.command("netdev_del", id="n")
        self.refused(vitrine, "UnknownBackend", "netdev_del", "'n'", id="n")
        vitrine.qmp.command("chardev-add", id="c", backend={"type": "null", "data": {}})
        vitrine.qmp.command("device_add", driver="virtconsole", id="con", chardev="c")
        self.refused(vitrine, "InUse", "chardev-remove", "'c'", id="c")
        vitrine.qmp.command("device_del", id="con")
        vitrine.qmp.command("chardev-remove", id="c")

    def test_what_cannot_come_or_go(self):
        vitrine = self.start(*VIRT, "-device", "pcie-root-port,id=port",
                             "-device", "virtio-rng-pci,id=fixed")
        before = vitrine.qmp.command("query-hardware")

        def add(reason, *words, **arguments):
            self.refused(vitrine, reason, "device_add", *words, **arguments)
        add("UnknownDeviceType", "nonsense", driver="nonsense")
        add("PropertyInvalid", "nonsense", driver="virtio-rng-pci", nonsense=1)
        add("NotHotpluggable", "pcie.0", driver="virtio-rng-pci", bus="pcie.0")
        add("NotHotpluggable", driver="pcie-root-port", id="port2")
        add("MissingController", "nowhere", driver="virtio-rng-pci", bus="nowhere")
        add("BuildFailed", "'gone'", driver="virtio-blk-pci", bus="port", drive="gone")
        add("DuplicateId", "fixed", driver="virtio-rng-pci", bus="port", id="fixed")
        add("MissingMember", "driver")
        self.assertEqual(vitrine.qmp.command("query-hardware"), before)
        vitrine.qmp.command("device_add", driver="virtio-rng-pci", bus="port", id="a")
        self.assertIn("desc", vitrine.qmp.error("device_add", driver="virtio-rng-pci", bus="port"))
        self.refused(vitrine, "UnknownDevice", "device_del", "nobody", id="nobody")
        self.refused(vitrine, "NotHotpluggable", "device_del", "fixed", id="fixed")
        self.refused(vitrine, "NotHotpluggable", "device_del", "serial0", id="serial0")

    def test_before_there_is_a_machine(self):
        vitrine = self.start()
        self.refused(vitrine, "MissingMachine", "device_add", driver="virtio-rng-pci")
        self.refused(vitrine, "NoMachine", "device_del", id="x")
        vitrine.qmp.command("machine-set", target={"machine": "virt", "accel": "none"})
        vitrine.qmp.command("device_add", driver="virtio-rng-pci", id="r", addr="7")
        self.refused(vitrine, "UnknownDeviceType", "device_add", driver="nonsense")
        vitrine.qmp.command("machine-build")
        self.assertEqual(self.ids(vitrine)["r"], "pcie.0")


class Nets(Case):
    def test_user(self):
        vitrine = self.start()
        vitrine.qmp.command("netdev_add", type="user", id="n", ipv6=False,
                            hostfwd=[{"str": "tcp:127.0.0.1:0-:22"}])
        self.refused(vitrine, "DuplicateId", "netdev_add", "'n'", type="user", id="n")
        vitrine.qmp.command("netdev_del", id="n")
        for wrong in ({"net": "x"}, {"hostfwd": [{"str": "x"}]}):
            self.refused(vitrine, "OpenFailed", "netdev_add", type="user", id="n", **wrong)

    def test_refused(self):
        vitrine = self.start()
        inet = {"type": "inet", "host": "127.0.0.1", "port": "1"}
        for arguments, reason, word in (
                ({"type": "stream", "addr": inet}, "OpenFailed", "addr.type=unix"),
                ({"type": "dgram"}, "OpenFailed", "local.type=unix"),
                ({"type": "tap", "script": "/bin/true"}, "OpenFailed", "scripts"),
                ({"type": "socket", "fd": "x"}, "OpenFailed", "fd"),
                ({"type": "tap", "addr": inet}, "UnknownMember", "'addr'"),
                ({"type": "stream"}, "MissingMember", "addr")):
            self.refused(vitrine, reason, "netdev_add", word, id="n", **arguments)


class Blocks(Case):
    def test_nodes_on_nodes(self):
        """As a management program makes them: the file, and its format on it."""
        vitrine = self.start()
        vitrine.qmp.command("blockdev-add", driver="file", node_name="storage",
                            filename=self.disk(), cache={"direct": False, "no-flush": False})
        vitrine.qmp.command("blockdev-add", driver="raw", node_name="format", file="storage",
                            **{"read-only": False})
        vitrine.qmp.command("blockdev-add", driver="raw", node_name="both",
                            file={"driver": "file", "filename": self.disk("2.raw")},
                            **{"read-only": True})
        nodes = {node["node-name"]: node
                 for node in vitrine.qmp.command("query-named-block-nodes")}
        self.assertEqual({name: (node["drv"], node["ro"], node["image"]["virtual-size"])
                          for name, node in nodes.items()},
                         {"storage": ("file", False, 1 << 20), "format": ("raw", False, 1 << 20),
                          "both": ("raw", True, 1 << 20)})
        self.refused(vitrine, "InUse", "blockdev-del", "'storage'", node_name="storage")
        vitrine.qmp.command("blockdev-del", node_name="format")
        vitrine.qmp.command("blockdev-del", node_name="storage")

    def test_refused(self):
        vitrine = self.start()
        disk = self.disk()
        good = {"driver": "file", "node_name": "d", "filename": disk}
        odd = self.path("odd")
        with open(odd, "wb") as file:
            file.write(b"x" * 1000)
        for change, reason, word in (
                ({"filename": self.path("none")}, "OpenFailed", "none"),
                ({"filename": self.folder.name}, "OpenFailed", "directory"),
                ({"filename": odd}, "OpenFailed", "1000 bytes"),
                ({"node_name": ""}, "OpenFailed", "node-name"),
                ({"cache": {"no-flush": True}}, "OpenFailed", "no-flush"),
                ({"driver": "qcow2"}, "UnknownValue", "qcow2"),
                ({"locking": "maybe"}, "UnknownValue", "maybe"),
                ({"file": "x"}, "UnknownMember", "'file'")):
            self.refused(vitrine, reason, "blockdev-add", word, **dict(good, **change))
        server = {"type": "unix", "path": self.path("none")}
        self.refused(vitrine, "OpenFailed", "blockdev-add", driver="nbd", node_name="n",
                     server=server)
        self.refused(vitrine, "OpenFailed", "blockdev-add", "direct", driver="nbd", node_name="n",
                     server=server, cache={"direct": True})
        for file, word in (("x", "'x'"), ({"driver": "file"}, "filename"), (1, "object"),
                           ({"driver": "raw", "file": "x"}, "inside another")):
            self.refused(vitrine, "OpenFailed", "blockdev-add", word, driver="raw",
                         node_name="d", file=file)
        with Vitrine("-blockdev", f"driver=file,node-name=d,filename={disk}"):
            self.refused(vitrine, "OpenFailed", "blockdev-add", "another process", **good)
        vitrine.qmp.command("blockdev-add", **good)


if __name__ == "__main__":
    unittest.main()
