# Needs Go (the version in go.mod), git and make; the homeserver that the tests and the demo start is built with a C
# compiler. Nothing is installed: binaries go to bin/, the homeserver to the user's cache folder.
#
#   make            the same as make build
#   make demo       the demo; make demo KEEP=1 stays up to be joined with a Matrix client, SHORT=1 plays two meetings only

GO      ?= go
# What counts for every command below. A program built without the tags does not compile (cmd/blnbot/tags.go).
export CGO_ENABLED := 0
export GOFLAGS := $(strip $(GOFLAGS) -tags=goolm,timetzdata -trimpath -buildvcs=false)
LINT    := $(GO) tool -modfile=tools/lint/go.mod
VERSION := $(shell git -c safe.directory='*' describe --tags --always --dirty 2>/dev/null)

.PHONY: build demo-build tools test soak fuzz check fmt vet staticcheck tidy imports vulncheck demo bench load pictures clean
.DEFAULT_GOAL := build

# One static binary, with the version that git tells.
build:
	$(GO) build $(if $(VERSION),-ldflags "-X main.version=$(VERSION)") -o bin/blnbot ./cmd/blnbot

demo-build:
	$(GO) build -o bin/demo ./cmd/demo

# The homeserver, which takes a minute or two once on a machine. -prepare shows how far it is.
tools: demo-build
	@env -u CGO_ENABLED $(GO) env CGO_ENABLED | grep -q 1 || \
		{ echo "make: no C compiler found (go env CC). The homeserver needs one: install gcc or clang." >&2; exit 1; }
	bin/demo -prepare

# Some tests need Python (for Synapse), Node (for a client on another crypto library), LibreOffice (for the Word files) or
# systemd-analyze (for the units in deploy). Where one is missing they are left out, and that is said.
WITHOUT := $(shell python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1 || echo Synapse) \
	$(shell command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' >/dev/null 2>&1 || echo Independent) \
	$(shell command -v soffice >/dev/null && command -v pdftotext >/dev/null || echo LibreOffice) \
	$(shell command -v systemd-analyze >/dev/null || echo Units)
space := $(subst ,, )

test: tools
	$(GO) test -count=1 -timeout=40m $(if $(strip $(WITHOUT)),-skip '$(subst $(space),|,$(strip $(WITHOUT)))') ./...
	@if [ -n "$(strip $(WITHOUT))" ]; then echo "test: NOT TESTED, for lack of python3 with venv (3.10 or newer), of node (20 or newer) with npm, of LibreOffice Writer with pdftotext, or of systemd-analyze: $(strip $(WITHOUT))"; fi
	@$(MAKE) --no-print-directory soak SEED=$(or $(filter-out 0,$(SEED)),1)
	$(if $(filter Synapse,$(WITHOUT)),,@$(MAKE) --no-print-directory soak SERVER=synapse KILLS=10 REPLIES=150 \
		SEED=$(or $(filter-out 0,$(SEED)),1) TESTS=TestFaults)

# The fault harness: the bot is killed and its server and network disturbed at random while people write. The report of a
# run has the command that throws the same dice again; how the machine interleaves what they say differs from run to run.
# AWAY replies are written while the bot is away; SERVER is dendrite or synapse; TESTS is a pattern of the tests that run.
# make test runs it with these numbers and always the same seed, and then a short storm on Synapse. It has build tags of
# its own, for it takes long and judges hard.
# Where it may not mount file systems it says in the end what it has not tested: a full disk, a failing one.
KILLS   ?= 30
REPLIES ?= 500
SEED    ?= 0
AWAY    ?= 2500
SERVER  ?= dendrite
TESTS   ?= .
FAULTS   = $(strip $(filter-out -tags=%,$(GOFLAGS))) -tags=goolm,timetzdata,faults,failpoints
soak: tools
	GOFLAGS="$(FAULTS)" $(GO) test -count=1 ./internal/failpoint
	GOFLAGS="$(FAULTS)" $(GO) test -count=1 -v -timeout=12h -run '$(TESTS)' \
		./internal/homeserver/faults -kills $(KILLS) -replies $(REPLIES) -seed $(SEED) -away $(AWAY) -server $(SERVER)

# Fuzzing, for FUZZTIME each: the event decoder, what relations between events amount to (through the real bot and its
# database), the command parser and the configuration. What was found interesting is in the packages' testdata/fuzz and is
# played by every test. Ten minutes each on one busy core, in this order: 7.6 million, 69,000, 370,000 and 150,000 inputs.
FUZZTIME ?= 10m
fuzz:
	@set -e; for t in internal/matrix/wire:FuzzDecode bot:FuzzResolve bot:FuzzCommand config:FuzzLoad; do \
		$(GO) test -run '^$$' -fuzz "^$${t#*:}$$" -fuzztime $(FUZZTIME) -parallel 1 ./$${t%%:*}; done

# What has files for the tags of the fault harness only.
TAGGED = ./internal/failpoint ./internal/homeserver/faults

# Each part can be run alone; make -k check goes on after a fault.
check: fmt vet staticcheck tidy imports vulncheck

fmt:
	@files=$$($$($(GO) env GOROOT)/bin/gofmt -l .) && if [ -n "$$files" ]; then printf 'gofmt these:\n%s\n' "$$files"; exit 1; fi

vet:
	$(GO) vet ./...
	GOFLAGS="$(FAULTS)" $(GO) vet $(TAGGED)

staticcheck:
	$(LINT) staticcheck ./...
	GOFLAGS="$(FAULTS)" $(LINT) staticcheck $(TAGGED)

tidy:
	$(GO) mod tidy -diff
	$(GO) mod verify

imports:
	$(GO) test -count=1 -run '^Test(ImportsFormAStar|LibrariesHaveOneOwner|Clock|BuildGuard)$$' ./cmd/blnbot

# The database of known vulnerabilities is on the network. Where it cannot be reached that is said: it is no pass.
# (govulncheck ends with 3 if it found something.)
vulncheck:
	@echo "$(LINT) govulncheck ./..."; out=$$($(LINT) govulncheck ./... 2>&1) && status=0 || status=$$?; echo "$$out"; \
	if [ $$status -ne 0 ] && [ $$status -ne 3 ] && echo "$$out" | grep -q 'fetching vulnerabilities'; then \
		echo "NOT CHECKED for known vulnerabilities: govulncheck cannot reach its database."; exit 0; fi; exit $$status

demo: build tools
	rm -rf bin/demo-documents
	bin/demo -bot bin/blnbot -documents bin/demo-documents $(if $(filter-out 0,$(SHORT)),-short) $(if $(filter-out 0,$(KEEP)),-keep)

bench:
	$(GO) test -run '^$$' -bench . -benchmem $$(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -n1 dirname | sort -u)

# The bot beside a client that only receives and decrypts (docs/performance.md). PROFILE=folder keeps profiles of the bot.
load: tools
	$(GO) build -o bin/load ./cmd/load
	bin/load -rooms $(or $(ROOMS),10) -people $(or $(PEOPLE),4) -replies $(or $(REPLIES),500) $(if $(LIVE),-live $(LIVE)) \
		$(if $(RATE),-rate $(RATE)) $(if $(IDLE),-idle $(IDLE)) $(if $(PROFILE),-profile $(PROFILE))

# The pictures of the guides (docs/pictures): people play a meeting, and the screens of two of them are photographed, who
# use Element in a browser. Needs what all tests need, and Chromium (CHROMIUM=program if it is not /usr/bin/chromium).
pictures: build tools .cache/pictures/out/index.html
	$(GO) run ./cmd/pictures -bot bin/blnbot -client .cache/pictures -out docs/pictures

# (Not in bin: some packages of npm have Go files in them.)
.cache/pictures/out/index.html: $(wildcard tools/pictures/*)
	mkdir -p .cache/pictures && cp tools/pictures/* .cache/pictures/
	cd .cache/pictures && npm ci --prefer-offline --ignore-scripts --no-audit --no-fund && node build.mjs out

clean:
	rm -rf bin
