"""A small moving person and the bytes of every format, for the tests of reading and preparing."""

import io
import json
import struct
import zipfile
from collections.abc import Callable

import numpy as np

from ml.poses.sequence import PoseSequence
from ml.poses.writers.exfb_json import write_exfb_json
from ml.skeletons import (
    BODY_25,
    BODY_25_NAMES,
    EC3D_19,
    EC3D_LONG_CSV,
    H36M_17,
    KINECT_V2,
    KINECT_V2_NAMES,
    MEDIAPIPE_33,
    PLUG_IN_GAIT_39,
)

FRAME_RATE = 30.0
_SHIN, _THIGH, _TRUNK, _ARM = 0.42, 0.42, 0.5, 0.28


def squatting(n_frames: int = 90, depth_degrees: float = 100.0, repetitions: int = 1) -> np.ndarray:
    """Positions (F, 19, 3) of a person facing +y who squats, with pauses of a third of each repetition."""
    phase = (np.arange(n_frames) * repetitions / n_frames) % 1.0
    moving = np.clip((phase - 1 / 6) / (2 / 3), 0.0, 1.0)
    bend = np.radians(depth_degrees) * (0.5 - 0.5 * np.cos(2 * np.pi * moving))
    shank, trunk = 0.35 * bend, 0.35 * bend
    thigh = bend - shank

    def along(angle: np.ndarray, length: float) -> np.ndarray:
        return np.stack([np.zeros_like(angle), length * np.sin(angle), length * np.cos(angle)], axis=1)

    ankle = np.tile([0.0, 0.0, 0.08], (n_frames, 1))
    knee = ankle + along(shank, _SHIN)
    hip = knee + along(-thigh, _THIGH)
    neck = hip + along(trunk, _TRUNK)
    elbow = neck + along(np.pi - trunk, _ARM)
    wrist = elbow + along(np.pi / 2 - 0.2 * trunk, _ARM)
    middle = {
        "nose": neck + along(trunk, 0.15) + [0.0, 0.1, 0.0],
        "neck": neck,
        "mid_hip": hip,
        "shoulder": neck,
        "elbow": elbow,
        "wrist": wrist,
        "hip": hip,
        "knee": knee,
        "ankle": ankle,
        "heel": ankle + [0.0, -0.05, -0.07],
        "big_toe": ankle + [0.0, 0.18, -0.07],
    }
    half_width = {"shoulder": 0.18, "elbow": 0.22, "wrist": 0.22, "hip": 0.1}
    paths = []
    for joint in EC3D_19.joints:
        side, _, part = joint.partition("_")
        if side in ("left", "right"):
            offset = half_width.get(part, 0.14) * (1.0 if side == "right" else -1.0)
            paths.append(middle[part] + [offset, 0.0, 0.0])
        else:
            paths.append(middle[joint])
    return np.stack(paths, axis=1)


def planking(n_frames: int = 300) -> np.ndarray:
    """Positions (F, 19, 3) of a person in a straight-armed plank, head towards +y."""
    standing = squatting(n_frames, depth_degrees=0.0)
    pivot = standing[:, EC3D_19.indices("left_big_toe", "right_big_toe")].mean(axis=(0, 1))
    arms = EC3D_19.indices("left_elbow", "left_wrist", "right_elbow", "right_wrist")
    for i in arms:
        part = EC3D_19.joints[i].partition("_")
        reach = _ARM * (1 if part[2] == "elbow" else 2)
        standing[:, i] = standing[:, EC3D_19.index(f"{part[0]}_shoulder")] + [0.0, reach, 0.0]
    tilt = np.radians(-68.0)
    turn = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    return (standing - pivot) @ turn.T + pivot


def walking_by(n_frames: int = 90) -> np.ndarray:
    """Someone upright who crosses the room behind the patient."""
    upright = squatting(n_frames, depth_degrees=0.0)
    return upright + np.linspace(-2.0, 2.0, n_frames)[:, None, None] * [1.0, 0.0, 0.0] + [0.0, 1.5, 0.0]


def two_people() -> np.ndarray:
    """One who walks by and one who squats, (P, F, J, 3)."""
    return np.stack([walking_by(), squatting()])


def sequence(positions: np.ndarray | None = None) -> PoseSequence:
    return PoseSequence(squatting() if positions is None else positions, FRAME_RATE)


def exfb_json(positions: np.ndarray | None = None, **changes: object) -> bytes:
    file = io.BytesIO()
    write_exfb_json(sequence(positions), file)
    content = {**json.loads(file.getvalue()), **changes}
    return json.dumps({key: value for key, value in content.items() if value is not None}).encode()


def npz(positions: np.ndarray | None = None, **arrays: object) -> bytes:
    content = {
        "positions": squatting() if positions is None else positions,
        "joints": np.array(EC3D_19.joints),
        "frame_rate": FRAME_RATE,
        **arrays,
    }
    file = io.BytesIO()
    np.savez_compressed(file, **{key: value for key, value in content.items() if value is not None})
    return file.getvalue()


def csv_wide(
    positions: np.ndarray | None = None, head: str = "# frame_rate: 30\n", axes: str = "xyz"
) -> bytes:
    positions = squatting() if positions is None else positions
    header = ",".join(f"{joint}_{axis}" for joint in EC3D_19.joints for axis in axes)
    kept = positions[..., : len(axes)].reshape(len(positions), -1)
    rows = "\n".join(",".join("" if np.isnan(v) else f"{v:.5f}" for v in row) for row in kept)
    return f"{head}{header}\n{rows}\n".encode()


def mediapipe_world(positions: np.ndarray | None = None) -> np.ndarray:
    """Positions as MediaPipe sees a person who faces the camera: hips at the origin, (F, 17, 3)."""
    positions = squatting() if positions is None else positions
    centred = positions - positions[:, [EC3D_19.index("mid_hip")]]
    chosen = centred[:, EC3D_19.indices(*MEDIAPIPE_33)]
    return np.stack([-chosen[..., 0], -chosen[..., 2], -chosen[..., 1]], axis=-1)


def mediapipe_csv(positions: np.ndarray | None = None, copies: int = 1, offset: float = 0.0) -> bytes:
    lines = ["id,name,x,y,z,visibility" + (",person" if copies > 1 else "")]
    by_number = sorted(
        (landmark, place, joint) for place, (joint, landmark) in enumerate(MEDIAPIPE_33.items())
    )
    for frame in mediapipe_world(positions) + offset:
        for person in range(copies):
            for landmark, place, joint in by_number:
                x, y, z = frame[place]
                last = f",{person}" if copies > 1 else ""
                lines.append(f"{landmark},{joint.replace('_', ' ')},{x:.5f},{y:.5f},{z:.5f},0.99{last}")
    return "\n".join(lines).encode()


def mediapipe_json(positions: np.ndarray | None = None, **more: object) -> bytes:
    rows = [
        {"frame": f + 1, "id": landmark, "name": joint, "x": p[0], "y": p[1], "z": p[2], "visibility": 0.9}
        for f, frame in enumerate(mediapipe_world(positions).tolist())
        for (joint, landmark), p in zip(MEDIAPIPE_33.items(), frame, strict=True)
    ]
    return json.dumps({"exercise": "squat", "joints_data": rows, **more}).encode()


def published(positions: np.ndarray | None = None) -> np.ndarray:
    """Positions in the published frame: left-handed, turned to the trunk frame by frame, a thigh of 0.140."""
    positions = squatting() if positions is None else positions
    centred = positions - positions[:, [EC3D_19.index("mid_hip")]]
    right = centred[:, EC3D_19.index("right_shoulder")] - centred[:, EC3D_19.index("left_shoulder")]
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    spine = centred[:, EC3D_19.index("neck")]
    spine = spine - (spine * right).sum(axis=1, keepdims=True) * right
    spine /= np.linalg.norm(spine, axis=1, keepdims=True)
    axes = np.stack([-right, np.cross(spine, right), spine], axis=1)
    return np.einsum("fij,fpj->fpi", axes, centred) / 3.0


def ec3d_csv(positions: np.ndarray | None = None) -> bytes:
    poses = published(positions)
    lines = ["frame,x,y,z,joint_name,label"]
    for f, frame in enumerate(poses):
        for long_name, joint in EC3D_LONG_CSV.items():
            x, y, z = frame[EC3D_19.index(joint)]
            lines.append(f"{f},{x:.6f},{y:.6f},{z:.6f},{long_name},correct")
    return "\n".join(lines).encode()


def ec3d_npz(positions: np.ndarray | None = None) -> bytes:
    file = io.BytesIO()
    np.savez(file, original=published(positions), joint_names=np.array(list(BODY_25_NAMES)))
    return file.getvalue()


def openpose_zip(
    positions: np.ndarray | None = None,
    *,
    places: dict[str, int] = BODY_25,
    n_joints: int = 25,
    people: int = 1,
    flat: bool = False,
) -> bytes:
    """A ZIP of OpenPose's frames; 3D in millimetres of a camera in front (y down, z away), or its pixels."""
    positions = squatting() if positions is None else positions
    camera = np.stack([-positions[..., 0], 1.5 - positions[..., 2], 3.0 - positions[..., 1]], axis=-1) * 1000
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for f, frame in enumerate(camera):
            points = np.zeros((n_joints, 4))
            for joint, place in places.items():
                points[place] = [*frame[EC3D_19.index(joint)], 0.9]
            if flat:
                points = np.stack([points[:, 0] / 4 + 500, points[:, 1] / 4 + 300, points[:, 3]], axis=1)
                points[points[:, 2] == 0] = 0
            key = "pose_keypoints_2d" if flat else "pose_keypoints_3d"
            content = {"version": 1.3, "people": [{key: points.round(4).ravel().tolist()}] * people}
            archive.writestr(f"walk_{f:012d}_keypoints.json", json.dumps(content))
    return file.getvalue()


def kinect_positions(positions: np.ndarray | None = None) -> np.ndarray:
    """Positions as a Kinect sees a person who faces it, (F, 25, 3); joints of no use to us at the pelvis."""
    positions = squatting() if positions is None else positions
    chosen = positions[:, EC3D_19.indices(*(KINECT_V2_NAMES.get(joint, "mid_hip") for joint in KINECT_V2))]
    return np.stack([chosen[..., 0], chosen[..., 2] - 1.0, 2.5 - chosen[..., 1]], axis=-1)


def kinect_raw(positions: np.ndarray | None = None) -> bytes:
    lines = ["Version0.1"]
    for f, frame in enumerate(kinect_positions(positions)):
        cells = (
            f"({joint},Tracked,{x:.6f},{y:.6f},{z:.6f},200.5,100.25)"
            for joint, (x, y, z) in zip(KINECT_V2, frame, strict=True)
        )
        lines.append(f"{f},5,18432,{','.join(cells)}")
    return "\n".join(lines).encode()


def kinect_csv(positions: np.ndarray | None = None) -> bytes:
    lines = ["Timestamp1,JointName,TrackingStatus,X,Y,Z"]
    for f, frame in enumerate(kinect_positions(positions)):
        lines += [
            f"{f},{joint},Tracked,{x},{y},{z}" for joint, (x, y, z) in zip(KINECT_V2, frame, strict=True)
        ]
    return "\n".join(lines).encode()


def kinect_rows(positions: np.ndarray | None = None) -> bytes:
    frames = np.concatenate(
        [kinect_positions(positions), np.full((*kinect_positions(positions).shape[:2], 4), 0.5)], 2
    )
    return "\n".join(" ".join(f"{v:.6f}" for v in frame.ravel()) for frame in frames).encode()


#: From z up to y up by a turn.
_Y_UP = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])


def body_25_points(positions: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """The joints by OpenPose's names, as Pose2Sim and OpenCap write them."""
    positions = squatting() if positions is None else positions
    return {short: positions[:, EC3D_19.index(joint)] for short, joint in BODY_25_NAMES.items()}


def trc(
    positions: np.ndarray | None = None,
    *,
    points: dict[str, np.ndarray] | None = None,
    unit: str = "m",
    rate: float = FRAME_RATE,
    promised: int | None = None,
    separator: str = "\t",
    y_up: bool = True,
) -> bytes:
    points = body_25_points(positions) if points is None else points
    scale = {"m": 1.0, "cm": 100.0, "mm": 1000.0}.get(unit, 1.0)
    values = np.stack(list(points.values()), axis=1) * scale @ (_Y_UP.T if y_up else np.eye(3))
    n_frames, n_points = values.shape[:2]
    head = [rate, rate, promised or n_frames, n_points, unit, rate, 1, n_frames]
    lines = [
        ["PathFileType", "4", "(X/Y/Z)", "squat.trc"],
        ["DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate", "OrigDataStartFrame"],
        [str(value) for value in head],
        ["Frame#", "Time", *(cell for name in points for cell in (name, "", ""))],
        ["", "", *(f"{axis}{i + 1}" for i in range(n_points) for axis in "XYZ")],
        [],
    ]
    for f, frame in enumerate(values.reshape(n_frames, -1)):
        lines.append(
            [str(f + 1), f"{f / FRAME_RATE:.5f}", *("" if np.isnan(v) else f"{v:.6f}" for v in frame)]
        )
    return "\n".join(separator.join(line) for line in lines).encode() + b"\n"


def c3d(
    positions: np.ndarray | None = None,
    *,
    points: dict[str, np.ndarray] | None = None,
    unit: str = "mm",
    integers: bool = False,
    processor: int = 84,
) -> bytes:
    """A C3D file, z up, of an Intel (84) or an SGI (86) computer."""
    points = body_25_points(positions) if points is None else points
    order = ">" if processor == 86 else "<"
    scale = {"m": 1.0, "cm": 100.0, "mm": 1000.0}.get(unit, 1.0)
    values = np.stack(list(points.values()), axis=1) * scale
    n_frames, n_points = values.shape[:2]
    labels = [name.encode().ljust(16) for name in points]
    parameters = b"\x01\x50\x04" + bytes([processor])
    parameters += _c3d_item("POINT", -1, b"\0", order)
    parameters += _c3d_item(
        "UNITS", 1, struct.pack("bBB", -1, 1, 2) + unit.encode().ljust(2)[:2] + b"\0", order
    )
    body = struct.pack("bBBB", -1, 2, 16, n_points) + b"".join(labels) + b"\0"
    parameters += _c3d_item("LABELS", 1, body, order) + b"\0\0"
    parameters = parameters.ljust(4 * 512, b"\0")
    step = 0.1 if integers else -1.0
    header = struct.pack("BB", 2, 0x50) + struct.pack(
        f"{order}5HfHHf", n_points, 0, 1, n_frames, 10, step, 6, 0, FRAME_RATE
    )
    lost = np.isnan(values).any(axis=-1, keepdims=True)
    cells = np.concatenate(
        [np.where(lost, 0.0, values) / (step if integers else 1.0), np.where(lost, -1.0, 0.0)], -1
    )
    kind = f"{order}i2" if integers else f"{order}f4"
    data = (cells.round() if integers else cells).astype(kind).tobytes()
    return header.ljust(512, b"\0") + parameters + data.ljust(-(-len(data) // 512) * 512, b"\0")


def _c3d_item(label: str, group: int, body: bytes, order: str) -> bytes:
    return (
        struct.pack("bb", len(label), group) + label.encode() + struct.pack(f"{order}H", len(body) + 2) + body
    )


#: The squatting person as bones: joint, parent, name in a BVH of Mixamo's kind.
_MIXAMO = {
    "mid_hip": ("", "Hips"),
    "neck": ("mid_hip", "Spine2"),
    **{
        f"{side}_{part}": (parent.format(side=side), f"{side.title()}{bone}")
        for side in ("left", "right")
        for part, parent, bone in (
            ("shoulder", "neck", "Arm"),
            ("elbow", "{side}_shoulder", "ForeArm"),
            ("wrist", "{side}_elbow", "Hand"),
            ("hip", "mid_hip", "UpLeg"),
            ("knee", "{side}_hip", "Leg"),
            ("ankle", "{side}_knee", "Foot"),
            ("big_toe", "{side}_ankle", "ToeBase"),
        )
    },
}


def bvh(
    positions: np.ndarray | None = None,
    *,
    metre: float = 100.0,
    names: dict[str, str] | None = None,
    prefix: str = "mixamorig:",
    promised: int | None = None,
) -> bytes:
    """A BVH, y up, in which every joint has a position of its own instead of turns."""
    positions = squatting() if positions is None else positions
    values = {j: positions[:, EC3D_19.index(j)] * metre @ _Y_UP.T for j in _MIXAMO}
    called = names or {joint: prefix + name for joint, (_, name) in _MIXAMO.items()}
    lines, columns = ["HIERARCHY"], []

    def write(joint: str) -> None:
        parent = _MIXAMO[joint][0]
        columns.append(values[joint] - (values[parent] if parent else 0.0))
        lines.append(f"{'JOINT' if parent else 'ROOT'} {called[joint]}")
        lines.extend(["{", "OFFSET 0 0 0", "CHANNELS 3 Xposition Yposition Zposition"])
        children = [child for child, (above, _) in _MIXAMO.items() if above == joint]
        for child in children:
            write(child)
        lines.extend([] if children else ["End Site", "{", "OFFSET 0 0 0", "}"])
        lines.append("}")

    write("mid_hip")
    lines += ["MOTION", f"Frames: {promised or len(positions)}", f"Frame Time: {1 / FRAME_RATE:.6f}"]
    lines += [" ".join(f"{v:.5f}" for v in row) for row in np.concatenate(columns, axis=1)]
    return "\n".join(lines).encode() + b"\n"


def joints_17(
    positions: np.ndarray | None = None, *, places: dict[str, int] = H36M_17, **arrays: object
) -> bytes:
    """What a lifting network writes: pelvis-centred or not, y down, no names; metres."""
    positions = squatting() if positions is None else positions
    values = np.zeros((len(positions), 17, 3))
    for joint, place in places.items():
        values[:, place] = positions[:, EC3D_19.index(joint)] * [1.0, -1.0, -1.0] @ _Y_UP.T
    file = io.BytesIO()
    content = {"keypoints_3d": values, "frame_rate": FRAME_RATE, **arrays}
    np.savez(file, **{key: value for key, value in content.items() if value is not None})
    return file.getvalue()


def ui_prmd_rows(positions: np.ndarray | None = None) -> bytes:
    """Rows of 39 markers; those that are not used lie at the pelvis."""
    positions = squatting() if positions is None else positions
    at = {
        "SHO": "shoulder", "ELB": "elbow", "WRA": "wrist", "WRB": "wrist", "ASI": "hip", "PSI": "hip",
        "KNE": "knee", "ANK": "ankle", "HEE": "heel", "TOE": "big_toe",
    }  # fmt: skip
    sides = {"L": "left", "R": "right"}
    columns = []
    for marker in PLUG_IN_GAIT_39:
        part = at.get(marker[1:])
        joint = f"{sides[marker[0]]}_{part}" if part else "mid_hip"
        columns.append(
            positions[:, EC3D_19.index(joint)] + [0.0, {"ASI": 0.08, "PSI": -0.08}.get(marker[1:], 0.0), 0.01]
        )
    rows = np.concatenate(columns, axis=1) * 1000
    return "\n".join(",".join(f"{v:.3f}" for v in row) for row in rows).encode()


#: One writer a format, by the name that the reader gives.
WRITERS: dict[str, Callable[..., bytes]] = {
    "exfb_json": exfb_json,
    "npz": npz,
    "csv": csv_wide,
    "mediapipe": mediapipe_csv,
    "ec3d": ec3d_npz,
    "openpose": openpose_zip,
    "kinect_v2": kinect_raw,
    "trc": trc,
    "c3d": c3d,
    "bvh": bvh,
    "joints_17": joints_17,
    "ui_prmd_vicon": ui_prmd_rows,
}
