"""The peer of store_bench: DeepMind's Reverb with the same records, all in RAM, nothing durable.

    PYTHON bench/reverb_bench.py [--records 1000000] [--tokens 128] [--json FILE]

PYTHON needs `pip install "dm-reverb[tensorflow]==0.14.0"` (Python 3.11). One server, one table with a uniform selector,
one writer; then batches of 256 whole records are drawn, with the client and with the tf.data pipeline. Prints one line per
number; server and client run in this process, on the same cores, as store and loop do.
"""

import argparse
import json
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import reverb
import tensorflow as tf


def make_record(random, tokens):
    """The fields of an attempt, its verdict and its selection; lengths padded to 1.5 * tokens, as fixed shapes want."""
    length = int(random.integers(tokens // 2, tokens + tokens // 2 + 1))
    room = tokens + tokens // 2
    text = np.zeros(room, np.uint8)
    text[:length] = random.integers(32, 122, length)
    return {
        "tokens": np.pad(random.integers(0, 100, length, dtype=np.int32), (0, room - length)),
        "logprobs": np.pad(-4 * random.random(length, dtype=np.float32), (0, room - length)),
        "versions": np.full(room, 7, np.int32),
        "text": text,
        "problem": np.uint64(random.integers(1, 1 << 62)),
        "score": np.float32(random.random()),
        "outcome": np.int32(1),
        "weight": np.float32(1),
        "length": np.int32(length),
    }


def signature(record):
    return {name: tf.TensorSpec(np.shape(value), np.asarray(value).dtype) for name, value in record.items()}


def insert(client, templates, records):
    """One writer, one item per record, at most 768 in flight, as in store_bench."""
    begin = time.perf_counter()
    with client.trajectory_writer(num_keep_alive_refs=1) as writer:
        for i in range(records):
            writer.append(templates[i % len(templates)])
            writer.create_item("attempts", 1.0, {name: column[-1:] for name, column in writer.history.items()})
            if i % 256 == 255:
                writer.flush(block_until_num_items=512)
        writer.flush()
    return time.perf_counter() - begin


def draw_with_client(client, times):
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        batch = list(client.sample("attempts", num_samples=256))
        taken.append((time.perf_counter() - begin) * 1000)
        assert len(batch) == 256
    return taken


def draw_with_dataset(address, times):
    dataset = reverb.TrajectoryDataset.from_table_signature(
        server_address=address, table="attempts", max_in_flight_samples_per_worker=512)
    batches = iter(dataset.batch(256).prefetch(0))
    next(batches)
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        next(batches)
        taken.append((time.perf_counter() - begin) * 1000)
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--json")
    options = parser.parse_args()
    random = np.random.default_rng(1)
    templates = [make_record(random, options.tokens) for _ in range(4096)]
    table = reverb.Table(
        name="attempts", sampler=reverb.selectors.Uniform(), remover=reverb.selectors.Fifo(), max_size=2 * options.records,
        rate_limiter=reverb.rate_limiters.MinSize(1),
        signature={name: tf.TensorSpec((1, *spec.shape), spec.dtype) for name, spec in signature(templates[0]).items()})
    server = reverb.Server([table])
    address = f"localhost:{server.port}"
    client = reverb.Client(address)
    numbers = {}

    def report(what, value, unit):
        numbers[f"{what} [{unit}]"] = value
        print(f"{what:<58} {value:12.3f} {unit}", flush=True)

    seconds = insert(client, templates, options.records)
    report("reverb: records inserted per second (not durable)", options.records / seconds, "1/s")
    for name, taken in (("client.sample", draw_with_client(client, 200)), ("TrajectoryDataset", draw_with_dataset(address, 200))):
        report(f"reverb: draw and read 256 by {name}, median", statistics.median(taken), "ms")
        report(f"reverb: draw and read 256 by {name}, 95th of 100", sorted(taken)[len(taken) * 95 // 100], "ms")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(numbers, file, indent=2)
    server.stop()


if __name__ == "__main__":
    main()
