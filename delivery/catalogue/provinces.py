"""The 34 provinces and centrally run cities since 1 July 2025 (Nghị quyết 202/2025/QH15)."""

from __future__ import annotations

from delivery.catalogue.cells import plain_key

CITIES = ("Hà Nội", "Huế", "Hải Phòng", "Đà Nẵng", "Hồ Chí Minh", "Cần Thơ")
PROVINCES = (
    "An Giang",
    "Bắc Ninh",
    "Cà Mau",
    "Cao Bằng",
    "Đắk Lắk",
    "Điện Biên",
    "Đồng Nai",
    "Đồng Tháp",
    "Gia Lai",
    "Hà Tĩnh",
    "Hưng Yên",
    "Khánh Hòa",
    "Lai Châu",
    "Lâm Đồng",
    "Lạng Sơn",
    "Lào Cai",
    "Nghệ An",
    "Ninh Bình",
    "Phú Thọ",
    "Quảng Ngãi",
    "Quảng Ninh",
    "Quảng Trị",
    "Sơn La",
    "Tây Ninh",
    "Thái Nguyên",
    "Thanh Hóa",
    "Tuyên Quang",
    "Vĩnh Long",
)
_KNOWN = frozenset(plain_key(name) for name in (*CITIES, *PROVINCES))
_TITLES = ("thanh_pho_", "tinh_", "tp_")


def is_province(name: str) -> bool:
    """Whether `name`, with or without “Tỉnh” or “Thành phố”, is one of the 34."""
    key = plain_key(name)
    for title in _TITLES:
        key = key.removeprefix(title)
    return key in _KNOWN
