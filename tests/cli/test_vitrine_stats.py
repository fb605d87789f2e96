"""query-stats: what was counted of a small program whose every access is known."""
import os
import struct
import tempfile
import unittest

from qmp import Vitrine
from test_vitrine_trace import PROGRAM

# What the program executes, those that trap included, until it has switched off: see there.
INSTRUCTIONS = 24


class Stats(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = os.path.join(folder.name, "program")
        with open(program, "wb") as file:
            file.write(struct.pack("<%dI" % len(PROGRAM), *PROGRAM))
        self.vitrine = Vitrine("-machine", "virt", "-accel", "interp", "-m", "64M", "-bios", program,
                               "-serial", "null", "-no-shutdown", "-S")
        self.addCleanup(self.vitrine.__exit__, None, None, None)
        self.qmp = self.vitrine.qmp

    def stats(self, target, **arguments):
        """By id, and then by name."""
        found = self.qmp.command("query-stats", target=target, **arguments)
        return {one.get("qom-path"): {stat["name"]: stat["value"] for stat in one["stats"]}
                for one in found}

    def until_off(self):
        self.qmp.command("cont")
        while self.qmp.command("query-status")["status"] != "shutdown":
            pass

    def test_nothing_ran(self):
        for target in ("vm", "vcpu", "device"):
            for counts in self.stats(target).values():
                self.assertEqual(set(counts.values()), {0}, target)

    def test_counts(self):
        self.until_off()
        self.assertEqual(self.stats("vm"), {None: {"unimplemented-accesses": 1}})
        cpu = self.stats("vcpu")["cpu.0"]
        self.assertEqual(cpu["exceptions"], 2)
        self.assertEqual(cpu["interrupts"], 0)
        self.assertEqual(cpu["mmio-reads"], 2)
        self.assertEqual(cpu["mmio-writes"], 1)
        self.assertGreaterEqual(cpu["instructions"], INSTRUCTIONS)
        devices = self.stats("device")
        self.assertNotIn("cpu.0", devices)
        touched = {id: {name: n for name, n in counts.items() if n}
                   for id, counts in devices.items() if any(counts.values())}
        self.assertEqual(touched, {"plic": {"mmio-reads": 1, "guest-errors": 1},
                                   "test": {"mmio-writes": 1}})

    def test_reset_leaves_them(self):
        self.until_off()
        before = self.stats("device")
        self.qmp.command("stop")
        self.qmp.command("system_reset")
        self.assertEqual(self.stats("device"), before)

    def test_filters(self):
        one = [{"provider": "vitrine", "names": ["exceptions", "instructions", "no-such"]}]
        self.assertEqual(self.stats("vcpu", vcpus=["cpu.0", "nobody"], providers=one),
                         {"cpu.0": {"instructions": 0, "exceptions": 0}})
        self.assertEqual(self.stats("vcpu", vcpus=["nobody"]), {})
        self.assertEqual(self.stats("vcpu", vcpus=[]), {})
        self.assertEqual(list(self.stats("device", devices=["plic"])), ["plic"])
        self.assertEqual(self.stats("vcpu", providers=[{"provider": "kvm"}]), {})
        self.assertEqual(self.stats("vcpu", providers=[]), {})
        self.assertEqual(self.stats("device", providers=one), {})

    def test_schemas_name_what_is_counted(self):
        schemas = self.qmp.command("query-stats-schemas")
        self.assertEqual([schema["target"] for schema in schemas], ["vm", "vcpu", "device"])
        for schema in schemas:
            names = [value["name"] for value in schema["stats"]]
            for counts in self.stats(schema["target"]).values():
                self.assertEqual(list(counts), names)
        units = {value["name"]: value.get("unit") for value in schemas[2]["stats"]}
        self.assertEqual(units["bytes-to-guest"], "bytes")
        self.assertIsNone(units["requests"])
        self.assertEqual(self.qmp.command("query-stats-schemas", provider="vitrine"), schemas)
        self.assertEqual(self.qmp.command("query-stats-schemas", provider="kvm"), [])

    def test_wrong_questions(self):
        self.assertEqual(self.qmp.error("query-stats", target="cat")["class"], "GenericError")
        self.assertEqual(self.qmp.error("query-stats", target="vm", vcpus=["cpu.0"])["class"],
                         "GenericError")
        with Vitrine() as empty:
            self.assertEqual(empty.qmp.error("query-stats", target="vm")["reason"], "NoMachine")


if __name__ == "__main__":
    unittest.main()
