"""The authority that is kept for a user, in the folder of his data: made by the first who needs it, and read from then on.

It lies in ``$XDG_DATA_HOME/vaurien/ca``, where the XDG Base Directory Specification has the data of programs. The folder comes to
its place complete, by one rename: two who make it at once end with one, and who is killed leaves no half of one.
"""
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ..validity import certificates, validity
from . import secret
from .issuing import Authority, AuthorityError

FOLDER, CERTIFICATE, KEY, BUNDLE = 'ca', 'ca.pem', 'key.pem', 'bundle.pem'
BEING_MADE = '.ca-'     #: how the folders begin of those that are being made
ANEW = 'vaurien ca remove removes it, and the next use makes another'
MAX_BYTES = 64 * 1024   #: [bytes] of either file


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder that has all of vaurien's data of this user.

    Raises:
        AuthorityError: He has no home.
    """
    said = environ.get('XDG_DATA_HOME', '')
    if os.path.isabs(said):     # others are to be ignored
        return Path(said) / 'vaurien'
    home = environ.get('HOME') or os.path.expanduser('~')
    if not os.path.isabs(home):
        raise AuthorityError('there is no place for an authority: neither XDG_DATA_HOME nor HOME is set to a folder')
    return Path(home) / '.local' / 'share' / 'vaurien'


class Kept(NamedTuple):
    """Where an authority is kept.

    Args:
        data: The folder of vaurien's data; it need not be there.
    """

    data: Path

    @property
    def folder(self) -> Path:
        """The folder of the authority."""
        return self.data / FOLDER

    @property
    def key(self) -> Path:
        """The file of its key."""
        return self.folder / KEY

    @property
    def certificate(self) -> Path:
        """The file that clients are to trust."""
        return self.folder / CERTIFICATE

    @property
    def bundle(self) -> Path:
        """The file of all that clients are to trust, where it was written."""
        return self.folder / BUNDLE

    def open(self) -> Authority:
        """Return the authority; where there is none it is made.

        Raises:
            AuthorityError: It cannot be used, or made; the message is one line.
        """
        self.ensure()
        try:
            return Authority.load(self._read(self.certificate), self._read(self.key))
        except ValueError as error:
            raise self._damaged(str(error)) from None

    def ensure(self) -> None:
        """Make the authority where there is none, and look at what is there.

        Raises:
            AuthorityError: As for ``open``.
        """
        there = True
        try:
            there = self.folder.exists()
            if not there:
                self._begin()
            mode = stat.S_IMODE((self.key).stat().st_mode) & 0o077
        except FileNotFoundError:
            raise self._damaged(f'{KEY} is missing') from None
        except OSError as error:
            raise AuthorityError(f'the authority in {self.folder} cannot be {"read" if there else "made"}: '
                                 f'{error.strerror}') from None
        if mode:
            raise AuthorityError(f'the key {self.key} can be read by others (chmod 600 takes that back); {ANEW}')
        self._check(self._read(self.certificate))

    def remove(self) -> bool:
        """Remove it, whatever is left of it, and what others have begun; return whether there was anything.

        Raises:
            AuthorityError: Something cannot be removed.
        """
        try:
            found = [self.folder] if self.folder.exists() or self.folder.is_symlink() else []
            found += self.data.glob(f'{BEING_MADE}*')
            for path in found:
                with suppress(FileNotFoundError):   # another process removes it, too
                    path.unlink() if path.is_symlink() or not path.is_dir() else shutil.rmtree(path)
        except OSError as error:
            raise AuthorityError(f'the authority in {self.folder} cannot be removed: {error.strerror}') from None
        return bool(found)

    def write_bundle(self, data: bytes) -> None:
        """Write the file of all that clients are to trust, whole at any moment.

        Raises:
            AuthorityError: It cannot be written.
        """
        begun = self.bundle.with_suffix(f'.{os.getpid()}')
        try:
            begun.unlink(missing_ok=True)
            secret.write(begun, data)
            begun.replace(self.bundle)
        except OSError as error:
            raise AuthorityError(f'{self.bundle} cannot be written: {error.strerror}') from None

    def _begin(self) -> None:
        made = Authority.make()
        for folder in (*reversed(self.data.parents), self.data):
            if not folder.exists():
                folder.mkdir(secret.PRIVATE_FOLDER, exist_ok=True)
        begun = Path(tempfile.mkdtemp(prefix=BEING_MADE, dir=self.data))   # 0700 from the beginning
        try:
            secret.write(begun / KEY, made.key)
            secret.write(begun / CERTIFICATE, made.certificate)
            begun.rename(self.folder)
        except OSError:
            if not self.folder.exists():    # or another process was first
                raise
        finally:
            shutil.rmtree(begun, ignore_errors=True)

    def _read(self, path: Path) -> bytes:
        try:
            with path.open('rb') as file:
                data = file.read(MAX_BYTES)
        except FileNotFoundError:
            raise self._damaged(f'{path.name} is missing') from None
        except OSError as error:
            raise AuthorityError(f'{path} cannot be read: {error.strerror}') from None
        return data

    def _check(self, data: bytes) -> None:
        """Refuse a certificate that is none, or not valid now."""
        try:
            found = [validity(der) for der in certificates(data)]
        except ValueError as error:
            raise self._damaged(f'{CERTIFICATE}: {error}') from None
        if not found:
            raise self._damaged(f'{CERTIFICATE}: there is no certificate in it')
        wrong = found[0].wrong_at(datetime.now(UTC))
        if wrong:
            raise AuthorityError(f'the authority in {self.folder} is {wrong}; {ANEW}')

    def _damaged(self, why: str) -> AuthorityError:
        return AuthorityError(f'the authority in {self.folder} is damaged, {why}; {ANEW}')
