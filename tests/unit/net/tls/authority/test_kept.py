"""The authority that is kept for a user: private from its first moment, one for all who make it, and plain about damage."""
import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from vaurien.net.tls.authority import Authority, AuthorityError, kept, own_authority, secret, use_authority
from vaurien.net.tls.authority.kept import Kept, data_folder

MAKE = """
import sys
from pathlib import Path
from vaurien.net.tls.authority.kept import Kept
sys.stdin.read(1)
sys.stdout.write(Kept(Path(sys.argv[1])).open().certificate.decode())
"""


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.lstat().st_mode) for path in (folder, *folder.rglob('*'))}


@pytest.mark.parametrize('environ, folder', [
    ({'XDG_DATA_HOME': '/data', 'HOME': '/home/me'}, '/data/vaurien'),
    ({'HOME': '/home/me'}, '/home/me/.local/share/vaurien'),
    ({'XDG_DATA_HOME': '', 'HOME': '/home/me'}, '/home/me/.local/share/vaurien'),
    ({'XDG_DATA_HOME': 'relative', 'HOME': '/home/me'}, '/home/me/.local/share/vaurien'),
], ids=str)
def test_it_lies_where_the_data_of_programs_lie(environ, folder):
    assert str(data_folder(environ)) == folder


def test_it_is_made_on_first_use_and_is_the_same_from_then_on(tmp_path):
    first = Kept(tmp_path / 'not' / 'there').open()
    again = Kept(tmp_path / 'not' / 'there').open()
    assert (again.certificate, again.key) == (first.certificate, first.key)


def test_nobody_else_can_read_the_key_or_enter_its_folder(tmp_path):
    before = os.umask(0)
    try:
        Kept(tmp_path / 'data').open()
    finally:
        os.umask(before)
    assert modes(tmp_path / 'data') == {'data': 0o700, 'ca': 0o700, 'ca.pem': 0o600, 'key.pem': 0o600}


def test_the_key_is_private_before_its_first_byte(tmp_path, monkeypatch):
    """Others can look at any moment: what is opened is looked at before anything is written into it."""
    seen, opened = [], os.open

    def looking(path, *args, **kwargs):
        number = opened(path, *args, **kwargs)
        if str(path).startswith(str(tmp_path)):
            folder = stat.S_IMODE(Path(path).parent.stat().st_mode)
            seen.append((Path(path).name, stat.S_IMODE(os.fstat(number).st_mode), folder, os.fstat(number).st_size))
        return number
    monkeypatch.setattr(os, 'open', looking)
    before = os.umask(0)
    try:
        Kept(tmp_path / 'data').open()
    finally:
        os.umask(before)
    assert ('key.pem', 0o600, 0o700, 0) in seen


def test_all_who_make_it_at_once_end_with_one(tmp_path):
    makers = [subprocess.Popen([sys.executable, '-c', MAKE, str(tmp_path / 'data')], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for maker in makers:
        maker.stdin.write('.')
        maker.stdin.flush()
    found = {maker.communicate()[0] for maker in makers}
    assert len(found) == 1
    assert Authority.load(found.pop().encode(), (tmp_path / 'data' / 'ca' / 'key.pem').read_bytes())
    assert sorted(modes(tmp_path / 'data')) == ['ca', 'ca.pem', 'data', 'key.pem']


def test_one_that_comes_second_takes_that_of_the_first(tmp_path, monkeypatch):
    other = Kept(tmp_path)
    there = Authority.make()
    make = Authority.make

    def meanwhile():
        monkeypatch.setattr(Authority, 'make', lambda: there)
        other.open()
        return make()
    monkeypatch.setattr(Authority, 'make', meanwhile)
    assert Kept(tmp_path).open().certificate == there.certificate
    assert sorted(modes(tmp_path)) == sorted([tmp_path.name, 'ca', 'ca.pem', 'key.pem'])


def expire(kept: Kept) -> None:
    old = Authority.make(lasts=timedelta(hours=-1))
    kept.key.write_bytes(old.key)
    kept.certificate.write_bytes(old.certificate)


BROKEN = {
    'key is missing': (lambda kept: kept.key.unlink(), 'damaged, key.pem is missing'),
    'certificate is missing': (lambda kept: kept.certificate.unlink(), 'damaged, ca.pem is missing'),
    'key is damaged': (lambda kept: kept.key.write_bytes(b'-----BEGIN'), 'is damaged, '),
    'key is of another': (lambda kept: kept.key.write_bytes(Authority.make().key), 'damaged, the key is not that of'),
    'certificate is damaged': (lambda kept: kept.certificate.write_bytes(b'x'), 'ca.pem: there is no certificate in it'),
    'certificate is cut': (lambda kept: os.truncate(kept.certificate, 300), 'ca.pem: there is no certificate in it'),
    'key for all': (lambda kept: kept.key.chmod(0o644), 'key.pem can be read by others'),
    'expired': (expire, 'is expired on '),
    'folder is a file': (lambda kept: (kept.remove(), kept.folder.write_text('')), 'Not a directory'),
}


@pytest.mark.parametrize('case', BROKEN)
def test_what_cannot_be_used_is_said_in_one_line_and_remove_mends_it(case, tmp_path):
    found = Kept(tmp_path)
    found.open()
    spoil, words = BROKEN[case]
    spoil(found)
    with pytest.raises(AuthorityError, match=words) as caught:
        found.open()
    assert str(found.folder) in str(caught.value)
    assert '\n' not in str(caught.value)
    assert found.remove()
    assert found.open()


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(AuthorityError, match='cannot be made: Not a directory'):
        Kept(tmp_path / 'file' / 'data').open()


def test_a_folder_that_cannot_be_looked_into_is_said_in_one_line(tmp_path):
    with pytest.raises(AuthorityError, match='cannot be read: File name too long'):
        Kept(tmp_path / ('long' * 100)).open()
    with pytest.raises(AuthorityError, match='cannot be removed: File name too long'):
        Kept(tmp_path / ('long' * 100)).remove()


def test_without_a_home_there_is_no_place(monkeypatch):
    monkeypatch.setattr(kept.os.path, 'expanduser', lambda text: text)
    with pytest.raises(AuthorityError, match='neither XDG_DATA_HOME nor HOME'):
        data_folder({})


def test_nothing_is_left_where_it_was_removed_or_where_another_was_killed_while_making_one(tmp_path):
    found = Kept(tmp_path)
    found.open()
    (tmp_path / '.ca-begun').mkdir()
    (tmp_path / '.ca-begun' / 'key.pem').write_text('secret')
    assert found.remove()
    assert list(tmp_path.iterdir()) == []
    assert not found.remove()


def test_the_authority_of_this_process_is_the_kept_one_until_it_has_one_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path))
    first = own_authority()
    assert own_authority() is first     # which is what contexts are kept by
    ours = Authority.make()
    use_authority(ours)
    try:
        assert own_authority() is ours
    finally:
        use_authority(None)
    assert own_authority() is first
    Kept(tmp_path / 'vaurien').remove()
    assert own_authority().certificate != first.certificate


def test_a_key_is_given_to_a_context_without_a_file_that_has_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr(secret.tempfile, 'tempdir', str(tmp_path))
    with secret.path_of(b'secret') as path:
        assert Path(path).read_bytes() == b'secret'
        assert list(tmp_path.iterdir()) == ([] if sys.platform == 'linux' else [Path(path)])
    monkeypatch.delattr(os, 'memfd_create', raising=False)
    with secret.path_of(b'secret') as path:
        assert Path(path).read_bytes() == b'secret'
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []
