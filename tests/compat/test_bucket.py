"""Files of messages in a bucket: a server of its own, whose blobs lie in an S3-compatible store."""

import logging
import pathlib
import re
import subprocess
import threading

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from conftest import BIN, WAIT_S, Bot, Person, plaza

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "78da63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


class Bucket:
    """An empty bucket, and what lies in it."""

    NAME = "plaza-files"

    def __init__(self):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.endpoint = f"http://{host}:{port}"
        self.s3 = boto3.client(
            "s3", "us-east-1", endpoint_url=self.endpoint, aws_access_key_id="id", aws_secret_access_key="s3cr3t"
        )
        self.s3.create_bucket(Bucket=self.NAME)

    def blobs(self) -> list[bytes]:
        listed = self.s3.list_objects_v2(Bucket=self.NAME).get("Contents", [])
        return [self.s3.get_object(Bucket=self.NAME, Key=one["Key"])["Body"].read() for one in listed]


@pytest.fixture
def bucket():
    bucket = Bucket()
    yield bucket
    bucket.server.stop()


@pytest.fixture
def url(bucket: Bucket, tmp_path: pathlib.Path):
    """Where a server with this bucket listens."""
    (tmp_path / "secret").write_text("s3cr3t\n")
    config = tmp_path / "plaza.toml"
    config.write_text(
        f'[blobs]\nbucket = "{bucket.NAME}"\nendpoint = "{bucket.endpoint}"\naccess_key_id = "id"\n'
        f'secret_access_key_file = "{tmp_path / "secret"}"\n'
    )
    serve = [BIN, "serve", "--sandbox", "--config", str(config)]
    serve += ["--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    # A server that does not start ends its output, or is ended.
    guard = threading.Timer(WAIT_S, process.kill)
    guard.start()
    found = next((match for line in process.stdout if (match := re.search(r"http://127\.0\.0\.1:\d+", line))), None)
    guard.cancel()
    drain = threading.Thread(target=process.stdout.read, daemon=True)
    drain.start()
    assert found, "the server did not say where it listens"
    yield found[0]
    process.terminate()
    assert process.wait(WAIT_S) == 0
    drain.join()


def test_a_picture_lies_sealed_in_the_bucket(bucket: Bucket, url: str, tmp_path: pathlib.Path):
    create = ["business", "create", "--name", "Tulip", "--number", "+4930123456"]
    business = plaza(*create, place=["--url", url, "--data", str(tmp_path / "data")])[-1]
    bot = Bot(business, url=url)
    media = bot.wa.upload_media(PICTURE, mime_type="image/png", filename="loaf.png").id
    [sealed] = bucket.blobs()
    assert len(sealed) >= len(PICTURE), "all of it is there"
    assert PICTURE[:8] not in sealed, "and encrypted"
    assert bot.wa.get_media_bytes(bot.wa.get_media_url(media).url) == PICTURE

    ana = Person(tmp_path / "ana", "Ana", url=url)
    ana.send("+4930123456", "hello")
    bot.message()
    bot.wa.send_image(to=ana.wa_id, image=media)
    assert [event["type"] for event in ana.listen()] == ["media"]

    assert bot.wa.delete_media(media)
    assert bucket.blobs() == [sealed], "what was sent stays for those who have it"
    httpx.post(f"{url}/_sandbox/clock", json={"advance_s": 60 * 24 * 3600}).raise_for_status()
    assert bucket.blobs() == [], "its time is over"
    bot.stop()
