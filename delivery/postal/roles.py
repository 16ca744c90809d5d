"""What a printed page is for. The words stand in PacketPlanned facts, so they never change."""

from __future__ import annotations

from typing import Final

COVER: Final = "cover"
WEEK: Final = "week"
"""The learner's coming days: what airs when, what is due, how to send work by phone."""
FEEDBACK: Final = "feedback"
"""Marks and comments on the last returned work."""
MATERIAL: Final = "material"
ASSIGNMENT: Final = "assignment"
RETURN: Final = "return"
"""Cover sheet of the learner's own envelope, with the return label. Extra sheets behind it belong to its learner."""
BLANK: Final = "blank"
"""Back of a sheet, empty so that the next part begins on a front. It bears codes, for learners write on it."""
