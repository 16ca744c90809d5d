"""Where the player's script is: in the package, or where npm put it in a checkout."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_PLACES = (
    _HERE / "static" / "vendor" / "hls.min.js",
    _HERE.parents[2] / "node_modules" / "hls.js" / "dist" / "hls.min.js",
)


def hls_script() -> Path | None:
    """hls.min.js, or None: then only browsers that play HLS by themselves can play the channels."""
    return next((place for place in _PLACES if place.is_file()), None)
