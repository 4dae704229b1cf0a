"""From the points of a motion capture file to joints: taken by name, or estimated from markers on the skin.

- Hips: Harrington et al. 2007 (J Biomech 40:595), from the width and the depth of the pelvis.
- Shoulders: Rab et al. 2002 (Gait Posture 15:64), below the acromion by 17 % of the distance between the two.
- Knees, ankles, elbows, wrists: halfway between the medial and the lateral marker. Where only the lateral one
  is there, knee and ankle lie inward by half the joint's width, a share of the shank that was measured on two
  people with both markers. Elbow and wrist stay at the lateral marker.
"""

import numpy as np
from numpy.typing import NDArray

from ml.poses.assemble import UNITS, Found, Said, assemble
from ml.poses.body import REQUIRED, median_length
from ml.poses.errors import PoseFormatError
from ml.poses.facts import Fact
from ml.poses.people import one_of
from ml.poses.sequence import PoseSequence
from ml.skeletons import BODY_25_NAMES, EC3D_19
from ml.vectors import unit

Array = NDArray[np.float64]
Points = dict[str, Array]

HALF_KNEE, HALF_ANKLE = 0.14, 0.11
RAB_SHARE = 0.17

#: Names of joint centres, in lower case, besides the model's own and OpenPose's.
_CENTRES = {"hip": "mid_hip", "chip": "mid_hip"} | {
    f"{side[0]}{letter}jc": f"{side}_{part}"
    for side in ("left", "right")
    for letter, part in zip("hkasew", ("hip", "knee", "ankle", "shoulder", "elbow", "wrist"), strict=True)
}
_JOINTS = {
    **{joint: joint for joint in EC3D_19.joints},
    **{short.lower(): joint for short, joint in BODY_25_NAMES.items()},
    **_CENTRES,
}

#: What each landmark is called: Vicon Plug-in Gait, then OpenCap and Pose2Sim; `s` is the side.
_MARKERS = {
    "asis": ("{s}asi", "{s}asis", "{s}.asis"),
    "psis": ("{s}psi", "{s}psis", "{s}.psis", "sacr"),
    "knee": ("{s}kne", "{s}_knee"),
    "knee_medial": ("{s}knm", "{s}mkne", "{s}_mknee"),
    "ankle": ("{s}ank", "{s}_ankle"),
    "ankle_medial": ("{s}ankm", "{s}mank", "{s}med", "{s}_mankle"),
    "heel": ("{s}hee", "{s}_calc"),
    "big_toe": ("{s}toe", "{s}_toe"),
    "acromion": ("{s}sho", "{s}acr", "{s}_shoulder"),
    "elbow": ("{s}elb", "{s}_lelbow"),
    "elbow_medial": ("{s}elbm", "{s}melb", "{s}_melbow"),
    "wrist": ("{s}wra", "{s}_lwrist"),
    "wrist_medial": ("{s}wrb", "{s}_mwrist"),
}


def sequence_from_points(points: Points, *, unit: str, frame_rate: float, format: str) -> PoseSequence:
    """Return the motion of named points whose unit and frame rate (Hz) are known; as `found_in_points`.

    Raises
    ------
    PoseFormatError
        As `ml.poses.assemble.assemble`; `missing_joints` where the markers cover a part of the body only.
    """
    return assemble(found_in_points(points, format=format, frame_rate=Said(frame_rate), unit=Said(unit)))


def found_in_points(
    points: Points, *, format: str, frame_rate: Said | str, unit: Said, person: int | None = None
) -> Found:
    """Return the joints of a file of named points, by their names or from markers on the skin.

    Parameters
    ----------
    points : dict of str to ndarray, shape (F, 3)
        Joints or skin markers in the file's axes; NaN, or zeros as Vicon writes it, where one was lost.
    format, frame_rate, unit
        As in `ml.poses.assemble.Found`.
    person : int, optional
        Which of several people, from 1, whose points are told apart by what stands before a colon.

    Raises
    ------
    PoseFormatError
        `missing_joints` where no point of the file is known.
    """
    found = [_joints_of(own, 1.0 / UNITS[unit.value]) for own in _by_subject(points)]
    whole = [(joints, facts) for joints, facts in found if set(REQUIRED) <= set(joints)]
    if len(whole) > 1:
        joints, chosen = one_of([joints for joints, _ in whole], person)
        facts = (*whole[0][1], *chosen)
    else:
        joints, facts = whole[0] if whole else _joints_of(points, 1.0 / UNITS[unit.value])
    if not joints:
        raise PoseFormatError(
            "missing_joints",
            f"None of the {len(points)} points ({', '.join(points)[:60]}, ...) has the name of a joint or of "
            "a marker of Plug-in Gait, OpenCap or Pose2Sim. Export the joint centres of the whole body: left "
            "shoulder, left hip, left knee, left ankle and so on.",
        )
    return Found(format=format, joints=joints, frame_rate=frame_rate, unit=unit, facts=facts)


def _by_subject(points: Points) -> list[Points]:
    """The points of each subject, in the order of the file: `Anna:LASI` is Anna's."""
    subjects: dict[str, Points] = {}
    for name, path in points.items():
        subjects.setdefault(name.rpartition(":")[0], {})[name] = path
    return list(subjects.values())


def _joints_of(points: Points, metre: float) -> tuple[Points, tuple[Fact, ...]]:
    """The joints of one body by EC3D_19 name, and how they were made; `metre` is one in the file's unit."""
    named = {name.rpartition(":")[2].strip().lower(): _lost_as_nan(path) for name, path in points.items()}
    # OpenCap's RKnee is a joint and its r_knee_study a marker: joints go by the whole name.
    joints = {_JOINTS[key]: path for key, path in named.items() if key in _JOINTS}
    facts: tuple[Fact, ...] = ()
    if not set(REQUIRED) <= set(joints):
        markers = {key.removesuffix("_study"): path for key, path in named.items()}
        estimated, facts = _from_markers(markers, metre)
        joints = {**estimated, **joints}
    return joints, facts


def _lost_as_nan(path: Array) -> Array:
    return np.where((path == 0).all(axis=-1, keepdims=True), np.nan, path)


def _from_markers(points: Points, metre: float) -> tuple[Points, tuple[Fact, ...]]:
    """Joints by EC3D_19 name as far as there are markers; `metre` is the length of one in the file."""
    marks = {
        f"{side}_{landmark}": points[key]
        for side in ("left", "right")
        for landmark, names in _MARKERS.items()
        for key in [next((n.format(s=side[0]) for n in names if n.format(s=side[0]) in points), "")]
        if key
    }
    joints, facts = _hips(marks, metre)
    more, how = _shoulders(marks, joints)
    joints, facts = joints | more, facts + how
    for side in ("left", "right"):
        joints |= {
            f"{side}_{part}": marks[f"{side}_{part}"]
            for part in ("heel", "big_toe")
            if f"{side}_{part}" in marks
        }
        for part in ("elbow", "wrist", "knee", "ankle"):
            if f"{side}_{part}" in marks and f"{side}_{part}_medial" in marks:
                joints[f"{side}_{part}"] = (marks[f"{side}_{part}"] + marks[f"{side}_{part}_medial"]) / 2.0
            elif part in ("elbow", "wrist") and f"{side}_{part}" in marks:
                joints[f"{side}_{part}"] = marks[f"{side}_{part}"]
    lateral = _inward(marks, joints)
    if lateral:
        halfway = "inward of the lateral markers by half the usual joint width"
        facts += (Fact("knees and ankles", "from markers", "format", halfway),)
    return joints | lateral, facts


def _hips(marks: Points, metre: float) -> tuple[Points, tuple[Fact, ...]]:
    """Harrington's single regressions in the pelvis' frame, from the middle of the ASIS."""
    if not {f"{side}_{part}" for side in ("left", "right") for part in ("asis", "psis")} <= set(marks):
        return {}, ()
    across = marks["right_asis"] - marks["left_asis"]
    origin = (marks["right_asis"] + marks["left_asis"]) / 2.0
    ahead = origin - (marks["right_psis"] + marks["left_psis"]) / 2.0
    width, depth = (median_length(path) for path in (across, ahead))
    right = unit(across)
    up = unit(np.cross(right, ahead))
    front = np.cross(up, right)
    back, down, out = (
        0.24 * depth + 0.0099 * metre,
        0.30 * width + 0.0109 * metre,
        0.33 * width + 0.0073 * metre,
    )
    middle = origin - back * front - down * up
    return {"left_hip": middle - out * right, "right_hip": middle + out * right}, (
        Fact("hips", "from the pelvis markers", "format", "after Harrington et al. 2007"),
    )


def _shoulders(marks: Points, hips: Points) -> tuple[Points, tuple[Fact, ...]]:
    if not {"left_acromion", "right_acromion"} <= set(marks) or not hips:
        return {}, ()
    left, right = marks["left_acromion"], marks["right_acromion"]
    down = unit((hips["left_hip"] + hips["right_hip"] - left - right) / 2.0)
    drop = RAB_SHARE * median_length(right - left) * down
    return {"left_shoulder": left + drop, "right_shoulder": right + drop}, (
        Fact("shoulders", "below the acromion", "format", "after Rab et al. 2002"),
    )


def _inward(marks: Points, joints: Points) -> Points:
    """Knees and ankles of lateral markers without a medial one: moved inward, square to the bone above."""
    found: Points = {}
    if not {"left_hip", "right_hip"} <= set(joints):
        return found
    right = unit(joints["right_hip"] - joints["left_hip"])
    for side, inward in (("left", right), ("right", -right)):
        if f"{side}_knee" not in marks or f"{side}_ankle" not in marks:
            continue
        shank = median_length(marks[f"{side}_knee"] - marks[f"{side}_ankle"])
        above = joints[f"{side}_hip"]
        for part, share in (("knee", HALF_KNEE), ("ankle", HALF_ANKLE)):
            if f"{side}_{part}" not in joints:
                bone = unit(marks[f"{side}_{part}"] - above)
                square = unit(inward - (inward * bone).sum(axis=-1, keepdims=True) * bone)
                found[f"{side}_{part}"] = marks[f"{side}_{part}"] + share * shank * square
            above = {**joints, **found}[f"{side}_{part}"]
    return found
