"""What ``vaurien run`` can be told beside what plain vaurien can. One table, for its command line and for the docs."""
from ..config.settings import Text
from ..options import Option

TEXT = Text('TEXT', 'text', str)
#: options of ``run``
RUN: dict[str, Option] = {
    'through': Option("An environment variable with the address of a backend, VAR or VAR:PROTOCOL; or NAME=HOST:PORT[:PROTOCOL]; "
                      "may be repeated", Text('VAR', 'the name of an environment variable, or NAME=HOST:PORT', str), None),
}
REPEATED = ('through', 'in_place', 'env')   #: those that may be given several times
#: settings of plain vaurien that have no meaning here
ELSEWHERE = ('proxy', 'backend', 'protocol', 'fleet_only', 'populate', 'toxiproxy', 'end_with_parent', 'sync', 'http', 'config',
             'plugin')
