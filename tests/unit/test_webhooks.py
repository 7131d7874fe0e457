"""Webhooks: what may be asked, how it is signed, and receivers that do not behave."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.api import Api, open_api
from harness.processes import until
from loopback.webhook_receiver import GOOD, Answer, Receiver, floods, is_silent, receiving, says, trickles
from manimatic.deliveries import Delivery, Webhook
from manimatic.jobs import NewJob
from manimatic.store import Stores, open_stores
from manimatic.webhooks.guard import Guard, Refused, is_public
from manimatic.webhooks.sender import RETRY_S, WebhookSender
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError
from support import require

TIMEOUT_S = 1.0
LOOPBACK = Guard(frozenset({"127.0.0.1"}))


@pytest.fixture
def stores() -> Iterator[Stores]:
    """Give an empty database in which an account has a secret."""
    opened = open_stores("sqlite://")
    opened.webhooks.rotate("local", overlap_s=60)
    yield opened
    opened.jobs.close()


def sender(stores: Stores, guard: Guard = LOOPBACK, **fields: Any) -> WebhookSender:
    """Make a sender that is quick to give up."""
    return WebhookSender(stores.webhooks, guard, timeout_s=TIMEOUT_S, **fields)


def ended(stores: Stores, url: str) -> str:
    """End a job whose webhook has this address, and return its id."""
    job = stores.jobs.submit(NewJob(prompt="x", webhook=Webhook(url, ("cancelled",))), max_queued=99)
    return stores.jobs.request_cancel(job.id).id


def told(stores: Stores, job_id: str) -> Delivery:
    """Return the job's only delivery."""
    (delivery,) = stores.webhooks.deliveries(job_id)
    return delivery


# ---------------------------------------------------------------- which addresses


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"),
        *("2001:0:0:0:0:0:80ff:fffe", "::7f00:1", "nonsense", ""),
    ],
)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    """Private, loopback, link-local, metadata, multicast, reserved, and those that stand for one of them."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_public_address_may_be_asked(address: str) -> None:
    """The internet's."""
    assert is_public(address)


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "017700000001", "0"])
def test_name_that_leads_to_loopback_is_refused(host: str) -> None:
    """In every spelling that the resolver takes; it is the address that counts."""
    with pytest.raises(Refused):
        Guard().resolve(host, 80)


def test_one_bad_address_refuses_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a public and a private address is not asked."""

    def resolve(*_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(Refused):
        Guard().resolve("films.example", 80)


def test_name_is_resolved_once(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads elsewhere the second time gains nothing: the connection goes to what was looked at."""
    asked = []
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *_: Any, **named: Any) -> Any:
        if host == "films.example":
            asked.append(host)
            return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", port, **named)
        return real(host, port, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with receiving() as receiver:
        job_id = ended(stores, f"http://films.example:{receiver.port}/hook")
        assert sender(stores).send_next()
    assert asked == ["films.example"]
    assert told(stores, job_id).state == "delivered"
    assert receiver.received[0].headers["host"] == f"films.example:{receiver.port}"


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/meta-data/", "http://localhost:{port}/", "http://[::ffff:127.0.0.1]:{port}/"]
)
def test_refused_address_is_never_connected_to_and_not_tried_again(stores: Stores, url: str) -> None:
    """The log of deliveries says so."""
    with receiving() as receiver:
        job_id = ended(stores, url.format(port=receiver.port))
        assert sender(stores, Guard()).send_next()
        delivery = told(stores, job_id)
    assert (delivery.state, [one.error for one in delivery.tries]) == ("failed", ["address_refused"])
    assert receiver.received == []


# ---------------------------------------------------------------- what is sent


def test_delivery_is_signed_with_every_live_secret(stores: Stores) -> None:
    """A receiver verifies with the new secret or the one before, and with no other."""
    old = stores.webhooks.rotate("local", overlap_s=60)
    new = stores.webhooks.rotate("local", overlap_s=60)
    with receiving() as receiver:
        job_id = ended(stores, receiver.url)
        assert sender(stores).send_next()
    (request,) = receiver.received
    assert request.line == "POST /hook?x=1 HTTP/1.1"
    for secret in (old, new):
        assert Verifier(secret).verify(request.body, request.headers)["data"]["job_id"] == job_id
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_" + "A" * 44).verify(request.body, request.headers)
    delivery = told(stores, job_id)
    assert request.headers["webhook-id"] == delivery.id
    assert json.loads(request.body)["type"] == "job.cancelled"
    assert (delivery.state, delivery.tries[0].status, delivery.tries[0].error) == ("delivered", 204, None)


def test_without_a_secret_nothing_is_sent() -> None:
    """An unsigned call could be anybody's."""
    opened = open_stores("sqlite://")
    with receiving() as receiver:
        job_id = ended(opened, receiver.url)
        assert sender(opened).send_next()
        assert told(opened, job_id).tries[0].error == "no_secret"
    assert receiver.received == []
    opened.jobs.close()


# ---------------------------------------------------------------- receivers that do not behave


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"), 302, "redirect"),
        (says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), 500, "status"),
        (says(b"nonsense\r\n\r\n"), None, "not_http"),
        (says(b""), None, "not_reached"),
        (says(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 10**6), None, "not_http"),
        (is_silent, None, "timeout"),
        (trickles, None, "timeout"),
    ],
    ids=["redirect", "500", "nonsense", "hangs up", "long header", "silent", "trickles"],
)
def test_bad_receiver_is_tried_again_later(stores: Stores, answer: Answer, status: int | None, error: str) -> None:
    """It ends within the time, nothing is followed, and the pause has its jitter."""
    with receiving(answer) as receiver:
        job_id, started = ended(stores, receiver.url), time.monotonic()
        assert sender(stores).send_next()
        assert time.monotonic() - started < 5 * TIMEOUT_S
        receiver.over.set()
    delivery = told(stores, job_id)
    assert (delivery.state, delivery.tries[0].status, delivery.tries[0].error) == ("waiting", status, error)
    assert delivery.next_at is not None
    assert 0.8 * RETRY_S[0] <= delivery.next_at - delivery.tries[0].at <= 1.2 * RETRY_S[0]
    assert len(receiver.received) == 1


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """Give a server's side of TLS for 127.0.0.1, with a certificate that vouches for itself: `tmp_path/own.pem`."""
    openssl = shutil.which("openssl")
    require(openssl, "openssl is not installed")
    paths = [str(tmp_path / "key.pem"), str(tmp_path / "own.pem")]
    made = [openssl or "", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", paths[0], "-out", paths[1]]
    named = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run([*made, *named], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paths[1], paths[0])
    return context


def test_certificate_that_nobody_vouches_for_is_refused(stores: Stores, tls: ssl.SSLContext) -> None:
    """The body is not sent to who may be anybody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_refused_handshake, args=(listener, tls))
        thread.start()
        job_id = ended(stores, f"https://127.0.0.1:{listener.getsockname()[1]}/")
        assert sender(stores).send_next()
        thread.join()
    assert told(stores, job_id).tries[0].error == "tls_failed"


def _refused_handshake(listener: socket.socket, context: ssl.SSLContext) -> None:
    client, _ = listener.accept()
    with client, contextlib.suppress(OSError), context.wrap_socket(client, server_side=True) as inner:
        assert inner.recv(1) == b""


def test_answer_that_trickles_through_tls_ends_within_its_time(
    stores: Stores, tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes soon enough, and there is no end of them."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_trickled_answer, args=(listener, tls))
        thread.start()
        job_id = ended(stores, f"https://127.0.0.1:{listener.getsockname()[1]}/")
        started = time.monotonic()
        assert sender(stores).send_next()
        assert time.monotonic() - started < 5 * TIMEOUT_S
        thread.join()
    assert told(stores, job_id).tries[0].error == "timeout"


def _trickled_answer(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Answer a byte at a time until the other side hangs up, or 20 times its patience are over."""
    client, _ = listener.accept()
    give_up_at = time.monotonic() + 20 * TIMEOUT_S
    with client, contextlib.suppress(OSError), context.wrap_socket(client, server_side=True) as inner:
        inner.recv(65536)
        inner.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while time.monotonic() < give_up_at:
            inner.sendall(b"y")
            time.sleep(0.1)


def test_answer_of_ten_gigabytes_is_left_where_it_is(stores: Stores) -> None:
    """It counts by its status; little of it is read."""
    with receiving(floods) as receiver:
        job_id = ended(stores, receiver.url)
        assert sender(stores).send_next()
        assert told(stores, job_id).state == "delivered"
    assert receiver.sent_bytes < 50_000_000


def test_receiver_that_says_gone_is_left_alone(stores: Stores) -> None:
    """As Standard Webhooks has it."""
    with receiving(says(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")) as receiver:
        job_id = ended(stores, receiver.url)
        assert sender(stores).send_next()
    assert told(stores, job_id).state == "failed"


def test_tries_end_after_three_days(stores: Stores) -> None:
    """Every pause of the schedule is used once."""
    assert 3 * 86_400 < sum(RETRY_S) < 4 * 86_400
    with receiving(says(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")) as receiver:
        job_id = ended(stores, receiver.url)
        hasty = sender(stores, retry_s=(0.0, 0.0, 0.0))
        while hasty.send_next():
            continue
    delivery = told(stores, job_id)
    assert (delivery.state, len(delivery.tries), len(receiver.received)) == ("failed", 4, 4)
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1


def test_delivery_survives_a_restart(tmp_path: Path) -> None:
    """What was put down is sent by the next process; what failed goes on where it was."""
    url = f"sqlite:///{tmp_path}/jobs.sqlite3"
    with receiving(says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), says(GOOD)) as receiver:
        first = open_stores(url)
        first.webhooks.rotate("local", overlap_s=0)
        job_id = ended(first, receiver.url)
        sender(first, retry_s=(0.0,)).send_next()
        first.jobs.close()
        second, over = open_stores(url), threading.Event()
        with sender(second, retry_s=(0.0,)).running(over):
            give_up_at = time.monotonic() + 20
            while told(second, job_id).state != "delivered" and time.monotonic() < give_up_at:
                time.sleep(0.02)
        assert [one.status for one in told(second, job_id).tries] == [500, 204]
        second.jobs.close()


# ---------------------------------------------------------------- the API


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Give an API whose account has a secret."""
    with open_api(tmp_path) as opened:
        opened.webhooks.rotate("local", overlap_s=0)
        yield opened


def test_deliveries_of_a_job_are_shown(api: Api) -> None:
    """With every try, and by default for the ends alone."""
    with receiving() as receiver:
        job_id = api.generate(webhook={"url": receiver.url})
        assert api.client.get(f"/status/{job_id}/deliveries").get_json() == {"deliveries": []}
        api.complete(job_id)
        WebhookSender(api.webhooks, LOOPBACK).send_next()
        shown = api.client.get(f"/status/{job_id}/deliveries").get_json()["deliveries"]
    assert [(one["event"], one["state"], one["tries"][0]["status"]) for one in shown] == [
        ("complete", "delivered", 204)
    ]
    assert api.client.get("/status/nothing/deliveries").status_code == 404


@pytest.mark.parametrize(
    ("webhook", "pointer"),
    [
        ({"url": "ftp://films.example/"}, "/webhook/url"),
        ({"url": "http://"}, "/webhook/url"),
        ({"url": "http://user:secret@films.example/"}, "/webhook/url"),
        ({"url": "http://films.example:99999/"}, "/webhook/url"),
        ({"url": "http://films.example/\r\nX-Header: y"}, "/webhook/url"),
        ({"url": "http://films.example/" + "x" * 3000}, "/webhook/url"),
        ({"url": "http://films.example/", "events": ["queued"]}, "/webhook/events/0"),
        ({"url": "http://films.example/", "events": []}, "/webhook/events"),
        ({"url": "http://films.example/", "secret": "x"}, "/webhook/secret"),
        ({}, "/webhook/url"),
    ],
)
def test_bad_webhook_is_refused_by_field(api: Api, webhook: dict[str, Any], pointer: str) -> None:
    """Before anything is queued."""
    answer = api.client.post("/generate", json={"prompt": "a circle", "webhook": webhook})
    assert answer.status_code == 422, answer.text
    assert [item["pointer"] for item in answer.get_json()["errors"]] == [pointer]
    assert api.store.depth().queued == 0


def test_webhook_without_a_secret_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """Nothing could be signed."""
    with open_api(tmp_path) as api:
        answer = api.client.post("/generate", json={"prompt": "x", "webhook": {"url": "https://films.example/"}})
    assert answer.status_code == 422
    assert "manimatic webhooks rotate local" in answer.get_json()["detail"]


def test_bug_in_one_round_does_not_end_the_sending(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told to the operator, and what waits is sent with the next round."""
    warned: list[str] = []
    with receiving(says(GOOD)) as receiver:
        ended(stores, receiver.url)
        honest, tried = Guard.resolve, iter([RuntimeError("a bug")])

        def resolve(guard: Guard, host: str, port: int) -> str:
            for error in tried:
                raise error
            return honest(guard, host, port)

        monkeypatch.setattr(Guard, "resolve", resolve)
        monkeypatch.setattr("manimatic.webhooks.sender.THREADS", 1)
        over = threading.Event()
        with WebhookSender(stores.webhooks, LOOPBACK, timeout_s=0.2, warn=warned.append).running(over):
            until(lambda: receiver.received, "the delivery", within_s=20.0)
    assert [line.partition(" at ")[0] for line in warned] == ["webhooks: internal_error: RuntimeError"]


def test_receiver_is_known(stores: Stores) -> None:
    """The harness itself: what it says it received is what was sent."""
    assert Receiver(port=5).url == "http://127.0.0.1:5/hook?x=1"
