# The commands of the project; `make` alone lists them.

SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=
# With Swift's libraries inside: the programs start faster, and run where there is no Swift. No library lies beside
# them, so nothing is to be looked for there.
RELEASE = -c release --static-swift-stdlib --disable-local-rpath
JOBS = jobs/quickstart.yaml jobs/nightly-summaries.yaml

.DEFAULT_GOAL := help
.PHONY: help setup build demo test test-long reliability check docs format bench bench-quick bench-guard soak quota-table \
	install release deb deb-test clean

help: ## List the commands.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the C libraries that are missing (Debian, Ubuntu).
	@scripts/setup.sh

build: setup ## Build genbatch and gemini-simulator into .build/release.
	$(SWIFT) build $(RELEASE) --product gemini-simulator
	$(SWIFT) build $(RELEASE) --product genbatch

demo: build ## Run the sample jobs to their end and export the answers; no key needed.
	@scripts/demo.sh .build/release/genbatch $(JOBS)

test: ## Install what the tests need, build, and run all tests.
	@scripts/setup.sh tests
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --no-parallel

test-long: ## The same, with every kill, write and power cut of the long tests: hours.
	@scripts/setup.sh tests
	$(SWIFT) build --build-tests
	GENBATCH_LONG_TESTS=1 $(SWIFT) test --skip-build --no-parallel

reliability: ## Run all tests and write docs/reliability.md: each fault, its test and the result.
	@scripts/setup.sh tests
	$(SWIFT) build --build-tests
	-$(SWIFT) test --skip-build --no-parallel > .build/reliability.log 2>&1
	python3 scripts/reliability.py .build/reliability.log

check: setup ## Formatting, warnings as errors, imports that follow the module map.
	python3 scripts/reliability.py --check
	python3 -m unittest discover --quiet --start-directory Benchmarks
	$(SWIFT) format lint --strict --parallel --recursive Sources Tests Benchmarks Package.swift
	GENBATCH_STRICT=1 $(SWIFT) build --build-tests --explicit-target-dependency-import-check error

docs: setup ## Build the reference of the library GenAI; a warning fails.
	@scripts/docs.sh

format: ## Format the sources.
	$(SWIFT) format format --in-place --parallel --recursive Sources Tests Benchmarks Package.swift

bench: build ## Measure genbatch beside other clients and write docs/performance.md: half an hour.
	@scripts/setup.sh bench
	python3 Benchmarks/bench.py --genbatch .build/release/genbatch --write

bench-quick: build ## A look at the same in two minutes; writes nothing.
	@scripts/setup.sh bench
	python3 Benchmarks/bench.py --genbatch .build/release/genbatch --quick

bench-guard: setup ## Fail if a hot path takes 5 % more instructions than its table says; WRITE=1 writes the table.
	@scripts/setup.sh bench
	python3 Benchmarks/guard.py $(if $(WRITE),--write)

soak: build ## 10,000 streams at once for 20 minutes, with faults; DURATION=2m STREAMS=1000, WRITE=1 writes the page.
	python3 Benchmarks/soak.py --genbatch .build/release/genbatch --simulator .build/release/gemini-simulator \
		$(if $(DURATION),--duration $(DURATION)) $(if $(STREAMS),--streams $(STREAMS)) \
		$(if $(WRITE),--output docs/performance/soak.md)

quota-table: ## Simulate pacing policies and write the table of docs/quota.md.
	$(SWIFT) build --build-tests
	QUOTA_TABLE=write $(SWIFT) test --skip-build --filter QuotaTableTests.writeDocument

install: build ## Install into PREFIX (default /usr/local), with completions, manual pages and samples.
	scripts/install.sh .build/release $(PREFIX) $(DESTDIR)

release: build ## Strip the programs, into dist/, and tell how large they are.
	scripts/release.sh .build/release dist

deb: release ## Make a Debian package of them, in dist/.
	@scripts/setup.sh deb
	scripts/deb.sh dist dist

deb-test: deb ## Install that package, use it and remove it; as root.
	scripts/deb-test.sh $$(ls -t dist/genbatch_*.deb | head -n 1)

clean: ## Remove everything that was built.
	$(SWIFT) package clean
	rm -rf .build dist
