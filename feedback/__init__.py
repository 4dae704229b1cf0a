"""From a recording to findings, corrections, verdicts and the history of mistakes."""
