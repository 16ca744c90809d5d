"""A day of a station, written down: the same for pictures in tests and in the documentation."""

from __future__ import annotations

from tests.tui.studio import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    NOON,
    Studio,
    channel,
    finding,
    job,
    peer,
    programme,
    slot,
)


def written_day(studio: Studio) -> Studio:
    """Four channels on a Monday at noon, with what may go wrong."""
    studio.now_us = NOON
    lost = {
        "id": "a1",
        "severity": "error",
        "text": {
            "msgid": "{channel}: the feed to {address} is interrupted: {reason}",
            "params": {"channel": "TV2", "address": "udp://10.0.0.9:5000", "reason": "no route"},
        },
        "do": {"msgid": "Check the other end; the feed tries again by itself.", "params": {}},
        "channel": "TV2",
        "at": NOON - MINUTE,
    }
    closed = {
        "msgid": "{material} on {channel} at {at} is not approved for broadcast with this content.",
        "params": {"material": "TOAN101-U3", "channel": "TV1", "at": "2026-11-24 19:30:00"},
    }
    soon = {
        **lost,
        "id": "a2",
        "severity": "warning",
        "channel": "TV1",
        "text": {"msgid": "Within {hours} h: {finding}", "params": {"hours": 24, "finding": closed}},
    }
    studio.channels = [
        channel("TV1", at=NOON, name="Truyền hình Từ xa", alerts=[soon], now=playing("Giới hạn của dãy số")),
        channel(
            "TV2",
            at=NOON,
            name="Kênh Sư phạm",
            state="slate",
            by_hand="slate",
            now={"title": "", "start": NOON - MINUTE, "end": NOON + 30 * MINUTE, "kind": "slate"},
            alerts=[lost],
            health={
                "bit_rate": 3_008_000,
                "ready_s": 3000.0,
                "late": 3,
                "worst_ms": 120,
                "replaced": 1,
                "peers": [peer("udp://10.0.0.9:5000", up=False)],
            },
        ),
        channel(
            "PT1", at=NOON, name="Phát thanh Từ xa", kind="radio", now=playing("Nghe và ghi chép ý chính")
        ),
        channel("PT2", at=NOON, name="Phát thanh Nông nghiệp", kind="radio", state="filler"),
    ]
    studio.alerts = [lost, soon, {**lost, "id": "a3", "at": NOON - 3 * HOUR, "acknowledged_by": "technician"}]
    studio.jobs = [
        job("toan101-u4", verdict="", fraction=0.42, left_s=95.0, queue="q4", asset="x",
            stage={"msgid": "waiting", "params": {}}),
        job("toan101-u1", approval="approved", title="Giới hạn của dãy số"),
        job("toan101-u2", title="Đạo hàm và ứng dụng",
            problems=[{"msgid": "No sound from {from} to {to}.", "params": {"from": "05:20", "to": "06:50"}}]),
        job("ly102-u1", verdict="refused", title="Cơ học",
            problems=[{"msgid": "The sound of this recording is silent from beginning to end.", "params": {}}]),
    ]  # fmt: skip
    studio.programmes = [
        made
        for day in range(7)
        for made in (
            programme(f"m{day}", MONDAY + day * DAY + 8 * HOUR, 28, "Giới hạn của dãy số"),
            programme(
                f"n{day}", MONDAY + day * DAY + 13 * HOUR + 30 * MINUTE, 55, "Vật lý đại cương", rerun=True
            ),
            programme(f"t{day}", MONDAY + day * DAY + 19 * HOUR + 30 * MINUTE, 28, "Đạo hàm và ứng dụng"),
        )
    ]
    studio.slots = [slot("t1", MONDAY + 19 * HOUR + 30 * MINUTE, "FREQ=WEEKLY;BYDAY=TU,TH")]
    unapproved = finding(
        "unapproved", MONDAY + DAY + 19 * HOUR + 30 * MINUTE, "", "", airing="t1", clause="TX-4.5-1"
    )
    approve = "Have the material appraised and approved for broadcast, then compile again."
    overlap = finding("overlap", MONDAY + 2 * DAY + 10 * HOUR, "", "", slot="slot-z")
    begins = "{material} on {channel} at {at} begins while another programme ({occupant}) is on the air."
    studio.findings = [
        {**unapproved, "what": closed, "do": {"msgid": approve, "params": {}}},
        {
            **overlap,
            "what": {"msgid": begins, "params": {**closed["params"], "occupant": "m2"}},
            "do": {"msgid": "Move it to {free} or later.", "params": {"free": "2026-11-25 10:28:00"}},
        },
    ]
    studio.aired = [
        {"airing": "m0", "material": "M0", "planned": MONDAY + 8 * HOUR, "start": MONDAY + 8 * HOUR, "end": 0,
         "planned_us": 28 * MINUTE, "aired_us": 17 * MINUTE, "status": "partial"}
    ]  # fmt: skip
    studio.effect = {
        "cut": "TOAN101-U1",
        "moved": [
            {"airing": "a", "material": "TOAN101-U2", "from": "2026-11-23 19:30:00", "to": "2026-11-23 19:35:00",
             "late_s": 300.0},
            {"airing": "b", "material": "TOAN101-U3", "from": "2026-11-23 20:00:00", "to": "2026-11-23 20:02:10",
             "late_s": 130.0},
        ],
        "slate": [{"from": "2026-11-23 12:00:04", "to": "2026-11-23 12:05:04"}],
        "lost": [{"airing": "c", "material": "TOAN101-U1"}],
    }  # fmt: skip
    return studio


def playing(title: str) -> dict[str, object]:
    return {
        "title": title,
        "start": NOON - 12 * MINUTE,
        "end": NOON + 16 * MINUTE,
        "kind": "lesson",
        "course": "TOAN101",
        "unit": 1,
    }
