"""From a recording to findings and corrections, by one model release: all repetitions in one batch."""

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import islice
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml.baseline import encoded_baselines, mirrored
from ml.catalogue import exercise_of, is_correct
from ml.correction import check, correct, joints_moved_most, largest_shift
from ml.encoding import decode_change, encode
from ml.judge import judge_features
from ml.manifest import LENIENCY, WITH_BASELINE
from ml.model import NetworkOutput
from ml.poses.sequence import PoseSequence
from ml.preprocess import prepare
from ml.published import PublishedPose, align, corrected_published, encode_published, world_change
from ml.release import PUBLISHED, Release
from ml.repetitions import Span, exercise_of_most, find_repetitions
from ml.results import (
    LOW_CONFIDENCE,
    POOR_QUALITY,
    UNLIKE_TRAINING,
    AnalysisError,
    CorrectionResult,
    Finding,
    Prediction,
    RecordingResult,
    RepetitionResult,
    Searched,
)
from ml.windows import blended, windows

__all__ = [
    "AnalysisError",
    "CorrectionResult",
    "Finding",
    "Prediction",
    "Predictor",
    "RecordingResult",
    "RepetitionResult",
    "Searched",
]

Part = TypeVar("Part", bound=nn.Module)


class Predictor:
    """A release made ready on a device.

    Computes in double precision: in single, the sums of a matrix product come out in another order for
    another batch size, and a finding near a threshold would depend on what shares the batch.

    Parameters
    ----------
    release : Release
    device : str
        As PyTorch names it.
    """

    def __init__(self, release: Release, device: str = "cpu") -> None:
        self.release = release
        self._device = torch.device(device)
        self._network = self._ready(release.network)
        self._judge = None if release.judge is None else self._ready(release.judge)
        self._familiarity = None if release.familiarity is None else self._ready(release.familiarity)
        self._codes = release.classes
        self._is_published = release.kind == PUBLISHED

    @property
    def exercises(self) -> tuple[str, ...]:
        """The exercises that the release knows, in the order of its classes."""
        return tuple(dict.fromkeys(exercise_of(code) for code in self._codes))

    def predict(
        self,
        repetitions: Sequence[PoseSequence],
        exercises: Sequence[str | None] | None = None,
        *,
        baselines: Sequence[Sequence[PoseSequence]] | None = None,
        correct_always: bool = False,
    ) -> list[Prediction]:
        """Judge and correct repetitions, all in one batch.

        Parameters
        ----------
        repetitions : sequence of PoseSequence
            Prepared (no missing values, z up); they may come from different recordings.
        exercises : sequence of str or None, optional
            The exercise of each where it is known: then only its classes are possible.
        baselines : sequence of sequences of PoseSequence, optional
            For each repetition others of the same person and exercise that were marked correct, prepared;
            none for some or for all is no fault, only less sure. A release without baseline ignores them.
        correct_always : bool
            Correct also what is found correct or abstained from; for evaluation.

        Returns
        -------
        list of (Finding, CorrectionResult or None)
            One for each repetition. Does not depend on which others share the call.

        Raises
        ------
        AnalysisError
            `unknown_exercise` if the release knows no class of a given exercise.
        """
        if not repetitions:
            return []
        allowed = self._allowed(exercises or [None] * len(repetitions))
        frames = [self._windows(repetition) for repetition in repetitions]
        owners = _owners(frames)
        poses, inputs = self._seen(_cut(repetitions, frames))
        beside = None
        if baselines is not None and self.release.network.config.baseline:
            in_windows = [_cut(own, [self._windows(one) for one in own]) for own in baselines]
            beside = encoded_baselines(self._tensor(inputs), [in_windows[owner] for owner in owners])
        findings, changes = self._find(inputs, owners, allowed, beside)
        chosen = [
            i
            for i, finding in enumerate(findings)
            if correct_always or not (finding.abstained or is_correct(finding.code))
        ]
        own_changes = np.split(changes, np.flatnonzero(np.diff(owners)) + 1)
        corrections = self._correct(chosen, repetitions, frames, poses, own_changes, allowed)
        return [(finding, corrections.get(i)) for i, finding in enumerate(findings)]

    def analyse(
        self,
        sequence: PoseSequence,
        exercise: str | None = None,
        *,
        baselines: Mapping[str, Sequence[PoseSequence]] | None = None,
        cuts: Sequence[Span] | None = None,
    ) -> RecordingResult:
        """Analyse a whole recording: prepare it, find its repetitions, judge and correct each.

        Parameters
        ----------
        sequence : PoseSequence
            As a reader gave it.
        exercise : str, optional
            Of all repetitions, where somebody said it. Without it, each has the exercise that it looks like.
        baselines : mapping of str to sequence of PoseSequence, optional
            By exercise, repetitions of this person that were marked correct, prepared.
        cuts : sequence of Span, optional
            Where somebody has said the repetitions are; none are looked for then.

        Returns
        -------
        RecordingResult
            Its exercise is that of most repetitions.

        Raises
        ------
        AnalysisError
            `no_repetition_found`, `unknown_exercise`.
        PoseFormatError
            `missing_values`, from `ml.preprocess.prepare`.
        """
        return self.judge([self.search(sequence, exercise, baselines=baselines, cuts=cuts)])[0]

    def search(
        self,
        sequence: PoseSequence,
        exercise: str | None = None,
        *,
        baselines: Mapping[str, Sequence[PoseSequence]] | None = None,
        cuts: Sequence[Span] | None = None,
    ) -> Searched:
        """Prepare a recording and find its repetitions, for `judge`. Takes and raises what `analyse` does."""
        prepared = prepare(sequence)
        spans = find_repetitions(prepared.sequence, exercise) if cuts is None else list(cuts)
        if not spans and cuts is None:
            raise AnalysisError(
                "no_repetition_found",
                "No squat, lunge or plank was found. Record the whole exercise, all of the body in view.",
            )
        self._allowed([span.exercise for span in spans])
        return Searched(prepared, tuple(spans), exercise or exercise_of_most(spans) or "", baselines or {})

    def judge(self, recordings: Sequence[Searched]) -> list[RecordingResult]:
        """Judge and correct the repetitions of one or more recordings, all in one batch.

        Parameters
        ----------
        recordings : sequence of Searched
            Of `search`. They may be of different people and exercises.

        Returns
        -------
        list of RecordingResult
            One for each. Does not depend on which others share the call.
        """
        predictions = iter(
            self.predict(
                [repetition for one in recordings for repetition in one.repetitions],
                [span.exercise for one in recordings for span in one.spans],
                baselines=[one.baselines.get(span.exercise, ()) for one in recordings for span in one.spans],
            )
        )
        return [self._recording(one, list(islice(predictions, len(one.spans)))) for one in recordings]

    def judged(
        self, motions: Sequence[PoseSequence], exercises: Sequence[str | None] | None = None
    ) -> list[str]:
        """Return what the release's own judge calls motions, as it does corrections.

        Parameters
        ----------
        motions : sequence of PoseSequence
            Each one repetition, prepared.
        exercises : sequence of str or None, optional
            What each is known to be of.

        Raises
        ------
        ValueError
            Of a release without a judge.
        """
        if self._judge is None:
            raise ValueError(f"the release {self.release.name!r} has no judge")
        frames = [self._windows(motion) for motion in motions]
        seen = np.stack([judge_features(part) for part in _cut(motions, frames)])
        return self._judged(seen, _owners(frames), self._allowed(exercises or [None] * len(motions)))

    def _recording(self, searched: Searched, predictions: list[Prediction]) -> RecordingResult:
        prepared = searched.prepared
        if prepared.quality.grade == "poor":
            # What cannot be seen well cannot be judged well, whatever the probabilities say.
            predictions = [
                (replace(finding, abstained=True, abstained_reason=POOR_QUALITY), None)
                for finding, _ in predictions
            ]
        results = tuple(
            RepetitionResult(i, *span, finding, correction)
            for i, (span, (finding, correction)) in enumerate(zip(searched.spans, predictions, strict=True))
        )
        return RecordingResult(
            self.release.name, searched.exercise, prepared.sequence, prepared.filled, results
        )

    def _allowed(self, exercises: Sequence[str | None]) -> NDArray[np.bool_]:
        for exercise in exercises:
            if exercise is not None and exercise not in self.exercises:
                raise AnalysisError(
                    "unknown_exercise",
                    f"The model release {self.release.name!r} does not know the exercise {exercise!r}.",
                )
        of_class = [exercise_of(code) for code in self._codes]
        return np.array([[e is None or e == name for name in of_class] for e in exercises])

    def _windows(self, repetition: PoseSequence) -> list[slice]:
        """The published weights saw holds as a whole, whatever their length."""
        return [slice(0, len(repetition))] if self._is_published else windows(repetition)

    def _seen(self, repetitions: Sequence[PoseSequence]) -> tuple[list[PublishedPose], NDArray[np.floating]]:
        """Return what the network sees, (B, N, K); and for published weights the poses in their frame."""
        if not self._is_published:
            return [], encode(repetitions)
        poses = [align(repetition.positions) for repetition in repetitions]
        return poses, np.stack([encode_published(pose.aligned) for pose in poses])

    def _find(
        self,
        inputs: NDArray[np.floating],
        owners: NDArray[np.intp],
        allowed: NDArray[np.bool_],
        baseline: Tensor | None = None,
    ) -> tuple[list[Finding], NDArray[np.float64]]:
        """Return a finding for each repetition, and the changes (W, N, K) that go with its windows.

        `owners` (W,) says whose window each input is. Of several windows the mean probability counts.
        """
        x, owner = self._tensor(inputs), torch.from_numpy(owners).to(self._device)
        possible = torch.from_numpy(allowed[owners]).to(self._device)
        with torch.inference_mode():
            output = self._run(x, baseline)
            compared = torch.zeros(len(x), dtype=torch.bool, device=x.device)
            if baseline is not None:
                compared = baseline[:, 0, 0].isfinite()
            log_probabilities = output.log_probabilities / self._temperature(compared)[:, None]
            of_windows = log_probabilities.masked_fill(~possible, -torch.inf).softmax(1)
            probabilities = _means(of_windows, owner)
            found = probabilities.argmax(1)[owner]
            # Where the exercise, or the other windows of a hold, rule out what the network believed, the
            # correction is told what was found.
            overruled = found != log_probabilities.argmax(1)
            change = output.change
            if bool(overruled.any()):
                told = self._run(x, baseline, torch.where(overruled, found, -1))
                change = torch.where(overruled[:, None, None], told.change, change)
            distances = x.new_zeros(len(x)) if self._familiarity is None else self._familiarity(x)
            distances, shares = _means(distances.to(x), owner), _means(compared.to(x), owner)
        of_each = (distances.tolist(), (shares > 0).tolist())
        rows = zip(probabilities.cpu().numpy(), allowed, *of_each, strict=True)
        return [self._finding(*row) for row in rows], change.cpu().numpy()

    def _run(self, x: Tensor, baseline: Tensor | None, label: Tensor | None = None) -> NetworkOutput:
        """Run the network on motions and on their mirror images, and return the mean of both.

        So left and right make no difference at all. The published weights are run as they were.
        """
        output: NetworkOutput = self._network(x, label=label, baseline=baseline)
        if self._is_published:
            return output
        other = self._network(
            mirrored(x), label=label, baseline=None if baseline is None else mirrored(baseline)
        )
        log_probabilities = torch.logaddexp(output.log_probabilities, other.log_probabilities) - math.log(2)
        return NetworkOutput(log_probabilities, (output.change + mirrored(other.change)) / 2)

    def _temperature(self, compared: Tensor) -> Tensor:
        """Return the temperature of each repetition (B,), by whether it was compared with a baseline."""
        alone, beside = self.release.manifest.temperature, self.release.manifest.temperature_with_baseline
        return torch.where(compared, alone if beside is None else beside, alone).to(torch.float64)

    def _finding(
        self, probabilities: NDArray[np.float64], allowed: NDArray[np.bool_], distance: float, compared: bool
    ) -> Finding:
        best = int(probabilities.argmax())
        thresholds = self.release.manifest.thresholds
        confidence = thresholds.get("confidence", 0.0)
        if compared:
            confidence = thresholds.get(f"confidence{WITH_BASELINE}", confidence)
        reason = ""
        if distance > thresholds.get("unlike_training", np.inf):
            reason = UNLIKE_TRAINING
        elif probabilities[best] < confidence:
            reason = LOW_CONFIDENCE
        by_code = {
            code: float(p) for code, p, may in zip(self._codes, probabilities, allowed, strict=True) if may
        }
        return Finding(self._codes[best], float(probabilities[best]), by_code, bool(reason), reason)

    def _correct(
        self,
        chosen: list[int],
        repetitions: Sequence[PoseSequence],
        frames: Sequence[list[slice]],
        poses: list[PublishedPose],
        changes: list[NDArray[np.float64]],
        allowed: NDArray[np.bool_],
    ) -> dict[int, CorrectionResult]:
        """Correct the chosen repetitions and have all of them judged at once, in their windows again."""
        if not chosen:
            return {}
        motions: list[NDArray[np.float64]] = []
        seen: list[NDArray[np.floating]] = []
        for i in chosen:
            performed, rate = repetitions[i].positions, repetitions[i].frame_rate
            if self._is_published:
                in_its_frame = corrected_published(poses[i].aligned, changes[i][0])
                seen.append(encode_published(in_its_frame))
                motions.append(correct(performed, world_change(performed, poses[i], in_its_frame), rate))
            else:
                parts = [
                    decode_change(change, performed[where])
                    for change, where in zip(changes[i], frames[i], strict=True)
                ]
                motions.append(correct(performed, blended(parts, frames[i]), rate))
                corrected = repetitions[i].with_positions(motions[-1])
                seen += [judge_features(part) for part in _cut([corrected], [frames[i]])]
        verdicts = self._judged(np.stack(seen), _owners([frames[i] for i in chosen]), allowed[chosen])
        return {
            i: _result(repetitions[i], motion, judged)
            for i, motion, judged in zip(chosen, motions, verdicts, strict=True)
        }

    def _judged(
        self, seen: NDArray[np.floating], owners: NDArray[np.intp], allowed: NDArray[np.bool_]
    ) -> list[str]:
        """Return the judge's class of each corrected motion; published weights judge themselves."""
        with torch.inference_mode():
            if self._judge is not None:
                scores = self._judge(self._tensor(seen)) + self._leniency()
            elif self._is_published:
                scores = self._network(self._tensor(seen)).log_probabilities
            else:
                return [""] * len(allowed)
        possible = torch.from_numpy(allowed[owners]).to(self._device)
        likely = scores.masked_fill(~possible, -torch.inf).softmax(1)
        best = _means(likely, torch.from_numpy(owners).to(self._device)).argmax(1)
        return [self._codes[i] for i in best.tolist()]

    def _leniency(self) -> Tensor:
        """What is added to the judge's log-probabilities of the classes, (M,); see `fitted_leniency`."""
        leniency = self.release.manifest.thresholds.get(LENIENCY, 0.0)
        return self._tensor(np.array([leniency * is_correct(code) for code in self._codes]))

    def _ready(self, part: Part) -> Part:
        """Return a copy of a network on the device, in double precision; the release stays as it is."""
        return deepcopy(part).to(self._device, torch.float64).eval()

    def _tensor(self, values: NDArray[np.floating]) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float64, device=self._device)


def _cut(repetitions: Sequence[PoseSequence], frames: Sequence[list[slice]]) -> list[PoseSequence]:
    """The windows of all repetitions, one after the other."""
    return [
        repetition if len(own) == 1 else repetition.cut(where.start, where.stop)
        for repetition, own in zip(repetitions, frames, strict=True)
        for where in own
    ]


def _owners(frames: Sequence[list[slice]]) -> NDArray[np.intp]:
    """Whose each of the windows is that `_cut` returns."""
    return np.repeat(np.arange(len(frames)), [len(own) for own in frames])


def _means(values: Tensor, owners: Tensor) -> Tensor:
    """The mean of the rows of each owner; `owners` count from 0 without a gap."""
    sums = values.new_zeros((int(owners[-1]) + 1, *values.shape[1:])).index_add_(0, owners, values)
    counts = torch.bincount(owners).to(values)
    return sums / counts.reshape(-1, *[1] * (values.dim() - 1))


def _result(repetition: PoseSequence, motion: NDArray[np.float64], judged: str) -> CorrectionResult:
    failed = tuple(check(repetition.positions, motion, repetition.frame_rate))
    return CorrectionResult(
        positions=motion.astype(np.float32),
        verified=bool(judged) and is_correct(judged) and not failed,
        failed_checks=failed,
        largest_shift_m=largest_shift(repetition.positions, motion),
        joints=joints_moved_most(repetition.positions, motion),
        judged=judged,
    )
