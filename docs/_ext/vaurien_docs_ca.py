"""What is made of ``vaurien ca``: its page of help, its flags, and the variables that programs read."""
from vaurien_docs_commands import flag_entry
from vaurien_docs_text import indented, table

from vaurien.cli import ca
from vaurien.net.tls.authority.roots import ADDED_VARIABLES, BUNDLE_VARIABLES


def short() -> str:
    """Write the page that fits on a screen, as it is printed."""
    return f'.. code-block:: text\n\n{indented(ca.TEXT)}\n'


def flags() -> str:
    """Write the flags."""
    return '\n'.join(['.. program:: vaurien-ca', '', *map(flag_entry, ca.make_parser()._actions)])


def variables() -> str:
    """Write which program reads which variable, and whether what it names is trusted instead of others or beside them."""
    kinds = ((BUNDLE_VARIABLES, 'all that it trusts'), (ADDED_VARIABLES, 'what it trusts beside others'))
    rows = [[f'``{name}``', who, how] for names, how in kinds for name, who in names.items()]
    return table(['variable', 'who reads it', 'what it names'], rows, '30 50 20')
