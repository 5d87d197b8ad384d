"""The generator's connections: as many as are needed at once, up to a limit."""

from collections import deque
from collections.abc import Callable

from simulated.http_client import Connection, Server

Use = Callable[[Connection], None]


class Lines:
    """Lends connections, the one given back last first; whoever finds none waits in turn."""

    def __init__(self, url: str, token: str, limit: int) -> None:
        self._server = Server.of_url(url)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._free: list[Connection] = []
        self._waiting: deque[Use] = deque()
        self._left = limit

    def borrow(self, use: Use) -> bool:
        """Calls `use` with a connection: at once, then True, or when one is given back."""
        connection = self.try_borrow()
        if connection is None:
            self._waiting.append(use)
            return False
        use(connection)
        return True

    def try_borrow(self, *, new: bool = False) -> Connection | None:
        """A connection, `new` if it must be another than any of before; None at the limit."""
        if self._free and not new:
            return self._free.pop()
        if self._left > 0:
            self._left -= 1
            return Connection(self._server, self._headers)
        if self._free:
            self._free.pop().close()
            return Connection(self._server, self._headers)
        return None

    def give_back(self, connection: Connection) -> None:
        if self._waiting:
            self._waiting.popleft()(connection)
        else:
            self._free.append(connection)

    def close(self) -> None:
        self._waiting.clear()
        while self._free:
            self._free.pop().close()
