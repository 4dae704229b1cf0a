"""Joints, parents, left-right pairs, and where each known source keeps its joints: the only table of them."""

from dataclasses import dataclass
from functools import cached_property

_OTHER_SIDE = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Skeleton:
    """A tree of named joints.

    Parameters
    ----------
    name : str
    joints : tuple of str
        Names, in the order of the arrays' joint axis. A side is a prefix: `left_knee`, `right_knee`.
    parents : tuple of int
        Index of each joint's parent; -1 for the root.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.joints) != len(self.parents):
            raise ValueError(f"{self.name}: {len(self.joints)} joints but {len(self.parents)} parents")

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Return the place of a joint in the arrays; `KeyError` if there is none of that name."""
        return self._index[joint]

    def indices(self, *joints: str) -> list[int]:
        """Return the places of several joints."""
        return [self._index[joint] for joint in joints]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {joint: i for i, joint in enumerate(self.joints)}

    @cached_property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """(parent, child) index pairs, parents before their children."""
        pairs: list[tuple[int, int]] = []
        reached = [i for i, parent in enumerate(self.parents) if parent < 0]
        while reached:
            joint = reached.pop(0)
            children = [i for i, parent in enumerate(self.parents) if parent == joint]
            pairs += [(joint, child) for child in children]
            reached += children
        return tuple(pairs)

    @cached_property
    def mirrored(self) -> tuple[int, ...]:
        """For each joint the index of its twin on the other side, or its own."""
        return tuple(self._index[other_side(name)] for name in self.joints)


def other_side(name: str) -> str:
    """Return the name of a joint or an angle on the other side; of one in the middle its own.

    Parameters
    ----------
    name : str
        Such as `left_knee`, `right_knee_flexion` or `neck`.
    """
    side, _, rest = name.partition("_")
    return f"{_OTHER_SIDE[side]}_{rest}" if side in _OTHER_SIDE else name


def _tree(name: str, edges: list[tuple[str, str | None]]) -> Skeleton:
    joints = tuple(joint for joint, _ in edges)
    parents = tuple(-1 if parent is None else joints.index(parent) for _, parent in edges)
    return Skeleton(name, joints, parents)


#: The model's 19 joints, in EC3D's order, rooted at the pelvis.
EC3D_19 = _tree(
    "ec3d_19",
    [
        ("nose", "neck"),
        ("neck", "mid_hip"),
        ("right_shoulder", "neck"),
        ("right_elbow", "right_shoulder"),
        ("right_wrist", "right_elbow"),
        ("left_shoulder", "neck"),
        ("left_elbow", "left_shoulder"),
        ("left_wrist", "left_elbow"),
        ("mid_hip", None),
        ("right_hip", "mid_hip"),
        ("right_knee", "right_hip"),
        ("right_ankle", "right_knee"),
        ("left_hip", "mid_hip"),
        ("left_knee", "left_hip"),
        ("left_ankle", "left_knee"),
        ("left_big_toe", "left_ankle"),
        ("left_heel", "left_ankle"),
        ("right_big_toe", "right_ankle"),
        ("right_heel", "right_ankle"),
    ],
)

#: Place of each of the 19 joints in OpenPose's BODY_25.
BODY_25 = dict(zip(EC3D_19.joints, (*range(15), 19, 21, 22, 24), strict=True))

#: How OpenPose and EC3D spell the 19 joints.
BODY_25_NAMES = {
    "".join({"left": "L", "right": "R"}.get(word, word.title()) for word in joint.split("_")): joint
    for joint in EC3D_19.joints
}

#: MediaPipe Pose (BlazePose) landmark numbers. Neck and pelvis are not among them.
MEDIAPIPE_33 = {
    "nose": 0,
    "left_shoulder": 11,
    "right_shoulder": 12,
    "left_elbow": 13,
    "right_elbow": 14,
    "left_wrist": 15,
    "right_wrist": 16,
    "left_hip": 23,
    "right_hip": 24,
    "left_knee": 25,
    "right_knee": 26,
    "left_ankle": 27,
    "right_ankle": 28,
    "left_heel": 29,
    "right_heel": 30,
    "left_big_toe": 31,
    "right_big_toe": 32,
}

#: What the published project's long CSV files call the joints (no feet beyond the ankle).
EC3D_LONG_CSV = {
    "nose": "nose",
    "upper spine": "neck",
    "right shoulder": "right_shoulder",
    "right elbow": "right_elbow",
    "right hand": "right_wrist",
    "left shoulder": "left_shoulder",
    "left elbow": "left_elbow",
    "left hand": "left_wrist",
    "lower spine": "mid_hip",
    "right hip": "right_hip",
    "right knee": "right_knee",
    "right foot": "right_ankle",
    "left hip": "left_hip",
    "left knee": "left_knee",
    "left foot": "left_ankle",
}

_ARMS_AND_LEGS_FROM_5 = {
    f"{side}_{part}": 5 + 2 * i + j
    for i, part in enumerate(("shoulder", "elbow", "wrist", "hip", "knee", "ankle"))
    for j, side in enumerate(("left", "right"))
}

#: COCO's 17 keypoints; OpenPose's BODY_25B and Halpe's 26 begin with them.
COCO_17 = {"nose": 0, **_ARMS_AND_LEGS_FROM_5}
BODY_25B = COCO_17 | {"left_big_toe": 19, "left_heel": 21, "right_big_toe": 22, "right_heel": 24}
HALPE_26 = COCO_17 | {
    "mid_hip": 19,
    "left_big_toe": 20,
    "right_big_toe": 21,
    "left_heel": 24,
    "right_heel": 25,
}

#: Human3.6M's 17 joints, as lifting networks write them (9 and 10 are neck and head, not the nose).
H36M_17 = {
    "mid_hip": 0,
    "right_hip": 1,
    "right_knee": 2,
    "right_ankle": 3,
    "left_hip": 4,
    "left_knee": 5,
    "left_ankle": 6,
    "left_shoulder": 11,
    "left_elbow": 12,
    "left_wrist": 13,
    "right_shoulder": 14,
    "right_elbow": 15,
    "right_wrist": 16,
}

#: Kinect v2's 25 joints, in the order of the sensor's `JointType`.
KINECT_V2 = (
    "SpineBase",
    "SpineMid",
    "Neck",
    "Head",
    "ShoulderLeft",
    "ElbowLeft",
    "WristLeft",
    "HandLeft",
    "ShoulderRight",
    "ElbowRight",
    "WristRight",
    "HandRight",
    "HipLeft",
    "KneeLeft",
    "AnkleLeft",
    "FootLeft",
    "HipRight",
    "KneeRight",
    "AnkleRight",
    "FootRight",
    "SpineShoulder",
    "HandTipLeft",
    "ThumbLeft",
    "HandTipRight",
    "ThumbRight",
)

#: Which of them are joints of the model. Kinect's foot is the middle of the toes.
KINECT_V2_NAMES = {
    "SpineBase": "mid_hip",
    "SpineShoulder": "neck",
    **{
        f"{part.title()}{side.title()}": f"{side}_{part}"
        for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
        for side in ("left", "right")
    },
    "FootLeft": "left_big_toe",
    "FootRight": "right_big_toe",
}

_BVH_LIMBS = {
    "shoulder": ("{side}arm", "{side}uparm", "{s}humerus", "{s}shldr", "{side}shoulder"),
    "elbow": ("{side}forearm", "{side}lowarm", "{s}radius", "{s}forearm", "{side}elbow"),
    "wrist": ("{side}hand", "{s}wrist", "{s}hand", "{side}wrist"),
    "hip": ("{side}upleg", "{side}thigh", "{s}femur", "{s}thigh", "{side}hip"),
    "knee": ("{side}leg", "{side}lowleg", "{side}shin", "{s}tibia", "{s}shin", "{side}knee"),
    "ankle": ("{side}foot", "{s}foot", "{side}ankle"),
    "big_toe": (
        "{side}toebase.end",
        "{side}toe_end",
        "{side}toebase",
        "{s}toes.end",
        "{side}toe.end",
        "{side}toe",
        "{side}ankle.end",
        "{side}foot.end",
    ),
    "heel": ("{side}heel",),
}

#: How BVH files name the joints, in lower case, the surest first: MotionBuilder and Mixamo (where a joint is
#: named by the bone that begins there, and `LeftShoulder` is the collar bone), CMU, DAZ, banks of motions.
#: `.end` is the end of a bone.
BVH_NAMES = {
    f"{side}_{part}": tuple(name.format(side=side, s=side[0]) for name in names)
    for part, names in _BVH_LIMBS.items()
    for side in ("left", "right")
}

#: Vicon Plug-in Gait's markers of the whole body, in the order of UI-PRMD's rows.
PLUG_IN_GAIT_39 = (
    "LFHD",
    "RFHD",
    "LBHD",
    "RBHD",
    "C7",
    "T10",
    "CLAV",
    "STRN",
    "RBAK",
    "LSHO",
    "LUPA",
    "LELB",
    "LFRM",
    "LWRA",
    "LWRB",
    "LFIN",
    "RSHO",
    "RUPA",
    "RELB",
    "RFRM",
    "RWRA",
    "RWRB",
    "RFIN",
    "LASI",
    "RASI",
    "LPSI",
    "RPSI",
    "LTHI",
    "LKNE",
    "LTIB",
    "LANK",
    "LHEE",
    "LTOE",
    "RTHI",
    "RKNE",
    "RTIB",
    "RANK",
    "RHEE",
    "RTOE",
)
