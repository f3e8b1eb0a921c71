"""Takes down what cloud-init's own load_power_state says of cases.txt.

usage: python3 record.py DIR > said
DIR holds the unpacked Debian package cloud-init (its usr/lib/python3/dist-packages);
python3-yaml and the packages that cloud-init imports must be there.
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(sys.argv[1], "usr/lib/python3/dist-packages"))

from cloudinit.config import cc_power_state_change as module  # noqa: E402
from cloudinit.distros.debian import Distro  # noqa: E402
from cloudinit import util  # noqa: E402

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "cases.txt")) as cases:
    text = cases.read()


for case in text.split("== ")[1:]:
    name, _, content = case.partition("\n")
    cfg = util.load_yaml(content, default={}) or {}
    try:
        args, _, condition = module.load_power_state(cfg, Distro.__new__(Distro))
        if args is None:
            said = None
        else:
            if isinstance(condition, list):
                condition = " ".join(condition)
            if isinstance(condition, str):
                condition = condition.strip()
            said = [args[1], args[2], condition]
    except Exception:
        said = "refused"
    print(name + "\t" + json.dumps(said))
