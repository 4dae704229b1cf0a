"""Gives keys scopes and an end. Keys that are there keep what they could do, for one more year."""

import datetime

from django.db import migrations, models
from django.utils import timezone


def every_scope():
    return ["read", "upload", "review"]


def in_a_year():
    return timezone.now() + datetime.timedelta(days=365)


class Migration(migrations.Migration):

    dependencies = [("patients", "0001_initial")]

    operations = [
        migrations.AddField("apikey", "scopes", models.JSONField(default=every_scope)),
        migrations.AlterField("apikey", "scopes", models.JSONField(default=list)),
        migrations.AddField("apikey", "expires_at", models.DateTimeField(default=in_a_year), preserve_default=False),
    ]
