import asyncio, signal, collections, time
from uuid import uuid4
import pytest
from integration.test_registration_http import *
@pytest.mark.parametrize("n", range(2))
async def test_hammer(environment, session, n):
    out = collections.Counter()
    with running(environment) as service:
        client = Client(session, service.url)
        stop = False
        async def loop():
            while not stop:
                try:
                    a = await client.apply(an_application())
                    out[a.status] += 1
                except Exception as e:
                    out[type(e).__name__ + str(e)[:40]] += 1
                    if "Connect" in type(e).__name__: return
        ts = [asyncio.create_task(loop()) for _ in range(64)]
        await asyncio.sleep(3)
        service.process.send_signal(signal.SIGTERM)
        b = time.time()
        await asyncio.wait(ts, timeout=10)
        rc = await asyncio.to_thread(service.process.wait, 10)
        print("RESULT", rc, time.time() - b, out)
        stop = True
