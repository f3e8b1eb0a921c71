#!/bin/bash
mine=(gw4 lan)
if [[ " ${mine[*]} " == *" $2 "* ]]; then
    systemctl reload bird
fi
