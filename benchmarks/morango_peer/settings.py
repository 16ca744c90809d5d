"""Django's settings: one database, named by PEER_DATABASE, with Morango and nothing that it does not ask for."""

from __future__ import annotations

import os

SECRET_KEY = "measured on loopback, and thrown away"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "morango",
    "morango_peer",
]
ROOT_URLCONF = "morango_peer.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["PEER_DATABASE"]}}
AUTH_USER_MODEL = "morango_peer.Admin"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ, TIME_ZONE = True, "UTC"
