"""The gallery of the design system, made of the parts of the pages; for clinicians and staff."""

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from feedback.agreement import Kappa
from feedback.design import gallery
from patients.forms import UploadForm
from patients.permissions import is_clinician
from patients.requests import SignedInRequest


class ExampleForm(forms.Form):
    """A field of each kind, one of them filled in wrongly."""

    name = forms.CharField(label=_("Name"))
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    birth_year = forms.IntegerField(label=_("Birth year"), min_value=1900, help_text=_("Four digits"))
    pain = UploadForm.base_fields["pain"]


@require_safe
def design(request: SignedInRequest) -> HttpResponse:
    if not (is_clinician(request.user) or request.user.is_staff):
        raise PermissionDenied
    example = {
        "form": ExampleForm({"name": "Ana", "birth_year": "19"}),
        "kappa": Kappa(0.72, (0.61, 0.83), 180),
    }
    return render(request, "feedback/design.html", gallery() | example)
