"""What happens in the demo clinic: invented people, and who recorded what over six weeks. No database."""

from dataclasses import dataclass

from ml.catalogue import correct_code, exercise_of


@dataclass(frozen=True)
class DemoRecording:
    """One recording to be simulated.

    `mistakes` of its `repetitions` show the mistake; the others are correct. `magnitude` is how strong it is,
    drawn for each repetition where it is None; under 0 is a borderline case.
    """

    days_ago: int
    mistake: str
    mistakes: int
    repetitions: int = 6
    pain: int | None = None
    magnitude: float | None = None

    @property
    def exercise(self) -> str:
        return exercise_of(self.mistake)

    @property
    def codes(self) -> tuple[str, ...]:
        """The class of each repetition; the mistakes come last, as they do when somebody tires."""
        right = (correct_code(self.exercise),) * (self.repetitions - self.mistakes)
        return right + (self.mistake,) * self.mistakes


@dataclass(frozen=True)
class DemoPatient:
    """An invented patient, their body in the simulator, and what they recorded."""

    name: str
    birth_year: int
    complaint: str
    lead: str
    body: int
    prescription: tuple[str, int, int, int]
    cue: str
    recordings: tuple[DemoRecording, ...]
    email: str = ""
    colleague: str = ""


LEAD, COLLEAGUE = "clinician@demo.example", "colleague@demo.example"
PATIENT = "patient@demo.example"
CLINICIANS = {LEAD: ("Ingrid", "Solberg"), COLLEAGUE: ("Mateo", "Fuentes")}
#: Of every account. The demo listens on this machine only, and nothing in it is real.
PASSWORD = "exercise-every-day"  # noqa: S105


def _course(mistake: str, *points: tuple[int, int, int]) -> tuple[DemoRecording, ...]:
    """Recordings of six repetitions from points (days ago, mistakes, pain)."""
    return tuple(DemoRecording(days, mistake, mistakes, pain=pain) for days, mistakes, pain in points)


def _planks(*points: tuple[int, int], magnitude: float | None = None) -> tuple[DemoRecording, ...]:
    """Recordings of three planks from points (days ago, mistakes)."""
    return tuple(
        DemoRecording(days, "plank.arched_back", mistakes, repetitions=3, pain=1, magnitude=magnitude)
        for days, mistakes in points
    )


PATIENTS = (
    DemoPatient(  # improves
        name="Nora Lindgren",
        birth_year=1988,
        complaint="Knee pain on the right",
        lead=LEAD,
        colleague=COLLEAGUE,
        email=PATIENT,
        body=70_012,
        prescription=("squat", 3, 10, 4),
        cue="Sit down until your thighs are level.",
        recordings=_course(
            "squat.not_low_enough",
            *((41, 6, 3), (36, 6, 3), (30, 5, 3), (24, 4, 2), (18, 3, 2), (12, 2, 1), (6, 1, 1), (2, 0, 0)),
        ),
    ),
    DemoPatient(  # gets worse
        name="Tomás Herrera",
        birth_year=1975,
        complaint="Ankle sprain on the left, eight weeks ago",
        lead=LEAD,
        body=70_002,
        prescription=("lunge", 3, 8, 3),
        cue="Keep your front shin upright.",
        recordings=_course(
            "lunge.knee_passes_toe",
            *((39, 0, 0), (32, 1, 0), (25, 1, 1), (17, 3, 1), (10, 5, 3), (3, 6, 5)),
        ),
    ),
    DemoPatient(  # a recording that the model is not sure of
        name="Grete Baumann",
        birth_year=1962,
        complaint="Low back pain",
        lead=LEAD,
        colleague=COLLEAGUE,
        body=71_123,
        prescription=("plank", 3, 1, 5),
        cue="Draw your navel up, keep your back long.",
        recordings=(
            *_planks((37, 3), (29, 2), (21, 2), (13, 1)),
            *_planks((4, 2), magnitude=-0.3),
        ),
    ),
    DemoPatient(  # much the same all along
        name="Samuel Adeyemi",
        birth_year=1994,
        complaint="After a torn meniscus",
        lead=LEAD,
        body=70_004,
        prescription=("squat", 3, 12, 3),
        cue="Let your knees follow your toes.",
        recordings=_course(
            "squat.knees_inward",
            *((40, 4, 2), (33, 4, 2), (26, 3, 2), (19, 4, 2), (11, 3, 1), (5, 4, 2)),
        ),
    ),
    DemoPatient(  # the colleague's patient
        name="Hanna Virtanen",
        birth_year=1981,
        complaint="Hip pain when sitting",
        lead=COLLEAGUE,
        body=70_001,
        prescription=("squat", 2, 10, 4),
        cue="Keep your chest up as you sit down.",
        recordings=_course(
            "squat.front_bent",
            *((38, 5, 2), (28, 4, 2), (16, 3, 1), (8, 2, 1), (1, 2, 1)),
        ),
    ),
)
