"""The words for joints, joint angles and measures that pages show."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

JOINT_NAMES = {
    "nose": _("head"),
    "neck": _("neck"),
    "mid_hip": _("hips"),
    "right_shoulder": _("right shoulder"),
    "right_elbow": _("right elbow"),
    "right_wrist": _("right hand"),
    "left_shoulder": _("left shoulder"),
    "left_elbow": _("left elbow"),
    "left_wrist": _("left hand"),
    "right_hip": _("right hip"),
    "right_knee": _("right knee"),
    "right_ankle": _("right ankle"),
    "left_hip": _("left hip"),
    "left_knee": _("left knee"),
    "left_ankle": _("left ankle"),
    "left_big_toe": _("left toes"),
    "left_heel": _("left heel"),
    "right_big_toe": _("right toes"),
    "right_heel": _("right heel"),
}

#: Joints of both sides together, and limbs.
PART_NAMES = {
    "shoulder": _("shoulder"),
    "elbow": _("elbow"),
    "wrist": _("hand"),
    "hip": _("hip"),
    "knee": _("knee"),
    "ankle": _("ankle"),
    "big_toe": _("toes"),
    "heel": _("heel"),
}
LIMB_NAMES = {
    "left_thigh": _("left thigh"),
    "right_thigh": _("right thigh"),
    "left_shank": _("left lower leg"),
    "right_shank": _("right lower leg"),
    "left_upper_arm": _("left upper arm"),
    "right_upper_arm": _("right upper arm"),
    "left_forearm": _("left forearm"),
    "right_forearm": _("right forearm"),
}

ANGLE_NAMES = {
    "left_knee_flexion": pgettext_lazy("angle", "Left knee bend"),
    "right_knee_flexion": pgettext_lazy("angle", "Right knee bend"),
    "left_hip_flexion": pgettext_lazy("angle", "Left hip bend"),
    "right_hip_flexion": pgettext_lazy("angle", "Right hip bend"),
    "left_ankle_dorsiflexion": pgettext_lazy("angle", "Left ankle bend"),
    "right_ankle_dorsiflexion": pgettext_lazy("angle", "Right ankle bend"),
    "left_knee_valgus": pgettext_lazy("angle", "Left knee inward"),
    "right_knee_valgus": pgettext_lazy("angle", "Right knee inward"),
    "trunk_lean": pgettext_lazy("angle", "Trunk lean"),
    "back_curve": pgettext_lazy("angle", "Hips out of line"),
}

#: The measures of ml/measures.py.
MEASURE_NAMES = {
    "knee_bend": _("Depth (knee bend)"),
    "knee_range": _("Range of motion (knee)"),
    "asymmetry": _("Asymmetry (left minus right)"),
    "seconds_down": _("Tempo, down"),
    "seconds_up": _("Tempo, up"),
    "hips_off_line": _("Hips off the line"),
    "seconds_held": _("Time held"),
}
UNITS = {"deg": "°", "s": " s"}
