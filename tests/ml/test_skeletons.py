"""The tables of joints agree with each other."""

import pytest

from ml.skeletons import BODY_25, BODY_25_NAMES, EC3D_19, EC3D_LONG_CSV, MEDIAPIPE_33, Skeleton


def test_the_order_is_ec3ds():
    assert len(EC3D_19) == 19
    assert [BODY_25[joint] for joint in EC3D_19.joints] == [*range(15), 19, 21, 22, 24]
    assert list(BODY_25_NAMES)[:3] == ["Nose", "Neck", "RShoulder"]
    assert BODY_25_NAMES["LBigToe"] == "left_big_toe"
    assert list(BODY_25_NAMES.values()) == list(EC3D_19.joints)


def test_every_joint_but_the_root_hangs_on_one_bone():
    children = [child for _, child in EC3D_19.bones]
    assert sorted(children) == [i for i in range(19) if i != EC3D_19.index("mid_hip")]
    reached = {EC3D_19.index("mid_hip")}
    for parent, child in EC3D_19.bones:
        assert parent in reached
        reached.add(child)


def test_mirroring_exchanges_sides_and_is_its_own_inverse():
    twins = EC3D_19.mirrored
    assert EC3D_19.joints[twins[EC3D_19.index("left_knee")]] == "right_knee"
    assert twins[EC3D_19.index("nose")] == EC3D_19.index("nose")
    assert [twins[twin] for twin in twins] == list(range(19))


@pytest.mark.parametrize("table", [list(MEDIAPIPE_33), list(EC3D_LONG_CSV.values())])
def test_sources_name_known_joints_once(table):
    assert len(set(table)) == len(table)
    assert set(table) <= set(EC3D_19.joints)


def test_mediapipe_numbers_are_the_documented_ones():
    assert MEDIAPIPE_33["left_hip"] == 23
    assert MEDIAPIPE_33["right_big_toe"] == 32
    for joint, number in MEDIAPIPE_33.items():
        if joint != "nose":
            assert (number % 2 == 1) == joint.startswith("left_")


def test_a_skeleton_of_unequal_lists_is_refused():
    with pytest.raises(ValueError, match="parents"):
        Skeleton("broken", ("a", "b"), (-1,))
