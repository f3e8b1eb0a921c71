# pacman's database, made by pacman itself.
root tools rpm,pacman-package-manager,makepkg,sqlite3,libarchive-tools
arch=$(copy tools)
mkdir -p "$arch/pkgs"
sed -i "s/^CheckSpace/#&/" "$arch/etc/pacman.conf"
for n in $(seq 12); do
    dir=$work/pac/$n
    mkdir -p "$dir/opt/p$n" "$dir/etc"
    for f in $(seq 40); do echo "$f" >"$dir/opt/p$n/$f"; done
    echo conf >"$dir/etc/p$n.conf"
    cat >"$dir/.PKGINFO" <<EOF
pkgname = pac$n
pkgver = 1.$n-1
pkgdesc = a package for a test
arch = any
size = 100
backup = etc/p$n.conf
EOF
    (cd "$dir" && tar -cf "$arch/pkgs/pac$n-1.$n-1-any.pkg.tar" .PKGINFO opt etc)
done
mkdir -p "$arch/var/lib/pacman" "$arch/var/cache/pacman/pkg"
chroot "$arch" sh -c 'pacman -U --noconfirm --nodeps --nodeps /pkgs/*.tar' >"$work/pacman" 2>&1 ||
    fail "pacman -U" "$(tail -3 "$work/pacman")"
chroot "$arch" pacman -Q | sort >"$work/theirs"
"$ask" state "$arch" | awk '$1 == "pacman" { print $2, $3 }' | sort >"$work/ours"
same "packages as pacman -Q" "$work/theirs" "$work/ours"
chroot "$arch" pacman -Qlq | grep -v '/$' | sort -u >"$work/paths"
while read -r path; do
    echo "$path $(chroot "$arch" pacman -Qqo "$path" 2>/dev/null | paste -sd,)"
done <"$work/paths" >"$work/theirs"
"$ask" owners "$arch" <"$work/paths" >"$work/ours"
same "owners as pacman -Qo" "$work/theirs" "$work/ours"
