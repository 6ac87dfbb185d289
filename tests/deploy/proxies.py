"""Proxies that run in front of the real service, by the examples in deploy/."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import trustme

from tests.service import Service, free_port, serving

DEPLOY = Path(__file__).parents[2] / "deploy"
NAME = "localhost"
CLIENT = "127.0.0.2"
"""Where requests come from: another address than the proxy's own."""

LONGEST_START_SECONDS = 20
NGINX = """\
daemon off;
master_process off;
pid {home}/nginx.pid;
error_log {home}/nginx.log warn;
events {{}}
http {{
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    include {home}/site.conf;
}}
"""


@dataclass(frozen=True)
class Proxied:
    """The service behind a proxy: `url` is that of its base, without a slash at its end."""

    service: Service
    url: str
    plain_port: int
    port: int
    context: ssl.SSLContext = field(repr=False)

    @property
    def base(self) -> str:
        return httpx.URL(self.url).path.rstrip("/")

    def client(self, **options: object) -> httpx.Client:
        transport = httpx.HTTPTransport(verify=self.context, local_address=CLIENT)
        return httpx.Client(base_url=self.url, transport=transport, timeout=30, **options)  # type: ignore[arg-type]

    @contextmanager
    def connected(self) -> Iterator[ssl.SSLSocket]:
        """A connection, for who sends what no client would."""
        address = ("127.0.0.1", self.port)
        with (
            socket.create_connection(address, timeout=30, source_address=(CLIENT, 0)) as plain,
            self.context.wrap_socket(plain, server_hostname=NAME) as secure,
        ):
            yield secure


def changed(text: str, changes: Mapping[str, str]) -> str:
    """An example with what differs here: each thing that is replaced has to be in it."""
    for this, by_that in changes.items():
        assert this in text, this
        text = text.replace(this, by_that)
    return text


@contextmanager
def behind(
    kind: str, base: str, home: Path, *, trusted_proxies: str = "127.0.0.1", **changes: str
) -> Iterator[Proxied]:
    """The service behind nginx or Caddy, below a path or at the root (""); `changes` are nginx's."""
    program = shutil.which(kind)
    assert program, f"{kind} is not installed: apt-get install nginx caddy"
    authority = trustme.CA()
    certificate = authority.issue_cert(NAME)
    chain, key = home / "chain.pem", home / "key.pem"
    chain.write_bytes(b"".join(each.bytes() for each in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    context = ssl.create_default_context()
    authority.configure_trust(context)
    plain_port, port = free_port(), free_port()
    url = f"https://{NAME}:{port}{base}"
    settings = {"base_url": url, "trusted_proxies": trusted_proxies, "log_format": "json", "timezone": "UTC"}
    with serving(home, f"sqlite:///{home}/club.db", **settings) as service:
        if kind == "nginx":
            arguments = _nginx(home, base, service.port, plain_port, port, chain, key, changes)
        else:
            arguments = _caddy(home, base, service.port, plain_port, port, chain, key)
        with (home / "proxy.log").open("wb") as log:
            process = subprocess.Popen([program, *arguments], stdout=log, stderr=log, env=_environment(home))
        try:
            _wait_until_listening(process, port, home)
            yield Proxied(service, url, plain_port, port, context)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_DATA_HOME": str(home)}


def _nginx(
    home: Path,
    base: str,
    upstream: int,
    plain_port: int,
    port: int,
    chain: Path,
    key: Path,
    changes: Mapping[str, str],
) -> list[str]:
    certificate = "/etc/letsencrypt/live/club.example.org/"
    site = changed(
        (DEPLOY / "nginx.conf").read_text(),
        {
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{upstream};",
            "listen 80;": f"listen 127.0.0.1:{plain_port};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
            "listen [::]:80;": "",
            "listen [::]:443 ssl http2;": "",
            f"{certificate}fullchain.pem": str(chain),
            f"{certificate}privkey.pem": str(key),
            "server_name club.example.org;": f"server_name {NAME};",
            **changes,
        },
    )
    if base:
        site = changed(
            site,
            {
                "\n    location / {": f"\n    location {base}/ {{",
                "location = /metrics {": f"location = {base}/metrics {{",
                "proxy_pass http://attendance;\n": "proxy_pass http://attendance/;\n",
            },
        )
    (home / "site.conf").write_text(site)
    (home / "nginx.conf").write_text(NGINX.format(home=home))
    return ["-p", str(home), "-e", str(home / "nginx.log"), "-c", str(home / "nginx.conf")]


def _caddy(
    home: Path, base: str, upstream: int, plain_port: int, port: int, chain: Path, key: Path
) -> list[str]:
    site = changed(
        (DEPLOY / "Caddyfile").read_text(),
        {
            "{\n\tservers {": (
                f"{{\n\tadmin off\n\thttp_port {plain_port}\n\thttps_port {port}\n"
                "\tdefault_bind 127.0.0.1\n\tservers {"
            ),
            "\nclub.example.org {\n": f"\n{NAME} {{\n\ttls {chain} {key}\n",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        },
    )
    if base:
        site = changed(
            site,
            {
                "\n\thandle {": f"\n\thandle_path {base}/* {{",
                "\n\thandle /metrics": f"\n\thandle {base}/metrics",
            },
        )
    (home / "Caddyfile").write_text(site)
    return ["run", "--adapter", "caddyfile", "--config", str(home / "Caddyfile")]


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, home: Path) -> None:
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, (home / "proxy.log").read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError((home / "proxy.log").read_text())
