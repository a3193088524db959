"""What TensorBoard itself reads from an event file of ours.

usage: tensorboard_peer.py TENSORBOARD_DUMP
"""
import math
import subprocess
import sys
import tempfile

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError as error:
    print(f"skipped: {sys.executable} has no tensorboard ({error}); set AD_TENSORBOARD_PYTHON to one that has")
    sys.exit(77)

with tempfile.TemporaryDirectory() as directory:
    text = subprocess.run([sys.argv[1], directory], check=True, capture_output=True, text=True).stdout
    expected = {}
    for line in text.splitlines():
        tag, step, value = line.split()
        expected.setdefault(tag, []).append((int(step), float(value)))
    log = EventAccumulator(directory)
    log.Reload()
    assert log.file_version == 2.0, log.file_version
    assert sorted(log.Tags()["scalars"]) == sorted(expected), log.Tags()
    for tag, points in expected.items():
        read = [(event.step, event.value) for event in log.Scalars(tag)]
        assert len(read) == len(points) == 6, read
        for (step, value), (read_step, read_value) in zip(points, read):
            assert step == read_step, (tag, step, read_step)
            assert value == read_value or math.isclose(value, read_value, rel_tol=1e-6), (tag, step, value, read_value)
    times = [event.wall_time for event in log.Scalars("train_base/loss")]
    assert times == [1.7e9 + i for i in range(6)], times
print("TensorBoard reads what was written")
