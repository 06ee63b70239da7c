"""Checking and completing the arguments that a person gives; every mistake is found at once."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from commands.resolved import Resolved, ResolvedArgument, Source
from commands.values import Raw, ValueCodec, WrongValueError, compile_codec
from infra.errors import CommandError, MissionError
from streams.xtce import Argument, MetaCommand


class Arguments:
    """The arguments of one telecommand, with what is assigned and what is the default, compiled.

    Raises MissionError with file and line for a type that cannot be encoded, and for a default or an assigned
    value that does not fit its argument.
    """

    def __init__(self, command: MetaCommand) -> None:
        self.command = command
        self.codecs: dict[str, ValueCodec] = {}
        self.assigned: dict[str, Raw] = {}
        self.defaults: dict[str, Raw] = {}
        for argument in command.arguments:
            codec = compile_codec(argument.type.data, argument.type)
            self.codecs[argument.name] = codec
            assignment = command.assignments.get(argument.name)
            if assignment is not None:
                self.assigned[argument.name] = _of_database(
                    codec, assignment.text, argument, assignment.place
                )
            elif argument.default is not None:
                self.defaults[argument.name] = _of_database(codec, argument.default, argument, argument.place)

    def resolve(self, given: Mapping[str, Any]) -> Resolved:
        """Check and complete; a value of None counts as not given. Raises CommandError with all problems."""
        given = {name: value for name, value in given.items() if value is not None}
        problems = {name: self._unknown(name) for name in given if name not in self.codecs}
        found: list[ResolvedArgument] = []
        for argument in self.command.arguments:
            try:
                raw, source = self._raw(argument, given)
                found.append(self.resolved(argument.name, raw, source))
            except WrongValueError as error:
                problems[argument.name] = str(error)
        if problems:
            raise wrong_arguments(self.command, problems)
        return Resolved(self.command.qualified_name, tuple(found))

    def resolved(self, name: str, raw: Raw, source: Source) -> ResolvedArgument:
        """One argument with its value; raises WrongValueError for a raw value that means nothing."""
        codec = self.codecs[name]
        value = codec.value(raw)
        unit = next(argument.type.data.unit for argument in self.command.arguments if argument.name == name)
        return ResolvedArgument(name, raw, value, codec.to_json(value), unit, source)

    def _raw(self, argument: Argument, given: Mapping[str, Any]) -> tuple[Raw, Source]:
        name = argument.name
        if name in self.assigned:
            if name in given:
                text = self.command.assignments[name].text
                raise WrongValueError(f"cannot be given: {self.command.name} always has {text}")
            return self.assigned[name], "assigned"
        if name in given:
            return self.codecs[name].raw(given[name]), "given"
        if name in self.defaults:
            return self.defaults[name], "default"
        raise WrongValueError(f"is missing: {self.codecs[name].wanted()}")

    def _unknown(self, name: str) -> str:
        names = [name for name in self.codecs if name not in self.assigned]
        if not names:
            return f"is no argument of {self.command.name}, which has none"
        close = get_close_matches(name, names, 1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        return f"is no argument of {self.command.name}, which has {', '.join(names)}{hint}"


def wrong_arguments(command: MetaCommand, problems: Mapping[str, str]) -> CommandError:
    """The error about arguments; `problems` go on from the name."""
    said = "; ".join(f"{name} {problem}" for name, problem in problems.items())
    return CommandError(
        f"{command.name}: {said}",
        fix="mend the argument" if len(problems) == 1 else "mend the arguments",
        problems=problems,
    )


def _of_database(codec: ValueCodec, text: str, argument: Argument, place: str) -> Raw:
    try:
        return codec.raw(text)
    except WrongValueError as error:
        raise MissionError(
            f"the argument {argument.name} {error}", where=place, fix="mend the value or the argument's type"
        ) from None
