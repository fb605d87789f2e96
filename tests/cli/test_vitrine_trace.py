"""-d and -D: what is traced, of a small program whose every step is known."""

import os
import re
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from qmp import run  # noqa: E402

# Takes an illegal instruction, reads where nothing is, reads a register of the PLIC in the wrong
# size, and switches off.
PROGRAM = [
    0x00000297,  # auipc t0, 0
    0x01428293,  # addi t0, t0, 20
    0x30529073,  # csrw mtvec, t0
    0x00000000,  # illegal
    0x00000013,  # nop
    # handler: mepc goes behind the instruction
    0x341022F3,  # csrr t0, mepc
    0x00428293,  # addi t0, t0, 4
    0x34129073,  # csrw mepc, t0
    0x00130313,  # addi t1, t1, 1
    0x00200393,  # li t2, 2
    0x00735463,  # bge t1, t2, .+8
    0x0200006F,  # j .+32
    0x0C000337,  # lui t1, 0xc000
    0x00030303,  # lb t1, 0(t1)
    0x001007B7,  # lui a5, 0x100
    0x00005737,  # lui a4, 5
    0x55570713,  # addi a4, a4, 0x555
    0x00E7A023,  # sw a4, 0(a5)
    0x0000006F,  # j .
    0x00002303,  # lw t1, 0(zero): nothing is there
    0x00000013,
]


class TraceTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.program = os.path.join(self.folder.name, "program")
        with open(self.program, "wb") as file:
            file.write(struct.pack(f"<{len(PROGRAM)}I", *PROGRAM))

    def trace(self, *arguments):
        """What is said, and the lines of the trace."""
        path = os.path.join(self.folder.name, "trace")
        status, _, errors = run("-machine", "virt", "-accel", "interp", "-m", "64M", "-bios",
                                self.program, "-serial", "null", "-D", path, *arguments)
        self.assertEqual(status, 0, errors)
        with open(path, encoding="utf-8") as file:
            return errors, file.read().splitlines()

    def test_nothing_unless_asked(self):
        errors, lines = self.trace()
        self.assertEqual(lines, [])
        self.assertIn("guest error", errors)

    def test_traps(self):
        _, lines = self.trace("-d", "int")
        self.assertEqual(lines[0], "int: hart 0: exception 2 at 000000008000000c, value "
                                   "0000000000000000, taken in M")
        self.assertEqual(lines[1], "int: hart 0: exception 5 at 000000008000004c, value "
                                   "0000000000000000, taken in M")
        self.assertEqual(len(lines), 2)

    def test_instructions(self):
        _, lines = self.trace("-d", "exec")
        texts = [re.fullmatch(r"exec: hart 0: ([0-9a-f]{16})  (.*)", line).groups()
                 for line in lines]
        self.assertEqual(texts[0], ("0000000080000000", "auipc t0, 0x0"))
        self.assertEqual(texts[3], ("000000008000000c", ".2byte 0x0"))
        self.assertEqual(texts[4], ("0000000080000014", "csrrs t0, mepc, zero"))
        self.assertIn(("000000008000003c", "lui a4, 0x5"), texts)

    def test_decoding(self):
        _, lines = self.trace("-d", "in_asm")
        self.assertEqual(lines[0], "in_asm: hart 0: 0000000080000000  auipc t0, 0x0")
        self.assertEqual(len([line for line in lines if "80000020  addi t1, t1, 1" in line]), 1)

    def test_wrong_accesses(self):
        errors, lines = self.trace("-d", "guest_errors,unimp")
        self.assertEqual(lines, ["unimp: read of 4 bytes at 0x0",
                                 "guest error: plic: read of 1 bytes at offset 0x0"])
        self.assertNotIn("guest error", errors)  # it is where it was asked for

    def test_to_standard_error(self):
        status, _, errors = run("-machine", "virt", "-accel", "interp", "-m", "64M", "-bios",
                                self.program, "-serial", "null", "-d", "int")
        self.assertEqual(status, 0)
        self.assertIn("vitrine: int: hart 0: exception 2", errors)

    def test_wrong_words(self):
        status, _, errors = run("-d", "int,everything")
        self.assertEqual(status, 1)
        self.assertIn("-d: there is no 'everything' to be traced; there are\n  guest_errors", errors)
        status, _, errors = run("-D", "/proc/none/trace")
        self.assertEqual(status, 1)
        self.assertIn("-D: '/proc/none/trace' cannot be written: No such file", errors)
        status, output, _ = run("-d", "help")
        self.assertEqual((status, output.splitlines()[0].split()[0]), (0, "guest_errors"))


if __name__ == "__main__":
    unittest.main()
