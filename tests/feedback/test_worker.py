"""Real worker processes: recordings are analysed to the end, bad ones harm nobody, kill -9 loses nothing.

The same tests run on the embedded broker with SQLite and, marked `services`, on Redis with PostgreSQL.
"""

import os

import pytest

from tests.motions import pose_bytes, squats
from tests.processes import RunningSite, temporary_database
from tests.releases import write_untrained_release

pytestmark = pytest.mark.worker


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return write_untrained_release(tmp_path_factory.mktemp("releases") / "untrained")


@pytest.fixture(scope="module", params=["embedded", pytest.param("services", marks=pytest.mark.services)])
def shared_site(request, tmp_path_factory, release):
    tmp_path = tmp_path_factory.mktemp("site")
    if request.param == "embedded":
        with RunningSite(tmp_path, release) as running:
            yield running
        return
    with (
        temporary_database(os.environ["DATABASE_URL"]) as database,
        RunningSite(tmp_path, release, database=database, broker=os.environ["CELERY_BROKER_URL"]) as running,
    ):
        yield running


@pytest.fixture
def site(shared_site):
    """The site without any process; those that a test starts end with it."""
    yield shared_site
    shared_site.stop()


def recordings(folder, *depths):
    """A file of two squats for each depth in metres; of 0 m, a person who stands still."""
    paths = [folder / f"{depth}.json" for depth in depths]
    for path, depth in zip(paths, depths, strict=True):
        path.write_bytes(pose_bytes(squats(2, depth=depth)))
    return paths


ENDED = ("done", "failed", "needs_attention")


def test_recordings_are_analysed_by_a_worker_that_no_bad_one_harms(site, tmp_path):
    site.start_worker("--pool=prefork", "--concurrency=2")
    ids = site.upload(recordings(tmp_path, 0.35, 0.0, 0.34))
    rows = site.wait_for(ids, *ENDED)
    assert [row["status"] for row in rows] == ["done", "failed", "done"], site.log()
    assert [row["error_code"] for row in rows] == ["", "no_repetition_found", ""]
    assert [row["repetitions"] for row in rows] == [2, 0, 2]
    assert [row["attempts"] for row in rows] == [1, 1, 1]


def test_what_a_killed_worker_held_is_finished_once_by_another(site, tmp_path):
    # The message waits for the worker, so that whoever watches the row is there before the analysis begins.
    ids = site.upload(recordings(tmp_path, 0.33))
    killed = site.start_worker("--pool=solo")
    (held,) = site.wait_for(ids, "running", kill=killed)
    assert held["status"] == "running", site.log()
    site.start_sweep()
    site.start_worker("--pool=solo")
    (row,) = site.wait_for(ids, *ENDED)
    assert (row["status"], row["attempts"], row["repetitions"]) == ("done", 2, 2), site.log()
    assert row["worker"] != held["worker"]


def test_a_message_that_was_lost_is_sent_again(site, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(site.environment, "CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
        ids = site.upload(recordings(tmp_path, 0.32))
    site.start_worker("--pool=solo")
    site.start_sweep()
    (row,) = site.wait_for(ids, *ENDED)
    assert (row["status"], row["attempts"]) == ("done", 1), site.log()
