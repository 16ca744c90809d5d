"""A QR code as a drawing of squares."""

from __future__ import annotations

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from reportlab.platypus import Flowable


class QrMark(Flowable):
    """`words` as a QR code of the given side, in points, with its quiet zone."""

    def __init__(self, words: str, side: float) -> None:
        super().__init__()
        self._words = words
        self._side = side

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return self._side, self._side

    def draw(self) -> None:
        code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4)
        code.add_data(self._words)
        code.make(fit=True)
        grid = code.get_matrix()
        module = self._side / len(grid)
        path = self.canv.beginPath()
        for y, line in enumerate(grid):
            for x, dark in enumerate(line):
                if dark:
                    path.rect(x * module, self._side - (y + 1) * module, module, module)
        self.canv.setFillGray(0)
        self.canv.drawPath(path, stroke=0, fill=1)
