#!/bin/bash
set -euo pipefail
name=${2:?no name}
state=${3:?no state}
[[ $name == gw4 ]] || exit 0
[[ $state == MASTER ]] || exit 0
ip route replace default via 192.0.2.1 || logger 'no route'
