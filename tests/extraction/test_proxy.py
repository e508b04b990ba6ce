"""The loopback proxy: ranges under a secret path, and little fetched for little read."""

import contextlib
import urllib.error
import urllib.request

import pytest

from chalicelib.extraction import proxy
from tests.extraction.sources import Sparse, source_of

GIGABYTES = 2 << 30


def test_the_proxy_serves_ranges_under_its_secret_path_only() -> None:
    content = bytes(range(256)) * 400
    with proxy.served(source_of(content)) as at:
        request = urllib.request.Request(at.url, headers={"Range": "bytes=1000-50999"})
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 206
            assert answer.headers["Content-Range"] == f"bytes 1000-50999/{len(content)}"
            assert answer.read() == content[1000:51000]
        for path, status in ((at.url + "x", 404), (at.url.rsplit("/", 1)[0] + "/", 404)):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(path)
            assert refused.value.code == status
            refused.value.close()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(at.url)


@pytest.mark.parametrize("asked", ["bytes=99999-", "bytes=-5", "lines=1-2", "bytes=0-1,4-5"])
def test_the_proxy_answers_416_to_ranges_it_does_not_have(asked: str) -> None:
    with proxy.served(source_of(b"short")) as at:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(at.url, headers={"Range": asked}))
        assert refused.value.code == 416
        refused.value.close()


def test_little_is_fetched_for_a_program_that_reads_little() -> None:
    source = Sparse(GIGABYTES, ()).source()
    with proxy.served(source) as at, contextlib.closing(urllib.request.urlopen(at.url)) as answer:
        answer.read(100)
    assert source.bytes_read <= 3 << 20
