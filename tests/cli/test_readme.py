"""README.md shows what the programs really print. With VITRINE_ACCEPT=1 in the environment it is
written anew: read the difference."""
import difflib
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
BIN = pathlib.Path(os.environ.get("VITRINE_BIN", ROOT / "build" / "bin"))
BLOCK = re.compile(r"(?<=```\n)(\$ .*?)(?=```)", re.DOTALL)


def said(command, folder):
    """What a command of the page prints. Those that are timed depend on what is installed."""
    done = subprocess.run(command.replace("build/bin/", f"{BIN}/"), shell=True, cwd=folder,
                          env={**os.environ, "CAPSDB_ROOT": str(folder)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout


def renewed(block, folder):
    """A block of commands and what they print, with what they print now."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    out = ""
    for command, shown in zip(parts[::2], parts[1::2]):
        if command.startswith("cat "):
            (folder / command[4:]).write_text(shown.rstrip("\n") + "\n", encoding="utf-8")
        elif not command.startswith("time "):
            blank = "\n" if shown.endswith("\n\n") else ""
            shown = said(command, folder) + blank
        out += f"$ {command}\n{shown}"
    return out


class Readme(unittest.TestCase):
    def test_what_is_shown(self):
        text = README.read_text(encoding="utf-8")
        self.assertGreaterEqual(len(BLOCK.findall(text)), 2)
        with tempfile.TemporaryDirectory() as folder:
            now = BLOCK.sub(lambda match: renewed(match[1], pathlib.Path(folder)), text)
        if os.environ.get("VITRINE_ACCEPT"):
            README.write_text(now, encoding="utf-8")
        elif now != text:
            difference = difflib.unified_diff(text.splitlines(), now.splitlines(), "README.md",
                                              "what is printed", lineterm="")
            self.fail("\n".join(difference) +
                      f"\nto write it anew: VITRINE_ACCEPT=1 python3 {__file__}")


if __name__ == "__main__":
    unittest.main()
