# One door for every command. `make help` lists them; `.ci/run` runs the same targets one after another.
#
# Everything lands in .venv (tools and a build for development), build/ (wheels and clean environments, one per
# interpreter and profile) and target/ (cargo). `make clean` takes all three away.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

# The first interpreter that runs and is recent enough; `make test PYTHON=python3.13` asks for another.
ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
endif
# release is what users get; quick links faster and runs nearly as fast.
PROFILE ?= release
# Processes of pytest, jobs of cargo.
JOBS ?= 2
# Seconds for each fuzz target.
SECONDS_EACH ?= 60
# Conformance suites and benchmark documents, which are third parties' and not part of the project.
FORKEDENC_DATA ?= $(abspath $(wildcard ../shared/data))
FORKEDENC_ACCEPT ?= $(abspath $(wildcard ../shared/accept))
export FORKEDENC_DATA
export CARGO_TERM_COLOR ?= never
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1
export CARGO_BUILD_JOBS ?= $(JOBS)

ROOT := $(CURDIR)
TAG := $(if $(PYTHON),$(shell $(PYTHON) -c 'import sysconfig; print("cp" + sysconfig.get_config_var("py_version_nodot") + (sysconfig.get_config_var("ABIFLAGS") or ""))'))
OUT := build/$(TAG)-$(PROFILE)
RUST_CRATES := -p forkedenc-runtime -p forkedenc-core
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
NEXTEST = $(shell cargo nextest --version >/dev/null 2>&1 && echo nextest run || echo test)
# The wheel is built again when one of these changes.
SOURCES := $(shell find crates forkedenc -name '*.rs' -o -name '*.py' -o -name '*.pyi' -o -name 'Cargo.toml') \
	Cargo.toml Cargo.lock pyproject.toml README.md LICENSE-MIT LICENSE-APACHE

define need
@command -v $(1) >/dev/null 2>&1 || { echo "make: needs $(1) ($(2)): $(3)" >&2; exit 1; }
endef

.PHONY: help
help: ## this list
	@echo "make TARGET [PYTHON=python3.13] [PROFILE=quick] [PYTEST_ARGS='-k limits']"
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1: \2/p' $(MAKEFILE_LIST)

.PHONY: tools
tools:
	@test -n "$(PYTHON)" || { echo "make: needs Python 3.11 or later: https://www.python.org/downloads/" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "make: $(PYTHON) is not Python 3.11 or later: https://www.python.org/downloads/" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "make: needs Python's venv module (Debian: apt install python3-venv)" >&2; exit 1; }
	$(call need,cargo,Rust,https://rustup.rs)
	$(call need,cc,a C linker,apt install gcc; or xcode-select --install)

# --- environments and builds ---------------------------------------------------------------------------------

# Tools and, for `demo` and the linters, the package built in place.
.venv/.tools: pyproject.toml | tools
	@echo "making .venv"
	@$(PYTHON) -m venv --clear .venv
	@.venv/bin/python -m pip install --quiet --upgrade pip
	@.venv/bin/python -m pip install --quiet --group build
	@touch $@

.venv/.lint: .venv/.tools
	@.venv/bin/python -m pip install --quiet --group lint
	@touch $@

.venv/.built: .venv/.tools $(SOURCES)
	@echo "building forkedenc in place, which takes a minute or two the first time"
	@PIP_QUIET=1 .venv/bin/maturin develop --quiet --profile quick --extras cli
	@touch $@

.PHONY: build
build: .venv/.built ## build in place into .venv, for development

$(OUT)/.wheel: .venv/.tools $(SOURCES)
	@rm -rf $(OUT)/dist && mkdir -p $(OUT)/dist
	@echo "building the wheel, which takes some minutes the first time"
	.venv/bin/maturin build --quiet --profile $(PROFILE) --interpreter $(PYTHON) --out $(OUT)/dist
	@touch $@

.PHONY: wheel
wheel: tools $(OUT)/.wheel ## the wheel as users get it, in build/
	@ls $(OUT)/dist/*.whl

.PHONY: sdist
sdist: .venv/.tools ## the source distribution, and a wheel from it to see that nothing is missing
	@rm -rf build/sdist && mkdir -p build/sdist
	.venv/bin/maturin sdist --out build/sdist
	CARGO_TARGET_DIR=$(ROOT)/target MATURIN_PEP517_ARGS="--profile quick" \
		.venv/bin/python -m pip wheel --quiet --no-deps --wheel-dir build/sdist build/sdist/*.tar.gz
	@ls build/sdist

# A clean environment outside the source tree with the wheel and what its tests ask for.
$(OUT)/venv/.ready: $(OUT)/.wheel
	@$(PYTHON) -m venv --clear $(OUT)/venv
	@$(OUT)/venv/bin/python -m pip install --quiet "$$(ls $(OUT)/dist/*.whl)[test,cli]"
	@touch $@

# The same with the peers beside.
$(OUT)/peers/.ready: $(OUT)/.wheel
	@$(PYTHON) -m venv --clear $(OUT)/peers
	@$(OUT)/peers/bin/python -m pip install --quiet "$$(ls $(OUT)/dist/*.whl)[test,cli,bench]"
	@$(OUT)/peers/bin/python -m pip install --quiet --upgrade pip
	@$(OUT)/peers/bin/python -m pip install --quiet --group fuzz
	@touch $@

# Never the source tree: isolated from the working directory, and checked.
define installed
PYTHONSAFEPATH=1 $(1)/bin/python -c 'import forkedenc, sys, sysconfig; path = forkedenc.__file__; \
	sys.exit(0 if path.startswith(sysconfig.get_path("platlib")) else f"the package under test is {path}"); '
endef

# --- tests ----------------------------------------------------------------------------------------------------

PYTEST = PYTHONSAFEPATH=1 $(OUT)/venv/bin/python -m pytest -n $(JOBS) -c pyproject.toml --rootdir=. tests $(PYTEST_ARGS)

.PHONY: demo
demo: tools .venv/.built ## build, then decode, check and refuse the bundled examples
	@.venv/bin/python examples/demo.py

.PHONY: test
test: tools $(OUT)/venv/.ready ## the whole Python suite against the built wheel in a clean environment
	@$(call installed,$(OUT)/venv)
	$(PYTEST)

.PHONY: test-stress
test-stress: tools $(OUT)/venv/.ready ## the same while every push moves the stack
	@$(call installed,$(OUT)/venv)
	FORKEDENC_STRESS=1 $(PYTEST)

.PHONY: test-rust
test-rust: tools ## the Rust tests
	cargo $(NEXTEST) $(RUST_CRATES)
	cargo test --doc $(RUST_CRATES)

.PHONY: test-rust-stress
test-rust-stress: tools ## the Rust tests while every push moves the stack
	FORKEDENC_STRESS=1 cargo $(NEXTEST) $(RUST_CRATES)

.PHONY: test-rust-asan
test-rust-asan: tools ## the Rust tests under the address sanitizer
	RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address \
		cargo test $(RUST_CRATES) --lib --tests --target $(HOST) --target-dir target/asan

# --- style, types, contracts ------------------------------------------------------------------------------------

.PHONY: lint lint-ruff lint-mypy lint-pyright lint-stubs lint-imports lint-rustfmt lint-clippy
lint: lint-ruff lint-mypy lint-pyright lint-stubs lint-imports lint-rustfmt lint-clippy ## every linter and type checker

lint-ruff: .venv/.lint
	.venv/bin/ruff check
	.venv/bin/ruff format --check

lint-mypy: .venv/.lint
	.venv/bin/mypy

lint-pyright: .venv/.lint
	.venv/bin/basedpyright --pythonpath .venv/bin/python

# The one stub against the module (the rest is typed in place), and what type checkers infer for the samples of tests/typing.
lint-stubs: .venv/.lint .venv/.built
	.venv/bin/python -m mypy.stubtest forkedenc._native --mypy-config-file pyproject.toml \
		$(if $(wildcard tests/typing/stubtest-allow.txt),--allowlist tests/typing/stubtest-allow.txt)
	PATH="$(ROOT)/.venv/bin:$$PATH" .venv/bin/python -m pytest $(wildcard tests/typing)

lint-imports: .venv/.lint
	PYTHONPATH=. .venv/bin/lint-imports --no-cache

lint-rustfmt: tools
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check

lint-clippy: .venv/.tools
	PYO3_PYTHON=$(ROOT)/.venv/bin/python cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked --manifest-path fuzz/Cargo.toml --target-dir target/fuzz -- -D warnings
	@# Interpreters that may not be here: 3.14, and its free-threaded build, which gets a module that refuses. These
	@# configurations stand for them.
	@for flags in "" build_flags=Py_GIL_DISABLED; do \
		printf '%s\n' implementation=CPython version=3.14 pointer_width=64 $$flags > target/python-3.14.cfg; \
		PYO3_CONFIG_FILE=$(ROOT)/target/python-3.14.cfg \
			cargo clippy --locked -p forkedenc-native --target-dir target/python-3.14 -- -D warnings || exit 1; \
	done

.PHONY: format
format: .venv/.lint ## rewrite Python and Rust in the project's format
	.venv/bin/ruff format
	.venv/bin/ruff check --fix
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

# --- figures, fuzzing, acceptance -------------------------------------------------------------------------------

.PHONY: bench
bench: tools $(OUT)/peers/.ready ## speed and memory against the peers (wants FORKEDENC_DATA)
	@$(call installed,$(OUT)/peers)
	$(OUT)/peers/bin/python benches/json_decode.py $(BENCH_ARGS)
	$(OUT)/peers/bin/python benches/json_memory.py $(if $(findstring --publish,$(BENCH_ARGS)),--publish)
	$(OUT)/peers/bin/python benches/json_typed.py $(BENCH_ARGS)
	$(OUT)/peers/bin/python benches/xml_parse.py $(BENCH_ARGS)
	$(OUT)/peers/bin/python benches/xml_typed.py $(BENCH_ARGS)
	$(OUT)/peers/bin/python benches/xml_idle.py $(if $(findstring --publish,$(BENCH_ARGS)),--publish)

.PHONY: fuzz
fuzz: tools $(OUT)/peers/.ready ## every fuzz target for SECONDS_EACH=60 seconds, JOBS at a time
	@$(call installed,$(OUT)/peers)
	@rm -rf build/fuzz && mkdir -p build/fuzz
	@$(PYTHON) fuzz/run.py --list | xargs -P $(JOBS) -I @ sh -c \
		'$(OUT)/peers/bin/python fuzz/run.py @ --seconds $(SECONDS_EACH) >build/fuzz/@.log 2>&1 \
			|| mv build/fuzz/@.log build/fuzz/@.failed; tail -n 1 build/fuzz/@.*'
	@status=0; for log in build/fuzz/*.failed; do \
		test ! -e "$$log" || { echo "--- $$log"; tail -n 80 "$$log"; status=1; }; done; exit $$status

# The cases of parts that do not exist yet are left out by name, where a check has such cases.
ACCEPT ?= json_stdlib json_suites json_hostile json_stream xml_conformance xml_agreement xml_stdlib xml_faces xml_hostile \
	rest_json rest_xml limits runtime sanitize_rules sanitize_payloads sanitize_pipe cli_check
.PHONY: accept
accept: tools $(OUT)/peers/.ready ## the acceptance checks of FORKEDENC_ACCEPT on the installed wheel
	@test -d "$(FORKEDENC_ACCEPT)" || { echo "make: no acceptance checks at FORKEDENC_ACCEPT=$(FORKEDENC_ACCEPT)" >&2; exit 1; }
	@$(call installed,$(OUT)/peers)
	@status=0; for check in $(ACCEPT); do \
		(cd $(OUT) && PATH="$(ROOT)/$(OUT)/peers/bin:$$PATH" peers/bin/python $(FORKEDENC_ACCEPT)/$$check.py) || { echo "$$check failed"; status=1; }; done; exit $$status

.PHONY: clean
clean: ## take away everything that was built
	rm -rf .venv build target fuzz/artifacts
	find forkedenc -name '_native*.so' -delete
