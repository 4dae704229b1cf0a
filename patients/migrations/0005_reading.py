"""What is known of a recording and how, what a person said of it, how often it was read, and its quality."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def facts_of_words(apps, schema_editor):
    """Earlier versions kept what was worked out in words: `unit: mm`, `axes: y up, from how the body stands`."""
    recording_model = apps.get_model("patients", "Recording")
    for recording in recording_model.objects.exclude(inferred=[]).only("inferred").iterator():
        facts = []
        for words in recording.inferred:
            about, _, rest = words.partition(": ")
            value, _, how = rest.partition(", ")
            facts.append({"about": about, "value": value, "known": "format", "how": how})
        recording_model.objects.filter(pk=recording.pk).update(facts=facts)


def words_of_facts(apps, schema_editor):
    recording_model = apps.get_model("patients", "Recording")
    for recording in recording_model.objects.exclude(facts=[]).only("facts").iterator():
        words = [
            f"{fact['about']}: {fact['value']}" + (f", {fact['how']}" if fact["how"] else "")
            for fact in recording.facts
            if fact["known"] != "file"
        ]
        recording_model.objects.filter(pk=recording.pk).update(inferred=words)


class Migration(migrations.Migration):
    dependencies = [("patients", "0004_plans")]

    operations = [
        migrations.AddField(
            "recording",
            "facts",
            models.JSONField(
                default=list, help_text="Frame rate, unit, axes and the like: about, value, known, how."
            ),
        ),
        migrations.RunPython(facts_of_words, words_of_facts),
        migrations.RemoveField("recording", "inferred"),
        migrations.AddField(
            "recording",
            "corrections",
            models.JSONField(
                default=dict,
                help_text="What a person said of unit, axes, rate and sides; it is read by that.",
            ),
        ),
        migrations.AddField(
            "recording",
            "reading",
            models.PositiveSmallIntegerField(
                default=1,
                help_text="Counts how often it was read differently; each reading is analysed anew.",
            ),
        ),
        migrations.AddField("recording", "confirmed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "recording",
            "confirmed_by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            "recording",
            "quality",
            models.CharField(
                blank=True,
                choices=[("good", "Good"), ("usable", "Usable"), ("poor", "Poor")],
                max_length=10,
            ),
        ),
        migrations.AddField("recording", "quality_reasons", models.JSONField(default=list)),
    ]
