# Two habits: `make demo` and `make test`. Each builds its own environment first.
PYTHON ?= python3

DEMO := .venv-demo
TEST := .venv-test
OLD := .venv-tflite-runtime
BUNDLE := .venv-bundle

.PHONY: demo test test-vm lint docs offline-bundle image clean python

demo: $(DEMO)/ready
	$(DEMO)/bin/edgeall capture --classify --source samples --slide demo \
		--store demo/store --annotate demo/annotated

test: $(TEST)/ready $(OLD)/ready
	$(TEST)/bin/pytest -n 2 --dist worksteal

# Whole machines under qemu 10, half an hour: see docs/proof.md. Needs root, nbdkit and mmdebstrap.
test-vm: $(TEST)/ready
	EDGEALL_VM=1 $(TEST)/bin/pytest tests/vm

lint: $(TEST)/ready
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/mypy --strict

docs: $(TEST)/ready
	$(TEST)/bin/python docs/make_cli.py

# All that a device without internet needs: see firmware-config/README.md.
offline-bundle: $(BUNDLE)/ready
	PYTHON=$(BUNDLE)/bin/python firmware-config/offline-bundle.sh

# A Debian 13 root with the device in it, for qemu. Needs root and mmdebstrap.
image: offline-bundle
	firmware-config/make-image.sh

# Debian without python3-venv has no ensurepip: pip then installs itself from outside.
define environment
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "edgeall needs Python 3.11 or newer: make $@ PYTHON=python3.11"; exit 1; }
	@rm -rf $(1)
	@$(PYTHON) -m venv $(1) >/dev/null 2>&1 || { rm -rf $(1); $(PYTHON) -m venv --without-pip $(1) \
		&& $(PYTHON) -m pip --python $(1)/bin/python install --quiet pip; }
endef

$(DEMO)/ready: pyproject.toml
	$(call environment,$(DEMO))
	@echo "installing the device half into $(DEMO)"
	@$(DEMO)/bin/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(TEST)/ready: pyproject.toml
	$(call environment,$(TEST))
	@echo "installing everything into $(TEST)"
	@$(TEST)/bin/pip install --quiet --disable-pip-version-check --editable '.[convert,dev]'
	@touch $@

# tflite-runtime has wheels up to Python 3.11; on a newer one its test says that it was skipped.
$(OLD)/ready: firmware-config/requirements-tflite-runtime.txt pyproject.toml
	$(call environment,$(OLD))
	@if $(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 12))'; then \
		echo "installing the device half on tflite-runtime into $(OLD)"; \
		$(OLD)/bin/pip install --quiet --disable-pip-version-check -r $< && \
		$(OLD)/bin/pip install --quiet --disable-pip-version-check --no-deps --editable . && \
		touch $(OLD)/installed; \
	fi
	@touch $@

$(BUNDLE)/ready:
	$(call environment,$(BUNDLE))
	@touch $@

clean:
	rm -rf $(DEMO) $(TEST) $(OLD) $(BUNDLE) demo build dist
