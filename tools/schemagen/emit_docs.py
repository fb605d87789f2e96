"""The command reference and the manual page from the schema: its docs are the manual.

One walk over the schema says what is in the manual; a writer says how it looks in Markdown or roff.
"""

import json
import re

from declarations import BUILTINS

_INTRO = [
    "Commands are sent as QMP: one JSON object each, as in the examples, answered by an object "
    "with the member return or the member error. An error has QEMU's members class and desc, and "
    "our own: reason, the word by which programs tell errors apart, path, the place in the "
    "arguments, and findings, when several things are wrong.",
    "A client that enables the capability depends-on with qmp_capabilities is also told what an "
    "answer was computed from: the member depends-on, beside return, is an array of Input. While "
    "those inputs stay the same, so does the answer.",
    "Types are written T, [T] for an array of T, and {*: T} for an object with any member names. "
    "An argument or member in brackets may be left out. A reply may have more members in a later "
    "release; arguments may become more, never fewer.",
]


def _fold(value, indent, room):
    """JSON on one line if it fits into room columns, else a line for each item of it."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) <= room or not isinstance(value, (dict, list)):
        return line
    inner = " " * (indent + 2)
    if isinstance(value, list):
        items = [_fold(item, indent + 2, room - 2) for item in value]
        ends = "[]"
    else:
        items = [f'"{key}": ' + _fold(item, indent + 2, room - 4 - len(key))
                 for key, item in value.items()]
        ends = "{}"
    return f"{ends[0]}\n{inner}" + f",\n{inner}".join(items) + f"\n{' ' * indent}{ends[1]}"


def _json_lines(arrow, value):
    return (arrow + _fold(value, len(arrow), 76)).split("\n")


class Manual:
    """What is in the manual, in order; out is the writer."""

    def __init__(self, schema, out):
        self.schema, self.out = schema, out

    def write(self):
        out, schema = self.out, self.schema
        out.begin("vitrine-qmp", "commands of vitrine and vitrine-probe")
        out.section("Description")
        out.prose(_INTRO)
        out.section("Errors of every command")
        self.words(schema.errors)
        for phase in schema.phases.values():
            out.section(f"Commands of the phase {phase.name}")
            out.prose(phase.doc)
            out.contents([(one.name, one.doc[0]) for one in schema.command_order()
                          if one.phase is phase])
            if phase.arguments:
                out.label("Each also takes")
                self.members(phase.arguments)
            if phase.errors:
                out.label("Each can also fail with")
                self.words(phase.errors)
            for command in schema.command_order():
                if command.phase is phase:
                    self.command(command)
        out.section("Events")
        out.prose(["An event is sent to a client when something happens, at any time after "
                   "qmp_capabilities, between replies. Its members are event, the name, data, and "
                   "timestamp in seconds and microseconds."])
        for event in schema.event_order():
            self.event(event)
        out.section("Builtin types")
        out.items([(name, "", [meaning[:1].upper() + meaning[1:] + "."])
                   for name, meaning in BUILTINS.items()])
        out.section("Types")
        for one in schema.type_order():
            if not one.is_generated:
                self.type(one)
        return out.text()

    def command(self, command):
        out = self.out
        common = {member.name for member in command.phase.arguments}
        out.entry(command.name)
        out.prose(command.doc)
        own = [one for one in command.arguments.own if one.name not in common]
        if not command.arguments.is_generated:
            out.pair("Arguments", command.arguments.name)
        elif own:
            out.label("Arguments")
            self.members(own)
        out.pair("Returns", str(command.returns) if command.returns else "an empty object")
        if command.errors:
            out.label("Errors")
            self.words(command.errors)
        out.pair("Since", command.since)
        if command.example:
            self.example(command)

    def event(self, event):
        self.out.entry(event.name)
        self.out.prose(event.doc)
        if event.data:
            self.out.label("Data")
            self.members(event.data.members)
        self.out.pair("Since", event.since)

    def example(self, command):
        parts = command.example.plain()
        request = {"execute": command.name}
        if parts.get("arguments"):
            request["arguments"] = parts["arguments"]
        lines = _json_lines("-> ", request)
        if "returns" in parts:
            lines += _json_lines("<- ", {"return": parts["returns"]})
        self.out.code(lines)

    def type(self, one):
        self.out.entry(one.name)
        self.out.prose(one.doc)
        if one.used_in:
            self.out.pair("Used in", one.used_in)
        if one.is_enum:
            self.words(one.values)
        else:
            self.members(one.own)
        if one.tag:
            self.out.label(f"And for a {one.tag} of")
            self.out.items([(value, name, [f"The members of {name}."])
                       for value, name in one.variants.items()])

    def members(self, members):
        self.out.items([("any other" if one.rest else f"[{one.name}]" if one.optional else one.name,
                         str(one.use) + (", not in QEMU" if one.extension else "") +
                         (f", since {one.since}" if one.since else ""), one.doc)
                        for one in members])

    def words(self, words):
        self.out.items([(one.name, "", one.doc) for one in words])


class Markdown:
    """GitHub's Markdown, one page."""

    def __init__(self, types, commands):
        self.types, self.lines = types, []
        names = "|".join(sorted(map(re.escape, commands), key=len, reverse=True))
        self.command = re.compile(rf"(?<![-\w])({names})(?![-\w])")

    def begin(self, _name, what):
        self.lines += ["<!-- Generated by tools/schemagen from schema/api. Do not edit. -->",
                       "# Command reference", "", f"The {what}.", ""]

    def section(self, title):
        self.lines += [f"## {title}", ""]

    def entry(self, name):
        self.lines += [f"### {name}", ""]

    @staticmethod
    def escape(text):
        for mark in "\\*_<>[]|":
            text = text.replace(mark, "\\" + mark)
        return text

    def say(self, text):
        """Prose, with the commands it names linked to their entries."""
        return self.command.sub(lambda found: f"[{found[0]}](#{found[0]})" if "-" in found[0]
                                else found[0], self.escape(text))

    def prose(self, paragraphs):
        for paragraph in paragraphs:
            self.lines += [self.say(paragraph), ""]

    def contents(self, entries):
        """What there is, a line each: the first sentence of its doc."""
        for name, doc in entries:
            sentence = re.match(r".*?[.:](?= |$)", doc)[0].rstrip(".:")
            self.lines.append(f"- [{name}](#{name}): {self.escape(sentence)}")
        self.lines.append("")

    def label(self, text):
        self.lines += [f"**{text}**", ""]

    def pair(self, label, text):
        self.lines += [f"**{label}:** {self.link(text)}", ""]

    def link(self, text):
        """The text, with the type it names linked to its entry."""
        name = text.split(",")[0].strip("[]{}*: ")
        if name not in self.types:
            return self.escape(text)
        at = text.index(name)
        return (self.escape(text[:at]) + f"[{name}](#{name.lower()})" +
                self.escape(text[at + len(name):]))

    def items(self, items):
        for term, note, doc in items:
            note = f" ({self.link(note)})" if note else ""
            self.lines.append(f"- `{term}`{note}: {self.say(' '.join(doc))}")
        self.lines.append("")

    def code(self, lines):
        self.lines += ["```", *lines, "```", ""]

    def text(self):
        return "\n".join(self.lines).rstrip("\n") + "\n"


class Roff:
    """A manual page in the man macros."""

    def __init__(self):
        self.lines = []

    @staticmethod
    def escape(text):
        text = text.replace("\\", "\\e").replace("-", "\\-")
        return "\\&" + text if text[:1] in (".", "'") else text

    def begin(self, name, what):
        self.lines += [".\\\" Generated by tools/schemagen from schema/api. Do not edit.",
                       f".TH {name.upper()} 7 \"\" Vitrine \"Vitrine manual\"",
                       ".SH NAME", f"{self.escape(name)} \\- {self.escape(what)}"]

    def section(self, title):
        self.lines.append(f".SH {title.upper()}")

    def entry(self, name):
        self.lines.append(f".SS {self.escape(name)}")

    def prose(self, paragraphs):
        for paragraph in paragraphs:
            self.lines += [".PP", self.escape(paragraph)]

    def contents(self, entries):
        """Nothing: the entries follow at once."""

    def label(self, text):
        self.lines += [".PP", f"{self.escape(text)}:"]

    def pair(self, label, text):
        self.lines += [".PP", f"{self.escape(label)}: {self.escape(text)}"]

    def items(self, items):
        for term, note, doc in items:
            note = f" ({self.escape(note)})" if note else ""
            self.lines += [".TP", f"\\fB{self.escape(term)}\\fR{note}",
                           self.escape(" ".join(doc))]

    def code(self, lines):
        self.lines += [".PP", ".nf", *[self.escape(line) for line in lines], ".fi"]

    def text(self):
        return "\n".join(self.lines) + "\n"


def files(schema):
    """Every generated document: path under the output folder -> text."""
    names = {one.name for one in schema.type_order() if not one.is_generated}
    return {"reference/commands.md": Manual(schema, Markdown(names, schema.commands)).write(),
            "man/vitrine-qmp.7": Manual(schema, Roff()).write()}
