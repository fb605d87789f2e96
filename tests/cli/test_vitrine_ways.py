"""One machine asked for in three ways: on the command line, by a file, and over QMP alone."""
import json
import os
import re
import resource
import shlex
import struct
import subprocess
import tempfile
import unittest

from qmp import VITRINE, Vitrine, run
from test_vitrine_run import finish, on_first_hart, say

VM = """
# A machine with a disk, a card and a console, and what of the host is behind them.
[vm]
name = web
machine = virt
cpus = 2
memory = 256M

[options]
aclint = on

[device "port"]
type = pcie-root-port
bus = pcie.0

[device "disk"]
type = virtio-blk-pci
bus = port
drive = root
serial = a,b

[device "nic"]
type = virtio-net-pci
bus = pcie.0
netdev = net0

[blockdev "root"]
driver = raw
file.driver = file
file.filename = {folder}/disk,1.raw
read-only = on

[netdev "net0"]
type = stream
addr.type = unix
addr.path = {folder}/net
server = on

[chardev "line"]
backend = file
path = {folder}/out

[serial "0"]
chardev = line

[boot]
bios = {folder}/program
"""


class Ways(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.write("disk,1.raw", b"\0" * 1024)
        program = on_first_hart() + say("hello\n") + finish(0x5555)
        self.write("program", struct.pack("<%dI" % len(program), *program))
        self.vm = self.write("web.cfg", VM.format(folder=self.folder).encode())
        self.options = [
            "-machine", "virt,aclint=on", "-smp", "2", "-m", "256",
            "-blockdev", json.dumps({"driver": "raw", "node-name": "root", "read-only": True,
                                     "file": {"driver": "file",
                                              "filename": self.folder + "/disk,1.raw"}}),
            "-netdev", f"stream,id=net0,addr.type=unix,addr.path={self.folder}/net,server=on",
            "-chardev", f"file,id=line,path={self.folder}/out", "-serial", "chardev:line",
            "-device", "pcie-root-port,id=port,bus=pcie.0",
            "-device", json.dumps({"driver": "virtio-blk-pci", "id": "disk", "bus": "port",
                                   "drive": "root", "serial": "a,b"}),
            "-device", "virtio-net-pci,netdev=net0,id=nic,bus=pcie.0",
            "-bios", self.folder + "/program"]

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def commands(self, *options):
        status, text, errors = run("-print-commands", *options)
        self.assertEqual((status, errors), (0, ""))
        return [json.loads(line) for line in text.splitlines()]

    def hardware(self, vitrine):
        """All that the guest sees: not who brought a device, nor what the machine is called."""
        hardware = vitrine.qmp.command("query-hardware")["hardware"]
        del hardware["machine"]
        for device in hardware["devices"]:
            del device["layer"]
        hardware["devices"].sort(key=lambda device: device["id"])
        hardware["buses"].sort(key=lambda bus: bus["id"])
        return hardware

    def over_qmp(self, commands):
        vitrine = Vitrine()
        self.addCleanup(vitrine.__exit__)
        for command in commands:
            arguments = {name.replace("-", "_"): value
                         for name, value in command.get("arguments", {}).items()}
            vitrine.qmp.command(command["execute"], **arguments)
        return vitrine

    def test_the_same_hardware(self):
        with Vitrine("-S", *self.options) as vitrine:
            expected = self.hardware(vitrine)
        self.assertIn("disk", [device["id"] for device in expected["devices"]])
        with Vitrine("-S", self.vm) as vitrine:
            self.assertEqual(self.hardware(vitrine), expected)
            self.assertEqual(vitrine.qmp.command("query-block")[0]["inserted"]["ro"], True)
        for options in (self.options, [self.vm]):
            vitrine = self.over_qmp(self.commands("-S", *options))
            self.assertEqual(self.hardware(vitrine), expected)
            self.assertEqual(vitrine.qmp.command("query-status")["status"], "prelaunch")

    def by_hand(self):
        """As a client would write it who has read the manual and no command line."""
        return [{"execute": name, "arguments": arguments} for name, arguments in (
            ("machine-set", {"target": {"machine": "virt", "options": {"aclint": True},
                                        "smp": {"cpus": 2}, "memory": 256 << 20}}),
            ("blockdev-add", {"driver": "file", "node-name": "root", "read-only": True,
                              "filename": self.folder + "/disk,1.raw"}),
            ("netdev_add", {"type": "stream", "id": "net0", "server": True,
                            "addr": {"type": "unix", "path": self.folder + "/net"}}),
            ("chardev-add", {"id": "line", "backend": {"type": "file",
                                                       "data": {"out": self.folder + "/out"}}}),
            ("serial-add", {"chardev": "line"}),
            ("set-boot", {"bios": self.folder + "/program"}),
            ("device_add", {"driver": "pcie-root-port", "id": "port", "bus": "pcie.0"}),
            ("device_add", {"driver": "virtio-blk-pci", "id": "disk", "bus": "port",
                            "drive": "root", "serial": "a,b"}),
            ("device_add", {"driver": "virtio-net-pci", "netdev": "net0", "id": "nic",
                            "bus": "pcie.0"}),
            ("machine-build", {}))]

    def test_by_hand(self):
        with Vitrine("-S", *self.options) as vitrine:
            expected = self.hardware(vitrine)
        self.assertEqual(self.hardware(self.over_qmp(self.by_hand())), expected)

    def test_each_runs(self):
        for way in (self.options, [self.vm], ["QMP"]):
            if way == ["QMP"]:
                vitrine = self.over_qmp(self.by_hand())
                vitrine.qmp.command("cont")
                self.assertEqual(vitrine.wait(), 0)
            else:
                self.assertEqual(run(*way), (0, "", ""))
            with open(self.folder + "/out", "rb") as file:
                self.assertEqual(file.read(), b"hello\n")
            os.unlink(self.folder + "/out")

    def test_a_file_and_options(self):
        with Vitrine("-S", self.vm, "-m", "512M", "-device", "virtio-rng-pci,id=r") as vitrine:
            hardware = self.hardware(vitrine)
            self.assertEqual(hardware["memory"], hex(512 << 20) if isinstance(
                hardware["memory"], str) else 512 << 20)
            self.assertIn("r", [device["id"] for device in hardware["devices"]])

    def test_the_manual(self):
        """What docs/running.md shows is what is printed, and its file is a right one."""
        with open(os.path.join(os.path.dirname(__file__), "../../docs/running.md")) as page:
            text = page.read()
        shown = re.search(r"\$ vitrine (.*)\n((?:\{.*\n)+)```", text)
        self.assertEqual(run(*shown[1].split()), (0, shown[2], ""))
        path = self.write("page.cfg", re.search(r"```ini\n(.*?)```", text, re.S)[1].encode())
        names = [command["execute"] for command in self.commands(path)]
        self.assertIn("blockdev-add", names)
        line = re.search(r"^vitrine (-machine virt(?:.|\\\n)*)\n```", text, re.M)[1]
        self.commands(*shlex.split(line.replace("\\\n", " ")))

    def test_nothing_is_done_when_printing(self):
        self.commands(*self.options)
        self.assertEqual(sorted(os.listdir(self.folder)), ["disk,1.raw", "program", "web.cfg"])

    def test_memory_that_the_host_does_not_give(self):
        """The option is named, and nothing that was begun is left."""
        with open(VITRINE, "rb") as program:
            if b"__asan_init" in program.read():
                self.skipTest("the sanitizer itself takes more addresses than are allowed here")

        def little():
            resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        place = self.folder + "/qmp"
        done = subprocess.run(
            [VITRINE, "-machine", "virt", "-m", "64G", "-pidfile", self.folder + "/pid",
             "-qmp", f"unix:{place},server=on,wait=off"], stderr=subprocess.PIPE,
            preexec_fn=little, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"-m", done.stderr)
        self.assertEqual(sorted(os.listdir(self.folder)), ["disk,1.raw", "program", "web.cfg"])

    def test_wrong_files(self):
        def wrong(text, *words):
            status, _, errors = run("-S", self.write("wrong.cfg", text.encode()))
            self.assertEqual(status, 1, errors)
            for word in words:
                self.assertIn(word, errors)
        head = "[vm]\nname = web\nmachine = virt\n"
        wrong("", "wrong.cfg")
        wrong("x\n", "wrong.cfg:1")
        wrong(head + "[nonsense]\n", "wrong.cfg:4", "nonsense")
        wrong(head + "memory = x\n[boot]\nx = y\n", "wrong.cfg:4", "wrong.cfg:6")
        wrong(head + "[device \"d\"]\ntype = nonsense\n", "wrong.cfg:5", "nonsense")
        wrong(head + "[chardev \"c\"]\nbackend = nonsense\n", "wrong.cfg:4", "chardev", "nonsense")
        wrong(head + "[blockdev \"b\"]\ndriver = file\n", "wrong.cfg:4", "blockdev", "filename")
        wrong(head + "[netdev \"n\"]\ntype = x\n", "wrong.cfg:4", "netdev", "'x'")
        wrong(head + "[serial \"0\"]\nchardev = c\n", "serial0", "'c'")
        wrong(head + "[monitor \"0\"]\nchardev = c\nmode = control\n", "wrong.cfg:4", "'c'")
        wrong(head + "[boot]\nkernel = /proc/no/such\n", "-kernel", "/proc/no/such")
        wrong("[accelerator \"x\"]\ndoc = x\nruns = no\nmax-cpus = 1\n", "wrong.cfg:1")
        status, _, errors = run(self.folder + "/none.cfg")
        self.assertEqual(status, 1)
        self.assertIn("none.cfg", errors)


if __name__ == "__main__":
    unittest.main()
