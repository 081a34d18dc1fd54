"""What a module shows is what its ``__all__`` says."""

import importlib
import json as stdlib
import types

import pytest

MODULES = (
    "forkedenc",
    "forkedenc.breaking",
    "forkedenc.json",
    "forkedenc.json.decoder",
    "forkedenc.json.scanner",
    "forkedenc.xml",
)


@pytest.mark.parametrize("name", MODULES)
def test_everything_in_all_is_there_once(name):
    module = importlib.import_module(name)
    assert len(module.__all__) == len(set(module.__all__))
    for public in module.__all__:
        assert getattr(module, public) is not None


@pytest.mark.parametrize("name", ["forkedenc", "forkedenc.breaking", "forkedenc.json", "forkedenc.xml"])
def test_all_is_what_is_visible(name):
    module = importlib.import_module(name)
    visible = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert visible == {
        key for key in module.__all__ if not key.startswith("_") and key not in ("json", "xml", "runtime")
    }


def test_the_names_of_the_standard_library_are_all_there():
    from forkedenc import json

    assert set(stdlib.__all__) <= set(json.__all__)


def test_public_classes_say_the_place_they_are_imported_from():
    import forkedenc
    from forkedenc import json, xml

    for module in (forkedenc, json, xml):
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, type) and value.__module__.startswith("forkedenc"):
                place = importlib.import_module(value.__module__)
                assert getattr(place, value.__qualname__) is value


def test_json_is_not_imported_before_it_is_asked_for_by_name():
    # `from forkedenc import json` has to give ours, whatever is in sys.modules.
    from forkedenc import json

    assert json.__name__ == "forkedenc.json"
    assert json is not stdlib
