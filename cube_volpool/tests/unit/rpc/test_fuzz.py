"""Whatever JSON can carry: a claim or a refusal, and never a stumble."""

import hypothesis
import oslo_messaging as om
from hypothesis import strategies as st
from oslotest import base

from cube_volpool import exception
from cube_volpool.rpc import schema, words
from cube_volpool.tests.unit.rpc import endpoints

_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | _TEXT
    | st.sampled_from(["\x00", "\ud800", "x" * 300, endpoints.SNAPSHOT]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4)
    ),
    max_leaves=12,
)
_KEYS = st.sampled_from([*endpoints.VOLUME, "availability_zone"]) | _TEXT
_FIELDS = st.dictionaries(_KEYS, _JSON, max_size=6)
_ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "volume": _JSON | _FIELDS.map(lambda f: endpoints.VOLUME | f),
        "os_name": _JSON,
        "budget": _JSON,
        "anything": _JSON,
    },
)
_SEVERAL = st.fixed_dictionaries(
    {
        "volumes": _JSON
        | st.lists(
            _FIELDS.map(lambda f: endpoints.VOLUME | f) | _JSON, max_size=4
        )
    },
    optional={"os_name": _JSON, "budget": _JSON, "all_or_nothing": _JSON},
)
_FUZZ = hypothesis.settings(
    max_examples=300, deadline=None, derandomize=True, database=None
)


class TestFuzz(base.BaseTestCase):
    @_FUZZ
    @hypothesis.given(ctxt=_JSON | st.just(endpoints.CONTEXT), args=_ARGUMENTS)
    def test_garbage_is_refused_or_a_sound_claim(self, ctxt, args):
        """Nothing but InvalidRequest leaves, nothing unsound goes on."""
        claims = endpoints.RememberedClaims()
        endpoint = endpoints.make_endpoint(claims)
        hypothesis.note(repr(args))

        try:
            endpoint.claim_volume(ctxt, **args)
        except om.ExpectedException as refusal:
            error = refusal.exc_info[1]
            self.assertIs(exception.InvalidRequest, type(error))
            self.assertLess(len(str(error)), 250)
            str(error).encode()
            self.assertEqual([], claims.asked)
        else:
            self._assert_sound(*claims.asked[0])

    @_FUZZ
    @hypothesis.given(ctxt=_JSON | st.just(endpoints.CONTEXT), args=_SEVERAL)
    def test_garbage_among_several_is_refused_or_sound(self, ctxt, args):
        """One that is unsound refuses them all."""
        claims = endpoints.RememberedClaims()
        endpoint = endpoints.make_endpoint(claims)
        hypothesis.note(repr(args))

        try:
            answer = endpoint.claim_volumes(ctxt, **args)
        except om.ExpectedException as refusal:
            error = refusal.exc_info[1]
            self.assertIs(exception.InvalidRequest, type(error))
            self.assertLess(len(str(error)), 250)
            self.assertEqual([], claims.together)
        else:
            self.assertEqual(len(args["volumes"]), len(answer["results"]))
            for asked in claims.asked:
                self._assert_sound(*asked)

    def _assert_sound(self, caller, request, deadline):
        self.assertTrue(0 < len(caller.project_id) <= 64)
        self.assertTrue(0 < len(request.name) <= 255)
        self.assertEqual(request.name.strip(), request.name)
        request.name.encode()
        self.assertTrue(0 < len(request.volume_type) <= 255)
        self.assertTrue(
            request.size_gib is None
            or 1 <= request.size_gib <= words.MAX_SIZE_GIB
        )
        self.assertTrue(
            0 < deadline - endpoints.NOW <= schema.MAX_BUDGET,
        )
        self.assertEqual(64, len(request.params_hash()))
