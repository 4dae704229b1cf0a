"""Forms of signing in: password, code from an e-mail, second factor, and what changes a second factor."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from patients import second_factor
from patients.models import User

SENTENCES = {
    "code_not_valid": _("This code does not work, or not any more. Ask for a new one."),
    "too_many_codes": _("That was tried too often. Wait 15 minutes, then try again."),
    "wrong_code": _("This code is not the one that is expected now. Look again, or wait for the next one."),
    "wrong_passkey": _("The passkey could not be used. Try again, or use a code."),
    "last_factor": _("Your clinic requires a second factor. Add another one before you remove this one."),
}


def sentence_of(error: ValueError) -> forms.ValidationError:
    code = str(error)
    return forms.ValidationError(SENTENCES[code], code)


class SignInForm(AuthenticationForm):
    """E-mail address, in any case of letters, and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget = forms.EmailInput(
            attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}
        )

    def clean_username(self) -> str:
        return self.cleaned_data["username"].lower()


class MailForm(forms.Form):
    """Where to send a code."""

    email = forms.EmailField(
        label=_("Your e-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True, "autocapitalize": "none"}),
    )


class CodeForm(forms.Form):
    """A code, as it was read."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "characters"}
        ),
    )


class SecondFactorForm(forms.Form):
    """A code of an app, a recovery code, or what the browser says of a passkey."""

    code = forms.CharField(
        label=_("Code from your app, or a recovery code"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )
    answer = forms.JSONField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, user: User, host: str, state: dict[str, Any] | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.host, self.state = user, host, state

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        answer = cleaned.get("answer")
        try:
            if isinstance(answer, dict):
                second_factor.check_passkey(
                    user=self.user, host=self.host, state=self.state or {}, answer=answer
                )
            else:
                second_factor.check_code(user=self.user, code=cleaned.get("code", ""))
        except second_factor.SecondFactorError as error:
            raise sentence_of(error) from error
        return cleaned


class ConfirmForm(forms.Form):
    """Asks for the password before a change to how somebody signs in: a session may have been stolen."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.user = request, user
        if not request.user.is_authenticated:  # they have given it a moment ago
            del self.fields["password"]

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        if authenticate(self.request, username=self.user.email, password=password) != self.user:
            raise forms.ValidationError(_("The password is wrong."))
        return password


class AddAppForm(ConfirmForm):
    """A right code proves that the app has the secret."""

    field_order = ("code", "name", "password")
    code = forms.CharField(
        label=_("Code that the app shows"),
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    name = forms.CharField(label=_("Name"), max_length=80, initial=_("App on my phone"))

    def __init__(self, *args: Any, secret: str, **kwargs: Any) -> None:
        super().__init__(*args, prefix="app", **kwargs)
        self.secret = secret

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            code, name = cleaned["code"], cleaned["name"]
            try:
                second_factor.add_app(user=self.user, name=name, secret=self.secret, code=code)
            except second_factor.SecondFactorError as error:
                self.add_error("code", sentence_of(error))
        return cleaned


class AddPasskeyForm(ConfirmForm):
    """What the browser says of the passkey that it made."""

    field_order = ("name", "password", "answer")
    name = forms.CharField(label=_("Name"), max_length=80, initial=_("This device"))
    answer = forms.JSONField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, state: dict[str, Any] | None, **kwargs: Any) -> None:
        super().__init__(*args, prefix="passkey", **kwargs)
        self.state = state

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                second_factor.add_passkey(
                    user=self.user,
                    host=self.request.get_host(),
                    name=cleaned["name"],
                    state=self.state or {},
                    answer=cleaned["answer"],
                )
            except second_factor.SecondFactorError as error:
                raise sentence_of(error) from error
        return cleaned
