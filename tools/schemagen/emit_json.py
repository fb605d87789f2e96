"""The schema as the replies of query-schema and query-qmp-schema."""

import json

from declarations import BUILTINS


def _prose(doc):
    return "\n\n".join(doc)


def _member(member):
    entry = {"name": member.name, "type": member.use.json(), "doc": _prose(member.doc),
             "optional": member.optional}
    if member.extension:
        entry["extension"] = True
    if member.since:
        entry["since"] = member.since
    if member.rest:
        entry["rest"] = True
    return entry


def _reasons(errors):
    return [{"reason": error.name, "doc": _prose(error.doc)} for error in errors]


def _type(one):
    entry = {"name": one.name, "doc": _prose(one.doc)}
    if one.since:
        entry["since"] = one.since
    if one.is_enum:
        entry["values"] = [{"name": value.name, "doc": _prose(value.doc)} for value in one.values]
    else:
        entry["members"] = [_member(member) for member in one.own]
    if one.tag:
        entry["tag"] = one.tag
        entry["variants"] = one.variants
    return entry


def _command(command):
    entry = {"name": command.name, "phase": command.phase.name, "doc": _prose(command.doc),
             "since": command.since,
             "arguments": [_member(member) for member in command.arguments.own],
             "errors": _reasons(command.errors)}
    if not command.arguments.is_generated:
        entry["arguments-type"] = command.arguments.name
    if command.returns:
        entry["returns"] = command.returns.json()
    return entry


def _event(event):
    return {"name": event.name, "doc": _prose(event.doc), "since": event.since,
            "data": [_member(member) for member in event.data.members] if event.data else []}


def own_form(schema):
    """The reply of query-schema, a Schema object."""
    phases = [{"name": phase.name, "doc": _prose(phase.doc), "errors": _reasons(phase.errors)}
              for phase in schema.phases.values()]
    types = [_type(one) for one in schema.type_order() if not one.is_generated]
    return {"errors": _reasons(schema.errors), "phases": phases,
            "commands": [_command(one) for one in schema.command_order()],
            "events": [_event(one) for one in schema.event_order()], "types": types}


# ---- QEMU's form ---------------------------------------------------------------------------------

_QMP_BUILTINS = {"str": "string", "bool": "boolean", "int": "int", "number": "number",
                 "any": "value"}
_AS_BUILTIN = {"uint": "int", "hex": "str"}


def _qmp_name(use):
    """QEMU has no maps: one is any value."""
    name = _AS_BUILTIN.get(use.name, use.name)
    return {"one": name, "list": f"[{name}]", "map": "any"}[use.shape]


def _qmp_member(member):
    entry = {"name": member.name, "type": _qmp_name(member.use)}
    if member.optional:
        entry["default"] = None
    return entry


def _qmp_type(one):
    if one.is_enum:
        names = [value.name for value in one.values]
        return {"name": one.name, "meta-type": "enum",
                "members": [{"name": name} for name in names], "values": names}
    entry = {"name": one.name, "meta-type": "object",
             "members": [_qmp_member(member) for member in one.own if not member.rest]}
    if one.tag:
        entry["tag"] = one.tag
        entry["variants"] = [{"case": value, "type": name} for value, name in one.variants.items()]
    return entry


def qmp_form(schema):
    """The reply of query-qmp-schema, an array of SchemaInfo objects."""
    empty = "q_empty"
    commands = [{"name": one.name, "meta-type": "command", "arg-type": one.arguments.name,
                 "ret-type": _qmp_name(one.returns) if one.returns else empty}
                for one in schema.command_order()]
    events = [{"name": one.name, "meta-type": "event",
               "arg-type": one.data.name if one.data else empty} for one in schema.event_order()]
    objects = [_qmp_type(one) for one in schema.type_order()]
    objects.append({"name": empty, "meta-type": "object", "members": []})
    uses = [member.use for one in schema.type_order() for member in one.members]
    uses += [one.returns for one in schema.command_order() if one.returns]
    elements = sorted({_AS_BUILTIN.get(use.name, use.name) for use in uses if use.shape == "list"})
    arrays = [{"name": f"[{name}]", "meta-type": "array", "element-type": name}
              for name in elements]
    assert set(_QMP_BUILTINS) | set(_AS_BUILTIN) == set(BUILTINS)
    builtins = [{"name": name, "meta-type": "builtin", "json-type": kind}
                for name, kind in _QMP_BUILTINS.items()]
    return commands + events + objects + arrays + builtins


def text(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
