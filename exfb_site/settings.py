"""Every setting of the site. What an operator sets is read from the environment; `.env.example` lists it."""

import os
from contextlib import suppress
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from ml.poses.limits import USUAL_LIMITS, Limits

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str) -> str:
    """Return an environment variable; one that is set but empty counts as not set."""
    return os.environ.get(name) or default


def env_bool(name: str, default: bool) -> bool:
    value = env(name, "true" if default else "false").lower()
    if value not in ("true", "false"):
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}")
    return value == "true"


def env_int(name: str, default: int) -> int:
    value = env(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}")
    return int(value)


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in env(name, default).split(",") if part.strip()]


# --- Core ---------------------------------------------------------------------------------------------------
DEBUG = env_bool("DEBUG", False)
SECRET_KEY = env("SECRET_KEY", "")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured("Set SECRET_KEY to a long random text, or DEBUG=true for development.")
    SECRET_KEY = "insecure-for-development-only"  # noqa: S105
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")

#: Holds everything that is written at run time: database, recordings, embedded broker.
DATA_DIR = Path(env("DATA_DIR", str(BASE_DIR / "var")))
with suppress(OSError):  # what cannot be made or written, `manage.py doctor` tells
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "csp",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "patients",
    "feedback",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "exfb_site.middleware.BodyLimitMiddleware",
    "exfb_site.middleware.SignInLimitsMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "exfb_site.middleware.RefusalMiddleware",
    "exfb_site.middleware.NoStoreMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "exfb_site.urls"
WSGI_APPLICATION = "exfb_site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "feedback.context.navigation",
            ],
        },
    },
]

# --- Database: SQLite unless DATABASE_URL names another -----------------------------------------------------
DATABASES = {"default": dj_database_url.parse(env("DATABASE_URL", f"sqlite:///{DATA_DIR / 'exfb.sqlite3'}"))}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Readers never wait for the writer (WAL); a transaction that writes takes its lock at once (IMMEDIATE),
    # since one that upgrades later would fail instead of waiting.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# A new connection costs more than most requests do otherwise; SQLite reads the whole schema for each.
DATABASES["default"]["CONN_MAX_AGE"] = 60

# --- Files: a private folder, or S3-compatible storage where S3_BUCKET names one; never a public URL --------
S3_BUCKET = env("S3_BUCKET", "")
if S3_BUCKET:
    RECORDINGS_STORAGE = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env("S3_ENDPOINT_URL", "") or None,
            "region_name": env("S3_REGION", "") or None,
            "access_key": env("S3_ACCESS_KEY", "") or None,
            "secret_key": env("S3_SECRET_KEY", "") or None,
            "default_acl": "private",
            "querystring_auth": True,
            "file_overwrite": False,
        },
    }
else:
    RECORDINGS_STORAGE = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": DATA_DIR / "recordings",
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }
# Styles and scripts are served from where they lie, or, where STATIC_ROOT names a folder, from that folder as
# `collectstatic` fills it: compressed, and named by their content so that browsers may keep them.
STATIC_URL = "static/"
STATIC_ROOT = env("STATIC_ROOT", "") or None
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
STORAGES = {
    "default": RECORDINGS_STORAGE,
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MAX_UPLOAD_BYTES = env_int("MAX_UPLOAD_MB", 50) * 1024 * 1024
#: How much the readers take of a file; handed to them, since they know no settings.
RECORDING_LIMITS = Limits(
    size_bytes=max(MAX_UPLOAD_BYTES, USUAL_LIMITS.size_bytes),
    frames=env_int("MAX_RECORDING_FRAMES", USUAL_LIMITS.frames),
    people=env_int("MAX_RECORDING_PEOPLE", USUAL_LIMITS.people),
    seconds=60.0 * env_int("MAX_RECORDING_MINUTES", round(USUAL_LIMITS.seconds / 60)),
)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 2

# --- Jobs: Redis where CELERY_BROKER_URL names it, else a broker in a folder that needs no server -----------
CELERY_BROKER_URL = env("CELERY_BROKER_URL", "filesystem://")
if CELERY_BROKER_URL.startswith("filesystem://"):
    BROKER_DIR = DATA_DIR / "broker"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "messages"),
        "data_folder_out": str(BROKER_DIR / "messages"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.01,
    }
    for folder in ("messages", "control"):
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
else:
    # A message held by a dead worker comes back soon; a second delivery of a task does no harm.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 900,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2,
        "socket_timeout": 5,
        # A broker that is away is not waited for: the row stays queued, and the sweep sends again.
        "max_retries": 0,
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for as long as it takes
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_PUBLISH_RETRY = (
    False  # a lost message is sent again by the sweep; a request never waits for the broker
)
#: An analysis that takes longer is stopped and set aside.
CELERY_TASK_TIME_LIMIT = env_int("ANALYSIS_LIMIT_SECONDS", 600)
CELERY_TASK_SOFT_TIME_LIMIT = int(0.9 * CELERY_TASK_TIME_LIMIT)
#: A worker computes up to so many waiting recordings in one batch.
BATCH_RECORDINGS = max(1, env_int("BATCH_RECORDINGS", 1))
#: A worker process on the CPU may take so much memory for data; 0: as much as there is.
WORKER_MEMORY_MB = env_int("WORKER_MEMORY_MB", 4096)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Requests are counted where all web processes see it; without Redis each counts its own.
if CELERY_BROKER_URL.startswith(("redis://", "rediss://")):
    CACHES = {
        "default": {
            "BACKEND": "exfb_site.cache.SharedCache",
            "LOCATION": CELERY_BROKER_URL,
            "KEY_PREFIX": "exfb-cache",
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
#: A running analysis whose worker has been silent for this long is given to another one.
ANALYSIS_SILENT_SECONDS = env_int("ANALYSIS_SILENT_SECONDS", 60)
#: A queued analysis that nobody took for this long is announced again.
ANALYSIS_RESEND_SECONDS = env_int("ANALYSIS_RESEND_SECONDS", 30)
ANALYSIS_MAX_ATTEMPTS = 3
#: An export that a worker made can be downloaded for so many days.
EXPORT_DAYS = env_int("EXPORT_DAYS", 7)
#: "cpu", "cuda", ...: where the network of a worker runs.
DEVICE = env("DEVICE", "cpu")

# --- People and sign-in -------------------------------------------------------------------------------------
AUTH_USER_MODEL = "patients.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "username"
AXES_SENSITIVE_PARAMETERS = ["password"]
AXES_LOCKOUT_TEMPLATE = "sign_in_locked.html"
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "patients.requests.machine_of"

# --- E-mail: sign-in codes for patients; printed to standard output unless EMAIL_HOST names a server --------
EMAIL_HOST = env("EMAIL_HOST", "")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_PORT = env_int("EMAIL_PORT", 587)
EMAIL_HOST_USER = env("EMAIL_USER", "")
EMAIL_HOST_PASSWORD = env("EMAIL_PASSWORD", "")
EMAIL_USE_TLS = env_bool("EMAIL_TLS", True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("EMAIL_FROM", "exfb@localhost")

# --- Security -----------------------------------------------------------------------------------------------
HTTPS = env_bool("HTTPS", not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]
BEHIND_PROXY = env_bool("BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
#: Nobody stays signed in for longer, nor for this long without doing anything.
SESSION_COOKIE_AGE = env_int("SESSION_HOURS", 12) * 3600
SESSION_IDLE_SECONDS = env_int("SESSION_IDLE_MINUTES", 30) * 60
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        # Plotly adds one empty <style> element: allowed by its hash, so that inline style stays forbidden.
        "style-src": [SELF, "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- Language and time --------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = env("TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True

# --- API ----------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "patients.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["patients.authentication.WithinScope"],
    "DEFAULT_PARSER_CLASSES": [
        "exfb_site.parsing.FlatJsonParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "patients.authentication.KeyOrPersonThrottle",
    ],
    # Only a proxy that is known to be there is believed which machine asks.
    "NUM_PROXIES": 1 if BEHIND_PROXY else 0,
    "DEFAULT_THROTTLE_RATES": {"anon": "60/min", "user": "1200/min", "upload": "120/hour"},
    "DEFAULT_SCHEMA_CLASS": "exfb_site.schema.ApiSchema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
}
DRF_STANDARDIZED_ERRORS = {"EXCEPTION_HANDLER_CLASS": "exfb_site.errors.ProblemHandler"}
_ERRORS = "drf_standardized_errors.openapi_serializers"
SPECTACULAR_SETTINGS = {
    "TITLE": "exfb API",
    "DESCRIPTION": "Upload recordings as 3D pose sequences; read findings, corrections and verdicts.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "ExerciseEnum": "patients.models.Exercise",
        "AnalysisStatusEnum": "feedback.models.Analysis.Status",
        "FileStatusEnum": "feedback.made_models.MadeByWorker.Status",
        "VerdictDecisionEnum": "feedback.models.Verdict.Decision",
        "ValidationErrorEnum": f"{_ERRORS}.ValidationErrorEnum.choices",
        "ClientErrorEnum": f"{_ERRORS}.ClientErrorEnum.choices",
        "ServerErrorEnum": f"{_ERRORS}.ServerErrorEnum.choices",
        **{
            f"ErrorCode{status}Enum": f"{_ERRORS}.ErrorCode{status}Enum.choices"
            for status in (401, 403, 404, 405, 406, 415, 429, 500)
        },
        **{f"ErrorCode{s}Enum": f"exfb_site.schema.ErrorCode{s}Enum.choices" for s in (409, 413, 422)},
    },
    "POSTPROCESSING_HOOKS": [
        "drf_standardized_errors.openapi_hooks.postprocess_schema_enums",
        "exfb_site.schema.number_places",
    ],
}

# --- Metrics: for whoever sends this token, and for nobody where there is none ------------------------------
METRICS_TOKEN = env("METRICS_TOKEN", "")

# --- Logs: to standard error, without patient data ----------------------------------------------------------
LOG_FORMAT = env("LOG_FORMAT", "plain")
if LOG_FORMAT not in ("plain", "json"):
    raise ImproperlyConfigured(f"LOG_FORMAT must be plain or json, not {LOG_FORMAT!r}")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "exfb_site.logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", "INFO")},
    # fontTools and fpdf would name the letters of a report.
    "loggers": {
        "axes": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
        "fpdf": {"level": "ERROR"},
    },
}
