"""Flight Ledger for notebooks: open a data folder, or connect to a running system, and ask.

import flightledger

with flightledger.open("data") as ledger:
    altitude = ledger.history("ALTITUDE", points=2_000).to_pandas()
"""

from flightledger.ledger import Ledger, connect
from flightledger.ledger import open_folder as open  # noqa: A004 - `flightledger.open` reads like the built-in
from flightledger.rows import Rows

__all__ = ["Ledger", "Rows", "connect", "open"]
