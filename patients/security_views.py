"""Pages on which a person sees and changes how they sign in, and signs out everywhere."""

from typing import Any
from uuid import UUID

import segno
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from patients import second_factor
from patients.models import SecondFactor, User
from patients.requests import SignedInRequest
from patients.sign_in import sign_out_everywhere
from patients.sign_in_forms import AddAppForm, AddPasskeyForm, ConfirmForm, sentence_of
from patients.sign_in_views import finish, half_signed_in


def security(request: SignedInRequest) -> HttpResponse:
    return _security_page(request, ConfirmForm(request=request, user=request.user))


def _security_page(request: SignedInRequest, form: ConfirmForm) -> HttpResponse:
    context = {
        "form": form,
        "may_have_factors": second_factor.may_have(request.user),
        "factors": request.user.second_factors.order_by("created_at"),
        "codes_left": request.user.recovery_codes.filter(used_at=None).count(),
    }
    return render(request, "patients/security.html", context, status=422 if form.errors else 200)


@require_POST
def second_factor_remove(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    factor = get_object_or_404(SecondFactor, user=request.user, uuid=uuid)
    form = ConfirmForm(request.POST, request=request, user=request.user)
    if not form.is_valid():
        return _security_page(request, form)
    try:
        second_factor.remove(user=request.user, factor=factor)
    except second_factor.SecondFactorError as error:
        form.add_error(None, sentence_of(error))
        return _security_page(request, form)
    messages.success(request, _("%(name)s was removed.") % {"name": factor.name})
    return redirect("security")


@require_POST
def recovery_codes(request: SignedInRequest) -> HttpResponse:
    if not second_factor.has_any(request.user):
        raise PermissionDenied
    form = ConfirmForm(request.POST, request=request, user=request.user)
    return _new_codes(request, request.user, "security") if form.is_valid() else _security_page(request, form)


@require_POST
def sign_out_all(request: SignedInRequest) -> HttpResponse:
    sign_out_everywhere(user=request.user)
    logout(request)
    return redirect("sign_in")


@login_not_required
@never_cache
def second_factor_add(request: HttpRequest) -> HttpResponse:
    """For who is signed in, and for who must add one before they are."""
    user = request.user if isinstance(request.user, User) else half_signed_in(request)
    if user is None:
        return redirect("sign_in")
    if not request.user.is_authenticated and second_factor.has_any(user):
        return redirect("second_factor")
    if not second_factor.may_have(user):
        raise PermissionDenied
    forms = _add_forms(request, user)
    if any(form.is_bound and form.is_valid() for form in forms.values()):
        return _added(request, user)
    return _add_page(request, user, forms)


def _add_forms(request: HttpRequest, user: User) -> dict[str, Any]:
    """The two ways to add one; what came fills the form that it is for."""
    session, known = request.session, {"request": request, "user": user}
    if "new_app" not in session:
        session["new_app"] = second_factor.new_app_secret()
    of_app = request.POST if "app-code" in request.POST else None
    of_passkey = request.POST if "passkey-answer" in request.POST else None
    return {
        "app": AddAppForm(of_app, secret=session["new_app"], **known),
        "passkey": AddPasskeyForm(of_passkey, state=session.pop("passkey", None), **known),
    }


def _add_page(request: HttpRequest, user: User, forms: dict[str, Any]) -> HttpResponse:
    options, request.session["passkey"] = second_factor.begin_passkey(user=user, host=request.get_host())
    secret = request.session["new_app"]
    context = {
        "forms": forms,
        "options": options,
        "secret": secret,
        "picture": segno.make(second_factor.app_address(user, secret)).svg_data_uri(scale=4, light="white"),
        "must": second_factor.must_have(user) and not second_factor.has_any(user),
    }
    wrong = any(form.errors for form in forms.values())
    return render(request, "patients/second_factor_add.html", context, status=422 if wrong else 200)


def _added(request: HttpRequest, user: User) -> HttpResponse:
    request.session.pop("new_app")
    onward = reverse("security") if request.user.is_authenticated else finish(request, user)
    if user.recovery_codes.exists():
        messages.success(request, _("The second factor was added."))
        return redirect(onward)
    return _new_codes(request, user, onward)


def _new_codes(request: HttpRequest, user: User, onward: str) -> HttpResponse:
    context = {"codes": second_factor.make_recovery_codes(user=user), "onward": onward}
    return render(request, "patients/recovery_codes.html", context)
