# Reading a status file of 3,000 packages beside reading its bytes.
root tools rpm,pacman-package-manager,makepkg,sqlite3,libarchive-tools
status=$work/status.big
awk 'BEGIN { RS = ""; ORS = "\n\n" } { print }' "$store/tools/var/lib/dpkg/status" >"$work/one"
for n in $(seq 40); do sed "s/^Package: /&x$n-/" "$work/one"; done |
    awk 'BEGIN { RS = ""; ORS = "\n\n" } NR <= 3000 { print }' >"$status"
said=$("$ask" time "$status")
if echo "$said" | awk '{ exit !($1 == 3000 && $3 <= 3) }'; then
    pass "a status file: $said"
else
    fail "a status file: $said"
fi
