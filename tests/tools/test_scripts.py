#!/usr/bin/env python3
"""The scripts of tools/ as a person calls them, wrongly too."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
CC = os.environ.get("CC", "cc").split()


def run(*words, **options):
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, **options)
    return done.returncode, done.stdout, done.stderr


class Arguments(unittest.TestCase):
    def test_what_is_not_known_is_refused(self):
        for words in (["tools/test", "--slow"], ["tools/test", "-R"], ["tools/format", "--all"],
                      ["tools/quickstart", "now"], ["tools/install"], ["tools/install", "fun"],
                      ["tools/bench/run", "no-such-comparison"], ["tools/layers", "x"],
                      ["tools/lint", "--fix"]):
            with self.subTest(words=words):
                status, out, err = run(*words)
                self.assertEqual((status, out), (2, ""))
                self.assertNotEqual(err, "")

    def test_help(self):
        for tool in ("test", "quickstart", "bench/run", "layers", "lint"):
            with self.subTest(tool=tool):
                status, out, _ = run(f"tools/{tool}", "--help")
                self.assertEqual(status, 0)
                self.assertIn(os.path.basename(tool), out)


class Packages(unittest.TestCase):
    def test_the_list(self):
        names = []
        with open(os.path.join(ROOT, "tools", "packages.txt"), encoding="utf-8") as file:
            for line in file:
                words = line.split("#")[0].split()
                if words:
                    names.append(words[0])
                    self.assertLessEqual(set(words[1:]), {"build", "test", "quickstart"})
                    self.assertGreater(len(words), 1)
        self.assertEqual(names, sorted(set(names)))


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.launch = os.path.join(cls.folder.name, "launch")
        subprocess.run([*CC, "-D_GNU_SOURCE", "-o", cls.launch,
                        os.path.join(ROOT, "tools", "bench", "launch.c")], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_every_program_is_timed_in_each_round(self):
        talk = 'read line; echo greeting; echo "{\\"return\\": $line}"; sleep 1000'
        status, out, _ = run(self.launch, "3", "--exit", "", "/bin/true",
                             "--reply", "7\n", "sh", "-c", talk)
        rows = [[int(word) for word in line.split()] for line in out.splitlines()]
        self.assertEqual((status, [len(row) for row in rows]), (0, [2, 2, 2]))
        self.assertTrue(all(time > 0 for row in rows for time in row))

    def test_the_round_is_told(self):
        place = os.path.join(self.folder.name, "round-%n")
        self.assertEqual(run(self.launch, "2", "--exit", "", "touch", place)[0], 0)
        names = sorted(name for name in os.listdir(self.folder.name) if name[:6] == "round-")
        self.assertEqual(names, ["round-0", "round-1"])

    def test_what_fails_has_no_time(self):
        for words in (["--exit", "", "/bin/false"], ["--exit", "", "no-such-program"],
                      ["--reply", "", "/bin/true"], ["--exit", ""], ["/bin/true"]):
            with self.subTest(words=words):
                status, out, err = run(self.launch, "1", *words)
                self.assertEqual((status, out), (1, ""))
                self.assertIn("launch: ", err)

    def test_without_the_programs_nothing_is_compared(self):
        report = os.path.join(self.folder.name, "report.json")
        status, out, _ = run("tools/bench/run", "--build", self.folder.name, "--json", report)
        self.assertEqual(status, 0)
        self.assertIn("left out", out)
        with open(report, encoding="utf-8") as file:
            self.assertEqual(json.load(file), [])


if __name__ == "__main__":
    unittest.main()
