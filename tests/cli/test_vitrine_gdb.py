"""The debugger's protocol: with Debian's gdb-multiarch, and with whatever bytes come."""

import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from qmp import DEADLINE, Vitrine, connect  # noqa: E402

# Each hart adds 1 to a1 for ever; satp off, machine mode.
LOOP = struct.pack("<5I", 0x00000593, 0x00158593, 0x00158593, 0xFF9FF06F, 0x0000006F)
BASE = 0x80000000


def frame(data):
    return b"$%s#%02x" % (data, sum(data) & 255)


class GdbTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "gdb")
        self.program = os.path.join(self.folder.name, "loop")
        with open(self.program, "wb") as file:
            file.write(LOOP)

    def start(self, *arguments, stopped=True):
        vitrine = Vitrine("-machine", "virt", "-accel", "interp", "-smp", "2", "-m", "64M",
                          "-bios", self.program, "-serial", "null",
                          "-gdb", "unix:%s,server=on,wait=off" % self.path,
                          *(["-S"] if stopped else []), *arguments)
        self.addCleanup(vitrine.__exit__)
        return vitrine

    def gdb(self, *commands):
        """What gdb prints for each command, which ends with a line ==."""
        words = ["gdb-multiarch", "-nx", "-batch", "-ex", "set pagination off", "-ex",
                 "set architecture riscv:rv64", "-ex", "set remotetimeout 30",
                 "-ex", "target remote %s" % self.path]
        for command in commands:
            words += ["-ex", "echo ==\\n", "-ex", command]
        words += ["-ex", "echo ==\\n"]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=DEADLINE,
                              env={**os.environ, "HOME": self.folder.name})
        text = done.stdout.decode()
        parts = text.split("==\n")[1:-1]
        self.assertEqual(len(parts), len(commands), text)
        return [part.strip() for part in parts]

    def test_registers_and_memory_of_each_hart(self):
        self.start()
        said = self.gdb("info threads", "p/x $pc", "p $priv", "p $misa < 0", "p $ft0.double",
                        "thread 2", "p $mhartid", "p $a0", "set $a0 = 77", "set $sscratch = 5",
                        "p $a0 + $sscratch", "thread 1", "p $a0",
                        "x/2i $pc", "set {long}0x80001000 = 0x1122334455667788",
                        "x/gx 0x80001000", "x/wx 0x10")
        self.assertIn("cpu.0", said[0])
        self.assertIn("cpu.1", said[0])
        self.assertEqual([said[1], said[2], said[3], said[4]],
                         ["$1 = 0x80000000", "$2 = 3", "$3 = 1", "$4 = 0"])
        self.assertIn("Thread 2", said[5])
        self.assertEqual([said[6], said[7]], ["$5 = 1", "$6 = 1"])
        self.assertEqual(said[10], "$7 = 82")
        self.assertEqual(said[12], "$8 = 0")
        self.assertIn("li\ta1,0", said[13])
        self.assertIn("0x1122334455667788", said[15])
        self.assertIn("Cannot access memory", said[16])

    def test_breakpoints_and_steps(self):
        self.start()
        said = self.gdb("break *0x80000008", "hbreak *0x8000000c", "continue", "p $a1", "continue",
                        "p $a1", "delete", "stepi", "p/x $pc", "stepi", "stepi", "p $a1", "thread 2",
                        "stepi", "stepi", "stepi", "p/x $pc", "kill")
        self.assertIn("Breakpoint 1, 0x0000000080000008", said[2])
        self.assertRegex(said[3], "= 1$")
        self.assertRegex(said[4], "Breakpoint [12], 0x000000008000000")
        self.assertRegex(said[16], "= 0x80000004|= 0x80000008|= 0x8000000c")

    def test_one_hart_alone(self):
        """With scheduler-locking the other one stands still."""
        self.start()
        said = self.gdb("set scheduler-locking on", "thread 2", "break *0x80000008", "continue",
                        "p $a1", "continue", "p $a1", "thread 1", "p/x $pc")
        self.assertIn("Thread 2", said[3])
        self.assertRegex(said[4], "= 1$")
        self.assertRegex(said[6], "= 3$")
        self.assertRegex(said[8], "= 0x80000000$")

    def test_detach_lets_it_run(self):
        vitrine = self.start()
        self.gdb("break *0x80000008", "continue", "detach")
        self.assertTrue(vitrine.qmp.command("query-status")["running"])
        said = self.gdb("p $pc", "detach")  # and the next one comes
        self.assertRegex(said[0], "= .*0x8000000[48c]")

    def test_kill_ends_it(self):
        vitrine = self.start()
        self.gdb("kill")
        self.assertEqual(vitrine.wait(), 0)

    # -- without gdb --

    def packets(self):
        sock = connect(self.path)
        self.addCleanup(sock.close)
        sock.settimeout(DEADLINE)
        return sock

    def ask(self, sock, data):
        sock.sendall(frame(data))
        return self.answer(sock)

    def answer(self, sock):
        answer = b""
        while b"#" not in answer or len(answer.split(b"#", 1)[1]) < 2:
            more = sock.recv(65536)
            self.assertTrue(more, "it hung up")
            answer += more
        return answer.split(b"$", 1)[1].split(b"#")[0]

    def test_interrupt(self):
        vitrine = self.start(stopped=False)
        sock = self.packets()
        self.assertTrue(self.ask(sock, b"?").startswith(b"T05"))
        sock.sendall(frame(b"vCont;c"))
        vitrine.qmp.event("RESUME")
        sock.sendall(b"\x03")
        self.assertEqual(self.answer(sock), b"T02thread:1;")
        self.assertFalse(vitrine.qmp.command("query-status")["running"])

    def test_stop_and_cont_of_others(self):
        vitrine = self.start(stopped=False)
        sock = self.packets()
        self.ask(sock, b"?")
        vitrine.qmp.command("cont")
        vitrine.qmp.event("RESUME")
        self.assertEqual(self.ask(sock, b"g"), b"E14")  # it runs: there is nothing to be read
        vitrine.qmp.command("stop")
        self.assertEqual(len(self.ask(sock, b"g")), 33 * 16)
        sock.sendall(frame(b"c"))
        vitrine.qmp.event("RESUME")
        vitrine.qmp.command("stop")
        self.assertEqual(self.answer(sock), b"T02thread:1;")

    def test_what_is_wrong_is_refused(self):
        self.start()
        sock = self.packets()
        for data in (b"m", b"m80000000", b"m80000000,", b"m80000000,1g,", b"mffffffffffffffff,10",
                     b"m0,8", b"M80000000,2:1", b"M80000000,ffffffffffffffff:00", b"M80000000,1",
                     b"X80000000,5:ab", b"p", b"pffffffff", b"p11111111111111111", b"P0", b"P0=",
                     b"P0=12", b"P20", b"G00", b"Hg9", b"Hx1", b"H", b"T3", b"T", b"Z0", b"Z0,",
                     b"Z0,g,4", b"z1,80000000", b"vCont;", b"vCont;x", b"vCont;c:9", b"vCont;s:",
                     b"vContc", b"qXfer:features:read:target.xml:",
                     b"qXfer:features:read:target.xml:1", b"qThreadExtraInfo,9"):
            with self.subTest(data=data):
                self.assertIn(self.ask(sock, data), (b"E14",))
        for data in (b"", b"!", b"qNothing", b"vMustReplyEmpty", b"Z2,80000000,4", b"z4,0,0"):
            with self.subTest(data=data):
                self.assertEqual(self.ask(sock, data), b"")
        self.assertEqual(self.ask(sock, b"qXfer:features:read:target.xml:ffffffffffffffff,10"), b"l")
        self.assertEqual(self.ask(sock, b"m80000000,4"), b"93050000")

    def test_breakpoints_are_bounded(self):
        self.start()
        sock = self.packets()
        answers = [self.ask(sock, b"Z0,%x,4" % (BASE + 4 * i)) for i in range(80)]
        self.assertEqual(answers, [b"OK"] * 64 + [b"E14"] * 16)
        self.assertEqual(self.ask(sock, b"Z0,80000000,4"), b"OK")  # once more is no more
        self.assertEqual(self.ask(sock, b"z0,80000000,4"), b"OK")
        self.assertEqual(self.ask(sock, b"Z1,80000000,4"), b"OK")

    def test_any_bytes(self):
        vitrine = self.start()
        rng = random.Random(1)
        starts = [b"m", b"M", b"X", b"p", b"P", b"G", b"H", b"Z0,", b"z1,", b"vCont;", b"qXfer:", b"T",
                  b"qSupported:", b"s", b"c", b"?", b"QStart", b"vCont;s:1;c", b"\x03"]
        for _ in range(5):
            sock = self.packets()
            for _ in range(400):
                body = rng.choice(starts) + bytes(rng.choice(b"0123456789abcdef,;:=}*-\x00\xff")
                                                  for _ in range(rng.randrange(40)))
                sock.sendall(frame(body) if rng.random() < 0.9 else body)
            sock.sendall(b"$" + bytes(100000) + b"#00\x03")
            sock.close()
        self.assertIn(vitrine.qmp.command("query-status")["status"],
                      ("prelaunch", "paused", "running"))

    def test_a_client_that_does_not_read(self):
        vitrine = self.start()
        sock = self.packets()
        sock.settimeout(2)
        with self.assertRaises(socket.timeout):
            while True:
                sock.sendall(frame(b"m80000000,2000"))
        vitrine.qmp.command("query-status")

    def test_without_a_machine(self):
        with Vitrine("-gdb", "unix:%s,server=on,wait=off" % self.path) as vitrine:
            self.assertEqual(self.packets().recv(10), b"")
            vitrine.qmp.command("quit")
            vitrine.wait()
            self.assertIn("gdb: there is no machine yet", vitrine.errors())

    def test_without_execution(self):
        with Vitrine("-machine", "virt", "-accel", "none", "-gdb",
                     "unix:%s,server=on,wait=off" % self.path) as vitrine:
            self.assertEqual(self.packets().recv(10), b"")
            vitrine.qmp.command("quit")
            vitrine.wait()
            self.assertIn("use -accel interp", vitrine.errors())


if __name__ == "__main__":
    unittest.main()
