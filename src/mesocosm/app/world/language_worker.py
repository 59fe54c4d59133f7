"""A causal base that paraphrases answers, in a process of its own:
`python -m mesocosm.app.world.language_worker ROOT BASE SOCKET`.

Knows one base and the messages between processes. Reports when it is ready, then answers one
message at a time until the gateway is gone.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def main() -> None:
    """Load the base, then answer what comes."""
    from mesocosm.app.world.paraphrase import MOST, SYSTEM
    from mesocosm.learning.tasks.generation.decode import TextGenerator
    from mesocosm.serving.workers.ipc import receive, send

    root, name, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    os.nice(5)
    sock = socket.socket(fileno=number)
    says = TextGenerator(root, name, SYSTEM, MOST)
    send(sock, {"ready": True})
    while True:
        try:
            message = receive(sock)
        except EOFError:
            return
        send(sock, {"said": says.answer(str(message["say"]))})


if __name__ == "__main__":
    main()
