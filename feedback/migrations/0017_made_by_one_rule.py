"""Reports note when their worker was last heard of and when they were finished under the names exports have."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0016_worklist_indexes"),
    ]

    operations = [
        migrations.RenameField(
            model_name="report",
            old_name="claimed_at",
            new_name="heartbeat_at",
        ),
        migrations.RenameField(
            model_name="report",
            old_name="made_at",
            new_name="finished_at",
        ),
        migrations.AlterField(
            model_name="report",
            name="status",
            field=models.CharField(
                choices=[
                    ("queued", "Waiting"),
                    ("running", "Being made"),
                    ("done", "Ready"),
                    ("failed", "Could not be made"),
                ],
                default="queued",
                max_length=10,
            ),
        ),
    ]
