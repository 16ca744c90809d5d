"""Vietnamese words for the closed vocabularies, as institutions write them in their tables.

Keys are as :func:`delivery.catalogue.cells.plain_key` gives them: no marks, no case, ``_`` between words.
"""

from __future__ import annotations

from delivery.catalogue.cells import choice
from delivery.catalogue.kinds import (
    ActivityKind,
    ComponentKind,
    DeliveryMode,
    EmploymentKind,
    GradingBasis,
    MaterialKind,
    MaterialRole,
    Role,
    SiteKind,
)

LETTER = GradingBasis.LETTER

MODE = choice(
    DeliveryMode,
    {
        "mang_may_tinh_va_vien_thong": DeliveryMode.NETWORK,
        "mang": DeliveryMode.NETWORK,
        "thu_tin": DeliveryMode.POSTAL,
        "phat_thanh_truyen_hinh": DeliveryMode.BROADCAST,
        "phat_song": DeliveryMode.BROADCAST,
        "truc_tiep": DeliveryMode.FACE_TO_FACE,
    },
)
SITE_KIND = choice(
    SiteKind,
    {
        "tru_so_chinh": SiteKind.HEADQUARTERS,
        "phan_hieu": SiteKind.BRANCH,
        "co_so_phoi_hop": SiteKind.PARTNER,
    },
)
GRADING = choice(GradingBasis, {"diem_chu": GradingBasis.LETTER, "dat": GradingBasis.PASS_ONLY})
COMPONENT_KIND = choice(
    ComponentKind,
    {
        "qua_trinh": ComponentKind.PROCESS,
        "ket_thuc_hoc_phan": ComponentKind.FINAL,
        "thi_ket_thuc_hoc_phan": ComponentKind.FINAL,
    },
)
ACTIVITY_KIND = choice(
    ActivityKind,
    {
        "buoi_hoc": ActivityKind.SESSION,
        "tham_du_buoi_hoc": ActivityKind.SESSION,
        "hoc_lieu": ActivityKind.MATERIAL,
        "hoc_tu_hoc_lieu": ActivityKind.MATERIAL,
        "bai_tap": ActivityKind.ASSIGNMENT,
        "tham_van": ActivityKind.CONSULTATION,
        "tham_van_va_dat_cau_hoi": ActivityKind.CONSULTATION,
    },
)
MATERIAL_KIND = choice(
    MaterialKind,
    {
        "giao_trinh": MaterialKind.TEXTBOOK,
        "sach_tham_khao": MaterialKind.REFERENCE_BOOK,
        "tai_lieu_huong_dan_hoc_tap": MaterialKind.STUDY_GUIDE,
        "sach_bai_tap": MaterialKind.WORKBOOK,
        "tai_lieu_huong_dan_thi": MaterialKind.EXAM_GUIDE,
        "hoc_lieu_so": MaterialKind.DIGITAL,
        "hoc_lieu_dien_tu": MaterialKind.DIGITAL,
        "chuong_trinh_truyen_hinh": MaterialKind.TV_PROGRAMME,
        "chuong_trinh_phat_thanh": MaterialKind.RADIO_PROGRAMME,
    },
)
MATERIAL_ROLE = choice(
    MaterialRole,
    {
        "chinh": MaterialRole.MAIN,
        "hoc_lieu_chinh": MaterialRole.MAIN,
        "bo_tro": MaterialRole.SUPPLEMENTARY,
        "hoc_lieu_bo_tro": MaterialRole.SUPPLEMENTARY,
    },
)
ROLE = choice(
    Role,
    {
        "giang_vien": Role.LECTURER,
        "van_thu": Role.CLERK,
        "ky_thuat_vien": Role.TECHNICIAN,
        "quan_ly": Role.MANAGER,
        "can_bo_quan_ly": Role.MANAGER,
        "quan_tri": Role.ADMIN,
    },
)
EMPLOYMENT = choice(
    EmploymentKind,
    {
        "co_huu": EmploymentKind.PERMANENT,
        "hop_dong_lam_viec_toan_thoi_gian": EmploymentKind.FULL_TIME_CONTRACT,
        "thinh_giang": EmploymentKind.VISITING,
        "hop_dong_vu_viec": EmploymentKind.CASE_CONTRACT,
    },
)
