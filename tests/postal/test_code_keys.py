"""The keys behind printed codes, as a clerk changes them while mail is out and the home runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.app import App
from delivery.app.codekeys import export_keys, import_keys, ring_of
from delivery.app.sync import sync_keys
from delivery.cli.main import main
from delivery.demo.paper import SheetOnPaper, render, scan, write_scan
from delivery.errors import BadInput, NotFound, Refused
from delivery.network.sync.keys import KnownSite
from delivery.postal.incoming.intake import take_in
from delivery.record.sheetcode import PageRef, page_token, read_code
from tests.support.home import make_app
from tests.support.postal_home import print_home


def test_mail_that_is_out_is_filed_after_a_new_key_and_queued_after_the_old_one_is_retired(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = print_home(tmp_path, learners=2)
    shell = ["--home", str(tmp_path), "--lang", "en", "packets", "keys"]
    pages = home.sheets()

    def arrives(number: int, name: str) -> Path:
        file, page, _ = pages[number]
        return write_scan(
            [scan(render(SheetOnPaper(file, page), dpi=150), seed=number)], tmp_path / name, dpi=150
        )

    assert main([*shell, "rotate", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["number"] == 2
    # The same home, without starting again.
    assert take_in(home.app, arrives(0, "a.pdf"), actor="clerk").filed == 1
    assert main([*shell, "retire", "1"]) == 1
    assert "2 packets" in capsys.readouterr().err
    assert main([*shell, "retire", "1", "--anyway"]) == 0
    late = take_in(home.app, arrives(1, "b.pdf"), actor="clerk")
    assert (late.filed, len(late.queued)) == (0, 1)
    capsys.readouterr()
    assert main([*shell, "--json"]) == 0
    assert [key["current"] for key in json.loads(capsys.readouterr().out)["keys"]] == [False, True]
    home.app.close()


def _known(app: App) -> KnownSite:
    own = sync_keys(app).own()
    return KnownSite(
        site=app.settings.site,
        curve=own.curve.public,
        signing=app.keys.public.hex(),
        sealing=own.sealing_public.hex(),
        is_main=app.settings.site == "MAIN",
    )


def test_keys_reach_a_partner_in_a_file_that_nobody_else_can_use(tmp_path: Path) -> None:
    head = make_app(tmp_path / "head", seed=1)
    partners = [make_app(tmp_path / site, site=site, seed=seed) for seed, site in enumerate(("P1", "P2"), 2)]
    try:
        for app in partners:
            sync_keys(head).put_site(_known(app))
            sync_keys(app).put_site(_known(head))
        first, second = partners
        ring_of(head).rotate()
        file = tmp_path / "keys.bin"
        with pytest.raises(NotFound):
            export_keys(head, file, site="P9")
        export_keys(head, file, site="P1")
        whole = file.read_bytes()
        for damaged in (b"", b"TUXAKEYS1\n", whole[:-1], whole[:100] + b"x" + whole[101:]):
            (tmp_path / "damaged.bin").write_bytes(damaged)
            with pytest.raises(BadInput):
                import_keys(first, tmp_path / "damaged.bin")
        with pytest.raises(BadInput):
            import_keys(second, file)
        with pytest.raises(Refused, match="main site"):
            export_keys(first, file, site="P2")
        with pytest.raises(Refused, match="joined no other"):
            import_keys(head, file)
        import_keys(first, file)
        sheet = page_token("0123456789ab", head.keys.codes)
        assert read_code(sheet, first.keys.codes) == PageRef("0123456789ab")
        assert read_code(sheet, second.keys.codes) is None
    finally:
        for app in (head, *partners):
            app.close()
