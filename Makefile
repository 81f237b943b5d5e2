# `make demo` and `make test` do all the set-up themselves, on a bare Debian with Node 20, as root.
SHELL := /bin/bash
.PHONY: all setup legacy-client build generate check docs lint quick test test-all unit integration fault smoke test-real swarm demo bench soak package clean

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
	@node scripts/reference.mjs

check: generate
	npx --no-install tsc --noEmit
	npx --no-install eslint .
	$(IMPORTS)
	npx --no-install depcruise-fmt --output-type err --exit-code $(IMPORTS_FILE)
	@node scripts/rooms.mjs --check $(IMPORTS_FILE)

# Who imports whom, once for the rules and for the picture of the rooms.
IMPORTS_FILE := node_modules/.cache/imports.json
IMPORTS = @mkdir -p $(dir $(IMPORTS_FILE)) && npx --no-install depcruise --config .dependency-cruiser.cjs --output-type json src test >$(IMPORTS_FILE)

# The picture of the rooms of src/ in docs/architecture.md, with graphviz.
docs: generate
	@command -v dot >/dev/null || { echo 'make docs needs graphviz: apt-get install graphviz' >&2; exit 1; }
	$(IMPORTS)
	@node scripts/rooms.mjs $(IMPORTS_FILE)

# Files run side by side: each has its own directories, cgroups and processes, and most of the time they wait. WORKERS=1 has one after the other.
WORKERS ?= 3
JEST := npx --no-install jest
# What counts what the machine has done meanwhile, and would count its neighbours: one after the other, when all else is over.
QUIET := integration/(daemon/(guard|nothing-grows)|dockerd/dockerd-health)\.test
# Every step killed and failed at, random load, a thousand at once: minutes each.
LONG := fault/(matrix/(task-)?|agent/agent-|images/image-)matrix|fault/(agent-)?soak/|integration/host/host-thousand
SIDE_BY_SIDE := $(JEST) --maxWorkers=$(WORKERS) --testPathIgnorePatterns '$(LONG)|$(QUIET)'

unit: build
	$(SIDE_BY_SIDE) --selectProjects=unit

integration: setup build
	$(SIDE_BY_SIDE) --selectProjects=integration
	$(JEST) --selectProjects=integration --testPathPatterns '$(QUIET)|host-thousand'

fault: setup build
	$(SIDE_BY_SIDE) --selectProjects=fault
	$(JEST) --selectProjects=fault --testPathPatterns '$(LONG)'

# Whether it works at all, with a Node that is not the one that is shipped: containers, execs, programs of the host and of files, a daemon that is killed.
smoke: setup build
	$(JEST) --maxWorkers=$(WORKERS) --selectProjects=integration --testPathPatterns 'integration/(lifecycle|exec|restart|daemon/natives|host/host-programs|agent/agent-verbs)\.test'

# For one's own change: see the script.
quick: setup build
	@scripts/quick

# Unit tests in processes of their own: what they do to their process is not the others' business.
test: setup build check
	$(SIDE_BY_SIDE) --selectProjects=unit
	$(SIDE_BY_SIDE) --selectProjects=integration --selectProjects=fault
	$(JEST) --selectProjects=integration --testPathPatterns '$(QUIET)'

# What CI runs.
test-all: test
	$(JEST) --selectProjects=integration --selectProjects=fault --testPathPatterns '$(LONG)'

# Debian's ctr, Docker and docker-compose against ours and against Debian's containerd. It installs these packages, and
# starts none of their services.
test-real: setup build
	@scripts/setup-real
	npx --no-install jest --selectProjects=real

# Three dockerds on three Holdfasts, one Swarm, to watch.
swarm: setup build
	@scripts/swarm $(SWARM_ARGS)

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

# What is installed on a host, with the Node that it runs with: see the script.
package: setup build
	@node scripts/package.mjs

clean:
	rm -rf dist bin src/api/gen bench/out
