"""tools/boot-debian: what it does when a guest, an emulator or a mirror fails; and its formats."""

import io
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
TOOL = TOP / "tools" / "boot-debian"
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / "tools"))
from debian import images, packages  # noqa: E402
from debian.console import BootFailed, Console  # noqa: E402


def console(program, deadline=20):
    """A console of a shell script that plays the emulator."""
    return Console(["sh", "-c", program], io.BytesIO(), False, deadline)


class Consoles(unittest.TestCase):
    def expect_failure(self, program, words, *steps, deadline=20):
        with console(program, deadline) as guest, self.assertRaises(BootFailed) as caught:
            for step in steps or [lambda guest: guest.expect("never")]:
                step(guest)
        self.assertIn(words, str(caught.exception))

    def test_waits_for_text_in_pieces(self):
        with console("printf 'OpenS'; sleep 0.1; echo 'BI v1'") as guest:
            self.assertEqual(guest.expect("OpenSBI v(.)").group(1), b"1")
            guest.end()

    def test_types_commands_and_reads_their_status(self):
        with console("PS1='guest# ' exec sh -i 2>&1") as guest:
            guest.expect("guest# ")
            guest.shell("guest# ", "true")
            with self.assertRaises(BootFailed) as caught:
                guest.shell("guest# ", "false")
            self.assertIn("status 1: false", str(caught.exception))
            with self.assertRaises(BootFailed) as caught:
                guest.shell("guest# ", "( )")
            self.assertIn("the shell refused it: ( )", str(caught.exception))

    def test_a_panic_fails_at_once(self):
        self.expect_failure("echo 'Kernel panic - not syncing'; sleep 60", "Kernel panic")

    def test_an_emulator_that_ends_early(self):
        self.expect_failure("echo no such option >&2; exit 3", "status 3")
        self.expect_failure("echo no such option >&2; exit 3", "no such option")

    def test_a_status_that_is_not_zero(self):
        self.expect_failure("exit 4", "status 4", lambda guest: guest.end())

    def test_the_deadline(self):
        self.expect_failure("sleep 60", "deadline", deadline=0.2)


class Formats(unittest.TestCase):
    def test_the_archive_is_one_that_cpio_readers_know(self):
        archive = images.Cpio()
        archive.add("dev", 0o40755)
        archive.add("dev/console", 0o20600, device=(5, 1))
        archive.add("init", 0o100755, b"#!/bin/sh\n")
        data = archive.finish()
        self.assertEqual(len(data) % 4, 0)
        names = []
        while data:  # the format of the kernel's initramfs: buffer-format.rst
            self.assertEqual(data[:6], b"070701")
            size, length = int(data[54:62], 16), int(data[94:102], 16)
            names.append(data[110 : 110 + length - 1].decode())
            begin = (110 + length + 3) & ~3
            content = data[begin : begin + size]
            data = data[begin + ((size + 3) & ~3) :]
            if names[-1] == "init":
                self.assertEqual(content, b"#!/bin/sh\n")
        self.assertEqual(names, ["dev", "dev/console", "init", "TRAILER!!!"])

    def test_modules_come_after_what_they_need(self):
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            (folder / "modules.builtin").write_text("kernel/lib/inside.ko\n")
            needs = {"a-b": "c,inside", "c": "d", "d": ""}
            for name, value in needs.items():
                (folder / f"{name}.ko").write_bytes(b"\0depends=%s\0" % value.encode())
            modules = images.ModuleFolder(folder)
            self.assertEqual(list(modules.in_order(["a_b"])), ["d", "c", "a_b"])
            with self.assertRaises(ValueError):
                modules.in_order(["absent"])

    def test_the_disk_has_one_bootable_partition(self):
        table = images.partition_table()
        self.assertEqual((len(table), table[510:]), (512, b"\x55\xaa"))
        self.assertEqual((table[446], table[450]), (0x80, 0x83))


class Tool(unittest.TestCase):
    def run_tool(self, *arguments):
        return subprocess.run(
            [TOOL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def test_no_mirror(self):
        with tempfile.TemporaryDirectory() as cache:
            done = self.run_tool("--cache", cache, "--mirror", "file:/nonexistent/debian")
            self.assertEqual(done.returncode, 77, done.stdout)
            self.assertTrue(done.stdout.startswith("boot-debian: "), done.stdout)
            self.assertFalse(os.path.exists(os.path.join(cache, "packages.stamp")))

    def test_usage(self):
        self.assertEqual(self.run_tool("--mode", "teleport").returncode, 2)

    def test_nothing_is_asked_of_the_machine_s_own_apt_directories(self):
        try:
            keyring = packages.keyring()
        except packages.Unobtainable as why:
            self.skipTest(str(why))
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            apt = packages.PrivateApt(folder, "file:/nonexistent/debian")
            self.assertIn(keyring, (folder / "debian.sources").read_text())
            shown = apt.run("apt-config", "shell", "S", "Dir::State/f", "C", "Dir::Cache/f",
                            "L", "Dir::Etc::sourcelist/f", "P", "Dir::Etc::sourceparts/f")  # fmt: skip
            for line in shown.splitlines():
                self.assertRegex(line, rf"'({scratch}|/dev/null)")


if __name__ == "__main__":
    unittest.main()
