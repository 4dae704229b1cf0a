"""What a sensor makes of a motion: noise, bias, lost depth, lost joints, dropped frames, other frame rates.

Five models, each a `Sensor`: a laboratory with several cameras, a phone (one camera), a poor phone video, a
depth camera, and the published data set's form, which turns every frame to the body and forgets gravity.
Where the sizes come from is in docs/training.md: unlabelled recordings and the literature, never labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ml.encoding import leg_length
from ml.kinematics import Array, between, tilted, turned
from ml.poses.gravity import up_directions, upright
from ml.poses.sequence import PoseSequence
from ml.preprocess import is_lying
from ml.skeletons import EC3D_19

_J = {name: EC3D_19.index(name) for name in EC3D_19.joints}
#: How much worse than a hip or a shoulder a sensor places a joint.
_HARDER_BY_PART = {"wrist": 1.6, "elbow": 1.2, "toe": 1.8, "heel": 1.6, "ankle": 1.2, "nose": 1.2}
_HARDER = np.array([_HARDER_BY_PART.get(name.rsplit("_", 1)[-1], 1.0) for name in EC3D_19.joints])


_OF_LEGS = np.array(
    [float(name.rsplit("_", 1)[-1] in ("knee", "ankle", "toe", "heel")) for name in EC3D_19.joints]
)[:, None]


#: How far aside of the pelvis joints of the leg usually are: half of a usual stance, in leg lengths.
USUAL_SPREAD = {"knee": 0.24, "ankle": 0.25, "big_toe": 0.30, "heel": 0.25}


@dataclass(frozen=True)
class Sensor:
    """How a sensor errs.

    Parameters
    ----------
    name : str
    jitter : float
        Metres, of each frame by itself.
    wander : float
        Metres, slow error that lasts about a second.
    bias : float
        Metres, error of each joint that stays for the whole recording (relative to the body).
    depth_factor : float
        How much worse along the camera's axis.
    depth_kept : tuple of float
        Range of the share of depth that is kept along the camera's axis; (1, 1) keeps all.
    spread_kept : tuple of float
        Range of the share that is kept of how far knees and feet are aside of their usual place.
    tilt : float
        Degrees, spread of the error of the vertical.
    shear : tuple of float
        Mean and spread of how much too far from the camera the legs are seen, by metre below the pelvis.
    limb_change : float
        Spread of the ratio by which bones come out too long or too short.
    hip_share : tuple of float
        Range of the hips' seen distance as a share of the true one.
    jumps : float
        Share of frames in which some limb joint is elsewhere.
    dropped : float
        Share of frames that are missing; they are filled in a straight line.
    travels : bool
        False for a sensor that is centred on the pelvis.
    sees_head : bool
    frame_rates : tuple of float
        Hz, one is drawn.
    body_aligned : bool
        Every frame turned by itself to the trunk, as in the published data, and the vertical found again.
    """

    name: str
    jitter: float = 0.0
    wander: float = 0.0
    bias: float = 0.0
    depth_factor: float = 1.0
    depth_kept: tuple[float, float] = (1.0, 1.0)
    spread_kept: tuple[float, float] = (1.0, 1.0)
    tilt: float = 0.0
    shear: tuple[float, float] = (0.0, 0.0)
    limb_change: float = 0.0
    hip_share: tuple[float, float] = (1.0, 1.0)
    jumps: float = 0.0
    dropped: float = 0.0
    travels: bool = True
    sees_head: bool = True
    frame_rates: tuple[float, ...] = ()
    body_aligned: bool = False


PERFECT = Sensor("perfect")
SENSORS = (
    Sensor(
        "laboratory",
        jitter=0.003,
        wander=0.006,
        bias=0.012,
        tilt=1.0,
        limb_change=0.03,
        hip_share=(0.85, 1.15),
    ),
    Sensor(
        "phone",
        jitter=0.004,
        wander=0.015,
        bias=0.018,
        depth_factor=1.8,
        depth_kept=(0.75, 1.05),
        spread_kept=(0.3, 1.05),
        tilt=4.0,
        shear=(0.14, 0.12),
        limb_change=0.05,
        hip_share=(0.8, 1.3),
        travels=False,
        sees_head=False,
    ),
    Sensor(
        "poor_phone",
        jitter=0.008,
        wander=0.022,
        bias=0.022,
        depth_factor=2.0,
        depth_kept=(0.65, 1.1),
        spread_kept=(0.2, 1.05),
        tilt=7.0,
        shear=(0.12, 0.15),
        limb_change=0.06,
        hip_share=(0.8, 1.4),
        dropped=0.05,
        travels=False,
        frame_rates=(15.0, 24.0, 30.0),
    ),
    Sensor(
        "depth_camera",
        jitter=0.006,
        wander=0.012,
        bias=0.02,
        depth_factor=1.4,
        tilt=2.0,
        limb_change=0.05,
        hip_share=(0.6, 1.1),
        jumps=0.01,
        frame_rates=(30.0,),
    ),
    Sensor(
        "published",
        jitter=0.003,
        wander=0.006,
        bias=0.012,
        limb_change=0.03,
        hip_share=(0.7, 1.2),
        body_aligned=True,
    ),
)


def observe(sequence: PoseSequence, sensor: Sensor, rng: np.random.Generator) -> PoseSequence:
    """Return what the sensor makes of a motion.

    Parameters
    ----------
    sequence : PoseSequence
        On EC3D_19, no missing values. Canonical frame.
    sensor : Sensor
    rng : numpy.random.Generator

    Returns
    -------
    PoseSequence
        At the sensor's frame rate if it has its own. Joints that it does not see are put in from their
        neighbours and named in `estimated`; `travels` is False where the path through the room is lost.
    """
    return observe_in_turn([[sequence]], sensor, rng)[0][0]


def observe_in_turn(
    motions: Sequence[Sequence[PoseSequence]], sensor: Sensor, rng: np.random.Generator
) -> list[list[PoseSequence]]:
    """Let one sensor see a person's motions one after another, from the same place and with the same bias.

    Parameters
    ----------
    motions : sequence of sequences of PoseSequence
        Each of one or more of the same length that are seen with the very same errors: a motion and its
        correction. Jitter, wander, jumps and lost frames are new in the next.
    sensor : Sensor
    rng : numpy.random.Generator

    Returns
    -------
    list of list of PoseSequence
        As `observe` returns each.
    """
    if sensor == PERFECT:
        return [list(alike) for alike in motions]
    rate = float(rng.choice(sensor.frame_rates)) if sensor.frame_rates else motions[0][0].frame_rate
    errors = _Errors(rate, sensor, rng)
    seen = []
    for alike in motions:
        # A correct motion is its own correction, and is seen once.
        resampled = {id(sequence): at_frame_rate(sequence, rate) for sequence in alike}
        errors.pass_by(len(resampled[id(alike[0])]), rng)
        once = {which: errors.on(sequence) for which, sequence in resampled.items()}
        seen.append([once[id(sequence)] for sequence in alike])
    return seen


def at_frame_rate(sequence: PoseSequence, frame_rate: float) -> PoseSequence:
    """Return the motion read at another frame rate, in straight lines between the frames."""
    if frame_rate == sequence.frame_rate:
        return sequence
    frames = max(round(len(sequence) * frame_rate / sequence.frame_rate), 2)
    at = np.linspace(0, len(sequence) - 1, frames)
    return sequence.with_positions(between(sequence.positions, at), frame_rate)


class _Errors:
    """One draw of a sensor's errors: what lasts, and after `pass_by` what one motion meets."""

    def __init__(self, rate: float, sensor: Sensor, rng: np.random.Generator) -> None:
        self.sensor, self.rate = sensor, rate
        joints = len(EC3D_19)
        # People mostly face the camera; now and then it stands at their side or behind them.
        view = rng.normal(np.pi / 2, 0.8) if rng.uniform() < 0.8 else rng.uniform(0, 2 * np.pi)
        self.camera = np.array([np.cos(view), np.sin(view), 0.0])
        along = 1 + (sensor.depth_factor - 1) * np.abs(self.camera)
        self.harder = _HARDER[:, None] * along
        self.bias = rng.normal(0, sensor.bias, (joints, 3)) * self.harder
        self.kept = rng.uniform(*sensor.depth_kept)
        self.spread = rng.uniform(*sensor.spread_kept)
        self.shear = rng.normal(*sensor.shear)
        self.tilt = np.radians(rng.normal(0, sensor.tilt, 2))
        self.bones = 1 + rng.normal(0, sensor.limb_change, joints)
        mirrored = list(EC3D_19.mirrored)
        self.bones = (self.bones + self.bones[mirrored]) / 2  # a body is seen too long on both sides alike
        self.hips = rng.uniform(*sensor.hip_share)
        self.heading = rng.uniform(-np.pi, np.pi)

    def pass_by(self, frames: int, rng: np.random.Generator) -> None:
        """Draw what a motion of so many frames meets by itself: jitter, wander, jumps and lost frames."""
        sensor, joints = self.sensor, len(EC3D_19)
        knots = max(int(frames / self.rate / 0.5) + 2, 3)
        slow = between(rng.normal(0, sensor.wander, (knots, joints, 3)), np.linspace(0, knots - 1, frames))
        self.noise = (slow + rng.normal(0, sensor.jitter, (frames, joints, 3))) * self.harder
        self.jumps = [
            (frame, int(rng.integers(joints)), rng.normal(0, 0.15, 3))
            for frame in np.flatnonzero(rng.random(frames) < sensor.jumps)
        ]
        self.present = rng.random(frames) >= sensor.dropped
        self.present[[0, -1]] = True

    def on(self, sequence: PoseSequence) -> PoseSequence:
        sensor = self.sensor
        positions = self._rebuilt(self._drawn_together(sequence.positions))
        pelvis = positions[:, [_J["mid_hip"]]]
        relative = positions - pelvis
        depth = (relative @ self.camera)[..., None] * self.camera
        below = np.maximum(-relative[..., 2:], 0.0) * _OF_LEGS
        relative = relative + ((self.kept - 1) * depth - self.shear * below * self.camera)
        relative = relative + self.bias + self.noise
        relative = relative - relative[:, [_J["mid_hip"]]]
        positions = relative @ tilted(*self.tilt).T
        if sensor.travels:
            positions = positions + pelvis
        for frame, joint, error in self.jumps:
            positions[frame, joint] += error
        if not self.present.all():
            seen = np.flatnonzero(self.present)
            at = np.interp(np.arange(len(positions)), seen, np.arange(len(seen)))
            positions = between(positions[seen], at)
        estimated: frozenset[str] = frozenset()
        if not sensor.sees_head:
            up = positions[:, _J["neck"]] - positions[:, _J["mid_hip"]]
            positions[:, _J["nose"]] = positions[:, _J["neck"]] + 0.35 * up
            estimated = frozenset({"nose"})
        if sensor.body_aligned:
            positions = regained(body_aligned(positions), lying=is_lying(sequence.positions))
        else:
            positions = turned(positions, self.heading)
        return replace(
            sequence,
            positions=positions,
            travels=sensor.travels and not sensor.body_aligned,
            estimated=sequence.estimated | estimated,
        )

    def _drawn_together(self, positions: Array) -> Array:
        """Bring knees and feet nearer to their usual place beside the pelvis, as one camera's guess does.

        A network that lifts a picture regresses to the usual: of a wide stance or of knees that fall inward
        it keeps a part.
        """
        if self.spread == 1.0 or is_lying(positions):
            return positions
        drawn = positions.copy()
        pelvis = positions[:, _J["mid_hip"]]
        across = positions[:, _J["right_hip"], :2] - positions[:, _J["left_hip"], :2]
        across = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
        leg = leg_length(positions)
        for side, sign in (("left", -1.0), ("right", 1.0)):
            for joint, usual in USUAL_SPREAD.items():
                at = _J[f"{side}_{joint}"]
                aside = np.sum((positions[:, at, :2] - pelvis[:, :2]) * across, axis=1)
                drawn[:, at, :2] += ((1 - self.spread) * (sign * usual * leg - aside))[:, None] * across
        return drawn

    def _rebuilt(self, positions: Array) -> Array:
        """Build the body again from the pelvis with the lengths that the sensor sees."""
        rebuilt = positions.copy()
        for parent, child in EC3D_19.bones:
            ratio = self.bones[child]
            if parent == _J["mid_hip"] and child in (_J["left_hip"], _J["right_hip"]):
                ratio = self.hips
            rebuilt[:, child] = rebuilt[:, parent] + ratio * (positions[:, child] - positions[:, parent])
        return rebuilt


def body_aligned(positions: Array) -> Array:
    """Turn each frame by itself: shoulders along x, spine in the x-z plane upwards, pelvis at the origin.

    What the published data did to every frame; the trunk's lean and the vertical are lost.
    """
    relative = positions - positions[:, [_J["mid_hip"]]]
    right = relative[:, _J["right_shoulder"]] - relative[:, _J["left_shoulder"]]
    right = right / np.linalg.norm(right, axis=1, keepdims=True)
    spine = relative[:, _J["neck"]]
    up = spine - (spine * right).sum(1, keepdims=True) * right
    up = up / np.linalg.norm(up, axis=1, keepdims=True)
    axes = np.stack([right, np.cross(up, right), up], axis=1)
    return np.einsum("fji,fki->fjk", relative, axes)


def regained(aligned: Array, *, lying: bool) -> Array:
    """Find the vertical again in body-aligned frames, as the reader of the published data does."""
    joints = {name: aligned[:, i] for i, name in enumerate(EC3D_19.joints)}
    return upright(aligned, up_directions(joints, lying=lying))
