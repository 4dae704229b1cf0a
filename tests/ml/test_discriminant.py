"""Where a repetition differs from right and to which side: learned of taught exercises, by few examples."""

from dataclasses import replace

import pytest
import torch

from ml.baseline import mirrored
from ml.catalogue import CODES
from ml.datasets import load
from ml.deviation import OTHERS, OWN, taught
from ml.discriminant import Discriminant, fitted, sides
from ml.fine_tune import grown_network, real_examples, seen_by_networks
from ml.manifest import DEFAULT_RELEASE
from ml.model import FeedbackNetwork, NetworkConfig
from ml.release import load_release

CLASSES = ("squat.correct", "squat.wide", "sumo.correct", "sumo.high", "sumo.bent")
#: What a clinic calls what the simulator calls otherwise.
OWN_NAMES = {
    "squat.correct": "sumo.correct",
    "squat.not_low_enough": "sumo.high",
    "squat.front_bent": "sumo.bent",
}
GROWN = (*CODES, *sorted(OWN_NAMES.values()))


def recorded(people, seed):
    """Simulated repetitions of a clinic's exercise, three correct ones a person."""
    return [
        replace(r, labels=(OWN_NAMES[r.label],), truth=None)
        for r in load(f"sim:{seed}:{people}:3")
        if r.label in OWN_NAMES
    ]


@pytest.fixture(scope="module")
def network():
    return load_release(DEFAULT_RELEASE).network


@pytest.fixture(scope="module")
def real():
    data = recorded(5, seed=0)
    return real_examples(data, GROWN, seen_by_networks(data))


@pytest.fixture(scope="module")
def grown(network, real):
    return grown_network(network, GROWN, real)


def far_aside(by, n=40, seed=0):
    """Deviations (n, 4, 3) of which one course differs by so much, on average."""
    deviations = torch.randn(n, 4, 3, generator=torch.Generator().manual_seed(seed))
    deviations[:, 1, 0] += by
    return deviations


def test_it_finds_which_course_tells_and_to_which_side():
    deviations = torch.cat([far_aside(0), far_aside(3, seed=1)])
    weight, bias = fitted(deviations, torch.arange(2).repeat_interleave(40))
    named = sides(torch.cat([far_aside(0, seed=2), far_aside(3, seed=3)])) @ weight.T + bias
    assert (named.argmax(1) == torch.arange(2).repeat_interleave(40)).float().mean() > 0.85
    strength = (weight[1] - weight[0]).unflatten(0, (4, 6)).abs()
    assert int(strength.sum(1).argmax()) == 1
    other_side = sides(far_aside(-3, seed=4)) @ weight.T + bias
    assert (other_side[:, 1] - other_side[:, 0]).mean() < (named[40:, 1] - named[40:, 0]).mean() / 2


def test_a_class_counts_alike_however_many_were_recorded():
    deviations = torch.cat([far_aside(0, n=90), far_aside(2, n=10, seed=1)])
    labels = (torch.arange(100) >= 90).long()
    named = sides(torch.cat([far_aside(0, seed=2), far_aside(2, seed=3)]))
    weight, bias = fitted(deviations, labels)
    false, true = (named @ weight.T + bias).argmax(1).float().view(2, -1).mean(1).tolist()
    assert 1 - false == pytest.approx(true, abs=0.2)


def test_few_recordings_say_little():
    def surest(n):
        deviations = torch.cat([far_aside(0, n), far_aside(3, n, seed=1)])
        weight, bias = fitted(deviations, torch.arange(2).repeat_interleave(n))
        scores = sides(far_aside(3, seed=2)) @ weight.T + bias
        return float(scores.softmax(1)[:, 1].mean())

    assert 0.5 < surest(2) < surest(40)


def test_a_joint_lost_for_a_moment_does_not_count_for_the_body():
    lost = torch.ones(1, 84, 3)
    lost[0, 3] = 1000
    assert (sides(lost) - sides(torch.ones(1, 84, 3))).abs().mean() < 0.1


def test_it_says_nothing_of_exercises_that_are_simulated_nor_of_which_exercise_it_is():
    discriminant = Discriminant(CLASSES, 84)
    assert taught(CLASSES).tolist() == [False, False, True, True, True]
    from_others, from_own = torch.randn(6, 5, 84, 3), torch.randn(6, 84, 3)
    own = torch.tensor([True, False] * 3)
    assert torch.equal(discriminant(from_others, from_own, own), torch.zeros(6, 5))
    discriminant.weight.normal_()
    said = discriminant(from_others, from_own, own)
    assert torch.equal(said[:, :2], torch.zeros(6, 2))
    torch.testing.assert_close(said[:, 2:].exp().mean(1), torch.ones(6))  # against chance


def test_ones_own_way_counts_where_it_is_known():
    discriminant = Discriminant(CLASSES, 84)
    discriminant.weight[OTHERS, 3], discriminant.weight[OWN, 4] = 1.0, 1.0
    far = torch.ones(2, 5, 84, 3), torch.ones(2, 84, 3), torch.tensor([False, True])
    alone, beside = discriminant(*far)
    assert alone.argmax() == 3
    assert beside.argmax() == 4


def test_a_taught_exercise_is_told_better_with_it(network, grown, real):
    data = recorded(12, seed=1)
    others = real_examples(data, GROWN, seen_by_networks(data)).examples
    places = [GROWN.index(code) for code in sorted(OWN_NAMES.values())]
    for baseline in (None, others.baseline()):
        deviations = grown.deviations(others.inputs, baseline)
        said = grown.discriminant(*deviations)[:, places]
        right = said.argmax(1) == others.labels - len(CODES)
        assert right.float().mean() > 0.7, baseline is None


def test_what_was_known_is_named_as_before(network, grown, real):
    squats = real.examples.inputs
    with torch.inference_mode():
        said = grown.discriminant(*grown.deviations(squats))
    assert torch.equal(said[:, : len(CODES)], torch.zeros(len(squats), len(CODES)))
    assert grown.config.discriminant
    assert not grown_network(network, CODES, real_of_known()).config.discriminant


def real_of_known():
    data = [replace(r, truth=None) for r in load("sim:0:2:1")]
    return real_examples(data, CODES, seen_by_networks(data))


def test_left_and_right_are_learned_alike(grown, real):
    x = real.examples.inputs
    here, there = (grown.discriminant(*grown.deviations(image)) for image in (x, mirrored(x)))
    assert (here.argmax(1) == there.argmax(1)).float().mean() > 0.9


def test_without_a_baseline_of_every_class_nothing_is_said_of_ones_own_way(network):
    data = [
        replace(r, person=f"p{i}", labels=(OWN_NAMES[r.label],), truth=None)
        for i, r in enumerate(r for r in load("sim:1:2:1") if r.label in OWN_NAMES)
    ]
    discriminant = grown_network(
        network, GROWN, real_examples(data, GROWN, seen_by_networks(data))
    ).discriminant
    assert discriminant.weight[OTHERS].any()
    assert not discriminant.weight[OWN].any()


def test_it_is_learned_anew_where_an_adapted_release_is_adapted(grown, real):
    again = grown_network(grown, GROWN, real)
    torch.testing.assert_close(again.discriminant.weight, grown.discriminant.weight)


def test_what_is_said_is_weighed_by_it(grown, real):
    x, beside = real.examples.inputs, real.examples.baseline(real.counts)
    without = FeedbackNetwork(replace(grown.config, discriminant=False)).eval()
    without.load_state_dict(grown.state_dict(), strict=False)
    with torch.inference_mode():
        alone, both = (n(x, baseline=beside).log_probabilities for n in (without, grown))
        likelier = grown.discriminant(*grown.deviations(x, beside))
    torch.testing.assert_close(both, (alone + likelier).log_softmax(1))


def test_it_asks_for_deviations():
    with pytest.raises(ValueError, match="deviations"):
        NetworkConfig(classes=CLASSES, baseline=True, discriminant=True)
