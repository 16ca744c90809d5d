"""Where provinces lie, roughly: for a plot, not for navigation. Degrees (latitude north, longitude east), WGS 84.

The 34 provinces and cities since 1 July 2025, each by its administrative centre, rounded to a tenth of a degree; the
outline of the mainland is drawn by hand to half a tenth at best, islands are dots.
"""

from __future__ import annotations

from collections.abc import Mapping

from delivery.catalogue.cells import plain_key

CENTRES: Mapping[str, tuple[float, float]] = {
    "Hà Nội": (21.0, 105.8),
    "Huế": (16.5, 107.6),
    "Hải Phòng": (20.9, 106.7),
    "Đà Nẵng": (16.1, 108.2),
    "Hồ Chí Minh": (10.8, 106.7),
    "Cần Thơ": (10.0, 105.8),
    "An Giang": (10.0, 105.1),
    "Bắc Ninh": (21.3, 106.2),
    "Cà Mau": (9.2, 105.2),
    "Cao Bằng": (22.7, 106.3),
    "Đắk Lắk": (12.7, 108.0),
    "Điện Biên": (21.4, 103.0),
    "Đồng Nai": (10.9, 106.8),
    "Đồng Tháp": (10.4, 106.4),
    "Gia Lai": (13.8, 109.2),
    "Hà Tĩnh": (18.3, 105.9),
    "Hưng Yên": (20.6, 106.1),
    "Khánh Hòa": (12.2, 109.2),
    "Lai Châu": (22.4, 103.5),
    "Lâm Đồng": (11.9, 108.4),
    "Lạng Sơn": (21.9, 106.8),
    "Lào Cai": (21.7, 104.9),
    "Nghệ An": (18.7, 105.7),
    "Ninh Bình": (20.3, 106.0),
    "Phú Thọ": (21.3, 105.4),
    "Quảng Ngãi": (15.1, 108.8),
    "Quảng Ninh": (21.0, 107.1),
    "Quảng Trị": (17.5, 106.6),
    "Sơn La": (21.3, 103.9),
    "Tây Ninh": (10.5, 106.4),
    "Thái Nguyên": (21.6, 105.8),
    "Thanh Hóa": (19.8, 105.8),
    "Tuyên Quang": (21.8, 105.2),
    "Vĩnh Long": (10.2, 106.0),
}
OUTLINE: tuple[tuple[float, float], ...] = (
    (23.4, 105.3), (22.9, 105.9), (22.9, 106.6), (22.3, 106.6), (22.0, 106.7), (21.6, 107.3), (21.5, 108.0),
    (21.0, 107.2), (20.7, 106.7), (20.2, 106.5), (19.9, 105.9), (19.0, 105.6), (18.4, 105.9), (18.0, 106.4),
    (17.4, 106.6), (16.9, 107.2), (16.4, 107.8), (16.1, 108.3), (15.4, 108.8), (14.5, 109.1), (13.7, 109.3),
    (12.7, 109.4), (12.0, 109.2), (11.5, 109.0), (11.0, 108.4), (10.7, 107.8), (10.4, 107.1), (10.3, 106.8),
    (9.6, 106.6), (9.2, 106.0), (8.6, 104.8), (9.0, 104.8), (10.0, 105.0), (10.4, 104.5), (10.9, 105.1),
    (10.9, 105.8), (11.6, 105.9), (11.8, 106.4), (12.3, 107.5), (13.5, 107.6), (14.7, 107.5), (15.4, 107.6),
    (16.1, 107.3), (16.6, 106.7), (17.1, 106.2), (17.7, 105.6), (18.3, 105.1), (19.0, 104.0), (19.6, 104.0),
    (20.1, 104.9), (20.4, 104.6), (20.8, 104.0), (20.9, 103.2), (21.6, 102.8), (22.4, 102.2), (22.7, 102.5),
    (22.6, 103.3), (22.6, 104.0), (22.8, 104.4), (23.2, 104.9),
)  # fmt: skip
ISLANDS: tuple[tuple[str, tuple[tuple[float, float], ...]], ...] = (
    ("Quần đảo Hoàng Sa", ((16.9, 112.3), (16.7, 112.7), (16.5, 111.6), (16.5, 112.0), (16.1, 111.8), (15.8, 111.2))),
    (
        "Quần đảo Trường Sa",
        ((11.4, 114.3), (10.7, 114.2), (10.4, 114.5), (10.2, 114.4), (9.9, 115.5), (9.7, 114.3), (8.9, 112.3),
         (8.6, 111.9), (8.1, 113.3), (7.9, 112.9)),
    ),
    ("", ((10.2, 104.0), (8.7, 106.6), (10.5, 108.9), (15.4, 109.1), (20.1, 107.7))),
)  # fmt: skip
"""Archipelagos by name, and Phú Quốc, Côn Đảo, Phú Quý, Lý Sơn and Bạch Long Vĩ: a map of the country shows them."""
_BY_KEY = {plain_key(name): place for name, place in CENTRES.items()}
_TITLES = ("thanh_pho_", "tinh_", "tp_")


def place_of(province: str, address: str = "") -> tuple[float, float] | None:
    """(latitude, longitude) of a province, or of the one that an address ends with; None for one that is unknown."""
    for words in (province, address.rpartition(",")[2]):
        key = plain_key(words)
        for title in _TITLES:
            key = key.removeprefix(title)
        if key in _BY_KEY:
            return _BY_KEY[key]
    return None
