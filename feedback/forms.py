"""Forms of the pages about sessions and findings."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from feedback.exports.content import Choice
from feedback.exports.words import EXPORT_CONVENTIONS, EXPORT_FORMATS
from feedback.grouping import Unit
from feedback.periods import Period
from patients.forms import DateInput
from patients.models import ErasureReceipt, Exercise, Patient


class MoveForm(forms.Form):
    """To whom a recording is moved, and why."""

    patient = forms.ModelChoiceField(queryset=Patient.objects.none(), to_field_name="uuid")
    reason = forms.CharField(
        max_length=300,
        widget=forms.TextInput,
        help_text=_("Kept with both patients: “chosen by mistake at upload”."),
    )

    def __init__(self, *args: Any, targets: QuerySet[Patient], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["patient"].queryset = targets  # type: ignore[attr-defined]


class HistoryForm(forms.Form):
    """Which part of a patient's history is shown."""

    exercise = forms.ChoiceField(choices=[("", ""), *Exercise.choices], required=False)
    start = forms.DateField(label=_("From"), required=False, widget=DateInput())
    end = forms.DateField(label=_("To"), required=False, widget=DateInput())
    by = forms.ChoiceField(choices=[("", ""), *Unit.choices], required=False)


class ReportForm(forms.Form):
    """The days that a report covers, and what the clinician has to say about them."""

    start = forms.DateField(label=_("From"), widget=DateInput())
    end = forms.DateField(label=_("To"), widget=DateInput())
    note = forms.CharField(
        label=_("Your note"),
        required=False,
        max_length=2000,
        help_text=_("It is printed on the report with your name."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("start"), cleaned.get("end")
        if start and end and end < start:
            self.add_error("end", _("The last day lies before the first."))
        return cleaned


class ExportForm(forms.Form):
    """In which formats motions are taken out, and whose axes and unit they have."""

    formats = forms.MultipleChoiceField(
        label=_("Motions as"),
        help_text=_("Findings and joint angles are always there, as CSV tables."),
        required=False,
        choices=EXPORT_FORMATS,
        widget=forms.CheckboxSelectMultiple,
    )
    convention = forms.ChoiceField(label=_("Axes and unit"), choices=EXPORT_CONVENTIONS)

    @property
    def choice(self) -> Choice | None:
        """What was chosen; None if it cannot be."""
        if not self.is_valid():
            return None
        return Choice(tuple(self.cleaned_data["formats"]), self.cleaned_data["convention"])


class EraseForm(forms.Form):
    """Why a patient is erased, and that this very one is meant."""

    reason = forms.ChoiceField(label=_("Why"), choices=ErasureReceipt.Reason.choices)
    name = forms.CharField(
        label=_("Type the patient's name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patient = patient

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        if name.casefold() != self._patient.name.strip().casefold():
            raise forms.ValidationError(_("This is not the name of the patient on this page."))
        return name


class HoldForm(forms.Form):
    """Why a patient must not be erased."""

    reason = forms.CharField(
        label=_("Why the record must be kept"), max_length=200, widget=forms.TextInput(attrs={"size": 40})
    )


class PeriodsForm(forms.Form):
    """Two periods of a history to compare; none given means that the page chooses them."""

    first_start = forms.DateField(label=_("First, from"), required=False, widget=DateInput())
    first_end = forms.DateField(label=_("First, to"), required=False, widget=DateInput())
    second_start = forms.DateField(label=_("Second, from"), required=False, widget=DateInput())
    second_end = forms.DateField(label=_("Second, to"), required=False, widget=DateInput())

    def clean(self) -> dict[str, Any]:
        """Fill in what was left out: an end next to the other period, or all that lies before or after."""
        days: dict[str, Any] = super().clean() or {}
        if self.errors or not any(days.values()):
            return days
        day = timedelta(days=1)
        if days["first_end"] is None and days["second_start"] is None:
            raise forms.ValidationError(_("Say where the first period ends or where the second begins."))
        try:
            days["first_end"] = days["first_end"] or days["second_start"] - day
            days["second_start"] = days["second_start"] or days["first_end"] + day
        except OverflowError as error:  # the first day of the year 1, the last of 9999
            raise forms.ValidationError(_("Choose a day closer to today.")) from error
        days["first_start"] = days["first_start"] or date.min
        days["second_end"] = days["second_end"] or date.max
        if days["first_start"] > days["first_end"] or days["second_start"] > days["second_end"]:
            raise forms.ValidationError(_("A period ends before it begins."))
        if days["second_start"] <= days["first_end"]:
            raise forms.ValidationError(_("The second period must begin after the first has ended."))
        return days

    @property
    def periods(self) -> tuple[Period, Period] | None:
        """The two periods; None where none were given, or none that can be compared."""
        days = self.cleaned_data if self.is_valid() else {}
        if not any(days.values()):
            return None
        return (
            Period(days["first_start"], days["first_end"]),
            Period(days["second_start"], days["second_end"]),
        )
