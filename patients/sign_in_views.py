"""Pages of signing in: password, second factor, code from an e-mail."""

import time

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from patients import second_factor, sign_in
from patients.models import User
from patients.requests import machine_of
from patients.sign_in_forms import CodeForm, MailForm, SecondFactorForm, SignInForm, sentence_of
from patients.sign_in_limits import seconds_left

#: So long after the password the second factor may be shown.
HALF_SECONDS = 600
_PASSWORD_BACKEND = "django.contrib.auth.backends.ModelBackend"  # noqa: S105 (no password)


class SignInView(LoginView):
    """E-mail address and password, throttled by axes. Where a second factor is needed, that is only half."""

    template_name = "sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: SignInForm) -> HttpResponse:  # type: ignore[override]
        user = form.get_user()
        has_one = second_factor.has_any(user)
        if not has_one and not second_factor.must_have(user):
            return super().form_valid(form)
        self.request.session.cycle_key()
        half = {"user": user.pk, "hash": user.get_session_auth_hash(), "at": time.time()}
        self.request.session["half"] = half | {"next": self.get_success_url()}
        return redirect("second_factor" if has_one else "second_factor_add")


def half_signed_in(request: HttpRequest) -> User | None:
    """Return who has given a right password in this session, and nothing more yet."""
    half = request.session.get("half")
    if half is None or time.time() - half["at"] > HALF_SECONDS:
        return None
    user = User.objects.filter(pk=half["user"], is_active=True).first()
    return user if user and user.get_session_auth_hash() == half["hash"] else None


def finish(request: HttpRequest, user: User) -> str:
    """Sign in who was half signed in; return where they wanted to go."""
    half = request.session.pop("half")
    request.session.pop("passkey", None)
    login(request, user, backend=_PASSWORD_BACKEND)
    return half["next"]


@login_not_required
@never_cache
def show_second_factor(request: HttpRequest) -> HttpResponse:
    user = half_signed_in(request)
    if user is None or not second_factor.has_any(user):
        return redirect("sign_in")
    host, state = request.get_host(), request.session.pop("passkey", None)
    form = SecondFactorForm(request.POST or None, user=user, host=host, state=state)
    if request.method == "POST" and form.is_valid():
        return redirect(finish(request, user))
    options, request.session["passkey"] = second_factor.begin_check(user=user, host=host)
    context = {"form": form, "options": options}
    return render(request, "patients/second_factor.html", context, status=422 if form.errors else 200)


@login_not_required
@never_cache
def sign_in_by_mail(request: HttpRequest) -> HttpResponse:
    """Whether there is such an account is not told: neither by the answer nor by its time."""
    if request.user.is_authenticated:
        return redirect("home")
    form = MailForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code_page = request.build_absolute_uri(reverse("sign_in_code"))
        try:
            sign_in.request_code(
                email=form.cleaned_data["email"], machine=machine_of(request), address=code_page
            )
            return redirect("sign_in_code")
        except sign_in.SignInError as error:
            form.add_error(None, sentence_of(error))
    return render(
        request, "patients/sign_in_by_mail.html", {"form": form}, status=422 if form.errors else 200
    )


@login_not_required
@never_cache
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The link in the message leads here, with the code behind #, which browsers send to nobody."""
    if request.user.is_authenticated:
        return redirect("home")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = sign_in.use_code(typed=form.cleaned_data["code"], machine=machine_of(request))
            login(request, user, backend=_PASSWORD_BACKEND)
            return redirect("home")
        except sign_in.SignInError as error:
            form.add_error("code", sentence_of(error))
    return render(request, "patients/sign_in_code.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def still_here(request: HttpRequest) -> JsonResponse:
    """Tell a page for how long its person stays signed in; for the middleware, POST is use."""
    if not isinstance(request.user, User):
        return JsonResponse({"seconds": 0, "person": None}, status=401)
    left = max(0, int(seconds_left(request.session)))
    return JsonResponse({"seconds": left, "person": request.user.uuid})


@login_not_required
def admin_sign_in(request: HttpRequest) -> HttpResponseRedirect:
    """There is one way to sign in: that of the admin site would ask for no second factor."""
    return redirect(f"{reverse('sign_in')}?{request.GET.urlencode()}")
