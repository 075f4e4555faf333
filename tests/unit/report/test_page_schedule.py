"""The table of how the best trial's values changed while it trained."""

from __future__ import annotations

import re
from dataclasses import replace

from support.summaries import record

from tuner.core.exploit import Exploit
from tuner.core.records import Value
from tuner.report.page_schedule import schedule_block
from tuner.search.population import schedule


def test_a_row_is_a_part_of_the_training_with_the_trial_that_trained_it() -> None:
    first: dict[str, Value] = {"lr": 0.1, "momentum": 0.9, "optimizer": "sgd"}
    last: dict[str, Value] = {"lr": 0.08, "momentum": 0.9, "optimizer": "sgd"}
    taken = Exploit(epoch=2, donor=0, before={"lr": 0.5, "optimizer": "adam"}, after=last)
    donor = record(0, "COMPLETE", 0.5, 0.6, 0.65, parameters=first)
    best = replace(record(1, "COMPLETE", 0.1, 0.2, 0.7, 0.8, parameters=last), exploits=(taken,))
    block = schedule_block(schedule([donor, best], 1), best.epoch)
    header, *rows = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in str(block.html).split("<tr")[1:]]
    assert header.endswith("epochs trial val_accuracy lr")
    assert rows[0].endswith("1 to 2 0 0.6000 0.1")
    assert rows[1].endswith("3 to 4 1 0.8000 0.08")
