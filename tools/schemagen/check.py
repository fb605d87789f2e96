"""The rules that need the whole schema: names that meet, types that are used, examples."""

import re

from declarations import BUILTINS, snake


def check(schema, problem):
    """Calls problem(node, rule, message) for everything that is wrong."""
    known = _uses(schema, problem)
    _c_names(schema, problem)
    if known:
        _endless(schema, problem)
        _unused(schema, problem)
        _examples(schema, problem)


def _all_uses(schema):
    for one in schema.types.values():
        for member in one.members:
            yield member.node, member.use
    for command in schema.commands.values():
        if command.returns:
            yield command.node.value["returns"], command.returns


def _uses(schema, problem):
    """True if every type that is named exists."""
    good = True
    for node, use in _all_uses(schema):
        if use.name not in BUILTINS and use.name not in schema.types:
            good = False
            problem(node, "unknown-type", f"no type '{use.name}'")
        elif use.shape == "map" and not _map_element(schema, use.name):
            problem(node, "map-element", f"a map holds str, any or a struct, not '{use.name}'")
    return good


def _map_element(schema, name):
    return name in ("str", "any") or name in schema.types and not schema.types[name].is_enum


def _c_names(schema, problem):
    """Names that are told apart here and not in C."""
    groups = [list(schema.types.values()), list(schema.commands.values()),
              list(schema.events.values())]
    groups += [one.values if one.is_enum else one.members for one in schema.types.values()]
    for group in groups:
        seen = {}
        for item in group:
            name = snake(getattr(item, "c_name", item.name))
            other = seen.setdefault(name, item)
            if other is not item:
                problem(item.node, "c-name", f"'{item.name}' and '{other.name}' are both "
                        f"'{name}' in C")


def _endless(schema, problem):
    """A struct that requires itself can have no finite value."""
    def requires(name):
        return [member.use.name for member in schema.types[name].members
                if member.use.shape == "one" and not member.optional
                and member.use.name in schema.types]

    for name, one in schema.types.items():
        seen, todo = set(), requires(name)
        while todo:
            other = todo.pop()
            if other not in seen:
                seen.add(other)
                todo += requires(other)
        if name in seen:
            problem(one.node, "endless-type", f"'{name}' requires a '{name}' inside itself")


def _unused(schema, problem):
    todo = [use.name for command in schema.commands.values()
            for use in [command.returns] if use]
    todo += [command.arguments.name for command in schema.commands.values()]
    todo += [name for name, one in schema.types.items()
             if one.is_generated or one.used_in or name == "Phase"]
    reached = set()
    while todo:
        name = todo.pop()
        if name in schema.types and name not in reached:
            reached.add(name)
            todo += [member.use.name for member in schema.types[name].members]
            todo += schema.types[name].variants.values()
    for name, one in schema.types.items():
        if name not in reached:
            problem(one.node, "unused-type", f"no command reaches '{name}'; say in 'used-in' "
                    "where it travels, or remove it")


# ---- examples ------------------------------------------------------------------------------------

_KINDS = {"str": "string", "bool": "boolean", "int": "number", "uint": "number", "hex": "string",
          "number": "number"}


def _examples(schema, problem):
    for command in schema.commands.values():
        if command.example is None:
            continue
        parts = command.example.value
        for key in parts:
            if key not in ("arguments", "returns"):
                problem(parts[key], "unknown-key", f"an example has no key '{key}'; keys are "
                        "arguments, returns")
        if "arguments" in parts:
            _struct(schema, problem, command.arguments, parts["arguments"])
        if "returns" in parts and command.returns is None:
            problem(parts["returns"], "example", f"{command.name} returns nothing")
        elif "returns" in parts:
            _value(schema, problem, command.returns, parts["returns"])


def _value(schema, problem, use, node):
    wanted = {"list": "array", "map": "object", "one": None}[use.shape]
    if wanted and node.kind != wanted:
        problem(node, "example", f"the example has {node.kind} where {use} is declared")
    elif use.shape == "list":
        for element in node.value:
            _one(schema, problem, use.name, element)
    elif use.shape == "map":
        for element in node.value.values():
            _one(schema, problem, use.name, element)
    else:
        _one(schema, problem, use.name, node)


def _one(schema, problem, name, node):
    if name == "any":
        return
    if name in BUILTINS:
        if not _is_builtin(name, node):
            problem(node, "example", f"the example has {node.plain()!r} where {name} is declared")
    elif not schema.types[name].is_enum:
        _struct(schema, problem, schema.types[name], node)
    elif node.value not in [value.name for value in schema.types[name].values]:
        problem(node, "example", f"the example has {node.plain()!r}, which is no value of {name}")


def _is_builtin(name, node):
    if node.kind != _KINDS[name]:
        return False
    if name in ("int", "uint"):
        low, high = (-2**63, 2**63 - 1) if name == "int" else (0, 2**64 - 1)
        return isinstance(node.value, int) and low <= node.value <= high
    if name == "hex":
        return re.fullmatch("0x[0-9a-fA-F]{1,16}", node.value) is not None
    return True


def _struct(schema, problem, struct, node):
    if node.kind != "object":
        problem(node, "example", f"the example has {node.kind} where {struct.name} is declared")
        return
    tag = node.value[struct.tag].value if struct.tag in node.value else None
    there = [one for one in struct.members if not one.branches or tag in one.branches]
    rest = any(member.rest for member in there)
    members = {member.name: member for member in there if not member.rest}
    for key, value in node.value.items():
        if key not in members and rest:
            continue
        if key not in members:
            problem(value, "example", f"the example has '{key}', which {struct.name} has not")
        else:
            _value(schema, problem, members[key].use, value)
    for member in members.values():
        if (not member.optional or member.needed) and member.name not in node.value:
            problem(node, "example", f"the example lacks '{member.name}' of {struct.name}")
