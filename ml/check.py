"""`python -m ml.poses check FILE...`: what exfb sees in pose files, or why it refuses them."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ml.poses.body import body_length
from ml.poses.errors import PoseFormatError
from ml.poses.formats import read
from ml.poses.sequence import PoseSequence
from ml.preprocess import prepare
from ml.repetitions import exercise_of_most, find_repetitions
from ml.skeletons import EC3D_19

#: Shank, thigh and trunk are this share of the stature (Drillis and Contini 1966).
BODY_SHARE = 0.779
#: How a fact is known, where the reader has no other words for it.
_KNOWN = {
    "file": "stated in the file",
    "format": "fixed by the format",
    "body": "told by the body",
    "usual": "assumed",
    "person": "said by a person",
}


def report(path: Path) -> dict[str, Any]:
    """Return what is found in one file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        `file`, and either `format`, `skeleton`, `frames`, `frame_rate` (Hz), `inferred` (list of text),
        `facts` (what is known and how: list of `about`, `value`, `known`, `how`), `quality` (`good`, `usable`
        or `poor`), `quality_reasons`, `person_height` (m), `estimated` (joints), `faults` (list of `joint`,
        `kind`, `start_frame`, `end_frame`), `filled` (share by joint), `exercise` (of most repetitions, or
        None) and `repetitions` (list of `[start_frame, end_frame)`), or `error` with `code` and `message`.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """
    try:
        sequence = read(path, name=path.name)
        prepared = prepare(sequence)
    except PoseFormatError as error:
        return {"file": str(path), "error": {"code": error.code, "message": error.message}}
    spans = find_repetitions(prepared.sequence)
    return {
        "file": str(path),
        "format": sequence.format,
        "skeleton": sequence.skeleton.name,
        "frames": len(sequence),
        "frame_rate": sequence.frame_rate,
        "inferred": list(sequence.inferred),
        "facts": [fact._asdict() for fact in sequence.facts],
        "quality": prepared.quality.grade,
        "quality_reasons": [reason.in_words() for reason in prepared.quality.reasons],
        "person_height": round(person_height(prepared.sequence), 2),
        "estimated": sorted(sequence.estimated),
        "faults": [fault._asdict() for fault in prepared.faults],
        "filled": {joint: round(share, 3) for joint, share in prepared.filled.items()},
        "exercise": exercise_of_most(spans),
        "repetitions": [[span.start_frame, span.end_frame] for span in spans],
    }


def person_height(sequence: PoseSequence) -> float:
    """Return the stature in metres that the limbs imply (some five per cent off for a single person)."""
    return body_length({joint: sequence.joint(joint) for joint in EC3D_19.joints}) / BODY_SHARE


def in_words(found: dict[str, Any]) -> str:
    """Return a report as lines for people."""
    if "error" in found:
        return f"{found['file']}\n  refused            {found['error']['code']}: {found['error']['message']}"
    filled = ", ".join(
        f"{joint.replace('_', ' ')} {share:.1%}" for joint, share in found["filled"].items() if share
    )
    spans = " ".join(f"{start}-{end}" for start, end in found["repetitions"])
    known = {
        fact["about"]: f"{fact['value']}, {fact['how'] or _KNOWN[fact['known']]}" for fact in found["facts"]
    }
    repaired = Counter(f"{fault['joint'].replace('_', ' ')} {fault['kind']}" for fault in found["faults"])
    lines = {
        "format": f"{found['format']}, to {found['skeleton']}",
        "frames": f"{found['frames']} at {found['frame_rate']:g} Hz",
        **known,
        "person": f"about {found['person_height']:.2f} m tall",
        "put in": ", ".join(found["estimated"]).replace("_", " ") or "nothing",
        "filled": filled or "nothing",
        "faults": ", ".join(f"{what} {n} x" for what, n in repaired.items()) or "none",
        "quality": " ".join([found["quality"], *found["quality_reasons"]]),
        "exercise": f"{found['exercise']}" if found["exercise"] else "no squat, lunge or plank found",
        "repetitions": f"{len(found['repetitions'])}  {spans}".strip(),
    }
    return "\n".join([found["file"], *(f"  {key:<18} {text}" for key, text in lines.items())])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 where every file was read or refused by code, 1 where one could not be opened."""
    parser = argparse.ArgumentParser(prog="python -m ml.poses", description="Look into pose files.")
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="say what is in each file, or why it is refused")
    checking.add_argument("files", nargs="+", type=Path, metavar="FILE")
    checking.add_argument("--json", action="store_true", help="print one list with an object a file")
    options = parser.parse_args(arguments)
    found, status = [], 0
    for path in options.files:
        try:
            found.append(report(path))
        except OSError as error:
            status = 1
            message = f"The file cannot be opened: {error.strerror}."
            found.append({"file": str(path), "error": {"code": "cannot_open", "message": message}})
    if options.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        sys.stdout.write("\n\n".join(in_words(item) for item in found) + "\n")
    return status
