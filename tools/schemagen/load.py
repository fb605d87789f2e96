"""Reads a schema from its folder: phases.json, and NAME.json in commands/, events/ and types/.

Everything wrong is collected, file by file, and raised together; what the emitters get is right.
"""

import os
import re

import check
from declarations import (PHASES, RUNTIME_NAMES, Command, Event, Member, Phase, Schema, Type,
                          Use, Value, camel)
from rules import RULES
from textjson import Problem, Problems, parse


class Loader:
    """Turns nodes into declarations, collecting problems instead of stopping at the first."""

    def __init__(self):
        self.problems = []

    def problem(self, node, rule, message):
        assert rule in RULES
        self.problems.append(Problem(node.file, node.line, rule, message))

    # ---- keys ---------------------------------------------------------------------------------

    def keys(self, node, what, required, optional=()):
        """The object's members by key, those of the wrong kind left out."""
        wanted = dict(required)
        wanted.update(optional)
        if node.kind != "object":
            self.problem(node, "wrong-kind", f"{what} is an object, not {node.kind}")
            return {}
        good = {}
        for key, value in node.value.items():
            if key not in wanted:
                known = ", ".join(wanted)
                self.problem(value, "unknown-key", f"{what} has no key '{key}'; keys are {known}")
            elif wanted[key] != "value" and value.kind not in wanted[key].split("|"):
                want = wanted[key].replace("|", " or ")
                self.problem(value, "wrong-kind", f"'{key}' is {want}, not {value.kind}")
            else:
                good[key] = value
        for key in dict(required):
            if key not in node.value:
                self.problem(node, "missing-key", f"{what} lacks '{key}'")
        return good

    def doc(self, good, key="doc"):
        """The paragraphs of a doc."""
        node = good.get(key)
        if node is None:
            return []
        nodes = node.value if node.kind == "array" else [node]
        paragraphs = []
        for part in nodes:
            text = part.value if part.kind == "string" else ""
            if not re.search(r"\S[.:)]$", text) or text != text.strip() or "\n" in text:
                self.problem(part, "doc", "a doc is sentences, each paragraph ending with a full "
                             "stop; several paragraphs are a list of strings")
            paragraphs.append(text)
        if not nodes:
            self.problem(node, "doc", "the doc says nothing")
        return paragraphs

    def since(self, good):
        node = good.get("since")
        if node is None:
            return None
        if not re.fullmatch(r"[0-9]+\.[0-9]+", node.value):
            self.problem(node, "since-form", f"'{node.value}' is not a version, as 0.1")
        return node.value

    def name(self, good, key, form):
        node = good.get(key)
        if node is None:
            return ""
        pattern, words = {
            "dashes": (r"[a-z0-9]+(-[a-z0-9]+)*", "lower-case-with-dashes"),
            "qmp": (r"[a-z0-9]+([-_][a-z0-9]+)*", "lower-case-with-dashes"),
            "upper": (r"[A-Z0-9]+(_[A-Z0-9]+)*", "UPPER_CASE"),
            "camel": (r"[A-Z][A-Za-z0-9]*", "CamelCase"),
        }[form]
        if not re.fullmatch(pattern, node.value):
            self.problem(node, "name-form", f"'{node.value}' is not {words}")
        return node.value

    def unique(self, items, what):
        seen = set()
        for item in items:
            if item.name in seen:
                self.problem(item.node, "duplicate-name", f"{what} '{item.name}' is declared twice")
            seen.add(item.name)
        return items

    # ---- parts of a declaration -----------------------------------------------------------------

    def use(self, node):
        """A type expression."""
        value, shape = node, "one"
        if node.kind == "array" and len(node.value) == 1:
            value, shape = node.value[0], "list"
        elif node.kind == "object" and list(node.value) == ["*"]:
            value, shape = node.value["*"], "map"
        if value.kind != "string":
            self.problem(node, "type-form",
                         'a type is "T", a list of it is ["T"], a map to it is {"*": "T"}')
            return Use("any", "one")
        return Use(value.value, shape)

    def member(self, node):
        good = self.keys(node, "a member",
                         {"name": "string", "type": "value", "doc": "string|array"},
                         {"optional": "boolean", "extension": "boolean", "since": "string",
                          "rest": "boolean"})
        use = self.use(good["type"]) if "type" in good else Use("any", "one")
        optional, extension, rest = (key in good and good[key].value
                                     for key in ("optional", "extension", "rest"))
        if rest and (optional or str(use) != "{*: any}"):
            self.problem(good["rest"], "rest", "the members of other names are a map of any, which "
                         "is always there")
        if optional and extension:
            self.problem(good["extension"], "extension", "a member that is optional may be missing "
                         "anyway; leave 'extension' out")
        return Member(node, self.name(good, "name", "qmp"), use, self.doc(good), optional,
                      extension, self.since(good), rest)

    def members(self, good, key, what):
        members = [self.member(node) for node in good[key].value] if key in good else []
        optional = None
        for member in members:
            if member.optional:
                optional = member
            elif optional is not None and not member.rest:
                self.problem(member.node, "optional-order", f"{what} '{member.name}' is required "
                             f"and comes after '{optional.name}', which is optional")
        for member in members[:-1]:
            if member.rest:
                self.problem(member.node, "rest", f"{what} '{member.name}' is not the last")
        return self.unique(members, what)

    def values(self, good, key, what, name_key, form):
        values = []
        for node in good[key].value if key in good else []:
            one = self.keys(node, what, {name_key: "string", "doc": "string|array"},
                            {"extension": "boolean"} if key == "values" else {})
            values.append(Value(node, self.name(one, name_key, form), self.doc(one),
                                "extension" in one and one["extension"].value))
        return self.unique(values, what)

    # ---- declarations -----------------------------------------------------------------------------

    def type(self, node, stem):
        good = self.keys(node, "a type", {"name": "string", "doc": "string|array"},
                         {"since": "string", "members": "array", "values": "array",
                          "used-in": "string", "tag": "string", "variants": "object"})
        name = self.name(good, "name", "camel")
        self.file_name(node, name, stem)
        if ("members" in good) == ("values" in good):
            self.problem(node, "kind-form", "a type has either 'members' or 'values'")
        values = None
        if "values" in good:
            values = self.values(good, "values", "value", "name", "qmp")
        members = self.members(good, "members", "member")
        if not members and not values:
            self.problem(node, "empty", f"type '{name}' has nothing in it")
        used_in = " ".join(self.doc(good, "used-in"))
        one = Type(node, name, self.doc(good), self.since(good), members, values, used_in)
        if ("tag" in good) != ("variants" in good):
            self.problem(node, "union", "a union has both 'tag' and 'variants'")
        elif "tag" in good:
            one.tag = good["tag"].value
            one.variants = {key: value.value for key, value in good["variants"].value.items()}
        return one

    def union(self, one, types):
        """Holds a union against the rule and flattens it."""
        tag = next((member for member in one.own if member.name == one.tag), None)
        enum = types.get(tag.use.name) if tag and tag.use.shape == "one" else None
        if tag is None or tag.optional or enum is None or not enum.is_enum:
            self.problem(one.node, "union", f"the tag '{one.tag}' is not a required member of an "
                         "enum")
            return
        words = {value.name for value in enum.values}
        for value, name in one.variants.items():
            variant = types.get(name) if isinstance(name, str) else None
            if value not in words:
                self.problem(one.node, "union", f"'{value}' is no value of {enum.name}")
            elif variant is None or variant.is_enum or variant.tag or not variant.members:
                self.problem(one.node, "union", f"the variant '{value}' is not a struct")
            elif {member.name for member in variant.members} & {own.name for own in one.own}:
                self.problem(one.node, "union", f"the variant '{value}' has a member of the union")
            else:
                continue
            return
        one.flatten(types)

    def command(self, node, stem, phases):
        good = self.keys(node, "a command",
                         {"name": "string", "doc": "string|array", "since": "string"},
                         {"phase": "string", "arguments": "array|string", "returns": "value",
                          "errors": "array", "example": "object", "learned": "boolean"})
        name = self.name(good, "name", "qmp")
        self.file_name(node, name, stem)
        phase_name = good["phase"].value if "phase" in good else "model"
        if phase_name not in phases:
            self.problem(good.get("phase", node), "unknown-phase", f"no phase '{phase_name}'; "
                         f"phases are {', '.join(phases)}")
        phase = phases.get(phase_name, Phase(node, phase_name, [], [], []))
        boxed = "arguments" in good and good["arguments"].kind == "string"
        own = [] if boxed else self.members(good, "arguments", "argument")
        common = {member.name for member in phase.arguments}
        for member in own:
            if member.name in common:
                self.problem(member.node, "reserved-name", f"every command of phase "
                             f"'{phase_name}' has the argument '{member.name}' already")
        arguments = Type(node, camel(name.replace("_", "-")) + "Args",
                         [f"The arguments of {name}."], members=own + phase.arguments,
                         is_generated=True)
        returns = self.use(good["returns"]) if "returns" in good else None
        errors = self.values(good, "errors", "error", "reason", "camel")
        command = Command(node, name, self.doc(good), self.since(good), phase, arguments, returns,
                          errors, good.get("example"))
        command.learned = "learned" in good and good["learned"].value
        if boxed:
            command.arguments = good["arguments"].value
        return command

    def box(self, command, types):
        """Finds the type of the arguments of a boxed command."""
        one = types.get(command.arguments)
        if one is None or one.is_enum or command.phase.arguments:
            self.problem(command.node, "boxed", f"'{command.arguments}' cannot be the arguments of "
                         f"{command.name}")
            one = Type(command.node, "", [], members=[], is_generated=True)
        command.arguments = one

    def event(self, node, stem):
        good = self.keys(node, "an event",
                         {"name": "string", "doc": "string|array", "since": "string"},
                         {"data": "array"})
        name = self.name(good, "name", "upper")
        self.file_name(node, name, stem)
        data = None
        if "data" in good:
            data = Type(node, camel(name.lower().replace("_", "-")) + "Event",
                        [f"The data of {name}."], members=self.members(good, "data", "member"),
                        is_generated=True)
            if not data.members:
                self.problem(good["data"], "empty", "an event without data has no 'data'")
        return Event(node, name, self.doc(good), self.since(good), data)

    def file_name(self, node, name, stem):
        if name and name != stem:
            self.problem(node, "file-name", f"'{name}' is declared in a file called '{stem}.json'")

    def phases(self, node):
        """The phases by name, the enum that lists them, and the errors of every command."""
        good = self.keys(node, "phases.json",
                         {"doc": "string|array", "errors": "array", "phases": "array"})
        phases = []
        for one in good["phases"].value if "phases" in good else []:
            keys = self.keys(one, "a phase", {"name": "string", "doc": "string|array"},
                             {"arguments": "array", "errors": "array"})
            phases.append(Phase(one, self.name(keys, "name", "dashes"), self.doc(keys),
                                self.members(keys, "arguments", "argument"),
                                self.values(keys, "errors", "error", "reason", "camel")))
        self.unique(phases, "phase")
        for phase in phases:
            if phase.name not in PHASES:
                self.problem(phase.node, "unknown-phase", f"no layer answers the phase "
                             f"'{phase.name}'; phases are {', '.join(PHASES)}")
        values = [Value(phase.node, phase.name, phase.doc) for phase in phases]
        enum = Type(node, "Phase", self.doc(good), values=values)
        errors = self.values(good, "errors", "error", "reason", "camel")
        return {phase.name: phase for phase in phases}, enum, errors


def _documents(loader, root, folder):
    """Each file of a folder, parsed: (node, name without .json)."""
    path = os.path.join(root, folder)
    for entry in sorted(os.listdir(path) if os.path.isdir(path) else []):
        if entry.endswith(".json"):
            node = _document(loader, root, f"{folder}/{entry}")
            if node is not None:
                yield node, entry[:-len(".json")]


def _document(loader, root, name):
    with open(os.path.join(root, name), "rb") as file:
        data = file.read()
    try:
        return parse(name, data)
    except Problem as problem:
        loader.problems.append(problem)
        return None


def load(root):
    """The schema in folder root. Raises Problems with everything that is wrong."""
    loader = Loader()
    node = _document(loader, root, "phases.json")
    if node is None:
        raise Problems(loader.problems)
    phases, enum, errors = loader.phases(node)
    declared = [loader.type(node, stem) for node, stem in _documents(loader, root, "types")]
    commands = [loader.command(node, stem, phases)
                for node, stem in _documents(loader, root, "commands")]
    events = [loader.event(node, stem) for node, stem in _documents(loader, root, "events")]
    types = {one.name: one for one in declared}
    generated = [enum] + [command.arguments for command in commands
                          if isinstance(command.arguments, Type)]
    generated += [event.data for event in events if event.data]
    for name in RUNTIME_NAMES + [one.name for one in generated]:
        if name in types:
            loader.problem(types[name].node, "reserved-name",
                           f"the name '{name}' belongs to the generated code")
    types.update((one.name, one) for one in generated)
    for one in declared:
        if one.tag:
            loader.union(one, types)
    for command in commands:
        if not isinstance(command.arguments, Type):
            loader.box(command, types)
    schema = Schema(phases, errors, types, {command.name: command for command in commands},
                    {event.name: event for event in events})
    if not loader.problems:
        check.check(schema, loader.problem)
    if loader.problems:
        raise Problems(loader.problems)
    return schema
