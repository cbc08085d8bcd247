# `make help` lists what there is.

CARGO ?= cargo
CONFIG ?=
ARCH ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## build and start a dev instance on http://localhost:8080, data in ./data
	$(CARGO) run -- serve --dev $(if $(CONFIG),--config $(CONFIG))

.PHONY: test
test: ## all of the project's own tests
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		set -x; $(CARGO) nextest run --locked --no-fail-fast; \
	else \
		set -x; $(CARGO) test --locked --no-fail-fast; \
	fi

.PHONY: clients
clients: ## real clients and peers against two instances (needs Python 3.11 and Node 20)
	$(CARGO) build --locked
	tests/clients/run.sh

.PHONY: check
check: ## formatting and lints
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

.PHONY: deny
deny: ## licences, sources, doubles and known flaws of the libraries (needs cargo-deny)
	assets/packaging/deny.sh

.PHONY: release
release: ## one static program as it is shipped, target/dist/dassie-linux-<arch> (ARCH=aarch64)
	assets/packaging/release.sh $(ARCH)

.PHONY: deb
deb: release ## and a Debian package of it, with a service, man pages and completions
	assets/packaging/deb.sh $(ARCH)

.PHONY: image
image: release ## and two container images, dassie:latest and dassie:media
	assets/packaging/image.sh $(ARCH)

.PHONY: bench
bench: ## what it costs, measured on a seeded database (ARGS="--quick" for a short look)
	$(CARGO) bench --locked --bench figures -- $(ARGS)

.PHONY: soak
soak: ## a year of relays on a small disk, in the time of a turned clock (ARGS="--days 30 --weekly")
	$(CARGO) bench --locked --bench soak -- $(ARGS)

.PHONY: hour
hour: ## an hour of mixed load on one core, with 1 GB and with 256 MB (ARGS="--minutes 5 --memory-mb 256")
	$(CARGO) bench --locked --bench figures -- --only hour $(ARGS)

.PHONY: faults
faults: ## kills and power cuts during a mixed load, many of them (ROUNDS=100)
	DASSIE_ROUNDS=$(or $(ROUNDS),100) $(CARGO) test --locked --test main -- --nocapture faults::

.PHONY: fuzz
fuzz: ## random input against all that reads what others send (MINUTES=60; needs a C++ compiler)
	tests/fuzz/run.sh
