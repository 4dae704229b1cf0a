"""Forms of the pages about sessions and findings."""

from django import forms
from django.utils.translation import gettext_lazy as _

from patients.forms import DateInput
from patients.models import Exercise


class HistoryForm(forms.Form):
    """Which part of a patient's history is shown."""

    exercise = forms.ChoiceField(choices=[("", ""), *Exercise.choices], required=False)
    start = forms.DateField(label=_("From"), required=False, widget=DateInput())
    end = forms.DateField(label=_("To"), required=False, widget=DateInput())
