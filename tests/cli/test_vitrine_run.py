"""vitrine runs code: small programs for the bare machine, in machine code made here."""
import os
import struct
import tempfile
import unittest

from qmp import Vitrine, connect, run

UART, TEST, CLINT = 0x10000000, 0x100000, 0x2000000
ZERO, T0, T1, T2, A0, A1 = 0, 5, 6, 7, 10, 11


def lui(rd, value):
    return value & 0xfffff000 | rd << 7 | 0x37


def i_type(opcode, funct3, rd, rs1, imm):
    return (imm & 0xfff) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode


def addi(rd, rs1, imm):
    return i_type(0x13, 0, rd, rs1, imm)


def load(rd, rs1, imm, size):
    return i_type(0x03, {1: 4, 4: 2, 8: 3}[size], rd, rs1, imm)


def store(rs2, rs1, imm, size):
    funct3 = {1: 0, 4: 2, 8: 3}[size]
    return (imm >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (imm & 31) << 7 | 0x23


def branch(funct3, rs1, rs2, offset):
    return ((offset >> 12 & 1) << 31 | (offset >> 5 & 0x3f) << 25 | rs2 << 20 | rs1 << 15 |
            funct3 << 12 | (offset >> 1 & 0xf) << 8 | (offset >> 11 & 1) << 7 | 0x63)


def bne(rs1, rs2, offset):
    return branch(1, rs1, rs2, offset)


def csrw(csr, rs1):
    return i_type(0x73, 1, ZERO, rs1, csr)


MIE, WFI, LOOP = 0x304, 0x10500073, 0x0000006f


def constant(rd, value):
    """A 32-bit value that is not negative."""
    upper = value + 0x800 & 0xfffff000
    words = [lui(rd, upper)] if upper else [addi(rd, ZERO, 0)]
    return words + [addi(rd, rd, value - upper)]


def say(text):
    """Sends text; the UART is always ready."""
    words = constant(T0, UART)
    for byte in text.encode():
        words += [addi(T1, ZERO, byte), store(T1, T0, 0, 1)]
    return words


def on_first_hart():
    """The others, whose number in a0 is not 0, stay here."""
    return [bne(A0, ZERO, 0)]


def finish(code):
    return constant(T0, TEST) + constant(T1, code) + [store(T1, T0, 0, 4), LOOP]


class Programs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def image(self, words):
        path = os.path.join(self.folder.name, "program")
        with open(path, "wb") as file:
            file.write(struct.pack("<%dI" % len(words), *words))
        return path

    def run_program(self, words, *arguments):
        return run("-machine", "virt", "-accel", "interp", "-bios", self.image(words),
                   "-serial", "stdio", *arguments)

    def test_says_something_and_switches_off(self):
        self.assertEqual(self.run_program(say("hello\n") + finish(0x5555)), (0, "hello\n", ""))

    def test_fails_with_a_code(self):
        self.assertEqual(self.run_program(finish(7 << 16 | 0x3333)), (7, "", ""))

    def test_resets_until_told_otherwise(self):
        # The first time memory is as loaded; the mark it leaves is loaded over at the reset, but
        # what lies past the program is not. So it says "1", resets, says "2" and ends.
        at_mark = constant(T0, 0x100000) + [addi(T2, ZERO, 1), i_type(0x13, 1, T2, T2, 31),
                                            0x007282b3]  # t0 += t2, where memory begins
        head = at_mark + [load(T1, T0, 0, 4)]
        first = say("1") + at_mark + [addi(T1, ZERO, 1), store(T1, T0, 0, 4)] + finish(0x7777)
        second = say("2") + finish(0x5555)
        words = head + [bne(T1, ZERO, 4 * (len(first) + 1))] + first + second
        self.assertEqual(self.run_program(words), (0, "12", ""))
        self.assertEqual(self.run_program(words, "-no-reboot"), (0, "1", ""))

    def wait_for_timer(self, mtimecmp, mtime):
        """Enables the machine timer, lets it fire soon, and waits for it."""
        words = constant(T0, mtime) + [load(T1, T0, 0, 8)] + constant(T2, 20000)
        words += [0x00730333]  # t1 += t2
        words += constant(T0, mtimecmp) + [store(T1, T0, 0, 8)]
        return words + [addi(T1, ZERO, 0x80), csrw(MIE, T1), WFI]

    def test_timer_ends_a_wait(self):
        clint = self.wait_for_timer(CLINT + 0x4000, CLINT + 0xbff8) + say("!") + finish(0x5555)
        for option in ("off", "on"):
            done = run("-machine", "virt,aclint=" + option, "-accel", "interp", "-bios",
                       self.image(clint), "-serial", "stdio")
            self.assertEqual(done, (0, "!", ""))

    def test_harts_wake_each_other(self):
        # Every hart waits for its software interrupt, says its number and wakes the next; the
        # last one switches off. Hart 0 need not wait.
        n = 4
        words = [addi(T1, ZERO, 8), csrw(MIE, T1)]
        wait = [WFI, i_type(0x73, 2, T1, ZERO, 0x344), i_type(0x13, 7, T1, T1, 8)]  # mip & 8
        wait += [branch(0, T1, ZERO, -12)]
        words += [branch(0, A0, ZERO, 4 * (len(wait) + 1))] + wait
        words += constant(T0, UART) + [addi(T1, A0, ord("0")), store(T1, T0, 0, 1)]
        words += [addi(T2, ZERO, n - 1)]
        wake = constant(T0, CLINT) + [addi(T1, A0, 1), i_type(0x13, 1, T1, T1, 2), 0x006282b3,
                                      addi(T1, ZERO, 1), store(T1, T0, 0, 4), LOOP]
        words += [branch(0, A0, T2, 4 * (len(wake) + 1))] + wake + finish(0x5555)
        self.assertEqual(self.run_program(words, "-smp", str(n)), (0, "0123", ""))

    def race(self, accel):
        """Two harts add to one word, neither with care; what they made of it, and how long it took."""
        turns = 30000
        words = constant(T0, 0x200000) + [
            addi(T2, ZERO, 1), i_type(0x13, 1, T2, T2, 31), i_type(0x33, 6, T0, T0, 0) | T2 << 20]
        words += constant(T2, turns)
        words += [load(T1, T0, 0, 4), addi(T1, T1, 1), store(T1, T0, 0, 4), addi(T2, T2, -1),
                  bne(T2, ZERO, -16)]
        # hart 0 goes on: the word, then the instructions, then the time
        words += [branch(0, A0, ZERO, 8), LOOP]
        values = [load(A1, T0, 0, 4)], [i_type(0x73, 2, A1, ZERO, 0xc02)], \
            constant(T2, CLINT + 0xbff8) + [load(A1, T2, 0, 8)]
        for get in values:
            words += get + constant(T0, UART)
            for shift in range(28, -4, -4):
                words += [i_type(0x13, 5, T1, A1, shift), i_type(0x13, 7, T1, T1, 15),
                          addi(T1, T1, 0x40), store(T1, T0, 0, 1)]
        image = self.image(words + finish(0x5555))
        status, output, errors = run("-machine", "virt", "-accel", accel, "-bios", image, "-smp",
                                     "2", "-serial", "stdio")
        self.assertEqual((status, errors), (0, ""))
        return [int("".join("%x" % (ord(digit) - 0x40) for digit in output[at:at + 8]), 16)
                for at in range(0, 24, 8)]

    def test_one_thread_does_the_same_each_time(self):
        first = self.race("interp,threads=single")
        word, instructions, time = first
        self.assertTrue(30000 <= word < 60000, word)
        self.assertGreater(instructions, 150000)
        # 10 ns for each instruction of both harts, 100 ns for a tick
        self.assertTrue(instructions // 10 <= time <= instructions // 5 + 1000, first)
        for _ in range(2):
            self.assertEqual(self.race("interp,threads=single"), first)

    def test_one_thread_lets_time_pass_while_all_wait(self):
        # A hundred seconds, but not of ours.
        words = constant(T0, CLINT + 0xbff8) + [load(T1, T0, 0, 8)] + constant(T2, 1000000000)
        words += [0x00730333] + constant(T0, CLINT + 0x4000) + [store(T1, T0, 0, 8)]
        words += [addi(T1, ZERO, 0x80), csrw(MIE, T1), WFI] + say("!") + finish(0x5555)
        done = run("-machine", "virt", "-accel", "interp,threads=single", "-bios",
                   self.image(words), "-serial", "stdio")
        self.assertEqual(done, (0, "!", ""))

    def test_console_both_ways(self):
        path = os.path.join(self.folder.name, "line")
        echo = constant(T0, UART) + [load(T1, T0, 5, 1), i_type(0x13, 7, T1, T1, 1),
                                     branch(0, T1, ZERO, -8), load(T1, T0, 0, 1),
                                     store(T1, T0, 0, 1), addi(T2, ZERO, ord("\n")),
                                     bne(T1, T2, -24)]
        image = self.image(echo + finish(0x5555))
        with Vitrine("-machine", "virt", "-accel", "interp", "-bios", image, "-S",
                     "-serial", "unix:%s,server=on,wait=off" % path) as vitrine:
            line = connect(path)
            vitrine.qmp.command("cont")
            text = b"a longer line than the FIFO of the serial port holds at once\n"
            line.sendall(text)
            received = b""
            while len(received) < len(text):
                received += line.recv(100)
            self.assertEqual(received, text)
            vitrine.qmp.event("SHUTDOWN")
            self.assertEqual(vitrine.wait(), 0)
            line.close()

    def test_stop_and_cont(self):
        image = self.image([LOOP])
        with Vitrine("-machine", "virt", "-accel", "interp", "-bios", image, "-smp",
                     "2") as vitrine:
            for _ in range(20):
                vitrine.qmp.command("stop")
                self.assertEqual(vitrine.qmp.command("query-status")["status"], "paused")
                vitrine.qmp.command("cont")
                vitrine.qmp.command("system_reset")
            error = vitrine.qmp.error("register-read", device="serial0", region="regs",
                                      offset="0x5", size=1)
            self.assertEqual(error["reason"], "RequiresAccelerator")
            vitrine.qmp.command("quit")
            self.assertEqual(vitrine.wait(), 0)

    def test_nothing_to_run_is_said(self):
        with Vitrine("-machine", "virt", "-accel", "interp") as vitrine:
            self.assertIn("-kernel", vitrine.errors())
            vitrine.qmp.command("quit")
            self.assertEqual(vitrine.wait(), 0)

    def test_a_program_and_nobody_to_run_it_is_said(self):
        with Vitrine("-machine", "virt", "-accel", "none", "-bios", self.image([LOOP])) as vitrine:
            self.assertIn("-accel interp", vitrine.errors())

    def test_refused(self):
        bad = os.path.join(self.folder.name, "bad")
        with open(bad, "wb") as file:
            file.write(b"\x7fELF")
        good = self.image([LOOP])
        machine = ["-machine", "virt", "-accel", "interp"]
        for arguments, *words in (
                (machine + ["-bios", "/nonexistent"], "-bios", "/nonexistent"),
                (machine + ["-bios", bad], "-bios", bad),
                (machine + ["-bios", "none", "-kernel", bad], "-kernel", bad),
                (machine + ["-bios", good, "-initrd", good], "-initrd", "-kernel"),
                (machine + ["-smp", "9", "-bios", good], "8"),
                (machine + ["-cpu", "rv64,nonsense=on", "-bios", good],
                 "nonsense")):
            with self.subTest(arguments=arguments):
                status, output, errors = run(*arguments)
                self.assertEqual((status, output), (1, ""))
                for word in words:
                    self.assertIn(word, errors)


if __name__ == "__main__":
    unittest.main()
