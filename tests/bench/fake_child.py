"""A side that speaks the protocol of `research.bench.child` without doing anything.

    fake_child.py LOG NAME SECONDS [ready | round | stop]

It appends its name to LOG at each round, says that a unit took SECONDS, and crashes at the word named.
"""

import json
import sys
from pathlib import Path

log, name, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
crash = sys.argv[4] if len(sys.argv) > 4 else ""


def answer(words, at):
    if at == crash:
        sys.exit(f"warning\n{name} fell over at {at}")
    print(json.dumps(words), flush=True)


answer({"ready": True, "warm_up_seconds": 1.0, "flops": 2e9, "activation_bytes": None}, "ready")
for line in sys.stdin:
    word = line.strip()
    if word == "stop":
        answer({"peak_memory_mb": 100.0}, "stop")
        break
    with log.open("a") as file:
        file.write(f"{name}\n")
    answer({"seconds": seconds}, "round")
