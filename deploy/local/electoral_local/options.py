"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from electoral_local.places import state_directory

StateOption = Annotated[
    Path | None,
    typer.Option("--state", help="Directory that keeps everything (or ELECTORAL_STATE)."),
]
BrokersOption = Annotated[
    int, typer.Option(min=1, max=5, help="Kafka brokers; from 3 on every message has 3 copies.")
]
KeepOption = Annotated[bool, typer.Option(help="Keep the databases and logs afterwards.")]
BehavioursOption = Annotated[
    str,
    typer.Option(
        help='How councils\' systems work: `mixed`, or JSON ({"failing": 0.2, "lothian": "late"});'
        " all well-behaved where it is not given."
    ),
]
DeterminingOption = Annotated[
    float, typer.Option(help="Share of EROs that also decide and take notices.", min=0, max=1)
]


def chosen_state(option: Path | None) -> Path:
    return (option or state_directory()).expanduser().absolute()
