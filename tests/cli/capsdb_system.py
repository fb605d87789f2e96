"""A system with emulators of its own and homes for its users, for tests of capsdb."""

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
PROGRAMS = pathlib.Path(os.environ.get("VITRINE_BIN", TOP / "build/bin")).resolve()
SOMEBODY = 4242  # a user that nobody is

as_root = unittest.skipUnless(os.geteuid() == 0, "only root can be two users")


class Base(unittest.TestCase):
    """A system of its own below self.root, and homes for its users."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="capsdb-layers-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)
        self.root = self.folder / "root"
        self.root.mkdir()
        self.program = self.folder / "capsdb"
        shutil.copy(PROGRAMS / "capsdb", self.program)
        self.emulator = self.install("usr/bin/qemu-system-first")
        self.host = self.root / "var/cache/capsdb/host.db"

    def install(self, path, source=None):
        """An emulator within the root; returns its path there."""
        there = self.root / path
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes((source or TELLER).read_bytes() + b"# " + path.encode() + b"\n")
        there.chmod(0o755)
        return "/" + path

    def home(self, user):
        path = self.folder / f"home-{user}"
        if not path.exists():
            path.mkdir()
            os.chown(path, user, -1)
        return path

    def command(self, words, user):
        switch = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]
        return [*(switch if user != os.geteuid() else []), self.program, *map(str, words)]

    def run_capsdb(self, *words, code=0, user=None, root=True, **env):
        """Standard output; what is on standard error is kept in self.told."""
        user = os.geteuid() if user is None else user
        words = [*words, *(["--root", self.root] if root else [])]
        done = subprocess.run(self.command(words, user), capture_output=True, text=True,
                              timeout=120, cwd="/",
                              env={"HOME": str(self.home(user)), **env})
        self.told = done.stderr
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}{done.stderr}")
        return done.stdout

    def why(self, emulator=None, **how):
        words = ["why", "query-version", "--emulator", emulator or self.emulator, "--json"]
        return json.loads(self.run_capsdb(*words, **how))

    def listed(self, *words, **how):
        return sorted(row["emulator"] for row in
                      json.loads(self.run_capsdb("list", "--json", *words, **how)))
