"""The schema in memory: what load.py makes, check.py holds against the rules, the emitters read."""

import re

BUILTINS = {
    "str": "text",
    "bool": "true or false",
    "int": "an integer from -2^63 to 2^63-1",
    "uint": "an integer from 0 to 2^64-1",
    "hex": "an integer from 0 to 2^64-1 as text, \"0x\" and hexadecimal digits",
    "number": "a number that may have a fraction",
    "any": "any JSON value",
}


# The phases a command can have; phases.json documents each. emit_c.py says which layer answers.
PHASES = ["model", "session", "machine"]

# What schema/api/api_info.h calls its own types, after "Api".
RUNTIME_NAMES = ["CommandInfo", "EventInfo", "Kind", "MemberInfo", "Shape", "Slot", "TypeInfo", "WordInfo"]


class Use:
    """A type as it is used: its name and how many of it. shape: one, list or map."""

    def __init__(self, name, shape):
        self.name, self.shape = name, shape

    def __str__(self):
        return {"one": "{}", "list": "[{}]", "map": "{{*: {}}}"}[self.shape].format(self.name)

    def json(self):
        return {"one": self.name, "list": [self.name], "map": {"*": self.name}}[self.shape]


class Member:
    """extension: QEMU's type of the same name lacks it, so a QEMU does not say it. rest: it stands
    for all members of other names. Of a union, as flatten() makes it: branches are the values of
    the tag that it is there for, needed says that it has to be, c_name tells it from others."""

    def __init__(self, node, name, use, doc, optional, extension, since, rest=False):
        self.node, self.name, self.use, self.doc = node, name, use, doc
        self.optional, self.extension, self.since = optional, extension, since
        self.rest, self.branches, self.needed, self.c_name = rest, [], False, name

    def in_branch(self, value):
        """The same as a member of a union."""
        copy = Member(self.node, self.name, self.use, self.doc, True, False, self.since)
        copy.branches, copy.needed = [value], not self.optional
        return copy


class Value:
    """A value of an enum, or a reason of an error: a name and what it means. extension: QEMU's enum
    of the same name lacks it."""

    def __init__(self, node, name, doc, extension=False):
        self.node, self.name, self.doc, self.extension = node, name, doc, extension


class Type:
    """A struct (members) or an enum (values). is_generated: made of a command's arguments or of
    an event's data, and declared by no file of its own. A union is a struct with a tag, the name of
    a member that is an enum, and variants: for values of it, the struct whose members are there
    too; own are the members without those."""

    def __init__(self, node, name, doc, since=None, members=None, values=None, used_in=None,
                 is_generated=False):
        self.node, self.name, self.doc, self.since = node, name, doc, since
        self.members, self.values = members or [], values or []
        self.is_enum = values is not None
        self.used_in, self.is_generated = used_in, is_generated
        self.tag, self.variants, self.own = None, {}, self.members

    def flatten(self, types):
        """Makes the members of the variants members of the union."""
        self.members = list(self.own)
        for value, name in self.variants.items():
            for member in types[name].members:
                self._add(member.in_branch(value))

    def _add(self, member):
        same = [one for one in self.members if one.name == member.name]
        for one in same:
            if one.use.json() == member.use.json() and one.needed == member.needed:
                one.branches += member.branches
                return
        for one in [*same, member] if same else []:
            one.c_name = f"{one.name}-{one.branches[0]}"
        self.members.append(member)


class Phase:
    def __init__(self, node, name, doc, arguments, errors):
        self.node, self.name, self.doc = node, name, doc
        self.arguments, self.errors = arguments, errors


class Command:
    """arguments is the Type of the argument object, those of the phase last; a declared one if
    the command is boxed."""

    def __init__(self, node, name, doc, since, phase, arguments, returns, errors, example):
        self.node, self.name, self.doc, self.since, self.phase = node, name, doc, since, phase
        self.arguments, self.returns, self.errors = arguments, returns, errors
        self.example = example
        self.learned = False  # whether machines of other emulators can be asked about


class Event:
    """data is the Type of what it carries, or None."""

    def __init__(self, node, name, doc, since, data):
        self.node, self.name, self.doc, self.since, self.data = node, name, doc, since, data


class Schema:
    """errors: those that every command can end with. The rest is by name."""

    def __init__(self, phases, errors, types, commands, events):
        self.phases, self.errors = phases, errors
        self.types, self.commands, self.events = types, commands, events

    def type_order(self):
        return [self.types[name] for name in sorted(self.types)]

    def command_order(self):
        return [self.commands[name] for name in sorted(self.commands)]

    def event_order(self):
        return [self.events[name] for name in sorted(self.events)]


def snake(name):
    """MachineInfo -> machine_info, HotpluggableCPU -> hotpluggable_cpu, cpu-max -> cpu_max."""
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", name)
    return name.replace("-", "_").lower()


def camel(name):
    return "".join(word[:1].upper() + word[1:] for word in name.split("-"))
