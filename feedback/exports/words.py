"""How formats and conventions of exports are called on pages and in the API's description."""

from django.utils.translation import gettext_lazy as _

from ml.poses.writers import WRITERS
from ml.poses.writers.conventions import CONVENTIONS

_FORMATS = {
    "exfb_json": _("JSON (exfb's own)"),
    "csv": _("CSV"),
    "npz": _("NPZ (NumPy)"),
    "trc": _("TRC (OpenSim)"),
    "c3d": _("C3D (motion capture)"),
    "bvh": _("BVH (Blender)"),
}
_CONVENTIONS = {
    "exfb": _("exfb: x right, y forward, z up, in metres"),
    "opensim": _("OpenSim: x forward, y up, z right, in millimetres"),
    "blender": _("Blender: x left, y up, z forward, in millimetres"),
    "unity": _("Unity: x right, y up, z forward, in metres"),
}

EXPORT_FORMATS = [(name, _FORMATS.get(name, name)) for name in WRITERS]
EXPORT_CONVENTIONS = [(name, _CONVENTIONS.get(name, name)) for name in CONVENTIONS]
