# Everything a newcomer types. PYTHON chooses the interpreter (3.11 or later); the environment lives in .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

DEMO_OUT ?= build/demo
DEMO_DATA ?=
DEMO_SECONDS ?= 40
DEMO_FIDUCIAL ?=
BENCH_OUT ?= build/bench
BENCH_DATA ?=
SCORECARD_OUT ?= build/scorecard
SCORECARD_SEEDS ?= 1:4
ONLY ?=
SOAK_SECONDS ?= 600
SEEDS ?= 1:17
SOAK_OUT ?= build/soak
MEDIA_HOURS ?= 8
DAEMON_MINUTES ?= 20
PLAY_MINUTES ?= 10
BROWSER ?= chromium
STATE ?=

# Real recordings for the tests marked `data`: a folder with an index.json; without it they are skipped.
export FOLLOWSPOT_DATA ?= $(realpath ../shared/data)

.PHONY: help demo test test-system lint bench costs soak soak-media soak-daemon soak-play fuzz scorecard sweep badge schemas wheels clean

help:
	@echo 'make demo         a 40-second simulated lesson, with scorecard and pictures in $(DEMO_OUT)'
	@echo '                  (DEMO_OUT=DIR DEMO_DATA=DIR DEMO_SECONDS=N DEMO_FIDUCIAL=1)'
	@echo 'make test         lint, types, import rules and all tests an ordinary user can run'
	@echo 'make test-system  the tests that need root'
	@echo 'make bench        figures against their budgets, in $(BENCH_OUT)/bench.json (ONLY=name, BENCH_OUT=DIR, BENCH_DATA=DIR)'
	@echo 'make costs        what the loop costs per dock message and vision per image, in virtual time (DEMO_DATA=DIR STATE=DIR)'
	@echo 'make soak         hours of sound, thousands of kills, ten minutes of dock talk each: serial, Bluetooth LE, bursts (SOAK_SECONDS=N)'
	@echo 'make soak-media   hours of small-picture media faster than they last: report and plot in $(SOAK_OUT) (MEDIA_HOURS=8 SOAK_OUT=DIR)'
	@echo 'make soak-daemon  the whole daemon in real time, the same report (DAEMON_MINUTES=20)'
	@echo 'make soak-play    a lesson through hls.js in a browser at the speed of life (PLAY_MINUTES=10 BROWSER=chromium, FOLLOWSPOT_NODE=DIR with hls.js)'
	@echo 'make fuzz         look for bytes that break either end of the dock protocol, for a minute'
	@echo 'make schemas      write docs/events anew from the models of events, state and commands'
	@echo 'make scorecard    the framing in every scenario, against other ways of following, and with everything changed by 30 %;'
	@echo '                  takes the better part of an hour (SCORECARD_SEEDS=1:4, SCORECARD_OUT=DIR, DEMO_DATA=DIR)'
	@echo 'make sweep        lessons in virtual time over many seeds: is the teacher in the picture? (SEEDS=1:17, DEMO_DATA=DIR)'
	@echo 'make badge        from how far, and how far turned, the printed badge is read, on rendered views (DEMO_DATA=DIR)'
	@echo 'make wheels       check that every dependency has a wheel for 64-bit Arm'

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Followspot needs Python 3.11 or later; name one: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[sim,dev]'
	@touch $@

demo: $(READY)
	@exec $(BIN)/followspot-sim demo --out '$(DEMO_OUT)' --seconds '$(DEMO_SECONDS)' \
	    $(if $(DEMO_DATA),--data '$(DEMO_DATA)') $(if $(filter 1 yes true,$(DEMO_FIDUCIAL)),--fiducial)

lint: $(READY)
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check --no-cache .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: lint
	$(BIN)/pytest -n auto -m 'not realtime and not system and not soak'
	$(BIN)/pytest -m 'realtime and not system and not soak'

test-system: $(READY)
	$(BIN)/pytest -m system

bench: $(READY)
	$(BIN)/followspot-sim bench --out '$(BENCH_OUT)' $(if $(ONLY),--only '$(ONLY)') $(if $(BENCH_DATA),--data '$(BENCH_DATA)')
	$(if $(ONLY),,$(BIN)/followspot-sim scorecard --operator all --seeds 1:3 --seconds 30 --out '$(BENCH_OUT)/scorecard')

costs: $(READY)
	cd tests && ../$(BIN)/python -m tools.costs $(if $(DEMO_DATA),--data '$(abspath $(DEMO_DATA))') $(if $(STATE),--state '$(abspath $(STATE))')

soak: $(READY)
	$(BIN)/pytest -m soak
	$(BIN)/followspot-sim soak --seconds '$(SOAK_SECONDS)'
	for ms in 7.5 15 30 50; do $(BIN)/followspot-sim soak --seconds '$(SOAK_SECONDS)' --ble --interval-ms $$ms || exit 1; done
	$(BIN)/followspot-sim soak --seconds '$(SOAK_SECONDS)' --ble --bursts
	$(MAKE) soak-media soak-daemon

soak-media: $(READY)
	cd tests && ../$(BIN)/python -m tools.media_soak --hours '$(MEDIA_HOURS)' --out '$(abspath $(SOAK_OUT))'

soak-daemon: $(READY)
	cd tests && ../$(BIN)/python -m tools.daemon_soak --minutes '$(DAEMON_MINUTES)' --out '$(abspath $(SOAK_OUT))'

soak-play: $(READY)
	cd tests && ../$(BIN)/python -m tools.play_soak --minutes '$(PLAY_MINUTES)' --browser '$(BROWSER)' --out '$(abspath $(SOAK_OUT))'

fuzz: $(READY)
	cd tests && ../$(BIN)/python -m fuzz.explore 60

schemas: $(READY)
	$(BIN)/followspot schemas --out docs/events

scorecard: $(READY)
	$(BIN)/followspot-sim scorecard --operator all --sweep --seeds '$(SCORECARD_SEEDS)' --out '$(SCORECARD_OUT)' \
	    $(if $(DEMO_DATA),--data '$(abspath $(DEMO_DATA))')

sweep: $(READY)
	cd tests && ../$(BIN)/python -m tools.sweep --seeds '$(SEEDS)' $(if $(DEMO_DATA),--data '$(abspath $(DEMO_DATA))')

badge: $(READY)
	cd tests && ../$(BIN)/python -m tools.badge_range $(if $(DEMO_DATA),--data '$(abspath $(DEMO_DATA))')

wheels: $(READY)
	$(BIN)/python tests/tools/check_wheels.py

clean:
	rm -rf .venv build
