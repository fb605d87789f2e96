"""Recorded conversations: what a fake emulator that serves one tells, and what an import of it
knows, is what the binary told."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
REPLAYER = TOP / "tests/capsdb/emulators/replayer"
TELLER = TOP / "tests/capsdb/emulators/teller"
HOSTILE = TOP / "tests/hostile"
QEMU = pathlib.Path("/usr/bin/qemu-system-riscv64")
PROGRAMS = pathlib.Path(os.environ.get("VITRINE_BIN", TOP / "build/bin")).resolve()

FACTS = "select command, arguments, inputs, reason, message, value from answers " \
        "where emulator = '%s' order by 1, 2, 3"


class Replay(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="replay-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.recording = self.folder / "fake.replies"
        self.fake = self.folder / "fake"
        shutil.copy(REPLAYER, self.fake)

    def capsdb(self, database, *words, code=0):
        done = subprocess.run([PROGRAMS / "capsdb", *map(str, words)], capture_output=True,
                              text=True, timeout=200, check=False,
                              env={"CAPSDB_ROOT": str(self.folder / database)})
        self.assertEqual(done.returncode, code, done.stdout[-2000:] + done.stderr)
        return done.stdout

    def facts(self, database, emulator):
        rows = json.loads(self.capsdb(database, "sql", FACTS % emulator, "--json", "--rows",
                                      "1000000", "--deadline", "60"))
        for row in rows:
            row["value"] = json.loads(row["value"]) if row["value"] else None
        return rows

    def check_same(self, emulator, *words):
        """How many facts there are, which all three have. What an emulator dies of gets no reply,
        so it is in no recording."""
        self.capsdb("binary", "record", emulator, self.recording, *words)
        told = self.facts("binary", emulator)
        deadly = [asked(row) for row in told if row["reason"] == "Crashed"]
        told = [row for row in told if row["reason"] != "Crashed"]
        self.capsdb("replayed", "add", self.fake, *words)
        replayed = self.facts("replayed", self.fake)
        self.assertEqual([row for row in replayed if asked(row) not in deadly], told)
        self.capsdb("imported", "import", self.recording)
        self.assertEqual(self.facts("imported", self.recording), told)
        return len(told)

    def test_one_that_tells_its_inputs(self):
        self.assertGreater(self.check_same(PROGRAMS / "vitrine"), 30)

    @unittest.skipUnless(QEMU.exists(), f"there is no {QEMU} here")
    def test_a_real_qemu(self):
        self.assertGreater(self.check_same(QEMU, "--deadline", "100"), 300)

    def test_a_recording_of_the_fake_is_the_recording(self):
        self.capsdb("binary", "record", TELLER, self.recording)
        again = self.folder / "again.replies"
        self.capsdb("replayed", "record", self.fake, again)
        self.assertEqual(documents(again), documents(self.recording))

    def test_the_form(self):
        self.capsdb("binary", "record", TELLER, self.recording)
        spoken = documents(self.recording)
        self.assertEqual(len(spoken) % 2, 0)
        for request, reply in zip(spoken[::2], spoken[1::2]):
            self.assertIn("execute", request)
            self.assertTrue(("return" in reply) != ("error" in reply))

    def test_what_is_no_conversation(self):
        request, reply = '{"execute": "query-version"}', '{"return": {}}'
        for text, place in ((request, "stops in the middle"),
                            (f"{request}\n\n{request}", "document 2: line 3: a reply was due"),
                            (f"{reply}\n\n{request}", "document 1: line 1: a request was due"),
                            (f'{request}\n\n{{"return": 1, "error": {{}}}}', "document 2"),
                            (f"{request}\n\n{reply}\n\n{{", "stops in the middle"),
                            (f"{request}\n\n[1]", "document 2"),
                            (f'{request}\n\n{{"return": 1, "return": 2}}', "document 2"),
                            ("[" * 100000, "document 1")):
            with self.subTest(text=text[:60]):
                self.recording.write_text(text)
                done = subprocess.run([PROGRAMS / "capsdb", "import", self.recording],
                                      capture_output=True, text=True, timeout=60, check=False,
                                      env={"CAPSDB_ROOT": str(self.folder / "bad")})
                self.assertEqual((done.returncode, done.stdout), (5, ""))
                self.assertIn(place, done.stderr)
        self.capsdb("bad", "import", self.folder / "no-recording", code=2)
        self.capsdb("bad", "import", self.folder / "missing.replies", code=5)

    def test_a_question_that_was_not_recorded_is_not_known(self):
        self.capsdb("binary", "record", HOSTILE / "dies-on-item", self.recording)
        self.capsdb("imported", "import", self.recording)
        self.capsdb("imported", "ask", "query-balloon", "--emulator", self.recording, code=3)


def asked(row):
    return row["command"], row["arguments"]


def documents(path):
    """The documents of a recording, without the ids, which only the order gives a meaning."""
    spoken = [json.loads(part) for part in re.split(r"\n\n+", path.read_text().strip())]
    return [{name: one[name] for name in one if name != "id"} for one in spoken]


if __name__ == "__main__":
    unittest.main()
