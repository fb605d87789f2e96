"""Every rule a schema is held against: its name, as an error shows it in brackets, and what it asks.

tests/schema/api/bad/ has one wrong file for each; a rule without one fails the tests.
"""

RULES = {
    "json-syntax": "a file is one JSON document",
    "duplicate-key": "an object names each of its members once",
    "unknown-key": "a declaration has only the keys that the language defines",
    "missing-key": "a declaration has every key that the language requires",
    "wrong-kind": "a key's value is of the kind the language asks for",
    "doc": "a doc is one or more paragraphs of whole sentences, each ending with a full stop",
    "name-form": "members and commands are lower-case-with-dashes (QEMU's keep their _), types are "
                 "CamelCase, events UPPER_CASE",
    "file-name": "a file is called after what it declares",
    "since-form": "since is a version, as 0.1",
    "reserved-name": "a name of the generated code, or an argument of the phase, is not declared again",
    "duplicate-name": "members, values and reasons are told apart by their names",
    "c-name": "two declarations do not need the same name in C",
    "kind-form": "a type is a struct with members or an enum with values, never both",
    "empty": "a struct has a member and an enum has a value",
    "type-form": "a type is written T, [T] or {*: T}",
    "unknown-type": "every type that is named is a builtin or declared",
    "map-element": "a map holds str, any or a struct",
    "union": "a union's tag is a required member of an enum, its variants are values of that and structs",
    "rest": "what takes the members of other names is the last one, required, and {*: any}",
    "boxed": "arguments that are a type are a struct, of a phase without arguments of its own",
    "endless-type": "a struct does not require a member of its own type",
    "optional-order": "required members come before optional ones",
    "extension": "what a QEMU may leave out of its reply is marked as an extension or as optional",
    "unknown-phase": "the phase of a command is one of those in phases.json",
    "example": "the example of a command is of the types the command declares",
    "unused-type": "every type is reached from a command or event, or says where it travels",
}
