"""capsdb as a person uses it: verbs, exit codes, what is printed where, and real emulators."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
TELLER = TOP / "tests/capsdb/emulators/teller"
HOSTILE = TOP / "tests/hostile"
QEMU = pathlib.Path("/usr/bin/qemu-system-riscv64")
PROGRAMS = pathlib.Path(os.environ.get("VITRINE_BIN", TOP / "build/bin")).resolve()


class Base(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="capsdb-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.database = self.folder / "capsdb.db"

    def run_capsdb(self, *words, code=0):
        """Standard output; what is on standard error is kept in self.told."""
        command = [PROGRAMS / "capsdb", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120,
                              env={"CAPSDB_ROOT": str(self.folder), "HOME": str(self.folder),
                                   "PATH": "/usr/bin:/bin"})
        self.told = done.stderr
        self.assertEqual(done.returncode, code, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def ask(self, command, emulator, *words, code=0):
        return self.run_capsdb("ask", command, "--emulator", emulator, *words, code=code)

    def answer(self, *words):
        return json.loads(self.ask(*words, "--json"))

    def is_stored(self, *words):
        command, emulator, *rest = words
        return json.loads(self.run_capsdb("why", command, "--emulator", emulator, "--json",
                                          *rest))["stored"]


class Asking(Base):
    def test_the_second_answer_is_the_stored_one(self):
        first = self.ask("query-version", TELLER, "--json")
        self.assertTrue(self.is_stored("query-version", TELLER))
        self.assertEqual(first, self.ask("query-version", TELLER, "--json", "--no-probe"))
        self.assertEqual(json.loads(first)["package"], "teller")

    def test_a_target_is_a_machine_and_its_options(self):
        told = self.answer("query-hardware", TELLER, "--machine", "board", "--option", "a=on",
                           "--memory", "131072K")
        self.assertEqual(told, {"machine": "board-1.0", "a": "on", "memory": "128M"})
        self.assertEqual(told, self.answer("query-hardware", TELLER, "--machine", "board",
                                           "--option", "a=on", "--memory", "131072K",
                                           "--no-probe"))

    def test_what_nobody_read_does_not_matter(self):
        self.answer("query-hardware", TELLER, "--machine", "board", "--memory", "1G")
        self.answer("query-hardware", TELLER, "--machine", "board", "--no-probe")

    def test_an_option_that_is_not_there_is_never_answered_from_the_store(self):
        self.answer("query-hardware", TELLER, "--machine", "board")
        self.ask("query-hardware", TELLER, "--machine", "board", "--option", "bogus=1", code=3)
        self.assertIn("there is no option bogus", self.told)

    def test_emulators_are_looked_for_as_a_shell_does(self):
        self.ask("query-version", "sh", code=5)
        self.assertIn("/sh: ", self.told)
        self.assertIn("/sh", self.run_capsdb("show", "sh"))
        self.ask("query-version", "no-such-program", code=5)
        self.assertIn("no-such-program", self.told)

    def test_why_names_inputs_and_files(self):
        self.answer("query-hardware", TELLER, "--machine", "board")
        why = json.loads(self.run_capsdb("why", "query-hardware", "--emulator", TELLER,
                                         "--machine", "board", "--json"))
        self.assertEqual(why["inputs"], {"machine": "board-1.0", "nodefaults": "off",
                                         "options.a": "off"})
        roles = {part["path"]: part["role"] for part in why["stale-when-changed"]}
        self.assertEqual(roles[str(TELLER)], "script")
        self.assertEqual(roles["/usr/bin/python3"], "interpreter")
        self.assertEqual((why["arguments"], why["target"]), ({}, {"machine": "board"}))
        self.assertNotIn("host", why)

    def test_why_says_which_host_an_answer_is_of(self):
        """Of an emulator that does not tell what it read; its refusal has evidence too."""
        words = ("why", "query-chardev", "--emulator", HOSTILE / "dies-on-item", "--arg", "a=1",
                 "--machine", "board", "--json")
        for stored in (False, True):
            why = json.loads(self.run_capsdb(*words, code=3))
            self.assertEqual((why["stored"], why["reason"]), (stored, "Refused"))
            self.assertEqual((why["arguments"], why["target"]), ({"a": 1}, {"machine": "board"}))
            self.assertEqual(why["inputs"]["target"], '{"machine":"board"}')
            self.assertEqual(len(why["inputs"]["host"]), 64)
            self.assertEqual(why["host"]["kernel.release"], os.uname().release)

    def test_a_changed_emulator_is_asked_again(self):
        copy = self.folder / "emulator"
        copy.write_bytes(TELLER.read_bytes())
        copy.chmod(0o755)
        self.answer("query-version", copy)
        copy.write_bytes(TELLER.read_bytes().replace(b'"teller"', b'"newer!"'))
        self.ask("query-version", copy, "--no-probe", code=4)
        self.assertEqual(self.answer("query-version", copy)["package"], "newer!")


class Codes(Base):
    def test_usage(self):
        for words in (["ask"], ["ask", "query-version"], ["nosuchverb"], ["add"], [],
                      ["ask", "query-version", "--emulator", TELLER, "--nosuchoption"],
                      ["ask", "query-version", "--emulator", TELLER, "--option", "=x"],
                      ["ask", "query-version", "--emulator", TELLER, "--deadline", "-1"],
                      ["list", "extra"], ["gc", "extra"], ["sql", "select 1", "extra"]):
            with self.subTest(words=words):
                self.assertEqual(self.run_capsdb(*words, code=2), "")
                self.assertNotEqual(self.told, "")

    def test_what_a_statement_may_not(self):
        self.ask("query-version", TELLER)
        for statement in ("delete from answer", "attach 'x' as y", "pragma user_version = 5"):
            self.run_capsdb("sql", statement, code=2)
            self.assertIn("only a SELECT", self.told)
        listed, = json.loads(self.run_capsdb("list", "--json"))
        self.assertEqual((listed["answers"], listed["version"]), (1, "0.1.0 (teller)"))

    def test_not_stored_and_not_allowed(self):
        self.ask("query-version", TELLER, "--no-probe", code=4)

    def test_failed_probes(self):
        for emulator, code in (("/nonexistent", 5), ("/usr", 5), ("/bin/true", 5),
                               (HOSTILE / "not-json", 5), (HOSTILE / "aborts-on-question", 5),
                               (HOSTILE / "long-line", 5), (HOSTILE / "silent", 7)):
            with self.subTest(emulator=emulator):
                self.assertEqual(self.ask("query-version", emulator, "--deadline", "1",
                                          code=code), "")
                error = json.loads(self.ask("query-version", emulator, "--deadline", "1", "--json",
                                            code=code))["error"]
                self.assertIn(error["reason"], ("NotFound", "NotExecutable", "NotAnEmulator",
                                                "Malformed", "Crashed", "Flooded", "Silent"))

    def test_commands_that_change_things_are_not_asked_of_strangers(self):
        for command in ("quit", "device_add", "system_powerdown"):
            self.ask(command, HOSTILE / "dies-on-item", code=2)
            self.assertIn("may change things", self.told)

    def test_databases_that_cannot_be_used(self):
        """One that was named is an error; without the person's own the emulator is asked."""
        self.ask("query-version", TELLER)
        self.database.chmod(0o666)
        self.ask("query-version", TELLER, "--db", self.database, code=6)
        self.assertIn("others may write it", self.told)
        self.ask("query-version", TELLER)
        self.assertIn("can be written by others", self.told)
        self.database.chmod(0o600)
        subprocess.run(["sqlite3", self.database, "PRAGMA user_version = 99"], check=True)
        self.ask("query-version", TELLER, "--db", self.database, code=6)
        self.assertIn("version 99", self.told)
        self.ask("query-version", TELLER)
        self.assertIn("version 99", self.told)

    def test_a_damaged_database_is_begun_anew(self):
        self.ask("query-version", TELLER)
        for suffix in ("-wal", "-shm"):
            (self.folder / ("capsdb.db" + suffix)).unlink(missing_ok=True)
        self.database.write_bytes(b"nonsense" * 4096)
        self.ask("query-version", TELLER)
        self.assertIn("moved aside", self.told)
        self.assertTrue(list(self.folder.glob("capsdb.db.damaged-*")))


class Keeping(Base):
    def test_add_list_show(self):
        self.run_capsdb("add", HOSTILE / "dies-on-item")
        self.assertIn("known", self.run_capsdb("add", HOSTILE / "dies-on-item"))
        rows = json.loads(self.run_capsdb("list", "--json"))
        self.assertEqual([row["kind"] for row in rows], ["qemu"])
        (shown,) = json.loads(self.run_capsdb("show", HOSTILE / "dies-on-item", "--json"))
        self.assertEqual([row["arguments"] for row in shown["quarantine"]],
                         ['{"typename":"net"}'])
        self.run_capsdb("show", TELLER, code=4)

    def test_add_tells_each_failure_and_goes_on(self):
        self.run_capsdb("add", "/nonexistent", TELLER, "/bin/true", "--deadline", "2", code=5)
        self.assertIn("/nonexistent", self.told)
        self.assertIn("/bin/true", self.told)
        self.assertEqual(len([row for row in json.loads(self.run_capsdb("list", "--json"))
                              if row["answers"]]), 1)

    def test_sql_reads_and_only_reads(self):
        self.run_capsdb("add", HOSTILE / "dies-on-item")
        rows = self.run_capsdb("sql", "select name, cpu_max from machines", "--json")
        self.assertEqual(json.loads(rows), [{"name": "board", "cpu_max": 1}])
        types = self.run_capsdb("sql", "select name from device_types order by name",
                                "--jsonl")
        self.assertEqual([json.loads(line)["name"] for line in types.splitlines()],
                         ["disk", "net", "serial"])
        properties = self.run_capsdb("sql", "select device_type from properties order by 1",
                                     "--jsonl")
        self.assertEqual([json.loads(line)["device_type"] for line in properties.splitlines()],
                         ["disk", "serial"])
        self.assertIn("quarantined", self.run_capsdb("sql"))
        for statement in ("delete from answer", "attach 'x' as y", "pragma user_version = 7",
                          "select 1; select 2", "select from", "create table x (y)"):
            self.run_capsdb("sql", statement, code=2)
        self.run_capsdb("sql", "select name from device_types", "--rows", "2", code=2)
        self.assertIn("more than 2 rows", self.told)
        self.run_capsdb("sql", "select name from device_types", "--rows", "3")
        self.run_capsdb("sql", "with recursive n(x) as (select 1 union all select x + 1 from n) "
                        "select sum(x) from n", "--deadline", "0.3", code=7)

    def test_a_recording_stands_for_the_binary(self):
        recording = self.folder / "recorded.replies"
        self.run_capsdb("record", HOSTILE / "dies-on-item", recording)
        self.run_capsdb("add", recording)
        select = "select command, arguments, value from answers where emulator = '%s' and " \
                 "value not null order by 1, 2"
        self.assertEqual(self.run_capsdb("sql", select % recording),
                         self.run_capsdb("sql", select % (HOSTILE / "dies-on-item")))
        self.ask("query-balloon", recording, code=3)
        recording.write_text("this is no conversation")
        self.run_capsdb("add", recording, code=5)

    def test_update_finds_what_is_installed(self):
        root = self.folder / "root"
        (root / "usr/bin").mkdir(parents=True)
        (root / "etc/capsdb.d").mkdir(parents=True)
        (root / "opt").mkdir()
        for path in ("usr/bin/qemu-system-first", "opt/second"):
            (root / path).write_bytes((HOSTILE / "dies-on-item").read_bytes() +
                                      b"# " + path.encode())
            (root / path).chmod(0o755)
            shutil.copy(HOSTILE / "qmp.py", (root / path).parent)
        (root / "usr/bin/qemu-system-link").symlink_to("qemu-system-first")
        (root / "usr/bin/other").write_text("not one")
        (root / "etc/capsdb.d/mine.emulators").write_text("# ours\n/opt/second\n\n/opt/missing\n")
        first = json.loads(self.run_capsdb("update", "--root", root, "--json"))
        self.assertEqual(sorted(item["emulator"] for item in first),  # within the root
                         ["/opt/second", "/usr/bin/qemu-system-first"])
        self.assertNotIn("failed", [item["outcome"] for item in first])
        again = json.loads(self.run_capsdb("update", "--root", root, "--json"))
        self.assertEqual([item["outcome"] for item in again], ["known", "known"])
        self.assertIn("2 emulators: 0 added, 2 known, 0 failed\n",
                      self.run_capsdb("update", "--root", root))

    def test_verify_finds_nothing_to_differ(self):
        self.ask("query-version", TELLER)
        self.ask("query-hardware", TELLER, "--machine", "board", "--option", "a=on")
        facts = json.loads(self.run_capsdb("verify", TELLER, "--json"))
        self.assertEqual([fact["verdict"] for fact in facts], ["same", "same"])
        self.assertRegex(self.run_capsdb("verify"),
                         r"EMULATOR +SAME +DIFFERENT +UNTOLD\n\S+/teller +2 +0 +0\n")

    def test_verify_finds_a_difference(self):
        self.ask("query-version", HOSTILE / "tells-the-time")
        told = self.run_capsdb("verify", HOSTILE / "tells-the-time", code=1)
        self.assertRegex(told, r"differs: \S+/tells-the-time query-version: \S+: .*, now .*\n")
        self.assertRegex(told, r"/tells-the-time +0 +1 +0\n")

    def test_verify_of_a_recording(self):
        recording = self.folder / "teller.replies"
        self.run_capsdb("record", TELLER, recording)
        self.run_capsdb("import", recording)
        facts = json.loads(self.run_capsdb("verify", recording, "--json"))
        self.assertEqual({fact["verdict"] for fact in facts}, {"same"})

    def test_verify_says_once_what_cannot_be_asked(self):
        copy = self.folder / "emulator"
        copy.write_bytes(TELLER.read_bytes())
        copy.chmod(0o755)
        self.run_capsdb("add", copy)
        copy.chmod(0o644)
        self.assertEqual(self.run_capsdb("verify", copy, code=5), "")
        self.assertRegex(self.told, r"\Acapsdb: \S+/emulator: [^\n]+\n\Z")
        told = self.run_capsdb("verify", code=5)
        self.assertRegex(told, r"/emulator +0 +0 +1\n")


class Real(Base):
    @unittest.skipUnless((PROGRAMS / "vitrine").exists(), "there is no vitrine here")
    def test_vitrine(self):
        vitrine = PROGRAMS / "vitrine"
        self.run_capsdb("add", vitrine)
        machines = self.answer("query-machines", vitrine, "--no-probe")
        self.assertTrue(machines)
        name = machines[0]["name"]
        hardware = self.answer("query-hardware", vitrine, "--machine", name)
        self.assertEqual(hardware, self.answer("query-hardware", vitrine, "--machine", name,
                                               "--no-probe"))
        self.run_capsdb("verify", vitrine)

    @unittest.skipUnless(QEMU.exists(), f"there is no {QEMU} here")
    def test_qemu(self):
        self.run_capsdb("add", QEMU, "--deadline", "60")
        types = self.answer("qom-list-types", QEMU, "--arg", "implements=device", "--arg",
                            "abstract=false", "--no-probe")
        self.assertIn("virtio-net-pci", [row["name"] for row in types])
        self.answer("device-list-properties", QEMU, "--arg", "typename=virtio-net-pci",
                    "--no-probe")
        self.ask("query-machines", QEMU, "--machine", "nosuch", "--accel", "tcg", code=3)
        first = self.ask("query-memory-size-summary", QEMU, "--machine", "virt", "--accel", "tcg",
                         "--memory", "256M", "--json")
        self.assertEqual(json.loads(first)["base-memory"], 256 << 20)
        self.assertEqual(first, self.ask("query-memory-size-summary", QEMU, "--machine", "virt",
                                         "--accel", "tcg", "--memory", "256M", "--json",
                                         "--no-probe"))


if __name__ == "__main__":
    unittest.main()
