"""script/chaos counts right, harms what it says, and brings a small site through a storm."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from feedback.models import Analysis
from tests.factories import AnalysisFactory, RepetitionFactory

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "script"))

import chaos  # noqa: E402
import servers  # noqa: E402
import storm  # noqa: E402


def analysis_with(repetitions: int, status: str = Analysis.Status.DONE) -> None:
    analysis = AnalysisFactory(status=status)
    for index in range(1, repetitions + 1):
        RepetitionFactory(analysis=analysis, index=index)


@pytest.mark.parametrize(
    ("repetitions", "status", "expected"),
    [
        (10, "done", storm.Tally(submitted=2, done=2, doubled=0)),
        (12, "done", storm.Tally(submitted=2, done=1, doubled=1)),
        (1, "done", storm.Tally(submitted=2, done=1, doubled=0)),
        (0, "done", storm.Tally(submitted=2, done=1, doubled=0)),
        (0, "queued", storm.Tally(submitted=2, done=1, doubled=0)),
        (10, "running", storm.Tally(submitted=2, done=1, doubled=0)),
    ],
)
def test_only_whole_results_that_are_there_once_count_as_done(
    db: None, repetitions: int, status: str, expected: storm.Tally
) -> None:
    analysis_with(storm.REPETITIONS)
    analysis_with(repetitions, status)
    assert storm.tally(2) == expected
    assert expected.passed == (expected.done == 2)
    assert expected.lost == 2 - expected.done - expected.doubled


def test_nothing_submitted_is_no_success() -> None:
    assert not storm.Tally(submitted=0, done=0, doubled=0).passed


def test_only_messages_of_the_queue_are_deleted(tmp_path: Path) -> None:
    for name in ("1.celery.msg", "2.celery.msg", "3.other.msg"):
        (tmp_path / name).touch()
    drop = chaos.dropper(tmp_path, None, random.Random(0))
    assert [drop() for _ in range(3)] == [1, 1, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["3.other.msg"]


def test_a_server_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(servers.MissingProgram, match="no-such-server"):
        servers.find_program("no-such-server")


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server")
def test_redis_forgets_everything_when_it_is_stopped(tmp_path: Path) -> None:
    server = servers.Redis(tmp_path / "redis")
    try:
        server.start()
        client = redis.Redis.from_url(server.url)
        client.rpush("celery", "message")
        assert chaos.dropper(tmp_path, server, random.Random(0))() == 1
        client.rpush("celery", "message")
        server.stop()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        assert chaos.dropper(tmp_path, server, random.Random(0))() == 0
        server.start()
        assert client.dbsize() == 0
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk")
def test_a_disk_is_filled_and_freed(tmp_path: Path) -> None:
    disk = servers.Disk(tmp_path / "disk", megabytes=1)
    try:
        disk.fill()
        with pytest.raises(OSError, match="No space"):
            (disk.folder / "file").write_bytes(b"x" * 9000)
        disk.free()
        (disk.folder / "file").write_bytes(b"x" * 9000)
    finally:
        disk.unmount()
    assert list(disk.folder.iterdir()) == []


def test_the_clock_of_the_site_is_set(tmp_path: Path) -> None:
    """In a process of its own, whose clock is then another one."""
    script = """
import django; django.setup()
import harmful
from django.utils import timezone
before = timezone.now()
harmful.set_clock(600)
print(round((timezone.now() - before).total_seconds()))
"""
    (tmp_path / "clock").write_text("0")
    environment = os.environ | {
        "CHAOS_CLOCK": str(tmp_path / "clock"),
        "DATA_DIR": str(tmp_path),
        "DEBUG": "true",
        "DJANGO_SETTINGS_MODULE": "exfb_site.settings",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'script'}",
    }
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert 600 <= int(done.stdout) <= 660, done.stderr


@pytest.mark.worker
def test_a_small_storm_leaves_every_analysis_done_once(tmp_path: Path) -> None:
    """Its folder goes with it: only a storm that fails leaves one behind, to be looked at."""
    calm = subprocess.run(
        [sys.executable, ROOT / "script" / "chaos.py", "--quick", "--analyses", "5", "--seed", "1"],
        capture_output=True,
        text=True,
        timeout=480,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert calm.returncode == 0, calm.stdout + calm.stderr
    table = dict(line.rsplit(maxsplit=1) for line in calm.stdout.splitlines())
    assert (table["submitted"], table["done"], table["doubled"], table["lost"]) == ("5", "5", "0", "0")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.worker
def test_a_storm_that_is_told_to_end_leaves_no_process_behind(tmp_path: Path) -> None:
    started = subprocess.Popen(
        [sys.executable, ROOT / "script" / "chaos.py", "--quick"], env=os.environ | {"TMPDIR": str(tmp_path)}
    )
    end = time.monotonic() + 60
    while not (workers := processes_below(started.pid)):
        assert time.monotonic() < end
        time.sleep(0.1)
    started.terminate()
    assert started.wait(timeout=60) == 143
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def processes_below(pid: int) -> list[int]:
    """The sweep and the workers, once all three are there."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    pids = [int(line) for line in listed.stdout.split()]
    return pids if len(pids) == 3 else []
