"""Promise 1: what the probe answers, the emulator answers in the same bytes: `vitrine --probe` beside
`vitrine-probe`, and `vitrine -qmp stdio` beside `vitrine-probe --qmp`."""
import json
import os
import subprocess
import unittest

BIN = os.environ.get("VITRINE_BIN", os.path.join(os.path.dirname(__file__), "../../build/bin"))
PROBE = [os.path.join(BIN, "vitrine-probe")]
EMULATOR = os.path.join(BIN, "vitrine")
DEADLINE = 120
# What tells of this moment and this process, and so may differ between two runs of one program.
OF_THIS_MOMENT = {"query-host"}


def run(command, *words, stdin=b""):
    return subprocess.run([*command, *words], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=DEADLINE)


def ask(*words):
    return json.loads(run(PROBE, *words, "--json").stdout)


def model_commands():
    return [entry["name"] for entry in ask("query-commands") if entry["phase"] == "model"]


def targets():
    """A plain one, one with everything given, and wrong ones."""
    machine = ask("query-machines")[0]["name"]
    options = ask("query-machine-options", "--machine", machine)
    given = {option["name"]: option["default"] for option in options}
    return [{}, {"machine": machine},
            {"machine": machine, "options": given, "smp": {"cpus": 2}, "memory": "256M",
             "nodefaults": False},
            {"machine": machine, "options": {"no-such-option": True}},
            {"machine": "no-such-machine"}]


def text(value):
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def words_of(target):
    words = []
    if "machine" in target:
        words += ["--machine", target["machine"]]
    for name, value in target.get("options", {}).items():
        words += ["--option", "%s=%s" % (name, text(value))]
    if "smp" in target:
        words += ["--smp", str(target["smp"]["cpus"])]
    if "memory" in target:
        words += ["--memory", target["memory"]]
    return words


def arguments_of(command):
    if command == "device-list-properties":
        return {"typename": ask("query-device-types")[0]["name"]}
    return {}


class SameAnswers(unittest.TestCase):
    def test_as_a_program(self):
        for command in model_commands():
            if command in OF_THIS_MOMENT:
                continue
            own = ["--arg=%s=%s" % pair for pair in arguments_of(command).items()]
            for target in targets():
                for form in [], ["--json", "--trace"]:
                    words = [command, *own, *words_of(target), *form]
                    with self.subTest(words=words):
                        probe = run(PROBE, *words)
                        emulator = run([EMULATOR, "--probe"], *words)
                        self.assertEqual(probe.stdout, emulator.stdout)
                        self.assertEqual(probe.stderr, emulator.stderr)
                        self.assertEqual(probe.returncode, emulator.returncode)

    def test_over_qmp(self):
        lines = [{"execute": "qmp_capabilities", "arguments": {"enable": ["depends-on"]}}]
        for command in model_commands():
            if command in OF_THIS_MOMENT:
                continue
            for target in targets():
                lines.append({"execute": command, "id": len(lines),
                              "arguments": {**arguments_of(command), "target": target}})
        stdin = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        probe = run(PROBE, "--qmp", stdin=stdin).stdout
        emulator = run([EMULATOR], "-qmp", "stdio",
                       stdin=stdin + b'{"execute": "quit", "id": "end"}\n').stdout
        said = emulator.splitlines()
        end = next(i for i, line in enumerate(said) if b'"id": "end"' in line)
        self.assertEqual(probe.splitlines(), said[:end])
        self.assertEqual(len(probe.splitlines()), len(lines) + 1)


if __name__ == "__main__":
    unittest.main()
