from support.telecommand_system import own_nats, system

__all__ = ["own_nats", "system"]
