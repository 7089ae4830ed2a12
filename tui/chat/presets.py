"""Named parameters, to be taken for a conversation."""

from __future__ import annotations

import json

from tui.chat.parameters import Parameters, from_record
from tui.database import Database

SHIPPED: dict[str, Parameters] = {
    "the server's own": Parameters(),
    "exact": Parameters(temperature=0.0),
    "balanced": Parameters(temperature=0.7, top_p=0.95),
    "inventive": Parameters(temperature=1.1, top_p=0.98),
}
"""What every installation has."""
LONGEST_NAME = 40


class PresetStore:
    """Reads and writes presets. All calls block: make them off the event loop.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, Parameters]:
        """Return the shipped ones and the user's, by name; a user's may replace a shipped one."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT name, parameters FROM presets ORDER BY name"
            ).fetchall()
        own = {row["name"]: from_record(json.loads(row["parameters"])) for row in rows}
        return SHIPPED | own

    def save(self, name: str, parameters: Parameters) -> None:
        """Keep parameters under a name; what stood there is replaced."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO presets (name, parameters) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET parameters = excluded.parameters",
                (name, json.dumps(parameters.as_record())),
            )

    def delete(self, name: str) -> bool:
        """Forget a preset of the user's; tells whether there was one."""
        with self._database.transaction() as connection:
            return connection.execute("DELETE FROM presets WHERE name = ?", (name,)).rowcount > 0
