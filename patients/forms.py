"""Forms of the pages about people."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ml.poses.assemble import MAX_FRAME_RATE_HZ, MIN_FRAME_RATE_HZ
from patients.keys import LIFETIMES_DAYS
from patients.models import ApiKey, Clinic, Exercise, Patient, Prescription, Recording, User
from patients.permissions import active_memberships


class DateInput(forms.DateInput):
    """A browser's own date picker, which wants ISO dates."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class UploadForm(forms.Form):
    """A recording and what the person says about it."""

    # An empty file is refused where every other unusable one is, with a sentence of its own.
    file = forms.FileField(label=_("Recording"), allow_empty_file=True)
    exercise = forms.ChoiceField(
        label=_("Exercise"), required=False, choices=[("", _("Find out")), *Exercise.choices]
    )
    recorded_on = forms.DateField(label=_("Day of the recording"), required=False, widget=DateInput())
    pain = forms.TypedChoiceField(
        label=_("Pain"),
        help_text=_("0 is no pain, 10 is the worst pain. You may skip this."),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[(str(level), str(level)) for level in range(11)],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recorded_on"].initial = timezone.localdate
        self.fields["recorded_on"].widget.attrs["max"] = timezone.localdate().isoformat()

    def clean_recorded_on(self) -> Any:
        day = self.cleaned_data["recorded_on"]
        if day and day > timezone.localdate():
            raise forms.ValidationError(_("This day has not come yet."))
        return day


class ReadingForm(forms.Form):
    """How a recording is read; what a person changes here is what they say of it."""

    unit = forms.ChoiceField(
        label=_("Unit"),
        choices=[
            ("m", _("metres")),
            ("cm", _("centimetres")),
            ("mm", _("millimetres")),
            ("inch", _("inches")),
            ("0.45 inch", _("CMU's unit of 0.45 inch")),
        ],
    )
    up = forms.ChoiceField(
        label=_("Axis that points up"), choices=[(axis, axis) for axis in ("x", "-x", "y", "-y", "z", "-z")]
    )
    frame_rate = forms.FloatField(
        label=_("Frames per second"), min_value=MIN_FRAME_RATE_HZ, max_value=MAX_FRAME_RATE_HZ
    )
    swap_sides = forms.BooleanField(
        label=_("Left and right are exchanged, as in a mirrored video"), required=False
    )
    person = forms.IntegerField(
        label=_("Which person, counted from 1"), min_value=1, max_value=99, required=False
    )

    def __init__(self, data: Any = None, *, recording: Recording) -> None:
        values = {fact.about: fact.value for fact in recording.known_facts}
        initial = {
            "unit": values.get("unit"),
            "up": values.get("axes", "").removesuffix(" up"),
            "frame_rate": recording.frame_rate,
            "swap_sides": recording.said.swap_sides,
            "person": values.get("person", "").partition(" ")[0] or None,
        }
        super().__init__(data, initial=initial)
        if "person" not in values:
            del self.fields["person"]

    def said(self) -> dict[str, Any]:
        """Return what the person changed, as `patients.readings.read_again` takes it."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class PatientForm(forms.ModelForm):
    """A new patient of one of the clinics that the person works for."""

    class Meta:
        model = Patient
        fields = ["name", "birth_year", "complaint", "clinic"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clinics = Clinic.objects.filter(memberships__in=active_memberships(user)).order_by("name")
        self.fields["clinic"] = forms.ModelChoiceField(
            clinics, label=_("Clinic"), empty_label=None, initial=clinics.first()
        )
        self.fields["name"].widget.attrs["autocomplete"] = "off"


class PrescriptionForm(forms.ModelForm):
    """Which exercise, how often, from when."""

    class Meta:
        model = Prescription
        fields = ["exercise", "sets", "repetitions", "days_a_week", "cue", "starts_on", "ends_on"]
        widgets = {"starts_on": DateInput(), "ends_on": DateInput()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts_on"].initial = timezone.localdate

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts, ends = cleaned.get("starts_on"), cleaned.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", _("The last day lies before the first."))
        return cleaned


class PlanNameForm(forms.Form):
    """Under which name what is prescribed is kept as a plan; nothing where it is not."""

    plan_name = forms.CharField(
        label=_("Keep this as a plan of the clinic, called"),
        required=False,
        max_length=80,
        help_text=_("A plan of that name is replaced."),
    )


PrescriptionFormSet = forms.formset_factory(
    PrescriptionForm, extra=1, min_num=1, max_num=8, validate_min=True
)


class ApiKeyForm(forms.Form):
    """What a new key is for, what it may do, and for how long."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What will use it, for example: sensor of room 2")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        help_text=_("Never more than you may do yourself."),
        choices=[
            (ApiKey.Scope.READ, _("Read what I may read")),
            (ApiKey.Scope.UPLOAD, _("Upload recordings, have them analysed again, cancel analyses")),
            (ApiKey.Scope.REVIEW, _("Review: give verdicts")),
        ],
        initial=[ApiKey.Scope.READ],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label=_("It works for"),
        coerce=int,
        choices=[(days, _("%(days)s days") % {"days": days}) for days in sorted(LIFETIMES_DAYS)],
        initial=LIFETIMES_DAYS[0],
    )
