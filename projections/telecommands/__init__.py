"""The tables `telecommands` and `telecommand_events`: COMMANDS as people ask about it."""
