#!/usr/bin/env python3
"""tools/lint against one file a rule: bad-RULE.* breaks it, bad-RULE.expected is what is then said
and where the file is put; good.c breaks none."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(HERE, "..", "..", "tools", "lint")


def findings(source, place):
    """What the linter says of a tree that has one file."""
    with tempfile.TemporaryDirectory() as root:
        path = os.path.join(root, place)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(os.path.join(HERE, source), path)
        done = subprocess.run([sys.executable, TOOL, "--root", root], capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stdout.splitlines()


class Lint(unittest.TestCase):
    def test_good(self):
        self.assertEqual(findings("good.c", "schema/model/good.c"), (0, []))

    def test_tools_and_tests_may_print(self):
        self.assertEqual(findings("bad-library-output.c", "tests/schema/model/test_x.c"), (0, []))
        self.assertEqual(findings("bad-library-output.c", "emulator/main.c"), (0, []))

    def test_each_rule(self):
        rules = subprocess.run([sys.executable, TOOL, "--rules"], capture_output=True, text=True,
                               check=True).stdout
        names = sorted(line.split()[0] for line in rules.splitlines())
        files = {name.partition(".")[0]: name for name in os.listdir(HERE)
                 if name.startswith("bad-") and not name.endswith(".expected")}
        self.assertEqual(sorted(files), [f"bad-{name}" for name in names])
        for rule in names:
            with self.subTest(rule=rule):
                source = files[f"bad-{rule}"]
                with open(os.path.join(HERE, f"bad-{rule}.expected"), encoding="utf-8") as file:
                    expected = file.read().splitlines()
                self.assertEqual({line.split(": ")[1] for line in expected}, {rule})
                place = expected[0].partition(":")[0]
                status, said = findings(source, place)
                self.assertEqual([line for line in said if f": {rule}: " in line], expected)
                self.assertEqual(status, 1)


if __name__ == "__main__":
    unittest.main()
