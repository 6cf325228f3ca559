"""What happened when, in so many cells and no more."""
from vaurien.scenario.counts.timeline import FIRST_WIDTH, MAX_CELLS, Timeline


def test_a_time_is_in_its_cell():
    line = Timeline()
    line.at(2.5 * FIRST_WIDTH).requests += 1
    line.at(2.9 * FIRST_WIDTH).requests += 1
    assert [cell.requests for cell in line.cells] == [0, 0, 2]


def test_cells_become_longer_and_never_too_many():
    line, times = Timeline(), 5 * MAX_CELLS
    for number in range(times):
        cell = line.at((number + 0.5) * FIRST_WIDTH)
        cell.requests += 1
        cell.failed += number % 2
        cell.faults += 2
        cell.answered.add(0.01)
    assert (line.width, len(line.cells)) == (8 * FIRST_WIDTH, -(-times // 8))
    assert {cell.requests for cell in line.cells} == {8}
    assert sum(cell.failed for cell in line.cells) == times / 2
    assert sum(cell.answered.count for cell in line.cells) == times
