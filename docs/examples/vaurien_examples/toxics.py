"""A toxic: bytes come in bursts."""
from vaurien.toxics import Toxic
from vaurien.toxics.base import Bounded, Milliseconds, sleep


@Toxic.register
class Stutter(Toxic):
    """Bytes come in bursts, with silence between them."""

    name = 'stutter'
    options = {'burst': ("Bytes that pass between two silences", Bounded(int, 1), 1000),
               'silence': ("Milliseconds of silence", Milliseconds, 100)}

    def pipe(self, chunks, send):
        left = self.option('burst')
        for chunk in chunks:
            data = chunk.data
            while data:
                piece, data = data[:left], data[left:]
                send(piece)
                left -= len(piece)
                if not left:
                    sleep(self.seconds('silence'))
                    left = self.option('burst')
