"""What is made of the files of kinds: what one may say, and the kinds that come with vaurien."""
import msgspec
from vaurien_docs_http import schema_section
from vaurien_docs_text import literal, section, table

from vaurien.protocols.http.providers.kinds import own, providers
from vaurien.protocols.http.providers.model import Table

#: tables of a file as they are written in it, by their class; in this order
TABLES = {'Table': 'The file', 'Kind': '[kinds.NAME]'}


def file() -> str:
    """Write the tables of a file, with their keys."""
    found = msgspec.json.schema(Table)['$defs']
    return '\n'.join(schema_section(name, found[name], title if name == 'Table' else literal(title), depth=0)
                     for name, title in TABLES.items())


def tables() -> str:
    """Write the kinds that come with vaurien, a section for each file."""
    pages = []
    for provider in providers():
        said, rows = own(provider)
        lines = [[literal(name), row.kind.category, row.kind.description, address(row.source)] for name, row in rows.items()]
        titles = ['kind', ':doc:`class </explanation/failures>`', 'when the server fails like this, and what the client observes',
                  'where it comes from']
        pages.append(section(said.title, table(titles, lines, '28 6 46 20'),
                             label=f'kinds-{provider}'))
    return '\n'.join(pages)


def address(source: str) -> str:
    """Write where a kind comes from; the page of an address by its host."""
    if not source.startswith('https://'):
        return source
    return f'`{source.split("/")[2]} <{source}>`__'
