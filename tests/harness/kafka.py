"""Apache Kafka itself, one broker in KRaft mode, from the jars that `deploy/kafka/pom.xml` names."""

import asyncio
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.harness.processes import ROOT, Missing, free_port, start, stop, until

_POM = ROOT / "deploy" / "kafka" / "pom.xml"
_HEAP = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_SETTINGS = """
node.id=1
process.roles=broker,controller
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={folder}/data
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
num.network.threads=2
num.io.threads=2
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=4194304
"""


class Broker:
    """A broker of our own that can be ended, stopped and started again on the same data."""

    def __init__(self, folder: Path, libraries: Path) -> None:
        self._folder = folder
        self._java = [str(shutil.which("java")), *_HEAP, "-cp", f"{libraries}/*"]
        self._port = free_port()
        self._log = folder / "broker.log"
        self._settings = folder / "server.properties"
        self._settings.write_text(_SETTINGS.format(port=self._port, controller=free_port(), folder=folder))
        self._process: subprocess.Popen[bytes] | None = None
        format_storage = ["kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(self._settings)]
        subprocess.run([*self._java, *format_storage], check=True, capture_output=True, timeout=120)

    @property
    def bootstrap(self) -> str:
        """`host:port`."""
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = start([*self._java, "kafka.Kafka", str(self._settings)], self._log)
        until(lambda: answers(self.bootstrap), self._process, self._log, 60)

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def freeze(self) -> None:
        """Stop it (SIGSTOP): connections stay open and nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen broker go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            stop(self._process, signal.SIGTERM)


@contextmanager
def broker() -> Iterator[Broker]:
    """A running broker with no topics. Raises `Missing` if this machine cannot run one."""
    libraries = _libraries()
    with tempfile.TemporaryDirectory(prefix="confer-kafka-", ignore_cleanup_errors=True) as folder:
        server = Broker(Path(folder), libraries)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def answers(bootstrap: str) -> bool:
    """Whether a broker answers a metadata request there."""
    host, _, port = bootstrap.partition(",")[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    # In a thread of its own, because the caller may have an event loop in this one.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, _describes(bootstrap)).result()


async def _describes(bootstrap: str) -> bool:
    from aiokafka.client import AIOKafkaClient
    from aiokafka.errors import KafkaError

    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=3000)
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()


def clear(bootstrap: str) -> None:
    """Delete every topic of ours, for tests that need the real topic names."""

    async def delete() -> None:
        from aiokafka.admin import AIOKafkaAdminClient

        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            names = [name for name in await admin.list_topics() if not name.startswith("__")]
            if names:
                await admin.delete_topics(names)
            while set(await admin.list_topics()) & set(names):
                await asyncio.sleep(0.05)
        finally:
            await admin.close()

    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, delete()).result()


def _cluster_id() -> str:
    """A fresh id; the letter in front keeps the tool from reading one that begins with a dash as an option."""
    import base64

    return "C" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]


def _libraries() -> Path:
    """The broker's jars: fetched by Maven once per version of the pom, then kept."""
    java, maven = shutil.which("java"), shutil.which("mvn")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "confer"
    folder = cache / f"kafka-{hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]}"
    if not java:
        raise Missing("no Java to run Apache Kafka (or set CONFER_KAFKA_BOOTSTRAP)")
    if folder.is_dir():
        return folder
    if not maven:
        raise Missing("no Maven to fetch Apache Kafka's jars (or set CONFER_KAFKA_BOOTSTRAP)")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as draft:
        target = Path(draft) / "jars"
        fetch = [
            maven,
            "-q",
            "-B",
            "-f",
            str(_POM),
            "dependency:copy-dependencies",
            f"-DoutputDirectory={target}",
        ]
        done = subprocess.run(fetch, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode != 0:
            raise Missing(f"Maven could not fetch Apache Kafka: {done.stdout.strip().splitlines()[:1]}")
        try:
            target.rename(folder)
        except OSError:
            if not folder.is_dir():  # another run may have put it there meanwhile
                raise
    return folder
