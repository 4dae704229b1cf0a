"""Signing in without a password: a patient by a code from an e-mail. And signing out everywhere."""

import datetime
import logging
import smtplib
from concurrent.futures import ThreadPoolExecutor

from django.core.mail import send_mail
from django.db import close_old_connections
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from patients.attempts import may_try
from patients.codes import hash_code, make_code, read_code
from patients.models import SignInCode, User
from patients.permissions import is_clinician

logger = logging.getLogger(__name__)

CODE_LIFETIME = datetime.timedelta(minutes=15)
#: In a quarter of an hour: messages to one address, requests and codes from one machine.
MOST_MESSAGES, MOST_REQUESTS, MOST_CODES = 3, 20, 20
#: Messages are made and sent beside the request, so that its time does not tell whether there is an account.
_post = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sign-in-mail")


class SignInError(ValueError):
    """Signing in by a code did not work. The message is a key of `patients.sign_in_forms.SENTENCES`."""


def may_use_code(user: User) -> bool:
    """Tell whether an account signs in by e-mail: that of a patient who sees nobody else's data."""
    is_patient = hasattr(user, "patient")
    return user.is_active and is_patient and not user.is_staff and not is_clinician(user)


def request_code(*, email: str, machine: str, address: str) -> None:
    """Send a code and a link with it, if a patient's account has this address; tell nobody whether one has.

    `address` is where the code is typed. Raises `SignInError` for too many requests from a machine.
    """
    if not may_try("request a code", machine, most=MOST_REQUESTS):
        raise SignInError("too_many_codes")
    if may_try("message", email.lower(), most=MOST_MESSAGES):
        _post.submit(_send, email.lower(), address)


def use_code(*, typed: str, machine: str) -> User:
    """Return the account that a code signs in, once; raises `SignInError` for any other code."""
    if not may_try("use a code", machine, most=MOST_CODES):
        raise SignInError("too_many_codes")
    now = timezone.now()
    known = SignInCode.objects.filter(code_hash=hash_code("sign in", read_code(typed)))
    usable = known.filter(used_at=None, created_at__gt=now - CODE_LIFETIME)
    if not usable.update(used_at=now):
        raise SignInError("code_not_valid")
    user = known.select_related("user").get().user
    if not may_use_code(user):
        raise SignInError("code_not_valid")
    return user


def sign_out_everywhere(*, user: User) -> None:
    """End every session of an account, on all machines, at once."""
    user.signed_out_at = timezone.now()
    user.save(update_fields=["signed_out_at"])


def forget_expired() -> int:
    """Delete codes that sign nobody in any more; return how many. One query."""
    return SignInCode.objects.filter(created_at__lt=timezone.now() - CODE_LIFETIME).delete()[0]


def _send(email: str, address: str) -> None:
    close_old_connections()
    try:
        user = User.objects.filter(email=email).first()
        if user is None or not may_use_code(user):
            return
        code = make_code(groups=2)
        SignInCode.objects.filter(
            user=user, used_at=None
        ).delete()  # the newest message is the one that counts
        SignInCode.objects.create(user=user, code_hash=hash_code("sign in", code))
        text = render_to_string("patients/sign_in_mail.txt", {"code": code, "link": f"{address}#{code}"})
        send_mail(_("Your sign-in code for exfb"), text, None, [user.email])
    except (OSError, smtplib.SMTPException) as error:
        logger.error("a sign-in message could not be sent: %s", type(error).__name__)
    finally:
        close_old_connections()
