#!/bin/sh
# Installs this version of tumorcast for the current user: no administrator, no network.
#   sh install.sh [FOLDER]      FOLDER: where versions are kept [~/.local/share/tumorcast]
# An earlier version stays beside it; the file FOLDER/current says which one `tumorcast` runs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-${XDG_DATA_HOME:-$HOME/.local/share}/tumorcast}
version=$(cat "$here/VERSION")
wanted=$(cat "$here/PYTHON")
python=${PYTHON:-}
for name in "python$wanted" python3; do
    [ -n "$python" ] || python=$(command -v "$name" || true)
done
found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') || found=none
if [ "$found" != "$wanted" ]; then
    echo "error: these wheels are of Python $wanted, found $found (set PYTHON=/path/to/python$wanted)" >&2
    exit 2
fi
(cd "$here" && sha256sum --check --quiet SHA256SUMS)
new="$folder/versions/$version"
if [ -e "$new" ]; then
    echo "error: $new is there already (remove it to install again)" >&2
    exit 2
fi
work="$new.partial"
rm -rf "$work"
mkdir -p "$work" "$folder/bin"
trap 'rm -rf "$work" "$new"' EXIT
mv "$work" "$new"    # a virtual environment cannot be moved once it is made
"$python" -m venv --without-pip "$new"
pip=$(echo "$here"/wheels/pip-*.whl)
"$new/bin/python" "$pip/pip" install --quiet --no-index --no-deps --no-cache-dir --no-compile --disable-pip-version-check \
    --find-links "$here/wheels" --require-hashes -r "$here/requirements.txt"
"$new/bin/tumorcast" slides viewer --from "$here"/openseadragon-*.tgz >/dev/null
"$new/bin/tumorcast" --version
trap - EXIT
echo "$version" > "$folder/current.new"
mv "$folder/current.new" "$folder/current"
cat > "$folder/bin/tumorcast" <<'EOF'
#!/bin/sh
folder=$(cd "$(dirname "$0")/.." && pwd)
exec "$folder/versions/$(cat "$folder/current")/bin/tumorcast" "$@"
EOF
chmod +x "$folder/bin/tumorcast"
echo "installed: $folder/bin/tumorcast  (an earlier version again: echo VERSION > $folder/current)"
