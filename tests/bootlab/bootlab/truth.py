"""truth.tsv: one row for each boot that was kept, from the results on disk."""

import csv
import json

from . import manifest, mutations, verdict, watch
from .paths import TRUTH, WORK

COLUMNS = (
    "mutation base path outcome kernel root pid1 state network ssh console delay link line what".split()
)
FINE = {"OK", "DEGRADED"}
# Seconds of waiting that are within what one boot differs from the next.
NOISE = 12


def results():
    """Every result of a known mutation: (base, mutation, path) and what was seen."""
    known = mutations.load()
    for file in sorted((WORK / "rows").glob("*/*/*.json")):
        base, name, path = file.parent.parent.name, file.parent.name, file.stem
        mutation = known.get(name)
        if mutation is not None and path in mutation.where.get(base, []):
            seen = json.loads(file.read_text())
            console = file.with_suffix(".console").read_bytes()
            seen["line"] = verdict.line(watch.ANSI.sub(b"", console), seen)
            yield (base, mutation, path), seen


def rows():
    """The rows of the table, and complaints about those that are left out of it."""
    found = list(results())
    usual = {
        (base, path): seen["idle"] or 0
        for (base, mutation, path), seen in found
        if mutation.name == "baseline"
    }
    table, complaints = [], []
    for (base, mutation, path), seen in found:
        name = f"{mutation.name} {base} {path}"
        outcome = seen["outcome"]
        link = "-" if outcome in FINE else mutation.link_at(base)
        if outcome == "UNSETTLED":
            complaints.append(f"{name}: not settled")
            continue
        if outcome not in FINE and link == "-":
            complaints.append(f"{name}: {outcome}, and no link is said to break: {seen['line']}")
            continue
        delay = "-"
        if outcome not in verdict.DOWN and seen["idle"] is not None:
            late = seen["idle"] - usual.get((base, path), 3)
            delay = str(5 * round(late / 5)) if late > NOISE else "-"
        row = {key: str(seen.get(key, "")) for key in COLUMNS}
        row |= {"mutation": mutation.name, "base": base, "path": path, "delay": delay}
        row |= {"link": link, "what": mutation.what}
        table.append(row)
    return sorted(table, key=lambda row: [row[key] for key in COLUMNS[:3]]), complaints


def write():
    """Writes the table and the manifests of its rows."""
    table, complaints = rows()
    with open(TRUTH, "w", encoding="ascii", newline="") as file:
        out = csv.DictWriter(
            file, COLUMNS, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None
        )
        out.writeheader()
        out.writerows(table)
    devices = {}
    for (base, mutation, path), seen in results():
        devices.setdefault((base, mutation.name), seen["devices"])
    sizes = {}
    below = {}
    for row in table:
        base, name = row["base"], row["mutation"]
        if base not in below:
            below[base] = manifest.base_lines(base)
            usual = devices.get((base, "baseline"), devices[base, name])
            if not (manifest.MANIFESTS / f"{base}.jsonl.xz").exists():
                sizes[base] = manifest.write_base(base, usual)
        usual = devices.get((base, "baseline"), devices[base, name])
        if not manifest.delta_path(base, name).exists():
            sizes[base, name] = manifest.write_delta(base, name, devices[base, name], usual, below[base])
    rows_of = {(row["base"], row["mutation"]) for row in table}
    for file in manifest.MANIFESTS.glob("*/*.jsonl*"):
        if (file.parent.name, file.name.split(".")[0]) not in rows_of:
            file.unlink()
    return table, complaints, sizes


def read():
    """The rows that are in the repository."""
    with open(TRUTH, encoding="ascii", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))

