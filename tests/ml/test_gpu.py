"""Where there is a GPU, networks are trained on it and find there what they find on the CPU."""

import pytest
import torch

from ml.checkpoint import Checkpoint
from ml.datasets import load
from ml.inference import Predictor
from ml.optimising import training_device
from ml.recorrect import CorrectionOptions, recorrect
from ml.release import DEFAULT_RELEASE, load_release
from ml.train import TrainingOptions, train, train_network
from ml.training_set import simulate_training_set
from tests.ml.test_train import Interruption, new_network

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")

TINY = TrainingOptions(people=4, epochs=2, hidden=8, workers=1)


def test_a_release_is_found_alike():
    sequences = [repetition.sequence for repetition in load("sim:5:2")]
    release = load_release(DEFAULT_RELEASE)
    on_cpu, on_gpu = (Predictor(release, device).predict(sequences) for device in ("cpu", "cuda"))
    for (finding, correction), (again, other) in zip(on_cpu, on_gpu, strict=True):
        assert again.probabilities == pytest.approx(finding.probabilities, abs=1e-6)
        assert (again.code, again.abstained) == (finding.code, finding.abstained)
        assert (other is None) == (correction is None)
        if correction is not None:
            assert other.positions == pytest.approx(correction.positions, abs=1e-5)


def test_what_was_trained_on_it_is_used_without_it(tmp_path):
    release = train(TINY, tmp_path / "on-gpu")
    corrected = recorrect(release, CorrectionOptions(people=2, epochs=1, workers=1), tmp_path / "again")
    for one in (release, corrected):
        weights = [weight for part in one.parts().values() for weight in part.parameters()]
        assert {weight.device.type for weight in weights} == {"cpu"}
        assert len(Predictor(one).predict([load("sim:5:1")[0].sequence])) == 1


def test_an_interrupted_training_goes_on_to_the_same_network(tmp_path):
    device = training_device()
    examples = simulate_training_set(0, 3, 1).to(device)
    checkpoint = Checkpoint(tmp_path / "kept", {})
    with device:
        torch.manual_seed(3)
        whole = train_network(new_network(TINY), examples, examples, TINY)[1]
        torch.manual_seed(3)
        stopped = new_network(TINY)
        stopped.register_forward_hook(Interruption(after=len(examples) // TINY.batch + 6))
        with pytest.raises(KeyboardInterrupt):
            train_network(stopped, examples, examples, TINY, checkpoint)
        torch.manual_seed(99)
        resumed = train_network(new_network(TINY), examples, examples, TINY, checkpoint)[1]
    for one, other in zip(whole, resumed, strict=True):
        assert other == pytest.approx(one, rel=1e-2, abs=1e-3)
