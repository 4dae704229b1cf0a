"""Of several people the one who exercises is followed and chosen, or a person has to say who it is."""

import io
import json
import zipfile

import numpy as np
import pytest

from ml.poses.errors import PoseFormatError
from ml.poses.facts import ASKED, Corrections
from ml.poses.formats import read
from ml.poses.limits import Limits
from ml.poses.people import exercising, follow
from ml.skeletons import BODY_25, EC3D_19
from tests.ml.poses import samples

PLACES = {joint: place for place, joint in enumerate(EC3D_19.joints)}


def frames_of(*people: np.ndarray, shuffle: int = 1) -> list[list[np.ndarray]]:
    rng = np.random.default_rng(shuffle)
    return [[people[i][f] for i in rng.permutation(len(people))] for f in range(len(people[0]))]


def archive(*people: np.ndarray) -> bytes:
    """OpenPose's frames with everybody in an order of its own in each."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for f, crowd in enumerate(frames_of(*people)):
            found = []
            for person in crowd:
                points = np.zeros((25, 4))
                for joint, place in BODY_25.items():
                    x, y, z = person[EC3D_19.index(joint)] * 1000
                    points[place] = [-x, 1500 - z, 3000 - y, 0.9]
                found.append({"pose_keypoints_3d": points.ravel().tolist()})
            target.writestr(f"f_{f:05d}.json", json.dumps({"people": found}))
    return file.getvalue()


def test_everybody_is_followed_whatever_the_order():
    paths = follow(frames_of(samples.squatting(), samples.walking_by()))
    assert paths.shape == (2, 90, 19, 3)
    assert {np.abs(path - samples.squatting()).max() < 1e-9 for path in paths} == {True, False}


def test_who_comes_later_gets_a_place_of_their_own():
    frames = frames_of(samples.squatting(), samples.walking_by())
    alone = [[person] for person in samples.squatting()]
    paths = follow(alone[:40] + frames[40:70] + alone[70:])
    np.testing.assert_allclose(paths[0], samples.squatting())
    assert np.isnan(paths[1, :40]).all()
    assert np.isfinite(paths[1, 40:70]).all()


def test_the_one_who_exercises_is_chosen_and_it_is_said():
    chosen, facts = exercising(follow(frames_of(samples.squatting(), samples.walking_by())), PLACES, None)
    np.testing.assert_allclose(chosen, samples.squatting())
    (fact,) = facts
    assert (fact.about, fact.known) == ("person", "body")
    assert fact.value.endswith("of 2")


def test_a_passer_by_is_not_the_patient_however_they_move():
    plank, other = samples.planking(90), samples.squatting(90) + [2.0, 0.0, 0.0]
    frames = [[plank[f]] if f < 60 else [plank[f], other[f]] for f in range(90)]
    chosen, _ = exercising(follow(frames), PLACES, None)
    np.testing.assert_allclose(chosen, plank)


def test_two_who_move_alike_are_asked_about():
    paths = follow(frames_of(samples.squatting(), samples.squatting() + [2.0, 0.0, 0.0]))
    _, (fact,) = exercising(paths, PLACES, None)
    assert (fact.about, fact.known) == ("person", "usual")
    assert fact.known in ASKED
    for number in (1, 2):
        chosen, facts = exercising(paths, PLACES, number)
        np.testing.assert_array_equal(chosen, paths[number - 1])
        assert facts[0].known == "person"
    with pytest.raises(PoseFormatError, match="no person 3"):
        exercising(paths, PLACES, 3)


def test_an_archive_of_several_people_is_read():
    data = archive(samples.squatting(), samples.walking_by())
    sequence = read(io.BytesIO(data))
    alone = read(io.BytesIO(archive(samples.squatting())))
    np.testing.assert_allclose(sequence.positions, alone.positions, atol=1e-6)
    number = next(fact for fact in sequence.asked if fact.about == "person").value[0]
    other = read(io.BytesIO(data), corrections=Corrections(person=3 - int(number)))
    assert np.ptp(other.joint("mid_hip")[:, 2]) < 0.01
    with pytest.raises(PoseFormatError) as caught:
        read(io.BytesIO(data), limits=Limits(people=1))
    assert caught.value.code == "several_people"


def csv_of_two() -> bytes:
    lines = [samples.csv_wide(one).decode().splitlines()[1:] for one in samples.two_people()]
    rows = [f"{who},{f},{rows[f + 1]}" for f in range(90) for who, rows in enumerate(lines)]
    return "\n".join(["# frame_rate: 30", f"person,frame,{lines[0][0]}", *rows]).encode()


def mediapipe_of_two() -> bytes:
    contents = [json.loads(samples.mediapipe_json(one)) for one in samples.two_people()]
    rows = [{**row, "person": who} for who, one in enumerate(contents) for row in one["joints_data"]]
    return json.dumps({**contents[0], "joints_data": rows}).encode()


def joints_17_of_two() -> bytes:
    both = [np.load(io.BytesIO(samples.joints_17(one)))["keypoints_3d"] for one in samples.two_people()]
    return samples.joints_17(keypoints_3d=np.stack(both))


def points_of_two() -> dict[str, np.ndarray]:
    return {
        f"{who}:{name}": path
        for who, one in zip(("Ann", "Bo"), samples.two_people(), strict=True)
        for name, path in samples.body_25_points(one).items()
    }


SEVERAL = {
    "exfb_json": lambda: samples.exfb_json(frames=samples.two_people().swapaxes(0, 1).tolist()),
    "npz": lambda: samples.npz(samples.two_people()),
    "npz, frames first": lambda: samples.npz(samples.two_people().swapaxes(0, 1)),
    "joints_17": joints_17_of_two,
    "csv": csv_of_two,
    "mediapipe": mediapipe_of_two,
    "trc": lambda: samples.trc(points=points_of_two()),
    "c3d": lambda: samples.c3d(points=points_of_two()),
}


@pytest.mark.parametrize("content", SEVERAL.values(), ids=SEVERAL)
def test_of_several_people_in_any_format_one_is_read_and_another_can_be_chosen(content):
    data = content()
    sequence = read(io.BytesIO(data))
    (fact,) = [fact for fact in sequence.asked if fact.about == "person"]
    assert fact.value == "2 of 2"
    assert np.ptp(sequence.joint("mid_hip")[:, 2] - sequence.joint("left_ankle")[:, 2]) > 0.2
    other = read(io.BytesIO(data), corrections=Corrections(person=1))
    assert np.ptp(other.joint("mid_hip")[:, 2] - other.joint("left_ankle")[:, 2]) < 0.01
    with pytest.raises(PoseFormatError) as caught:
        read(io.BytesIO(data), corrections=Corrections(person=3))
    assert caught.value.code == "several_people"


def test_a_crowd_is_refused():
    crowd = np.repeat(samples.two_people(), 5, axis=0)
    with pytest.raises(PoseFormatError) as caught:
        read(io.BytesIO(samples.npz(crowd)))
    assert caught.value.code == "several_people"
