"""Content-addressed blobs in a folder and in an S3-compatible store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.errors import GateClosed, NotFound
from delivery.store.blobs import Blobs


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """A bucket on a real HTTP server that speaks S3, on loopback."""
    import boto3
    import fsspec
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=endpoint, **keys).create_bucket(Bucket="tuxa")
    before = dict(fsspec.config.conf)
    fsspec.config.conf["s3"] = {"endpoint_url": endpoint, "key": "x", "secret": "x"}
    yield "s3://tuxa/site"
    fsspec.config.conf.clear()
    fsspec.config.conf.update(before)
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return Blobs(str(tmp_path / "blobs") if request.param == "folder" else request.getfixturevalue("s3_url"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_was_stored_is_read_back_by_its_hash(blobs: Blobs, tmp_path: Path) -> None:
    file = tmp_path / "bài giảng 1.bin"
    file.write_bytes(b"b" * 3_000_000)
    assert blobs.get(blobs.put(b"a")) == b"a"
    assert blobs.get(blobs.put_file(file)) == b"b" * 3_000_000
    assert blobs.put(b"a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert blobs.exists(blobs.put(b"a"))
    assert not blobs.exists("0" * 64)
    with pytest.raises(NotFound, match="is missing"):
        blobs.get("0" * 64)


def test_an_altered_blob_is_never_handed_out(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    address = blobs.put(b"lesson")
    path = blobs.local_path(address)
    assert path is not None
    path.write_bytes(b"lessom")
    with pytest.raises(GateClosed, match="altered"):
        blobs.get(address)
