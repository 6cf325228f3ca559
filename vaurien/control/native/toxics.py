"""The calls of the native surface that are about the toxics of one proxy. Thin over the fleet; knows no byte of the wire."""
import msgspec
from msgspec import UNSET

from ...proxies.fleet import Fleet
from ...proxies.proxy import Proxy
from ...spec import ToxicSpec
from ..checks import check_attributes
from ..surface import NO_CONTENT, Refusal, Reply
from . import models
from .endpoint import BARE, Endpoint, Request

TOXICS_PATH, TOXIC_PATH = '/v1/proxies/{proxy}/toxics', '/v1/proxies/{proxy}/toxics/{toxic}'


class ToxicCalls:
    """What the calls do. Each change is in force on open sessions at once, and loses no byte.

    Args:
        fleet: What they act on.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return their part of the table of calls."""
        return (
            Endpoint('GET', TOXICS_PATH, 'The toxics of a proxy', self.worn_toxics, models.WornToxics),
            Endpoint('POST', TOXICS_PATH, 'Put a toxic on a proxy', self.add_toxic, ToxicSpec, 201, body=models.NewToxic,
                     errors=(409, 503)),
            Endpoint('GET', TOXIC_PATH, 'A toxic of a proxy', self.show_toxic, ToxicSpec),
            Endpoint('PATCH', TOXIC_PATH, 'Change a toxic of a proxy', self.change_toxic, ToxicSpec, body=models.ToxicChanges,
                     errors=(503,)),
            Endpoint('DELETE', TOXIC_PATH, 'Take a toxic away from a proxy', self.remove_toxic, BARE, 204, errors=(503,)),
        )

    # nothing between a look at the toxics and their change waits, so no other request comes in between

    def _proxy(self, request: Request) -> Proxy:
        return self.fleet.get(request.captured['proxy'])

    def _toxics(self, request: Request) -> dict[str, ToxicSpec]:
        return {name: attached.spec for name, attached in self._proxy(request).toxics.attached.items()}

    def _named(self, request: Request) -> ToxicSpec:
        name = request.captured['toxic']
        try:
            return self._toxics(request)[name]
        except KeyError:
            raise Refusal(404, f'there is no toxic {name}', 'path', 'toxic') from None

    def _wear(self, request: Request, toxics: dict[str, ToxicSpec]) -> None:
        self.fleet.change(request.captured['proxy'], toxics=tuple(toxics.values()))

    def worn_toxics(self, request: Request) -> models.WornToxics:
        return models.WornToxics(toxics=list(self._toxics(request).values()))

    def show_toxic(self, request: Request) -> ToxicSpec:
        return self._named(request)

    def add_toxic(self, request: Request) -> ToxicSpec:
        body, toxics = request.body, self._toxics(request)
        made = ToxicSpec(type=body.type, name='' if body.name is UNSET else body.name, stream=body.stream,
                         toxicity=body.toxicity, attributes=check_attributes(body.type, body.attributes)).named()
        if made.name in toxics:
            raise Refusal(409, f'the toxic {made.name} exists already', 'body', 'name')
        self._wear(request, {**toxics, made.name: made})
        return made

    def change_toxic(self, request: Request) -> ToxicSpec:
        body, spec = request.body, self._named(request)
        changed = msgspec.structs.replace(
            spec, toxicity=spec.toxicity if body.toxicity is UNSET else body.toxicity,
            attributes={**spec.attributes, **check_attributes(spec.type, body.attributes)})
        self._wear(request, {**self._toxics(request), spec.name: changed})
        return changed

    def remove_toxic(self, request: Request) -> Reply:
        spec = self._named(request)
        self._wear(request, {name: other for name, other in self._toxics(request).items() if name != spec.name})
        return NO_CONTENT
