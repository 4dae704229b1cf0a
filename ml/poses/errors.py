"""What is raised for a file that cannot be used: a code for programs, a sentence for people."""

#: How the sentence of a file that was cut or damaged ends.
TRUNCATED = "The file ends in the middle or is damaged. Export or upload it again."


class PoseFormatError(ValueError):
    """A pose file cannot be read, or holds no usable person.

    Parameters
    ----------
    code : str
        One of `CODES`; stable, machine-readable.
    message : str
        A full sentence that names the fault and what to do. Never holds a path or a person's name.
    """

    #: Every code a reader may raise. `feedback/wording.py` has a sentence for each.
    CODES = (
        "empty_file",
        "unknown_format",
        "unsafe_format",
        "truncated",
        "too_many_frames",
        "too_few_frames",
        "no_frame_rate",
        "bad_frame_rate",
        "no_person",
        "several_people",
        "missing_joints",
        "missing_values",
        "not_3d",
        "not_metres",
    )

    def __init__(self, code: str, message: str) -> None:
        if code not in self.CODES:
            raise AssertionError(f"unlisted pose format code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message
