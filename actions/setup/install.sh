#!/usr/bin/env bash
# Finds the tagboat binary that belongs to this checkout, or makes it, and names it
# in the step's outputs. With --path it also goes on PATH for the following steps.
# No secrets come here: this step has none in its environment.
set -euo pipefail

fail() { # code, what is wrong, what to do
  echo "::error title=$1::$2" >&2
  echo "hint: $3" >&2
  exit 1
}

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd -- "$here/../.." && pwd -P)
lock=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$here/release.lock")
[ "$lock" = source ] ||
  fail E_SETUP_LOCK "actions/setup/release.lock says \"$lock\"" "the one line that it may hold is: source"

# The version is a hash of everything that the binary is made from, so that a
# changed file is a new version and the same files are built once.
sources() {
  cd -- "$root"
  find cmd internal testdata go.mod go.sum -type f ! -name '*_test.go' -print0 | LC_ALL=C sort -z
}
if command -v sha256sum >/dev/null; then sum=(sha256sum); else sum=(shasum -a 256); fi
hash=$(sources | (cd -- "$root" && xargs -0 "${sum[@]}") | "${sum[@]}" | cut -c1-12)
version="0.0.0-src.$hash"
arch=${RUNNER_ARCH:-$(uname -m)}
cache=${RUNNER_TOOL_CACHE:-}
if [ -z "$cache" ] || ! mkdir -p "$cache" 2>/dev/null || [ ! -w "$cache" ]; then
  cache=${RUNNER_TEMP:-${TMPDIR:-/tmp}}/tool-cache
fi
folder=$cache/tagboat/$version/$arch
binary=$folder/tagboat

# <arch>.complete marks a whole entry of the runner's tool cache.
if [ ! -f "$folder.complete" ] || [ ! -x "$binary" ]; then
  command -v go >/dev/null ||
    fail E_SETUP_GO "there is no go on PATH to build tagboat with" "put actions/setup-go before this step, or use a runner that has Go"
  echo "Building tagboat $version" >&2
  mkdir -p "$folder"
  fresh=$(mktemp -d "$folder/build.XXXXXX")
  trap 'rm -rf -- "$fresh"' EXIT
  # actions/setup-go leaves GOTOOLCHAIN=local in the job, with the Go of another project.
  (cd -- "$root" && GOTOOLCHAIN=auto CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/seed-96940006/tagboat/internal/cli.release=$version" -buildvcs=false -o "$fresh/tagboat" ./cmd/tagboat) ||
    fail E_SETUP_BUILD "tagboat does not build with $(go version)" "go.mod names the version of Go that it needs, which go build fetches where it may: put actions/setup-go with that version before this step, or let the runner reach proxy.golang.org"
  mv -f -- "$fresh/tagboat" "$binary" # another job may do the same at this moment; both are the same file
  : >"$folder.complete"
fi

echo "tagboat $version: $binary" >&2
{
  echo "binary=$binary"
  echo "version=$version"
} >>"${GITHUB_OUTPUT:-/dev/stdout}"
if [ "${1:-}" = --path ] && [ -n "${GITHUB_PATH:-}" ]; then
  echo "$folder" >>"$GITHUB_PATH"
fi
