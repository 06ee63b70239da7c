"""The simulated device of the demo mission: Kestrel 1, a sounding rocket that exists only here.

Down: `flight` is the physics, `telemetry` reads the sensors, `stream` makes the packets, `radio` numbers and
loses them. Up: `uplink` finds telecommands, `telecommands` decodes them, `computer` does what they say and
answers by `verification`. `rocket` is all of it by mission time, `recording` a whole flight at once, `device`
the same on TCP as a modem would do it, `recorder` the card
on board. `truth` and `logbook` say what really happened.
"""

from infra.simulator.config import SimulatorConfig, load_simulator_config
from infra.simulator.device import Device, DeviceReport, run_device
from infra.simulator.flight import FlightModel, FlightState, Phase
from infra.simulator.recording import Flight, build_flight, write_recording
from infra.simulator.rocket import UplinkLoss
from infra.simulator.truth import Fate, FlightTruth

__all__ = [
    "Device",
    "DeviceReport",
    "Fate",
    "Flight",
    "FlightModel",
    "FlightState",
    "FlightTruth",
    "Phase",
    "SimulatorConfig",
    "UplinkLoss",
    "build_flight",
    "load_simulator_config",
    "run_device",
    "write_recording",
]
