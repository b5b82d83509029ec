#!/usr/bin/env bash
# Runs qleaks ci for action.yml. Inputs come in variables and go on as arguments
# of an array: nothing of an event or a repository is ever part of a command.
# Nothing of the scanned repository is run.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=${RUNNER_TEMP:?the runner says where temporary files go}/qleaks-action

fail() {
	printf '::error title=qleaks::%s\n' "$1"
	exit 3
}

# system names the machine as VERSIONS does.
system() {
	local os processor
	case $(uname -s) in
	Linux) os=linux ;;
	Darwin) os=darwin ;;
	MINGW* | MSYS* | CYGWIN*) os=windows ;;
	*) os=unknown ;;
	esac
	case $(uname -m) in
	x86_64 | amd64) processor=amd64 ;;
	aarch64 | arm64) processor=arm64 ;;
	*) processor=unknown ;;
	esac
	printf '%s-%s' "$os" "$processor"
}

# digest prints the SHA-256 of a file.
digest() {
	if command -v sha256sum >/dev/null; then
		sha256sum "$1" | cut -d ' ' -f 1
	else
		shasum -a 256 "$1" | cut -d ' ' -f 1
	fi
}

# download fetches the last release that VERSIONS names for this machine, and
# runs it only if it is the archive whose digest stands there.
download() {
	local line version sum address archive
	line=$(grep -E "^[0-9][^ ]* $(system) [0-9a-f]{64} https://" "$here/VERSIONS" | tail -n 1) || return 1
	read -r version _ sum address <<<"$line"
	archive=$tools/${address##*/}
	curl --fail --silent --show-error --location --proto '=https' --proto-redir '=https' --retry 3 --output "$archive" "$address" ||
		fail "qleaks $version could not be downloaded"
	[ "$(digest "$archive")" = "$sum" ] || fail "the archive of qleaks $version is not the one that was released: it was not run"
	case $archive in
	*.zip) unzip -q -o "$archive" -d "$tools" ;;
	*) tar -xzf "$archive" -C "$tools" ;;
	esac
	case $(system) in
	windows-*) qleaks=$tools/qleaks.exe ;;
	*) qleaks=$tools/qleaks ;;
	esac
	[ -x "$qleaks" ] || fail "the archive of qleaks $version holds no program"
}

# build makes qleaks of the tree that the action is in.
build() {
	command -v go >/dev/null || return 1
	qleaks=$tools/qleaks$(go env GOEXE)
	(cd "$here/.." && GOWORK=off GOFLAGS=-mod=readonly go build -o "$qleaks" ./cmd/qleaks) ||
		fail "qleaks could not be built from the tree of the action"
}

mkdir -p "$tools"
if [ -n "${ACTION_BINARY:-}" ]; then
	qleaks=$ACTION_BINARY
	[ -x "$qleaks" ] || fail "the input binary names no program"
elif ! download && ! build; then
	fail "there is no release for this machine, and no Go to build qleaks with: add actions/setup-go before this step, or name a program with the input binary"
fi

arguments=(ci "--mode=${ACTION_MODE:-auto}")
[ -z "${ACTION_BASE:-}" ] || arguments+=("--base=$ACTION_BASE")
[ -z "${ACTION_HEAD:-}" ] || arguments+=("--head=$ACTION_HEAD")
[ -z "${ACTION_FAIL_ON:-}" ] || arguments+=("--fail-on=$ACTION_FAIL_ON")
[ -z "${ACTION_CONFIDENCE:-}" ] || arguments+=("--confidence=$ACTION_CONFIDENCE")
[ -z "${ACTION_CONFIG:-}" ] || arguments+=("--config=$ACTION_CONFIG")
[ -z "${ACTION_BASELINE:-}" ] || arguments+=("--baseline=$ACTION_BASELINE")
[ -z "${ACTION_LEDGER:-}" ] || arguments+=("--ledger=$ACTION_LEDGER")
[ -z "${ACTION_SARIF:-}" ] || arguments+=("--report=sarif=$ACTION_SARIF")
[ -z "${ACTION_JSON:-}" ] || arguments+=("--report=json=$ACTION_JSON")
[ "${ACTION_VERIFY:-false}" != true ] || arguments+=(--verify)
[ "${ACTION_COMMENT:-false}" != true ] || arguments+=(--comment)
[ "${ACTION_SUMMARY:-true}" != false ] || arguments+=(--no-summary)
while IFS= read -r line; do
	[ -z "$line" ] || arguments+=("$line")
done <<<"${ACTION_ARGS:-}"

exec "$qleaks" "${arguments[@]}" -- "${ACTION_PATH_TO_SCAN:-.}"
