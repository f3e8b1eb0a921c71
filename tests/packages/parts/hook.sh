# apt's hook for real: apt is stopped before dpkg runs in the bad cases, and only there.
root hook systemd-sysv,linux-image-cloud-amd64,initramfs-tools,grub-pc,ifupdown,openssh-server,keepalived,libpam-systemd,dbus,e2fsprogs

# deb FILE NAME VERSION MORE DIR: an archive of DIR.
deb() {
    local dir=$work/build.$2.$3
    rm -rf "$dir"
    mkdir -p "$dir/DEBIAN"
    [ -z "${5:-}" ] || cp -a "$5/." "$dir/"
    printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: nobody <nobody@example.org>\n%sDescription: made for a test\n' \
        "$2" "$3" "$4" >"$dir/DEBIAN/control"
    dpkg-deb --root-owner-group --build -Zgzip "$dir" "$1" >/dev/null
}

# keepalived MORE: a configuration, with another address.
keepalived() {
    cat <<EOF
vrrp_instance both {
    interface eth0
    state MASTER
    virtual_router_id 7
    priority 100
    virtual_ipaddress {
        192.0.2.1/24
        $1
    }
}
EOF
}

# A box as it boots, with comeback as a package of its own.
prepare() {
    local at=$1 release version
    release=$(basename "$(ls -d "$at"/usr/lib/modules/*)")
    cat >"$at/etc/fstab" <<<"UUID=11111111-2222-3333-4444-555555555555 / ext4 defaults 0 1"
    printf 'auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet static\n    address 192.0.2.5/24\n' \
        >"$at/etc/network/interfaces"
    mkdir -p "$at/boot/grub" "$at/debs" "$at/run/sshd"
    cat >"$at/boot/grub/grub.cfg" <<EOF
set default=0
set timeout=5
menuentry 'Debian' {
  search --no-floppy --fs-uuid --set=root 11111111-2222-3333-4444-555555555555
  linux /boot/vmlinuz-$release root=UUID=11111111-2222-3333-4444-555555555555 ro quiet
  initrd /boot/initrd.img-$release
}
EOF
    cp -a "$at/usr/lib/grub/i386-pc" "$at/boot/grub/"
    # There is no disk below this root that GRUB could find.
    chmod -x "$at"/etc/kernel/post*.d/zz-update-grub
    cp /etc/resolv.conf "$at/etc/resolv.conf"
    printf '#!/bin/sh\nexit 101\n' >"$at/usr/sbin/policy-rc.d"
    chmod 755 "$at/usr/sbin/policy-rc.d"
    keepalived '' >"$at/etc/keepalived/keepalived.conf"
    local files=$work/comeback.files
    rm -rf "$files"
    install -D -m 755 "$comeback" "$files/usr/bin/comeback"
    install -D -m 755 "$here/contrib/apt/apt-hook" "$files/usr/lib/comeback/apt-hook"
    install -D -m 644 "$here/contrib/apt/90comeback" "$files/etc/apt/apt.conf.d/90comeback"
    for version in 1 2; do
        deb "$at/debs/comeback_$version.deb" comeback "$version" '' "$files"
    done
    local old=$work/keepalived.old
    rm -rf "$old"
    install -D -m 755 "$at/usr/sbin/keepalived" "$old/usr/sbin/keepalived"
    install -D -m 644 "$at/lib/systemd/system/keepalived.service" \
        "$old/lib/systemd/system/keepalived.service"
    deb "$at/debs/keepalived_old.deb" keepalived 1:1.2.13-1 '' "$old"
    install -D -m 755 /bin/true "$work/tool/usr/bin/harmless"
    deb "$at/debs/harmless.deb" harmless 1 '' "$work/tool"
    deb "$at/debs/harmless2.deb" harmless 2 '' "$work/tool"
    chroot "$at" dpkg -i /debs/comeback_1.deb >/dev/null 2>&1
}

[ -e "$store/hooked/.ready" ] && [ "$store/hooked/.ready" -nt "$comeback" ] || {
    rm -rf --one-file-system "${store:?}/hooked"
    cp -a "$store/hook" "$store/hooked"
    prepare "$store/hooked"
    chroot "$store/hooked" apt-get update >"$work/update" 2>&1 || skip "no mirror in the root"
    touch "$store/hooked/.ready"
}

apt() {
    chroot "$box" env DEBIAN_FRONTEND=noninteractive LC_ALL=C ${reason:+COMEBACK_ACCEPT="$reason"} \
        apt-get -y --no-install-recommends --allow-remove-essential --allow-downgrades \
        -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@" >"$work/said" 2>&1
}

fingerprint() { cat "$box/var/lib/dpkg/status" "$box/var/log/dpkg.log" | md5sum; }

# stops WHAT RULE APT...: apt does not come to dpkg, and the rule is named.
stops() {
    local what=$1 rule=$2 before
    shift 2
    before=$(fingerprint)
    if apt "$@"; then
        fail "$what: apt was not stopped" "$(grep -v '^Get' "$work/said" | tail -15)"
    elif [ "$before" != "$(fingerprint)" ]; then
        fail "$what: dpkg ran all the same" "$(tail -8 "$work/said")"
    elif ! grep -q "^block\[$rule\]" "$work/said"; then
        fail "$what: stopped by another rule" "$(grep -E '^(block|E:|comeback)' "$work/said")"
    else
        pass "$what: stopped, $rule"
    fi
}

# goes WHAT APT...: apt is not stopped.
goes() {
    local what=$1
    shift
    if apt "$@" && ! grep -q "^comeback: apt was stopped" "$work/said"; then
        pass "$what: goes through$(grep -m1 '^comeback: no verdict' "$work/said")"
    else
        fail "$what: stopped or failed" "$(grep -E '^(block|warn|comeback|E:|dpkg)' "$work/said" | tail -15)"
    fi
}

fresh() {
    rm -rf --one-file-system "${work:?}/box"
    cp -a "$store/hooked" "$work/box"
    box=$work/box
}

fresh
kernel=$(basename "$(ls -d "$box"/usr/lib/modules/*)")
if "$comeback" check --tree full "$box" >"$work/whole" 2>&1; then
    pass "the box is whole before"
else
    fail "the box is whole before" "$(grep -A6 -E '^(block|undecided)' "$work/whole")"
fi
stops "remove systemd-sysv" init-missing remove systemd-sysv
stops "remove the kernel" packages-role-removed remove "linux-image-$kernel" linux-image-cloud-amd64
stops "remove openssh-server" packages-role-removed remove openssh-server
stops "remove initramfs-tools" packages-role-removed remove initramfs-tools
stops "remove grub-pc" packages-role-removed remove grub-pc grub2-common
stops "remove ifupdown" packages-role-removed remove ifupdown
chroot "$box" dpkg -i /debs/keepalived_old.deb >/dev/null 2>&1
keepalived 2001:db8::1/64 >"$box/etc/keepalived/keepalived.conf"
stops "keepalived across the boundary" failover-mixed-families install keepalived

keepalived '' >"$box/etc/keepalived/keepalived.conf"
goes "install something harmless" install /debs/harmless.deb
goes "upgrade it" install /debs/harmless2.deb
goes "remove it" remove harmless
goes "full upgrade, with keepalived across the boundary" dist-upgrade
chroot "$box" dpkg --force-depends --remove systemd-sysv >/dev/null 2>&1
goes "reinstall systemd-sysv on a broken box" install systemd-sysv
chroot "$box" dpkg --force-depends --remove libpam-systemd libnl-genl-3-200 >/dev/null 2>&1
goes "apt-get -f install" -f install
goes "upgrade comeback itself" install /debs/comeback_2.deb

reason="a test of the override"
goes "the override, by the environment" remove ifupdown
reason=
if grep -q "packages-role-removed: a test of the override" "$box/var/log/comeback-apt.log"; then
    pass "the override is logged with reason and rule"
else
    fail "the override is logged" "$(cat "$box/var/log/comeback-apt.log" 2>&1)"
fi
goes "the override, by apt's option" -o Comeback::Accept='nobody logs in here' remove openssh-server
grep -q "nobody logs in here" "$box/var/log/comeback-apt.log" || fail "apt's option is logged"

goes "remove comeback itself" remove comeback
[ -e "$box/etc/apt/apt.conf.d/90comeback" ] || echo "      the snippet went too"
cp "$here/contrib/apt/90comeback" "$box/etc/apt/apt.conf.d/90comeback"
goes "with the snippet left behind" install /debs/harmless.deb

fresh
# A transaction that changes nothing breaks nothing, whatever its packages have between them.
everything=$(chroot "$box" dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' | sed -n 's/^ii //p')
# shellcheck disable=SC2086 # a list of words
goes "reinstall every package" install --reinstall $everything
fresh
goes "install sysvinit-core, which replaces the init" install sysvinit-core
fresh
goes "install another kernel" install linux-image-rt-amd64
