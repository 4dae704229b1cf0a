"""Simulated people: bodies and habits from the literature's ranges (sources: docs/training.md)."""

from dataclasses import dataclass

import numpy as np

ARM_POSTURES = ("forward", "hanging", "clasped", "crossed", "on_hips", "behind_head")


def within(rng: np.random.Generator, mean: float, spread: float, low: float, high: float) -> float:
    """Draw from a normal distribution cut off at `low` and `high`."""
    while True:
        value = rng.normal(mean, spread)
        if low <= value <= high:
            return float(value)


@dataclass(frozen=True)
class Person:
    """One simulated person: a body, and a habitual correct way of doing each exercise.

    Lengths are metres, angles degrees. `stance` and the like are shares of the leg (thigh + shank).
    Build one with `Person.sample`.
    """

    name: str
    # Body
    stature: float
    thigh: float
    shank: float
    foot: float
    ankle_height: float
    hip_width: float
    trunk: float
    shoulder_width: float
    upper_arm: float
    forearm: float
    head: float
    # Habits of every exercise
    tempo: float
    toe_out: float
    knee_out: float
    yaw: float
    pelvis_roll: float
    lateral_shift: float
    arms: str
    arms_at_rest: str
    # Habits of the correct squat, lunge and plank
    stance: float
    squat_inner_knee: float
    squat_shank_lean: float
    squat_trunk_lean: float  # more than balance asks for
    lunge_inner_knee: float
    lunge_shank_lean: float
    lunge_trunk_lean: float
    lunge_rear_thigh_lean: float
    lunge_width: float
    lunge_style: str
    plank_pike: float
    plank_forearms: bool
    plank_arm_lean: float
    plank_knee_flexion: float

    @property
    def leg(self) -> float:
        """Thigh and shank together, metres."""
        return self.thigh + self.shank

    @property
    def arm(self) -> float:
        """Upper arm and forearm together, metres."""
        return self.upper_arm + self.forearm

    @classmethod
    def sample(cls, seed: int) -> "Person":
        """Return the person of a seed: the same one every time."""
        rng = np.random.default_rng([seed, 0xB0D1])
        stature = within(rng, 1.70, 0.10, 1.45, 2.00)

        def part(share: float, spread: float = 0.05) -> float:
            return stature * share * within(rng, 1.0, spread, 0.8, 1.2)

        arms = str(rng.choice(ARM_POSTURES, p=[0.40, 0.12, 0.22, 0.10, 0.10, 0.06]))
        return cls(
            name=f"sim{seed}",
            stature=stature,
            thigh=part(0.245),
            shank=part(0.246),
            foot=part(0.152, 0.10),
            ankle_height=part(0.045, 0.15),
            hip_width=part(0.125, 0.13),
            trunk=part(0.325),
            shoulder_width=part(0.21, 0.08),
            upper_arm=part(0.172),
            forearm=part(0.150),
            head=part(0.13, 0.10),
            tempo=float(np.exp(within(rng, 0.0, 0.25, -0.6, 0.6))),
            toe_out=within(rng, 14, 8, -2, 32),
            knee_out=within(rng, 4, 5, -4, 15),
            yaw=within(rng, 0, 3, -7, 7),
            pelvis_roll=within(rng, 0, 1.5, -4, 4),
            lateral_shift=within(rng, 0, 0.015, -0.04, 0.04),
            arms=arms,
            arms_at_rest="hanging" if arms == "forward" and rng.random() < 0.5 else arms,
            stance=within(rng, 0.53, 0.09, 0.32, 0.74),
            squat_inner_knee=within(rng, 54, 11, 30, 76),
            squat_shank_lean=within(rng, 30, 5, 18, 40),
            squat_trunk_lean=within(rng, -1, 3.5, -8, 6),
            lunge_inner_knee=within(rng, 84, 8, 66, 98),
            lunge_shank_lean=within(rng, 11, 6, -4, 22),
            lunge_trunk_lean=within(rng, 6, 6, -6, 22),
            lunge_rear_thigh_lean=within(rng, 16, 9, -6, 38),
            lunge_width=within(rng, 0.20, 0.06, 0.05, 0.36),
            lunge_style=str(rng.choice(("step", "step_back", "split"), p=[0.75, 0.1, 0.15])),
            plank_pike=within(rng, 19, 9, 2, 38),
            plank_forearms=bool(rng.random() < 0.6),
            plank_arm_lean=within(rng, 2, 6, -12, 14),
            plank_knee_flexion=within(rng, 12, 6, 2, 28),
        )
