"""Visitors of a service behind a router, of several kinds, who ask until they are told to end.

  visitors.py HOST:PORT PATH KIND...     there, in the network namespace that it is started in

KIND says what a visitor asks, one question after the other:
  new     GET PATH over a connection of its own; one begins every 20 ms
  keep    GET PATH every 20 ms, over one connection that stays
  slow    GET /slow, which is answered after three seconds; one begins every 300 ms
  upload  POST /upload of 4 MB, sent within three seconds; one begins every second
  socket  an upgraded connection for three seconds, with a word each 200 ms that has to come back
  held    the same without an end: one question, good if the connection was there to the end

A visitor never asks again: a question that is not answered with 200 (101), whole, has failed. Only `keep`
connects anew, and only if the answer before said that the connection is closed.
SIGTERM: what is under way is waited for. Then each kind has a line: "KIND asked N good N cut_ms N down_ms N":
when the first one failed, in ms since 1970, and how long it took from there to the last one that failed. What
failed, and why, is on standard error.
"""
import asyncio
import signal
import sys
import time

SIZE, PIECES = 4 << 20, 30


class Kind:
    def __init__(self, name):
        self.name, self.asked, self.good, self.cut_ms, self.last_ms = name, 0, 0, 0, 0

    async def question(self, what, limit_s=60):
        """Counts one; false: it failed. What takes longer than the limit hangs."""
        self.asked += 1
        begun = time.monotonic()
        try:
            await asyncio.wait_for(what, limit_s)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError) as e:
            self.last_ms = int(time.time() * 1000)
            self.cut_ms = self.cut_ms or self.last_ms
            print(f"{self.name} {self.last_ms}: {type(e).__name__} {e} after "
                  f"{time.monotonic() - begun:.1f} s", file=sys.stderr, flush=True)
            return False
        self.good += 1
        return True


async def answer(reader, status=b"200"):
    """The head and the body of an answer that has this status."""
    head = await reader.readuntil(b"\r\n\r\n")
    if head.split(b" ")[1] != status:
        raise ValueError(head.split(b"\r\n")[0].decode())
    size = next((int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
    return head.lower(), await reader.readexactly(size)


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


async def new(door, path, kind, ending):
    async def talk(reader, writer):
        writer.write(get(path))
        await answer(reader)

    await overlapping(kind, ending, 0.02, lambda: once(door, talk))


async def keep(door, path, kind, ending):
    line = None

    async def ask():
        nonlocal line
        if not line:
            line = await asyncio.open_connection(*door)
        line[1].write(get(path))
        head, _ = await answer(line[0])
        if b"connection: close" in head:
            line[1].close()
            line = None

    while not ending.is_set():
        if not await kind.question(ask()) and line:
            line[1].close()
            line = None
        await asyncio.sleep(0.02)


async def once(door, talk):
    reader, writer = await asyncio.open_connection(*door)
    try:
        await talk(reader, writer)
    finally:
        writer.close()


async def overlapping(kind, ending, every_s, ask):
    open_now = set()
    while not ending.is_set():
        open_now.add(asyncio.create_task(kind.question(ask())))
        open_now = {t for t in open_now if not t.done()}
        await asyncio.sleep(every_s)
    await asyncio.gather(*open_now)


async def slow(door, _, kind, ending):
    async def talk(reader, writer):
        writer.write(get("/slow"))
        await answer(reader)

    await overlapping(kind, ending, 0.3, lambda: once(door, talk))


async def upload(door, _, kind, ending):
    async def talk(reader, writer):
        writer.write(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % SIZE)
        left = SIZE
        while left:
            n = min(left, -(-SIZE // PIECES))
            writer.write(b"x" * n)
            await writer.drain()
            left -= n
            await asyncio.sleep(3 / PIECES)
        _, body = await answer(reader)
        if int(body) != SIZE:
            raise ValueError(f"{int(body)} bytes have come")

    await overlapping(kind, ending, 1, lambda: once(door, talk))


async def talks(door, is_over):
    async def talk(reader, writer):
        writer.write(b"GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        await answer(reader, b"101")
        while not is_over():
            writer.write(b"word\n")
            if await reader.readexactly(5) != b"word\n":
                raise ValueError("another word")
            await asyncio.sleep(0.2)

    await once(door, talk)


async def socket(door, _, kind, ending):
    async def ask():
        end = time.monotonic() + 3
        await talks(door, lambda: time.monotonic() > end)

    await overlapping(kind, ending, 1, ask)


async def held(door, _, kind, ending):
    await kind.question(talks(door, ending.is_set), 3600)


async def main(door, path, names):
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    visitors = {"new": new, "keep": keep, "slow": slow, "upload": upload, "socket": socket, "held": held}
    kinds = [Kind(name) for name in names]
    await asyncio.gather(*(visitors[k.name](door, path, k, ending) for k in kinds))
    for k in kinds:
        print(f"{k.name} asked {k.asked} good {k.good} cut_ms {k.cut_ms} down_ms {k.last_ms - k.cut_ms}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1].split(":"), sys.argv[2], sys.argv[3:]))
