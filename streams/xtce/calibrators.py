"""Calibrators: from raw numbers to engineering values (XTCE 1.2, CalibratorType).

Known limit: MathOperationCalibrator and splines of order 2 and more are refused at load.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from streams.xtce.conditions import Condition, read_condition
from streams.xtce.element import Node

_MAX_EXPONENT = 64


@dataclass(frozen=True)
class Polynomial:
    """`coefficients[i] * raw**i`, summed; lowest power first."""

    coefficients: tuple[float, ...]


@dataclass(frozen=True)
class Spline:
    """Points (raw, calibrated), raw ascending; order 0 keeps the point before, order 1 draws lines.

    Outside of its points a spline with `extrapolate` goes on as its nearest piece does; one without has no
    value.
    """

    points: tuple[tuple[float, float], ...]
    order: int
    extrapolate: bool


Calibrator = Polynomial | Spline


@dataclass(frozen=True)
class Calibration:
    """The calibrators of an encoding: the first context that holds, else the default, else none."""

    default: Calibrator | None
    contexts: tuple[tuple[Condition, Calibrator], ...]


def read_calibration(encoding: Node) -> Calibration | None:
    """DefaultCalibrator and ContextCalibratorList of an encoding; None when it has neither."""
    default = encoding.child("DefaultCalibrator")
    listed = (encoding.child("ContextCalibratorList") or encoding).children("ContextCalibrator")
    contexts = [
        (read_condition(context.need("ContextMatch")), _calibrator(context.need("Calibrator")))
        for context in listed
    ]
    if default is None and not contexts:
        return None
    return Calibration(None if default is None else _calibrator(default), tuple(contexts))


def _calibrator(node: Node) -> Calibrator:
    for child in node.children():
        match child.tag:
            case "PolynomialCalibrator":
                return _polynomial(child)
            case "SplineCalibrator":
                return _spline(child)
            case "MathOperationCalibrator":
                raise child.unsupported("a MathOperationCalibrator", "write it as a polynomial or a spline")
    raise node.error(f"{node.tag} has no calibrator", "add a PolynomialCalibrator or a SplineCalibrator")


def _polynomial(node: Node) -> Polynomial:
    powers: dict[int, float] = {}
    for term in node.children("Term"):
        exponent = term.integer("exponent")
        if not 0 <= exponent <= _MAX_EXPONENT:
            raise term.error(
                f"the exponent {exponent} is outside 0 to {_MAX_EXPONENT}", "use an exponent from 0 on"
            )
        powers[exponent] = powers.get(exponent, 0.0) + term.number("coefficient")
    if not powers:
        raise node.error(
            "the PolynomialCalibrator has no coefficients", "add a Term or remove the calibrator"
        )
    return Polynomial(tuple(powers.get(power, 0.0) for power in range(max(powers) + 1)))


def _spline(node: Node) -> Spline:
    order = node.integer("order", 1)
    if order not in {0, 1}:
        raise node.unsupported(f"a spline of order {order}", "use order 0 or 1")
    points = []
    for point in node.children("SplinePoint"):
        if point.integer("order", order) != order:
            raise point.unsupported(
                "a SplinePoint of another order than its spline", "leave the point's order out"
            )
        points.append((point.number("raw"), point.number("calibrated")))
    points.sort(key=lambda point: point[0])
    if len(points) < 2:
        raise node.error(f"the SplineCalibrator has {len(points)} points, 2 are needed", "add SplinePoints")
    for (raw, _), (following, _) in itertools.pairwise(points):
        if raw == following:
            raise node.error(f"two SplinePoints have the raw value {raw:g}", "remove one of the two")
    return Spline(tuple(points), order, node.boolean("extrapolate", False))
