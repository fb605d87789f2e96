"""capsdb where files and emulators change under its hands, and where many ask at once."""

import json
import os
import shutil
import subprocess
import time
import unittest

from capsdb_system import HOSTILE, SOMEBODY, TELLER, Base, as_root


class Garbage(Base):
    def gc(self, *words):
        told, = json.loads(self.run_capsdb("gc", "--json", *words))
        return told["emulators"], told["answers"] > 0, told["replies"] > 0

    def test_what_is_gone_is_removed_and_the_rest_answers(self):
        second = self.install("usr/bin/qemu-system-second",
                              HOSTILE / "dies-on-item")
        shutil.copy(HOSTILE / "qmp.py", self.root / "usr/bin")
        self.run_capsdb("update")
        self.assertEqual(self.gc(), (0, False, False))
        (self.root / "usr/bin/qemu-system-second").unlink()
        self.assertEqual(self.gc(), (1, True, True))
        self.assertEqual(self.gc(), (0, False, False))
        self.assertEqual(self.listed(), [self.emulator])
        self.assertTrue(self.why()["stored"])
        self.run_capsdb("show", second, code=5)
        self.install("usr/bin/qemu-system-first", HOSTILE / "dies-on-item")  # another one now
        self.assertEqual(self.gc()[0], 1)

    def test_only_the_own_layer(self):
        self.run_capsdb("update", "--usr")
        self.run_capsdb("ask", "query-hardware", "--emulator", self.emulator, "--machine", "board")
        (self.root / "usr/bin/qemu-system-first").unlink()
        made = (self.root / "usr/lib/capsdb/emulators.db").read_bytes()
        self.assertEqual(self.gc()[0], 1)
        self.assertEqual((self.root / "usr/lib/capsdb/emulators.db").read_bytes(), made)

    @as_root
    def test_the_hosts_layer_by_its_owner(self):
        self.run_capsdb("update", "--system")
        (self.root / "usr/bin/qemu-system-first").unlink()
        self.assertEqual(self.gc("--system")[0], 1)
        self.assertEqual(self.listed(user=SOMEBODY), [])

    def test_files_that_were_moved_aside(self):
        self.run_capsdb("ask", "query-version", "--emulator", self.emulator)
        cache = self.home(os.geteuid()) / ".cache/capsdb"
        for path in cache.iterdir():
            path.unlink()
        (cache / "capsdb.db").write_bytes(b"nonsense" * 4096)
        self.run_capsdb("ask", "query-version", "--emulator", self.emulator)
        told, = json.loads(self.run_capsdb("gc", "--json"))
        self.assertEqual(told["damaged-files"], 1)
        self.assertEqual(list(cache.glob("*.damaged-*")), [])


class Attacks(Base):
    """Cache paths and emulators that change under our hands."""

    def setUp(self):
        super().setUp()
        self.cache = self.home(os.geteuid()) / ".cache/capsdb"
        self.database = self.cache / "capsdb.db"
        self.victim = self.folder / "victim"
        self.victim.write_text("precious")

    def slow(self, path="usr/bin/qemu-system-slow"):
        """An emulator that takes its time before it says anything."""
        source = self.folder / "slow"
        source.write_bytes(TELLER.read_bytes().replace(
            b"\nmonitor = ", b"\nimport time\ntime.sleep(1.5)\nmonitor = "))
        return self.install(path, source)

    def start(self, emulator, verb="why", *words):
        return subprocess.Popen(self.command([verb, "query-version", "--emulator", emulator,
                                              "--json", *words, "--root", self.root],
                                             os.geteuid()),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env={"HOME": str(self.home(os.geteuid()))})

    def finish(self, process):
        out, self.told = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, out + self.told)
        return json.loads(out)

    def still_answers(self):
        told = self.run_capsdb("ask", "query-version", "--emulator", self.emulator, "--json")
        self.assertEqual(json.loads(told)["package"], "teller")
        self.assertEqual(self.victim.read_text(), "precious")

    def test_an_emulator_replaced_while_it_is_asked(self):
        slow = self.slow()
        asking = self.start(slow, "ask")
        time.sleep(0.7)
        new = self.folder / "new"
        new.write_bytes(TELLER.read_bytes().replace(b'"teller"', b'"newer!"'))
        new.chmod(0o755)
        new.rename(self.root / "usr/bin/qemu-system-slow")
        out, err = asking.communicate(timeout=60)
        self.assertEqual(asking.returncode, 5, out + err)
        self.assertEqual(json.loads(out)["error"]["reason"], "Replaced")
        self.run_capsdb("ask", "query-version", "--emulator", slow, "--no-probe", code=4)
        told = self.run_capsdb("ask", "query-version", "--emulator", slow, "--json")
        self.assertEqual(json.loads(told)["package"], "newer!")

    def test_one_emulator_at_two_paths(self):
        (self.root / "opt/copy").mkdir(parents=True)
        shutil.copy(self.root / "usr/bin/qemu-system-first", self.root / "opt/copy")
        self.assertFalse(self.why()["stored"])
        other = self.why("/opt/copy/qemu-system-first")
        self.assertTrue(other["stored"])
        self.assertEqual(other["identity"], self.why()["identity"])

    def test_the_database_replaced_while_it_is_used(self):
        for replace in (lambda: self.database.symlink_to(self.victim), self.database.mkdir,
                        lambda: self.database.write_text("nonsense"), lambda: None):
            with self.subTest(replace=replace):
                shutil.rmtree(self.cache, ignore_errors=True)
                self.run_capsdb("ask", "query-version", "--emulator", self.emulator)
                asking = self.start(self.slow())
                time.sleep(0.7)
                self.database.unlink()
                replace()
                self.assertFalse(self.finish(asking)["stored"])
                self.assertEqual(self.victim.read_text(), "precious")
                self.still_answers()

    def test_links_where_the_files_of_the_database_go(self):
        for name in ("capsdb.db", "capsdb.db-wal", "capsdb.db-shm", "capsdb.db-journal",
                     "capsdb.db.lock"):
            for target in (self.victim, self.folder / "missing", self.folder):
                with self.subTest(name=name, target=target):
                    shutil.rmtree(self.cache, ignore_errors=True)
                    self.cache.mkdir(parents=True)
                    (self.cache / name).symlink_to(target)
                    self.still_answers()
                    self.assertFalse((self.folder / "missing").exists())

    @as_root
    def test_a_log_of_somebody_else_beside_the_database(self):
        """What SQLite finds in it would be read as if it were in the database."""
        for name in ("capsdb.db-wal", "capsdb.db-journal"):
            with self.subTest(name=name):
                shutil.rmtree(self.cache, ignore_errors=True)
                self.still_answers()
                (self.cache / name).write_bytes(b"x" * 64)
                os.chown(self.cache / name, SOMEBODY, SOMEBODY)
                self.still_answers()
                self.assertIn("belongs to another user", self.told)

    def test_a_cache_folder_that_others_may_write(self):
        self.still_answers()
        self.cache.chmod(0o777)
        self.still_answers()
        self.assertIn("can be written by others; chmod go-w", self.told)
        self.run_capsdb("ask", "query-version", "--emulator", self.emulator, "--no-probe", code=4)

    def test_a_home_behind_a_link(self):
        link = self.folder / "link"
        link.symlink_to(self.home(os.geteuid()))
        for stored in (False, True):
            self.assertEqual(self.why(HOME=str(link))["stored"], stored)

    def test_damage_that_cannot_be_moved_aside(self):
        self.still_answers()
        for path in self.cache.iterdir():
            path.unlink()
        self.database.write_bytes(b"nonsense" * 4096)
        (self.cache / "capsdb.db.lock").mkdir()
        self.still_answers()
        self.assertIn("cannot be moved aside", self.told)

    def test_one_asks_for_all(self):
        slow = self.slow()
        told = [self.finish(process) for process in [self.start(slow) for _ in range(6)]]
        self.assertEqual(sorted(why["stored"] for why in told), [False] + 5 * [True])

    def test_the_asker_is_killed_and_another_one_asks(self):
        slow = self.slow()
        asker = self.start(slow)
        time.sleep(0.5)
        others = [self.start(slow) for _ in range(4)]
        time.sleep(0.3)
        asker.kill()
        asker.communicate()
        told = [self.finish(process) for process in others]
        self.assertEqual(sorted(why["stored"] for why in told), [False] + 3 * [True])

    def test_a_reader_does_not_wait_for_an_asker(self):
        self.run_capsdb("ask", "query-version", "--emulator", self.emulator)
        asker = self.start(self.slow())
        time.sleep(0.4)
        self.assertTrue(self.why(self.emulator)["stored"])
        self.assertIsNone(asker.poll())
        self.finish(asker)

    def test_a_failure_is_kept_for_a_while_with_its_words(self):
        dying = self.install("usr/bin/qemu-system-dies", HOSTILE / "aborts-on-question")
        shutil.copy(HOSTILE / "qmp.py", self.root / "usr/bin")
        why = [self.why(dying, code=5) for _ in range(2)]
        self.assertEqual([row["stored"] for row in why], [False, True])
        self.assertEqual(why[0]["message"], why[1]["message"])
        self.assertIn("Aborted", why[0]["message"])


if __name__ == "__main__":
    unittest.main()
