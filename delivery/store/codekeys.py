"""The keys that sign printed codes, over the years: which are in use, a new one, and one that counts no more.

A sheet names its key by an id from 0 to 15, so mail that is out for weeks is still read after a new key came. A key is
retired when what it signed must not be accepted any more: its sheets then wait in the queue for a person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from delivery.clock import Clock, to_micros
from delivery.errors import N_, BadInput, NotFound, Refused
from delivery.ids import IdSource
from delivery.store.files import write_whole
from delivery.store.keys import KEYS_FILE, load_keys

IDS = 16
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class CodeKey:
    """One key, without its secret."""

    number: int
    current: bool
    since: int
    """Microseconds since 1970 UTC from when it signs; 0 for the home's first."""
    retired_at: int = 0


class CodeKeyRing:
    """The code keys in the key file of a home. Every change is one replaced file."""

    def __init__(self, folder: Path, clock: Clock, ids: IdSource) -> None:
        self._file = folder / KEYS_FILE
        self._folder = folder
        self._clock = clock
        self._ids = ids

    def all(self) -> list[CodeKey]:
        """Every key there is or was, in order of number. Raises ConfigError."""
        load_keys(self._folder)
        return _listed(self._codes())

    def rotate(self) -> CodeKey:
        """A new key signs from now on. Raises Refused when all ids are taken."""
        with self._changing() as document:
            codes = document["codes"]
            # A retired id is never given again: its old sheets would be taken for forged ones.
            numbers = [(codes["current"] + step) % IDS for step in range(1, IDS)]
            taken = codes["keys"].keys() | codes.get("retired", {}).keys()
            free = next((number for number in numbers if str(number) not in taken), None)
            if free is None:
                raise Refused(
                    N_("All {count} ids of code keys are in use."),
                    do=N_(
                        "Forget a retired key whose sheets are all back or void: tuxa packets keys forget."
                    ),
                    count=IDS,
                )
            codes["keys"][str(free)] = self._ids.random_bytes(_KEY_BYTES).hex()
            codes["current"] = free
            codes.setdefault("since", {})[str(free)] = to_micros(self._clock.now())
        return self._one(free)

    def retire(self, number: int) -> CodeKey:
        """What the key signed is not accepted any more. Raises NotFound, and Refused for the current key."""
        with self._changing() as document:
            codes = document["codes"]
            self._require(codes["keys"], number)
            if codes["current"] == number:
                raise Refused(
                    N_("Code key {number} signs the sheets that are printed now."),
                    do=N_("Make a new one first: tuxa packets keys rotate."),
                    number=number,
                )
            codes.setdefault("retired", {})[str(number)] = codes["keys"].pop(str(number))
            codes.setdefault("retired_at", {})[str(number)] = to_micros(self._clock.now())
        return self._one(number)

    def forget(self, number: int) -> None:
        """Free the id of a retired key. Raises NotFound when it is not retired."""
        with self._changing() as document:
            codes = document["codes"]
            self._require(codes.get("retired", {}), number)
            for part in ("retired", "retired_at", "since"):
                codes.get(part, {}).pop(str(number), None)

    def shared(self) -> dict[str, Any]:
        """What the other sites of the institution need to read each other's sheets. Secret."""
        return self._codes()

    def take_over(self, codes: Mapping[str, Any]) -> None:
        """Use what the main site shared. Raises BadInput when it is not whole."""
        try:
            numbers = {int(number) for part in ("keys", "retired") for number in codes.get(part, {})}
            right = codes["current"] in {int(number) for number in codes["keys"]}
            right &= all(0 <= number < IDS for number in numbers)
            lengths = [
                len(bytes.fromhex(key))
                for part in ("keys", "retired")
                for key in codes.get(part, {}).values()
            ]
            right &= set(lengths) == {_KEY_BYTES}
        except (KeyError, TypeError, ValueError, AttributeError):
            right = False
        if not right:
            raise BadInput(
                N_("These code keys are not whole."), do=N_("Have the main site export them again.")
            )
        with self._changing() as document:
            document["codes"] = dict(codes)

    def _codes(self) -> dict[str, Any]:
        codes: dict[str, Any] = json.loads(self._file.read_bytes())["codes"]
        return codes

    def _one(self, number: int) -> CodeKey:
        return next(key for key in self.all() if key.number == number)

    def _require(self, keys: Mapping[str, str], number: int) -> None:
        if str(number) not in keys:
            raise NotFound(
                N_("There is no such code key: {number}."),
                do=N_("“tuxa packets keys” lists them."),
                number=number,
            )

    def _changing(self) -> _Change:
        return _Change(self._folder)


class _Change:
    """The key file, to be changed by one at a time and written once at the end; not at all when something is raised."""

    def __init__(self, folder: Path) -> None:
        self._lock = FileLock(folder / ".codes.lock", timeout=10)
        self._folder = folder
        self._document: dict[str, Any] = {}

    def __enter__(self) -> dict[str, Any]:
        self._lock.acquire()
        load_keys(self._folder)
        self._document = json.loads((self._folder / KEYS_FILE).read_bytes())
        return self._document

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                data = json.dumps(self._document).encode()
                write_whole(self._folder / KEYS_FILE, data, mode=0o600)
        finally:
            self._lock.release()


def _listed(codes: Mapping[str, Any]) -> list[CodeKey]:
    since, retired_at = codes.get("since", {}), codes.get("retired_at", {})
    numbers = sorted({*codes["keys"], *codes.get("retired", {})}, key=int)
    return [
        CodeKey(int(n), int(n) == codes["current"], since.get(n, 0), retired_at.get(n, 0)) for n in numbers
    ]
