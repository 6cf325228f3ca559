"""The HTTP API of vaurien 1.x, to the byte of its JSON keys. Knows the fleet, and neither the native surface nor events.

It acts on the proxy of the command line, or on ``?proxy=NAME``.
"""
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import falcon

from ..behaviors import Behavior
from ..errors import UnknownPluginError
from ..mix import check_entries
from ..proxies.fleet import Fleet
from ..proxies.proxy import Proxy
from ..proxies.refusals import UnknownProxyError
from ..spec import BehaviorSpec, ProxySpec, read_mix
from .checks import check_entry
from .surface import Refusal, Reply, Route, Surface, decode, json_reply, read_body, refusal_of, unknown_plugin

DONE = {'status': 'ok'}
WORDS = {'query': 'querystring'}    #: locations, as vaurien 1.x called them
MIX = 'a text such as 20:delay,10:error, or what GET gives as mix'


def make_surface(fleet: Fleet) -> Surface:
    """Make the surface."""
    table: tuple[tuple[str, str, Callable[..., Any]], ...] = (
        ('GET', '/behavior', get_behavior),
        ('PUT', '/behavior', put_behavior),
        ('GET', '/behaviors', get_behaviors),
        ('GET', '/backend', get_backend),
        ('PUT', '/backend', put_backend),
    )
    routes = (Route(method, path, partial(call, handle, fleet)) for method, path, handle in table)
    return Surface(tuple(routes), refuse, ('/behavior', '/behaviors', '/backend'))


def refuse(request: falcon.Request, error: Exception) -> Reply:
    """Return what is wrong, in the shape of vaurien 1.x."""
    refusal = refusal_of(error) or Refusal(500, str(error))
    location, description = WORDS.get(refusal.location, refusal.location), refusal.description
    name = refusal.name
    if isinstance(error, UnknownPluginError):
        description = unknown_plugin(error)
    errors = [{'location': location or 'url', 'name': name, 'description': description}]
    return json_reply({'status': 'error', 'errors': errors}, refusal.status, refusal.headers)


def call(handle: Callable[[Fleet, Proxy, dict[str, Any]], Any], fleet: Fleet, request: falcon.Request) -> Reply:
    """Make the reply to a request.

    Raises:
        Refusal: What it asks for is not there, or it is malformed.
    """
    unknown = [key for key in request.params if key != 'proxy']
    if unknown:
        raise Refusal(400, f'{unknown[0]!r} is not known here, expected proxy', 'query', unknown[0])
    given = read_object(request) if request.method == 'PUT' else {}
    proxy = find(fleet, request.params.get('proxy', ProxySpec().name))
    return json_reply(handle(fleet, proxy, given))


def find(fleet: Fleet, name: Any) -> Proxy:
    """Return the proxy that a request is about."""
    try:
        return fleet.get(str(name))
    except UnknownProxyError as error:
        raise Refusal(404, str(error), 'query', 'proxy') from None


def read_object(request: falcon.Request) -> dict[str, Any]:
    """Read a body that must be a JSON object."""
    given = decode(read_body(request))
    if not isinstance(given, dict):
        raise Refusal(400, 'the body is not a JSON object', 'body')
    return given


def only(given: Mapping[str, Any], *names: str) -> None:
    """Refuse keys that are not known.

    Raises:
        Refusal: There is one.
    """
    for key in given:
        if key not in names:
            raise Refusal(400, f'{key!r} is not known, expected {" and ".join(names)}', 'body', key)


# -- the calls

def get_behavior(fleet: Fleet, proxy: Proxy, given: dict[str, Any]) -> Any:
    """Show what is applied to exchanges."""
    mix, text = proxy.spec.mix, str(proxy.chaos)
    if not mix or text == mix[0].name:
        return {'behavior': text}
    return {'behavior': text, 'mix': [{'percent': whole(entry.percent), 'name': entry.name, **entry.settings} for entry in mix]}


def put_behavior(fleet: Fleet, proxy: Proxy, given: dict[str, Any]) -> Any:
    """Set what is applied to every exchange from now on, or a mix."""
    fleet.change(proxy.name, mix=mix_of(given) if 'mix' in given else (entry_of(given, 100.0),))
    return DONE


def get_behaviors(fleet: Fleet, proxy: Proxy, given: dict[str, Any]) -> Any:
    """List the behaviors that there are."""
    return {'behaviors': Behavior.names()}


def get_backend(fleet: Fleet, proxy: Proxy, given: dict[str, Any]) -> Any:
    """Show the backend."""
    return {'backend': proxy.spec.backend}


def put_backend(fleet: Fleet, proxy: Proxy, given: dict[str, Any]) -> Any:
    """Set the backend of new sessions."""
    only(given, 'backend')
    fleet.change(proxy.name, backend=text_of(given, 'backend'))
    return DONE


# -- what bodies mean

def text_of(given: Mapping[str, Any], key: str) -> str:
    """Return a text that has to be there.

    Raises:
        Refusal: It is not, or is no text.
    """
    if key not in given:
        raise Refusal(400, f'{key!r} is missing', 'body', key)
    if not isinstance(given[key], str):
        raise Refusal(400, f'{key!r} is not a text', 'body', key)
    return str(given[key])


def entry_of(given: Mapping[str, Any], percent: float, where: str = 'name') -> BehaviorSpec:
    """Read ``{"name": "delay", "sleep": 2}``.

    Raises:
        Refusal: There is no such behavior; ``where`` is the key that names it.
        ConfigError: An option is not known, or a value does not fit.
    """
    settings = {key: value for key, value in given.items() if key != 'name'}
    return checked(BehaviorSpec(name=text_of(given, 'name'), percent=percent, settings=settings), where)


def checked(entry: BehaviorSpec, where: str) -> BehaviorSpec:
    """Refuse a behavior that does not exist, and settings that it does not take."""
    try:
        check_entry(entry)
    except UnknownPluginError as error:
        raise Refusal(400, unknown_plugin(error), 'body', where) from None
    return entry


def mix_of(given: Mapping[str, Any]) -> tuple[BehaviorSpec, ...]:
    """Read ``{"mix": "20:delay,10:error", "settings": {"delay": {"sleep": 2}}}``, or the mix as GET shows it."""
    only(given, 'mix', 'settings')
    mix, settings = given['mix'], settings_of(given)
    if isinstance(mix, str):
        found = list(read_mix(mix))
    elif isinstance(mix, list):
        check_entries(len(mix))
        found = [listed(entry) for entry in mix]
    else:
        raise Refusal(400, f'mix: expected {MIX}', 'body', 'mix')
    for name in settings:
        if name not in {entry.name for entry in found}:
            raise Refusal(400, f'{name!r} is not in the mix', 'body', 'settings')
    return tuple(checked(BehaviorSpec(name=entry.name, percent=entry.percent,
                                      settings={**settings.get(entry.name, {}), **entry.settings}), 'mix') for entry in found)


def settings_of(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the settings beside a mix, by behavior and option."""
    settings = given.get('settings', {})
    if not isinstance(settings, dict) or not all(isinstance(values, dict) for values in settings.values()):
        raise Refusal(400, 'settings: expected an object such as {"delay": {"sleep": 2}}', 'body', 'settings')
    return settings


def listed(entry: Any) -> BehaviorSpec:
    """Read one entry of a mix as GET shows it."""
    if not isinstance(entry, dict) or not is_number(entry.get('percent')):
        raise Refusal(400, f'mix: expected {MIX}', 'body', 'mix')
    rest = {key: value for key, value in entry.items() if key != 'percent'}
    return entry_of(rest, float(entry['percent']), 'mix')


def whole(percent: float) -> float:
    """Return a number as people write it: 20 for 20.0."""
    return int(percent) if percent == int(percent) else percent


def is_number(value: Any) -> bool:
    """Return whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)
