"""``prepare COUNT`` makes a giving site, ``serve PORT`` serves it, ``pull URL SITE`` takes everything from it.

All but ``serve`` print one JSON document.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "morango_peer.settings")
PROFILE, SCOPE, NAME, PASSWORD = "bench", "all", "admin", "measured"
CHUNK = 1_000


def _begin() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)


def _scope() -> None:
    from morango.models.certificates import ScopeDefinition

    ScopeDefinition.objects.get_or_create(
        id=SCOPE,
        defaults={
            "profile": PROFILE,
            "version": 1,
            "primary_scope_param_key": "site",
            "description": "Everything of ${site}.",
            "read_filter_template": "",
            "write_filter_template": "",
            "read_write_filter_template": "${site}",
        },
    )


def prepare(count: int) -> dict[str, object]:
    """A root certificate, and `count` records under it."""
    _begin()
    from morango.models.certificates import Certificate
    from morango_peer.models import Admin, Record

    _scope()
    site = Certificate.generate_root_certificate(SCOPE).id
    admin = Admin(username=NAME)
    admin.set_password(PASSWORD)
    admin.save()
    rng = random.Random(28)
    for start in range(0, count, CHUNK):
        records = []
        for number in range(start, min(count, start + CHUNK)):
            kind, data, activity = rng.choice(
                (
                    (
                        "ParticipationRecorded",
                        {"source": "system", "method": "viewing", "minutes": rng.randrange(60)},
                        f"C1-S{rng.randrange(12)}",
                    ),
                    ("CourseEnrolled", {"cohort": "K2026A", "n": number}, ""),
                    (
                        "MarkRecorded",
                        {"score": f"{rng.randrange(101) / 10}", "method": "keyboard", "component": "QT"},
                        f"C1-A{rng.randrange(6)}",
                    ),
                )
            )
            record = Record(
                site=site,
                number=number,
                learner=f"L{rng.randrange(400):012d}",
                kind=kind,
                course="C1",
                activity=activity,
                actor=f"GV{rng.randrange(20):02d}",
                occurred_at=1_788_714_000_000_000 + rng.randrange(10**12),
                data=json.dumps(data, separators=(",", ":")),
            )
            record.id = record.calculate_uuid()
            records.append(record)
        Record.objects.bulk_create(records)
    return {"site": site, "records": Record.objects.count()}


def serve(port: int) -> None:
    """Until killed."""
    from django.core.management import call_command

    _begin()
    call_command("runserver", f"127.0.0.1:{port}", use_reloader=False)


def pull(url: str, site: str) -> dict[str, object]:
    """Everything of `site`, from beginning to end of Morango's transfer session."""
    _begin()
    from morango.models.certificates import Filter
    from morango.sync.controller import MorangoProfileController
    from morango_peer.models import Record

    _scope()
    line = MorangoProfileController(PROFILE).create_network_connection(url)
    (theirs,) = line.get_remote_certificates(site, SCOPE)
    own = line.certificate_signing_request(theirs, SCOPE, {"site": site}, userargs=NAME, password=PASSWORD)
    session = line.create_sync_session(own, theirs)
    before = line.bytes_received
    began, worked = time.perf_counter(), time.process_time()
    client = session.get_pull_client()
    client.initialize(Filter(site))
    client.run()
    client.finalize()
    return {
        "seconds": time.perf_counter() - began,
        "processor_s": time.process_time() - worked,
        "bytes": line.bytes_received - before,
        "records": Record.objects.count(),
    }


if __name__ == "__main__":
    command, *given = sys.argv[1:]
    if command == "serve":
        serve(int(given[0]))
    else:
        print(json.dumps(prepare(int(given[0])) if command == "prepare" else pull(*given)))
