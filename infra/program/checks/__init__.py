"""What `flightledger doctor` looks at: each check is a function that returns findings."""

from infra.program.checks.finding import Finding, State
from infra.program.checks.run import examine

__all__ = ["Finding", "State", "examine"]
