"""JSON text to nodes that know their line.

Knows JSON only; what the members mean is schema.py's. The standard json module forgets lines and
accepts duplicate keys, hence a reader of our own.
"""

import re

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
_ESCAPE = re.compile(r"\\(u([0-9a-fA-F]{4})|.)")
_SPACE = re.compile(r"[ \t\r\n]*")
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}
_MAX_DEPTH = 32


class Problem(Exception):
    """Something wrong in a file: where, which rule, and one phrase."""

    def __init__(self, file, line, rule, message):
        super().__init__(message)
        self.file, self.line, self.rule, self.message = file, line, rule, message

    def __str__(self):
        return f"{self.file}:{self.line}: {self.message} [{self.rule}]"


class Problems(Exception):
    """All that is wrong with a schema."""

    def __init__(self, problems):
        super().__init__(f"{len(problems)} problems")
        self.problems = sorted(problems, key=lambda one: (one.file, one.line, one.message))


class Node:
    """One JSON value. value: dict of name -> Node, list of Node, or the plain Python value."""

    def __init__(self, file, line, value):
        self.file, self.line, self.value = file, line, value

    @property
    def kind(self):
        if isinstance(self.value, bool):
            return "boolean"
        names = {dict: "object", list: "array", str: "string", int: "number", float: "number"}
        return names.get(type(self.value), "null")

    def plain(self):
        """The value as ordinary Python data, lines forgotten."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


class _Reader:
    def __init__(self, file, text):
        self.file, self.text, self.at = file, text, 0

    def line(self):
        return self.text.count("\n", 0, self.at) + 1

    def fail(self, message, rule="json-syntax"):
        raise Problem(self.file, self.line(), rule, message)

    def peek(self):
        self.at = _SPACE.match(self.text, self.at).end()
        return self.text[self.at:self.at + 1]

    def expect(self, mark, where):
        if self.peek() != mark:
            found = f"'{self.peek()}'" if self.peek() else "the end of the file"
            self.fail(f"expected '{mark}' {where}, found {found}")
        self.at += 1

    def string(self):
        match = _STRING.match(self.text, self.at)
        if match is None:
            self.fail("the string does not end on its line or has an escape that JSON lacks")
        self.at = match.end()

        def unescape(escape):
            if escape.group(2):
                code = int(escape.group(2), 16)
                if 0xD800 <= code < 0xE000 or code == 0:
                    self.fail(f"\\u{escape.group(2)} is no character of its own; write it in UTF-8")
                return chr(code)
            return _SHORT.get(escape.group(1), escape.group(1))
        return _ESCAPE.sub(unescape, match.group(1))

    def items(self, close, one):
        """Calls one() for each of the comma-separated items up to close."""
        self.at += 1
        if self.peek() == close:
            self.at += 1
            return
        while True:
            one()
            if self.peek() == close:
                self.at += 1
                return
            self.expect(",", "between the items")

    def object(self, depth):
        members = {}

        def one():
            if self.peek() != '"':
                self.fail("expected a member name in double quotes")
            name = self.string()
            if name in members:
                self.fail(f"'{name}' is given twice", "duplicate-key")
            self.expect(":", f"after \"{name}\"")
            members[name] = self.value(depth + 1)
        self.items("}", one)
        return members

    def array(self, depth):
        elements = []
        self.items("]", lambda: elements.append(self.value(depth + 1)))
        return elements

    def scalar(self):
        number = _NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            whole = number.group(2) is None and number.group(3) is None
            return int(number.group()) if whole else float(number.group())
        for word, value in _WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        return self.fail("expected a JSON value")

    def value(self, depth=0):
        mark, line = self.peek(), self.line()
        if depth > _MAX_DEPTH:
            self.fail(f"nested deeper than {_MAX_DEPTH}")
        if mark == "{":
            value = self.object(depth)
        elif mark == "[":
            value = self.array(depth)
        elif mark == '"':
            value = self.string()
        else:
            value = self.scalar()
        return Node(self.file, line, value)


def parse(file, data):
    """The document in data, bytes. file: what problems call it. Raises Problem."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Problem(file, line, "json-syntax", "the text is not UTF-8") from None
    reader = _Reader(file, text)
    node = reader.value()
    if reader.peek():
        reader.fail("text after the end of the document")
    return node
