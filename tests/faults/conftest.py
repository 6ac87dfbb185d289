"""The real service with two workers, as it is or with a protection taken out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.service import CHEAP_HASHING, SECRET, Service

SABOTEUR = Path(__file__).parent / "saboteur"
REPOSITORY = Path(__file__).parents[2]


def sabotaged(*sabotage: str) -> dict[str, str]:
    """The environment in which Python takes protections out before it does anything else."""
    return {
        "PYTHONPATH": f"{SABOTEUR}:{REPOSITORY}",
        "ATTENDANCE_TEST_SABOTAGE": ",".join(sabotage),
    }


def service_of(home: Path, database_url: str, *sabotage: str, **settings: str) -> Service:
    """Not yet started."""
    usual = {"database_url": database_url, "secret_key": SECRET, "workers": "2", **settings}
    chosen = {f"ATTENDANCE_{name.upper()}": value for name, value in usual.items()}
    return Service(home, CHEAP_HASHING | chosen | (sabotaged(*sabotage) if sabotage else {}))


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """Started, and killed if it is still there in the end."""
    service.start()
    try:
        yield service
    finally:
        if service.process and service.process.poll() is None:
            service.kill()
