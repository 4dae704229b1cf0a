"""Starts the demo: exfb with an invented clinic, as a web server, a worker and a sweep on this machine."""

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from check_demo import check
from processes import ROOT, DemoError, Site, free_port, is_taken


def main() -> int:
    arguments = parse(sys.argv[1:])
    # However it is told to end, everything that was started is stopped. Ctrl-C too where a shell hid it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    try:
        if arguments.check:
            with tempfile.TemporaryDirectory(prefix="exfb-check-") as folder:
                return run_check(Path(folder))
        return run(ROOT / "var" / "demo", arguments.port)
    except DemoError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="port of the web server (8000)")
    parser.add_argument(
        "--check", action="store_true", help="try everything once with throw-away data, then stop"
    )
    return parser.parse_args(arguments)


def run(data_dir: Path, port: int) -> int:
    """Serve until Ctrl-C."""
    if is_taken(port):
        raise DemoError(f"Port {port} is taken. Choose another: script/demo --port {port + 1}")
    started = time.monotonic()
    site = Site(data_dir, port)
    with stopping(site):
        site.manage("demo_clinic", "--prepare")
        site.start()
        site.wait_until_ready()
        print(f"\nexfb is ready after {time.monotonic() - started:.1f} s:  {site.address}/\n", flush=True)
        site.manage("demo_clinic")
        print(f"\nOpen {site.address}/ and sign in as above. Data and logs: {data_dir}. Ctrl-C stops exfb.")
        while True:
            site.tend()
            time.sleep(0.5)


def run_check(data_dir: Path) -> int:
    """Start with fresh data, try everything once over HTTP, stop, and tell how long it took."""
    started = time.monotonic()
    site = Site(data_dir, free_port())
    with stopping(site):
        site.manage("demo_clinic", "--prepare", quiet=True)
        site.start()
        site.wait_until_ready()
        print(f"ready after                {time.monotonic() - started:6.1f} s", flush=True)
        check(site)
    print(f"all stopped after          {time.monotonic() - started:6.1f} s")
    return 0


@contextlib.contextmanager
def stopping(site: Site) -> Iterator[None]:
    """Whatever happens, leave no process behind."""
    try:
        yield
    finally:
        site.stop()


if __name__ == "__main__":
    sys.exit(main())
