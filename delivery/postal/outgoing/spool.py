"""Sends print jobs to a printer through the system's own spooler, each once."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from delivery.clock import to_micros
from delivery.errors import N_, Refused, ToolFailed, ToolMissing
from delivery.postal.outgoing.packet import BatchSpec
from delivery.postal.parts import Desk
from delivery.store.packets import Packets

_SECONDS = 60.0


def spool_batch(desk: Desk, batch: str, files: Sequence[Path], *, printer: str) -> tuple[str, ...]:
    """Hand every file that no printer has taken yet to `printer`; the jobs that it took now.

    A job is marked when the spooler has it. Raises ToolMissing without ``lp``, and ToolFailed when the printer does not
    take a job: what it took before stays marked, the files stay, and the same command goes on.
    """
    lp = shutil.which("lp")
    if lp is None:
        raise ToolMissing(
            N_("The program “lp”, which sends files to printers, is not installed."),
            do=N_("Install CUPS, or print the files from any program: {files}"),
            files=str(files[0].parent) if files else "–",
        )
    packets = Packets(desk.database, desk.facts)
    spec = BatchSpec.from_json(packets.require(batch).spec)
    by_name = {file.stem: file for file in files}
    sent: list[str] = []
    for job in packets.jobs(batch):
        file = by_name.get(job.job)
        if file is None or job.spooled_at:
            continue
        sides = "two-sided-long-edge" if spec.options.duplex else "one-sided"
        _send(
            [lp, "-d", printer, "-o", f"sides={sides}", "-o", "media=A4", "-t", job.job, "--", str(file)],
            printer,
        )
        packets.spooled(job.job, now=to_micros(desk.clock.now()))
        sent.append(job.job)
    return tuple(sent)


def _send(command: list[str], printer: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Refused(
            N_("The printer {printer} does not answer."),
            do=N_("Look at the printer, then give the same command again: nothing is sent twice."),
            printer=printer,
        ) from error
    if done.returncode:
        raise ToolFailed(
            N_("The printer {printer} did not take the job: {reason}"),
            do=N_("Look at the printer, then give the same command again: nothing is sent twice."),
            printer=printer,
            reason=done.stderr.strip() or done.stdout.strip(),
        )
