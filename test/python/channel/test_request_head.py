import unittest

from ray_node.channel import request_head
from ray_node.channel.request_head import BadRequest

LINE = b"POST /v2/report HTTP/1.1"


class RequestHeadTest(unittest.TestCase):
    def test_request_is_read(self) -> None:
        content = LINE + b"\r\nContent-Length: 12\r\nX-A:  b c \r\nConnection: Close"
        head = request_head.parse(content)
        self.assertEqual(
            (head.method, head.target, head.length, head.stays), ("POST", "/v2/report", 12, False)
        )
        self.assertEqual(head.headers["x-a"], "b c")
        self.assertTrue(request_head.parse(LINE).stays)
        self.assertFalse(request_head.parse(b"GET /ready HTTP/1.0").stays)

    def test_each_bad_request_has_its_status(self) -> None:
        def with_length(value: bytes) -> bytes:
            return LINE + b"\r\nContent-Length: " + value

        for content, status in (
            *((method + b" / HTTP/1.1", 501) for method in (b"PUT", b"DELETE", b"CONNECT", b"FOO")),
            (b"PRI * HTTP/2.0", 505),
            (b"GET / HTTP/9.9", 505),
            (b"\x16\x03\x01\x02\x00\x01", 400),
            (b"", 400),
            (b"GET http://127.0.0.1/ HTTP/1.1", 400),
            (b"GET /\xc3\xa9 HTTP/1.1", 400),
            (b"GET / HTTP/1.1 x", 400),
            (LINE + b"\r\n" + b"\r\n".join(b"h%d: x" % at for at in range(41)), 431),
            (LINE + b"\r\nA: b\r\nA: c", 400),
            (LINE + b"\r\nA: b\r\n c: d", 400),
            (LINE + b"\r\n: x", 400),
            (LINE + b"\r\nA b: x", 400),
            (LINE + b"\r\nA: \x1b[31m", 400),
            (LINE + b"\r\nA: \xe9", 400),
            (LINE + b"\r\nTransfer-Encoding: chunked", 411),
            (LINE + b"\r\nContent-Length: 5\r\nContent-Length: 6", 400),
            *((with_length(value), 400) for value in (b"-1", b"abc", b"", b"1e3", b"0x10", b"+5", b"\xb2")),
            (with_length(b"9" * 26), 413),
        ):
            with self.subTest(content[:50]), self.assertRaises(BadRequest) as caught:
                request_head.parse(content)
            self.assertEqual(caught.exception.status, status)
            self.assertTrue(str(caught.exception).isprintable())

    def test_query_is_read_within_bounds(self) -> None:
        self.assertEqual(request_head.parameters("a=b%20c&d=e"), {"a": "b c", "d": "e"})
        for query in ("a=b&" * 17, "%ff%fe=a"):
            with self.subTest(query), self.assertRaises(BadRequest) as caught:
                request_head.parameters(query)
            self.assertEqual(caught.exception.code, "bad-query")

    def test_head_is_bounded_before_it_ends(self) -> None:
        self.assertEqual(request_head.end_of(bytearray(b"GET / HTTP/1.1\r\nA: b\r\n")), 0)
        self.assertEqual(request_head.end_of(bytearray(b"GET / HTTP/1.1\r\n\r\nbody")), 18)
        for content, status in ((b"GET /" + b"a" * 9000, 414), (LINE + b"\r\n" + b"a: b\r\n" * 3000, 431)):
            with self.subTest(status), self.assertRaises(BadRequest) as caught:
                request_head.end_of(bytearray(content))
            self.assertEqual(caught.exception.status, status)


if __name__ == "__main__":
    unittest.main()
