"""The event log: links, framing, FRAMES, the mission database and the telemetry parser."""
