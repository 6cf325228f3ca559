"""What Docker, GitHub and GitLab read of docs/examples and packaging/, against the schemas that check-jsonschema brings."""
import pytest
from check_jsonschema.cli import main

from .blocks import DOCS, ROOT

COMPOSE = sorted(path for folder in (DOCS / 'examples', ROOT / 'packaging') for path in folder.rglob('*compose*.y*ml'))
CI = DOCS / 'examples' / 'ci'
#: a file, its schema, and a key of it whose name a schema does not know with a letter less
FILES = [*((path, 'compose-spec', 'ports:') for path in COMPOSE),
         (CI / 'github.yml', 'github-workflows', 'runs-on:'), (CI / 'gitlab.yml', 'gitlab-ci', 'artifacts:')]


def named(path):
    """Return a path as the project has it."""
    return path.relative_to(ROOT).as_posix()


def checked(path, schema, capsys):
    """Return the exit status of check-jsonschema for a file, and what it has printed."""
    transform = ('--data-transform', schema) if schema == 'gitlab-ci' else ()
    with pytest.raises(SystemExit) as left:
        main(['--builtin-schema', f'vendor.{schema}', *transform, str(path)])
    return left.value.code, capsys.readouterr().out


def test_the_compose_files_are_found():
    assert {named(path) for path in COMPOSE} >= {'docs/examples/compose.yaml', 'packaging/compose.yaml'}


@pytest.mark.parametrize('path, schema, key', FILES, ids=[named(path) for path, *_ in FILES])
def test_a_file_is_what_its_schema_says(path, schema, key, capsys, tmp_path):
    assert checked(path, schema, capsys) == (0, 'ok -- validation done\n')
    text = path.read_text('utf-8')
    assert key in text
    wrong = tmp_path / path.name
    wrong.write_text(text.replace(key, key[1:]))
    status, said = checked(wrong, schema, capsys)
    assert status == 1
    assert f"'{key[1:-1]}'" in said
