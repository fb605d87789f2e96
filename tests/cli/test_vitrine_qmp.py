"""vitrine over QMP: before a machine, through its life, and with clients that mean no good."""
import json
import os
import resource
import socket
import tempfile
import unittest

from qmp import Qmp, Vitrine, connect


class BeforeAMachine(unittest.TestCase):
    def test_greeting_and_negotiation(self):
        with Vitrine(negotiate=False) as vitrine:
            self.assertIn("version", vitrine.qmp.greeting["QMP"])
            self.assertEqual(vitrine.qmp.error("query-status")["class"], "CommandNotFound")
            self.assertEqual(vitrine.qmp.command("qmp_capabilities"), {})
            self.assertEqual(vitrine.qmp.command("query-status"),
                             {"running": False, "singlestep": False, "status": "prelaunch"})

    def test_ids_of_any_type(self):
        with Vitrine() as vitrine:
            for ident in (0, -1, 18446744073709551615, "x", None, [1, {"a": 2}], {"b": []}, True):
                request = {"execute": "query-status", "id": ident}
                vitrine.qmp.send_bytes(json.dumps(request).encode())
                self.assertEqual(vitrine.qmp.reply()["id"], ident)

    def test_model_questions(self):
        with Vitrine() as vitrine:
            names = [machine["name"] for machine in vitrine.qmp.command("query-machines")]
            self.assertIn("virt-1.0", names)
            version = vitrine.qmp.command("query-version")
            self.assertEqual(version, vitrine.qmp.greeting["QMP"]["version"])

    def test_too_early(self):
        with Vitrine() as vitrine:
            for command in ("cont", "stop", "system_reset", "device-list"):
                error = vitrine.qmp.error(command)
                self.assertEqual((error["class"], error["reason"]), ("GenericError", "NoMachine"))
            error = vitrine.qmp.error("register-read", device="serial0", region="regs",
                                      offset="0x0", size=1)
            self.assertEqual(error["reason"], "NoMachine")
            self.assertEqual(vitrine.qmp.error("machine-build")["reason"], "MissingMachine")
            self.assertEqual(vitrine.qmp.error("machine-set", target={})["reason"],
                             "MissingMachine")

    def test_unknown_things(self):
        with Vitrine() as vitrine:
            self.assertEqual(vitrine.qmp.error("no-such-command")["class"], "CommandNotFound")
            self.assertEqual(vitrine.qmp.error("query-status", x=1)["reason"], "UnknownMember")
            target = {"machine": "nonsense"}
            self.assertEqual(vitrine.qmp.error("machine-set", target=target)["reason"],
                             "UnknownMachine")
            target = {"machine": "virt", "options": {"nonsense": 1}, "memory": "x"}
            error = vitrine.qmp.error("machine-set", target=target)
            self.assertEqual(len(error["findings"]), 2)


class LifeOfAMachine(unittest.TestCase):
    def built(self, *arguments, **target):
        vitrine = Vitrine(*arguments)
        self.addCleanup(vitrine.__exit__)
        vitrine.qmp.command("machine-set", target=dict(target, machine="virt", accel="none"))
        vitrine.qmp.command("machine-build")
        return vitrine

    def status(self, vitrine):
        return vitrine.qmp.command("query-status")["status"]

    def test_states_and_events(self):
        vitrine = self.built()
        self.assertEqual(self.status(vitrine), "prelaunch")
        vitrine.qmp.command("cont")
        vitrine.qmp.event("RESUME")
        self.assertEqual(self.status(vitrine), "running")
        vitrine.qmp.command("cont")  # runs already: nothing happens
        vitrine.qmp.command("stop")
        vitrine.qmp.event("STOP")
        self.assertEqual(self.status(vitrine), "paused")
        vitrine.qmp.command("system_reset")
        event = vitrine.qmp.event("RESET")
        self.assertEqual(event["data"], {"guest": False, "reason": "host-qmp-system-reset"})
        self.assertIn("seconds", event["timestamp"])
        self.assertEqual(vitrine.qmp.command("quit"), {})
        event = vitrine.qmp.event("SHUTDOWN")
        self.assertEqual(event["data"], {"guest": False, "reason": "host-qmp-quit"})
        self.assertRaises(EOFError, vitrine.qmp.receive)
        self.assertEqual(vitrine.wait(), 0)

    def test_set_again_until_built(self):
        with Vitrine() as vitrine:
            vitrine.qmp.command("machine-set", target={"machine": "virt"})
            vitrine.qmp.error("machine-set", target={"machine": "nonsense"})
            vitrine.qmp.command("machine-set",
                                target={"machine": "virt", "options": {"pcie": False}})
            vitrine.qmp.command("machine-build")
            ids = [device["id"] for device in vitrine.qmp.command("device-list")]
            self.assertNotIn("pcihost", ids)
            self.assertEqual(vitrine.qmp.error("machine-build")["reason"], "AlreadyBuilt")
            self.assertEqual(vitrine.qmp.error("machine-set", target={"machine": "virt"})["reason"],
                             "AlreadyBuilt")

    def test_hardware_of_the_machine(self):
        target = {"machine": "virt", "smp": {"cpus": 3}, "memory": "64M"}
        with Vitrine() as vitrine:
            about = vitrine.qmp.command("query-hardware", target=target)
            vitrine.qmp.command("machine-set", target=target)
            self.assertEqual(vitrine.qmp.command("query-hardware"), about)  # that was set
            vitrine.qmp.command("machine-build")
            self.assertEqual(vitrine.qmp.command("query-hardware"), about)  # that was built
            devices = vitrine.qmp.command("device-list")
            self.assertEqual([device["id"] for device in devices if device["type"] == "rv64"],
                             ["cpu.0", "cpu.1", "cpu.2"])

    def test_registers(self):
        vitrine = self.built()

        def read(device, region, offset, size):
            return vitrine.qmp.command("register-read", device=device, region=region,
                                       offset=hex(offset), size=size)["value"]

        def write(device, region, offset, size, value):
            vitrine.qmp.command("register-write", device=device, region=region,
                                offset=hex(offset), size=size, value=hex(value))

        self.assertEqual(read("serial0", "regs", 5, 1), "0x60")
        self.assertEqual(read("pcihost", "ecam", 0, 4), "0x81b36")
        self.assertEqual(read("pcihost", "ecam", 1 << 15, 4), "0xffffffff")
        write("ram", "ram", 8, 8, 0x1122334455667788)
        self.assertEqual(read("ram", "ram", 8, 8), "0x1122334455667788")
        # A source of the PLIC, end to end: the UART's line 10 to context 1 of hart 0.
        write("plic", "regs", 4 * 10, 4, 1)
        write("plic", "regs", 0x2080, 4, 1 << 10)
        write("serial0", "regs", 1, 1, 2)
        self.assertEqual(read("plic", "regs", 0x201004, 4), "0xa")

    def test_register_mistakes(self):
        vitrine = self.built()
        good = {"device": "serial0", "region": "regs", "offset": "0x0", "size": 1}
        for change, reason, path in (
                ({"device": "none"}, "UnknownDevice", "device"),
                ({"region": "none"}, "UnknownRegion", "region"),
                ({"size": 3}, "OutOfRange", "size"),
                ({"offset": "0x100"}, "OutOfRange", "offset"),
                ({"offset": "0x2", "size": 4}, "OutOfRange", "offset"),
                ({"offset": "0xffffffffffffffff"}, "OutOfRange", "offset")):
            error = vitrine.qmp.error("register-read", **dict(good, **change))
            self.assertEqual((error["reason"], error["path"]), (reason, path))
        error = vitrine.qmp.error("register-write", value="0x100", **good)
        self.assertEqual(error["path"], "value")

    def power(self, vitrine, value):
        vitrine.qmp.command("register-write", device="test", region="regs", offset="0x0", size=4,
                            value=hex(value))

    def test_guest_switches_off(self):
        for value, status in ((0x5555, 0), (0x3333, 1), (0x2a3333, 42), (0x1003333, 1)):
            vitrine = self.built()
            vitrine.qmp.command("cont")
            self.power(vitrine, value)
            event = vitrine.qmp.event("SHUTDOWN")
            self.assertEqual(event["data"], {"guest": True, "reason": "guest-shutdown"})
            self.assertEqual(vitrine.wait(), status)

    def test_no_shutdown(self):
        vitrine = self.built("-no-shutdown")
        vitrine.qmp.command("cont")
        self.power(vitrine, 0x5555)
        vitrine.qmp.event("SHUTDOWN")
        self.assertEqual(self.status(vitrine), "shutdown")
        self.assertEqual(vitrine.qmp.error("cont")["reason"], "ShutDown")
        vitrine.qmp.command("system_reset")
        vitrine.qmp.command("cont")
        self.assertEqual(self.status(vitrine), "running")

    def test_guest_resets(self):
        vitrine = self.built()
        vitrine.qmp.command("cont")
        vitrine.qmp.command("register-write", device="serial0", region="regs", offset="0x7",
                            size=1, value="0x5a")
        self.power(vitrine, 0x7777)
        self.assertEqual(vitrine.qmp.event("RESET")["data"],
                         {"guest": True, "reason": "guest-reset"})
        value = vitrine.qmp.command("register-read", device="serial0", region="regs",
                                    offset="0x7", size=1)
        self.assertEqual(value, {"value": "0x0"})
        self.assertEqual(self.status(vitrine), "running")

    def test_no_reboot(self):
        vitrine = self.built("-no-reboot")
        vitrine.qmp.command("cont")
        self.power(vitrine, 0x7777)
        self.assertEqual(vitrine.qmp.event("SHUTDOWN")["data"],
                         {"guest": True, "reason": "guest-reset"})
        self.assertEqual(vitrine.wait(), 0)

    def test_failed_build_leaves_nothing(self):
        with Vitrine("-serial", "chardev:nowhere") as vitrine:
            vitrine.qmp.command("machine-set", target={"machine": "virt"})
            for _ in range(2):
                error = vitrine.qmp.error("machine-build")
                self.assertEqual(error["reason"], "BuildFailed")
                self.assertIn("serial0", error["desc"])
            self.assertEqual(vitrine.qmp.error("cont")["reason"], "NoMachine")


class HostileClients(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "qmp")
        self.vitrine = Vitrine("-qmp", "unix:%s,server=on,wait=off" % self.path, qmp=False)
        self.addCleanup(self.vitrine.__exit__)

    def resident(self):
        with open("/proc/%d/statm" % self.vitrine.process.pid) as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()

    def test_broken_input(self):
        client = Qmp(connect(self.path))
        for text in (b"garbage\n", b"{]\n", b'{"execute": 1}\n', b'[]\n', b'{"a": 1, "a": 2}\n',
                     b"[" * 100000 + b"\n", b'{"execute":"query-status"' + b" " * 2000000 + b"}\n",
                     b'\xff\xfe\n'):
            client.send_bytes(text)
            self.assertIn("error", client.reply(), text[:30])
            while True:  # one piece of garbage may be answered more than once
                client.send_bytes(b'{"execute":"query-status","id":"last"}\n')
                reply = client.reply()
                while "id" not in reply:
                    reply = client.reply()
                break
            self.assertEqual(reply["return"]["status"], "prelaunch")

    def test_stops_in_the_middle(self):
        for _ in range(20):
            client = Qmp(connect(self.path))
            client.send_bytes(b'{"execute":"query-st')
            client.close()
        self.assertEqual(Qmp(connect(self.path)).command("query-status")["running"], False)

    def test_one_after_the_other(self):
        first = Qmp(connect(self.path))
        waiting = connect(self.path)
        first.command("query-status")
        first.close()
        self.assertEqual(Qmp(waiting).command("query-status")["running"], False)

    def test_many_connects(self):
        for _ in range(500):
            sock = connect(self.path)
            sock.close()
        self.assertEqual(Qmp(connect(self.path)).command("query-status")["running"], False)

    def test_slow_reader(self):
        client = Qmp(connect(self.path))
        client.command("query-schema")
        client.sock.settimeout(5)
        before = self.resident()
        question = b'{"execute":"query-schema"}' * 1000
        client.sock.setblocking(False)
        sent = 0
        try:
            while sent < 64 * len(question):  # and nothing is read
                sent += client.sock.send(question)
        except BlockingIOError:
            pass
        # Ask another question about the process: it is not stuck, and has not grown much.
        self.assertIsNone(self.vitrine.process.poll())
        self.assertLess(self.resident() - before, 64 << 20)
        client.close()
        self.assertEqual(Qmp(connect(self.path)).command("query-status")["running"], False)


class Sockets(unittest.TestCase):
    def test_path_in_use_by_something_else(self):
        with tempfile.NamedTemporaryFile() as file:
            vitrine = Vitrine("-qmp", "unix:%s,server=on,wait=off" % file.name, qmp=False)
            with vitrine:
                self.assertEqual(vitrine.wait(), 1)
                self.assertIn(file.name, vitrine.errors())
            self.assertTrue(os.path.exists(file.name))

    def test_socket_is_removed_at_the_end(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "qmp")
            with Vitrine("-qmp", "unix:%s,server=on,wait=off" % path, qmp=False) as vitrine:
                client = Qmp(connect(path))
                client.command("quit")
                self.assertEqual(vitrine.wait(), 0)
            self.assertFalse(os.path.exists(path))

    def test_listening_descriptor(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "qmp")
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(path)
            listener.listen(1)
            os.set_inheritable(listener.fileno(), True)
            import subprocess
            from qmp import VITRINE
            process = subprocess.Popen(
                [VITRINE, "-chardev", "socket,id=m,fd=%d,server=on,wait=off" % listener.fileno(),
                 "-mon", "chardev=m,mode=control"], pass_fds=[listener.fileno()])
            listener.close()
            Qmp(connect(path)).command("quit")
            self.assertEqual(process.wait(60), 0)

    def test_tcp(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with Vitrine("-qmp", "tcp:127.0.0.1:%d,server=on,wait=off" % port) as vitrine:
            client = Qmp(socket.create_connection(("127.0.0.1", port)))
            self.assertEqual(client.command("query-status"), vitrine.qmp.command("query-status"))


if __name__ == "__main__":
    unittest.main()
