# The hooks of dnf and pacman for real: each is stopped before it changes anything in the
# bad cases, and only there. There is no Fedora and no Arch here: a bootable Debian root
# whose dpkg database is taken away, and whose files packages of the other family own.
root managers systemd-sysv,linux-image-cloud-amd64,initramfs-tools,grub-pc,ifupdown,openssh-server,libpam-systemd,dbus,e2fsprogs,dnf,rpm,pacman-package-manager,libarchive-tools,python3

# A box that boots, with comeback but without dpkg's database.
box() {
    box=$(copy managers)
    local release
    release=$(basename "$(ls -d "$box"/usr/lib/modules/*)")
    cat >"$box/etc/fstab" <<<"UUID=11111111-2222-3333-4444-555555555555 / ext4 defaults 0 1"
    printf 'auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet static\n    address 192.0.2.5/24\n' \
        >"$box/etc/network/interfaces"
    mkdir -p "$box/boot/grub" "$box/build" "$box/run/sshd"
    cat >"$box/boot/grub/grub.cfg" <<EOF
set default=0
set timeout=5
menuentry 'Linux' {
  search --no-floppy --fs-uuid --set=root 11111111-2222-3333-4444-555555555555
  linux /boot/vmlinuz-$release root=UUID=11111111-2222-3333-4444-555555555555 ro quiet
  initrd /boot/initrd.img-$release
}
EOF
    cp -a "$box/usr/lib/grub/i386-pc" "$box/boot/grub/"
    install -D -m 755 "$comeback" "$box/usr/bin/comeback"
    rm -rf "$box/var/lib/dpkg"
}

# inside COMMAND...: in the box, with processes and mounts of its own.
inside() {
    # shellcheck disable=SC2016
    unshare --mount --pid --fork chroot "$box" \
        sh -c 'mount -t proc proc /proc && "$@"; exit $?' sh "$@"
}

# judged WHAT stops|goes COMMAND...: whether the manager goes through.
judged() {
    local what=$1 how=$2
    shift 2
    inside env LC_ALL=C ${reason:+COMEBACK_ACCEPT="$reason"} "$@" >"$work/said" 2>&1
    local status=$?
    if [ "$how" = stops ] && { [ "$status" = 0 ] || ! grep -q '^block\[' "$work/said"; }; then
        fail "$what: not stopped (status $status)" "$(tail -15 "$work/said")"
    elif [ "$how" = goes ] && { [ "$status" != 0 ] || grep -q 'is stopped before' "$work/said"; }; then
        fail "$what: stopped or failed (status $status)" "$(grep -E '^(block|comeback|error|Error)' "$work/said"; tail -12 "$work/said")"
    elif grep -q 'no verdict' "$work/said"; then
        fail "$what: no verdict" "$(grep comeback "$work/said")"
    else
        pass "$what: $how$(sed -n 's/^block\[\(.*\)\].*/, \1/p' "$work/said" | sort -u | tr -d '\n')"
    fi
}

# --- pacman -------------------------------------------------------------------

box
# pac NAME VERSION DIR: an archive of DIR.
pac() {
    printf 'pkgname = %s\npkgver = %s\npkgdesc = made for a test\narch = any\nsize = 1\n' "$1" "$2" >"$3/.PKGINFO"
    (cd "$3" && tar --zstd -cf "$box/build/$1-$2-any.pkg.tar.zst" .PKGINFO $(ls))
}
mkdir -p "$work/p/init/usr/sbin" "$work/p/noinit/usr/share/doc/init" "$work/p/tool/usr/bin"
ln -s ../lib/systemd/systemd "$work/p/init/usr/sbin/init"
echo "nothing else" >"$work/p/noinit/usr/share/doc/init/README"
install -m 755 /bin/true "$work/p/tool/usr/bin/harmless"
pac init 1-1 "$work/p/init"
pac init 2-1 "$work/p/init"
pac init 3-1 "$work/p/noinit"
pac harmless 1-1 "$work/p/tool"
pac harmless 2-1 "$work/p/tool"
sed -i 's/^CheckSpace/#&/' "$box/etc/pacman.conf"
mkdir -p "$box/var/lib/pacman/local" "$box/var/cache/pacman/pkg" "$box/dev" "$box/proc"
rm -f "$box/usr/sbin/init"
chroot "$box" pacman -U --noconfirm /build/init-1-1-any.pkg.tar.zst >"$work/said" 2>&1 ||
    fail "pacman -U without the hook" "$(tail -3 "$work/said")"
install -D -m 755 "$here/contrib/pacman/pacman-hook" "$box/usr/lib/comeback/pacman-hook"
install -D -m 644 -t "$box/usr/share/libalpm/hooks" "$here"/contrib/pacman/comeback-*.hook
judged "pacman installs something harmless" goes pacman -U --noconfirm /build/harmless-1-1-any.pkg.tar.zst
judged "pacman upgrades it" goes pacman -U --noconfirm /build/harmless-2-1-any.pkg.tar.zst
judged "pacman upgrades the init" goes pacman -U --noconfirm /build/init-2-1-any.pkg.tar.zst
judged "pacman takes the init away" stops pacman -R --noconfirm init
judged "pacman upgrades to a package without the init" stops pacman -U --noconfirm /build/init-3-1-any.pkg.tar.zst
[ -L "$box/usr/sbin/init" ] && pass "pacman changed nothing" || fail "pacman changed nothing"
judged "pacman takes away something harmless" goes pacman -R --noconfirm harmless
reason="a test of the override"
judged "pacman with a reason" goes pacman -R --noconfirm init
reason=
if grep -q "init-missing.*: a test of the override" "$box/var/log/comeback-pacman.log"; then
    pass "the reason is logged"
else
    fail "the reason is logged" "$(cat "$box/var/log/comeback-pacman.log" 2>&1)"
fi
judged "pacman repairs the box" goes pacman -U --noconfirm /build/init-1-1-any.pkg.tar.zst
ls "$box"/run/comeback-pacman* >/dev/null 2>&1 && fail "a list was left behind" || pass "no list is left behind"
rm "$box/usr/bin/comeback"
judged "pacman where comeback was removed" goes pacman -R --noconfirm init

# --- dnf ------------------------------------------------------------------------

box
mkdir -p "$box/build"
# spec NAME VERSION FILES: a package of a link or a program.
spec() {
    cat >"$box/build/$1.spec" <<EOF
Name: $1
Version: $2
Release: 1
Summary: made for a test
License: none
BuildArch: noarch
%description
Made for a test.
%install
mkdir -p %{buildroot}/usr/sbin %{buildroot}/usr/bin %{buildroot}/usr/share/$1
ln -s ../lib/systemd/systemd %{buildroot}/usr/sbin/init
printf '#!/bin/sh\n' > %{buildroot}/usr/bin/harmless
echo read me > %{buildroot}/usr/share/$1/README
for dir in $4; do rm -rf %{buildroot}/usr/\$dir; done
%files
$3
EOF
    chroot "$box" sh -c "cd /build && rpmbuild --quiet --define '_topdir /build' -bb $1.spec" \
        >"$work/rpmbuild" 2>&1 || fail "rpmbuild" "$(tail -3 "$work/rpmbuild")"
}
spec init 1 /usr/sbin/init 'bin share'
spec init 2 /usr/sbin/init 'bin share'
spec init 3 /usr/share/init/README 'bin sbin'
spec harmless 1 /usr/bin/harmless 'sbin share'
spec harmless 2 /usr/bin/harmless 'sbin share'
rpms=/build/RPMS/noarch
rm -f "$box/usr/sbin/init"
# Debian's rpm keeps its database in the home directory.
mkdir -p "$box/etc/rpm" && echo '%_dbpath /var/lib/rpm' >"$box/etc/rpm/macros"
chroot "$box" rpm --initdb
chroot "$box" rpm -i --nodeps $rpms/init-1-1.noarch.rpm 2>/dev/null || fail "rpm -i"
dnf() { judged "$1" "$2" dnf -y --setopt=install_weak_deps=0 --setopt=keepcache=1 "${@:3}"; }
plugins=$(ls -d "$box"/usr/lib/python3*/*-packages/dnf-plugins 2>/dev/null | head -1)
plugins=${plugins:-$box/usr/lib/python3/dist-packages/dnf-plugins}
install -D -m 644 "$here/contrib/dnf/comeback.py" "$plugins/comeback.py"
dnf "dnf installs something harmless" goes install $rpms/harmless-1-1.noarch.rpm
dnf "dnf upgrades it" goes upgrade $rpms/harmless-2-1.noarch.rpm
dnf "dnf upgrades the init" goes upgrade $rpms/init-2-1.noarch.rpm
dnf "dnf takes the init away" stops remove init
dnf "dnf upgrades to a package without the init" stops upgrade $rpms/init-3-1.noarch.rpm
[ -L "$box/usr/sbin/init" ] && pass "dnf changed nothing" || fail "dnf changed nothing"
dnf "dnf takes away something harmless" goes remove harmless
reason="a test of the override"
dnf "dnf with a reason" goes remove init
reason=
if grep -q "init-missing.*: a test of the override" "$box/var/log/comeback-dnf.log"; then
    pass "the reason is logged"
else
    fail "the reason is logged" "$(cat "$box/var/log/comeback-dnf.log" 2>&1)"
fi
dnf "dnf repairs the box" goes install $rpms/init-1-1.noarch.rpm
rm "$box/usr/bin/comeback"
dnf "dnf where comeback was removed" goes remove init
