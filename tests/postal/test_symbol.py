"""QR symbols and their sizes."""

from __future__ import annotations

import numpy as np
import pytest
import zxingcpp

from delivery.errors import ConfigError
from delivery.ids import SeededIds
from delivery.postal.symbol import MIN_MODULE_MM, Symbol, main_size, main_symbol, side_size, side_symbol
from delivery.record.sheetcode import CodeKeys, page_token, page_url, side_token

KEYS = CodeKeys({1: b"k" * 32}, 1)


def _read(symbol: Symbol) -> str:
    width = (symbol.side + 7) // 8
    bits = np.unpackbits(np.frombuffer(symbol.rows, dtype=np.uint8).reshape(symbol.side, width), axis=1)
    picture = np.pad(255 - bits[:, : symbol.side] * 255, 4, constant_values=255).astype(np.uint8)
    codes = zxingcpp.read_barcodes(np.kron(picture, np.ones((4, 4), dtype=np.uint8)))
    assert len(codes) == 1
    return codes[0].text


def test_symbols_carry_exactly_their_text() -> None:
    ids = SeededIds(1)
    for _ in range(25):
        url = page_url("https://hoctuxa.edu.vn", page_token(ids.random_bytes(6).hex(), KEYS))
        side = side_token(ids.random_bytes(5).hex(), KEYS)
        assert _read(main_symbol(url)) == url
        assert _read(side_symbol(side)) == side


def test_an_address_of_28_bytes_fits_version_4_and_one_more_byte_version_5() -> None:
    assert main_size("https://" + "h" * 17).version == 4
    assert main_size("https://" + "h" * 18).version == 5


@pytest.mark.parametrize("host_chars", [9, 20, 40, 60, 72])
def test_modules_never_become_too_small_to_read(host_chars: int) -> None:
    size = main_size("https://" + "h" * host_chars)
    assert size.module_mm >= MIN_MODULE_MM
    assert size.mm >= 24.0 - 1e-9
    assert side_size().mm == pytest.approx(18.0)


def test_an_address_that_no_code_can_carry_is_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match="too long"):
        main_size("https://" + "h" * 300)
    with pytest.raises(ConfigError, match="letters"):
        main_size("https://đạihọc.vn")
