"""The command line of vitrine: what it does, and what it says when it cannot."""
import os
import pty
import select
import signal
import subprocess
import tempfile
import termios
import tty
import unittest

from qmp import DEADLINE, VITRINE, Qmp, Vitrine, connect, run


class Refused(unittest.TestCase):
    def refused(self, arguments, *words):
        status, output, errors = run(*arguments)
        self.assertEqual((status, output), (1, ""), errors)
        for word in words:
            self.assertIn(word, errors)
        for line in errors.splitlines():
            self.assertTrue(line.startswith("vitrine: "), line)

    def test_each_names_the_option(self):
        for arguments, *words in (
                (["-nonsense"], "-nonsense", "-help"),
                (["virt"], "virt"),
                (["-m"], "-m", "-m SIZE"),
                ([], "-machine", "-qmp"),
                (["-m", "1G", "-qmp", "stdio"], "-machine"),
                (["-machine", "nonsense"], "-machine", "nonsense"),
                (["-machine", "virt,nonsense=1"], "-machine", "nonsense", "aclint"),
                (["-machine", "virt,aclint=maybe"], "-machine", "aclint"),
                (["-machine", "virt,aclint=on,aclint=off"], "-machine", "twice"),
                (["-machine", "virt,=x"], "-machine", "no name"),
                (["-machine", "virt", "-accel", "nonsense"], "-accel", "none"),
                (["-machine", "virt", "-accel", "none,x=1"], "-accel", '"x"'),
                (["-machine", "virt", "-cpu", "nonsense"], "-cpu", "rv64"),
                (["-machine", "virt", "-smp", "many"], "-smp", "many"),
                (["-machine", "virt", "-smp", "600"], "-smp", "512"),
                (["-machine", "virt", "-smp", "9"], "-smp", "interp", "8"),
                (["-machine", "virt", "-smp", "nonsense=2"], "-smp", "nonsense"),
                (["-machine", "virt", "-m", "a lot"], "-m", "a lot"),
                (["-machine", "virt", "-m", "1"], "-m", "16M"),
                (["-display", "gtk"], "-display", "none"),
                (["-chardev", "socket"], "-chardev", "id"),
                (["-chardev", "nonsense,id=a"], "-chardev", "nonsense", "pty"),
                (["-chardev", "null,id=a", "-chardev", "null,id=a"], "-chardev", "'a'"),
                (["-chardev", "null,id=a,x=1"], "-chardev", "'x'"),
                (["-chardev", "file,id=a"], "-chardev", "path"),
                (["-chardev", "file,id=a,path=/nonexistent/x"], "-chardev", "/nonexistent/x"),
                (["-chardev", "socket,id=a,path=/x,port=1"], "-chardev", "path=PATH"),
                (["-chardev", "socket,id=a,path=/nonexistent/x"], "-chardev", "/nonexistent/x"),
                (["-chardev", "socket,id=a,path=/x,server=maybe"], "-chardev", "server"),
                (["-chardev", "socket,id=a,path=" + "x" * 200], "-chardev", "too long"),
                (["-chardev", "socket,id=a,fd=99"], "-chardev", "99"),
                (["-chardev", "socket,id=a,fd=0x"], "-chardev", "fd"),
                (["-serial", "nonsense"], "-serial", "nonsense", "unix:PATH"),
                (["-serial", "tcp:1234"], "-serial", "tcp:HOST:PORT"),
                (["-qmp", "nonsense"], "-qmp", "nonsense"),
                (["-mon", "mode=control"], "-mon", "chardev=ID"),
                (["-mon", "chardev=a,mode=control"], "-mon", "'a'"),
                (["-chardev", "null,id=a", "-mon", "a,mode=x"], "-mon", "control", "readline"),
                (["-monitor", "nonsense"], "-monitor", "nonsense"),
                (["-chardev", "null,id=a,mux=maybe"], "-chardev", "mux"),
                (["-chardev", "socket,id=a,path=/x,server=on,reconnect=1"], "-chardev",
                 "reconnect"),
                (["-chardev", "socket,id=a,path=/x,reconnect=soon"], "-chardev", "reconnect"),
                (["-chardev", "null,id=a,logfile=/proc/no/such"], "-chardev", "/proc/no/such"),
                (["-netdev", "{"], "-netdev", "JSON"),
                (["-device", '{"id":"x"}', "-machine", "virt"], "-device", "type"),
                (["-qmp", "null", "-mon", "chardev=compat_monitor0,mode=control"], "in use"),
                (["-machine", "virt,accel=none", "-serial", "chardev:a"], "serial0", "'a'"),
                (["-device", "nonsense,help"], "-device", "nonsense"),
                (["-gdb", "tcp:127.0.0.1:65536"], "-gdb", "65536"),
                (["-serial", "tcp:127.0.0.1:-1,server=on,wait=off"], "-serial", ":-1"),
                (["-chardev", "socket,id=a,host=127.0.0.1,port=99999,reconnect=1"], "-chardev",
                 "99999"),
                (["-pidfile", "/proc/no/such"], "-pidfile", "'/proc/no/such'")):
            with self.subTest(arguments=arguments):
                self.refused(arguments, *words)

    def test_all_findings_at_once(self):
        status, _, errors = run("-machine", "virt,nonsense=1", "-m", "x", "-accel", "y")
        self.assertEqual(status, 1)
        self.assertIn("-machine: ", errors)
        self.assertIn("-m: ", errors)
        self.assertIn("-accel: ", errors)


class Done(unittest.TestCase):
    def test_help_and_version(self):
        for word in ("-help", "--help", "-h"):
            status, output, _ = run(word)
            self.assertEqual(status, 0)
            self.assertIn("-machine", output)
        status, output, _ = run("-version")
        self.assertEqual(status, 0)
        self.assertTrue(output.startswith("vitrine "))

    def test_options_list_what_they_take(self):
        for option, *words in (("machine", "virt-1.0", "RISC-V"), ("M", "virt-1.0"),
                               ("accel", "interp", "none"), ("cpu", "rv64"),
                               ("device", "virtio-blk-pci", "pcie-root-port"),
                               ("chardev", "pty", "mux"), ("blockdev", "nbd"), ("netdev", "user"),
                               ("d", "guest_errors")):
            for word in ("help", "?"):
                status, output, errors = run("-m", "1", "-" + option, word)
                self.assertEqual((status, errors), (0, ""), option)
                for expected in words:
                    self.assertIn("  " + expected if expected == words[0] else expected, output)
        self.assertNotIn("ns16550a", run("-device", "help")[1])  # nobody can add one
        status, output, _ = run("-device", "virtio-blk-pci,help")
        self.assertEqual(status, 0)
        self.assertIn("num-queues=<uint>", output)

    def target(self, *arguments):
        """The hardware of what the command line built."""
        with Vitrine("-S", *arguments) as vitrine:
            return vitrine.qmp.command("query-hardware")

    def test_same_as_over_qmp(self):
        target = {"machine": "virt", "accel": "none", "smp": {"cpus": 2}, "memory": "256M",
                  "options": {"aclint": True, "virtio-transports": 3}, "nodefaults": False}
        with Vitrine() as vitrine:
            expected = vitrine.qmp.command("query-hardware", target=target)
        options = "virt,aclint=on,virtio-transports=3"
        for arguments in (["-machine", options, "-smp", "2", "-m", "256", "-accel", "none"],
                          ["-m", "size=256M", "--smp", "cpus=2", "-M", options + ",accel=none"],
                          ["-machine", "type=" + options, "-accel", "none", "-smp", "2", "-m",
                           "262144K"]):
            self.assertEqual(self.target(*arguments), expected)

    def test_starts_unless_told_otherwise(self):
        with Vitrine("-machine", "virt") as vitrine:
            self.assertEqual(vitrine.qmp.command("query-status")["status"], "running")
        with Vitrine("-machine", "virt", "-S") as vitrine:
            self.assertEqual(vitrine.qmp.command("query-status")["status"], "prelaunch")
        with Vitrine("-machine", "none", "-nodefaults", "-display", "none",
                     "-no-user-config", "-S") as vitrine:
            self.assertEqual(vitrine.qmp.error("device-list")["reason"], "NoMachine")

    def test_nodefaults(self):
        def ids(*arguments):
            with Vitrine("-S", "-machine", "virt", *arguments) as vitrine:
                return {device["id"] for device in vitrine.qmp.command("device-list")}
        self.assertIn("rtc", ids())
        self.assertNotIn("rtc", ids("-nodefaults"))

    def send(self, vitrine, text):
        for byte in text.encode():
            vitrine.qmp.command("register-write", device="serial0", region="regs", offset="0x0",
                                size=1, value=hex(byte))

    def test_serial_to_a_file(self):
        with tempfile.NamedTemporaryFile() as file:
            with Vitrine("-machine", "virt,accel=none", "-serial", "file:" + file.name) as vitrine:
                self.send(vitrine, "hello\n")
                self.assertEqual(file.read(), b"hello\n")
            with Vitrine("-chardev", "file,id=f,append=on,path=" + file.name, "-machine", "virt,accel=none",
                         "-serial", "chardev:f") as vitrine:
                self.send(vitrine, "again\n")
                self.assertEqual(file.read(), b"again\n")

    def test_serial_to_standard_output(self):
        for arguments in (["-serial", "stdio"], ["-nographic", "-monitor", "none"]):
            with Vitrine("-machine", "virt,accel=none", *arguments) as vitrine:
                self.send(vitrine, "hello\n")
                self.assertEqual(vitrine.process.stdout.readline(), b"hello\n")

    def test_serial_over_a_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "line")
            with Vitrine("-machine", "virt,accel=none", "-serial",
                         "unix:%s,server=on,wait=off" % path) as vitrine:
                self.send(vitrine, "nobody listens")  # and nothing is kept
                line = connect(path)
                line.sendall(b"x")
                value = "0x60"
                while value == "0x60":  # until the byte has come through
                    value = vitrine.qmp.command("register-read", device="serial0", region="regs",
                                                offset="0x5", size=1)["value"]
                self.assertEqual(value, "0x61")
                self.send(vitrine, "y")
                self.assertEqual(line.recv(1), b"y")
                line.close()

    def test_pty(self):
        with Vitrine("-machine", "virt,accel=none", "-serial", "pty") as vitrine:
            words = vitrine.errors().split()
            self.assertEqual(words[1:5], ["char", "device", "redirected", "to"])
            terminal = os.open(words[5], os.O_RDWR | os.O_NOCTTY)
            self.send(vitrine, "hello\n")
            received = b""
            while len(received) < 6:
                received += os.read(terminal, 100)
            self.assertEqual(received, b"hello\n")
            os.close(terminal)

    def test_pty_of_one_after_the_other(self):
        with Vitrine("-monitor", "pty") as vitrine:
            path = vitrine.errors().split()[5]
            for _ in range(3):
                terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
                tty.setraw(terminal)
                os.write(terminal, b"info version\r")
                received = b""
                while b"vitrine 0" not in received:
                    received += os.read(terminal, 100)
                os.close(terminal)

    def test_a_terminal_is_left_as_it_was(self):
        """^A c, ^C and ^A x on a terminal, and a signal."""
        controller, terminal = pty.openpty()
        before = termios.tcgetattr(terminal)

        def read_until(word):
            received = b""
            while word not in received:
                self.assertTrue(select.select([controller], [], [], DEADLINE)[0], received)
                received += os.read(controller, 100)

        def start():
            return subprocess.Popen([VITRINE, "-machine", "virt,accel=none", "-nographic"],
                                    stdin=terminal, stdout=terminal, stderr=terminal,
                                    start_new_session=True)
        process = start()
        read_until(b"(vitrine) ")
        os.write(controller, b"\x03\x01cinfo status\r")
        read_until(b"running     yes")
        self.assertFalse(termios.tcgetattr(terminal)[3] & termios.ECHO)
        os.write(controller, b"\x01x")
        self.assertEqual(process.wait(DEADLINE), 0)
        self.assertEqual(termios.tcgetattr(terminal), before)
        while select.select([controller], [], [], 0)[0]:
            os.read(controller, 100)  # or the next prompt would be the last one of that process
        process = start()
        read_until(b"(vitrine) ")
        process.terminate()
        self.assertEqual(process.wait(DEADLINE), 0)
        self.assertEqual(termios.tcgetattr(terminal), before)
        os.close(terminal)
        os.close(controller)

    def test_qmp_on_standard_input(self):
        process = subprocess.Popen([VITRINE, "-qmp", "stdio"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        self.assertIn(b"QMP", process.stdout.readline())
        process.stdin.write(b'{"execute":"qmp_capabilities"}{"execute":"quit"}')
        process.stdin.flush()
        self.assertEqual(process.stdout.readline().strip(), b'{"return": {}}')
        self.assertEqual(process.wait(60), 0)
        process.stdin.close()
        process.stdout.close()

    def test_pidfile_and_signal(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pid")
            with Vitrine("-pidfile", path) as vitrine:
                with open(path) as file:
                    self.assertEqual(int(file.read()), vitrine.process.pid)
                vitrine.process.send_signal(signal.SIGTERM)
                self.assertEqual(vitrine.qmp.event("SHUTDOWN")["data"],
                                 {"guest": False, "reason": "host-signal"})
                self.assertEqual(vitrine.wait(), 0)
            self.assertFalse(os.path.exists(path))

    def test_guest_errors_are_logged_with_the_name(self):
        with Vitrine("-machine", "virt,accel=none", "-name", "web,,1") as vitrine:
            for _ in range(100):
                vitrine.qmp.command("register-read", device="plic", region="regs", offset="0x0",
                                    size=1)
            lines = vitrine.errors().splitlines()
            self.assertEqual(len(lines), 8)  # 1 to 4, 8, 16, 32, 64
            self.assertTrue(lines[0].startswith("vitrine: web,1: plic: guest error: "), lines[0])


if __name__ == "__main__":
    unittest.main()
