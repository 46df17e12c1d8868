"""Django settings. What differs between machines comes from the environment (docs/operations.md)."""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

from loyalty import logs, statics
from loyalty.theme import UNFOLD  # noqa: F401  (a setting)

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

LOYALTY_HOME = Path(env("LOYALTY_HOME", default=str(BASE_DIR / "var"))).resolve()
LOYALTY_SANDBOX = env.bool("LOYALTY_SANDBOX", default=False)
LOYALTY_PRODUCTION = env.bool("LOYALTY_PRODUCTION", default=env.bool("LOYALTY_HTTPS", default=False))
if LOYALTY_SANDBOX and LOYALTY_PRODUCTION:
    raise ImproperlyConfigured("LOYALTY_SANDBOX has a test clock, so production refuses it: take one of the two away.")
LOYALTY_DEMO = env("LOYALTY_DEMO", default="cdnow")

SECRET_KEY = env("LOYALTY_SECRET_KEY", default="")
if not SECRET_KEY:
    key_file = LOYALTY_HOME / "secret_key"
    SECRET_KEY = key_file.read_text().strip() if key_file.exists() else "only-for-tools-" + "x" * 50
DEBUG = env.bool("LOYALTY_DEBUG", default=False)
ALLOWED_HOSTS = env.list("LOYALTY_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("LOYALTY_ORIGINS", default=[])
HTTPS = env.bool("LOYALTY_HTTPS", default=False)  # True behind a TLS proxy

INSTALLED_APPS = [
    "rewards",  # upper floors first: their templates and texts win over those below, and ours over the theme's
    "members",
    "loyalty",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    "loyalty.api.middleware.EdgeMiddleware",  # first: answers /api/ by itself
    "django.middleware.security.SecurityMiddleware",
    "loyalty.csp.Policies",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "loyalty.urls"
WSGI_APPLICATION = "loyalty.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "loyalty.sandbox.banner.shown",
            ],
        },
    },
]


def database(url: str) -> dict[str, object]:
    """Django's settings for a libpq URL; what libpq knows and Django does not goes to OPTIONS."""
    parts = conninfo_to_dict(url)
    names = {
        "dbname": "NAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
    }
    known = {django: str(parts.pop(libpq, "") or "") for libpq, django in names.items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **known,
        "CONN_MAX_AGE": None,
        # Prepared statements at the server doubled the rate of sales (docs/performance.md).
        "OPTIONS": {
            "server_side_binding": True,
            "prepare_threshold": 3,
            "options": "-c lock_timeout=3s -c idle_in_transaction_session_timeout=60s",
            **parts,
        },
    }


# `loyalty_app` serves and may neither change nor delete what is append-only; `loyalty_owner` migrates.
DATABASES = {"default": database(env("DATABASE_URL", default="postgresql://loyalty_app@/loyalty"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env("CACHE_URL", default="redis://127.0.0.1:6379/1"),
    }
}

AUTH_USER_MODEL = "loyalty.User"
AUTHENTICATION_BACKENDS = [
    "loyalty.roles.StaffBackend",  # staff by password; permissions from loyalty.roles
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# The second factor of staff. Tries are counted by loyalty.admin.limits: exact, and nobody can lock out another.
MFA_ADAPTER = "loyalty.factors.Adapter"
MFA_TOTP_TOLERANCE = 1
# Members sign in by a code (members.signin); allauth opens the session and asks for a second factor where one is set.
ACCOUNT_ADAPTER = "members.portal.adapter.Adapter"
ACCOUNT_EMAIL_VERIFICATION = "none"  # the code has proved the address
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"

SESSION_COOKIE_AGE = 90 * 86400
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 86400
CSRF_FAILURE_VIEW = "members.portal.failures.csrf"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ja", _("Japanese"))]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = LOYALTY_HOME / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_ADD_HEADERS_FUNCTION = statics.headers

EMAIL_BACKEND = env("EMAIL_BACKEND", default="django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = LOYALTY_HOME / "mail"
EMAIL_HOST = env("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("LOYALTY_FROM", default="Loyalty <loyalty@localhost>")
# A sender that dies keeps its message so long; longer than a provider may take, EMAIL_TIMEOUT for each answer.
MESSAGE_LEASE_SECONDS = env.int("LOYALTY_MESSAGE_LEASE", default=45)

# Django's own logging shows failures only with DEBUG; a failed page must reach whoever runs the system.
LOGGING: dict[str, object] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"django.request": {"level": "ERROR"}, "django.security.DisallowedHost": {"level": "CRITICAL"}},
}

REST_FRAMEWORK: dict[str, object] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "loyalty.api.schema.EdgeSchema",
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS: dict[str, object] = {
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "string", "format": "uuid"}},
    "TITLE": "Loyalty API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["loyalty.api.schema.complete"],
}

logs.configure(debug=DEBUG)

LOYALTY_URL = env("LOYALTY_URL", default="").rstrip("/")  # the address clients use, where a proxy hides it
LOYALTY_TRUSTED_PROXIES = env.list("LOYALTY_TRUSTED_PROXIES", default=[])  # whose X-Forwarded-For counts
LOYALTY_KEY_LIMIT_PER_MINUTE = env.int("LOYALTY_KEY_LIMIT_PER_MINUTE", default=6000)
LOYALTY_FAILED_LIMIT_PER_MINUTE = env.int("LOYALTY_FAILED_LIMIT_PER_MINUTE", default=60)

LOYALTY_WHATIF_PARALLEL = env.int("LOYALTY_WHATIF_PARALLEL", default=2)  # replays at one time, on all workers together

CELERY_BROKER_URL = env("BROKER_URL", default="redis://127.0.0.1:6379/0")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # for as long as the broker is away
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
# Sweepers pick up what nobody was woken up for. A tick that no worker took is worth nothing once the next one comes.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    name: {"task": name, "schedule": seconds, "options": {"expires": 2 * seconds}}
    for name, seconds in {
        "loyalty.tasks.sweep_outbox": 5,
        "loyalty.tasks.write_due_changes": 60,
        "loyalty.tasks.sum_day_book": 900,
        "loyalty.tasks.tell_of_dates": 900,
        "loyalty.tasks.drop_old_replies": 3600,
        "loyalty.tasks.drop_old_sessions": 3600,
        "members.tasks.sweep_messages": 5,
        "rewards.tasks.sweep_what_if": 5,
        "rewards.tasks.sweep_corrections": 30,
        "members.tasks.drop_old_sign_in_codes": 3600,
        "members.tasks.follow_programme": 60,
        "rewards.tasks.sweep_occasions": 60,
        "rewards.tasks.note_birthdays": 600,
    }.items()
}
