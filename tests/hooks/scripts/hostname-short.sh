#!/bin/bash
HOST=$(hostname -s)
if [[ "$HOST-$2" == lb1-gw6 ]]; then
    systemctl restart radvd
fi
