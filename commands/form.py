"""A telecommand's definition as JSON, for forms and help texts."""

from __future__ import annotations

from typing import Any

from commands.arguments import Arguments
from streams.xtce import Argument, MetaCommand, Verifier
from streams.xtce.conditions import in_words


def describe(command: MetaCommand, arguments: Arguments, apid: int | None) -> dict[str, Any]:
    """What a form needs to know; every entry is JSON."""
    return {
        "name": command.name,
        "qualified_name": command.qualified_name,
        "description": command.description,
        "significance": command.significance.level,
        "significance_word": command.significance.word,
        "significance_reason": command.significance.reason,
        "apid": apid,
        "arguments": [_argument(argument, arguments) for argument in command.arguments],
        "constraints": [
            {
                "condition": in_words(constraint.condition),
                "timeout_s": None if constraint.timeout is None else constraint.timeout / 1e9,
                "place": constraint.place,
            }
            for constraint in command.constraints
        ],
        "verifiers": [_verifier(verifier) for verifier in command.verifiers],
        "place": command.place,
    }


def _argument(argument: Argument, arguments: Arguments) -> dict[str, Any]:
    codec, name = arguments.codecs[argument.name], argument.name
    default = arguments.defaults.get(name)
    assigned = arguments.assigned.get(name)
    return {
        "name": name,
        "type": codec.kind,
        "description": argument.description,
        "unit": argument.type.data.unit,
        "required": default is None and assigned is None,
        "default": None if default is None else codec.to_json(codec.value(default)),
        "assigned": None if assigned is None else codec.to_json(codec.value(assigned)),
        "place": argument.place,
        **codec.form(),
    }


def _verifier(verifier: Verifier) -> dict[str, Any]:
    window = verifier.window
    return {
        "stage": verifier.stage,
        "condition": None if verifier.condition is None else in_words(verifier.condition),
        "packet": verifier.container,
        "start_s": None if window is None else window.start / 1e9,
        "stop_s": None if window is None else window.stop / 1e9,
        "from_release": None if window is None else window.from_release,
        "place": verifier.place,
    }
