# `make demo` and `make test` do all the set-up themselves, on a bare Debian with Node 20, as root.
SHELL := /bin/bash
.PHONY: all setup legacy-client build generate check lint test unit integration fault demo bench soak clean

all: build

# Debian packages that are missing, and the npm packages of the lock file.
setup:
	@scripts/setup

node_modules/.package-lock.json: package-lock.json
	@$(MAKE) --no-print-directory setup

generate: node_modules/.package-lock.json
	@npx --no-install buf generate

build: generate
	@node build.mjs

check: generate
	npx --no-install tsc --noEmit
	npx --no-install eslint .
	npx --no-install depcruise --config .dependency-cruiser.cjs src test

unit: build
	npx --no-install jest --selectProjects unit

integration: setup build
	npx --no-install jest --selectProjects integration

fault: setup build
	npx --no-install jest --selectProjects fault

# One after the other, each in a process of its own: what a unit test does to its process is not the others' business.
test: setup build check
	npx --no-install jest --selectProjects=unit
	npx --no-install jest --selectProjects=integration
	npx --no-install jest --selectProjects=fault

# Random load under random SIGKILLs: DURATION in seconds; the same SEED decides the same.
DURATION ?= 300
SEED ?= $(shell date +%s)
soak: setup build
	SOAK_SECONDS=$(DURATION) SOAK_SEED=$(SEED) npx --no-install jest --selectProjects=fault --testPathPatterns test/fault/soak

demo: setup build
	@scripts/demo

# The figures of docs/performance.md; `make bench BENCH_ARGS=--quick` takes two minutes, `--help` tells the rest.
bench: setup build
	@node test/bench/build.mjs
	@node bench/out/main.cjs $(BENCH_ARGS)

# The client that behaves as an old dockerd does, for use by hand against any socket.
legacy-client: build
	@node test/legacy-client/build.mjs

clean:
	rm -rf bin src/api/gen bench/out
