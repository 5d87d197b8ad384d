"""An answer to a notice as it is sent."""

from typing import Literal

from pydantic import Field

from ems_gateway.notices.answering import NoticeAnswer
from ems_gateway.reading import DETAILS_CHARACTERS_MAX, MESSAGE_CHARACTERS_MAX, Body


class NoticeAnswerBody(Body):
    """Whether the ERO's system has taken a notice."""

    status: Literal["success", "failure"]
    message: str | None = Field(default=None, max_length=MESSAGE_CHARACTERS_MAX)
    details: str | None = Field(default=None, max_length=DETAILS_CHARACTERS_MAX)

    def answer(self) -> NoticeAnswer:
        return NoticeAnswer(self.status, self.message, self.details)
