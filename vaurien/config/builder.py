"""From a command line and an INI file to the specs of a process. Starts nothing, opens no socket, draws nothing."""
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import msgspec

from ..address import TOKEN_VARIABLE, check_binding, parse_address
from ..behaviors import Behavior
from ..errors import ConfigError, UnknownPluginError
from ..links import make_link
from ..options import Given, Option, as_data, convert, known, read_lines
from ..plugins import KINDS, WITH_FLAGS, Catalog, check_place, make_behavior, make_catalog, open_catalog
from ..protocols import Protocol
from ..protocols.base import BaseProtocol
from ..registry import NAME, PluginClass, Registry
from ..spec import SHARED, ProcessSpec, ProxyDefaults, ProxySpec, StatsdSpec, ToxicSpec, has_tls
from ..words.allowed import make_allowed
from ..words.responses import allow_files
from ..words.toxics import with_names
from . import arguments
from .arguments import Values
from .files import Sections
from .files.populate import Entry, read_populate
from .files.reading import Read, check_path, read_again, read_first
from .help import page, short
from .kinds import load_kinds
from .plan import check_replay, read_plan
from .plugins import load_plugins
from .settings import BUSY, CONTROL, JOURNAL, LOGGING, OTEL, PLAN, PROCESS, PROXY, SECRETS, STATSD, TLS, VAURIEN
from .tls import check_control_tls, check_keylog
from .toxics import read_section, read_toxic
from .values import check_needed, forward, joined, label, of_plugin, prefixed, shown, spelt_out, taken

P = TypeVar('P', bound=PluginClass)
#: what is said of one proxy and of no other
OF_ONE = ('proxy', 'backend', 'intercept', 'protocol', 'behavior', 'toxic', 'link')
FROM_FILES = {'config', 'populate', 'kinds'}    #: settings that name files, which may change


class Configuration(NamedTuple):
    """What the user asked for.

    Args:
        spec: What the process should be.
        notes: What the user should be warned of.
        again: Reads all of it once more; None: there is no file that could have changed.
    """

    spec: ProcessSpec
    notes: tuple[str, ...]
    again: 'Callable[[], Configuration] | None' = None


def configure(argv: Sequence[str], environ: Mapping[str, str] = os.environ, read: Read = read_first) -> Configuration:
    """Read a command line, and the INI file that it names. The command line wins over the file.

    Plugins that either names are imported and registered.

    Args:
        argv: The arguments, without the program's name.
        environ: What ``${NAME}`` and the control server's token are taken from.
        read: Reads a file.

    Raises:
        ConfigError: A value, a name or a line is not acceptable.
        RegistrationError: A plugin cannot be used.
        OSError: A file cannot be read.
        SystemExit: ``help``, ``--help``, ``--help-all`` or ``--version`` has been answered.
    """
    (first, words), sections = arguments.early(argv), Sections()
    if 'config' in first:
        from .files import ini  # slow to import
        sections = ini.read_sections(check_path(first['config']), environ, read)
    load_plugins(first, sections)
    load_kinds(first, sections, read)
    if words[:1] == ['help'] == list(argv[:1]):
        catalog, _ = make_catalog(KINDS)
        sys.stdout.write(page(words[1:], catalog) if words[1:] else short(catalog))
        raise SystemExit(0)
    catalog, notes = open_catalog(KINDS)
    line = arguments.parse(argv, catalog)
    found = Builder(catalog, line, sections, environ, read).configuration(notes)
    return found._replace(again=partial(configure, argv, environ, read_again)) if FROM_FILES & line.keys() else found


class Builder:
    """Makes specs of what a user gave.

    Args:
        catalog: The plugins that there are.
        line: What the command line gave.
        sections: What the INI file gave; empty: there is none.
        environ: The process's environment.
        read: Reads a file.

    Raises:
        ConfigError: A section or a key is not known.
    """

    def __init__(self, catalog: Catalog, line: Values, sections: Sections, environ: Mapping[str, str],
                 read: Read = read_first) -> None:
        self.catalog, self.line, self.environ, self.read = catalog, spelt_out(line), environ, read
        self.sections = sections
        self.main: Values = {}
        self.shared: Values = {}
        self.statsd: Values = {}
        self.proxies: dict[str, Values] = {}
        self.toxics: dict[str, ToxicSpec] = {}     # of sections, by name
        for section, values in sections.items():
            self._sort(section, values)
        self.unused = set(self.toxics)      # names of sections that no proxy has taken so far

    # -- sections and keys

    def _sort(self, section: str, values: Values) -> None:
        """Put a section's values where they belong, under their full names."""
        kind, _, name = section.partition(':')
        if section == 'vaurien':
            self.main = spelt_out(self._checked(values, VAURIEN, dotted=True))
        elif section == 'statsd':
            self.statsd = self._checked(prefixed('statsd', values), STATSD)
        elif kind == 'proxy' and NAME.match(name):
            self.proxies[name] = self._checked(values, {**PROXY, **TLS}, dotted=True)
        elif kind == 'toxic' and NAME.match(name):
            self.toxics[name] = read_section(name, values)
        elif kind in WITH_FLAGS and name in self.catalog[kind]:
            options = prefixed(f'{kind}.{name}', self.catalog[kind][name].options)
            self.shared.update(self._checked(prefixed(f'{kind}.{name}', values), options))
        else:
            self._unknown_section(section, values)

    def _unknown_section(self, section: str, values: Values) -> None:
        plugins = (f'{kind}:{name}' for kind in WITH_FLAGS for name in self.catalog[kind])
        sections = ('vaurien', 'statsd', 'proxy:NAME', 'toxic:NAME', *plugins)
        raise ConfigError(self._file(values), f'[{section}]', known(section, sections))

    def _file(self, values: Values) -> str:
        """Return the file that a section stands in; an empty one is taken for one of the file that was named."""
        return next((given.label.partition(' [')[0] for given in values.values()), str(self.line['config'].value))

    def _checked(self, values: Values, options: Mapping[str, Option], dotted: bool = False) -> Values:
        """Return the values if all their keys are known; ``dotted`` allows those of plugins' options."""
        for key, given in values.items():
            if key not in options and not (dotted and of_plugin(key)):
                where = given.label.rpartition(' ')[0]
                short = [name.rpartition('.')[2] for name in options]
                raise ConfigError(where, key.rpartition('.')[2], known(key.rpartition('.')[2], short))
        return values

    # -- the process

    def configuration(self, notes: Sequence[str]) -> Configuration:
        """Make the specs.

        Args:
            notes: What the user is to be warned of already.

        Raises:
            ConfigError: A value does not fit.
        """
        values = {**self.main, **self.statsd, **self.line}
        if self.environ.get(TOKEN_VARIABLE) and 'http_token' not in self.line:
            values['http_token'] = Given(self.environ[TOKEN_VARIABLE], TOKEN_VARIABLE)
        process = taken(PROCESS, values)
        control = taken(CONTROL, values)
        check_control_tls(control['http_cert'], control['http_key'], values)
        secrets = taken(SECRETS, values)
        if control['http']:
            check_binding(control['http_host'], control['http_token'], label('http_host', values),
                          bool(make_allowed(control['http_allow']).networks))
        statsd = {key.partition('.')[2]: value for key, value in taken(STATSD, values).items()}
        entries = read_populate(process['populate'], label('populate', values), self.read) if process['populate'] else []
        notes = [*notes, *(note for entry in entries for note in entry.notes)]
        if process['sync']:
            notes = [*notes, f'{values["sync"].label} has no effect']
        if process['fleet_only']:
            notes = [*notes, *(f'{given.label} has no effect beside {label("fleet_only", values)}'
                               for key, given in self.line.items() if key in OF_ONE)]
        proxies, plan, journal = self._all_proxies(process['fleet_only'], entries), taken(PLAN, values), taken(JOURNAL, values)
        if plan['replay']:
            check_replay(values, journal['journal'], plan['replay'])
            proxies = tuple(msgspec.structs.replace(proxy, mix=()) for proxy in proxies)
        notes = [*notes, *self._without_effect(values)]
        spec = ProcessSpec(
            proxies=proxies, plan=read_plan(values, self.read, proxies), strict=plan['strict'],
            replay=plan['replay'], defaults=self._defaults(), seed=process['seed'], workers=process['workers'],
            grace=process['grace'], end_with_parent=process['end_with_parent'], statsd=StatsdSpec(**statsd),
            toxiproxy=process['toxiproxy'], show=shown(values), **control, **taken({**LOGGING, **BUSY, **OTEL}, values),
            **journal, **secrets, cluster=joined(values, self.environ))
        if not spec.proxies and not spec.http and not spec.cluster.join:
            raise ConfigError(values['fleet_only'].label, True, '--http, --join or a [proxy:NAME] beside it')
        check_keylog(spec.tls_keylog, values)
        check_needed(spec, values)
        return Configuration(spec, tuple(notes))

    def _without_effect(self, values: Values) -> Iterator[str]:
        """Give a line for each section that nothing uses, once the proxies have been made."""
        for name in self.toxics:
            if name in self.unused:
                yield f'{self._file(self.sections[f"toxic:{name}"])} [toxic:{name}] has no effect: no proxy has it as its toxic'
        if self.statsd and 'statsd.enabled' not in values:
            yield f'{self._file(self.statsd)} [statsd] has no effect without enabled = true'

    def _all_proxies(self, fleet_only: bool, entries: Sequence[Entry]) -> tuple[ProxySpec, ...]:
        layers = {} if fleet_only else {ProxySpec().name: [self.shared, self.main, self.line]}
        everywhere = {key: given for key, given in self.line.items() if of_plugin(key) or key == 'bufsize'}
        limits = {key: given for key, given in {**self.main, **self.line}.items() if key in SHARED}
        for name, values in self.proxies.items():
            if name in layers:
                raise ConfigError(self._file(values), f'[proxy:{name}]',
                                  'another name: this one is that of the proxy of [vaurien]')
            # beside the proxy of the command line its flags are that one's; without it they would have no effect
            flags = {key: given for key, given in self.line.items() if key in SHARED} if fleet_only else {}
            layers[name] = [self.shared, flags, values, everywhere]
        for entry in entries:
            if entry.name in layers:
                raise ConfigError(f'{entry.label} name', entry.name, 'a name that no other proxy has')
            layers[entry.name] = [self.shared, limits, entry.values, everywhere]    # a list has no word for limits
        disabled = {entry.name for entry in entries if not entry.enabled}
        specs = tuple(msgspec.structs.replace(self._proxy(name, found), enabled=name not in disabled)
                      for name, found in layers.items())
        check_addresses(specs)
        return specs

    def _defaults(self) -> ProxyDefaults:
        """Make what proxies have that are made later, over HTTP: the limits and the TLS of ``[vaurien]`` and the command line,
        and the options of plugins that are said for all proxies."""
        values = {**self.main, **self.line}
        limits = taken({key: option for key, option in {**PROXY, **TLS}.items() if key in SHARED}, values)
        check_idle(limits, values)
        check_tls(ProxySpec(**limits), values)
        options: Values = {**self.shared}
        if 'bufsize' in self.line:
            convert(self.line['bufsize'].label, PROXY['bufsize'], self.line['bufsize'].value)
            options.update({f'protocol.{name}.buffer': self.line['bufsize']
                            for name, plugin in self.catalog['protocol'].items() if 'buffer' in plugin.options})
        options.update({key: given for key, given in self.line.items() if of_plugin(key)})
        return ProxyDefaults(limits={key: limits[key] for key in SHARED if key in values},
                             protocol_settings=self._settings('protocol', options), settings=self._settings('behavior', options))

    # -- one proxy

    def _proxy(self, name: str, layers: Sequence[Values]) -> ProxySpec:
        values = {key: given for layer in layers for key, given in layer.items()}
        own = taken({**PROXY, **TLS}, forward(values))
        protocol = find(Protocol, own['protocol'], label('protocol', values))
        own['mix'] = own.pop('behavior')
        for entry in own['mix']:
            find(Behavior, entry.name, label('behavior', values))
        del own['bufsize']
        main = any(layer is self.line for layer in layers)
        own['toxics'] = with_names(self._toxics(own.pop('link'), own.pop('toxic'), values, main), label('toxic', values))
        check_idle(own, values)
        values = {key: given for layer in layers for key, given in self._spread(layer, protocol.name).items()}
        spec = ProxySpec(name=name, protocol_settings=self._settings('protocol', values).get(protocol.name, {}),
                         settings=self._settings('behavior', values), **own)
        check_behaviors(spec, protocol, values)
        check_tls(spec, values)
        return spec

    def _toxics(self, link: str | None, written: Sequence[str], values: Values, main: bool) -> Iterator[ToxicSpec]:
        """Give the toxics of a proxy: its link's, those of sections if they are for it, and those written for it."""
        if link is not None:
            yield from (ToxicSpec(**toxic) for toxic in make_link(link))
        if main:    # has all that no other proxy names
            elsewhere = {line for proxy in self.proxies.values() if 'toxic' in proxy
                         for line in read_lines(str(proxy['toxic'].value))}
            mine = [name for name in self.toxics if name not in elsewhere and name not in written]
            self.unused -= set(mine)
            yield from map(self.toxics.__getitem__, mine)
        for line in written:
            self.unused.discard(line)
            yield self.toxics.get(line) or read_toxic(line, label('toxic', values))

    def _spread(self, layer: Values, protocol: str) -> Values:
        """Give the short names of the protocol's options their full ones: ``bufsize``, and ``protocol.buffer``."""
        prefix, full = f'protocol.{protocol}.', {}
        if 'bufsize' in layer and 'buffer' in self.catalog['protocol'][protocol].options:
            full[f'{prefix}buffer'] = layer['bufsize']
        for key, given in layer.items():
            short = key.startswith('protocol.') and key.count('.') == 1
            full[prefix + key.partition('.')[2] if short else key] = given
        return full

    def _settings(self, kind: str, values: Values) -> dict[str, dict[str, Any]]:
        """Return the values given for plugins of a kind, by name and option."""
        settings: dict[str, dict[str, Any]] = {}
        for key, given in values.items():
            head, _, option = key.rpartition('.')
            if head.partition('.')[0] != kind:
                continue
            name = head.partition('.')[2]
            if name not in self.catalog[kind]:
                raise ConfigError(given.label, name, known(name, self.catalog[kind]))
            options = self.catalog[kind][name].options
            if option not in options:
                raise ConfigError(given.label, option, known(option, options))
            allow_files({option: given.value})
            settings.setdefault(name, {})[option] = as_data(convert(given.label, options[option], given.value), given.value)
        return settings


def find(registry: Registry[P], name: str, option: str) -> type[P]:
    """Return a plugin's class.

    Raises:
        ConfigError: There is none of this name; ``option`` is how the user knows what gave it.
    """
    try:
        return registry.get(name)
    except UnknownPluginError as error:
        raise ConfigError(option, name, error.reason) from None


def check_idle(own: Mapping[str, Any], values: Values) -> None:
    """Refuse to end idle connections after no time at all."""
    if not own['timeout'] and not own['stay_connected']:
        raise ConfigError(label('timeout', values), 0, 'more than 0 where idle connections do not stay')


def check_behaviors(spec: ProxySpec, protocol: type[BaseProtocol], values: Values) -> None:
    """Refuse settings that cannot work with the protocol, such as a kind of error that it does not have."""
    for entry in spec.mix:
        try:
            check_place(make_behavior(entry, spec.settings, protocol), spec)
        except ConfigError as error:
            key = f'behavior.{entry.name}.{error.option}'
            raise ConfigError(label(key, values), error.value, error.reason) from None


def check_tls(spec: ProxySpec, values: Values) -> None:
    """Refuse files and values of TLS that cannot be used, under the flags and keys that gave them."""
    if has_tls(spec):
        from ..net.tls.contexts import contexts  # it is slow to import, and most configurations have no use for it
        try:
            contexts(spec)
        except ConfigError as error:
            raise ConfigError(label(error.option, values), error.value, error.reason) from None


def check_addresses(specs: Sequence[ProxySpec]) -> None:
    """Refuse two proxies that listen at the same address; any number may let the system pick a port."""
    seen: dict[str, str] = {}
    for spec in specs:
        other = seen.setdefault(spec.proxy, spec.name)
        if other != spec.name and parse_address(spec.proxy, tls=True).port != 0:
            raise ConfigError(f'proxy {spec.name}', spec.proxy, f'an address other than that of proxy {other}')
