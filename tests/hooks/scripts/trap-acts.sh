#!/bin/bash
trap '[[ $state == MASTER ]] && systemctl start app' EXIT
name=$2
state=$3
if [[ $name != VI_lan ]]; then
    trap - EXIT
    exit 0
fi
