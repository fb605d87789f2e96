"""What plan-devices says of a list of devices is what vitrine builds of it, and what device_add
takes while the machine runs: random lists, right and wrong."""
import json
import os
import random
import subprocess
import tempfile
import unittest

from qmp import BIN, QmpError, Vitrine, run

PROBE = os.path.join(BIN, "vitrine-probe")
MACHINE = ["-machine", "virt", "-accel", "none"]
LISTS, PLUGGED, MOST = 60, 12, 9


def probe(*words):
    done = subprocess.run([PROBE, "--json", *words], capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


def word(device):
    """As -device has it."""
    names = {"address": "addr"}
    rest = [f"{names.get(key, key)}={value}" for key, value in device.items() if key != "type"]
    return ",".join([device["type"], *rest])


class Lists:
    """Random devices of the types that a person may add."""

    def __init__(self, seed, disk):
        self.random = random.Random(seed)
        self.types = [row for row in probe("query-device-types") if row["user-creatable"]]
        self.properties = {row["name"]: [one["name"] for one in
                                         probe("device-list-properties", "--typename", row["name"])]
                           for row in self.types}
        self.disk, self.host, self.ids, self.buses = disk, [], [], ["pcie.0"]

    def some(self, part, name, values):
        return {name: self.random.choice(values)} if self.random.random() < part else {}

    def behind(self, row):
        """What of the host is behind a device; what it needs is declared by the properties."""
        need = {}
        names = self.properties[row["name"]]
        node = f"node{len(self.host)}"
        if "drive" in names:
            self.host += ["-blockdev",
                          f"driver=file,read-only=on,filename={self.disk},node-name={node}"]
            need = {"drive": node}
        elif "chardev" in names:
            self.host += ["-chardev", f"null,id={node}"]
            need = {"chardev": node}
        return need

    def device(self, hot=False):
        row = self.random.choice([one for one in self.types if one["hotplug"] or not hot
                                  or self.random.random() < 0.2])
        device = {"type": row["name"], "id": f"d{len(self.ids)}"}
        if self.random.random() < 0.05 and self.ids:
            device["id"] = self.random.choice(self.ids)
        if row["bus"] == "pci":
            device |= self.some(0.4, "bus", self.buses + ["nowhere"] * (self.random.random() < 0.1))
            device |= self.some(0.3, "address", ["0"] * 4 + ["5", "06.0", "6.1", "1f", "0.1", "20", "x"])
            device |= self.some(0.2, "multifunction", ["on"])
        elif row["bus"] == "virtio-serial":
            device |= self.some(0.3, "nr", [0, 1, 2, 3, 30, 31, 600])
        elif row["bus"] == "virtio-mmio":
            device |= self.some(0.3, "bus", [f"virtio-mmio-bus.{n}" for n in range(10)])
        if row["name"] == "pcie-root-port":
            self.buses.append(device["id"])
        device |= self.behind(row)
        self.ids.append(device["id"])
        return device

    def make(self):
        self.host, self.ids, self.buses = [], [], ["pcie.0"]
        return [self.device() for _ in range(self.random.randrange(1, MOST))]


def start(*arguments):
    try:
        return Vitrine(*arguments)
    except EOFError:
        raise AssertionError("it does not start: " + run(*arguments)[2]) from None


def places(hardware):
    return {one["id"]: (one["bus"], one["address"]) for one in hardware["hardware"]["devices"]}


class Built(unittest.TestCase):
    def setUp(self):
        file = tempfile.NamedTemporaryFile()
        self.addCleanup(file.close)
        file.truncate(1 << 20)
        self.lists = Lists("built", file.name)

    def test_a_list_is_built_as_it_was_planned(self):
        verdicts = {"usable": 0, "refused": 0}
        for _ in range(LISTS):
            devices = self.lists.make()
            words = [part for one in devices for part in ("--device", word(one))]
            plan = probe("plan-devices", "--machine", "virt", "--accel", "none", *words)
            arguments = [part for one in devices for part in ("-device", word(one))]
            verdicts[plan["verdict"]] += 1
            with self.subTest(devices=words):
                self.check(plan, [*MACHINE, *self.lists.host, *arguments])
        self.assertGreater(min(verdicts.values()), LISTS // 6, verdicts)

    def check(self, plan, arguments):
        if plan["verdict"] == "refused":
            self.assertNotEqual(plan["findings"], [])
            status, _, errors = run(*arguments)
            self.assertEqual(status, 1)
            for finding in plan["findings"]:
                self.assertIn(finding["message"], errors)
            return
        with start(*arguments) as vitrine:
            found = places(vitrine.qmp.command("query-hardware"))
        for one in plan["devices"]:
            self.assertEqual(found[one["id"]], (one["bus"], one["address"]))

    def test_a_device_is_plugged_as_it_was_planned(self):
        taken = refused = 0
        for _ in range(PLUGGED):
            devices = [{"type": "pcie-root-port", "id": f"p{n}"} for n in range(1, 4)]
            devices.append({"type": "virtio-serial-pci", "id": "serial"})
            self.lists.host, self.lists.ids = [], []
            self.lists.buses = ["p1", "p2", "p3", "p1", "p2", "p3", "pcie.0"]
            hot = [self.lists.device(hot=True) for _ in range(MOST)]
            arguments = [part for one in devices for part in ("-device", word(one))]
            with start(*MACHINE, *self.lists.host, *arguments) as vitrine:
                for one in hot:
                    with self.subTest(device=one):
                        plugged = self.plug(vitrine.qmp, one)
                        taken, refused = taken + plugged, refused + (not plugged)
        self.assertGreater(min(taken, refused), PLUGGED)

    def plug(self, qmp, device):
        """Whether it was taken."""
        loose = {key: device[key] for key in ("type", "id", "bus", "address") if key in device}
        rest = {key: value for key, value in device.items() if key not in loose}
        plan = qmp.command("plan-devices", devices=[{**loose, "properties": rest}])
        given = {"driver": device["type"], "id": device["id"], **rest}
        given |= {"bus": device["bus"]} if "bus" in device else {}
        given |= {"addr": device["address"]} if "address" in device else {}
        try:
            qmp.command("device_add", **given)
        except QmpError as error:
            self.assertEqual(plan["verdict"], "refused", error)
            return False
        self.assertEqual(plan["verdict"], "usable", plan["findings"])
        found = places(qmp.command("query-hardware"))
        for one in plan["devices"]:
            self.assertEqual(found[one["id"]], (one["bus"], one["address"]))
        return True


if __name__ == "__main__":
    unittest.main()
