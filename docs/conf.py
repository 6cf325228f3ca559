"""How Sphinx builds these pages: ``make docs``. Knows where the package is, and asks no network."""
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / '_ext'), str(HERE.parent), str(HERE / 'examples')]

import vaurien  # noqa: E402 - found by the line above

project = 'vaurien'
author = project_copyright = 'the authors of vaurien'     # the footer of each page names them
version = release = vaurien.__version__
extensions = ['sphinx.ext.autodoc', 'sphinx.ext.napoleon', 'sphinx_copybutton', 'vaurien_docs']
smartquotes = False      # of --timeout they would make a dash
exclude_patterns = ['_build', 'bench-figures.rst', 'toxiproxy-differences.rst', 'examples']

html_theme = 'furo'
html_title = f'vaurien {release}'
html_static_path = ['_static']
html_copy_source = False
html_css_files = ['tables.css']
# A button copies what is typed, and neither the prompt nor what is printed.
copybutton_prompt_text = '$ '
copybutton_line_continuation_character = '\\'

autodoc_member_order = 'bysource'
autodoc_typehints = 'signature'
autodoc_class_signature = 'mixed'
autoclass_content = 'class'
napoleon_use_rtype = False
python_maximum_signature_line_length = 100

# What is not ours has its own pages elsewhere; what is ours must be found.
nitpick_ignore_regex = [
    (r'py:.*', r'(?!vaurien).*'),
    # type variables: any such class
    (r'py:class', r'vaurien\.(registry\.T|toxics\.base\.T|protocols\.framing\.P|testing\.changes\.P)'),
    # of signatures of ours alone
    (r'py:class', r'vaurien\.(testing\.unused\.\w+|protocols\.halves\.Half|protocols\.effects\.words\.Effects)'),
]
