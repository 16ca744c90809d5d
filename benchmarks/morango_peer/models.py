"""What is passed: a record with the fields of a fact."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, UserManager
from django.db import models
from morango.models.core import SyncableModel


class Admin(AbstractBaseUser):
    """Who signs the other site's certificate."""

    USERNAME_FIELD = "username"
    username = models.CharField(max_length=20, unique=True)
    objects = UserManager()

    def has_morango_certificate_scope_permission(self, scope: str, params: dict) -> bool:
        return True


class Record(SyncableModel):
    """As the facts of ``bench_sync``: who, what, where, when, and its data."""

    morango_profile = "bench"
    morango_model_name = "record"

    site = models.CharField(max_length=32)
    number = models.IntegerField()
    learner = models.CharField(max_length=36)
    kind = models.CharField(max_length=40)
    course = models.CharField(max_length=20)
    activity = models.CharField(max_length=20, blank=True)
    actor = models.CharField(max_length=20)
    occurred_at = models.BigIntegerField()
    data = models.TextField()

    def calculate_source_id(self, *_args: object) -> str:
        return str(self.number)

    def calculate_partition(self, *_args: object) -> str:
        return f"{self.site}:record"
