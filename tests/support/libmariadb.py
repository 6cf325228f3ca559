"""MariaDB's own client library for C, as far as tests need it: queries, and prepared statements in the binary protocol.

Knows the library's functions (Connector/C 3, ``mysql.h`` and ``mariadb_stmt.h``), and nothing of vaurien. ``MissingServer``
says that this machine has not got it.
"""
import contextlib
import ctypes
import functools
from collections.abc import Iterator
from typing import Any

from .processes import HOST, MissingServer
from .servers import DATABASE, PASSWORD, USER

NAMES = ('libmariadb.so.3', 'libmariadb.3.dylib')
STRING = 254        #: type of a value
CURSOR, CURSOR_READ_ONLY, PREFETCH = 1, 1, 2    #: attributes of a statement, and a value of the first
NO_DATA, CUT = 100, 101         #: what fetching returns besides 0: no more rows; values that are not whole
MULTI_STATEMENTS = 1 << 16      #: flag of a connection
VERIFY_SERVER = 21  #: option of a connection: the server's name has to be that of its certificate
LARGEST = 1 << 20             #: [bytes] a parameter's value may have, without those sent ahead
#: functions that return a pointer; all others return a number
POINTERS = ('mysql_init', 'mysql_real_connect', 'mysql_store_result', 'mysql_fetch_row', 'mysql_fetch_lengths', 'mysql_stmt_init',
            'mysql_error', 'mysql_stmt_error')


class Bind(ctypes.Structure):
    """MYSQL_BIND: a value that goes to the server or comes from it."""

    _fields_ = [
        ('length', ctypes.POINTER(ctypes.c_ulong)), ('is_null', ctypes.c_char_p), ('buffer', ctypes.c_char_p),
        ('error', ctypes.c_char_p), ('row', ctypes.c_void_p), ('functions', ctypes.c_void_p * 3),
        ('buffer_length', ctypes.c_ulong), ('offset', ctypes.c_ulong), ('length_value', ctypes.c_ulong),
        ('flags', ctypes.c_uint), ('pack_length', ctypes.c_uint), ('buffer_type', ctypes.c_uint),
        ('error_value', ctypes.c_char), ('is_unsigned', ctypes.c_char), ('long_data_used', ctypes.c_char),
        ('is_null_value', ctypes.c_char), ('extension', ctypes.c_void_p)]


class Error(Exception):
    """The library reports an error.

    Args:
        code: Its number.
        text: Its text.
    """

    __module__ = 'libmariadb'

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code


@functools.cache
def library() -> Any:
    """Load the library.

    Raises:
        MissingServer: It is not there.
    """
    for name in NAMES:
        with contextlib.suppress(OSError):
            loaded = ctypes.CDLL(name)
            for function in POINTERS:
                getattr(loaded, function).restype = ctypes.c_void_p
            return loaded
    raise MissingServer(f'there is no {" or ".join(NAMES)} on this machine')


class Connection:
    """A connection to the test database.

    Args:
        port: Of 127.0.0.1.

    Raises:
        Error: The server does not let us in.
    """

    def __init__(self, port: int, ca: str = '') -> None:
        self._library = library()
        self._handle = ctypes.c_void_p(self._library.mysql_init(None))
        if ca:
            self._library.mysql_ssl_set(self._handle, None, None, ca.encode(), None, None)
            self._library.mysql_options(self._handle, VERIFY_SERVER, ctypes.byref(ctypes.c_char(1)))
        words = (text.encode() for text in (HOST, USER, PASSWORD, DATABASE))
        try:
            self._check(not self._library.mysql_real_connect(self._handle, *words, port, None, ctypes.c_ulong(MULTI_STATEMENTS)))
        except Error:
            self.close()
            raise

    def _check(self, failed: int) -> None:
        if failed:
            raise Error(self._library.mysql_errno(self._handle),
                        ctypes.string_at(self._library.mysql_error(self._handle)).decode())

    def query(self, text: str) -> list[list[tuple[bytes | None, ...]]]:
        """Run statements as text; return the rows of each result, none for one without."""
        data = text.encode()
        self._check(self._library.mysql_real_query(self._handle, data, ctypes.c_ulong(len(data))))
        results = [self._rows()]
        while (more := self._library.mysql_next_result(self._handle)) >= 0:
            self._check(more)
            results.append(self._rows())
        return results

    def _rows(self) -> list[tuple[bytes | None, ...]]:
        result = ctypes.c_void_p(self._library.mysql_store_result(self._handle))
        if not result:
            self._check(self._library.mysql_errno(self._handle))
            return []
        columns, rows = self._library.mysql_num_fields(result), []
        while address := self._library.mysql_fetch_row(result):
            lengths = (ctypes.c_ulong * columns).from_address(self._library.mysql_fetch_lengths(result))
            values = (ctypes.c_void_p * columns).from_address(address)
            rows.append(tuple(None if value is None else ctypes.string_at(value, length)
                              for value, length in zip(values, lengths, strict=True)))
        self._library.mysql_free_result(result)
        return rows

    def ping(self) -> None:
        """Ask whether the server is there."""
        self._check(self._library.mysql_ping(self._handle))

    def change_user(self, password: str = PASSWORD, database: str = DATABASE) -> None:
        """Log in again; all that the session had is gone."""
        self._check(self._library.mysql_change_user(self._handle, USER.encode(), password.encode(), database.encode()))

    def reset(self) -> None:
        """Make the connection as good as new."""
        self._check(self._library.mysql_reset_connection(self._handle))

    def prepare(self, text: str) -> 'Statement':
        """Prepare a statement."""
        return Statement(self._library, self._handle, text)

    def close(self) -> None:
        """Say good-bye."""
        self._library.mysql_close(self._handle)
        self._handle = ctypes.c_void_p()


class Statement:
    """A prepared statement; ``Connection.prepare`` makes it."""

    def __init__(self, loaded: Any, connection: ctypes.c_void_p, text: str) -> None:
        self._library = loaded
        self._handle = ctypes.c_void_p(loaded.mysql_stmt_init(connection))
        self._places: list[Any] = []
        data = text.encode()
        try:
            self._check(loaded.mysql_stmt_prepare(self._handle, data, ctypes.c_ulong(len(data))))
        except Error:
            self.close()
            raise

    def _check(self, failed: int) -> None:
        if failed:
            raise Error(self._library.mysql_stmt_errno(self._handle),
                        ctypes.string_at(self._library.mysql_stmt_error(self._handle)).decode())

    def use_cursor(self, rows: int) -> None:
        """Let the server keep the result, and fetch so many rows at a time."""
        for attribute, value in ((CURSOR, CURSOR_READ_ONLY), (PREFETCH, rows)):
            self._check(self._library.mysql_stmt_attr_set(self._handle, attribute, ctypes.byref(ctypes.c_ulong(value))))

    def execute(self, *values: bytes | None) -> list[tuple[bytes | None, ...]]:
        """Run it with these values; the types of its parameters are sent the first time. Return the rows."""
        if values and not self._places:
            self._bind(len(values))
        for value, (buffer, length, null) in zip(values, self._places, strict=True):
            null[0], length.value = value is None, len(value or b'')
            ctypes.memmove(buffer, value or b'', length.value)
        self._check(self._library.mysql_stmt_execute(self._handle))
        return list(self._rows()) if self._library.mysql_stmt_field_count(self._handle) else []

    def _bind(self, count: int) -> None:
        """Tell the library where to look for values; it keeps the pointers, so that we keep what they point to."""
        binds = (Bind * count)()
        self._places = [(ctypes.create_string_buffer(LARGEST), ctypes.c_ulong(), ctypes.create_string_buffer(1)) for _ in binds]
        for bind, (buffer, length, null) in zip(binds, self._places, strict=True):
            bind.buffer_type, bind.buffer = STRING, ctypes.cast(buffer, ctypes.c_char_p)
            bind.length, bind.is_null = ctypes.pointer(length), ctypes.cast(null, ctypes.c_char_p)
        self._check(self._library.mysql_stmt_bind_param(self._handle, binds))

    def send_long_data(self, parameter: int, data: bytes) -> None:
        """Send a piece of a parameter's value ahead."""
        self._check(self._library.mysql_stmt_send_long_data(self._handle, parameter, data, ctypes.c_ulong(len(data))))

    def _rows(self) -> Iterator[tuple[bytes | None, ...]]:
        columns = self._library.mysql_stmt_field_count(self._handle)
        binds, lengths = (Bind * columns)(), [ctypes.c_ulong() for _ in range(columns)]
        nulls = [ctypes.create_string_buffer(1) for _ in range(columns)]
        for at, bind in enumerate(binds):
            bind.buffer_type, bind.is_null = STRING, ctypes.cast(nulls[at], ctypes.c_char_p)
            bind.length = ctypes.pointer(lengths[at])
        self._check(self._library.mysql_stmt_bind_result(self._handle, binds))
        while (found := self._library.mysql_stmt_fetch(self._handle)) != NO_DATA:
            self._check(found not in (0, CUT))
            yield tuple(None if nulls[at].raw != b'\0' else self._value(at, lengths[at].value) for at in range(columns))
        self._library.mysql_stmt_free_result(self._handle)

    def _value(self, column: int, length: int) -> bytes:
        buffer, whole = ctypes.create_string_buffer(length + 1), ctypes.c_ulong()
        bind = Bind(buffer_type=STRING, buffer=ctypes.cast(buffer, ctypes.c_char_p), buffer_length=length + 1,
                    length=ctypes.pointer(whole))
        self._check(self._library.mysql_stmt_fetch_column(self._handle, ctypes.byref(bind), column, ctypes.c_ulong(0)))
        return buffer.raw[:length]

    def close(self) -> None:
        """Let the server forget it."""
        self._library.mysql_stmt_close(self._handle)
        self._handle = ctypes.c_void_p()


@contextlib.contextmanager
def connected(port: int, ca: str = '') -> Iterator[Connection]:
    """Be connected for the length of a block.

    Args:
        port: Where the server listens.
        ca: The file of the authority that its certificate has to be of; empty: without TLS.
    """
    with contextlib.closing(Connection(port, ca)) as connection:
        yield connection
