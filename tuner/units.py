"""Large numbers as people read them."""

_PREFIXES = ((1e12, 1.0, "T"), (1e9, 1.0, "G"), (1e6, 0.1, "M"), (1e3, 1.0, "k"))


def short(value: float, unit: str = "") -> str:
    """At least two digits and a decimal prefix: `0.27 M`, `82 M`, `138 M`; with a unit `1.1 MB`, `850 B`.

    M begins at a tenth of a million already: most of the models here have around a million parameters.
    """
    for size, least, prefix in _PREFIXES:
        scaled = value / size
        if scaled >= least:
            decimals = 2 if scaled < 0.995 else 1 if scaled < 9.95 else 0
            return f"{scaled:.{decimals}f} {prefix}{unit}"
    return f"{value:.0f} {unit}".rstrip()
