"""A thread that works off what it is given, and ends once it was told to and nothing is left. It does not know what that is."""
import threading


class Background:
    """Work in a thread of its own. What it shares with others is touched with ``_changed`` only, and told by that.

    Args:
        name: The name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._ending = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Take no more, and do what is left; ``ended`` says when that is done."""
        with self._changed:
            self._ending = True
            self._changed.notify()

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Do all there is to do; called in the thread."""
        raise NotImplementedError
