"""From figures to a picture: one panel a figure, one bar a contender. Knows only the results."""
from pathlib import Path

from . import Results

PANELS = (('50 connections', 'rate'), ('50 connections', 'cpu'), ('bulk', 'rate'), ('bulk', 'cpu'), ('http', 'rate'),
          ('http', 'cpu'), ('new connections', 'rate'), ('idle', 'weight'),
          ('tls requests', 'rate'), ('tls handshakes', 'rate'), ('tls bulk', 'rate'), ('tls idle', 'weight'))
OURS, OTHERS = '#b23a48', '#8d99ae'     #: colours of the bars
COLUMNS = 2                             #: panels in a row


def draw(results: Results, path: Path) -> None:
    """Write the medians as bars into a PNG file.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot
    known = {(measurement.name, column.key): column for measurement in results.measurements for column in measurement.columns}
    panels = [panel for panel in PANELS if panel in known]
    if not panels:
        return
    rows = -(-len(panels) // COLUMNS)
    figure, axes = pyplot.subplots(rows, COLUMNS, figsize=(11, 2.4 * rows), squeeze=False, layout='constrained')
    for axis, (group, key) in zip(axes.flat, panels, strict=False):
        bars = [(name, value) for name in results.names if (value := results.middle((name, group, key))) is not None]
        names, values = [name for name, _ in bars], [value for _, value in bars]
        drawn = axis.barh(names, values, color=[OURS if name.startswith('vaurien') else OTHERS for name in names])
        axis.bar_label(drawn, fmt=f'{{:,.{known[group, key].digits}f}}', padding=3, fontsize=8)
        axis.set_title(f'{group}: {known[group, key].title}', fontsize=10, loc='left')
        axis.invert_yaxis()
        axis.margins(x=0.15)
        axis.tick_params(labelsize=8)
    for axis in axes.flat[len(panels):]:
        axis.set_visible(False)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
