"""A finished computation as the pipeline returns it, without any network."""

from types import SimpleNamespace

from tests.motions import squats


def recording_result(findings=("squat.knees_inward", "squat.correct"), *, abstained=()):
    """One repetition a finding; each mistake with a correction that is verified."""
    performed = squats(len(findings))
    repetitions = []
    for i, code in enumerate(findings):
        start, end = i * 90, (i + 1) * 90
        unsure = i in abstained
        correction = None
        if not code.endswith(".correct") and not unsure:
            correction = SimpleNamespace(
                positions=performed.positions[start:end] + 0.01,
                verified=True,
                failed_checks=(),
                largest_shift_m=0.017,
                joints=("left_knee", "right_knee"),
            )
        finding = SimpleNamespace(
            code=code,
            probability=0.4 if unsure else 0.9,
            probabilities={code: 0.4 if unsure else 0.9},
            abstained=unsure,
            abstained_reason="low_confidence" if unsure else "",
        )
        repetitions.append(
            SimpleNamespace(
                index=i + 1,
                start_frame=start,
                end_frame=end,
                exercise="squat",
                finding=finding,
                correction=correction,
            )
        )
    return SimpleNamespace(
        release="test-release",
        exercise="squat",
        performed=performed,
        filled={"left_knee": 0.1},
        repetitions=tuple(repetitions),
    )
