"""Morango's own addresses."""

from django.urls import include, path

urlpatterns = [path("", include("morango.urls"))]
