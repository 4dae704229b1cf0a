"""The site's settings for tests: a temporary data folder, quick password hashing, no lock-out at sign-in."""

import atexit
import os
import shutil
import tempfile

DATA_DIR = tempfile.mkdtemp(prefix="exfb-tests-")
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
os.environ.update(
    {
        "DATA_DIR": DATA_DIR,
        "DEBUG": "false",
        "HTTPS": "false",
        "SECRET_KEY": "only-for-tests",
        "S3_BUCKET": "",
        "STATIC_ROOT": "",
    }
)

from exfb_site.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AXES_ENABLED = False
#: Messages go nowhere; tests that need a worker start real processes (tests/processes.py).
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    # A file and not memory: locks and threads behave as they do in use.
    DATABASES["default"]["TEST"] = {"NAME": f"{DATA_DIR}/test.sqlite3"}  # noqa: F405
# Each test client would otherwise look through every static file before its first request.
WHITENOISE_AUTOREFRESH = True
