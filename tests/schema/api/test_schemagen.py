"""The generator refuses what breaks a rule, and tools/compat what breaks a client.

Each file bad/RULE.json breaks one rule. It is put into the toy schema of tests/golden at the path
that bad/RULE.err begins with, and bad/RULE.err is exactly what the generator must say.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
BAD = os.path.join(HERE, "bad")
TOY = os.path.join(ROOT, "tests", "golden", "schema")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools", "schemagen"))

from load import load  # noqa: E402
from rules import RULES  # noqa: E402
from textjson import Problems  # noqa: E402


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def run(*words):
    return subprocess.run([sys.executable, "-B", *words], capture_output=True, text=True,
                          check=False, encoding="utf-8")


@contextlib.contextmanager
def toy(edits):
    """A copy of the toy schema with some files replaced; None removes one."""
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "schema")
        shutil.copytree(TOY, copy)
        for path, text in edits.items():
            if text is None:
                os.remove(os.path.join(copy, path))
                continue
            with open(os.path.join(copy, path), "w", encoding="utf-8") as file:
                file.write(text)
        yield copy


def paths(value, path=()):
    """The way to every value inside value."""
    yield path
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        yield from paths(value[key], path + (key,))


def replaced(value, path, other):
    """A copy of value, with other at path."""
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], other)
    return copy


def check(folder):
    return run(os.path.join(ROOT, "tools", "schemagen"), "check", folder)


class Rules(unittest.TestCase):
    def test_every_rule_has_its_wrong_file(self):
        files = {name[:-len(".json")] for name in os.listdir(BAD) if name.endswith(".json")}
        self.assertEqual(files, set(RULES))

    def test_the_toy_is_right(self):
        self.assertEqual(check(TOY).stderr, "")

    def test_our_own_schema_is_right(self):
        self.assertEqual(check(os.path.join(ROOT, "schema", "api")).stderr, "")

    def test_wrong_files(self):
        for rule in RULES:
            with self.subTest(rule=rule):
                expected = read(os.path.join(BAD, rule + ".err"))
                path = expected.split(":")[0]
                with toy({path: read(os.path.join(BAD, rule + ".json"))}) as folder:
                    result = check(folder)
                self.assertEqual(result.stderr, expected)
                self.assertTrue(expected.endswith(f"[{rule}]\n"))
                self.assertEqual(result.returncode, 1)

    def test_all_problems_are_reported(self):
        edits = {f"commands/query-{rule}.json": read(os.path.join(BAD, rule + ".json"))
                 for rule in ("doc", "wrong-kind", "json-syntax")}
        with toy(edits) as folder:
            lines = check(folder).stderr.splitlines()
        self.assertEqual([line.split(":")[0] for line in lines if "[file-name]" not in line],
                         sorted(edits))

    def test_nothing_is_written_for_a_wrong_schema(self):
        with toy({"types/Colour.json": "{"}) as folder:
            out = os.path.join(folder, "out")
            result = run(os.path.join(ROOT, "tools", "schemagen"), "c", folder, out)
            self.assertEqual(result.returncode, 1)
            self.assertFalse(os.path.exists(out))

    def test_text_that_is_no_json_text(self):
        for text, expected in ((b'{\n"name": "\xff"}', "2: the text is not UTF-8"),
                               (b'{\n"name": "\\ud800"}', "2: \\ud800 is no character of its own"),
                               (b'{\n"name": "a\nb"}', "2: the string does not end on its line"),
                               (b"[" * 100000, "1: nested deeper than 32"),
                               (b"", "1: expected a JSON value"), (b"{} {}", "1: text after")):
            with toy({}) as folder:
                with open(os.path.join(folder, "types", "Note.json"), "wb") as file:
                    file.write(text)
                self.assertIn("types/Note.json:" + expected, check(folder).stderr)

    def test_any_value_in_any_place_is_a_finding_or_fine(self):
        for file in ("phases.json", "commands/query-shelves.json", "types/Colour.json",
                     "events/SHELF_FULL.json"):
            original = json.loads(read(os.path.join(TOY, file)))
            with toy({}) as folder:
                for path in paths(original):
                    for value in (None, 1, "", [], {}, True, ["str"], {"*": "str"}, [[]]):
                        with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
                            json.dump(replaced(original, path, value), out)
                        try:
                            load(folder)
                        except Problems as problems:
                            self.assertTrue(problems.problems)

    def test_a_folder_that_is_not_there(self):
        result = check("/nonexistent")
        self.assertEqual(result.stderr, "/nonexistent/phases.json: No such file or directory\n")
        self.assertEqual(result.returncode, 1)


class Reasons(unittest.TestCase):
    def test_every_class_of_a_check_is_a_documented_reason(self):
        """Of the checks of a target and its hardware: the class of the first finding is what a
        question fails with."""
        schema = load(os.path.join(ROOT, "schema", "api"))
        documented = {error.name for error in schema.errors + schema.phases["model"].errors}
        checks = read(os.path.join(ROOT, "schema", "model", "checks.def"))
        of_targets = checks[checks.index("/* the target of a question */"):]
        classes = set(re.findall(r'^MDL_CHECK\(\w+, "(\w+)"', of_targets, re.MULTILINE))
        self.assertGreater(len(classes), 15)
        self.assertEqual(classes - documented, set())


class Compat(unittest.TestCase):
    """Each case: what is replaced in the toy, and what compat must say."""

    def compare(self, file, replacements, expected):
        text = read(os.path.join(TOY, file))
        for before, after in replacements:
            self.assertIn(before, text)
            text = text.replace(before, after)
        with toy({file: text}) as folder:
            result = run(os.path.join(ROOT, "tools", "compat"), TOY, folder)
        self.assertEqual(result.stdout.splitlines(), expected, result.stderr)
        self.assertEqual(result.returncode, 1 if expected else 0)

    def test_the_same(self):
        self.compare("types/Note.json", [], [])

    def test_an_optional_argument_may_come(self):
        self.compare("commands/query-shelves.json", [
            ('"doc": "The colour to look for."}', '"doc": "The colour to look for."},\n'
             '{"name": "height", "type": "uint", "optional": true, "doc": "Its height."}')], [])

    def test_a_required_argument_may_not(self):
        self.compare("commands/query-shelves.json", [
            ('"arguments": [\n', '"arguments": [\n{"name": "height", "type": "uint", '
             '"doc": "Its height."},\n'), ('"name": "top", ', '"name": "top", "height": 1, ')],
            ["query-shelves: argument 'height' is new and required"])

    def test_an_argument_may_not_become_required(self):
        self.compare("commands/query-shelves.json", [
            ('"Colour", "optional": true', '"Colour"')],
            ["query-shelves: argument 'colour' is required, was optional"])

    def test_an_argument_may_become_optional(self):
        self.compare("commands/query-shelves.json", [
            ('"name": "name", "type": "str"', '"name": "name", "type": "str", "optional": true')],
            [])

    def test_an_argument_may_not_go_or_change_its_type(self):
        self.compare("commands/query-shelves.json", [
            ('"name": "name", "type": "str"', '"name": "title", "type": "str"'),
            ('"Colour"', '"str"'), ('"name": "top"', '"title": "top"')],
            ["query-shelves: argument 'name' is gone",
             "query-shelves: argument 'colour' is str, was Colour",
             "query-shelves: argument 'title' is new and required"])

    def test_a_reply_may_grow(self):
        self.compare("types/ShelfInfo.json", [
            ('"members": [\n', '"members": [\n{"name": "new", "type": "str", "doc": "New."},\n')],
            [])

    def test_a_reply_may_not_say_less(self):
        self.compare("types/ShelfInfo.json", [
            ('"name": "extra", "type": "any"', '"name": "other", "type": "any"'),
            ('"name": "notes", "type": {"*": "str"},',
             '"name": "notes", "type": {"*": "str"}, "optional": true,')],
            ["ShelfInfo: member 'extra' is gone",
             "ShelfInfo: member 'notes' is optional, was always there"])

    def test_an_argument_inside_a_type(self):
        self.compare("types/Target.json", [
            ('"members": [\n', '"members": [\n{"name": "town", "type": "str", "doc": "Where."},\n')],
            ["Target: member 'town' is new and required"])

    def test_a_value_may_come_but_not_go(self):
        self.compare("types/Colour.json", [('"name": "red"', '"name": "green"')],
                     ["Colour: value 'red' is gone"])

    def test_a_reply_may_not_change_its_type(self):
        self.compare("commands/shelf-count.json", [('"uint"', '"int"')],
                     ["shelf-count returns int, was uint"])

    def test_a_reason_and_a_phase_stay(self):
        self.compare("commands/query-shelves.json", [
            ('"NoSuchShelf"', '"ShelfMissing"'), ('"0.1",', '"0.1", "phase": "session",')],
            ["query-shelves is of the phase session, was of model",
             "query-shelves: reason 'NoSuchShelf' is gone",
             "query-shelves: argument 'target' is gone"])

    def test_a_type_sent_beside_a_reply(self):
        self.compare("types/Note.json", [('"name": "text"', '"name": "words"')],
                     ["Note: member 'text' is gone"])

    def test_the_data_of_an_event(self):
        self.compare("events/SHELF_FULL.json", [
            ('"Colour", "optional": true', '"str", "optional": true'),
            ('"name": "name", "type": "str"', '"name": "shelf", "type": "str"')],
            ["SHELF_FULL: member 'name' is gone",
             "SHELF_FULL: member 'colour' is str, was Colour"])

    def test_an_event_may_not_go(self):
        with toy({"events/CLOSED.json": None}) as folder:
            result = run(os.path.join(ROOT, "tools", "compat"), TOY, folder)
        self.assertEqual(result.stdout, "event 'CLOSED' is gone\n")

    def test_a_command_may_not_go(self):
        with toy({"commands/shelf_clear.json": None}) as folder:
            result = run(os.path.join(ROOT, "tools", "compat"), TOY, folder)
        self.assertEqual(result.stdout, "command 'shelf_clear' is gone\n")

    def test_a_schema_that_is_wrong(self):
        with toy({"types/Note.json": "{"}) as folder:
            result = run(os.path.join(ROOT, "tools", "compat"), TOY, folder)
        self.assertEqual(result.returncode, 2)
        self.assertIn("types/Note.json:1: ", result.stderr)


if __name__ == "__main__":
    unittest.main()
