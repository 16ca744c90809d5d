"""Vietnamese words for the vocabularies of the registers, as institutions write them in their tables."""

from __future__ import annotations

from delivery.catalogue.cells import choice
from delivery.catalogue.register_kinds import (
    Answer,
    Appointed,
    ContractDuty,
    InstitutionKind,
    PartnerKind,
    SessionKind,
    TermKind,
)

ANSWER = choice(Answer, {"co": Answer.YES, "khong": Answer.NO, "x": Answer.YES})
INSTITUTION_KIND = choice(
    InstitutionKind,
    {
        "co_so_giao_duc_dai_hoc": InstitutionKind.HIGHER_EDUCATION,
        "truong_cua_co_quan_nha_nuoc": InstitutionKind.STATE_AGENCY_SCHOOL,
        "truong_cua_to_chuc_chinh_tri": InstitutionKind.POLITICAL_SCHOOL,
        "truong_cua_to_chuc_chinh_tri_xa_hoi": InstitutionKind.SOCIO_POLITICAL_SCHOOL,
        "truong_cua_luc_luong_vu_trang_nhan_dan": InstitutionKind.ARMED_FORCES_SCHOOL,
    },
)
PARTNER_KIND = choice(
    PartnerKind,
    {
        "co_so_giao_duc_dai_hoc": PartnerKind.HIGHER_EDUCATION,
        "truong_cao_dang": PartnerKind.COLLEGE,
        "truong_trung_cap": PartnerKind.INTERMEDIATE_SCHOOL,
        "trung_tam_gdtx": PartnerKind.CONTINUING_EDUCATION_CENTRE,
        "trung_tam_giao_duc_thuong_xuyen": PartnerKind.CONTINUING_EDUCATION_CENTRE,
        "trung_tam_gdnn_gdtx": PartnerKind.VOCATIONAL_CONTINUING_CENTRE,
        "trung_tam_giao_duc_nghe_nghiep_giao_duc_thuong_xuyen": PartnerKind.VOCATIONAL_CONTINUING_CENTRE,
        "truong_cua_co_quan_nha_nuoc": PartnerKind.STATE_AGENCY_SCHOOL,
        "truong_cua_to_chuc_chinh_tri": PartnerKind.POLITICAL_SCHOOL,
        "truong_cua_to_chuc_chinh_tri_xa_hoi": PartnerKind.SOCIO_POLITICAL_SCHOOL,
        "truong_cua_luc_luong_vu_trang_nhan_dan": PartnerKind.ARMED_FORCES_SCHOOL,
    },
)
DUTY = choice(
    ContractDuty,
    {
        "quan_ly": ContractDuty.MANAGEMENT,
        "giang_day": ContractDuty.TEACHING,
        "to_chuc_thi": ContractDuty.EXAMS,
        "thi": ContractDuty.EXAMS,
        "co_so_vat_chat": ContractDuty.FACILITIES,
    },
)
SESSION_KIND = choice(
    SessionKind,
    {
        "buoi_huong_dan": SessionKind.TUTORIAL,
        "giang_day": SessionKind.LECTURE,
        "thi": SessionKind.EXAM,
        "thuc_hanh": SessionKind.PRACTICE,
        "thuc_tap": SessionKind.INTERNSHIP,
        "trai_nghiem_thuc_te": SessionKind.FIELD_EXPERIENCE,
        "tu_hoc": SessionKind.SELF_STUDY,
        "truc_tuyen": SessionKind.ONLINE,
    },
)
TERM_KIND = choice(TermKind, {"chinh": TermKind.MAIN, "phu": TermKind.EXTRA})
APPOINTED = choice(
    Appointed,
    {
        "hieu_truong": Appointed.RECTOR,
        "lanh_dao_don_vi_chu_tri": Appointed.LEAD_UNIT_HEAD,
        "can_bo_quan_ly": Appointed.DISTANCE_MANAGER,
        "chu_tri_chuong_trinh": Appointed.PROGRAMME_LEAD,
        "can_bo_ho_tro": Appointed.SUPPORT_STAFF,
        "quan_tri_van_hanh": Appointed.OPERATOR,
        "san_xuat_hoc_lieu": Appointed.MEDIA_PRODUCER,
        "co_van": Appointed.ADVISER,
        "giao_vu": Appointed.ACADEMIC_CLERK,
    },
)
