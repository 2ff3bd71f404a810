#!/usr/bin/env bash
# Makes a client of the API's OpenAPI description by a stock generator, and asks a server by it: tools/check-openapi.sh AKIN, where AKIN is the built command.
set -euo pipefail
akin=$(realpath "$1")
description=$(realpath "$(dirname "$0")/../server/gateway/akin.swagger.yaml")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT

"$akin" demo --listen 127.0.0.1:0 --http 127.0.0.1:0 >"$work/demo.log" 2>&1 &
server=$!
go build -modfile=tools/swagger.mod -o "$work/swagger" github.com/go-swagger/go-swagger/cmd/swagger
cp tools/openapi/* "$work"
for _ in $(seq 300); do
  address=$(sed -n 's/.*HTTP on \([0-9.:]*\),.*/\1/p' "$work/demo.log")
  [ -n "$address" ] && break
  sleep 0.1
done
[ -n "$address" ] || { cat "$work/demo.log"; exit 1; }
cd "$work"
./swagger generate client -q -f "$description" -t .
go vet ./...
go run . "$address"
echo 'a generated client compiles and is answered'
