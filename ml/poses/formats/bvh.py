"""BVH: a hierarchy of bones and their turns, made into positions by forward kinematics."""

import re
from dataclasses import dataclass, field

import numpy as np

from ml.poses.assemble import Found, Said, checked_frame_rate
from ml.poses.errors import TRUNCATED, PoseFormatError
from ml.poses.formats.fields import number
from ml.poses.formats.source import Source
from ml.poses.formats.text_table import numbers_of
from ml.skeletons import BVH_NAMES, EC3D_19

name = "bvh"

MAX_NODES = 400
MAX_CHANNELS = 2400
_HEAD = re.compile(r"\s*Frames\s*:\s*(\S+)\s*\n\s*Frame Time\s*:\s*(\S+)", re.IGNORECASE)
_CHANNEL = re.compile(r"([xyz])(position|rotation)", re.IGNORECASE)


@dataclass
class _Node:
    """A joint or the end of a bone; `channels` are (column, axis, is a rotation) in the order of the file."""

    name: str
    parent: int
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    channels: list[tuple[int, int, bool]] = field(default_factory=list)


def sniff(source: Source) -> bool:
    return re.match(r"\s*HIERARCHY\b", (source.text or "")[:200]) is not None


def read(source: Source) -> Found:
    lines = source.lines
    at = next((i for i, line in enumerate(lines) if line.strip() == "MOTION"), None)
    if at is None:
        raise PoseFormatError("truncated", "The file has no MOTION. " + TRUNCATED)
    nodes = _nodes(lines[:at])
    motion = [line for line in lines[at + 1 :] if line.strip()]
    stated = _HEAD.match("\n".join(motion[:2]))
    if stated is None:
        raise PoseFormatError(
            "no_frame_rate", "A BVH file needs 'Frames:' and 'Frame Time:' below MOTION. Export it again."
        )
    values = numbers_of(motion[2:], sum(len(node.channels) for node in nodes), None, source.limits)
    promised = number(stated[1])
    if not promised <= len(values):
        raise PoseFormatError(
            "truncated",
            f"The header promises {stated[1][:12]} frames, but {len(values)} are there. " + TRUNCATED,
        )
    source.limits.check_frames(len(values))
    step = number(stated[2])
    frame_rate = checked_frame_rate(round(1.0 / step, 3) if step > 0 else float("nan"))
    return Found(format=name, joints=_joints(nodes, values), frame_rate=Said(frame_rate), rare_units=True)


def _nodes(lines: list[str]) -> list[_Node]:
    """Every joint and end site, parents before their children."""
    nodes: list[_Node] = []
    open_: list[int] = []
    waiting: int | None = None
    n_channels = 0
    for line in lines[1:]:
        words = line.split()
        if not words:
            continue
        key = words[0].upper()
        if key in ("ROOT", "JOINT", "END"):
            if len(nodes) >= MAX_NODES:
                raise PoseFormatError("truncated", f"The hierarchy has more than {MAX_NODES} joints.")
            if key == "ROOT" and nodes:
                raise PoseFormatError(
                    "several_people", "The file has several roots. Export the patient alone."
                )
            parent = open_[-1] if open_ else -1
            called = f"{nodes[parent].name}.end" if key == "END" and nodes else " ".join(words[1:])
            nodes.append(_Node(called, parent))
            waiting = len(nodes) - 1
        elif key == "{" and waiting is not None:
            open_.append(waiting)
            waiting = None
        elif key == "}" and open_:
            open_.pop()
        elif key == "OFFSET" and open_ and len(words) == 4:
            nodes[open_[-1]].offset = np.array([number(word) for word in words[1:]])
        elif key == "CHANNELS" and open_:
            found = [_CHANNEL.fullmatch(word) for word in words[2:]]
            if len(words) < 2 or words[1] != str(len(found)) or n_channels + len(found) > MAX_CHANNELS:
                raise PoseFormatError(
                    "truncated", f"The channels of {nodes[open_[-1]].name[:40]} are damaged."
                )
            for match in found:
                if match is None:
                    raise PoseFormatError("truncated", "A channel is neither a position nor a rotation.")
                axis, kind = "xyz".index(match[1].lower()), match[2].lower() == "rotation"
                nodes[open_[-1]].channels.append((n_channels, axis, kind))
                n_channels += 1
        else:
            raise PoseFormatError(
                "truncated", f"{line.strip()[:40]!r} is no line of a hierarchy. " + TRUNCATED
            )
    if open_ or not n_channels:
        raise PoseFormatError("truncated", "The hierarchy is not complete. " + TRUNCATED)
    return nodes


def _joints(nodes: list[_Node], values: np.ndarray) -> dict[str, np.ndarray]:
    """Positions of the joints we know, (F, 3) each, in the file's axes and unit."""
    own = [node.name.rpartition(":")[2] for node in nodes]
    keys = [name.lower().removeprefix("mixamorig_") for name in own]
    # The model's own names count as they are written: a bank's `Neck` is the bone above the shoulders.
    wanted = {joint: own.index(joint) for joint in EC3D_19.joints if joint in own}
    for joint, candidates in BVH_NAMES.items():
        found = next((keys.index(key) for key in candidates if key in keys), None)
        if found is not None:
            wanted.setdefault(joint, found)
    return dict(zip(wanted, _paths(nodes, values, list(wanted.values())), strict=True))


def _paths(nodes: list[_Node], values: np.ndarray, wanted: list[int]) -> list[np.ndarray]:
    """Forward kinematics of the wanted nodes and of what they hang on."""
    needed = set[int]()
    for i in wanted:
        while i >= 0 and i not in needed:
            needed.add(i)
            i = nodes[i].parent
    placed: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for i in sorted(needed):
        node = nodes[i]
        turn, position = placed[node.parent] if node.parent >= 0 else (np.eye(3)[None], np.zeros((1, 3)))
        offset = np.broadcast_to(node.offset, (len(values), 3)).copy()
        own = np.eye(3)[None]
        for column, axis, is_rotation in node.channels:
            if is_rotation:
                own = own @ _rotations(axis, values[:, column])
            else:
                # A joint that has a position of its own has it instead of the offset, as the root does.
                offset[:, axis] = values[:, column]
        placed[i] = (
            turn @ own,
            position + np.einsum("fij,fj->fi", np.broadcast_to(turn, (len(values), 3, 3)), offset),
        )
    return [placed[i][1] for i in wanted]


def _rotations(axis: int, degrees: np.ndarray) -> np.ndarray:
    """Turns about one axis, (F, 3, 3), for column vectors."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    result = np.zeros((len(degrees), 3, 3))
    a, b = (axis + 1) % 3, (axis + 2) % 3
    result[:, axis, axis] = 1.0
    result[:, a, a] = result[:, b, b] = cos
    result[:, a, b], result[:, b, a] = -sin, sin
    return result
