"""The clinician's home: sessions that wait for review, severest first, each with a sentence."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from feedback import selectors
from feedback.models import Analysis, ExerciseSession
from feedback.sentences import Sentence, session_sentence
from feedback.status import workers_connected
from patients.models import Exercise
from patients.permissions import is_clinician, visible_patients

PAGE_SIZE = 20
_Severity = ExerciseSession.Severity
#: Token and glyph of each severity.
_MARKS = {
    _Severity.PAIN: ("pain", "sev-pain"),
    _Severity.NOT_SURE: ("look", "not_sure"),
    _Severity.NEW: ("new", "sev-new"),
    _Severity.REPEATED: ("repeat", "sev-repeat"),
    _Severity.ROUTINE: ("plain", "sev-plain"),
}


#: What the worklist can be sorted by; the first as it comes.
_ORDERS = {
    "": (_("severest first"), ("severity", "day", "pk")),
    "oldest": (_("oldest first"), ("day", "pk")),
    "newest": (_("newest first"), ("-day", "-pk")),
    "name": (_("by name"), ("patient__name", "day", "pk")),
}


class Chip(NamedTuple):
    """A filter that can be pressed: its words, how many sessions it leaves, where it leads."""

    name: str
    number: int | None
    query: str
    is_pressed: bool


class Row(NamedTuple):
    """A session in the worklist."""

    session: ExerciseSession
    sentence: Sentence
    token: str
    mark: str


@dataclass(frozen=True)
class Filter:
    """What a clinician asked the worklist for; what is not known is not asked."""

    severity: int | None
    exercise: str
    words: str
    sort: str

    @classmethod
    def of(cls, query: QueryDict) -> "Filter":
        severity = query.get("severity", "")
        exercise = query.get("exercise", "")
        return cls(
            severity=int(severity) if severity in map(str, _Severity.values) else None,
            exercise=exercise if exercise in Exercise.values else "",
            words=query.get("q", "").replace("\x00", "").strip()[:100],
            sort=sort if (sort := query.get("sort", "")) in _ORDERS else "",
        )

    def narrow(self, sessions: QuerySet[ExerciseSession]) -> QuerySet[ExerciseSession]:
        """Leave the sessions of that exercise and of patients with those words in their name."""
        if self.exercise:
            analyses = Analysis.objects.filter(exercise=self.exercise).order_by()
            sessions = sessions.filter(pk__in=analyses.values("session"))
        if self.words:
            sessions = sessions.filter(patient__name__icontains=self.words)
        return sessions.order_by(*_ORDERS[self.sort][1])

    @property
    def here(self) -> str:
        """The query string of this filter, to which a page can be added."""
        query = self.query()
        return query if query == "?" else f"{query}&"

    def query(self, **changes: str) -> str:
        """Return the query string of this filter with something changed; "" takes it away."""
        wanted = {
            "severity": str(self.severity or ""),
            "exercise": self.exercise,
            "q": self.words,
            "sort": self.sort,
            **changes,
        }
        asked = QueryDict(mutable=True)
        asked.update({name: value for name, value in wanted.items() if value})
        return "?" + asked.urlencode()


class _FromTheNearerEnd(Paginator):
    """Pages of a query set whose later half is read backwards: the last one opens as soon as the first."""

    def __init__(self, keys: "QuerySet[ExerciseSession, int]", per_page: int) -> None:
        super().__init__(keys, per_page)
        self._keys = keys

    def page(self, number: int | str) -> Page[int]:
        page = super().page(number)
        before, after = page.start_index() - 1, self.count - page.end_index()
        if after < before:
            backwards = self._keys.reverse()[after : self.count - before]
            page.object_list = list(reversed(backwards))
        return page


@require_safe
def worklist(request: HttpRequest) -> HttpResponse:
    """List the sessions that wait for this person, by severity and then by age, a page at a time."""
    if not is_clinician(request.user):
        raise PermissionDenied
    asked = Filter.of(request.GET)
    waiting = asked.narrow(selectors.waiting_sessions(request.user))
    numbers = dict(waiting.order_by().values_list("severity").annotate(Count("pk")))
    if not asked.exercise and not asked.words:
        request.waiting = sum(numbers.values())  # type: ignore[attr-defined] # for the navigation
    page = _page(request, waiting, asked, numbers)
    context = {
        "page": page,
        "rows": _rows(request, asked, list(page.object_list)),
        "asked": asked,
        "severities": _severity_chips(numbers, asked),
        "exercises": _exercise_chips(asked),
        "orders": [(code, name, code == asked.sort) for code, (name, _columns) in _ORDERS.items()],
        "in_analysis": _open_analyses(request),
        "workers": workers_connected(),
    }
    return render(request, "feedback/worklist.html", context)


def _page(
    request: HttpRequest, waiting: QuerySet[ExerciseSession], asked: Filter, numbers: dict[int, int]
) -> Page[int]:
    """Return a page of keys: what a row shows is looked up for the rows of the page alone."""
    chosen = waiting.filter(severity=asked.severity) if asked.severity else waiting
    paginator = _FromTheNearerEnd(chosen.values_list("pk", flat=True), PAGE_SIZE)
    # Counted already, by severity.
    paginator.count = numbers.get(asked.severity, 0) if asked.severity else sum(numbers.values())
    return paginator.get_page(request.GET.get("page"))


def _rows(request: HttpRequest, asked: Filter, keys: list[int]) -> list[Row]:
    sessions = selectors.worklist(request.user).filter(pk__in=keys).order_by(*_ORDERS[asked.sort][1])
    return [
        Row(session, session_sentence(session), *_MARKS[_Severity(session.severity)]) for session in sessions
    ]


def _open_analyses(request: HttpRequest) -> int:
    """Count what waits or runs of the person's patients. Two queries, the first of the few that are open."""
    still = Analysis.objects.filter(
        status__in=[Analysis.Status.QUEUED, Analysis.Status.RUNNING], priority=Analysis.Priority.NEW
    )
    of_patient = Counter(still.order_by().values_list("session__patient", flat=True))
    visible = visible_patients(request.user).filter(pk__in=list(of_patient))
    return sum(of_patient[patient] for patient in visible.values_list("pk", flat=True))


def _severity_chips(numbers: dict[int, int], asked: Filter) -> list[Chip]:
    """Return a chip for each severity that there is, and for all."""
    chips = [Chip("", sum(numbers.values()), asked.query(severity=""), asked.severity is None)]
    for severity in _Severity:
        if severity in numbers or severity == asked.severity:
            query = asked.query(severity=str(severity.value))
            chips.append(
                Chip(str(severity.label), numbers.get(severity, 0), query, asked.severity == severity)
            )
    return chips


def _exercise_chips(asked: Filter) -> list[Chip]:
    return [
        Chip("", None, asked.query(exercise=""), not asked.exercise),
        *(
            Chip(str(one.label), None, asked.query(exercise=one.value), asked.exercise == one.value)
            for one in Exercise
        ),
    ]
