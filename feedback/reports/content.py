"""What a report says, gathered once and kept with it: words, counts and strokes, ready for JSON.

The PDF and the print page are drawn from this alone, so that they say the same for ever. The same findings,
verdicts, prescriptions and note give the same content: no time of making is in it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, get_language_bidi, ngettext
from django.utils.translation import gettext as _

from feedback.adherence import adherence
from feedback.charts import history_series
from feedback.desk import CAMERAS
from feedback.measured import measured_repetitions
from feedback.models import Analysis, Repetition, Verdict
from feedback.motions import unpack_motion
from feedback.reports.pictures import picture
from feedback.reports.said import reviewers, session_notes
from feedback.reports.trends import trend
from feedback.selectors import (
    HistoryEntry,
    current_analyses,
    judged_repetitions,
    mistake_history,
)
from feedback.sentences import class_name
from feedback.shares import share_text
from feedback.wording import exercise_name, exercises_in_order
from feedback.worst_moment import worst_moment
from ml.angles import joint_angles
from ml.catalogue import is_correct
from patients.models import Patient, Recording

#: What two pages have room for.
MOST_PICTURES, MOST_FINDINGS, MOST_PRESCRIPTIONS, MOST_NAMES = 4, 9, 5, 6


def report_content(patient: Patient, start: date, end: date, note: str, note_by: str) -> dict[str, Any]:
    """Return the content of a report on the days from `start` to `end`, in the language that is active."""
    everything = mistake_history(patient, end=end)
    entries = [entry for entry in everything if entry.day >= start]
    recordings = Recording.objects.filter(patient=patient, analyses__session__day__range=(start, end))
    analyses = current_analyses().filter(recording__patient=patient, session__day__range=(start, end))
    measured = [one for one in measured_repetitions(patient) if one.day <= end]
    total = sum(entry.total for entry in entries)
    reviewed = total - sum(entry.unreviewed for entry in entries)
    return {
        "language": get_language(),
        "rtl": get_language_bidi(),
        "clinic": patient.clinic.name,
        "patient": patient.name,
        "person": _person(patient),
        "simulated": patient.is_simulated,
        "period": _period(start, end),
        "as_of": _as_of(analyses, end).isoformat(),
        "total": total,
        "reviewed": reviewed,
        **_review_words(total, reviewed),
        "pain": _pain(recordings.distinct()),
        "prescribed": _prescribed(patient, entries, start, end),
        "exercises": _exercises(entries),
        "pictures": _pictures(analyses),
        "trends": [trend(everything, measured, exercise) for exercise in _done(entries)],
        "note": note,
        "note_by": note_by if note else "",
        "session_notes": session_notes(patient, start, end),
        "reviewers": reviewers(analyses),
        "releases": _releases(analyses),
    }


def _person(patient: Patient) -> str:
    born = _("born {year}").format(year=patient.birth_year) if patient.birth_year else ""
    return ", ".join(part for part in (born, patient.complaint) if part)


def _period(start: date, end: date) -> str:
    if start == end:
        return date_format(start, "l j F Y")
    return _("{start} to {end}").format(start=date_format(start, "j F Y"), end=date_format(end, "j F Y"))


def _as_of(analyses: QuerySet[Analysis], end: date) -> datetime:
    """The newest thing that the report rests on; nothing that is told later changes this."""
    verdict = Verdict.objects.filter(repetition__analysis__in=_keys(analyses)).order_by("-at").first()
    times = [at for at in analyses.values_list("finished_at", flat=True) if at is not None]
    times += [verdict.at] if verdict else []
    at = max(times, default=timezone.make_aware(datetime.combine(end, datetime.min.time())))
    return timezone.localtime(at).replace(microsecond=0)


def _keys(analyses: QuerySet[Analysis]) -> Any:
    return analyses.order_by().values("pk")


def _review_words(total: int, reviewed: int) -> dict[str, str]:
    if total and reviewed == total:
        return {"stamp": "", "review": _("A clinician has reviewed every repetition.")}
    if not total:
        return {"stamp": _("Not reviewed"), "review": _("There is no repetition in these days.")}
    if not reviewed:
        return {
            "stamp": _("Not reviewed"),
            "review": _("No clinician has reviewed this: it shows what the model found."),
        }
    return {
        "stamp": _("Not fully reviewed"),
        "review": ngettext(
            "{open} of {total} repetitions has not been reviewed: it shows what the model found.",
            "{open} of {total} repetitions have not been reviewed: they show what the model found.",
            total - reviewed,
        ).format(open=total - reviewed, total=total),
    }


def _pain(recordings: QuerySet[Recording]) -> str:
    told = recordings.order_by("recorded_at").values_list("pain", flat=True)
    levels = [pain for pain in told if pain is not None]
    if not levels:
        return _("Pain was not stated.")
    if len(levels) == 1:
        return _("Pain {pain} of 10.").format(pain=levels[0])
    return _("Pain at first {first}, at last {last}, at most {most} of 10.").format(
        first=levels[0], last=levels[-1], most=max(levels)
    )


def _done(entries: Sequence[HistoryEntry]) -> list[str]:
    return exercises_in_order(entry.exercise for entry in entries)


def _prescribed(
    patient: Patient, entries: Sequence[HistoryEntry], start: date, end: date
) -> list[dict[str, Any]]:
    """Each prescription that held in these days, and each exercise that was done without one."""
    prescriptions = [
        one
        for one in patient.prescriptions.order_by("-starts_on", "-pk")
        if one.starts_on <= end and (one.ends_on is None or one.ends_on >= start)
    ]
    rows = []
    for one in prescriptions[:MOST_PRESCRIPTIONS]:
        first, last = max(start, one.starts_on), min(end, one.ends_on or end)
        inside = [entry for entry in entries if entry.exercise == one.exercise and first <= entry.day <= last]
        days = adherence([one], one.exercise, {entry.day for entry in inside}, first, last)
        rows.append(
            {
                "exercise": one.get_exercise_display(),
                "dose": _dose(one.sets, one.repetitions, one.days_a_week),
                "dates": _dates(one.starts_on, one.ends_on),
                "cue": one.cue,
                "done": _done_words(inside, days.asked_days if start != end else None),
            }
        )
    prescribed = {one.exercise for one in prescriptions}
    for exercise in _done(entries):
        if exercise not in prescribed:
            inside = [entry for entry in entries if entry.exercise == exercise]
            rows.append(
                {
                    "exercise": exercise_name(exercise),
                    "dose": _("not prescribed"),
                    "dates": "",
                    "cue": "",
                    "done": _done_words(inside, None),
                }
            )
    return rows


def _dose(sets: int, repetitions: int, days: int) -> str:
    return ngettext("{sets} × {n}, {days} day a week", "{sets} × {n}, {days} days a week", days).format(
        sets=sets, n=repetitions, days=days
    )


def _dates(start: date, end: date | None) -> str:
    since = date_format(start, "j M Y")
    if end is None:
        return _("from {day}").format(day=since)
    return _("{start} to {end}").format(start=since, end=date_format(end, "j M Y"))


def _done_words(entries: Sequence[HistoryEntry], asked: int | None) -> str:
    """How many repetitions were recorded, and on how many of the days that were asked for."""
    number = sum(entry.total for entry in entries)
    repetitions = ngettext("{n} repetition", "{n} repetitions", number).format(n=number)
    if asked is None:
        return repetitions
    days = len({entry.day for entry in entries})
    return _("{repetitions} on {days} of {asked} days").format(
        repetitions=repetitions, days=days, asked=asked
    )


def _exercises(entries: Sequence[HistoryEntry]) -> list[dict[str, Any]]:
    """What was found in each exercise: mistakes first, the most frequent first."""
    told, room = [], MOST_FINDINGS
    for exercise in _done(entries):
        inside = [entry for entry in entries if entry.exercise == exercise]
        total = sum(entry.total for entry in inside)
        series = history_series(inside, exercise)
        ranked = sorted(series, key=lambda one: (is_correct(one.code), -sum(one.counts)))
        findings = [
            {
                "code": one.code,
                "name": one.name,
                "count": sum(one.counts),
                "share": share_text(sum(one.counts) / total),
                "per_mille": round(1000 * sum(one.counts) / total),
            }
            for one in ranked[: max(1, room)]
        ]
        room -= len(findings)
        told.append(
            {
                "name": exercise_name(exercise),
                "total": total,
                "reviewed": total - sum(entry.unreviewed for entry in inside),
                "findings": findings,
            }
        )
    return told


def _pictures(analyses: QuerySet[Analysis]) -> list[dict[str, Any]]:
    """The clearest repetition of each mistake with its correction; the most frequent mistakes first."""
    repetitions = (
        judged_repetitions()
        .filter(analysis__in=_keys(analyses))
        .select_related("correction", "analysis__session")
        .defer("motion", "correction__motion")
        .order_by("pk")
    )
    of_mistake: dict[str, list[Repetition]] = {}
    for one in repetitions:
        undecided = one.abstained and one.verdict_decision is None
        dropped = one.verdict_decision == Verdict.Decision.NOT_A_REPETITION
        for label in () if undecided or dropped else filter(None, (one.label, one.second_label)):
            if not is_correct(label):
                of_mistake.setdefault(label, []).append(one)
    frequent = sorted(of_mistake.items(), key=lambda item: -len(item[1]))
    chosen = ((label, _clearest(label, group)) for label, group in frequent)
    pictures = [(label, clearest) for label, clearest in chosen if clearest]
    return [_picture(label, clearest) for label, clearest in pictures[:MOST_PICTURES]]


def _clearest(label: str, group: Sequence[Repetition]) -> Repetition | None:
    """Where a clinician said so, the correction is verified and the model was surest; None without one."""
    corrected = [one for one in group if getattr(one, "correction", None)]
    return max(
        corrected,
        key=lambda one: (
            one.verdict_decision in Verdict.JUDGED,
            one.correction.verified,
            one.finding == label,
            one.probability,
        ),
        default=None,
    )


def _picture(label: str, repetition: Repetition) -> dict[str, Any]:
    correction = repetition.correction
    performed, corrected = unpack_motion(repetition.motion), unpack_motion(correction.motion)
    angles = joint_angles(performed), joint_angles(corrected)
    moment = worst_moment(performed, corrected, angles, correction.joints, label)
    camera = CAMERAS.get(label.split(".")[-1], "side")
    return {
        "code": label,
        "name": class_name(label),
        "exercise": exercise_name(repetition.exercise),
        "sentence": moment.sentence,
        "caption": _("{day}, repetition {number}, at {seconds} s").format(
            day=date_format(repetition.analysis.session.day, "j M Y"),
            number=repetition.index,
            seconds=f"{moment.frame / repetition.frame_rate:.1f}",
        ),
        "verified": correction.verified,
        "reviewed": repetition.verdict_decision is not None,
        "drawing": picture(performed[moment.frame], corrected[moment.frame], camera, moment.angle),
    }


def _releases(analyses: QuerySet[Analysis]) -> list[dict[str, str]]:
    done = analyses.filter(status=Analysis.Status.DONE).order_by("release__name")
    pairs = done.values_list("release__name", "release__sha256").distinct()
    return [{"name": name, "sha256": sha256} for name, sha256 in pairs][:MOST_NAMES]
