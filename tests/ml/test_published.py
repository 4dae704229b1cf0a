"""The published network agrees with reference values computed by the published code, in its own frame."""

import numpy as np
import pytest
import torch

from ml.dct import published_inverse
from ml.published import (
    align,
    corrected_published,
    encode_published,
    from_rows,
    import_published,
    read_published,
    to_rows,
    world_change,
)
from ml.release import ReleaseError, load_release
from ml.skeletons import BODY_25, EC3D_19


@pytest.fixture(scope="module")
def network(shared):
    return read_published(shared / "reference" / "Ours.pt")


@pytest.fixture(scope="module")
def golden(shared):
    return np.load(shared / "reference" / "golden_published.npz")


def poses_of(golden, i):
    return golden[f"sequence_{i}"].transpose(0, 2, 1)


def test_alignment_agrees(shared):
    golden = np.load(shared / "reference" / "golden_normalise.npz")
    joints = list(BODY_25.values())
    for i in range(5):
        raw, aligned = (golden[f"{kind}_{i}"].transpose(0, 2, 1)[:, joints] for kind in ("raw", "aligned"))
        np.testing.assert_allclose(align(raw).aligned, aligned, atol=1e-9)


def test_transform_agrees(golden):
    for i in range(6):
        encoded = encode_published(poses_of(golden, i))
        np.testing.assert_allclose(encoded.astype(np.float32), golden["inputs_dct"][i], rtol=1e-6, atol=1e-5)


def test_inverse_agrees(golden):
    for i in range(6):
        corrected = corrected_published(poses_of(golden, i), golden["ours_change"][i])
        np.testing.assert_allclose(corrected, golden[f"ours_corrected_{i}"].transpose(0, 2, 1), atol=1e-6)


def test_network_agrees(network, golden):
    with torch.inference_mode():
        output = network(torch.from_numpy(golden["inputs_dct"]))
    np.testing.assert_allclose(output.log_probabilities, golden["ours_log_probabilities"], atol=1e-3)
    change = golden["ours_change"]
    np.testing.assert_allclose(output.change, change, atol=1e-3 * np.abs(change).max())


def test_one_alone_scores_as_in_company(network, golden):
    inputs = torch.from_numpy(golden["inputs_dct"]).double()
    network = network.double()
    with torch.inference_mode():
        together = network(inputs)
        alone = [network(one[None]) for one in inputs]
    np.testing.assert_allclose(
        torch.cat([one.log_probabilities for one in alone]), together.log_probabilities
    )
    network.float()


def test_real_repetitions_get_the_published_classes(network, shared):
    data = np.load(shared / "data" / "ec3d" / "subject4_part.npz")
    repetitions = [
        data["poses"][a:b].astype(float) for a, b in zip(data["offsets"], data["offsets"][1:], strict=False)
    ]
    found, change = classify(network, [encode_published(poses) for poses in repetitions])
    np.testing.assert_array_equal(found, data["published_prediction"])
    corrected = [corrected_published(poses, c) for poses, c in zip(repetitions, change, strict=True)]
    found, _ = classify(network, [encode_published(poses) for poses in corrected])
    np.testing.assert_array_equal(found, data["published_prediction_corrected"])


def classify(network, inputs):
    with torch.inference_mode():
        output = network(torch.tensor(np.stack(inputs), dtype=torch.float32))
    return output.log_probabilities.argmax(1).numpy(), output.change.numpy()


def test_short_motion_is_zero_padded_and_cut_again():
    poses = np.random.default_rng(1).normal(size=(18, 19, 3))
    encoded = encode_published(poses)
    assert encoded.shape == (57, 25)
    np.testing.assert_allclose(from_rows(published_inverse(encoded, 18)), poses, atol=1e-12)


def test_rows_are_all_x_then_all_y_then_all_z():
    poses = np.random.default_rng(2).normal(size=(30, 19, 3))
    rows = to_rows(poses)
    np.testing.assert_array_equal(rows[19 + 4], poses[:, 4, 1])
    np.testing.assert_array_equal(from_rows(rows), poses)


def test_no_change_comes_back_as_no_change():
    poses = np.random.default_rng(3).normal(size=(30, len(EC3D_19), 3))
    pose = align(poses)
    np.testing.assert_allclose(world_change(poses, pose, pose.aligned), 0, atol=1e-9)


def test_import_makes_a_release_that_gives_the_same(shared, golden, tmp_path):
    import_published(shared / "reference" / "Ours.pt", tmp_path / "published")
    release = load_release(tmp_path / "published")
    assert release.kind == "published"
    assert release.classes[5] == "squat.correct_bis"
    with torch.inference_mode():
        output = release.network(torch.from_numpy(golden["inputs_dct"]))
    np.testing.assert_allclose(output.log_probabilities, golden["ours_log_probabilities"], atol=1e-3)


@pytest.mark.parametrize("content", ["text", "other weights", "list", "missing"])
def test_import_refuses_other_files(content, tmp_path):
    path = tmp_path / "weights.pt"
    if content == "text":
        path.write_text("no weights")
    elif content == "other weights":
        torch.save({"gcin.weight": torch.zeros(3, 3)}, path)
    elif content == "list":
        torch.save([torch.zeros(1)], path)
    with pytest.raises(ReleaseError) as error:
        import_published(path, tmp_path / "published")
    assert error.value.code == ("not_found" if content == "missing" else "wrong_weights")
    assert not (tmp_path / "published").exists()


def test_import_runs_no_code_of_the_file(tmp_path):
    class Trap:
        def __reduce__(self):
            return (exec, ("raise SystemExit",))

    torch.save({"gcin.weight": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(ReleaseError):
        import_published(tmp_path / "trap.pt", tmp_path / "published")
