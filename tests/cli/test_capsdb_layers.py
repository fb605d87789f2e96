"""The layers of capsdb as an admin, a packager and two users meet them.

Whatever needs two users runs as root, with the programs copied to where a second user can run them.
"""

import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import time
import unittest

from capsdb_system import HOSTILE, SOMEBODY, Base, as_root

QEMU = pathlib.Path("/usr/bin/qemu-system-riscv64")


@as_root
class TheHostLayer(Base):
    def test_what_root_learns_others_read(self):
        self.run_capsdb("update", "--system")
        self.assertEqual(stat.S_IMODE(self.host.stat().st_mode), 0o444)
        self.assertEqual(stat.S_IMODE((self.host.parent / "private").stat().st_mode), 0o700)
        self.assertEqual(self.host.read_bytes()[18:20], b"\1\1", "not in rollback-journal mode")
        self.assertEqual(sorted(path.name for path in self.host.parent.iterdir()),
                         ["host.db", "private"])
        why = self.why(user=SOMEBODY)
        self.assertEqual((why["layer"], why["stored"]), ("host", True))
        self.assertEqual(self.told, "")

    def test_a_user_has_no_part_in_it(self):
        private = self.install("usr/bin/private")
        self.run_capsdb("ask", "query-version", "--emulator", self.emulator, user=SOMEBODY)
        self.run_capsdb("ask", "query-version", "--emulator", private, user=SOMEBODY)
        self.run_capsdb("ask", "query-version", "--emulator", self.emulator, "--system",
                        "--no-probe", code=4)
        self.run_capsdb("update", "--system")
        self.assertEqual(self.listed("--system"), [self.emulator])
        self.assertEqual(self.listed(user=0), [self.emulator])
        self.assertEqual(self.listed(user=SOMEBODY), [private, self.emulator, self.emulator])

    def test_a_user_cannot_write_it(self):
        self.run_capsdb("update", "--system")
        before = self.host.read_bytes()
        for words in (["update", "--system"], ["add", "--system", self.emulator],
                      ["ask", "query-version", "--emulator", self.emulator, "--system"]):
            self.run_capsdb(*words, user=SOMEBODY, code=6)
            self.assertIn("for user 0 to write", self.told)
        self.assertEqual(self.host.read_bytes(), before)

    def test_it_may_belong_to_a_user_of_its_own(self):
        self.host.parent.mkdir(parents=True)
        os.chown(self.host.parent, SOMEBODY, SOMEBODY)
        self.run_capsdb("update", "--system", code=6)
        self.assertIn(f"for user {SOMEBODY} to write", self.told)
        self.run_capsdb("update", "--system", user=SOMEBODY)
        self.assertEqual(self.why(user=SOMEBODY + 1)["layer"], "host")
        self.assertEqual(self.why(user=0)["layer"], "host")

    def test_a_user_reads_no_other_users_layer(self):
        self.run_capsdb("ask", "query-version", "--emulator", self.emulator, user=SOMEBODY)
        theirs = self.home(SOMEBODY) / ".cache/capsdb"
        mine = self.home(SOMEBODY + 1) / ".cache"
        mine.mkdir()
        shutil.copytree(theirs, mine / "capsdb")
        os.chown(mine, SOMEBODY + 1, SOMEBODY + 1)  # what is in it still is root's, or theirs
        for path in (mine / "capsdb", *(mine / "capsdb").iterdir()):
            os.chown(path, SOMEBODY, SOMEBODY)
            path.chmod(0o755)
        self.run_capsdb("ask", "query-version", "--emulator", self.emulator, "--no-probe",
                        user=SOMEBODY + 1, code=4)
        self.assertIn("belongs to another user", self.told)

    def test_a_home_that_is_not_ones_own_is_not_written(self):
        """As after sudo -E: root with the home of somebody who could put anything there."""
        home = self.home(SOMEBODY)
        self.run_capsdb("ask", "query-version", "--emulator", self.emulator, HOME=str(home))
        self.assertIn("belongs to another user", self.told)
        self.assertEqual(list(home.iterdir()), [])

    def test_publishing_replaces_the_file_under_readers(self):
        self.run_capsdb("update", "--system")
        with self.host.open("rb") as held:
            before = held.read()
            self.install("usr/bin/qemu-system-second")
            self.run_capsdb("update", "--system")
            held.seek(0)
            self.assertEqual(held.read(), before)
        self.assertEqual(len(self.listed(user=SOMEBODY)), 2)


@as_root
class WhichEmulatorsMayEnter(Base):
    """Only what nobody but root can change."""

    def refuse(self, emulator, why):
        self.run_capsdb("add", "--system", emulator, code=6)
        self.assertIn("not trusted", self.told)
        self.assertIn(why, self.told)
        self.run_capsdb("ask", "query-version", "--emulator", emulator, "--system", code=6)
        self.assertEqual(self.listed("--system"), [])
        self.run_capsdb("ask", "query-version", "--emulator", emulator)  # by oneself, for oneself

    def test_one_that_belongs_to_a_user(self):
        os.chown(self.root / "usr/bin/qemu-system-first", SOMEBODY, SOMEBODY)
        self.refuse(self.emulator, "belongs to another user")

    def test_one_that_all_may_write(self):
        (self.root / "usr/bin/qemu-system-first").chmod(0o777)
        self.refuse(self.emulator, "can be written by others")

    def test_one_that_a_group_may_write(self):
        (self.root / "usr/bin/qemu-system-first").chmod(0o775)
        self.refuse(self.emulator, "can be written by others")

    def test_one_in_a_folder_that_all_may_write(self):
        (self.root / "usr/bin").chmod(0o777)
        self.refuse(self.emulator, "can be written by others")

    def test_one_below_a_folder_of_a_user(self):
        os.chown(self.root / "usr", SOMEBODY, SOMEBODY)
        self.refuse(self.emulator, "belongs to another user")

    def test_one_behind_a_link_of_a_user(self):
        (self.root / "opt").mkdir()
        link = self.root / "opt/emulator"
        link.symlink_to("/usr/bin/qemu-system-first")
        os.chown(link, SOMEBODY, SOMEBODY, follow_symlinks=False)
        self.refuse("/opt/emulator", "belongs to another user")

    def test_one_behind_a_wrapper_that_names_a_users_program(self):
        os.chown(self.root / "usr/bin/qemu-system-first", SOMEBODY, SOMEBODY)
        wrapper = self.root / "usr/bin/wrapper"
        wrapper.write_text(f"#!/bin/sh\nexec {self.root}/usr/bin/qemu-system-first \"$@\"\n")
        wrapper.chmod(0o755)
        shutil.copy("/bin/sh", self.root / "usr/bin/sh")
        (self.root / "bin").symlink_to("usr/bin")
        self.refuse("/usr/bin/wrapper", "belongs to another user")

    def test_one_whose_modules_a_user_could_add_to(self):
        """Of a folder that is named, and may be made by anybody."""
        (self.root / "tmp").mkdir()
        (self.root / "tmp").chmod(0o1777)
        program = self.root / "usr/bin/qemu-system-first"
        program.write_bytes(program.read_bytes() + b"#\0/tmp/build/lib/qemu\0")
        self.run_capsdb("add", "--system", self.emulator)  # a script loads nothing
        program.write_bytes(b"\x7fELF\0/tmp/build/lib/qemu\0")
        self.run_capsdb("add", "--system", self.emulator, code=6)
        self.assertIn("can be made by others", self.told)

    def test_update_goes_on_with_the_others(self):
        self.install("usr/bin/qemu-system-second")
        os.chown(self.root / "usr/bin/qemu-system-second", SOMEBODY, SOMEBODY)
        self.run_capsdb("update", "--system", code=6)
        self.assertEqual(self.listed("--system"), [self.emulator])
        self.assertEqual(self.why(user=SOMEBODY)["layer"], "host")

    def test_drop_in_files_name_emulators_and_vouch_for_none(self):
        path = self.install("opt/third")
        os.chown(self.root / "opt/third", SOMEBODY, SOMEBODY)
        (self.root / "etc/capsdb.d").mkdir(parents=True)
        (self.root / "etc/capsdb.d/more.emulators").write_text(path + "\n")
        self.run_capsdb("update", "--system", code=6)
        self.assertIn(path, self.told)
        self.assertEqual(self.listed("--system"), [self.emulator])


class Static(Base):
    EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}

    def make(self, to, *words, **how):
        self.run_capsdb("update", "--usr", "--db", to, *words, **{**self.EPOCH, **how})
        return to.read_bytes()

    def test_two_runs_are_the_same_bytes(self):
        self.install("usr/bin/qemu-system-dies", HOSTILE / "dies-on-item")
        shutil.copy(HOSTILE / "qmp.py", self.root / "usr/bin")
        first = self.make(self.folder / "1.db")
        other = self.make(self.folder / "2.db", "/usr/bin/qemu-system-first",
                          "/usr/bin/qemu-system-dies", LANG="tr_TR.UTF-8", TZ="Asia/Tokyo",
                          COLUMNS="20")
        self.assertEqual(first, other)
        self.assertNotEqual(first, self.make(self.folder / "3.db", SOURCE_DATE_EPOCH="1700000001"))
        for trace in (str(self.folder), str(self.home(os.geteuid())), os.uname().nodename):
            self.assertNotIn(trace.encode(), first)

    @as_root
    def test_two_users_make_the_same_bytes(self):
        out = self.folder / "out"
        out.mkdir()
        out.chmod(0o777)
        self.assertEqual(self.make(out / "1.db"), self.make(out / "2.db", user=SOMEBODY))

    @unittest.skipUnless(QEMU.exists(), f"there is no {QEMU} here")
    def test_a_real_emulator_twice(self):
        bytes_of = [self.make(self.folder / f"{i}.db", QEMU, root=False) for i in range(2)]
        self.assertEqual(bytes_of[0], bytes_of[1])

    def test_what_was_known_before_does_not_get_in(self):
        before = self.make(self.folder / "1.db")
        self.run_capsdb("ask", "query-hardware", "--emulator", self.emulator, "--machine", "board")
        self.install("usr/bin/other")
        self.run_capsdb("ask", "query-version", "--emulator", "/usr/bin/other")
        self.assertEqual(before, self.make(self.folder / "2.db"))

    def test_where_it_is_written(self):
        rows = (
            ({"root": True}, {}, self.root),
            ({"root": True}, {"DESTDIR": str(self.folder / "packed")}, self.folder / "packed"),
            ({"root": False}, {"DESTDIR": str(self.folder / "alone")}, self.folder / "alone"),
            ({"root": False}, {"CAPSDB_ROOT": str(self.folder / "moved")}, self.folder / "moved"),
        )
        for how, env, place in rows:
            with self.subTest(env=env):
                words = [] if how["root"] else [self.root / "usr/bin/qemu-system-first"]
                self.run_capsdb("update", "--usr", *words, **how, **env)
                made = place / "usr/lib/capsdb/emulators.db"
                self.assertEqual(stat.S_IMODE(made.stat().st_mode), 0o444)
                self.assertEqual([path.name for path in made.parent.iterdir()], [made.name])

    def test_what_does_not_go_together(self):
        self.run_capsdb("update", "--usr", "--system", code=2)
        self.run_capsdb("update", "--system", code=2, DESTDIR=str(self.folder))
        self.run_capsdb("update", "--usr", code=2, SOURCE_DATE_EPOCH="yesterday")
        self.assertIn("yesterday", self.told)

    def test_it_answers_without_any_other_layer(self):
        self.run_capsdb("update", "--usr")
        self.run_capsdb("ask", "query-version", "--emulator", self.emulator, "--no-probe",
                        HOME="/dev/null/home")
        why = self.why(HOME="/dev/null/home")
        self.assertEqual((why["layer"], why["stored"]), ("static", True))
        self.assertEqual(why["file"], str(self.root / "usr/lib/capsdb/emulators.db"))

    def test_it_holds_for_the_content_wherever_it_is(self):
        """Made in an image, used by a system that has the image as its root."""
        self.run_capsdb("update", "--usr", DESTDIR=str(self.folder / "packed"))
        copy = self.folder / "elsewhere"
        (copy / "usr/bin").mkdir(parents=True)
        shutil.copytree(self.folder / "packed/usr/lib", copy / "usr/lib")
        shutil.copy(self.root / "usr/bin/qemu-system-first", copy / "usr/bin/qemu-system-first")
        why = json.loads(self.run_capsdb("why", "query-version", "--emulator", self.emulator,
                                         "--json", "--root", copy, root=False))
        self.assertEqual(why["layer"], "static")

    def test_an_emulator_that_does_not_tell_all_leaves_the_old_file(self):
        self.run_capsdb("update", "--usr", "--deadline", "2")
        made = self.root / "usr/lib/capsdb/emulators.db"
        before = made.read_bytes()
        self.install("usr/bin/qemu-system-silent", HOSTILE / "silent")
        shutil.copy(HOSTILE / "qmp.py", self.root / "usr/bin")
        self.run_capsdb("update", "--usr", "--deadline", "2", code=7)
        self.assertIn("not written", self.told)
        self.assertEqual(made.read_bytes(), before)
        self.assertEqual([path.name for path in made.parent.iterdir()], [made.name])

    @as_root
    def test_one_that_somebody_else_could_change_is_not_shipped(self):
        os.chown(self.root / "usr/bin/qemu-system-first", SOMEBODY, SOMEBODY)
        self.run_capsdb("update", "--usr", code=6)
        self.assertIn("not trusted", self.told)

    def test_links_in_a_root_lead_within_it(self):
        (self.root / "etc/alternatives").mkdir(parents=True)
        (self.root / "etc/alternatives/emulator").symlink_to("/usr/bin/qemu-system-first")
        (self.root / "usr/bin/qemu-kvm").symlink_to("/etc/alternatives/emulator")
        (self.root / "usr/bin/qemu-system-out").symlink_to("../../../../../../bin/true")
        (self.root / "usr/bin/qemu-system-loop").symlink_to("qemu-system-loop")
        told = json.loads(self.run_capsdb("update", "--json"))
        self.assertEqual(sorted(item["emulator"] for item in told),  # by its name, and as …kvm
                         ["/usr/bin/qemu-kvm", self.emulator])
        self.run_capsdb("ask", "query-version", "--emulator", "/usr/bin/qemu-kvm", "--no-probe")


class Media(Base):
    """Nothing can be written, or nothing is there."""

    def namespace(self, script, *words, code=0):
        """Runs capsdb in a mount namespace after a shell script; $R is the root, $H the home."""
        home = self.home(os.geteuid())
        line = f'set -e; {script}\nexec "$@"'
        done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", line, "sh",
                               self.program, *map(str, words), "--root", self.root],
                              capture_output=True, text=True, timeout=120,
                              env={"HOME": str(home), "R": str(self.root), "H": str(home),
                                   "PATH": os.environ["PATH"]})
        self.told = done.stderr
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    @as_root
    def test_an_empty_var(self):
        self.run_capsdb("update", "--system")
        shutil.rmtree(self.root / "var")
        self.assertNotEqual(self.why().get("layer"), "host")
        self.run_capsdb("update", "--system")
        self.assertTrue(self.host.exists())

    @as_root
    def test_all_is_read_only(self):
        self.run_capsdb("update", "--system")
        self.run_capsdb("update", "--usr")
        ask = ["why", "query-version", "--emulator", self.emulator, "--json"]
        read_only = 'mount --bind "$R" "$R"; mount -o remount,ro,bind "$R" "$R"; ' \
                    'mount --bind "$H" "$H"; mount -o remount,ro,bind "$H" "$H"'
        told = json.loads(self.namespace(read_only, *ask, "--no-probe"))
        self.assertEqual(told["layer"], "host")
        self.host.unlink()
        told = json.loads(self.namespace(read_only, *ask, "--no-probe"))
        self.assertEqual(told["layer"], "static")
        told = self.namespace(read_only, "ask", "query-hardware", "--emulator", self.emulator,
                              "--machine", "board", "--json")
        self.assertIn("not stored", self.told)
        self.assertIn("Read-only", self.told)
        self.assertIn("board-1.0", told)
        self.install("usr/bin/qemu-system-second")
        self.namespace(read_only, "update", "--system", code=6)

    @as_root
    def test_a_log_left_on_a_file_system_that_is_read_only_now(self):
        """The file alone may be half of what was written: it is not believed without its log."""
        self.run_capsdb("ask", "query-version", "--emulator", self.emulator)
        folder = self.home(0) / ".cache/capsdb"
        kept = folder / "capsdb.db"
        holder = subprocess.Popen(["sqlite3", kept], stdin=subprocess.PIPE, text=True)
        holder.stdin.write("begin; select count(*) from answer;\n")  # so the log is not folded in
        holder.stdin.flush()
        time.sleep(0.3)
        self.run_capsdb("ask", "query-hardware", "--emulator", self.emulator, "--machine", "board")
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
        self.assertGreater((folder / "capsdb.db-wal").stat().st_size, 0)
        (folder / "capsdb.db-shm").unlink()
        read_only = 'mount --bind "$H" "$H"; mount -o remount,ro,bind "$H" "$H"'
        told = json.loads(self.namespace(read_only, "why", "query-version", "--emulator",
                                         self.emulator, "--json"))
        self.assertFalse(told["stored"])
        self.assertRegex(self.told, "what was written last is in .*/capsdb.db-wal,.* left out")
        self.assertEqual(self.why()["layer"], "user")  # and it is whole once it can be written

    @as_root
    def test_a_full_disk(self):
        """The answer is given; what is on the disk is the database, or none."""
        full = 'mount -t tmpfs -o size=256k none "$H"; mkdir -p "$H/.cache/capsdb"; ' \
               'dd if=/dev/zero of="$H/fill" bs=4k 2>/dev/null || true'
        told = self.namespace(full, "ask", "query-version", "--emulator", self.emulator, "--json")
        self.assertEqual(json.loads(told)["package"], "teller")
        self.assertNotEqual(self.told, "")
        small = 'mkdir -p "$R/var/cache/capsdb"; mount -t tmpfs -o size=64k none ' \
                '"$R/var/cache/capsdb"'
        self.namespace(small, "update", "--system", code=6)
        self.assertIn("full", self.told)

    @as_root
    def test_a_full_disk_while_it_is_published(self):
        """The old file stays, and no half of a new one."""
        self.run_capsdb("update", "--usr")
        made = self.root / "usr/lib/capsdb/emulators.db"
        before = made.read_bytes()
        script = 'mkdir "$H/t"; mount -t tmpfs -o size=300k none "$H/t"; cp {} "$H/t/e.db"; ' \
                 'dd if=/dev/zero of="$H/t/fill" bs=4k 2>/dev/null || true; '.format(made)
        check = 'after() { cmp "$H/t/e.db" ' + str(made) + ' && [ "$(ls "$H/t")" = "e.db\nfill" ]; }'
        home = self.home(0)
        line = f'set -e; {script} {check}; if "$@"; then exit 99; fi; after'
        done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", line, "sh",
                               self.program, "update", "--usr", "--root", self.root, "--db",
                               home / "t/e.db"], capture_output=True, text=True, timeout=120,
                              env={"HOME": str(home), "H": str(home), "PATH": os.environ["PATH"]})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(made.read_bytes(), before)


class Pinned(Base):
    def pin(self, **pin):
        folder = self.root / "etc/capsdb.d"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "site.pins").write_text(json.dumps([{"emulator": self.emulator, **pin}]))

    def test_a_reply_of_the_admin(self):
        self.run_capsdb("ask", "query-version", "--emulator", self.emulator)
        self.pin(command="query-version", value={"package": "pinned"})
        for words in ([], ["--again"], ["--no-probe"]):
            told = self.run_capsdb("ask", "query-version", "--emulator", self.emulator, "--json",
                                   *words)
            self.assertEqual(json.loads(told), {"package": "pinned"})
        why = self.why()
        self.assertEqual((why["layer"], why["file"]),
                         ("pins", str(self.root / "etc/capsdb.d/site.pins")))

    def test_what_the_admin_forbids_is_not_asked(self):
        self.emulator = self.install("usr/bin/qemu-system-dies", HOSTILE / "dies-on-item")
        shutil.copy(HOSTILE / "qmp.py", self.root / "usr/bin")
        self.pin(command="device-list-properties", arguments={"typename": "net"},
                 quarantine="it dies of this")
        self.run_capsdb("ask", "device-list-properties", "--emulator", self.emulator, "--arg",
                        "typename=net", "--again", code=3)
        self.assertIn("/etc/capsdb.d/site.pins: it dies of this", self.told)
        told, = json.loads(self.run_capsdb("add", self.emulator, "--json"))
        self.assertEqual((told["quarantined"], told["launches"]), (0, 1))

    @as_root
    def test_a_user_pins_nothing(self):
        self.pin(command="query-version", value={"package": "pinned"})
        os.chown(self.root / "etc/capsdb.d/site.pins", SOMEBODY, SOMEBODY)
        told = self.run_capsdb("ask", "query-version", "--emulator", self.emulator, "--json")
        self.assertEqual(json.loads(told)["package"], "teller")
        self.assertIn("belongs to another user", self.told)


if __name__ == "__main__":
    unittest.main()
