"""The simulated device of the demo mission: Kestrel 1, a sounding rocket that exists only here.

`flight` is the physics, `telemetry` reads the sensors, `packets` encodes, `recording` puts a flight
together (with its faults) and `device` sends it to the ground as a modem on TCP would.
"""

from infra.simulator.config import SimulatorConfig, load_simulator_config
from infra.simulator.device import Device, DeviceReport, run_device
from infra.simulator.flight import FlightModel, FlightState, Phase
from infra.simulator.recording import Flight, build_flight, write_recording
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
    "build_flight",
    "load_simulator_config",
    "run_device",
    "write_recording",
]
