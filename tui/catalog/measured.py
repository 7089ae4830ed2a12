"""What was measured of a variant on this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians of the newest benchmark that a variant took part in; None where it tells nothing."""

    variant_id: str
    ttft_s: float | None = None
    decode_tok_s: float | None = None
    e2e_s: float | None = None
    load_s: float | None = None
    resident_bytes: int | None = None
    """Growth of the runtime's memory at the load."""
    rating: float | None = None
    """Mean of accuracy, fluency and relevance, 1 to 5."""
    run_id: str = ""
    measured_at: str = ""
    """ISO 8601, with zone."""

    def as_dict(self) -> dict[str, Any]:
        """Return what is known, for `--json` and for `measured` in `models.json`."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "")}
