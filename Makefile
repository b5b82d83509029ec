# Everything here is a short word for a command that also works by itself.
# The two commands of the README need neither make nor anything below.

.DEFAULT_GOAL := help
.PHONY: help build test race fuzz lint bench bench-accuracy bench-peers check-deploy cover fmt tidy clean

GO       ?= go
FUZZTIME ?= 30s
LINT     := .cache/bin/golangci-lint
PEERS    := .cache/bin/peers
ACCURACY := .cache/bin/accuracy
GITLEAKS := .cache/bin/gitleaks
RUNS     ?= 3
LIMIT    ?= 30m

# The optional parts of the tests: what is named here fails instead of being
# skipped when its tool is missing.
QLEAKS_REQUIRE ?= $(shell bash .ci/run --parts)

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | \
		awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

build: ## the program, as ./qleaks
	CGO_ENABLED=0 $(GO) build -trimpath -o qleaks ./cmd/qleaks

test: ## all tests with the race detector and the optional parts
	QLEAKS_REQUIRE=$(QLEAKS_REQUIRE) $(GO) test -race ./...

race: ## all tests with the race detector, ten times, in random order
	$(GO) test -race -count=10 -shuffle=on ./...

fuzz: ## every fuzz target for FUZZTIME (default 30s)
	bash .ci/fuzz $(FUZZTIME)

lint: $(LINT) ## golangci-lint, by its own module file
	$(LINT) run ./...

$(LINT): tools/go.mod tools/go.sum
	$(GO) -C tools build -o ../$(LINT) github.com/golangci/golangci-lint/v2/cmd/golangci-lint

bench: ## all benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-peers: ## beside gitleaks, git and ripgrep: REPOS="DIR DIR" [RUNS=3] [LIMIT=30m], see docs/performance.md
	@$(GO) -C tools/peers build -o ../../$(PEERS) .
	@$(PEERS) -root $(CURDIR) -runs $(RUNS) -limit $(LIMIT) $(REPOS)

bench-accuracy: ## recall and precision on testdata/corpus, beside gitleaks, see docs/accuracy.md
	@CGO_ENABLED=0 $(GO) -C tools/peers/gitleaks build -o ../../../$(GITLEAKS) github.com/zricethezav/gitleaks/v8
	@$(GO) -C tools/peers build -o ../../$(ACCURACY) ./accuracy
	@$(ACCURACY) -corpus testdata/corpus -gitleaks $(GITLEAKS)

check-deploy: ## the files of deploy/ as Docker Compose and Kubernetes read them
	@$(GO) -C tools/peers/deploy run . ../../../deploy

cover: ## coverage by function, and coverage.out
	$(GO) test -coverpkg=./... -coverprofile=coverage.out ./...
	$(GO) tool cover -func=coverage.out

fmt: $(LINT) ## formats the source and groups the imports
	$(LINT) fmt

tidy: ## brings go.mod and those of the tools in order
	$(GO) mod tidy
	$(GO) -C tools mod tidy
	$(GO) -C tools/peers mod tidy
	$(GO) -C tools/peers/gitleaks mod tidy
	$(GO) -C tools/peers/openbao mod tidy
	$(GO) -C tools/peers/act mod tidy
	$(GO) -C tools/peers/deploy mod tidy

clean: ## removes what was made here
	rm -rf .cache coverage.out qleaks qleaks.exe
