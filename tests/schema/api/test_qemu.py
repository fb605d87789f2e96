"""Commands and events with QEMU's names have QEMU's types, as QEMU itself described them in qemu-7.2.json.

A client of QEMU may send us what it sends to QEMU, and finds in a reply all that QEMU always says.
"""

import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools", "schemagen"))

import emit_json  # noqa: E402
from load import load  # noqa: E402


def by_name(entities):
    return {entity["name"]: entity for entity in entities}


class Comparison:
    """Ours beside QEMU's; differences are collected as phrases."""

    def __init__(self, schema, ours, theirs):
        self.schema, self.ours, self.theirs = schema, ours, theirs
        self.differences, self.seen = [], set()

    def say(self, text):
        self.differences.append(text)

    def arguments(self, command):
        ours = by_name(self.ours[self.ours[command]["arg-type"]]["members"])
        theirs = by_name(self.theirs[self.theirs[command]["arg-type"]]["members"])
        for name, member in ours.items():
            if "default" not in member and "default" in theirs.get(name, {"default": None}):
                self.say(f"{command}: '{name}' is required, and not so in QEMU")
        for name, member in theirs.items():
            if name in ours:
                self.reply(f"{command}: {name}", ours[name]["type"], member["type"])
            elif "default" not in member:
                self.say(f"{command}: '{name}' is required in QEMU and unknown to us")
        self.variants(command, self.ours[self.ours[command]["arg-type"]],
                      self.theirs[self.theirs[command]["arg-type"]])

    def extensions_of_tag(self, union):
        tag = by_name(union["members"]).get(union["tag"])
        return self.extensions(tag["type"]) if tag else set()

    def reply(self, place, ours, theirs):
        """The types named so, and all that they reach."""
        if (ours, theirs) in self.seen:
            return
        self.seen.add((ours, theirs))
        mine, other = self.ours[ours], self.theirs[theirs]
        if ours == "any" and other["meta-type"] == "alternate":
            return  # the command looks at it itself
        if mine["meta-type"] != other["meta-type"]:
            self.say(f"{place} is {mine['meta-type']}, in QEMU {other['meta-type']}")
        elif mine["meta-type"] == "builtin" and mine["json-type"] != other["json-type"]:
            self.say(f"{place} is {mine['json-type']}, in QEMU {other['json-type']}")
        elif mine["meta-type"] == "array":
            self.reply(place, mine["element-type"], other["element-type"])
        elif mine["meta-type"] == "enum":
            for value in set(mine["values"]) - set(other["values"]) - self.extensions(ours):
                self.say(f"{place}: QEMU has no value '{value}'")
            for value in self.extensions(ours) & set(other["values"]):
                self.say(f"{place}: '{value}' is marked as an extension, and QEMU has it")
        elif mine["meta-type"] == "object":
            self.members(place, ours, mine, other)
            self.variants(place, mine, other)

    def extensions(self, enum):
        """The values that we say are our own."""
        return {value.name for value in self.schema.types[enum].values if value.extension}

    def variants(self, place, mine, other):
        theirs = {variant["case"]: variant["type"] for variant in other.get("variants", [])}
        if mine.get("tag") not in (None, other.get("tag")):
            self.say(f"{place}: the tag is {mine['tag']}, in QEMU {other.get('tag')}")
        for variant in mine.get("variants", []):
            if variant["case"] in self.extensions_of_tag(mine):
                continue
            if variant["case"] not in theirs:
                self.say(f"{place}: QEMU has no variant '{variant['case']}'")
            else:
                self.reply(f"{place}.{variant['case']}", variant["type"], theirs[variant["case"]])

    def members(self, place, name, mine, other):
        ours, theirs = by_name(mine["members"]), by_name(other["members"])
        for key, member in theirs.items():
            if key in ours:
                self.reply(f"{place}.{key}", ours[key]["type"], member["type"])
            if "default" not in member and "default" in ours.get(key, {"default": None}):
                self.say(f"{place}.{key} is always there in QEMU, and not so here")
        for member in self.schema.types[name].members if name in self.schema.types else []:
            if member.extension and member.name in theirs:
                self.say(f"{place}.{member.name} is marked as an extension, and QEMU has it")
            elif not (member.extension or member.optional or member.name in theirs):
                self.say(f"{place}.{member.name} is not in QEMU, and not marked as an extension")


class Qemu(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(HERE, "qemu-7.2.json"), encoding="utf-8") as file:
            self.theirs = by_name(json.load(file)["replies"]["query-qmp-schema"])
        self.schema = load(os.path.join(ROOT, "schema", "api"))

    def compare(self, ours):
        comparison = Comparison(self.schema, by_name(ours), self.theirs)
        shared = [name for name, entity in self.theirs.items()
                  if entity["meta-type"] == "command" and name in self.schema.commands]
        for name in shared:
            comparison.arguments(name)
            comparison.reply(name, comparison.ours[name]["ret-type"],
                             self.theirs[name]["ret-type"])
        for name in self.schema.events:
            comparison.reply(name, comparison.ours[name]["arg-type"],
                             self.theirs[name]["arg-type"])
        return shared, comparison.differences

    def test_shared_commands(self):
        shared, differences = self.compare(emit_json.qmp_form(self.schema))
        self.assertGreaterEqual(len(shared), 25)
        self.assertEqual(differences, [])

    def test_a_difference_is_seen(self):
        ours = emit_json.qmp_form(self.schema)
        status = by_name(ours)["StatusInfo"]["members"]
        status[0]["type"] = "str"
        status[1]["default"] = None
        by_name(ours)["RunState"]["values"].append("asleep")
        del by_name(ours)["ResetEvent"]["members"][0]
        by_name(ours)["DeviceListPropertiesArgs"]["members"][0]["name"] = "type"
        by_name(ours)["Netdev"]["tag"] = "kind"
        by_name(ours)["Netdev"]["variants"][0]["case"] = "pigeon"
        by_name(ours)["NetdevTapOptions"]["members"][0]["type"] = "bool"
        for value in self.schema.types["StatsProvider"].values:
            value.extension = True
        _, differences = self.compare(ours)
        self.assertEqual(sorted(differences), sorted([
            "device-list-properties: 'type' is required, and not so in QEMU",
            "device-list-properties: 'typename' is required in QEMU and unknown to us",
            "query-stats: providers.provider: 'kvm' is marked as an extension, and QEMU has it",
            "query-status.running is string, in QEMU boolean",
            "query-status.singlestep is always there in QEMU, and not so here",
            "query-status.status: QEMU has no value 'asleep'",
            "RESET.guest is always there in QEMU, and not so here",
            "netdev_add: the tag is kind, in QEMU type",
            "netdev_add: QEMU has no variant 'pigeon'",
            "netdev_add.tap.ifname is boolean, in QEMU string"]))


if __name__ == "__main__":
    unittest.main()
