#!/bin/sh
if grep -qx "$2" <<EOT
gw4
VI_lan
EOT
then
    [ "$3" = MASTER ] && systemctl start radvd
fi
exit 0
