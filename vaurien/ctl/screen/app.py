"""The screen: its parts and its keys. What is asked, and what may be switched, is told by the files beside it."""
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import DataTable, Footer, RichLog, Static

from ...client import Client
from ...errors import VaurienError
from ...words.console import escaped
from .. import text
from ..top import Rates
from .following import Following
from .switches import Switch, Switches

MAX_LINES = 500
PROXIES = ('', 'proxy', 'requests/s', 'sessions', 'faults/s', 'p50', 'p99', 'traffic', 'what goes wrong')
STYLE = '''
#proxies { height: 2fr; }
#lower { height: 3fr; border-top: solid $primary; }
#switches { width: 2fr; height: 100%; border-right: solid $primary; }
#happens { width: 3fr; padding: 0 1; }
#status { height: 1; padding: 0 1; background: $panel; }
'''


def seconds(value: float | None) -> str:
    """Write how long something took."""
    return '' if value is None else f'{value * 1000:.3g} ms' if value < 1 else f'{value:.3g} s'


class TopScreen(App[None]):
    """Proxies above; below what goes wrong in the chosen one, with switches, and its requests and faults as they happen.

    Args:
        client: The vaurien that is shown.
    """

    CSS = STYLE
    TITLE = 'vaurien'
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding('space', 'turn', 'switch on or off'), Binding('e', 'turn_proxy', 'enable or disable the proxy'),
        Binding('p', 'pause', 'pause'), Binding('tab', 'focus_next', 'other part', show=True), Binding('q', 'quit', 'quit'),
        Binding('ctrl+c', 'quit', show=False, priority=True),     # as everywhere else on a terminal
    ]

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client, self._switches, self._rates = client, Switches(client), Rates()
        self._following = Following(client, lambda name, data: self.call_from_thread(self._told, name, data))
        self._row: tuple[str, ...] = ()
        self._counted: dict[str, dict[str, Any]] = {}
        self._proxies: dict[str, dict[str, Any]] = {}
        self._shown: list[Switch] = []
        self._chosen, self._paused, self._lost = '', False, ''

    def compose(self) -> ComposeResult:
        yield Static('connecting', id='status')
        yield DataTable(id='proxies', cursor_type='row', zebra_stripes=True)
        with Horizontal(id='lower'):
            yield DataTable(id='switches', cursor_type='row', show_header=False)
            yield RichLog(id='happens', max_lines=MAX_LINES, wrap=False)
        yield Footer()

    def on_mount(self) -> None:
        for title in PROXIES:
            self._table('proxies').add_column(title, key=title)
        self._table('switches').add_columns('on', 'what')
        self._table('proxies').focus()
        self._following.start()

    def on_unmount(self) -> None:
        self._following.stop()

    def _table(self, name: str) -> 'DataTable[Text]':
        return self.query_one(f'#{name}', DataTable)

    # -- what is told

    def _told(self, name: str, data: Mapping[str, Any]) -> None:
        call = getattr(self, f'_hear_{name}', None)
        if call is not None:
            call(data)

    def _hear_hello(self, data: Mapping[str, Any]) -> None:
        self._row, self._lost = tuple(data['row']), ''
        self._say(f'{self._client.channel.address}, vaurien {data["version"]}, seed {data["seed"]}')

    def _hear_lost(self, data: Mapping[str, Any]) -> None:
        self._lost = str(data['text'])
        self._say(self._lost)

    def _hear_notices(self, data: Mapping[str, Any]) -> None:
        notice = data['notices'][-1]
        self._say(f'{text.clock(notice["time"])} {notice["text"]}')

    def _hear_proxies(self, data: Mapping[str, Any]) -> None:
        for name in data['gone']:
            self._proxies.pop(name, None)
            self._counted.pop(name, None)
            self._table('proxies').remove_row(name)
        self._try(lambda: self._refresh(data['changed']))

    def _refresh(self, names: list[str]) -> None:
        for name in names:
            self._proxies[name] = self._client.show(name)
        self._draw_switches()

    def _hear_stats(self, data: Mapping[str, Any]) -> None:
        for row in data['rows']:
            counted = dict(zip(self._row, row, strict=True))
            self._counted[counted['proxy']] = counted
        table = self._table('proxies')
        for row in self._rates.rows(self._counted.values(), time.monotonic()):
            name = row['proxy']
            if name not in self._proxies:
                continue
            proxy, counted = self._proxies[name], self._counted[name]
            cells = ('on' if proxy['enabled'] else 'off', name, text.rate(row['exchanges']), str(row['sessions']),
                     text.rate(row['faults']), seconds(counted['p50']), seconds(counted['p99']), f'{text.size(row["bytes"])}/s',
                     ', '.join((proxy['behavior'], *(escaped(toxic['name']) for toxic in proxy['toxics']))))
            if name not in table.rows:
                table.add_row(*map(Text, cells), key=name)
            else:
                for title, cell in zip(PROXIES, cells, strict=True):
                    table.update_cell(name, title, Text(cell), update_width=True)

    def _hear_faults(self, data: Mapping[str, Any]) -> None:
        for fault in data['faults']:
            if fault['proxy'] == self._chosen:
                self._happens(fault, fault['behavior'], fault['kind'], fault['request'])

    def _hear_requests(self, data: Mapping[str, Any]) -> None:
        for request in data['requests']:
            if not request['met']:      # those are told as faults
                self._happens(request, request['request'], seconds(request['seconds']))

    def _happens(self, what: Mapping[str, Any], *words: str) -> None:
        """Write a line about what has happened in a session."""
        if not self._paused:
            line = ' '.join(filter(None, (text.clock(what['time']), f'#{what["session"]}', *words)))
            self.query_one(RichLog).write(escaped(line))

    # -- what is chosen and switched

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        if event.data_table.id == 'proxies' and event.row_key.value and event.row_key.value != self._chosen:
            self._chosen = event.row_key.value
            self.query_one(RichLog).clear()
            self._following.watch(self._chosen)
            self._draw_switches()

    def _draw_switches(self) -> None:
        table, proxy = self._table('switches'), self._proxies.get(self._chosen)
        self._shown = [] if proxy is None else self._switches.of(proxy)
        cursor = table.cursor_row
        table.clear()
        for switch in self._shown:
            table.add_row(*map(Text, ('on' if switch.on else 'off', escaped(switch.text))))
        table.move_cursor(row=max(0, min(cursor, len(self._shown) - 1)))

    def action_turn(self) -> None:
        """Switch what the cursor is at: an entry of the mix or a toxic, or the proxy where the cursor is among the proxies."""
        table = self._table('switches')
        if self.focused is not table:
            self.action_turn_proxy()
        elif self._shown:
            self._try(lambda: self._switches.turn(self._chosen, self._shown[table.cursor_row]), self._chosen)

    def action_turn_proxy(self) -> None:
        if self._chosen:
            self._try(lambda: self._switches.turn_proxy(self._chosen), self._chosen)

    def action_pause(self) -> None:
        self._paused = not self._paused
        self._say('paused: p goes on' if self._paused else self._lost or 'live')

    def _try(self, call: Any, changed: str = '') -> None:
        """Do something, and say why it was refused."""
        try:
            call()
            if changed:
                self._refresh([changed])
        except VaurienError as error:
            self._say(str(error))

    def _say(self, words: str) -> None:
        self.query_one('#status', Static).update(Text(escaped(words)))


def show(client: Client) -> None:
    """Show the screen until it is left."""
    TopScreen(client).run()
