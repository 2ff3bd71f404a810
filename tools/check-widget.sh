#!/usr/bin/env bash
# Opens pages with the related-content box in Chromium, and looks at them with axe-core. What is missing is installed; what cannot be is a failure.
# AKIN_CHROMIUM names a browser other than the system's, AKIN_PICTURES a folder for pictures of the pages.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

command -v "${AKIN_CHROMIUM:-chromium}" >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; }
AKIN_CHROMIUM=$(command -v "${AKIN_CHROMIUM:-chromium}")
export AKIN_CHROMIUM
"$AKIN_CHROMIUM" --version

# axe-core stays out of the repository: its licence is another (MPL-2.0), and only the tests read it.
command -v npm >/dev/null || { apt-get update -qq && apt-get install -y -qq npm; }
(cd "$work" && npm pack --silent axe-core@4.14.1 >/dev/null && tar -xzf axe-core-4.14.1.tgz package/axe.min.js)
export AKIN_AXE="$work/package/axe.min.js"
echo "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c  $AKIN_AXE" | sha256sum --check --quiet

go vet -tags browser ./server/gateway/widget
go tool -modfile=tools/lint.mod staticcheck -tags browser ./server/gateway/widget
go test -count=1 -v -tags browser ./server/gateway/widget
