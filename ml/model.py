"""The network: it names the mistake of a repetition and, knowing the name, proposes how to change the motion.

"3D Pose Based Feedback for Physical Exercises" (Zhao et al., ACCV 2022), read from the bottom up:

    coefficients -> shared graph convolution -> classification branch -> log-probabilities
                                  |                                          |
                                  +-> correction branch <--- feedback -------+ -> change of the coefficients

One class serves the published weights exactly and exfb's own. What differs is in `NetworkConfig` and in
buffers that do nothing until they are filled:

* the published network feeds back the single likeliest class, which passes no gradient and flips at a tie;
  ours feeds back the probabilities;
* the published one skipped a batch normalisation for a batch of one, so that a repetition scored differently
  alone. Here the same layers always run, and in `eval` mode nothing depends on what shares the batch;
* ours also sees the angles and distances between the joints, each a node like a coordinate, and how they
  differ from the person's own correct way;
* ours weighs what the branches say with how far the repetition is from right (`ml/deviation.py`), and in an
  exercise that it was taught by recordings with where and to which side (`ml/discriminant.py`);
* ours adds to the change what is linear in the whole body (`ml/linear_correction.py`);
* in ours several classification branches name the mistake (an ensemble: Lakshminarayanan et al., NeurIPS
  2017): on people and sensors unlike those it learned from, each errs in its own way, and their mean less;
* ours standardises its input and its change, each by what training motions have, because of an orthonormal
  transform the first coefficients are a thousand times the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ml.baseline import mirrored
from ml.deviation import N_SLOWEST, Deviation, log_distance
from ml.discriminant import Discriminant
from ml.linear_correction import LinearCorrection
from ml.trajectories import N_ANGLES, angle_nodes

FEEDBACK = ("probabilities", "argmax")


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """What must be known to build the network before its weights are read.

    Parameters
    ----------
    classes : tuple of str
        Class codes, in the order of the outputs.
    n_nodes : int
        Graph nodes: 19 joints times 3 coordinates, all x, then all y, then all z.
    n_coefficients : int
        DCT coefficients of each node.
    n_hidden : int
        Features of each node inside; even, because the classification branch averages them in pairs.
    n_members : int
        Classification branches, each on a graph layer of its own, whose mean is what is said. The first
        shares its layer with the correction branch.
    dropout : float
    feedback : str
        What the correction branch is told: "probabilities", or "argmax" as published.
    baseline : bool
        Whether the network may be told how this person does the exercise right.
    angles : bool
        Whether the courses of angles and distances are further nodes of the graph.
    deviation : bool
        Whether how far a repetition is from right is weighed too; asks for `baseline`.
    discriminant : bool
        Whether, in exercises that were taught by recordings, where it differs from right and to which side is
        weighed too; asks for `deviation`.
    n_linear : int
        Of how many classes, the first ones, a part of the correction is linear; asks for `baseline`.
    """

    classes: tuple[str, ...]
    n_nodes: int = 57
    n_coefficients: int = 25
    n_hidden: int = 256
    n_members: int = 1
    dropout: float = 0.5
    feedback: str = "probabilities"
    baseline: bool = False
    angles: bool = False
    deviation: bool = False
    discriminant: bool = False
    n_linear: int = 0

    @property
    def n_seen(self) -> int:
        """Nodes of the graph: those of the joints, and those of the angles if they are seen."""
        return self.n_nodes + N_ANGLES if self.angles else self.n_nodes

    @property
    def n_features(self) -> int:
        """What the first layer sees of a node; with a baseline also the differences to it, and a flag."""
        return 2 * self.n_coefficients + 1 if self.baseline else self.n_coefficients

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < 2:
            raise ValueError("a network needs at least two classes, each named once")
        if self.feedback not in FEEDBACK:
            raise ValueError(f"feedback is one of {FEEDBACK}, not {self.feedback!r}")
        if self.n_hidden % 2 or self.n_nodes % 3:
            raise ValueError("n_hidden must be even, and n_nodes a multiple of the three coordinates")
        if self.n_members < 1:
            raise ValueError("n_members is 1 or more")
        if self.deviation and not self.baseline:
            raise ValueError("a network that weighs deviations has to know baselines")
        if self.discriminant and not self.deviation:
            raise ValueError("a network that tells where it differs from right has to weigh deviations")
        if self.n_linear and not (self.baseline and self.n_linear <= len(self.classes)):
            raise ValueError("linear corrections are of classes that there are, and ask for baselines")


class NetworkOutput(NamedTuple):
    """log_probabilities (B, M) of the classes; change (B, N, K) to add to the coefficients."""

    log_probabilities: Tensor
    change: Tensor


class GraphConvolution(nn.Module):
    """Y = A X W + b, with a learned, dense adjacency A over the nodes (Mao et al., ICCV 2019)."""

    def __init__(self, n_nodes: int, n_in: int, n_out: int) -> None:
        super().__init__()
        bound = n_out**-0.5
        self.weight = nn.Parameter(torch.empty(n_in, n_out).uniform_(-bound, bound))
        self.adjacency = nn.Parameter(torch.empty(n_nodes, n_nodes).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_out).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        return self.adjacency @ (x @ self.weight) + self.bias  # (B, N, n_out)


class GraphLayer(nn.Module):
    """Graph convolution, batch normalisation of each (node, feature) by itself, ReLU, dropout."""

    def __init__(self, n_nodes: int, n_in: int, n_out: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.convolution = GraphConvolution(n_nodes, n_in, n_out)
        self.normalisation = nn.BatchNorm1d(n_nodes * n_out)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(x)  # (B, N, n_out)
        y = self.normalisation(y.flatten(1)).view_as(y)
        return self.dropout(F.relu(y))


class ResidualBlock(nn.Module):
    """Two graph layers, added to what came in."""

    def __init__(self, n_nodes: int, n_features: int) -> None:
        super().__init__()
        self.first = GraphLayer(n_nodes, n_features, n_features)
        self.second = GraphLayer(n_nodes, n_features, n_features)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x)) + x


class ClassificationBranch(nn.Module):
    """From the shared features to the log-probabilities of the classes."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        pooled = config.n_hidden // 2
        self.dropout = nn.Dropout(config.dropout)
        self.mix_axes = nn.Conv2d(3, 3, kernel_size=(1, 3), padding=(0, 1), bias=False)
        self.graph = GraphLayer(config.n_seen, pooled, config.n_coefficients, config.dropout)
        self.linear = nn.Linear(config.n_seen * config.n_coefficients, len(config.classes))
        self.n_nodes = config.n_nodes

    def forward(self, shared: Tensor) -> Tensor:
        shared = self.dropout(shared)
        # By slices, since a kernel for pooling takes ten times as long.
        x = (shared[..., ::2] + shared[..., 1::2]) / 2  # (B, N, H/2)
        axes = x[:, : self.n_nodes].unflatten(1, (3, -1))  # (B, 3, J, H/2): all x, all y, all z
        mixed = self.mix_axes(axes).flatten(1, 2)
        x = torch.cat([mixed, x[:, self.n_nodes :]], dim=1)  # (B, N + A, H/2): angles have no axes
        return F.log_softmax(self.linear(self.graph(x).flatten(1)), dim=1)  # (B, M)


class CorrectionBranch(nn.Module):
    """From the shared features and what the classes say to a change of the coefficients.

    Without dropout, before it and in it: a name survives the loss of some features, a place in metres does
    not.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        n_nodes, n_hidden = config.n_seen, config.n_hidden
        self.n_nodes = config.n_nodes
        self.before = ResidualBlock(n_nodes, n_hidden)
        self.feedback = nn.Linear(len(config.classes), n_nodes)
        self.after = ResidualBlock(n_nodes, n_hidden + 1)
        self.out = GraphConvolution(n_nodes, n_hidden + 1, config.n_coefficients)
        # Training starts from no change at all: it then learns the correction several times faster.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, shared: Tensor, told: Tensor) -> Tensor:
        feature = self.feedback(told).unsqueeze(2)  # (B, N + A, 1)
        x = torch.cat([feature, self.before(shared)], dim=2)  # (B, N + A, 1 + H): the feedback comes first
        return self.out(self.after(x))[:, : self.n_nodes]  # (B, N, K)


class FeedbackNetwork(nn.Module):
    """The two-branch network with feedback module.

    Parameters
    ----------
    config : NetworkConfig
    """

    input_mean: Tensor
    input_scale: Tensor
    difference_scale: Tensor
    change_scale: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.shared = GraphLayer(config.n_seen, config.n_features, config.n_hidden)
        self.classification = ClassificationBranch(config)
        self.further_members = nn.ModuleList(
            nn.Sequential(
                GraphLayer(config.n_seen, config.n_features, config.n_hidden), ClassificationBranch(config)
            )
            for _ in range(config.n_members - 1)
        )
        self.correction = CorrectionBranch(config)
        shape = (config.n_seen, config.n_coefficients)
        self.register_buffer("input_mean", torch.zeros(shape))
        self.register_buffer("input_scale", torch.ones(shape))
        self.register_buffer("change_scale", torch.ones(shape[1]).repeat(config.n_nodes, 1))
        if config.baseline:
            self.register_buffer("difference_scale", torch.ones(shape))
        if config.deviation:
            self.deviation = Deviation(config.classes, config.n_seen)
        if config.discriminant:
            self.discriminant = Discriminant(config.classes, config.n_seen)
        if config.n_linear:
            self.linear_correction = LinearCorrection(config.n_linear, config.n_seen, config.n_nodes)

    def standardise_by(
        self, inputs: Tensor, changes: Tensor, baselines: Tensor | None = None, *, floor: float = 0.02
    ) -> None:
        """Set all scales from training motions (S, N, K), their changes and what they are compared with.

        `floor` keeps a coefficient that hardly varies (in leg lengths) from being blown up to noise.
        """
        seen = self.seen(inputs)
        self.input_mean.copy_(seen.mean(0))
        self.input_scale.copy_(seen.std(0).clamp_min(floor))
        self.scale_changes_by(changes, floor=floor)
        if baselines is not None and self.config.baseline:
            differences = seen - self.seen(baselines)
            self.difference_scale.copy_(differences.square().mean(0).sqrt().clamp_min(floor))

    def scale_changes_by(self, changes: Tensor, *, floor: float = 0.02) -> None:
        """Set the scale of the change from those of training motions (S, N, K).

        Not the input's: the pelvis's path is told about its mean, yet a correction moves that mean.
        """
        self.change_scale.copy_(changes.square().mean(0).sqrt().clamp_min(floor))

    def forward(
        self, x: Tensor, *, label: Tensor | None = None, baseline: Tensor | None = None
    ) -> NetworkOutput:
        """Classify and correct a batch of repetitions.

        Parameters
        ----------
        x : Tensor, shape (B, N, K)
            Coefficients in the release's encoding.
        label : Tensor of int, shape (B,), optional
            For training: the class to tell the correction branch instead of what the network believes; where
            it is negative, the network's own belief is told.
        baseline : Tensor, shape (B, N, K), optional
            As `ml.baseline.baseline_mean`: NaN where a repetition has none. A network whose configuration
            has no baseline takes no notice of it.

        Returns
        -------
        NetworkOutput
        """
        log_probabilities, features, shared = self._named(x, baseline)
        told = self._told(log_probabilities, label)  # (B, M)
        change = self.correction(shared, told) * self.change_scale  # (B, N, K)
        if self.config.n_linear:
            linear = self.linear_correction(features, told)
            change = change + F.pad(linear, (0, change.shape[2] - linear.shape[2]))
        return NetworkOutput(log_probabilities, change)

    def trained_parameters(self, *, corrections: bool) -> list[nn.Parameter]:
        """Return the weights that a training changes: all of them, or those of what names the mistake."""
        if corrections:
            return list(self.parameters())
        return [weight for name, weight in self.named_parameters() if not name.startswith("correction.")]

    def named(self, x: Tensor, *, baseline: Tensor | None = None) -> Tensor:
        """Return the log-probabilities (B, M) of `forward`, without the work of a correction."""
        return self._named(x, baseline)[0]

    def features(self, x: Tensor, baseline: Tensor | None = None) -> Tensor:
        """Return what the first layers see, (B, N + A, 2 K + 1) or, knowing no baselines, (B, N + A, K)."""
        seen = self.seen(x)
        return self._features(seen, *self._difference(x, seen, baseline))

    def _named(self, x: Tensor, baseline: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Return the log-probabilities (B, M), and what the corrections see: the features that the network
        has of its input, (B, N + A, 2 K + 1), and what its branches share, (B, N + A, H).
        """
        seen = self.seen(x)
        difference, own = self._difference(x, seen, baseline)
        features = self._features(seen, difference, own)
        shared = self.shared(features)  # (B, N + A, H)
        log_probabilities = self.classification(shared)  # (B, M)
        if self.further_members:
            said = [log_probabilities, *(member(features) for member in self.further_members)]
            log_probabilities = torch.stack(said).mean(0)
        # Learning, the loss of this mean is the mean of their losses, so that each learns by itself.
        if not self.training:
            if self.config.deviation:
                distances = self._distances(x, seen, difference, own)
                log_probabilities = log_probabilities + self.deviation(distances, own)
            if self.config.discriminant:
                from_others, from_own = self.deviation.from_others(seen), difference[..., :N_SLOWEST]
                log_probabilities = log_probabilities + self.discriminant(from_others, from_own, own)
            log_probabilities = F.log_softmax(log_probabilities, dim=1)
        return log_probabilities, features, shared

    def distances(self, x: Tensor, baseline: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return how far repetitions are from right: what `Deviation` takes.

        Parameters
        ----------
        x, baseline : Tensor, shape (B, N, K)
            As `forward`.

        Returns
        -------
        (Tensor, Tensor), shapes (B, M) and (B,)
            From the person's baseline where there is one, else from other people's correct executions; a
            repetition or its mirror image, whichever is nearer. And of which this is so.
        """
        seen = self.seen(x)
        difference, own = self._difference(x, seen, baseline)
        return self._distances(x, seen, difference, own), own

    def deviations(self, x: Tensor, baseline: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Return how repetitions differ from right, as `Discriminant` takes it; arguments as `forward`."""
        seen = self.seen(x)
        difference, own = self._difference(x, seen, baseline)
        return self.deviation.from_others(seen), difference[..., :N_SLOWEST], own

    def seen(self, x: Tensor) -> Tensor:
        """Return the courses that the graph has as nodes, (B, N + A, K): of joints, and of angles."""
        return torch.cat([x, angle_nodes(x)], dim=1) if self.config.angles else x  # (B, N + A, K)

    def _difference(self, x: Tensor, seen: Tensor, baseline: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the standardised difference to the baseline, (B, N + A, K), and who has one, (B,).

        The difference of one who has none, or of a network that knows no baselines, is zero.
        """
        if baseline is None or not self.config.baseline:
            return torch.zeros_like(seen), torch.zeros(len(x), dtype=torch.bool, device=x.device)
        own = baseline[:, 0, 0].isfinite()
        # Compared with itself, so that the difference is never NaN.
        beside = torch.where(own[:, None, None], baseline, x)
        return (seen - self.seen(beside)) / self.difference_scale, own

    def _features(self, seen: Tensor, difference: Tensor, own: Tensor) -> Tensor:
        standard = (seen - self.input_mean) / self.input_scale
        if not self.config.baseline:
            return standard
        flag = own.to(seen)[:, None, None].expand(-1, seen.shape[1], 1)
        return torch.cat([standard, difference, flag], dim=2)  # (B, N + A, 2 K + 1)

    def _distances(self, x: Tensor, seen: Tensor, difference: Tensor, own: Tensor) -> Tensor:
        images = seen, self.seen(mirrored(x))
        as_it_is, as_mirrored = (log_distance(self.deviation.from_others(image)) for image in images)
        return torch.where(own[:, None], log_distance(difference)[:, None], as_it_is.minimum(as_mirrored))

    def _told(self, log_probabilities: Tensor, label: Tensor | None) -> Tensor:
        n_classes = len(self.config.classes)
        believed = log_probabilities.exp()
        if self.config.feedback == "argmax":
            believed = F.one_hot(believed.argmax(1), n_classes).to(believed)
        if label is None:
            return believed
        taught = F.one_hot(label.clamp_min(0), n_classes).to(believed)
        return torch.where((label >= 0).unsqueeze(1), taught, believed)


def joined(networks: Sequence[FeedbackNetwork]) -> FeedbackNetwork:
    """Return the network whose members are what each of several networks names by.

    Parameters
    ----------
    networks : sequence of FeedbackNetwork
        Of one configuration with one member, and standardised alike. The first also gives the correction.
    """
    first, *others = networks
    network = FeedbackNetwork(replace(first.config, n_members=len(networks)))
    network.load_state_dict(network.state_dict() | first.state_dict())
    for member, other in zip(network.further_members, others, strict=True):
        layer, branch = member.children()
        layer.load_state_dict(other.shared.state_dict())
        branch.load_state_dict(other.classification.state_dict())
    return network.eval()
