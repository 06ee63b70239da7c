"""placeholder until the simulator is there."""


def add_commands(commands, common):
    """None."""
