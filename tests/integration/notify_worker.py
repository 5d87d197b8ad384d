"""A sender of copies that dies between the send and the mark: `DSN KEYS URL TOKEN`."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from electoral import logs, postgres
from electoral.authorities import Authorities
from electoral.metrics import Metrics
from electoral.sealing import DirectoryKeyring, Sealer
from pydantic import SecretStr
from registration.form.texts import Texts
from registration.notify.copies import CopyWording
from registration.notify.http import HttpNotify
from registration.notify.port import Message
from registration.notify.sender import CopySender, Manner


class DyingNotify(HttpNotify):
    """Sends, and then its process is gone."""

    async def send(self, message: Message) -> None:
        await super().send(message)
        os.kill(os.getpid(), signal.SIGKILL)


async def main(dsn: str, keys: str, url: str, token: str) -> None:
    logs.configure("registration", "DEBUG")
    metrics = Metrics()
    pool = await postgres.open_pool(dsn, service="test", connections=2)
    async with DyingNotify(url=url, token=SecretStr(token), metrics=metrics) as notify:
        sender = CopySender(
            pool=pool,
            sealer=Sealer(DirectoryKeyring(Path(keys))),
            notify=notify,
            compose=CopyWording(Texts.load(), Authorities.load()),
            metrics=metrics,
            manner=Manner(look_interval=0.05),
        )
        await sender.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
