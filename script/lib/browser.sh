# shellcheck shell=bash
# Finds a Chromium for the tests that look at the real page, or installs Debian's. Needs script/lib/python.sh.
# shellcheck source=script/lib/python.sh
source script/lib/python.sh

# Exports TIDEWATT_BROWSER, the path of a Chromium or Chrome.
find_browser() {
  local name
  for name in "${TIDEWATT_BROWSER:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
      TIDEWATT_BROWSER=$(command -v "$name")
      export TIDEWATT_BROWSER
      return
    fi
  done
  if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
    give_up "no Chromium or Chrome found for the page tests. Install one, or name it in TIDEWATT_BROWSER."
  fi
  say "installing Debian's chromium for the page tests"
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends chromium; } >/dev/null ||
    give_up "Debian's chromium could not be installed."
  find_browser
}
