#!/usr/bin/env python3
"""tools/layers against small trees: base/ is right, and each other folder of layers/ is what has
to be laid over it to break the rule the folder is named for; expected is what is then said."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "layers")
TOOL = os.path.join(HERE, "..", "..", "tools", "layers")
CC = os.environ.get("CC", "cc").split()


def build(root):
    """Compiles every C file with the whole tree in sight, links each program of layers.txt from
    its own object and a library of all others. A file says in its first line what is added to its
    search path, or that it is not compiled."""
    out = os.path.join(root, "build")
    os.makedirs(os.path.join(out, "bin"))
    glib = subprocess.run(["pkg-config", "--cflags", "jansson"], check=True, capture_output=True,
                          text=True).stdout.split()
    commands, objects = [], {}
    for folder, _, names in os.walk(root):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), root)
            if not name.endswith(".c"):
                continue
            with open(os.path.join(root, path), encoding="utf-8") as file:
                first = file.readline().split()
            extra = first[2:-1] if first[:2] == ["/*", "cc:"] else []
            if extra == ["none"]:
                continue
            sight = {"low": ["-Ilow"], "high": ["-Ihigh", "-Ilow"]}
            words = sight.get(path.split("/")[0], ["-Ihigh", "-Ilow"])
            target = os.path.join(out, path.replace("/", "_") + ".o")
            arguments = [*CC, "-c", *words, *extra, *glib, path, "-o", target]
            subprocess.run(arguments, cwd=root, check=True)
            commands.append({"directory": root, "file": path, "arguments": arguments})
            objects[path] = target
    with open(os.path.join(out, "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump(commands, file)
    programs = ["app.c", "small.c"]
    library = os.path.join(out, "all.a")
    subprocess.run(["ar", "rcs", library,
                    *[target for path, target in objects.items() if path not in programs]],
                   check=True)
    for path in programs:
        subprocess.run([*CC, objects[path], library, "-Wl,--unresolved-symbols=ignore-all", "-o",
                        os.path.join(out, "bin", path[:-2])], check=True)
    return out


class Layers(unittest.TestCase):
    def findings(self, case):
        with tempfile.TemporaryDirectory() as root:
            root = os.path.realpath(root)
            shutil.copytree(os.path.join(CASES, "base"), root, dirs_exist_ok=True)
            if case != "base":
                shutil.copytree(os.path.join(CASES, case), root, dirs_exist_ok=True)
            folder = build(root)
            done = subprocess.run([sys.executable, TOOL, "--root", root, "--build", folder],
                                  capture_output=True, text=True, check=False)
            return done.returncode, sorted(done.stdout.splitlines())

    def test_base_is_right(self):
        self.assertEqual(self.findings("base"), (0, []))

    def test_each_rule_has_a_case(self):
        rules = subprocess.run([sys.executable, TOOL, "--rules"], capture_output=True, text=True,
                               check=True).stdout
        names = sorted(line.split()[0] for line in rules.splitlines())
        self.assertEqual(names, sorted(set(os.listdir(CASES)) - {"base"}))

    def test_cases(self):
        for case in sorted(set(os.listdir(CASES)) - {"base"}):
            with self.subTest(case=case):
                with open(os.path.join(CASES, case, "expected"), encoding="utf-8") as file:
                    expected = sorted(file.read().splitlines())
                self.assertTrue(any(f": {case}: " in line for line in expected))
                self.assertEqual(self.findings(case), (1, expected))


if __name__ == "__main__":
    unittest.main()
