"""The manual pages, the completions and the documented JSON of the command lines: that they are
what the programs do. That they are fresh is tools/regen's to say."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
TELLER = TOP / "tests/capsdb/emulators/teller"
HOSTILE = TOP / "tests/hostile"
PROGRAMS = pathlib.Path(os.environ.get("VITRINE_BIN", TOP / "build/bin")).resolve()
COMPLETION = TOP / "capsdb/cli/completion"

KINDS = {"text": str, "number": (int, float), "boolean": bool, "object": dict, "list of text": list,
         "list of objects": list, "any": object}


class Base(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="clidocs-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.env = {"CAPSDB_ROOT": str(self.folder), "HOME": str(self.folder), "TERM": "xterm",
                    "PATH": f"{PROGRAMS}:/usr/bin:/bin"}

    def capsdb(self, *words):
        return subprocess.run([PROGRAMS / "capsdb", *map(str, words)], capture_output=True,
                              text=True, timeout=60, env=self.env, check=False).stdout

    def table(self):
        return json.loads(self.capsdb("help", "--json"))


class Manual(unittest.TestCase):
    @unittest.skipUnless(shutil.which("mandoc"), "there is no mandoc here")
    def test_the_pages_are_right(self):
        pages = sorted((TOP / "docs/man").iterdir())
        self.assertGreaterEqual(len(pages), 5)
        for page in pages:
            told = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page],
                                  capture_output=True, text=True, check=False).stdout
            wrong = [line for line in told.splitlines() if "missing date" not in line]
            self.assertEqual(wrong, [])

    @unittest.skipUnless(shutil.which("mandoc"), "there is no mandoc here")
    def test_a_wrong_page_is_found(self):
        told = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"], input=".TH X 1 a\n.SH\n.XX\n",
                              capture_output=True, text=True, check=False).stdout
        self.assertIn("unknown macro", told)


class Json(Base):
    """What the manual says of the members is what is printed."""

    def check(self, verb, item):
        members = {member["name"]: member["type"] for member in self.verbs[verb]["members"]}
        self.seen.setdefault(verb, set()).update(item)
        for name, value in item.items():
            self.assertIn(name, members, verb)
            if value is not None:
                self.assertIsInstance(value, KINDS[members[name]], f"{verb}: {name}")

    def items(self, verb, *words):
        """The items, which are the same in both forms."""
        as_one = json.loads(self.capsdb(verb, *words, "--json"))
        as_lines = [json.loads(line) for line in
                    self.capsdb(verb, *words, "--jsonl").splitlines()]
        self.assertEqual(len(as_one), len(as_lines))
        for item in as_one + as_lines:
            self.check(verb, item)
        return as_one

    def test_members(self):
        self.verbs = {verb["name"]: verb for verb in self.table()["verbs"]}
        self.seen = {}
        changing = HOSTILE / "tells-the-time"
        self.assertEqual(len(self.items("add", HOSTILE / "dies-on-item", TELLER,
                                        self.folder / "missing")), 3)
        self.capsdb("ask", "query-version", "--emulator", changing)
        self.items("list")
        self.items("show", HOSTILE / "dies-on-item")
        self.items("verify", changing)
        self.items("verify", HOSTILE / "dies-on-item")
        self.items("record", HOSTILE / "dies-on-item", self.folder / "a.replies")
        self.items("import", self.folder / "a.replies")
        self.items("update", "--root", self.folder)
        self.items("gc")
        for command, emulator in (("query-version", TELLER), ("query-nothing", TELLER),
                                  ("query-version", HOSTILE / "aborts-on-question"),
                                  ("query-version", HOSTILE / "silent")):
            self.check("why", json.loads(self.capsdb("why", command, "--emulator", emulator,
                                                     "--deadline", "1", "--json")))
        target = ["--machine", "board"]  # of one that does not tell what it reads
        self.check("why", json.loads(self.capsdb("why", "query-chardev", "--emulator", changing,
                                                 *target, "--json")))
        (self.folder / "capsdb.db").chmod(0o666)
        self.check("why", json.loads(self.capsdb("why", "query-name", "--emulator", TELLER,
                                                 "--json")))
        self.check("help", self.table())
        for verb in ("add", "gc", "list", "show", "why", "help"):
            members = {member["name"] for member in self.verbs[verb]["members"]}
            self.assertEqual(members - self.seen[verb], set(), f"{verb}: never printed")

    def test_every_verb_is_in_the_manual(self):
        page = (TOP / "docs/man/capsdb.1").read_text()
        for verb in self.table()["verbs"]:
            self.assertIn(f".SS capsdb {verb['name']}", page)

    def test_views_can_be_asked(self):
        """That they are those of the database is tests/capsdb/test_views.c's to say."""
        self.capsdb("add", TELLER)
        for view in json.loads(self.capsdb("sql", "--json")):
            columns = {column["name"] for column in view["columns"]}
            told = json.loads(self.capsdb("sql", f"select * from {view['view']} limit 1", "--json"))
            for row in told:
                self.assertEqual(set(row), columns)


class Completion(Base):
    def bash(self, *words):
        """What bash offers for the last word."""
        script = f'source {COMPLETION}/capsdb.bash; COMP_WORDS=("$@"); ' \
                 'COMP_CWORD=$(($# - 1)); compopt() { :; }; _capsdb; ' \
                 'printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", script, "bash", "capsdb", *words], capture_output=True,
                              text=True, env=self.env, cwd=self.folder, timeout=60, check=False)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def zsh(self, line):
        """The line after a Tab, as zsh has it, and all that it has shown: typed on a terminal of
        its own."""
        program = r"""
zmodload zsh/zpty
zpty -b z zsh -f -i
until_seen() {
    local all= part
    for ((i = 0; i < 400; i++)); do
        if zpty -r -t z part; then all+=$part; else sleep 0.05; fi
        [[ $all == *$1* ]] && break
    done
    print -r -- "$all"
}
zpty -w z "PS1='%% '; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; LISTMAX=0"
zpty -w z "show() { print -r -- \"<\$BUFFER>sho\"\"wn\" }; zle -N show; bindkey '^X' show; echo re''ady"
until_seen ready >/dev/null
zpty -w -n z "$2"$'\t\x18'
until_seen shown
zpty -d z
"""
        done = subprocess.run(["zsh", "-f", "-c", program, "zsh", COMPLETION, line], text=True,
                              capture_output=True, env=self.env, cwd=self.folder, timeout=60,
                              check=False, stdin=subprocess.DEVNULL)
        shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", done.stdout)
        found = re.findall(r"<(capsdb[^>]*)>", shown)
        self.assertTrue(found, done.stdout + done.stderr)
        return found[-1].strip(), shown

    def test_bash(self):
        verbs = [verb["name"] for verb in self.table()["verbs"]]
        self.assertEqual(self.bash(""), [*verbs, "--help", "--version"])
        self.assertEqual(self.bash("ver"), ["verify"])
        self.assertEqual(self.bash("ask", "--no-p"), ["--no-probe"])
        self.assertEqual(self.bash("list", "--no-p"), [])
        for verb in self.table()["verbs"]:
            self.assertEqual(self.bash(verb["name"], "--"),
                             [option["name"] for option in verb["options"]] + ["--help"])
        (self.folder / "mine.replies").write_text("")
        self.assertEqual(self.bash("import", "mi"), ["mine.replies"])
        self.assertEqual(self.bash("ask", "query-version", "--emulator", "mi"), ["mine.replies"])

    def test_bash_knows_what_was_told(self):
        board = str(HOSTILE / "dies-on-item")
        self.assertEqual(self.bash("ask", "--emulator", board, "--machine", ""), [])
        self.capsdb("add", board)
        self.assertEqual(self.bash("ask", "--emulator", board, "--machine", ""), ["board"])
        vitrine = str(PROGRAMS / "vitrine")
        self.capsdb("ask", "query-commands", "--emulator", vitrine)
        self.assertIn("query-machines", self.bash("ask", "--emulator", vitrine, "query-m"))

    @unittest.skipUnless(shutil.which("zsh"), "there is no zsh here")
    def test_zsh(self):
        self.assertEqual(self.zsh("capsdb ver")[0], "capsdb verify")
        self.assertEqual(self.zsh("capsdb ask --no-p")[0], "capsdb ask --no-probe")
        self.assertEqual(self.zsh("capsdb list --no-p")[0], "capsdb list --no-p")
        _, told = self.zsh("capsdb ")
        for verb in self.table()["verbs"]:
            self.assertIn(verb["help"][:60], told)
        (self.folder / "mine.replies").write_text("")
        self.assertEqual(self.zsh("capsdb import mi")[0], "capsdb import mine.replies")
        board = str(HOSTILE / "dies-on-item")
        self.capsdb("add", board)
        self.assertEqual(self.zsh(f"capsdb ask --emulator {board} --machine b")[0],
                         f"capsdb ask --emulator {board} --machine board")


if __name__ == "__main__":
    unittest.main()
