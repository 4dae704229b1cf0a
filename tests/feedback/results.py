"""A finished computation as the pipeline returns it, without any network."""

from ml.results import CorrectionResult, Finding, RecordingResult, RepetitionResult
from tests.motions import squats


def recording_result(findings=("squat.knees_inward", "squat.correct"), *, abstained=()) -> RecordingResult:
    """One repetition a finding; each mistake that is not abstained from with a verified correction."""
    performed = squats(len(findings))
    repetitions = []
    for i, code in enumerate(findings):
        start, end = i * 90, (i + 1) * 90
        unsure = i in abstained
        probability = 0.4 if unsure else 0.9
        correction = None
        if not code.endswith(".correct") and not unsure:
            correction = CorrectionResult(
                positions=(performed.positions[start:end] + 0.01).astype("float32"),
                verified=True,
                failed_checks=(),
                largest_shift_m=0.017,
                joints=("left_knee", "right_knee"),
                judged="squat.correct",
            )
        finding = Finding(code, probability, {code: probability}, unsure, "low_confidence" if unsure else "")
        repetitions.append(RepetitionResult(i, start, end, "squat", finding, correction))
    return RecordingResult("test-release", "squat", performed, {"left_knee": 0.1}, tuple(repetitions))
