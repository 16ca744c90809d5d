"""Run every ``benchmarks/bench_*.py``, or those named on the command line, one after the other.

A benchmark module has a ``main()`` without arguments; it prints its figures, or returns them as text. The first
line of its docstring is its title.
"""

from __future__ import annotations

import importlib
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

PREFIX = "bench_"


def names() -> list[str]:
    """The benchmarks there are, without their prefix."""
    return sorted(path.stem.removeprefix(PREFIX) for path in Path(__file__).parent.glob(f"{PREFIX}*.py"))


def run(name: str) -> bool:
    """Run one benchmark and print it; false when it failed."""
    start = time.perf_counter()
    try:
        module = importlib.import_module(f"benchmarks.{PREFIX}{name}")
        title = (module.__doc__ or "").strip().partition("\n")[0]
        print(f"== {name}: {title}" if title else f"== {name}", flush=True)
        answer = module.main()
    except Exception:  # one broken benchmark does not keep the others from running
        traceback.print_exc()
        return False
    if answer is not None:
        print(answer)
    print(f"-- {name}: {time.perf_counter() - start:.1f} s\n", flush=True)
    return True


def main(argv: Sequence[str]) -> int:
    known = names()
    wanted = list(argv) or known
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    failed = [name for name in wanted if not run(name)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
