#!/usr/bin/env bash
# Writes manual pages and completions into a directory, for packages:
# packaging/extras.sh DIR
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:?which directory}
rm -rf "$out"
mkdir -p "$out/completions"
program=$out/qleaks
# goreleaser sets these for the programs that it builds; this one runs here.
GOOS='' GOARCH='' CGO_ENABLED=0 go build -trimpath -o "$program" ./cmd/qleaks
"$program" man "$out/man"
"$program" completion bash >"$out/completions/qleaks.bash"
"$program" completion zsh >"$out/completions/_qleaks"
"$program" completion fish >"$out/completions/qleaks.fish"
"$program" completion powershell >"$out/completions/qleaks.ps1"
rm "$program"
