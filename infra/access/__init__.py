"""Access control: who may do what on the bus, as permissions that the NATS server itself enforces.

A person has a role (`roles`), a service has what its work needs (`services`). Both become one block of the
server's configuration (`server_config`), in which each person has an account of their own: what they send
reaches the ledger only by the subjects of their role, and the answers to it stay theirs.
"""

from infra.access.folder import AccessFolder
from infra.access.roles import Role

__all__ = ["AccessFolder", "Role"]
