"""Devices that a person adds to a machine, and what is behind them: -device, -blockdev, -drive,
-netdev."""
import os
import socket
import tempfile
import unittest

from qmp import Vitrine, run

MACHINE = ["-machine", "virt", "-accel", "none"]


def devices(vitrine):
    hardware = vitrine.qmp.command("query-hardware")["hardware"]
    return {device["id"]: device for device in hardware["devices"]}


class Devices(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.disk = self.path("disk.raw")
        with open(self.disk, "wb") as disk:
            disk.truncate(1 << 20)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def refused(self, arguments, *words):
        status, _, errors = run(*arguments)
        self.assertEqual(status, 1, errors)
        for word in words:
            self.assertIn(word, errors)

    def test_places(self):
        with Vitrine(*MACHINE,
                     "-blockdev", f"driver=file,filename={self.disk},node-name=disk0",
                     "-device", "virtio-blk-pci,drive=disk0,id=disk,addr=5",
                     "-device", "virtio-rng-pci", "-device", "virtio-rng-device,id=rng",
                     "-chardev", "null,id=chr0",
                     "-device", "virtio-serial-pci,max_ports=4",
                     "-device", "virtconsole,chardev=chr0,id=con",
                     "-device", "virtserialport,name=org.example,id=port") as vitrine:
            found = devices(vitrine)
            self.assertEqual(found["disk"]["bus"], "pcie.0")
            self.assertEqual(found["disk"]["address"], "05.0")
            self.assertEqual(found["virtio-rng-pci.0"]["address"], "01.0")
            self.assertEqual(found["rng"]["bus"], "virtio-mmio-bus.0")
            self.assertEqual(found["con"]["address"], "0")
            self.assertEqual(found["port"]["address"], "1")

    def test_net(self):
        path = self.path("net")
        with Vitrine(*MACHINE,
                     "-netdev", f"stream,id=net0,addr.type=unix,addr.path={path},server=on",
                     "-device", "virtio-net-pci,netdev=net0,mac=52:54:00:00:00:01"):
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            client.close()

    def test_read_only_twice(self):
        options = ",format=raw,if=none,readonly=on,file=" + self.disk
        with Vitrine(*MACHINE, "-drive", "id=a" + options, "-drive", "id=b" + options,
                     "-device", "virtio-blk-pci,drive=a", "-device", "virtio-blk-device,drive=b"):
            pass

    def test_refused(self):
        blockdev = f"driver=file,node-name=d,filename={self.disk}"
        for arguments, *words in (
                (["-device", "nonsense"], "nonsense"),
                (["-device", "id=x"], "-device", "type"),
                (["-device", "virtio-rng-pci,nonsense=1"], "nonsense"),
                (["-device", "virtio-rng-pci,packed=maybe"], "packed"),
                (["-device", "virtio-rng-pci,bus=nonsense"], "nonsense"),
                (["-device", "virtio-rng-pci,addr=40"], "slot", "31"),
                (["-device", "virtio-rng-pci,addr=3", "-device", "virtio-rng-pci,addr=3"], "taken",
                 "01.0"),
                (["-device", "virtio-rng-pci,id=a", "-device", "virtio-rng-pci,id=a"], "\"a\""),
                (["-device", "ns16550a"], "part of machines"),
                (["-device", "virtconsole"], "virtio-serial"),
                (["-device", "virtio-blk-pci"], "drive", "-blockdev"),
                (["-device", "virtio-blk-pci,drive=x"], "'x'", "-blockdev"),
                (["-device", "virtio-net-pci,netdev=x"], "'x'", "-netdev"),
                (["-device", "virtio-net-pci,mac=x"], "mac", "'x'"),
                (["-blockdev", "driver=qcow2,node-name=d"], "-blockdev", "qemu-nbd"),
                (["-blockdev", "driver=file,node-name=d"], "-blockdev", "filename"),
                (["-blockdev", f"driver=file,filename={self.disk}"], "-blockdev", "node-name"),
                (["-blockdev", blockdev + ",x=1"], "-blockdev", "'x'"),
                (["-blockdev", blockdev + ",discard=maybe"], "-blockdev", "unmap"),
                (["-blockdev", blockdev, "-blockdev", blockdev], "-blockdev", "exists already"),
                (["-blockdev", blockdev, "-blockdev", blockdev.replace("=d", "=e", 1)],
                 "-blockdev", "in use"),
                (["-blockdev", f"driver=file,node-name=d,filename={self.folder.name}"],
                 "-blockdev", "directory"),
                (["-blockdev", "driver=file,node-name=d,filename=/nonexistent"], "/nonexistent"),
                (["-blockdev", blockdev, "-device", "virtio-blk-pci,drive=d",
                  "-device", "virtio-blk-device,drive=d"], "another device"),
                (["-drive", f"file={self.disk},id=d,if=none"], "-drive", "format=raw"),
                (["-drive", f"file={self.disk},id=d,format=raw"], "-drive", "if=none"),
                (["-netdev", "nonsense,id=n"], "-netdev", "nonsense"),
                (["-netdev", "stream,id=n"], "-netdev", "addr"),
                (["-netdev", "stream,id=n,addr.type=unix,addr.path=/nonexistent/n"],
                 "-netdev", "/nonexistent/n"),
                (["-netdev", "dgram,id=n,local.type=unix,remote.type=unix"], "-netdev", "local"),
                (["-netdev", "tap,id=n,script=/bin/true"], "-netdev", "scripts"),
                (["-netdev", "socket,id=n,fd=x"], "-netdev", "fd", "number")):
            with self.subTest(arguments=arguments):
                self.refused([*MACHINE, *arguments], *words)


if __name__ == "__main__":
    unittest.main()
