# The README's two commands are `make demo` and `make test`; both need Go and git only.
# Where npm is there, the tests also hold every call against GitHub's own descriptions.
GO ?= go
BIN := bin/tagboat

.PHONY: demo test e2e bench fidelity fuzz generate check build

demo: build ## play the life of a change on this machine, for real
	@$(BIN) demo $(if $(KEEP),--keep)

test: ## every test that needs no daemon
	@./.ci/schemas
	$(GO) test ./...

e2e: ## the actions, run by act in real workflows
	./.ci/e2e

bench: build ## figures, with the commands that made them
	./.ci/bench

fidelity: ## what an edit leaves of a file, beside other tools
	./.ci/fidelity

fuzz: ## look for input that breaks a parser or an edit
	./.ci/fuzz

generate: ## bring action.yml and README tables up to date
	$(GO) run ./internal/generate

check: ## formatting and static analysis
	./.ci/check

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/tagboat
