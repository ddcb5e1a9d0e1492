# make run · make test · make check · make bench · make sim · make drill. Each first installs what it lacks and says so.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup client run test check bench sim drill fuzz sqlx clean
export PORT DATA KILLS TARGET
SECONDS ?= 60

help:
	@echo 'make run     build everything and start the demo at http://127.0.0.1:8080 (PORT=… for another port)'
	@echo 'make test    every test: crates, contract, browser'
	@echo 'make check   form, lints, licences of the libraries'
	@echo 'make drill   kill, starve and stop the server under load, and count what is lost (KILLS=… for another number)'
	@echo 'make bench   size and speed of client and server, against the budgets and two other servers'
	@echo 'make sim     simulated worlds with every fault, SECONDS=60 long; SEED=… begins with that one'
	@echo 'make fuzz    strange bytes for whatever reads them (SECONDS=60 for each target; TARGET=… for one)'
	@echo 'make sqlx    after a change of a query or a migration: check and note the queries anew'
	@echo 'make client  only the client, into app/dist'
	@echo 'make setup   only install what is missing for all this'
	@echo 'make clean   remove what was built and the demo data (the tools stay in ~/.cache/loopbaanmaat)'

setup:
	@scripts/setup.sh test

client:
	@scripts/setup.sh run
	@scripts/client.sh

run: client
	@scripts/run.sh

test:
	@scripts/setup.sh test
	@scripts/client.sh
	@scripts/test.sh

check:
	@scripts/setup.sh check
	@mkdir -p app/dist
	@scripts/check.sh

drill:
	@mkdir -p app/dist
	@scripts/setup.sh drill
	@scripts/drill.sh

bench:
	@scripts/setup.sh bench
	@scripts/client.sh
	@scripts/bench.sh

sim:
	@scripts/setup.sh check
	@scripts/sim.sh "$(SECONDS)"

fuzz:
	@scripts/setup.sh fuzz
	@FUZZ_SECONDS=$(SECONDS) scripts/fuzz.sh

sqlx:
	@scripts/sqlx-prepare.sh

clean:
	rm -rf target app/dist data/demo tests/e2e/output
