"""The second factor of an account: apps that make codes, passkeys, and recovery codes in their place."""

import base64
import datetime
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from patients.attempts import forget_attempts, may_try
from patients.codes import hash_code, make_code, read_code
from patients.models import RecoveryCode, SecondFactor, User
from patients.permissions import active_memberships, is_clinician

Kind = SecondFactor.Kind
RECOVERY_CODES = 10
#: Wrong codes in a quarter of an hour, after which not even a right one counts.
MOST_WRONG = 10
_STEP = datetime.timedelta(seconds=30)


class SecondFactorError(ValueError):
    """A second factor did not fit; the message is a key of `patients.sign_in_forms.SENTENCES`."""


def may_have(user: User) -> bool:
    """Tell whether an account may have a second factor: who sees other people's data, not a patient."""
    return user.is_staff or is_clinician(user)


def has_any(user: User) -> bool:
    return user.second_factors.exists()


def must_have(user: User) -> bool:
    """Tell whether a clinic of theirs requires a second factor. One query."""
    return active_memberships(user).filter(clinic__requires_second_factor=True).exists()


# --- Apps ---------------------------------------------------------------------------------------------------
def new_app_secret() -> str:
    return pyotp.random_base32()


def app_address(user: User, secret: str) -> str:
    """Return what an app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name="exfb")


def add_app(*, user: User, name: str, secret: str, code: str) -> SecondFactor:
    """Keep an app once it has made a right code; raises `SecondFactorError` otherwise."""
    step = _step_of(secret, code)
    if step is None:
        raise SecondFactorError("wrong_code")
    data = _cipher().encrypt(secret.encode())
    return user.second_factors.create(kind=Kind.APP, name=name.strip(), data=data, last_step=step)


def check_code(*, user: User, code: str) -> None:
    """Accept a code of an app, or a recovery code, once; raises `SecondFactorError` otherwise."""
    if not may_try("second factor", user.pk, most=MOST_WRONG):
        raise SecondFactorError("too_many_codes")
    if not (_uses_app(user, code) or _uses_recovery_code(user, code)):
        raise SecondFactorError("wrong_code")
    forget_attempts("second factor", user.pk)


def _uses_app(user: User, code: str) -> bool:
    for factor in user.second_factors.filter(kind=Kind.APP):
        try:
            secret = _cipher().decrypt(bytes(factor.data)).decode()
        except InvalidToken:  # SECRET_KEY is another one than when the app was added
            continue
        step = _step_of(secret, code)
        unused = user.second_factors.filter(pk=factor.pk, last_step__lt=step or 0)
        if step is not None and unused.update(last_step=step, last_used_at=timezone.now()):
            return True
    return False


def _step_of(secret: str, code: str) -> int | None:
    """Return the time step whose code this is, now or up to half a minute off."""
    typed = "".join(code.split())
    totp, now = pyotp.TOTP(secret), timezone.now()
    for moment in (now, now - _STEP, now + _STEP):
        if hmac.compare_digest(totp.at(moment).encode(), typed.encode()):
            return totp.timecode(moment)
    return None


def _cipher() -> Fernet:
    key = hashlib.sha256(b"patients.second_factor" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


# --- Recovery codes -----------------------------------------------------------------------------------------
def make_recovery_codes(*, user: User) -> list[str]:
    """Make new codes, shown once; older ones end."""
    codes = [make_code(groups=3) for _ in range(RECOVERY_CODES)]
    with transaction.atomic():
        user.recovery_codes.all().delete()
        RecoveryCode.objects.bulk_create(
            RecoveryCode(user=user, code_hash=hash_code("recovery", code)) for code in codes
        )
    return codes


def _uses_recovery_code(user: User, code: str) -> bool:
    kept = hash_code("recovery", read_code(code))
    return bool(user.recovery_codes.filter(code_hash=kept, used_at=None).update(used_at=timezone.now()))


# --- Passkeys -----------------------------------------------------------------------------------------------
def begin_passkey(*, user: User, host: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the browser needs to make a passkey, and the state to keep for `add_passkey`."""
    person = PublicKeyCredentialUserEntity(id=user.uuid.bytes, name=user.email, display_name=str(user))
    options, state = _server(host).register_begin(
        person,
        credentials=_passkeys(user),
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return dict(options), state


def add_passkey(
    *, user: User, host: str, name: str, state: Mapping[str, Any], answer: Mapping[str, Any]
) -> SecondFactor:
    """Keep a passkey that the browser made; raises `SecondFactorError` where its answer does not fit."""
    try:
        made = _server(host).register_complete(state, answer).credential_data
    except (ValueError, TypeError, KeyError) as error:
        raise SecondFactorError("wrong_passkey") from error
    if made is None:
        raise SecondFactorError("wrong_passkey")
    return user.second_factors.create(kind=Kind.PASSKEY, name=name.strip(), data=bytes(made))


def begin_check(*, user: User, host: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the browser needs to show a passkey, and the state to keep for `check_passkey`."""
    options, state = _server(host).authenticate_begin(_passkeys(user), UserVerificationRequirement.PREFERRED)
    return dict(options), state


def check_passkey(*, user: User, host: str, state: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Accept a passkey of the account; raises `SecondFactorError` otherwise."""
    try:
        shown = _server(host).authenticate_complete(state, _passkeys(user), answer)
    except (ValueError, TypeError, KeyError) as error:
        raise SecondFactorError("wrong_passkey") from error
    user.second_factors.filter(kind=Kind.PASSKEY, data=bytes(shown)).update(last_used_at=timezone.now())


def _passkeys(user: User) -> list[AttestedCredentialData]:
    kept = user.second_factors.filter(kind=Kind.PASSKEY).values_list("data", flat=True)
    return [AttestedCredentialData(bytes(data)) for data in kept]


def _server(host: str) -> Fido2Server:
    """A passkey belongs to one host name, which the browser checks too."""
    return Fido2Server(PublicKeyCredentialRpEntity(name="exfb", id=host.rsplit(":", 1)[0]))


# --- Removing -----------------------------------------------------------------------------------------------
def remove(*, user: User, factor: SecondFactor) -> None:
    """Take a second factor away, and with the last one the codes; not where a clinic requires one."""
    if must_have(user) and user.second_factors.count() == 1:
        raise SecondFactorError("last_factor")
    with transaction.atomic():
        user.second_factors.filter(pk=factor.pk).delete()
        if not has_any(user):
            user.recovery_codes.all().delete()
