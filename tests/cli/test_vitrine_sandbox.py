"""-sandbox: the filter is there, vitrine works within it, and wrong words are refused."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from qmp import Vitrine, run  # noqa: E402


def filters(process):
    """Of each thread: whether it runs under a filter and can gain no privileges."""
    found = []
    for task in os.listdir(f"/proc/{process.pid}/task"):
        with open(f"/proc/{process.pid}/task/{task}/status", encoding="ascii") as file:
            lines = dict(line.split(":\t", 1) for line in file.read().splitlines())
        found.append((lines["Seccomp"], lines["NoNewPrivs"]))
    return found


# In a build with sanitizers the one for leaks looks at the process from another when it ends, which
# is what the filter forbids.
os.environ["ASAN_OPTIONS"] = "detect_leaks=0"


class SandboxTest(unittest.TestCase):
    def test_all_threads_are_in_it(self):
        with Vitrine("-sandbox", "on", "-machine", "virt", "-accel", "interp", "-smp", "2", "-m",
                     "64M", "-bios", "none", "-S") as vitrine:
            vitrine.qmp.command("cont")
            threads = filters(vitrine.process)
            self.assertGreaterEqual(len(threads), 3)
            self.assertEqual(set(threads), {("2", "1")})
            vitrine.qmp.command("quit")
            self.assertEqual(vitrine.wait(), 0)

    def test_off(self):
        with Vitrine("-sandbox", "off") as vitrine:
            self.assertEqual(set(filters(vitrine.process)), {("0", "0")})

    def test_the_words_of_qemu(self):
        with Vitrine("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=allow,"
                     "resourcecontrol=deny") as vitrine:
            self.assertEqual(filters(vitrine.process)[0], ("2", "1"))

    def test_wrong_words(self):
        for words, why in (("on,spawn=perhaps", "spawn is allow or deny, not 'perhaps'"),
                           ("on,network=deny", "there is no 'network'; known are enable, obsolete"),
                           ("maybe", "enable is on or off, not 'maybe'"),
                           ("on,elevateprivileges=children",
                            "elevateprivileges is allow or deny, not 'children'")):
            with self.subTest(words=words):
                status, _, errors = run("-sandbox", words)
                self.assertEqual(status, 1)
                self.assertIn("-sandbox: " + why, errors)


if __name__ == "__main__":
    unittest.main()
