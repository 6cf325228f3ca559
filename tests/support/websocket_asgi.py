"""Servers of WebSocket by aiohttp, hypercorn and uvicorn, each of which sends back what it gets. Knows nothing of vaurien."""
import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from .peers import connect, free_port
from .processes import HOST
from .unit_of_time import MS, PATIENCE

Stopped = Callable[[], Awaitable[None]]


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """The application: a page, or what was sent."""
    if scope['type'] == 'http':
        await receive()
        await send({'type': 'http.response.start', 'status': 200, 'headers': []})
        await send({'type': 'http.response.body', 'body': b'page'})
    while scope['type'] == 'websocket':
        event = await receive()
        if event['type'] == 'websocket.connect':
            await send({'type': 'websocket.accept'})
        elif event['type'] == 'websocket.receive':
            await send({**event, 'type': 'websocket.send'})
        else:
            return


async def hypercorn(port: int, stopped: Stopped) -> None:
    """Serve by hypercorn."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    config = Config()
    config.bind, config.loglevel, config.graceful_timeout = [f'{HOST}:{port}'], 'CRITICAL', 0.1
    await serve(echo, config, shutdown_trigger=stopped)


async def uvicorn(port: int, stopped: Stopped) -> None:
    """Serve by uvicorn."""
    from uvicorn import Config, Server
    server = Server(Config(echo, HOST, port, log_level='critical', lifespan='off', timeout_graceful_shutdown=1, ws='wsproto'))

    async def stop() -> None:
        await stopped()
        server.should_exit = True
    await asyncio.gather(server.serve(), stop())


async def aiohttp(port: int, stopped: Stopped) -> None:
    """Serve by aiohttp."""
    from aiohttp import WSMsgType, web

    async def talk(request: Any) -> Any:
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        async for message in socket:
            await (socket.send_str if message.type is WSMsgType.TEXT else socket.send_bytes)(message.data)
        return socket
    application = web.Application()
    application.router.add_get('/{path:.*}', talk)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    await stopped()
    await runner.cleanup()


SERVERS = {'aiohttp': aiohttp, 'hypercorn': hypercorn, 'uvicorn': uvicorn}


@contextlib.contextmanager
def served(name: str) -> Iterator[str]:
    """Run one of ``SERVERS``; give its address."""
    port, stop, loop = free_port(), threading.Event(), asyncio.new_event_loop()

    async def stopped() -> None:
        while not stop.is_set():
            await asyncio.sleep(10 * MS)
    thread = threading.Thread(target=lambda: loop.run_until_complete(SERVERS[name](port, stopped)))
    thread.start()
    try:
        _listening(port)
        yield f'{HOST}:{port}'
    finally:
        stop.set()
        thread.join(PATIENCE)
        loop.close()


def _listening(port: int) -> None:
    """Wait until a server listens."""
    for _ in range(1000):
        with contextlib.suppress(ConnectionError):
            connect(port).close()
            return
        threading.Event().wait(10 * MS)
