"""Machines of other emulators: learned once, then asked about as ours are, and never launched again."""

import json
import pathlib
import shutil
import subprocess
import textwrap
import time
import unittest

from test_capsdb import Base, HOSTILE, PROGRAMS, TELLER

X86, RISCV = (pathlib.Path("/usr/bin/qemu-system-" + arch) for arch in ("x86_64", "riscv64"))
LIST = ["--device", "virtio-net-pci", "--device", "pcie-root-port,id=rp0,chassis=1",
        "--device", "virtio-blk-pci,bus=rp0,drive=d0"]


def is_there(emulator):
    if not emulator.exists():
        raise unittest.SkipTest(f"there is no {emulator}")


class Machines(Base):
    def places(self, *words):
        plan = self.answer("plan-devices", *words)
        self.assertEqual(plan["verdict"], "usable", plan)
        return {device["id"]: (device["bus"], device["address"]) for device in plan["devices"]}

    def test_the_first_question_learns_and_no_other_launches(self):
        is_there(X86)
        first = self.places(X86, "--machine", "q35", "--nodefaults", *LIST)
        self.assertEqual(first["rp0"], ("pcie.0", "02.0"))
        self.assertEqual(first["virtio-net-pci.0"], ("pcie.0", "01.0"))
        stored = ("--machine", "q35", "--nodefaults", "--no-probe")
        self.assertEqual(self.places(X86, *stored, *LIST), first)
        self.assertEqual(self.places(X86, *stored, "--device", "e1000,id=n,addr=1d.0"),
                         {"n": ("pcie.0", "1d.0")})
        for command in ("query-device-slots", "query-address-rules", "query-hardware",
                        "query-cpu-slots"):
            self.assertTrue(self.answer(command, X86, *stored), command)
        self.ask("plan-devices", X86, "--machine", "pc", "--no-probe", code=4)
        self.assertIn("machine pc is unknown so far", self.told)
        self.assertIn("update --machines", self.told)

    def test_a_database_that_keeps_nothing_is_no_reason_for_a_no(self):
        is_there(RISCV)
        self.database.mkdir()  # where the file would go
        words = ("--machine", "virt", "--nodefaults", "--device", "pcie-root-port,id=rp0,chassis=1")
        self.assertEqual(self.places(RISCV, *words), {"rp0": ("pcie.0", "01.0")})

    def test_again_asks_the_emulator_again(self):
        is_there(RISCV)
        question = ("query-device-slots", RISCV, "--machine", "virt")
        asked = []
        for again in ([], [], ["--again"]):
            self.ask(*question, *again)
            why = json.loads(self.run_capsdb("why", question[0], "--emulator", *question[1:],
                                             "--json"))
            asked.append(why["asked"])
            time.sleep(1.1)  # it is told in seconds
        self.assertEqual(asked[0], asked[1])
        self.assertNotEqual(asked[1], asked[2])

    def test_each_configuration_is_a_machine_of_its_own(self):
        is_there(X86)
        without = self.places(X86, "--machine", "q35", "--nodefaults", "--device", "e1000,id=n")
        self.assertEqual(without["n"], ("pcie.0", "01.0"))
        with_defaults = self.places(X86, "--machine", "q35", "--device", "e1000,id=n")
        self.assertEqual(with_defaults["n"], ("pcie.0", "03.0"))
        cpus = self.answer("query-cpu-slots", X86, "--machine", "q35", "--smp", "2,maxcpus=4")
        self.assertEqual([cpu["state"] for cpu in cpus], ["taken", "taken", "free", "free"])
        self.assertEqual([cpu["place"]["core-id"] for cpu in cpus], [0, 1, 2, 3])

    def test_findings_are_those_of_the_engine(self):
        is_there(RISCV)
        plan = json.loads(self.ask("plan-devices", RISCV, "--machine", "virt", "--device", "nosuch",
                                   "--device", "virtio-net-pci,addr=00.0", "--json", code=1))
        self.assertEqual(plan["verdict"], "refused")
        self.assertEqual([finding["class"] for finding in plan["findings"]],
                         ["UnknownDeviceType", "SlotTaken"])
        self.ask("plan-devices", RISCV, code=2)
        self.assertIn("none is named", self.told)
        self.ask("plan-devices", RISCV, "--machine", "nosuch", "--device", "nvme", code=3)
        self.ask("plan-devices", RISCV, "--machine", "nosuch", "--no-probe", code=3)

    def test_two_machines_are_compared(self):
        is_there(X86)
        words = ("compare-machines", X86, "--machine", "pc-q35-7.1", "--nodefaults", "--with")
        old = self.answer(*words, "machine=pc-q35-2.4,nodefaults=true")
        self.assertIn("property", {one["subject"] for one in old["differences"]})
        self.assertEqual(self.answer(*words, "machine=pc-q35-7.1,nodefaults=true")["differences"],
                         [])
        self.assertEqual(self.answer(*words, "machine=pc-q35-2.4,nodefaults=true", "--no-probe"), old)
        self.ask(*words, "machine=nosuch", code=3)

    def test_one_statement_finds_machines_by_their_places(self):
        is_there(X86)
        is_there(RISCV)
        root = ("--machine", "q35", "--nodefaults")
        self.ask("query-device-slots", X86, *root)
        self.ask("query-device-slots", X86, "--machine", "pc", "--nodefaults")
        self.ask("query-device-slots", RISCV, "--machine", "virt")
        self.run_capsdb("add", X86, RISCV)
        select = ("select distinct m.name from slots s join machines m "
                  "on m.identity = s.identity and s.machine in (m.name, m.alias) "
                  "where s.bus_type like 'pci%' and s.state = 'free' and s.hot_plug = 'yes' "
                  "and m.cpu_max >= 32")
        rows = json.loads(self.run_capsdb("sql", select, "--json"))
        self.assertEqual([row["name"] for row in rows], ["pc-i440fx-7.2"])
        self.ask("query-hardware", X86, *root)
        select = ("select d.address from machine_devices d join machine_buses b on b.id = d.bus and "
                  "b.machine = d.machine where d.type = 'ICH9-LPC' and b.type = 'pcie-root'")
        self.assertEqual(json.loads(self.run_capsdb("sql", select, "--json")), [{"address": "1f.0"}])
        self.assertEqual(json.loads(self.run_capsdb("verify", X86, "--json"))[0]["verdict"], "same")

    def test_update_learns_every_machine_and_goes_on_where_it_stopped(self):
        is_there(RISCV)
        root = self.folder / "root"
        (root / "usr/bin").mkdir(parents=True)
        shutil.copy(RISCV, root / "usr/bin")
        words = [PROGRAMS / "capsdb", "update", "--machines", "--root", root, "--jsonl"]
        environment = {"CAPSDB_ROOT": str(self.folder), "PATH": "/usr/bin:/bin"}
        with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as process:
            lines = [process.stdout.readline() for _ in range(3)]  # the emulator, two machines
            process.kill()
        told = [json.loads(line) for line in lines]
        items = json.loads(self.run_capsdb("update", "--machines", "--root", root, "--json"))
        outcome = {item.get("machine"): item["outcome"] for item in items}
        machines = {row["name"] for row in
                    json.loads(self.run_capsdb("ask", "query-machines", "--root", root,
                                               "--emulator", f"/usr/bin/{RISCV.name}", "--json"))}
        self.assertEqual(set(outcome), machines - {"none"} | {None})
        for item in told:
            expected = "refused" if item["outcome"] == "refused" else "known"
            self.assertEqual(outcome[item.get("machine")], expected)
        self.assertNotIn("failed", outcome.values())
        again = json.loads(self.run_capsdb("update", "--machines", "--root", root, "--json"))
        self.assertLessEqual({item["outcome"] for item in again}, {"known", "refused"})
        rows = json.loads(self.run_capsdb("sql", "select distinct machine from slots", "--root", root,
                                          "--json"))
        self.assertIn("sifive_e", [row["machine"] for row in rows])

    def test_properties_have_the_values_of_the_machine(self):
        is_there(X86)
        seen = {}
        for machine in ("pc-q35-7.2", "pc-q35-2.4"):
            rows = self.answer("device-list-properties", X86, "--machine", machine, "--arg",
                               "typename=virtio-net-pci")
            row, = (row for row in rows if row["name"] == "page-per-vq")
            seen[machine] = row["default-value"], row["machine-value"]
        self.assertEqual(seen, {"pc-q35-7.2": (False, False), "pc-q35-2.4": (False, True)})
        rows = self.answer("device-list-properties", X86, "--machine", "q35", "--arg",
                           "typename=virtio-blk-pci")  # which does not start without a drive
        self.assertEqual([row for row in rows if "machine-value" in row], [])
        facts = json.loads(self.run_capsdb("verify", X86, "--json"))
        self.assertEqual({fact["verdict"] for fact in facts}, {"same"})

    def test_why_names_the_engine(self):
        is_there(RISCV)
        self.ask("query-device-slots", RISCV, "--machine", "virt")
        why = json.loads(self.run_capsdb("why", "query-device-slots", "--emulator", RISCV,
                                         "--machine", "virt", "--json"))
        self.assertTrue(why["stored"])
        self.assertEqual(set(why["inputs"]), {"engine", "host", "target"})

    def test_a_vitrine_answers_for_itself(self):
        self.ask("query-device-slots", TELLER, "--machine", "board", code=3)
        self.assertIn("query-device-slots", self.told)

    def test_what_lies_about_its_machine_harms_nothing(self):
        bodies = {
            "empty": "",
            "noise": "\x01dev: ,\nbus: \n  type\n dev: x, id \"",
            "deep": "\n".join(" " * i + f"bus: b{i}\n" + " " * i + "  type System\n" + " " * i
                              + f"  dev: disk, id \"d{i}\"" for i in range(400)),
            "wide": "bus: b\n  type System\n" + "  dev: disk, id \"d\"\n    id = \"x\"\n" * 9000,
            "long": "bus: " + "b" * 100000 + "\n  type " + "T" * 100000 + "\n  dev: " + "d" * 100000,
        }
        for name, body in bodies.items():
            with self.subTest(name):
                path = self.folder / name
                path.write_text(textwrap.dedent(f"""\
                    #!/usr/bin/env python3
                    import sys
                    sys.path.insert(0, {str(HOSTILE)!r})
                    import qmp
                    monitor = qmp.Monitor()
                    monitor.negotiate()
                    while True:
                        request = monitor.ask()
                        command = request["execute"]
                        if command == "human-monitor-command":
                            monitor.answer(request, {body!r})
                        elif command == "query-target":
                            monitor.answer(request, {{"arch": "none"}})
                        elif command == "qom-list" and len(request["arguments"]["path"]) < 100:
                            monitor.answer(request, [{{"name": "again", "type": "child<x>"}},
                                                     {{"name": 3}}, 7])
                        else:
                            monitor.behave(request)
                    """))
                path.chmod(0o755)
                done = subprocess.run(
                    [PROGRAMS / "capsdb", "ask",
                     "query-device-slots", "--emulator", path, "--machine", "m", "--json"],
                    env={"CAPSDB_ROOT": str(self.folder), "PATH": "/usr/bin:/bin"}, timeout=100,
                    capture_output=True, text=True)
                self.assertIn(done.returncode, (0, 3), done.stderr)
                if done.returncode == 0:
                    json.loads(done.stdout)


if __name__ == "__main__":
    unittest.main()
