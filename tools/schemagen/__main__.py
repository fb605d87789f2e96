"""schemagen: one schema of commands, events and types, many views.

    schemagen check SCHEMA        nothing but its findings
    schemagen c SCHEMA OUT        the C that the build compiles, under folder OUT
    schemagen docs SCHEMA OUT     the command reference and the manual page, under folder OUT
"""

import argparse
import os
import sys

import emit_c
import emit_docs
from load import load
from textjson import Problems


def _write(folder, files):
    """Writes what changed, and leaves the rest its time stamp."""
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            with open(path, encoding="utf-8") as file:
                if file.read() == text:
                    continue
        except FileNotFoundError:
            pass
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def main(arguments):
    parser = argparse.ArgumentParser(prog="schemagen", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["check", "c", "docs"])
    parser.add_argument("schema", help="folder with phases.json, commands/, events/ and types/")
    parser.add_argument("out", nargs="?", help="folder to write to")
    options = parser.parse_args(arguments)
    if (options.out is None) != (options.what == "check"):
        parser.error("check takes no output folder, c and docs take one")
    try:
        schema = load(options.schema)
    except Problems as problems:
        for problem in problems.problems:
            print(problem, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    if options.what != "check":
        emit = emit_c if options.what == "c" else emit_docs
        _write(options.out, emit.files(schema))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
