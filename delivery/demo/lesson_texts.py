"""What the sample term's five broadcast lessons say and show: Tiếng Việt thực hành, units 1 to 5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Slide:
    """One picture, and what is said while it is shown."""

    title: str
    points: tuple[str, ...]
    said: str


@dataclass(frozen=True, slots=True)
class LessonText:
    """One lesson. `material` is its code in the catalogue, and the name of its file."""

    material: str
    kind: Literal["tv", "radio"]
    course: str
    title: str
    slides: tuple[Slide, ...]


_COURSE: Final = "Tiếng Việt thực hành"

_TONES: Final = LessonText(
    "TVTH-TV1",
    "tv",
    _COURSE,
    "Thanh điệu và chính tả",
    (
        Slide(
            "Sáu thanh điệu",
            ("ngang: ma", "huyền: mà · sắc: má", "hỏi: mả · ngã: mã", "nặng: mạ"),
            "Chào các anh chị học viên. Bài một nói về thanh điệu và chính tả. Tiếng Việt có sáu thanh: ngang, huyền, "
            "sắc, hỏi, ngã và nặng. Đổi thanh là đổi nghĩa: ma, mà, má, mả, mã, mạ là sáu từ khác nhau.",
        ),
        Slide(
            "Đặt dấu thanh ở đâu",
            (
                "Dấu đặt ở âm chính của vần",
                "hòa · thúy (âm chính đứng cuối vần mở)",
                "hoàn · tiếng · đường (có âm cuối)",
            ),
            "Dấu thanh đặt ở âm chính của vần. Trong tiếng có âm cuối, như hoàn, tiếng, đường, dấu nằm trên nguyên âm "
            "đứng ngay trước âm cuối. Khi viết, hãy giữ một cách đặt dấu thống nhất trong cả văn bản.",
        ),
        Slide(
            "Hỏi hay ngã?",
            (
                "Trong từ láy, thanh cùng nhóm đi với nhau",
                "ngang – sắc – hỏi: nho nhỏ, vắng vẻ",
                "huyền – nặng – ngã: sẵn sàng, mạnh mẽ",
            ),
            "Lỗi hay gặp nhất là lẫn hỏi với ngã. Hãy nhớ quy luật hài thanh của từ láy. Thanh ngang, sắc, hỏi đi với "
            "nhau: nho nhỏ, vắng vẻ. Thanh huyền, nặng, ngã đi với nhau: sẵn sàng, mạnh mẽ.",
        ),
        Slide(
            "Cặp phụ âm dễ lẫn",
            (
                "ch / tr: che chở – tre già",
                "s / x: sâu sắc – xa xôi",
                "d / gi / r: dành dụm – giành lấy – rành mạch",
            ),
            "Bên cạnh dấu thanh là các cặp phụ âm dễ lẫn. Ch và tr: che chở, tre già. S và x: sâu sắc, xa xôi. "
            "D, gi và r: dành dụm, giành lấy, rành mạch. Khi phân vân, hãy tra từ điển chính tả.",
        ),
        Slide(
            "Bài luyện tập",
            (
                "Ghi ra 10 từ láy có thanh hỏi hoặc ngã",
                "Xếp chúng vào hai nhóm",
                "Gửi bài theo phiếu trong gói tài liệu",
            ),
            "Để luyện tập, hãy ghi ra mười từ láy có thanh hỏi hoặc thanh ngã, rồi xếp chúng vào hai nhóm vừa học. "
            "Cuối chương trình có mã điểm danh. Cảm ơn các anh chị đã theo dõi.",
        ),
    ),
)

_SENTENCES: Final = LessonText(
    "TVTH-TV2",
    "tv",
    _COURSE,
    "Câu và lỗi thường gặp về câu",
    (
        Slide(
            "Câu có hai thành phần chính",
            (
                "Chủ ngữ: nói về ai, về cái gì",
                "Vị ngữ: làm gì, thế nào, là gì",
                "Lớp học / bắt đầu lúc bảy giờ.",
            ),
            "Chào các anh chị học viên. Bài hai nói về câu. Một câu thường có hai thành phần chính. Chủ ngữ cho biết "
            "nói về ai hay về cái gì. Vị ngữ cho biết làm gì, thế nào, là gì. Ví dụ: Lớp học bắt đầu lúc bảy giờ.",
        ),
        Slide(
            "Lỗi 1. Thiếu chủ ngữ",
            ("Sai: Qua bài đọc cho thấy ý chí của tác giả.", "Đúng: Bài đọc cho thấy ý chí của tác giả."),
            "Lỗi thứ nhất là thiếu chủ ngữ. Câu: Qua bài đọc cho thấy ý chí của tác giả, không có chủ ngữ, vì chữ qua "
            "biến bài đọc thành trạng ngữ. Bỏ chữ qua, ta có câu đúng: Bài đọc cho thấy ý chí của tác giả.",
        ),
        Slide(
            "Lỗi 2. Thiếu vị ngữ",
            (
                "Sai: Những học viên ở vùng sâu, vùng xa.",
                "Đúng: Những học viên ở vùng sâu, vùng xa nhận bài qua bưu điện.",
            ),
            "Lỗi thứ hai là thiếu vị ngữ. Những học viên ở vùng sâu, vùng xa, mới chỉ là một cụm danh từ. Phải nói "
            "tiếp họ làm gì: Những học viên ở vùng sâu, vùng xa nhận bài qua bưu điện.",
        ),
        Slide(
            "Lỗi 3. Nối câu sai quan hệ",
            (
                "Tuy … nhưng: hai ý trái nhau",
                "Vì … nên: nguyên nhân và kết quả",
                "Không trộn: “Tuy … nên”, “Vì … nhưng”",
            ),
            "Lỗi thứ ba là dùng sai cặp quan hệ từ. Tuy và nhưng nối hai ý trái nhau. Vì và nên nối nguyên nhân với "
            "kết quả. Đừng trộn hai cặp ấy trong một câu.",
        ),
        Slide(
            "Cách tự chữa câu",
            ("Gạch chân chủ ngữ, vị ngữ", "Đọc to để nghe chỗ gượng", "Tách câu dài thành câu ngắn"),
            "Khi tự chữa bài, hãy gạch chân chủ ngữ và vị ngữ của từng câu, đọc to để nghe chỗ gượng, và tách câu dài "
            "thành những câu ngắn. Cuối chương trình có mã điểm danh. Hẹn gặp lại ở bài ba.",
        ),
    ),
)

_PARAGRAPHS: Final = LessonText(
    "TVTH-TV3",
    "tv",
    _COURSE,
    "Đoạn văn và câu chủ đề",
    (
        Slide(
            "Đoạn văn là gì?",
            ("Bắt đầu bằng chữ hoa lùi đầu dòng", "Kết thúc bằng dấu ngắt đoạn", "Trình bày trọn một ý"),
            "Chào các anh chị học viên. Bài ba nói về đoạn văn. Đoạn văn bắt đầu bằng chữ viết hoa lùi đầu dòng, kết "
            "thúc bằng dấu ngắt đoạn, và quan trọng nhất là trình bày trọn vẹn một ý.",
        ),
        Slide(
            "Câu chủ đề",
            ("Nêu ý chính của cả đoạn", "Ngắn gọn, đủ hai thành phần", "Thường đứng đầu hoặc cuối đoạn"),
            "Câu chủ đề nêu ý chính của cả đoạn. Nó ngắn gọn, đủ chủ ngữ và vị ngữ, thường đứng ở đầu đoạn hoặc cuối "
            "đoạn. Người đọc chỉ cần đọc câu ấy là biết đoạn văn nói về điều gì.",
        ),
        Slide(
            "Ba cách lập luận",
            (
                "Diễn dịch: ý chính trước, dẫn chứng sau",
                "Quy nạp: dẫn chứng trước, ý chính sau",
                "Tổng – phân – hợp",
            ),
            "Có ba cách trình bày thường dùng. Diễn dịch đặt ý chính ở đầu rồi giải thích. Quy nạp đưa dẫn chứng "
            "trước, rút ra ý chính ở cuối. Tổng phân hợp nêu ý chính ở đầu, phân tích, rồi khẳng định lại ở cuối đoạn.",
        ),
        Slide(
            "Một đoạn mẫu",
            (
                "“Học từ xa cần tính tự giác.”",
                "Dẫn chứng: lịch học, ghi chép, nộp bài",
                "Câu kết nhắc lại ý chính",
            ),
            "Đây là một ví dụ. Câu chủ đề: Học từ xa cần tính tự giác. Các câu sau nêu dẫn chứng: tự lập lịch học, ghi "
            "chép khi nghe đài, nộp bài đúng hạn. Câu kết nhắc lại: có tự giác thì khoảng cách không còn là trở ngại.",
        ),
        Slide(
            "Bài tập của bài ba",
            (
                "Viết một đoạn 8 đến 10 câu",
                "Chủ đề: Một ngày tự học của tôi",
                "Gạch chân câu chủ đề rồi gửi bài",
            ),
            "Bài tập của bài ba: viết một đoạn văn từ tám đến mười câu với chủ đề, một ngày tự học của tôi, và gạch "
            "chân câu chủ đề. Cuối chương trình có mã điểm danh. Chúc các anh chị học tốt.",
        ),
    ),
)

_LISTENING: Final = LessonText(
    "TVTH-PT1",
    "radio",
    _COURSE,
    "Nghe và ghi chép ý chính",
    (
        Slide(
            "Mở đầu",
            (),
            "Đây là chương trình phát thanh của học phần Tiếng Việt thực hành. Bài hôm nay: nghe và ghi chép ý chính. "
            "Các anh chị hãy chuẩn bị giấy và bút.",
        ),
        Slide(
            "Trước khi nghe",
            (),
            "Trước khi nghe, hãy tự hỏi ba điều: bài nói về việc gì, người nói muốn tôi biết điều gì, và tôi đã biết "
            "gì về việc ấy. Ba câu hỏi này giúp tai ta chờ đúng ý cần nghe.",
        ),
        Slide(
            "Trong khi nghe",
            (),
            "Trong khi nghe, đừng chép từng chữ. Hãy chia trang giấy làm hai cột. Cột trái ghi từ khóa, con số và tên "
            "riêng. Cột phải để trống. Khi người nói dùng các từ như thứ nhất, tuy nhiên, tóm lại, hãy xuống dòng, vì "
            "một ý mới sắp bắt đầu.",
        ),
        Slide(
            "Sau khi nghe",
            (),
            "Ngay sau khi nghe, hãy dùng cột phải viết lại mỗi ý bằng một câu của mình. Cuối cùng, tóm tắt cả bài "
            "trong hai câu. Nếu không tóm tắt được, hãy nghe lại vào buổi phát lại.",
        ),
        Slide(
            "Luyện tập",
            (),
            "Bây giờ là phần luyện tập. Tối nay, hãy nghe một bản tin năm phút, ghi chép theo hai cột, rồi kể lại cho "
            "người nhà. Sau đây là mã điểm danh của buổi học. Xin cảm ơn và hẹn gặp lại.",
        ),
    ),
)

_SPEAKING: Final = LessonText(
    "TVTH-PT2",
    "radio",
    _COURSE,
    "Nói rõ ràng trước người nghe",
    (
        Slide(
            "Mở đầu",
            (),
            "Đây là chương trình phát thanh của học phần Tiếng Việt thực hành. Bài hôm nay: nói rõ ràng trước người "
            "nghe. Bài gồm ba phần: chuẩn bị, phát âm và kết thúc.",
        ),
        Slide(
            "Chuẩn bị",
            (),
            "Phần một: chuẩn bị. Hãy viết ra một câu nói điều quan trọng nhất mà người nghe cần nhớ. Sau đó chọn ba ý "
            "để làm rõ câu ấy. Ít ý mà rõ thì hơn nhiều ý mà mờ.",
        ),
        Slide(
            "Phát âm",
            (),
            "Phần hai: phát âm. Nói chậm hơn lúc trò chuyện một chút. Đọc tròn âm cuối của mỗi tiếng, nhất là các âm "
            "n, ng, t và c. Nghỉ một nhịp sau mỗi ý. Hãy thử đọc: Ngày mai, lớp ta học ở nhà văn hóa xã, lúc tám giờ.",
        ),
        Slide(
            "Người nghe",
            (),
            "Khi nói, hãy nhìn người nghe và xem họ có theo kịp không. Nếu họ cau mày, hãy nói lại ý vừa rồi bằng từ "
            "đơn giản hơn. Một ví dụ gần gũi thường rõ hơn một định nghĩa dài.",
        ),
        Slide(
            "Kết thúc",
            (),
            "Phần ba: kết thúc. Hãy nhắc lại câu quan trọng nhất, rồi dừng. Đừng xin lỗi và đừng nói thêm. Bài tập: "
            "nói hai phút về một việc anh chị làm giỏi, ghi âm và tự nghe lại. Sau đây là mã điểm danh. Xin cảm ơn.",
        ),
    ),
)

LESSONS: Final = (_TONES, _SENTENCES, _PARAGRAPHS, _LISTENING, _SPEAKING)
