"""What vitrine starts from: small programs of the test's own run, and files that are wrong are
errors that name the option."""

import gzip
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from qmp import VITRINE  # noqa: E402

POWER_OFF, RESET, FAIL = 0x5555, 0x7777, 0x3333
UART = [0x100007B7]  # lui a5, 0x10000
SPIN = [0x0000006F]  # j .


def power(code):
    """Writes to the test device."""
    return [0x001007B7, code >> 12 << 12 | 0x737, (code & 0xFFF) << 20 | 0x70713, 0x00E7A023] + SPIN


def say_memory(register, count):
    """Sends the bytes that an argument register points to."""
    words = []
    for offset in range(count):
        words += [offset << 20 | register << 15 | 0x703, 0x00E78023]  # lb a4, …; sb a4, 0(a5)
    return words


def program(*parts):
    words = [word for part in parts for word in part]
    return struct.pack(f"<{len(words)}I", *words)


# Resets the machine, unless a word in memory tells that it did; breaks its own first instruction
# before, so that only one that is loaded again can tell.
RESET_ONCE = [
    0x00100697,  # auipc a3, 0x100
    0x0006A703,  # lw a4, 0(a3)
    0x02071463,  # bnez a4, .+40
    0x00100713,  # li a4, 1
    0x00E6A023,  # sw a4, 0(a3)
    0x00000617,  # auipc a2, 0
    0xFE062623,  # sw zero, -20(a2)
] + power(RESET)


def linux_image(code, image_size):
    """An Image for RISC-V; its first instruction jumps over the header."""
    header = struct.pack("<IIQQQIIQ8s4sI", 0x0400006F, 0, 0x200000, image_size, 0, 2, 0, 0,
                         b"RISCV", b"RSC\x05", 0)  # fmt: skip
    return header + code


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, data):
        path = pathlib.Path(self.folder.name, name)
        path.write_bytes(data)
        return str(path)

    def run_vitrine(self, *arguments):
        return subprocess.run(
            [VITRINE, "-machine", "virt", "-accel", "interp", "-display", "none", "-serial",
             "stdio", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
        )  # fmt: skip

    def assert_runs(self, status, output, *arguments):
        done = self.run_vitrine(*arguments)
        self.assertEqual((done.returncode, done.stdout), (status, output), done.stderr)

    def assert_refused(self, words, *arguments):
        done = self.run_vitrine(*arguments)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, b"")
        self.assertIn(words, done.stderr.decode())


class Runs(Files):
    def test_power_off_is_success_and_failure_is_not(self):
        self.assert_runs(0, b"", "-bios", self.file("off", program(power(POWER_OFF))))
        # 3 << 16 | FAIL: the low half is what the device looks at, the high half the code
        fail = [0x001007B7, 0x00033737, 0x33370713, 0x00E7A023] + SPIN
        self.assert_runs(3, b"", "-bios", self.file("fail", program(fail)))

    def test_the_firmware_is_told_of_device_tree_and_kernel(self):
        tell = program(UART, say_memory(11, 4), say_memory(12, 4), power(POWER_OFF))
        magics = b"\xd0\x0d\xfe\xed" + b"OSBI"
        self.assert_runs(0, magics, "-bios", self.file("tell", tell))

    def test_kernels_without_firmware(self):
        off = program(power(POWER_OFF))
        image = linux_image(off, 4096)
        for name, data in {"raw": off, "Image": image, "Image.gz": gzip.compress(image)}.items():
            with self.subTest(name):
                self.assert_runs(0, b"", "-bios", "none", "-kernel", self.file(name, data))

    def test_a_reset_loads_again(self):
        again = program(RESET_ONCE[:12], power(POWER_OFF))
        self.assert_runs(0, b"", "-bios", self.file("again", again))

    def test_a_reset_ends_the_program_when_it_shall(self):
        reset = self.file("reset", program(power(RESET)))
        self.assert_runs(0, b"", "-bios", reset, "-no-reboot")

    def test_every_hart_begins(self):
        # Each says its number; the last one, 3, switches off once it has waited for the others.
        say = [0x100007B7, 0x03050713, 0x00E78023]  # addi a4, a0, '0'; sb a4, 0(a5)
        wait = [0x00300693, 0x00D50463] + SPIN  # li a3, 3; beq a0, a3, .+8
        delay = [0x00400637, 0xFFF60613, 0xFE061EE3]  # lui a2, 0x400; addi a2, -1; bnez a2, .-4
        harts = self.file("harts", program(say, wait, delay, power(POWER_OFF)))
        done = self.run_vitrine("-bios", harts, "-smp", "4")
        self.assertEqual((done.returncode, sorted(done.stdout)), (0, sorted(b"0123")), done.stderr)


class Refused(Files):
    def test_files_that_are_not_there_or_no_files(self):
        for option in ("-bios", "-kernel", "-dtb"):
            with self.subTest(option):
                self.assert_refused(f"{option}: /nonexistent/x: No such file", option,
                                    "/nonexistent/x", *(["-bios", "none"] * (option != "-bios")))  # fmt: skip
        self.assert_refused("-kernel: /: it is a directory", "-bios", "none", "-kernel", "/")
        self.assert_refused("-kernel: /dev/zero: it is a device", "-bios", "none", "-kernel",
                            "/dev/zero")  # fmt: skip

    def kernel_refused(self, words, data, *more):
        path = self.file("kernel", data)
        self.assert_refused(f"-kernel: {path}: {words}", "-bios", "none", "-kernel", path, *more)

    def test_kernels_that_are_wrong(self):
        good = linux_image(program(power(POWER_OFF)), 4096)
        elf = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HH", 2, 62) + bytes(44)
        self.kernel_refused("the ELF file is for another architecture, x86-64", elf)
        self.kernel_refused("the ELF file is truncated", elf[:40])
        self.kernel_refused("the gzip data is truncated", gzip.compress(good)[:-10])
        self.kernel_refused("the file is empty", b"")

    def test_what_does_not_fit(self):
        large = self.file("large", linux_image(b"", 64 << 20))
        self.assert_refused("-kernel: 67108864 bytes at 0x80200000 do not fit into the memory",
                            "-bios", "none", "-kernel", large, "-m", "32M")  # fmt: skip
        kernel = self.file("kernel", linux_image(b"", 8 << 20))
        initrd = self.file("initrd", bytes(5 << 20))
        self.assert_refused("overlap -initrd", "-bios", "none", "-kernel", kernel, "-initrd",
                            initrd, "-m", "16M")  # fmt: skip

    def test_what_has_no_kernel(self):
        self.assert_refused("-append: it is for a kernel", "-append", "quiet")
        self.assert_refused("-initrd: it is for a kernel", "-initrd", self.file("initrd", b"x"))


if __name__ == "__main__":
    unittest.main()
