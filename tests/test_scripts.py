"""The scripts, the containers and the web server's configuration: what can be told without a network."""

import os
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
SHELL_SCRIPTS = [
    ROOT / "script" / name for name in ("bootstrap", "chaos", "demo", "lint", "model_pictures", "test")
] + [ROOT / ".ci" / "run"]

sys.path.insert(0, str(ROOT / "script"))

import processes  # noqa: E402


@pytest.mark.parametrize("script", SHELL_SCRIPTS, ids=lambda path: path.name)
def test_shell_scripts_parse_and_may_be_run(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], capture_output=True).returncode == 0


def test_torch_is_pinned_exactly_and_named_first_to_pip() -> None:
    assert re.search(r"^torch==[0-9.]+$", (ROOT / "requirements.txt").read_text(), re.M)
    assert "\"$(grep '^torch==' requirements.txt)\"" in (ROOT / "script" / "bootstrap").read_text()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_exactly(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and line[0] not in "#-"]
    assert len(lines) > 5
    assert [line for line in lines if not re.fullmatch(r"[\w-]+(\[\w+\])?==[\w.]+", line)] == []


def test_services_tests_ask_for_their_servers() -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.endswith(("_URL", "DATA_DIR"))
    }
    script = (ROOT / "script" / "test").read_text().replace("script/bootstrap requirements-dev.txt", "true")
    refused = subprocess.run(
        ["bash", "-c", script.replace('cd "$(dirname "$0")/.."', "true"), "test", "--services"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert refused.returncode != 0
    assert "DATABASE_URL" in refused.stderr


def test_the_demo_never_touches_what_the_environment_names(tmp_path: Path, monkeypatch) -> None:
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "S3_BUCKET", "SECRET_KEY"):
        monkeypatch.setenv(name, "of-the-clinic")
    environment = processes.environment(tmp_path)
    assert "of-the-clinic" not in environment.values()
    assert environment["DATA_DIR"] == str(tmp_path)
    assert environment["SECRET_KEY"] == processes.environment(tmp_path)["SECRET_KEY"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.fixture
def site(tmp_path: Path):
    """A site whose processes only sleep, each with a child of its own."""
    site = processes.Site(tmp_path, processes.free_port())
    sleep = [sys.executable, "-c", "import subprocess; subprocess.run(['sleep', '300'])"]
    site._commands = {"web": sleep, "worker": sleep}
    yield site
    site.stop()


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def wait_until(condition: Any) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited for a minute"
        time.sleep(0.02)


def test_stopping_leaves_no_process_behind(site: processes.Site) -> None:
    site.start()
    started = [process.pid for process in site._running.values()]
    wait_until(lambda: all(children_of(pid) for pid in started))
    everyone = [*started, *(child for pid in started for child in children_of(pid))]
    assert len(everyone) == 4
    site.stop()
    wait_until(lambda: not any(is_alive(pid) for pid in everyone))


def test_a_killed_worker_is_started_again(site: processes.Site, monkeypatch) -> None:
    monkeypatch.setattr(processes, "_SOON_SECONDS", 0)
    site.start()
    worker = site._running["worker"]
    os.killpg(worker.pid, signal.SIGKILL)
    wait_until(lambda: worker.poll() is not None)
    site.tend()
    assert site._running["worker"].pid != worker.pid
    assert site._running["worker"].poll() is None


def test_a_process_that_ends_at_once_is_told_with_the_end_of_its_log(site: processes.Site) -> None:
    site._commands = {"web": [sys.executable, "-c", "raise SystemExit('the port is taken')"]}
    site.start()
    wait_until(lambda: site._running["web"].poll() is not None)
    with pytest.raises(processes.DemoError, match="the port is taken"):
        site.tend()


def test_a_taken_port_is_refused_before_anything_starts() -> None:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        refused = subprocess.run(
            [sys.executable, ROOT / "script" / "demo.py", "--port", str(port)], capture_output=True, text=True
        )
    assert refused.returncode == 1
    assert f"Port {port} is taken" in refused.stderr


class TestCompose:
    services: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    own = ("migrate", "web", "worker", "gpu-worker", "sweep")

    def test_describes_every_process_of_a_clinic(self) -> None:
        assert set(self.services) == {*self.own, "postgres", "redis"}
        assert self.services["gpu-worker"]["profiles"] == ["gpu"]

    @pytest.mark.parametrize("name", own)
    def test_our_processes_share_one_image_and_may_change_nothing_but_data(self, name: str) -> None:
        service = self.services[name]
        assert service["image"] == "exfb"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["environment"]["DATABASE_URL"].startswith("postgresql://")
        assert service["environment"]["CELERY_BROKER_URL"].startswith("redis://")

    def test_only_the_gpu_worker_computes_on_the_gpu(self) -> None:
        devices = {name: self.services[name]["environment"].get("DEVICE") for name in self.own}
        assert devices == {**dict.fromkeys(self.own), "gpu-worker": "cuda"}

    def test_only_the_web_server_is_reachable_and_only_from_this_machine(self) -> None:
        ports = {name: service["ports"] for name, service in self.services.items() if "ports" in service}
        assert ports == {"web": ["127.0.0.1:8000:8000"]}

    def test_no_password_is_written_down(self) -> None:
        text = (ROOT / "compose.yaml").read_text()
        assert re.findall(r"PASSWORD: (?!\$\{POSTGRES_PASSWORD)", text) == []

    def test_management_commands_exist(self) -> None:
        from django.core.management import get_commands

        named = {
            command.split("manage.py ")[1].split()[0]
            for service in self.services.values()
            if "manage.py" in (command := service.get("command", ""))
        }
        assert named == {"migrate", "sweep"}
        assert named <= set(get_commands())


def test_the_image_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [index for index, line in enumerate(lines) if line.startswith("USER ")]
    commands = [index for index, line in enumerate(lines) if line.startswith("CMD ")]
    assert [lines[index] for index in users] == ["USER exfb"]
    assert users[0] < commands[0]


def test_gunicorn_answers_with_threads_and_limits() -> None:
    configured = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    assert configured["worker_class"] == "gthread"
    assert (configured["workers"], configured["threads"]) == (2, 4)
    assert configured["limit_request_field_size"] <= 8190


def test_the_pictures_of_the_model_card_show_what_was_confused(tmp_path: Path, capsys: Any) -> None:
    import model_pictures

    assert model_pictures.main(["--data", "sim:7:1", "--out", str(tmp_path)]) == 0
    assert str(tmp_path / "confusion-sim.svg") in capsys.readouterr().out
    drawn = (tmp_path / "confusion-sim.svg").read_text()
    assert "squat.knees inward" in drawn
    assert "n 11" in drawn
    assert "probability" in (tmp_path / "reliability-sim.svg").read_text()
    assert model_pictures.main(["--data", "sim:nobody", "--out", str(tmp_path)]) == 2
