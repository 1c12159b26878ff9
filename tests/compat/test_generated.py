"""Requests that schemathesis makes up from the published description: as it allows them, and with something wrong.

None may bring the server down or get an answer that is not as described. What is made up is the same in every run; what
it meets is a business of its own, so that the order of the operations does not matter.
"""

import hypothesis
import pytest
import schemathesis
from conftest import URL
from description import DOCUMENT, Operation, operations, problems
from nodes import Nodes
from schemathesis import GenerationMode

# For each operation and mode.
EXAMPLES = 10

SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
# The receiver's side is not ours to answer; the address of a file is what a look-up says. A number that is deregistered
# can do little afterwards: that comes last.
OPERATIONS = [one for one in operations() if one.path not in ("/whatsapp/webhooks", "/{Version}/{Media-URL}")]
OPERATIONS.sort(key=lambda one: one.path.endswith(("/register", "/deregister")))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = Nodes(tmp_path_factory.mktemp("people") / "ana")
    yield world
    world.close()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "wrong"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_whatever_is_asked_is_answered_as_described(world, operation: Operation, mode: GenerationMode):
    cases = SCHEMA[operation.path][operation.method.upper()].as_strategy(generation_mode=mode)
    places, token = world.places(operation), {"Authorization": f"Bearer {world.business['access_token']}"}
    asked = 0

    @hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=cases)
    def ask(case: schemathesis.Case):
        nonlocal asked
        asked += 1
        # The nodes and the token are ours: of what is made up there, nothing would be found.
        case.path_parameters, case.headers = places, token
        answer = case.call(base_url=URL)
        body = answer.json()
        found = problems(operation, answer.status_code, body)
        if "fields" in (case.query or {}):
            found = [problem for problem in found if "is a required property" not in problem]
        assert not found, (case.query, case.body, answer.status_code, body)

    ask()
    assert asked
