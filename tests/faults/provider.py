"""A mail provider for tests: a process that takes letters by SMTP and writes the Message-ID of each to a file.

    python -m tests.faults.provider PORT FILE SECONDS [SLOW]

It answers `SECONDS` after it has accepted a letter; for the first `SLOW` letters only after ten seconds.
"""

import asyncio
import sys
from pathlib import Path


class Provider:
    def __init__(self, file, seconds, slow):
        self.file, self.seconds, self.slow = Path(file), seconds, slow

    async def talk(self, reader, writer):
        try:
            writer.write(b"220 provider\r\n")
            while line := (await reader.readline()).strip().upper():
                if line.startswith(b"DATA"):
                    writer.write(b"354 go on\r\n")
                    await self.take(reader)
                if line.startswith(b"QUIT"):
                    writer.write(b"221 bye\r\n")
                    break
                writer.write(b"250 ok\r\n")
        except ConnectionError:
            pass  # the sender was killed
        finally:
            writer.close()

    async def take(self, reader):
        found = ""
        while (line := await reader.readline()) not in (b".\r\n", b""):
            if line.lower().startswith(b"message-id:"):
                found = line.split(b":", 1)[1].strip().decode()
        with self.file.open("a") as log:
            log.write(f"{found}\n")
        self.slow -= 1
        await asyncio.sleep(10 if self.slow >= 0 else self.seconds)


async def main(port, file, seconds, slow="0"):
    provider = Provider(file, float(seconds), int(slow))
    server = await asyncio.start_server(provider.talk, "127.0.0.1", int(port))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
