"""What people ask for and cannot have: an error with a code, whose sentence is in `feedback.wording`."""

from collections.abc import Mapping
from typing import ClassVar

from feedback.wording import Sentences


class Refusal(ValueError):
    """Something is refused: `code` is one of `SENTENCES`, `message` what the clinician reads."""

    SENTENCES: ClassVar[Mapping[str, Sentences]]

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.message = str(self.SENTENCES[code].clinician).format(**values)
        super().__init__(self.message)
