"""The App Store, judged by Apple's own library: what a server takes for genuine is what the library verifies, and what it
refuses the library refuses. Certificates and signatures are made here, as Apple makes them; the App Store Server API is a
stand-in that answers with them."""

import base64
import datetime
import http.server
import json
import pathlib
import re
import subprocess
import threading

import httpx
import jwt
import pytest
from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier, VerificationException
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from conftest import BIN, WAIT_S

BUNDLE = "org.example.plaza"
APP = 4711
LEAF_MARK = "1.2.840.113635.100.6.11.1"
ISSUER_MARK = "1.2.840.113635.100.6.2.1"
DER_NULL = b"\x05\x00"
DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.UTC)
FIXTURES = pathlib.Path(__file__).parents[2] / "crates/payments/tests/payments/apple"


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(name: str, key, issuer: tuple | None, mark: str | None, days: tuple[int, int], ca: bool):
    """A certificate, signed by (certificate, key), or by itself."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    parent, parent_key = issuer or (None, key)
    public = parent_key.public_key()
    usage = dict.fromkeys(
        ["content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"],
        False,
    )
    usage = x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, **usage)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent.subject if parent else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + days[0] * DAY)
        .not_valid_after(NOW + days[1] * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    if mark:
        made = made.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(mark), DER_NULL), critical=False)
    return made.sign(parent_key, hashes.SHA256())


class Authority:
    """A root like Apple's, what it may sign, and who signs transactions."""

    def __init__(self, leaf_mark=LEAF_MARK, issuer_mark=ISSUER_MARK, leaf_days=(-30, 300), root: tuple | None = None):
        self.root_key, self.issuer_key, self.key = (root[1] if root else new_key()), new_key(), new_key()
        self.root = root[0] if root else certificate("Root", self.root_key, None, None, (-900, 900), True)
        self.issuer = certificate("Issuer", self.issuer_key, (self.root, self.root_key), issuer_mark, (-800, 800), True)
        self.leaf = certificate("Leaf", self.key, (self.issuer, self.issuer_key), leaf_mark, leaf_days, False)

    def sign(self, payload: dict, algorithm: str = "ES256", key=None, chain: list | None = None) -> str:
        chain = [self.leaf, self.issuer, self.root] if chain is None else chain
        x5c = [base64.b64encode(der(one)).decode() for one in chain]
        key = None if algorithm == "none" else key or self.key
        return jwt.encode(payload, key, algorithm=algorithm, headers={"x5c": x5c})


def der(one: x509.Certificate) -> bytes:
    return one.public_bytes(serialization.Encoding.DER)


def millis(at: datetime.datetime) -> int:
    return int(at.timestamp() * 1000)


def transaction(**more) -> dict:
    return {
        "transactionId": "70001", "originalTransactionId": "70001", "bundleId": BUNDLE, "productId": f"{BUNDLE}.plus.month",
        "purchaseDate": millis(NOW), "expiresDate": millis(NOW + 30 * DAY), "signedDate": millis(NOW), "quantity": 1,
        "type": "Auto-Renewable Subscription", "inAppOwnershipType": "PURCHASED", "environment": "Production",
        "price": 1990, "currency": "EUR", **more,
    }


def notification(signed: str, **more) -> dict:
    data = {"appAppleId": APP, "bundleId": BUNDLE, "environment": "Production", "signedTransactionInfo": signed}
    return {
        "notificationType": "DID_RENEW", "notificationUUID": "002e14d5-51f5-4503-b5a8-c3a1af68eb20", "version": "2.0",
        "signedDate": millis(NOW), "data": {**data, **more},
    }


APPLE = Authority()


class Api(http.server.BaseHTTPRequestHandler):
    """The App Store Server API: one subscription. What it was asked, and by whom, is kept."""

    asked: list[tuple[str, dict]] = []
    key = new_key()

    def do_GET(self):
        token = self.headers["Authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, self.key.public_key(), algorithms=["ES256"], audience="appstoreconnect-v1",
                            options={"verify_iat": False, "verify_exp": False})
        assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "KEY1", "typ": "JWT"}
        self.asked.append((self.path.split("?")[0], claims))
        signed = APPLE.sign(transaction())
        if "/history/" in self.path:
            body = {"signedTransactions": [signed], "hasMore": False, "revision": "1", "bundleId": BUNDLE}
        else:
            renewal = {"originalTransactionId": "70001", "autoRenewStatus": 1, "environment": "Production"}
            row = {"originalTransactionId": "70001", "status": 1, "signedTransactionInfo": signed,
                   "signedRenewalInfo": APPLE.sign({**renewal, "signedDate": millis(NOW)})}
            body = {"data": [{"subscriptionGroupIdentifier": "1", "lastTransactions": [row]}]}
        body = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    """The address for Apple's notifications of a server that trusts this root."""
    folder: pathlib.Path = tmp_path_factory.mktemp("apple")
    api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=api.serve_forever, daemon=True).start()
    (folder / "root.cer").write_bytes(der(APPLE.root))
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.p8").write_bytes(Api.key.private_bytes(*pem))
    config = folder / "plaza.toml"
    config.write_text(
        f'[store.apple]\nbundle_id = "{BUNDLE}"\nissuer_id = "ISSUER"\nkey_id = "KEY1"\nkey_file = "{folder / "key.p8"}"\n'
        f'root_file = "{folder / "root.cer"}"\nurl = "http://127.0.0.1:{api.server_port}"\n'
    )
    serve = [BIN, "serve", "--sandbox", "--config", str(config), "--data", str(folder / "data"), "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    guard = threading.Timer(WAIT_S, process.kill)
    guard.start()
    found = next((match for line in process.stdout if (match := re.search(r"http://127\.0\.0\.1:\d+", line))), None)
    guard.cancel()
    drain = threading.Thread(target=process.stdout.read, daemon=True)
    drain.start()
    assert found, "the server did not say where it listens"
    yield f"{found[0]}/_payments/stores/apple/notifications"
    process.terminate()
    assert process.wait(WAIT_S) == 0
    drain.join()
    api.shutdown()
    api.server_close()


def library_takes(signed: str, root: x509.Certificate = APPLE.root) -> bool:
    """The verdict of Apple's library: of the notification, and of the transaction in it."""
    judge = SignedDataVerifier([der(root)], False, Environment.PRODUCTION, BUNDLE, APP)
    try:
        told = judge.verify_and_decode_notification(signed)
        judge.verify_and_decode_signed_transaction(told.data.signedTransactionInfo)
    except VerificationException:
        return False
    return True


def told(authority: Authority = APPLE, of: dict | None = None, **how) -> str:
    """A notification and the transaction in it, signed in the same way."""
    return authority.sign(notification(authority.sign(of or transaction(), **how)), **how)


def without_mark(which: str) -> Authority:
    return Authority(root=(APPLE.root, APPLE.root_key), **{which: None})


EXPIRED = Authority(root=(APPLE.root, APPLE.root_key), leaf_days=(-400, -100))
SECRET = b"a secret of at least thirty-two bytes"
HOSTILE = {
    "another root": lambda: told(Authority()),
    "a leaf that has expired": lambda: told(EXPIRED),
    "a leaf that signs nothing of Apple's": lambda: told(without_mark("leaf_mark")),
    "an issuer that signs nothing of Apple's": lambda: told(without_mark("issuer_mark")),
    "no algorithm": lambda: told(algorithm="none"),
    "a shared secret": lambda: told(algorithm="HS256", key=SECRET),
    "another key": lambda: told(key=new_key()),
    "no certificates": lambda: told(chain=[]),
    "a chain without its issuer": lambda: told(chain=[APPLE.leaf, APPLE.root]),
    "an issuer of its own": lambda: told(chain=[APPLE.leaf, Authority().issuer, APPLE.root]),
    "another app": lambda: told(of=transaction(bundleId="org.example.other")),
    "the sandbox": lambda: told(of=transaction(environment="Sandbox")),
    "signed twice by nobody": lambda: APPLE.sign(notification("a.b.c")),
    "only its notification is Apple's": lambda: APPLE.sign(notification(Authority().sign(transaction()))),
    "changed": lambda: told()[:-6] + "AAAAAA",
    "nonsense": lambda: "a.b.c",
}


def server_takes(server: str, signed: str) -> bool:
    answer = httpx.post(server, json={"signedPayload": signed}, timeout=30)
    assert answer.status_code in (200, 400), answer.text
    return answer.status_code == 200


def test_what_apple_signs_is_taken_and_the_store_is_asked(server: str):
    Api.asked.clear()
    signed = told()
    assert library_takes(signed)
    assert server_takes(server, signed)
    assert [path for path, _ in Api.asked] == ["/inApps/v2/history/70001", "/inApps/v1/subscriptions/70001"]
    for _, claims in Api.asked:
        assert (claims["iss"], claims["bid"]) == ("ISSUER", BUNDLE)
        assert 0 < claims["exp"] - claims["iat"] <= 3600, "Apple refuses tokens for more than an hour"


@pytest.mark.parametrize("what", HOSTILE)
def test_what_the_library_refuses_is_refused(server: str, what: str):
    Api.asked.clear()
    signed = HOSTILE[what]()
    assert not library_takes(signed)
    assert not server_takes(server, signed)
    assert Api.asked == [], "a forgery makes nobody ask"


def test_a_transaction_of_a_leaf_that_was_good_when_it_signed_is_taken(server: str):
    then = {"signedDate": millis(NOW - 200 * DAY)}
    signed = EXPIRED.sign({**notification(EXPIRED.sign(transaction(**then))), **then})
    assert library_takes(signed)
    assert server_takes(server, signed)


def test_the_stand_in_of_the_other_tests_is_one_that_apples_library_believes():
    chain = [x509.load_der_x509_certificate((FIXTURES / name).read_bytes()) for name in ("leaf.der", "inter.der", "root.der")]
    key = serialization.load_der_private_key((FIXTURES / "leaf.p8").read_bytes(), None)
    at = {"signedDate": millis(chain[0].not_valid_before_utc + 30 * DAY)}
    sign = lambda payload: APPLE.sign(payload, key=key, chain=chain)  # noqa: E731
    signed = sign({**notification(sign(transaction(**at))), **at})
    assert library_takes(signed, chain[2])
    assert not library_takes(signed)
