"""vitrine-probe as a person uses it: questions, files, errors, and QMP on its stdin and stdout."""
import json
import os
import subprocess
import tempfile
import unittest

BIN = os.environ.get("VITRINE_BIN", os.path.join(os.path.dirname(__file__), "../../build/bin"))
PROBE = os.path.join(BIN, "vitrine-probe")
YES, NO, USAGE, UNKNOWN = 0, 1, 2, 3
DEADLINE = 120


def run(*words, stdin=b"", **environment):
    return subprocess.run([PROBE, *words], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=DEADLINE,
                          env={**os.environ, **environment})


def ask(*words):
    """The answer in JSON."""
    done = run(*words, "--json")
    if done.returncode != YES:
        raise AssertionError("%s: %d: %s" % (words, done.returncode, done.stderr.decode()))
    return json.loads(done.stdout)


def model_commands():
    return [entry["name"] for entry in ask("query-commands") if entry["phase"] == "model"]


def words_for(command, machine):
    """The words of a question that has an answer."""
    words = [command]
    if command == "device-list-properties":
        words += ["--typename", ask("query-device-types")[0]["name"]]
    if command == "compare-machines":
        words += ["--with", "smp={\"cpus\":2}"]
    return words + ["--machine", machine]


class Program(unittest.TestCase):
    def check_end(self, done, code, *texts):
        self.assertEqual(done.returncode, code, done.stderr.decode())
        for text in texts:
            self.assertIn(text, done.stderr.decode())


class Questions(Program):
    def setUp(self):
        self.machine = ask("query-machines")[0]["name"]

    def test_every_command_in_text_and_json(self):
        refused = {"query-hotpluggable-cpus"}  # its CPUs are fixed
        for command in model_commands():
            words = words_for(command, self.machine)
            for form in [], ["--json"], ["--trace"], ["--json", "--trace"]:
                with self.subTest(command=command, form=form):
                    done = run(*words, *form)
                    if command in refused:
                        self.check_end(done, UNKNOWN, "NotHotpluggable")
                        self.assertEqual(done.stdout, b"")
                        continue
                    self.check_end(done, YES)
                    self.assertTrue(done.stdout.endswith(b"\n"))
                    self.assertEqual(done.stderr, b"")
                    if "--json" in form:
                        json.loads(done.stdout)

    def test_same_bytes_in_every_locale(self):
        for command in model_commands():
            words = words_for(command, self.machine)
            answers = {run(*words, *form, LC_ALL=locale, TZ=zone, COLUMNS=columns).stdout
                       for form in [["--trace"]]
                       for locale, zone, columns in [("C", "UTC", "80"), ("C.UTF-8", "Asia/Tokyo", "40"),
                                                     ("tr_TR.UTF-8", "", "200")]}
            self.assertEqual(len(answers), 1, command)

    def test_lines_keep_to_the_width(self):
        for command in model_commands():
            if command in ("query-schema", "query-qmp-schema"):
                continue
            text = run(*words_for(command, self.machine)).stdout.decode()
            for line in text.splitlines():
                self.assertLessEqual(len(line), 100, line)

    def test_target_words(self):
        hardware = ask("query-hardware", "--machine", "virt", "--smp", "cpus=2,sockets=2",
                       "--memory=256M", "--cpu", "rv64,mmu=sv39", "--accel", "none", "--option",
                       "aclint=on", "--option=pcie=off", "--nodefaults")["hardware"]
        self.assertEqual(hardware["smp"]["sockets"], 2)
        self.assertEqual(hardware["memory"], 256 << 20)
        ids = [device["id"] for device in hardware["devices"]]
        self.assertIn("mswi", ids)
        for gone in "clint", "pcihost", "rtc", "virtio-mmio.0":
            self.assertNotIn(gone, ids)
        cpu = hardware["devices"][ids.index("cpu.0")]
        self.assertIn({"name": "mmu", "value": "sv39", "side": "guest"}, cpu["properties"])

    def test_trace(self):
        answer = ask("query-cpu-slots", "--machine", "virt", "--smp", "3", "--memory", "1G",
                     "--trace")
        inputs = {entry["name"]: entry for entry in answer["depends-on"]}
        self.assertEqual(len(answer["return"]), 3)
        self.assertTrue(inputs["smp"]["read"])
        self.assertEqual(inputs["smp"]["given"], "cpus=3")
        self.assertEqual((inputs["memory"]["value"], inputs["memory"]["read"]), ("1G", False))
        self.assertNotIn("nodefaults", inputs)

    def test_hardware_forms(self):
        words = "query-hardware", "--machine", "virt"
        text = run(*words, "--format", "cfg").stdout.decode()
        self.assertIn("[device \"serial0\"]", text)
        for form in "fdt", "guest-fdt":
            blob = ask(*words, "--arg", "format=" + form)["base64"]
            self.assertTrue(blob.startswith("0A3+7Q"))  # 0xd00dfeed

    def test_topology(self):
        text = run("topology", "--machine", self.machine).stdout.decode()
        for device in ask("query-hardware", "--machine", self.machine)["hardware"]["devices"]:
            self.assertIn(device["type"], text)
        page = run("topology", "--machine", self.machine, "--html").stdout.decode()
        self.assertTrue(page.startswith("<!DOCTYPE html>"))
        for word in "http:", "https:", "<script", "url(":
            self.assertNotIn(word, page)  # nothing is fetched, nothing is run
        dot = run("topology", "--machine", self.machine, "--dot").stdout.decode()
        self.assertTrue(dot.startswith("digraph"))
        self.check_end(run("topology"), USAGE, "machine")
        self.check_end(run("topology", "--machine", "none-such"), UNKNOWN, "none-such")
        self.check_end(run("topology", "--machine", self.machine, "--bus", "x"), USAGE, "--bus")

    def test_help_and_version(self):
        text = run("--help").stdout.decode()
        for command in model_commands():
            self.assertIn("  " + command, text)
            own = run(command, "--help")
            self.check_end(own, YES)
            self.assertIn("usage: vitrine-probe " + command, own.stdout.decode())
        self.assertRegex(run("--version").stdout.decode(), r"^vitrine-probe \d+\.\d+\.\d+\n$")


class Refusals(Program):
    def test_usage(self):
        cases = [
            ((), "nothing is asked"),
            (("query-machine",), "did you mean query-machines?"),
            (("xyzzy",), "there is no command"),
            (("cont",), "ask vitrine"),
            (("--jsno", "query-machines"), "did you mean --json?"),
            (("query-machines", "--machin", "virt"), "did you mean --machine?"),
            (("query-machines", "--machine"), "--machine wants a value"),
            (("query-machines", "--nodefaults=yes"), "takes no value"),
            (("query-machines", "--machine", "virt", "--machine", "virt"), "a second time"),
            (("query-machines", "--option", "aclint"), "wants NAME=VALUE"),
            (("query-machines", "--smp", "cpu=2"), "it has cpus"),
            (("query-machines", "--arg", "x=1"), "no argument \"x\""),
            (("query-machines", "virt"), "what is meant by \"virt\""),
            (("query-machines", "--machine-file"), "wants a file"),
            (("query-hardware",), "MissingMachine"),
            (("device-list-properties",), "MissingMember"),
            (("check",), "check wants files"),
            (("query-machines", "--machine", b"\xff"), "UTF-8"),
        ]
        for words, text in cases:
            with self.subTest(words=words):
                done = run(*words)
                self.check_end(done, USAGE, text)
                self.assertEqual(done.stdout, b"")

    def test_refused(self):
        cases = [
            (("--machine", "nosuch"), "UnknownMachine"),
            (("--machine", "virt", "--accel", "nosuch"), "UnknownAccelerator"),
            (("--machine", "virt", "--option", "nosuch=1"), "UnknownOption"),
            (("--machine", "virt", "--option", "aclint=maybe"), "PropertyInvalid"),
            (("--machine", "virt", "--cpu", "z80"), "UnknownCpu"),
            (("--machine", "virt", "--smp", "0"), "OutOfRange"),
            (("--machine", "virt", "--smp", "many"), "WrongType"),
            (("--machine", "virt", "--memory", "1"), "OutOfRange"),
            (("--machine", "virt", "--format", "xml"), "UnknownValue"),
        ]
        for words, reason in cases:
            with self.subTest(words=words):
                self.check_end(run("query-hardware", *words), UNKNOWN, reason)
                done = run("query-hardware", *words, "--json")
                self.assertEqual(json.loads(done.stderr)["error"]["reason"], reason)

    def test_all_findings(self):
        done = run("query-hardware", "--machine", "virt", "--option", "a=1", "--option", "b=2",
                   "--memory", "3")
        self.check_end(done, UNKNOWN, "options.a", "options.b", "memory")

    def test_check_target(self):
        done = run("check-target", "--machine", "virt", "--smp", "1000", "--option", "x=y")
        self.assertEqual(done.returncode, NO)
        self.assertIn("UnknownOption", done.stdout.decode())
        self.assertIn("OutOfRange", done.stdout.decode())
        self.assertEqual(run("check-target", "--machine", "virt").returncode, YES)

    def test_nobody_reads_the_answer(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROBE, "query-machines"], stdout=full, stderr=subprocess.PIPE,
                                  timeout=DEADLINE)
        self.check_end(done, UNKNOWN, "writing the answer")


class Files(Program):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        return path

    def machine(self, name="mine", extra=""):
        return self.file(name + ".cfg", "[machine]\nname = %s\nversion = 1.0\nextends = virt-1.0\n"
                                        "doc = A machine of my own\n%s" % (name, extra))

    def test_check(self):
        good = self.machine()
        self.check_end(run("check", good), YES)
        bad = self.machine("wrong", "\n[device \"rtc\"]\nclock = fast\n")
        self.check_end(run("check", good, bad), NO, bad + ":8:", "unknown-property")

    def test_missing_file(self):
        path = os.path.join(self.folder.name, "missing.cfg")
        self.check_end(run("check", path), UNKNOWN, path)
        self.check_end(run("query-machines", "--machine-file", path), UNKNOWN, path)

    def test_file_too_large(self):
        path = self.file("large.cfg", b"#" * (100 << 20))
        self.check_end(run("check", path), NO, "file-size")

    def test_machine_file(self):
        path = self.machine("mine", "\n[remove \"rtc\"]\nreason = Not wanted\n")
        answer = ask("query-hardware", "--machine-file", path, "--machine", "mine", "--trace")
        ids = [device["id"] for device in answer["return"]["hardware"]["devices"]]
        self.assertNotIn("rtc", ids)
        self.assertIn("machine.file", [entry["name"] for entry in answer["depends-on"]])
        self.assertIn("mine-1.0", [machine["name"]
                                   for machine in ask("query-machines", "--machine-file=" + path)])


class Conversation(Program):
    def converse(self, *requests):
        """The replies to documents, after the greeting and the negotiation."""
        stdin = b"{\"execute\": \"qmp_capabilities\"}\n"
        for request in requests:
            stdin += request if isinstance(request, bytes) else json.dumps(request).encode() + b"\n"
        done = run("--qmp", stdin=stdin)
        self.check_end(done, YES)
        documents = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertIn("version", documents[0]["QMP"])
        self.assertEqual(documents[1], {"return": {}})
        return documents[2:]

    def test_questions(self):
        replies = self.converse(
            {"execute": "query-version", "id": 1},
            {"execute": "query-device-slots", "id": [2],
             "arguments": {"target": {"machine": "virt"}, "bus": "pcie.0"}},
            {"execute": "query-hardware", "id": "three"},
            {"execute": "cont"})
        self.assertEqual([reply.get("id") for reply in replies], [1, [2], "three", None])
        self.assertEqual(replies[1]["return"],
                         ask("query-device-slots", "--machine", "virt", "--bus", "pcie.0"))
        self.assertEqual(replies[2]["error"]["reason"], "MissingMachine")
        self.assertEqual(replies[3]["error"]["class"], "CommandNotFound")

    def test_depends_on_is_told_when_negotiated(self):
        stdin = (b"{\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": [\"depends-on\"]}}"
                 b"{\"execute\": \"query-cpu-slots\", \"arguments\": {\"target\": {\"machine\": \"virt\"}}}")
        reply = json.loads(run("--qmp", stdin=stdin).stdout.splitlines()[2])
        self.assertEqual([entry["name"] for entry in reply["depends-on"]], ["cpu", "machine", "smp"])

    def test_every_answer_is_that_of_the_command_line(self):
        for command in model_commands():
            if command == "query-host":
                continue
            arguments, words = {"device-list-properties": ({"typename": "ram"}, ["--typename", "ram"]),
                                "compare-machines": ({"with": {"memory": "1G"}},
                                                     ["--with", "memory=1G"])}.get(command, ({}, []))
            arguments["target"] = {"machine": "virt"}
            reply, = self.converse({"execute": command, "arguments": arguments})
            if "error" in reply:
                self.assertEqual(run(command, "--machine", "virt", *words).returncode, UNKNOWN)
            else:
                self.assertEqual(reply["return"], ask(command, "--machine", "virt", *words))

    def test_bad_input_is_survived(self):
        version = {"execute": "query-version"}
        bad = [
            b"not json\n",
            b"{\"execute\": \"query-version\", \"execute\": \"quit\"}\n",
            b"{\"execute\": 7}\n",
            b"[" * 100000 + b"\n",
            b"{\"a\":" * 100000 + b"\n",
            b"\"" + b"x" * (100 << 20) + b"\"\n",
            b"\xff\xfe\n",
        ]
        for text in bad:
            with self.subTest(text=text[:40]):
                replies = self.converse(text, version)
                self.assertIn("error", replies[0])
                self.assertIn("return", replies[-1])

    def test_stops_in_the_middle(self):
        self.assertEqual(self.converse(b"{\"execute\": \"query-ver"), [])


if __name__ == "__main__":
    unittest.main()
