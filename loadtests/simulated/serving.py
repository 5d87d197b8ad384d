"""Running a server of the outside world until it is told to stop."""

import asyncio
import signal

from aiohttp import web

SHUTDOWN_SECONDS = 1.0  # for answers under way; a hanging one is not waited for


async def serve_until_stopped(app: web.Application, host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    runner = await start_server(app, host, port)
    try:
        await stop_signal()
    finally:
        await runner.cleanup()


async def start_server(app: web.Application, host: str, port: int) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner


async def stop_signal() -> None:
    """Returns when the process is asked to stop."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()
