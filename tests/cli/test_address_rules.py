"""query-address-rules is enough to tell where devices go: what follows was written from the
documentation of its reply and of query-device-types alone, and agrees with plan-devices on random
lists, for our machine and for those of QEMU that are installed."""
import json
import os
import random
import shutil
import subprocess
import tempfile
import unittest

from qmp import BIN

PROBE, CAPSDB = os.path.join(BIN, "vitrine-probe"), os.path.join(BIN, "capsdb")
LISTS = 60


class Refused(Exception):
    pass


class Bus:
    def __init__(self, name, rules, owner):
        self.name, self.rules, self.owner = name, rules, owner
        self.fields, self.at = rules["fields"], {}  # address -> device
        for taken in rules["taken"]:
            self.at[self.parse(taken["address"])] = {"id": taken["by"], "properties": None}

    def bounds(self, field):
        if self.owner and "count" in field:
            return field["minimum"], field["minimum"] + self.owner["properties"][field["count"]] - 1
        return field["minimum"], field["maximum"]

    def parse(self, text):
        text = text[len(self.rules["prefix"]):]
        words = text.split(self.rules["separator"]) if self.rules["separator"] else [text]
        if not self.fields:
            return ()
        words += [None] * (len(self.fields) - len(words))
        return tuple(field["minimum"] if word is None else -1 if word == "*" else
                     int(word, field["radix"]) for word, field in zip(words, self.fields))

    def text(self, address):
        words = [f"{n:0{f['digits']}{'x' if f['radix'] == 16 else 'd'}}"
                 for n, f in zip(address, self.fields)]
        return (self.rules["prefix"] + self.rules["separator"].join(words)) if words else ""

    def takes(self, traits):
        has = set(traits)
        wanted = self.rules["accepts"]
        return (not wanted or has & set(wanted)) and not has & set(self.rules["refuses"])

    def reaches(self, traits):
        has = set(traits)
        wanted = self.rules["reaches"]
        return (not wanted or has & set(wanted)) and not has & set(self.rules["hides"])

    def full(self):
        return "max-devices" in self.rules and len(self.at) >= self.rules["max-devices"]

    def reserved(self, address, traits, looking):
        for row in self.rules["reserved"]:
            pattern = self.parse(row["address"])
            off = "when" in row and self.owner and \
                self.owner["properties"].get(row["when"], True) is False
            if all(p in (-1, n) for p, n in zip(pattern, address)) and not off and \
                    not (looking and row["blind"]) and not set(row.get("except", [])) & set(traits):
                return True
        return False

    def free(self, traits, given):
        """The address of a device of which some fields are given; None: there is none."""
        if self.full():
            return None
        if not self.fields:
            return ()
        open_fields = [name for name in self.rules["order"] if name not in given]
        if not open_fields and not (self.rules["order"] and given):
            return None
        address = [given.get(f["name"], f["minimum"]) for f in self.fields]
        if not open_fields:
            return tuple(address)
        n = [f["name"] for f in self.fields].index(open_fields[0])
        least, most = self.bounds(self.fields[n])
        start = max(least, self.fields[n]["first"])
        if self.fields[n]["after-devices"]:
            start += sum(list(other[:n]) == address[:n] for other in self.at)
        for value in range(start, most + 1):
            address[n] = value
            if tuple(address) not in self.at and not self.reserved(address, traits, True):
                return tuple(address)
        return None


class Evaluator:
    def __init__(self, rules, types, bus_types):
        self.types = {row["name"]: row for row in types}
        self.bus_types = {row["bus-type"]: row for row in bus_types}
        self.buses = [Bus(row["bus"], row, None) for row in rules]
        self.how = rules[0]["placement"]
        self.ids = {device["id"] for bus in self.buses for device in bus.at.values()}
        self.placed = []

    def choose(self, device, traits, given):
        family = [bus for bus in self.buses
                  if bus.rules["family"] == self.types[device["type"]]["bus"]]
        if "bus" in device:
            family = [bus for bus in self.buses if bus.name == device["bus"] and bus in family]
        elif self.how["fitting"]:
            family = [bus for bus in family if self.fits(bus, traits) and
                      (given or bus.free(traits, {}) is not None)]
        else:
            family = [bus for bus in family if not bus.full()]
        if not family or not self.fits(family[0], traits):
            raise Refused
        return family[0]

    def fits(self, bus, traits):
        return bus.takes(traits) and (not self.how["strict"] or bus.reaches(traits))

    def given(self, bus, device):
        if "address" in device:
            address = bus.parse(device["address"])
            return dict(zip((f["name"] for f in bus.fields), address))
        return {f["name"]: device["properties"][f["property"]] for f in bus.fields
                if f.get("property") in device["properties"]}

    def add(self, device):
        kind = self.types[device["type"]]
        self.whole_machine(device, kind)
        bus = self.choose(device, kind["traits"], "address" in device)
        given = self.given(bus, device)
        for field in bus.fields:
            least, most = bus.bounds(field)
            if field["name"] in given and not least <= given[field["name"]] <= most:
                raise Refused
        whole = bus.fields and len(given) == len(bus.fields)
        address = tuple(given[f["name"]] for f in bus.fields) if whole and not bus.full() else \
            bus.free(kind["traits"], given)
        if address is None or address in bus.at and bus.fields or device["id"] in self.ids or \
                bus.reserved(address, kind["traits"], False):
            raise Refused
        self.siblings(bus, address, device)
        bus.at[address if bus.fields else len(bus.at)] = device
        self.ids.add(device["id"])
        self.placed.append((device, bus, address))
        new = [Bus(row["named"].replace("{id}", device["id"]), self.bus_types[row["type"]], device)
               for row in kind["buses"]]
        at = self.buses.index(bus) + 1 if self.how["newest-first"] else len(self.buses)
        self.buses[at:at] = new

    def whole_machine(self, device, kind):
        """What is refused on every bus. Devices of the machine itself are not of limited kinds."""
        for row in self.how["refusals"]:
            if set(row["traits"]) & set(kind["traits"]) or \
                    any(device["properties"].get(name) is True for name in row["off"]):
                raise Refused
        for row in self.how["limits"]:
            there = [one for one, _, _ in self.placed
                     if row["trait"] in self.types[one["type"]]["traits"]]
            if row["trait"] in kind["traits"] and len(there) >= row["most"]:
                raise Refused

    def siblings(self, bus, address, device):
        for n, field in enumerate(bus.fields):
            first = address[n] == field["minimum"]
            for other, there in bus.at.items():
                if "needs" not in field or other[:n] + other[n + 1:] != address[:n] + address[n + 1:]:
                    continue
                one = device if first else there if other[n] == field["minimum"] else None
                if one and one["properties"] is not None and not one["properties"].get(field["needs"]):
                    raise Refused

    def usable(self):
        for device, bus, address in self.placed:
            if not bus.reaches(self.types[device["type"]]["traits"]):
                return False
            for n, field in enumerate(bus.fields):
                alone = address[:n] + (field["minimum"],) + address[n + 1:] not in bus.at
                if not field["reach-minimum"] <= address[n] <= field["reach-maximum"] or \
                        "needs" in field and alone:
                    return False
        return True

    def plan(self, devices):
        try:
            for device in devices:
                self.add(device)
        except Refused:
            return "refused", {}
        verdict = "usable" if self.usable() else "refused" if self.how["strict"] else "unusable"
        if verdict == "refused":
            return verdict, {}
        return verdict, {device["id"]: (bus.name, bus.text(address))
                         for device, bus, address in self.placed}


# What lists are made of: type, the bus it brings, properties without which it is refused.
REPERTOIRE = [("virtio-rng-pci", None, {}), ("virtio-net-pci", None, {}), ("e1000", None, {}),
              ("virtio-blk-pci", None, {"drive": "d"}), ("pcie-root-port", "{id}", {}),
              ("pci-bridge", "{id}", {"chassis_nr": 1}), ("pcie-pci-bridge", "{id}", {}),
              ("virtio-serial-pci", "{id}.0", {"max_ports": 4}), ("virtio-scsi-pci", "{id}.0", {}),
              ("lsi53c895a", "{id}.0", {}), ("scsi-hd", None, {"drive": "d"}),
              ("virtserialport", None, {"chardev": "c"}), ("virtio-rng-ccw", None, {}),
              ("virtio-scsi-ccw", "{id}.0", {}), ("virtio-rng-device", None, {}), ("virtio-balloon-pci", None, {}),
              ("spapr-vscsi", "{id}.0", {})]
PLACES = {"pci": ["2", "05.0", "5.1", "1f", "0", "00.0", "0", "0", "06.0", "6.2", "20"],
          "ccw": ["fe.0.0000", "fe.1.0002", "fe.0.0003"]}


class Agreement(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def ask(self, *words):
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
        self.assertNotEqual(done.stdout, "", done.stderr)
        return json.loads(done.stdout)

    def device(self, rng, known, number, buses):
        name, brings, needs = rng.choice(known)
        kind = self.types[name]
        device = {"type": name, "id": f"d{number}", "properties": dict(needs)}
        if "chassis" in needs or name == "pcie-root-port" and self.qemu:
            device["properties"] |= {"chassis": number + 1}
        here = [one for one, family in buses if family == kind["bus"]]
        if here and rng.random() < 0.45:
            device["bus"] = rng.choice(here)
        if kind["bus"] in PLACES and rng.random() < 0.3:
            device["address"] = rng.choice(PLACES[kind["bus"]])
        for family, key, most in (("scsi", "scsi-id", 10), ("scsi", "lun", 2),
                                  ("virtio-serial", "nr", 5)):
            if kind["bus"] == family and rng.random() < 0.3:
                device["properties"][key] = rng.randrange(most)
        if kind["bus"] == "pci" and rng.random() < 0.25:
            device["properties"]["multifunction"] = True
        if brings:
            family = self.bus_types[kind["buses"][0]["type"]]["family"]
            buses.append((brings.replace("{id}", device["id"]), family))
        return device

    def words(self, device):
        rest = {key: value for key, value in device.items() if key != "properties"}
        rest |= {key: "on" if value is True else value
                 for key, value in device["properties"].items()}
        names = {"address": "devno" if rest["type"].endswith("ccw") else "addr"}
        return "--device=" + ",".join([rest.pop("type"), *(f"{names.get(key, key)}={value}"
                                                           for key, value in rest.items())])

    def agree(self, seed, ask, target):
        rules = self.ask(*ask, "query-address-rules", *target)
        types = self.ask(*ask, "query-device-types", *target)
        every = self.ask(PROBE, "--json", "query-address-rules")
        self.types = {row["name"]: row for row in types}
        self.bus_types = {row["bus-type"]: row for row in every}
        known = [row for row in REPERTOIRE if row[0] in self.types]
        rng, tally = random.Random(seed), {}
        for _ in range(LISTS):
            buses = [(row["bus"], row["family"]) for row in rules]
            devices = [self.device(rng, known, n, buses) for n in range(rng.randrange(1, 7))]
            words = [self.words(device) for device in devices]
            plan = self.ask(*ask, "plan-devices", *target, *words)
            ours = Evaluator(rules, types, every).plan(devices)
            places = {one["id"]: (one["bus"], one["address"]) for one in plan["devices"]}
            tally[plan["verdict"]] = tally.get(plan["verdict"], 0) + 1
            with self.subTest(target=target, words=words):
                self.assertEqual(ours, (plan["verdict"], places), plan["findings"])
        self.assertGreaterEqual(min(tally.get("refused", 0), tally.get("usable", 0)), 5, tally)

    def test_ours(self):
        self.qemu = False
        self.agree("virt", [PROBE, "--json"], ["--machine", "virt"])

    def test_qemu(self):
        self.qemu = True
        for arch, machine in (("x86_64", "pc"), ("x86_64", "q35"), ("aarch64", "virt"),
                              ("s390x", "s390-ccw-virtio"), ("ppc64", "pseries")):
            binary = shutil.which(f"qemu-system-{arch}")
            if not binary:
                print(f"skipped {arch}:{machine}: there is no qemu-system-{arch}")
                continue
            self.agree(machine, [CAPSDB, "ask"],
                       ["--json", "--db", os.path.join(self.folder.name, "db"), "--accel", "tcg",
                        "--emulator", binary, "--machine", machine, "--nodefaults"])


if __name__ == "__main__":
    unittest.main()
