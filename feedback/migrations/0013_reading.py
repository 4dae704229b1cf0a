"""A recording that is read differently is analysed anew; what was found before stays beside it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("feedback", "0012_exercises_that_releases_learned"), ("patients", "0005_reading")]

    operations = [
        migrations.AddField(
            "analysis",
            "reading",
            models.PositiveSmallIntegerField(
                default=1, help_text="Which reading of the recording it is of; people are shown the last."
            ),
        ),
        migrations.RemoveConstraint("analysis", "one_analysis_a_recording_and_release"),
        migrations.AddConstraint(
            "analysis",
            models.UniqueConstraint(
                fields=["recording", "release", "reading"], name="one_analysis_a_reading_and_release"
            ),
        ),
    ]
