#!/bin/sh
python3 - "$2" "$3" << 'EOT'
import subprocess
import sys

if sys.argv[1:] == ["gw4", "MASTER"]:
    subprocess.call(["ip", "route", "replace", "default", "via", "192.0.2.1"])
EOT
